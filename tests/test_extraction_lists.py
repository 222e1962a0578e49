"""Lists of links in the middle of an article: a part of it where the text announces them."""

from __future__ import annotations

import pytest

from tests.test_extraction import PARAGRAPHS, PROSE, html, read

INTRO = "The council would like to thank the following people and companies:"
NAMES = ["Ada Winter", "Otto Berg", "Harbour Works Ltd"]
LIST = "".join(f'<li><a href="/people/{n}">{name}</a></li>' for n, name in enumerate(NAMES))
LISTED = [INTRO, *(f"- {name}" for name in NAMES), PARAGRAPHS[0]]


def lines(body: str) -> list[str]:
    return (read(html(body)).text or "").split("\n")


@pytest.mark.parametrize("tag", ["ul", "ol"])
def test_a_list_of_links_that_the_text_announces_is_part_of_it(tag: str) -> None:
    found = lines(f"{PROSE}<p>{INTRO}</p><{tag}>{LIST}</{tag}>{PROSE}")
    at = found.index(INTRO)
    assert found[at : at + 5] == LISTED


def test_its_links_are_links_of_the_article() -> None:
    found = read(html(f"{PROSE}<p>{INTRO}</p><ul>{LIST}</ul>{PROSE}"))
    assert [url.rpartition("/")[2] for url in found.links] == ["0", "1", "2"]


def test_a_list_that_was_not_dropped_stands_once() -> None:
    items = "".join(f"<li>{line}</li>" for line in PARAGRAPHS[:3])
    found = lines(f"{PROSE}<p>{INTRO}</p><ul>{items}</ul>{PROSE}")
    assert found.count(f"- {PARAGRAPHS[0]}") == 1


@pytest.mark.parametrize(
    "body",
    [
        f"{PROSE}<p>Related:</p><ul>{LIST}</ul>{PROSE}",
        f"{PROSE}<p>{INTRO[:-1]}.</p><ul>{LIST}</ul>{PROSE}",
        f"{PROSE}<aside><p>{INTRO}</p><ul>{LIST}</ul></aside>{PROSE}",
        f"{PROSE}<p>{INTRO}</p>and so on<ul>{LIST}</ul>{PROSE}",
        f"{PROSE}<p>{INTRO}</p><ul>{LIST * 200}</ul>{PROSE}",
    ],
    ids=["a label", "no colon", "an aside", "not next to it", "too long"],
)
def test_any_other_list_of_links_stays_outside(body: str) -> None:
    assert not any(name in line for line in lines(body) for name in NAMES)

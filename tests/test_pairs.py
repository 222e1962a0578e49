"""Real pages at two times: which pairs are a change, and which are none.

The labels are those of the corpus, made from the text of the page's main element or by hand, by no
extractor. 140 of the pairs come from 13 pages, so results are counted by page as well. Pages that
only redirect or ask for a proof are no versions: other tests are about those.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crawler.comparison.change import Change
from crawler.comparison.comparing import compare
from crawler.extraction.article import read_payload
from crawler.items import Article

SAVED_ON = "2026-11-22"  # no page was published later

NO_CHANGE = {"same-text", "boilerplate", "extractor-change"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A page at two times, as it is labelled, and what differs."""

    label: str
    page: str  # its address, or the pair's own id where it has none
    name: str
    change: Change

    @property
    def is_reported(self) -> bool:
        """Whether anything is kept as a change, told or not."""
        return self.change.change_class not in NO_CHANGE


QUIET = ("markup_only", "boilerplate_only")  # most of them, and alike
EVERY = 4  # so many of these in the ordinary run


@pytest.fixture(scope="session")
def rows(corpus: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (corpus / "pairs.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="session")
def quiet(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["label"] in QUIET]


@pytest.fixture(scope="session")
def pairs(corpus: Path, rows: list[dict[str, Any]]) -> dict[str, list[Pair]]:
    """The pairs of each label but the quiet ones."""
    return compared(corpus, [row for row in rows if row["label"] not in QUIET])


def compared(corpus: Path, rows: list[dict[str, Any]]) -> dict[str, list[Pair]]:
    """Read and compare both pages of each pair; return the pairs of each label."""
    found = defaultdict(list)
    read: dict[tuple[str, str], Article] = {}
    for row in rows:
        url = row["url"] or "http://unknown.invalid/"
        sides = []
        for side in ("before", "after"):
            path = row[side]["path"]
            if (path, url) not in read:
                read[path, url] = extract(corpus / path, url)
            sides.append(read[path, url])
        change = compare(*sides, shared_lines=frozenset())
        found[row["label"]].append(
            Pair(row["label"], row["url"] or row["pair_id"], row["pair_id"], change)
        )
    return found


def extract(path: Path, url: str) -> Article:
    body = gzip.decompress(path.read_bytes())
    return read_payload(body, url=url, content_type="text/html", fetched_on=SAVED_ON).article


def reported(pairs: list[Pair]) -> list[str]:
    return [f"{pair.name}: {pair.change.change_class}" for pair in pairs if pair.is_reported]


def unseen(pairs: list[Pair]) -> list[str]:
    return [f"{pair.name}: {pair.change.change_class}" for pair in pairs if not pair.is_reported]


def pages(pairs: list[Pair]) -> int:
    return len({pair.page for pair in pairs})


pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("pairs")]


def test_other_markup_and_other_boilerplate_are_no_change(
    corpus: Path, quiet: list[dict[str, Any]]
) -> None:
    assert_nothing_reported(compared(corpus, quiet[::EVERY]), count=29)


@pytest.mark.slow
def test_no_other_markup_and_no_other_boilerplate_is_a_change(
    corpus: Path, quiet: list[dict[str, Any]]
) -> None:
    assert_nothing_reported(compared(corpus, quiet), count=113)


def assert_nothing_reported(pairs: dict[str, list[Pair]], count: int) -> None:
    same = [pair for label in QUIET for pair in pairs[label]]
    assert len(same) == count and pages(same) >= 13
    assert reported(same) == []


def test_interface_text_inside_the_article_is_mostly_no_change(
    pairs: dict[str, list[Pair]],
) -> None:
    chrome = pairs["boilerplate_only:chrome_inside_main"]
    assert len(chrome) == 15
    assert len(reported(chrome)) <= 2


def test_hidden_email_addresses_are_no_change(pairs: dict[str, list[Pair]]) -> None:
    hidden = pairs["boilerplate_only:email_obfuscation"]
    assert len(hidden) == 1 and reported(hidden) == []


def test_every_major_change_of_content_is_found(pairs: dict[str, list[Pair]]) -> None:
    major = pairs["content_changed:major"]
    assert len(major) == 22
    assert unseen(major) == []


def test_minor_changes_of_content_are_found(pairs: dict[str, list[Pair]]) -> None:
    minor = pairs["content_changed:minor"]
    assert len(minor) == 16
    assert unseen(minor) == []


def test_names_added_to_a_list_of_links_are_told(pairs: dict[str, list[Pair]]) -> None:
    listed = [
        pair for pair in pairs["content_changed:minor"] if pair.page.endswith("buffer.com/legal")
    ]
    named = [pair for pair in listed if {edit.kind for edit in pair.change.edits} >= {"name"}]
    assert len(named) >= 3


def test_the_miniatures_are_seen_but_for_a_tag(pairs: dict[str, list[Pair]]) -> None:
    classes = {
        label: pair.change.change_class
        for label, found in pairs.items()
        for pair in found
        if pair.page == pair.name and label.startswith("content_changed")
    }
    assert classes == {
        "content_changed:add-paragraph": "extended",
        "content_changed:change-href": "links",
        "content_changed:two-paragraphs": "substantial",
        "content_changed:change-tag": "same-text",  # another tag around the same words
    }

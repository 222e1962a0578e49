"""The wording of two texts side by side, as text, for terminals, as HTML, and in a few words."""

from __future__ import annotations

import random
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.comparison.showing import as_ansi, as_html, as_text, phrases
from crawler.comparison.texts import normalise_text
from crawler.comparison.wording import wording_of
from tests.test_changes import PARAGRAPHS, TEXT

WORDS = st.text("ab12 .,’'\"-$字\n", max_size=60)


def shown(before: str, after: str) -> str:
    return as_text(wording_of(before, after))


def side(before: str, after: str, left_out: str) -> str:
    """One of the two texts, put together again from their wording."""
    return "\n".join(
        "".join(piece.text for piece in paragraph if piece.kind != left_out)
        for paragraph in wording_of(before, after).paragraphs
    )


def squashed(text: str) -> str:
    return "".join(normalise_text(text).split())


@given(WORDS, WORDS)
def test_both_texts_can_be_read_from_their_wording(before: str, after: str) -> None:
    assert squashed(side(before, after, "added")) == squashed(before)
    assert squashed(side(before, after, "removed")) == squashed(after)


@given(WORDS)
def test_a_text_beside_itself_is_unchanged(text: str) -> None:
    assert not wording_of(text, text).is_changed


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("It costs $50 million.", "It costs $5 million.", "It costs $[-50-]{+5+} million."),
        ("It is not so.", "It is so.", "It is [-not-] so."),
        ("He said so.", "He never said so.", "He {+never+} said so."),
        ("Call Ann Berg now", "Call Otto Borg now", "Call [-Ann Berg-]{+Otto Borg+} now"),
        ("钟停了，5人受伤。", "钟停了，6人受伤。", "钟停了，[-5-]{+6+}人受伤。"),
        ("“One” – two", '"One" - two', "(The wording is unchanged.)"),
        ("", "All new.", "{+All new.+}"),
        ("All gone.", "", "[-All gone.-]"),
        ("one two three four", "five six seven", "[-one two three four-]{+five six seven+}"),
    ],
)
def test_what_went_and_what_came_stand_side_by_side(before: str, after: str, expected: str) -> None:
    assert shown(before, after) == expected


def test_removed_words_keep_the_blanks_of_the_earlier_text() -> None:
    text = as_text(wording_of("A year to change over. Shops may trade", "A year to adapt."))
    assert text == "A year to [-change over. Shops may trade-]{+adapt.+}"


def test_a_paragraph_is_compared_with_the_one_that_it_was() -> None:
    after = [*PARAGRAPHS[1:3], "A paragraph of its own.", PARAGRAPHS[3].replace("thirty", "forty")]
    lines = as_text(wording_of("\n".join(PARAGRAPHS[:4]), "\n".join(after))).split("\n")
    assert lines[0] == f"[-{PARAGRAPHS[0]}-]"
    assert "{+A paragraph of its own.+}" in lines
    assert "[-thirty-]{+forty+} years" in lines[-1]


def test_what_is_unchanged_is_folded() -> None:
    long = " ".join(f"word{number}" for number in range(200))
    before = [*PARAGRAPHS, f"{long} end"]
    after = [*PARAGRAPHS, f"{long} ending"]
    lines = shown("\n".join(before), "\n".join(after)).split("\n")
    assert lines[0] == "(… 7 unchanged paragraphs …)"
    assert lines[1] == PARAGRAPHS[-1] and lines[2].startswith("… word181 ")
    wide = as_text(wording_of("\n".join(before), "\n".join(after)), context=3).split("\n")
    assert wide[0] == "(… 5 unchanged paragraphs …)"


class Tags(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</ins></p><iframe>",
     "&lt;b&gt;", "<!-- x", "<del>not gone</del>"],
)  # fmt: skip
def test_markup_in_a_text_is_inert(hostile: str) -> None:
    page = Tags(as_html(wording_of(f"A line. {hostile} B", f"A line. {hostile} C {hostile}")))
    assert set(page.tags) <= {"div", "p", "del", "ins"}
    assert page.text.count(hostile) == 2


def test_html_marks_what_went_and_what_came() -> None:
    page = as_html(wording_of("It is not so.", "It was so."))
    assert "<p>It <del>is not</del><ins>was</ins> so.</p>" in page


def test_no_control_character_of_a_page_reaches_a_terminal() -> None:
    wording = wording_of("a", "a \x1b[2J\x9b1m\x07b \u202ec\x1b]0;title\x07")
    assert "\x1b" not in as_text(wording) and "\u202e" not in as_text(wording)
    ours = as_ansi(wording).replace("\x1b[32m", "").replace("\x1b[0m", "")
    assert "\x1b" not in ours and "\x9b" not in ours
    assert "\x1b" not in "".join(phrases(wording))


def test_a_terminal_shows_removed_words_struck_through() -> None:
    assert as_ansi(wording_of("is not so", "is so")) == "is \x1b[31;9mnot\x1b[0m so"


def test_a_few_words_tell_what_changed() -> None:
    after = TEXT.replace("$50 million", "$5 million").replace("is not without", "is without")
    assert phrases(wording_of(TEXT, after)) == [
        "… on Tuesday to spend $[-50-]{+5+} million on a new …",
        "The plan is [-not-] without critics. Fishermen from …",
    ]
    assert len(phrases(wording_of(TEXT, after), limit=1)) == 1


def test_a_few_words_pass_over_counters_unless_there_is_nothing_else() -> None:
    before, after = f"3 comments\n{TEXT}", f"5 comments\n{TEXT}"
    assert phrases(wording_of(before, after)) == ["[-3-]{+5+} comments"]
    after = after.replace("41 days", "14 days")
    assert phrases(wording_of(before, after)) == ["… closed the port for [-41-]{+14+} days."]


def test_a_phrase_has_a_bounded_width() -> None:
    for phrase in phrases(wording_of(TEXT, TEXT.upper() * 3), width=120):
        assert len(phrase) <= 120


def seconds(before: str, after: str) -> tuple[float, bool]:
    began = time.process_time()
    is_coarse = wording_of(before, after).is_coarse
    return time.process_time() - began, is_coarse


def test_five_thousand_words_are_compared_at_once() -> None:
    chance = random.Random(4)
    old = [f"{word}{chance.randrange(900)}" for word in (TEXT.split() * 20)[:5000]]
    new = [word if chance.random() > 0.05 else "other" for word in old]
    old_text, new_text = (
        "\n".join(" ".join(words[at : at + 60]) for at in range(0, 5000, 60))
        for words in (old, new)
    )
    took, is_coarse = seconds(old_text, new_text)
    assert took < 1 and not is_coarse  # 0.03 s at rest


@pytest.mark.parametrize("separator", [" ", "\n", "."], ids=["line", "lines", "one word"])
def test_a_hundred_thousand_words_never_hang(separator: str) -> None:
    chance = random.Random(7)
    old, new = (
        separator.join(f"u{at}" if at % 150 == 0 else chance.choice("ab") for at in range(100_000))
        for _ in range(2)
    )
    took, _ = seconds(old, new)
    assert took < 30  # 3 s at rest; without a budget it is minutes


def test_a_wording_that_was_not_followed_word_by_word_says_so() -> None:
    chance = random.Random(3)
    old, new = (" ".join(chance.choice("abc") for _ in range(5_000)) for _ in range(2))
    wording = wording_of(old, new)
    assert wording.is_coarse
    assert "too long to be compared" in as_text(wording)
    assert "too long to be compared" in as_html(wording)

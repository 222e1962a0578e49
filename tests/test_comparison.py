"""When two texts are the same: for a reader, not for a machine."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.comparison.texts import count_words, estimate_words, normalise_text, text_digest


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("“Quoted” ‘text’", "\"Quoted\" 'text'"),
        ("„Zitat“, «citation»", '"Zitat", "citation"'),
        ("don’t, don´t, don`t, don′t", "don't, don't, don't, don't"),
        ("5″ wide, ＂full＂", '5" wide, "full"'),
        ("2017–2018 — then‑now −5", "2017-2018 - then-now -5"),
        ("two  \n\n paragraphs\t\u00a0\u2003here", "two paragraphs here"),
        ("  edges\r\n", "edges"),
        ("hy\u00adphen\u200bated \ufeffwords\u2060", "hyphenated words"),
        ("ﬁne ﬂow Ⅳ ２０１７ …", "fine flow IV 2017 ..."),
        (unicodedata.normalize("NFD", "Zürich, ガギグ"), "Zürich, ガギグ"),
        ("a\u200d\u0308", "ä"),
        ("", " \n "),
    ],
)
def test_what_readers_do_not_see_makes_no_difference(a: str, b: str) -> None:
    assert normalise_text(a) == normalise_text(b)
    assert text_digest(a) == text_digest(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("$50 million", "$5 million"),
        ("it is not so", "it is so"),
        ("May 3", "May 4"),
        ("Polish", "polish"),
        ("a, b", "a b"),
        ("resume", "résumé"),
        ("foot note", "footnote"),
    ],
)
def test_what_readers_see_makes_a_difference(a: str, b: str) -> None:
    assert text_digest(a) != text_digest(b)


@given(st.text(st.characters(exclude_categories=())))
def test_a_normalised_text_stays_as_it_is_and_any_text_has_a_digest(text: str) -> None:
    once = normalise_text(text)
    assert normalise_text(once) == once
    assert text_digest(text).startswith("sha256:") and len(text_digest(text)) == 71


@given(st.text(alphabet="ab’'´`“\"-–— \n\u200b\u00ad\u0301\u0308"))
def test_marks_in_any_order_normalise_once_and_for_all(text: str) -> None:
    once = normalise_text(text)
    assert normalise_text(once) == once and "  " not in once


@given(st.text(st.characters(categories=("Zs", "Zl", "Zp", "Cc", "Pd", "Pi", "Pf", "Cf"))))
def test_any_blank_is_one_blank_and_no_edge_keeps_one(text: str) -> None:
    once = normalise_text(f"a{text}b")
    assert re.sub(r"\s+", " ", once).strip() == once


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("Two words.", 2),
        ("It’s a re-worded $5 million text", 6),
        ("燕鸥角灯塔的钟停了", 9),
        ("入り江の学校 and three more", 9),
        ("Письмо из школы", 3),
    ],
)
def test_words_are_counted_in_scripts_without_blanks_too(text: str, words: int) -> None:
    assert count_words(text) == words


WORDS = "ab Z9_é\u0301ñßѲ한ท\u0e31中の・ー٣²Ⅷ" + "'’-‘`" * 3 + " \n\u00a0\u3000.,;…“”/\ud800"


@given(st.text(st.sampled_from(WORDS)) | st.text(max_size=80))
def test_a_word_begins_with_a_letter_and_goes_on_through_apostrophes_and_hyphens(text: str) -> None:
    cjk = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    word = rf"[{cjk}]|[^\W{cjk}](?:[^\W{cjk}]|['’-])*"
    assert count_words(text) == len(re.findall(word, text))


@pytest.mark.parametrize(
    ("text", "words"), [("", 0), ("one two\nthree", 3), ("中文 网页", 4), ("not a – word", 4)]
)
def test_words_can_be_counted_roughly_by_their_blanks(text: str, words: int) -> None:
    assert estimate_words(text) == words

"""Expressions evaluated here select what lxml selects: on real pages and on made ones."""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html
from trafilatura import xpaths

from crawler.extraction import page
from crawler.extraction.conditions import searching
from crawler.extraction.expressions import Unreadable
from crawler.extraction.selections import Selection

EXSLT = {"re": "http://exslt.org/regular-expressions"}
LIBRARY = [
    expression
    for name, listed in sorted(vars(xpaths).items())
    if isinstance(listed, list) and name not in ("CATEGORIES_XPATHS", "TAGS_XPATHS")
    for expression in listed
] + [vars(sys.modules["trafilatura.baseline"])["BASIC_CLEAN_XPATH"]]

OWN = [
    ".//p",
    "//h1|//h2[@class]",
    "(.//div[@id])[1]",
    ".//*[self::div or self::p][contains(@class, 'a')][1]",
    "(.//*[@class='a'])[1]|(.//p)[1]",
    ".//div[re:test(@id|@class, '^a')]|.//p[starts-with(@class|@id|@style, 'b')]",
    ".//*[not(.//p) and not(@id='a' or @class='b')]",
    ".//*[rel='me' or contains(translate(@class, 'ABA', 'bc'), 'bc')]",
    ".//*[re:test(@class, 'k|s-?a|[ab]-b', 'i')]",
    './/*[@id="a" and @class or self::div]',
    ".//p[@class='a'] | .//div[@id][not(.//p)] | .//*[re:test(@id|@class, 'b')]",
    "//div[@id or @class='b'] | //p[.//div] | (//*[@style])[1]",
]

UNREADABLE = [
    "",
    "p",
    "./p",
    ".//div//a",
    ".//p[2]",
    ".//p[@class",
    ".//p[last()]",
    ".//p|//h1",
    ".//p/@class",
    ".//p[contains(@class, @id)]",
    ".//p[contains(@class, '')]",  # holds of elements without the attribute
    ".//p[re:test(@class, 'a*')]",
    ".//p[contains(translate(@class, 'a', ''), '')]",
    ".//p[re:test(@class, 'a', 'x')]",
    ".//p[@id|@class='a']",
    ".//p[1][@class]",
    "((.//p)[1])[1]",
    ".//p[&]",
    ".//p[(@id)]",
]


def trees(corpus: Path, step: int) -> Iterator[html.HtmlElement]:
    with (corpus / "articles.jsonl").open(encoding="utf-8") as lines:
        paths = [json.loads(line)["html_path"] for line in lines][::step]
    bodies = (gzip.decompress((corpus / path).read_bytes()) for path in paths)
    parsed = (page.parse(body.decode("utf-8", "replace")) for body in bodies)
    return (tree for tree in parsed if tree is not None)


def assert_alike(expression: etree.XPath, tree: html.HtmlElement) -> None:
    selection = Selection(expression.path)
    selected = expression(tree)
    assert selection(tree) == selected, expression.path
    assert selection.first(tree) == selected[:1], expression.path


def compiled(path: str) -> etree.XPath:
    return etree.XPath(path, namespaces=EXSLT)


def test_the_librarys_expressions_select_the_same_on_real_pages(corpus: Path) -> None:
    for tree in trees(corpus, 200):
        for expression in LIBRARY:
            assert_alike(expression, tree)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_librarys_expressions_select_the_same_on_all_real_pages(corpus: Path) -> None:
    for tree in trees(corpus, 1):
        for expression in LIBRARY:
            assert_alike(expression, tree)


# Values near those that the library looks for, so that made elements often match
WORDS = sorted(
    {word for e in LIBRARY for word in re.findall(r"[A-Za-z]{3,}|[ _-]", e.path)}
    | {"a", "b", "A", "B", "me", "Kelvin", "\u212a", "\u017f-a", "ſ"}
)
values = st.lists(st.sampled_from(WORDS), max_size=4).map("".join)
names = st.sampled_from(["id", "class", "style", "role", "itemprop", "rel", "aria-hidden"])
tags = st.sampled_from(["div", "p", "span", "section", "a", "rel", "ul", "h1", "item"])


@st.composite
def elements(draw: st.DrawFn, depth: int = 2) -> html.HtmlElement:
    made: html.HtmlElement = html.HtmlElement()
    made.tag, made.text = draw(tags), draw(st.sampled_from(["", "me", "text"]))
    for name, value in draw(st.lists(st.tuples(names, values), max_size=3)):
        made.set(name, value)
    if depth:
        made.extend(draw(st.lists(elements(depth=depth - 1), max_size=3)))
    return made


@settings(max_examples=60, deadline=None)
@given(elements())
def test_expressions_select_the_same_of_made_elements(tree: html.HtmlElement) -> None:
    inner = tree[0] if len(tree) else tree
    for expression in (*LIBRARY, *map(compiled, OWN)):
        assert_alike(expression, tree)
        assert_alike(expression, inner)


@pytest.mark.parametrize("path", UNREADABLE)
def test_what_is_not_understood_is_refused_and_not_guessed(path: str) -> None:
    with pytest.raises(Unreadable):
        Selection(path)


PATTERNS = [
    "ab", "ab-?c", "^ab", "a(?:b|c)", "[Aa]b", "ab(?!c)", "a_{0,2}b", "b+c", "c$", "a.c", "k", "s",
    "a*b", "(?:ab)?c", "(?<!a)b", "^(?:[ab]b|c)", r"(^|\s)b", r"\bab", r"a\|b", "(?s:b)", "a(b)?c",
    "[a-c]b", "[^a]b",
]  # fmt: skip
patterns = st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=4).map("|".join)


@settings(max_examples=300, deadline=None)
@given(patterns, st.text("abcABC_ -|kK\u212asſ\n", max_size=8), st.booleans())
def test_a_pattern_is_found_where_its_expression_finds_it(
    pattern: str, value: str, ignoring_case: bool
) -> None:
    flags = re.IGNORECASE if ignoring_case else re.NOFLAG
    assert searching(pattern, flags)(value) == bool(re.search(pattern, value, flags))


def test_values_are_remembered_up_to_a_number_and_a_length() -> None:
    selection = Selection(".//p[re:test(@class, 'wanted')]")
    tree = html.fromstring("<div>" + "".join(f"<p class='c{n}'></p>" for n in range(5_000)))
    wanted = html.fromstring(f"<div><p class='{'x' * 200_000} wanted'></p></div>")
    for _ in range(2):
        assert selection(tree) == []
        assert selection(wanted) == [wanted[0]]

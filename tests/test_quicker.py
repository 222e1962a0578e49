"""Replacements in trafilatura: the same articles, and only while they are asked for."""

from __future__ import annotations

import gzip
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from htmldate import find_date
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from trafilatura import bare_extraction, metadata, xpaths
from trafilatura.metadata import extract_author, extract_title

from crawler.extraction import page
from crawler.extraction.quicker import DATES_WRITTEN_FOR, WRITTEN_FOR, author_of, quicker
from crawler.extraction.selections import Selection

BASELINE = sys.modules["trafilatura.baseline"]


def test_they_were_written_for_the_release_that_is_installed() -> None:
    """Compare the two on all pages (slow, below) before WRITTEN_FOR is raised."""
    assert version("trafilatura") == WRITTEN_FOR
    assert version("htmldate") == DATES_WRITTEN_FOR


def test_the_library_is_as_it_came_outside_even_after_a_failure() -> None:
    minify = metadata.JSON_MINIFY
    with pytest.raises(RuntimeError), quicker(), quicker():
        assert isinstance(vars(BASELINE)["BASIC_CLEAN_XPATH"], Selection)
        assert isinstance(xpaths.AUTHOR_XPATHS[0], Selection)
        assert metadata.JSON_MINIFY is not minify
        raise RuntimeError
    assert isinstance(vars(BASELINE)["BASIC_CLEAN_XPATH"], etree.XPath)
    assert metadata.JSON_MINIFY is minify
    for listed in (xpaths.BODY_XPATH, xpaths.OVERALL_DISCARD_XPATH, xpaths.AUTHOR_XPATHS):
        assert all(isinstance(expression, etree.XPath) for expression in listed)


def read(markup: str, url: str) -> list[Any]:
    """What the library says of a page, in both of its modes."""
    told: list[Any] = []
    for fast in (True, False):
        tree = page.parse(markup)
        if tree is not None:
            found = bare_extraction(tree, url=url, fast=fast, include_comments=False)
            told.append(getattr(found, "text", None))
            told.append(etree.tostring(found.body) if found is not None else None)
    tree = page.parse(markup)
    if tree is None:
        return told
    told += [extract_author(tree), extract_title(tree)]
    return [*told, find_date(tree, original_date=True, max_date="2026-11-22", url=url)]


def assert_read_alike(corpus: Path, step: int) -> None:
    with (corpus / "articles.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][::step]
    for row in rows:
        body = gzip.decompress((corpus / row["html_path"]).read_bytes())
        markup, url = body.decode("utf-8", "replace"), row["url"] or "http://unknown.invalid/"
        with quicker():
            ours = read(markup, url)
        assert ours == read(markup, url), row["id"]
        tree = page.parse(markup)
        assert tree is None or author_of(tree) == extract_author(tree), row["id"]


@pytest.mark.parametrize(
    ("body", "author"),
    [
        ("<p class=byline>By Ada Lovelace</p>", "Ada Lovelace"),
        ("<div class=sidebar><p class=byline>Ada King</p></div><p class=byl>Mary S</p>", "Mary S"),
        ("<p class=byline>Ada <time>1843</time>King</p>", "Ada King"),
        ("<figure><p class=byline>Ada King</p></figure>", None),
        ("<time class=author>Ada King</time>", None),
        ("<div class=author><span class=title>Dr</span> Ada King</div>", "Ada King"),
        (f"<p class=author>{'x' * 130}</p><p class=author>Ada King</p>", "Ada King"),
        ("<p class=author></p>" * 30 + "<p class=author>Ada King</p>", "Ada King"),
        ("<p><rel>me</rel>Ada King</p>", "Me Ada King"),
        ("<p>Nobody</p>", None),
    ],
)
def test_an_author_is_found_as_in_a_pruned_copy(body: str, author: str | None) -> None:
    tree = page.parse(f"<html><head><title>x</title></head><body>{body}</body></html>")
    assert tree is not None
    before = etree.tostring(tree)
    assert author_of(tree) == extract_author(tree) == author
    assert etree.tostring(tree) == before


json_like = st.text('"\\ \n\t{}:,ab\u2028', max_size=60)


@settings(max_examples=300, deadline=None)
@given(json_like)
def test_json_loses_the_same_white_space(text: str) -> None:
    theirs = metadata.JSON_MINIFY.sub(r"\1", text)
    with quicker():
        assert metadata.JSON_MINIFY.sub(r"\1", text) == theirs


def test_real_pages_are_read_alike_with_and_without(corpus: Path) -> None:
    assert_read_alike(corpus, 150)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_real_pages_are_read_alike_with_and_without(corpus: Path) -> None:
    assert_read_alike(corpus, 1)

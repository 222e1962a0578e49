"""Texts that are found in fewer steps than by trafilatura's fast mode: the same to the letter."""

from __future__ import annotations

import gzip
import json
from copy import copy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from trafilatura import bare_extraction, html2txt
from trafilatura.htmlprocessing import prune_unwanted_nodes
from trafilatura.settings import Document
from trafilatura.xpaths import RAW_TREE_PRUNE_XPATH, REMOVE_COMMENTS_AND_LISTS_XPATH

from crawler.extraction import maintext, page
from crawler.extraction.charsets import decode
from crawler.extraction.maintext import fast_text
from crawler.extraction.quicker import quicker
from crawler.extraction.shown import shown_in

SENTENCE = "The council met on Tuesday and decided to keep the old bridge open for another year. "
FORUM = '<script type="application/ld+json">{"@type": "DiscussionForumPosting"}</script>'
POSTS = "".join(f"<div class=comment><p>{n}: {SENTENCE * 3}</p></div>" for n in range(5))
LINKS = "".join(f"<li><a href=/{n}>Heading {n} of the many here</a>" for n in range(90))
CARDS = "".join(f"<div><h3>Card {n}</h3><div>{SENTENCE}{n}</div></div>" for n in range(40))


def read(markup: str) -> tuple[str, str]:
    """What we find in a page with what is replaced, and what the library finds as it comes."""
    tree = page.parse(markup)
    assert tree is not None
    before = etree.tostring(tree)
    with quicker():
        ours = fast_text(tree, shown_in(tree, markup).most_chars)
    assert etree.tostring(tree) == before
    found = bare_extraction(tree, fast=True, include_comments=False)
    return ours, (found.text or "") if isinstance(found, Document) else ""


@pytest.mark.parametrize(
    ("body", "stage"),
    [
        (f"<article>{f'<p>{SENTENCE * 4}</p>' * 20}</article>", "first"),
        (f"<article><p>{SENTENCE * 5}</p></article>", "first"),
        (f"<article><p>{SENTENCE * 5}</p></article><ul>{LINKS}</ul>", "later"),
        (f"<article><p>{SENTENCE * 5}</p></article>{CARDS}", "later"),
        (f"<article><p>{SENTENCE * 5}</p></article><noscript>{SENTENCE * 90}</noscript>", "later"),
        (f"<article><p>{SENTENCE}</p></article><div>{SENTENCE * 30}</div>", "later"),
        (f"<h1>Old bridge stays open</h1><div id=comments>{POSTS}</div>", "later"),
        (f"{FORUM}<h1>Old bridge stays open</h1><div id=comments>{POSTS}</div>", "first"),
        (f"<article><p>{SENTENCE * 5}</p></article><ul class=comments><li>{POSTS}</ul>", "first"),
        (f"<article><p>{SENTENCE * 4}</p></article><div id=infinite-scroll>{CARDS}</div>", "later"),
        ("<p>No.</p>", "later"),
        ("", "later"),
    ],
)  # fmt: skip
def test_a_text_is_the_one_of_the_fast_mode(
    body: str, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    extended = maintext._extended
    monkeypatch.setattr(
        maintext, "_extended", lambda *given: asked.append("later") or extended(*given)
    )
    ours, theirs = read(f"<html><head><title>x</title></head><body>{body}</body></html>")
    assert ours == theirs
    assert (asked or ["first"]) == [stage]


def test_without_a_body_nothing_is_known_of_what_is_shown() -> None:
    markup = "<html><frameset><frame src=a></frameset></html>"
    tree = page.parse(markup)
    assert tree is not None
    assert shown_in(tree, markup).most_chars is None
    ours, theirs = read(markup)
    assert ours == theirs == ""


def test_another_release_is_asked_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintext, "IS_WRITTEN_FOR", False)
    monkeypatch.setattr(maintext, "_found", None)
    ours, theirs = read(f"<body><article><p>{SENTENCE * 5}</p></article></body>")
    assert ours == theirs != ""


TAGS = (
    "p div span noscript template script style footer table td br body ul li form svg aside pre b "
    "a article section frameset"
)
tags = st.sampled_from(TAGS.split())
texts = st.text("ab \n\u00a0\u200b\x85.", max_size=12)
pieces = st.one_of(texts, tags.map("<{}>".format), tags.map("</{}>".format))


@settings(max_examples=400, deadline=None)
@given(st.lists(pieces, max_size=30).map("".join))
def test_the_text_of_a_page_is_never_longer_than_what_it_shows_at_most(markup: str) -> None:
    tree = page.parse(markup)
    most = shown_in(tree, markup).most_chars if tree is not None else None
    if most is not None:
        assert len(html2txt(tree)) <= most


REMOVED = (
    "<div class=infinite-scroll> <div id=mvp-post-add-box> <section class=elementor-share-buttons> "
    "<ul class=comments> <ol id=comments> <div id=disqus_thread> <div> <h1> <p> </div> </ul> "
    "</section>"
)
marked = st.one_of(
    texts, st.sampled_from(REMOVED.split("> ")).map(lambda tag: tag.strip(">") + ">")
)


@settings(max_examples=300, deadline=None)
@given(st.lists(marked, max_size=25).map("".join), st.sampled_from(["", FORUM]))
def test_what_is_removed_in_one_walk_leaves_the_same_page(markup: str, head: str) -> None:
    tree = page.parse(f"<html><head>{head}</head><body>{markup}")
    assert tree is not None
    theirs = prune_unwanted_nodes(copy(tree), RAW_TREE_PRUNE_XPATH)
    if not head:
        prune_unwanted_nodes(theirs, REMOVE_COMMENTS_AND_LISTS_XPATH)
    assert etree.tostring(maintext._pruned(tree)) == etree.tostring(theirs)


def assert_read_alike(corpus: Path, step: int) -> None:
    with (corpus / "articles.jsonl").open(encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["bytes"]][::step]
    for row in rows:
        body = gzip.decompress((corpus / row["html_path"]).read_bytes())
        ours, theirs = read(decode(body, "text/html")[0])
        assert ours == theirs, row["id"]


def test_real_pages_have_the_same_text(corpus: Path) -> None:
    assert_read_alike(corpus, 60)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_real_pages_have_the_same_text(corpus: Path) -> None:
    assert_read_alike(corpus, 1)

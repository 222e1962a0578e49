"""Payload to Article, by a ladder: what one rung cannot read, a simpler one below it may.

Worker side. The rungs of a page, as they appear in ``Article.tried``:

================ ===================================================================================
fast             trafilatura's own extractor on a tree of any depth
full             the same with its fallbacks: a second opinion when ``fast`` found very little
baseline         trafilatura's simple reading: JSON-LD body, articles, paragraphs, else all of it
stripped         markup cut away, for what is too deep or too hostile to become a tree
decoded          what came out of a damaged transfer that was kept as received (goes before others)
without-metadata the text was found, but the search for author and date failed or was cut short
================ ===================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from lxml import html

from crawler.codings import readable_part
from crawler.errors import ExtractionFailed
from crawler.extraction import page
from crawler.extraction.charsets import decode
from crawler.extraction.document import read_document
from crawler.extraction.extractors import (
    DOCUMENT,
    PAGES,
    PERHAPS_CODED,
    is_readable,
    is_text,
    unread_article,
)
from crawler.extraction.facts import facts_of
from crawler.extraction.lists import with_announced_lists
from crawler.extraction.maintext import baseline_text, fast_text, full_text
from crawler.extraction.markup import clean_text, stripped
from crawler.extraction.mediatypes import sniff
from crawler.extraction.metadata import last_possible_day, read_metadata
from crawler.extraction.quicker import quicker
from crawler.extraction.shown import Shown, shown_in
from crawler.items import Article, Extraction, PageFacts

# A second opinion is asked for when the text is short and little of what the page shows: for 3 % of
# 1,364 saved pages. F1 over the 689 labelled ones .929 -> .935; no wider bounds tried gave more.
SHORT = 1000  # characters
SMALL_SHARE = 0.1

Rung = Literal["fast", "baseline"]
OnText = Callable[[Extraction], None]


@dataclass(frozen=True, slots=True)
class _Input:
    """A page and what is known of it beforehand."""

    body: bytes
    url: str
    content_type: str | None  # header as received
    fetched_on: str  # calendar date: nothing was published later


def read_facts(body: bytes, *, url: str, content_type: str | None) -> PageFacts | None:
    """Return what a page shows, without looking for an article; None for what is no HTML page."""
    mime = sniff(body, content_type)
    if mime not in PAGES or not is_readable(mime, content_type):
        return None
    markup, _ = decode(body, content_type)
    tree = page.parse(markup)
    return None if tree is None else facts_of(tree, shown_in(tree, markup), url)


def read_payload(
    body: bytes,
    *,
    url: str,
    content_type: str | None,
    fetched_on: str,
    rung: Rung = "fast",
    on_text: OnText | None = None,
) -> Extraction:
    """Return the article in a payload, and of an HTML page its facts.

    ``rung`` is where the ladder begins. ``on_text`` gets the article
    as soon as its text is there, before the search for metadata, which a hostile page can stall:
    then the caller has at least that. Raises MemoryError; every other failure is in the article.
    """
    blank = unread_article(body, content_type)
    if not is_readable(blank.mime, content_type):
        return Extraction(blank)
    if blank.mime in PERHAPS_CODED:
        part = readable_part(body)
        if part is None:
            return Extraction(blank)
        body = part
        blank = replace(blank, mime=sniff(part, content_type), tried=("decoded",))
    mime = blank.mime
    if mime == DOCUMENT:
        return Extraction(_of_document(body, blank, fetched_on))
    if is_text(mime):
        text, charset = decode(body, content_type)
        return Extraction(_with_text(replace(blank, charset=charset), clean_text(text)))
    if mime not in PAGES:
        return Extraction(blank)
    return _of_page(_Input(body, url, content_type, fetched_on), blank, rung, on_text)


def _of_document(body: bytes, blank: Article, fetched_on: str) -> Article:
    """Return the article in a PDF."""
    try:
        document = read_document(body)
    except ExtractionFailed as exc:
        return replace(blank, status="failed", failure=exc.reason)
    made = document.created_on
    about = replace(
        blank,
        title=document.title,
        author=document.author,
        published_on=made if made and made <= last_possible_day(fetched_on) else None,
        language=document.language,
    )
    return _with_text(about, document.text)


def _with_text(article: Article, text: str) -> Article:
    """Return an article with a text; without any, its status is "empty"."""
    text = text.strip()
    return replace(article, status="text" if text else "empty", text=text or None)


@quicker()
def _of_page(payload: _Input, blank: Article, rung: Rung, on_text: OnText | None) -> Extraction:
    """Return the article in an HTML page, and its facts."""
    markup, charset = decode(payload.body, payload.content_type)
    blank = replace(blank, charset=charset)
    if rung == "baseline" and on_text is not None:  # in case that parsing is what kills
        tried = (*blank.tried, "stripped")
        on_text(Extraction(_with_text(replace(blank, tried=tried), stripped(markup))))
    tree = page.parse(markup)
    if tree is None:
        return Extraction(replace(blank, status="empty"))
    shown = shown_in(tree, markup)
    facts = facts_of(tree, shown, payload.url)  # before the tree is worked on
    text, tried = _text_of(tree, shown, markup, rung)
    about = replace(
        blank,
        title=page.title_of(tree),
        language=page.language_of(tree),
        links=page.links_in(tree, text, payload.url),
        tried=(*blank.tried, *tried),
    )
    article = _with_text(about, text)
    if rung == "baseline":
        return Extraction(replace(article, tried=(*article.tried, "without-metadata")), facts)
    if on_text is not None:
        on_text(Extraction(article, facts))
    return Extraction(_with_metadata(article, tree, markup, payload), facts)


def _text_of(
    tree: html.HtmlElement, shown: Shown, markup: str, rung: Rung
) -> tuple[str, tuple[str, ...]]:
    """Return the text of a page and the rungs that were tried for it."""
    if shown.is_cut:
        return shown.nodes[0], ("stripped",)
    tried: list[str] = []
    text = ""
    if rung == "fast":
        tried.append("fast")
        text = _read_by(lambda: fast_text(tree, shown.most_chars))
        if len(text) < SHORT and len(text) < SMALL_SHARE * shown.length:
            tried.append("full")
            text = max(_read_by(lambda: full_text(tree)), text, key=len)
        text = _mended(tree, text)
    if not text:
        tried.append("baseline")
        text = page.relined(_read_by(lambda: baseline_text(tree)), markup)
    return clean_text(text).strip(), tuple(tried)


def _read_by(extractor: Callable[[], str]) -> str:
    """Return the text that an extractor finds; "" when it finds none or fails."""
    try:
        return extractor()
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  a foreign parser on hostile input; `tried` tells of it
        return ""


def _mended(tree: html.HtmlElement, text: str) -> str:
    """Return the text with what trafilatura is known to drop: lead, repeats, lists of links."""
    if not text:
        return text
    lead = page.without_lead(tree, text)
    whole = with_announced_lists(tree, page.with_repeats(tree, text))
    return f"{lead}\n{whole}" if lead else whole


def _with_metadata(
    article: Article, tree: html.HtmlElement, markup: str, payload: _Input
) -> Article:
    """Return an article with title, author, site and date as trafilatura reads them."""
    try:
        found = read_metadata(tree, markup, url=payload.url, fetched_on=payload.fetched_on)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  as in _read_by
        return replace(article, tried=(*article.tried, "without-metadata"))
    return replace(
        article,
        title=found.title or article.title,
        author=found.author,
        site=found.site,
        published_on=found.published_on,
    )

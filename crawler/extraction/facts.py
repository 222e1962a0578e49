"""Facts of a page: what it shows besides its article (worker side).

Read from the tree that is parsed for the article anyway. Everything is bounded, because a page may
be hostile: lengths, counts, and no expression that can be made to backtrack.
"""

from __future__ import annotations

import re
from collections import defaultdict

from lxml import html

from crawler.comparison.texts import count_words, is_unparted
from crawler.dates import format_instant, parse_instant
from crawler.errors import BadDate
from crawler.extraction import page
from crawler.extraction.markers import markers_of
from crawler.extraction.markup import clean_text
from crawler.extraction.shown import Shown
from crawler.items import PageFacts

OPENING_CHARS = 2000
# Above, a page's first words are not kept: what is looked for in them stands on pages that say less
# (the longest wall 400 words), and of the pages of newspapers nine in ten say more.
OPENING_WORDS = 500
LINE_CHARS = 500  # of a title, a heading, an address
MAX_HEADINGS = 5
# Above, a page is not looked through for markers: no rule that asks for them lets a page say more.
SHORT_WORDS = 400
MAX_LD_CHARS = 500_000  # of JSON-LD, together
MAX_NODES = 20_000  # that are asked in one go: metas, scripts and the like

_ASKED = ("title", "meta", "link", "script", "h1", "input", "a", "base")
_NOT_RUN = re.compile(r"json|template|text/(?:html|plain)|x-handlebars", re.IGNORECASE)
_FREE = re.compile(r'"isAccessibleForFree"\s{0,9}:\s{0,9}"?([^",}\s]{1,40})')
_MODIFIED = re.compile(r'"dateModified"\s{0,9}:\s{0,9}"([^"\\]{8,40})"')
_TIERS = ("article:content_tier", "content_tier", "og:article:content_tier")
_MODIFIED_NAMES = ("article:modified_time", "og:updated_time", "datemodified")


def facts_of(tree: html.HtmlElement, shown: Shown, url: str) -> PageFacts:
    """Return what a page shows besides its article."""
    found = _elements(tree)
    metas = _metas(found["meta"])
    opening, words = _opening(shown.words)
    base = _base(found["base"], url)
    ld = _json_ld(found["script"])
    return PageFacts(
        title=_title(found["title"]),
        headings=_headings(found["h1"]) or _headings(list(_first(tree, "h2"))),
        canonical=_canonical(found["link"], base),
        og_url=_address(metas.get("og:url"), base),
        robots=_directives(metas.get("robots")),
        refresh=_refresh(found["meta"]),
        words=words,
        opening=opening if words < OPENING_WORDS else "",
        links=sum(a.get("href") is not None for a in found["a"]),
        scripts=sum(not _NOT_RUN.search((s.get("type") or "")[:60]) for s in found["script"]),
        password_fields=sum((e.get("type") or "").lower() == "password" for e in found["input"]),
        markers=markers_of(tree) if words < SHORT_WORDS else (),
        free=_free(metas, ld),
        tier=_line(next((metas[name] for name in _TIERS if name in metas), None), 40),
        modified_at=_modified_at(metas, ld),
    )


def _elements(tree: html.HtmlElement) -> dict[str, list[html.HtmlElement]]:
    """Return the elements that are asked, by tag; one walk through the tree, in C."""
    found: dict[str, list[html.HtmlElement]] = defaultdict(list)
    for count, element in enumerate(tree.iter(*_ASKED)):
        if count == MAX_NODES:
            break
        found[element.tag].append(element)
    return found


def _first(tree: html.HtmlElement, tag: str) -> list[html.HtmlElement]:
    return [element for element, _ in zip(tree.iter(tag), range(MAX_HEADINGS), strict=False)]


def _line(text: str | None, chars: int = LINE_CHARS) -> str | None:
    """Return clean text in one line, cut; None when nothing is left of it."""
    line = page.clean_line(text[: 4 * chars]) if text else None
    return line[:chars].rstrip() if line else None


def _title(titles: list[html.HtmlElement]) -> str | None:
    """Return the page's title; that of a drawing (``svg``) is none."""
    for element in titles:
        up = element.getparent()
        if up is None or up.tag in ("head", "html", "body"):
            return _line(element.text)
    return None


def _headings(elements: list[html.HtmlElement]) -> tuple[str, ...]:
    lines = (_line("".join(e.itertext())) for e in elements[:MAX_HEADINGS])
    return tuple(line for line in lines if line)


def _metas(elements: list[html.HtmlElement]) -> dict[str, str]:
    """Return the contents of metas by their lower-case name; the first of each counts."""
    named: dict[str, str] = {}
    for element in elements:
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = element.get("content")
        if name and content:
            named.setdefault(name[:60].lower(), content)
    return named


def _refresh(metas: list[html.HtmlElement]) -> str | None:
    for element in metas:
        if (element.get("http-equiv") or "").lower() == "refresh":
            return _line(element.get("content"))
    return None


def _base(elements: list[html.HtmlElement], url: str) -> str:
    """Return the URL that relative links are resolved against."""
    href = next((href for e in elements if (href := e.get("href"))), None)
    return _address(href, url) or url


def _canonical(links: list[html.HtmlElement], base: str) -> str | None:
    for element in links:
        if "canonical" in (element.get("rel") or "")[:200].lower().split():
            return _address(element.get("href"), base)
    return None


def _address(href: str | None, base: str) -> str | None:
    """Return an absolute web address; None for none, and for one of a hostile length."""
    if not href or len(href) > 2_000:
        return None
    return page.absolute_url(base, href)


def _directives(content: str | None) -> tuple[str, ...]:
    parts = (part.strip().lower() for part in (content or "")[:LINE_CHARS].split(","))
    return tuple(clean_text(part) for part in parts if part)


def _opening(words: list[str]) -> tuple[str, int]:
    """Return a page's first visible words, and how many there are in all."""
    start = " ".join(words[:OPENING_CHARS])
    opening = clean_text(start[: OPENING_CHARS + 1])
    if len(opening) > OPENING_CHARS:
        opening = opening[:OPENING_CHARS].rpartition(" ")[0] or opening[:OPENING_CHARS]
    return opening, count_words(" ".join(words)) if is_unparted(opening) else len(words)


def _json_ld(scripts: list[html.HtmlElement]) -> str:
    """Return the JSON-LD of a page as one text.

    It is searched, not parsed: one in fifty is broken JSON, and depth is a weapon against parsers.
    """
    parts = (s.text or "" for s in scripts if "ld+json" in (s.get("type") or "")[:60].lower())
    return "\n".join(parts)[:MAX_LD_CHARS]


def _free(metas: dict[str, str], ld: str) -> bool | None:
    """Return what the page says first of free access: the whole comes before its parts."""
    match = _FREE.search(ld)
    said = match[1] if match else metas.get("isaccessibleforfree", "")[:40]
    word = said.rpartition("/")[2].strip().lower()  # also "http://schema.org/False"
    return {"true": True, "false": False}.get(word)


def _modified_at(metas: dict[str, str], ld: str) -> str | None:
    match = _MODIFIED.search(ld)
    for text in (*(metas.get(name) for name in _MODIFIED_NAMES), match[1] if match else None):
        try:
            if text and len(text) <= 40:
                return format_instant(parse_instant(text))
        except BadDate:
            continue
    return None

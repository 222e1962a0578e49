"""Reader of an entry rendered as HTML: h1 headline, h3 day and sections, h5 topic, lists."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crawler.entries.citations import CitedLink
from crawler.entries.claims import take_claims
from crawler.entries.drafts import DATE, Draft, absolute, base_of, context_in, day_of_address
from crawler.entries.headings import FORMATS, heading_words, is_cover
from crawler.entries.html_blocks import (
    ITEMS,
    Block,
    Element,
    HtmlLink,
    around,
    landmark_of,
    names_of,
)
from crawler.entries.html_sections import first_section, sections_of
from crawler.entries.text import fold
from crawler.items import Entry

READER = "news-html"

_DATE_WORDS = 40  # a block this short that holds a date is the day, not a sentence
_IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|bmp)(?:[?#]|$)", re.IGNORECASE)
_SUMMARY_NAMES = {"summary", "description", "excerpt", "lead", "abstract", "articlebody"}
_TOPIC_NAMES = {"topic", "category", "kicker"}
_HEADLINE_NAMES = {"headline", "title", "entry-title"}


def read_html(root: Element, blocks: Sequence[Block], locator: str, base_url: str | None) -> Entry:
    """Return the entry of an HTML page, given its root and blocks.

    Raises NothingFound when it holds no headline, date or sources.
    """
    draft = Draft(locator, READER, base_of(locator, base_url))
    read_top(root, blocks, draft)
    for section, content in sections_of(blocks):
        if section == "sources":
            draft.has_sources_section = True
            _read_sources(content, draft)
        else:
            add = draft.add_revision if section == "changes" else draft.add_relation
            for title, href, tail in _listed(content):
                add(title, href, tail)
    _read_formats(blocks, draft)
    if draft.has_sources_section:
        take_claims(root, draft)
    return draft.to_entry()


def read_top(root: Element, blocks: Sequence[Block], draft: Draft) -> None:
    """Take what stands before the sections into a draft: address, day, topic, headline, summary."""
    _read_head(root, draft)
    before = blocks[: first_section(blocks)]
    day = _find_day(before, draft)
    headline = _find_headline(before, day)
    if headline is not None:
        _read_headline(before[headline], draft)
        draft.topic = _topic(before[:headline], day)
        _read_summary(before[headline + 1 :], draft)
    draft.headline = draft.headline or _meta(root, "og:title") or _title(root)


# ------------------------------------------------------------------ head


def _read_head(root: Element, draft: Draft) -> None:
    base = next((e.get("href") for e in root.iter("base") if e.get("href")), None)
    if base:
        draft.base = absolute(base, draft.base)
    for link in root.iter("link"):
        rel = (link.get("rel") or "").casefold().split()
        href = (link.get("href") or "").strip()
        if "canonical" in rel and href:
            draft.own_url = href
        elif "alternate" in rel and day_of_address(href):  # a feed's address names no day
            draft.formats.append(href)
    draft.own_url = draft.own_url or _meta(root, "og:url") or None
    draft.image = _meta(root, "og:image") or _meta(root, "twitter:image") or None
    published = DATE.search(_meta(root, "article:published_time"))
    draft.date = published[0] if published else None


def _meta(root: Element, name: str) -> str:
    for element in root.iter("meta"):
        if name in (element.get("property"), element.get("name")):
            return (element.get("content") or "").strip()
    return ""


def _title(root: Element) -> str:
    element = next(root.iter("title"), None)
    return fold(element.text or "") if element is not None else ""


# ------------------------------------------------------------------ day, topic, headline, summary


def _find_day(blocks: Sequence[Block], draft: Draft) -> int | None:
    """Take the day from its heading, or a block named or marked up as a date; return where."""
    for position, block in enumerate(blocks):
        stamp = next((e.get("datetime") for e in block.element.iter("time")), None)
        named = block.level in (2, 3, 4) or stamp or names_of(block.element) & {"date", "day"}
        match = DATE.search(f"{stamp or ''} {block.text}") if named else None
        if match and len(block.text) <= _DATE_WORDS and landmark_of(block.element) is None:
            draft.date = match[0]
            anchors = [link.href.strip() for link in block.links if link.is_anchor]
            draft.day_url = next(iter(anchors), None)
            return position
    return None


def _find_headline(blocks: Sequence[Block], day: int | None) -> int | None:
    """Return where the headline stands: the first h1 below the day, else the last one.

    A site's name is often an h1 too, and stands before it.
    """
    of_page = [i for i, block in enumerate(blocks) if landmark_of(block.element) is None]
    titles = [i for i in of_page if blocks[i].level == 1]
    if titles:
        below = [i for i in titles if day is not None and i > day]
        return below[0] if below else titles[-1]
    return next((i for i in of_page if names_of(blocks[i].element) & _HEADLINE_NAMES), None)


def _read_headline(block: Block, draft: Draft) -> None:
    draft.headline = block.text
    if len(block.links) == 1 and fold(block.links[0].label) == block.text:
        draft.own_url = draft.own_url or block.links[0].href.strip()


def _topic(blocks: Sequence[Block], day: int | None) -> str:
    for position in range(len(blocks) - 1, -1, -1):
        block = blocks[position]
        is_topic = (block.level or 0) >= 4 or names_of(block.element) & _TOPIC_NAMES
        if is_topic and position != day and landmark_of(block.element) is None:
            return block.text
    return ""


def _read_summary(blocks: Sequence[Block], draft: Draft) -> None:
    texts = [b for b in blocks if b.level is None and landmark_of(b.element) is None and b.text]
    for block in texts:
        context = context_in(block.text)
        if context and draft.context is None:
            draft.context = context
    texts = [b for b in texts if not context_in(b.text) and not _is_formats(b)]
    named = [b for b in texts if any(names_of(e) & _SUMMARY_NAMES for e in around(b.element))]
    plain = [b for b in texts if b.tag in ("p", "blockquote")]
    draft.summary = [f"{block.text}\n\n" for block in named or plain or texts]


# ------------------------------------------------------------------ sections


def _read_sources(content: Sequence[Block], draft: Draft) -> None:
    for block in content:
        links = [link for link in block.links if link.is_anchor or _is_cover_image(link, block)]
        if not links and block.text:
            draft.line_without_link(block.text)
        source: str | None = None
        for link in links:
            cover = _is_cover(link)
            draft.links.append(
                CitedLink(fold(link.label), link.href, cover, source if cover else None)
            )
            source = source if cover else link.href


def _is_cover_image(image: HtmlLink, block: Block) -> bool:
    """Whether an image among the sources is the cover, and no icon beside a link."""
    return is_cover(image.label) or not any(link.is_anchor for link in block.links)


def _is_cover(link: HtmlLink) -> bool:
    if is_cover(link.label) or not link.is_anchor:
        return True
    return link.has_image and bool(_IMAGE_FILE.search(link.href))


def _listed(content: Sequence[Block]) -> list[tuple[str, str, str]]:
    """Return title, address and the rest of each line; a list item is one line."""
    lines: list[tuple[str, str, str]] = []
    for block in content:
        links = [link for link in block.links if link.is_anchor]
        if links and block.tag in ITEMS:
            rest = links[0].tail + "".join(f"{link.label}{link.tail}" for link in links[1:])
            lines.append((links[0].label, links[0].href, fold(rest)))
        else:
            lines += [(link.label, link.href, fold(link.tail)) for link in links]
    return lines


def _read_formats(blocks: Sequence[Block], draft: Draft) -> None:
    for block in blocks:
        if _is_formats(block):
            places = [link.href.strip() for link in block.links if link.is_anchor]
            draft.formats += [place for place in places if place not in draft.formats]


def _is_formats(block: Block) -> bool:
    head, colon, _ = block.text.partition(":")
    return bool(colon) and heading_words(head) in FORMATS

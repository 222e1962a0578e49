"""Reader of the news archive's Markdown, generations A, B and C, English and Chinese.

Order in the page: formats · day · topic (H5) · headline (H1) · summary · sources · changes ·
related. Only the sources section holds citations, whatever else is linked.
"""

from __future__ import annotations

import re
from typing import Literal

from crawler.entries.citations import CitedLink
from crawler.entries.drafts import DATE, Draft, base_of, context_in
from crawler.entries.headings import FORMATS, Section, is_cover, section_named
from crawler.entries.links import (
    Link,
    find_links,
    find_other_links,
    only_link,
    reference_definitions,
    without_definitions,
)
from crawler.items import Entry

READER = "news-markdown"

_Part = Literal["front", "summary", "unknown"] | Section

# "\n#" to begin with, not "^": the engine skips to a literal, but tries every place for a "^"
_HEADING = re.compile(r"\n(#{1,6})(?!\S)[ \t]*(.*)")
_MARKER = re.compile(r"[ \t]*(?:\d{1,9}[.)]|[-*+•])(?:[ \t]+|$)")
_OWN_LINE = ("[", "!", "<", "http")  # a line without marker that begins so is an item of its own
_FORMATS_LINE = re.compile(r"^[ \t]*([^\W\d_]{2,8})[ \t]*[:：][ \t]*(\[.*)$", re.MULTILINE)


def read_markdown(text: str, locator: str, base_url: str | None) -> Entry:
    """Return the entry of a Markdown page.

    Raises NothingFound when it holds no headline, date or sources.
    """
    draft = Draft(locator, READER, base_of(locator, base_url))
    definitions = reference_definitions(text)
    text = f"\n{text}"
    headings = list(_HEADING.finditer(text))
    ends = [*(heading.start() for heading in headings[1:]), len(text)] if headings else []
    _read_front(text[: headings[0].start()] if headings else text, draft)
    part: _Part = "front"
    for heading, end in zip(headings, ends, strict=True):
        opened = _part_opened(len(heading[1]), heading[2].strip(), draft)
        begin = heading.end() if opened else heading.start()  # else: a line that begins with "#"
        part = opened or part
        _read_part(part, text[begin:end], draft, definitions)
    _part_context(draft)
    return draft.to_entry()


def headings_of(text: str) -> list[str]:
    """Return the titles of a page's headings, without their marks."""
    return [heading[2].strip() for heading in _HEADING.finditer(f"\n{text}")]


def _part_opened(level: int, title: str, draft: Draft) -> _Part | None:
    """Return the part of the page that a heading opens; None when it is no heading of ours."""
    section = section_named(title)
    if section:
        return section
    if not draft.headline:
        return _read_title_block(level, title, draft)
    if level in (2, 3):
        draft.warn("unknown-section", f"No reader knows the section {title!r}.")
        return "unknown"
    return None


def _read_title_block(level: int, title: str, draft: Draft) -> _Part | None:
    """Take a heading as headline, day or topic; return the part that follows it."""
    if level == 1:
        link = _whole_link(title)
        draft.headline = link.label if link else title
        draft.own_url = link.target.strip() if link else None
        return "summary"
    if draft.date is None and _read_day(title, draft):
        return "front"
    if level > 3:
        draft.topic = title
        return "front"
    return None


def _read_part(part: _Part, body: str, draft: Draft, definitions: dict[str, str]) -> None:
    if part == "front":
        _read_front(body, draft)
    elif part == "summary":
        draft.summary.append(body)
    elif part == "sources":
        draft.has_sources_section = True
        for item in list_items(without_definitions(body)):
            _read_source(item, draft, definitions)
    elif part != "unknown":
        add = draft.add_revision if part == "changes" else draft.add_relation
        for link in filter(None, map(only_link, list_items(body))):
            add(link.label, link.target, link.tail)


def _read_front(text: str, draft: Draft) -> None:
    for match in _FORMATS_LINE.finditer(text):
        if match[1].casefold() in FORMATS:
            draft.formats += [link.target.strip() for link in find_links(match[2])]


def _whole_link(title: str) -> Link | None:
    link = only_link(title) if title.startswith("[") else None
    return link if link and not link.tail.strip() else None


def _read_day(title: str, draft: Draft) -> bool:
    match = DATE.search(title)
    if match is None:
        return False
    draft.date = match[0]
    link = only_link(title)
    draft.day_url = link.target.strip() if link else None
    return True


def _read_source(item: str, draft: Draft, definitions: dict[str, str]) -> None:
    links = find_links(item) or find_other_links(item, definitions)
    if not links:
        draft.line_without_link(item)
        return
    source: str | None = None
    for link in links:
        cover = link.is_image or is_cover(link.label)
        draft.links.append(CitedLink(link.label, link.target, cover, source if cover else None))
        source = source if cover else link.target


def list_items(body: str) -> list[str]:
    """Return the items of a list without their markers; lines that go on are joined to theirs."""
    items: list[list[str]] = []
    after_blank = True
    for line in body.split("\n"):
        marker = _MARKER.match(line)
        text = line[marker.end() :] if marker else line.strip()
        if marker or (text and (after_blank or text.startswith(_OWN_LINE))):
            items.append([text])
        elif text:
            items[-1].append(text)
        after_blank = not text and not marker
    joined = ("\n".join(lines) for lines in items)
    return [item for item in joined if item.strip()]


def _part_context(draft: Draft) -> None:
    """Move a ``_Context: a, b_`` line out of the summary."""
    text = "".join(draft.summary)
    if "_" not in text:
        return
    kept: list[str] = []
    for line in text.split("\n"):
        context = context_in(line) if line.lstrip().startswith("_") else None
        if context and draft.context is None:
            draft.context = context
        else:
            kept.append(f"{line}\n")
    draft.summary = kept

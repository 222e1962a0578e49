"""Reader of a day's page: the entries that it lists, and the days before and after."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from crawler.dates import parse_day
from crawler.entries.drafts import DATE, day_of_address, is_on_site, is_web_address
from crawler.entries.headings import NEXT, NEXT_ARROWS, PREVIOUS, PREVIOUS_ARROWS
from crawler.entries.html_blocks import Block, Element
from crawler.entries.identity import DAY_STEMS, FORMAT_SUFFIX
from crawler.entries.links import find_links
from crawler.entries.markdown import headings_of
from crawler.entries.text import clean
from crawler.errors import BadDate, NothingFound
from crawler.items import DayIndex

_DAY_FOLDER = re.compile(r"/\d{4}/\d{1,2}/\d{1,2}/?$")


class DayLink(NamedTuple):
    """A link in a page that may be a day's index."""

    label: str
    target: str
    rel: str = ""


def names_day_page(locator: str) -> bool:
    """Whether a path or URL is that of a day's index: README.md, index.html, …/2017/03/4/."""
    path = _path_of(locator)
    return _stem(path) in DAY_STEMS or bool(_DAY_FOLDER.search(path))


def markdown_day_links(text: str) -> list[DayLink]:
    """Return every inline link of a Markdown page."""
    found = (link for line in text.split("\n") if "](" in line for link in find_links(line))
    return [DayLink(link.label, link.target.strip()) for link in found]


def html_day_links(root: Element, blocks: Sequence[Block]) -> list[DayLink]:
    """Return every link of an HTML page, those of its head (rel=prev, rel=next) first."""
    head = [
        DayLink("", (link.get("href") or "").strip(), (link.get("rel") or "").casefold())
        for link in root.iter("link")
    ]
    links = (link for block in blocks for link in block.links if link.is_anchor)
    return head + [DayLink(link.label, link.href.strip(), link.rel) for link in links]


def markdown_day(text: str) -> str | None:
    """Return the date in the first heading of a page that has one, as written; else None."""
    return next((match[0] for match in map(DATE.search, headings_of(text)) if match), None)


def html_day(blocks: Sequence[Block]) -> str | None:
    """Return the date in the first heading of a page that has one, as written; else None."""
    titles = (block.text for block in blocks if block.level is not None)
    return next((match[0] for match in map(DATE.search, titles) if match), None)


def read_day(
    links: Iterable[DayLink], written: str | None, locator: str, base: str | None
) -> DayIndex:
    """Return the day's index. Raises NothingFound when no link is an entry's or another day's."""
    kept = [link for link in links if link.target and _is_own(link.target, base)]
    date = _date(written, locator, kept)
    entries = _entries(kept, date)
    days = _other_days(kept, date)
    previous = _neighbour(kept, "prev", PREVIOUS, PREVIOUS_ARROWS)
    following = _neighbour(kept, "next", NEXT, NEXT_ARROWS)
    if date:
        previous = previous or max((d for d in days if d[0] < date), default=(None, None))[1]
        following = following or min((d for d in days if d[0] > date), default=(None, None))[1]
    if not (entries or previous or following):
        raise NothingFound(locator, "a day's index, but it lists no entry and no other day")
    return DayIndex(locator, date, entries, previous, following)


def _is_own(target: str, base: str | None) -> bool:
    """Whether an address lies on the page's own site: relative, or on the host of its base."""
    if not (is_web_address(target) or target.startswith("//")):
        return ":" not in target.partition("/")[0]
    return is_on_site(target, base)


def _date(written: str | None, locator: str, links: Sequence[DayLink]) -> str | None:
    try:
        if written:
            return parse_day(written)
    except BadDate:
        pass  # the address may tell it still
    own = day_of_address(_path_of(locator).rstrip("/") + "/")
    if own:
        return own
    days = {day for link in links if _slug(link.target) and (day := _day(link.target))}
    return days.pop() if len(days) == 1 else None


def _entries(links: Sequence[DayLink], date: str | None) -> tuple[str, ...]:
    """Return the addresses of the day's entries, the first one of each in its formats."""
    found: dict[str, str] = {}
    for link in links:
        slug, day = _slug(link.target), _day(link.target)
        same_day = day == date if day and date else day is not None
        beside = day is None and link.target.removeprefix("./").count("/") == 0
        has_suffix = bool(FORMAT_SUFFIX.search(_path_of(link.target)))
        if slug and (same_day or (beside and has_suffix)):
            found.setdefault(slug, link.target)
    return tuple(found.values())


def _other_days(links: Sequence[DayLink], date: str | None) -> list[tuple[str, str]]:
    pairs = ((_day(link.target), link) for link in links if not _slug(link.target))
    return [(day, link.target) for day, link in pairs if day and day != date]


def _neighbour(links: Sequence[DayLink], rel: str, words: Sequence[str], arrows: str) -> str | None:
    for link in links:
        if {rel, f"{rel}ious"} & set(link.rel.split()) or _points(link.label, words, arrows):
            return link.target
    return None


def _points(label: str, words: Sequence[str], arrows: str) -> bool:
    text = clean(label).strip(" *_").casefold()
    if not text or len(text) > 30:  # a headline may begin with "Next"
        return False
    if text[0] in arrows or text[-1] in arrows:
        return True
    return any(re.match(rf"{word}(?![a-z])", text) for word in words)


def _path_of(locator: str) -> str:
    if not is_web_address(locator):
        return "/" + locator.replace("\\", "/").partition("#")[0].partition("?")[0]
    try:
        return urlsplit(locator).path
    except ValueError:
        return locator


def _stem(path: str) -> str:
    return FORMAT_SUFFIX.sub("", path.rpartition("/")[2]).casefold()


def _day(target: str) -> str | None:
    return day_of_address(_path_of(target).rstrip("/") + "/")


def _slug(target: str) -> str:
    """Return the last part of an entry's address without its format; empty for a day's."""
    path = _path_of(target)
    if _DAY_FOLDER.search(path) or path.endswith("/"):
        return ""
    stem = _stem(path)
    return "" if stem in DAY_STEMS else stem

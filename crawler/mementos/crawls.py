"""Archives that are crawled anew each month, with an index for each crawl: Common Crawl's shape.

The list of the crawls (``collinfo.json``) names each with the address of its CDX server and, of
most, from when to when it went.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, zip_longest
from typing import Any, Final

from crawler.dates import parse_instant
from crawler.errors import BadDate, UrlError
from crawler.mementos.choosing import Cited
from crawler.urls import parse_url, same_site

CRAWLS_MAX: Final = 6  # that are asked for one source: three before its citation, three after
# CC-MAIN-2024-10 began in the tenth week of 2024 and took about two.
_NAMED_BY_WEEK = re.compile(r"[A-Z-]+-(\d{4})-(\d{2})")
_NAMED_BY_YEARS = re.compile(r"[A-Z-]+-(\d{4})(?:-(\d{4}))?")
_TAKES: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Crawl:
    """One crawl of an archive."""

    id: str
    index: str  # address of its CDX server
    begins_at: datetime
    ends_at: datetime

    def distance(self, cited: Cited) -> timedelta:
        """Return how far it was from a citation; nothing when it went on then."""
        return max(self.begins_at - cited.ends_at, cited.begins_at - self.ends_at, timedelta())


def crawls_of(text: str, listed_at: str) -> tuple[Crawl, ...] | None:
    """Return the crawls that a list names; None: it is no such list.

    ``listed_at`` is the address of the list: an index on another site is not asked. A crawl that
    tells neither its dates nor a name with them is passed over.
    """
    try:
        rows: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return None
    found = (_crawl(row, listed_at) for row in rows)
    return tuple(crawl for crawl in found if crawl is not None)


def _crawl(row: dict[str, Any], listed_at: str) -> Crawl | None:
    name, address = str(row.get("id", "")), str(row.get("cdx-api", ""))
    span = _told(row.get("from"), row.get("to")) or _named(name)
    try:
        index = parse_url(address)
        if span is None or not same_site(index, listed_at):
            return None
    except UrlError:
        return None
    return Crawl(name, index, *span)


def _told(begins: object, ends: object) -> tuple[datetime, datetime] | None:
    try:
        return parse_instant(str(begins)), parse_instant(str(ends))
    except BadDate:
        return None


def _named(name: str) -> tuple[datetime, datetime] | None:
    """Return when a crawl went by its name."""
    try:
        if week := _NAMED_BY_WEEK.fullmatch(name):
            begins = datetime.fromisocalendar(int(week[1]), int(week[2]), 1).replace(tzinfo=UTC)
            return begins, begins + _TAKES
        if years := _NAMED_BY_YEARS.fullmatch(name):
            first, last = int(years[1]), int(years[2] or years[1])
            return datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)
    except ValueError:  # no such week
        return None
    return None


def nearest_crawls(
    crawls: Iterable[Crawl], cited: Cited, *, at_most: int = CRAWLS_MAX
) -> tuple[Crawl, ...]:
    """Return the crawls nearest to a citation, before it and after it in turn."""
    ordered = sorted(crawls, key=lambda crawl: (crawl.distance(cited), crawl.id))
    before = [crawl for crawl in ordered if crawl.begins_at < cited.ends_at]
    after = [crawl for crawl in ordered if crawl.begins_at >= cited.ends_at]
    in_turn = chain.from_iterable(zip_longest(before, after))
    return tuple(crawl for crawl in in_turn if crawl is not None)[:at_most]

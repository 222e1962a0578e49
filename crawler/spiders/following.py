"""Where the `entries` spider goes from a page: a pure decision on links, depth and dates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from crawler.dates import day_in_path
from crawler.errors import UrlError
from crawler.items import DayIndex, Entry
from crawler.urls import parse_url, same_site


@dataclass(frozen=True, slots=True)
class Scope:
    """How far to follow. Dates are calendar dates, inclusive; None: open."""

    site: str  # the input's URL; only its host is followed
    depth: int = 0
    since: str | None = None
    until: str | None = None

    @classmethod
    def of(cls, site: str, options: Mapping[str, str]) -> Self:
        """Build the scope of an input from its options as they lie in the ledger."""
        depth = int(options.get("depth", "0"))
        return cls(site, depth, options.get("since"), options.get("until"))

    @property
    def bounded(self) -> bool:
        """A range of days was asked for: neighbouring days are followed to its ends."""
        return self.since is not None or self.until is not None

    def covers(self, url: str, listed_on: str | None = None) -> bool:
        """Tell whether a URL is on the site, and the day that it or a feed names in the range."""
        day = day_in_path(url) or listed_on
        if day and ((self.since and day < self.since) or (self.until and day > self.until)):
            return False
        return same_site(url, self.site)


@dataclass(frozen=True, slots=True)
class Step:
    """A page to fetch next, and at which depth it stands."""

    url: str
    depth: int
    listed_on: str | None = None  # the day that a feed names for it


def next_steps(page: Entry | DayIndex, url: str, depth: int, scope: Scope) -> Iterator[Step]:
    """Yield where to go from a page that stands at ``depth``, within the scope.

    A day index leads to its entries at its own depth: it is only their list. Its neighbours cost
    no depth inside a range of dates, which bounds them; every other link costs one.
    """
    days = _days(page)
    for target, cost in _links(page, scope):
        if depth + cost > scope.depth:
            continue
        try:
            absolute = parse_url(target, url)
        except UrlError:
            continue
        if scope.covers(absolute, days.get(target)):
            yield Step(absolute, depth + cost, days.get(target))


def _days(page: Entry | DayIndex) -> dict[str, str]:
    """Return the days that a feed names, by the links as written."""
    if not isinstance(page, DayIndex) or not page.entry_dates:
        return {}
    pairs = zip(page.entry_urls, page.entry_dates, strict=True)
    return {link: day for link, day in pairs if day is not None}


def _links(page: Entry | DayIndex, scope: Scope) -> Iterator[tuple[str, int]]:
    """Yield (link as written, its cost in depth)."""
    if isinstance(page, DayIndex):
        yield from ((link, 0) for link in page.entry_urls)
        neighbours = (page.previous_url, page.next_url)
        yield from ((link, 0 if scope.bounded else 1) for link in neighbours if link)
        return
    if page.day_url:
        yield page.day_url, 1
    yield from ((relation.url, 1) for relation in page.relations)

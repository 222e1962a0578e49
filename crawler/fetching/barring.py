"""The middleware that asks nothing of barred places: no page, no robots.txt, no redirect's target.

It stands at 60, above robots.txt (100): of a place that is never fetched not even that is asked.
Each hop passes it, because a redirect is a request of its own. The control URLs ask it themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy import Request
from scrapy.exceptions import IgnoreRequest

from crawler.urls.places import Place

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class PlaceBarred(IgnoreRequest):
    """A person wants nothing fetched from the place that a URL lies in."""

    def __init__(self, place: Place) -> None:
        super().__init__(f"{place} is barred: it is never fetched")
        self.place = place


class BarringMiddleware:
    """Lets no request pass that leads to a barred place."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it for a crawler, as Scrapy asks."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Let a request pass, a web archive's copy of a barred page no more than the page itself.

        Raises PlaceBarred.
        """
        refuse_barred(self._crawler, request.url)


def refuse_barred(crawler: Crawler, url: str) -> None:
    """Raise PlaceBarred for a URL in a place that the spider's archive bars."""
    session = getattr(crawler.spider, "session", None)
    place = session.archive.barring.holding(url) if session is not None else None
    if place is not None:
        raise PlaceBarred(place)

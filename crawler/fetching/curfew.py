"""The end of a run: what is under way is finished, and what only waits is put off.

Scrapy would send all that it has taken in, at the pace of each host. Sixteen requests at five
seconds are more than a minute after the time of a run is up, or after it was asked to stop.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from scrapy import Request, signals

from crawler.fetching.run.visits import Visit
from crawler.fetching.wire.handler import PutOff

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

LOOK_EVERY_S = 0.5


class RunIsOver(PutOff):
    """The time of the run is up, or it was asked to stop. Nothing was sent."""


class CurfewMiddleware:
    """Puts off the visits that have not begun when a run comes to its end.

    It stands above all others (50): not even a robots.txt is asked for them.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._watching: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it for a crawler, as Scrapy asks."""
        middleware = cls(crawler)
        crawler.signals.connect(middleware._opened, signals.spider_opened)
        crawler.signals.connect(middleware._closed, signals.spider_closed)
        return middleware

    def process_request(self, request: Request) -> None:
        """Let a request pass. Raises RunIsOver for one that would begin a visit too late."""
        if _begins_a_visit(request) and self._is_over():
            raise RunIsOver("the run is over")

    def _opened(self) -> None:
        self._watching = asyncio.ensure_future(self._watch())

    def _closed(self) -> None:
        if self._watching is not None:
            self._watching.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self._is_over():
                self._put_off_waiting()

    def _is_over(self) -> bool:
        session = getattr(self._crawler.spider, "session", None)
        if session is not None and session.budget.seconds_left <= 0:
            return True
        slot = getattr(self._crawler.engine, "_slot", None)  # Scrapy 2.19 tells it nowhere else
        return slot is not None and slot.closing is not None

    def _put_off_waiting(self) -> None:
        """Fail the requests that wait for their host's turn, where they would begin a visit."""
        assert self._crawler.engine is not None
        for slot in self._crawler.engine.downloader.slots.values():
            waiting = [pair for pair in slot.queue if _begins_a_visit(pair[0])]
            for pair in waiting:
                slot.queue.remove(pair)
                pair[1].errback(RunIsOver("the run is over"))


def _begins_a_visit(request: Request) -> bool:
    """Tell whether a request is the first of its visit: no retry, redirect, robots.txt or check."""
    visit: Visit | None = request.meta.get("visit")
    return visit is not None and not visit.hops

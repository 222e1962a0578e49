"""What the spiders share that ask web archives, and some sources at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Self, TypeVar

from scrapy.crawler import Crawler

from crawler.fetching.ranges import guard_ranges
from crawler.fetching.run.visits import Visit, visit_request
from crawler.mementos.registry import WebArchive, archives_of
from crawler.rescue import Archives
from crawler.rescue.asking import Interrupted
from crawler.spiders.stepwise import StepwiseSpider

T = TypeVar("T")
R = TypeVar("R")

SOURCES_AT_ONCE = 4  # while one is being read, others are fetched


class AskingSpider(StepwiseSpider):
    """Sends requests one by one, and waits for each."""

    # Each archive has its own pace, which holds across runs: crawler/rescue/asking.py.
    custom_settings = {"DOWNLOAD_DELAY": 0, "CONCURRENT_REQUESTS_PER_DOMAIN": SOURCES_AT_ONCE}  # noqa: RUF012

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Build the spider, with a guard against files that come whole for a range."""
        guard_ranges(crawler)
        return super().from_crawler(crawler, *args, **kwargs)

    def archives(self, lines: Iterable[str]) -> Archives:
        """Return the archives that these lines name, to be asked by this spider. No barred ones."""
        patience_s = self.settings.getfloat("SOURCEKEEP_WAIT_MAX_S")
        holding = self.session.archive.barring.holding
        known = [
            archive
            for archive in archives_of(lines)
            if all(holding(address) is None for address in archive.addresses)
        ]
        return Archives(known, self.session, self._ask, patience_s=patience_s)

    async def work_off(
        self, due: Iterable[T], step: Callable[[T], Awaitable[R]], done: list[R]
    ) -> None:
        """Take the step for all that is due, some at a time, as long as the session lets us.

        Where a step raises, no further one is begun; those under way come to their ends, which are
        written, before it is raised here. One that is interrupted leaves no end: it stays due.
        """
        waiting = iter(due)
        faults: list[Exception] = []

        async def one_after_the_other() -> None:
            for each in waiting:
                if faults or not self.may_go_on:
                    return
                try:
                    done.append(await step(each))
                except Interrupted:
                    return
                except Exception as exc:  # noqa: BLE001 - raised below
                    faults.append(exc)

        await asyncio.gather(*(one_after_the_other() for _ in range(SOURCES_AT_ONCE)))
        if faults:
            raise faults[0]

    async def _ask(
        self, visit: Visit, archive: WebArchive, headers: Mapping[str, str], form: bytes | None
    ) -> None:
        """Send one request. Redirects are read, not followed: they may lead out of the archive."""
        request = visit_request(visit, None, None)
        if form is not None:
            request = request.replace(method="POST", body=form)
        request.headers.update(headers)
        request.meta.update(
            dont_redirect=True,
            dont_retry=True,  # an archived 503 is a memento
            dont_obey_robotstxt=not archive.obeys_robots,
        )
        await self.send(visit, request)

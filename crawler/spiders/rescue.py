"""The `rescue` spider: asks web archives for the sources that need another's copy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from scrapy import Request

from crawler.fetching.handler import PutOff
from crawler.fetching.visits import Visit, unsent_hop, visit_request
from crawler.mementos.registry import WebArchive, archives_of
from crawler.rescue import Archives, Conductor, Homecoming
from crawler.spiders.archive_spider import ArchiveSpider

SOURCES_AT_ONCE = 4  # while one is being read, others are fetched


class RescueSpider(ArchiveSpider):
    """Brings home what is due, or the sources that are named."""

    name = "rescue"
    # Each archive has its own pace, which holds across runs: crawler/rescue/asking.py.
    custom_settings = {"DOWNLOAD_DELAY": 0, "CONCURRENT_REQUESTS_PER_DOMAIN": SOURCES_AT_ONCE}  # noqa: RUF012

    def __init__(
        self,
        sources: Sequence[int] = (),
        limit: int | None = None,
        homecomings: list[Homecoming] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._sources, self._limit = sources, limit
        self.homecomings = homecomings if homecomings is not None else []

    async def start(self) -> AsyncIterator[Request]:
        """Work the queue off; nothing is yielded, because each answer decides the next request."""
        self.stop_when_lost()
        await self._work()
        return
        yield

    async def _work(self) -> None:
        settings, session = self.settings, self.session
        archives = Archives(
            archives_of(settings.getlist("SOURCEKEEP_RESCUE_ARCHIVES")),
            session,
            self._ask,
            patience_s=settings.getfloat("SOURCEKEEP_WAIT_MAX_S"),
        )
        conductor = Conductor(
            session, archives, fetches_max=settings.getint("SOURCEKEEP_RESCUE_FETCHES")
        )
        limit = self._limit or settings.getint("SOURCEKEEP_RESCUE_MAX")
        now = session.clock.now()
        due = session.archive.rescuing.due(now, limit, self._sources) if limit else []
        waiting = iter(due)
        await asyncio.gather(
            *(self._rescue_each(conductor, waiting) for _ in range(SOURCES_AT_ONCE))
        )

    async def _rescue_each(self, conductor: Conductor, waiting: Any) -> None:
        for source in waiting:
            if not self.session.is_open or self.session.budget.seconds_left <= 0:
                return
            self.homecomings.append(await conductor.bring_home(source))

    async def _ask(self, visit: Visit, archive: WebArchive, headers: Mapping[str, str]) -> None:
        """Send one request. Redirects are read, not followed: they may lead out of the archive."""
        request = visit_request(visit, None, None)
        request.headers.update(headers)
        request.meta.update(
            dont_redirect=True,
            dont_retry=True,  # an archived 503 is a memento
            dont_obey_robotstxt=not archive.obeys_robots,
        )
        assert self.crawler.engine is not None
        try:
            await self.crawler.engine.download_async(request)
        except PutOff:
            visit.put_off = True
        except Exception as exc:  # noqa: BLE001 - whatever it is becomes a row
            if visit.last is None:
                visit.hops.append(unsent_hop(visit, exc, self.session.clock))

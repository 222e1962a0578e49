"""The `sources` spider: visits what is due."""

from __future__ import annotations

from collections.abc import AsyncIterator

from scrapy import Request

from crawler.fetching.run.leasing import Leases
from crawler.fetching.run.visits import Visit, let_go_of_bodies
from crawler.spiders.archive_spider import ArchiveSpider


class SourcesSpider(ArchiveSpider):
    """Begins the visits that the leases give, and hands each to the archive at its end."""

    name = "sources"
    leases: Leases

    async def start(self) -> AsyncIterator[Request]:
        """Yield a request for each due source, as hosts become free, until nothing is due."""
        self.stop_when_lost()
        self.session.resume()
        self.leases = Leases(
            self.session,
            delay_s=self.settings.getfloat("DOWNLOAD_DELAY"),
            patience_s=self.settings.getfloat("SOURCEKEEP_WAIT_MAX_S"),
        )
        while self.session.lost is None:
            for visit in self.leases.begin():
                yield self._request(visit)
            if await self.leases.more_to_come():
                continue
            if not await self.session.something_was_read():
                return

    def _request(self, visit: Visit) -> Request:
        source = visit.source
        assert source is not None
        validators = self.session.validators_of(source) if visit.purpose == "source" else ()
        return self.visit(visit, self._visited, *validators)

    def _visited(self, visit: Visit) -> None:
        if visit.hops:  # none: the host asked for rest while the request waited
            self.session.keep_visit(visit)
            let_go_of_bodies(visit)
        self.leases.ended(visit)

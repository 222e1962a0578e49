"""The `moved` spider: looks for pages that are gone at other addresses of their hosts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from scrapy import Request

from crawler.fetching.handler import PutOff
from crawler.fetching.visits import Visit, unsent_hop, visit_request
from crawler.rescue.moving import Mover, Proposal
from crawler.spiders.archive_spider import ArchiveSpider


class MovedSpider(ArchiveSpider):
    """Asks the hosts themselves, one request at a time: by their robots.txt, at their pace."""

    name = "moved"

    def __init__(
        self,
        sources: Sequence[int] = (),
        limit: int = 0,
        proposals: list[Proposal] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._sources, self._limit = sources, limit
        self.proposals = proposals if proposals is not None else []

    async def start(self) -> AsyncIterator[Request]:
        """Look for each; nothing is yielded, because each answer decides the next request."""
        self.stop_when_lost()
        mover = Mover(self.session, self._visit)
        for missing in self.session.archive.relocations.missing(self._limit, self._sources):
            if not self.session.is_open or self.session.budget.seconds_left <= 0:
                break
            self.proposals += await mover.look_for(missing)
        return
        yield

    async def _visit(self, visit: Visit) -> None:
        """Send a request and follow its redirects, as of any visit."""
        assert self.crawler.engine is not None
        try:
            await self.crawler.engine.download_async(visit_request(visit, None, None))
        except PutOff:
            visit.put_off = True
        except Exception as exc:  # noqa: BLE001 - whatever it is becomes a row
            if visit.last is None:
                visit.hops.append(unsent_hop(visit, exc, self.session.clock))

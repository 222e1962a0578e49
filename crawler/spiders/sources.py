"""The `sources` spider: visits what is due."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scrapy import Request

from crawler.archive import HostLease
from crawler.fetching.visits import Visit
from crawler.spiders.archive_spider import ArchiveSpider

WORKER = "local"
LEASE_TTL = timedelta(seconds=60)
HOSTS_AT_ONCE = 64  # below about 40 active hosts politeness is the limit, not the machine
SOURCES_PER_LEASE = 20  # what a killed run may have to ask again, and what waits in memory
MAX_OUTSTANDING = 256


@dataclass(slots=True)
class _LeasedHost:
    """A host at which visits are under way."""

    lease: HostLease
    waiting: int
    delay_s: float
    last_began: datetime | None = None


class SourcesSpider(ArchiveSpider):
    """Leases hosts that have due sources, visits these, and hands each visit to the archive."""

    name = "sources"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hosts: dict[str, _LeasedHost] = {}
        self._finished = asyncio.Event()

    async def start(self) -> AsyncIterator[Request]:
        """Yield a request for each due source, as hosts become free, until nothing is due."""
        self.stop_when_lost()
        self.session.extraction.feed()  # what an interrupted run left
        while self.session.lost is None:
            for lease in self._lease():
                for request in self._requests(lease):
                    yield request
            if not await self._more_to_come():
                return

    def _lease(self) -> list[HostLease]:
        waiting = sum(host.waiting for host in self._hosts.values())
        hosts = min(HOSTS_AT_ONCE - len(self._hosts), MAX_OUTSTANDING - waiting)
        if hosts <= 0 or self.session.budget_left <= 0:
            return []
        per_host = int(min(SOURCES_PER_LEASE, self.session.budget_left))
        return self.session.archive.frontier.lease(
            WORKER, hosts=hosts, per_host=per_host, ttl=LEASE_TTL, now=self._now()
        )

    def _requests(self, lease: HostLease) -> Iterator[Request]:
        due = lease.due[: self.session.take_budget(len(lease.due))]
        if not due:
            self.session.archive.frontier.release(lease)
            return
        delay_s = self.settings.getfloat("DOWNLOAD_DELAY")
        self._hosts[lease.host] = _LeasedHost(lease, len(due), delay_s)
        for source in due:
            validators = {
                "If-None-Match": source.etag,
                "If-Modified-Since": source.last_modified,
            }
            yield self.visit(Visit("source", source.url, source, lease), self._visited, validators)

    def _visited(self, visit: Visit) -> None:
        if visit.hops:
            self.session.keep_visit(visit)
        assert visit.lease is not None
        host = self._hosts[visit.lease.host]
        host.waiting -= 1
        host.delay_s = max(host.delay_s, visit.crawl_delay_s or 0.0)
        if visit.last is not None:
            elapsed = timedelta(milliseconds=visit.last.elapsed_ms or 0)
            host.last_began = self._now() - elapsed
        if not host.waiting:
            self._release(self._hosts.pop(visit.lease.host))
        self._finished.set()

    def _release(self, host: _LeasedHost) -> None:
        """Give a host back; its next visit, in whatever run, keeps the distance."""
        if self.session.lost is not None:
            return
        next_at = None
        if host.delay_s >= 1 and host.last_began is not None:  # instants are whole seconds
            next_at = host.last_began + timedelta(seconds=host.delay_s)
        self.session.archive.frontier.release(host.lease, next_at=next_at, delay_s=host.delay_s)

    async def _more_to_come(self) -> bool:
        """Wait for the end of a visit or for a host that must wait; False: nothing is left."""
        wait_s = self._wait_for_a_host()
        if self._hosts:
            await self._something_finished(wait_s)
            return True
        patience_s = self.settings.getfloat("SOURCEKEEP_WAIT_MAX_S")
        if wait_s > min(patience_s, self.session.seconds_left):
            return False
        await asyncio.sleep(wait_s)
        return True

    def _wait_for_a_host(self) -> float:
        """How long until a host that is due may be visited; infinite when none waits for that."""
        if self.session.budget_left <= 0 or len(self._hosts) >= HOSTS_AT_ONCE:
            return math.inf
        free_at = self.session.archive.frontier.next_free_at(self._now())
        return math.inf if free_at is None else max((free_at - self._now()).total_seconds(), 0.05)

    async def _something_finished(self, at_most_s: float) -> None:
        """Wait for the end of a visit; meanwhile keep the leases alive."""
        self._finished.clear()
        try:
            async with asyncio.timeout(min(at_most_s, LEASE_TTL.total_seconds() / 3)):
                await self._finished.wait()
        except TimeoutError:
            leases = [host.lease for host in self._hosts.values()]
            self.session.archive.frontier.extend(WORKER, leases, ttl=LEASE_TTL, now=self._now())

    def _now(self) -> datetime:
        return self.session.clock.now()

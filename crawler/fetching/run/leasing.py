"""The hosts that a run has leased: which visits to begin, and when a host is given back."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from crawler.archive import DueSource, HostLease
from crawler.fetching.run.session import Session
from crawler.fetching.run.visits import Visit
from crawler.fetching.wire.handler import HostRests

T = TypeVar("T")

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


class Leases:
    """The leased hosts of one run."""

    def __init__(self, session: Session, *, delay_s: float, patience_s: float) -> None:
        self._session = session
        self._delay_s = delay_s
        self._patience_s = patience_s  # how long to wait for hosts that asked for rest
        self._hosts: dict[str, _LeasedHost] = {}
        self._due_again: list[datetime] = []  # when what was put off is due
        self._ended = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> Iterator[Visit]:
        """Lease what is free and yield the visits that are due there, as far as the run may go.

        All that is leased counts as held from the first visit on: Scrapy may come for the last one
        a minute later, and a lease that nobody had kept alive would be given out again meanwhile.
        """
        held: list[tuple[HostLease, tuple[DueSource, ...]]] = []
        for lease in self._lease():
            due = lease.due[: self._session.budget.take_at(lease.host, len(lease.due))]
            if not due:
                self._give_back(lease)
                continue
            self._hosts[lease.host] = _LeasedHost(lease, len(due), self._delay_s)
            held.append((lease, due))
        if held:
            self._keep_alive_later()
        for lease, due in held:
            for source in due:
                if source.probe_url:
                    yield Visit("control", source.probe_url, source, lease)
                else:
                    yield Visit("source", source.url, source, lease)

    def _lease(self) -> list[HostLease]:
        waiting = sum(host.waiting for host in self._hosts.values())
        hosts = min(HOSTS_AT_ONCE - len(self._hosts), MAX_OUTSTANDING - waiting)
        if hosts <= 0 or self._session.budget.visits_left <= 0:
            return []
        per_host = int(min(SOURCES_PER_LEASE, self._session.budget.visits_left))
        frontier = self._session.archive.frontier
        leases = self._write(
            lambda: frontier.lease(
                WORKER, hosts=hosts, per_host=per_host, ttl=LEASE_TTL, now=self._now()
            )
        )
        return leases or []

    def ended(self, visit: Visit) -> None:
        """Count a visit off; with its last one a host is given back."""
        assert visit.lease is not None  # visits to sources have one
        host = self._hosts[visit.lease.host]
        host.waiting -= 1
        host.delay_s = max(host.delay_s, visit.crawl_delay_s or 0.0)
        if visit.last is not None:
            host.last_began = self._now() - timedelta(milliseconds=visit.last.elapsed_ms or 0)
        self._put_off(visit, visit.lease)
        if not host.waiting:
            self._release(self._hosts.pop(visit.lease.host))
        self._ended.set()

    def _put_off(self, visit: Visit, lease: HostLease) -> None:
        """Leave a source alone for as long as the other host rests to which it redirects.

        Its own host is free, so that it would be asked again at once, and again.
        """
        rest, source = visit.put_off, visit.source
        if source is None or not isinstance(rest, HostRests) or rest.host == lease.host:
            return
        until, reason = rest.until, f"put off: {rest.host}, where it leads, {rest.why}"
        frontier = self._session.archive.frontier
        self._write(lambda: frontier.put_off(lease, source.id, until, reason))
        self._due_again.append(until)

    def _release(self, host: _LeasedHost) -> None:
        """Give a host back; its next visit, in whatever run, keeps the distance."""
        next_at = None
        if host.delay_s >= 1 and host.last_began is not None:  # instants are whole seconds
            next_at = host.last_began + timedelta(seconds=host.delay_s)
        self._give_back(host.lease, next_at, host.delay_s)

    def _leave_if_spent(self, host: str) -> None:
        """Ask for no more of a host to which the run has made all the visits that it may."""
        if self._session.budget.is_spent_at(host):
            self._session.archive.frontier.leave(host)

    def _give_back(
        self, lease: HostLease, next_at: datetime | None = None, delay_s: float | None = None
    ) -> None:
        self._leave_if_spent(lease.host)
        frontier = self._session.archive.frontier
        self._write(lambda: frontier.release(lease, next_at=next_at, delay_s=delay_s))

    async def more_to_come(self) -> bool:
        """Wait for the end of a visit or for a host that must wait; False: nothing is left."""
        wait_s = self._wait_for_a_host()
        if self._hosts:
            await self._something_ended(wait_s)
            return True
        if wait_s > min(self._patience_s, self._session.budget.seconds_left):
            return False
        await asyncio.sleep(wait_s)
        return True

    def _wait_for_a_host(self) -> float:
        """How long until a host that is due may be visited; infinite when none waits for that."""
        if self._session.budget.visits_left <= 0 or len(self._hosts) >= HOSTS_AT_ONCE:
            return math.inf
        now = self._now()
        free_at = self._session.archive.frontier.next_free_at(now)
        self._due_again = [at for at in self._due_again if at > now]
        waits_s = [(at - now).total_seconds() for at in (free_at, *self._due_again) if at]
        return max(min(waits_s, default=math.inf), 0.05)

    async def _something_ended(self, at_most_s: float) -> None:
        """Wait for the end of a visit."""
        self._ended.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(None if math.isinf(at_most_s) else at_most_s):
                await self._ended.wait()

    def _keep_alive(self) -> None:
        """Extend the leases three times before they would end.

        By a timer: Scrapy asks for further visits only when it has room for them, and 20 visits at
        5 s take longer than a lease. A host whose lease has ended would be leased and asked again.
        """
        self._timer = None
        if self._hosts and self._session.is_open:
            leases = [host.lease for host in self._hosts.values()]
            frontier = self._session.archive.frontier
            self._write(lambda: frontier.extend(WORKER, leases, ttl=LEASE_TTL, now=self._now()))
            self._keep_alive_later()

    def _keep_alive_later(self) -> None:
        if self._timer is None:
            later_s = LEASE_TTL.total_seconds() / 3
            self._timer = asyncio.get_running_loop().call_later(later_s, self._keep_alive)

    def _write(self, step: Callable[[], T]) -> T | None:
        return self._session.writes.write(step, by_the_way=True)

    def _now(self) -> datetime:
        return self._session.clock.now()

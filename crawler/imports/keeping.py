"""Writing what files hold into the archive, in groups that share a commit."""

from __future__ import annotations

import time

from crawler.archive import Archive
from crawler.fetching.run.clock import Clock
from crawler.imports.chains import Visit
from crawler.imports.counts import Counts
from crawler.imports.ours import Exchange
from crawler.imports.rescued import take_home

# One fdatasync serves a group, as in a crawl.
GROUP_MAX_VISITS, GROUP_MAX_SECONDS = 64, 0.5


class Keeping:
    """What one run of an import writes, and counts."""

    def __init__(self, archive: Archive, run: int, clock: Clock, counts: Counts) -> None:
        self._archive, self._run, self._clock, self._counts = archive, run, clock, counts
        self._touched: set[int] = set()
        self._in_group, self._group_began = 0, time.monotonic()

    @property
    def sources(self) -> int:
        """To how many sources something was added."""
        return len(self._touched)

    def keep(self, visit: Visit) -> None:
        """Write a visit, unless it is held; its earlier hops may be."""
        if self._archive.supplying.is_forgotten(visit.source):
            self._counts.forgotten += len(visit.hops)
            return
        evidence = self._archive.evidence
        hops = [hop for hop in visit.hops if not evidence.holds(hop.uid)]
        self._counts.known += len(visit.hops) - len(hops)
        if not hops:
            return
        with self._archive.writing():
            kept = evidence.record(
                self._run, visit.source, hops, origin=visit.origin,
                visit=visit.name or visit.hops[0].uid,
            )  # fmt: skip
            self._archive.supplying.supplied(visit.source, hops[0].fetched_at)
        captures = len([capture for capture in kept.captures if capture])
        self._counts.captures += captures
        self._counts.attempts += len(kept.captures) - captures
        self._touched.add(visit.source)
        self._kept()

    def keep_rescued(self, source: int, exchange: Exchange) -> None:
        """Write what a web archive gave, apart from our own captures."""
        done = take_home(self._archive, self._run, source, exchange, now=self._clock.now())
        if done == "new":
            self._counts.captures += 1
            self._counts.rescued += 1
            self._touched.add(source)
            self._kept()
        elif done == "forgotten":
            self._counts.forgotten += 1
        elif done == "known":
            self._counts.known += 1
        else:
            self._counts.rescued_known += 1

    def _kept(self) -> None:
        """Commit with each so many visits, or after a while."""
        self._in_group += 1
        if (
            self._in_group >= GROUP_MAX_VISITS
            or time.monotonic() - self._group_began > GROUP_MAX_SECONDS
        ):
            self._archive.connection.commit()
            self._in_group, self._group_began = 0, time.monotonic()

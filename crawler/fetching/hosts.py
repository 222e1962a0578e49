"""What a run comes to know of hosts: which want to be left alone, and what their clocks say."""

from __future__ import annotations

import statistics
from collections import Counter
from datetime import datetime, timedelta

from crawler.archive import Archive
from crawler.fetching.clock import Clock
from crawler.fetching.endings import skew_of
from crawler.fetching.pacing import rest_of
from crawler.fetching.visits import Visit
from crawler.urls import host_key

# Servers' clocks are a few seconds off; one of ours that is off by more dates evidence wrongly.
SKEW_NOTED = timedelta(minutes=5)
SKEW_HOSTS_MIN = 3


class HostNotes:
    """The notes of one run. Who must rest stands in the archive too, for the next run."""

    def __init__(self, archive: Archive, clock: Clock) -> None:
        self._archive = archive
        self._clock = clock
        self._resting: dict[str, datetime] = {}  # until when
        self._strikes: Counter[str] = Counter()  # requests to wait in a row
        self.skews: dict[str, timedelta] = {}  # how far the hosts' clocks are before ours

    def note(self, visit: Visit) -> timedelta | None:
        """Note what the hosts of a visit said; return what rest was asked at its end, or None."""
        rest = None
        for hop in visit.hops:
            host, skew = host_key(hop.url), skew_of(hop)
            if skew is not None:
                self.skews[host] = skew
            strikes = self._strikes[host] + 1
            rest = rest_of(hop.status, hop.response_headers, self._clock.now(), strikes=strikes)
            if rest is not None:
                self._strikes[host] = strikes
                self.rest(host, self._clock.now() + rest)
            elif hop.status is not None:
                del self._strikes[host]
        return rest

    def rest(self, host: str, until: datetime) -> None:
        """Leave a host alone: it asked for that, it fails as a whole, or we may be offline."""
        self._resting[host] = until
        self._archive.frontier.rest(host, until)

    def rests(self, host: str) -> bool:
        """Tell whether a host is to be left alone for now."""
        until = self._resting.get(host)
        return until is not None and self._clock.now() < until

    def clock_skew(self) -> timedelta | None:
        """Return how far our clock is behind the hosts' median; None: not worth a note.

        A single host may be wrong; of several that agree none is.
        """
        if len(self.skews) < SKEW_HOSTS_MIN:
            return None
        median = statistics.median_low(self.skews.values())
        return median if abs(median) > SKEW_NOTED else None

"""What a run comes to know of hosts: which want to be left alone, and what their clocks say."""

from __future__ import annotations

import statistics
from collections import Counter
from datetime import datetime, timedelta

from crawler.archive import Archive
from crawler.fetching.run.clock import Clock
from crawler.fetching.run.endings import SKEW_NOTED, skew_of
from crawler.fetching.run.pacing import rest_of
from crawler.fetching.run.visits import Visit
from crawler.items import Hop
from crawler.urls import host_key

SKEW_HOSTS_MIN = 3


class HostNotes:
    """The notes of one run. Who must rest stands in the archive too, for the next run."""

    def __init__(self, archive: Archive, clock: Clock) -> None:
        self._archive = archive
        self._clock = clock
        # Until when. Of earlier runs too: a redirect leads to hosts that are not leased.
        self._resting = archive.frontier.resting(clock.now())
        # Of earlier runs alone: within a run Scrapy keeps the distance, wherever a request is from.
        self._paced = archive.frontier.paced(clock.now())
        self._strikes: Counter[str] = Counter()  # requests to wait in a row
        self.skews: dict[str, timedelta] = {}  # how far the hosts' clocks are before ours

    def hear(self, hop: Hop) -> bool:
        """Tell whether a host asks for rest, and let it rest from now on.

        At once: a retry, or the next request to the host, is sent before the visit is written.
        """
        host, now = host_key(hop.url), self._clock.now()
        strikes = self._strikes[host] + 1
        rest = rest_of(hop.status, hop.response_headers, now, strikes=strikes)
        if rest is not None:
            self._rest(host, now + rest)
        return rest is not None

    def note(self, visit: Visit) -> timedelta | None:
        """Note what the hosts of a visit said; return what rest was asked at its end, or None."""
        rest = None
        for hop in visit.hops:
            rest = self.note_hop(hop)
        return rest

    def note_hop(self, hop: Hop) -> timedelta | None:
        """Note what one answer said, that of a robots.txt say; return what rest it asked for."""
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
        self._archive.frontier.rest(host, self._rest(host, until))

    def _rest(self, host: str, until: datetime) -> datetime:
        until = _whole_seconds(until)  # as the archive writes instants: both must end together
        self._resting[host] = max(until, self._resting.get(host, until))
        return until

    def rests(self, host: str) -> bool:
        """Tell whether a host is to be left alone for now."""
        return self.rests_until(host) is not None

    def rests_until(self, host: str) -> datetime | None:
        """Return until when a host is to be left alone; None: it may be asked."""
        until = self._resting.get(host)
        return until if until is not None and self._clock.now() < until else None

    def paced_until(self, host: str) -> datetime | None:
        """Return when a host may be visited that an earlier run visited last; None: at any time."""
        until = self._paced.get(host)
        return until if until is not None and self._clock.now() < until else None

    def clock_skew(self) -> timedelta | None:
        """Return how far our clock is behind the hosts' median; None: not worth a note.

        A single host may be wrong; of several that agree none is.
        """
        if len(self.skews) < SKEW_HOSTS_MIN:
            return None
        median = statistics.median_low(self.skews.values())
        return median if abs(median) > SKEW_NOTED else None


def _whole_seconds(moment: datetime) -> datetime:
    """Return the first whole second that is not before a moment."""
    return moment + timedelta(microseconds=-moment.microsecond % 1_000_000)

"""Which records make one visit: a redirect, and the answer to which it led.

Our own exports tell it. In files of others a redirect is joined with the next answer of the URL
that it names, where that came within two minutes; it may stand before the redirect (``passed``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from crawler.dates import parse_instant
from crawler.errors import UrlError
from crawler.imports.ours import Exchange
from crawler.items import Hop
from crawler.urls import parse_url, urlkey

STEP_MAX = timedelta(minutes=2)
HOPS_MAX = 20  # of a chain; browsers follow as many
OPEN_MAX = 1_000  # redirects whose answer is waited for
SMALL_BYTES = 2**16  # of a redirect's own body; one that says more is not waited with
OURS_MAX_BYTES = 2**25  # of the bodies of one visit, before it is written in part


@dataclass(frozen=True, slots=True)
class Visit:
    """Hops that belong together, with their bodies."""

    source: int
    origin: str
    hops: tuple[Hop, ...]
    name: str | None = None  # uid of a visit of ours; None: that of its first hop


class Chains:
    """Visits in the making."""

    def __init__(self, write: Callable[[Visit], None]) -> None:
        self._write = write
        self._open: OrderedDict[str, Visit] = OrderedDict()  # by the urlkey that is waited for
        self._ours: tuple[str, Visit] | None = None  # a visit that an export of ours tells

    def awaits(self, url: str) -> bool:
        """Tell whether a redirect of a known source led to a URL."""
        return urlkey(url) in self._open

    def source_for(self, hop: Hop) -> int | None:
        """Return the source whose redirect led to this answer; None: none did, just before."""
        visit = self._open.get(urlkey(hop.url))
        return visit.source if visit is not None and _follows(visit, hop) else None

    def add(self, source: int, exchange: Exchange) -> None:
        """Add a hop to the visit that it belongs to; what is whole is written."""
        if exchange.visit is not None:
            self._add_ours(source, exchange, exchange.visit)
            return
        hop = exchange.hop
        before = self._open.pop(urlkey(hop.url), None)
        visit = Visit(source, exchange.origin, (hop,))
        if before is not None and before.source == source and _follows(before, hop):
            hop = replace(hop, hop=len(before.hops))
            visit = replace(before, hops=(*before.hops, hop))
        elif before is not None:
            self._write(before)
        target = target_of(hop)
        if target is None or len(visit.hops) >= HOPS_MAX or len(hop.body or b"") > SMALL_BYTES:
            self._write(visit)
            return
        if (displaced := self._open.pop(target, None)) is not None:
            self._write(displaced)
        self._open[target] = visit
        if len(self._open) > OPEN_MAX:
            self._write(self._open.popitem(last=False)[1])

    def _add_ours(self, source: int, exchange: Exchange, name: str) -> None:
        visit = self._ours[1] if self._ours is not None and self._ours[0] == name else None
        # a hop that comes later joins the visit by its name
        if visit and visit.source == source and _size(visit) < OURS_MAX_BYTES:
            self._ours = name, replace(visit, hops=(*visit.hops, exchange.hop))
            return
        self._end_ours()
        self._ours = name, Visit(source, exchange.origin, (exchange.hop,), name)

    def _end_ours(self) -> None:
        if self._ours is not None:
            self._write(self._ours[1])
            self._ours = None

    def end(self) -> None:
        """Write what is still open: redirects whose answers are not there."""
        self._end_ours()
        while self._open:
            self._write(self._open.popitem(last=False)[1])


def _size(visit: Visit) -> int:
    return sum(len(hop.body or b"") for hop in visit.hops)


def _follows(visit: Visit, hop: Hop) -> bool:
    return is_next(visit.hops[-1].fetched_at, hop.fetched_at)


def is_next(redirected_at: str, answered_at: str) -> bool:
    """Tell whether an answer can be that to which a redirect led, by their instants."""
    passed = parse_instant(answered_at) - parse_instant(redirected_at)
    return timedelta(0) <= passed <= STEP_MAX


def target_of(hop: Hop) -> str | None:
    """Return the key of the URL to which an answer leads; None: it leads nowhere."""
    if hop.outcome != "redirect":
        return None
    location = next((v for n, v in hop.response_headers if n.lower() == "location"), "")
    try:
        return urlkey(parse_url(location, base=hop.url))
    except UrlError:
        return None

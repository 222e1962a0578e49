"""A visit: all attempts on the wire that one look at a source or an entry page takes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from scrapy import Request

from crawler.archive import DueSource, HostLease
from crawler.dates import format_instant
from crawler.digests import new_uid
from crawler.fetching.failures import failure_code, failure_text
from crawler.fetching.run.clock import Clock
from crawler.fetching.wire.handler import PutOff
from crawler.items import Hop
from crawler.verdicts import outcome_of_failure


@dataclass(slots=True)
class Visit:
    """A visit under way. The capture middleware adds the hops; the spider hands it in at its end.

    The hops wait here in memory until then, so that a visit is written as a whole, with its end,
    in one transaction: a killed run has visited a source, or it has not.
    """

    # control: a page beside the source; rescue, push: to a web archive
    purpose: Literal["source", "entry", "control", "rescue", "push"]
    url: str
    source: DueSource | None = None
    lease: HostLease | None = None
    hops: list[Hop] = field(default_factory=list)
    put_off: PutOff | None = None  # why the visit ended before its end, to be made again
    crawl_delay_s: float | None = None  # what robots.txt of the last host asks for
    sha1: frozenset[str] = frozenset()  # of a memento: of the body as received, and decoded

    @property
    def last(self) -> Hop | None:
        """The hop at which the visit ended; None before the first."""
        return self.hops[-1] if self.hops else None

    @property
    def outcome(self) -> str:
        """What the visit as a whole showed: the outcome of its last hop."""
        return self.last.outcome if self.last else "server-error"

    @property
    def body(self) -> bytes | None:
        """The decoded body in which a visit ended; None when there is none."""
        return self.last.body if self.last else None

    @property
    def bodies_bytes(self) -> int:
        """How long the decoded bodies of all hops are together."""
        return sum(len(hop.body or b"") for hop in self.hops)


def let_go_of_bodies(visit: Visit) -> None:
    """Drop the bodies of a visit that is written."""
    visit.hops[:] = [hop if hop.body is None else replace(hop, body=None) for hop in visit.hops]


def visit_request(visit: Visit, etag: str | None, last_modified: str | None) -> Request:
    """Return the request that begins a visit, conditional when there are validators.

    ``verbatim_url`` keeps the spelling: Scrapy would canonicalise it. The dupe filter stays out
    of it, because the frontier alone decides what is asked.
    """
    validators = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    return Request(
        visit.url,
        headers={name: value for name, value in validators.items() if value},
        dont_filter=True,
        meta={"visit": visit, "purpose": visit.purpose, "verbatim_url": True},
    )


def dead_end(hop: Hop, failure: BaseException | None) -> Hop:
    """Return a redirect that could not be followed as the failure that it is: a loop, a bad URL."""
    code = failure_code(failure) if failure else "failed"
    error = failure_text(failure) if failure else None
    return replace(hop, outcome=outcome_of_failure(code), reason=code, error=error)


def unsent_hop(visit: Visit, failure: BaseException | None, clock: Clock) -> Hop:
    """Return the hop of a visit whose request broke before it reached the capture layer."""
    code = failure_code(failure) if failure else "failed"
    return Hop(
        uid=new_uid(),
        url=visit.url,
        purpose=visit.purpose,
        hop=0,
        fetched_at=format_instant(clock.now()),
        outcome=outcome_of_failure(code),
        reason=code,
        error=failure_text(failure) if failure else None,
    )

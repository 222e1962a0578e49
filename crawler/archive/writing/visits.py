"""Visits to sources that are over, and the copies that are held, as the archive gives them back."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from crawler.items import OWN, Article, Hop
from crawler.verdicts import LIVE

_HOP_COLUMNS = (
    "uid", "url", "purpose", "hop", "fetched_at", "outcome", "reason", "status", "protocol",
    "ip_address", "certificate_digest", "error", "elapsed_ms", "wire_digest", "wire_size_bytes",
    "robots",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EndedVisit:
    """A visit to a source that is over, with the rows that it left."""

    source: int
    run: int
    hops: tuple[Hop, ...]  # in order, without bodies
    fetch: int  # row of the last hop
    capture: int | None  # row of what was kept of it; None: nothing
    payload: str | None  # digest of what was kept
    origin: str = OWN  # who made it: ``OWN``, or where it was taken from

    @property
    def last(self) -> Hop:
        """The hop in which the visit ended."""
        return self.hops[-1]


@dataclass(frozen=True, slots=True)
class GoodCopy:
    """The latest good capture of a source."""

    capture: int
    payload: str
    url: str  # at which it was captured
    article: Article | None  # None: not read yet, not readable, or not asked for
    origin: str = OWN

    def came_again(self, visit: EndedVisit) -> bool:
        """Tell whether a visit brought the very copy, or a 304, where it was asked for.

        Then nothing need be read in it again. That of a home page is, for its title.
        """
        first, last = visit.hops[0], visit.last
        return (
            visit.payload == self.payload
            and last.outcome in LIVE
            and last.url == first.url
            and not is_home(last.url)
        )


def is_home(url: str) -> bool:
    """Tell whether a URL is that of a host's home page."""
    return url.count("/") == 3 and url.endswith("/")


def hop_of(row: sqlite3.Row) -> Hop:
    """Return the hop in a row of a fetch and its capture, without its body."""
    known: dict[str, Any] = {name: row[name] for name in _HOP_COLUMNS}
    return Hop(
        **known,
        request_headers=_headers(row["request_headers"]),
        response_headers=_headers(row["response_headers"]),
        tls_verified=None if row["tls_verified"] is None else bool(row["tls_verified"]),
        mime_declared=row["mime_declared"],
        mime_sniffed=row["mime_sniffed"],
        flags=tuple(json.loads(row["flags"] or "[]")),
        truncated=row["truncated"],
    )


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(text))

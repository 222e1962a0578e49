"""What there is to pack: the payloads that a pack has not seen, host by host, family by family.

A family are the payloads that one source has shown, or one page that is no source (an entry page, a
day's index, a robots.txt), or the versions of one entry on disk: payloads that resemble each other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from crawler.archive.connection import Connection
from crawler.archive.payloads import RAW_MAX_BYTES

NO_HOST = ""  # what belongs to no source: pages of entries, robots.txt


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an archive has grown: ids that only rise."""

    capture: int = 0
    entry_version: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """One payload of a family."""

    digest: str
    size_bytes: int
    stored_as: str
    base_digest: str | None
    stored_bytes: int
    good: bool  # an answer that a source is held by, or a page that no source is
    position: int  # capture, or version of an entry, that showed it first in this family
    new: bool  # shown first after the mark


@dataclass(frozen=True, slots=True)
class Family:
    """The payloads of one source or page, in the order in which they were shown first."""

    key: str  # "source 12", "page https://…", "entry 7": unique in the archive
    members: tuple[Member, ...]

    @property
    def digests(self) -> set[str]:
        """The digests of its payloads."""
        return {member.digest for member in self.members}

    @property
    def wanting(self) -> tuple[Member, ...]:
        """The members to pack: new ones, and those that lean on a payload of another family.

        The latter were packed when they were alone. Beside a second payload of their own source
        they need much less.
        """
        if not any(member.new for member in self.members):
            return ()
        own = self.digests
        return tuple(
            member
            for member in self.members
            if member.new or (member.base_digest and member.base_digest not in own)
        )


_COLUMNS = """p.digest AS digest, p.size_bytes AS size_bytes, p.stored_as AS stored_as,
  p.base_digest AS base_digest, length(p.bytes) AS stored_bytes"""

_OF_HOST = f"""
SELECT 'source ' || s.id AS family, {_COLUMNS}, min(c.id) AS position,
  max(f.outcome = 'live-unverified') AS good, min(c.id) > :capture AS new
FROM sources s JOIN captures c ON c.source = s.id JOIN fetches f ON f.id = c.fetch
JOIN payloads p ON p.digest = c.payload
WHERE s.host = :host AND c.record_type = 'response' AND p.size_bytes > {RAW_MAX_BYTES}
GROUP BY s.id, p.digest
"""

_OF_NO_HOST = f"""
SELECT 'page ' || c.url AS family, {_COLUMNS}, min(c.id) AS position, 1 AS good,
  min(c.id) > :capture AS new
FROM captures c JOIN payloads p ON p.digest = c.payload
WHERE c.source IS NULL AND c.record_type = 'response' AND p.size_bytes > {RAW_MAX_BYTES}
GROUP BY c.url, p.digest
UNION ALL
SELECT 'entry ' || v.entry, {_COLUMNS}, min(v.id), 1, min(v.id) > :entry_version
FROM entry_versions v JOIN payloads p ON p.digest = v.payload
WHERE v.capture IS NULL AND p.size_bytes > {RAW_MAX_BYTES}
GROUP BY v.entry, p.digest
"""

_HOSTS_GROWN = """
SELECT DISTINCT s.host FROM captures c JOIN sources s ON s.id = c.source
WHERE c.id > :capture AND c.record_type = 'response'
"""

_OTHERS_GROWN = """
SELECT EXISTS (SELECT 1 FROM captures
    WHERE id > :capture AND source IS NULL AND record_type = 'response')
  OR EXISTS (SELECT 1 FROM entry_versions WHERE id > :entry_version AND capture IS NULL)
"""

# Of each host one page: the first good one that is held whole.
_SAMPLE = """
SELECT p.digest FROM sources s JOIN captures c ON c.id = s.good_capture
JOIN payloads p ON p.digest = c.payload
WHERE s.host = ? AND p.base_digest IS NULL AND p.size_bytes BETWEEN ? AND ?
  AND c.mime_sniffed = 'text/html'
ORDER BY c.id LIMIT 1
"""


class Packable:
    """The payloads of one archive as a pack goes through them."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection.sql

    def mark(self) -> Mark:
        """Return how far the archive has grown."""
        row = self._sql.execute(
            "SELECT (SELECT max(id) FROM captures), (SELECT max(id) FROM entry_versions)"
        ).fetchone()
        return Mark(row[0] or 0, row[1] or 0)

    def hosts(self, after: Mark) -> list[str]:
        """Return the hosts that have shown a payload since the mark, and NO_HOST, sorted."""
        marked = _named(after)
        hosts = [row["host"] for row in self._sql.execute(_HOSTS_GROWN, marked)]
        others = [NO_HOST] * self._sql.execute(_OTHERS_GROWN, marked).fetchone()[0]
        return sorted(others + hosts)

    def families(self, host: str, after: Mark) -> list[Family]:
        """Return the families of a host, by their first payload.

        Tiny payloads are left out, and one of several families is in that which showed it first.
        """
        rows = self._sql.execute(
            _OF_NO_HOST if host == NO_HOST else _OF_HOST, {**_named(after), "host": host}
        ).fetchall()
        rows.sort(key=lambda row: (row["position"], row["family"]), reverse=True)
        found = list({row["digest"]: row for row in rows}.values())  # the last of each: the first
        found.sort(key=lambda row: (row["family"], row["position"]))
        families = [
            Family(key, _members(rows)) for key, rows in groupby(found, lambda row: row["family"])
        ]
        return sorted(families, key=lambda family: (family.members[0].position, family.key))

    def sample(self, hosts: Iterable[str], least: int, most: int) -> list[str]:
        """Return the digest of a good page held whole of each host that has one so large."""
        rows = (self._sql.execute(_SAMPLE, (host, least, most)).fetchone() for host in hosts)
        return [row["digest"] for row in rows if row is not None]

    def count(self, after: Mark) -> int:
        """Return how many payloads were shown since the mark, some of them perhaps before it."""
        row = self._sql.execute(
            "SELECT (SELECT count(DISTINCT payload) FROM captures"
            "    WHERE id > :capture AND record_type = 'response')"
            "  + (SELECT count(*) FROM entry_versions WHERE id > :entry_version"
            "    AND capture IS NULL)",
            _named(after),
        ).fetchone()
        return int(row[0])

    def held_whole(self, digests: Iterable[str]) -> list[str]:
        """Return those of the payloads that are held, and not as deltas."""
        query = "SELECT 1 FROM payloads WHERE digest = ? AND base_digest IS NULL"
        return [each for each in digests if self._sql.execute(query, (each,)).fetchone()]

    def dependants(self) -> dict[str, int]:
        """Return how many frames need each payload that is a base. Looks through all payloads."""
        rows = self._sql.execute(
            "SELECT base_digest, count(*) AS n FROM payloads"
            " WHERE base_digest IS NOT NULL GROUP BY 1"
        )
        return {row["base_digest"]: row["n"] for row in rows}

    def stored_bytes(self) -> int:
        """Return the bytes that all payloads take, without what SQLite adds."""
        row = self._sql.execute("SELECT coalesce(sum(length(bytes)), 0) FROM payloads").fetchone()
        return int(row[0])


def _named(mark: Mark) -> dict[str, int]:
    return {"capture": mark.capture, "entry_version": mark.entry_version}


def _members(rows: Iterable[sqlite3.Row]) -> tuple[Member, ...]:
    return tuple(
        Member(
            digest=row["digest"],
            size_bytes=row["size_bytes"],
            stored_as=row["stored_as"],
            base_digest=row["base_digest"],
            stored_bytes=row["stored_bytes"],
            good=bool(row["good"]),
            position=row["position"],
            new=bool(row["new"]),
        )
        for row in rows
    )

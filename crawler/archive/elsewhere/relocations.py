"""Other addresses at which pages that are gone may stand: proposed, decided by a person."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from crawler.archive.connection import Connection
from crawler.dates import format_instant, parse_instant
from crawler.errors import UsageError


@dataclass(frozen=True, slots=True)
class Missing:
    """A source that is gone, with what it is known by."""

    source: int
    url: str
    host: str
    title: str
    aliases: tuple[str, ...]  # addresses to which it was seen to redirect
    canonical: tuple[str, ...]  # that a copy of it names
    capture: int | None  # the copy to compare with: our own, else the best from a web archive
    payload: str | None


class Relocations:
    """The proposals of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def _sql(self) -> sqlite3.Connection:
        return self._connection.sql

    def missing(self, limit: int, sources: Sequence[int] = ()) -> list[Missing]:
        """Return the sources that are gone and have no proposal yet; ``sources``: only these.

        Gone for now is enough to look elsewhere; what is blocked or down is not gone.
        """
        marks = ",".join("?" * len(sources))
        chosen = f"s.id IN ({marks})" if sources else (
            "s.failures > 0 AND s.last_outcome IN ('gone', 'soft-404', 'parked', 'usurped')"
            " AND NOT EXISTS (SELECT 1 FROM relocations l WHERE l.source = s.id)"
        )  # fmt: skip
        rows = self._sql.execute(
            "SELECT s.id, s.url, s.host, s.title, coalesce(s.good_capture, m.capture) AS capture,"
            " c.payload AS payload FROM sources s"
            " LEFT JOIN rescues r ON r.source = s.id AND r.state = 'home'"
            " LEFT JOIN mementos m ON m.id = r.memento"
            " LEFT JOIN captures c ON c.id = coalesce(s.good_capture, m.capture)"
            f" WHERE s.withheld IS NULL AND s.barred IS NULL AND {chosen}"
            " ORDER BY s.host, s.id LIMIT ?",
            (*sources, limit),
        ).fetchall()
        return [self._missing(row) for row in rows]

    def _missing(self, row: sqlite3.Row) -> Missing:
        source = row["id"]
        aliases = self._sql.execute(
            "SELECT url FROM source_spellings WHERE source = ?1 AND kind = 'redirect'"
            " UNION SELECT final_url FROM outcomes WHERE source = ?1 AND final_url IS NOT NULL"
            "   AND outcome IN ('live', 'live-unverified', 'moved')",
            (source,),
        )
        named = self._sql.execute(
            "SELECT DISTINCT p.facts ->> 'canonical' AS canonical, p.facts ->> 'og_url' AS og_url"
            " FROM captures c JOIN page_facts p ON p.payload = c.payload"
            " LEFT JOIN mementos m ON m.capture = c.id WHERE c.source = ?"
            " AND (m.state = 'home' OR c.id = (SELECT good_capture FROM sources WHERE id = ?))",
            (source, source),
        )
        urls = (url for each in named for url in (each["canonical"], each["og_url"]) if url)
        return Missing(
            source, row["url"], row["host"], self._title(row), tuple(r["url"] for r in aliases),
            tuple(dict.fromkeys(urls)), row["capture"], row["payload"],
        )  # fmt: skip

    def _title(self, row: sqlite3.Row) -> str:
        """The title of the copy that is held, which the entry's label need not be."""
        found = self._sql.execute(
            "SELECT title FROM articles WHERE payload = ? AND title IS NOT NULL"
            " ORDER BY id DESC LIMIT 1",
            (row["payload"],),
        ).fetchone()
        return str(found["title"]) if found else str(row["title"])

    def free_at(self, host: str) -> datetime | None:
        """Return when a host may be asked; None: at once."""
        row = self._sql.execute(
            "SELECT max(coalesce(backoff_until, ''), coalesce(next_at, '')) AS at FROM hosts"
            " WHERE host = ?",
            (host,),
        ).fetchone()
        return parse_instant(row["at"]) if row and row["at"] else None

    def propose(
        self, missing: Missing, url: str, found_by: str, *, similarity: float, title: str | None,
        capture: int | None, now: datetime,
    ) -> None:  # fmt: skip
        """Keep where a page may be now. What a person has decided stays."""
        with self._connection.writing() as sql:
            sql.execute(
                "INSERT INTO relocations (source, url, found_by, similarity, title,"
                " measured_against, capture, decision, found_at)"
                " VALUES (?,?,?,?,?,?,?,'proposed',?) ON CONFLICT (source, url) DO UPDATE SET"
                " similarity = excluded.similarity, capture = excluded.capture"
                " WHERE decision = 'proposed'",
                (
                    missing.source, url, found_by, similarity, title, missing.capture, capture,
                    format_instant(now),
                ),
            )  # fmt: skip

    def proposals(self, sources: Sequence[int] = ()) -> list[sqlite3.Row]:
        """Return the proposals with their sources, undecided ones first."""
        wanted = set(sources)
        rows = self._sql.execute(
            "SELECT l.id, l.source, l.decision, l.found_by, round(l.similarity, 2) AS similarity,"
            " l.title, l.url, s.url AS gone_url, l.found_at FROM relocations l"
            " JOIN sources s ON s.id = l.source"
            " ORDER BY l.decision <> 'proposed', l.similarity DESC, l.id"
        ).fetchall()
        return [row for row in rows if not wanted or row["source"] in wanted]

    def decide(
        self, proposal: int, decision: Literal["accepted", "declined"], now: datetime
    ) -> sqlite3.Row:
        """Write what a person says of a proposal, and return it. Raises UsageError for none.

        An accepted address becomes another spelling of the source: it is found by it, and archives
        are asked under it, too. What is visited stays what was cited.
        """
        with self._connection.writing() as sql:
            row: sqlite3.Row | None = sql.execute(
                "UPDATE relocations SET decision = ?, decided_at = ? WHERE id = ? RETURNING *",
                (decision, format_instant(now), proposal),
            ).fetchone()
            if row is None:
                raise UsageError(f"there is no proposal {proposal}")
            if decision == "accepted":
                sql.execute(
                    "INSERT OR IGNORE INTO source_spellings (url, source, kind, first_seen_at)"
                    " VALUES (?, ?, 'redirect', ?)",
                    (row["url"], row["source"], format_instant(now)),
                )
        return row

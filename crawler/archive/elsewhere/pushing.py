"""What web archives are asked to capture, and what became of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from crawler.archive.connection import Connection
from crawler.dates import format_instant, parse_instant


@dataclass(frozen=True, slots=True)
class Push:
    """One wish in the queue."""

    id: int
    source: int
    url: str
    archive: str
    state: str
    attempts: int
    job: str | None
    submitted_at: str | None
    memento: int | None


_COLUMNS = "p.id, p.source, s.url, p.archive, p.state, p.attempts, p.job, p.submitted_at, p.memento"


class Pushing:
    """The push queue of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def _sql(self) -> sqlite3.Connection:
        return self._connection.sql

    def switch_on(self, sources: Iterable[int], archive: str, now: datetime) -> int:
        """Let sources be kept by a web archive, too, and queue those that are not yet.

        Returns how many were queued. What is withheld is never pushed.
        """
        added = 0
        with self._connection.writing() as sql:
            for source in sources:
                sql.execute("UPDATE sources SET push = 1 WHERE id = ?", (source,))
                added += sql.execute(
                    "INSERT INTO pushes (source, archive, state, queued_at, due_at)"
                    " SELECT ?1, ?2, 'waiting', ?3, ?3 WHERE NOT EXISTS (SELECT 1 FROM pushes"
                    "  WHERE source = ?1 AND archive = ?2"
                    "  AND state NOT IN ('withdrawn', 'given-up'))",
                    (source, archive, format_instant(now)),
                ).rowcount
        return added

    def switch_off(self, sources: Iterable[int]) -> int:
        """Push sources no more; return how many wishes were withdrawn."""
        withdrawn = 0
        with self._connection.writing() as sql:
            for source in sources:
                sql.execute("UPDATE sources SET push = 0 WHERE id = ?", (source,))
                withdrawn += sql.execute(
                    "UPDATE pushes SET state = 'withdrawn', due_at = NULL"
                    " WHERE source = ? AND state IN ('waiting', 'submitted', 'told')",
                    (source,),
                ).rowcount
        return withdrawn

    def due(self, archive: str, now: datetime, limit: int) -> list[Push]:
        """Return what is to be gone on with: what is under way first, then the oldest wishes."""
        rows = self._sql.execute(
            f"SELECT {_COLUMNS} FROM pushes p JOIN sources s ON s.id = p.source"
            " WHERE p.archive = ? AND p.due_at <= ? AND s.push = 1 AND s.withheld IS NULL"
            " AND s.barred IS NULL ORDER BY p.state = 'waiting', p.due_at, p.id LIMIT ?",
            (archive, format_instant(now), limit),
        )
        return [Push(**dict(row)) for row in rows]

    def next_due_at(self, archive: str) -> datetime | None:
        """Return when the next push is to be gone on with; None: nothing waits."""
        row = self._sql.execute(
            "SELECT min(p.due_at) AS at FROM pushes p JOIN sources s ON s.id = p.source"
            " WHERE p.archive = ? AND p.due_at IS NOT NULL AND s.push = 1 AND s.withheld IS NULL"
            " AND s.barred IS NULL",
            (archive,),
        ).fetchone()
        return parse_instant(row["at"]) if row["at"] else None

    def last_submitted_at(self, archive: str) -> datetime | None:
        """Return when an archive was last asked to capture something; None: never."""
        row = self._sql.execute(
            "SELECT max(submitted_at) AS at FROM pushes WHERE archive = ?", (archive,)
        ).fetchone()
        return parse_instant(row["at"]) if row["at"] else None

    def submitted(self, push: int, job: str | None, now: datetime, *, look_at: datetime) -> None:
        """Note that the archive has taken a wish; None: it was asked, and gave no job."""
        self._write(
            "UPDATE pushes SET state = 'submitted', job = ?, attempts = attempts + 1,"
            " submitted_at = ?, due_at = ?, last_reason = NULL WHERE id = ?",
            job, format_instant(now), format_instant(look_at), push,
        )  # fmt: skip

    def told(self, push: int, memento: int, now: datetime) -> None:
        """Note that the archive says that it was done. Nothing is proved by that."""
        self._write(
            "UPDATE pushes SET state = 'told', memento = ?, due_at = ?, last_reason = 'success'"
            " WHERE id = ?",
            memento, format_instant(now), push,
        )  # fmt: skip

    def confirmed(self, push: int, now: datetime) -> None:
        """Note that the memento was read back, and is the page."""
        at = format_instant(now)
        self._write(
            "UPDATE pushes SET state = 'confirmed', confirmed_at = ?, due_at = NULL,"
            " last_reason = 'read-back' WHERE id = ?",
            at, push,
        )  # fmt: skip

    def later(self, push: int, state: str, reason: str, now: datetime, wait: timedelta) -> None:
        """Go on with a push after a while, in a state."""
        self._write(
            "UPDATE pushes SET state = ?, last_reason = ?, due_at = ? WHERE id = ?",
            state, reason, format_instant(now + wait), push,
        )  # fmt: skip

    def give_up(self, push: int, reason: str) -> None:
        """End a push that will not succeed."""
        self._write(
            "UPDATE pushes SET state = 'given-up', last_reason = ?, due_at = NULL WHERE id = ?",
            reason, push,
        )  # fmt: skip

    def queue(self, sources: Iterable[int] = ()) -> list[sqlite3.Row]:
        """Return the pushes with their sources, latest first; ``sources``: only of these."""
        wanted = set(sources)
        rows = self._sql.execute(
            "SELECT p.source, p.state, p.archive, p.attempts, p.last_reason, p.queued_at,"
            " p.submitted_at, p.confirmed_at, p.due_at, m.uri_m, s.url FROM pushes p"
            " JOIN sources s ON s.id = p.source LEFT JOIN mementos m ON m.id = p.memento"
            " ORDER BY p.id DESC"
        ).fetchall()
        return [row for row in rows if not wanted or row["source"] in wanted]

    def count_due(self, archive: str, now: datetime) -> int:
        """Return how many pushes wait to be gone on with."""
        row = self._sql.execute(
            "SELECT count(*) AS n FROM pushes WHERE archive = ? AND due_at <= ?",
            (archive, format_instant(now)),
        ).fetchone()
        return int(row["n"])

    def _write(self, statement: str, *values: object) -> None:
        with self._connection.writing() as sql:
            sql.execute(statement, values)

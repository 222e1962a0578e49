"""The queue of rescue: which sources web archives are asked for, and how each attempt ended."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from crawler.archive.connection import Connection
from crawler.archive.elsewhere.reasons import CLAIMED, SUPPLIED, TO_COMPARE
from crawler.dates import format_instant
from crawler.mementos.replies import Result

Ending = Result | Literal["none-good"]
# An archive is asked again for what it did not have: its crawlers may come late, or not at all.
ASK_AGAIN = (timedelta(days=30), timedelta(days=90), timedelta(days=182))
# A day is all that a citation tells, so a capture on the next one is none that came too late.
CITED_BEFORE = timedelta(days=2)
# Sources that are cited, with what of them makes another's copy worth having. Where we were offline
# ourselves nothing is known; what a person has settled stays settled.
_WANTED = f"""
SELECT s.id AS source, CASE
    WHEN s.good_capture IS NULL AND s.failures > 0 THEN 'never-held'
    WHEN s.good_capture IS NOT NULL AND o.reasons ->> 0 = 'unconfirmed' AND EXISTS (
      SELECT 1 FROM citations k JOIN entries e ON e.id = k.entry
      WHERE k.source = s.id AND e.summary IS NOT NULL) THEN 'not-proved'
    WHEN s.good_capture IS NOT NULL AND julianday(s.first_captured_at)
      - julianday(s.first_cited_on) > {CITED_BEFORE.days} THEN '{TO_COMPARE}'
  END AS reason
FROM sources s
LEFT JOIN captures c ON c.id = s.good_capture
LEFT JOIN outcomes o ON o.fetch = c.fetch
WHERE s.unjudged_since IS NULL AND s.last_outcome IS NOT NULL AND s.withheld IS NULL
  AND s.barred IS NULL
  AND EXISTS (SELECT 1 FROM citations k WHERE k.source = s.id AND k.removed_at IS NULL
    AND k.role IN ('source', 'archive-of'))
"""


class Rescuing:
    """The queue of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def _sql(self) -> sqlite3.Connection:
        return self._connection.sql

    def queue(self, now: datetime, *, run: int | None = None) -> int:
        """Queue the sources that need another's copy; return how many are new.

        ``run``: only those that it visited; None: all, which looks through all sources. What waits
        without need any more, because a good copy of our own came, is taken off; what waits for
        another reason by now has that.
        """
        at = format_instant(now)
        visited = "" if run is None else (
            " AND s.id IN (SELECT source FROM outcomes WHERE run = ?2)"
        )  # fmt: skip
        with self._connection.writing() as sql:
            added = sql.execute(
                "INSERT INTO rescues (source, reason, state, queued_at, due_at)"
                f" SELECT w.source, w.reason, 'waiting', ?1, ?1 FROM ({_WANTED}{visited}) w"
                " WHERE w.reason IS NOT NULL"
                " AND NOT EXISTS (SELECT 1 FROM rescues r WHERE r.source = w.source)",
                (at,) if run is None else (at, run),
            ).rowcount
            sql.execute(
                f"UPDATE rescues SET reason = w.reason FROM ({_WANTED}{visited}) w"
                " WHERE w.source = rescues.source AND rescues.state = 'waiting'"
                f" AND rescues.reason IN ('not-proved', '{TO_COMPARE}')"
                " AND w.reason <> rescues.reason",
                () if run is None else (at, run),
            )
            sql.execute(  # what a file claims is no reason not to ask
                f"UPDATE rescues SET reason = w.reason, due_at = ?1 FROM ({_WANTED}{visited}) w"
                " WHERE w.source = rescues.source AND w.reason IS NOT NULL"
                f" AND rescues.reason = '{SUPPLIED}'",
                (at,) if run is None else (at, run),
            )
            sql.execute(
                "UPDATE rescues SET state = 'not-needed', due_at = NULL"
                " WHERE state IN ('waiting', 'none-found') AND reason = 'never-held'"
                " AND source IN (SELECT id FROM sources WHERE good_capture IS NOT NULL)"
            )
        return int(added)

    def wish(self, sources: Sequence[int], now: datetime) -> None:
        """Queue all that need another's copy, and make these due because a person names them."""
        self.queue(now)
        if sources:
            self.ask_for(sources, now)

    def ask_for(self, sources: Iterable[int], now: datetime) -> None:
        """Make sources due at once, because a person asks for them."""
        at = format_instant(now)
        with self._connection.writing() as sql:
            sql.executemany(
                "INSERT INTO rescues (source, reason, state, queued_at, due_at)"
                " VALUES (?1, 'asked-for', 'waiting', ?2, ?2)"
                " ON CONFLICT (source) DO UPDATE SET due_at = ?2,"
                " state = CASE state WHEN 'home' THEN 'home' ELSE 'waiting' END",
                [(source, at) for source in sources],
            )

    def due(self, now: datetime, limit: int, sources: Sequence[int] = ()) -> list[int]:
        """Return the sources that archives may be asked for, oldest wish first.

        Those that we lack before those of which an older copy could be compared. ``sources``: only
        these.
        """
        rows = self._sql.execute(
            "SELECT source FROM rescues WHERE due_at <= ?1"
            " AND source NOT IN (SELECT id FROM sources WHERE withheld IS NOT NULL"
            "  OR barred IS NOT NULL)"
            " AND (?3 = '[]' OR source IN (SELECT value FROM json_each(?3)))"
            f" ORDER BY reason = '{TO_COMPARE}', due_at, queued_at, source LIMIT ?2",
            (format_instant(now), limit, json.dumps(list(sources))),
        )
        return [row["source"] for row in rows]

    def count_due(self, now: datetime) -> int:
        """Return how many sources archives may be asked for."""
        row = self._sql.execute(
            "SELECT count(*) AS n FROM rescues WHERE due_at <= ?"
            " AND source NOT IN (SELECT id FROM sources WHERE barred IS NOT NULL)",
            (format_instant(now),),
        ).fetchone()
        return int(row["n"])

    def queued(self, sources: Sequence[int] = ()) -> list[sqlite3.Row]:
        """Return the queue as the view ``rescued`` shows it; ``sources``: only these."""
        return self._sql.execute(
            "SELECT * FROM rescued WHERE ?1 = '[]' OR source IN (SELECT value FROM json_each(?1))"
            " ORDER BY state, due_at, source",
            (json.dumps(list(sources)),),
        ).fetchall()

    def disbelieve(self, now: datetime, after: datetime) -> None:
        """Undo what a clock that ran ahead put off, as ``Frontier.disbelieve`` does of sources.

        ``after``: what was asked for later, or written of an archive's pace, is dated by such one.
        """
        latest = format_instant(after)
        with self._connection.writing() as sql:
            sql.execute(
                "UPDATE rescues SET due_at = ?1"
                " WHERE due_at > ?2 AND coalesce(last_asked_at, queued_at) > ?2",
                (format_instant(now), latest),
            )
            sql.execute(
                "UPDATE archive_limits SET resting_until = NULL, index_next_at = NULL,"
                " replay_next_at = NULL WHERE changed_at > ?",
                (latest,),
            )

    def settle(
        self,
        source: int,
        ending: Ending,
        now: datetime,
        *,
        memento: int | None = None,
        again_at: datetime | None = None,
    ) -> None:
        """Write how an attempt ended; ``again_at``: when to go on, where it could not be finished.

        ``memento`` is the best that was brought home; or one that is known to have the bytes of
        our own copy, and then nothing more is needed. What was brought home stays, whatever comes
        later.
        """
        row = self._sql.execute(
            "SELECT r.attempts, m.id AS memento FROM rescues r LEFT JOIN mementos m"
            " ON m.id = r.memento AND m.state <> 'rejected' WHERE r.source = ?",
            (source,),
        ).fetchone()
        finished, held = again_at is None, memento or row["memento"]
        attempts = row["attempts"] + finished
        if finished and held is None:
            again_at = now + ASK_AGAIN[min(attempts, len(ASK_AGAIN)) - 1]
        elif held is not None:
            again_at = None
        with self._connection.writing() as sql:
            sql.execute(
                "UPDATE rescues SET due_at = ?1, attempts = ?2, last_result = ?3,"
                " last_asked_at = ?4, memento = ?5, state = CASE WHEN ?5 IS NOT NULL THEN"
                "  (SELECT iif(m.state = 'home', 'home', 'not-needed') FROM mementos m"
                "   WHERE m.id = ?5) ELSE ?6 END WHERE source = ?7",
                (
                    format_instant(again_at) if again_at else None, attempts, ending,
                    format_instant(now), held, "none-found" if finished else "waiting", source,
                ),
            )  # fmt: skip

    def supplied(self, source: int, memento: int, now: datetime, *, is_best: bool) -> None:
        """Show a memento of which an imported file tells, unless we brought one home ourselves.

        ``is_best``: the file says that it is the best of its source. Archives that would be asked
        for the source are still asked.
        """
        with self._connection.writing() as sql:
            sql.execute(
                "INSERT INTO rescues (source, reason, state, queued_at, memento)"
                f" VALUES (?1, '{SUPPLIED}', 'home', ?2, ?3)"
                " ON CONFLICT (source) DO UPDATE SET state = 'home', memento = ?3"
                " WHERE memento IS NULL OR ?4 AND"
                f" (SELECT {CLAIMED} FROM mementos m WHERE m.id = rescues.memento)",
                (source, format_instant(now), memento, is_best),
            )

    def best(self, source: int) -> sqlite3.Row | None:
        """Return the best memento that was brought home for a source; None: there is none."""
        row: sqlite3.Row | None = self._sql.execute(
            "SELECT m.* FROM rescues r JOIN mementos m ON m.id = r.memento WHERE r.source = ?",
            (source,),
        ).fetchone()
        return row

    def at_home(self, limit: int, sources: Sequence[int] = ()) -> list[int]:
        """Return the sources that have a memento here, those never re-checked first."""
        rows = self._sql.execute(
            "SELECT r.source FROM rescues r JOIN mementos m ON m.id = r.memento"
            " JOIN sources s ON s.id = r.source WHERE r.state = 'home' AND s.withheld IS NULL"
            " AND s.barred IS NULL"
            " AND (?1 = '[]' OR r.source IN (SELECT value FROM json_each(?1)))"
            " ORDER BY m.evidence ->> 'second_asked_at', r.source LIMIT ?2",
            (json.dumps(list(sources)), limit),
        )
        return [row["source"] for row in rows]

    def of_source(self, source: int) -> sqlite3.Row | None:
        """Return the row of a source in the queue; None: it was never queued."""
        row: sqlite3.Row | None = self._sql.execute(
            "SELECT * FROM rescues WHERE source = ?", (source,)
        ).fetchone()
        return row

    def counts(self) -> dict[str, int]:
        """Return how many sources of the queue are in each state."""
        rows = self._sql.execute("SELECT state, count(*) AS n FROM rescues GROUP BY state")
        return {row["state"]: row["n"] for row in rows}

"""Runs: one row for each execution that may fetch."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from crawler.archive.connection import Connection
from crawler.digests import new_uid


@dataclass(frozen=True, slots=True)
class RunReport:
    """The counts of one run, as ``runs_report`` shows them."""

    fetches: int
    new_captures: int
    revisits: int
    outcomes: dict[str, int]  # final outcomes of the visits to sources


class Runs:
    """The runs of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(
        self, command: str, *, software: dict[str, str], settings: dict[str, object], now: str
    ) -> int:
        """Open a run and return its id. For the holder of the run lock.

        Runs that never ended were killed: they are marked so, without an invented time.
        """
        with self._connection.writing() as sql:
            self.mark_killed()
            row = sql.execute(
                "INSERT INTO runs (uid, archive_uid, command, software, settings, started_at)"
                " SELECT ?, uid, ?, ?, ?, ? FROM archive RETURNING id",
                (
                    new_uid(), command, json.dumps(software), json.dumps(settings, default=str),
                    now,
                ),
            ).fetchone()  # fmt: skip
            return int(row["id"])

    def mark_killed(self) -> None:
        """Mark the runs that never ended as killed. For the holder of the run lock."""
        with self._connection.writing() as sql:
            sql.execute(
                "UPDATE runs SET finish_reason = 'killed'"
                " WHERE finished_at IS NULL AND finish_reason IS NULL"
            )

    def finish(self, run: int, *, reason: str, counts: dict[str, object], now: str) -> None:
        """Close a run: from now on its row is evidence."""
        with self._connection.writing() as sql:
            sql.execute(
                "UPDATE runs SET finished_at = ?, finish_reason = ?, counts = ? WHERE id = ?",
                (now, reason, json.dumps(counts, default=str), run),
            )

    def note(self, run: int, counts: dict[str, object]) -> None:
        """Keep what a run has done so far, for the case that it is killed."""
        with self._connection.writing() as sql:
            sql.execute("UPDATE runs SET counts = ? WHERE id = ?", (json.dumps(counts), run))

    def latest_counts(self, command: str) -> dict[str, Any] | None:
        """Return the counts of the latest run of a command that noted any; None: there is none."""
        row = self._connection.sql.execute(
            "SELECT counts FROM runs WHERE command = ? AND counts IS NOT NULL"
            " ORDER BY id DESC LIMIT 1",
            (command,),
        ).fetchone()
        counts: dict[str, Any] | None = json.loads(row["counts"]) if row else None
        return counts

    def first_began_at(self) -> str | None:
        """Return when the first run began, by the clock that it had; None: there is none."""
        row = self._connection.sql.execute("SELECT started_at FROM runs ORDER BY id LIMIT 1")
        found = row.fetchone()
        return str(found["started_at"]) if found else None

    def first_answers(self, limit: int) -> list[sqlite3.Row]:
        """Return the first answers of the first run: fetched_at, elapsed_ms, response_headers."""
        return self._connection.sql.execute(
            "SELECT fetched_at, elapsed_ms, response_headers FROM fetches"
            " WHERE run = (SELECT min(id) FROM runs) AND status IS NOT NULL ORDER BY id LIMIT ?",
            (limit,),
        ).fetchall()

    def latest_setting(self, name: str) -> str | None:
        """Return what the latest run that recorded a setting ran with; None: no run did."""
        row = self._connection.sql.execute(
            "SELECT settings ->> ? AS value FROM runs WHERE settings ->> ? IS NOT NULL"
            " ORDER BY id DESC LIMIT 1",
            (name, name),
        ).fetchone()
        return str(row["value"]) if row else None

    def report(self, run: int) -> RunReport:
        """Count what a run did, from the rows that it wrote."""
        sql = self._connection.sql
        row = sql.execute("SELECT * FROM runs_report WHERE id = ?", (run,)).fetchone()
        outcomes = sql.execute(
            # Of a visit that is not judged yet the transport tells; who ends on a redirect was led
            # nowhere.
            "SELECT CASE outcome WHEN 'redirect' THEN 'server-error' ELSE outcome END AS outcome,"
            " count(*) AS n FROM (SELECT coalesce(o.outcome, f.outcome) AS outcome"
            "  FROM (SELECT max(id) AS last FROM fetches WHERE run = ? AND purpose = 'source'"
            "   GROUP BY visit) v JOIN fetches f ON f.id = v.last"
            "  LEFT JOIN outcomes o ON o.fetch = f.id)"
            " GROUP BY 1 ORDER BY n DESC, 1",
            (run,),
        )
        return RunReport(
            row["fetches"], row["new_captures"], row["revisits"],
            {r["outcome"]: r["n"] for r in outcomes},
        )  # fmt: skip

    def failed(self, run: int, limit: int) -> list[sqlite3.Row]:
        """Return the sources that a run visited without success, those not held first.

        Where we were offline ourselves nothing is known of the source.
        """
        return self._connection.sql.execute(
            "SELECT s.id AS source, s.url AS url, s.last_outcome AS outcome,"
            " coalesce(o.reasons ->> 0, f.reason) AS reason, s.good_capture IS NOT NULL AS held"
            " FROM (SELECT source, max(id) AS last FROM fetches WHERE run = ?1"
            "  AND source IS NOT NULL AND purpose = 'source' GROUP BY source) v"
            " JOIN fetches f ON f.id = v.last JOIN sources s ON s.id = v.source"
            " LEFT JOIN outcomes o ON o.fetch = f.id"
            " WHERE s.failures > 0 AND f.outcome <> 'local-fault'"
            " ORDER BY held, s.last_outcome, s.url LIMIT ?2",
            (run, limit),
        ).fetchall()

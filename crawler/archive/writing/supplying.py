"""What comes from elsewhere: the source that it belongs to, and what of it waits to be judged."""

from __future__ import annotations

import sqlite3

from crawler.archive.barring import Barring
from crawler.archive.connection import Connection
from crawler.urls import host_key, urlkey

UNCITED = "nothing cites it"  # reason why a source that an import brought is not visited


class Supplying:
    """Sources of one archive, as an import sees them."""

    def __init__(self, connection: Connection, barring: Barring) -> None:
        self._connection = connection
        self._barring = barring

    def source_of(self, url: str) -> int | None:
        """Return the source that a URL names, in whichever spelling; None: it is not known."""
        row = self._connection.sql.execute(
            "SELECT id FROM sources WHERE urlkey = ?1"
            " UNION ALL SELECT source FROM source_spellings WHERE url = ?2 LIMIT 1",
            (urlkey(url), url),
        ).fetchone()
        return row["id"] if row else None

    def is_forgotten(self, source: int) -> bool:
        """Tell whether a source was forgotten: then nothing of it is taken in."""
        row = self._connection.sql.execute(
            "SELECT withheld FROM sources WHERE id = ?", (source,)
        ).fetchone()
        return row is not None and row["withheld"] == "forgotten"

    def add_source(self, url: str, now: str) -> int:
        """Add a source that no entry cites, and return it. It is visited when one does."""
        with self._connection.writing() as sql:
            sql.execute("INSERT OR IGNORE INTO hosts (host) VALUES (?)", (host_key(url),))
            row = sql.execute(
                "INSERT INTO sources (urlkey, url, title, host, first_seen_at, due_reason)"
                " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                (urlkey(url), url, url, host_key(url), now, UNCITED),
            ).fetchone()
            self._barring.mark(int(row["id"]), url)
            return int(row["id"])

    def attached(self, fetch_uid: str) -> sqlite3.Row:
        """Return what a supplied page was judged to be.

        A row: capture, captured_at, payload, outcome, reasons (JSON), is_copy (its payload is that
        of the copy that is held, and nobody but a person brought that).
        """
        row: sqlite3.Row = self._connection.sql.execute(
            "SELECT c.id AS capture, c.captured_at, c.payload, o.outcome, o.reasons,"
            " g.payload = c.payload AND g.origin = c.origin AS is_copy"
            " FROM fetches f JOIN captures c ON c.fetch = f.id JOIN sources s ON s.id = c.source"
            " LEFT JOIN outcomes o ON o.fetch = f.id"
            " LEFT JOIN captures g ON g.id = s.good_capture WHERE f.uid = ?",
            (fetch_uid,),
        ).fetchone()
        return row

    def note_on(self, capture: int) -> str | None:
        """Return what a person said when attaching a capture; None: nothing."""
        row = self._connection.sql.execute(
            "SELECT r.settings ->> 'note' AS note FROM captures c JOIN fetches f ON f.id = c.fetch"
            " JOIN runs r ON r.id = f.run WHERE c.id = ? AND r.command = 'attach'",
            (capture,),
        ).fetchone()
        return row["note"] if row else None

    def waiting(self) -> list[int]:
        """Return the sources of which something waits to be judged."""
        rows = self._connection.sql.execute(
            "SELECT id FROM sources WHERE unjudged_since IS NOT NULL ORDER BY id"
        )
        return [row["id"] for row in rows]

    def supplied(self, source: int, captured_at: str) -> None:
        """Note that a capture came from elsewhere, and waits to be judged. No visit was made."""
        with self._connection.writing() as sql:
            sql.execute(
                "UPDATE sources SET unjudged_since = min(coalesce(unjudged_since, ?1), ?1)"
                " WHERE id = ?2",
                (captured_at, source),
            )

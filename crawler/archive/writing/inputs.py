"""Where entries come from, and which of their pages could not be read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.archive.connection import Connection
from crawler.archive.storable import storable_text
from crawler.errors import InputNotFound


@dataclass(frozen=True, slots=True)
class Input:
    """Where entries come from."""

    id: int
    kind: str  # "file", "folder" or "url"
    locator: str
    base_url: str | None
    options: dict[str, str]
    read_before: bool  # with the present options


class Inputs:
    """The inputs of one archive, and the problems with their pages."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        kind: str,
        locator: str,
        *,
        base_url: str | None = None,
        options: dict[str, str] | None = None,
        now: str,
    ) -> int:
        """Remember an input and return its id; an input known already takes the new options.

        Raises InputNotFound for a path that no text can name: it could not be found again.
        """
        if storable_text(locator) != locator:
            raise InputNotFound(
                storable_text(locator), "holds bytes that are no text; give it another name"
            )
        with self._connection.writing() as sql:
            row = sql.execute(
                "INSERT INTO inputs (kind, locator, base_url, options, added_at)"
                " VALUES (?1, ?2, ?3, ?4, ?5)"
                " ON CONFLICT (locator) DO UPDATE SET enabled = 1,"
                "  base_url = coalesce(excluded.base_url, base_url),"
                "  options = CASE excluded.options WHEN '{}' THEN options"
                "   ELSE excluded.options END,"
                # other options may read the same bytes otherwise: do not skip them as unchanged
                "  last_read_at = CASE WHEN excluded.base_url IS NOT base_url"
                "   AND excluded.base_url IS NOT NULL THEN NULL ELSE last_read_at END"
                " RETURNING id",
                (kind, locator, base_url, json.dumps(options or {}, sort_keys=True), now),
            ).fetchone()
            return int(row["id"])

    def enabled(self, ids: Sequence[int] | None = None) -> list[Input]:
        """Return the enabled inputs in the order in which they were added, or those of ``ids``."""
        rows = self._connection.sql.execute("SELECT * FROM inputs WHERE enabled = 1 ORDER BY id")
        return [
            Input(
                row["id"],
                row["kind"],
                row["locator"],
                row["base_url"],
                json.loads(row["options"]),
                row["last_read_at"] is not None,
            )
            for row in rows
            if ids is None or row["id"] in ids
        ]

    def leave(self, input_id: int) -> None:
        """Read an input no more. What was read of it stays, its problems are over."""
        with self._connection.writing() as sql:
            sql.execute("UPDATE inputs SET enabled = 0 WHERE id = ?", (input_id,))
            sql.execute("DELETE FROM reading_problems WHERE input = ?", (input_id,))

    def was_read(self, input_id: int, now: str) -> None:
        """Note that an input was read to its end.

        Problems with pages of a file or folder that did not show up in this reading are over.
        """
        with self._connection.writing() as sql:
            sql.execute("UPDATE inputs SET last_read_at = ? WHERE id = ?", (now, input_id))
            sql.execute(
                "DELETE FROM reading_problems WHERE input = ?1 AND last_seen_at < ?2"
                " AND EXISTS (SELECT 1 FROM inputs WHERE id = ?1 AND kind <> 'url')",
                (input_id, now),
            )

    def problem(self, locator: str, problem: str, *, input_id: int | None, now: str) -> None:
        """Record that a page could not be read as an entry."""
        with self._connection.writing() as sql:
            sql.execute(
                "INSERT INTO reading_problems VALUES (?1, ?2, ?3, ?4, ?4)"
                " ON CONFLICT (locator) DO UPDATE SET problem = excluded.problem,"
                " input = coalesce(excluded.input, input), last_seen_at = excluded.last_seen_at",
                (locator, problem, input_id, now),
            )

    def solved(self, locator: str) -> None:
        """Forget the problem of a page that could be read by now."""
        with self._connection.writing() as sql:
            sql.execute("DELETE FROM reading_problems WHERE locator = ?", (locator,))

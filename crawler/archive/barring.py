"""Barring: places of the web that a person wants never to be fetched, and the sources in them.

Two decisions on a place, each a row that is never changed; the latest holds. *barred*: nothing is
fetched from there, and its sources have no date for a visit; what was captured stays. *released*:
it is fetched again, and its sources are due.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from crawler.archive.connection import Connection
from crawler.dates import format_instant
from crawler.urls.places import Place, Places, parse_place

# As the trigger `sources_barred_wait` writes it, too: by it is known what is due when a rule goes.
BARRED = "barred: never fetched"
RELEASED = "released after it was barred"

_IN_FORCE = """
SELECT b.id, b.place, b.decided_at, b.reason FROM barred b
WHERE b.id IN (SELECT max(id) FROM barred GROUP BY place) AND b.decision = 'barred' ORDER BY b.id
"""
_COUNTED = f"""
SELECT r.place, r.decided_at, r.reason,
  (SELECT count(*) FROM sources s WHERE s.barred = r.id) AS sources FROM ({_IN_FORCE}) r
"""


class Barring:
    """The barred places of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: tuple[Places, dict[str, int]] | None = None
        self._version: int | None = None  # of the file, when the rules were read
        self._looked_in = 0  # the transaction in which the version was asked for last

    @property
    def _sql(self) -> sqlite3.Connection:
        return self._connection.sql

    def rules(self) -> list[sqlite3.Row]:
        """Return the rules in force, oldest first: place, decided_at, reason, sources (a count).

        A source that lies in several barred places counts for the first of them.
        """
        return self._sql.execute(_COUNTED).fetchall()

    def counts(self) -> dict[str, int]:
        """Return how many places are barred, and how many sources lie in them."""
        row = self._sql.execute(
            f"SELECT (SELECT count(*) FROM ({_IN_FORCE})) AS places,"
            " (SELECT count(*) FROM sources WHERE barred IS NOT NULL) AS sources"
        ).fetchone()
        return dict(row)

    def decisions(self, place: Place) -> list[sqlite3.Row]:
        """Return what was decided on a place, oldest first."""
        return self._sql.execute(
            "SELECT decision, reason, decided_at FROM barred WHERE place = ? ORDER BY id",
            (str(place),),
        ).fetchall()

    def holding(self, url: str) -> Place | None:
        """Return the barred place that a URL lies in; None: it may be fetched.

        Rules that another process lays while a crawl runs hold at once.
        """
        return self._in_force()[0].holding(url)

    def is_barred(self, place: Place) -> bool:
        """Tell whether a rule names this very place."""
        return str(place) in self._in_force()[1]

    def bar(self, place: Place, reason: str | None, *, now: datetime) -> bool:
        """Bar a place from now on; False when it was barred already, and nothing was changed."""
        if self.is_barred(place):
            return False
        with self._connection.writing():
            self._decide(place, "barred", reason, now)
            self._mark(self._sources_at(place))
        return True

    def release(self, place: Place, reason: str | None = None, *, now: datetime) -> bool:
        """Take a rule back: what no other bars is due again. False when there is no such rule."""
        rule = self._in_force()[1].get(str(place))
        if rule is None:
            return False
        with self._connection.writing() as sql:
            freed = sql.execute("SELECT id, url FROM sources WHERE barred = ?", (rule,)).fetchall()
            self._decide(place, "released", reason, now)
            sql.execute(
                "UPDATE sources SET barred = NULL,"
                " due_at = CASE due_reason WHEN ?2 THEN ?3 ELSE due_at END,"
                " due_reason = CASE due_reason WHEN ?2 THEN ?4 ELSE due_reason END"
                " WHERE barred = ?1",
                (rule, BARRED, format_instant(now), RELEASED),
            )
            self._mark(freed)
        return True

    def mark(self, source: int, url: str) -> None:
        """Mark a source that is new, if it lies in a barred place."""
        if self._in_force()[0]:
            self._mark([{"id": source, "url": url}])

    def mark_all(self) -> None:
        """Mark what lies in a barred place, and free what does not: rows came from elsewhere."""
        with self._connection.writing() as sql:
            if self._in_force()[0]:
                rows = sql.execute("SELECT id, url FROM sources WHERE barred IS NULL")
                self._mark(rows.fetchall())
            sql.execute(
                "UPDATE sources SET due_at = first_seen_at, due_reason = ?"
                " WHERE barred IS NULL AND due_at IS NULL AND due_reason = ?",
                (RELEASED, BARRED),
            )

    def _mark(self, sources: Iterable[sqlite3.Row | dict[str, object]]) -> None:
        places, ids = self._in_force()
        marked = [
            (ids[str(place)], BARRED, source["id"])
            for source in sources
            if (place := places.holding(str(source["url"]))) is not None
        ]
        with self._connection.writing() as sql:
            sql.executemany(
                "UPDATE sources SET barred = ?1, due_at = NULL,"
                " due_reason = CASE WHEN due_at IS NULL THEN due_reason ELSE ?2 END WHERE id = ?3",
                marked,
            )

    def _sources_at(self, place: Place) -> list[sqlite3.Row]:
        """Return the sources that may lie in a place: those of its host and of hosts below it."""
        return self._sql.execute(
            "SELECT id, url FROM sources WHERE barred IS NULL AND instr(host, ?) > 0",
            (place.host,),
        ).fetchall()

    def _decide(self, place: Place, decision: str, reason: str | None, now: datetime) -> None:
        with self._connection.writing() as sql:
            sql.execute(
                "INSERT INTO barred (place, decision, reason, decided_at) VALUES (?, ?, ?, ?)",
                (str(place), decision, reason, format_instant(now)),
            )
        self._known = None

    def _in_force(self) -> tuple[Places, dict[str, int]]:
        """Return the rules, read again when another process has written to the file.

        That is asked once in a transaction, of which a crawl has one for many requests: while it
        lasts, nobody else can write, and nothing that others wrote before would appear.
        """
        if self._known is not None and self._is_within_one():
            return self._known
        version = int(self._sql.execute("PRAGMA data_version").fetchone()[0])
        if self._known is None or version != self._version:
            ids = {row["place"]: int(row["id"]) for row in self._sql.execute(_IN_FORCE)}
            self._known = Places(map(place_of, ids)), ids
            self._version = version
        return self._known

    def _is_within_one(self) -> bool:
        """Tell whether the version was asked for in the transaction that is open."""
        looked_in, self._looked_in = self._looked_in, self._connection.begun
        return self._sql.in_transaction and looked_in == self._looked_in


def place_of(text: str) -> Place:
    """Return the place of a row."""
    return parse_place(f"http://{text}")

"""What people decided in another archive: what is withheld, forgotten or barred here, too."""

from __future__ import annotations

import sqlite3

from crawler.archive import Archive
from crawler.archive.barring import place_of
from crawler.archive.merge.uniting import holds, ours_of
from crawler.dates import parse_instant


class Decisions:
    """The decisions of another archive on their way into ours."""

    def __init__(self, ours: Archive, other: sqlite3.Connection) -> None:
        self._archive, self._other = ours, other
        self._ours: sqlite3.Connection = ours.connection.sql

    def bring(self) -> None:
        """Let the latest decision on a source or place hold, in whichever archive it was made."""
        self._places()
        rows = self._other.execute(
            "SELECT source, decision, reason, decided_at FROM withheld WHERE id IN"
            " (SELECT max(id) FROM withheld GROUP BY source)"
        ).fetchall()
        for row in rows:
            source = ours_of(self._ours, "sources", row["source"])
            if source is None:
                continue
            decided = self._ours.execute(
                "SELECT max(decided_at) AS at FROM withheld WHERE source = ?", (source,)
            ).fetchone()["at"]
            if decided is None or decided < row["decided_at"]:
                self._decide(source, row)

    def _places(self) -> None:
        barring = self._archive.barring
        for row in self._other.execute(
            "SELECT place, decision, reason, decided_at FROM barred WHERE id IN"
            " (SELECT max(id) FROM barred GROUP BY place) ORDER BY id"
        ).fetchall():
            place, now = place_of(row["place"]), parse_instant(row["decided_at"])
            ours = barring.decisions(place)
            if ours and ours[-1]["decided_at"] >= row["decided_at"]:
                continue
            decide = barring.bar if row["decision"] == "barred" else barring.release
            decide(place, row["reason"], now=now)
        barring.mark_all()

    def _decide(self, source: int, row: sqlite3.Row) -> None:
        withholding, now = self._archive.withholding, parse_instant(row["decided_at"])
        state = withholding.state(source)
        if row["decision"] == "forgotten" and state != "forgotten":
            withholding.forget(source, row["reason"], now=now)
        elif row["decision"] == "withheld" and state is None:
            withholding.withhold(source, row["reason"], now=now)
        elif row["decision"] == "released" and state is not None:
            withholding.release(source, row["reason"], now=now)

    def tombstones(self) -> int:
        """Bring over what was destroyed there and is not here; return how many rows are new."""
        rows = self._other.execute(
            "SELECT t.digest, t.size_bytes, w.source FROM tombstones t"
            " JOIN withheld w ON w.id = t.withheld"
        ).fetchall()
        new = 0
        for row in rows:
            source = ours_of(self._ours, "sources", row["source"])
            if source is not None and not holds(self._ours, "payloads", row["digest"]):
                new += self.bury(row["digest"], row["size_bytes"], source)
        return new

    def bury(self, digest: str, size_bytes: int, source: int) -> int:
        """Say why a payload that is not taken in is not here; return how many rows are new."""
        if holds(self._ours, "tombstones", digest):
            return 0
        made = self._ours.execute(
            "INSERT INTO tombstones (digest, size_bytes, withheld) SELECT ?, ?, latest FROM"
            " (SELECT max(id) AS latest FROM withheld WHERE source = ? AND decision = 'forgotten')"
            " WHERE latest IS NOT NULL",
            (digest, size_bytes, source),
        )
        return made.rowcount

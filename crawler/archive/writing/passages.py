"""The passages that citations rest on, and how they stand in each version of their source."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from crawler.archive.connection import Connection
from crawler.passages import Anchor, Claim, Standing
from crawler.urls import fragment_of


class Passages:
    """Anchors and standings of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def _sql(self) -> sqlite3.Connection:
        return self._connection.sql

    def without_anchors(self, source: int) -> list[tuple[int, Claim]]:
        """Return the citations of a source for whose passages nobody has looked yet."""
        rows = self._sql.execute(
            "SELECT k.id AS id, k.label AS label, k.context AS context,"
            " k.url_as_cited AS url_as_cited, e.title AS headline, e.summary AS summary"
            " FROM citations k JOIN entries e ON e.id = k.entry"
            " WHERE k.source = ? AND k.role IN ('source', 'archive-of')"
            " AND NOT EXISTS (SELECT 1 FROM anchors n WHERE n.citation = k.id) ORDER BY k.id",
            (source,),
        )
        return [(row["id"], _claim(row)) for row in rows]

    def save_anchors(
        self, citation: int, anchors: Sequence[Anchor], version: int, *, now: str
    ) -> None:
        """Keep what a citation rests on, as it was found in a version or not."""
        self._sql.executemany(
            "INSERT OR IGNORE INTO anchors (citation, kind, exact, prefix, suffix, digest, version,"
            " made_at) VALUES (?,?,?,?,?,?,?,?)",
            [
                (
                    citation, anchor.kind, anchor.exact, anchor.prefix, anchor.suffix,
                    anchor.digest, version if anchor.found else None, now,
                )
                for anchor in anchors
            ],
        )  # fmt: skip

    def unchecked(self, source: int, version: int) -> list[tuple[int, Anchor]]:
        """Return the anchors of a source whose standing in a version is not known."""
        rows = self._sql.execute(
            "SELECT n.* FROM citations k JOIN anchors n ON n.citation = k.id WHERE k.source = ?"
            " AND NOT EXISTS (SELECT 1 FROM standings t WHERE t.anchor = n.id AND t.version = ?)"
            " ORDER BY n.id",
            (source, version),
        )
        return [(row["id"], _anchor(row)) for row in rows]

    def wait(self, source: int, version: int) -> bool:
        """Tell whether ``without_anchors`` or ``unchecked`` has anything for a source."""
        row = self._sql.execute(
            "SELECT EXISTS (SELECT 1 FROM citations k"
            " WHERE k.source = ?1 AND k.role IN ('source', 'archive-of')"
            " AND NOT EXISTS (SELECT 1 FROM anchors n WHERE n.citation = k.id))"
            " OR EXISTS (SELECT 1 FROM citations k JOIN anchors n ON n.citation = k.id"
            " WHERE k.source = ?1"
            " AND NOT EXISTS (SELECT 1 FROM standings t WHERE t.anchor = n.id AND t.version = ?2))",
            (source, version),
        ).fetchone()
        return bool(row[0])

    def save_standing(self, anchor: int, version: int, standing: Standing, *, now: str) -> None:
        """Keep how an anchor stands in a version."""
        altered = standing.wording if standing.state == "supported-altered" else None
        self._sql.execute(
            "INSERT OR REPLACE INTO standings (anchor, version, standing, score, wording,"
            " checked_at) VALUES (?,?,?,?,?,?)",
            (anchor, version, standing.state, standing.score, altered, now),
        )

    def of_source(self, source: int) -> list[sqlite3.Row]:
        """Return the passages that rest on a source, and how they stand now."""
        return self._sql.execute(
            "SELECT * FROM passages WHERE source_id = ? ORDER BY id", (source,)
        ).fetchall()


def _claim(row: sqlite3.Row) -> Claim:
    return Claim(
        summary=row["summary"],
        headline=row["headline"],
        label=row["label"] or None,
        context=row["context"],
        fragment=fragment_of(row["url_as_cited"]),
    )


def _anchor(row: sqlite3.Row) -> Anchor:
    return Anchor(
        kind=row["kind"],
        exact=row["exact"],
        prefix=row["prefix"],
        suffix=row["suffix"],
        digest=row["digest"],
        found=row["version"] is not None,
    )

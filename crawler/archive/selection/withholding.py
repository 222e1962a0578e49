"""Withholding: sources that are private or taken down, and those whose bytes and texts must go.

Three decisions, each a row that is never changed; the latest holds. *withheld*: out of whatever
leaves the archive, and still visited. *forgotten*: besides, payloads and texts are destroyed, a
tombstone keeps digest and size, and the source is not visited. *released*: neither any longer.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from crawler.archive.connection import Connection
from crawler.archive.payloads import Payloads
from crawler.archive.sealable import note_index
from crawler.archive.writing.articles import Articles
from crawler.dates import format_instant
from crawler.errors import ArchiveError, UsageError


@dataclass(frozen=True, slots=True)
class Shared:
    """A payload that stays because somebody else has shown it, too."""

    digest: str
    size_bytes: int
    by: tuple[str, ...]  # URLs of other sources; "an entry page", "a robots.txt", "a probe"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What went when a source was forgotten."""

    payloads: int
    size_bytes: int  # of them, decoded
    released: int  # other payloads that were stored against one of them, and are stored anew
    shared: tuple[Shared, ...]


# The payloads that a source has shown, and who else has: other sources unless they are forgotten
# themselves, pages of entries, robots.txt, probes of hosts.
_SHOWN = """
SELECT DISTINCT p.digest AS digest, p.size_bytes AS size_bytes FROM captures c
JOIN payloads p ON p.digest = c.payload WHERE c.source = ? ORDER BY p.rowid
"""
_OTHERS = """
SELECT DISTINCT s.url AS shower FROM captures c JOIN sources s ON s.id = c.source
  WHERE c.payload = :digest AND s.id <> :source AND s.withheld IS NOT 'forgotten'
UNION SELECT c.url FROM captures c WHERE c.payload = :digest AND c.source IS NULL
UNION SELECT 'an entry page' FROM entry_versions WHERE payload = :digest
UNION SELECT 'a robots.txt' FROM robots WHERE payload = :digest
UNION SELECT 'a probe' FROM probes WHERE payload = :digest
ORDER BY 1 LIMIT 5
"""

# What was judged from the texts, and would still show their words. Verdicts stay, and what a visit
# was judged to be; a change keeps its class and measures.
_WORDS = (
    "DELETE FROM standings WHERE anchor IN (SELECT n.id FROM anchors n"
    " JOIN citations k ON k.id = n.citation WHERE k.source = ?)",
    "DELETE FROM anchors WHERE citation IN (SELECT id FROM citations WHERE source = ?)",
    "UPDATE changes SET edits = NULL, links_added = NULL, links_removed = NULL WHERE source = ?",
    "UPDATE outcomes SET evidence = NULL WHERE source = ?",
    "UPDATE sources SET version = NULL, good_capture = NULL, etag = NULL, last_modified = NULL,"
    " probe_url = NULL, unjudged_since = NULL, title = coalesce((SELECT k.label FROM citations k"
    "  WHERE k.source = sources.id AND k.label <> '' ORDER BY k.id LIMIT 1), url) WHERE id = ?",
    "UPDATE mementos SET evidence = NULL WHERE source = ?",
    "UPDATE relocations SET title = NULL WHERE source = ?",
    "UPDATE rescues SET state = 'not-needed', due_at = NULL WHERE source = ? AND state = 'waiting'",
    "DELETE FROM standings WHERE version IN (SELECT id FROM versions WHERE source = ?)",
    "DELETE FROM versions WHERE source = ?",
)


class Withholding:
    """The decisions of one archive. For the holder of its run lock."""

    def __init__(self, connection: Connection, payloads: Payloads, articles: Articles) -> None:
        self._connection = connection
        self._payloads = payloads
        self._articles = articles

    def state(self, source: int) -> str | None:
        """Return ``withheld``, ``forgotten``, or None: neither."""
        row = self._connection.sql.execute(
            "SELECT withheld FROM sources WHERE id = ?", (source,)
        ).fetchone()
        return row["withheld"] if row else None

    def decisions(self, source: int) -> list[sqlite3.Row]:
        """Return what was decided on a source, oldest first."""
        return self._connection.sql.execute(
            "SELECT decision, reason, decided_at FROM withheld WHERE source = ? ORDER BY id",
            (source,),
        ).fetchall()

    def counts(self) -> dict[str, int]:
        """Return how many sources are withheld and how many forgotten; those that are not zero."""
        rows = self._connection.sql.execute(
            "SELECT withheld, count(*) AS n FROM sources WHERE withheld IS NOT NULL"
            " GROUP BY 1 ORDER BY 1 DESC"
        )
        return {row["withheld"]: row["n"] for row in rows}

    def hidden(self) -> set[int]:
        """Return the sources that are withheld or forgotten."""
        rows = self._connection.sql.execute("SELECT id FROM sources WHERE withheld IS NOT NULL")
        return {row["id"] for row in rows}

    def withhold(self, source: int, reason: str, *, now: datetime) -> None:
        """Withhold a source. Raises UsageError when it is withheld or forgotten already."""
        state = self.state(source)
        if state is not None:
            raise UsageError(f"this source is {state} already")
        self._decide(source, "withheld", reason, now)

    def release(self, source: int, reason: str, *, now: datetime) -> None:
        """Take back the last decision. A source that was forgotten is due again.

        Raises UsageError when nothing was decided.
        """
        state = self.state(source)
        if state is None:
            raise UsageError("this source is not withheld")
        with self._connection.writing() as sql:
            self._decide(source, "released", reason, now)
            if state == "forgotten":
                sql.execute(
                    "UPDATE sources SET due_at = ?, due_reason = ? WHERE id = ?",
                    (format_instant(now), "released after it was forgotten", source),
                )

    def forget(self, source: int, reason: str, *, now: datetime) -> Forgotten:
        """Destroy the payloads and texts of a source, all or nothing; return what went.

        What others have shown too stays. Freed pages are overwritten (``secure_delete``); what
        lay in pages that were free before is overwritten by ``overwrite``. Raises UsageError when
        it is forgotten already, PayloadDamaged when a payload that needs one of them cannot be
        read: nothing has changed then.
        """
        if self.state(source) == "forgotten":
            raise UsageError("this source is forgotten already")
        self._connection.sql.execute("PRAGMA secure_delete = ON").fetchall()
        with self._connection.writing() as sql:
            decision = self._decide(source, "forgotten", reason, now)
            for statement in _WORDS:
                sql.execute(statement, (source,))
            sql.execute(
                "UPDATE sources SET due_at = NULL, due_reason = ? WHERE id = ?",
                (f"forgotten: {reason}", source),
            )
            return self._destroy(source, decision)

    def _decide(self, source: int, decision: str, reason: str, now: datetime) -> int:
        with self._connection.writing() as sql:
            cursor = sql.execute(
                "INSERT INTO withheld (source, decision, reason, decided_at) VALUES (?,?,?,?)",
                (source, decision, reason, format_instant(now)),
            )
            sql.execute(
                "UPDATE sources SET withheld = ? WHERE id = ?",
                (None if decision == "released" else decision, source),
            )
            if decision != "released":  # nobody is asked any more to keep it, too
                sql.execute("UPDATE sources SET push = 0 WHERE id = ?", (source,))
                sql.execute(
                    "UPDATE pushes SET state = 'withdrawn', due_at = NULL WHERE source = ?"
                    " AND state = 'waiting'",
                    (source,),
                )
            return int(cursor.lastrowid or 0)

    def _destroy(self, source: int, decision: int) -> Forgotten:
        sql = self._connection.sql
        shown = sql.execute(_SHOWN, (source,)).fetchall()
        shared, going = [], []
        for row in shown:
            named = {"digest": row["digest"], "source": source}
            others = tuple(other["shower"] for other in sql.execute(_OTHERS, named))
            if others:
                shared.append(Shared(row["digest"], row["size_bytes"], others))
            else:
                going.append(row)
        released = 0
        for row in going:
            self._articles.forget(row["digest"])
            sql.execute("DELETE FROM page_facts WHERE payload = ?", (row["digest"],))
            released += self._payloads.forget(row["digest"], decision)
        size = sum(row["size_bytes"] for row in going)
        return Forgotten(len(going), size, released, tuple(shared))

    def overwrite(self) -> None:
        """Write the file anew, so that no page keeps what was there before.

        A search index keeps the words of deleted rows until its parts are merged, and payloads
        that were packed have left earlier encodings in free pages. Needs room for the whole archive
        a second time. Raises ArchiveError when the disk refuses, or a reader holds what was there
        before: what was committed is safe, and it may be tried again.
        """
        sql = self._connection.sql
        try:
            note_index(sql)
            for row in sql.execute(_SEARCH_INDEXES).fetchall():
                sql.execute(f"INSERT INTO {row['name']} ({row['name']}) VALUES ('optimize')")
            sql.execute("VACUUM")
            (held, *_) = sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as exc:
            raise self._not_overwritten(f"it cannot be written anew: {exc}") from exc
        if held:  # SQLite says so by no error: the new pages are in the log, the old in the file
            raise self._not_overwritten("another program reads it: end that (a SQLite shell, say)")

    def _not_overwritten(self, why: str) -> ArchiveError:
        return ArchiveError(
            f"{self._connection.path}: what was forgotten is in no table, but its words may still"
            f" lie in the file, because {why}; then run the same command again"
        )


_SEARCH_INDEXES = """
SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%USING FTS5%'
"""

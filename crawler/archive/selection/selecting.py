"""What leaves the archive: a selection of captures, and a stream of them in constant memory.

The ids of what is selected are written into a temporary table first (some 30 bytes each, on disk
where there are many); everything is then read through it, in one read transaction. So an export
sees one state of the archive however long it takes and whoever writes meanwhile, and the count for
its progress bar is the count of what comes.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from operator import itemgetter

from crawler.archive.connection import Connection
from crawler.archive.payloads import Payloads
from crawler.archive.selection import attempts
from crawler.archive.selection.attempts import AttemptRecord
from crawler.archive.selection.narrowing import (
    GOOD,
    Selection,
    conditions_of,
    conditions_of_entries,
    fill,
)
from crawler.archive.selection.publishing import (
    DAMAGED,
    cited_to_publish,
    fit_to_leave,
    fit_to_publish,
    hold_back,
    redact_key,
)
from crawler.archive.selection.records import (
    CaptureRecord,
    CitationRecord,
    Cited,
    Elsewhere,
    SourceRecord,
)
from crawler.archive.selection.rows import (
    SELECT_ANY_RECORD,
    SELECT_CITATIONS,
    SELECT_RECORDS,
    cited_of,
    record_of,
)
from crawler.archive.selection.tabulating import table_rows
from crawler.errors import PayloadDamaged, UsageError
from crawler.urls import redact_text, redact_url

CACHE_KIB = 512


@dataclass(frozen=True, slots=True)
class SelectedEntry:
    """An entry that is asked for, or that cites what is selected."""

    id: int
    key: str
    title: str
    date: str | None
    topic: str | None
    summary: str | None
    url: str | None


class Selected:
    """The captures of a selection, as they were at one moment."""

    def __init__(
        self, connection: Connection, payloads: Payloads, selection: Selection, archive_uid: str
    ) -> None:
        self._sql = connection.sql
        self._payloads = payloads
        self.selection = selection
        self.archive_uid = archive_uid
        self.count: int = self._sql.execute("SELECT count(*) FROM temp.selected").fetchone()[0]
        self.damaged: list[str] = []  # digests of payloads that could not be read so far
        self._attempts: int | None = None  # None: not laid yet

    @property
    def attempts(self) -> int:
        """How many attempts without an answer are selected, beside the captures."""
        if self._attempts is None:
            conditions, values = conditions_of(self.selection, "f.source", "f.fetched_at")
            if self.selection.public:  # control URLs tell of the machine that asks them
                conditions.append("f.purpose <> 'control'")
            where = " AND ".join(conditions) or "1"
            self._attempts = attempts.fill(self._sql, where, values, nearest=self.selection.nearest)
        return self._attempts

    def with_attempts(self) -> Iterator[CaptureRecord | AttemptRecord]:
        """Yield captures and attempts without an answer, in the order in which they were made."""
        if not self.attempts:
            yield from self
            return
        captured = self._sql.execute(f"{SELECT_RECORDS} ORDER BY t.capture")
        failed = attempts.rows(self._sql)
        for row in heapq.merge(captured, failed, key=itemgetter("fetch_number")):
            if "c_uid" in row.keys():  # noqa: SIM118 - a row is no dict
                yield self._fit(row)
            else:
                yield attempts.attempt_of(row, public=self.selection.public)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[CaptureRecord]:
        """Yield the captures in the order in which they were kept: a revisit after its response."""
        return self._records("ORDER BY t.capture")

    def of_source(self, source: int) -> Iterator[CaptureRecord]:
        """Yield the captures of one source, earliest first."""
        return self._records("WHERE t.source = ? ORDER BY t.at, t.capture", source)

    def nearest(self, source: int, day: str | None) -> CaptureRecord | None:
        """Return the good snapshot of a source that is nearest to a day's beginning.

        Of two equally near the earlier one; without a day the first. None: none is selected.
        """
        order = (
            "t.at, t.capture" if day is None
            else "abs(strftime('%s', t.at) - strftime('%s', ?2)), t.at, t.capture"
        )  # fmt: skip
        good = f"coalesce(o.outcome, f.outcome) IN ({GOOD})"
        where = f"WHERE t.source = ?1 AND {good} ORDER BY {order} LIMIT 1"
        values = (source,) if day is None else (source, day)
        return next(self._records(where, *values), None)

    def includes(self, uid: str) -> bool:
        """Return whether a capture is selected."""
        row = self._sql.execute(
            "SELECT 1 FROM captures c JOIN temp.selected t ON t.capture = c.id WHERE c.uid = ?",
            (uid,),
        ).fetchone()
        return row is not None

    def referred(self, record: CaptureRecord) -> CaptureRecord | None:
        """Return the capture that a revisit refers to, selected or not; None: it is not here."""
        if record.refers_to is None:
            return None
        row = self._sql.execute(
            f"{SELECT_ANY_RECORD} WHERE c.uid = ?", (record.refers_to.uid,)
        ).fetchone()
        return self._fit(row) if row else None

    def leaves(self, record: CaptureRecord) -> bool:
        """Return whether a payload is here, may leave, and was not found damaged so far."""
        here = record.size_bytes is not None and record.withheld is None
        return here and record.payload not in self.damaged

    def _records(self, rest: str, *values: object) -> Iterator[CaptureRecord]:
        for row in self._sql.execute(f"{SELECT_RECORDS} {rest}", values):
            yield self._fit(row)

    def _fit(self, row: sqlite3.Row) -> CaptureRecord:
        record = fit_to_leave(record_of(row))
        return fit_to_publish(record) if self.selection.public else record

    def sources(self) -> Iterator[int]:
        """Yield the ids of the sources of which something is selected, ascending."""
        for row in self._sql.execute(
            "SELECT DISTINCT source FROM temp.selected WHERE source IS NOT NULL ORDER BY source"
        ):
            yield row["source"]

    def entries(self) -> Iterator[SelectedEntry]:
        """Yield the entries of the selection, by date and title; undated ones first.

        All that are asked for; where captures or sources are asked for, those that cite one of
        them.
        """
        columns = ", ".join(f"e.{field.name}" for field in fields(SelectedEntry))
        asked, values = self._where_entries()
        for row in self._sql.execute(
            f"SELECT {columns} FROM entries e{asked} ORDER BY e.date, e.title, e.id", values
        ):
            entry = SelectedEntry(**dict(row))
            yield _entry_to_publish(entry) if self.selection.public else entry

    def count_entries(self) -> int:
        """Return how many entries come."""
        asked, values = self._where_entries()
        row = self._sql.execute(f"SELECT count(*) AS n FROM entries e{asked}", values).fetchone()
        return int(row["n"])

    def _where_entries(self) -> tuple[str, dict[str, object]]:
        conditions, values = conditions_of_entries(self.selection)
        if self.selection.narrows_captures:
            conditions.append(
                "EXISTS (SELECT 1 FROM citations k WHERE k.entry = e.id AND EXISTS"
                " (SELECT 1 FROM temp.selected t WHERE t.source = k.source))"
            )
        return (f" WHERE {' AND '.join(conditions)}" if conditions else ""), values

    def citations(self, entry: SelectedEntry) -> Iterator[Cited]:
        """Yield the citations of sources that stand in an entry, in its order, with their copies.

        Of a selection of certain sources only theirs.
        """
        chosen = (
            " AND k.source IN (SELECT source FROM temp.selected)"
            if self.selection.narrows_captures else ""
        )  # fmt: skip
        rows = self._sql.execute(
            f"{SELECT_CITATIONS} WHERE k.entry = ? AND k.role IN ('source', 'archive-of')"
            f" AND k.removed_at IS NULL{chosen} ORDER BY k.position, k.id",
            (entry.id,),
        )
        for row in rows:
            citation, source = cited_of(row)
            copy = self.nearest(source.id, citation.cited_on) if source else None
            cited = Cited(citation, source, copy, self._elsewhere(citation, source))
            yield cited_to_publish(cited) if self.selection.public else cited

    def _elsewhere(self, citation: CitationRecord, source: SourceRecord | None) -> Elsewhere | None:
        """Return the copy of a web archive that is cited; else the known one nearest in time."""
        if citation.role == "archive-of":
            return Elsewhere(citation.url_as_cited, citation.archived_at)
        row = self._sql.execute(
            "SELECT uri_m, memento_datetime FROM mementos WHERE source = ?1"
            " AND state <> 'rejected' ORDER BY memento_datetime IS NULL,"
            " abs(strftime('%s', memento_datetime) - strftime('%s', ?2)), id LIMIT 1",
            (source.id if source else None, citation.cited_on),
        ).fetchone()
        return Elsewhere(row["uri_m"], row["memento_datetime"]) if row else None

    def table(self, name: str) -> Iterator[tuple[object, ...]]:
        """Yield the names of the columns of a table or view, then its rows, as the archive has it.

        Of a narrowed selection only what belongs to it. Raises UsageError: no such table, one that
        cannot be narrowed, or one that is not fit to be published as it is.
        """
        if self.selection.public:
            raise UsageError("a table is shown as it is, and not made fit for --public")
        return table_rows(self._sql, name, narrowed=self.selection.is_narrowed)

    def payload(self, record: CaptureRecord) -> tuple[bytes | None, str | None]:
        """Return the payload of a record and None; or None and why there is none.

        The reasons: that of ``record.withheld``; ``elsewhere``: another archive holds it;
        ``damaged``: its bytes do not match its digest, which ``damaged`` then lists.
        """
        if record.withheld not in (None, DAMAGED):
            return None, record.withheld
        try:
            return self._payloads.get(record.payload), None
        except KeyError:
            return None, "elsewhere"
        except PayloadDamaged:
            if record.payload not in self.damaged:
                self.damaged.append(record.payload)
            return None, DAMAGED


def _entry_to_publish(entry: SelectedEntry) -> SelectedEntry:
    """Return an entry without the secrets of addresses: of one without a headline they are it."""
    return replace(
        entry, key=redact_key(entry.key, entry.id), title=redact_text(entry.title),
        url=redact_url(entry.url) if entry.url else None,
    )  # fmt: skip


class Selecting:
    """Selections from one archive."""

    def __init__(self, connection: Connection, payloads: Payloads) -> None:
        self._connection = connection
        self._payloads = payloads

    @contextmanager
    def select(self, selection: Selection) -> Iterator[Selected]:
        """Select, and hold the archive's present state until the block ends.

        For an archive that is open for reading; one selection at a time. A crawl may write
        meanwhile: its write-ahead log grows for as long.
        """
        sql = self._connection.sql
        with _small_caches(sql), _reading(sql):
            sql.execute(
                "CREATE TEMP TABLE selected"
                " (capture INTEGER PRIMARY KEY, source INTEGER, at TEXT, visit TEXT)"
            )
            fill(sql, selection)
            hold_back(sql, self._payloads, public=selection.public)
            uid = sql.execute("SELECT uid FROM archive").fetchone()["uid"]
            yield Selected(self._connection, self._payloads, selection, uid)


@contextmanager
def _small_caches(sql: sqlite3.Connection) -> Iterator[None]:
    """Keep few pages in memory meanwhile: each is read about once, and the system keeps it, too.

    By default SQLite fills 2 MB with pages of the archive, 2 with those of the selection, and
    sorts in 2 more; an export took as long with a quarter of it.
    """
    before = {
        name: sql.execute(f"PRAGMA {name}.cache_size").fetchone()[0] for name in ("main", "temp")
    }
    try:
        for name in before:
            sql.execute(f"PRAGMA {name}.cache_size = -{CACHE_KIB}")
        yield
    finally:
        for name, size in before.items():
            sql.execute(f"PRAGMA {name}.cache_size = {size}")


@contextmanager
def _reading(sql: sqlite3.Connection) -> Iterator[None]:
    """Hold one state of the archive, and temporary tables for as long."""
    sql.execute("BEGIN")
    try:
        yield
    finally:
        if sql.in_transaction:
            sql.execute("ROLLBACK")  # takes the temporary tables along

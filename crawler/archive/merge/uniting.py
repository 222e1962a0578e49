"""Uniting the rows of two archives that are known by natural keys: which ones, and how they meet.

Ids are of one file only. What a row of the other archive refers to is looked up in temporary tables
``their_…`` (theirs, ours), which are filled as the rows come over; they lie on disk, not in memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

MAPS = ("inputs", "entries", "sources", "runs", "fetches", "captures", "incidents", "mementos")


@dataclass(frozen=True, slots=True)
class United:
    """How the rows of a table come over."""

    table: str
    key: tuple[str, ...]  # columns by which a row is the same in both, as ours have it
    refers: Mapping[str, str] = field(default_factory=dict)  # column -> the map that it goes by
    # column -> what it is where both have the row: SQL over ``excluded`` and the row's own columns;
    # a column that is not named stays as it is
    meet: Mapping[str, str] = field(default_factory=dict)
    newer: str | None = None  # column: the row in which it is later gives the columns of ``taken``
    taken: tuple[str, ...] = ()
    skip: str = "0"  # SQL over the other archive's row: it stays behind


_SEEN = {
    "first_seen_at": "min(first_seen_at, excluded.first_seen_at)",
    "last_seen_at": "max(last_seen_at, excluded.last_seen_at)",
}
_SOURCE = {"source": "sources"}

LEDGER = (
    United(
        "entry_revisions", ("entry", "url", "position"), {"entry": "entries"}, _SEEN,
        "last_seen_at", ("title", "revised_at", "note"),
    ),
    United(
        "entry_relations", ("entry", "url"), {"entry": "entries"}, _SEEN, "last_seen_at",
        ("position", "title", "context"),
    ),
    United(
        "reading_problems", ("locator",), {"input": "inputs"}, _SEEN, "last_seen_at", ("problem",)
    ),
    United(
        "source_spellings", ("url",), _SOURCE,
        {"first_seen_at": "min(first_seen_at, excluded.first_seen_at)"},
    ),
    United(
        "citations", ("entry", "role", "url_as_cited", "label_raw"),
        {"entry": "entries", "source": "sources"},
        {
            **_SEEN,
            "source": "coalesce(source, excluded.source)", "url": "coalesce(url, excluded.url)",
        },
        "last_seen_at",
        (
            "position", "label", "agency", "publisher", "context", "archived_at", "cited_on",
            "cited_on_basis", "removed_at",
        ),
    ),
)  # fmt: skip

# What refers to fetches, captures and payloads; after them.
REFERRING = (
    United(
        "entry_versions", ("locator", "payload"), {"entry": "entries", "capture": "captures"},
        _SEEN, "last_seen_at", ("reader", "warnings"),
    ),
    United("robots", ("origin",), newer="fetched_at", taken=("status", "payload", "error")),
    United(
        "probes", ("host", "parent"), {"fetch": "fetches"}, newer="probed_at",
        taken=("url", "fetch", "final_url", "status", "payload"),
        skip="fetch NOT IN (SELECT id FROM fetches)",
    ),
    United("host_titles", ("host", "kind", "title"), newer="seen_at"),
    United("incidents", ("run", "host"), {"run": "runs"}),
    # Only those that are part of an incident: who judges a source anew asks its outcomes for it.
    United(
        "outcomes", ("fetch",), {"fetch": "fetches", "source": "sources", "run": "runs",
        "incident": "incidents"}, skip="incident IS NULL",
    ),
    United(
        "mementos", ("source", "archive", "uri_m"),
        {**_SOURCE, "capture": "captures", "same_bytes_as": "captures"}, newer="retrieved_at",
        taken=(
            "original", "memento_datetime", "status", "digest", "state", "outcome", "reasons",
            "proof", "class", "evidence", "capture", "same_bytes_as",
        ),
    ),
    United(
        "rescues", ("source",), {**_SOURCE, "memento": "mementos"}, newer="last_asked_at",
        taken=("reason", "state", "due_at", "attempts", "last_result", "memento"),
    ),
    United(
        "relocations", ("source", "url"),
        {**_SOURCE, "measured_against": "captures", "capture": "captures"}, newer="decided_at",
        taken=("decision",),
    ),
    United("page_facts", ("payload",)),
)  # fmt: skip
# These have no natural key of their own: they are the same where all of these columns are.
LISTED = (
    United(
        "lookups", ("source", "archive", "asked_at", "result", "reason"),
        {**_SOURCE, "fetch": "fetches"},
    ),
    United("pushes", ("source", "archive", "queued_at"), {**_SOURCE, "memento": "mementos"}),
)  # fmt: skip


def later_of(name: str) -> str:
    """Return SQL that lets a column be what it is at most in either row; NULL counts for none."""
    return f"{name} = max(coalesce({name}, excluded.{name}), coalesce(excluded.{name}, {name}))"


def lay_maps(sql: sqlite3.Connection) -> None:
    """Make the maps anew: ids of another archive's rows mean nothing here."""
    for name in MAPS:
        sql.execute(f"DROP TABLE IF EXISTS temp.their_{name}")
        sql.execute(
            f"CREATE TEMP TABLE their_{name} (theirs INTEGER PRIMARY KEY, ours INTEGER,"
            " new INTEGER NOT NULL DEFAULT 0)"
        )


def holds(sql: sqlite3.Connection, table: str, digest: str) -> bool:
    """Tell whether a table has a row of a digest."""
    return sql.execute(f"SELECT 1 FROM {table} WHERE digest = ?", (digest,)).fetchone() is not None


def ours_of(sql: sqlite3.Connection, name: str, theirs: object) -> int | None:
    """Return our row for one of theirs; None: it did not come over."""
    row = sql.execute(f"SELECT ours FROM temp.their_{name} WHERE theirs = ?", (theirs,)).fetchone()
    return int(row["ours"]) if row and row["ours"] is not None else None


def learn(sql: sqlite3.Connection, name: str, theirs: object, ours: int, *, new: bool) -> None:
    """Note which row of ours one of theirs is."""
    sql.execute(f"INSERT INTO temp.their_{name} VALUES (?, ?, ?)", (theirs, ours, new))


def number_of(sql: sqlite3.Connection, query: str, *values: object) -> int | None:
    """Return the number that a query finds; None: it finds no row."""
    row = sql.execute(query, values).fetchone()
    return row[0] if row is not None else None


def columns_of(sql: sqlite3.Connection, table: str) -> list[str]:
    """Return the columns of a table, without a row number that means nothing elsewhere."""
    rows = sql.execute(f"PRAGMA table_info({table})").fetchall()
    return [row["name"] for row in rows if row["name"] != "id"]


def unite(ours: sqlite3.Connection, theirs: sqlite3.Connection, how: United) -> int:
    """Bring the rows of a table over; return how many were new or changed here."""
    before = ours.total_changes
    ours.executemany(_statement(ours, how), _rows(theirs, how))
    if how.table in MAPS:
        _learn_by_key(ours, theirs, how)
    return ours.total_changes - before


def unite_listed(ours: sqlite3.Connection, theirs: sqlite3.Connection, how: United) -> int:
    """Bring rows over that no constraint keeps from standing there twice."""
    before = ours.total_changes
    columns = columns_of(ours, how.table)
    same = " AND ".join(f"{name} IS {_value(how, name)}" for name in how.key)
    ours.executemany(
        f"INSERT INTO {how.table} ({', '.join(columns)}) SELECT {_values(how, columns)}"
        f" WHERE NOT EXISTS (SELECT 1 FROM {how.table} WHERE {same})",
        _rows(theirs, how),
    )
    return ours.total_changes - before


class Inserting:
    """Inserts rows of theirs as they are but for what is replaced."""

    def __init__(self, sql: sqlite3.Connection) -> None:
        self._sql = sql
        self._columns: dict[str, list[str]] = {}

    def __call__(self, table: str, row: sqlite3.Row, **replaced: object) -> int:
        """Insert a row; return its number here."""
        if table not in self._columns:
            self._columns[table] = columns_of(self._sql, table)
        columns = self._columns[table]
        cursor = self._sql.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
            [replaced[name] if name in replaced else row[name] for name in columns],
        )
        return int(cursor.lastrowid or 0)


def _rows(theirs: sqlite3.Connection, how: United) -> Iterator[dict[str, object]]:
    for row in theirs.execute(f"SELECT * FROM {how.table} WHERE NOT ({how.skip})"):
        yield dict(row)


def _statement(sql: sqlite3.Connection, how: United) -> str:
    columns = columns_of(sql, how.table)
    taken = {
        name: f"CASE WHEN coalesce(excluded.{how.newer}, '') > coalesce({how.newer}, '')"
        f" THEN excluded.{name} ELSE {name} END"
        for name in (*how.taken, *([how.newer] if how.newer else []))
    }
    meet = {**taken, **how.meet}
    changed = " OR ".join(f"({name}) IS NOT ({value})" for name, value in meet.items())
    update = (
        f"UPDATE SET {', '.join(f'{name} = {value}' for name, value in meet.items())}"
        f" WHERE {changed}"
        if meet
        else "NOTHING"
    )
    # WHERE 1 keeps SQLite from reading ON CONFLICT as the condition of a join
    return (
        f"INSERT INTO {how.table} ({', '.join(columns)}) SELECT {_values(how, columns)} WHERE 1"
        f" ON CONFLICT ({', '.join(how.key)}) DO {update}"
    )


def _values(how: United, columns: Sequence[str]) -> str:
    return ", ".join(_value(how, name) for name in columns)


def _value(how: United, name: str) -> str:
    goes_by = how.refers.get(name)
    if goes_by is None:
        return f":{name}"
    return f"(SELECT ours FROM temp.their_{goes_by} WHERE theirs = :{name})"


def _learn_by_key(ours: sqlite3.Connection, theirs: sqlite3.Connection, how: United) -> None:
    same = " AND ".join(f"{name} IS {_value(how, name)}" for name in how.key)
    ours.executemany(
        f"INSERT INTO temp.their_{how.table} SELECT :id, (SELECT id FROM {how.table}"
        f" WHERE {same}), 0",
        _rows(theirs, how),
    )

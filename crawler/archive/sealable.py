"""What is sealed: every table of the archive, each row as one canonical entry at one position.

A table that a later step adds is sealed without a word here, unless it has no row numbers: then it
needs an owner.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby

from crawler.archive.merkle import leaf_hash

# By these all others are checked: seals by the manifests, manifests by their chain.
NOT_SEALED = frozenset({"seals", "unsealed", "manifests"})
# Rows that are written once: a seal that they have is never replaced.
WRITTEN_ONCE = frozenset(
    {"fetches", "captures", "verdicts", "withheld", "barred", "tombstones", "stamps"}
)
# What docs/schema.md lets a person set by hand, and what a trigger then sets; and what is written
# after a run is sealed.
LEFT_OUT = {
    "runs": ("manifest_digest", "previous_manifest_digest"),
    "inputs": ("enabled",),
    "sources": ("due_at",),
    "hosts": ("next_due_at",),
}


OWNERS_ASKED = 256  # for more of them the whole table is read


@dataclass(frozen=True, slots=True)
class Owner:
    """How the rows of a table without row numbers are gathered: all of one owner are one entry."""

    position: str  # SQL: of the owner, from a {row}
    rows: str  # SQL: which rows are those at position ?1


_OF_HOST = Owner(
    "(SELECT rowid FROM hosts WHERE host = {row}.host)",
    "host = (SELECT host FROM hosts WHERE rowid = ?1)",
)
OWNERS = {
    "entry_aliases": Owner("{row}.entry", "entry = ?1"),
    "source_spellings": Owner("{row}.source", "source = ?1"),
    "probes": _OF_HOST,
    "host_titles": _OF_HOST,
    "archive_limits": Owner("0", "?1 = 0"),  # a handful: all of them are one
    "texts_fts_idx": Owner("{row}.segid", "segid = ?1"),
    "texts_fts_config": Owner("0", "?1 = 0"),
}


@dataclass(frozen=True, slots=True)
class SealedTable:
    """One table as it is sealed."""

    name: str
    columns: tuple[str, ...]  # those that are sealed
    key: tuple[str, ...]  # of its primary key
    number: str | None  # column with the row number, perhaps ``rowid``; None: it has an owner

    @property
    def is_index(self) -> bool:
        """Whether it is a part of the search index, which is sealed as a whole."""
        return is_index(self.name)

    @property
    def written_once(self) -> bool:
        """Whether a row that was sealed never changes."""
        return self.name in WRITTEN_ONCE

    def position_of(self, row: str) -> str:
        """Return the SQL that gives the position of a row, by the alias of the row."""
        if self.number:
            return f"{row}.{self.number}"
        return OWNERS[self.name].position.format(row=row)

    def entries(
        self, sql: sqlite3.Connection, positions: Sequence[int] | None = None
    ) -> Iterator[tuple[int, bytes]]:
        """Yield position and entry of all rows, or of those at some positions, ascending."""
        if positions is None:
            yield from self._entries(sql, "true", [()])
        else:
            yield from self._entries(sql, self._where(), ((at,) for at in positions))

    def entries_between(
        self, sql: sqlite3.Connection, first: int, last: int
    ) -> Iterator[tuple[int, bytes]]:
        """Yield position and entry of the rows from one position to another, both included."""
        if self.number:
            where = f"t.{self.number} BETWEEN ?1 AND ?2"
            yield from self._entries(sql, where, [(first, last)])
        elif last - first < OWNERS_ASKED:  # each by an index
            yield from self.entries(sql, range(first, last + 1))
        else:
            yield from self.entries_scanned(sql, first, last)

    def entries_scanned(
        self, sql: sqlite3.Connection, first: int, last: int
    ) -> Iterator[tuple[int, bytes]]:
        """Yield the same from the rows themselves, where an index may say otherwise."""
        where = f"{self.position_of('t')} BETWEEN ?1 AND ?2"
        yield from self._entries(sql, where, [(first, last)], how="NOT INDEXED")

    def select_at(self) -> str:
        """Return the SQL that gives the row, or those of the owner, at position ?1."""
        return f'SELECT * FROM "{self.name}" t WHERE {self._where()}'

    def _where(self) -> str:
        return f"t.{self.number} = ?1" if self.number else OWNERS[self.name].rows

    def _entries(
        self,
        sql: sqlite3.Connection,
        where: str,
        values: Iterable[tuple[int, ...]],
        how: str = "",
    ) -> Iterator[tuple[int, bytes]]:
        chosen = ", ".join(f't."{name}"' for name in self.columns)
        order = "1" if self.number else ", ".join(["1", *(f't."{name}"' for name in self.key)])
        query = (
            f'SELECT {self.position_of("t")} AS position, {chosen} FROM "{self.name}" t {how}'
            f" WHERE {where} ORDER BY {order}"
        )
        cursor = sql.cursor()
        cursor.row_factory = None
        yield from self._entries_of(row for each in values for row in cursor.execute(query, each))

    def _entries_of(self, rows: Iterator[tuple[object, ...]]) -> Iterator[tuple[int, bytes]]:
        for position, group in groupby(rows, key=lambda row: row[0]):
            if isinstance(position, int):  # else its owner is gone: foreign keys tell of that
                members = [dict(zip(self.columns, row[1:], strict=True)) for row in group]
                yield position, self.entry(members)

    def entry(self, rows: Sequence[dict[str, object]]) -> bytes:
        """Return the canonical entry of a row, or of all rows of one owner.

        JSON in UTF-8 without blanks: ``{"rows":[{…}],"table":"…"}``, names in order, columns that
        are NULL left out, numbers as Python prints them, bytes as ``{"sha256":"…"}``, only control
        characters, quotes and backslashes escaped.
        """
        known = [{name: v for name, v in row.items() if v is not None} for row in rows]
        text = _ENCODER.encode({"rows": known, "table": self.name})
        return text.encode("utf-8", "surrogateescape")  # of damaged text the very bytes


def is_index(table: str) -> bool:
    """Tell whether a table is a part of the search index."""
    return table.startswith("texts_fts_")


def seal_of(entry: bytes) -> bytes:
    """Return the digest by which an entry is sealed."""
    return leaf_hash(entry)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return {"sha256": sha256(value).hexdigest()}
    raise TypeError(type(value).__name__)


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain
)


def sealed_tables(sql: sqlite3.Connection) -> dict[str, SealedTable]:
    """Return the tables of an archive that are sealed, by name. Other people's are none of them.

    Ours are STRICT; shadows are the tables of the search index.
    """
    cursor = sql.cursor()
    cursor.row_factory = None
    listed = cursor.execute(
        "SELECT t.name, t.wr, c.name, c.type, c.pk FROM pragma_table_list t,"
        " pragma_table_info(t.name) c WHERE t.schema = 'main' AND (t.type = 'shadow'"
        " OR t.type = 'table' AND (t.strict OR t.name = '_sqlite_migrations'))"
        " ORDER BY t.name, c.cid"
    ).fetchall()
    return {
        name: _sealed(name, [row[2:] for row in columns], without_rowid=bool(wr))
        for (name, wr), columns in groupby(listed, key=lambda row: (row[0], row[1]))
        if name not in NOT_SEALED and (not wr or name in OWNERS)
    }


def _sealed(
    name: str, columns: Sequence[tuple[str, str, int]], *, without_rowid: bool
) -> SealedTable:
    key = tuple(column for column, _, pk in sorted(columns, key=lambda row: row[2]) if pk)
    whole = [column for column, type_, pk in columns if pk and type_ == "INTEGER"]
    number = None if without_rowid else whole[0] if len(key) == 1 and whole else "rowid"
    left_out = LEFT_OUT.get(name, ())
    sealed = tuple(column for column, _, _ in columns if column not in left_out)
    return SealedTable(name, sealed, key, number)


def note_index(sql: sqlite3.Connection) -> None:
    """Note that the search index was written to, though no text was."""
    sql.execute("INSERT OR IGNORE INTO unsealed VALUES ('texts_fts_data', -1)")


def watch(sql: sqlite3.Connection) -> None:
    """Note each row that this connection writes as unsealed, in the transaction that writes it.

    By temporary triggers: what others write to the file is not noted, and so is found. The parts of
    the search index have none, because SQLite 3.40.1 crashes over them; they go with the texts.
    """
    triggers = list[str]()
    for table in sealed_tables(sql).values():
        if table.is_index:
            continue
        names = ", ".join(f'"{name}"' for name in table.columns)
        changed = f"UPDATE OF {names}" if table.name in LEFT_OUT else "UPDATE"
        for event, rows in (
            ("INSERT", ["new"]), (changed, ["new", "old"]), ("DELETE", ["old"]),
        ):  # fmt: skip
            notes = "".join(_note(table, row) for row in rows)
            name = f"unsealed_{table.name}_{event[:6].lower()}"
            triggers.append(
                f'CREATE TEMP TRIGGER "{name}" AFTER {event} ON main."{table.name}"'
                f" BEGIN {notes} END;"
            )
    sql.executescript("".join(triggers))
    # Else a row that REPLACE takes away would go unnoticed (SQLite, "ON CONFLICT clause").
    sql.execute("PRAGMA recursive_triggers = ON")


def _note(table: SealedTable, row: str) -> str:
    # OR IGNORE would give way to what the statement that fires it says (SQLite, "CREATE TRIGGER").
    at = table.position_of(row)
    return (
        f"INSERT INTO unsealed SELECT '{table.name}',{at} WHERE {at} IS NOT NULL AND NOT EXISTS"
        f"(SELECT 1 FROM unsealed WHERE sealed_table='{table.name}' AND position={at});"
    )

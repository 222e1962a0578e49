"""Sealing: the digests of what was written since the last time, and a manifest over all of them.

For each table a tree: nodes of up to 256 digests, at level 0 those of its rows by their position,
above it those of the nodes below. To seal a row costs its own digest and one node of each level,
however large the archive is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from crawler.archive.connection import Connection
from crawler.archive.merkle import HASH_BYTES, tree_hash
from crawler.archive.sealable import SealedTable, is_index, seal_of, sealed_tables
from crawler.archive.seals.manifests import Manifest, Manifests, archive_root
from crawler.dates import format_instant

FANOUT_BITS = 8
FANOUT = 1 << FANOUT_BITS  # digests of a node
NO_ROW = bytes(HASH_BYTES)
WHOLE = -1  # position in ``unsealed``: every row of the table
INDEX_ROWS_MAX = 16_000  # of 4 KB: of some 20,000 articles, 0.3 s
ROWS_A_SEAL = 20_000  # some 0.5 s: other writers wait no longer than that


@dataclass(frozen=True, slots=True)
class Node:
    """The digests of one node of a tree."""

    digests: tuple[bytes, ...]

    @classmethod
    def of(cls, blob: bytes) -> Node:
        """Return the node that a row of ``seals`` holds."""
        return cls(tuple(blob[n : n + HASH_BYTES] for n in range(0, len(blob), HASH_BYTES)))

    @property
    def digest(self) -> bytes:
        """The digest of the node: the hash of the tree over its digests; of an empty one zeros."""
        return tree_hash(self.digests) if self.digests else NO_ROW


class SealTree:
    """The tree of one table."""

    def __init__(self, sql: sqlite3.Connection, table: str, *, written_once: bool = False) -> None:
        self._cursor = sql.cursor()
        self._cursor.row_factory = None
        self._table = table
        self._written_once = written_once

    def nodes(self, level: int = 0) -> Iterator[tuple[int, Node]]:
        """Yield number and node of a level, ascending."""
        rows = self._cursor.connection.cursor()
        rows.row_factory = None
        for number, blob in rows.execute(
            "SELECT number, digests FROM seals WHERE sealed_table = ? AND level = ?"
            " ORDER BY number",
            (self._table, level),
        ):
            yield number, Node.of(blob)

    def node(self, level: int, number: int) -> Node | None:
        """Return a node; None: there is none, so there are no rows below it."""
        row = self._cursor.execute(
            "SELECT digests FROM seals WHERE sealed_table = ? AND level = ? AND number = ?",
            (self._table, level, number),
        ).fetchone()
        return Node.of(row[0]) if row else None

    def height(self) -> int | None:
        """Return the level of the topmost node; None: nothing is sealed."""
        row = self._cursor.execute(
            "SELECT max(level) FROM seals WHERE sealed_table = ?", (self._table,)
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def root(self) -> bytes | None:
        """Return the digest over all rows of the table; None: nothing is sealed."""
        top = self.height()
        node = None if top is None else self.node(top, 0)
        return node.digest if node else None

    def update(self, seals: Iterable[tuple[int, bytes]]) -> None:
        """Take over digests of rows by their position, ascending; NO_ROW where one is gone."""
        level, changed = 0, self._update_level(0, seals)
        while changed and not self._is_top(level):
            level += 1
            changed = self._update_level(level, changed)

    def _update_level(
        self, level: int, seals: Iterable[tuple[int, bytes]]
    ) -> list[tuple[int, bytes]]:
        """Write the nodes that digests belong to; return their numbers and digests."""
        return [
            (number, self._update_node(level, number, list(group)))
            for number, group in groupby(seals, key=lambda seal: seal[0] >> FANOUT_BITS)
        ]

    def _update_node(self, level: int, number: int, seals: list[tuple[int, bytes]]) -> bytes:
        node = self.node(level, number)
        if node is None and level:
            digests = self._gathered(level, number)
        else:
            digests = list(node.digests) if node else []
        for position, digest in seals:
            self._put(digests, position % FANOUT, digest, keep=self._written_once and not level)
        while digests and digests[-1] == NO_ROW:
            digests.pop()
        self._write(level, number, b"".join(digests))
        return Node(tuple(digests)).digest

    @staticmethod
    def _put(digests: list[bytes], place: int, digest: bytes, *, keep: bool) -> None:
        digests.extend([NO_ROW] * (place + 1 - len(digests)))
        if not keep or digests[place] == NO_ROW:
            digests[place] = digest

    def _gathered(self, level: int, number: int) -> list[bytes]:
        """The digests of the nodes below one that is made now, because the table has grown."""
        first, digests = number * FANOUT, list[bytes]()
        for below, blob in self._cursor.execute(
            "SELECT number, digests FROM seals WHERE sealed_table = ? AND level = ?"
            " AND number BETWEEN ? AND ?",
            (self._table, level - 1, first, first + FANOUT - 1),
        ).fetchall():
            self._put(digests, below - first, Node.of(blob).digest, keep=False)
        return digests

    def _write(self, level: int, number: int, digests: bytes) -> None:
        if digests:
            self._cursor.execute(
                "INSERT OR REPLACE INTO seals (sealed_table, level, number, digests)"
                " VALUES (?,?,?,?)",
                (self._table, level, number, digests),
            )
        else:
            self._cursor.execute(
                "DELETE FROM seals WHERE sealed_table = ? AND level = ? AND number = ?",
                (self._table, level, number),
            )

    def _is_top(self, level: int) -> bool:
        """Whether a level has but one node, and none was ever needed above it."""
        last = self._cursor.execute(
            "SELECT max(number) FROM seals WHERE sealed_table = ? AND level = ?",
            (self._table, level),
        ).fetchone()[0]
        return not last and (self.height() or 0) <= level

    def clear(self) -> None:
        """Take all seals of the table away."""
        self._cursor.execute("DELETE FROM seals WHERE sealed_table = ?", (self._table,))


class Sealing:
    """The sealing of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.manifests = Manifests(connection)

    def unsealed(self) -> int:
        """Return how many rows wait to be sealed; a whole table counts as one."""
        row = self._connection.sql.execute("SELECT count(*) FROM unsealed").fetchone()
        return int(row[0])

    def seal(self, *, now: datetime, run: int | None = None) -> Manifest | None:
        """Seal all that was written since the last time; None: nothing was.

        ``run`` names the run that ends with it. In transactions of some thousand rows, each with a
        manifest of its own; the last is returned. Raises EvidenceLost when the file refuses it, and
        ArchiveError when the manifest cannot be written beside it: the next time goes on.
        """
        manifest = None
        while self.unsealed():
            manifest = self._seal_some(now, run)
        if manifest is not None:
            self._connection.commit()  # a group may be open: what stands beside must stand here
            self.manifests.write_beside()
        return manifest

    def _seal_some(self, now: datetime, run: int | None) -> Manifest | None:
        with self._connection.writing() as sql:
            tables = sealed_tables(sql)
            todo = sql.execute(
                "SELECT sealed_table, position FROM unsealed ORDER BY 1, 2 LIMIT ?", (ROWS_A_SEAL,)
            ).fetchall()
            if not todo:  # another process was faster
                return None
            for name, rows in groupby(todo, key=lambda row: str(row["sealed_table"])):
                positions = [int(row["position"]) for row in rows]
                if name in tables and not tables[name].is_index:
                    _seal_table(sql, tables[name], positions)
                sql.execute(
                    "DELETE FROM unsealed WHERE sealed_table = ? AND position BETWEEN ? AND ?",
                    (name, positions[0], positions[-1]),
                )
            changed = {str(row["sealed_table"]) for row in todo}
            if any(name == "stored_texts" or is_index(name) for name in changed):
                changed |= _seal_index(sql, tables.values())
            roots = roots_of(sql, tables)
            return self.manifests.add(
                archive_root(roots),
                roots.keys() & changed,
                run=run,
                last=not self.unsealed(),
                now=format_instant(now),
            )


def _seal_table(sql: sqlite3.Connection, table: SealedTable, positions: list[int]) -> None:
    tree = SealTree(sql, table.name, written_once=table.written_once)
    if positions[0] == WHOLE:
        if not table.written_once:
            tree.clear()
        tree.update((at, seal_of(entry)) for at, entry in table.entries(sql))
        return
    found = {at: seal_of(entry) for at, entry in table.entries(sql, positions)}
    tree.update((at, found.get(at, NO_ROW)) for at in positions)


def _seal_index(sql: sqlite3.Connection, tables: Iterable[SealedTable]) -> set[str]:
    """Seal the search index as a whole, or not at all when that would take long; name its tables.

    SQLite does not tell which of its pages a text has changed.
    """
    parts = [table for table in tables if table.is_index]
    row = sql.execute("SELECT count(*) FROM (SELECT 1 FROM texts_fts_data LIMIT ?)",
                      (INDEX_ROWS_MAX + 1,)).fetchone()  # fmt: skip
    for table in parts:
        if row[0] > INDEX_ROWS_MAX:
            SealTree(sql, table.name).clear()
        else:
            _seal_table(sql, table, [WHOLE])
    return {table.name for table in parts}


def roots_of(sql: sqlite3.Connection, tables: Iterable[str]) -> dict[str, bytes]:
    """Return the root of each table that has any row, by its name, in order."""
    found = ((name, SealTree(sql, name).root()) for name in sorted(tables))
    return {name: root for name, root in found if root is not None}

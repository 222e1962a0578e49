"""All tables against their seals, and the topmost seals against the latest manifest."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from crawler.archive.sealable import SealedTable
from crawler.archive.seals.manifests import Manifest, archive_root
from crawler.archive.seals.sealing import roots_of
from crawler.archive.verification.findings import Finding
from crawler.archive.verification.inquiry import Inquiry
from crawler.archive.verification.rows import TableCheck


class Checking:
    """The check of all rows of an archive, table by table."""

    def __init__(self, sql: sqlite3.Connection, inquiry: Inquiry) -> None:
        self._sql = sql
        self._inquiry = inquiry
        # table -> its root as its rows are now, where that is another than the seals say
        self._actual: dict[str, bytes] = {}

    def has_seals(self) -> bool:
        """Tell whether there is anything to hold rows against; where there was, this is told."""
        try:
            seals, manifests = (
                self._sql.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()
                for table in ("seals", "manifests")
            )
        except sqlite3.DatabaseError:  # each check says so
            return True
        if manifests and not seals:
            detail = "all seals are gone: no row can be held against its own"
            self._inquiry.find(Finding("manifest", "seals", None, None, detail))
        return bool(seals or not manifests)

    def nodes(self, table: str) -> int:
        """Return how many nodes there are to check: the units in which ``check`` counts."""
        row = self._sql.execute(
            "SELECT count(*) FROM seals WHERE sealed_table = ? AND level = 0", (table,)
        ).fetchone()
        return int(row[0])

    def check(self, table: SealedTable) -> None:
        """Hold the rows of a table against their seals, and its seals against each other."""
        check = TableCheck(self._sql, self._inquiry, table)
        actual = check.check_rows()
        if actual is not None:
            self._actual[table.name] = actual
        check.check_seals()

    def blame_seals(self, tables: Iterable[str]) -> None:
        """Where the topmost node of one table is damaged, acquit its rows."""
        row = self._sql.execute(
            "SELECT m.body FROM manifests m JOIN archive a ON a.uid = m.archive_uid"
            " ORDER BY m.number DESC LIMIT 1"
        ).fetchone()
        roots = roots_of(self._sql, tables)
        if row is None and roots:
            detail = "there are seals, and no manifest over them"
            self._inquiry.find(Finding("manifest", "manifests", None, None, detail))
        try:
            root = Manifest.of(row[0]).root if row else None
        except ValueError:  # it is told with the chain
            return
        if root is None or archive_root(roots).hex() == root:
            return
        for table, actual in self._actual.items():
            if archive_root({**roots, table: actual}).hex() == root:
                self._inquiry.acquit(table, 0, 2**62)
                self._inquiry.find(
                    Finding("seal", "seals", None, None, f"of {table}, its topmost node")
                )
                return
        detail = "the seals are not those of the latest manifest"
        self._inquiry.find(Finding("manifest", "seals", None, None, detail))

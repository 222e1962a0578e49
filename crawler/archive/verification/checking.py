"""Rows against their seals, seals against those above them, the topmost against the manifest."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from crawler.archive.sealable import SealedTable, seal_of
from crawler.archive.seals.manifests import Manifest, archive_root
from crawler.archive.seals.sealing import (
    FANOUT,
    FANOUT_BITS,
    NO_ROW,
    WHOLE,
    Node,
    SealTree,
    roots_of,
)
from crawler.archive.verification.findings import Finding, what_is
from crawler.archive.verification.inquiry import Inquiry

WINDOW = 2**16  # owners whose rows are gathered in one walk through their table


class Checking:
    """The check of all rows of an archive, table by table."""

    def __init__(self, sql: sqlite3.Connection, inquiry: Inquiry) -> None:
        self._sql = sql
        self._inquiry = inquiry
        self._window: dict[int, bytes] = {}
        self._window_of = ("", 0)
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
        unsealed = self._unsealed(table)
        tree, checked = SealTree(self._sql, table.name), _Checked()
        if table.is_index and tree.height() is None:
            return  # too large to be sealed, or new
        after = 0  # the first position that no node so far has covered
        for number, node in tree.nodes():
            first = number << FANOUT_BITS
            if first > after:
                self._check_span(table, after, first - 1, (), unsealed, checked)
            if self._inquiry.is_chosen():
                self._check_span(table, first, first + FANOUT - 1, node.digests, unsealed, checked)
            after = first + FANOUT
            self._inquiry.step(table.name)
        self._check_span(table, after, 2**62, (), unsealed, checked)
        self._inquiry.result.tables[table.name] = checked.right
        if checked.unsealed:
            self._inquiry.result.unsealed[table.name] = checked.unsealed
        self._tell(table, checked)
        if checked.actual:
            self._actual[table.name] = self._actual_root(tree, checked.actual)
        self._check_tree(table, tree, checked)

    def _unsealed(self, table: SealedTable) -> frozenset[int]:
        if table.is_index:  # it is sealed with the texts
            row = self._sql.execute(
                "SELECT 1 FROM unsealed WHERE sealed_table = 'stored_texts'"
                " OR sealed_table LIKE 'texts%' LIMIT 1"
            ).fetchone()
            return frozenset({WHOLE} if row else ())
        rows = self._sql.execute(
            "SELECT position FROM unsealed WHERE sealed_table = ?", (table.name,)
        ).fetchall()
        return frozenset(int(row[0]) for row in rows)

    def _check_span(
        self,
        table: SealedTable,
        first: int,
        last: int,
        sealed: tuple[bytes, ...],
        unsealed: frozenset[int],
        checked: _Checked,
    ) -> None:
        """Hold the rows from one position to another against their seals."""
        found = self._entries(table, first, last, sealed, checked)
        actual = list(sealed)
        for at, digest in enumerate(sealed, first):
            now = found.pop(at, NO_ROW)
            if now == digest:
                checked.right += digest != NO_ROW
            elif _is_open(unsealed, at) and not (table.written_once and digest != NO_ROW):
                checked.unsealed += 1
            else:
                checked.wrong.append((at, digest, now))
                actual[at - first] = now
        for at, now in found.items():
            if _is_open(unsealed, at):
                checked.unsealed += 1
                continue
            checked.wrong.append((at, NO_ROW, now))
            if sealed:
                actual += [NO_ROW] * (at - first + 1 - len(actual))
                actual[at - first] = now
        if actual != list(sealed):
            checked.actual[first >> FANOUT_BITS] = actual

    def _entries(
        self,
        table: SealedTable,
        first: int,
        last: int,
        sealed: tuple[bytes, ...],
        checked: _Checked,
    ) -> dict[int, bytes]:
        """Return the digests of the rows of a span by position, as far as they can be read."""
        try:
            if table.number is None:
                return self._gathered(table, first, last)
            rows = table.entries_between(self._sql, first, last)
            return {at: seal_of(entry) for at, entry in rows if first <= at <= last}
        except (sqlite3.Error, OverflowError):
            pass
        found: dict[int, bytes] = {}
        for at, digest in enumerate(sealed, first):
            try:
                found.update(
                    (position, seal_of(entry)) for position, entry in table.entries(self._sql, [at])
                )
            except (sqlite3.Error, OverflowError) as exc:
                found[at] = digest  # told as unreadable, not as another row
                checked.unreadable[at] = str(exc)
        return found

    def _gathered(self, table: SealedTable, first: int, last: int) -> dict[int, bytes]:
        """Return the same of a table whose rows have owners, read a window of owners at a time."""
        if last - first >= WINDOW:
            return {at: seal_of(e) for at, e in table.entries_scanned(self._sql, first, last)}
        begin = first // WINDOW * WINDOW
        if self._window_of != (table.name, begin):
            rows = table.entries_scanned(self._sql, begin, begin + WINDOW - 1)
            self._window = {at: seal_of(entry) for at, entry in rows}
            self._window_of = (table.name, begin)
        return {at: seal for at, seal in self._window.items() if first <= at <= last}

    def _tell(self, table: SealedTable, checked: _Checked) -> None:
        """Make findings of what differs in a table."""
        for at, why in checked.unreadable.items():
            self._inquiry.find(Finding("unreadable", table.name, at, self._what(table, at), why))
        sealed_at = {digest: at for at, digest, actual in checked.wrong if digest != actual}
        moved = set()
        for at, _, actual in checked.wrong:
            place = sealed_at.get(actual) if actual != NO_ROW else None
            if place is not None:
                moved.add(place)
                detail = f"sealed as row {place}"
                self._inquiry.find(Finding("moved", table.name, at, self._what(table, at), detail))
        for at, digest, actual in checked.wrong:
            if actual != NO_ROW and actual in sealed_at:
                continue
            kind = "added" if digest == NO_ROW else "missing" if actual == NO_ROW else "edited"
            if kind != "missing" or at not in moved:
                self._inquiry.find(Finding(kind, table.name, at, self._what(table, at)))

    def _what(self, table: SealedTable, at: int) -> str | None:
        return what_is(self._sql, table.name, table.select_at(), at)

    # Seals

    def _actual_root(self, tree: SealTree, actual: dict[int, list[bytes]]) -> bytes:
        """Return the root that a tree would have over the rows as they are."""
        changed, level, top = actual, 0, tree.height() or 0
        while level < top:
            above: dict[int, list[bytes]] = {}
            for number, digests in changed.items():
                parent = above.get(number >> FANOUT_BITS)
                if parent is None:
                    node = tree.node(level + 1, number >> FANOUT_BITS)
                    parent = above[number >> FANOUT_BITS] = list(node.digests) if node else []
                place = number % FANOUT
                parent.extend([NO_ROW] * (place + 1 - len(parent)))
                parent[place] = _trimmed(digests).digest
            changed, level = above, level + 1
        return _trimmed(changed.get(0, [])).digest

    def _check_tree(self, table: SealedTable, tree: SealTree, checked: _Checked) -> None:
        """Hold each node against the digest in the node above it."""
        for level in range(tree.height() or 0):
            for number, node in tree.nodes(level + 1):
                first = number << FANOUT_BITS
                for place, digest in enumerate(node.digests):
                    child = tree.node(level, first + place)
                    if (child.digest if child else NO_ROW) != digest:
                        self._wrong_node(table, level, first + place, digest, checked)

    def _wrong_node(
        self, table: SealedTable, level: int, number: int, digest: bytes, checked: _Checked
    ) -> None:
        """Tell of a node that is not what the one above it says.

        Where the rows are what that says, the node is to blame and not the rows.
        """
        actual = checked.actual.get(number) if level == 0 else None
        if actual is not None and _trimmed(actual).digest == digest:
            self._inquiry.acquit(table.name, number << FANOUT_BITS, (number + 1 << FANOUT_BITS) - 1)
        detail = f"of {table.name}, level {level}, node {number}"
        self._inquiry.find(Finding("seal", "seals", None, None, detail))

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


class _Checked:
    """What came of the rows of one table."""

    def __init__(self) -> None:
        self.right = 0
        self.unsealed = 0
        self.wrong: list[tuple[int, bytes, bytes]] = []  # position, as sealed, as it is
        self.unreadable: dict[int, str] = {}
        self.actual: dict[int, list[bytes]] = {}  # digests of the rows of nodes with a wrong one


def _is_open(unsealed: frozenset[int], at: int) -> bool:
    """Whether a row was written since the last seal."""
    return at in unsealed or WHOLE in unsealed


def _trimmed(digests: list[bytes]) -> Node:
    kept = list(digests)
    while kept and kept[-1] == NO_ROW:
        kept.pop()
    return Node(tuple(kept))

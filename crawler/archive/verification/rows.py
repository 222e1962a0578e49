"""The rows of one table against their seals, and its seals against those above them."""

from __future__ import annotations

import sqlite3

from crawler.archive.sealable import SealedTable, seal_of
from crawler.archive.seals.sealing import FANOUT, FANOUT_BITS, NO_ROW, WHOLE, Node, SealTree
from crawler.archive.verification.findings import Finding, what_is
from crawler.archive.verification.inquiry import Inquiry

WINDOW = 2**16  # owners whose rows are gathered in one walk through their table


class TableCheck:
    """The check of one table; what is wrong is told to the inquiry."""

    def __init__(self, sql: sqlite3.Connection, inquiry: Inquiry, table: SealedTable) -> None:
        self._sql, self._inquiry, self._table = sql, inquiry, table
        self._tree = SealTree(sql, table.name)
        self._unsealed = self._positions_unsealed()
        self._window: dict[int, bytes] = {}  # of rows that have owners: seals, from `_begin` on
        self._begin: int | None = None
        self._right = self._not_yet = 0  # rows that are as sealed, and that are not sealed yet
        self._wrong: list[tuple[int, bytes, bytes]] = []  # position, as sealed, as it is
        self._unreadable: dict[int, str] = {}
        self._actual: dict[int, list[bytes]] = {}  # digests of the rows of nodes with a wrong one

    def check_rows(self) -> bytes | None:
        """Hold the rows against their seals; return the root that the seals would have over them.

        None: they are as sealed. A table that is too large to be sealed, or new, is left alone.
        """
        name = self._table.name
        if self._table.is_index and self._tree.height() is None:
            return None
        after = 0  # the first position that no node so far has covered
        for number, node in self._tree.nodes():
            first = number << FANOUT_BITS
            if first > after:
                self._check_span(after, first - 1, ())
            if self._inquiry.is_chosen():
                self._check_span(first, first + FANOUT - 1, node.digests)
            after = first + FANOUT
            self._inquiry.step(name)
        self._check_span(after, 2**62, ())
        self._inquiry.result.tables[name] = self._right
        if self._not_yet:
            self._inquiry.result.unsealed[name] = self._not_yet
        self._tell()
        return self._actual_root() if self._actual else None

    def _positions_unsealed(self) -> frozenset[int]:
        if self._table.is_index:  # it is sealed with the texts
            row = self._sql.execute(
                "SELECT 1 FROM unsealed WHERE sealed_table = 'stored_texts'"
                " OR sealed_table LIKE 'texts%' LIMIT 1"
            ).fetchone()
            return frozenset({WHOLE} if row else ())
        rows = self._sql.execute(
            "SELECT position FROM unsealed WHERE sealed_table = ?", (self._table.name,)
        ).fetchall()
        return frozenset(int(row[0]) for row in rows)

    def _check_span(self, first: int, last: int, sealed: tuple[bytes, ...]) -> None:
        """Hold the rows from one position to another against their seals."""
        found = self._entries(first, last, sealed)
        actual = list(sealed)
        for at, digest in enumerate(sealed, first):
            now = found.pop(at, NO_ROW)
            if now == digest:
                self._right += digest != NO_ROW
            elif self._is_open(at) and not (self._table.written_once and digest != NO_ROW):
                self._not_yet += 1
            else:
                self._wrong.append((at, digest, now))
                actual[at - first] = now
        for at, now in found.items():
            if self._is_open(at):
                self._not_yet += 1
                continue
            self._wrong.append((at, NO_ROW, now))
            if sealed:
                actual += [NO_ROW] * (at - first + 1 - len(actual))
                actual[at - first] = now
        if actual != list(sealed):
            self._actual[first >> FANOUT_BITS] = actual

    def _is_open(self, at: int) -> bool:
        """Whether a row was written since the last seal."""
        return at in self._unsealed or WHOLE in self._unsealed

    def _entries(self, first: int, last: int, sealed: tuple[bytes, ...]) -> dict[int, bytes]:
        """Return the digests of the rows of a span by position, as far as they can be read."""
        try:
            if self._table.number is None:
                return self._gathered(first, last)
            rows = self._table.entries_between(self._sql, first, last)
            return {at: seal_of(entry) for at, entry in rows if first <= at <= last}
        except (sqlite3.Error, OverflowError):
            pass
        found: dict[int, bytes] = {}
        for at, digest in enumerate(sealed, first):
            try:
                entries = self._table.entries(self._sql, [at])
                found.update((position, seal_of(entry)) for position, entry in entries)
            except (sqlite3.Error, OverflowError) as exc:
                found[at] = digest  # told as unreadable, not as another row
                self._unreadable[at] = str(exc)
        return found

    def _gathered(self, first: int, last: int) -> dict[int, bytes]:
        """Return the same of a table whose rows have owners, read a window of owners at a time."""
        if last - first >= WINDOW:
            return {at: seal_of(e) for at, e in self._table.entries_scanned(self._sql, first, last)}
        begin = first // WINDOW * WINDOW
        if self._begin != begin:
            rows = self._table.entries_scanned(self._sql, begin, begin + WINDOW - 1)
            self._window = {at: seal_of(entry) for at, entry in rows}
            self._begin = begin
        return {at: seal for at, seal in self._window.items() if first <= at <= last}

    def _tell(self) -> None:
        """Make findings of what differs."""
        name = self._table.name
        for at, why in self._unreadable.items():
            self._inquiry.find(Finding("unreadable", name, at, self._what(at), why))
        sealed_at = {digest: at for at, digest, actual in self._wrong if digest != actual}
        moved = set()
        for at, _, actual in self._wrong:
            place = sealed_at.get(actual) if actual != NO_ROW else None
            if place is not None:
                moved.add(place)
                detail = f"sealed as row {place}"
                self._inquiry.find(Finding("moved", name, at, self._what(at), detail))
        for at, digest, actual in self._wrong:
            if actual != NO_ROW and actual in sealed_at:
                continue
            kind = "added" if digest == NO_ROW else "missing" if actual == NO_ROW else "edited"
            if kind != "missing" or at not in moved:
                self._inquiry.find(Finding(kind, name, at, self._what(at)))

    def _what(self, at: int) -> str | None:
        return what_is(self._sql, self._table.name, self._table.select_at(), at)

    # Seals

    def _actual_root(self) -> bytes:
        """Return the root that the tree would have over the rows as they are."""
        changed, level, top = self._actual, 0, self._tree.height() or 0
        while level < top:
            above: dict[int, list[bytes]] = {}
            for number, digests in changed.items():
                parent = above.get(number >> FANOUT_BITS)
                if parent is None:
                    node = self._tree.node(level + 1, number >> FANOUT_BITS)
                    parent = above[number >> FANOUT_BITS] = list(node.digests) if node else []
                place = number % FANOUT
                parent.extend([NO_ROW] * (place + 1 - len(parent)))
                parent[place] = _trimmed(digests).digest
            changed, level = above, level + 1
        return _trimmed(changed.get(0, [])).digest

    def check_seals(self) -> None:
        """Hold each node of the seals against the digest in the node above it."""
        for level in range(self._tree.height() or 0):
            for number, node in self._tree.nodes(level + 1):
                first = number << FANOUT_BITS
                for place, digest in enumerate(node.digests):
                    child = self._tree.node(level, first + place)
                    if (child.digest if child else NO_ROW) != digest:
                        self._wrong_node(level, first + place, digest)

    def _wrong_node(self, level: int, number: int, digest: bytes) -> None:
        """Tell of a node that is not what the one above it says.

        Where the rows are what that says, the node is to blame and not the rows.
        """
        name = self._table.name
        actual = self._actual.get(number) if level == 0 else None
        if actual is not None and _trimmed(actual).digest == digest:
            self._inquiry.acquit(name, number << FANOUT_BITS, (number + 1 << FANOUT_BITS) - 1)
        detail = f"of {name}, level {level}, node {number}"
        self._inquiry.find(Finding("seal", "seals", None, None, detail))


def _trimmed(digests: list[bytes]) -> Node:
    kept = list(digests)
    while kept and kept[-1] == NO_ROW:
        kept.pop()
    return Node(tuple(kept))

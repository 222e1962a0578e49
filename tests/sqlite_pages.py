"""Which byte of an SQLite file belongs to what: a map for those who damage files on purpose.

Follows https://www.sqlite.org/fileformat2.html §1.5 to §1.8, for files with reserved bytes 0.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Extent:
    """Some bytes of the file that mean something."""

    begin: int
    end: int
    owner: str  # table or index; "sqlite_schema", "pointer map", "free list", "head"
    part: str  # "head", "pointer", "cell", "overflow"
    row: int | None = None  # row number, of cells of tables


class PageMap:
    """The bytes of a file that are in use; all others are free."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        self._size = int.from_bytes(self._data[16:18], "big")
        self.length = len(self._data)
        with closing(sqlite3.connect(path)) as sql:
            roots = sql.execute(
                "SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0"
            ).fetchall()
        found = [Extent(0, 100, "head", "head"), *self._pointer_map(), *self._free_list()]
        for name, root in [("sqlite_schema", 1), *roots]:
            found += self._tree(name, root)
        self.extents = sorted(found, key=lambda extent: extent.begin)
        self._of_page: dict[int, list[Extent]] = {}
        for extent in self.extents:
            self._of_page.setdefault(extent.begin // self._size, []).append(extent)

    def at(self, offset: int) -> Extent | None:
        """What a byte belongs to; None: it is in no use."""
        for extent in self._of_page.get(offset // self._size, ()):
            if extent.begin <= offset < extent.end:
                return extent
        return None

    def _number(self, at: int, length: int) -> int:
        return int.from_bytes(self._data[at : at + length], "big")

    def _varint(self, at: int) -> tuple[int, int]:
        value = 0
        for count in range(9):
            byte = self._data[at + count]
            if count == 8:
                return value << 8 | byte, at + 9
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value, at + count + 1
        raise AssertionError

    def _pointer_map(self) -> Iterator[Extent]:
        if not self._number(52, 4):
            return
        entries = self._size // 5
        for page in range(2, len(self._data) // self._size + 1, entries + 1):
            used = min(entries, len(self._data) // self._size - page)
            begin = (page - 1) * self._size
            yield Extent(begin, begin + 5 * used, "pointer map", "head")

    def _free_list(self) -> Iterator[Extent]:
        trunk = self._number(32, 4)
        while trunk:
            begin = (trunk - 1) * self._size
            yield Extent(begin, begin + 8 + 4 * self._number(begin + 4, 4), "free list", "head")
            trunk = self._number(begin, 4)

    def _tree(self, name: str, page: int) -> Iterator[Extent]:
        begin = (page - 1) * self._size
        head = begin + (100 if page == 1 else 0)
        kind = self._data[head]
        interior = kind in (2, 5)
        cells = self._number(head + 3, 2)
        pointers = head + (12 if interior else 8)
        yield Extent(head, pointers, name, "head")
        yield from self._gaps(name, begin, self._number(head + 1, 2))
        for n in range(cells):
            at = pointers + 2 * n
            cell = begin + self._number(at, 2)
            child = self._number(cell, 4) if interior else None
            row, parts = self._cell(name, kind, cell)
            yield Extent(at, at + 2, name, "pointer", row)
            yield from parts
            if child:
                yield from self._tree(name, child)
        if interior:
            yield from self._tree(name, self._number(head + 8, 4))

    def _gaps(self, name: str, begin: int, gap: int) -> Iterator[Extent]:
        """The heads of the gaps in a page: where the next one is, and how long it is itself."""
        while gap:
            yield Extent(begin + gap, begin + gap + 4, name, "pointer")
            gap = self._number(begin + gap, 2)

    def _cell(self, name: str, kind: int, cell: int) -> tuple[int | None, list[Extent]]:
        at, row = cell + (4 if kind in (2, 5) else 0), None
        if kind == 5:  # of a table, interior
            row, at = self._varint(at)
            return None, [Extent(cell, at, name, "pointer")]
        length, at = self._varint(at)
        if kind == 13:
            row, at = self._varint(at)
        most = self._size - 35 if kind == 13 else (self._size - 12) * 64 // 255 - 23
        least = (self._size - 12) * 32 // 255 - 23
        rest = least + (length - least) % (self._size - 4)
        local = length if length <= most else rest if rest <= most else least
        end = at + local + (4 if local < length else 0)
        parts = [Extent(cell, max(end, cell + 4), name, "cell", row)]
        left, page = length - local, self._number(end - 4, 4) if local < length else 0
        while left > 0:
            begin, held = (page - 1) * self._size, min(left, self._size - 4)
            parts.append(Extent(begin, begin + 4 + held, name, "overflow", row))
            left, page = left - held, self._number(begin, 4)
        return row, parts

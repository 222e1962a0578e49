"""Which page of the file is whose: the list of free pages, and the map that auto-vacuum goes by.

``PRAGMA integrity_check`` walks through every tree, and holds the map against what it meets there.
What nobody's tree leads to it looks at only where the first object of its own list has pages, and
in an archive that is a view (btree.c, ``bPartial``, found with 3.40.1). So that is read here, as
SQLite's "Database File Format" has it: §1.3 the head, §1.5 free pages, §1.8 the map, §4 the log.
"""

from __future__ import annotations

import re
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from itertools import islice
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, Self

from crawler.archive.looking import open_read_only
from crawler.archive.opening import PAGE_SIZE_BYTES
from crawler.archive.verification.findings import Finding

COMPLAINTS_MAX = 1_000
ATTEMPTS = 20  # a crawl commits some ten times a second, and a look takes some milliseconds
NOT_CHECKED = "the list of free pages was not checked: another program writes all the time"
_FREE_A_TRUNK = PAGE_SIZE_BYTES // 4 - 2
_MAPPED = PAGE_SIZE_BYTES // 5  # pages that one page of the map tells of
_LOCK_PAGE = 2**30 // PAGE_SIZE_BYTES + 1  # is never used
_LOG_HEAD_BYTES, _FRAME_HEAD_BYTES, _INDEX_HEAD_BYTES = 32, 24, 48
_ROOT, _FREE = 1, 2
_NO_CHILD = re.compile(rb"[^\3-\5]")  # children and overflow are held against the map by SQLite


@dataclass(frozen=True, slots=True)
class PageLists:
    """What a file says of its pages, the trees apart."""

    count: int  # 0: they cannot be read
    free: tuple[int, ...]  # in the order of the list, as far as it can be followed
    roots_mapped: frozenset[int]
    free_mapped: frozenset[int]
    largest_root: int  # 0: there is no map
    wrong: tuple[Finding, ...]


NOTHING_READ = PageLists(0, (), frozenset(), frozenset(), 0, ())


class _Unsettled(Exception):
    """Somebody is writing at this moment."""


class _Pages:
    """The pages of a file as they were committed last, whether there or in its log."""

    def __init__(self, file: BinaryIO, log: BinaryIO | None, index: bytes) -> None:
        self._file, self._log = file, log
        self._begun = log.read(_LOG_HEAD_BYTES) if log else b""
        self._logged = _latest_frames(log, self._begun, index) if log else {}

    @classmethod
    def open(cls, path: Path, held: ExitStack) -> Self:
        """Open the files for as long as ``held`` is."""
        real, log, index = path.resolve(), None, b""
        with suppress(FileNotFoundError):
            log = held.enter_context(real.with_name(real.name + "-wal").open("rb"))
            index = _head_of_index(real.with_name(real.name + "-shm"), held)
        return cls(held.enter_context(real.open("rb")), log, index)

    def stayed(self) -> bool:
        """Tell whether the log was not begun anew meanwhile, over what was read of it."""
        if self._log is None:
            return True
        self._log.seek(0)
        return self._log.read(_LOG_HEAD_BYTES) == self._begun

    def holds(self, number: int) -> bool:
        """Tell whether there is a page of this number."""
        return number in self._logged or number * PAGE_SIZE_BYTES <= self._file.seek(0, SEEK_END)

    def read(self, number: int) -> bytes:
        """Return a page. Raises EOFError: there is none of this number."""
        file, at = self._file, (number - 1) * PAGE_SIZE_BYTES
        if self._log is not None and number in self._logged:
            file, at = self._log, self._logged[number]
        file.seek(at)
        page = file.read(PAGE_SIZE_BYTES)
        if len(page) < PAGE_SIZE_BYTES:
            raise EOFError(number)
        return page


def _head_of_index(path: Path, held: ExitStack) -> bytes:
    """Return the head of a log's index. Raises _Unsettled."""
    file = held.enter_context(path.open("rb"))
    first, second = file.read(_INDEX_HEAD_BYTES), file.read(_INDEX_HEAD_BYTES)
    if len(first) < _INDEX_HEAD_BYTES or first != second:
        raise _Unsettled
    return first


def _latest_frames(log: BinaryIO, head: bytes, index: bytes) -> dict[int, int]:
    """Return where in a log the last content of each page begins. Raises _Unsettled.

    Only what the index counts is committed: a commit is in the log, and on its way to the disk,
    before that.
    """
    count, latest = struct.unpack_from("=I", index, 16)[0], dict[int, int]()
    if count and index[32:40] != head[16:24]:  # one of them is of a log that began anew
        raise _Unsettled
    for frame in range(count):
        at = _LOG_HEAD_BYTES + frame * (_FRAME_HEAD_BYTES + PAGE_SIZE_BYTES)
        log.seek(at)
        latest[int.from_bytes(log.read(4))] = at + _FRAME_HEAD_BYTES
    return latest


def check_pages(path: Path) -> list[Finding] | None:
    """Return what is wrong with the lists of pages; None: somebody wrote at each attempt to look.

    Nothing is held up: it is read between two commits of others, and read again when one came. To
    be called when this process has no other connection to the file: closing any descriptor of it
    drops the locks of all of them, so that ours are closed after the connection.
    """
    with ExitStack() as held, closing(open_read_only(path)) as sql:
        sql.execute("PRAGMA writable_schema = ON")  # else one damaged definition hides all
        for _ in range(ATTEMPTS):
            before = _data_version(sql)
            with suppress(OSError, EOFError, _Unsettled, sqlite3.OperationalError):
                pages = _Pages.open(path, held)
                lists = _read_lists(pages)
                sql.execute("BEGIN")
                try:
                    if pages.stayed() and _data_version(sql) == before:
                        return list(islice(_compare(sql, lists), COMPLAINTS_MAX))
                finally:
                    sql.execute("ROLLBACK")
    return None


def _data_version(sql: sqlite3.Connection) -> int:
    """Return a number that changes with each commit of others."""
    sql.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return int(sql.execute("PRAGMA data_version").fetchone()[0])


def _read_lists(pages: _Pages) -> PageLists:
    head = pages.read(1)[:100]
    count, trunk, free_count = struct.unpack_from(">III", head, 28)
    largest_root, incremental = (int.from_bytes(head[at : at + 4]) for at in (52, 64))
    wrong = list[Finding]()
    if head[16:18] != PAGE_SIZE_BYTES.to_bytes(2):  # which is told with the head
        return NOTHING_READ
    if head[24:28] != head[92:96]:
        wrong.append(Finding("header", detail="bytes 92 to 95: the counter of changes"))
    if not pages.holds(count):
        wrong.append(Finding("header", detail="bytes 28 to 31: the number of pages"))
        return replace(NOTHING_READ, wrong=tuple(wrong))
    if incremental > 1 or (incremental and not largest_root):
        wrong.append(Finding("header", detail="bytes 64 to 67: how free pages are given back"))
    free = tuple(_free_pages(pages, trunk, count, wrong))
    if len(free) != free_count:
        detail = f"bytes 36 to 39: {free_count} free pages, where {len(free)} are listed"
        wrong.append(Finding("header", detail=detail))
    roots, unused = _mapped(pages, count, wrong) if largest_root else ([], [])
    return PageLists(count, free, frozenset(roots), frozenset(unused), largest_root, tuple(wrong))


def _free_pages(pages: _Pages, trunk: int, count: int, wrong: list[Finding]) -> Iterator[int]:
    """Yield the free pages; what ends the list early, or stands in it twice, is told."""
    seen = set[int]()
    while trunk:
        if not 1 < trunk <= count or trunk in seen:
            wrong.append(_broken(f"the list of free pages leads to page {trunk}"))
            return
        page = pages.read(trunk)
        following, leaves = struct.unpack_from(">II", page)
        if leaves > _FREE_A_TRUNK:
            wrong.append(_broken(f"page {trunk} of the list of free pages counts {leaves} of them"))
            return
        for number in (trunk, *struct.unpack_from(f">{leaves}I", page, 8)):
            if not 1 < number <= count or number in seen:
                wrong.append(_broken(f"page {number} cannot be free, or twice"))
            seen.add(number)
            yield number
        trunk = following


def _mapped(pages: _Pages, count: int, wrong: list[Finding]) -> tuple[list[int], list[int]]:
    """Return which pages are roots and which are free by the map; both have nothing above them."""
    found: tuple[list[int], list[int]] = ([], [])
    for first in range(2, count + 1, _MAPPED + 1):
        page = pages.read(first)
        kinds = page[0 : 5 * min(_MAPPED, count - first) : 5]
        for entry in _NO_CHILD.finditer(kinds):
            number, at = first + 1 + entry.start(), 5 * entry.start()
            if number == _LOCK_PAGE:
                continue
            if page[at] not in (_ROOT, _FREE) or page[at + 1 : at + 5] != bytes(4):
                wrong.append(_broken(f"what the map says of page {number}"))
            else:
                found[page[at] - 1].append(number)
    return found


def _compare(sql: sqlite3.Connection, lists: PageLists) -> Iterator[Finding]:
    """Hold the lists against each other, against the schema, and against all trees."""
    roots = {
        int(row["rootpage"]): str(row["tbl_name"])
        for row in sql.execute("SELECT rootpage, tbl_name FROM sqlite_master WHERE rootpage > 1")
    }
    yield from lists.wrong
    if lists.largest_root:
        for number in sorted(roots.keys() ^ lists.roots_mapped):
            which = "schema" if number in roots else "map"
            yield _broken(f"page {number} is a root by the {which} only", roots.get(number))
        for number in sorted(lists.free_mapped.symmetric_difference(lists.free)):
            which = "map" if number in lists.free_mapped else "list"
            yield _broken(f"page {number} is free by the {which} only")
        if roots and max(roots) != lists.largest_root:
            yield Finding("header", detail="bytes 52 to 55: the largest root")
    if lists.count:
        yield from _unowned(sql, lists)


def _unowned(sql: sqlite3.Connection, lists: PageLists) -> Iterator[Finding]:
    """Tell of pages that are free and used, or neither, where SQLite lists those of its trees."""
    owners = bytearray(lists.count + 1)
    for number in (*range(2, lists.count + 1, _MAPPED + 1), _LOCK_PAGE):
        if number <= lists.count and (lists.largest_root or number == _LOCK_PAGE):
            owners[number] = 1
    try:
        used = [int(row[0]) for row in sql.execute("SELECT pageno FROM dbstat")]
    except sqlite3.DatabaseError:  # it is not built in, or a tree is damaged, of which others tell
        return
    for number in (*lists.free, *used):
        if 0 < number <= lists.count:
            owners[number] = min(2, owners[number] + 1)
    for owned in re.finditer(rb"[^\1]", owners[1:]):
        how = "belongs to nothing" if owned[0] == b"\0" else "is free and in use"
        yield _broken(f"page {owned.start() + 1} {how}")


def _broken(detail: str, table: str | None = None) -> Finding:
    return Finding("structure", table, None, None, detail)

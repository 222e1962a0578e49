"""What SQLite itself can say of a file: its head, pages, indexes, constraints, and our schema."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from crawler.archive.opening import PAGE_SIZE_BYTES
from crawler.archive.schema import migrate
from crawler.archive.verification.findings import Finding

COMPLAINTS_MAX = 1_000
_MAGIC = b"SQLite format 3\0"
# What the head of an archive holds at these offsets, whoever wrote it last (SQLite, "Database File
# Format" §1.3). The rest are numbers of pages (``pagemap``), and counters that nothing depends on.
_HEAD = (
    (0, _MAGIC, "the name of the format"),
    (16, b"\x10\0", "the size of a page"),
    (20, b"\0\x40\x20\x20", "reserved bytes and payload fractions"),
    (44, b"\0\0\0\4", "the schema format"),
    (48, bytes(4), "the size of the cache"),
    (56, b"\0\0\0\1", "the text encoding: UTF-8"),
    (72, bytes(20), "bytes that are always zero"),
)
# Its cookie and format, the encoding, the version, the application id: zero where no table is yet.
_OF_THE_SCHEMA = ((40, 48), (56, 64), (68, 72))
_ORDINAL = re.compile(r"row (\d+) missing from index (\w+)")
_INDEX = re.compile(r"\bindex (\w+)")
_CELL = re.compile(r"\b[Pp]age (\d+) cell (\d+)")
_LEAF_OF_TABLE = 13
_PAGE = re.compile(r"\b[Pp]age (\d+)")
_COLUMN = re.compile(r"\bin (\w+)(?:\.\w+)?$")
_MEDDLING = re.compile(r"trigger |index CREATE UNIQUE ", re.IGNORECASE)
_QUOTED, _BLANKS = re.compile(r'\[(\w+)\]|"(\w+)"'), re.compile(r"[ \t\r\n]+")


def check_header(path: Path) -> list[Finding]:
    """Return what is wrong with the head of a file that was an archive, as far as it still shows.

    A file that is nothing of ours gives nothing, and cannot be opened afterwards; so does one of
    which all but the first page lies in the log still, as until the first merge: SQLite writes
    what the head says of the schema with the schema.
    """
    head = _head(path)
    if not any(any(head[begin:end]) for begin, end in _OF_THE_SCHEMA):
        return []
    wrong = [
        Finding("header", detail=f"bytes {at} to {at + len(value) - 1}: {what}")
        for at, value, what in _HEAD
        if head[at : at + len(value)] != value
    ]
    if head[18:20] not in (b"\2\2", b"\1\1"):  # 1: somebody has turned the write-ahead log off
        wrong.append(Finding("header", detail="bytes 18 to 19: the format versions"))
    # Of a page with one or two damaged fields all others are right; anything else is not ours.
    return wrong if len(wrong) <= 2 and len(head) == 100 else []


def check_length(path: Path) -> tuple[list[Finding], list[str]]:
    """Return what is missing at the end of a file, and what to say of bytes after its end.

    Of one whose head is sound, and that has no log in which its last pages may lie.
    """
    head = _head(path)
    log = Path(f"{path.resolve()}-wal")  # with_name() raises for "/"
    if len(head) < 100 or check_header(path) or (log.exists() and log.stat().st_size):
        return [], []
    pages, size = int.from_bytes(head[28:32]), path.stat().st_size
    if _head(path) != head or head[24:28] != head[92:96]:  # somebody writes; it is not kept up
        return [], []
    if size < pages * PAGE_SIZE_BYTES:
        detail = f"it was cut off: {size // PAGE_SIZE_BYTES} of {pages} pages are there"
        return [Finding("structure", detail=detail)], []
    beyond = size - pages * PAGE_SIZE_BYTES
    return [], [f"{beyond} bytes after the end of the archive, which nobody reads"] * bool(beyond)


def _head(path: Path) -> bytes:
    """Return the head of a file; nothing of what cannot be read, or would be waited for."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(100)
    except OSError:
        return b""


def check_structure(sql: sqlite3.Connection) -> list[Finding]:
    """Return what SQLite's own checks complain of, and what is not as this release lays it."""
    return [*check_integrity(sql), *_check_search(sql), *check_schema(sql)]


def check_integrity(sql: sqlite3.Connection) -> list[Finding]:
    """Return what SQLite's own check complains of, with table and row where it names them."""
    try:
        complaints = [
            str(row[0]) for row in sql.execute(f"PRAGMA integrity_check({COMPLAINTS_MAX})")
        ]
    except sqlite3.Error as exc:
        complaints = [str(exc)]
    return [_complaint(sql, text) for text in complaints if text != "ok"]


def _complaint(sql: sqlite3.Connection, text: str) -> Finding:
    missing, index, column = _ORDINAL.search(text), _INDEX.search(text), _COLUMN.search(text)
    if missing:
        table = _table_of(sql, missing[2])
        return Finding("structure", table, _row_at(sql, table, int(missing[1])), None, text)
    if index:
        return Finding("structure", _table_of(sql, index[1]), None, None, text)
    table = column[1] if column else _table_on_page(sql, text)
    return Finding("structure", table, _row_in_cell(sql, text), None, text)


def _table_of(sql: sqlite3.Connection, index: str) -> str | None:
    row = sql.execute(
        "SELECT tbl_name FROM sqlite_master WHERE type = 'index' AND name = ?", (index,)
    ).fetchone()
    return str(row[0]) if row else None


def _table_on_page(sql: sqlite3.Connection, text: str) -> str | None:
    """Return the table that a page belongs to, by SQLite's own map where it is built in."""
    page = _PAGE.search(text)
    try:
        row = sql.execute(
            "SELECT m.tbl_name FROM dbstat d JOIN sqlite_master m USING (name) WHERE d.pageno = ?",
            (int(page[1]),),
        ).fetchone() if page else None  # fmt: skip
    except sqlite3.Error:
        return None
    return str(row[0]) if row else None


def _row_in_cell(sql: sqlite3.Connection, text: str) -> int | None:
    """Return the number of the row in a cell of a page of a table (SQLite, file format §1.6)."""
    cell, file = _CELL.search(text), sql.execute("PRAGMA database_list").fetchone()[2]
    try:
        if cell is None or not file:
            return None
        with Path(file).open("rb") as opened:
            opened.seek((int(cell[1]) - 1) * PAGE_SIZE_BYTES)
            page = opened.read(PAGE_SIZE_BYTES)
        at = 8 + 2 * int(cell[2])
        if page[0] != _LEAF_OF_TABLE:
            return None
        _, begin = _varint(page, int.from_bytes(page[at : at + 2], "big"))
        return _varint(page, begin)[0]
    except (OSError, IndexError):
        return None


def _varint(page: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends."""
    value = 0
    for length in range(1, 9):
        byte = page[at + length - 1]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + length
    return value << 8 | page[at + 8], at + 9


def _row_at(sql: sqlite3.Connection, table: str | None, ordinal: int) -> int | None:
    """Return the number of the n-th row: SQLite's complaints count the rows."""
    try:
        row = sql.execute(
            f'SELECT rowid FROM "{table}" NOT INDEXED LIMIT 1 OFFSET ?', (ordinal - 1,)
        ).fetchone()
    except sqlite3.Error:  # a table without row numbers, or one that cannot be read so far
        return None
    return int(row[0]) if row else None


def _check_search(sql: sqlite3.Connection) -> list[Finding]:
    """Walk through the search index. It holds nothing that is not in the texts."""
    try:
        sql.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, texts_fts, row)")
        sql.execute("SELECT count(*), sum(cnt) FROM temp.words").fetchone()
    except sqlite3.Error as exc:
        return [Finding("search-index", "texts_fts", None, None, str(exc))]
    return []


def check_foreign_keys(sql: sqlite3.Connection) -> list[Finding]:
    """Return the rows that refer to one that is not there."""
    try:
        rows = sql.execute("PRAGMA foreign_key_check").fetchmany(COMPLAINTS_MAX)
    except sqlite3.Error as exc:
        return [Finding("structure", detail=f"foreign keys cannot be checked: {exc}")]
    return [
        Finding("foreign-key", row[0], row[1], None, f"no such row in {row[2]}") for row in rows
    ]


def check_schema(sql: sqlite3.Connection) -> list[Finding]:
    """Return the tables, indexes, triggers and views that are not as this release lays them.

    Besides, what somebody added that changes or refuses rows of ours. Further tables, views and
    indexes are anybody's.
    """
    laid = _laid()
    try:
        found = _objects(sql)
    except sqlite3.Error as exc:
        return [Finding("schema", detail=str(exc))]
    differing = [
        Finding("schema", table, None, name, "is missing" if name not in found else "is changed")
        for name, (table, text) in laid.items()
        if name not in found or found[name] != (table, text)
    ]
    ours = {table for table, _ in laid.values()}
    return differing + [
        Finding("schema", table, None, name, "was added by somebody else")
        for name, (table, text) in found.items()
        if name not in laid and table in ours and _MEDDLING.match(text)
    ]


def tables_of_ours() -> frozenset[str]:
    """Return the names of the tables that this release lays."""
    return frozenset(name for name, (_, text) in _laid().items() if text.startswith("table "))


@cache
def _laid() -> dict[str, tuple[str, str]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        migrate(fresh)
        return _objects(fresh)


def _objects(sql: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    """Return all that the schema defines by name: of which table it is, its type and definition."""
    rows = sql.execute("SELECT name, tbl_name, type || ' ' || coalesce(sql, '') FROM sqlite_master")
    return {str(name): (str(table), _plain(str(text))) for name, table, text in rows}


def _plain(definition: str) -> str:
    """Return a definition without what a library or SQLite spells otherwise between releases."""
    return _BLANKS.sub(" ", _QUOTED.sub(r"\1\2", definition))

"""Opening archive.db: for writing, for reading, and for verifying whatever is left of it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from crawler.archive.connection import ArchiveSql, Connection
from crawler.archive.looking import (
    BUSY_TIMEOUT_S,
    has_log,
    nothing_there,
    older,
    open_read_only,
    refuse_linked,
    refuse_unwritable,
    unopened,
    version_of,
)
from crawler.archive.schema import APPLICATION_ID, SCHEMA_VERSION, migrate
from crawler.archive.sealable import watch
from crawler.errors import ArchiveError, ForeignDatabase

# What a reader's open transaction made the write-ahead log grow to is given back down to here.
WAL_KEPT_BYTES = 64 * 2**20
PAGE_SIZE_BYTES = 4096  # measured: 2.8 % overhead on 31 KB blobs; 8K 5 %, 16K 11 %


def connect(path: Path, *, create: bool, scratch_in_memory: bool = False) -> Connection:
    """Open an archive, laid out and up to date.

    ``scratch_in_memory``: the pages by which SQLite could undo a step go through no file. For each
    page that is visited it wrote 80 times to one, a sixth of the CPU of keeping it. What is sorted,
    and the copy that VACUUM makes, would lie in memory as well.
    Raises ArchiveError when there is none and ``create`` is false or the place is not writable,
    ForeignDatabase when the file holds something else, NewerSchema when we are too old for it.
    """
    refuse_unwritable(path)
    if version_of(path) is None and not create:
        raise nothing_there(path)
    refuse_linked(path)
    try:
        sql = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, factory=ArchiveSql
        )
    except sqlite3.Error as exc:
        raise unopened(path, exc) from exc
    try:
        _configure(sql)
        migrate(sql)
        if scratch_in_memory:
            sql.execute("PRAGMA temp_store = MEMORY")  # takes away what is temporary so far
        watch(sql)
    except sqlite3.Error as exc:
        sql.close()
        raise unopened(path, exc) from exc
    except BaseException:
        sql.close()
        raise
    return Connection(path, sql)


def connect_for_reading(path: Path) -> Connection:
    """Open an existing archive read-only, also while a crawl writes. Raises as ``connect``."""
    connection, version = connect_as_it_is(path)
    if version < SCHEMA_VERSION:
        connection.close()
        raise older(path, version)
    return connection


def connect_as_it_is(path: Path) -> tuple[Connection, int]:
    """Open an archive read-only, of whatever version up to ours, and return its version with it.

    Only for who asks nothing of it that an older schema may lack. Raises as ``connect``; of several
    hard links only the ones beside which a log lies are refused.
    """
    version = version_of(path)
    if version is None:
        raise nothing_there(path)
    if has_log(path):
        refuse_linked(path)
    try:
        return Connection(path, open_read_only(path)), version
    except sqlite3.Error as exc:
        raise unopened(path, exc) from exc


def connect_for_verifying(path: Path) -> tuple[ArchiveSql, list[str]]:
    """Open an archive read-only as far as it can be opened, text that is no UTF-8 included.

    Also returns what its head says wrongly, where the latest manifest knows better. Raises
    ArchiveError when there is none, or one of another release.
    """
    if not path.is_file():
        connect_for_reading(path)  # says what is there
    sql = open_read_only(path)
    try:
        sql.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        sql.execute("PRAGMA cell_size_check = ON")  # else a damaged page is read past its cells
        sql.execute("PRAGMA writable_schema = ON")  # else one damaged definition hides all tables
        return sql, _misnamed(sql)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as exc:
        if "malformed database schema" in repr(exc):  # it is one; the first look says what
            return sql, []
        sql.close()
        raise _unverifiable(path, exc) from exc
    except LookupError as exc:
        sql.close()
        raise _unverifiable(path, exc) from None


def _unverifiable(path: Path, exc: Exception) -> ArchiveError:
    """Return what a file is that is no archive of this release. Raises it, too."""
    version = version_of(path)
    if version is None:
        return nothing_there(path)
    if version < SCHEMA_VERSION:
        return older(path, version)
    return ForeignDatabase(f"{path}: not usable as an archive: {exc}")


def _misnamed(sql: sqlite3.Connection) -> list[str]:
    """What the head says of itself and is not so. Raises LookupError: it may be right."""
    application_id = sql.execute("PRAGMA application_id").fetchone()[0]
    version = int(sql.execute("PRAGMA user_version").fetchone()[0])
    if (application_id, version) == (APPLICATION_ID, SCHEMA_VERSION):
        return []
    sealed = sql.execute(
        "SELECT body ->> 'schema' FROM manifests ORDER BY id DESC LIMIT 1"
    ).fetchone()
    if sealed is None or sealed[0] != SCHEMA_VERSION:
        raise LookupError
    return [f"the application id is {application_id}, the version of the schema {version}"]


def _configure(sql: sqlite3.Connection) -> None:
    """Set what sqlite3 and sqlite-utils leave at unsafe defaults."""
    sql.row_factory = sqlite3.Row
    sql.execute(f"PRAGMA page_size = {PAGE_SIZE_BYTES}")
    sql.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a new file: `pack` gives back by steps
    sql.execute("PRAGMA journal_mode = WAL")
    sql.execute("PRAGMA synchronous = FULL")  # a commit that returned survives a power cut
    sql.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
    sql.execute("PRAGMA foreign_keys = ON")

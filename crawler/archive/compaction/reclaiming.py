"""Giving back to the disk what the archive no longer needs, in steps that may be cut off anywhere.

SQLite keeps the pages that became free for what comes next. ``VACUUM`` writes the whole file anew:
it needs room for three times the archive, and a night for a large one. An archive is made with
``auto_vacuum = incremental``, whose steps each move a few pages from the end of the file into its
gaps, and cost as much as there is to give back. They leave the gaps within pages, 2 % of the file
after a pack: those are worth a ``VACUUM`` where it takes a few seconds.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator

from crawler.archive.connection import Connection
from crawler.archive.sealable import note_index
from crawler.errors import ArchiveError

PAGES_A_STEP = 1_000  # 4 MB: a transaction of some 20 ms
INDEX_PAGES_A_STEP = 500
SEGMENTS_MAX = 3  # of the search index; each night adds some, and each search asks them all

WRITTEN_ANEW_MAX_BYTES = 128 * 2**20  # 0.5 s of CPU, 7 s on a busy machine; `add` waits meanwhile
WRITTEN_ANEW_SHARE = 0.1  # of the payloads, stored anew: else there is little to win


def optimise_index(connection: Connection) -> Iterator[None]:
    """Merge the segments of the search index into one, in steps; nothing when there are few.

    Automatic merging leaves some: on 1,372 articles they were 5 % larger than the one.
    """
    sql = connection.sql
    segments = sql.execute("SELECT count(DISTINCT segid) FROM texts_fts_idx").fetchone()[0]
    if segments <= SEGMENTS_MAX:
        return
    # A negative number of pages begins a merge of all segments into one, a positive one goes on
    # with it; it is done when a step changes hardly anything (SQLite, FTS5 documentation §6.9).
    pages, changed = -INDEX_PAGES_A_STEP, 2
    while changed >= 2:
        with connection.writing():
            note_index(sql)
            before = sql.total_changes
            sql.execute("INSERT INTO texts_fts (texts_fts, rank) VALUES ('merge', ?)", (pages,))
        changed, pages = sql.total_changes - before, INDEX_PAGES_A_STEP
        yield


def give_back(connection: Connection) -> Iterator[None]:
    """Give the free pages back to the disk, in steps; nothing for a file that was made otherwise.

    The file shrinks at the end, and only when no reader holds a transaction: else SQLite does it
    when the last connection closes. A reader is not waited for. Raises ArchiveError when the disk
    refuses: what was committed is safe.
    """
    sql = connection.sql
    waits_ms = sql.execute("PRAGMA busy_timeout").fetchone()[0]
    while free := _free_pages(sql):
        with connection.writing():
            sql.execute(f"PRAGMA incremental_vacuum({PAGES_A_STEP})").fetchall()
        yield
        if _free_pages(sql) >= free:  # nothing moved: no use in asking again
            break
    sql.execute("PRAGMA busy_timeout = 0")
    try:
        sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError as exc:  # nothing is lost: all of it is in the log
        raise ArchiveError(f"{connection.path} cannot be written: {exc}") from exc
    finally:
        sql.execute(f"PRAGMA busy_timeout = {waits_ms}")


def _free_pages(sql: sqlite3.Connection) -> int:
    return int(sql.execute("PRAGMA freelist_count").fetchone()[0])


def is_worth_writing_anew(connection: Connection, recoded: int) -> bool:
    """Tell whether an archive is small, and so much of it was stored anew that gaps are left.

    Also that the disk has room for a second copy, and a third in the write-ahead log.
    """
    sql, path = connection.sql, connection.path
    (payloads,) = sql.execute("SELECT count(*) FROM payloads").fetchone()
    if not payloads or recoded < WRITTEN_ANEW_SHARE * payloads:
        return False
    size = path.stat().st_size
    return size <= WRITTEN_ANEW_MAX_BYTES and shutil.disk_usage(path.parent).free > 3 * size


def write_anew(connection: Connection) -> None:
    """Write the file anew without gaps, where no other process is writing to it.

    Each row keeps its number, so seals stay as they are. It is one transaction: where it is
    refused or killed, or meets a page that is damaged, the archive is as it was.
    """
    sql = connection.sql
    waits_ms = sql.execute("PRAGMA busy_timeout").fetchone()[0]
    sql.execute("PRAGMA busy_timeout = 0")
    try:
        sql.execute("VACUUM")
    except sqlite3.DatabaseError:  # locked, no room for temporary files after all, or damaged
        return
    finally:
        sql.execute(f"PRAGMA busy_timeout = {waits_ms}")

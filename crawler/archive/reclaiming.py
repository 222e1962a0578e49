"""Giving back to the disk what the archive no longer needs, in steps that may be cut off anywhere.

SQLite keeps the pages that became free for what comes next. ``VACUUM`` would write the whole file
anew: it needs room for twice the archive, and a night for a large one. An archive is made with
``auto_vacuum = incremental``, whose steps each move a few pages from the end of the file into its
gaps, and cost as much as there is to give back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from crawler.archive.connection import Connection
from crawler.archive.sealable import note_index
from crawler.errors import ArchiveError

PAGES_A_STEP = 1_000  # 4 MB: a transaction of some 20 ms
INDEX_PAGES_A_STEP = 500
SEGMENTS_MAX = 3  # of the search index; each night adds some, and each search asks them all


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

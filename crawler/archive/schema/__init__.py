"""The schema of archive.db, step by step. It is public API: docs/schema.md describes it.

All steps that are pending run in one transaction together with the record that they ran. A step
that has been released is never edited; what changes comes as a further step. Views hold no data:
they are laid anew after each step.
"""

from __future__ import annotations

import sqlite3
from importlib import import_module

APPLICATION_ID = 0x534B4550  # "SKEP", so that file(1) and we know an archive when we see one
SCHEMA_VERSION = 9  # PRAGMA user_version; rises by one with each step


def migrate(sql: sqlite3.Connection) -> None:
    """Bring the schema up to date; does nothing when it is.

    Of two processes that begin at once the second waits for the first, and finds its work done.
    """
    if _version(sql) == SCHEMA_VERSION:
        return
    sql.execute("BEGIN IMMEDIATE")
    try:
        if _version(sql) != SCHEMA_VERSION:
            import_module(f"{__name__}.steps").take_pending(sql)
            sql.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        sql.execute("COMMIT")
    except BaseException:
        if sql.in_transaction:
            sql.execute("ROLLBACK")
        raise


def _version(sql: sqlite3.Connection) -> int:
    return int(sql.execute("PRAGMA user_version").fetchone()[0])

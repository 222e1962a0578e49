"""The schema of archive.db, step by step. It is public API: docs/schema.md describes it.

All steps that are pending run in one transaction together with the record that they ran. A step
that has been released is never edited; what changes comes as a further step. Views hold no data:
they are laid anew after each step.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

from crawler.archive.schema import fifth, first, fourth, second, sixth, third
from crawler.archive.schema.first import APPLICATION_ID
from crawler.archive.sealable import sealed_tables
from crawler.archive.views import VIEWS

__all__ = ["APPLICATION_ID", "SCHEMA_VERSION", "migrate", "migrations"]

SCHEMA_VERSION = 6  # PRAGMA user_version; rises by one with each step

migrations = Migrations("archive")
migrations(name="001_create")(first.create)
migrations(name="002_judge")(second.judge)
migrations(name="003_bring_home")(third.bring_home)
migrations(name="004_keep_texts_once")(fourth.keep_texts_once)
migrations(name="005_withhold_and_seal")(fifth.withhold_and_seal)
migrations(name="006_pack_smaller")(sixth.pack_smaller)


def migrate(sql: sqlite3.Connection) -> None:
    """Bring the schema up to date; does nothing when it is.

    Of two processes that begin at once the second waits for the first, and finds its work done.
    """
    if _version(sql) == SCHEMA_VERSION:
        return
    sql.execute("BEGIN IMMEDIATE")
    try:
        if _version(sql) != SCHEMA_VERSION:
            migrations.apply(Database(sql, strict=True, execute_plugins=False))
            _lay_views(sql)
            _unseal(sql)
            sql.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        sql.execute("COMMIT")
    except BaseException:
        if sql.in_transaction:
            sql.execute("ROLLBACK")
        raise


def _unseal(sql: sqlite3.Connection) -> None:
    """Have every table sealed anew: a step may have written to any of them."""
    sql.executemany(
        "INSERT OR IGNORE INTO unsealed (sealed_table, position) VALUES (?, -1)",
        [(name,) for name in sealed_tables(sql)],
    )
    sql.execute("DELETE FROM seals WHERE sealed_table NOT IN (SELECT sealed_table FROM unsealed)")


def _version(sql: sqlite3.Connection) -> int:
    return int(sql.execute("PRAGMA user_version").fetchone()[0])


def _lay_views(sql: sqlite3.Connection) -> None:
    laid = sql.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall()
    for row in laid:
        if row[0] in VIEWS:
            sql.execute(f"DROP VIEW {row[0]}")
    for name, select in VIEWS.items():
        sql.execute(f"CREATE VIEW {name} AS {select}")

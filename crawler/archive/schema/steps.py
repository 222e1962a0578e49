"""The steps of the schema, and how an archive takes those that it has not taken.

Apart from the rest because sqlite-utils takes 0.06 s to import, and most archives are up to date.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

from crawler.archive.schema import (
    eighth,
    fifth,
    first,
    fourth,
    ninth,
    second,
    seventh,
    sixth,
    third,
)
from crawler.archive.sealable import sealed_tables
from crawler.archive.views import VIEWS

migrations = Migrations("archive")
migrations(name="001_create")(first.create)
migrations(name="002_judge")(second.judge)
migrations(name="003_bring_home")(third.bring_home)
migrations(name="004_keep_texts_once")(fourth.keep_texts_once)
migrations(name="005_withhold_and_seal")(fifth.withhold_and_seal)
migrations(name="006_pack_smaller")(sixth.pack_smaller)
migrations(name="007_keep_authors_back")(seventh.keep_authors_back)
migrations(name="008_bar_places")(eighth.bar_places)
migrations(name="009_share_wording")(ninth.share_wording)


def take_pending(sql: sqlite3.Connection) -> None:
    """Take the pending steps, and lay the views anew."""
    migrations.apply(Database(sql, strict=True, execute_plugins=False))
    _lay_views(sql)
    _unseal(sql)


def _unseal(sql: sqlite3.Connection) -> None:
    """Have every table sealed anew: a step may have written to any of them."""
    sql.executemany(
        "INSERT OR IGNORE INTO unsealed (sealed_table, position) VALUES (?, -1)",
        [(name,) for name in sealed_tables(sql)],
    )
    sql.execute("DELETE FROM seals WHERE sealed_table NOT IN (SELECT sealed_table FROM unsealed)")


def _lay_views(sql: sqlite3.Connection) -> None:
    laid = sql.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall()
    for row in laid:
        if row[0] in VIEWS:
            sql.execute(f"DROP VIEW {row[0]}")
    for name, select in VIEWS.items():
        sql.execute(f"CREATE VIEW {name} AS {select}")

"""Changes of a CHECK, which no statement of SQLite makes."""

from __future__ import annotations

from sqlite_utils import Database


def widen_check(db: Database, table: str, check: str, wider: str) -> None:
    """Put a wider text in the place of a part of a table's CHECK; rows stay as they are on disk.

    A CHECK can be changed only in the text of the schema; SQLite's own page on ALTER TABLE gives
    this procedure for changes that leave what is on disk as it is.
    """
    sql = db.conn
    (version,) = sql.execute("PRAGMA schema_version").fetchone()
    sql.execute("PRAGMA writable_schema = ON")
    try:
        sql.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
            (check, wider, table),
        )
        sql.execute(f"PRAGMA schema_version = {version + 1}")
    finally:
        sql.execute("PRAGMA writable_schema = OFF")

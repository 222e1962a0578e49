"""Step 006: a payload that leans on no other may be held as brotli."""

from __future__ import annotations

from sqlite_utils import Database

_KINDS = "stored_as IN ('raw', 'zstd', 'zstd-delta'"


def pack_smaller(db: Database) -> None:
    """Let payloads be stored so. No row is touched, so that all keep their seals.

    A CHECK can be changed only in the text of the schema; SQLite's own page on ALTER TABLE gives
    this procedure for changes that leave what is on disk as it is.
    """
    sql = db.conn
    (version,) = sql.execute("PRAGMA schema_version").fetchone()
    sql.execute("PRAGMA writable_schema = ON")
    try:
        sql.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, ?, ?)"
            " WHERE type = 'table' AND name = 'payloads'",
            (_KINDS, f"{_KINDS}, 'brotli'"),
        )
        sql.execute(f"PRAGMA schema_version = {version + 1}")
    finally:
        sql.execute("PRAGMA writable_schema = OFF")

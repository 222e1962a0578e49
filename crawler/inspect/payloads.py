"""What a payload holds, as Datasette's own connections read it."""

from __future__ import annotations

import sqlite3

from datasette.database import Database

from crawler.archive import Row

READ_AT_ONCE_BYTES = 2 * 2**20  # to read more takes longer than a page may


async def read_payload(db: Database, digest: str) -> bytes | None:
    """Return a payload; None when the file does not hold it.

    Raises sqlite3.OperationalError when what it holds is damaged.
    """
    found = await db.execute("SELECT payload(?)", [digest], log_sql_errors=False)
    body: bytes | None = found.first()[0]
    return body


async def read_text(db: Database, row: Row) -> str | None:
    """Return what there is to read in the payload of a snapshot that has no article.

    None when there is nothing, too much for a page, or the payload is damaged.
    """
    if row["text"] or not row["held"] or (row["size_bytes"] or 0) > READ_AT_ONCE_BYTES:
        return None
    try:
        found = await db.execute("SELECT payload_text(?)", [row["payload"]], log_sql_errors=False)
    except sqlite3.OperationalError:
        return None
    text: str | None = found.first()[0]
    return text

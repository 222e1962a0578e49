"""SQL functions of ours, for connections that others open: Datasette's, those of sqlite-utils."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlite_utils import hookimpl

from crawler.archive.connection import Connection
from crawler.archive.payloads import Payloads
from crawler.archive.views import ARTICLE_OF
from crawler.extraction.charsets import decode
from crawler.extraction.extractors import DOCUMENT, PAGES
from crawler.extraction.markup import clean_text, stripped
from crawler.extraction.mediatypes import is_textual, sniff

# All captures of a payload have its bytes, but not each has a Content-Type.
_DECLARED = """
SELECT mime_declared FROM captures
WHERE payload = ? AND mime_declared IS NOT NULL ORDER BY source, id LIMIT 1
"""
_ARTICLE = f"SELECT text FROM articles WHERE id = {ARTICLE_OF.format(payload='?')}"


def add_functions(sql: sqlite3.Connection) -> None:
    """Let the statements of a connection call ``payload(digest)`` and ``payload_text(digest)``.

    The first gives the payload as a BLOB, decoded and checked against its digest; the second what
    there is to read in it, the whole page and not the article only. Both give NULL when it is not
    held in this file or only withheld sources have shown it, the second also when it is no text.
    What is held but damaged makes the statement fail: no bytes are better than wrong ones.
    """
    payloads = Payloads(Connection(Path(), sql))

    def payload(digest: object) -> bytes | None:
        try:
            if not isinstance(digest, str) or _is_withheld(sql, digest):
                return None
            return payloads.get(digest)
        except KeyError:
            return None

    def payload_text(digest: object) -> str | None:
        body = payload(digest)
        return None if body is None else _text_of(sql, str(digest), body)

    sql.create_function("payload", 1, payload)
    sql.create_function("payload_text", 1, payload_text)


def _is_withheld(sql: sqlite3.Connection, digest: str) -> bool:
    return bool(
        sql.execute(
            "SELECT count(*) AND sum(s.withheld IS NULL) = 0"
            " FROM captures c LEFT JOIN sources s ON s.id = c.source WHERE c.payload = ?",
            (digest,),
        ).fetchone()[0]
    )


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Add the functions wherever the command line or the library of sqlite-utils connects."""
    add_functions(conn)


def _text_of(sql: sqlite3.Connection, digest: str, body: bytes) -> str | None:
    """Return what there is to read in a payload; None when it is no text."""
    declared = _first(sql, _DECLARED, digest)
    mime = sniff(body, declared)
    if mime == DOCUMENT:  # a hostile one is read in a process with limits only, and was
        return _first(sql, _ARTICLE, digest)
    if mime in PAGES:
        return stripped(decode(body, declared)[0])
    return clean_text(decode(body, declared)[0]) if is_textual(mime) else None


def _first(sql: sqlite3.Connection, statement: str, digest: str) -> str | None:
    cursor = sql.cursor()
    cursor.row_factory = None  # the connection may be somebody else's
    row = cursor.execute(statement, (digest,)).fetchone()
    return str(row[0]) if row and row[0] is not None else None

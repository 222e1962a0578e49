"""SQL functions of ours, for connections that others open: Datasette's, those of sqlite-utils."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlite_utils import hookimpl

from crawler.archive.connection import Connection
from crawler.archive.payloads import Payloads


def add_functions(sql: sqlite3.Connection) -> None:
    """Let the statements of a connection call ``payload(digest)``.

    It gives the payload as a BLOB, decoded and checked against its digest; NULL when it is not held
    in this file. What is held but damaged makes the statement fail: no bytes are better than wrong
    ones.
    """
    payloads = Payloads(Connection(Path(), sql))

    def payload(digest: object) -> bytes | None:
        try:
            return payloads.get(digest) if isinstance(digest, str) else None
        except KeyError:
            return None

    sql.create_function("payload", 1, payload)


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Add the functions wherever the command line or the library of sqlite-utils connects."""
    add_functions(conn)

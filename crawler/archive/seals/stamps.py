"""Stamps of manifests by others, as they are kept: added to, never changed."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from crawler.archive.connection import Connection
from crawler.dates import format_instant
from crawler.stamping.checking import KeptStamp

_KEPT = """
SELECT s.id, m.digest, m.number, m.body, s.authority, s.asked_at, s.stamped_at,
  s.request, s.response
FROM stamps s JOIN manifests m ON m.id = s.manifest WHERE s.response IS NOT NULL ORDER BY s.id
"""


def kept_stamps(sql: sqlite3.Connection | sqlite3.Cursor) -> list[KeptStamp]:
    """Return the answers that are kept, those included that are no stamps, the oldest first."""
    return [
        KeptStamp(
            row=int(row["id"]), manifest=str(row["digest"]), number=int(row["number"]),
            body=str(row["body"]).encode(), authority=str(row["authority"]),
            asked_at=str(row["asked_at"]), stamped_at=row["stamped_at"],
            request=bytes(row["request"]), response=row["response"],
        )
        for row in sql.execute(_KEPT)
    ]  # fmt: skip


class Stamps:
    """The stamps of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def kept(self) -> list[KeptStamp]:
        """Return the answers that are kept, those included that are no stamps, the oldest first."""
        return kept_stamps(self._connection.sql)

    def keep(
        self,
        manifest: str,
        authority: str,
        request: bytes,
        response: bytes | None,
        *,
        asked_at: datetime,
        stamped_at: datetime | None,
        problem: str | None,
    ) -> None:
        """Keep what was answered of a manifest, by its digest.

        ``response`` is the answer of an authority, or a proof; ``problem`` is why no time is told
        (None: one is). So that the manifest stays the latest: ``Archive.leave_unsealed``.
        """
        with self._connection.writing() as sql:
            sql.execute(
                "INSERT INTO stamps (manifest, authority, asked_at, stamped_at, request, response,"
                " problem) SELECT id, ?, ?, ?, ?, ?, ? FROM manifests WHERE digest = ?",
                (
                    authority, format_instant(asked_at),
                    format_instant(stamped_at) if stamped_at else None, request, response, problem,
                    manifest,
                ),
            )  # fmt: skip

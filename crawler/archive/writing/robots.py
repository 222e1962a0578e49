"""The robots.txt files that outlive a process, one for each origin (RFC 9309 §2.3)."""

from __future__ import annotations

from crawler.archive.connection import Connection
from crawler.archive.payloads import Payloads
from crawler.errors import PayloadDamaged
from crawler.robotstxt import RobotsRecord
from crawler.urls import host_key

_UNREACHABLE_SINCE = """
SELECT min(fetched_at) FROM fetches WHERE purpose = 'robots' AND url = ?1 AND id > (
  SELECT coalesce(max(id), 0) FROM fetches WHERE purpose = 'robots' AND url = ?1 AND status < 500)
"""


class RobotsFiles:
    """The robots.txt files of one archive; each distinct one is a payload."""

    def __init__(self, connection: Connection, payloads: Payloads) -> None:
        self._connection = connection
        self._payloads = payloads

    def load(self, origin: str) -> RobotsRecord | None:
        """Return what was last found; None when the origin was never asked, or the file rotted."""
        row = self._connection.sql.execute(
            "SELECT * FROM robots WHERE origin = ?", (origin,)
        ).fetchone()
        if row is None:
            return None
        digest = row["payload"]
        try:
            body = self._payloads.get(digest) if digest else b""
        except (KeyError, PayloadDamaged):
            return None
        return RobotsRecord(origin, row["status"], body, digest, row["fetched_at"], row["error"])

    def unreachable_since(self, origin: str) -> str | None:
        """Return when an origin first failed to give its robots.txt after its last answer.

        None when its last attempt was an answer, or when it was never asked. An answer is whatever
        has a status below 500, a redirect and a 429 too.
        """
        row = self._connection.sql.execute(_UNREACHABLE_SINCE, (f"{origin}/robots.txt",)).fetchone()
        return str(row[0]) if row[0] else None

    def save(self, found: RobotsRecord) -> None:
        """Remember what was found, in place of what was there before."""
        with self._connection.writing() as sql:
            host = host_key(found.origin + "/")
            sql.execute("INSERT OR IGNORE INTO hosts (host) VALUES (?)", (host,))
            digest = self._payloads.put(found.body) if found.body else None
            sql.execute(
                "INSERT OR REPLACE INTO robots (origin, host, status, payload, error, fetched_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (found.origin, host, found.status, digest, found.error, found.fetched_at),
            )

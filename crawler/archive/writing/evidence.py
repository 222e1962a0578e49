"""Evidence: what was asked, what came back, and what of it was kept. Append-only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.archive.connection import Connection
from crawler.archive.payloads import Payloads
from crawler.digests import new_uid
from crawler.items import OURS, OWN, Hop


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of writing one visit."""

    fetches: tuple[int, ...]  # one per hop
    captures: tuple[int | None, ...]  # one per hop; None where nothing was kept
    final_payload: str | None  # digest of the last hop's payload

    @property
    def final_capture(self) -> int | None:
        """The capture of the last hop."""
        return self.captures[-1] if self.captures else None


@dataclass(frozen=True, slots=True)
class KeptPage:
    """The latest good capture of an entry page, and how to ask whether it changed."""

    capture: int
    payload: str
    etag: str | None
    last_modified: str | None
    first_captured_at: str  # instants of the first and the latest capture at this URL
    captured_at: str


@dataclass(frozen=True, slots=True)
class HeldAnswer:
    """The answer that brought the good copy of a source: how it came, and what it was."""

    url: str
    status: int
    response_headers: str  # JSON, as in ``fetches``
    wire_digest: str
    payload: str  # digest
    size_bytes: int  # of the payload
    mime_declared: str | None
    mime_sniffed: str

    @property
    def coding(self) -> str | None:
        """The content codings in the order of their application; None when there are none."""
        headers = json.loads(self.response_headers)
        return ", ".join(v for name, v in headers if name.lower() == "content-encoding") or None


_HELD = """
SELECT c.url, f.status, f.response_headers, f.wire_digest, c.payload, p.size_bytes, c.mime_declared,
  c.mime_sniffed
FROM sources s JOIN captures c ON c.id = s.good_capture JOIN fetches f ON f.id = c.fetch
  JOIN payloads p ON p.digest = c.payload
WHERE s.id = ? AND c.origin = ? AND f.status = 200 AND c.truncated IS NULL AND c.flags IS NULL
  AND c.mime_sniffed IS NOT NULL
"""

_GOOD_PAGE = """
SELECT c.id AS capture, c.payload AS payload, coalesce(c.refers_to, c.uid) AS uid,
  f.response_headers AS headers,
  (SELECT min(b.captured_at) FROM captures b WHERE b.source IS NULL AND b.url = c.url)
    AS first_captured_at,
  (SELECT b.captured_at FROM captures b WHERE b.source IS NULL AND b.url = c.url
    ORDER BY b.id DESC LIMIT 1) AS captured_at
FROM captures c JOIN fetches f ON f.id = c.fetch
WHERE c.source IS NULL AND c.url = ? AND f.purpose = ? AND f.outcome = 'live-unverified'
ORDER BY c.id DESC LIMIT 1
"""


class Evidence:
    """Fetches and captures of one archive."""

    def __init__(self, connection: Connection, payloads: Payloads) -> None:
        self._connection = connection
        self._payloads = payloads

    def record(
        self,
        run: int,
        source: int | None,
        hops: Sequence[Hop],
        *,
        origin: str = OWN,
        visit: str | None = None,
    ) -> Kept:
        """Write the hops of one visit, each a fetch, with a capture where a body came.

        An identical payload of the same source becomes a revisit; so does a 304, which refers to
        the capture that it confirms. What came from elsewhere (``origin``) brings the body that a
        304 confirms along; of what came from a web archive it is the archive's id. ``visit`` names
        the visit, which else is called as its first hop.
        """
        with self._connection.writing() as sql:
            visit = visit or hops[0].uid
            fetches: list[int] = []
            captures: list[int | None] = []
            payload = None
            for hop in hops:
                fetch = self._fetch(sql, run, source, visit, hop)
                capture, payload = self._capture(sql, source, fetch, hop, origin)
                fetches.append(fetch)
                captures.append(capture)
        return Kept(tuple(fetches), tuple(captures), payload)

    def holds(self, uid: str) -> bool:
        """Tell whether a fetch is held, by its uid."""
        sql = self._connection.sql
        return sql.execute("SELECT 1 FROM fetches WHERE uid = ?", (uid,)).fetchone() is not None

    def payload_of(self, uid: str) -> str | None:
        """Return the digest of the payload of a capture, by its uid; None: it is not held."""
        row = self._connection.sql.execute(
            "SELECT payload FROM captures WHERE uid = ?", (uid,)
        ).fetchone()
        return row["payload"] if row else None

    def payload_at(self, url: str, captured_at: str) -> str | None:
        """Return the digest of what a URL answered at an instant; None: that is not held."""
        row = self._connection.sql.execute(
            "SELECT payload FROM captures WHERE captured_at = ? AND url = ? ORDER BY id LIMIT 1",
            (captured_at, url),
        ).fetchone()
        return row["payload"] if row else None

    def held_answer(self, source: int) -> HeldAnswer | None:
        """Return how the good copy of a source came, whole and without any flag, by our own visit.

        None: it did not, there is none, or its payload is gone.
        """
        row = self._connection.sql.execute(_HELD, (source, OWN)).fetchone()
        return HeldAnswer(*row) if row else None

    def page(self, url: str) -> KeptPage | None:
        """Return the latest good capture of an entry page or day index; None when there is none."""
        row = self._connection.sql.execute(_GOOD_PAGE, (url, "entry")).fetchone()
        if row is None:
            return None
        headers = {name.lower(): value for name, value in json.loads(row["headers"])}
        return KeptPage(
            capture=row["capture"],
            payload=row["payload"],
            etag=headers.get("etag"),
            last_modified=headers.get("last-modified"),
            first_captured_at=row["first_captured_at"],
            captured_at=row["captured_at"],
        )

    def _put(self, sql: sqlite3.Connection, source: int | None, hop: Hop, origin: str) -> str:
        base = self._base_of(sql, source, hop.url, origin)
        return self._payloads.put(hop.body or b"", base_digest=base)

    @staticmethod
    def _base_of(sql: sqlite3.Connection, source: int | None, url: str, origin: str) -> str | None:
        """The payload against which a new one is stored as a delta.

        Of a source the good one, or that one's base, so that it is always held whole; but not when
        packing has made that a payload of another source, beside which a new one saves little. Of
        an entry page or robots.txt the first that was captured at its URL. Of what is imported,
        which is judged only later, the first of the source.
        """
        if source is None:
            row = sql.execute(
                "SELECT payload AS digest FROM captures WHERE source IS NULL AND url = ?"
                " ORDER BY id LIMIT 1",
                (url,),
            ).fetchone()
        else:
            row = sql.execute(
                "SELECT CASE WHEN EXISTS (SELECT 1 FROM captures b WHERE b.payload = p.base_digest"
                "  AND b.source = s.id) THEN p.base_digest ELSE p.digest END AS digest"
                " FROM sources s JOIN captures c ON c.id = s.good_capture"
                " JOIN payloads p ON p.digest = c.payload WHERE s.id = ?",
                (source,),
            ).fetchone()
            if row is None and origin != OWN:
                row = sql.execute(
                    "SELECT payload AS digest FROM captures WHERE source = ? ORDER BY id LIMIT 1",
                    (source,),
                ).fetchone()
        return str(row["digest"]) if row else None

    @staticmethod
    def _fetch(sql: sqlite3.Connection, run: int, source: int | None, visit: str, hop: Hop) -> int:
        cursor = sql.execute(
            "INSERT INTO fetches (uid, visit, run, source, purpose, url, hop, fetched_at, outcome,"
            " reason, status, protocol, request_headers, response_headers, ip_address,"
            " tls_verified, certificate_digest, error, elapsed_ms, wire_digest, wire_size_bytes,"
            " robots) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                hop.uid, visit, run, source, hop.purpose, hop.url, hop.hop, hop.fetched_at,
                hop.outcome, hop.reason, hop.status, hop.protocol, _json(hop.request_headers),
                _json(hop.response_headers), hop.ip_address, hop.tls_verified,
                hop.certificate_digest, hop.error, hop.elapsed_ms, hop.wire_digest,
                hop.wire_size_bytes, hop.robots,
            ),
        )  # fmt: skip
        return int(cursor.lastrowid or 0)

    def _capture(
        self, sql: sqlite3.Connection, source: int | None, fetch: int, hop: Hop, origin: str
    ) -> tuple[int | None, str | None]:
        """Return the capture and the digest of its payload; None twice when nothing was kept."""
        if hop.status == 304 and origin == OWN:
            confirmed = self._confirmed(sql, source, hop)
            if confirmed is None:  # a 304 to an unconditional request: nothing to refer to
                return None, None
            payload, refers_to = confirmed["payload"], confirmed["uid"]
        elif hop.held is not None or hop.body is not None:
            payload = hop.held or self._put(sql, source, hop, origin)
            until = None if origin == OWN else hop.fetched_at
            refers_to = self._earlier_capture(sql, source, hop.url, payload, until, origin)
        else:
            return None, None
        cursor = sql.execute(
            "INSERT INTO captures (uid, source, fetch, url, captured_at, record_type, payload,"
            " refers_to, mime_declared, mime_sniffed, truncated, flags, origin)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                hop.capture_uid or new_uid(), source, fetch, hop.url, hop.fetched_at,
                "revisit" if refers_to else "response", payload, refers_to, hop.mime_declared,
                hop.mime_sniffed, hop.truncated, _json(hop.flags) if hop.flags else None,
                origin,
            ),
        )  # fmt: skip
        return cursor.lastrowid, payload

    @staticmethod
    def _confirmed(sql: sqlite3.Connection, source: int | None, hop: Hop) -> sqlite3.Row | None:
        """The response that a 304 confirms: that of the source's or the page's good capture.

        Always the response itself, never a revisit of it (WARC 1.1 §6.7.2).
        """
        row: sqlite3.Row | None
        if source is None:
            row = sql.execute(_GOOD_PAGE, (hop.url, hop.purpose)).fetchone()
        else:
            row = sql.execute(
                "SELECT c.payload AS payload, coalesce(c.refers_to, c.uid) AS uid FROM sources s"
                " JOIN captures c ON c.id = s.good_capture WHERE s.id = ?",
                (source,),
            ).fetchone()
        return row

    @staticmethod
    def _earlier_capture(
        sql: sqlite3.Connection, source: int | None, url: str, payload: str, until: str | None,
        origin: str,
    ) -> str | None:  # fmt: skip
        """The first capture with this payload of the same source; None: a new response.

        Another source's equal payload shares the stored bytes, but is no revisit: each source
        keeps its own record, so that an export of one source stands alone. What belongs to no
        source is told apart by its URL. ``until``: an instant after which none is earlier; None:
        all that is held is. What web archives hold is never the same record as ours.
        """
        alike = OURS if origin in OURS else (origin,)
        same, value = ("source IS NULL AND url", url) if source is None else ("source", source)
        row = sql.execute(
            f"SELECT uid FROM captures WHERE {same} = ? AND payload = ?"
            " AND captured_at <= coalesce(?, captured_at)"
            " AND origin IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT 1",
            (value, payload, until, _json(alike)),
        ).fetchone()
        return str(row["uid"]) if row else None


# json.dumps would build one for each value.
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

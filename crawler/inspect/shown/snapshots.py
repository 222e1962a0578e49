"""A snapshot with all that is known of it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from crawler.archive import Archive, Row
from crawler.archive.views import ARTICLE_OF

_SNAPSHOT = f"""
SELECT c.id, c.uid, c.captured_at, c.url, c.record_type, c.refers_to, c.payload, c.mime_declared,
  c.mime_sniffed, c.truncated, c.flags, c.origin, c.source, s.title AS source_title,
  s.url AS source_url, f.id AS fetch, f.visit, f.run,
  (SELECT command FROM runs WHERE id = f.run) AS command, f.status, f.protocol, f.request_headers,
  f.response_headers, f.ip_address, f.tls_verified, f.certificate_digest, f.elapsed_ms,
  f.wire_digest, f.wire_size_bytes, f.robots, coalesce(o.outcome, f.outcome) AS outcome,
  coalesce(o.reasons, json_array(f.reason)) AS reasons, p.size_bytes,
  p.digest IS NOT NULL AND s.withheld IS NULL AS held, s.withheld,
  iif(s.withheld IS NULL, a.title, NULL) AS title, a.author, a.published_on, a.language, a.words,
  iif(s.withheld IS NULL, a.text, NULL) AS text,
  a.text_digest, a.extractor, a.status AS article_status,
  (SELECT max(v.number) FROM versions v WHERE v.source = c.source
    AND v.text_digest = a.text_digest) AS version
FROM captures c
JOIN fetches f ON f.id = c.fetch
LEFT JOIN outcomes o ON o.fetch = f.id
LEFT JOIN sources s ON s.id = c.source
LEFT JOIN payloads p ON p.digest = c.payload
LEFT JOIN articles a ON a.id = {ARTICLE_OF.format(payload="c.payload")}
WHERE c.id = ?
"""
_HOPS = """
SELECT f.hop, f.url, f.status, f.outcome, f.reason, c.id AS capture
FROM fetches f LEFT JOIN captures c ON c.fetch = f.id
WHERE f.source = ? AND f.visit = ?
ORDER BY f.id
"""
_CITATIONS = """
SELECT k.label, k.removed_at, e.id AS entry, e.title, e.date
FROM citations k JOIN entries e ON e.id = k.entry
WHERE k.source = ?
ORDER BY k.removed_at IS NOT NULL, e.date DESC, k.id
LIMIT 100
"""
_NEAR = """
SELECT id, captured_at FROM snapshots
WHERE source = ?1 AND (captured_at, id) {than} (?2, ?3)
ORDER BY captured_at {order}, id {order} LIMIT 1
"""
_GOOD = """
SELECT c.id, c.captured_at FROM sources s JOIN captures c ON c.id = s.good_capture
WHERE s.id = ? AND c.id <> ?
"""
_MEMENTOS = """
SELECT archive, uri_m, memento_datetime, capture, class, proof, retrieved_at FROM mementos
WHERE capture = ?1 OR same_bytes_as = ?1 ORDER BY id LIMIT 20
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One capture, and what surrounds it."""

    row: Row
    reasons: list[str]
    request_headers: list[tuple[str, str]]
    response_headers: list[tuple[str, str]]
    hops: list[Row]  # of its visit, in order; none where it belongs to no source
    citations: list[Row]  # of its source, those that stand first
    earlier: Row | None  # the snapshot of its source before it
    later: Row | None
    mementos: list[Row]  # web archives' captures that it was made of, or that have its bytes
    good: Row | None  # the good copy of its source; None: none is held, or it is this one


def read_snapshot(archive: Archive, capture: int) -> Snapshot | None:
    """Return a capture with what is known of it; None when there is no such capture."""
    sql = archive.connection.sql
    row = sql.execute(_SNAPSHOT, (capture,)).fetchone()
    if row is None:
        return None
    source, place = row["source"], (row["source"], row["captured_at"], row["id"])
    return Snapshot(
        row=row,
        reasons=json.loads(row["reasons"]),
        request_headers=json.loads(row["request_headers"]),
        response_headers=json.loads(row["response_headers"]),
        hops=sql.execute(_HOPS, (source, row["visit"])).fetchall(),
        citations=sql.execute(_CITATIONS, (source,)).fetchall(),
        earlier=sql.execute(_NEAR.format(than="<", order="DESC"), place).fetchone(),
        later=sql.execute(_NEAR.format(than=">", order="ASC"), place).fetchone(),
        mementos=sql.execute(_MEMENTOS, (capture,)).fetchall(),
        good=sql.execute(_GOOD, (source, capture)).fetchone(),
    )

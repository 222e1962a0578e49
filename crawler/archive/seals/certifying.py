"""Certificates: one capture, with the proof that its rows are part of a manifest.

Whoever has a certificate can check it with SHA-256 alone (docs/integrity.md says how): from the
entry of a row up to the root that the manifest names.
"""

from __future__ import annotations

import json
import sqlite3
from base64 import b64encode
from typing import Any

from crawler.archive.connection import Connection
from crawler.archive.merkle import Step, audit_path
from crawler.archive.sealable import seal_of, sealed_tables
from crawler.archive.seals.manifests import Manifest, Manifests, table_leaf
from crawler.archive.seals.sealing import FANOUT, FANOUT_BITS, SealTree, roots_of
from crawler.errors import UsageError
from crawler.stamping.proofs import COMMITMENT_BYTES

FORMAT = "sourcekeep-certificate-1"
CLAIM = (
    "The rows below are part of the manifest below. Where a time stamp of it is given, these bytes"
    " existed at its time; where a proof of it ends in a Bitcoin block with the merkle root that it"
    " tells, at the time of that block. A pending proof shows nothing yet. What the rows say is the"
    " word of whoever ran this archive: that this address was asked at this instant, and that this"
    " is what came back."
)
_FACTS = """
SELECT c.id AS capture, c.uid, c.captured_at, c.url, c.record_type, c.payload, c.origin, c.fetch,
  f.url AS asked_url, f.status, f.request_headers, f.response_headers, f.ip_address,
  f.certificate_digest, f.tls_verified, f.wire_digest, f.wire_size_bytes, f.robots,
  coalesce(o.outcome, f.outcome) AS outcome, coalesce(p.size_bytes, t.size_bytes) AS size_bytes,
  t.digest IS NOT NULL AND p.digest IS NULL AS forgotten, s.url AS source_url, s.verdict,
  r.uid AS run, r.software
FROM captures c JOIN fetches f ON f.id = c.fetch JOIN runs r ON r.id = f.run
LEFT JOIN sources s ON s.id = c.source LEFT JOIN outcomes o ON o.fetch = f.id
LEFT JOIN payloads p ON p.digest = c.payload LEFT JOIN tombstones t ON t.digest = c.payload
WHERE c.id = ?
"""


class Certifying:
    """The certificates of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._manifests = Manifests(connection)

    @property
    def _sql(self) -> sqlite3.Connection:
        return self._connection.sql

    def capture_of(self, uid: str) -> int | None:
        """Return the row of a capture by its uid; None: there is none."""
        row = self._sql.execute("SELECT id FROM captures WHERE uid = ?", (uid,)).fetchone()
        return int(row["id"]) if row else None

    def certificate(self, capture: int) -> dict[str, Any]:
        """Return the certificate of a capture as JSON knows it.

        Raises UsageError when it is not sealed, or not as it was sealed.
        """
        # one state: the seals and the manifest must belong together
        self._sql.execute("BEGIN")
        try:
            return self._certificate(capture)
        finally:
            self._sql.execute("ROLLBACK")

    def _certificate(self, capture: int) -> dict[str, Any]:
        facts = dict(self._sql.execute(_FACTS, (capture,)).fetchone())
        manifest = self._manifests.head()
        if manifest is None:
            raise UsageError("nothing in this archive is sealed so far: run sourcekeep crawl")
        rows = [("captures", capture), ("fetches", int(facts["fetch"]))]
        return {
            "format": FORMAT,
            "claim": CLAIM,
            "facts": _told(facts),
            "rows": [self._proof(table, position) for table, position in rows],
            "manifest": {"digest": manifest.digest, "body": manifest.body},
            "stamps": self._stamps(manifest),
            "proofs": self._proofs(manifest),
        }

    def _proof(self, table: str, position: int) -> dict[str, Any]:
        """Return the entry of a row and the way from it to the root of the archive."""
        tables = sealed_tables(self._sql)
        [(_, entry)] = tables[table].entries(self._sql, [position])
        tree, roots = SealTree(self._sql, table), roots_of(self._sql, tables)
        node = tree.node(0, position >> FANOUT_BITS)
        place = position % FANOUT
        sealed = node.digests[place] if node and place < len(node.digests) else None
        if sealed != seal_of(entry):
            raise UsageError(
                f"row {position} of {table} is not sealed yet, or not as it was sealed; see:"
                " sourcekeep verify"
            )
        return {
            "table": table,
            "entry": entry.decode(),
            "path": _plain(self._path(tree, position)),
            "tables_path": _plain(
                audit_path(
                    [table_leaf(name, roots[name]) for name in sorted(roots)],
                    sorted(roots).index(table),
                )
            ),
        }

    def _path(self, tree: SealTree, position: int) -> list[Step]:
        """Return the siblings from a row to the topmost node of its table."""
        steps: list[Step] = []
        for level in range((tree.height() or 0) + 1):
            node = tree.node(level, position >> FANOUT_BITS)
            if node is None:
                raise UsageError("the seals are damaged; see: sourcekeep verify")
            steps += audit_path(node.digests, position % FANOUT)
            position >>= FANOUT_BITS
        return steps

    def _stamps(self, manifest: Manifest) -> list[dict[str, Any]]:
        rows = self._sql.execute(
            "SELECT authority, stamped_at, request, response FROM stamps"
            " WHERE manifest = ? AND stamped_at IS NOT NULL ORDER BY id",
            (manifest.row,),
        )
        return [
            {
                "authority": row["authority"],
                "stamped_at": row["stamped_at"],
                "request": b64encode(row["request"]).decode(),
                "response": b64encode(row["response"]).decode(),
            }
            for row in rows
        ]

    def _proofs(self, manifest: Manifest) -> list[dict[str, Any]]:
        """Return the latest proof of each calendar, and what it was found to say."""
        rows = self._sql.execute(
            "SELECT max(id), authority, asked_at, response, problem FROM stamps WHERE manifest = ?"
            " AND stamped_at IS NULL AND response IS NOT NULL AND length(request) = ?"
            " GROUP BY authority ORDER BY 1",
            (manifest.row, COMMITMENT_BYTES),
        )
        return [
            {
                "calendar": row["authority"],
                "asked_at": row["asked_at"],
                "says": row["problem"],
                "proof": b64encode(row["response"]).decode(),
            }
            for row in rows
        ]


def _told(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts for a person: JSON columns opened, row numbers left out."""
    for name in ("request_headers", "response_headers", "software"):
        facts[name] = json.loads(facts[name])
    return {name: v for name, v in facts.items() if name not in ("capture", "fetch")}


def _plain(steps: list[Step]) -> list[list[str]]:
    return [[side, sibling.hex()] for side, sibling in steps]

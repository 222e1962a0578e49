"""Payloads: bytes under their digest, compressed, later ones of a source as deltas of its first."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from crawler.archive.connection import Connection
from crawler.digests import digest_of
from crawler.errors import PayloadDamaged

try:
    from compression import zstd  # Python 3.14
except ImportError:
    from backports import zstd

# Measured on 250 real pages of 190 KB: level 3 takes 0.4 ms and gives 0.98 of gzip-6, level 8
# 1.6 ms and 0.90, level 12 4.2 ms and 0.89, level 15 12 ms and 0.87 (2026-11-22, 2 cores).
# Level 8 was a quarter of the CPU of fetching a page; to save room is for when nothing waits.
LEVEL = 3
DELTA_LEVEL = 6  # level 3 does not search the dictionary well: 1,900 bytes a delta against 240
DELTA_BASE_MAX_BYTES = 4 * 2**20  # a window of more than that costs memory for little
RAW_MAX_BYTES = 64  # below this a frame is larger than its content


@dataclass(frozen=True, slots=True)
class Encoded:
    """How a payload is stored: ``raw``, ``zstd``, or ``zstd-delta`` against a base."""

    stored_as: str
    data: bytes


def encode(body: bytes, base: bytes | None = None) -> Encoded:
    """Return the smallest of the cheap encodings.

    A delta must save half of a frame of its own: what is stored whole can be read alone, and is
    the better base for what follows.
    """
    if len(body) <= RAW_MAX_BYTES:
        return Encoded("raw", body)
    frame = zstd.compress(body, level=LEVEL)
    if base and len(base) > RAW_MAX_BYTES:  # zstd takes no dictionary of less than 8 bytes
        dictionary = zstd.ZstdDict(base, is_raw=True)
        delta = zstd.compress(body, level=DELTA_LEVEL, zstd_dict=dictionary)
        if len(delta) < len(frame) / 2:
            return Encoded("zstd-delta", delta)
    # Images and the like do not shrink; stored raw they are cheaper to read.
    return Encoded("zstd", frame) if len(frame) < 0.98 * len(body) else Encoded("raw", body)


def decode(stored_as: str, data: bytes, base: bytes | None = None) -> bytes:
    """Return the payload. Raises zstd.ZstdError when the frame is damaged."""
    if stored_as == "raw":
        return data
    dictionary = zstd.ZstdDict(base, is_raw=True) if base else None
    return bytes(zstd.decompress(data, zstd_dict=dictionary))


class Payloads:
    """The payloads of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, body: bytes, *, base_digest: str | None = None) -> str:
        """Store a payload unless it is held already, and return its digest.

        ``base_digest`` names a payload that this one probably resembles. Runs inside the
        caller's ``writing`` block.
        """
        digest = digest_of(body)
        sql = self._connection.sql
        if sql.execute("SELECT 1 FROM payloads WHERE digest = ?", (digest,)).fetchone():
            return digest
        base = self._base(base_digest) if base_digest else None
        encoded = encode(body, base)
        sql.execute(
            "INSERT INTO payloads (digest, size_bytes, stored_as, base_digest, bytes)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                digest,
                len(body),
                encoded.stored_as,
                base_digest if encoded.stored_as == "zstd-delta" else None,
                encoded.data,
            ),
        )
        return digest

    def _base(self, digest: str) -> bytes | None:
        """Return a payload fit as a base: held whole (so deltas have depth 1), not too large.

        One that rotted is none: new evidence must not be lost for it.
        """
        row = self._row(digest)
        if row is None or row["base_digest"] or row["size_bytes"] > DELTA_BASE_MAX_BYTES:
            return None
        try:
            return self._decoded(digest, row)
        except PayloadDamaged:
            return None

    def _row(self, digest: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.sql.execute(
            "SELECT stored_as, size_bytes, base_digest, bytes FROM payloads WHERE digest = ?",
            (digest,),
        ).fetchone()
        return row

    def get(self, digest: str) -> bytes:
        """Return a payload, checked against its digest.

        Raises KeyError when the archive does not hold it, PayloadDamaged when its bytes rotted.
        """
        row = self._row(digest)
        if row is None:
            raise KeyError(digest)
        return self._decoded(digest, row)

    def _decoded(self, digest: str, row: sqlite3.Row) -> bytes:
        base = None
        if row["base_digest"]:
            base_row = self._row(row["base_digest"])
            if base_row is None:
                raise PayloadDamaged(digest, f"its base {row['base_digest']} is missing")
            base = self._decoded(row["base_digest"], base_row)
        try:
            body = decode(row["stored_as"], row["bytes"], base)
        except (zstd.ZstdError, MemoryError) as exc:  # a damaged frame may claim any size
            raise PayloadDamaged(digest, str(exc) or "its frame claims an absurd size") from exc
        if digest_of(body) != digest:
            raise PayloadDamaged(digest, "the stored bytes have another digest")
        return body

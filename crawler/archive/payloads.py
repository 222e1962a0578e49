"""Payloads: bytes under their digest, compressed, later ones of a source as deltas of its first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import brotli  # type: ignore[import-untyped]

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
RELEASE_TRIES = 3  # payloads made whole that a further one is held against, when a base goes
WHOLE = frozenset({"zstd", "brotli"})  # compressed, and readable without any other payload
# What reading a damaged frame may raise: it may claim any size.
DAMAGE: tuple[type[Exception], ...] = (zstd.ZstdError, brotli.error, MemoryError)


@dataclass(frozen=True, slots=True)
class Encoded:
    """How a payload is stored: ``raw``, ``zstd``, ``brotli``, or ``zstd-delta`` against a base."""

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


def decode(
    stored_as: str, data: bytes, base: bytes | None = None, *, size_bytes: int = 2**31
) -> bytes:
    """Return the payload, of which ``size_bytes`` may bound what is read of a brotli stream.

    Raises one of ``DAMAGE`` when it is damaged.
    """
    if stored_as == "raw":
        return data
    if stored_as == "brotli":
        return _unbrotlied(data, size_bytes)
    dictionary = zstd.ZstdDict(base, is_raw=True) if base else None
    return bytes(zstd.decompress(data, zstd_dict=dictionary))


def _unbrotlied(data: bytes, size_bytes: int) -> bytes:
    """A stream says nowhere how long it will get, and a damaged one could fill the memory."""
    stream = brotli.Decompressor()
    body = bytes(stream.process(data, output_buffer_limit=size_bytes + 1))
    while not stream.is_finished() and len(body) <= size_bytes:
        more = stream.process(b"", output_buffer_limit=size_bytes + 1 - len(body))
        if not more:
            raise brotli.error("the stream is cut off")
        body += more
    if len(body) > size_bytes:
        raise brotli.error(f"the stream holds more than {size_bytes} bytes")
    return body


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

    def recode(self, digest: str, encoded: Encoded, base_digest: str | None = None) -> None:
        """Replace how a payload is stored, in a transaction that reads it back from the file.

        ``base_digest`` is the base of a ``zstd-delta``. Whoever makes a delta of a payload must
        know that no frame needs it as its base. Raises PayloadDamaged, and leaves all as it was,
        when the new frame does not give the payload; KeyError when the payload or the base is not
        held, ValueError when the base is itself a delta.
        """
        with self._connection.writing() as sql:
            if encoded.stored_as == "zstd-delta":
                base = self._row(base_digest) if base_digest else None
                if base is None:
                    raise KeyError(base_digest)
                if base["base_digest"]:
                    raise ValueError(f"{base_digest} is a delta, and cannot be a base")
            sql.execute(
                "UPDATE payloads SET stored_as = ?, base_digest = ?, bytes = ? WHERE digest = ?",
                (encoded.stored_as, base_digest, encoded.data, digest),
            )
            self.get(digest)

    def dependants(self, digest: str) -> list[str]:
        """Return the digests of the payloads that are deltas of this one, in no order.

        Looks through the whole table.
        """
        rows = self._connection.sql.execute(
            "SELECT digest FROM payloads WHERE base_digest = ?", (digest,)
        )
        return [row["digest"] for row in rows]

    def release_base(self, digest: str) -> int:
        """Store every payload that is a delta of this one in another way; return how many were.

        For the removal of a payload: in the same ``writing`` block nothing needs it any longer.
        The first of them is then whole, and each further one whole or a delta of one before it.
        Raises PayloadDamaged when one cannot be read: its base is then better kept.
        """
        whole: list[str] = []
        dependants = self.dependants(digest)
        with self._connection.writing():
            for dependant in dependants:
                body = self.get(dependant)
                base_digest, encoded = self._against(body, whole)
                self.recode(dependant, encoded, base_digest)
                if base_digest is None:
                    whole = [dependant, *whole][:RELEASE_TRIES]
        return len(dependants)

    def forget(self, digest: str, decision: int) -> int:
        """Put a tombstone in the place of a payload; ``decision`` is the row of ``withheld``.

        Returns how many payloads leaned on it, and are now stored in another way. Raises
        PayloadDamaged when one of them cannot be read.
        """
        with self._connection.writing() as sql:
            released = self.release_base(digest)
            sql.execute(
                "INSERT INTO tombstones (digest, size_bytes, withheld)"
                " SELECT digest, size_bytes, ?1 FROM payloads WHERE digest = ?2"
                " AND NOT EXISTS (SELECT 1 FROM tombstones WHERE digest = ?2)",
                (decision, digest),
            )
            sql.execute("DELETE FROM payloads WHERE digest = ?", (digest,))
        return released

    def _against(self, body: bytes, bases: list[str]) -> tuple[str | None, Encoded]:
        """Return the smallest encoding with its base, which is None unless it is a delta."""
        tried: Iterator[tuple[str | None, Encoded]] = (
            (digest, encode(body, self._base(digest))) for digest in bases
        )
        base, best = min(tried, key=lambda each: len(each[1].data), default=(None, encode(body)))
        return (base if best.stored_as == "zstd-delta" else None), best

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
        cursor = self._connection.sql.cursor()
        cursor.row_factory = sqlite3.Row  # the connection may be somebody else's
        row: sqlite3.Row | None = cursor.execute(
            "SELECT stored_as, size_bytes, base_digest, bytes FROM payloads WHERE digest = ?",
            (digest,),
        ).fetchone()
        return row

    def count(self) -> int:
        """Return how many payloads are held."""
        row = self._connection.sql.execute("SELECT count(*) FROM payloads").fetchone()
        return int(row[0])

    def size_bytes(self, digest: str) -> int:
        """Return how long a payload is; 0 when the archive does not hold it."""
        row = self._connection.sql.execute(
            "SELECT size_bytes FROM payloads WHERE digest = ?", (digest,)
        ).fetchone()
        return int(row[0]) if row else 0

    def get(self, digest: str) -> bytes:
        """Return a payload, checked against its digest.

        Raises KeyError when the archive does not hold it, PayloadDamaged when its bytes rotted.
        """
        row = self._row(digest)
        if row is None:
            raise KeyError(digest)
        return self._decoded(digest, row)

    def stored(self, digest: str) -> bytes:
        """Return a payload as it is stored. Raises KeyError when the archive does not hold it."""
        row = self._row(digest)
        if row is None:
            raise KeyError(digest)
        return bytes(row["bytes"])

    def _decoded(self, digest: str, row: sqlite3.Row) -> bytes:
        base = None
        if row["base_digest"]:
            base_row = self._row(row["base_digest"])
            if base_row is None:
                raise PayloadDamaged(digest, f"its base {row['base_digest']} is missing")
            base = self._decoded(row["base_digest"], base_row)
        try:
            body = decode(row["stored_as"], row["bytes"], base, size_bytes=row["size_bytes"])
        except DAMAGE as exc:
            raise PayloadDamaged(digest, str(exc) or "its frame claims an absurd size") from exc
        if digest_of(body) != digest:
            raise PayloadDamaged(digest, "the stored bytes have another digest")
        return body

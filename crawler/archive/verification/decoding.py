"""Every payload decoded and held against its digest, on all cores.

zstd, brotli and SHA-256 work without Python's lock, so threads are enough: one reads the file, the
others decode and digest.
"""

from __future__ import annotations

import os
import sqlite3
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from crawler.archive.payloads import DAMAGE, decode
from crawler.digests import digest_of

BASES_MAX_BYTES = 64 * 2**20  # of bases held decoded; a page is some 200 KB
# A damaged row may hold any value in any column.
_DAMAGE: tuple[type[Exception], ...] = (*DAMAGE, TypeError, ValueError, OverflowError)
AHEAD_BYTES = 32 * 2**20  # that wait to be decoded, as stored


@dataclass(frozen=True, slots=True)
class Decoded:
    """One payload that was looked at."""

    row: int
    digest: str
    size_bytes: int  # as its row says
    problem: str | None  # None: it is what its digest says


class Decoding:
    """The decoding of the payloads of one archive, through a connection that only reads."""

    def __init__(self, sql: sqlite3.Connection, *, threads: int | None = None) -> None:
        self._sql = sql
        self._threads = threads or os.cpu_count() or 1
        self._bases: OrderedDict[str, bytes | None] = OrderedDict()  # None: not to be had

    def check(self, rows: Iterable[int]) -> Iterator[Decoded]:
        """Yield what came of each payload, by its row number, in their order."""
        waiting: deque[tuple[int, Future[Decoded]]] = deque()
        ahead = 0
        with ThreadPoolExecutor(self._threads, thread_name_prefix="verify") as pool:
            for row in rows:
                stored, job = self._job(pool, row)
                waiting.append((stored, job))
                ahead += stored
                while waiting and (ahead > AHEAD_BYTES or waiting[0][1].done()):
                    stored, done = waiting.popleft()
                    ahead -= stored
                    yield done.result()
            for _, job in waiting:
                yield job.result()

    def _job(self, pool: ThreadPoolExecutor, row: int) -> tuple[int, Future[Decoded]]:
        """Read a payload as it is stored, and have it decoded."""
        try:
            found = self._stored("rowid", row)
        except (sqlite3.Error, UnicodeError) as exc:
            return 0, _done(Decoded(row, "", 0, f"cannot be read: {exc}"))
        if found is None:
            return 0, _done(Decoded(row, "", 0, "is not there"))
        digest, size, stored_as, base_digest, data = found
        if not (isinstance(data, bytes) and isinstance(size, int) and isinstance(digest, str)):
            return 0, _done(Decoded(row, str(digest), 0, "its columns are of other types"))
        base = self._base(base_digest) if base_digest else None
        if base_digest and base is None:
            problem = f"its base {base_digest} is missing or damaged"
            return 0, _done(Decoded(row, digest, size, problem))
        return len(data), pool.submit(_decode, row, digest, size, stored_as, data, base)

    def _stored(self, column: str, value: object) -> tuple[str, int, str, str | None, bytes] | None:
        cursor = self._sql.cursor()
        cursor.row_factory = None
        found: tuple[str, int, str, str | None, bytes] | None = cursor.execute(
            "SELECT digest, size_bytes, stored_as, base_digest, bytes FROM payloads"
            f" WHERE {column} = ?",
            (value,),
        ).fetchone()
        return found

    def _base(self, digest: str) -> bytes | None:
        """Return a base, decoded and checked; None: it is not to be had."""
        if digest not in self._bases:
            self._bases[digest] = self._read_base(digest)
            while sum(len(held or b"") for held in self._bases.values()) > BASES_MAX_BYTES:
                self._bases.popitem(last=False)
        if digest in self._bases:
            self._bases.move_to_end(digest)
            return self._bases[digest]
        return self._read_base(digest)  # larger than all that is held

    def _read_base(self, digest: str) -> bytes | None:
        try:
            found = self._stored("digest", digest)
        except (sqlite3.Error, UnicodeError):
            return None
        if found is None or found[3] is not None:  # a base is no delta
            return None
        try:
            body = bytes(decode(found[2], found[4], size_bytes=found[1]))
        except _DAMAGE:
            return None
        return body if digest_of(body) == digest else None


def _decode(
    row: int, digest: str, size: int, stored_as: str, data: bytes, base: bytes | None
) -> Decoded:
    try:
        body = decode(stored_as, data, base, size_bytes=size)
    except _DAMAGE as exc:
        return Decoded(row, digest, size, f"cannot be decoded: {exc}")
    if digest_of(body) != digest:
        return Decoded(row, digest, size, "its bytes have another digest")
    if len(body) != size:
        return Decoded(row, digest, size, f"it has {len(body)} bytes, not {size}")
    return Decoded(row, digest, size, None)


def _done(result: Decoded) -> Future[Decoded]:
    future: Future[Decoded] = Future()
    future.set_result(result)
    return future

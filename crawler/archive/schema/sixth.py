"""Step 006: a payload that leans on no other may be held as brotli."""

from __future__ import annotations

from sqlite_utils import Database

from crawler.archive.schema.checks import widen_check

_KINDS = "stored_as IN ('raw', 'zstd', 'zstd-delta'"


def pack_smaller(db: Database) -> None:
    """Let payloads be stored so. No row is touched, so that all keep their seals."""
    widen_check(db, "payloads", _KINDS, f"{_KINDS}, 'brotli'")

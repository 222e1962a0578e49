"""Labelled digests and unique ids."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from uuid import UUID, uuid5


def digest_of(payload: bytes) -> str:
    """Return the labelled digest of a payload: ``sha256:`` + 64 lower-case hex digits."""
    return "sha256:" + hashlib.sha256(payload).hexdigest()


def digest_of_text(title: str | None, text: str | None) -> str:
    """Return the labelled digest of what was read: of the title, a NUL and the text, in UTF-8.

    What is missing counts as empty. Neither may hold a NUL or a lone surrogate, as nothing does
    that the archive keeps.
    """
    return digest_of(f"{title or ''}\0{text or ''}".encode())


def sha1_of(payload: bytes) -> str:
    """Return the digest by which web archives name a payload: ``sha1:`` + 32 letters of base32.

    Only to compare with theirs: SHA-1 has been broken, so it proves nothing against intent.
    """
    digest = hashlib.sha1(payload, usedforsecurity=False).digest()
    return "sha1:" + base64.b32encode(digest).decode()


def new_uid() -> str:
    """Return a UUIDv7 (RFC 9562 §5.7): globally unique, and sorted by the time of its making.

    Milliseconds alone would leave the order within one open, so the next 12 bits are the fraction
    of the millisecond (§6.2, method 3); 62 random bits follow.
    """
    millis, rest_ns = divmod(time.time_ns(), 1_000_000)
    version_and_fraction = 0x7000 | rest_ns * 4096 // 1_000_000
    variant_and_random = 0x8000_0000_0000_0000 | int.from_bytes(os.urandom(8), "big") >> 2
    digits = f"{millis & 0xFFFF_FFFF_FFFF:012x}{version_and_fraction:04x}{variant_and_random:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_NAMESPACE = UUID("a1a5c9f2-7a4e-5d0e-9f0c-3d1f6b2e8c47")  # of derived uids; never changed


def derived_uid(*facts: str) -> str:
    """Return the uid that follows from facts: the same ones give the same (RFC 9562 §5.5)."""
    return str(uuid5(_NAMESPACE, "\n".join(facts)))

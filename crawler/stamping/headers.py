"""Headers of Bitcoin blocks, as a user hands them over: what ends a proof, and tells its time.

A header is 80 bytes: version, digest of the block before, merkle root, time, bits, nonce, numbers
with the low byte first. The digest of a block is SHA-256 twice over them; read as a number it must
be no more than the target that ``bits`` stands for. That a block is part of Bitcoin's chain cannot
be told from one header: whoever hands it over vouches for that.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from crawler.errors import StampRefused, UsageError

HEADER_BYTES = 80
ROOT_AT = 36  # where the merkle root begins
FILE_MAX_BYTES = 2**30  # all headers of 2026 are 75 MB, in hex 170
# The largest target of Bitcoin's main network (bits 0x1d00ffff): every block of it has at least
# this much work, those of test networks often less.
EASIEST_TARGET = 0xFFFF << 8 * (0x1D - 3)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of one block."""

    raw: bytes

    @property
    def merkle_root(self) -> bytes:
        """The root over the block's transactions, in the order of the wire."""
        return self.raw[ROOT_AT : ROOT_AT + 32]

    @property
    def made_at(self) -> datetime:
        """When the block was made, by its miner's clock; other nodes let it be 2 hours ahead."""
        return datetime.fromtimestamp(struct.unpack_from("<I", self.raw, 68)[0], UTC)

    @property
    def digest(self) -> str:
        """The digest of the block, as Bitcoin's tools print it."""
        return sha256(sha256(self.raw).digest()).digest()[::-1].hex()

    @property
    def target(self) -> int:
        """The number that the digest must not exceed; 0 where ``bits`` stands for none."""
        (bits,) = struct.unpack_from("<I", self.raw, 72)
        exponent, mantissa = bits >> 24, bits & 0x7FFFFF
        shift = 8 * (exponent - 3)
        target = mantissa << shift if shift > 0 else mantissa >> -shift
        is_none = bits & 0x800000 or target.bit_length() > 256  # negative, or above every digest
        return 0 if is_none else int(target)

    @property
    def has_its_work(self) -> bool:
        """Whether the digest is as small as the header itself says that it must be."""
        return int(self.digest, 16) <= self.target

    @property
    def is_easy(self) -> bool:
        """Whether no block of Bitcoin's main network has so little work."""
        return self.target > EASIEST_TARGET


class Headers:
    """The headers of one file."""

    def __init__(self, by_height: dict[int, Header], packed: bytes = b"") -> None:
        self._by_height = by_height
        self._packed = packed  # headers in a row
        # Only the first block of all has none before it: then places in the row are heights.
        self._from_first = bool(packed) and not any(packed[4:ROOT_AT])

    def find(self, height: int, root: bytes) -> Header | None:
        """Return the header of a block by its height, else by its merkle root; None: not there."""
        if self._from_first and (height + 1) * HEADER_BYTES <= len(self._packed):
            return Header(self._packed[height * HEADER_BYTES : (height + 1) * HEADER_BYTES])
        return self._by_height.get(height) or self._with_root(root)

    def _with_root(self, root: bytes) -> Header | None:
        if self._from_first:
            return None
        at = self._packed.find(root)
        while at >= 0 and at % HEADER_BYTES != ROOT_AT:
            at = self._packed.find(root, at + 1)
        return None if at < 0 else Header(self._packed[at - ROOT_AT :][:HEADER_BYTES])


def read_headers(path: Path) -> Headers:
    """Return the headers of a file: 80 bytes each, or lines of ``height:header in hex``.

    Raises UsageError when it is neither.
    """
    try:
        if path.stat().st_size > FILE_MAX_BYTES:
            raise UsageError(f"{path}: is too large for a file of block headers")
        content = path.read_bytes()
    except OSError as exc:
        raise UsageError(f"{path}: no block headers can be read there: {exc}") from exc
    lines = _lines(content)
    if lines:
        return Headers(lines)
    if not content or len(content) % HEADER_BYTES:
        raise UsageError(
            f"{path}: write block headers as 80 bytes each, or as lines of HEIGHT:HEADER in hex"
        )
    return Headers({}, content)


def check_block(headers: Headers, height: int, commitment: bytes) -> Header | None:
    """Return the header of the block that a proof ends in; None: the file does not hold it.

    Raises StampRefused when the block has another merkle root, or not the work that it claims.
    """
    header = headers.find(height, commitment)
    if header is None:
        return None
    if header.merkle_root != commitment:
        raise StampRefused(
            f"Bitcoin block {height} has the merkle root {header.merkle_root[::-1].hex()},"
            f" and the proof needs {commitment[::-1].hex()}"
        )
    if not header.has_its_work:
        raise StampRefused(f"the header of block {height} has not the work that it claims")
    return header


def _lines(content: bytes) -> dict[int, Header]:
    """Return the headers of a text by their height; none when it is no such text."""
    found: dict[int, Header] = {}
    for line in content.splitlines():
        height, colon, digits = line.strip().partition(b":")
        if not line.strip() or line.lstrip().startswith(b"#"):
            continue
        try:
            raw = bytes.fromhex(digits.decode("ascii").strip())
        except ValueError:
            return {}
        if not colon or not height.strip().isdigit() or len(raw) != HEADER_BYTES:
            return {}
        found[int(height)] = Header(raw)
    return found

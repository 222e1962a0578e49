"""Files of gzip members in which no byte can change unnoticed.

A gzip header has ten bytes, of which a reader needs four; time, level and system may be anything.
With FHCRC (RFC 1952 §2.3.1) a checksum follows the header, and zlib checks it.
"""

from __future__ import annotations

import zlib
from io import BytesIO

from crawler.exports.digested import Sink

# Measured on 1,298 real pages of 192 KB: level 9, warcio's own, takes 4.2 ms a page and saves 0.7 %
# against level 6, which takes 2.6 (2026-11-22, 2 cores).
LEVEL = 6

# Deflate, FHCRC, a time, unknown system. The time is one for which the checksum is 0: where a fault
# sets FEXTRA, it is read as a length, and another would hide so much of the file from readers.
_FIXED = b"\x1f\x8b\x08\x02" + (30305).to_bytes(4, "little") + b"\0\xff"
_HEADER = _FIXED + (zlib.crc32(_FIXED) & 0xFFFF).to_bytes(2, "little")


class Members:
    """Writes gzip members one after the other: what is written until ``flush`` is one."""

    def __init__(self, out: Sink) -> None:
        self._out = out
        self._compressor: zlib._Compress | None = None
        self._crc = self._size = 0
        self.offset = 0  # bytes of whole members, and of what was put out of the open one

    def write(self, data: bytes) -> None:
        """Add to the open member, or begin one."""
        if self._compressor is None:
            self._compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
            self._crc = self._size = 0
            self._put(_HEADER)
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        self._put(self._compressor.compress(data))

    def flush(self) -> None:
        """End the member."""
        if self._compressor is None:
            return
        size = (self._size & 0xFFFFFFFF).to_bytes(4, "little")
        self._put(self._compressor.flush() + self._crc.to_bytes(4, "little") + size)
        self._compressor = None

    def _put(self, data: bytes) -> None:
        if data:
            self._out.write(data)
            self.offset += len(data)


def member_of(data: bytes) -> bytes:
    """Return bytes as one gzip member."""
    out = BytesIO()
    members = Members(out)
    members.write(data)
    members.flush()
    return out.getvalue()

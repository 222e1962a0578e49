"""Records as a stream of bytes: a plain file, or the members of a gzip file, and how to go on
behind what is damaged.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP = b"\x1f\x8b\x08"
CHUNK_BYTES = 64 * 2**10
BEGINNING_BYTES = 16  # of a record: enough to tell that one begins there
_GZIP_BITS = 31  # of zlib: a gzip header and trailer, no raw stream


class Member(io.RawIOBase):
    """One member of a gzip file, decompressed as it is read; bounded memory whatever is in it."""

    def __init__(self, file: BinaryIO, offset: int) -> None:
        super().__init__()
        self._file = file
        self._inflate = zlib.decompressobj(_GZIP_BITS)
        self._next = offset  # where the file is read next; others may have moved it meanwhile
        self.end: int | None = None  # offset behind the member; None: not reached, or cut off

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer; 0 at the end. Raises zlib.error where the member is damaged or cut off."""
        view = memoryview(buffer).cast("B")
        while not self._inflate.eof:
            data = self._inflate.unconsumed_tail or self._more()
            piece = self._inflate.decompress(data, len(view))
            if self._inflate.eof:
                self.end = self._next - len(self._inflate.unused_data)
            if piece:
                view[: len(piece)] = piece
                return len(piece)
        return 0

    def _more(self) -> bytes:
        self._file.seek(self._next)
        data = self._file.read(CHUNK_BYTES)
        if not data:
            raise zlib.error("the file ends within it")
        self._next += len(data)
        return data


class Plain(io.RawIOBase):
    """A file from an offset on; others may move its position meanwhile."""

    def __init__(self, file: BinaryIO, offset: int) -> None:
        super().__init__()
        self._file = file
        self._next = offset

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer; 0 at the end."""
        view = memoryview(buffer).cast("B")
        self._file.seek(self._next)
        data = self._file.read(len(view))
        view[: len(data)] = data
        self._next += len(data)
        return len(data)


def is_gzip(file: BinaryIO, offset: int = 0) -> bool:
    """Tell whether a gzip member begins at an offset."""
    file.seek(offset)
    return file.read(len(GZIP)) == GZIP


def next_beginning(file: BinaryIO, offset: int, *, packed: bool, marks: tuple[bytes, ...]) -> int:
    """Return where the next record begins at or behind an offset; the file's end where none does.

    ``packed``: gzip members are looked for whose content begins with one of ``marks``; else lines
    that do.
    """
    sought = (GZIP,) if packed else marks
    for found in _occurrences(file, offset, sought):
        if not packed:
            file.seek(max(found - 1, 0))
            if found == 0 or file.read(1) == b"\n":
                return found
        elif _content_begins(file, found).startswith(marks):
            return found
    return file.seek(0, io.SEEK_END)


def _occurrences(file: BinaryIO, offset: int, sought: tuple[bytes, ...]) -> Iterator[int]:
    """Yield where any of some byte strings stand, in order, reading a chunk at a time."""
    overlap = max(map(len, sought)) - 1
    start = offset
    while True:
        file.seek(start)
        data = file.read(CHUNK_BYTES)
        if not data:
            return
        places = set[int]()
        for text in sought:
            at = data.find(text)
            while at >= 0:
                places.add(at)
                at = data.find(text, at + 1)
        for at in sorted(places):
            yield start + at
        if len(data) < CHUNK_BYTES:
            return
        start += len(data) - overlap


def _content_begins(file: BinaryIO, offset: int) -> bytes:
    file.seek(offset)
    inflate = zlib.decompressobj(_GZIP_BITS)
    try:
        return inflate.decompress(file.read(CHUNK_BYTES), BEGINNING_BYTES)
    except zlib.error:
        return b""

"""The records of a WARC (ISO 28500, 1.0 and 1.1) or ARC file; the only room that knows warcio.

warcio parses the headers. The framing is ours, because its iterator ends at the first damaged
record: here each record that can be read is, and each that cannot is told with its offset. Memory
is bounded by the cap on a record, whatever a file claims or unpacks to.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from warcio.recordloader import ARC2WARCHeadersParser
from warcio.statusandheaders import StatusAndHeaders, StatusAndHeadersParser

from crawler.dates import format_instant, parse_instant
from crawler.errors import BadDate
from crawler.imports.streams import CHUNK_BYTES, Member, Plain, is_gzip, next_beginning

HEAD_MAX_BYTES = 2**20  # of the headers of a record, and of those of HTTP within it
LINE_MAX_BYTES = 2**17
SKIP_MAX_BYTES = 2**30  # of a record beyond the cap: what unpacks to more is not read through
WARC_MARKS = (b"WARC/1.", b"WARC/0.")
ARC_MARKS = (b"http://", b"https://", b"filedesc://")

_DIGEST = re.compile(r"([a-zA-Z0-9-]+):([a-zA-Z2-7]+=*|[0-9a-fA-F]+)")


@dataclass(frozen=True, slots=True)
class Record:
    """One record, its block in memory."""

    file: str  # the name by which a person knows the file
    offset: int  # at which the record begins: in the file, of a gzip member with several in that
    type: str  # "response", "revisit", "resource", "request", "metadata", "warcinfo" …
    headers: dict[str, str]  # by lower-case name; of several of one name the first
    block: bytes  # at most the cap, and the room for headers
    cut: bool  # the block is larger than the cap, and was read up to it

    def header(self, name: str) -> str | None:
        """Return a header of the record, by its name in lower case; None: it has none."""
        return self.headers.get(name)

    @property
    def url(self) -> str:
        """The URL that was asked; empty where the record names none."""
        return self.headers.get("warc-target-uri", "").removeprefix("<").removesuffix(">")

    @property
    def date(self) -> str | None:
        """The instant of the capture; None: none is told, or nonsense."""
        try:
            return format_instant(parse_instant(self.headers.get("warc-date", "")))
        except BadDate:
            return None


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be read, and why: one line for a person."""

    file: str
    offset: int | None  # None: the file as a whole
    reason: str

    def __str__(self) -> str:
        where = "" if self.offset is None else f" at offset {self.offset}"
        return f"{self.file}{where}: {self.reason}"


class _Damaged(Exception):
    """A record cannot be read; where the next one begins must be searched for."""


class _NoRecord(_Damaged):
    """What stands there is not the beginning of a record."""


class _Reader:
    """A stream of which no line, no head and no block takes more memory than it may."""

    def __init__(self, stream: io.RawIOBase) -> None:
        self._buffer = io.BufferedReader(stream, CHUNK_BYTES)
        self.position = 0
        self._head = 0

    def begin_head(self) -> None:
        """Count anew what the headers take."""
        self._head = 0

    def readline(self, length: int | None = None) -> bytes:
        """Return the next line of a head."""
        line = self._buffer.readline(LINE_MAX_BYTES)
        self.position += len(line)
        self._head += len(line)
        if len(line) == LINE_MAX_BYTES or self._head > HEAD_MAX_BYTES:
            raise _Damaged("its headers are longer than any program writes them")
        return line

    def read(self, length: int) -> bytes:
        """Return so many bytes, fewer at the end of the stream."""
        data = self._buffer.read(length)
        self.position += len(data)
        return data

    def skip(self, length: int) -> int:
        """Read past so many bytes; return how many there were."""
        left = length
        while left and (data := self.read(min(left, CHUNK_BYTES))):
            left -= len(data)
        return length - left

    def more(self) -> bool:
        """Read past blank lines, and tell whether anything follows."""
        while (ahead := self._buffer.peek(1)[:1]) in (b"\r", b"\n"):
            self.read(1)
        return bool(ahead)


def read_records(
    file: BinaryIO, name: str, *, cap: int, start: int = 0
) -> Iterator[Record | Unread]:
    """Yield the records of a file, and what of it cannot be read.

    ``cap``: bytes of a body that are read. ``start``: offset at which a record begins. The file is
    sought in, and must not be closed between.
    """
    size = file.seek(0, io.SEEK_END)
    offset, lost = start, False  # lost: behind damage, and no record was found since
    while offset < size:
        stretch = _Stretch(file, offset, name, cap)
        try:
            for record in stretch.records():
                lost = False
                yield record
            offset = stretch.end(size)
        except (_Damaged, zlib.error) as exc:
            if not (lost and isinstance(exc, _NoRecord)):
                yield Unread(name, stretch.offset, _told(exc))
            lost = True
            offset = next_beginning(
                file, stretch.offset + 1, packed=stretch.packed, marks=WARC_MARKS + ARC_MARKS
            )


class _Stretch:
    """A plain file from an offset on, or one gzip member, in which mostly one record lies."""

    def __init__(self, file: BinaryIO, offset: int, name: str, cap: int) -> None:
        self.packed = is_gzip(file, offset)
        self.offset = offset  # of the record that is read
        self._begin, self._name, self._cap = offset, name, cap
        self._stream = Member(file, offset) if self.packed else Plain(file, offset)
        self._reader = _Reader(self._stream)

    def records(self) -> Iterator[Record]:
        """Yield the records. Raises _Damaged and zlib.error."""
        while self._reader.more():
            if not self.packed:
                self.offset = self._begin + self._reader.position
            yield self._next()

    def end(self, size: int) -> int:
        """Return the offset behind it, in a file of ``size`` bytes."""
        found = self._stream.end if isinstance(self._stream, Member) else None
        return size if found is None else found

    def _next(self) -> Record:
        headers, length = _headers_of(self._reader)
        limit = self._cap + HEAD_MAX_BYTES
        block = self._reader.read(min(length, limit))
        beyond = max(length - limit, 0)
        skipped = self._reader.skip(min(beyond, SKIP_MAX_BYTES))
        if beyond > SKIP_MAX_BYTES == skipped:
            raise _Damaged(f"the record is larger than {limit + SKIP_MAX_BYTES} bytes")
        if (found := len(block) + skipped) < length:
            raise _Damaged(f"the record ends after {found} of {length} bytes")
        if not beyond and matches(headers.get("warc-block-digest"), block) is False:
            raise _Damaged("the record does not match its own digest (WARC-Block-Digest)")
        kind = headers.get("warc-type", "").lower()
        return Record(self._name, self.offset, kind, headers, block, cut=beyond > 0)


def _headers_of(reader: _Reader) -> tuple[dict[str, str], int]:
    """Return the headers of a record by lower-case name, and the length of its block."""
    reader.begin_head()
    line = reader.readline()
    if not line.startswith(WARC_MARKS + ARC_MARKS):
        raise _NoRecord(f"no WARC or ARC record begins here ({line[:40]!r})")
    parsed = _parsed(reader, line)
    headers: dict[str, str] = {}
    for header, value in parsed.headers:
        headers.setdefault(header.lower(), value)
    told = headers.get("content-length", "")
    extra = parsed.total_len if line.startswith(b"filedesc://") else 0  # lines of ARC's own head
    if not (told.isascii() and told.isdecimal()):
        if extra:
            return headers, 0  # it says nothing else that counts
        raise _Damaged(f"the record tells no length that can be ({told[:40]!r})")
    return headers, max(int(told) - extra, 0)


def _parsed(reader: _Reader, line: bytes) -> StatusAndHeaders:
    if line.startswith(WARC_MARKS):
        parser = StatusAndHeadersParser(["WARC/"], verify=False)
    else:
        parser = ARC2WARCHeadersParser()
    try:
        return parser.parse(reader, line)
    except (_Damaged, zlib.error):
        raise
    except Exception as exc:
        raise _Damaged(f"the headers of the record cannot be read ({exc})") from exc


def _told(exc: Exception) -> str:
    return f"its compression is damaged ({exc})" if isinstance(exc, zlib.error) else str(exc)


def matches(told: str | None, data: bytes) -> bool | None:
    """Tell whether bytes have the labelled digest that a record tells; None: it cannot be told.

    Values are written in base32 or hexadecimal digits (WARC 1.1 §5.8).
    """
    match = _DIGEST.fullmatch(told or "")
    name = match[1].lower().replace("-", "") if match else ""
    if match is None or name not in _ALGORITHMS:
        return None
    found = hashlib.new(name, data, usedforsecurity=False).digest()
    value = match[2].rstrip("=")
    if len(value) == 2 * len(found):
        return value.lower() == found.hex()
    return value.upper() == base64.b32encode(found).decode().rstrip("=")


_ALGORITHMS = frozenset({"md5", "sha1", "sha256", "sha512"})

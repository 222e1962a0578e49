"""JSON Lines as an archive of ours exports them: one capture a line (docs/exports.md)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from crawler.digests import digest_of
from crawler.imports.ours import Aside, Attempted, NotUsable, Told, told_on
from crawler.imports.records import Unread

# Of a line beside its payload, which takes up to six bytes for one where JSON escapes it: \u0000.
REST_MAX_BYTES = 16 * 2**20
ESCAPED = 6
REMEMBERED = 100_000  # payloads of lines that were passed over; later lines may show them


@dataclass(frozen=True, slots=True)
class Line:
    """One line that could be read."""

    offset: int
    told: Told | Attempted | Aside
    body: bytes | None  # the payload; None: a line before has it


class Lines:
    """A file of lines. A payload stands on the first line that shows it, whichever that is of."""

    def __init__(self, file: BinaryIO, name: str, *, cap: int) -> None:
        self._file, self._name = file, name
        self._limit = ESCAPED * cap + REST_MAX_BYTES
        self._first: OrderedDict[str, int] = OrderedDict()  # offset of a line, by its payload

    def read(self) -> Iterator[Line | Unread]:
        """Yield the captures, and what cannot be read."""
        offset = 0
        while True:
            self._file.seek(offset)  # whoever reads may have asked for a payload meanwhile
            text = self._file.readline(self._limit)
            if not text:
                return
            begins, offset = offset, offset + len(text)
            if len(text) == self._limit and not text.endswith(b"\n"):
                offset += self._rest()
                yield Unread(self._name, begins, f"the line has more than {self._limit} bytes")
                continue
            try:
                told, body = told_on(text)
            except NotUsable as exc:
                yield Unread(self._name, begins, str(exc))
                continue
            self._remember(body, begins)
            yield Line(begins, told, body)

    def payload(self, digest: str) -> bytes | None:
        """Return a payload that stood on an earlier line; None: it did not, or too long ago."""
        offset = self._first.get(digest)
        if offset is None:
            return None
        self._file.seek(offset)
        return told_on(self._file.readline(self._limit))[1]

    def _remember(self, body: bytes | None, offset: int) -> None:
        if body is not None:
            self._first[digest_of(body)] = offset
            if len(self._first) > REMEMBERED:
                self._first.popitem(last=False)

    def _rest(self) -> int:
        length = 0
        while rest := self._file.readline(self._limit):
            length += len(rest)
            if rest.endswith(b"\n"):
                break
        return length

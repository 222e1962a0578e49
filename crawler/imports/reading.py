"""Reading the records and the lines of a file, with word of how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from crawler.codings import DEFAULT_LIMIT
from crawler.imports.containers import Part
from crawler.imports.lines import Line, Lines
from crawler.imports.records import Record, Unread, read_records


@dataclass(frozen=True, slots=True)
class Reader:
    """How files are read: how much of a body at most, and who hears of each byte."""

    cap: int = DEFAULT_LIMIT
    on_bytes: Callable[[int], object] = lambda count: None

    def lines(
        self, lines: Lines, unread: Callable[[Unread], object] = lambda problem: None
    ) -> Iterator[Line]:
        """Yield the lines that can be read; ``unread`` is told of the others."""
        before = 0
        for line in lines.read():
            if isinstance(line, Unread):
                unread(line)
                continue
            self.on_bytes(line.offset - before)
            before = line.offset
            yield line

    def records(
        self, part: Part, unread: Callable[[Unread], object] = lambda problem: None
    ) -> Iterator[Record]:
        """Yield the records that can be read; ``unread`` is told of the others."""
        before = 0
        for record in read_records(part.file, part.name, cap=self.cap):
            if isinstance(record, Unread):
                unread(record)
                continue
            self.on_bytes(max(record.offset - before, 0))
            before = max(record.offset, before)
            yield record

"""CDXJ: where in WARC files each capture lies, sorted by SURT and instant.

The keys are those of the ``surt`` library, because those are looked up by pywb and its kin; ours
keep ``www.`` apart.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from surt import surt

SORTED_AT_ONCE = 20_000  # lines; about 8 MB


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record lies, and what an index tells of it."""

    url: str
    captured_at: str  # instant
    mime: str  # "warc/revisit" for a revisit
    status: int | None
    digest: str
    filename: str
    offset: int  # of the gzip member in the file
    length: int  # of the gzip member

    def line(self) -> str:
        """Return the line of an index, without its end."""
        told = {
            "url": self.url, "mime": self.mime, "status": str(self.status or "-"),
            "digest": self.digest, "length": str(self.length), "offset": str(self.offset),
            "filename": self.filename,
        }  # fmt: skip
        if self.mime == "warc/revisit":
            del told["status"]
        return f"{surt(self.url)} {stamp(self.captured_at)} {json.dumps(told)}"


def key_of(line: str) -> str:
    """Return what a line is sorted by: SURT and stamp."""
    return " ".join(line.split(" ", 2)[:2])


def stamp(instant: str) -> str:
    """Return an instant in the 14 digits of indexes."""
    return "".join(digit for digit in instant if digit.isdigit())


class SortedLines:
    """Lines in the order of their bytes, however many: what memory cannot hold waits in files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[str] = []
        self._files: list[Path] = []

    def add(self, line: str) -> None:
        """Take a line, without its end."""
        self._waiting.append(line)
        if len(self._waiting) == SORTED_AT_ONCE:
            self._spill()

    def _spill(self) -> None:
        path = self._folder / f"lines-{len(self._files):05}"
        self._waiting.sort(key=str.encode)
        path.write_text("".join(f"{line}\n" for line in self._waiting), encoding="utf-8")
        self._files.append(path)
        self._waiting = []

    def __iter__(self) -> Iterator[str]:
        """Yield all lines in order, with their ends. The files go when all were read."""
        self._waiting.sort(key=str.encode)
        with ExitStack() as stack:
            spilled = [stack.enter_context(path.open(encoding="utf-8")) for path in self._files]
            rest = (f"{line}\n" for line in self._waiting)
            yield from heapq.merge(*spilled, rest, key=str.encode)
        for path in self._files:
            path.unlink()
        self._files, self._waiting = [], []

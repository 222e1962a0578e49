"""CDXJ: where in WARC files each capture lies, sorted by SURT and instant.

The keys are those of the ``surt`` library, because those are looked up by pywb and its kin; ours
keep ``www.`` apart.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from surt import surt

SORTED_AT_ONCE = 2_000  # lines; about 1 MB
MERGED_AT_ONCE = 100  # files: far from as many as a process may open


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
        return f"{_surt(self.url)} {stamp(self.captured_at)} {json.dumps(told)}"


def _surt(url: str) -> str:
    """Return the key of a URL; of what another tool has recorded and is none, the text itself."""
    try:
        return str(surt(url))
    except (ValueError, AttributeError):
        return quote(url)


def key_of(line: bytes) -> str:
    """Return what a line is sorted by: SURT and stamp."""
    return b" ".join(line.split(b" ", 2)[:2]).decode()


def stamp(instant: str) -> str:
    """Return an instant in the 14 digits of indexes."""
    return "".join(digit for digit in instant if digit.isdigit())


class SortedLines:
    """Lines in the order of their bytes, however many: what memory cannot hold waits in files.

    So many files of so many lines are merged into a larger one, and so many of these; all that are
    left are merged when the lines are read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[bytes] = []
        self._levels: list[list[Path]] = []  # files of lines as spilled, files merged of those …
        self._made = 0

    def add(self, line: str) -> None:
        """Take a line, without its end."""
        self._waiting.append(f"{line}\n".encode())
        if len(self._waiting) == SORTED_AT_ONCE:
            self._waiting.sort()
            self._keep(0, self._waiting)
            self._waiting = []

    def _keep(self, level: int, lines: Iterable[bytes]) -> None:
        path = self._folder / f"lines-{self._made:05}"
        self._made += 1
        with path.open("wb") as file:
            file.writelines(lines)
        if level == len(self._levels):
            self._levels.append([])
        files = self._levels[level]
        files.append(path)
        if len(files) == MERGED_AT_ONCE:
            self._keep(level + 1, _merged(files, []))
            files.clear()

    def __iter__(self) -> Iterator[bytes]:
        """Yield all lines in order, with their ends; once."""
        self._waiting.sort()
        yield from _merged([path for files in self._levels for path in files], self._waiting)


def _merged(files: list[Path], rest: list[bytes]) -> Iterator[bytes]:
    """Yield the lines of sorted files and a sorted list in order; the files go."""
    with ExitStack() as stack:
        opened = [stack.enter_context(path.open("rb")) for path in files]
        yield from heapq.merge(*opened, rest)
    for path in files:
        path.unlink()

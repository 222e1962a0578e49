"""Files whose digest is known once they are written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Protocol


class Sink(Protocol):
    """A file that is being written."""

    def write(self, data: bytes, /) -> object:
        """Take all of the bytes."""

    def close(self) -> None:
        """End it."""


class Digested:
    """A file that is being written, and its digest so far."""

    def __init__(self, out: Sink) -> None:
        self._out = out
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes, /) -> None:
        """Take all of the bytes."""
        self._digest.update(data)
        self.size_bytes += len(data)
        self._out.write(data)

    def write_all(self, lines: Iterable[bytes]) -> None:
        """Take all of the lines, and end the file."""
        for line in lines:
            self.write(line)
        self.close()

    def close(self) -> None:
        """End the file."""
        self._out.close()

    @property
    def sha256(self) -> str:
        """The digest of what was written, in hex."""
        return self._digest.hexdigest()

"""What is asked of an export besides its selection, and what it tells of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

MAX_SIZE_BYTES = 10**9  # of a WARC file: the gigabyte that WARC 1.1 advises (annex C.2)


def _silent() -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants to have, as each format reads it."""

    now: datetime  # when the export is made
    max_size_bytes: int = MAX_SIZE_BYTES  # of a WARC file, at which the next one begins
    step: Callable[[], object] = _silent  # called once for each capture that is dealt with

"""How a command ends that is told to: what is half-written is taken away first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALLED = 128  # and the number of the signal: the exit code that shells give


@contextmanager
def ending_in_order() -> Iterator[None]:
    """End by SIGTERM as by an exception while the block lasts; Python alone would end at once."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set what a signal does
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(SIGNALLED + number)

"""How a command ends that is told to: what is half-written is taken away first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALLED = 128  # and the number of the signal: the exit code that shells give


# A service that is stopped; a terminal that is closed, unless it was to be outlived (``nohup``).
ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ending_in_order() -> Iterator[None]:
    """End by a signal as by an exception while the block lasts; Python alone would end at once."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set what a signal does
        return
    before = {each: signal.getsignal(each) for each in ENDING}
    for each, does in before.items():
        if does is not signal.SIG_IGN:
            signal.signal(each, _end)
    try:
        yield
    finally:
        for each, does in before.items():
            signal.signal(each, does)


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(SIGNALLED + number)

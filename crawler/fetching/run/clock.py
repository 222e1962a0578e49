"""The clock of a run: real, or pretending to have started at a given instant."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twisted.internet.base import ReactorBase


class Clock:
    """Tells the time of a run: one reading at its start, and what has passed since.

    The wall clock may be set while a run lasts; order and durations must not turn back with it.
    ``is_real`` is False where the start was given: then it pretends.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self.is_real = start is None
        self._start = start or datetime.now(UTC)
        self._started = _seconds()

    def now(self) -> datetime:
        """Return the present instant in UTC, with microseconds."""
        return self._start + timedelta(seconds=_seconds() - self._started)


def _seconds() -> float:
    """Seconds that only go forward; those of a suspended machine count, where Linux tells them."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def keep_timers_steady(reactor: ReactorBase) -> None:
    """Let the timers of a reactor go by the clock that nobody can set.

    Twisted 26.10 counts them by the wall clock. Set forward under way, it ended every download at
    once as too late; set back, no deadline came until it had caught up. What waits already was
    counted by the old clock and would be lost: where something does, nothing is changed.
    """
    if not reactor.getDelayedCalls():
        reactor.seconds = time.monotonic

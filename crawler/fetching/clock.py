"""The clock of a run: real, or pretending to have started at a given instant."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time of a run. A pretended start moves on by the monotonic clock.

    Durations never come from the wall clock, which may be set while a run lasts.
    """

    def __init__(self, pretended: datetime | None = None) -> None:
        self._start = pretended
        self._started = time.monotonic()

    def now(self) -> datetime:
        """Return the present instant in UTC, with microseconds."""
        if self._start is None:
            return datetime.now(UTC)
        return self._start + timedelta(seconds=time.monotonic() - self._started)

"""What a run may still begin: so many visits, so many of them to one host, until time is up."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Budget:
    """The visits and the seconds of one run; None: without a limit."""

    def __init__(
        self,
        max_visits: int | None = None,
        max_seconds: float | None = None,
        max_visits_per_host: int | None = None,
    ) -> None:
        self._visits_left: float = math.inf if max_visits is None else max_visits
        self._per_host: float = math.inf if max_visits_per_host is None else max_visits_per_host
        self._taken: Counter[str] = Counter()  # visits to sources, by host
        self._ends_at = time.monotonic() + (math.inf if max_seconds is None else max_seconds)

    def take(self, visits: int) -> int:
        """Take up to so many visits from what is left; return how many were granted."""
        granted = int(min(visits, self.visits_left))
        self._visits_left -= granted
        return granted

    def take_at(self, host: str, visits: int) -> int:
        """Take up to so many visits to one host; return how many were granted."""
        granted = self.take(int(min(visits, self._per_host - self._taken[host])))
        self._taken[host] += granted
        return granted

    def is_spent_at(self, host: str) -> bool:
        """Tell whether the run may begin no more visits to a host."""
        return self._taken[host] >= self._per_host

    @property
    def visits_left(self) -> float:
        """How many visits the run may still begin: none when its time is up."""
        return self._visits_left if self.seconds_left > 0 else 0

    @property
    def seconds_left(self) -> float:
        """How long the run may still begin visits; infinite without a limit."""
        return self._ends_at - time.monotonic()

    @contextmanager
    def leaving(self, share: float) -> Iterator[None]:
        """Within, let time and visits end early: so much of either stays for later."""
        ends_at, visits = self._ends_at, 0
        if math.isfinite(ends_at):
            self._ends_at -= share * max(self.seconds_left, 0)
        if self._visits_left != math.inf:
            visits = int(share * self._visits_left)
            self._visits_left -= visits
        try:
            yield
        finally:
            self._ends_at = ends_at
            self._visits_left += visits

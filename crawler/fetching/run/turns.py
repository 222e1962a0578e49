"""Whose turn it is to be read: ordinary pages before slow ones, and no slow one never.

Plain decisions: the queue tells what happens, with the time on a monotonic clock in seconds. A page
is slow when it is large, or when it had its slice of a worker and was not read. Its turn comes

- when no ordinary page has waited for a moment, and not in the last worker, if there are two. It is
  put off once more if ordinary ones wait before it is half done: only idle time is lost; or
- when no slow one was read for a minute, however many ordinary ones wait; or
- when nothing else will come until something was read: then in all workers.

Then it has all its time, as any page had before there were turns.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from crawler.archive import ExtractionJob

# None of 1,372 saved pages is larger (the largest has 2.9 MB); what keeps a worker busy for minutes
# without any trick of its own is.
LARGE_BYTES = 3_000_000
CALM_SECONDS = 1.0  # a crawl writes in groups of a quarter of a second: none may wait by chance
TURN_SECONDS = 60.0  # a slow page holds a worker for at most a quarter of that


@dataclass(frozen=True, slots=True)
class Waiting:
    """A page that waits."""

    job: ExtractionJob
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A page that is to be read now."""

    page: Waiting
    is_slow: bool
    may_be_put_off: bool


class Turns:
    """The pages that wait, and the order in which they are read."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._ordinary: deque[Waiting] = deque()
        self._slow: list[Waiting] = []  # those that have waited longest first
        self._slow_under_way = 0
        self._slow_since = 0.0  # when slow ones began to wait, or one was read
        self._waited_at: float | None = None  # when an ordinary page was last left to wait

    def __len__(self) -> int:
        """How many pages wait, slow ones included."""
        return len(self._ordinary) + len(self._slow)

    @property
    def others_wait(self) -> bool:
        """Whether an ordinary page waits."""
        return bool(self._ordinary)

    def add(self, job: ExtractionJob, size_bytes: int, *, now: float) -> None:
        """Let a page wait."""
        if self._waited_at is None:  # the first: others come with it
            self._waited_at = now
        page = Waiting(job, size_bytes)
        if size_bytes > LARGE_BYTES:
            self._let_wait(page, now)
        else:
            self._ordinary.append(page)

    def _let_wait(self, page: Waiting, now: float) -> None:
        if not self._slow and not self._slow_under_way:
            self._slow_since = now
        self._slow.append(page)

    def take(self, *, now: float, all_are_here: bool) -> Turn | None:
        """Return the page whose turn it is, for a worker that is free; None: let it rest.

        ``all_are_here`` says that nothing else will come until something was read.
        """
        must = self._slow_must(now)
        if self._ordinary and not must:
            page = self._ordinary.popleft()
            if self._ordinary:
                self._waited_at = now
            return Turn(page, is_slow=False, may_be_put_off=True)
        if not self._slow or not (must or all_are_here or self._slow_may(now)):
            return None
        self._slow_under_way += 1
        # the smallest may be done soonest; none must wait for ever
        page = self._slow[0] if must else min(self._slow, key=lambda each: each.size_bytes)
        self._slow.remove(page)
        return Turn(page, is_slow=True, may_be_put_off=not must and not all_are_here)

    def was_read(self, turn: Turn, *, now: float) -> None:
        """Note that a page is done with."""
        if turn.is_slow:
            self._slow_under_way -= 1
            self._slow_since = now

    def was_put_off(self, turn: Turn, *, now: float) -> None:
        """Let a page that had its slice wait among the slow ones."""
        self._let_wait(turn.page, now)
        self._slow_under_way -= turn.is_slow

    def rest_seconds(self, *, now: float) -> float | None:
        """How long until ``take`` may give a slow page; None: not by time alone."""
        if not self._slow or self._slow_under_way >= self._at_once:
            return None
        return max(self._calm_at - now, 0.0)

    @property
    def _at_once(self) -> int:
        """How many slow pages may be under way while ordinary ones may come."""
        return max(1, self._workers - 1)

    @property
    def _calm_at(self) -> float:
        return (self._waited_at or 0.0) + CALM_SECONDS

    def _slow_may(self, now: float) -> bool:
        return now >= self._calm_at and self._slow_under_way < self._at_once

    def _slow_must(self, now: float) -> bool:
        overdue = now - self._slow_since >= TURN_SECONDS
        return bool(self._slow) and overdue and not self._slow_under_way

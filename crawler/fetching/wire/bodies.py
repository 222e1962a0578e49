"""How bodies may grow: all together up to a limit, and each of them fast enough.

Both look at the bytes as they come, below everything that could stop them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from crawler.errors import UsageError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, TimerHandle

    from scrapy.settings import BaseSettings

# Sixteen bodies could grow to the cap at once: 512 MiB. All together may grow to this,
# which is a little more than the cap for one: what is complete is copied and written besides.
BODIES_MAX_BYTES = 40 * 2**20
# A fiftieth of what a modem brought, over a while in which a slow database may think.
DEFAULT_RATE, DEFAULT_WINDOW_S = 100.0, 20.0


# SQLite refuses a value of more than 1,000,000,000 bytes, and a body is held in memory twice.
CAP_MAX_BYTES = 256 * 2**20


def check_body_cap(settings: BaseSettings) -> None:
    """Refuse a SOURCEKEEP_BODY_CAP_BYTES that no archive could keep. Raises UsageError."""
    told = settings.get("SOURCEKEEP_BODY_CAP_BYTES", CAP_MAX_BYTES)
    if not (str(told).isdecimal() and len(str(told)) < 19 and 0 < int(told) <= CAP_MAX_BYTES):
        raise UsageError(
            f"SOURCEKEEP_BODY_CAP_BYTES={told}: write a number of bytes up to {CAP_MAX_BYTES}"
        )


class Body(Protocol):
    """A body on its way, whose sender can be made to wait."""

    def pause(self) -> None:
        """Read no more from the host for now."""

    def resume(self) -> None:
        """Go on reading."""


class Gate:
    """Lets bodies grow together up to a limit; beyond it only the largest, which ends first.

    The others wait, each under its own deadline. The largest never does, so that somebody moves.
    """

    def __init__(self) -> None:
        self._sizes: dict[Body, int] = {}
        self._waiting: set[Body] = set()
        self._total = 0

    def grow(self, body: Body, size: int) -> None:
        """Count bytes of a body, and make it wait where there are too many."""
        before = self._sizes.get(body, 0)
        self._sizes[body] = before + size
        self._total += size
        if self._total > BODIES_MAX_BYTES and body is not max(self._sizes, key=self._size):
            self._waiting.add(body)
            body.pause()

    def leave(self, body: Body) -> None:
        """Forget a body that has ended; those that wait go on, as far as there is room."""
        self._total -= self._sizes.pop(body, 0)
        self._waiting.discard(body)
        waiting, self._waiting = self._waiting, set()
        for each in waiting:
            each.resume()

    def _size(self, body: Body) -> int:
        return self._sizes[body]


@dataclass(frozen=True, slots=True)
class RateFloor:
    """How slowly a body may come: below so many bytes a second over a while it is cut off."""

    bytes_per_s: float  # 0: however slowly
    window_s: float

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Return the floor that the settings name. Raises UsageError."""
        try:
            rate = settings.getfloat("SOURCEKEEP_MIN_RATE", DEFAULT_RATE)
            window_s = settings.getfloat("SOURCEKEEP_MIN_RATE_WINDOW_S", DEFAULT_WINDOW_S)
        except ValueError as exc:
            raise UsageError(f"SOURCEKEEP_MIN_RATE, SOURCEKEEP_MIN_RATE_WINDOW_S: {exc}") from exc
        if not (rate >= 0 and window_s > 0):
            raise UsageError(
                f"SOURCEKEEP_MIN_RATE={rate:g}, SOURCEKEEP_MIN_RATE_WINDOW_S={window_s:g}:"
                " write a rate of 0 or more and a window of more than 0 seconds"
            )
        return cls(rate, window_s)

    def is_kept(self, received_bytes: int) -> bool:
        """Tell whether so many bytes within one window are enough."""
        return received_bytes >= self.bytes_per_s * self.window_s


class RateWatch:
    """Counts the bytes of one body, window by window, and says once when they are too few.

    A window in which we kept the host waiting ourselves is not held against it.
    """

    def __init__(
        self, floor: RateFloor, loop: AbstractEventLoop, too_slow: Callable[[], None]
    ) -> None:
        self._floor = floor
        self._loop = loop
        self._too_slow = too_slow
        self._received = 0
        self._excused = False
        self._timer: TimerHandle | None = None
        if floor.bytes_per_s:
            self._timer = loop.call_later(floor.window_s, self._judge)

    def received(self, size: int) -> None:
        """Count bytes that came."""
        self._received += size

    def excuse(self) -> None:
        """Let the current window pass: the host is not to blame for it."""
        self._excused = True

    def end(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()

    def _judge(self) -> None:
        if not self._excused and not self._floor.is_kept(self._received):
            self._too_slow()
            return
        self._received, self._excused = 0, False
        self._timer = self._loop.call_later(self._floor.window_s, self._judge)

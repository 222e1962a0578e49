"""What is to be run, and how often; the same for every kind of timer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from crawler.digests import digest_of

Every = Literal["15min", "30min", "1h", "2h", "3h", "6h", "12h", "1d", "7d"]

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
INTERVALS: Final[dict[Every, int]] = {  # seconds
    "15min": 15 * _MINUTE_S, "30min": 30 * _MINUTE_S, "1h": _HOUR_S, "2h": 2 * _HOUR_S,
    "3h": 3 * _HOUR_S, "6h": 6 * _HOUR_S, "12h": 12 * _HOUR_S, "1d": 24 * _HOUR_S,
    "7d": 7 * 24 * _HOUR_S,
}  # fmt: skip

# Hours and weekday of the rarer runs: at night, when hosts and machines rest.
NIGHT_HOUR: Final = 4
NIGHT_DAY: Final = ("1", "Mon")

# A run ends before the next begins: a second one would find the archive locked.
_SHARE_OF_INTERVAL: Final = 0.8
_SECONDS_MAX: Final = 6 * _HOUR_S


@dataclass(frozen=True, slots=True)
class Job:
    """A run of the crawl, and how often it is to be made. Paths are absolute."""

    program: tuple[str, ...]  # how this installation is called
    archive: str
    every: Every
    max_seconds: int
    contact: str | None = None
    max_fetches: int | None = None
    max_per_host: int | None = None
    delay_s: float | None = None
    inputs: tuple[str, ...] = ()  # URLs and absolute paths; none: those that were added
    log_file: str | None = None
    strict: bool = False  # also tell when something needs attention
    name: str = "sourcekeep"  # of units and workflows

    def words(self, *more: str) -> tuple[str, ...]:
        """The words of the command, unquoted."""
        return (*self.program, *self.arguments(*more))

    def arguments(self, *more: str) -> tuple[str, ...]:
        """The words after the program."""
        options: list[str] = ["crawl", *more, "--archive", self.archive]
        for option, value in (
            ("--contact", self.contact),
            ("--max-time", self.max_seconds),
            ("--max-fetches", self.max_fetches),
            ("--max-per-host", self.max_per_host),
            ("--delay", None if self.delay_s is None else f"{self.delay_s:g}"),
        ):
            if value is not None:
                options += [option, str(value)]
        if self.log_file is not None:
            options += ["-s", f"SOURCEKEEP_LOG_FILE={self.log_file}"]
        if self.inputs:
            options += ["--", *self.inputs]
        return tuple(options)

    @property
    def minute(self) -> int:
        """The minute past the hour, by the archive: not with everybody else on the hour."""
        share = int(digest_of(self.archive.encode(errors="replace")).partition(":")[2][:8], 16)
        return 1 + share % 58

    @property
    def hours(self) -> int:
        """The interval in whole hours; 0 for less than one."""
        return INTERVALS[self.every] // _HOUR_S

    @property
    def minutes(self) -> int:
        """The interval in minutes."""
        return INTERVALS[self.every] // _MINUTE_S


def default_seconds(every: Every) -> int:
    """Return how long a run may begin visits: most of the interval, six hours at most."""
    return min(round(INTERVALS[every] * _SHARE_OF_INTERVAL), _SECONDS_MAX)

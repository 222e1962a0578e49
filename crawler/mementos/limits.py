"""How long an archive is left alone, and how far apart its requests stand.

One state for each archive, kept in archive.db: a run that was told to wait must not be followed by
another that was not. The Internet Archive answers 429 when a client is too fast, and shuts it out
for an hour, doubled each time, when that is ignored for a minute (its staff, 2023).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from crawler.dates import format_instant, parse_instant
from crawler.mementos.registry import WebArchive
from crawler.mementos.replies import Result

Kind = Literal["index", "replay", "push"]

REST_FIRST: Final = timedelta(seconds=60)  # 429 without Retry-After (EDGI's client waits as long)
REST_BLOCKED: Final = timedelta(hours=1)  # what a firewall's rule lasts
REST_MAX: Final = timedelta(hours=24)
# Failures that look like a rule of a firewall. A time-out does not: replay is slow now and then.
_SHUT_OUT: Final = frozenset({"refused", "reset", "no-route", "http-403"})


@dataclass(frozen=True, slots=True)
class LimitState:
    """What one archive has said of our requests."""

    strikes: int = 0  # refusals and failures in a row
    resting_until: str | None = None  # instant; None: it may be asked
    reason: str | None = None  # why it rests: "rate-limited: http-429"

    def rests(self, now: datetime) -> bool:
        """Tell whether the archive is to be left alone."""
        return self.resting_until is not None and now < parse_instant(self.resting_until)

    def rest_left(self, now: datetime) -> timedelta:
        """Return how long it is still to be left alone; zero when it may be asked."""
        if self.resting_until is None:
            return timedelta()
        return max(parse_instant(self.resting_until) - now, timedelta())


def after_answer(
    state: LimitState,
    result: Result | Literal["answered"],
    reason: str,
    now: datetime,
    *,
    asked_rest: timedelta | None = None,
) -> LimitState:
    """Return the state after an answer; ``asked_rest`` is what a Retry-After asked for.

    A first request to wait is obeyed to the second, rounded up to one. The second refusal in a row
    means that this was not enough: an hour at least, and double that for each further one.
    """
    if result not in ("rate-limited", "archive-down"):
        return replace(state, strikes=0, resting_until=None, reason=None)
    strikes = state.strikes + 1
    rest = _rest(result, reason, strikes)
    if asked_rest is not None:
        rest = asked_rest if strikes == 1 else max(rest, asked_rest)
    until = now + min(rest, REST_MAX) + timedelta(seconds=1 if now.microsecond else 0)
    return LimitState(strikes, format_instant(until), f"{result}: {reason}")


def _rest(result: str, reason: str, strikes: int) -> timedelta:
    if strikes == 1 and not (result == "archive-down" and reason in _SHUT_OUT):
        return REST_FIRST
    doublings = max(strikes - (1 if reason in _SHUT_OUT else 2), 0)
    factor: int = 2 ** min(doublings, 5)
    return REST_BLOCKED * factor


def distance(archive: WebArchive, kind: Kind) -> timedelta:
    """Return how far apart the requests of a kind stand: evenly, so that no window is exceeded."""
    per_minute = {
        "index": archive.index_per_minute,
        "replay": archive.replay_per_minute,
        "push": archive.push_per_minute,
    }
    return timedelta(seconds=60 / per_minute[kind])

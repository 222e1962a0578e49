"""How long a host is left alone when it asks for that: Retry-After, and 429 without it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from crawler.items import Header

# RFC 9110 §10.2.3 names no limit; a host that asks for more than a day is asked by a later run.
REST_MAX = timedelta(hours=24)
REST_UNTOLD = timedelta(minutes=5)  # 429 that does not say how long
STRIKE = timedelta(seconds=30)  # doubled for each further refusal of a host in one run
_ASKS_FOR_REST = frozenset({429, 503})


def rest_of(
    status: int | None, headers: Sequence[Header], now: datetime, *, strikes: int = 1
) -> timedelta | None:
    """Return how long to leave a host alone after an answer; None when it did not ask for that.

    The first time (``strikes`` is 1) exactly what it asks for; a host that goes on refusing is
    given more. A date that is past, or junk, counts as not told; what is absurd is capped.
    """
    if status not in _ASKS_FOR_REST:
        return None
    asked = told_rest(headers, now)
    if asked is None and status != 429:
        return None  # a server that fails is no server that asks for rest
    rest = REST_UNTOLD if asked is None else asked
    if strikes > 1:
        rest = max(rest, STRIKE * 2 ** min(strikes - 2, 12))
    return min(rest, REST_MAX)


def told_rest(headers: Sequence[Header], now: datetime) -> timedelta | None:
    """Return the delay that Retry-After names, in seconds or by a date.

    None when there is none, for junk, and for the past.
    """
    text = next((value for name, value in headers if name.lower() == "retry-after"), "").strip()
    if text.isdecimal():
        return timedelta(seconds=min(int(text[:9]), REST_MAX.total_seconds()))
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError, IndexError, TypeError):  # what the parser raises on junk
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return until - now if until > now else None

"""Having a web archive capture a page: what Save Page Now answers, and what to do then.

Its errors are not always true (internetarchive/wayback#297: captures that it called failed were
there), and neither are its successes: a push counts when the memento was read back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal
from urllib.parse import urlencode

from crawler.dates import parse_stamp
from crawler.mementos.replies import Answer

ATTEMPTS_MAX: Final = 6
_FIRST_RETRY: Final = timedelta(minutes=10)
_LAST_RETRY: Final = timedelta(hours=24)
# What a new attempt will not change. Codes that are not listed here are tried again: they move.
PERMANENT: Final = frozenset(
    {"invalid-url-syntax", "blocked-url", "blocked", "no-access", "not-found", "gone",
     "unauthorized", "proxy-error-permanent", "filesize-limit", "network-authentication-required"}
)  # fmt: skip
# Our share of the archive is used up: nothing else needs to be asked today, or for a while.
_SHARE_USED: Final = frozenset(
    {"too-many-daily-captures", "user-session-limit", "too-many-requests", "celery"}
)


@dataclass(frozen=True, slots=True)
class Said:
    """What the archive says of a job."""

    kind: Literal["job", "pending", "success", "error", "keys-refused", "rate-limited", "down"]
    reason: str = ""
    job: str | None = None
    memento_datetime: str | None = None  # instant; of a success
    stamp: str | None = None  # the same as 14 digits
    original: str | None = None  # URL that was captured; of a success


def submission(url: str, *, fresh: str) -> bytes:
    """Return the form that asks for a capture, unless there is one not older than ``fresh``."""
    return urlencode({
        "url": url, "if_not_archived_within": fresh, "skip_first_archive": "1",
    }).encode()  # fmt: skip


def read_submission(answer: Answer, text: str) -> Said:
    """Return what came of asking for a capture."""
    trouble, found = _opened(answer, text)
    if trouble is not None:
        return trouble
    job = found.get("job_id")
    if isinstance(job, str) and job:
        return Said("job", job=job)
    return _error(found)


def read_status(answer: Answer, text: str) -> Said:
    """Return how a job stands."""
    trouble, found = _opened(answer, text)
    if trouble is not None:
        return trouble
    status = found.get("status")
    if status == "pending":
        return Said("pending")
    if status != "success":
        return _error(found)
    stamp, original = str(found.get("timestamp", "")), found.get("original_url")
    at = parse_stamp(stamp) if len(stamp) == 14 else None
    if at is None or not isinstance(original, str):
        return Said("error", "no-timestamp")
    return Said("success", memento_datetime=at, stamp=stamp, original=original)


def _opened(answer: Answer, text: str) -> tuple[Said | None, dict[str, Any]]:
    """Return what keeps the archive from answering, or the object that it answered."""
    if answer.status is None:
        return Said("down", answer.failure or "failed"), {}
    if answer.status in (401, 403):
        return Said("keys-refused", f"http-{answer.status}"), {}
    if answer.status == 429:
        return Said("rate-limited", "http-429"), {}
    if answer.status >= 500:
        return Said("down", f"http-{answer.status}"), {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return Said("down", "no-json"), {}
    return (None, found) if isinstance(found, dict) else (Said("down", "no-json"), {})


def _error(found: dict[str, Any]) -> Said:
    code = str(found.get("status_ext") or found.get("message") or "unknown")
    code = code.removeprefix("error:").strip().lower().replace(" ", "-")[:60]
    if code in _SHARE_USED:
        return Said("rate-limited", code)
    return Said("error", code)


def retry_after(attempts: int) -> timedelta | None:
    """Return how long to wait before the next attempt; None: there were enough."""
    if attempts >= ATTEMPTS_MAX:
        return None
    factor: int = 3 ** min(max(attempts - 1, 0), 6)
    return min(_FIRST_RETRY * factor, _LAST_RETRY)


def is_permanent(reason: str) -> bool:
    """Tell whether an error will not go away by itself."""
    return reason in PERMANENT

"""The requests to calendars of OpenTimestamps, through the egress guard.

A calendar is sent 32 bytes, and answers with the way from these to its own promise; later it tells
the way from there to a Bitcoin block.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from crawler import __version__
from crawler.errors import RequestFailed
from crawler.fetching.wire.egress import EgressPolicy
from crawler.fetching.wire.posting import ask, told_status
from crawler.stamping.proofs import ANSWER_MAX_BYTES

# Those of the reference client (opentimestamps 0.4.5), run by three parties.
PUBLIC = (
    "https://a.pool.opentimestamps.org",
    "https://b.pool.opentimestamps.org",
    "https://a.pool.eternitywall.com",
    "https://ots.btc.catallaxy.com",
)
# The calendars behind them, which their promises name: hosts, of https only.
BEHIND_PUBLIC = (
    "*.calendar.opentimestamps.org",
    "*.calendar.eternitywall.com",
    "*.calendar.catallaxy.com",
)
_HEADERS = {
    "Accept": "application/vnd.opentimestamps.v1",
    "User-Agent": f"sourcekeep/{__version__}",
}
_BODY = {"Content-Type": "application/x-www-form-urlencoded"}  # what the reference client sends


def submit(calendar: str, commitment: bytes, policy: EgressPolicy, timeout_s: float) -> bytes:
    """Return a calendar's answer to 32 bytes. Raises RequestFailed when there is none."""
    url = f"{calendar.rstrip('/')}/digest"
    answer = ask(
        url, _HEADERS | _BODY, policy,
        body=commitment, max_bytes=ANSWER_MAX_BYTES, timeout_s=timeout_s,
    )  # fmt: skip
    if answer.status != 200:
        raise RequestFailed(url, told_status(answer.status))
    return answer.content


def look_up(
    calendar: str, commitment: bytes, policy: EgressPolicy, timeout_s: float
) -> bytes | None:
    """Return what a calendar has to say of a commitment by now; None: it still waits.

    Raises RequestFailed when there is no answer.
    """
    url = f"{calendar.rstrip('/')}/timestamp/{commitment.hex()}"
    answer = ask(url, _HEADERS, policy, max_bytes=ANSWER_MAX_BYTES, timeout_s=timeout_s)
    if answer.status == 404:  # the reference server says "Pending confirmation …" so
        return None
    if answer.status != 200:
        raise RequestFailed(url, told_status(answer.status))
    return answer.content


def may_be_asked(calendar: str, known: Iterable[str]) -> bool:
    """Tell whether a calendar that a promise names is one that we know.

    Its name came from another machine: only the public ones, and those that the user named or that
    were asked before, by scheme, host and port, are dialled on its word.
    """
    place = _place(calendar)
    if place is None:
        return False
    scheme, host, port = place
    public = scheme == "https" and port == 443
    if public and any(fnmatchcase(host, pattern) for pattern in BEHIND_PUBLIC):
        return True
    return any(_place(url) == place for url in known)


def _place(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None

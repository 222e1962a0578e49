"""What an archive's answer means. "None found", "archive down" and "rate limited" are three things.

An answer with Memento-Datetime is a memento, whatever its status: an archived 429 asks nobody to
wait. An answer without one is the archive's own word. Replay leads to the nearest memento where it
has none at the instant that was asked for, so the instant of what came is checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal
from urllib.parse import urljoin

from crawler.dates import parse_instant
from crawler.items import Header
from crawler.mementos.listing import (
    Listed,
    Listing,
    instant_of_http_date,
    links_in,
    parse_cdx,
    parse_timemap,
)
from crawler.mementos.registry import WebArchive, take_apart

Result = Literal["found", "none-found", "archive-down", "rate-limited"]
RESULTS: Final[dict[Result, str]] = {
    "found": "the archive lists mementos",
    "none-found": "the archive answered, and has none that it shows",
    "archive-down": "the archive failed, refused us as a whole, or could not be reached",
    "rate-limited": "the archive asks us to wait",
}

# Why an answer is refused unread: it is not the memento that the index named, or none at all.
REFUSED: Final = (
    "far-date", "leaves-archive", "no-memento", "not-a-memento", "excluded", "digest-differs",
    "wrong-range", "range-not-there", "no-record", "other-url", "redirect-loop",
)  # fmt: skip
# Replay leads to the nearest memento. EDGI's client takes what is at most a day away for the same.
TOLERANCE: Final = timedelta(hours=24)
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_RUNTIME_ERROR = "x-archive-wayback-runtime-error"
_ORIGINAL_HEADER = "x-archive-orig-"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer on the wire, as much of it as is needed here."""

    url: str
    status: int | None  # None: no answer came
    headers: Sequence[Header] = ()
    failure: str | None = None  # reason code when none came: "refused", "timeout", "robots" …

    def header(self, name: str) -> str | None:
        """Return the first value of a header; None when it is absent."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Found:
    """What an index says."""

    result: Result
    reason: str  # code: "listed", "empty", "http-404", "excluded", "no-list", "refused" …
    listing: Listing = field(default_factory=Listing)


def read_index(
    answer: Answer, text: str, *, timemap: bool = False, slows_by_503: bool = False
) -> Found:
    """Return what the answer of an index or a TimeMap means."""
    trouble = trouble_in(answer, slows_by_503=slows_by_503)
    if trouble is not None:
        return trouble
    if answer.status == 404:  # pywb and TimeMaps say "none" like that
        return Found("none-found", "http-404")
    if answer.status != 200:
        return Found("archive-down", f"http-{answer.status}")
    listing = parse_timemap(text) if timemap else parse_cdx(text)
    if not listing.is_list:
        return Found("archive-down", "no-list")
    if not listing.mementos:
        return Found("none-found", "malformed" if listing.malformed else "empty", listing)
    return Found("found", "listed", listing)


def trouble_in(answer: Answer, *, slows_by_503: bool = False) -> Found | None:
    """Return what keeps an archive from answering; None when it did answer.

    ``slows_by_503``: it asks to wait by 503 as well (Amazon's storage: "Slow Down").
    """
    if answer.status is None:
        return Found("archive-down", answer.failure or "failed")
    if answer.header(_RUNTIME_ERROR) is not None:  # it has something, and does not show it
        return Found("none-found", "excluded")
    if answer.status == 429 or (answer.status == 503 and slows_by_503):
        return Found("rate-limited", f"http-{answer.status}")
    if answer.status == 403 or answer.status >= 500:
        return Found("archive-down", f"http-{answer.status}")
    return None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What an answer to the request for one memento means."""

    kind: Literal["memento", "redirect", "rejected", "archive-down", "rate-limited"]
    reason: str = ""
    memento_datetime: str | None = None  # instant that the archive names; of a memento
    target: str | None = None  # URL in the archive to ask next; of a redirect
    original: str | None = None  # the resource of that target, or of one that is too far


def read_replay(archive: WebArchive, asked_at: str, answer: Answer) -> Replayed:
    """Return what the answer for the memento of an instant means.

    ``asked_at`` is the instant of the memento that was listed.
    """
    named = instant_of_http_date(answer.header("memento-datetime"))
    if named is None:
        return _own_word(archive, asked_at, answer)
    if not is_near(named, asked_at):
        return Replayed("rejected", "far-date", named)
    if answer.status in REDIRECTS and answer.header("location"):
        return _redirect(archive, asked_at, answer)
    return Replayed("memento", memento_datetime=named)


def _own_word(archive: WebArchive, asked_at: str, answer: Answer) -> Replayed:
    """Return what an archive says where it shows no memento."""
    if answer.status in REDIRECTS and answer.header("location"):
        return _redirect(archive, asked_at, answer)
    trouble = trouble_in(answer)
    if trouble is None:
        reason = "no-memento" if answer.status == 404 else "not-a-memento"
        return Replayed("rejected", reason)
    if trouble.result == "none-found":
        return Replayed("rejected", trouble.reason)
    kind: Literal["rate-limited", "archive-down"] = (
        "rate-limited" if trouble.result == "rate-limited" else "archive-down"
    )
    return Replayed(kind, trouble.reason)


def _redirect(archive: WebArchive, asked_at: str, answer: Answer) -> Replayed:
    """Follow to another memento of the archive, near in time; never out of the archive."""
    target = joined(answer.url, answer.header("location") or "")
    inside = take_apart(archive, target) if archive.holds(target) else None
    if inside is None:
        return Replayed("rejected", "leaves-archive")
    if inside.memento_datetime is None or not is_near(inside.memento_datetime, asked_at):
        return Replayed("rejected", "far-date", inside.memento_datetime, None, inside.original)
    return Replayed("redirect", "", inside.memento_datetime, target, inside.original)


def joined(base: str, target: str) -> str:
    """Return a target as an absolute URL; the target itself where it is none that can be joined."""
    try:
        return urljoin(base, target)
    except ValueError:
        return target


def is_near(a: str, b: str) -> bool:
    """Tell whether two instants are at most a day apart: the same memento, as archives see it."""
    return abs(parse_instant(a) - parse_instant(b)) <= TOLERANCE


def original_headers(headers: Sequence[Header]) -> tuple[Header, ...]:
    """Return the headers with which a page was answered when it was archived.

    Those that the archive hands on by the prefix X-Archive-Orig-; where it has none the type of
    the content, which replay keeps.
    """
    prefix = len(_ORIGINAL_HEADER)
    kept = tuple(
        (name[prefix:], value)
        for name, value in headers
        if name.lower().startswith(_ORIGINAL_HEADER)
    )
    if any(name.lower() == "content-type" for name, _ in kept):
        return kept
    return (*kept, *((n, v) for n, v in headers if n.lower() == "content-type"))


def accept_datetime(instant: str) -> Mapping[str, str]:
    """Return the header with which a TimeGate is asked (RFC 7089 §2.1.1)."""
    moment = parse_instant(instant)
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun",
              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # fmt: skip
    return {
        "Accept-Datetime": f"{days[moment.weekday()]}, {moment.day:02d} {months[moment.month - 1]}"
        f" {moment.year:04d} {moment:%H:%M:%S} GMT"
    }


def read_timegate(answer: Answer) -> Found:
    """Return the one memento to which a TimeGate leads (RFC 7089 §4.1 and §4.2).

    By a redirect, or by answering with it at once: then Content-Location or Link tells where it is.
    """
    trouble = trouble_in(answer)
    if trouble is not None:
        return trouble
    if answer.status == 404:
        return Found("none-found", "http-404")
    at = instant_of_http_date(answer.header("memento-datetime"))
    target = answer.header("location") or answer.header("content-location")
    for linked, about in links_in(answer.header("link") or ""):
        relations = about.get("rel", "").split()
        if "memento" in relations and (target is None or at is None):
            target, at = target or linked, at or instant_of_http_date(about.get("datetime"))
    if target is None:
        return Found("archive-down", "no-memento-named")
    uri_m = joined(answer.url, target)
    listing = Listing((Listed(at or "", None, uri_m=uri_m),))
    return Found("found", "listed", listing)

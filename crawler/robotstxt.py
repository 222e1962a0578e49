"""What a fetch of ``/robots.txt`` means for the pages of its origin, by RFC 9309.

The rules themselves are read by Scrapy's parser (Protego); here is what surrounds them: which
answers carry rules, how much of a file counts, and how long an answer holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from crawler.dates import parse_instant
from crawler.digests import digest_of
from crawler.errors import UsageError

# RFC 9309 §2.5: at least 500 KiB must be read; what lies beyond may be ignored.
READ_LIMIT_BYTES = 500 * 1024
# RFC 9309 §2.3.1.2: at least five consecutive redirects are followed.
MAX_REDIRECTS = 5
# RFC 9309 §2.4: a copy is not used for more than 24 hours.
RULES_HOLD = timedelta(hours=24)
# "Disallowed for now" (§2.3.1.4): long enough that one run does not ask a dead host once for each
# page, short enough that every later run asks anew and does not take an old failure for a new one.
FAILURE_HOLDS = timedelta(hours=1)

# RFC 9309 §2.3.1.4 lets a crawler take a robots.txt for unavailable when it could not be reached
# "for a reasonably long period of time (for example, 30 days)". Less is no long time.
PATIENCE_MIN = timedelta(days=30)

# The two errors after which everything is allowed; after all others nothing is, for now.
HTML, REDIRECTS = "html", "redirects"
_NO_RULES = frozenset({HTML, REDIRECTS})
_OURS = frozenset({"blocked-address", "bad-url", "unsupported-scheme", "truncated"})

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class RobotsRecord:
    """What was found at ``/robots.txt`` of one origin. A record without rules has no body."""

    origin: str  # scheme://host[:port], RFC 9309 §2.3; the port only where it is not the default
    status: int | None  # of the last answer, redirects followed; None: no answer, see error
    body: bytes  # the part of the file that counts
    digest: str | None  # of body; None when it is empty
    fetched_at: str  # instant
    error: str | None = None  # why an answer that came carries no rules, or why none came


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the pages of an origin may be fetched, as far as no rule says more."""

    kind: Literal["rules", "none", "unreachable"]
    code: str = ""  # what "none" and "unreachable" rest on: a status, or an error code


def origin_of(url: str) -> str:
    """Return the origin of an http or https URL as ``scheme://host[:port]``, lower case.

    Raises ValueError for a port that is none.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    default = port is None or port == _DEFAULT_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{host}" if default else f"{parts.scheme}://{host}:{port}"


def record_of_answer(origin: str, status: int, body: bytes, *, fetched_at: str) -> RobotsRecord:
    """Return the record of the answer at which the redirects of an origin's robots.txt ended."""
    if not 200 <= status < 300:
        return RobotsRecord(origin, status, b"", None, fetched_at)
    if looks_like_markup(body):
        return RobotsRecord(origin, status, b"", None, fetched_at, HTML)
    kept = readable_part(body)
    return RobotsRecord(origin, status, kept, digest_of(kept) if kept else None, fetched_at)


def record_of_failure(
    origin: str, error: str, *, status: int | None = None, fetched_at: str
) -> RobotsRecord:
    """Return the record of an attempt that led to no answer, or to one that is of no use."""
    return RobotsRecord(origin, status, b"", None, fetched_at, error)


def standing_of(record: RobotsRecord) -> Standing:
    """Return what a record means for the pages of its origin (RFC 9309 §2.3.1).

    2xx: the rules count; a web page in their place (a soft 404) holds none. Redirects without end:
    none (§2.3.1.2). 4xx: none (§2.3.1.3), save 429, by which a host asks to be left alone. No
    answer, 5xx and anything else: disallowed for now (§2.3.1.4).
    """
    status, error = record.status, record.error
    if error in _NO_RULES:
        return Standing("none", error)
    if error is not None or status is None:
        return Standing("unreachable", error or "failed")
    if 200 <= status < 300:
        return Standing("rules") if record.body else Standing("none", "empty")
    if 300 <= status < 500 and status != 429:
        return Standing("none", str(status))
    return Standing("unreachable", str(status))


def parse_patience(days: str | float | None) -> timedelta | None:
    """Return after how long a robots.txt that cannot be reached counts as none; None: never.

    Raises UsageError for what is no number of days, or fewer than thirty.
    """
    if days in (None, ""):
        return None
    try:
        patience = timedelta(days=float(str(days)))
    except (ValueError, OverflowError):
        patience = timedelta(0)
    if patience < PATIENCE_MIN:
        raise UsageError(
            f"SOURCEKEEP_ROBOTS_PATIENCE_DAYS={days}: write {PATIENCE_MIN.days} or more, or nothing"
        )
    return patience


def is_given_up(
    record: RobotsRecord, unreachable_since: str | None, now: datetime, patience: timedelta | None
) -> bool:
    """Tell whether a host failed to give its robots.txt for so long that it counts as none.

    ``unreachable_since`` is the instant of the first failure after which there was no other answer;
    None: not known. A failure of the server or the network counts (RFC 9309 §2.3.1.4). A 429 never
    does, because it is an answer: the host asks to be left alone. Nor does a file that was cut off,
    or whose address we do not dial: there are rules, and we do not know them.
    """
    if patience is None or unreachable_since is None:
        return False
    failed = record.status is None or record.status >= 500
    if not failed or record.error in _OURS or standing_of(record).kind != "unreachable":
        return False
    return now - parse_instant(unreachable_since) >= patience


def is_fresh(record: RobotsRecord, now: datetime) -> bool:
    """Tell whether a record may still be used. One from the future may not: a clock was set."""
    holds = FAILURE_HOLDS if standing_of(record).kind == "unreachable" else RULES_HOLD
    return timedelta(0) <= now - parse_instant(record.fetched_at) < holds


def readable_part(body: bytes) -> bytes:
    """Return the part of a robots.txt that counts: its first 500 KiB, cut at the end of a line.

    A rule that is cut in two would forbid more than its author wrote. A line longer than all that
    leaves nothing.
    """
    if len(body) <= READ_LIMIT_BYTES:
        return body
    start = body[:READ_LIMIT_BYTES]
    return start[: max(start.rfind(b"\n"), start.rfind(b"\r")) + 1]


def rules_for(body: bytes, agent: str) -> bytes:
    """Return a robots.txt in the form in which Protego 0.7 reads it as RFC 9309 means it.

    All user agents that are not ours bear one name: Protego keeps each rule once for each user
    agent of its group, and a group of 30,000 names and 5,000 rules took it 278 s (measured
    2026-11); 500 KiB have room for twice as many entries. Ours is known by its product token, as in
    ``sourcekeep/1.0`` (§2.2.1). And records of a kind unknown are left out: Protego ends a group at
    one, and they must not interfere (§2.2.4).
    """
    lines = body.decode("utf-8-sig", "ignore").splitlines()
    return "\n".join(_as_meant(line, agent.lower()) for line in lines).encode()


def _as_meant(line: str, agent: str) -> str:
    """Return a line as it is; of a user agent only what may mean us, else one name for all."""
    stripped = line.partition("#")[0].strip()
    named = _USER_AGENT_LINE.fullmatch(stripped)
    if named is None:
        return "" if _is_foreign(stripped) else line
    name = named["name"].lower()
    if name.split()[0] == "*":
        return "User-agent: *"
    bare = name.replace("*", "")
    token = _PRODUCT_TOKEN.match(bare)
    names = (bare, token[0] if token else "")
    return f"User-agent: {next((each for each in names if _may_mean(each, agent)), '~')}"


def _is_foreign(line: str) -> bool:
    """Tell whether a line names a record that Protego does not know."""
    field, colon, _ = line.partition(":")
    words = line.lower().split(None, 2)
    beginnings = (" ".join(field.lower().split()), *words[:1], " ".join(words[:2]))
    return bool(colon) and not _RECORDS.intersection(beginnings)


def _may_mean(name: str, agent: str) -> bool:
    """Tell whether a name may mean an agent, as Protego does: found in it where a word begins."""
    if not name or name not in agent:  # keeps half a megabyte of name out of the expression
        return False
    return re.search(rf"(?<![\w-]){re.escape(name)}", agent) is not None


_PRODUCT_TOKEN = re.compile(r"[a-z_-]+")
_RECORDS = frozenset(
    {
        "user-agent", "useragent", "user agent", "allow", "disallow", "dissallow", "dissalow",
        "disalow", "diasllow", "disallaw", "crawl-delay", "crawl delay", "request-rate",
        "request rate", "visit-time", "visit time", "sitemap", "sitemaps", "site-map", "host",
    }
)  # fmt: skip
# As leniently as Protego reads it: without the hyphen, and without the colon where no other stands.
_USER_AGENT_LINE = re.compile(
    r"(?:(?:user-agent|useragent|user agent)\s*:\s*"
    r"|(?:user-agent|useragent|user\s+agent)\s+(?![^:]*:(?:\s|$)))(?P<name>\S.*)",
    re.IGNORECASE,
)


def looks_like_markup(body: bytes) -> bool:
    """Tell whether a body is HTML or XML. By its first character: servers label rules text/html."""
    return body[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")

"""What a path of the demo web does: a behaviour is a function from a request to an answer.

Behaviours nest: ``versions({day(1): page(a), day(3): delay(2, page(b))})``. They keep no state:
what they may depend on (the clock, the count of visits, the headers) is in the request.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from itertools import chain, cycle
from typing import Literal

from crawler.items import Header

START = datetime(2026, 2, 21, 8, 0, tzinfo=UTC)  # the morning after the last entry; day 1
# When the demo looks, from START on: at first; two months later, when some sources have changed and
# some are missing; and then as often as it takes to conclude that a 410 (two looks), a wall (three)
# and a 404 (four) are there to stay (crawler/verdicts/hysteresis.py).
LOOKS = tuple(timedelta(days=days) for days in (0, 60, 62, 64, 67))
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


def day(number: int) -> datetime:
    """Return the midnight at which a day of the demo begins; ``START`` lies in day 1."""
    return START.replace(hour=0) + timedelta(days=number - 1)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived; in the log also what it was answered."""

    t: float  # monotonic seconds
    wall: datetime  # real time, UTC
    at: datetime  # time on the demo's clock
    host: str  # loopback address that was asked
    port: int
    method: str
    target: str  # as received: percent-encoded, with query
    path: str  # decoded, without query
    headers: tuple[Header, ...]  # as received: order, case and repeats kept
    visit: int  # how often this path was asked so far, this time included
    status: int | None = None  # of the answer; None: exact bytes without one

    @property
    def base_url(self) -> str:
        """The address of the asked host, without a slash at its end."""
        return f"http://{self.host}:{self.port}"

    def header(self, name: str) -> str | None:
        """Return the first value of a header, None when it was not sent."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Response:
    """A well-formed answer; date, length and connection headers are added on sending."""

    status: int = 200
    headers: tuple[Header, ...] = ()
    body: bytes = b""


Ending = Literal["keep", "close", "reset"]  # of the connection


@dataclass(frozen=True, slots=True)
class Script:
    """Bytes that are sent exactly so, and pauses in seconds between them."""

    steps: Iterable[bytes | float]
    ending: Ending = "close"
    status: int | None = None  # for the log only


Answer = Response | Script
Behaviour = Callable[[Request], Answer]


def compose(response: Response, request: Request, *, closing: bool = False) -> bytes:
    """Return the bytes of a response; a body goes neither to HEAD nor with 204 and 304."""
    empty = response.status in (204, 304)
    lines = [status_line(response.status), f"Date: {format_http_date(request.at)}"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    if not empty:
        lines.append(f"Content-Length: {len(response.body)}")
    if closing:
        lines.append("Connection: close")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return head if empty or request.method == "HEAD" else head + response.body


def status_line(status: int) -> str:
    """Return the first line of an answer."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:  # a number of nobody's, such as 999
        phrase = "Unknown"
    return f"HTTP/1.1 {status} {phrase}"


def format_http_date(moment: datetime) -> str:
    """Return a moment as HTTP writes it: ``Sat, 21 Feb 2026 08:00:00 GMT``."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


# --- what comes back -----------------------------------------------------------------------------


def page(
    body: str | bytes,
    *,
    status: int = 200,
    headers: Iterable[Header] = (),
    content_type: str | None = HTML,
    etag: bool = True,
    modified: datetime | None = None,
) -> Behaviour:
    """Answer with a body, or with 304 to whoever shows that they hold it."""
    data = body.encode() if isinstance(body, str) else body
    tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"' if etag and status == 200 else None
    fields: list[Header] = [("Content-Type", content_type)] if content_type else []
    validators: list[Header] = [("ETag", tag)] if tag else []
    if modified:
        validators.append(("Last-Modified", format_http_date(modified)))
    full = Response(status, (*fields, *validators, *headers), data)
    unmodified = Response(304, tuple(validators))

    def answer(request: Request) -> Response:
        return unmodified if _is_known(request, tag, modified) else full

    return answer


def made(make: Callable[[Request], Behaviour]) -> Behaviour:
    """Behave as made up for each request: ``made(lambda request: page(request.base_url))``."""
    return lambda request: make(request)(request)


def redirect(to: str, status: int = 302) -> Behaviour:
    """Send the reader elsewhere; ``to`` is the Location as written."""
    return page("", status=status, headers=[("Location", to)])


def coded(body: str | bytes, coding: Literal["gzip", "deflate"]) -> Behaviour:
    """Answer with a compressed body, whatever the reader accepts."""
    return page(compress(body, coding), headers=[("Content-Encoding", coding)])


def damaged(body: str | bytes, coding: Literal["gzip", "deflate"], kept: float = 0.6) -> Behaviour:
    """Answer with a compressed body of which only the first part is left; the length agrees."""
    data = compress(body, coding)
    return page(data[: int(len(data) * kept)], headers=[("Content-Encoding", coding)])


def compress(body: str | bytes, coding: Literal["gzip", "deflate"]) -> bytes:
    """Return the compressed body, the same bytes each time."""
    data = body.encode() if isinstance(body, str) else body
    return gzip.compress(data, mtime=0) if coding == "gzip" else zlib.compress(data)


def stuck(tag: str, behaviour: Behaviour) -> Behaviour:
    """Answer under one ETag for ever, and say "not modified" to whoever names any."""

    def answer(request: Request) -> Answer:
        if request.header("If-None-Match"):
            return Response(304, (("ETag", tag),))
        inner = behaviour(request)
        if isinstance(inner, Script):
            return inner
        others = tuple(pair for pair in inner.headers if pair[0].lower() != "etag")
        return Response(inner.status, (*others, ("ETag", tag)), inner.body)

    return answer


# --- when -----------------------------------------------------------------------------------------


def versions(by_moment: Mapping[datetime, Behaviour]) -> Behaviour:
    """Behave by the clock: each moment's behaviour holds until the next; the first from ever."""
    moments = sorted(by_moment)

    def answer(request: Request) -> Answer:
        reached = [moment for moment in moments if moment <= request.at]
        return by_moment[reached[-1] if reached else moments[0]](request)

    return answer


def sequence(behaviours: Sequence[Behaviour]) -> Behaviour:
    """Behave by the count of requests to the path; the last behaviour stays."""

    def answer(request: Request) -> Answer:
        return behaviours[min(request.visit, len(behaviours)) - 1](request)

    return answer


def delay(seconds: float, behaviour: Behaviour) -> Behaviour:
    """Behave so after a while."""

    def answer(request: Request) -> Answer:
        inner = behaviour(request)
        if isinstance(inner, Script):
            return Script((seconds, *inner.steps), inner.ending, inner.status)
        return Script((seconds, compose(inner, request)), "keep", inner.status)

    return answer


# --- odd transfers --------------------------------------------------------------------------------


def raw(data: bytes, *, ending: Ending = "close") -> Behaviour:
    """Send exactly these bytes, status line and all."""
    return lambda request: Script((data,), ending)


def reset(after: bytes = b"") -> Behaviour:
    """Break the connection off by a TCP reset, at once or after some bytes."""
    return raw(after, ending="reset")


def drip(body: str | bytes, seconds_per_byte: float, *, bytes_per_step: int = 1) -> Behaviour:
    """Send the headers at once and the body by and by."""
    data = body.encode() if isinstance(body, str) else body
    whole = Response(200, (("Content-Type", HTML),), data)

    def steps(sent: bytes) -> Iterator[bytes | float]:
        head = len(sent) - len(data)
        yield sent[:head]
        for start in range(head, len(sent), bytes_per_step):
            yield seconds_per_byte * bytes_per_step
            yield sent[start : start + bytes_per_step]

    def answer(request: Request) -> Answer:
        if request.method == "HEAD":
            return whole
        return Script(steps(compose(whole, request, closing=True)), status=200)

    return answer


def cut_off(body: str | bytes, sent_bytes: int) -> Behaviour:
    """Promise the whole body, send its beginning, close."""
    data = body.encode() if isinstance(body, str) else body
    whole = Response(200, (("Content-Type", HTML),), data)

    def answer(request: Request) -> Answer:
        sent = compose(whole, request, closing=True)
        missing = len(data) - sent_bytes if request.method != "HEAD" else 0
        return Script((sent[: len(sent) - missing],), status=200)

    return answer


def unmeasured(body: str | bytes) -> Behaviour:
    """Answer without a length: the body ends where the connection closes."""
    return _framed("Connection: close", (body.encode() if isinstance(body, str) else body,))


def chunked(parts: Iterable[bytes], *, finished: bool = True) -> Behaviour:
    """Answer in chunks; an unfinished answer closes without the last, empty one."""
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part]
    if not finished:
        return _framed("Transfer-Encoding: chunked", chunks)
    return _framed("Transfer-Encoding: chunked", (*chunks, b"0\r\n\r\n"), "keep")


def endless(piece: bytes, seconds_between: float = 0.0) -> Behaviour:
    """Answer with a body that never ends, until the reader has had enough."""
    return _framed("Connection: close", cycle((piece, seconds_between)))


def _framed(header: str, steps: Iterable[bytes | float], ending: Ending = "close") -> Behaviour:
    head = f"{status_line(200)}\r\nContent-Type: {HTML}\r\n{header}\r\n\r\n".encode()

    def answer(request: Request) -> Script:
        body = () if request.method == "HEAD" else steps
        return Script(chain((head,), body), ending, 200)

    return answer


def silence(seconds: float = 3600.0) -> Behaviour:
    """Accept the request and never answer."""
    return lambda request: Script((seconds,))


def _is_known(request: Request, tag: str | None, modified: datetime | None) -> bool:
    """Whether the reader's copy is the current one (RFC 9110 §13.2.2: If-None-Match goes first)."""
    named = request.header("If-None-Match")
    if named is not None:
        return tag is not None and tag in named
    since = request.header("If-Modified-Since")
    if since is None or modified is None:
        return False
    try:
        return modified.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):  # no date, or one without a zone
        return False

"""Download exceptions, told as the failure codes that ``verdicts`` knows. One border, one table."""

from __future__ import annotations

from collections.abc import Iterator

from OpenSSL import SSL
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from twisted.internet.error import (
    ConnectError,
    ConnectionAborted,
    ConnectionClosed,
    NoRouteError,
    TCPTimedOutError,
)
from twisted.web._newclient import ParseError
from twisted.web.client import ResponseFailed

from crawler.fetching.barring import PlaceBarred
from crawler.fetching.robots import RobotsExcluded
from crawler.fetching.wire.egress import AddressRefused
from crawler.fetching.wire.handler import DownloadStalled


class BadTarget(IgnoreRequest):
    """A redirect leads to a URL that is not requested. Not retried: it would lead there again."""


_CODES: tuple[tuple[type[BaseException], str], ...] = (
    (RobotsExcluded, "robots"),
    (BadTarget, "bad-url"),
    (PlaceBarred, "barred"),
    (AddressRefused, "blocked-address"),
    (UnsupportedURLSchemeError, "unsupported-scheme"),
    (CannotResolveHostError, "nxdomain"),
    (DownloadConnectionRefusedError, "refused"),
    (DownloadStalled, "stalled"),
    (DownloadTimeoutError, "timeout"),
    (DownloadCancelledError, "too-large"),
    (ResponseDataLossError, "reset"),
)
# What the attempt at a robots.txt tells of the host itself.
_NO_HOST = frozenset({"nxdomain", "refused", "no-route", "tls"})
# What Twisted names as the reasons, which Scrapy wraps as DownloadFailedError or passes on.
# The first that fits any of them: a connection is also lost because its answer was no HTTP.
_REASONS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (SSL.Error, "tls"),
    (TCPTimedOutError, "timeout"),
    (NoRouteError, "no-route"),
    ((ParseError, ValueError, LookupError), "protocol-error"),  # as its parser happens to raise
    ((ConnectionClosed, ConnectionAborted), "reset"),
)
# Other failures to connect carry the system's words only.
_WORDS = (("unreachable", "no-route"), ("no route", "no-route"), ("timed out", "timeout"))


def failure_code(exception: BaseException) -> str:
    """Return the failure code of what a download raised; ``failed`` when nothing more is known."""
    if isinstance(exception, RobotsExcluded) and exception.error in _NO_HOST:
        return exception.error  # the page could not have been fetched either
    for kind, code in _CODES:
        if isinstance(exception, kind):
            return code
    text = failure_text(exception).lower()
    if isinstance(exception, IgnoreRequest):
        return "redirect-loop" if "redirect" in text else "bad-url"
    if isinstance(exception, ValueError):  # Scrapy's Request refuses a Location without scheme
        return "bad-url"
    return _code_of_reasons(tuple(_reasons(exception)), text)


def _code_of_reasons(reasons: tuple[BaseException, ...], text: str) -> str:
    for kind, code in _REASONS:
        if any(isinstance(reason, kind) for reason in reasons):
            return code
    if any(isinstance(reason, (ConnectError, OSError)) for reason in reasons):
        return next((code for word, code in _WORDS if word in text), "failed")
    return "failed"


def _reasons(exception: BaseException) -> Iterator[BaseException]:
    """Yield what lies at the bottom of an exception, itself where nothing does."""
    cause = exception.__cause__
    if isinstance(exception, ResponseFailed):
        for failure in exception.reasons:
            yield from _reasons(failure.value)
    elif cause is not None:
        yield from _reasons(cause)
    else:
        yield exception


def failure_text(exception: BaseException) -> str:
    """Return an exception as one line for the fetch row, with its class name and its causes."""
    name, reasons = type(exception).__name__, tuple(_reasons(exception))
    if reasons == (exception,) or not isinstance(exception, DownloadFailedError):
        words = str(exception)
    else:  # Scrapy's own text of it is a list of Twisted's representations
        words = "; ".join(f"{type(reason).__name__}: {reason}" for reason in reasons)
    return f"{name}: {words}".replace("\n", " ")[:500]

"""Download exceptions, told as the failure codes that ``verdicts`` knows. One border, one table."""

from __future__ import annotations

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)

from crawler.fetching.egress import AddressRefused
from crawler.fetching.robots import RobotsExcluded

_CODES: tuple[tuple[type[BaseException], str], ...] = (
    (RobotsExcluded, "robots"),
    (AddressRefused, "blocked-address"),
    (UnsupportedURLSchemeError, "unsupported-scheme"),
    (CannotResolveHostError, "nxdomain"),
    (DownloadConnectionRefusedError, "refused"),
    (DownloadTimeoutError, "timeout"),
    (DownloadCancelledError, "too-large"),
    (ResponseDataLossError, "reset"),
)
# What the attempt at a robots.txt tells of the host itself.
_NO_HOST = frozenset({"nxdomain", "refused", "no-route", "tls"})
# DownloadFailedError carries Twisted's reasons as text only; told apart by the words in it.
_WORDS = (
    ("timedout", "timeout"),
    ("timed out", "timeout"),
    ("ssl", "tls"),
    ("certificate", "tls"),
    ("tls", "tls"),
    ("no route", "no-route"),
    ("unreachable", "no-route"),
    ("connectionlost", "reset"),
    ("connection was lost", "reset"),
    ("connectiondone", "reset"),
    ("closed cleanly", "reset"),
    ("parseerror", "protocol-error"),
    ("content-length", "protocol-error"),
    ("not enough values", "protocol-error"),
)


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
    return next((code for word, code in _WORDS if word in text), "failed")


def failure_text(exception: BaseException) -> str:
    """Return an exception as one line for the fetch row, with its class name and its causes."""
    return f"{type(exception).__name__}: {exception}".replace("\n", " ")[:500]

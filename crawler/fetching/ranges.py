"""Requests for a range of a file: a server that sends the whole file instead is cut off at once.

A server may ignore Range (RFC 9110 §14.2). A WARC file of Common Crawl has a gigabyte.
"""

from __future__ import annotations

import re

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import StopDownload
from scrapy.http.headers import Headers

ERROR_PAGE_BYTES = 64 * 1024  # what an answer other than the range may have
_RANGE = re.compile(rb"bytes=(\d{1,18})-(\d{1,18})")


class _Guard:
    """Stops bodies that are longer than the range that was asked for."""

    def head(self, headers: Headers, body_length: object, request: Request) -> None:
        """Look at the head of an answer: without Content-Range it is none to a range."""
        asked = _asked(request)
        if asked is None or b"Content-Range" in headers:
            return
        if not isinstance(body_length, int) or body_length > ERROR_PAGE_BYTES:
            raise StopDownload(fail=False)

    def bytes(self, data: bytes, request: Request) -> None:
        """Count what came, of answers whose head told nothing or something wrong."""
        asked = _asked(request)
        if asked is None:
            return
        received = request.meta["of_range"] = request.meta.get("of_range", 0) + len(data)
        if received > max(asked, ERROR_PAGE_BYTES):
            raise StopDownload(fail=False)


def _asked(request: Request) -> int | None:
    """Return how many bytes a request asks for; None: it asks for no range."""
    asked = _RANGE.fullmatch(request.headers.get(b"Range") or b"")
    return int(asked[2]) - int(asked[1]) + 1 if asked else None


def guard_ranges(crawler: Crawler) -> None:
    """Have the requests of a crawler guarded."""
    guard = _Guard()
    crawler.signals.connect(guard.head, signals.headers_received, weak=False)
    crawler.signals.connect(guard.bytes, signals.bytes_received, weak=False)

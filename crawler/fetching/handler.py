"""The download handler: the last place before the wire, behind every queue and delay.

Downloader middlewares decide before a request waits for its host's turn, which may take minutes;
what must be true at the moment of the request is checked here.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawler.fetching.egress import GuardedDownloadHandler
from crawler.urls import host_key

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class HostRests(IgnoreRequest):
    """The host asked for rest while the request waited. Nothing was sent; the source stays due."""


class ArchiveDownloadHandler(GuardedDownloadHandler):
    """The guarded handler, with the time of each request and the rest of each host."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._of = crawler

    async def download_request(self, request: Request) -> Response:
        """Return the response. Raises HostRests, and what the guarded handler raises."""
        session = getattr(self._of.spider, "session", None)
        host = host_key(request.url)
        if session is not None and session.rests(host):
            raise HostRests(f"{host} asked for rest")
        request.meta["dialled"] = time.monotonic()
        return await super().download_request(request)

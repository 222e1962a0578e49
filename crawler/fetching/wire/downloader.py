"""Scrapy's downloader, which sends no more to a host at once than it is told to."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from scrapy.core.downloader import Downloader as ScrapyDownloader

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.core.downloader import Slot
    from scrapy.http import Response
    from twisted.internet.defer import Deferred


class Downloader(ScrapyDownloader):
    """Counts a request as under way from the moment at which its turn has come.

    Scrapy 2.19 counts it a little later, when the task of its own begins that sends it. Without a
    delay, all that wait for a host have been sent by then, each over a connection of its own.
    """

    def _wait_for_download(
        self, slot: Slot, request: Request, queue_dfd: Deferred[Response]
    ) -> Coroutine[Any, Any, None]:
        slot.transferring.add(request)  # once more by Scrapy, which takes it away at the end
        return super()._wait_for_download(slot, request, queue_dfd)

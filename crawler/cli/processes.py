"""The process in which spiders run: its reactor, its end, and a spider in it."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, cast

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings
from scrapy.utils.defer import deferred_from_coro
from twisted.python.failure import Failure

from crawler.fetching.run.counting import Signals
from crawler.fetching.run.garbage import collect_rarely
from crawler.fetching.run.session import Session
from crawler.spiders.archive_spider import ArchiveSpider

if TYPE_CHECKING:
    from twisted.internet.base import ReactorBase

# What a run may end with and be no failure: done, or interrupted in good order.
GOOD_ENDS = frozenset({"finished", "shutdown", "max-time", "proxy-away", "offline"})

BROKE = "broke"  # by a fault of ours
_START_FAILED = "start_error"  # what Scrapy calls it when a spider breaks before its requests


def run_to_end(process: AsyncCrawlerProcess, work: Coroutine[Any, Any, None]) -> None:
    """Start the reactor, do the work in it, stop it. Signals end the crawls in good order."""
    from twisted.internet import reactor as installed  # only now: Scrapy chooses which one

    reactor = cast("ReactorBase", installed)
    failures: list[Failure] = []

    def stop(outcome: object) -> None:
        if isinstance(outcome, Failure):
            failures.append(outcome)
        if reactor.running:
            reactor.stop()

    def begin() -> None:
        collect_rarely()
        deferred_from_coro(work).addBoth(stop)

    reactor.callWhenRunning(begin)
    process.start(stop_after_crawl=False)
    if failures:
        failures[0].raiseException()


def make_process(settings: Settings) -> AsyncCrawlerProcess:
    """Return the process of a run; a line for each certificate that it meets would be noise.

    What a certificate is worth is written into the fetch. Lines that no handler takes are not even
    made: Scrapy has one for each answer.
    """
    process = AsyncCrawlerProcess(settings)
    level = min(handler.level for handler in logging.getLogger().handlers)
    logging.getLogger("scrapy").setLevel(level)
    logging.getLogger("scrapy.core.downloader.tls").setLevel(logging.ERROR)
    return process


async def run_spider(
    process: AsyncCrawlerProcess, spider: type[ArchiveSpider], session: Session, **arguments: object
) -> str:
    """Let a spider work in a session that is open, and return what it ended with."""
    crawler = process.create_crawler(spider)
    crawler.signals = Signals(crawler)  # what is connected already is so by the crawler itself
    await process.crawl(crawler, session=session, **arguments)
    ended = str(crawler.stats.get_value("finish_reason", BROKE) if crawler.stats else BROKE)
    return BROKE if ended == _START_FAILED else ended

"""The process in which spiders run: its reactor, its end, and the spider `rescue` in it."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.utils.defer import deferred_from_coro
from twisted.python.failure import Failure

from crawler.fetching.garbage import collect_rarely
from crawler.fetching.session import Session
from crawler.rescue import Homecoming
from crawler.rescue.moving import Proposal
from crawler.rescue.pushing import Keys, Pushed
from crawler.rescue.rechecking import Rechecked
from crawler.spiders.moved import MovedSpider
from crawler.spiders.push import PushSpider
from crawler.spiders.recheck import RecheckSpider
from crawler.spiders.rescue import RescueSpider

if TYPE_CHECKING:
    from twisted.internet.base import ReactorBase

# What a run may end with and be no failure: done, or interrupted in good order.
GOOD_ENDS = frozenset({"finished", "shutdown", "max-time"})


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


def end_of(crawler: Crawler) -> str:
    """Return what a crawl that is over ended with."""
    stats = crawler.stats
    return str(stats.get_value("finish_reason", "broke") if stats else "broke")


async def run_push(
    process: AsyncCrawlerProcess, session: Session, keys: Keys, pushed: list[Pushed]
) -> str:
    """Let the spider work in a session that is open, and return what it ended with."""
    crawler = process.create_crawler(PushSpider)
    await process.crawl(crawler, session=session, keys=keys, pushed=pushed)
    return end_of(crawler)


def keys_of(environment: Mapping[str, str]) -> Keys | None:
    """Return the keys of the archive that takes captures; None: the environment has none."""
    key, secret = (environment.get(f"SOURCEKEEP_PUSH_{part}", "") for part in ("KEY", "SECRET"))
    return Keys(key, secret) if key and secret else None


async def run_moved(
    process: AsyncCrawlerProcess,
    session: Session,
    proposals: list[Proposal],
    *,
    sources: Sequence[int],
    limit: int,
) -> str:
    """Let the spider work in a session that is open, and return what it ended with."""
    crawler = process.create_crawler(MovedSpider)
    await process.crawl(crawler, session=session, sources=sources, limit=limit, proposals=proposals)
    return end_of(crawler)


async def run_recheck(
    process: AsyncCrawlerProcess,
    session: Session,
    rechecked: list[Rechecked],
    *,
    sources: Sequence[int],
    limit: int,
) -> str:
    """Let the spider work in a session that is open, and return what it ended with."""
    crawler = process.create_crawler(RecheckSpider)
    await process.crawl(crawler, session=session, sources=sources, limit=limit, rechecked=rechecked)
    return end_of(crawler)


async def run_rescue(
    process: AsyncCrawlerProcess,
    session: Session,
    homecomings: list[Homecoming],
    *,
    sources: Sequence[int] = (),
    limit: int | None = None,
) -> str:
    """Let the spider work in a session that is open, and return what it ended with."""
    crawler = process.create_crawler(RescueSpider)
    await process.crawl(
        crawler, session=session, sources=sources, limit=limit, homecomings=homecomings
    )
    return end_of(crawler)

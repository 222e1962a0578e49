"""Running the spider `rescue` in a session of its own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings
from tqdm import tqdm

from crawler.cli.logs import log_file
from crawler.cli.output import progress
from crawler.cli.processes import GOOD_ENDS, run_push, run_rescue, run_to_end
from crawler.fetching.session import Session
from crawler.fetching.visits import Visit
from crawler.rescue import Homecoming
from crawler.rescue.pushing import Keys, Pushed


@dataclass(slots=True)
class RescueResult:
    """What a rescue did."""

    run: int = 0
    finish_reason: str = "not started"
    homecomings: list[Homecoming] = field(default_factory=list)
    requests: int = 0
    still_due: int = 0
    broke: bool = False


def rescue(
    settings: Settings, sources: Sequence[int], *, limit: int | None, quiet: bool
) -> RescueResult:
    """Ask for these sources, or for what is due. Raises ArchiveError when that cannot begin."""
    with log_file(settings):
        session = Session.open(settings, "rescue")
        result = RescueResult(run=session.run)
        try:
            _queue(session, sources)
            process = AsyncCrawlerProcess(settings)
            logging.getLogger("scrapy.core.downloader.tls").setLevel(logging.ERROR)
            bar = progress("requests to web archives", total=None, quiet=quiet)
            session.on_visit = lambda visit: _count(result, bar, visit)
            try:
                run_to_end(process, _work(process, session, sources, limit, result))
            finally:
                bar.close()
            if session.lost is not None:
                result.finish_reason = "evidence-lost"
            else:
                session.commit()
                result.still_due = session.archive.rescuing.count_due(session.clock.now())
        finally:
            session.close(result.finish_reason)
        result.broke = result.finish_reason not in GOOD_ENDS
        return result


def _queue(session: Session, sources: Sequence[int]) -> None:
    rescuing, now = session.archive.rescuing, session.clock.now()
    rescuing.queue(now)
    if sources:
        rescuing.ask_for(sources, now)


@dataclass(slots=True)
class PushResult:
    """What a push did."""

    run: int = 0
    finish_reason: str = "not started"
    pushed: list[Pushed] = field(default_factory=list)
    requests: int = 0
    broke: bool = False


def push(settings: Settings, keys: Keys, *, quiet: bool) -> PushResult:
    """Go on with the push queue. Raises ArchiveError when that cannot begin."""
    with log_file(settings):
        session = Session.open(settings, "push")
        result = PushResult(run=session.run)
        try:
            process = AsyncCrawlerProcess(settings)
            logging.getLogger("scrapy.core.downloader.tls").setLevel(logging.ERROR)
            bar = progress("requests to web archives", total=None, quiet=quiet)
            session.on_visit = lambda visit: _count(result, bar, visit)
            try:
                run_to_end(process, _push(process, session, keys, result))
            finally:
                bar.close()
            if session.lost is not None:
                result.finish_reason = "evidence-lost"
        finally:
            session.close(result.finish_reason)
        result.broke = result.finish_reason not in GOOD_ENDS
        return result


async def _push(
    process: AsyncCrawlerProcess, session: Session, keys: Keys, result: PushResult
) -> None:
    result.finish_reason = await run_push(process, session, keys, result.pushed)
    if session.lost is None and session.budget.seconds_left <= 0:
        result.finish_reason = "max-time"
    await session.read_and_judge_the_rest()


async def _work(
    process: AsyncCrawlerProcess,
    session: Session,
    sources: Sequence[int],
    limit: int | None,
    result: RescueResult,
) -> None:
    result.finish_reason = await run_rescue(
        process, session, result.homecomings, sources=sources, limit=limit
    )
    if session.lost is None and session.budget.seconds_left <= 0:
        result.finish_reason = "max-time"
    await session.read_and_judge_the_rest()


def _count(result: RescueResult | PushResult, bar: tqdm[Any], visit: Visit) -> None:
    result.requests += 1
    bar.set_postfix_str(visit.url[:40], refresh=False)
    bar.update()

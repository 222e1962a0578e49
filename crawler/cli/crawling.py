"""Running both spiders in one process, one after the other, in one session.

Entries first: what they cite is then due, so that one run suffices from an entry page to a
snapshot. Reading them costs milliseconds an entry; fetching costs seconds a source.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings

from crawler.cli.logs import log_file
from crawler.cli.output import plural, progress
from crawler.cli.processes import BROKE, GOOD_ENDS, make_process, run_spider, run_to_end
from crawler.dates import format_instant
from crawler.fetching.run.session import Session
from crawler.fetching.run.visits import Visit
from crawler.intake.inputs import add_input
from crawler.intake.taking import IntakeCounts
from crawler.rescue import Homecoming
from crawler.rescue.pushing import Keys, Pushed
from crawler.spiders.entries import EntriesSpider
from crawler.spiders.pages import SitePages
from crawler.spiders.push import PushSpider
from crawler.spiders.rescue import RescueSpider
from crawler.spiders.sources import SourcesSpider

_log = logging.getLogger(__name__)

FAILED_SHOWN = 20
# Of a limited run, what a site with many pages of entries must leave to the sources.
SOURCES_SHARE = 0.5
# What sources leave over goes to the entries, and half of that again to the sources; each turn
# takes at least half of what is left, so that even of two hours there are 13 of them at most.
SHORTEST_TURN_S = 1.0


@dataclass(slots=True)
class CrawlResult:
    """What a run did, as its report prints it."""

    run: int = 0  # its row
    finish_reason: str = "not started"
    intake: IntakeCounts = field(default_factory=IntakeCounts)
    visits: int = 0
    fetches: int = 0
    new_captures: int = 0
    revisits: int = 0
    articles: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    failed: list[dict[str, Any]] = field(default_factory=list)  # the first few
    rescue_queued: int = 0  # sources that now wait for a web archive's copy
    rescue_due: int = 0  # sources that archives may be asked for now
    due_left: int = 0  # sources that are due still, because of a limit or of hosts that rest
    is_empty: bool = False  # nothing was ever added to the archive
    homecomings: list[Homecoming] = field(default_factory=list)  # where they were asked
    pushed: list[Pushed] = field(default_factory=list)  # where a web archive was to keep some, too
    broke: bool = False  # evidence was lost, or the crawl itself failed


def crawl(
    settings: Settings,
    inputs: Sequence[str],
    *,
    base_url: str | None = None,
    options: dict[str, str],
    quiet: bool = False,
) -> CrawlResult:
    """Run the scheduled job once. Raises ArchiveError when the archive cannot be used."""
    with log_file(settings):
        result = _crawl(settings, inputs, base_url=base_url, options=options, quiet=quiet)
        _log.info("%s", ended_line(result))
        return result


def ended_line(result: CrawlResult) -> str:
    """Return one line about a run: how it ended, what was visited, what needs a person."""
    ended = (
        "broke" if result.broke else "done" if result.finish_reason == "finished" else "cut short"
    )
    why = "" if ended == "done" else f" ({result.finish_reason})"
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in result.outcomes.items())
    parts = [
        f"{plural(result.visits, 'visit')}" + (f" ({outcomes})" if outcomes else ""),
        plural(result.new_captures, "new capture"),
    ]
    if result.intake.problems:
        parts.append(f"{plural(result.intake.problems, 'page')} of entries could not be read")
    return f"sourcekeep: {ended}{why}: {', '.join(parts)}; `sourcekeep status` tells more"


def _crawl(
    settings: Settings,
    inputs: Sequence[str],
    *,
    base_url: str | None,
    options: dict[str, str],
    quiet: bool,
) -> CrawlResult:
    session = Session.open(settings, "crawl")
    result = CrawlResult(run=session.run)
    try:
        now = format_instant(session.clock.now())
        ids = [
            add_input(session.archive, text, base_url=base_url, options=options, now=now)
            for text in inputs
        ]
        process = make_process(settings)
        with _Progress(session, quiet=quiet):
            run_to_end(process, _both(process, session, ids or None, result))
        session.extraction.kill()  # after an interruption; else they have ended by themselves
        _fill(result, session)
    finally:
        session.close(result.finish_reason)
    result.broke = result.finish_reason not in GOOD_ENDS
    return result


async def _both(
    process: AsyncCrawlerProcess, session: Session, ids: list[int] | None, result: CrawlResult
) -> None:
    """Read the entries and visit what is due, in turns as long as a limit holds either up.

    Also when reading broke, which the run's end tells: what was cited before is not to wait for
    that fault to be mended.
    """
    pages = SitePages(session, result.intake)
    read = await _turn(process, session, ids, result, pages)
    while read == result.finish_reason == "finished" and pages.are_left and _may_go_on(session):
        read = await _turn(process, session, ids, result, pages)
    if result.finish_reason == "finished" and session.lost is None:
        if session.budget.seconds_left <= (SHORTEST_TURN_S if pages.are_left else 0):
            result.finish_reason = "max-time"
        await _rescue(process, session, result)
        await _push(process, session, result)
        await session.read_and_judge_the_rest()
    if read == BROKE:
        result.finish_reason = read


def _may_go_on(session: Session) -> bool:
    budget = session.budget
    return session.lost is None and budget.visits_left > 0 and budget.seconds_left > SHORTEST_TURN_S


async def _turn(
    process: AsyncCrawlerProcess,
    session: Session,
    ids: list[int] | None,
    result: CrawlResult,
    pages: SitePages,
) -> str:
    """Read entries, then visit sources, which get what reading left; return how reading ended."""
    with session.budget.leaving(SOURCES_SHARE):
        read = result.finish_reason = await run_spider(
            process, EntriesSpider, session, input_ids=ids, counts=result.intake, pages=pages
        )
    if read in ("finished", BROKE) and session.lost is None:
        result.finish_reason = await run_spider(process, SourcesSpider, session)
    return read


async def _rescue(process: AsyncCrawlerProcess, session: Session, result: CrawlResult) -> None:
    """Queue what needs another's copy, and ask for it at once where that is switched on."""
    await session.judge_the_rest()
    rescuing, now = session.archive.rescuing, session.clock.now()
    result.rescue_queued = session.write(lambda: rescuing.queue(now, run=session.run)) or 0
    if session.lost is None and process.settings.getbool("SOURCEKEEP_RESCUE"):
        ended = await run_spider(process, RescueSpider, session, homecomings=result.homecomings)
        result.finish_reason = _worse(result.finish_reason, ended)
    if session.lost is None:
        result.rescue_due = rescuing.count_due(session.clock.now())


async def _push(process: AsyncCrawlerProcess, session: Session, result: CrawlResult) -> None:
    """Go on with what is pushed, where that is switched on. A refusal is no failure."""
    keys = Keys.of(os.environ)
    if session.lost is not None or not process.settings.getbool("SOURCEKEEP_PUSH"):
        return
    if keys is None:
        _log.warning("SOURCEKEEP_PUSH is on, but SOURCEKEEP_PUSH_KEY and _SECRET are not set")
        return
    ended = await run_spider(process, PushSpider, session, keys=keys, pushed=result.pushed)
    result.finish_reason = _worse(result.finish_reason, ended)


def _worse(reason: str, ended: str) -> str:
    """Return what a run ends with: a later spider's fault counts, its open wishes do not."""
    return ended if ended not in GOOD_ENDS else reason


def _fill(result: CrawlResult, session: Session) -> None:
    if session.lost is not None:
        result.finish_reason = "evidence-lost"
        return
    session.commit()
    report = session.archive.runs.report(session.run)
    result.visits = sum(report.outcomes.values())
    result.fetches, result.new_captures = report.fetches, report.new_captures
    result.revisits, result.outcomes = report.revisits, report.outcomes
    result.articles = session.extraction.done
    result.due_left = session.archive.frontier.stats(session.clock.now()).due
    result.is_empty = session.archive.reading.is_empty()
    if session.extraction.broken is not None:
        result.finish_reason = "extraction-broke"
    result.failed = [dict(row) for row in session.archive.runs.failed(session.run, FAILED_SHOWN)]


class _Progress:
    """A bar that counts visits and articles while a session works."""

    def __init__(self, session: Session, *, quiet: bool) -> None:
        due = session.archive.frontier.stats(session.clock.now()).due
        self._bar = progress("visits", total=due or None, quiet=quiet)
        session.on_visit = self._visited
        session.extraction.on_article = self._extracted
        self._session = session

    def _visited(self, visit: Visit) -> None:
        self._bar.set_postfix_str(visit.url[:40], refresh=False)
        self._bar.update()

    def _extracted(self) -> None:
        self._bar.set_description(f"visits (to extract: {self._session.extraction.pending})")

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

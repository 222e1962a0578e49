"""Runs that ask others than the sources: web archives, and hosts for what has moved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings
from tqdm import tqdm

from crawler.cli.logs import log_file
from crawler.cli.output import progress
from crawler.cli.processes import GOOD_ENDS, make_process, run_spider, run_to_end
from crawler.errors import UsageError
from crawler.fetching.run.session import Session
from crawler.fetching.run.visits import Visit
from crawler.mementos.registry import WebArchive, archives_of
from crawler.rescue import Homecoming
from crawler.rescue.moving import Proposal
from crawler.rescue.pushing import Keys, Pushed
from crawler.rescue.rechecking import Rechecked
from crawler.spiders.moved import MovedSpider
from crawler.spiders.push import PushSpider
from crawler.spiders.recheck import RecheckSpider
from crawler.spiders.rescue import RescueSpider

T = TypeVar("T")


@dataclass(slots=True)
class Result(Generic[T]):
    """What a run did that asked others than the sources."""

    run: int = 0
    finish_reason: str = "not started"
    done: list[T] = field(default_factory=list)  # one for each source
    requests: int = 0
    still_due: int = 0
    broke: bool = False

    @property
    def early(self) -> str | None:
        """What to say of a run that had to stop; None: it came to its end."""
        if self.finish_reason == "finished":
            return None
        return f"ended early ({self.finish_reason}); run it again to go on"


def check_archives(settings: Settings) -> None:
    """Refuse web archives that a crawl cannot ask, before it begins. Raises UsageError."""
    if settings.getbool("SOURCEKEEP_RESCUE"):
        archives_of(settings.getlist("SOURCEKEEP_RESCUE_ARCHIVES"))
    if settings.getbool("SOURCEKEEP_PUSH"):
        archive_to_push_to(settings)


def archive_to_push_to(settings: Settings) -> WebArchive:
    """Return the archive that captures what is pushed. Raises UsageError where it takes none."""
    [archive] = archives_of([settings["SOURCEKEEP_PUSH_ARCHIVE"]])
    if archive.save is None:
        raise UsageError(f"{archive.id} takes no captures")
    return archive


def rescue(
    settings: Settings, sources: Sequence[int], *, limit: int | None, quiet: bool
) -> Result[Homecoming]:
    """Ask archives for these sources, or for what is due. Raises ArchiveError."""

    async def work(process: AsyncCrawlerProcess, session: Session, done: list[Homecoming]) -> str:
        rescuing, now = session.archive.rescuing, session.clock.now()
        rescuing.wish(sources, now)
        return await run_spider(
            process, RescueSpider, session, sources=sources, limit=limit, homecomings=done
        )

    return _run(settings, "rescue", work, quiet=quiet)


def look_for_moved(
    settings: Settings, sources: Sequence[int], *, limit: int | None, quiet: bool
) -> Result[Proposal]:
    """Look for pages that are gone on their own hosts. Raises ArchiveError."""
    at_most = limit or settings.getint("SOURCEKEEP_RESCUE_MAX")

    async def work(process: AsyncCrawlerProcess, session: Session, done: list[Proposal]) -> str:
        return await run_spider(
            process, MovedSpider, session, sources=sources, limit=at_most, proposals=done
        )

    return _run(settings, "rescue --moved", work, quiet=quiet)


def recheck(
    settings: Settings, sources: Sequence[int], *, limit: int | None, quiet: bool
) -> Result[Rechecked]:
    """Hold what came home against a second archive. Raises ArchiveError."""
    at_most = limit or settings.getint("SOURCEKEEP_RESCUE_MAX")

    async def work(process: AsyncCrawlerProcess, session: Session, done: list[Rechecked]) -> str:
        return await run_spider(
            process, RecheckSpider, session, sources=sources, limit=at_most, rechecked=done
        )

    return _run(settings, "rescue --recheck", work, quiet=quiet)


def push(settings: Settings, keys: Keys, *, quiet: bool) -> Result[Pushed]:
    """Go on with the push queue. Raises ArchiveError."""

    async def work(process: AsyncCrawlerProcess, session: Session, done: list[Pushed]) -> str:
        return await run_spider(process, PushSpider, session, keys=keys, pushed=done)

    return _run(settings, "push", work, quiet=quiet)


def _run(
    settings: Settings,
    command: str,
    work: Callable[[AsyncCrawlerProcess, Session, list[T]], Awaitable[str]],
    *,
    quiet: bool,
) -> Result[T]:
    """Do the work in a session of its own, with a row in `runs` like that of a crawl."""
    with log_file(settings):
        session = Session.open(settings, command)
        result: Result[T] = Result(run=session.run)
        try:
            process = make_process(settings)
            with progress("requests", total=None, quiet=quiet) as bar:
                session.on_visit = lambda visit: _count(result, bar, visit)
                run_to_end(process, _to_its_end(process, session, work, result))
            if session.lost is not None:
                result.finish_reason = "evidence-lost"
            else:
                session.commit()
                result.still_due = session.archive.rescuing.count_due(session.clock.now())
        finally:
            session.close(result.finish_reason)
        result.broke = result.finish_reason not in GOOD_ENDS
        return result


async def _to_its_end(
    process: AsyncCrawlerProcess,
    session: Session,
    work: Callable[[AsyncCrawlerProcess, Session, list[T]], Awaitable[str]],
    result: Result[T],
) -> None:
    result.finish_reason = await work(process, session, result.done)
    if session.lost is None and session.budget.seconds_left <= 0:
        result.finish_reason = "max-time"
    await session.read_and_judge_the_rest()


def _count(result: Result[T], bar: tqdm[Any], visit: Visit) -> None:
    result.requests += 1
    bar.set_postfix_str(visit.url[:40], refresh=False)
    bar.update()

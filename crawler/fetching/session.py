"""A session: what one run holds while it works.

The archive and its lock, the run's row, the clock, the extraction queue, and the grouping of
writes into commits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Self, TypeVar

from scrapy.settings import BaseSettings

from crawler import __version__
from crawler.archive import Archive, DueSource, ExtractionJob, Kept
from crawler.archive.opening import Reserve, reserve
from crawler.codings import DEFAULT_LIMIT
from crawler.conclusion import Conclusion, may_ask_conditionally
from crawler.dates import format_instant, parse_instant
from crawler.errors import EvidenceLost, UsageError
from crawler.fetching.budget import Budget
from crawler.fetching.clock import Clock
from crawler.fetching.endings import ended_visit
from crawler.fetching.extracting import ExtractionQueue
from crawler.fetching.garbage import Debris
from crawler.fetching.hosts import HostNotes
from crawler.fetching.judging import JudgingQueue
from crawler.fetching.visits import Visit
from crawler.items import OWN, Hop
from crawler.robotstxt import RobotsRecord
from crawler.schedule import ADAPTIVE, POLICIES, Policy
from crawler.urls import redact_url

logger = logging.getLogger(__name__)
T = TypeVar("T")

# One fdatasync serves a group. A capture counts as kept when its group is committed, so a group
# is small and does not wait long.
GROUP_MAX_VISITS = 32
GROUP_MAX_SECONDS = 0.25

# After a failure of our own the host is left alone for so long.
OUTAGE_REST = timedelta(hours=1)
# A log of that size means that a reader has held its transaction for a long time.
WAL_NOTED_BYTES = 256 * 2**20

SOFTWARE = ("scrapy", "trafilatura", "lxml", "twisted", "sqlite-utils")
# Settings that say how a run behaved; written into its row.
RECORDED_SETTINGS = (
    "USER_AGENT", "ROBOTSTXT_OBEY", "DOWNLOAD_DELAY", "CONCURRENT_REQUESTS",
    "CONCURRENT_REQUESTS_PER_DOMAIN", "DOWNLOAD_TIMEOUT", "RETRY_TIMES", "SOURCEKEEP_ALLOW",
    "SOURCEKEEP_ALLOW_PORTS", "SOURCEKEEP_PROXY", "SOURCEKEEP_NOW", "SOURCEKEEP_MAX_FETCHES",
    "SOURCEKEEP_MAX_FETCHES_PER_HOST", "SOURCEKEEP_MAX_SECONDS", "SOURCEKEEP_BODY_CAP_BYTES",
    "SOURCEKEEP_CRAWL_DELAY_CAP",
    "SOURCEKEEP_ROBOTS_PATIENCE_DAYS", "SOURCEKEEP_MIN_RATE",
    "SOURCEKEEP_MIN_RATE_WINDOW_S", "SOURCEKEEP_CA_FILE",
    "SOURCEKEEP_CONTROL_URLS", "SOURCEKEEP_SCHEDULE",
    "SOURCEKEEP_RESCUE", "SOURCEKEEP_RESCUE_ARCHIVES", "SOURCEKEEP_RESCUE_MAX",
    "SOURCEKEEP_RESCUE_FETCHES", "SOURCEKEEP_PUSH", "SOURCEKEEP_PUSH_ARCHIVE",
    "SOURCEKEEP_PUSH_MAX", "SOURCEKEEP_PUSH_FRESH",
)  # fmt: skip


class Session:
    """One run at work on one archive."""

    def __init__(
        self,
        archive: Archive,
        run: int,
        clock: Clock,
        *,
        workers: int | None = None,
        budget: Budget | None = None,
        policy: Policy = ADAPTIVE,
        body_cap: int = DEFAULT_LIMIT,
    ) -> None:
        self.archive = archive
        self.body_cap = body_cap  # bytes of a page that are kept
        self.run = run
        self.clock = clock
        self.budget = budget or Budget()
        self.hosts = HostNotes(archive, clock)
        self.extraction = ExtractionQueue(archive, clock, self.write, workers=workers)
        self.judging = JudgingQueue(
            archive,
            Conclusion(archive, run, policy=policy, on_incident=self.hosts.rest),
            clock,
            read=self._want,
            is_read=self.extraction.is_over,
        )
        self.extraction.on_read = self.judging.read
        self.debris = Debris()
        self.lost: EvidenceLost | None = None  # set when the archive could not be written
        self.on_lost: Callable[[], None] | None = None  # how to stop the crawl then
        self.on_visit: Callable[[Visit], None] | None = None  # for a progress bar
        self._reserve: Reserve | None = None
        self._in_group = 0
        self._timer: asyncio.TimerHandle | None = None
        self._wanting: list[ExtractionJob] = []  # new payloads of the open group
        self.robots = _GroupedRobots(self)
        self._resources = ExitStack()
        self._closed = False
        archive.connection.on_lost = self._lose

    @classmethod
    def open(cls, settings: BaseSettings, command: str) -> Self:
        """Open the archive that the settings name, lock it and begin a run.

        Raises ArchiveError and its kin when that cannot be, UsageError for a wrong setting.
        """
        policy = _policy(settings)
        with ExitStack() as resources:
            archive = resources.enter_context(
                Archive.open(settings["SOURCEKEEP_ARCHIVE"], create=True)
            )
            resources.enter_context(archive.run_lock())
            held = resources.enter_context(reserve(archive.path))
            pretended = settings.get("SOURCEKEEP_NOW")
            # One reading of the wall clock: whoever sets it during the run must not reorder it.
            clock = Clock(parse_instant(pretended) if pretended else datetime.now(UTC))
            archive.frontier.release_all()
            run = archive.runs.begin(
                command,
                software={"sourcekeep": __version__, **{name: version(name) for name in SOFTWARE}},
                settings=_recorded(settings),
                now=format_instant(clock.now()),
            )
            session = cls(
                archive,
                run,
                clock,
                workers=_int_or_none(settings, "SOURCEKEEP_WORKERS"),
                budget=Budget(
                    _int_or_none(settings, "SOURCEKEEP_MAX_FETCHES"),
                    _int_or_none(settings, "SOURCEKEEP_MAX_SECONDS"),
                    _int_or_none(settings, "SOURCEKEEP_MAX_FETCHES_PER_HOST"),
                ),
                policy=policy,
                body_cap=settings.getint("SOURCEKEEP_BODY_CAP_BYTES", DEFAULT_LIMIT),
            )
            session._reserve = held
            session._resources = resources.pop_all()
        return session

    @property
    def is_open(self) -> bool:
        """Whether something can still be written."""
        return not self._closed and self.lost is None

    # Writing

    def write(self, step: Callable[[], T]) -> T | None:
        """Run a step of writes as part of the current group. None when the archive refuses it.

        Then the run is stopped: going on without a record would lose evidence silently.
        """
        if self.lost is not None:
            return None  # it is not asked again: each try may wait long for a lock
        connection = self.archive.connection
        try:
            connection.begin_group()
            result = step()
            self._in_group += 1
            if self._in_group >= GROUP_MAX_VISITS:
                self.commit()
            elif self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(GROUP_MAX_SECONDS, self.commit)
            return result
        except EvidenceLost as exc:
            self._lose(exc)
            return None

    def commit(self) -> None:
        """Make the group durable; only then its new payloads go to extraction."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            self.archive.connection.end_group()
        except EvidenceLost as exc:
            self._lose(exc)
            return
        self._in_group = 0
        if self._wanting:
            committed, self._wanting = self._wanting, []
            self.extraction.add(committed)

    def _lose(self, exc: EvidenceLost) -> None:
        if self.lost is None:
            logger.error("the run stops: %s", exc)
            self.lost = exc
            self._wanting.clear()  # of a group that may be gone; the next run asks the archive
            self.archive.connection.wait_no_longer()
            if self.on_lost is not None:
                self.on_lost()

    # Visits

    def keep_alone(self, hop: Hop) -> None:
        """Keep a fetch that belongs to no visit: a robots.txt."""
        self.write(lambda: self.archive.evidence.record(self.run, None, [hop]))

    def keep_from_archive(
        self, visit: Visit, *, source: int | None = None, origin: str = OWN
    ) -> Kept | None:
        """Keep what a web archive answered: of a memento with its source and the archive's id.

        An index is asked for a source, but its answer is no capture of that.
        """
        kept = self.write(
            lambda: self.archive.evidence.record(self.run, source, visit.hops, origin=origin)
        )
        if self.on_visit is not None:
            self.on_visit(visit)
        return kept

    def keep_visit(self, visit: Visit) -> Kept | None:
        """Write a visit to a source with its end, all or nothing, and say when the next is due."""
        kept = self.write(lambda: self._keep_visit(visit))
        if self.on_visit is not None:
            self.on_visit(visit)
        return kept

    def _keep_visit(self, visit: Visit) -> Kept:
        with self.archive.writing():
            about_source = visit.source is not None and visit.purpose == "source"
            source = visit.source.id if visit.source and about_source else None
            kept = self.archive.evidence.record(self.run, source, visit.hops)
            rest = self.hosts.note(visit)
            if visit.source is not None and not visit.put_off:
                self._end_visit(visit, kept, rest)
        return kept

    def _end_visit(self, visit: Visit, kept: Kept, rest: timedelta | None) -> None:
        """Let a visit to a source, or beside it, be judged."""
        assert visit.source is not None
        frontier, now = self.archive.frontier, self.clock.now()
        ended = ended_visit(visit, kept, self.run)
        if visit.outcome == "local-fault":
            self.hosts.rest(visit.source.host, now + OUTAGE_REST)
            if visit.purpose == "source":
                self.judging.add(ended)
        elif visit.purpose == "control":
            if frontier.sibling_asked(visit.lease, visit.source.id, now):
                self.judging.probed(ended)
        elif frontier.finish(visit.lease, visit.source.id, now, began_at=visit.hops[0].fetched_at):
            self.judging.add(ended, rest)

    def validators_of(self, source: DueSource) -> tuple[str | None, str | None]:
        """Return the validators to ask with; none when the whole page is wanted."""
        if not source.etag and not source.last_modified:
            return None, None
        if not may_ask_conditionally(self.archive, source.id, self.clock.now()):
            return None, None
        return source.etag, source.last_modified

    def resume(self) -> None:
        """Judge what an interrupted run left unjudged."""
        self.write(self.judging.resume)
        self.commit()

    async def something_was_read(self) -> bool:
        """Wait until a payload was read, which may make something due. False: none is wanted."""
        if self._wanting:  # else the group goes on: each article would be a commit of its own
            self.commit()
        return self.lost is None and await self.extraction.something_ended()

    async def judge_the_rest(self) -> None:
        """Judge what was visited as far as it can be; more may be read afterwards."""
        self.commit()
        await self.extraction.settle()
        if self.lost is None and self.extraction.broken is None:
            self.write(self.judging.finish)
            self.commit()

    async def read(self, jobs: list[ExtractionJob]) -> bool:
        """Have payloads read and wait until they are. False: they could not be."""
        self._want(jobs)
        self.commit()
        while not all(self.extraction.is_over(job) for job in jobs):
            if self.lost is not None or not await self.extraction.something_ended():
                return False
        return True

    async def read_and_judge_the_rest(self) -> None:
        """Bring what was visited to its end; then no worker is left."""
        self.commit()
        await self.extraction.drain()
        if self.lost is None and self.extraction.broken is None:
            self.write(self.judging.finish)
            self.commit()

    def _want(self, jobs: list[ExtractionJob]) -> None:
        """Have payloads read as soon as they are committed."""
        self._wanting.extend(jobs)

    # The end

    def close(self, reason: str) -> None:
        """Commit, close the run's row and the archive. Extraction that is not done stays wanted.

        Raises EvidenceLost when that was refused and nothing before it.
        """
        if self._closed:
            return
        self._closed = True
        lost_before = self.lost
        self.commit()
        self.extraction.kill()
        self._note_what_was_odd()
        with self._resources:
            if self.lost is None:
                with suppress(EvidenceLost):
                    self._finish(reason)
            if self.lost is not None:
                self._end_in_need()
        if self.lost is not None and lost_before is None:
            raise self.lost

    def _finish(self, reason: str) -> None:
        now = format_instant(self.clock.now())
        self.archive.runs.finish(self.run, reason=reason, counts=self.counts(), now=now)
        self.archive.seal(self.clock.now(), run=self.run)

    def _end_in_need(self) -> None:
        """Give the reserve up, keep what the open group still holds, and end the run's row.

        Where even that is refused, the next run marks this one as killed.
        """
        if self._reserve is not None:
            self._reserve.free()
        with suppress(EvidenceLost):
            self.archive.connection.end_group()
            self._finish("evidence-lost")

    def _note_what_was_odd(self) -> None:
        skew, wal = self.hosts.clock_skew(), self.archive.connection.wal_size_bytes()
        if skew is not None:
            logger.warning("this machine's clock is %s s behind the hosts'", round(_seconds(skew)))
        if wal > WAL_NOTED_BYTES:
            logger.warning(
                "%s-wal has grown to %d MB: another process holds a transaction on the archive",
                self.archive.path, wal // 2**20,
            )  # fmt: skip

    def counts(self) -> dict[str, object]:
        """Return the counts of the run so far, from the rows that it wrote."""
        report = self.archive.runs.report(self.run)
        skew = self.hosts.clock_skew()
        noted = {} if skew is None else {"clock_skew_seconds": round(_seconds(skew))}
        return {
            **noted,
            "visits": sum(report.outcomes.values()),
            "fetches": report.fetches,
            "new_captures": report.new_captures,
            "revisits": report.revisits,
            "articles": self.extraction.done,
            "articles_failed": self.extraction.failed,
            "outcomes": report.outcomes,
        }


def _seconds(duration: timedelta) -> float:
    return duration.total_seconds()


def _recorded(settings: BaseSettings) -> dict[str, object]:
    """The settings for the run's row; a proxy's password is none of them."""
    values = {name: settings.get(name) for name in RECORDED_SETTINGS}
    values["USER_AGENT"] = user_agent(settings)
    if values["SOURCEKEEP_PROXY"]:
        values["SOURCEKEEP_PROXY"] = redact_url(str(values["SOURCEKEEP_PROXY"]))
    return values


def user_agent(settings: BaseSettings) -> str:
    """Return the user agent with the contact in it, so that a host can reach the operator."""
    agent, contact = settings["USER_AGENT"], settings.get("SOURCEKEEP_CONTACT")
    return f"{agent} (+{contact})" if contact and contact not in agent else agent


class _GroupedRobots:
    """The archive's robots.txt files, saved with the group like everything else."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def load(self, origin: str) -> RobotsRecord | None:
        """Return what was last found; None when the origin was never asked."""
        return self._session.archive.robots.load(origin)

    def unreachable_since(self, origin: str) -> str | None:
        """Return when an origin first failed to answer, after its last answer; None: it did not."""
        return self._session.archive.robots.unreachable_since(origin)

    def save(self, found: RobotsRecord) -> None:
        """Keep what was found."""
        self._session.write(lambda: self._session.archive.robots.save(found))


def _policy(settings: BaseSettings) -> Policy:
    """The schedule that the settings name. Raises UsageError."""
    name = settings.get("SOURCEKEEP_SCHEDULE", ADAPTIVE.name)
    if name not in POLICIES:
        raise UsageError(f"SOURCEKEEP_SCHEDULE={name!r}: write {' or '.join(POLICIES)}")
    return POLICIES[name]


def _int_or_none(settings: BaseSettings, name: str) -> int | None:
    """A whole number of the settings, or None when it is not set. Raises UsageError."""
    value = settings.get(name)
    try:
        return None if value in (None, "") else int(value)
    except ValueError as exc:
        raise UsageError(f"{name}={value!r}: write a whole number") from exc

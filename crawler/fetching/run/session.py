"""A session: what one run holds while it works, from the lock of the archive to the last commit.

Everything that a run writes goes through it, so that what fails there ends the run in good order:
with its row, and with what was committed before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import Self, TypeVar

from scrapy.settings import BaseSettings

from crawler.archive import Archive, DueSource, ExtractionJob, Kept
from crawler.archive.holding import Reserve, reserve
from crawler.archive.writing.frontier import CLOCKS_DIFFER
from crawler.codings import DEFAULT_LIMIT
from crawler.conclusion import Conclusion, may_ask_conditionally
from crawler.dates import format_instant, parse_instant
from crawler.errors import EvidenceLost
from crawler.fetching.run.budget import Budget
from crawler.fetching.run.clock import Clock
from crawler.fetching.run.configuration import (
    budget_of,
    recorded_settings,
    schedule_of,
    software,
    workers_of,
)
from crawler.fetching.run.endings import ended_visit, true_beginning
from crawler.fetching.run.extracting import ExtractionQueue
from crawler.fetching.run.garbage import Debris
from crawler.fetching.run.grouping import GroupedRobots, GroupedWrites
from crawler.fetching.run.hosts import HostNotes
from crawler.fetching.run.judging import JudgingQueue
from crawler.fetching.run.visits import Visit
from crawler.items import OWN, Hop
from crawler.schedule import ADAPTIVE, Policy

logger = logging.getLogger(__name__)
T = TypeVar("T")

# After a failure of our own the host is left alone for so long.
OUTAGE_REST = timedelta(hours=1)
# After so long a run that waits for its last articles looks whether anything is due by now.
READ_ON_S = 0.25
# A log of that size means that a reader has held its transaction for a long time.
WAL_NOTED_BYTES = 256 * 2**20


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
        self.writes = GroupedWrites(archive.connection)
        self.extraction = ExtractionQueue(archive, clock, self.write, workers=workers)
        self.writes.on_committed = self.extraction.add
        self.judging = JudgingQueue(
            archive,
            Conclusion(archive, run, policy=policy, on_incident=self.hosts.rest),
            clock,
            read=self.writes.want,
            is_read=self.extraction.is_over,
        )
        self.extraction.on_read = self.judging.read
        self.debris = Debris()
        self.on_visit: Callable[[Visit], None] | None = None  # for a progress bar
        self.outages: set[str] = set()  # of our own, that were told of in this run
        self._reserve: Reserve | None = None
        self.robots = GroupedRobots(archive.robots, self.writes)
        self._resources = ExitStack()
        self._closed = False

    @classmethod
    def open(cls, settings: BaseSettings, command: str) -> Self:
        """Open the archive that the settings name, lock it and begin a run.

        Raises ArchiveError and its kin when that cannot be, UsageError for a wrong setting.
        """
        policy = schedule_of(settings)
        with ExitStack() as resources:
            archive = resources.enter_context(
                Archive.open(settings["SOURCEKEEP_ARCHIVE"], create=True, scratch_in_memory=True)
            )
            resources.enter_context(archive.run_lock())
            held = resources.enter_context(reserve(archive.path))
            pretended = settings.get("SOURCEKEEP_NOW")
            # One reading of the wall clock: whoever sets it during the run must not reorder it.
            clock = Clock(parse_instant(pretended) if pretended else None)
            archive.frontier.release_all()
            _set_right(archive, clock)
            run = archive.runs.begin(
                command,
                software=software(),
                settings=recorded_settings(settings),
                now=format_instant(clock.now()),
            )
            session = cls(
                archive,
                run,
                clock,
                workers=workers_of(settings),
                budget=budget_of(settings),
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

    @property
    def lost(self) -> EvidenceLost | None:
        """What the archive said when it refused a write; None: it has refused none."""
        return self.writes.lost

    def write(self, step: Callable[[], T]) -> T | None:
        """Run a step of writes as part of the current group. None when the archive refuses it."""
        return self.writes.write(step)

    def commit(self) -> None:
        """Make what was written durable; only then its new payloads go to extraction."""
        self.writes.commit()

    # Visits

    def keep_alone(self, hop: Hop) -> None:
        """Keep a fetch that belongs to no visit: a robots.txt, or what a control URL answered.

        A host that asks for rest by its robots.txt is left alone at once, pages and all.
        """
        self.write(lambda: self._keep_alone(hop))

    def _keep_alone(self, hop: Hop) -> None:
        with self.archive.writing():
            self.archive.evidence.record(self.run, None, [hop])
            if hop.purpose == "robots":
                self.hosts.note_hop(hop)

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
            if visit.source is not None and visit.put_off is None:
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
        """Let payloads be read for a moment, which may make something due. False: none is wanted.

        Not until one was: to ask the frontier after each article what is due takes 0.1 ms.
        """
        if self.writes.has_unread:  # else the group goes on: no commit for each article
            self.commit()
        return self.lost is None and await self.extraction.read_on(READ_ON_S)

    async def judge_the_rest(self) -> None:
        """Judge what was visited as far as it can be; more may be read afterwards."""
        self.commit()
        await self.extraction.settle()
        self._judge_what_was_read()

    async def read(self, jobs: list[ExtractionJob]) -> bool:
        """Have payloads read and wait until they are. False: they could not be."""
        self.writes.want(jobs)
        self.commit()
        while not all(self.extraction.is_over(job) for job in jobs):
            if self.lost is not None or not await self.extraction.something_ended():
                return False
        return True

    async def read_and_judge_the_rest(self) -> None:
        """Bring what was visited to its end; then no worker is left."""
        self.commit()
        await self.extraction.drain()
        self._judge_what_was_read()

    def _judge_what_was_read(self) -> None:
        if self.lost is None and self.extraction.broken is None:
            self.write(self.judging.finish)
            self.commit()

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
            logger.warning("%s", _told_skew(skew, is_real=self.clock.is_real))
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


def _set_right(archive: Archive, clock: Clock) -> None:
    """Make due again what a clock that ran ahead put off, and say so."""
    now = clock.now()
    began_at = true_beginning(archive)
    count = archive.frontier.disbelieve(now, began_at)
    if began_at is None or now >= began_at:
        archive.rescuing.disbelieve(now, now + CLOCKS_DIFFER)
    if count:
        logger.warning(
            "%d sources were last visited, or added, after %s, so by a clock that was wrong;"
            " they are due",
            count, format_instant(now),
        )  # fmt: skip


def _told_skew(skew: timedelta, *, is_real: bool) -> str:
    """Say how far our clock is off; ``skew`` is how far it is behind the hosts'."""
    whose = "this machine's" if is_real else "the pretended"
    where = "behind" if skew > timedelta() else "ahead of"
    return f"{whose} clock is {round(_seconds(abs(skew)))} s {where} the hosts'"


def _seconds(duration: timedelta) -> float:
    return duration.total_seconds()

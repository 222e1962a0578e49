"""Extraction beside a crawl: committed payloads go through the pool, and come back as rows."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from crawler.archive import Archive, ExtractionJob
from crawler.archive.writing.articles import JobKey
from crawler.dates import format_instant
from crawler.errors import PayloadDamaged, PutOff
from crawler.extraction.pool import ExtractionPool
from crawler.fetching.run.clock import Clock
from crawler.fetching.run.turns import Turn, Turns
from crawler.items import Article, PageFacts

logger = logging.getLogger(__name__)


class ExtractionQueue:
    """What waits for extraction is a question to the archive, so nothing is lost by a kill.

    Only as many payloads as there are workers are in memory at a time: one that is put off is read
    from the archive again when its turn comes.
    """

    def __init__(
        self,
        archive: Archive,
        clock: Clock,
        write: Callable[[Callable[[], None]], object],
        *,
        workers: int | None = None,
    ) -> None:
        self._archive = archive
        self._clock = clock
        self._write = write
        self.pool = ExtractionPool(workers, others_wait=lambda: self._turns.others_wait)
        self._turns = Turns(self.pool.workers)
        self._awaited = 0  # who waits for something to be read, and brings nothing until then
        self._wake: asyncio.TimerHandle | None = None
        self._known: set[JobKey] = set()  # queued in this run, done ones included
        self._over: set[JobKey] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._stopped = False
        self.on_read: Callable[[ExtractionJob], None] | None = None  # in the block that saves it
        self.on_article: Callable[[], object] | None = None  # for a progress bar
        self.broken: BaseException | None = None  # no worker could be started, or worse
        self.done = 0
        self.failed = 0

    @property
    def pending(self) -> int:
        """How many payloads wait or are being extracted."""
        return len(self._turns) + len(self._tasks)

    def is_over(self, job: ExtractionJob) -> bool:
        """Tell whether a payload was read in this run, or could not be."""
        return job.key in self._over

    def add(self, jobs: list[ExtractionJob]) -> None:
        """Queue payloads, each once in a run."""
        now = time.monotonic()
        for job in jobs:
            if job.key not in self._known:
                self._known.add(job.key)
                self._turns.add(job, self._archive.payloads.size_bytes(job.payload), now=now)
        self._start()

    def _start(self) -> None:
        """Begin what there are workers for."""
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        while not self._stopped and len(self._tasks) < self.pool.workers:
            now = time.monotonic()
            turn = self._turns.take(now=now, all_are_here=self._awaited > 0)
            if turn is None:
                self._wake_in(self._turns.rest_seconds(now=now))
                return
            task = asyncio.get_running_loop().create_task(self._take(turn))
            self._tasks.add(task)
            task.add_done_callback(self._finished)

    def _wake_in(self, seconds: float | None) -> None:
        if seconds is not None:
            self._wake = asyncio.get_running_loop().call_later(seconds, self._start)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        problem = task.exception()
        if problem is None:
            self._start()
        elif self.broken is None:
            self._stopped = True
            self.broken = problem
            logger.error("extraction stops, its payloads wait for the next run: %s", problem)

    async def _take(self, turn: Turn) -> None:
        try:
            await self._extract(turn.page.job, may_be_put_off=turn.may_be_put_off)
        except PutOff:
            self._turns.was_put_off(turn, now=time.monotonic())
        else:
            self._turns.was_read(turn, now=time.monotonic())

    async def _extract(self, job: ExtractionJob, *, may_be_put_off: bool) -> None:
        try:
            body = self._archive.payloads.get(job.payload)
        except (PayloadDamaged, KeyError):  # rotten, or in another archive
            self.failed += 1  # an article of wrong bytes would be a lie
            self._write(lambda: self._over_with(job))
            return
        article, facts = await self._read(body, job, may_be_put_off=may_be_put_off)
        self._write(lambda: self._save(job, article, facts))
        if article is not None:
            self.done += 1
            self.failed += article.status == "failed"
        if self.on_article is not None:
            self.on_article()

    async def _read(
        self, body: bytes, job: ExtractionJob, *, may_be_put_off: bool
    ) -> tuple[Article | None, PageFacts | None]:
        if job.facts_only:
            facts = await self.pool.facts(
                body, url=job.url, content_type=job.content_type, may_be_put_off=may_be_put_off
            )
            return None, facts
        found = await self.pool.extract(
            body,
            url=job.url,
            content_type=job.content_type,
            fetched_on=job.captured_on,
            may_be_put_off=may_be_put_off,
        )
        return found.article, found.facts

    def _save(self, job: ExtractionJob, article: Article | None, facts: PageFacts | None) -> None:
        now = format_instant(self._clock.now())
        with self._archive.writing():
            if article is not None:
                self._archive.articles.save(job.payload, article, now=now)
            if facts is not None:
                self._archive.articles.save_facts(job.payload, facts, now=now)
            self._over_with(job)

    def _over_with(self, job: ExtractionJob) -> None:
        self._over.add(job.key)
        self._ended.set()
        if self.on_read is not None:
            self.on_read(job)

    @contextmanager
    def _waiting_for_it(self) -> Iterator[None]:
        """Let slow pages have all workers when none else waits: whoever waits brings no others."""
        self._awaited += 1
        self._start()
        try:
            yield
        finally:
            self._awaited -= 1

    async def something_ended(self) -> bool:
        """Wait until a payload was read. False: none is being read."""
        with self._waiting_for_it():
            if self._stopped or not self._tasks:
                return False
            self._ended.clear()
            ended = asyncio.create_task(self._ended.wait())
            await asyncio.wait({ended, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            return True

    async def read_on(self, seconds: float) -> bool:
        """Let payloads be read for so long, or until all are. False: none is being read."""
        with self._waiting_for_it():
            if self._stopped or not self._tasks:
                return False
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._read_all()
            return True

    async def _read_all(self) -> None:
        while self._tasks and not self._stopped:
            await asyncio.wait(set(self._tasks))
            await asyncio.sleep(0)  # lets the done callbacks start the next ones

    async def settle(self) -> None:
        """Wait until everything queued has its article; the workers stay."""
        with self._waiting_for_it():
            await self._read_all()

    async def drain(self) -> None:
        """Wait until everything queued has its article, then end the workers."""
        with self._waiting_for_it():
            while self._tasks:
                await asyncio.wait(set(self._tasks))
                await asyncio.sleep(0)  # lets the done callbacks start the next ones
        await self.pool.close()

    def kill(self) -> None:
        """End the workers at once; what is not extracted is extracted by the next run."""
        self._stopped = True
        if self._wake is not None:
            self._wake.cancel()
        for task in self._tasks:
            task.cancel()
        self.pool.kill()

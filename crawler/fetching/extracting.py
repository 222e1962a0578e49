"""Extraction beside a crawl: committed payloads go through the pool, articles come back as rows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from crawler.archive import Archive, ExtractionJob
from crawler.dates import format_instant
from crawler.errors import PayloadDamaged
from crawler.extraction.pool import ExtractionPool
from crawler.fetching.clock import Clock

logger = logging.getLogger(__name__)


class ExtractionQueue:
    """What waits for extraction is a question to the archive, so nothing is lost by a kill.

    Only as many payloads as there are workers are in memory at a time.
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
        self.pool = ExtractionPool(workers)
        self._waiting: list[ExtractionJob] = []
        self._known: set[str] = set()  # payloads queued in this run, done ones included
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False
        self.on_article: Callable[[], object] | None = None  # for a progress bar
        self.broken: BaseException | None = None  # no worker could be started, or worse
        self.done = 0
        self.failed = 0

    @property
    def pending(self) -> int:
        """How many payloads wait or are being extracted."""
        return len(self._waiting) + len(self._tasks)

    def feed(self) -> None:
        """Queue the committed payloads that have no article yet."""
        self.add(self._archive.articles.wanting())

    def add(self, jobs: list[ExtractionJob]) -> None:
        """Queue payloads, each once in a run."""
        fresh = [job for job in jobs if job.payload not in self._known]
        self._known.update(job.payload for job in fresh)
        self._waiting.extend(fresh)
        self._start()

    def _start(self) -> None:
        while not self._stopped and self._waiting and len(self._tasks) < self.pool.workers:
            task = asyncio.get_running_loop().create_task(self._extract(self._waiting.pop(0)))
            self._tasks.add(task)
            task.add_done_callback(self._finished)

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

    async def _extract(self, job: ExtractionJob) -> None:
        try:
            body = self._archive.payloads.get(job.payload)
        except PayloadDamaged:
            self.failed += 1  # an article of wrong bytes would be a lie
            return
        found = await self.pool.extract(
            body, url=job.url, content_type=job.content_type, fetched_on=job.captured_on
        )
        article = found.article
        now = format_instant(self._clock.now())
        self._write(lambda: self._archive.articles.save(job.payload, article, now=now))
        self.done += 1
        self.failed += article.status == "failed"
        if self.on_article is not None:
            self.on_article()

    async def drain(self) -> None:
        """Wait until everything queued has its article, then end the workers."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))
            await asyncio.sleep(0)  # lets the done callbacks start the next ones
        await self.pool.close()

    def kill(self) -> None:
        """End the workers at once; what is not extracted is extracted by the next run."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()
        self.pool.kill()

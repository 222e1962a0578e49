"""The worker processes that turn payloads into articles (main process; loads no trafilatura).

A page that crashes its worker, hangs or eats its memory costs that page only: the worker is ended
and replaced, and the page gets one more try on the lowest rung of the ladder. While others wait, a
page may be put off after a slice of CPU: its worker gives it up and goes on (``interruption``), or,
where it hears nothing, is ended as well (``process``); when its turn comes again is not decided
here. Plain asyncio, so it runs in ``asyncio.run`` as well as in Scrapy's asyncio reactor.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from crawler.errors import PutOff
from crawler.extraction.extractors import PAGES, PERHAPS_CODED, is_readable, unread_article
from crawler.extraction.jobs import Job
from crawler.extraction.mediatypes import sniff
from crawler.extraction.nursery import Nursery, Unlearned
from crawler.extraction.process import PUT_OFF, UNLEARNED, Result, Slice, Worker
from crawler.items import Article, Extraction, PageFacts

MAX_INPUT_BYTES = 20_000_000  # what trafilatura takes at most, and about 3 s of CPU
WALL_SECONDS = 14  # for all tries; with ends and starts of processes a page has its worker for 15
PEAK_MB = 400  # a worker that once needed so much is replaced: it does not give memory back
# Only where workers cannot be forked does a new one cost more than 0.02 s. What grows are caches:
# 10 MB in 1,400 pages, once the first hundreds have filled them.
JOBS_PER_WORKER = 2000
COMMAND = (sys.executable, "-W", "ignore", "-m", "crawler.extraction.worker")

# Shares of the wall limit, counted from when a worker takes the page up: by the first it must have
# the text, by the second the metadata too; what remains is for the lowest rung. Of 1,373 saved
# pages two took 1.5 s of CPU and no other 0.8, so only a machine busy fivefold cuts one short.
TEXT_SHARE, METADATA_SHARE = 0.5, 0.7

# While others wait, a page may have so much CPU before it is put off: of 1,373 saved pages one took
# more (0.76 s), and the next 0.21, with the languages of dates there. Of 11 that take from 2 s
# to minutes 10 could be interrupted within 0.1 s; the other (100,000 attributes) is in libxml2 for
# 10 s. A page of 2 MB, or the loading of languages, may not hear for 0.1 s in a step of a library.
# What has had 4 s before any other waited has had half of what its limits leave it.
SLICE_SECONDS, DEAF_SECONDS, PUT_OFF_UNTIL_SECONDS = 0.25, 0.3, 4.0
INTERRUPTION_WEAR = 100  # pages: should one leave something behind, then not in many articles

T = TypeVar("T")


class ExtractionPool:
    """A few worker processes, started when there is work, at most one page in each."""

    def __init__(
        self,
        workers: int | None = None,
        *,
        wall_seconds: float = WALL_SECONDS,
        jobs_per_worker: int = JOBS_PER_WORKER,
        command: Sequence[str] = COMMAND,
        others_wait: Callable[[], bool] = lambda: False,
        forks: bool | None = None,
    ) -> None:
        """``others_wait``: whether a page that may be put off shall be; ``forks``: see Nursery."""
        self.workers = workers or min(os.cpu_count() or 1, 4)
        self._wall_seconds = wall_seconds
        self._jobs_per_worker = jobs_per_worker
        self._nursery = Nursery(command, forks=forks)
        self._slice = Slice(
            others_wait, SLICE_SECONDS, until=PUT_OFF_UNTIL_SECONDS, deaf_seconds=DEAF_SECONDS
        )
        self._free = asyncio.Semaphore(self.workers)
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._closed = False

    async def extract(
        self,
        body: bytes,
        *,
        url: str,
        content_type: str | None,
        fetched_on: str,
        may_be_put_off: bool = False,
    ) -> Extraction:
        """Return the article in a payload, whatever is in it, and the facts of an HTML page.

        A failure is the article's status; it leaves no facts but those that were read before it.
        ``content_type`` is the header as received, ``fetched_on`` a calendar date. Raises
        ExtractionFailed only if no worker can be started at all, which is not the page's fault;
        PutOff, if it may be, when the page is slow and others wait: then it is as if it had not
        been asked for.
        """
        blank = unread_article(body, content_type)
        if not is_readable(blank.mime, content_type):
            return Extraction(blank)
        if len(body) > MAX_INPUT_BYTES:
            return Extraction(replace(blank, status="failed", failure="too-large"))
        job = Job(body, url, content_type, fetched_on)
        share = self._slice if may_be_put_off else None
        return await self._in_turn(lambda: self._down_the_ladder(job, blank, share))

    async def facts(
        self, body: bytes, *, url: str, content_type: str | None, may_be_put_off: bool = False
    ) -> PageFacts | None:
        """Return what an HTML page shows, without an article: for the bodies of error answers.

        None for other types, and where the page defeats its reader. Raises what ``extract`` does.
        """
        if sniff(body, content_type) not in PAGES or len(body) > MAX_INPUT_BYTES:
            return None
        job = Job(body, url, content_type, fetched_on="")
        share = self._slice if may_be_put_off else None

        async def facts() -> PageFacts | None:
            worker = await self._worker()
            end = asyncio.get_running_loop().time() + self._wall_seconds * TEXT_SHARE
            return (await self._try(worker, job.request("facts"), end, end, share)).facts

        return await self._in_turn(facts)

    async def _in_turn(self, read: Callable[[], Awaitable[T]]) -> T:
        """Return what comes of a page; read it once more where its worker lacked languages."""
        async with self._free:
            while True:
                try:
                    return await read()
                except Unlearned:
                    await self._nursery.learn()

    async def _down_the_ladder(self, job: Job, blank: Article, share: Slice | None) -> Extraction:
        """Return what the highest rung gives that a page lets us reach."""
        clock = asyncio.get_running_loop().time
        worker = await self._worker()
        begun = clock()
        has_second = blank.mime in PAGES | PERHAPS_CODED  # a PDF has no lower rung
        text_by, done_by = (
            begun + share * self._wall_seconds
            for share in ((TEXT_SHARE, METADATA_SHARE) if has_second else (1, 1))
        )
        first = await self._try(worker, job.request("fast"), text_by, done_by, share)
        if first.found is not None:
            return first.found if first.failure is None else _without_metadata(first.found)
        failed = replace(blank, status="failed", failure=first.failure, tried=("fast",))
        if not has_second:
            return Extraction(replace(failed, tried=()))
        worker = await self._worker()
        end = max(begun + self._wall_seconds, clock() + (1 - METADATA_SHARE) * self._wall_seconds)
        second = await self._try(worker, job.request("baseline"), end, end, share)
        if second.found is None:
            return Extraction(replace(failed, tried=("fast", "baseline")))
        return _tried(second.found, "fast", *second.found.article.tried)

    async def _try(
        self, worker: Worker, request: bytes, text_by: float, done_by: float, share: Slice | None
    ) -> Result:
        """Return what a worker makes of a page; a worker that is of no more use is ended.

        Raises PutOff, Unlearned.
        """
        self._busy.add(worker)
        try:
            result = await worker.answer(request, text_by, done_by, share)
        except BaseException:  # cancelled: nobody will read the answer
            worker.kill()
            raise
        finally:
            self._busy.discard(worker)
        was_put_off = result.failure == PUT_OFF
        if was_put_off:
            worker.jobs += INTERRUPTION_WEAR
        if self._is_of_use(worker, result):
            self._idle.append(worker)
        else:
            await worker.end()
        if was_put_off:
            raise PutOff
        if result.failure == UNLEARNED:
            raise Unlearned
        return result

    def _is_of_use(self, worker: Worker, result: Result) -> bool:
        return (
            result.failure in (None, PUT_OFF)
            and worker.is_sound
            and not self._closed
            and not self._worn(worker)
        )

    def _worn(self, worker: Worker) -> bool:
        return worker.jobs >= self._jobs_per_worker or worker.peak_mb > PEAK_MB

    async def _worker(self) -> Worker:
        """Return an idle worker, or a new one."""
        if self._closed:
            raise RuntimeError("the extraction pool is closed")
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive:
                return worker
            await worker.end()
        worker = await self._nursery.worker()
        if self._closed:  # meanwhile
            await worker.end()
            raise RuntimeError("the extraction pool is closed")
        return worker

    async def close(self) -> None:
        """End all workers, busy ones too, and wait until they are gone."""
        self._closed = True
        workers = [*self._idle, *self._busy]
        self._idle.clear()
        await asyncio.gather(*(worker.end() for worker in workers))
        await self._nursery.end()

    def kill(self) -> None:
        """End all workers at once, without waiting; for a process that is about to end itself."""
        self._closed = True
        for worker in (*self._idle, *self._busy):
            worker.kill()
        self._nursery.kill()


def _without_metadata(found: Extraction) -> Extraction:
    """Return a preliminary article as one that nothing more will come to."""
    return _tried(found, *found.article.tried, "without-metadata")


def _tried(found: Extraction, *rungs: str) -> Extraction:
    return replace(found, article=replace(found.article, tried=rungs))

"""The worker processes that turn payloads into articles (main process; loads no trafilatura).

A page that crashes its worker, hangs or eats its memory costs that page only: the worker is ended
and replaced, and the page gets one more try on the lowest rung of the ladder. Plain asyncio, so it
runs in ``asyncio.run`` as well as in Scrapy's asyncio reactor.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from crawler.errors import ExtractionFailed
from crawler.extraction.extractors import PAGES, PERHAPS_CODED, is_readable, unread_article
from crawler.extraction.frames import (
    LENGTHS,
    Header,
    extraction_from_json,
    facts_from_json,
    header_of,
    packed,
)
from crawler.extraction.mediatypes import sniff
from crawler.items import Article, Extraction, PageFacts

MAX_INPUT_BYTES = 20_000_000  # what trafilatura takes at most, and about 3 s of CPU
CPU_SECONDS = 10  # per try; the wall limit ends most of them first
PEAK_MB = 400  # a worker that once needed so much is replaced: it does not give memory back
START_SECONDS = 60  # 1 s on an idle machine
PIPE_BYTES = 2**20  # what Linux lets anybody have; 64 KiB by default, and a mean page has 190
# A start costs 0.3 s of CPU, and the first odd date 1.3 s more, for which dateparser loads all its
# languages; at 200 pages a worker that was a fifth of all extraction. What grows are caches: 10 MB
# in 1,400 pages, once the first hundreds have filled them.
JOBS_PER_WORKER = 2000
COMMAND = (sys.executable, "-W", "ignore", "-m", "crawler.extraction.worker")

# Shares of the wall limit, counted from when a worker takes the page up: by the first it must have
# the text, by the second the metadata too; what remains is for the lowest rung. Of 1,373 saved
# pages two took 1.5 s of CPU and no other 0.8, so only a machine busy fivefold cuts one short.
TEXT_SHARE, METADATA_SHARE = 0.5, 0.7


@dataclass(frozen=True, slots=True)
class _Job:
    """One page on its way through the pool."""

    body: bytes
    url: str
    content_type: str | None
    fetched_on: str


@dataclass(frozen=True, slots=True)
class _Result:
    """What a try brought, and why it is not the whole (None: it is)."""

    found: Extraction | None
    failure: str | None = None
    facts: PageFacts | None = None  # where they alone were asked for


class ExtractionPool:
    """A few worker processes, started when there is work, at most one page in each."""

    def __init__(
        self,
        workers: int | None = None,
        *,
        wall_seconds: float = 15,
        jobs_per_worker: int = JOBS_PER_WORKER,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.workers = workers or min(os.cpu_count() or 1, 4)
        self._wall_seconds = wall_seconds
        self._jobs_per_worker = jobs_per_worker
        self._command = tuple(command)
        self._free = asyncio.Semaphore(self.workers)
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._closed = False

    async def extract(
        self, body: bytes, *, url: str, content_type: str | None, fetched_on: str
    ) -> Extraction:
        """Return the article in a payload, whatever is in it, and the facts of an HTML page.

        A failure is the article's status; it leaves no facts but those that were read before it.
        ``content_type`` is the header as received, ``fetched_on`` a calendar date. Raises
        ExtractionFailed only if no worker can be started at all, which is not the page's fault.
        """
        blank = unread_article(body, content_type)
        if not is_readable(blank.mime, content_type):
            return Extraction(blank)
        if len(body) > MAX_INPUT_BYTES:
            return Extraction(replace(blank, status="failed", failure="too-large"))
        job = _Job(body, url, content_type, fetched_on)
        async with self._free:
            return await self._down_the_ladder(job, blank)

    async def facts(self, body: bytes, *, url: str, content_type: str | None) -> PageFacts | None:
        """Return what an HTML page shows, without an article: for the bodies of error answers.

        None for other types, and where the page defeats its reader. Raises ExtractionFailed as
        ``extract`` does.
        """
        if sniff(body, content_type) not in PAGES or len(body) > MAX_INPUT_BYTES:
            return None
        job = _Job(body, url, content_type, fetched_on="")
        async with self._free:
            worker = await self._worker()
            end = asyncio.get_running_loop().time() + self._wall_seconds * TEXT_SHARE
            return (await self._try(worker, _request(job, "facts"), end, end)).facts

    async def _down_the_ladder(self, job: _Job, blank: Article) -> Extraction:
        """Return what the highest rung gives that a page lets us reach."""
        clock = asyncio.get_running_loop().time
        worker = await self._worker()
        begun = clock()
        has_second = blank.mime in PAGES | PERHAPS_CODED  # a PDF has no lower rung
        text_by, done_by = (
            begun + share * self._wall_seconds
            for share in ((TEXT_SHARE, METADATA_SHARE) if has_second else (1, 1))
        )
        first = await self._try(worker, _request(job, "fast"), text_by, done_by)
        if first.found is not None:
            return first.found if first.failure is None else _without_metadata(first.found)
        failed = replace(blank, status="failed", failure=first.failure, tried=("fast",))
        if not has_second:
            return Extraction(replace(failed, tried=()))
        worker = await self._worker()
        end = max(begun + self._wall_seconds, clock() + (1 - METADATA_SHARE) * self._wall_seconds)
        second = await self._try(worker, _request(job, "baseline"), end, end)
        if second.found is None:
            return Extraction(replace(failed, tried=("fast", "baseline")))
        return _tried(second.found, "fast", *second.found.article.tried)

    async def _try(
        self, worker: _Worker, request: bytes, text_by: float, done_by: float
    ) -> _Result:
        """Return what a worker makes of a page; a worker that is of no more use is ended."""
        self._busy.add(worker)
        try:
            result = await worker.answer(request, text_by, done_by)
        except BaseException:  # cancelled: nobody will read the answer
            worker.kill()
            raise
        finally:
            self._busy.discard(worker)
        if result.failure is None and not self._closed and not self._worn(worker):
            self._idle.append(worker)
        else:
            await worker.end()
        return result

    def _worn(self, worker: _Worker) -> bool:
        return worker.jobs >= self._jobs_per_worker or worker.peak_mb > PEAK_MB

    async def _worker(self) -> _Worker:
        """Return an idle worker, or a new one."""
        if self._closed:
            raise RuntimeError("the extraction pool is closed")
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive:
                return worker
            await worker.end()
        worker = await _Worker.started(self._command)
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

    def kill(self) -> None:
        """End all workers at once, without waiting; for a process that is about to end itself."""
        self._closed = True
        for worker in (*self._idle, *self._busy):
            worker.kill()


class _Worker:
    """One child process and the pipes to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._requests = process.stdin
        self._replies = process.stdout
        self.jobs = 0
        self.peak_mb = 0

    @classmethod
    async def started(cls, command: Sequence[str]) -> _Worker:
        """Return a worker that is warm and waits for work. Raises ExtractionFailed."""
        pipe = asyncio.subprocess.PIPE
        try:
            # a session of its own: Ctrl-C is the main process's to answer
            process = await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, start_new_session=True
            )
        except OSError as exc:
            raise ExtractionFailed("crash", f"no worker could be started: {exc}") from exc
        worker = cls(process)
        _widen(worker._requests)
        try:
            async with asyncio.timeout(START_SECONDS):
                await worker._reply()
        except (TimeoutError, asyncio.IncompleteReadError, ValueError) as exc:
            await worker.end()
            why = f"exit code {process.returncode}, {type(exc).__name__}"
            raise ExtractionFailed("crash", f"a worker died while it started: {why}") from exc
        except BaseException:
            worker.kill()
            raise
        return worker

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.returncode is None

    async def answer(self, request: bytes, text_by: float, done_by: float) -> _Result:
        """Return what the worker says within two deadlines, on the running loop's clock."""
        self.jobs += 1
        found: Extraction | None = None
        try:
            async with asyncio.timeout_at(text_by) as limit:
                self._requests.write(request)
                await self._requests.drain()
                while True:
                    reply = await self._reply()
                    if "found" in reply:
                        found = extraction_from_json(reply["found"])
                    if reply["final"]:
                        self.peak_mb = int(reply["peak_mb"])
                        facts = facts_from_json(reply.get("facts"))
                        return _Result(found, reply.get("failure"), facts)
                    limit.reschedule(done_by)
        except TimeoutError:
            return _Result(found, "timeout")
        except (asyncio.IncompleteReadError, ConnectionError):
            return _Result(found, await self._cause_of_death())
        except (ValueError, KeyError, TypeError):
            return _Result(found, "crash")  # it wrote nonsense

    async def _reply(self) -> Header:
        """Return the header of the next frame."""
        header_size, _ = LENGTHS.unpack(await self._replies.readexactly(LENGTHS.size))
        return header_of(await self._replies.readexactly(header_size))

    async def _cause_of_death(self) -> Literal["timeout", "memory", "crash"]:
        """Return why the process ended by itself."""
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._process.wait()
        if self._process.returncode == -signal.SIGXCPU:
            return "timeout"
        # nobody but the kernel, out of memory, kills without a trace
        return "memory" if self._process.returncode == -signal.SIGKILL else "crash"

    def kill(self) -> None:
        """End the process at once."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        """End the process and wait until it is gone."""
        self.kill()
        await self._process.wait()
        self._requests.close()


def _widen(requests: asyncio.StreamWriter) -> None:
    """Let most pages pass a pipe as a whole, instead of in three pieces with a wait for each."""
    # Linux only; a user's pipes have a limit together; a worker may have ended already
    with suppress(AttributeError, OSError, ValueError):
        fcntl.fcntl(requests.get_extra_info("pipe"), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _without_metadata(found: Extraction) -> Extraction:
    """Return a preliminary article as one that nothing more will come to."""
    return _tried(found, *found.article.tried, "without-metadata")


def _tried(found: Extraction, *rungs: str) -> Extraction:
    return replace(found, article=replace(found.article, tried=rungs))


def _request(job: _Job, rung: str) -> bytes:
    """Return the frame that asks a worker for an article, or for facts alone."""
    header = {
        "url": job.url,
        "content_type": job.content_type,
        "fetched_on": job.fetched_on,
        "rung": rung,
        "cpu_seconds": CPU_SECONDS,
    }
    return packed(header, job.body)

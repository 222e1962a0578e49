"""The queue of what waits to be read: slow pages go last, and none is lost or left in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from crawler.archive import Archive, ExtractionJob
from crawler.extraction import pool as pools
from crawler.fetching.run import turns
from crawler.fetching.run.clock import Clock
from crawler.fetching.run.extracting import ExtractionQueue
from tests.test_extraction import PARAGRAPHS, PROSE, html
from tests.test_extraction_pool import children

# Large, and read at once; small, and a second of work
LARGE = html(PROSE + f"<!-- {'x' * turns.LARGE_BYTES} -->")
LONG = html(PROSE + "".join(f"<span>w{n} </span>" for n in range(50_000)))


@pytest.fixture(autouse=True)
def slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short ones: a page that is surely longer then takes no minutes."""
    monkeypatch.setattr(pools, "SLICE_SECONDS", 0.2)


def jobs_of(archive: Archive, bodies: dict[str, bytes]) -> list[ExtractionJob]:
    """Payloads that want an article, as a crawl leaves them."""
    with archive.writing():
        digests = {name: archive.payloads.put(body) for name, body in bodies.items()}
    return [
        ExtractionJob(digest, f"http://x.example/{name}", "text/html", "text/html", "2026-03-01")
        for name, digest in digests.items()
    ]


def ordinary(count: int) -> dict[str, bytes]:
    return {f"o{n}": html(PROSE + f"<p>And one of its own, number {n}.") for n in range(count)}


def in_queue(
    archive: Archive, now: datetime, act: Callable[[ExtractionQueue], Awaitable[None]]
) -> list[str]:
    """Act with a queue of one worker; return what was read, by name, in its order."""
    read: list[str] = []

    async def main() -> None:
        queue = ExtractionQueue(archive, Clock(now), lambda step: step(), workers=1)
        queue.on_read = lambda job: read.append(job.url.rpartition("/")[2])
        try:
            await act(queue)
        finally:
            queue.kill()
            await queue.pool.close()

    before = children()
    asyncio.run(main())
    assert children() == before
    return read


def is_whole(archive: Archive, job: ExtractionJob) -> bool:
    row = archive.connection.sql.execute(
        "SELECT status, text, tried FROM articles WHERE payload = ?", (job.payload,)
    ).fetchone()
    return row[0] == "text" and row[2] == "fast" and all(p in row[1] for p in PARAGRAPHS)


def test_slow_pages_are_read_when_the_others_are_and_to_the_same_end(
    archive: Archive, now: datetime
) -> None:
    jobs = jobs_of(archive, {"large": LARGE, "long": LONG, **ordinary(6)})

    async def act(queue: ExtractionQueue) -> None:
        queue.add(jobs)
        assert queue.pending == 8
        await queue.drain()
        assert (queue.pending, queue.done, queue.failed) == (0, 8, 0)

    assert in_queue(archive, now, act) == [*ordinary(6), "long", "large"]
    assert all(is_whole(archive, job) for job in jobs)


def test_a_slow_page_begins_by_itself_when_none_has_come_for_a_moment(
    archive: Archive, now: datetime
) -> None:
    jobs = jobs_of(archive, {"large": LARGE})

    async def act(queue: ExtractionQueue) -> None:
        queue.add(jobs)  # and nobody waits for it
        async with asyncio.timeout(60):
            while queue.pending:
                await asyncio.sleep(0.05)

    assert in_queue(archive, now, act) == ["large"]


def test_whoever_waits_for_a_slow_page_gets_it(archive: Archive, now: datetime) -> None:
    jobs = jobs_of(archive, {"large": LARGE, "too": LARGE + b" "})

    async def act(queue: ExtractionQueue) -> None:
        queue.add(jobs)
        while not all(queue.is_over(job) for job in jobs):
            assert await queue.something_ended()
        assert not await queue.something_ended()
        queue.add(jobs)  # each once in a run
        assert queue.pending == 0
        await queue.settle()

    assert in_queue(archive, now, act) == ["large", "too"]


def test_what_is_put_off_when_a_run_ends_is_read_by_the_next(
    archive: Archive, now: datetime
) -> None:
    jobs = jobs_of(archive, {"large": LARGE, "long": LONG, **ordinary(3)})

    async def ends(queue: ExtractionQueue) -> None:
        queue.on_article = lambda: queue.kill() if queue.done == 2 else None
        queue.add(jobs)
        await queue.drain()

    async def goes_on(queue: ExtractionQueue) -> None:
        queue.add([job for job in jobs if not archive.articles.was_read(job)])
        await queue.drain()

    assert in_queue(archive, now, ends) == ["o0", "o1"]
    assert sorted(in_queue(archive, now, goes_on)) == ["large", "long", "o2"]
    assert all(is_whole(archive, job) for job in jobs)

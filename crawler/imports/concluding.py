"""What was brought in is read and judged: each source as a whole, in the order of the dates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from crawler.archive import Archive, ExtractionJob
from crawler.conclusion import Conclusion
from crawler.fetching.run.clock import Clock
from crawler.fetching.run.extracting import ExtractionQueue

SOURCES_AT_ONCE = 16  # whose payloads are read together; only their jobs are in memory


async def conclude_waiting(
    archive: Archive,
    clock: Clock,
    *,
    workers: int | None = None,
    on_source: Callable[[], object] = lambda: None,
) -> int:
    """Read and judge all that waits to be; return how many articles were made.

    Sources that end at an address to which others are led are judged twice: the first time it was
    not known of all others. Raises ExtractionFailed when no worker can be started: it then waits
    for the next run.
    """

    def write(step: Callable[[], None]) -> None:
        step()

    queue = ExtractionQueue(archive, clock, write, workers=workers)
    conclusion = Conclusion(archive)
    waiting = archive.supplying.waiting()
    try:
        queue.add(archive.articles.jobs_of_mementos())
        for sources in _batches(waiting):
            queue.add([job for source in sources for job in _jobs(archive, source)])
            while queue.pending and await queue.something_ended():
                pass
            if queue.broken is not None:
                raise queue.broken
            for source in sources:
                conclusion.conclude_again(source, now=clock.now())
                on_source()
        while queue.pending and await queue.something_ended():
            pass
        if queue.broken is not None:
            raise queue.broken
        for source in archive.neighbourhood.ending_together(waiting):
            conclusion.conclude_again(source, now=clock.now())
    finally:
        await queue.pool.close()
    return queue.done


def _batches(sources: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(sources), SOURCES_AT_ONCE):
        yield sources[start : start + SOURCES_AT_ONCE]


def _jobs(archive: Archive, source: int) -> list[ExtractionJob]:
    visits = archive.observing.visits_of(source)
    return [job for visit in visits for job in archive.articles.job_of(visit)]

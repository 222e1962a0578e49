"""Visits that ended and wait to be judged: until their payloads are read, or a sibling was asked.

Visits to one source are judged in their order, because each is measured against the copy that the
earlier ones left. What is not judged at the end of a run is found by the next one in the archive.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from crawler.archive import Archive, EndedVisit, ExtractionJob
from crawler.archive.writing.articles import JobKey
from crawler.archive.writing.neighbourhood import parent_of
from crawler.conclusion import Asked, Conclusion
from crawler.fetching.run.clock import Clock
from crawler.urls import host_key
from crawler.verdicts.probes import probe_url

Folder = tuple[str, str]  # host and folder: one sibling speaks for all pages in it


def folder_of(visit: EndedVisit) -> Folder:
    """Return the folder beside whose pages a sibling would be asked for."""
    url = visit.hops[0].url
    return host_key(url), parent_of(url)


@dataclass(slots=True)
class _Waiting:
    """A visit that is not judged yet, and what it waits for."""

    visit: EndedVisit
    rest: timedelta | None
    jobs: set[JobKey] = field(default_factory=set)
    final: bool = False  # no sibling is asked for any more


class JudgingQueue:
    """The visits of one run that wait to be judged."""

    def __init__(
        self,
        archive: Archive,
        conclusion: Conclusion,
        clock: Clock,
        *,
        read: Callable[[list[ExtractionJob]], None],
        is_read: Callable[[ExtractionJob], bool],
    ) -> None:
        self._archive = archive
        self._conclusion = conclusion
        self._clock = clock
        self._read = read  # has jobs done, once the group is committed
        self._is_read = is_read  # tells whether a job was done, or failed, in this run
        self._queues: dict[int, deque[_Waiting]] = {}
        self._readers: dict[JobKey, set[int]] = defaultdict(set)  # sources that wait for a job
        self._suspended: dict[Folder, list[_Waiting]] = {}
        self._probes: dict[JobKey, Folder] = {}  # answers of siblings that are being read
        # Sources that were led elsewhere, with their visits; and whether any came since `finish`.
        self._led: defaultdict[int, dict[int, Asked]] = defaultdict(dict)
        self._led_since = False

    def resume(self) -> None:
        """Take up the visits that an interrupted run, or an older release, left unjudged."""
        for fetch in self._archive.observing.unjudged():
            self.add(self._archive.observing.visit(fetch))

    def add(self, visit: EndedVisit, rest: timedelta | None = None) -> None:
        """Judge a visit, at once or as soon as it is read. To be called in a block of writes."""
        jobs = [job for job in self._conclusion.wanting(visit) if not self._is_read(job)]
        waiting = _Waiting(visit, rest, {job.key for job in jobs})
        for key in waiting.jobs:
            self._readers[key].add(visit.source)
        self._queues.setdefault(visit.source, deque()).append(waiting)
        self._read(jobs)
        self._go_on(visit.source)

    def read(self, job: ExtractionJob) -> None:
        """Go on with the visits that waited for a job. To be called in a block of writes."""
        key = job.key
        for source in self._readers.pop(key, ()):
            for waiting in self._queues.get(source, ()):
                waiting.jobs.discard(key)
            self._go_on(source)
        folder = self._probes.pop(key, None)
        if folder is not None:
            self._judge_suspended(folder)

    def probed(self, probe: EndedVisit) -> None:
        """Keep what a host said of a sibling, and judge the pages that waited for it."""
        folder = folder_of(probe)
        self._archive.neighbourhood.save_probe(*folder, probe, probe.hops[0].url)
        jobs = [job for job in self._archive.articles.job_of(probe) if not self._is_read(job)]
        if jobs:
            self._probes[jobs[0].key] = folder
            self._read(jobs)
        else:
            self._judge_suspended(folder)

    def finish(self) -> None:
        """Judge without their siblings the pages whose siblings could not be asked.

        Then, once more, what was led to an address to which many are: the first of them were judged
        before the others had been seen, in this run or in earlier ones.
        """
        for folder in list(self._suspended):
            self._judge_suspended(folder)
        if self._led_since:
            self._led_since = False
            self._judge_by_others()

    def _judge_by_others(self) -> None:
        now, neighbourhood = self._clock.now(), self._archive.neighbourhood
        fetches = [fetch for visits in self._led.values() for fetch in visits]
        together = neighbourhood.ending_together(list(self._led))
        for source in dict.fromkeys((*together, *neighbourhood.joined_by(fetches))):
            if source not in self._queues:  # else a visit to it is not read yet
                asked = self._led.get(source, {})
                self._conclusion.conclude_by_others(source, asked, now=now)

    def _judge_suspended(self, folder: Folder) -> None:
        for waiting in self._suspended.pop(folder, ()):
            waiting.final = True
            self._queues.setdefault(waiting.visit.source, deque()).appendleft(waiting)
            self._go_on(waiting.visit.source)

    def _go_on(self, source: int) -> None:
        queue = self._queues[source]
        while queue and not queue[0].jobs:
            self._judge(queue.popleft())
        if not queue:
            del self._queues[source]

    def _judge(self, waiting: _Waiting) -> None:
        visit, now = waiting.visit, self._clock.now()
        judgement = self._conclusion.conclude(
            visit, now=now, rest=waiting.rest, final=waiting.final
        )
        if judgement is None:
            self._suspend(waiting)
        elif visit.last.url != visit.hops[0].url:
            self._led[visit.source][visit.fetch] = now, waiting.rest
            self._led_since = True

    def _suspend(self, waiting: _Waiting) -> None:
        """Ask for a page beside this one that cannot exist; once for all pages of a folder."""
        folder = folder_of(waiting.visit)
        if folder not in self._suspended:
            url = probe_url(waiting.visit.hops[0].url)
            self._archive.frontier.ask_sibling(waiting.visit.source, url, self._clock.now())
        self._suspended.setdefault(folder, []).append(waiting)

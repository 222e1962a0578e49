"""The `entries` spider: reads inputs into the ledger, from disk and from sites."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Any

from scrapy import Request

from crawler.archive import Input
from crawler.dates import format_instant
from crawler.errors import EvidenceLost, InputNotFound
from crawler.fetching.run.visits import Visit
from crawler.intake.files import read_files
from crawler.intake.inputs import add_input, checked_base, classify_input, scope_options
from crawler.intake.taking import Intake, IntakeCounts
from crawler.spiders.archive_spider import ArchiveSpider
from crawler.spiders.following import Step
from crawler.spiders.pages import SitePages


class EntriesSpider(ArchiveSpider):
    """Reads one input (``-a input=…``), those of ``input_ids``, or all that were added.

    Where ``pages`` are left, of a walk that had to stop, it goes on with them alone.
    """

    name = "entries"
    arguments = frozenset({"input", "depth", "since", "until", "base_url"})

    def __init__(
        self,
        input: str | None = None,
        depth: str | None = None,
        since: str | None = None,
        until: str | None = None,
        base_url: str | None = None,
        input_ids: Sequence[int] | None = None,
        counts: IntakeCounts | None = None,
        pages: SitePages | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._named, self._base_url, self._ids = input, base_url, input_ids
        self._options = scope_options(depth, since, until)
        if input is not None:  # a wrong word ends the crawl before it begins
            classify_input(input)
            checked_base(base_url)
        self.counts = counts or IntakeCounts()
        self._walk = pages

    async def start(self) -> AsyncIterator[Request]:
        """Read the inputs on disk, and yield a request for each that is on the web."""
        self.stop_when_lost()
        if self.pages.are_left:
            for step, source in self.pages.resume():
                for request in self._requests([step], source):
                    yield request
            return
        for source in self._inputs():
            if source.kind == "url":
                for request in self._requests([Step(source.locator, 0)], source):
                    yield request
            else:
                await self._read(source)

    @property
    def pages(self) -> SitePages:
        """The walk over the sites: that which it was given, or its own."""
        if self._walk is None:
            self._walk = SitePages(self.session, self.counts)
        return self._walk

    def _inputs(self) -> list[Input]:
        archive, ids = self.session.archive, self._ids
        if self._named:
            ids = [add_input(
                archive, self._named, base_url=self._base_url, options=self._options,
                now=self._now(),
            )]  # fmt: skip
        return archive.inputs.enabled(ids)

    async def _read(self, source: Input) -> None:
        intake = Intake(self.session.archive, source, self.counts, self._now())
        try:
            for _ in read_files(intake):
                await asyncio.sleep(0)  # the crawl goes on beside a large folder
        except InputNotFound as exc:
            intake.note_problem(source.locator, exc.why)
        except EvidenceLost:
            return  # the session has been told, and stops the crawl

    def _requests(self, steps: Sequence[Step], source: Input) -> Iterator[Request]:
        for step, kept in self.pages.to_fetch(steps, source):
            arrived = partial(self._arrived, step=step, source=source)
            validators = (kept.etag, kept.last_modified) if kept else (None, None)
            yield self.visit(Visit("entry", step.url), arrived, *validators)

    def _arrived(self, visit: Visit, step: Step, source: Input) -> Iterator[Request]:
        yield from self._requests(self.pages.arrived(visit, step, source), source)

    def _now(self) -> str:
        return format_instant(self.session.clock.now())

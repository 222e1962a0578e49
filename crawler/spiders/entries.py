"""The `entries` spider: reads inputs into the ledger, from disk and from sites."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Any

from scrapy import Request

from crawler.archive import Input, Kept, KeptPage
from crawler.dates import day_in_path, format_instant, parse_instant
from crawler.entries import read_page
from crawler.errors import EntryError, InputNotFound
from crawler.fetching.visits import Visit
from crawler.intake import (
    FetchedPage,
    IntakeCounts,
    add_input,
    note_problem,
    read_fetched,
    read_files,
    scope_options,
)
from crawler.items import DayIndex, Entry
from crawler.schedule import History, next_visit
from crawler.spiders.archive_spider import ArchiveSpider
from crawler.spiders.following import Scope, Step, next_steps
from crawler.verdicts import LIVE


class EntriesSpider(ArchiveSpider):
    """Reads one input (``-a input=…``), those of ``input_ids``, or all that were added."""

    name = "entries"

    def __init__(
        self,
        input: str | None = None,
        depth: str | None = None,
        since: str | None = None,
        until: str | None = None,
        base_url: str | None = None,
        input_ids: Sequence[int] | None = None,
        counts: IntakeCounts | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._named = input
        self._base_url = base_url
        self._options = scope_options(depth, since, until)
        self._ids = input_ids
        self.counts = counts or IntakeCounts()
        self._seen: set[str] = set()

    async def start(self) -> AsyncIterator[Request]:
        """Read the inputs on disk, and yield a request for each that is on the web."""
        self.stop_when_lost()
        for source in self._inputs():
            if source.kind == "url":
                for request in self._pages([Step(source.locator, 0)], source):
                    yield request
            else:
                await self._read(source)

    def _inputs(self) -> list[Input]:
        ledger, ids = self.session.archive.ledger, self._ids
        if self._named:
            ids = [add_input(
                self.session.archive, self._named, base_url=self._base_url,
                options=self._options, now=self._now(),
            )]  # fmt: skip
        return ledger.inputs(ids)

    async def _read(self, source: Input) -> None:
        try:
            for _ in read_files(self.session.archive, source, self.counts, self._now()):
                await asyncio.sleep(0)  # the crawl goes on beside a large folder
        except InputNotFound as exc:
            archive, now = self.session.archive, self._now()
            note_problem(archive, source, source.locator, exc.why, self.counts, now)

    def _pages(self, steps: Sequence[Step], source: Input) -> Iterator[Request]:
        """Yield requests for the pages that are due; of the others follow what is kept."""
        for step in steps:
            if step.url in self._seen:
                continue
            self._seen.add(step.url)
            page = self.session.archive.evidence.page(step.url)
            if page is not None and step.url != source.locator and not self._is_due(page, step):
                yield from self._follow_kept(page, step, source)
                continue
            if not self.session.take_budget(1):
                continue
            validators = {
                "If-None-Match": page.etag if page else None,
                "If-Modified-Since": page.last_modified if page else None,
            }
            arrived = partial(self._arrived, step=step, source=source)
            yield self.visit(Visit("entry", step.url), arrived, validators)

    def _is_due(self, page: KeptPage, step: Step) -> bool:
        """Tell whether a page should be read again: like a source, ever less often."""
        day = day_in_path(step.url)
        history = History(
            parse_instant(page.first_captured_at), parse_instant(day) if day else None, failures=0
        )
        planned = next_visit(history, "live", parse_instant(page.captured_at))
        return planned.due_at <= self.session.clock.now()

    def _follow_kept(self, page: KeptPage, step: Step, source: Input) -> Iterator[Request]:
        """Go on from a page that need not be fetched now; it is in the ledger already."""
        body = self.session.archive.payloads.get(page.payload)
        try:
            found = read_page(body, step.url, base_url=source.base_url or step.url)
        except EntryError:
            return  # recorded as a problem when it was fetched
        yield from self._follow(found, step.url, step.depth, source)

    def _follow(
        self, found: Entry | DayIndex, url: str, depth: int, source: Input
    ) -> Iterator[Request]:
        scope = Scope.of(source.locator, source.options)
        yield from self._pages(list(next_steps(found, url, depth, scope)), source)

    def _arrived(self, visit: Visit, step: Step, source: Input) -> Iterator[Request]:
        """Keep a page that came back, read it into the ledger, and go on from it."""
        kept = self.session.keep_visit(visit)
        if kept is None or visit.outcome not in LIVE or kept.final_payload is None:
            self._note_missing(visit, step, source)
            return
        found = self.session.write(lambda: self._take(visit, kept, source))
        if found is not None:
            yield from self._follow(found, visit.hops[-1].url, step.depth, source)

    def _take(self, visit: Visit, kept: Kept, source: Input) -> Entry | DayIndex | None:
        """Read the page; after a 304 the one that it confirms, whose links are wanted too."""
        archive, last = self.session.archive, visit.hops[-1]
        body = visit.body
        if body is None:
            body = archive.payloads.get(kept.final_payload or "")
        archive.ledger.input_read(source.id, self._now())
        page = FetchedPage(last.url, body, last.mime_declared, kept.final_capture)
        return read_fetched(archive, page, source, self.counts, self._now())

    def _note_missing(self, visit: Visit, step: Step, source: Input) -> None:
        """An input that cannot be fetched is a problem; a dead link between entries is not."""
        if step.url == source.locator:
            why = f"could not be fetched: {visit.hops[-1].reason}"
            note_problem(self.session.archive, source, step.url, why, self.counts, self._now())

    def _now(self) -> str:
        return format_instant(self.session.clock.now())

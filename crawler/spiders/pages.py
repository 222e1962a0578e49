"""The pages of sites that hold entries: which to fetch, and where they lead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from crawler.archive import Input, Kept, KeptPage
from crawler.dates import day_in_path, format_instant, parse_instant
from crawler.entries.reading import read_page
from crawler.entries.wiki.export import export_in
from crawler.errors import EntryError
from crawler.fetching.curfew import RunIsOver
from crawler.fetching.run.session import Session
from crawler.fetching.run.visits import Visit
from crawler.intake.exports import take_export
from crawler.intake.taking import FetchedPage, Intake, IntakeCounts
from crawler.items import DayIndex, Entry
from crawler.schedule import next_rung
from crawler.spiders.following import Scope, Step, next_steps
from crawler.verdicts import LIVE


class SitePages:
    """The walk of one run over the sites of its inputs; each page is taken once."""

    def __init__(self, session: Session, counts: IntakeCounts) -> None:
        self._session = session
        self._counts = counts
        self._seen: set[str] = set()
        self._left: dict[str, tuple[Step, Input]] = {}

    @property
    def are_left(self) -> bool:
        """Whether there are pages that are due, for which no visit or no time was left."""
        return bool(self._left)

    def resume(self) -> list[tuple[Step, Input]]:
        """Return the steps to the pages that were left, each with its input; they may be taken."""
        left, self._left = list(self._left.values()), {}
        self._seen.difference_update(step.url for step, _ in left)
        return left

    def to_fetch(
        self, steps: Sequence[Step], source: Input
    ) -> Iterator[tuple[Step, KeptPage | None]]:
        """Yield the pages that are due, with what is kept of them; of the others walk on from that.

        An input's own page is always due: it is where new entries appear.
        """
        waiting = deque(steps)  # no recursion: days lead to days, for years
        while waiting:
            step = waiting.popleft()
            if step.url in self._seen:
                continue
            self._seen.add(step.url)
            kept = self._session.archive.evidence.page(step.url)
            if step.url != source.locator and self._is_barred(step.url):
                waiting.extend(self._steps_from_kept(kept, step, source) if kept else [])
            elif kept is None or step.url == source.locator or self._is_due(kept, step):
                if self._session.budget.take(1):
                    yield step, kept
                else:
                    self._left[step.url] = (step, source)
            else:
                waiting.extend(self._steps_from_kept(kept, step, source))

    def _is_barred(self, url: str) -> bool:
        """Tell whether a page is never fetched: an input says so each time, its pages never do."""
        return self._session.archive.barring.holding(url) is not None

    def _is_due(self, kept: KeptPage, step: Step) -> bool:
        """Tell whether a page should be read again: like a source, ever less often.

        One that was read later than now was dated by a clock that was wrong.
        """
        day, now = day_in_path(step.url), self._session.clock.now()
        planned = next_rung(
            parse_instant(kept.first_captured_at),
            parse_instant(day) if day else None,
            read_at := parse_instant(kept.captured_at),
        )
        return planned.due_at <= now or read_at > now

    def _steps_from_kept(self, kept: KeptPage, step: Step, source: Input) -> list[Step]:
        """Where a page leads that need not be fetched now; it is in the ledger already."""
        body = self._session.archive.payloads.get(kept.payload)
        try:
            found = read_page(body, step.url, base_url=source.base_url or step.url)
        except EntryError:
            return []  # recorded as a problem when it was fetched
        return _steps(found, step.url, step.depth, source)

    def arrived(self, visit: Visit, step: Step, source: Input) -> list[Step]:
        """Keep a page that came back, read it into the ledger, and return where it leads."""
        if isinstance(visit.put_off, RunIsOver):
            self._left[step.url] = (step, source)
            return []
        kept = self._session.keep_visit(visit) if visit.hops else None
        if kept is None or visit.outcome not in LIVE or kept.final_payload is None:
            self._note_missing(visit, step, source)
            return []
        found = self._session.write(lambda: self._take(visit, kept, step, source))
        return [] if found is None else _steps(found, visit.hops[-1].url, step.depth, source)

    def _take(self, visit: Visit, kept: Kept, step: Step, source: Input) -> Entry | DayIndex | None:
        """Read the page; after a 304 the one that it confirms, whose links are wanted too."""
        archive, last = self._session.archive, visit.hops[-1]
        body = visit.body
        if body is None:
            body = archive.payloads.get(kept.final_payload or "")
        archive.inputs.was_read(source.id, self._now())
        export = export_in(body)
        if export is not None:
            take_export(self._intake(source), export, last.url, kept.final_capture)
            return None
        page = FetchedPage(last.url, body, last.mime_declared, kept.final_capture, step.listed_on)
        return self._intake(source).take_fetched(page)

    def _note_missing(self, visit: Visit, step: Step, source: Input) -> None:
        """An input that cannot be fetched is a problem; a dead link between entries is not.

        Nor is a failure of our own, which is told of once for all.
        """
        if step.url == source.locator and visit.outcome != "local-fault":
            last = visit.last
            why = f"could not be fetched: {last.reason if last else 'put off to the next run'}"
            self._session.write(lambda: self._intake(source).note_problem(step.url, why))

    def _intake(self, source: Input) -> Intake:
        return Intake(self._session.archive, source, self._counts, self._now())

    def _now(self) -> str:
        return format_instant(self._session.clock.now())


def _steps(found: Entry | DayIndex, url: str, depth: int, source: Input) -> list[Step]:
    return list(next_steps(found, url, depth, Scope.of(source.locator, source.options)))

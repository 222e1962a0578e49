"""What was read of an input into the ledger: its entries, and what is wrong with its pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crawler.archive import Archive, Input, Page
from crawler.entries.reading import dated_by_feed, read_page
from crawler.entries.twins import merge_twins
from crawler.errors import EntryError
from crawler.intake.copies import copies_of
from crawler.items import DayIndex, Entry


@dataclass(slots=True)
class IntakeCounts:
    """What reading inputs did so far."""

    pages: int = 0
    unchanged: int = 0
    entries_new: int = 0
    entries_uncited: int = 0  # of those that were read, how many cite nothing
    sources_new: int = 0
    citations_new: int = 0
    citations_removed: int = 0
    warnings: int = 0
    problems: int = 0


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page as it came from the web."""

    url: str
    body: bytes
    mime: str | None
    capture: int | None
    listed_on: str | None = None  # the day that a feed names for it


@dataclass(frozen=True, slots=True)
class Intake:
    """The door through which the pages of one input come into an archive, at one moment."""

    archive: Archive
    source: Input
    counts: IntakeCounts  # of all inputs that are read together
    now: str

    def take_fetched(self, page: FetchedPage) -> Entry | DayIndex | None:
        """Read a page that was fetched and write it into the ledger when it is an entry.

        None when it is neither entry nor day index; that is recorded as a problem of the page.
        """
        self.counts.pages += 1
        base_url = self.source.base_url or page.url
        try:
            found = read_page(page.body, page.url, base_url=base_url, mime=page.mime)
        except EntryError as exc:
            self.note_problem(page.url, exc.why)
            return None
        if isinstance(found, Entry):
            found = dated_by_feed(found, page.listed_on)
            self.keep([(found, page.body)], page.capture)
        else:
            self.archive.inputs.solved(page.url)
        return found

    def keep(self, twins: Sequence[tuple[Entry, bytes]], capture: int | None = None) -> None:
        """Write one entry into the ledger, as its twin pages tell it, each with its bytes."""
        entries = [entry for entry, _ in twins]
        entries += copies_of(self.archive, entries)
        entry = entries[0] if len(entries) == 1 else merge_twins(entries)
        pages = [_page(twin, content, capture) for twin, content in twins]
        recorded = self.archive.ledger.record(entry, pages, input_id=self.source.id, now=self.now)
        counts = self.counts
        counts.entries_new += recorded.new
        counts.entries_uncited += not entry.citations
        counts.sources_new += recorded.sources_added
        counts.citations_new += recorded.citations_added
        counts.citations_removed += recorded.citations_removed
        counts.warnings += len(entry.warnings)

    def note_problem(self, locator: str, why: str) -> None:
        """Record that a page of the input could not be read as an entry."""
        self.counts.problems += 1
        self.archive.inputs.problem(locator, why, input_id=self.source.id, now=self.now)


def _page(entry: Entry, content: bytes, capture: int | None) -> Page:
    """Return the page that an entry was read from, with the reader's warnings."""
    warnings = tuple((warning.code, warning.detail) for warning in entry.warnings)
    return Page(entry.locator, content, entry.reader, warnings, capture)

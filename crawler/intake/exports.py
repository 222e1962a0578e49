"""Exports of MediaWiki, page for page into the ledger: each of their pages is an entry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from crawler.entries.wiki.export import ExportedPage, pages_in, read_exported
from crawler.entries.wiki.naming import locator_of_page
from crawler.errors import EntryError
from crawler.intake.taking import Intake


def read_export(
    intake: Intake, stream: BinaryIO, locator: str, capture: int | None = None
) -> Iterator[tuple[str, int] | None]:
    """Read an export into the ledger, page by page, and close it.

    Yields after each page: (locator, entry) of one that is as it was, which is to be marked as seen
    again, else None. Where the file breaks off, that is noted as its problem; what stood before is
    kept. A page that is no longer in the export changes nothing, as a file that is gone.
    """
    number = 0
    try:
        with stream:
            for page in pages_in(stream, locator):
                number += 1
                intake.counts.pages += 1
                yield _take(intake, page, locator, capture)
    except EntryError as exc:
        intake.note_problem(locator, f"{exc.why} (after {number} pages)")
        return
    if number:
        intake.archive.inputs.solved(locator)
    else:
        intake.note_problem(locator, "an export of MediaWiki, but no article is in it")


def take_export(intake: Intake, stream: BinaryIO, url: str, capture: int | None) -> None:
    """Read an export that was fetched into the ledger."""
    seen = [page for page in read_export(intake, stream, url, capture) if page is not None]
    intake.archive.ledger.seen_again(seen, intake.now)


def _take(
    intake: Intake, page: ExportedPage, locator: str, capture: int | None
) -> tuple[str, int] | None:
    content = page.text.encode("utf-8")
    place = locator_of_page(locator, page.title)
    if intake.source.read_before:
        entry = intake.archive.ledger.entry_of_unchanged(place, content)
        if entry is not None:
            intake.counts.unchanged += 1
            return place, entry
    try:
        found = read_exported(page, locator, intake.source.base_url)
    except EntryError:
        return None  # a redirect that is not marked as one
    intake.keep([(found, content)], capture)
    return None

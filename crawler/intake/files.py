"""Files and folders of entries, page for page into the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crawler.entries.pages import SUFFIXES, PageGroup, find_pages
from crawler.entries.reading import read_page
from crawler.entries.wiki.export import open_export
from crawler.errors import EntryError, InputNotFound
from crawler.intake.exports import read_export
from crawler.intake.taking import Intake
from crawler.items import Entry

BATCH = 500  # pages that share a commit: a fraction of a second of work
MAX_BYTES = 32 * 2**20  # of a file; pages of the web have the same limit


def read_files(intake: Intake) -> Iterator[None]:
    """Read a file or folder into the ledger, yielding after each page. Commits in batches.

    Pages whose bytes are as they were are only marked as seen. Raises InputNotFound when the
    file or folder has gone.
    """
    _look_for(Path(intake.source.locator))
    yield from _Reading(intake).pages()


def _look_for(path: Path) -> None:
    """See whether an input is there. Raises InputNotFound: it is gone, or kept from us."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise InputNotFound(str(path), "was added, but is no longer there") from exc
    except OSError as exc:  # rights that were taken away, a network's disk that has gone
        raise InputNotFound(str(path), f"cannot be read: {exc.strerror}") from exc


class _Reading:
    """One reading of a file or folder, whose pages share commits."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._source = intake.source
        self._archive = intake.archive
        self._unchanged: list[tuple[str, int]] = []  # pages to be marked as seen, their entries
        self._exported: set[str] = set()  # files that are exports of wikis, not pages

    def pages(self) -> Iterator[None]:
        """Read all of it, yielding after each page."""
        source, counts, number = self._source, self._intake.counts, 0
        connection, problems = self._archive.connection, counts.problems
        connection.begin_group()
        try:
            for number, group in enumerate(find_pages(Path(source.locator), self._closed), 1):
                yield from self._exports(group)
                self._read(group)
                if number % BATCH == 0:
                    self._flush()
                yield
            self._flush()
            if not number and counts.problems == problems:
                why = f"no page of entries lies in this folder ({', '.join(SUFFIXES)})"
                self._intake.note_problem(source.locator, why)
            self._archive.inputs.was_read(source.id, self._intake.now)
        finally:
            connection.end_group()

    def _closed(self, folder: Path, why: OSError) -> None:
        self._intake.note_problem(str(folder), f"may not be looked into: {why.strerror}")

    def _flush(self) -> None:
        self._archive.ledger.seen_again(self._unchanged, self._intake.now)
        self._unchanged.clear()
        self._archive.connection.commit()
        self._archive.connection.begin_group()  # a session's timer may have ended it

    def _read(self, group: PageGroup) -> None:
        """Read the twins of one page; skip them when all of them are as they were."""
        contents = self._contents(group)
        if not contents:
            return
        if self._source.read_before and self._are_known(contents):
            return
        found = ((self._entry_in(locator, body), body) for locator, body in contents)
        twins = [(entry, body) for entry, body in found if entry is not None]
        if twins:
            self._intake.keep(twins)

    def _exports(self, group: PageGroup) -> Iterator[None]:
        """Read the exports of wikis among the files of a group, which hold many pages each."""
        for file in group.files:
            try:
                stream = open_export(file)
            except OSError:
                continue  # told of when it is read as a page
            if stream is None:
                continue
            self._exported.add(str(file))
            for number, seen in enumerate(read_export(self._intake, stream, str(file)), 1):
                if seen is not None:
                    self._unchanged.append(seen)
                if number % BATCH == 0:
                    self._flush()
                yield

    def _contents(self, group: PageGroup) -> list[tuple[str, bytes]]:
        """Return the files of a page that can be read, each by its path with its bytes."""
        contents: list[tuple[str, bytes]] = []
        for file in group.files:
            if str(file) in self._exported:
                continue
            self._intake.counts.pages += 1
            try:
                if file.stat().st_size > MAX_BYTES:
                    why = f"larger than {MAX_BYTES // 2**20} MiB, which no page of entries is"
                    self._intake.note_problem(str(file), why)
                else:
                    contents.append((str(file), file.read_bytes()))
            except OSError as exc:
                self._intake.note_problem(str(file), exc.strerror or str(exc))
        return contents

    def _are_known(self, contents: list[tuple[str, bytes]]) -> bool:
        """Tell whether all of them are as they were; then they have only been seen again."""
        ledger = self._archive.ledger
        known = [(locator, ledger.entry_of_unchanged(locator, body)) for locator, body in contents]
        unchanged = [(locator, entry) for locator, entry in known if entry is not None]
        if len(unchanged) < len(contents):
            return False
        self._unchanged.extend(unchanged)
        self._intake.counts.unchanged += len(unchanged)
        return True

    def _entry_in(self, locator: str, body: bytes) -> Entry | None:
        """Return the entry that a file holds; None: it holds none, which is noted as a problem.

        An index of a folder need not be one: it is mostly a list of what lies there.
        """
        is_index = self._source.kind == "folder" and Path(locator).stem.casefold() == "index"
        try:
            found = read_page(body, locator, base_url=self._source.base_url)
        except EntryError as exc:
            if not is_index:
                self._intake.note_problem(locator, exc.why)
            return None
        if isinstance(found, Entry):
            return found if found.citations or not is_index else None
        if self._source.kind == "file":
            why = "lists other pages, but is no entry itself; add its folder or its URL"
            self._intake.note_problem(locator, why)
        return None

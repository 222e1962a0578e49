"""Bringing in the records of WARC, ARC and WACZ files: each once, at the source that it shows."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from crawler.archive import Archive
from crawler.dates import format_instant, parse_instant
from crawler.digests import digest_of
from crawler.errors import UrlError
from crawler.fetching.run.clock import Clock
from crawler.imports.chains import Chains, target_of
from crawler.imports.containers import Part, Signed, opened
from crawler.imports.counts import Counts
from crawler.imports.exchanges import exchange_of, url_of
from crawler.imports.finding import pages_in
from crawler.imports.grouping import SMALL_BYTES, Alone, Answer, grouped
from crawler.imports.keeping import Keeping
from crawler.imports.lines import Line, Lines
from crawler.imports.ours import Aside, Attempted, Elsewhere, Exchange, NotUsable, Told, told_in
from crawler.imports.passed import Passed
from crawler.imports.reading import Reader
from crawler.imports.records import Record, Unread, read_records
from crawler.imports.repeats import Repeats
from crawler.items import Hop
from crawler.urls import parse_url

WAITING_MAX = 1_000  # revisits whose original may come later
AHEAD_MAX = timedelta(days=1)  # of a date: what clocks and time zones that were set wrong explain


class Importer:
    """Reads files into an archive, within one run."""

    def __init__(
        self, archive: Archive, run: int, clock: Clock, reader: Reader | None = None
    ) -> None:
        self.counts = Counts()
        self._archive, self._clock, self._reader = archive, clock, reader or Reader()
        self._keeping = Keeping(archive, run, clock, self.counts)
        self._chains = Chains(self._keeping.keep)
        self._repeats = Repeats(archive)
        self._waiting: list[Answer] = []
        self._part: Part | None = None  # that is read, with what was passed over in it
        self._passed = Passed()
        self._untold = 0  # records of the present file that a web archive gave, as nobody knows

    def find_sources(self, path: Path) -> None:
        """Make a source of each page in a file of which none is known. Raises as ``read``.

        To be done with all files before any is read: else a redirect would be left out because
        the page to which it belongs stands behind it.
        """
        with opened(path) as parts:
            self._archive.connection.begin_group()
            for part in parts:
                if isinstance(part, Part):
                    for url in pages_in(part, self._reader):
                        self._add_source(url)
        self._archive.connection.end_group()

    def _add_source(self, url: str) -> None:
        if self._source_of(url) is None:
            now = format_instant(self._clock.now())
            with suppress(UrlError):
                self._archive.supplying.add_source(parse_url(url), now)
                self.counts.sources_new += 1

    def read(self, path: Path) -> None:
        """Bring in a file. Raises ContainerRefused when it is none that is read, or hostile."""
        self._untold = 0
        with opened(path) as parts:
            self._archive.connection.begin_group()
            for part in parts:
                if isinstance(part, Unread):
                    self.counts.note(part)
                elif isinstance(part, Signed):
                    self.counts.note_signature(part)
                else:
                    self._read_part(part)
        self.counts.files += 1
        if self._untold:
            self.counts.note_untold(path.name, self._untold)

    def finish(self) -> None:
        """Write what waited for more to come, and commit."""
        self._chains.end()
        self._retry()
        self._chains.end()
        for told in self._waiting:
            self._unusable(told.record, "it repeats a record that is in none of these files")
        self._waiting.clear()
        self._archive.connection.end_group()
        self.counts.sources = self._keeping.sources

    def _read_part(self, part: Part) -> None:
        if part.lines:
            lines = Lines(part.file, part.name, cap=self._reader.cap)
            for line in self._reader.lines(lines, self.counts.note):
                self._take_line(part.name, line, lines)
            return
        self._part = part
        for told in grouped(self._reader.records(part, self.counts.note)):
            self.counts.records += 1
            if isinstance(told, Alone):
                self._take_attempt(told.told, part.name, told.record.offset)
            else:
                self._take(told)
        self._retry()
        self._part, self._passed = None, Passed()

    def _retry(self) -> None:
        """Take up the revisits whose originals may have come by now."""
        waiting, self._waiting = self._waiting, []
        for told in waiting:
            self._take(told)

    # One record

    def _take(self, told: Answer) -> None:
        record = told.record
        if told.metadata and told_in(told.metadata.block) is Aside.UNTOLD:
            self._untold += 1
            return
        try:
            url = url_of(record)
            if not self._is_wanted(url, told.metadata):
                self.counts.other_addresses += 1
                self._passed.note(url, record.date, record.offset)
                return
            repeated = self._repeats.body_of(record) if record.type == "revisit" else b""
            if repeated is None:
                self._wait(told)
                return
            exchange = exchange_of(
                record, cap=self._reader.cap, request=told.request, metadata=told.metadata,
                repeated=repeated,
            )  # fmt: skip
        except Elsewhere:
            self.counts.not_pages += 1
        except NotUsable as exc:
            self._unusable(record, str(exc))
        else:
            self._repeats.remember(record, exchange.hop.body or b"")
            self._place(exchange, record.file, record.offset)

    def _take_line(self, name: str, line: Line, lines: Lines) -> None:
        self.counts.records += 1
        told = line.told
        if told is Aside.UNTOLD:
            self._untold += 1
            return
        if isinstance(told, Attempted) or told is Aside.NO_VISIT:
            self._take_attempt(told, name, line.offset)
            return
        if isinstance(told, Aside) or self._source_of(told.source_url) is None:
            self.counts.other_addresses += 1
            return
        body = line.body
        if body is None:
            before = lines.payload(told.payload)
            body = before if before is not None else self._repeats.held(told.payload)
        if body is None:
            self.counts.note(Unread(name, line.offset, "its payload is on no line before it"))
        elif not told.is_of(body):
            self.counts.note(Unread(name, line.offset, "its payload does not match its digest"))
        else:
            self._place(told.exchange(body), name, line.offset)

    def _take_attempt(self, told: Attempted | Aside, name: str, offset: int) -> None:
        """Bring in an attempt that got no answer, where its source is known."""
        if told is Aside.NO_VISIT:
            self.counts.not_pages += 1
        elif isinstance(told, Aside) or self._source_of(told.source_url) is None:
            self.counts.other_addresses += 1
        else:
            self._place(told.exchange(), name, offset)

    def _is_wanted(self, url: str, metadata: Record | None) -> bool:
        if self._chains.awaits(url) or self._source_of(url) is not None:
            return True
        told = _source_told(metadata)
        return told is not None and self._source_of(told) is not None

    def _source_of(self, url: str) -> int | None:
        try:
            return self._archive.supplying.source_of(parse_url(url))
        except UrlError:
            return None

    def _unusable(self, record: Record, why: str) -> None:
        self.counts.note(Unread(record.file, record.offset, why))

    def _wait(self, told: Answer) -> None:
        if len(self._waiting) < WAITING_MAX and len(told.record.block) <= SMALL_BYTES:
            self._waiting.append(told)
        else:
            self._unusable(told.record, "it repeats a record that did not come before it")

    # Where it belongs

    def _place(self, exchange: Exchange, file: str, offset: int) -> None:
        hop = exchange.hop
        latest = max(hop.fetched_at, exchange.memento.latest if exchange.memento else "")
        if parse_instant(latest) > self._clock.now() + AHEAD_MAX:
            why = f"its date is still to come ({latest})"
            self.counts.note(Unread(file, offset, why))
            return
        held = self._archive.evidence.payload_of(hop.capture_uid or "")
        if held is not None and held != digest_of(hop.body or b""):
            why = "it is called like a capture that is held, and shows something else"
            self.counts.note(Unread(file, offset, why))
            return
        source = None if exchange.is_rescued else self._chains.source_for(hop)
        if source is None:
            source = self._source_of(exchange.source_url)
        if source is None:  # the redirect that led here was of another time
            self.counts.other_addresses += 1
        elif exchange.is_rescued:
            self._keeping.keep_rescued(source, exchange)
        else:
            self._chains.add(source, exchange)
            self._take_passed(hop)

    def _take_passed(self, redirect: Hop) -> None:
        """Take the answer to which a redirect led, where it stands before it and was left out."""
        target = target_of(redirect)
        offset = self._passed.pop(target, redirect.fetched_at) if target else None
        if offset is None or self._part is None:
            return
        file, name = self._part.file, self._part.name
        again = read_records(file, name, cap=self._reader.cap, start=offset)
        for answer in grouped(each for each in again if isinstance(each, Record)):
            if isinstance(answer, Alone):
                continue
            self.counts.other_addresses -= 1
            self._take(answer)
            return


def _source_told(metadata: Record | None) -> str | None:
    """Return the URL of the source for which an archive of ours made a capture; None: not told."""
    told = told_in(metadata.block) if metadata else None
    return told.source_url if isinstance(told, Told) else None

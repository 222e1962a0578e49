"""Intake: bytes of entry pages, from disk or from the web, through the readers into the ledger."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from crawler.archive import Archive, Input, Page
from crawler.dates import parse_day
from crawler.entries.pages import SUFFIXES, PageGroup, find_pages
from crawler.entries.reading import dated_by_feed, read_page
from crawler.entries.twins import merge_twins
from crawler.errors import EntryError, InputNotFound, PayloadDamaged, UrlError, UsageError
from crawler.items import DayIndex, Entry
from crawler.urls import host_key, parse_url, same_site

BATCH = 500  # pages that share a commit: a fraction of a second of work
MAX_BYTES = 32 * 2**20  # of a file; pages of the web have the same limit


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


def classify_input(text: str) -> tuple[str, str]:
    """Return (kind, locator) of what a person named: a URL, an existing file or folder.

    Raises InputNotFound with a sentence that says what to do.
    """
    if "://" in text:
        try:
            return "url", parse_url(text)
        except UrlError as exc:
            raise InputNotFound(text, f"not a URL that can be fetched ({exc.reason})") from exc
    path = _place(text)
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = 0
    except OSError as exc:
        raise InputNotFound(text, f"cannot be read: {exc.strerror}") from exc
    if S_ISDIR(mode):
        return "folder", str(path)
    if S_ISREG(mode):
        return "file", str(path)
    raise InputNotFound(text, "no such file or folder; a web page needs its http:// or https://")


def _place(text: str) -> Path:
    """Return the path that a person named, links followed as far as they lead."""
    path = Path(text)
    with suppress(RuntimeError):  # "~name/", and nobody is called so
        path = path.expanduser()
    return Path(os.path.realpath(path))


def scope_options(depth: str | None, since: str | None, until: str | None) -> dict[str, str]:
    """Return the options of an input as they are kept. Raises UsageError, BadDate."""
    if depth is not None and not depth.isdecimal():
        raise UsageError(f"depth {depth!r}: write a whole number, 0 or more")
    first, last = parse_day(since) if since else None, parse_day(until) if until else None
    if first and last and first > last:
        raise UsageError(f"no day lies between {first} and {last}: the end comes first")
    options = {"depth": depth, "since": first, "until": last}
    return {name: value for name, value in options.items() if value is not None}


def checked_base(base_url: str | None) -> str | None:
    """Return a base URL as it is kept; None for none. Raises InputNotFound."""
    try:
        return parse_url(base_url) if base_url else None
    except UrlError as exc:
        raise InputNotFound(base_url or "", f"not a base URL ({exc.reason})") from exc


def add_input(
    archive: Archive,
    text: str,
    *,
    base_url: str | None,
    options: dict[str, str],
    now: str,
) -> int:
    """Remember what a person named as an input, and return its id. Raises InputNotFound."""
    kind, locator = classify_input(text)
    base = checked_base(base_url)
    barred = archive.barring.holding(locator) if kind == "url" else None
    if barred is not None:
        raise UsageError(
            f"{text}: {barred} is barred; take that back with: sourcekeep add --off {barred}"
        )
    return archive.inputs.add(kind, locator, base_url=base, options=options, now=now)


def find_input(archive: Archive, text: str) -> int:
    """Return the id of the input that a person means: by id, or as it was added.

    The file or folder need not be there any more. Raises InputNotFound.
    """
    known = {str(row["locator"]): int(row["id"]) for row in archive.reading.inputs()}
    if text.isdecimal() and int(text) in known.values():
        return int(text)
    try:
        locator = parse_url(text) if "://" in text else str(_place(text))
    except UrlError:
        locator = text
    if locator not in known:
        raise InputNotFound(text, "is no input; list them with: sourcekeep add --list")
    return known[locator]


def read_files(
    archive: Archive, source: Input, counts: IntakeCounts, now: str
) -> Iterator[None]:  # fmt: skip
    """Read a file or folder into the ledger, yielding after each page. Commits in batches.

    Pages whose bytes are as they were are only marked as seen. Raises InputNotFound when the
    file or folder has gone.
    """
    path = Path(source.locator)
    _look_for(path)
    again: list[tuple[str, int]] = []
    connection, number = archive.connection, 0
    connection.begin_group()
    problems = counts.problems

    def unread(place: Path, why: OSError) -> None:
        told = f"may not be looked into: {why.strerror}"
        note_problem(archive, source, str(place), told, counts, now)

    try:
        for number, group in enumerate(find_pages(path, unread), 1):
            _read_group(archive, source, group, counts, again, now)
            if number % BATCH == 0:
                _flush(archive, again, now)
            yield
        _flush(archive, again, now)
        if not number and counts.problems == problems:
            why = f"no page of entries lies in this folder ({', '.join(SUFFIXES)})"
            note_problem(archive, source, source.locator, why, counts, now)
        archive.inputs.was_read(source.id, now)
    finally:
        connection.end_group()


def _look_for(path: Path) -> None:
    """See whether an input is there. Raises InputNotFound: it is gone, or kept from us."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise InputNotFound(str(path), "was added, but is no longer there") from exc
    except OSError as exc:  # rights that were taken away, a network's disk that has gone
        raise InputNotFound(str(path), f"cannot be read: {exc.strerror}") from exc


def _flush(archive: Archive, again: list[tuple[str, int]], now: str) -> None:
    archive.ledger.seen_again(again, now)
    again.clear()
    archive.connection.commit()
    archive.connection.begin_group()  # a session's timer may have ended it


def _read_group(
    archive: Archive,
    source: Input,
    group: PageGroup,
    counts: IntakeCounts,
    again: list[tuple[str, int]],
    now: str,
) -> None:
    """Read the twins of one page; skip them when all of them are as they were."""
    contents: list[tuple[str, bytes]] = []
    for file in group.files:
        counts.pages += 1
        try:
            if file.stat().st_size > MAX_BYTES:
                why = f"larger than {MAX_BYTES // 2**20} MiB, which no page of entries is"
                note_problem(archive, source, str(file), why, counts, now)
                continue
            contents.append((str(file), file.read_bytes()))
        except OSError as exc:
            note_problem(archive, source, str(file), exc.strerror or str(exc), counts, now)
    if source.read_before:
        known = [(loc, archive.ledger.entry_of_unchanged(loc, body)) for loc, body in contents]
        unchanged = [(locator, entry) for locator, entry in known if entry is not None]
        if len(unchanged) == len(contents):
            again.extend(unchanged)
            counts.unchanged += len(unchanged)
            return
    entries: list[Entry] = []
    pages: list[Page] = []
    for locator, body in contents:
        try:
            found = read_page(body, locator, base_url=source.base_url)
        except EntryError as exc:
            if not _is_index(source, locator):
                note_problem(archive, source, locator, exc.why, counts, now)
            continue
        if isinstance(found, Entry):
            if found.citations or not _is_index(source, locator):
                entries.append(found)
                pages.append(page_of(found, body))
        elif source.kind == "file":
            why = "lists other pages, but is no entry itself; add its folder or its URL"
            note_problem(archive, source, locator, why, counts, now)
    if entries:
        entries += _elsewhere(archive, entries)
        keep_entry(archive, entries, pages, counts, input_id=source.id, now=now)


def _elsewhere(archive: Archive, twins: list[Entry]) -> list[Entry]:
    """Return what other pages say of the same entry: a copy, the page that a site makes of a file.

    What one of them cites is cited, though the other does not. A file that is gone, or what lies in
    no input that is still read, says nothing any more; of a site the page that was seen last does.
    """
    known = archive.ledger.entry_of(merge_twins(twins))
    if known is None:
        return []
    places = archive.ledger.pages_of(known)
    own = {_said_at(twin.locator) for twin in twins}
    latest = {_said_at(place): place for place in places}
    inputs = archive.inputs.enabled() if latest.keys() - own else []
    found = []
    for place in sorted(latest[at] for at in latest.keys() - own):
        around = next((one for one in inputs if _lies_in(place, one)), None)
        other = _read_again(archive, place, places[place], around.base_url) if around else None
        if other is not None and archive.ledger.entry_of(other) == known:
            found.append(other)
    return found


def _is_url(locator: str) -> bool:
    return locator.startswith(("http://", "https://"))


def _said_at(locator: str) -> str:
    """Return whose word a page is: a file's own, or its site's, where it may have moved."""
    return host_key(locator) if _is_url(locator) else locator


def _lies_in(locator: str, source: Input) -> bool:
    if source.kind == "url" or _is_url(locator):
        return source.kind == "url" and _is_url(locator) and same_site(locator, source.locator)
    return Path(locator).is_relative_to(source.locator)


def _read_again(archive: Archive, locator: str, payload: str, base_url: str | None) -> Entry | None:
    """Return the entry in a file, or in the kept page of a site; None: none is there any more."""
    try:
        if _is_url(locator):
            body, base_url = archive.payloads.get(payload), base_url or locator
        else:
            body = Path(locator).read_bytes()
        found = read_page(body, locator, base_url=base_url)
    except (EntryError, OSError, PayloadDamaged, KeyError):
        return None
    return found if isinstance(found, Entry) else None


def _is_index(source: Input, locator: str) -> bool:
    """Whether a file is the index of one of the folders read: mostly a list of what lies there."""
    return source.kind == "folder" and Path(locator).stem.casefold() == "index"


def note_problem(
    archive: Archive, source: Input, locator: str, why: str, counts: IntakeCounts, now: str
) -> None:
    """Record that a page of an input could not be read as an entry."""
    counts.problems += 1
    archive.inputs.problem(locator, why, input_id=source.id, now=now)


def page_of(entry: Entry, content: bytes, capture: int | None = None) -> Page:
    """Return the page that an entry was read from, with the reader's warnings."""
    warnings = tuple((warning.code, warning.detail) for warning in entry.warnings)
    return Page(entry.locator, content, entry.reader, warnings, capture)


def keep_entry(
    archive: Archive,
    entries: list[Entry],
    pages: list[Page],
    counts: IntakeCounts,
    *,
    input_id: int | None,
    now: str,
) -> None:
    """Write one entry, read from one or several twin pages, into the ledger."""
    entry = entries[0] if len(entries) == 1 else merge_twins(entries)
    recorded = archive.ledger.record(entry, pages, input_id=input_id, now=now)
    counts.entries_new += recorded.new
    counts.entries_uncited += not entry.citations
    counts.sources_new += recorded.sources_added
    counts.citations_new += recorded.citations_added
    counts.citations_removed += recorded.citations_removed
    counts.warnings += len(entry.warnings)


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page as it came from the web."""

    url: str
    body: bytes
    mime: str | None
    capture: int | None
    listed_on: str | None = None  # the day that a feed names for it


def read_fetched(
    archive: Archive, page: FetchedPage, source: Input, counts: IntakeCounts, now: str
) -> Entry | DayIndex | None:
    """Read a page that was fetched and write it into the ledger when it is an entry.

    None when it is neither entry nor day index; that is recorded as a problem of the page.
    """
    counts.pages += 1
    base_url = source.base_url or page.url
    try:
        found = read_page(page.body, page.url, base_url=base_url, mime=page.mime)
    except EntryError as exc:
        note_problem(archive, source, page.url, exc.why, counts, now)
        return None
    if isinstance(found, Entry):
        found = dated_by_feed(found, page.listed_on)
        kept = page_of(found, page.body, page.capture)
        entries = [found, *_elsewhere(archive, [found])]
        keep_entry(archive, entries, [kept], counts, input_id=source.id, now=now)
    else:
        archive.inputs.solved(page.url)
    return found

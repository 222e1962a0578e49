"""``sourcekeep attach SOURCE FILE``: a page that a person saved, as a copy of a source."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crawler.archive import Archive, Row
from crawler.cli.options import add_clock_option, archive_path, count, moment
from crawler.cli.output import plural, print_json, safe
from crawler.codings import DEFAULT_LIMIT
from crawler.dates import format_instant, parse_instant
from crawler.errors import InputNotFound, UsageError
from crawler.fetching.run.clock import Clock
from crawler.fetching.wire.bodies import CAP_MAX_BYTES
from crawler.imports.attaching import hops_of_container
from crawler.imports.concluding import conclude_waiting
from crawler.imports.containers import is_container
from crawler.imports.running import running
from crawler.imports.saved import read_saved, saved_hop
from crawler.items import BY_HAND, Hop
from crawler.urls import redact_url, urlkey

COMMAND = "attach"  # of its rows in `runs`


@dataclass(frozen=True, slots=True)
class Attached:
    """What came of it, as it is printed."""

    source: int
    url: str
    capture: int  # the latest of those that were attached
    captured_at: str
    payload: str
    outcome: str
    reasons: str  # JSON list
    is_copy: bool  # it is the copy that is held
    new: bool  # False: all of it was attached before
    notes: tuple[str, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument("source", metavar="SOURCE", help="its URL, a part of it, or its id")
    parser.add_argument(
        "file", metavar="FILE", type=Path, help="HTML, SingleFile, MHTML, PDF, WARC, ARC or WACZ"
    )
    parser.add_argument("--at", metavar="DATE", help="when it was saved, if the file does not tell")
    parser.add_argument("--note", metavar="TEXT", help="how you came by it; kept in the archive")
    parser.add_argument(
        "--url", metavar="URL", help="of a WARC, ARC or WACZ: the page in it that is meant"
    )
    parser.add_argument(
        "--body-cap",
        type=count,
        metavar="BYTES",
        default=DEFAULT_LIMIT,
        help=f"the most that a page may have ({DEFAULT_LIMIT})",
    )


def run(parsed: argparse.Namespace) -> int:
    """Attach a page, read and judge it. Raises UsageError when there is none in the file."""
    if not parsed.file.is_file():
        what = "it is no file" if parsed.file.exists() else "there is no such file"
        raise InputNotFound(str(parsed.file), what)
    if not 0 < parsed.body_cap <= CAP_MAX_BYTES:
        raise UsageError(f"--body-cap: write a number of bytes up to {CAP_MAX_BYTES}")
    clock = Clock(moment(parsed) if parsed.now else None)
    with Archive.open(archive_path(parsed)) as archive, archive.run_lock():
        source = archive.reading.source(parsed.source)
        if archive.supplying.is_forgotten(source["id"]):
            raise UsageError("this source is forgotten: nothing of it is taken in")
        hops, notes = _hops(source, parsed, clock.now())
        settings = {
            "file": parsed.file.name, "note": parsed.note, "source": source["url"],
            "body_cap": parsed.body_cap,
        }  # fmt: skip
        attached = _attach(archive, source, hops, settings, clock, notes)
    if parsed.json:
        print_json(attached)
    elif not parsed.quiet:
        _print(attached)
    return 0


def _hops(
    source: Row, parsed: argparse.Namespace, now: datetime
) -> tuple[list[Hop], tuple[str, ...]]:
    """Return what is to be attached, and what a person should know of it."""
    if is_container(parsed.file):
        if parsed.at:
            raise UsageError("--at: the records of this file tell their dates themselves")
        wanted = parsed.url or source["url"]
        return hops_of_container(parsed.file, wanted, cap=parsed.body_cap), ()
    if parsed.url:
        raise UsageError("--url: this file holds one page only")
    page = read_saved(parsed.file, cap=parsed.body_cap)
    notes = []
    if page.url is not None and urlkey(page.url) != urlkey(source["url"]):
        notes.append(f"the file says that it was saved from {redact_url(page.url)}")
    if page.left_out:
        parts = plural(page.left_out, "other part")
        notes.append(f"only the page is kept, without {parts} of the file (pictures, styles …)")
    if parsed.at:
        at = parse_instant(parsed.at)
    elif page.saved_at is not None:
        at = parse_instant(page.saved_at)
    else:
        at = datetime.fromtimestamp(parsed.file.stat().st_mtime, UTC)
        notes.append("its date is that of the file; name another one with --at")
    if at > now:
        raise UsageError(f"{format_instant(at)} is still to come: name its date with --at")
    hop = saved_hop(page, url=page.url or source["url"], saved_at=format_instant(at))
    return [hop], tuple(notes)


def _attach(
    archive: Archive, source: Row, hops: list[Hop], settings: dict[str, object], clock: Clock,
    notes: tuple[str, ...],
) -> Attached:  # fmt: skip
    new = [hop for hop in hops if not archive.evidence.holds(hop.uid)]
    if new:
        with running(archive, COMMAND, settings, clock) as work:
            with archive.writing():
                for hop in new:
                    archive.evidence.record(work.number, source["id"], [hop], origin=BY_HAND)
                    archive.supplying.supplied(source["id"], hop.fetched_at)
            work.counts.update(captures=len(new))
            asyncio.run(conclude_waiting(archive, clock, workers=1))
    latest = max(hops, key=lambda hop: hop.fetched_at)
    held = archive.supplying.attached(latest.uid)
    return Attached(
        source["id"], source["url"], held["capture"], held["captured_at"], held["payload"],
        held["outcome"], held["reasons"], bool(held["is_copy"]), bool(new), notes,
    )  # fmt: skip


def _print(attached: Attached) -> None:
    what = "attached" if attached.new else "attached before"
    print(f"{what}: {safe(attached.url)}, saved {attached.captured_at}")
    if attached.is_copy:
        print("it is the copy that is held, labelled as supplied by hand")
    elif attached.outcome in ("live", "live-unverified", "moved"):
        print("a better copy is held; this one is kept beside it")
    else:
        print(
            f"it does not look like the cited page ({attached.outcome}: {attached.reasons}):"
            " it is kept, but not as the copy"
        )
    for note in attached.notes:
        print(f"note: {safe(note)}")

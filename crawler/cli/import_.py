"""``sourcekeep import FILE``: what other programs have kept, in WARC, ARC and WACZ files."""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from crawler.archive import Archive
from crawler.cli.exits import EXIT_ATTENTION, EXIT_BROKE, EXIT_DONE
from crawler.cli.hints import hint
from crawler.cli.options import add_clock_option, archive_path, count, moment
from crawler.cli.output import plural, print_json, progress, safe
from crawler.codings import DEFAULT_LIMIT
from crawler.errors import InputNotFound, UsageError
from crawler.fetching.run.clock import Clock
from crawler.fetching.wire.bodies import CAP_MAX_BYTES
from crawler.imports.concluding import conclude_waiting
from crawler.imports.containers import ContainerRefused
from crawler.imports.counts import Counts
from crawler.imports.importing import Importer
from crawler.imports.reading import Reader
from crawler.imports.running import Running, running

COMMAND = "import"  # of its rows in `runs`
_NAME = re.compile(r".*\.(?:w?arc(?:\.gz)?|wacz)", re.IGNORECASE)


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        type=Path,
        help="a WARC, ARC, WACZ or JSON Lines file, or a folder of WARC files",
    )
    parser.add_argument(
        "--add-sources",
        action="store_true",
        help="also keep the pages of which no source is known, as sources that nothing cites",
    )
    parser.add_argument(
        "--body-cap",
        type=count,
        metavar="BYTES",
        default=DEFAULT_LIMIT,
        help=f"keep at most so much of a body ({DEFAULT_LIMIT})",
    )
    parser.add_argument(
        "--workers", type=count, metavar="N", help="processes (one for each core, at most 4)"
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit with 3 when anything could not be read, or a signature does not hold",
    )


def run(parsed: argparse.Namespace) -> int:
    """Bring in the files, then read and judge what came."""
    _check(parsed)
    parsed.files = [file for path in parsed.files for file in _files_at(path)]
    clock = Clock(moment(parsed) if parsed.now else None)
    refused: list[ContainerRefused] = []
    with Archive.open(archive_path(parsed), create=True) as archive, archive.run_lock():
        settings = {
            "files": [path.name for path in parsed.files], "add_sources": parsed.add_sources,
            "body_cap": parsed.body_cap,
        }  # fmt: skip
        with running(archive, COMMAND, settings, clock) as work:
            counts = _read(archive, work, clock, parsed, refused)
            articles = _conclude(archive, clock, parsed)
            work.counts["articles"] = articles
    if parsed.json:
        told = [{"file": refusal.file, "why": refusal.why} for refusal in refused]
        print_json({**asdict(counts), "articles": articles, "refused": told})
    elif not parsed.quiet or refused or counts.signatures_wrong:
        _print(counts, articles, refused, parsed)
    if refused:
        return EXIT_BROKE
    doubtful = counts.unread or counts.signatures_wrong
    return EXIT_ATTENTION if parsed.strict and doubtful else EXIT_DONE


def _check(parsed: argparse.Namespace) -> None:
    for path in parsed.files:
        if not path.exists():
            raise InputNotFound(str(path), "there is no such file")
        if not path.is_file() and not path.is_dir():  # a pipe: it is read more than once
            raise InputNotFound(str(path), "it is no ordinary file; write it to one first")
        if not _files_at(path):
            raise InputNotFound(str(path), "no WARC, ARC or WACZ file is in this folder")
    if not 0 < parsed.body_cap <= CAP_MAX_BYTES:
        raise UsageError(f"--body-cap: write a number of bytes up to {CAP_MAX_BYTES}")
    if parsed.workers is not None and parsed.workers < 1:
        raise UsageError("--workers: write 1 or more")


def _files_at(path: Path) -> list[Path]:
    """Return a file as it is named; of a folder, as an export makes one, the files to be read."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if _NAME.fullmatch(file.name) and file.is_file())


def _read(
    archive: Archive,
    work: Running,
    clock: Clock,
    parsed: argparse.Namespace,
    refused: list[ContainerRefused],
) -> Counts:
    passes = 2 if parsed.add_sources else 1
    total = sum(path.stat().st_size for path in parsed.files) * passes
    with progress("bytes", total=total, quiet=parsed.quiet) as bar:
        reader = Reader(parsed.body_cap, bar.update)
        importer = Importer(archive, work.number, clock, reader)
        readable = list[Path]()
        for path in parsed.files:
            try:
                if parsed.add_sources:
                    importer.find_sources(path)
                readable.append(path)
            except ContainerRefused as exc:
                refused.append(exc)
        for path in readable:
            try:
                importer.read(path)
            except ContainerRefused as exc:
                refused.append(exc)
        importer.finish()
    told = asdict(importer.counts)
    told["unread"] = len(importer.counts.unread) + told.pop("unread_more")
    work.counts.update(told)
    return importer.counts


def _conclude(archive: Archive, clock: Clock, parsed: argparse.Namespace) -> int:
    waiting = len(archive.supplying.waiting())
    with progress("sources", total=waiting, quiet=parsed.quiet) as bar:
        work = conclude_waiting(archive, clock, workers=parsed.workers, on_source=bar.update)
        return asyncio.run(work)


def _print(
    counts: Counts, articles: int, refused: list[ContainerRefused], parsed: argparse.Namespace
) -> None:
    print(
        f"{plural(counts.captures, 'new capture')} of {plural(counts.sources, 'source')}"
        f" ({counts.sources_new} new), {plural(articles, 'article')}; {counts.known} known before"
    )
    if counts.attempts:
        print(f"{plural(counts.attempts, 'new attempt')} without an answer")
    for line in _left_out(counts, add_sources=parsed.add_sources):
        print(line)
    if counts.rescued:
        apart = "they stand apart: sourcekeep show SOURCE --rescued"
        print(
            hint(f"{counts.rescued} of them from web archives, as the files say; {apart}", parsed)
        )
    for line in counts.untold:
        print(safe(line))
    for line in counts.signatures_wrong:
        print(f"warning: {safe(line)}")
    for line in counts.signatures:
        print(safe(line))
    for line in counts.unread:
        print(f"not read: {safe(line)}")
    if counts.unread_more:
        print(f"not read: {counts.unread_more} more")
    for refusal in refused:
        print(f"refused: {safe(refusal)}")


def _left_out(counts: Counts, *, add_sources: bool) -> Iterator[str]:
    """Yield a line for each reason for which records that could be read were not taken in."""
    hint = ", and hold no whole page" if add_sources else " (--add-sources keeps their pages)"
    reasons = (
        (counts.other_addresses, f"of addresses that are no source: left out{hint}"),
        (
            counts.not_pages,
            "of no page of the web, or of an answer to another method than GET: left out",
        ),
        (counts.rescued_known, "of mementos that were looked at before: left out"),
        (counts.forgotten, "of sources that are forgotten: left out"),
    )
    for number, why in reasons:
        if number:
            yield f"{plural(number, 'record')} {why}"

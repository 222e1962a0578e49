"""``sourcekeep import FILE``: what other programs have kept, in WARC, ARC and WACZ files."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import asdict
from pathlib import Path

from crawler.archive import Archive
from crawler.cli.options import add_clock_option, archive_path, count, moment
from crawler.cli.output import plural, print_json, progress, safe
from crawler.codings import DEFAULT_LIMIT
from crawler.errors import InputNotFound, UsageError
from crawler.fetching.bodies import CAP_MAX_BYTES
from crawler.fetching.clock import Clock
from crawler.imports.concluding import conclude_waiting
from crawler.imports.containers import ContainerRefused
from crawler.imports.importing import Counts, Importer
from crawler.imports.running import Running, running

COMMAND = "import"  # of its rows in `runs`
EXIT_DONE, EXIT_BROKE, EXIT_ATTENTION = 0, 1, 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument(
        "files", nargs="+", metavar="FILE", type=Path, help="a WARC, ARC or WACZ file"
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
        "--strict", action="store_true", help="exit with 3 when anything could not be read"
    )


def run(parsed: argparse.Namespace) -> int:
    """Bring in the files, then read and judge what came."""
    _check(parsed)
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
    elif not parsed.quiet or refused:
        _print(counts, articles, refused, add_sources=parsed.add_sources)
    if refused:
        return EXIT_BROKE
    return EXIT_ATTENTION if parsed.strict and counts.unread else EXIT_DONE


def _check(parsed: argparse.Namespace) -> None:
    for path in parsed.files:
        if not path.is_file():
            raise InputNotFound(str(path), "there is no such file")
    if not 0 < parsed.body_cap <= CAP_MAX_BYTES:
        raise UsageError(f"--body-cap: write a number of bytes up to {CAP_MAX_BYTES}")
    if parsed.workers is not None and parsed.workers < 1:
        raise UsageError("--workers: write 1 or more")


def _read(
    archive: Archive,
    work: Running,
    clock: Clock,
    parsed: argparse.Namespace,
    refused: list[ContainerRefused],
) -> Counts:
    total = sum(path.stat().st_size for path in parsed.files)
    with progress("bytes", total=total, quiet=parsed.quiet) as bar:
        importer = Importer(archive, work.number, clock, cap=parsed.body_cap, on_bytes=bar.update)
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
    counts: Counts, articles: int, refused: list[ContainerRefused], *, add_sources: bool
) -> None:
    print(
        f"{plural(counts.captures, 'new capture')} of {plural(counts.sources, 'source')}"
        f" ({counts.sources_new} new), {plural(articles, 'article')}; {counts.known} known before"
    )
    if counts.other_addresses:
        hint = "" if add_sources else " (--add-sources keeps their pages)"
        print(
            f"{plural(counts.other_addresses, 'record')} of addresses that are no source:"
            f" left out{hint}"
        )
    for line in counts.unread:
        print(f"not read: {safe(line)}")
    if counts.unread_more:
        print(f"not read: {counts.unread_more} more")
    for refusal in refused:
        print(f"refused: {safe(refusal)}")

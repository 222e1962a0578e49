"""``sourcekeep merge ARCHIVE``: other archives into this one."""

from __future__ import annotations

import argparse
import asyncio
import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path

from crawler.archive import Archive
from crawler.archive.merge.merged import Merged
from crawler.archive.merge.merging import Merging
from crawler.cli.exits import EXIT_DONE, EXIT_INTEGRITY
from crawler.cli.options import add_clock_option, archive_path, count, moment
from crawler.cli.output import plural, print_json, progress, safe
from crawler.errors import InputNotFound, UsageError
from crawler.fetching.run.clock import Clock
from crawler.imports.concluding import conclude_waiting
from crawler.imports.running import running

COMMAND = "merge"  # of its rows in `runs`


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument(
        "archives", nargs="+", metavar="ARCHIVE", type=Path, help="an archive to be merged in"
    )
    parser.add_argument(
        "--workers", type=count, metavar="N", help="processes (one for each core, at most 4)"
    )


def run(parsed: argparse.Namespace) -> int:
    """Merge archives into the one that --archive names, one after the other."""
    target = archive_path(parsed)
    _check(target, parsed)
    clock = Clock(moment(parsed) if parsed.now else None)
    with Archive.open(target, create=True) as archive, archive.run_lock():
        settings: dict[str, object] = {"archives": [path.name for path in parsed.archives]}
        with running(archive, COMMAND, settings, clock) as work:
            merged = {}
            for path in parsed.archives:
                merged[str(path)] = _merge(archive, path, clock, parsed)
                work.counts[path.name] = asdict(merged[str(path)])
    if parsed.json:
        print_json({"archives": {name: asdict(each) for name, each in merged.items()}})
    elif not parsed.quiet:
        _print(merged)
    return EXIT_INTEGRITY if any(each.damaged for each in merged.values()) else EXIT_DONE


def _check(target: Path, parsed: argparse.Namespace) -> None:
    for path in parsed.archives:
        if not path.is_file():
            raise InputNotFound(str(path), "there is no such archive")
        if target.exists() and path.samefile(target):
            raise UsageError(f"{path}: is the archive into which is merged (--archive)")
    if parsed.workers is not None and parsed.workers < 1:
        raise UsageError("--workers: write 1 or more")


def _merge(archive: Archive, path: Path, clock: Clock, parsed: argparse.Namespace) -> Merged:
    """Bring one archive over, judge what both knew a part of, and let the rest keep its dates."""
    with Archive.open_for_reading(path) as theirs, _lock(theirs):
        merging = Merging(archive, theirs)
        title = f"fetches of {path.name}"
        with progress(title, total=merging.fetches(), quiet=parsed.quiet) as bar:
            merged = merging.merge(bar.update)
        waiting = len(archive.supplying.waiting())
        with progress("sources", total=waiting, quiet=parsed.quiet) as bar:
            work = conclude_waiting(archive, clock, workers=parsed.workers, on_source=bar.update)
            asyncio.run(work)
        merging.restore_schedule()
    return merged


def _lock(theirs: Archive) -> AbstractContextManager[None]:
    """Hold the other archive, so that no run is at work on it; where nobody can write, none is."""
    return theirs.run_lock() if os.access(theirs.path.parent, os.W_OK) else nullcontext()


def _print(merged: dict[str, Merged]) -> None:
    for name, each in merged.items():
        told = (
            plural(each.captures, "new capture"),
            plural(each.fetches, "new fetch", "new fetches"),
            plural(each.sources, "new source"),
            plural(each.entries, "new entry", "new entries"),
        )
        print(f"{safe(name)}: {', '.join(told)}")
        for digest in each.damaged:
            print(f"damaged there, not taken over: {digest}")

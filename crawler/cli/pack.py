"""``sourcekeep pack``: what is kept, in less room."""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from crawler import __version__
from crawler.archive import Archive
from crawler.archive.compaction.packing import (
    BROTLI_VERSION,
    LEVEL,
    QUALITY,
    ZSTD_VERSION,
    Packing,
    Stage,
)
from crawler.archive.compaction.reclaiming import (
    give_back,
    is_worth_writing_anew,
    optimise_index,
    write_anew,
)
from crawler.archive.holding import reserve
from crawler.cli.exits import EXIT_DONE, EXIT_INTEGRITY
from crawler.cli.options import add_clock_option, archive_path, count, moment
from crawler.cli.output import plural, print_json, progress, size
from crawler.dates import format_instant
from crawler.errors import EvidenceLost
from crawler.fetching.run.clock import Clock

COMMAND = "pack"  # of its rows in `runs`


@dataclass(frozen=True, slots=True)
class Packed:
    """What a pack did, as it is printed."""

    finish_reason: str  # "finished", "max-time"; "nothing-new" when there was nothing to do
    payloads: int  # looked at
    recoded: int  # of these, stored anew
    payload_bytes_before: int  # of those looked at, as stored
    payload_bytes_after: int
    file_bytes_before: int  # the archive with its write-ahead log
    file_bytes_after: int
    damaged: tuple[str, ...]  # digests of payloads that cannot be read


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument(
        "--max-time",
        type=count,
        metavar="S",
        help="begin no payload after S seconds; the next pack goes on",
    )


def run(parsed: argparse.Namespace) -> int:
    """Pack what was not packed yet, and give the room back to the disk."""
    clock = Clock(moment(parsed) if parsed.now else None)
    with Archive.open(archive_path(parsed)) as archive, archive.run_lock():
        before = _file_bytes(archive.path)
        with closing(Packing(archive.connection, archive.payloads)) as packing:
            stage = packing.next_stage(archive.runs.latest_counts(COMMAND))
            if stage is None:
                reason = "nothing-new"
                archive.runs.mark_killed()  # the last pack may have had nothing left but its row
            else:
                reason = _pack(archive, packing, stage, parsed, clock)
        _reclaim(archive, stage or Stage.none(), quiet=parsed.quiet)
        packed = _result(stage or Stage.none(), reason, before, _file_bytes(archive.path))
    if parsed.json:
        print_json(packed)
    elif not parsed.quiet:
        _print(packed)
    return EXIT_INTEGRITY if packed.damaged else EXIT_DONE


def _pack(
    archive: Archive, packing: Packing, stage: Stage, parsed: argparse.Namespace, clock: Clock
) -> str:
    """Pack until all is done or the time is over; return which."""
    started = clock.now()
    with _run(
        archive, stage, clock, {"level": LEVEL, "quality": QUALITY, "max_time": parsed.max_time}
    ) as ended:
        steps = packing.pack(stage, ended.note)
        with progress("payloads", total=packing.count(stage), quiet=parsed.quiet) as bar:
            for _ in steps:
                bar.update()
                spent = (clock.now() - started).total_seconds()
                if parsed.max_time is not None and spent >= parsed.max_time:
                    ended.reason = "max-time"
                    break
        steps.close()
    return ended.reason


class _Ended:
    """A run of the command: what it has done so far, and how it will have ended."""

    def __init__(self, archive: Archive, run: int) -> None:
        self._archive = archive
        self._number = run
        self.reason = "finished"

    def note(self, stage: Stage) -> None:
        """Keep how far it has come."""
        self._archive.runs.note(self._number, stage.counts())

    def finish(self, stage: Stage, now: str) -> None:
        """Close the run's row."""
        self._archive.runs.finish(self._number, reason=self.reason, counts=stage.counts(), now=now)


@contextmanager
def _run(
    archive: Archive, stage: Stage, clock: Clock, settings: dict[str, object]
) -> Iterator[_Ended]:
    """Begin a run, and end its row however it ends, on a full disk too."""
    software = {
        "sourcekeep": __version__, "zstd": ZSTD_VERSION, "brotli": BROTLI_VERSION,
        "sqlite": sqlite3.sqlite_version,
    }  # fmt: skip
    with reserve(archive.path) as held:
        now = format_instant(clock.now())
        run = _Ended(
            archive, archive.runs.begin(COMMAND, software=software, settings=settings, now=now)
        )
        try:
            yield run
        except EvidenceLost:
            run.reason = "evidence-lost"
            held.free()
            with suppress(EvidenceLost):  # refused as well: the next run marks this one as killed
                run.finish(stage, format_instant(clock.now()))
            raise
        except KeyboardInterrupt:
            run.reason = "shutdown"
            run.finish(stage, format_instant(clock.now()))
            raise
        run.finish(stage, format_instant(clock.now()))


def _reclaim(archive: Archive, stage: Stage, *, quiet: bool) -> None:
    """Make the file smaller. Where something is damaged all the rest stays in its place."""
    connection = archive.connection
    with progress("making room", quiet=quiet) as bar:
        for _ in optimise_index(connection):
            bar.update()
        if not stage.damaged and is_worth_writing_anew(connection, stage.recoded):
            write_anew(connection)
        for _ in give_back(connection):
            bar.update()


def _file_bytes(path: Path) -> int:
    log = path.with_name(path.name + "-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _result(stage: Stage, reason: str, before: int, after: int) -> Packed:
    return Packed(
        reason, stage.examined, stage.recoded, stage.before_bytes, stage.after_bytes,
        before, after, tuple(stage.damaged),
    )  # fmt: skip


def _print(packed: Packed) -> None:
    if packed.finish_reason == "nothing-new":
        print("nothing to pack: no payload has come since the last time")
    else:
        print(
            f"{plural(packed.payloads, 'payload')} packed, {packed.recoded} stored anew:"
            f" {_change(packed.payload_bytes_before, packed.payload_bytes_after)}"
        )
    print(f"the archive: {_change(packed.file_bytes_before, packed.file_bytes_after)}")
    if packed.finish_reason == "max-time":
        print("the time was over; run it again to go on")
    for digest in packed.damaged:
        print(f"damaged, left as it is: {digest}")


def _change(before: int, after: int) -> str:
    share = f" ({after / before:.0%})" if before else ""
    return f"{size(before)} -> {size(after)}{share}"

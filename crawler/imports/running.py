"""A run that brings in what lies in files: its row, however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version

from crawler import __version__
from crawler.archive import Archive
from crawler.archive.holding import Reserve, reserve
from crawler.dates import format_instant
from crawler.errors import EvidenceLost
from crawler.fetching.run.clock import Clock

SOFTWARE = ("trafilatura", "lxml", "warcio")


@dataclass(slots=True)
class Running:
    """A run at work."""

    number: int  # row of ``runs``
    counts: dict[str, object] = field(default_factory=dict)  # what it did, for its row
    reason: str = "finished"


@contextmanager
def running(
    archive: Archive, command: str, settings: dict[str, object], clock: Clock
) -> Iterator[Running]:
    """Begin a run, and end its row: also on a full disk, and when a person interrupts it."""
    software = {
        "sourcekeep": __version__,
        **{name: version(name) for name in SOFTWARE},
    }  # fmt: skip
    with reserve(archive.path) as held:
        run = Running(
            archive.runs.begin(
                command, software=software, settings=settings, now=format_instant(clock.now())
            )
        )
        try:
            yield run
        except EvidenceLost:
            _lose(archive, run, clock, held)
            raise
        except KeyboardInterrupt:
            run.reason = "shutdown"
            _finish(archive, run, clock)
            raise
        except Exception:
            run.reason = "broke"
            _finish(archive, run, clock)
            raise
        try:  # of its own: who interrupts it here finds a row that may have ended already
            _finish(archive, run, clock)
        except EvidenceLost:
            _lose(archive, run, clock, held)
            raise


def _lose(archive: Archive, run: Running, clock: Clock, held: Reserve) -> None:
    """End the row of a run whose archive takes no more, in the room that was held for it."""
    run.reason = "evidence-lost"
    held.free()
    with suppress(EvidenceLost):  # refused as well: the next run marks this one as killed
        _finish(archive, run, clock)


def _finish(archive: Archive, run: Running, clock: Clock) -> None:
    archive.connection.end_group()
    archive.runs.finish(
        run.number, reason=run.reason, counts=run.counts, now=format_instant(clock.now())
    )
    archive.seal(clock.now(), run=run.number)

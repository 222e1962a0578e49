"""archive.db, and the one class through which everything reaches it.

>>> from crawler.archive import Archive
>>> with Archive.open("archive.db") as archive:          # doctest: +SKIP
...     archive.reading.coverage().sources_held
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from sqlite3 import Row
from types import TracebackType
from typing import TYPE_CHECKING, Self

from crawler.archive.barring import Barring
from crawler.archive.connection import Connection
from crawler.archive.holding import run_lock
from crawler.archive.opening import connect, connect_for_reading
from crawler.archive.payloads import Payloads
from crawler.archive.queries.reading import Coverage, Reading
from crawler.archive.queries.reporting import Reports
from crawler.archive.rooms import Room, module_of
from crawler.archive.seals.manifests import Manifest, beside
from crawler.archive.seals.sealing import Sealing
from crawler.archive.selection.attempts import AttemptRecord
from crawler.archive.selection.choosing import Choosing
from crawler.archive.selection.narrowing import Selection
from crawler.archive.selection.records import CaptureRecord, Cited
from crawler.archive.selection.selecting import Selected, SelectedEntry, Selecting
from crawler.archive.selection.withholding import Forgotten, Withholding
from crawler.archive.verification.findings import Finding, Verification
from crawler.archive.writing.articles import Articles, ExtractionJob
from crawler.archive.writing.evidence import Evidence, HeldAnswer, Kept, KeptPage
from crawler.archive.writing.frontier import (
    Accepted,
    DueSource,
    Frontier,
    FrontierStats,
    HostLease,
    Plan,
)
from crawler.archive.writing.inputs import Input, Inputs
from crawler.archive.writing.judgements import Judgements, SourceState
from crawler.archive.writing.ledger import Ledger, Page, Recorded
from crawler.archive.writing.neighbourhood import Neighbourhood
from crawler.archive.writing.observing import Observing
from crawler.archive.writing.passages import Passages
from crawler.archive.writing.robots import RobotsFiles
from crawler.archive.writing.runs import RunReport, Runs
from crawler.archive.writing.supplying import Supplying
from crawler.archive.writing.versions import Versions
from crawler.archive.writing.visits import EndedVisit, GoodCopy
from crawler.dates import utc_now
from crawler.errors import ArchiveError

if TYPE_CHECKING:
    from crawler.archive.elsewhere.pushing import Pushing
    from crawler.archive.elsewhere.relocations import Relocations
    from crawler.archive.elsewhere.rescuing import Rescuing
    from crawler.archive.elsewhere.testimony import Testimony
    from crawler.archive.elsewhere.wanting import Wanting
    from crawler.archive.seals.certifying import Certifying
    from crawler.archive.seals.stamps import Stamps
    from crawler.archive.verification.inquiry import OnStep
    from crawler.stamping.headers import Headers

logger = logging.getLogger(__name__)

__all__ = [
    "Accepted",
    "Archive",
    "AttemptRecord",
    "CaptureRecord",
    "Cited",
    "Coverage",
    "DueSource",
    "EndedVisit",
    "ExtractionJob",
    "Finding",
    "Forgotten",
    "FrontierStats",
    "GoodCopy",
    "HeldAnswer",
    "HostLease",
    "Input",
    "Kept",
    "KeptPage",
    "Page",
    "Plan",
    "Recorded",
    "Row",
    "RunReport",
    "Selected",
    "SelectedEntry",
    "Selection",
    "SourceState",
    "Verification",
]


class Archive:
    """One archive.db: its parts share a connection, and so a transaction."""

    # what a crawl does not ask for, or only at its end
    certifying: Room[Certifying] = Room("seals.certifying", "connection")
    pushing: Room[Pushing] = Room("elsewhere.pushing", "connection")
    relocations: Room[Relocations] = Room("elsewhere.relocations", "connection")
    rescuing: Room[Rescuing] = Room("elsewhere.rescuing", "connection")
    stamps: Room[Stamps] = Room("seals.stamps", "connection")
    testimony: Room[Testimony] = Room("elsewhere.testimony", "connection")
    wanting: Room[Wanting] = Room("elsewhere.wanting", "connection")

    def __init__(self, connection: Connection, *, writable: bool = True) -> None:
        self.connection = connection
        self._writable = writable
        self.payloads = Payloads(connection)
        self.barring = Barring(connection)
        self.inputs = Inputs(connection)
        self.ledger = Ledger(connection, self.inputs, self.payloads, self.barring)
        self.frontier = Frontier(connection)
        self.evidence = Evidence(connection, self.payloads)
        self.articles = Articles(connection)
        self.runs = Runs(connection)
        self.robots = RobotsFiles(connection, self.payloads)
        self.neighbourhood = Neighbourhood(connection, self.articles)
        self.observing = Observing(connection, self.articles, self.neighbourhood)
        self.judgements = Judgements(connection)
        self.versions = Versions(connection)
        self.supplying = Supplying(connection, self.barring)
        self.passages = Passages(connection)
        self.reading = Reading(connection)
        self.reports = Reports(connection)
        self.choosing = Choosing(connection, self.reading)
        self.selecting = Selecting(connection, self.payloads)
        self.sealing = Sealing(connection)
        self.withholding = Withholding(connection, self.payloads, self.articles)

    @classmethod
    def open(
        cls, path: str | Path, *, create: bool = False, scratch_in_memory: bool = False
    ) -> Self:
        """Open an archive for writing, bringing its schema up to date.

        ``scratch_in_memory``: for who writes many small steps; not for who sorts or copies much.
        Raises ArchiveError and its kin: no such file (unless ``create``), not writable, not an
        archive, or from a newer Sourcekeep.
        """
        return cls(connect(Path(path), create=create, scratch_in_memory=scratch_in_memory))

    @classmethod
    def open_for_reading(cls, path: str | Path) -> Self:
        """Open an existing archive read-only; a crawl may be writing to it."""
        return cls(connect_for_reading(Path(path)), writable=False)

    @staticmethod
    def verify(
        path: str | Path,
        *,
        sample: float | None = None,
        headers: Headers | None = None,
        on_step: OnStep | None = None,
    ) -> Verification:
        """Check an archive, however damaged, and return what was found; nothing is written.

        ``sample``: the share of rows and payloads to look at; None: all, with SQLite's own checks.
        ``headers``: of Bitcoin blocks, for proofs that end in them.
        Raises ArchiveError when there is no archive, or one of another release.
        """
        found: Verification = module_of("verification.verifying").verify(
            Path(path), sample=sample, headers=headers, on_step=on_step or (lambda *_: None)
        )
        return found

    @staticmethod
    def back_up(
        path: str | Path,
        destination: str | Path,
        *,
        on_copied: Callable[[int, int], object] = lambda done, total: None,
        on_verified: OnStep = lambda what, done, total: None,
    ) -> Verification:
        """Copy an archive whole, while a crawl may write, and verify the copy.

        A damaged copy is not kept. Raises UsageError when the destination is anything but an older
        backup of the same archive, ArchiveError when it cannot be made.
        """
        found: Verification = module_of("verification.backing").back_up(
            Path(path), Path(destination), on_copied=on_copied, on_verified=on_verified
        )
        return found

    @property
    def path(self) -> Path:
        """Where the archive lies."""
        return self.connection.path

    def writing(self) -> AbstractContextManager[sqlite3.Connection]:
        """Make a block of writes all-or-nothing."""
        return self.connection.writing()

    def run_lock(self) -> AbstractContextManager[None]:
        """Hold the archive for one run. Raises ArchiveBusy when another process does."""
        return run_lock(self.path)

    def seal(self, now: datetime | None = None, *, run: int | None = None) -> Manifest | None:
        """Seal what was written since the last time, and return the manifest; None: nothing was.

        ``run`` names a run that has ended with it; ``now`` is the present unless it is told. What
        cannot be sealed, on a full disk say, is told in the log, and sealed the next time:
        nothing is lost by it, so it ends no run.
        """
        told, self.connection.on_lost = self.connection.on_lost, None
        try:
            return self.sealing.seal(now=now or utc_now(), run=run)
        except ArchiveError as exc:
            logger.warning("what was written could not be sealed yet: %s", exc)
            return None
        finally:
            self.connection.on_lost = told

    def leave_unsealed(self) -> None:
        """Leave what was written to the next command that writes, which seals it.

        So a stamped manifest stays the latest, and certificates made now lead to it.
        """
        self._writable = False

    def close(self) -> None:
        """Close the file; uncommitted writes are undone."""
        self.connection.close()

    def remove(self) -> None:
        """Delete the archive with all that lies beside it. For the holder of its run lock."""
        self._writable = False
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        beside(self.path).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close; what a block of work that went well has written is sealed first."""
        if exc_type is None and self._writable:
            self.connection.undo_group()  # else sealing would commit it
            self.seal()
        self.close()

"""archive.db, and the one class through which everything reaches it.

>>> from crawler.archive import Archive
>>> with Archive.open("archive.db") as archive:          # doctest: +SKIP
...     archive.reading.coverage().sources_held
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from sqlite3 import Row
from types import TracebackType
from typing import Self

from crawler.archive.articles import Articles, ExtractionJob
from crawler.archive.choosing import Choosing
from crawler.archive.connection import Connection
from crawler.archive.evidence import Evidence, Kept, KeptPage
from crawler.archive.frontier import (
    Accepted,
    DueSource,
    Frontier,
    FrontierStats,
    HostLease,
    Plan,
)
from crawler.archive.judgements import Judgements, SourceState
from crawler.archive.ledger import Input, Ledger, Page, Recorded
from crawler.archive.observing import EndedVisit, GoodCopy, Observing
from crawler.archive.opening import connect, connect_for_reading, run_lock
from crawler.archive.packing import Stage
from crawler.archive.passages import Passages
from crawler.archive.payloads import Payloads
from crawler.archive.reading import Coverage, Reading
from crawler.archive.records import CaptureRecord, Cited
from crawler.archive.reporting import Reports
from crawler.archive.rescuing import Rescuing
from crawler.archive.robots import RobotsFiles
from crawler.archive.runs import RunReport, Runs
from crawler.archive.selecting import Selected, SelectedEntry, Selecting, Selection
from crawler.archive.supplying import Supplying
from crawler.archive.withholding import Forgotten, Withholding

__all__ = [
    "Accepted",
    "Archive",
    "CaptureRecord",
    "Cited",
    "Coverage",
    "DueSource",
    "EndedVisit",
    "ExtractionJob",
    "Forgotten",
    "FrontierStats",
    "GoodCopy",
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
    "Stage",
]


class Archive:
    """One archive.db: its parts share a connection, and so a transaction."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.payloads = Payloads(connection)
        self.ledger = Ledger(connection, self.payloads)
        self.frontier = Frontier(connection)
        self.evidence = Evidence(connection, self.payloads)
        self.articles = Articles(connection)
        self.runs = Runs(connection)
        self.robots = RobotsFiles(connection, self.payloads)
        self.observing = Observing(connection)
        self.judgements = Judgements(connection)
        self.supplying = Supplying(connection)
        self.passages = Passages(connection)
        self.reading = Reading(connection)
        self.reports = Reports(connection)
        self.choosing = Choosing(connection, self.reading)
        self.selecting = Selecting(connection, self.payloads)
        self.withholding = Withholding(connection, self.payloads, self.articles)
        self.rescuing = Rescuing(connection)

    @classmethod
    def open(cls, path: str | Path, *, create: bool = False) -> Self:
        """Open an archive for writing, bringing its schema up to date.

        Raises ArchiveError and its kin: no such file (unless ``create``), not writable, not an
        archive, or from a newer Sourcekeep.
        """
        return cls(connect(Path(path), create=create))

    @classmethod
    def open_for_reading(cls, path: str | Path) -> Self:
        """Open an existing archive read-only; a crawl may be writing to it."""
        return cls(connect_for_reading(Path(path)))

    @property
    def path(self) -> Path:
        """Where the archive lies."""
        return self.connection.path

    def writing(self) -> AbstractContextManager[object]:
        """Make a block of writes all-or-nothing."""
        return self.connection.writing()

    def run_lock(self) -> AbstractContextManager[None]:
        """Hold the archive for one run. Raises ArchiveBusy when another process does."""
        return run_lock(self.path)

    def close(self) -> None:
        """Close the file; uncommitted writes are undone."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

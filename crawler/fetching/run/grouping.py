"""Writes in groups: one commit, which has to wait for the disk, serves many visits.

A capture counts as kept when its group is committed, and only then is it worth reading. When the
archive refuses a write, nothing more is asked of it: to go on without a record would lose evidence
in silence.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from crawler.archive import ExtractionJob
from crawler.archive.connection import Connection
from crawler.archive.writing.robots import RobotsFiles
from crawler.errors import EvidenceLost
from crawler.robotstxt import RobotsRecord

logger = logging.getLogger(__name__)
T = TypeVar("T")

# What is not committed is lost with the process, so a group is small and does not wait long.
GROUP_MAX_VISITS = 32
GROUP_MAX_SECONDS = 0.25


class GroupedWrites:
    """The writes of one run, and what waits for their commit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._in_group = 0
        self._timer: asyncio.TimerHandle | None = None
        self._wanted: list[ExtractionJob] = []  # new payloads of the open group
        self.lost: EvidenceLost | None = None  # set when the archive could not be written
        self.on_lost: Callable[[], None] | None = None  # how to stop the crawl then
        self.on_committed: Callable[[list[ExtractionJob]], None] | None = None
        connection.on_lost = self._lose

    def write(self, step: Callable[[], T], *, by_the_way: bool = False) -> T | None:
        """Run a step of writes as part of the current group. None when the archive refuses it.

        Then the run is stopped, by ``on_lost``. A step ``by_the_way`` keeps no visit and no
        article, and makes the group no larger.
        """
        if self.lost is not None:
            return None  # it is not asked again: each try may wait long for a lock
        try:
            self._connection.begin_group()
            result = step()
            self._in_group += not by_the_way
            if self._in_group >= GROUP_MAX_VISITS:
                self.commit()
            elif self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(GROUP_MAX_SECONDS, self.commit)
            return result
        except EvidenceLost as exc:
            self._lose(exc)
            return None

    def commit(self) -> None:
        """Make the group durable; only then its new payloads go to extraction."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            self._connection.end_group()
        except EvidenceLost as exc:
            self._lose(exc)
            return
        self._in_group = 0
        if self._wanted and self.on_committed is not None:
            committed, self._wanted = self._wanted, []
            self.on_committed(committed)

    def want(self, jobs: list[ExtractionJob]) -> None:
        """Have payloads read as soon as they are committed."""
        self._wanted.extend(jobs)

    @property
    def has_unread(self) -> bool:
        """Tell whether a payload of the open group waits to be read."""
        return bool(self._wanted)

    def _lose(self, exc: EvidenceLost) -> None:
        if self.lost is None:
            logger.error("the run stops: %s", exc)
            self.lost = exc
            self._wanted.clear()  # of a group that may be gone; the next run asks the archive
            self._connection.wait_no_longer()
            if self.on_lost is not None:
                self.on_lost()


class GroupedRobots:
    """The archive's robots.txt files, saved with the group like everything else."""

    def __init__(self, files: RobotsFiles, writes: GroupedWrites) -> None:
        self._files = files
        self._writes = writes

    def load(self, origin: str) -> RobotsRecord | None:
        """Return what was last found; None when the origin was never asked."""
        return self._files.load(origin)

    def unreachable_since(self, origin: str) -> str | None:
        """Return when an origin first failed to answer, after its last answer; None: it did not."""
        return self._files.unreachable_since(origin)

    def save(self, found: RobotsRecord) -> None:
        """Keep what was found."""
        self._writes.write(lambda: self._files.save(found), by_the_way=True)

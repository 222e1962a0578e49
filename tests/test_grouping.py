"""Writes in groups: one commit serves several, and only what is committed is read."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crawler.archive import Archive, ExtractionJob
from crawler.fetching.run import grouping
from crawler.fetching.run.grouping import GroupedWrites
from tests.archive_kit import new_archive, source

JOB = ExtractionJob("sha256:00", "https://a.example/", "text/html", "text/html", "2026-03-01")


class Writes:
    """A run's writes to an archive, and what another process sees of them."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.grouped = GroupedWrites(archive.connection)
        self.handed_on: list[ExtractionJob] = []
        self.stopped = 0
        self.grouped.on_committed = self.handed_on.extend
        self.grouped.on_lost = self._stop

    def _stop(self) -> None:
        self.stopped += 1

    def write(self, number: int) -> int | None:
        return self.grouped.write(lambda: source(self.archive, f"https://a.example/{number}"))

    def committed(self) -> int:
        with closing(sqlite3.connect(self.archive.path)) as other:
            return int(other.execute("SELECT count(*) FROM sources").fetchone()[0])


def test_what_is_wanted_is_read_when_it_is_committed_and_no_sooner(archive: Archive) -> None:
    async def work() -> None:
        writes = Writes(archive)
        writes.write(1)
        writes.grouped.want([JOB])
        assert (writes.handed_on, writes.committed()) == ([], 0)
        assert writes.grouped.has_unread
        writes.grouped.commit()
        assert (writes.handed_on, writes.committed()) == ([JOB], 1)
        writes.grouped.commit()
        assert writes.handed_on == [JOB] and not writes.grouped.has_unread

    asyncio.run(work())


def test_a_group_is_committed_when_it_is_full_or_has_waited(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "GROUP_MAX_SECONDS", 0.05)

    async def work() -> None:
        writes = Writes(archive)
        for number in range(1, grouping.GROUP_MAX_VISITS):
            writes.write(number)
        assert writes.committed() == 0
        writes.write(grouping.GROUP_MAX_VISITS)
        assert writes.committed() == grouping.GROUP_MAX_VISITS
        writes.write(0)
        assert writes.committed() == grouping.GROUP_MAX_VISITS
        await asyncio.sleep(0.2)
        assert writes.committed() == grouping.GROUP_MAX_VISITS + 1

    asyncio.run(work())


def test_a_write_that_is_refused_stops_the_run_once_and_has_nothing_read(tmp_path: Path) -> None:
    async def work() -> None:
        with new_archive(tmp_path) as archive:
            writes = Writes(archive)
            writes.write(1)
            writes.grouped.want([JOB])
            archive.connection.sql.execute("PRAGMA busy_timeout = 10")
            writes.grouped.commit()
            with closing(sqlite3.connect(archive.path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                writes.handed_on.clear()
                writes.grouped.want([JOB])
                assert writes.write(2) is None
                other.execute("ROLLBACK")
            assert writes.write(3) is None, "it is not asked again, though it would take it"
            writes.grouped.commit()
            assert "locked" in str(writes.grouped.lost)
            assert (writes.stopped, writes.handed_on, writes.committed()) == (1, [], 1)

    asyncio.run(work())

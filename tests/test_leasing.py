"""The hosts that a run has leased stay its own for as long as it visits them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.fetching import leasing
from crawler.fetching.clock import Clock
from crawler.fetching.leasing import Leases
from crawler.fetching.session import Session
from tests.test_archive_kit import begin, cite, entry, new_archive, record


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with new_archive(tmp_path) as archive:
        urls = ("http://slow.example/1", "http://slow.example/2", "http://other.example/1")
        for url in urls:
            record(archive, entry(cite(url), headline=url, url=None, locator=url), url.encode())
        yield opened(archive)


def opened(archive: Archive) -> Session:
    run = begin(archive)
    return Session(archive, run, Clock(datetime.now(UTC)))


@pytest.mark.parametrize("something_ends", [True, False])
def test_a_host_is_not_asked_twice_because_its_visits_take_longer_than_a_lease(
    session: Session, monkeypatch: pytest.MonkeyPatch, something_ends: bool
) -> None:
    monkeypatch.setattr(leasing, "LEASE_TTL", timedelta(seconds=3))  # instants are whole seconds

    async def main() -> None:
        leases = Leases(session, delay_s=0, patience_s=0)
        begun = list(leases.begin())
        assert len(begun) == 3
        if something_ends:
            leases.ended(next(visit for visit in begun if "other" in visit.url))
        for _ in range(5):
            await asyncio.sleep(1)
            again = {visit.url for visit in leases.begin()}
            assert not any("slow" in url for url in again)

    asyncio.run(main())

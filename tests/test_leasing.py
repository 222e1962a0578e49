"""The hosts that a run has leased stay its own for as long as it visits them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.demo import START, DemoWeb, page
from crawler.fetching import leasing
from crawler.fetching.clock import Clock
from crawler.fetching.leasing import Leases
from crawler.fetching.session import Session
from tests.crawling import crawl, value
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


def test_a_run_makes_no_more_visits_to_a_host_than_it_may(tmp_path: Path) -> None:
    paths = [("courier", f"/one/{number}") for number in range(30)]
    paths += [("wire", f"/two/{number}") for number in range(3)]
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    with DemoWeb() as web:
        for host, path in paths:
            web.add(host, path, page(f"<p>{path} {'says what it has to say. ' * 20}"))
        listed.write_text("\n".join(web.url(*each) for each in paths))
        first = crawl(archive, START, listed, "--max-per-host", "7").json
        assert first["finish_reason"] == "finished" and first["visits"] == 7 + 3
        again = crawl(archive, START, "--max-per-host", "25").json
    assert again["visits"] == 23
    assert value(archive, "SELECT count(*) FROM sources WHERE last_fetched_at IS NULL") == 0

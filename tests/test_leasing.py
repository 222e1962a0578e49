"""The hosts that a run has leased stay its own for as long as it visits them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from crawler.archive import Archive, EndedVisit
from crawler.demo import START, DemoWeb, page
from crawler.fetching.run import leasing
from crawler.fetching.run.clock import Clock
from crawler.fetching.run.grouping import GROUP_MAX_SECONDS, GROUP_MAX_VISITS
from crawler.fetching.run.leasing import Leases
from crawler.fetching.run.session import READ_ON_S, Session
from tests.archive_kit import (
    NOW,
    article,
    at,
    begin,
    cite,
    entry,
    hop,
    new_archive,
    record,
    source,
)
from tests.crawling import crawl, value


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with new_archive(tmp_path) as archive:
        urls = ("http://slow.example/1", "http://slow.example/2", "http://other.example/1")
        for url in urls:
            record(archive, entry(cite(url), headline=url, url=None, locator=url), url.encode())
        yield opened(archive)


class LoopClock(Clock):
    """A clock that goes on with the sleeps of the test: a machine that halts does not turn it."""

    _slept = timedelta()

    def now(self) -> datetime:
        return self._start + self._slept

    async def sleep(self, seconds: int) -> None:
        await asyncio.sleep(seconds)
        self._slept += timedelta(seconds=seconds)


def opened(archive: Archive) -> Session:
    run = begin(archive)
    return Session(archive, run, LoopClock())


@pytest.mark.parametrize("something_ends", [True, False])
def test_a_host_is_not_asked_twice_because_its_visits_take_longer_than_a_lease(
    session: Session, monkeypatch: pytest.MonkeyPatch, something_ends: bool
) -> None:
    monkeypatch.setattr(leasing, "LEASE_TTL", timedelta(seconds=3))  # instants are whole seconds

    async def main(clock: LoopClock) -> None:
        leases = Leases(session, delay_s=0, patience_s=0)
        begun = list(leases.begin())
        assert len(begun) == 3
        if something_ends:
            leases.ended(next(visit for visit in begun if "other" in visit.url))
        for _ in range(5):
            await clock.sleep(1)
            again = {visit.url for visit in leases.begin()}
            assert not any("slow" in url for url in again)

    assert isinstance(session.clock, LoopClock)
    asyncio.run(main(session.clock))


def test_a_host_is_not_leased_again_before_its_visits_were_asked_for(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leasing, "LEASE_TTL", timedelta(seconds=2))

    async def main(clock: LoopClock) -> None:
        leases = Leases(session, delay_s=0, patience_s=0)
        begun = leases.begin()
        visits = [next(begun)]
        for _ in range(3):
            await clock.sleep(1)
        visits += begun
        assert len(visits) == 3 and not list(leases.begin())
        for visit in visits:
            leases.ended(visit)

    assert isinstance(session.clock, LoopClock)
    asyncio.run(main(session.clock))


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


def test_a_run_that_waits_for_its_last_articles_commits_them_together(session: Session) -> None:
    """Each commit flushes the search index, and some 30 articles can share one."""
    sql = session.archive.connection.sql

    async def main() -> None:
        for number in range(GROUP_MAX_VISITS - 1):
            saved = partial(session.archive.articles.save, f"sha256:{number}", now=at())
            session.write(partial(saved, article(f"text {number}")))
            assert not await session.something_was_read()
            assert sql.in_transaction
        session.write(lambda: session.archive.articles.save("sha256:x", article(), now=at()))
        assert not sql.in_transaction
        session.write(lambda: session.archive.articles.save("sha256:y", article(), now=at()))
        await asyncio.sleep(2 * GROUP_MAX_SECONDS)
        assert not sql.in_transaction

    asyncio.run(main())


def test_leases_make_no_group_of_writes_larger(session: Session) -> None:
    frontier, sql = session.archive.frontier, session.archive.connection.sql

    async def main() -> None:
        leases = Leases(session, delay_s=0, patience_s=0)
        visits = list(leases.begin())
        for _ in range(2 * GROUP_MAX_VISITS):
            leases._keep_alive()
        assert sql.in_transaction
        for visit in visits:
            leases.ended(visit)
        assert sql.in_transaction
        for _ in range(GROUP_MAX_VISITS):
            session.write(partial(frontier.rest, "slow.example", NOW))
        assert not sql.in_transaction

    asyncio.run(main())


def test_what_is_to_be_read_is_committed_before_it_is_waited_for(session: Session) -> None:
    async def main() -> None:
        url = "http://slow.example/1"
        archive, source_id = session.archive, source(session.archive, url)
        kept = session.write(lambda: archive.evidence.record(session.run, source_id, [hop(url)]))
        assert kept is not None
        ended = EndedVisit(source_id, session.run, (hop(url, None),), kept.fetches[-1],
                           kept.final_capture, kept.final_payload)  # fmt: skip
        session.write(lambda: session.judging.add(ended))
        assert archive.connection.sql.in_transaction
        waiting = asyncio.ensure_future(session.something_was_read())
        await asyncio.sleep(0)
        assert not archive.connection.sql.in_transaction
        assert await waiting
        await session.extraction.drain()

    asyncio.run(main())


def test_while_articles_come_the_frontier_is_asked_now_and_then_not_after_each(
    session: Session,
) -> None:
    archive, pages = session.archive, 40

    def keep(number: int) -> None:
        url = f"http://slow.example/{number}"
        of, body = source(archive, url), f"<p>{number} {'says what it has to say. ' * 20}".encode()
        kept = archive.evidence.record(session.run, of, [hop(url, body)])
        session.judging.add(
            EndedVisit(of, session.run, (hop(url, None),), kept.fetches[-1], kept.final_capture,
                       kept.final_payload)
        )  # fmt: skip

    async def main() -> None:
        for number in range(pages):
            session.write(partial(keep, number))
        looks, began = 0, time.monotonic()
        while await session.something_was_read():
            looks += 1
        assert session.extraction.done == pages
        assert looks <= 1 + (time.monotonic() - began) / READ_ON_S
        await session.extraction.drain()

    asyncio.run(main())

"""The frontier: what is due, in which order, and who may visit a host."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from crawler.archive import Archive, FrontierStats, HostLease
from crawler.dates import format_instant
from tests.archive_kit import (
    NOW,
    Finish,
    article,
    at,
    begin,
    cite,
    end,
    entry,
    gone,
    hop,
    new_archive,
    not_modified,
    one,
    record,
    rows,
    source,
    visit,
)

TTL = timedelta(seconds=60)


def add(archive: Archive, *urls: str, cited_on: str | None = "2017-03-04") -> None:
    for url in urls:
        read = entry(cite(url, cited_on=cited_on), headline=url, url=None, locator=url)
        record(archive, read, url.encode())


def lease(archive: Archive, now: datetime = NOW, *, hosts: int = 9, per_host: int = 9,
          worker: str = "w") -> list[HostLease]:  # fmt: skip
    return archive.frontier.lease(worker, hosts=hosts, per_host=per_host, ttl=TTL, now=now)


def urls(given: HostLease) -> list[str]:
    return [due.url for due in given.due]


def done(number: int, outcome: str = "live-unverified", now: datetime = NOW,
         due: datetime | None = None, **more: object) -> Finish:  # fmt: skip
    return Finish(number, outcome, now, due or now + timedelta(days=1), "why", **more)  # type: ignore[arg-type]


# Order


def test_the_host_with_most_due_sources_comes_first(archive: Archive) -> None:
    add(archive, "http://one.example/1", *(f"http://three.example/{n}" for n in range(3)))
    add(archive, *(f"http://two.example/{n}" for n in range(2)), "http://also-one.example/1")
    expected = ["three.example", "two.example", "also-one.example", "one.example"]
    assert [each.host for each in lease(archive)] == expected
    archive.frontier.release_all()
    assert [each.host for each in lease(archive, hosts=2)] == expected[:2]
    assert [each.host for each in lease(archive, hosts=2)] == expected[2:]
    assert lease(archive) == []


def test_only_what_is_due_counts_and_is_given(archive: Archive) -> None:
    add(archive, *(f"http://big.example/{n}" for n in range(3)), "http://small.example/1")
    archive.connection.sql.execute("UPDATE sources SET due_at = ? WHERE id < 4", (at(days=1),))
    [small] = lease(archive)
    assert small.host == "small.example"
    archive.frontier.release_all()
    assert [each.host for each in lease(archive, NOW + timedelta(days=1))] == [
        "big.example", "small.example"
    ]  # fmt: skip


def test_a_source_without_a_due_date_is_never_given(archive: Archive) -> None:
    add(archive, "http://a.example/1")
    archive.connection.sql.execute("UPDATE sources SET due_at = NULL")
    assert lease(archive, NOW + timedelta(days=9999)) == []


def test_of_a_host_the_unvisited_come_first_and_of_these_the_newest_citations(
    archive: Archive,
) -> None:
    for url, day in (("old", "2016-01-01"), ("new", "2018-01-01"), ("unknown", None)):
        add(archive, f"http://a.example/{url}", cited_on=day)
    for url, due in (("due-late", at(hours=-1)), ("due-early", at(hours=-2))):
        add(archive, f"http://a.example/{url}", cited_on="2019-01-01")
        archive.connection.sql.execute(
            "UPDATE sources SET last_fetched_at = ?, due_at = ? WHERE url LIKE ?",
            (at(days=-9), due, f"%{url}"),
        )
    [given] = lease(archive)
    assert [url.rpartition("/")[2] for url in urls(given)] == [
        "new", "old", "unknown", "due-early", "due-late"
    ]  # fmt: skip
    archive.frontier.release_all()
    assert [urls(each) for each in lease(archive, per_host=4)] == [urls(given)[:4]]
    archive.frontier.release_all()
    assert [urls(each) for each in lease(archive, per_host=1)] == [urls(given)[:1]]


def test_what_a_visit_needs_to_know_comes_with_the_lease(archive: Archive) -> None:
    run, number = begin(archive), source(archive, "http://a.example:8080/1")
    visit(archive, run, number, hop("http://a.example:8080/1"))
    archive.connection.sql.execute("UPDATE hosts SET delay_s = 2.5")
    [given] = lease(archive, NOW + timedelta(days=1))
    assert (given.host, given.delay_s) == ("a.example:8080", 2.5)
    [due] = given.due
    assert (due.id, due.host, due.etag, due.failures) == (number, given.host, '"1"', 0)
    assert (due.first_captured_at, due.first_cited_on) == (at(), "2017-03-04")


# Leases


def test_a_host_is_leased_once_until_its_time_is_up(archive: Archive) -> None:
    add(archive, "http://a.example/1")
    [first] = lease(archive)
    assert first.until == NOW + TTL
    assert lease(archive, NOW + TTL - timedelta(seconds=1), worker="other") == []
    [second] = lease(archive, NOW + TTL, worker="other")
    assert second.token > first.token


def test_a_worker_whose_lease_was_taken_over_is_fenced(archive: Archive) -> None:
    add(archive, "http://a.example/1")
    [first] = lease(archive)
    [second] = lease(archive, NOW + TTL, worker="other")
    before = rows(archive, "SELECT * FROM sources"), rows(archive, "SELECT * FROM hosts")
    assert not end(archive, first, done(1))
    archive.frontier.release(first, next_at=NOW, delay_s=9.0)
    assert archive.frontier.extend("w", [first], ttl=TTL, now=NOW) == {"a.example"}
    assert before == (rows(archive, "SELECT * FROM sources"), rows(archive, "SELECT * FROM hosts"))
    assert end(archive, second, done(1))


def test_a_fenced_visit_is_kept_as_evidence(archive: Archive) -> None:
    run, number = begin(archive), source(archive)
    [first] = lease(archive)
    lease(archive, NOW + TTL, worker="other")
    kept = visit(archive, run, number, hop(), lease=first)
    assert kept.final_capture and one(archive, "SELECT record_type FROM captures") == "response"
    assert one(archive, "SELECT good_capture FROM sources") is None


def test_an_extended_lease_lasts_longer(archive: Archive) -> None:
    add(archive, "http://a.example/1", "http://b.example/1")
    a, b = sorted(lease(archive), key=lambda each: each.host)
    later = NOW + TTL - timedelta(seconds=1)
    assert archive.frontier.extend("w", [a], ttl=TTL, now=later) == set()
    assert [each.host for each in lease(archive, NOW + TTL, worker="other")] == ["b.example"]
    assert archive.frontier.extend("w", [a, b], ttl=TTL, now=NOW + TTL) == {"b.example"}
    assert archive.frontier.extend("other", [a], ttl=TTL, now=NOW + TTL) == {"a.example"}


def test_a_released_host_may_be_leased_at_once_with_a_new_token(archive: Archive) -> None:
    add(archive, "http://a.example/1")
    tokens = []
    for _ in range(3):
        [given] = lease(archive)
        archive.frontier.release(given)
        tokens.append(given.token)
    assert tokens == sorted(set(tokens))
    assert rows(archive, "SELECT lease_owner, lease_until FROM hosts") == [
        {"lease_owner": None, "lease_until": None}
    ]


def test_a_host_is_not_leased_before_its_next_visit_may_begin(archive: Archive) -> None:
    add(archive, "http://a.example/1")
    [given] = lease(archive)
    archive.frontier.release(given, next_at=NOW + timedelta(minutes=1), delay_s=2.5)
    assert lease(archive, NOW + timedelta(seconds=59)) == []
    assert archive.frontier.stats(NOW) == FrontierStats(1, 1, 0, at())
    [again] = lease(archive, NOW + timedelta(minutes=1))
    assert again.delay_s == 2.5
    archive.frontier.release(again)  # says nothing new
    assert rows(archive, "SELECT next_at, delay_s FROM hosts") == [
        {"next_at": at(minutes=1), "delay_s": 2.5}
    ]


def test_a_host_that_asked_for_rest_is_not_leased_before(archive: Archive) -> None:
    """Whoever holds it goes on holding it: the rest is the host's, not the lease's."""
    add(archive, "http://a.example/1")
    [given] = lease(archive)
    for minutes in (60, 30):  # a shorter rest does not cut a longer one
        archive.frontier.rest("a.example", NOW + timedelta(minutes=minutes))
    assert end(archive, given, done(1, "blocked", due=NOW))
    archive.frontier.release(given)
    assert lease(archive, NOW + timedelta(minutes=59)) == []
    assert archive.frontier.stats(NOW) == FrontierStats(1, 1, 1, at())
    assert len(lease(archive, NOW + timedelta(minutes=60))) == 1


def test_a_host_without_sources_may_ask_for_rest_too(archive: Archive) -> None:
    archive.frontier.rest("redirects.example", NOW)
    assert rows(archive, "SELECT host, backoff_until FROM hosts") == [
        {"host": "redirects.example", "backoff_until": at()}
    ]


def test_it_is_known_when_the_first_host_that_waits_is_free(archive: Archive) -> None:
    free_at = archive.frontier.next_free_at
    assert free_at(NOW) is None
    add(archive, *(f"http://{name}.example/1" for name in "abc"))
    a, b, c = sorted(lease(archive), key=lambda each: each.host)
    assert free_at(NOW) is None  # leased hosts are waited for in another way
    archive.frontier.release(a, next_at=NOW + timedelta(minutes=2))
    archive.frontier.rest("a.example", NOW + timedelta(minutes=9))
    archive.frontier.release(b, next_at=NOW + timedelta(minutes=5))
    assert free_at(NOW) == NOW + timedelta(minutes=5)
    end(archive, c, done(3))
    archive.frontier.release(c)
    assert free_at(NOW) == NOW + timedelta(minutes=5)  # c is free, but has nothing due
    assert [each.host for each in lease(archive, NOW + timedelta(minutes=5))] == ["b.example"]


def test_the_holder_of_the_run_lock_frees_all_hosts_and_keeps_their_pacing(
    archive: Archive,
) -> None:
    add(archive, "http://a.example/1", "http://b.example/1")
    given, _ = lease(archive)
    archive.frontier.release(given, next_at=NOW + timedelta(hours=1))
    archive.frontier.release_all()
    assert [each.host for each in lease(archive)] == ["b.example"]


def test_stats_count_what_is_due(archive: Archive) -> None:
    assert archive.frontier.stats(NOW) == FrontierStats(0, 0, 0, None)
    add(archive, "http://a.example/1", "http://a.example/2", "http://b.example/1")
    archive.connection.sql.execute("UPDATE sources SET due_at = ? WHERE id = 1", (at(days=-1),))
    assert archive.frontier.stats(NOW) == FrontierStats(3, 2, 0, at(days=-1))
    archive.connection.sql.execute("UPDATE sources SET due_at = ? WHERE id > 1", (at(days=1),))
    assert archive.frontier.stats(NOW) == FrontierStats(1, 1, 0, at(days=-1))


# The end of a visit


def state(archive: Archive) -> dict[str, object]:
    return rows(archive, "SELECT last_outcome, failures, due_at, good_capture, first_captured_at,"
                " last_fetched_at, etag, title FROM sources")[0]  # fmt: skip


def test_a_good_visit_and_then_bad_ones_and_a_304(archive: Archive) -> None:
    run, number = begin(archive), source(archive)
    first = visit(archive, run, number, hop())
    assert state(archive) == {
        "last_outcome": "live-unverified", "failures": 0, "due_at": at(hours=1), "etag": '"1"',
        "good_capture": first.final_capture, "first_captured_at": at(), "last_fetched_at": at(),
        "title": "BBC",
    }  # fmt: skip
    held = state(archive)
    for failures in (1, 2):
        visit(archive, run, number, gone(), finished_at=NOW + timedelta(days=failures))
        assert state(archive) == held | {
            "last_outcome": "gone", "failures": failures, "last_fetched_at": at(days=failures)
        }  # fmt: skip
    visit(archive, run, number, not_modified(), etag='"of the 304"')
    assert state(archive) == held | {"last_outcome": "live"}  # failures are over
    second = visit(archive, run, number, hop(body=b"changed" * 99), etag=None)
    assert state(archive) == held | {"good_capture": second.final_capture, "etag": None}


def test_a_304_that_confirms_nothing_is_no_first_capture(archive: Archive) -> None:
    run, number = begin(archive), source(archive)
    visit(archive, run, number, not_modified())
    assert state(archive)["first_captured_at"] is None
    assert one(archive, "SELECT count(*) FROM captures") == 0


def test_validators_too_long_to_be_sent_are_not_kept(archive: Archive) -> None:
    run, number = begin(archive), source(archive)
    visit(archive, run, number, hop(), etag='"' + "x" * 5000, last_modified="Sun, 01 Mar 2026")
    assert rows(archive, "SELECT etag, last_modified FROM sources") == [
        {"etag": None, "last_modified": "Sun, 01 Mar 2026"}
    ]


def test_a_payload_that_was_extracted_before_brings_its_title(archive: Archive) -> None:
    """As that of another source, or as one that this source shows again."""
    run, number = begin(archive), source(archive)
    payload = str(visit(archive, run, number, hop()).final_payload)
    archive.articles.save(payload, article(), now=at())
    other = source(archive, "http://syndicated.example/")
    visit(archive, run, other, hop("http://syndicated.example/"))
    assert one(archive, "SELECT title FROM sources WHERE id = ?", other) == "Mexico opens centers"


def test_a_visit_outside_of_any_lease_is_written_too(archive: Archive) -> None:
    add(archive, "http://a.example/1")
    assert end(archive, None, done(1, "gone"))
    assert state(archive)["failures"] == 1


# Any order of events, by any number of workers


class FrontierMachine(RuleBasedStateMachine):
    """Workers that lease, sleep past their leases, finish and release, on a clock that we move."""

    leases = Bundle("leases")
    HOSTS = 3

    @initialize()
    def open(self) -> None:
        self.folder = TemporaryDirectory()
        self.archive = new_archive(Path(self.folder.name))
        self.now = NOW
        self.tokens: dict[str, int] = {}  # the highest ever given
        self.live: dict[str, tuple[int, datetime]] = {}  # host -> token, until: as it must be
        self.next: dict[str, datetime] = {}  # host -> when its next visit may begin
        self.resting: dict[str, datetime] = {}  # host -> until when it asked to be left alone
        self.count = 0

    def teardown(self) -> None:
        if hasattr(self, "archive"):
            self.archive.close()
            self.folder.cleanup()

    @rule(host=st.integers(0, HOSTS - 1))
    def cite(self, host: int) -> None:
        self.count += 1
        add(self.archive, f"http://host{host}.example/{self.count}")
        # what is cited now is due now
        self.archive.connection.sql.execute(
            "UPDATE sources SET due_at = ? WHERE id = (SELECT max(id) FROM sources)",
            (format_instant(self.now),),
        )

    @rule(seconds=st.sampled_from([1, 30, 59, 60, 61, 3600]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    def is_free(self, host: str) -> bool:
        return all(
            until <= self.now
            for until in (
                self.live.get(host, (0, self.now))[1], self.next.get(host, self.now),
                self.resting.get(host, self.now),
            )
        )  # fmt: skip

    @rule(target=leases, worker=st.sampled_from("ab"), hosts=st.integers(1, 3),
          per_host=st.integers(1, 3))  # fmt: skip
    def lease(self, worker: str, hosts: int, per_host: int) -> tuple[str, list[HostLease]]:
        given = lease(self.archive, self.now, hosts=hosts, per_host=per_host, worker=worker)
        free = {
            row["host"]: row["due"]
            for row in rows(self.archive, "SELECT host, count(*) AS due FROM sources"
                            " WHERE due_at <= ? GROUP BY host", format_instant(self.now))
            if self.is_free(row["host"])
        }  # fmt: skip
        # exactly the largest of the free hosts that have something due: nothing is out of reach
        largest = sorted(free, key=lambda host: (-free[host], host))[:hosts]
        assert [each.host for each in given] == largest
        for each in given:
            assert each.token > self.tokens.get(each.host, 0)
            assert len(each.due) == min(per_host, free[each.host])
            self.tokens[each.host] = each.token
            self.live[each.host] = (each.token, each.until)
        return worker, given

    @rule(held=leases, outcome=st.sampled_from(["live-unverified", "gone"]))
    def finish(self, held: tuple[str, list[HostLease]], outcome: str) -> None:
        for each in held[1]:
            for due in each.due:
                before = rows(self.archive, "SELECT * FROM sources WHERE id = ?", due.id)
                accepted = end(self.archive, each, done(due.id, outcome, self.now))
                assert accepted == (each.token == self.tokens[each.host])
                after = rows(self.archive, "SELECT * FROM sources WHERE id = ?", due.id)
                assert accepted or before == after

    @rule(held=leases)
    def extend(self, held: tuple[str, list[HostLease]]) -> None:
        lost = self.archive.frontier.extend(held[0], held[1], ttl=TTL, now=self.now)
        for each in held[1]:
            mine = self.live.get(each.host, (0, NOW))[0] == each.token
            assert (each.host in lost) == (not mine)
            if mine:
                self.live[each.host] = (each.token, self.now + TTL)

    @rule(held=leases, seconds=st.sampled_from([None, 30, 600]))
    def release(self, held: tuple[str, list[HostLease]], seconds: int | None) -> None:
        until = self.now + timedelta(seconds=seconds) if seconds else None
        for each in held[1]:
            self.archive.frontier.release(each, next_at=until)
            if each.token == self.tokens[each.host]:
                self.live.pop(each.host, None)
                if until is not None:
                    self.next[each.host] = until

    @rule(host=st.integers(0, HOSTS - 1), seconds=st.sampled_from([1, 600]))
    def rest(self, host: int, seconds: int) -> None:
        name, until = f"host{host}.example", self.now + timedelta(seconds=seconds)
        self.archive.frontier.rest(name, until)
        self.resting[name] = max(until, self.resting.get(name, until))

    @rule()
    def release_all(self) -> None:
        self.archive.frontier.release_all()
        self.live.clear()

    @invariant()
    def tokens_are_as_given_and_hosts_know_their_first_due_source(self) -> None:
        if not hasattr(self, "archive"):
            return
        for row in rows(self.archive, "SELECT h.*, (SELECT min(due_at) FROM sources s"
                        " WHERE s.host = h.host) AS first FROM hosts h"):  # fmt: skip
            assert row["lease_token"] == self.tokens.get(row["host"], 0)
            assert row["next_due_at"] == row["first"]


FrontierMachine.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
TestFrontier = FrontierMachine.TestCase


def test_a_lease_of_one_worker_is_not_another_ones_to_finish(archive: Archive) -> None:
    add(archive, "http://a.example/1")
    [given] = lease(archive)
    assert not end(archive, replace(given, token=given.token + 1), done(1))
    assert not end(archive, replace(given, host="b.example"), done(1))


# A clock that was wrong


def test_what_a_clock_that_ran_ahead_put_off_for_years_is_due_again(archive: Archive) -> None:
    add(archive, "http://a.example/1", "http://a.example/2", "http://b.example/1")
    begin(archive)
    late = NOW + timedelta(days=4000)
    end(archive, None, done(1, now=late, due=late + timedelta(days=30)))
    end(archive, None, done(2, due=NOW + timedelta(days=300)))
    archive.frontier.rest("b.example", late)
    assert lease(archive) == []
    assert archive.frontier.disbelieve(NOW - timedelta(days=1), NOW) == 0, (
        "that one is wrong itself"
    )
    assert archive.frontier.disbelieve(NOW, NOW) == 1
    assert [urls(given) for given in lease(archive)] == [
        ["http://a.example/1"], ["http://b.example/1"]
    ]  # fmt: skip
    assert archive.frontier.disbelieve(NOW, NOW) == 0, "it is done once"


def test_a_page_beside_a_source_is_asked_in_its_place_once(archive: Archive) -> None:
    add(archive, "http://a.example/1")
    begin(archive)
    end(archive, None, done(1))
    beside = "http://a.example/no-such-page"
    archive.frontier.ask_sibling(1, beside, NOW)
    (given,) = lease(archive)
    assert [due.probe_url for due in given.due] == [beside]
    archive.frontier.release_all()
    (other,) = lease(archive, worker="another")
    assert not archive.frontier.sibling_asked(given, 1, NOW), "another holds the host by now"
    assert archive.frontier.sibling_asked(other, 1, NOW)
    archive.frontier.release(other)
    assert lease(archive, NOW) == [], "it waits to be judged"
    (left,) = lease(archive, NOW + timedelta(hours=1))
    assert [due.probe_url for due in left.due] == [None]


def test_what_was_judged_by_others_waits_no_more(archive: Archive) -> None:
    add(archive, "http://a.example/1")
    archive.frontier.finish(None, 1, NOW, began_at=at())
    assert one(archive, "SELECT unjudged_since FROM sources") == at()
    archive.frontier.judged(1)
    assert one(archive, "SELECT unjudged_since FROM sources") is None

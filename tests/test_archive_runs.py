"""Runs and the robots.txt files that outlive them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from crawler.archive import Archive, RunReport
from crawler.digests import digest_of
from crawler.robotstxt import RobotsRecord
from tests.archive_kit import (
    at,
    begin,
    gone,
    hop,
    not_modified,
    one,
    rows,
    source,
    visit,
)


def test_a_run_says_with_what_it_ran(archive: Archive) -> None:
    archive.runs.begin(
        "crawl", software={"scrapy": "2.19"}, settings={"DELAY": 5, "PATH": Path("/x")}, now=at()
    )
    [row] = rows(archive, "SELECT * FROM runs")
    assert json.loads(row["software"]) == {"scrapy": "2.19"}
    assert json.loads(row["settings"]) == {"DELAY": 5, "PATH": "/x"}
    assert (row["command"], row["started_at"], row["finished_at"]) == ("crawl", at(), None)
    assert row["archive_uid"] == one(archive, "SELECT uid FROM archive")


def test_a_run_that_never_ended_was_killed(archive: Archive) -> None:
    first = begin(archive)
    assert one(archive, "SELECT finish_reason FROM runs_report") == "unfinished"
    second = begin(archive)
    archive.runs.finish(second, reason="finished", counts={}, now=at(hours=1))
    begin(archive)
    found = rows(archive, "SELECT id, finish_reason, finished_at FROM runs ORDER BY id")
    assert [tuple(row.values()) for row in found] == [
        (first, "killed", None), (second, "finished", at(hours=1)), (3, None, None)
    ]  # fmt: skip


def test_a_run_is_counted_by_its_visits_and_not_by_their_hops(archive: Archive) -> None:
    numbers = [source(archive, f"https://{name}.example/") for name in "abcd"]
    earlier, run = begin(archive), begin(archive)
    visit(archive, earlier, numbers[0], hop())
    moved = hop(body=b"", status=302, outcome="redirect", reason="http-302")
    visit(archive, run, numbers[0], replace(moved, uid="1"), hop(hop=1))
    visit(archive, run, numbers[0], not_modified())
    visit(archive, run, numbers[1], gone(), gone())  # tried twice
    visit(archive, run, numbers[2], replace(moved, uid="2"), outcome="server-error")
    visit(archive, run, numbers[3], hop())
    archive.evidence.record(run, None, [hop(purpose="robots", outcome="robots")])
    archive.evidence.record(run, None, [hop(purpose="entry")])
    assert archive.runs.report(run) == RunReport(
        fetches=9,
        new_captures=1,  # what a redirect or an error page brought is kept, but is no news
        revisits=2,
        outcomes={"live-unverified": 2, "gone": 1, "live": 1, "server-error": 1},
    )


def test_a_finished_run_is_shown_with_the_counts_that_it_made_itself(archive: Archive) -> None:
    run = begin(archive)
    counts: dict[str, object] = {"fetches": 1234, "new_captures": 12, "revisits": 1, "more": {}}
    archive.runs.finish(run, reason="finished", counts=counts, now=at(hours=1))
    shown = rows(archive, "SELECT fetches, new_captures, revisits FROM runs_report")
    assert shown == [{"fetches": 1234, "new_captures": 12, "revisits": 1}]


def test_the_failures_of_a_run_are_listed_with_what_is_not_held_first(archive: Archive) -> None:
    held, lost, mended, old = (source(archive, f"https://{n}.example/") for n in "abcd")
    earlier = begin(archive)
    visit(archive, earlier, held, hop())
    visit(archive, earlier, mended, gone())
    visit(archive, earlier, old, gone())
    run = begin(archive)
    visit(archive, run, held, gone(reason="http-410"))
    visit(archive, run, lost, gone())
    visit(archive, run, mended, hop())
    found = [(row["url"], row["held"], row["reason"]) for row in archive.runs.failed(run, 9)]
    assert found == [("https://b.example/", 0, "http-404"), ("https://a.example/", 1, "http-410")]
    assert len(archive.runs.failed(run, 1)) == 1


# robots.txt


BODY = b"User-agent: *\nDisallow: /private\n"
RECORD = RobotsRecord("https://a.example:8443", 200, BODY, digest_of(BODY), at())


def test_a_robots_file_outlives_its_run(archive: Archive) -> None:
    assert archive.robots.load(RECORD.origin) is None
    archive.robots.save(RECORD)
    assert archive.robots.load(RECORD.origin) == RECORD
    assert one(archive, "SELECT host FROM robots") == "a.example:8443"
    assert archive.robots.load("http://a.example:8443") is None


def test_the_latest_finding_takes_the_place_of_the_one_before(archive: Archive) -> None:
    archive.robots.save(RECORD)
    failed = RobotsRecord(RECORD.origin, None, b"", None, at(days=1), "timeout")
    archive.robots.save(failed)
    assert archive.robots.load(RECORD.origin) == failed
    assert one(archive, "SELECT count(*) FROM payloads") == 1  # what it said is still known


def test_a_robots_file_that_rotted_is_asked_for_again(archive: Archive) -> None:
    archive.robots.save(RECORD)
    archive.connection.sql.execute("UPDATE payloads SET bytes = x'00'")
    assert archive.robots.load(RECORD.origin) is None

"""Our own outages: when the control URLs do not answer either, no source is to blame."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.archive.elsewhere.testimony import Pace
from crawler.cli.crawl import project_settings
from crawler.dates import format_instant
from crawler.demo import START, DemoWeb, page, redirect, silence
from crawler.digests import new_uid
from crawler.fetching.control import COULD_BE_OURS, as_local_fault, could_be_ours
from crawler.fetching.run import clock
from crawler.fetching.run.clock import Clock
from crawler.fetching.run.endings import skew_of
from crawler.fetching.run.session import Session
from crawler.items import Hop
from crawler.mementos.limits import LimitState
from crawler.verdicts import OUTCOMES
from crawler.verdicts.outcomes import _BY_FAILURE
from tests.archive_kit import source
from tests.crawling import crawl, crawl_words, rows, sourcekeep, value

HOP = Hop(new_uid(), "http://a.example/", "source", 0, "2026-03-01T12:00:00Z", "dead-host", "")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody answers at: it is bound, and not listened on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.9", 0))
        yield bound.getsockname()[1]


def control(*urls: str) -> list[str]:
    return ["-s", "SOURCEKEEP_CONTROL_URLS=" + ",".join(urls)]


def dead(closed_port: int, count: int = 4) -> str:
    return "".join(f"http://127.0.0.9:{closed_port}/{number}\n" for number in range(count))


@pytest.mark.parametrize(
    ("hop", "ours"),
    [
        (replace(HOP, reason="nxdomain"), True),
        (replace(HOP, reason="timeout"), True),
        (replace(HOP, reason="protocol-error"), False),
        (replace(HOP, reason="http-503", status=503), False),
        (replace(HOP, reason="timeout", status=200), False),
        (replace(HOP, reason="robots", robots="disallow unreachable(timeout)"), True),
        (replace(HOP, reason="robots", robots="disallow unreachable(503)"), False),
        (replace(HOP, reason="robots", robots="disallow sha256:00 /"), False),
    ],
)
def test_a_failure_can_be_ours_when_nothing_was_heard(hop: Hop, ours: bool) -> None:
    assert could_be_ours(hop) is ours
    assert (as_local_fault(hop).outcome == "local-fault") is ours
    assert as_local_fault(hop).reason == hop.reason


def test_behind_a_proxy_that_is_away_no_source_fails(closed_port: int, tmp_path: Path) -> None:
    """Only the proxy was dialled, so nothing was seen of http and https sources alike."""
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    listed.write_text("http://one.example/\nhttps://two.example/\n")
    proxy = ["--proxy", f"http://127.0.0.9:{closed_port}"]
    done = crawl(archive, START, listed, *proxy)
    assert done.json["outcomes"] == {"local-fault": 2}
    assert done.err.count("cannot be reached: failures do not count") == 1
    assert value(archive, "SELECT sum(failures) FROM sources") == 0


def test_a_run_whose_proxy_is_away_ends_early_and_leaves_the_rest_due(
    closed_port: int, tmp_path: Path
) -> None:
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    listed.write_text("".join(f"http://host{number}.example/\n" for number in range(300)))
    done = crawl(archive, START, listed, "--proxy", f"http://127.0.0.9:{closed_port}")
    assert done.json["finish_reason"] == "proxy-away" and done.code == 0
    assert len(done.err.splitlines()) == 1 and "ends early" in done.err
    assert done.json["visits"] < 150  # twenty, and those that were under way
    assert done.json["due_left"] == 300  # failures of ours make nobody wait but by the host


def test_a_run_that_is_offline_ends_early_and_leaves_the_rest_due(
    closed_port: int, tmp_path: Path
) -> None:
    """Its sources stand on many hosts: those of one would be left alone after the first."""
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    hosts = [f"127.0.{number // 200}.{number % 200 + 20}" for number in range(300)]
    listed.write_text("".join(f"http://{host}:{closed_port}/\n" for host in hosts))
    site = f"http://127.0.0.9:{closed_port}/news/"
    done = crawl(archive, START, listed, site, *control(f"http://127.0.0.9:{closed_port}/c"))
    assert done.json["finish_reason"] == "offline" and done.code == 0
    assert len(done.err.splitlines()) == 1 and "ends early" in done.err
    assert done.json["visits"] < 150  # twenty, and those that were under way
    assert done.json["due_left"] == 300 and done.json["intake"]["problems"] == 0
    assert value(archive, "SELECT sum(failures) FROM sources") == 0


def test_its_outcome_is_in_the_vocabulary() -> None:
    assert "local-fault" in OUTCOMES and "local-fault" not in _BY_FAILURE.values()
    assert _BY_FAILURE.keys() >= COULD_BE_OURS


def test_while_we_are_offline_no_source_fails(
    web: DemoWeb, closed_port: int, tmp_path: Path
) -> None:
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    listed.write_text(dead(closed_port))
    offline = sourcekeep(
        *crawl_words(archive, START, listed, *control(f"http://127.0.0.9:{closed_port}/c")),
        "--json", "--strict",
    )  # fmt: skip
    assert offline.code == 0
    assert "seems to be offline" in offline.err and len(offline.err.splitlines()) == 1
    assert offline.json["outcomes"].keys() == {"local-fault"}
    sources = rows(archive, "SELECT DISTINCT failures, last_outcome, last_fetched_at FROM sources")
    assert sources == [{"failures": 0, "last_outcome": None, "last_fetched_at": None}]
    rests = "SELECT count(*) FROM hosts WHERE backoff_until >= ?"
    assert value(archive, rests, format_instant(START + timedelta(hours=1))) > 0
    fetches = rows(archive, "SELECT DISTINCT purpose, outcome, reason FROM fetches ORDER BY 1")
    assert fetches == [
        {"purpose": "control", "outcome": "dead-host", "reason": "refused"},
        {"purpose": "robots", "outcome": "dead-host", "reason": "refused"},
        {"purpose": "source", "outcome": "local-fault", "reason": "refused"},
    ]
    assert value(archive, "SELECT count(*) FROM fetches WHERE purpose = 'control'") == 1
    # Not before an hour has passed; then as if nothing had been.
    assert crawl(archive, START + timedelta(minutes=30)).json["fetches"] == 0
    later = crawl(archive, START + timedelta(minutes=70), *control(web.url("wire", "/c")))
    assert set(later.json["outcomes"]) == {"dead-host"}
    assert value(archive, "SELECT min(failures) FROM sources") == 1


def test_a_control_page_that_answers_leaves_the_blame_where_it_is(
    web: DemoWeb, closed_port: int, tmp_path: Path
) -> None:
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    listed.write_text(dead(closed_port))
    web.add("wire", "/c", page("Here.", status=404))  # an answer is an answer
    hung = f"http://127.0.0.9:{closed_port}/c"
    found = crawl(archive, START, listed, *control(hung, web.url("wire", "/c"))).json
    assert found["outcomes"] == {"dead-host": 4}
    assert value(archive, "SELECT min(failures) FROM sources") == 1
    assert web.requests.count("/c") == 1
    (kept,) = rows(archive, "SELECT * FROM fetches WHERE purpose = 'control' AND status NOT NULL")
    assert kept["status"] == 404 and kept["wire_digest"] and kept["run"] == 1
    assert value(archive, "SELECT count(*) FROM captures c JOIN fetches f ON f.id = c.fetch"
                 " WHERE f.purpose = 'control'") == 0  # fmt: skip


def test_sources_that_answer_are_kept_while_others_meet_the_outage(
    web: DemoWeb, closed_port: int, tmp_path: Path
) -> None:
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    nobody = f"http://127.0.0.9:{closed_port}"
    web.add(
        "wire", "/good", page("<p>" + "A page that is there, and says what it has to say. " * 9)
    )
    web.add("gazette", "/gone", page("No.", status=410))
    web.add("courier", "/lost", redirect(f"{nobody}/there"))
    pages = (("wire", "/good"), ("gazette", "/gone"), ("courier", "/lost"))
    listed.write_text("".join(web.url(host, path) + "\n" for host, path in pages))
    found = crawl(archive, START, listed, *control(f"{nobody}/c")).json
    assert found["outcomes"] == {"gone": 1, "live-unverified": 1, "local-fault": 1}
    assert [row["outcome"] for row in found["failed"]] == ["gone"]
    ended = rows(archive, "SELECT last_outcome, failures FROM sources ORDER BY url")
    assert sorted((str(row["last_outcome"]), row["failures"]) for row in ended) == [
        ("None", 0), ("gone", 1), ("live-unverified", 0),
    ]  # fmt: skip
    hops = rows(archive, "SELECT outcome FROM fetches WHERE url LIKE '%/lost' OR url LIKE"
                " '%/there' ORDER BY id")  # fmt: skip
    assert hops[0] == {"outcome": "redirect"} and hops[-1] == {"outcome": "local-fault"}


@pytest.mark.slow
def test_a_hung_control_page_delays_evidence_by_its_deadline_only(
    web: DemoWeb, closed_port: int, tmp_path: Path
) -> None:
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    listed.write_text(dead(closed_port, 1))
    web.add("wire", "/c", silence())
    found = crawl(archive, START, listed, *control(web.url("wire", "/c")), timeout=40).json
    assert found["outcomes"] == {"local-fault": 1}
    elapsed = value(archive, "SELECT elapsed_ms FROM fetches WHERE purpose = 'control'")
    assert 9_000 < elapsed < 12_000


def test_a_control_url_that_is_none_is_refused(tmp_path: Path) -> None:
    found = sourcekeep(*crawl_words(tmp_path / "a.db", START, *control("example.org")))
    assert found.code != 0 and "SOURCEKEEP_CONTROL_URLS" in found.err


# Clocks


def test_a_run_does_not_follow_a_wall_clock_that_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class SetBack(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> SetBack:
            return cls(2000, 1, 1, tzinfo=tz)

    session = Session.open(project_settings({"SOURCEKEEP_ARCHIVE": tmp_path / "a.db"}), "crawl")
    before = session.clock.now()
    monkeypatch.setattr(clock, "datetime", SetBack)
    assert timedelta(0) <= session.clock.now() - before < timedelta(seconds=5)
    session.close("finished")
    (run,) = rows(tmp_path / "a.db", "SELECT started_at, finished_at FROM runs")
    assert "2000" < run["started_at"] <= run["finished_at"]


def answered(url: str, date: str | None, **headers: str) -> Hop:
    named = {"Date": date, **headers}
    pairs = tuple((name, text) for name, text in named.items() if text is not None)
    return replace(HOP, url=url, outcome="live", status=200, response_headers=pairs)


@pytest.mark.parametrize(
    ("hop", "seconds"),
    [
        (answered("http://a.example/", "Sun, 01 Mar 2026 13:00:00 GMT"), 3600),
        (answered("http://a.example/", "Sun, 01 Mar 2026 12:00:00"), 0),
        (answered("http://a.example/", "yesterday"), None),
        (answered("http://a.example/", ""), None),
        (answered("http://a.example/", "Sun, 01 Mar 2026 13:00:00 +99999999999999999999"), None),
        (answered("http://a.example/", "Sun, 01 Mar 2026 99:00:00 GMT"), None),
        (answered("http://a.example/", None), None),
        (answered("http://a.example/", "Sun, 01 Mar 2026 09:00:00 GMT", Age="9000"), None),
    ],
)
def test_a_date_header_tells_how_far_the_clocks_are_apart(hop: Hop, seconds: int | None) -> None:
    skew = skew_of(hop)
    assert (skew and skew.total_seconds()) == (seconds or (skew and 0))


def test_the_skew_is_noted_when_several_hosts_agree(tmp_path: Path, now: datetime) -> None:
    with Archive.open(tmp_path / "a.db", create=True) as archive:
        session = Session(archive, 1, Clock(now))
        session.hosts.skews = {"a": timedelta(hours=1), "b": timedelta(hours=1)}
        assert session.hosts.clock_skew() is None
        session.hosts.skews["c"] = timedelta(seconds=2)
        assert session.hosts.clock_skew() == timedelta(hours=1)
        session.hosts.skews = dict.fromkeys("abc", timedelta(minutes=4))
        assert session.hosts.clock_skew() is None


def test_an_archive_that_began_with_a_clock_that_ran_ahead_is_set_right_by_the_next_run(
    web: DemoWeb, tmp_path: Path
) -> None:
    """The one host that answered tells it: its Date headers agree with the clock of that run."""
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    text = "A page that is there, and says what it has to say. " * 9
    for path in ("/good", "/gone"):
        web.add("wire", path, page(f"<p>{text}{path}"))
    listed.write_text("".join(web.url("wire", path) + "\n" for path in ("/good", "/gone")))
    crawl(archive, START + timedelta(days=3650), listed)
    assert "2036" in value(archive, "SELECT min(due_at) FROM sources")

    web.add("wire", "/gone", page("No.", status=410))
    right = crawl(archive, START + timedelta(hours=1))
    assert "2 sources were last visited, or added, after" in right.err and right.json["visits"] == 2
    due = rows(archive, "SELECT due_at, last_outcome, failures FROM sources ORDER BY url")
    assert [row["last_outcome"] for row in due] == ["gone", "live"]
    assert due[0]["failures"] == 1
    week = format_instant(START + timedelta(days=7))
    assert all(row["due_at"] < week for row in due)
    again = crawl(archive, START + timedelta(days=30))
    assert "a clock that was wrong" not in again.err and again.json["visits"] == 2
    states = rows(archive, "SELECT verdict, verdict_since FROM sources ORDER BY url")
    assert states[1]["verdict"] == "live"
    assert sourcekeep("verify", "--archive", archive).code == 0


def test_what_was_added_by_a_clock_that_ran_ahead_is_due_in_the_first_run(
    web: DemoWeb, tmp_path: Path
) -> None:
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    listed.write_text(web.url("wire", "/") + "\n")
    words = ("add", listed, "--archive", archive, "--now", "2036-03-01T12:00:00Z")
    assert sourcekeep(*words).code == 0
    assert crawl(archive, START).json["visits"] == 1


def test_web_archives_are_asked_though_a_clock_that_ran_ahead_asked_them_last(
    tmp_path: Path, now: datetime
) -> None:
    with Archive.open(tmp_path / "a.db", create=True) as archive:
        sources = [source(archive, f"http://a.example/{n}") for n in range(2)]
        archive.rescuing.wish(sources, now + timedelta(days=3650))
        archive.rescuing.settle(sources[0], "none-found", now + timedelta(days=3650))
        until = format_instant(now + timedelta(days=3651))
        pace = Pace(LimitState(3, until, "rate-limited"), until, None, 3)
        archive.testimony.save_pace("wb", pace, now + timedelta(days=3650))
        archive.rescuing.disbelieve(now, now + timedelta(days=1))
        assert archive.rescuing.count_due(now) == 2
        assert not archive.testimony.pace("wb").state.rests(now)
        assert archive.testimony.pace("wb").index_next_at is None


def test_a_run_notes_that_its_clock_is_wrong(web: DemoWeb, tmp_path: Path) -> None:
    """The hosts of the demo web stand at its clock; ours goes by --now."""
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    listed.write_text("\n".join(web.url(host, "/") for host in ("courier", "wire", "gazette")))
    found = crawl(archive, START - timedelta(hours=2), listed)
    assert "the pretended clock is 7" in found.err  # by --now: the machine's is not to blame
    skew = value(archive, "SELECT json_extract(counts, '$.clock_skew_seconds') FROM runs")
    assert 7_100 < skew <= 7_200

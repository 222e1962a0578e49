"""Politeness as the servers see it: distance between requests, rest when asked, across runs."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from crawler.demo import START, DemoWeb, delay, page, redirect, sequence
from tests.crawling import crawl, rows, value

TEXT = "<html><body><article><p>" + "One sentence of many. " * 30 + "</p></article></body></html>"


def listed(web: DemoWeb, tmp_path: Path, *pages: tuple[str, str]) -> Path:
    path = tmp_path / "list.txt"
    path.write_text("".join(web.url(host, name) + "\n" for host, name in pages))
    return path


def gaps(web: DemoWeb, host: str) -> list[float]:
    times = [request.t for request in web.requests if request.host == host]
    return [later - earlier for earlier, later in pairwise(times)]


def distances(web: DemoWeb, host: str, archive: Path) -> list[float]:
    """Seconds between two requests to a host, as they were sent.

    On a busy machine one may arrive late, by no more than its fetch took, and the next in time.
    """
    told = rows(archive, "SELECT url, elapsed_ms / 1000.0 AS took_s FROM fetches")
    took = {row["url"]: row["took_s"] for row in told}
    asked = [request for request in web.requests if request.host == host]
    return [
        later.t - earlier.t + took[earlier.base_url + earlier.target]
        for earlier, later in pairwise(asked)
    ]


def test_requests_to_a_host_keep_their_distance_and_hosts_do_not_wait_for_each_other(
    web: DemoWeb, tmp_path: Path
) -> None:
    pages = [(host, f"/pace/{n}") for host in ("courier", "wire") for n in range(4)]
    for host, name in pages:
        web.add(host, name, page(TEXT))
    archive = tmp_path / "a.db"
    crawl(archive, START, listed(web, tmp_path, *pages), "--delay", 1)
    for host in ("127.0.0.2", "127.0.0.3"):
        apart = distances(web, host, archive)
        assert len(apart) == 4  # robots.txt and four pages
        assert min(apart) >= 0.95
    hosts = [request.host for request in web.requests]
    assert len(set(hosts[:4])) == 2  # not one host after the other


def test_without_a_delay_too_one_request_at_a_time_is_under_way_to_a_host(
    web: DemoWeb, tmp_path: Path
) -> None:
    """All wait for its robots.txt first, and may go ahead at one moment."""
    answered_after_s = 0.1
    pages = [("courier", f"/at-once/{n}") for n in range(6)]
    for host, name in pages:
        web.add(host, name, delay(answered_after_s, page(TEXT)))
    crawl(tmp_path / "a.db", START, listed(web, tmp_path, *pages), "--delay", 0)
    _, *apart = gaps(web, "127.0.0.2")  # robots.txt is answered at once
    assert len(apart) == 5
    assert min(apart) >= answered_after_s


@pytest.mark.slow
def test_a_host_with_500_citations_keeps_its_distance_and_nobody_else_waiting(
    web: DemoWeb, tmp_path: Path
) -> None:
    crowd = [("courier", f"/crowd/{number}") for number in range(500)]
    others = [(host, f"/few/{n}") for host in ("wire", "ministry", "gazette") for n in range(4)]
    for host, name in (*crowd, *others):
        web.add(host, name, page(TEXT + name))
    archive = tmp_path / "a.db"
    crawl(archive, START, listed(web, tmp_path, *crowd, *others), "--delay", "0.1", timeout=110)
    assert value(archive, "SELECT count(*) FROM sources WHERE last_outcome LIKE 'live%'") == 512
    asked = [r.t for r in web.requests if r.path.startswith("/crowd/")]
    # A busy machine is late with single ones; of any fifty in a row none can make up for that.
    assert len(asked) == 500
    assert all(
        later - first >= 49 * 0.1 * 0.9 for first, later in zip(asked, asked[49:], strict=False)
    )
    few = [r.t for r in web.requests if r.path.startswith("/few/")]
    assert max(few) - min(asked) < 15, "the others waited for the crowd"


def test_the_distance_is_kept_from_one_run_to_the_next(web: DemoWeb, tmp_path: Path) -> None:
    for number in range(2):
        web.add("courier", f"/pace/{number}", page(TEXT))
    archive = tmp_path / "a.db"
    both = listed(web, tmp_path, ("courier", "/pace/0"), ("courier", "/pace/1"))
    crawl(archive, START, both, "--delay", 9, "--max-fetches", 1)  # robots.txt, 9 s, a page
    assert value(archive, "SELECT next_at FROM hosts") > "2026-02-21T08:00:16Z"
    impatient = ("--delay", 9, "-s", "SOURCEKEEP_WAIT_MAX_S=1")
    assert crawl(archive, START, *impatient).json["visits"] == 0
    later = START.replace(minute=1)
    assert crawl(archive, later, *impatient).json["visits"] == 1


def test_a_host_that_asks_for_a_second_gets_it_within_the_run(web: DemoWeb, tmp_path: Path) -> None:
    busy = page("Slow down.", status=429, headers=[("Retry-After", "2")])
    web.add("courier", "/busy", sequence([busy, page(TEXT)]))
    archive = tmp_path / "a.db"
    result = crawl(archive, START, listed(web, tmp_path, ("courier", "/busy"))).json
    assert result["outcomes"] == {"blocked": 1, "live-unverified": 1}
    assert gaps(web, "127.0.0.2")[-1] >= 1.9
    assert value(archive, "SELECT failures FROM sources") == 0


def test_a_host_that_asks_for_an_hour_is_left_alone_with_all_its_pages(
    web: DemoWeb, tmp_path: Path
) -> None:
    busy = page("Slow down.", status=429, headers=[("Retry-After", "3600")])
    pages = [("courier", f"/busy/{number}") for number in range(6)]
    for host, name in pages:
        web.add(host, name, busy)
    web.add("wire", "/calm", page(TEXT))
    archive = tmp_path / "a.db"
    words = listed(web, tmp_path, *pages, ("wire", "/calm"))
    crawl(archive, START, words, "--delay", "0.3")
    asked = [r for r in web.requests if r.path.startswith("/busy/")]
    assert len(asked) == 1
    assert value(archive, "SELECT count(*) FROM fetches WHERE status = 429") == 1
    assert value(archive, "SELECT backoff_until FROM hosts WHERE host LIKE '127.0.0.2%'") > (
        "2026-02-21T08:59"
    )
    web.requests.clear()
    crawl(archive, START.replace(minute=30))
    assert not [r for r in web.requests if r.path.startswith("/busy/")]
    due = "SELECT count(*) FROM sources WHERE due_at <= '2026-02-21T09:01' AND url LIKE '%busy%'"
    assert value(archive, due) == 6  # none was counted as failed for good, none lost


def test_a_redirect_to_another_host_waits_for_that_host(web: DemoWeb, tmp_path: Path) -> None:
    for number in range(3):
        web.add("courier", f"/to/{number}", redirect(web.url("wire", f"/at/{number}"), 302))
        web.add("wire", f"/at/{number}", page(TEXT))
    pages = [("courier", f"/to/{number}") for number in range(3)]
    archive = tmp_path / "a.db"
    crawl(archive, START, listed(web, tmp_path, *pages), "--delay", 1)
    assert min(distances(web, "127.0.0.3", archive)) >= 0.95
    assert value(archive, "SELECT count(*) FROM sources WHERE good_capture IS NOT NULL") == 3


def asked(web: DemoWeb, host: str) -> list[str]:
    """The paths that a host was asked for, robots.txt apart, in order."""
    address = {"courier": "127.0.0.2", "wire": "127.0.0.3", "gazette": "127.0.0.5"}[host]
    return [r.path for r in web.requests if r.host == address and r.path != "/robots.txt"]


def test_a_page_that_leads_to_a_resting_host_is_not_asked_again_and_again(
    web: DemoWeb, tmp_path: Path
) -> None:
    """Its own host is free: without more ado the page would be due all the time."""
    archive = tmp_path / "a.db"
    web.add("wire", "/target", page("Slow down.", status=429, headers=[("Retry-After", "3600")]))
    for path in ("/to/0", "/to/1"):
        web.add("courier", path, redirect(web.url("wire", "/target"), 302))
    listed(web, tmp_path, ("courier", "/to/0"), ("courier", "/to/1"))
    done = crawl(archive, START, tmp_path / "list.txt", "--delay", "0.3").json
    assert done["finish_reason"] == "finished"
    assert asked(web, "courier") == ["/to/0", "/to/1"] and asked(web, "wire") == ["/target"]
    second = "FROM sources WHERE url LIKE '%/to/1'"
    assert value(archive, f"SELECT due_at {second}") >= "2026-02-21T09:00:00Z"
    assert "asked for rest" in value(archive, f"SELECT due_reason {second}")
    assert value(archive, f"SELECT failures {second}") == 0

    # Half an hour later, in another run, the host still rests: for who is led there as well.
    web.requests.clear()
    web.add("gazette", "/new", page(TEXT))
    web.add("gazette", "/robots.txt", redirect(web.url("wire", "/rules"), 302))
    web.add("courier", "/to/2", redirect(web.url("wire", "/target"), 302))
    listed(web, tmp_path, ("courier", "/to/2"), ("gazette", "/new"))
    crawl(archive, START.replace(minute=30), tmp_path / "list.txt")
    assert asked(web, "courier") == ["/to/2"] and asked(web, "wire") == []
    assert [r.path for r in web.requests if r.host == "127.0.0.5"] == ["/robots.txt"]


REFRESH = '<meta http-equiv=refresh content="0; url={}">'


def test_a_page_that_leads_to_a_host_of_an_earlier_run_keeps_the_distance_to_that(
    web: DemoWeb, tmp_path: Path
) -> None:
    archive, target = tmp_path / "a.db", web.url("wire", "/target")
    web.add("wire", "/first", page(TEXT))
    web.add("wire", "/target", page(TEXT + "target"))
    web.add("courier", "/to", redirect(target, 302))
    web.add("gazette", "/to", page(REFRESH.format(target)))
    crawl(archive, START, listed(web, tmp_path, ("wire", "/first")), "--delay", "3")
    assert value(archive, "SELECT next_at FROM hosts") > "2026-02-21T08:00:05Z"

    listed(web, tmp_path, ("courier", "/to"), ("gazette", "/to"))
    impatient = ("-s", "SOURCEKEEP_WAIT_MAX_S=0")
    web.requests.clear()
    crawl(archive, START, tmp_path / "list.txt", *impatient)
    assert asked(web, "courier") == asked(web, "gazette") == ["/to"]
    assert not [r for r in web.requests if r.host == "127.0.0.3"]  # nor its robots.txt
    put_off = "FROM sources WHERE url LIKE '%/to'"
    assert value(archive, f"SELECT min(due_at) {put_off}") == value(
        archive, "SELECT max(next_at) FROM hosts"
    )
    assert "was visited a moment ago" in value(archive, f"SELECT min(due_reason) {put_off}")
    assert value(archive, f"SELECT sum(failures) {put_off}") == 0

    done = crawl(archive, START.replace(minute=1)).json
    assert done["outcomes"] == {"live-unverified": 2} and asked(web, "wire")[0] == "/target"


def test_a_page_that_leads_to_a_host_at_rest_is_visited_when_the_rest_is_over(
    web: DemoWeb, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"
    busy = page("Slow down.", status=429, headers=[("Retry-After", "2")])
    web.add("wire", "/target", sequence([busy, page(TEXT)]))
    web.add("courier", "/to/0", redirect(web.url("wire", "/target"), 302))
    web.add("courier", "/to/1", redirect(web.url("wire", "/target"), 302))
    listed(web, tmp_path, ("courier", "/to/0"), ("courier", "/to/1"))
    crawl(archive, START, tmp_path / "list.txt", "--delay", "0.3")
    good = "SELECT count(*) FROM sources WHERE url LIKE '%/to/1' AND good_capture IS NOT NULL"
    assert value(archive, good) == 1
    assert asked(web, "courier").count("/to/1") == 2
    first, second = [r.t for r in web.requests if r.path == "/target"][:2]
    assert second - first >= 1.9


def test_a_server_that_is_down_and_says_for_how_long_is_not_asked_again(
    web: DemoWeb, tmp_path: Path
) -> None:
    down = page("Back soon.", status=503, headers=[("Retry-After", "3600")])
    web.add("courier", "/down", down)
    web.add("wire", "/failing", page("Out of order.", status=503))
    archive = tmp_path / "a.db"
    crawl(archive, START, listed(web, tmp_path, ("courier", "/down"), ("wire", "/failing")))
    assert asked(web, "courier") == ["/down"]
    assert asked(web, "wire") == ["/failing"] * 2  # who does not say is asked once more
    assert (
        rows(archive, "SELECT last_outcome, failures FROM sources")
        == [{"last_outcome": "server-error", "failures": 1}] * 2
    )


@pytest.mark.parametrize("status", [429, 503])
def test_a_rest_that_is_asked_for_by_a_robots_txt_is_kept_by_the_next_run_too(
    status: int, web: DemoWeb, tmp_path: Path
) -> None:
    """Longer than a failure of a robots.txt is remembered, which is an hour."""
    wait = page("Not now.", status=status, headers=[("Retry-After", "7200")])
    web.add("courier", "/robots.txt", wait)
    for name in ("/one", "/two"):
        web.add("courier", name, page(TEXT + name))
    archive, pages = tmp_path / "a.db", (("courier", "/one"), ("courier", "/two"))
    crawl(archive, START, listed(web, tmp_path, *pages))
    crawl(archive, START + timedelta(minutes=90))
    assert [r.path for r in web.requests if r.host == "127.0.0.2"] == ["/robots.txt"]
    web.add("courier", "/robots.txt", page("", status=404))
    assert crawl(archive, START + timedelta(days=2)).json["new_captures"] == 2


def test_the_time_of_a_capture_is_that_of_its_request(web: DemoWeb, tmp_path: Path) -> None:
    pages = [("courier", f"/time/{number}") for number in range(4)]
    for host, name in pages:
        web.add(host, name, page(TEXT))
    archive = tmp_path / "a.db"
    crawl(archive, START, listed(web, tmp_path, *pages), "--delay", 1.5)
    told = [
        row["captured_at"]
        for row in rows(
            archive, "SELECT captured_at FROM captures WHERE source NOT NULL ORDER BY id"
        )
    ]
    seconds = [int(instant[17:19]) + 60 * int(instant[14:16]) for instant in told]
    assert all(1 <= later - earlier <= 3 for earlier, later in pairwise(seconds))
    assert value(archive, "SELECT max(elapsed_ms) FROM fetches") < 1000


def test_the_largest_host_is_begun_first(web: DemoWeb, tmp_path: Path) -> None:
    """A run lasts as long as its largest host: 8 pages a second apart, whatever else there is."""
    pages = [("wire", f"/few/{number}") for number in range(2)]
    pages += [("courier", f"/many/{number}") for number in range(8)]
    for host, name in pages:
        web.add(host, name, page(TEXT))
    crawl(tmp_path / "a.db", START, listed(web, tmp_path, *pages), "--delay", 1)
    times = [r.t for r in web.requests]
    largest = [r.t for r in web.requests if r.host == "127.0.0.2"]  # robots.txt and eight pages
    assert times[-1] - times[0] <= 1.05 * (largest[-1] - largest[0])
    # A busy machine is late with single ones, never with most.
    assert len(largest) == 9 and median(gaps(web, "127.0.0.2")) <= 1.05

"""The end of a run: nothing new is begun, what is under way is kept, the rest stays due."""

from __future__ import annotations

import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
from scrapy import Request
from scrapy.crawler import Crawler

from crawler.cli.crawl import project_settings
from crawler.demo import START, DemoWeb, delay, page, redirect
from crawler.fetching.curfew import CurfewMiddleware, RunIsOver
from crawler.fetching.run.session import Session
from crawler.fetching.run.visits import Visit, visit_request
from crawler.spiders.sources import SourcesSpider
from tests.archive_kit import hop
from tests.crawling import begin, crawl, crawl_words, rows, value

HOSTS = ("courier", "wire", "ministry", "gazette")
PAGES = 40
DAY = "### [2026-01-05]({0})\n\n1. [Entry](/entry.md)\n\n[Previous day](/old/{1}/index.md)\n"
LATER = START + timedelta(minutes=10)


@pytest.fixture
def listed(web: DemoWeb, tmp_path: Path) -> Path:
    """Forty pages on four hosts: more than Scrapy takes in at once."""
    urls = []
    for number in range(PAGES):
        host, path = HOSTS[number % 4], f"/list/{number}"
        web.add(host, path, page(f"<p>{f'Sentence number {number}. ' * 40}"))
        urls.append(web.url(host, path))
    path = tmp_path / "list.txt"
    path.write_text("\n".join(urls) + "\n")
    return path


def kept(archive: Path) -> int:
    return int(value(archive, "SELECT count(*) FROM captures WHERE source NOT NULL"))


def assert_the_rest_stayed_due(web: DemoWeb, archive: Path) -> None:
    """What was put off has no fetch and no failure, and the next run does it, nothing twice."""
    done = kept(archive)
    assert 0 < done < PAGES
    assert value(archive, "SELECT count(*) FROM sources WHERE last_fetched_at IS NULL"
                 " AND failures = 0 AND due_at IS NOT NULL") == PAGES - done  # fmt: skip
    assert value(archive, "SELECT count(*) FROM fetches WHERE purpose = 'source'") == done
    assert crawl(archive, LATER).json["visits"] == PAGES - done
    pages = {f"/list/{number}" for number in range(PAGES)}  # its host may be probed for others
    asked = [r.path for r in web.requests if r.path in pages]
    assert len(asked) == len(set(asked)) == PAGES


def test_a_run_whose_time_is_up_begins_no_visit(web: DemoWeb, listed: Path, tmp_path: Path) -> None:
    archive, began = tmp_path / "a.db", time.monotonic()
    ended = crawl(archive, START, listed, "--delay", "3", "--max-time", "10").json
    assert time.monotonic() - began < 30  # at three seconds each, ten to a host, it would take more
    assert ended["finish_reason"] == "max-time"
    assert_the_rest_stayed_due(web, archive)


def test_one_signal_lets_end_what_is_under_way_and_no_more(
    web: DemoWeb, listed: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"
    web.add("courier", "/list/0", delay(1.5, page("<p>It was asked before the signal.")))
    running = begin(*crawl_words(archive, START, listed, "--delay", "6"))
    until = time.monotonic() + 60
    while not web.requests.count("/list/0") and time.monotonic() < until:
        time.sleep(0.02)
    running.send_signal(signal.SIGTERM)
    began = time.monotonic()
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0 and "shutdown" in out, err
    assert time.monotonic() - began < 15 and "Traceback" not in err
    under_way = rows(archive, "SELECT status FROM fetches WHERE url LIKE '%/list/0'")
    assert under_way == [{"status": 200}]
    assert_the_rest_stayed_due(web, archive)


def test_a_redirect_that_is_under_way_is_followed_to_its_end(web: DemoWeb, tmp_path: Path) -> None:
    """Its second host was never asked for robots.txt, and is, though the time is up."""
    web.add("courier", "/from", delay(9, redirect(web.url("gazette", "/to"))))
    web.add("gazette", "/to", page("<p>There it is."))
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    listed.write_text(web.url("courier", "/from") + "\n")
    words = (listed, "--max-time", "6", "-s", "DOWNLOAD_TIMEOUT=30")
    assert crawl(archive, START, *words).json["visits"] == 1
    hops = rows(archive, "SELECT status FROM fetches WHERE purpose = 'source' ORDER BY id")
    assert hops == [{"status": 302}, {"status": 200}]


def test_a_slow_site_of_entries_leaves_time_for_the_sources(web: DemoWeb, tmp_path: Path) -> None:
    """Its own pages alone, at a second each, would take longer than the run may last.

    What the sources leave over of their half goes to them.
    """
    archive = tmp_path / "a.db"
    for number in range(60):
        place = f"/old/{number}/index.md"
        web.add("lantern", place, page(DAY.format(place, number + 1)))
    source = tmp_path / "list.txt"
    source.write_text("\n".join(web.url("courier", f"/due/{n}") for n in range(3)) + "\n")
    for number in range(3):
        web.add("courier", f"/due/{number}", page(f"<p>Page {number}."))
    site = f"{web.base_url}/old/0/index.md"
    ended = crawl(
        archive, START, source, site, "--since", "2020-01-01", "--delay", "1", "--max-time", "18",
    ).json  # fmt: skip
    assert ended["finish_reason"] == "max-time"
    read = [r for r in web.requests if r.path.startswith("/old/")]
    assert 9 < len(read) < 18, "it was read for more than its half, and had to stop"
    assert len(set(read)) == len(read)
    assert ended["visits"] == kept(archive) == 3


def test_a_request_that_comes_too_late_is_not_even_queued(tmp_path: Path) -> None:
    """Where a host need not be waited for, it would be sent before anybody looks at the queue."""
    chosen = {"SOURCEKEEP_ARCHIVE": tmp_path / "a.db", "SOURCEKEEP_MAX_SECONDS": 0}
    settings = project_settings(chosen)
    session = Session.open(settings, "crawl")
    crawler = Crawler(SourcesSpider, settings)
    crawler.spider = SourcesSpider.from_crawler(crawler, session=session)
    curfew = CurfewMiddleware(crawler)
    visit = Visit("source", "http://a.example/")
    with pytest.raises(RunIsOver):
        curfew.process_request(visit_request(visit, None, None))
    visit.hops.append(hop(visit.url))
    curfew.process_request(visit_request(visit, None, None))  # the second hop of it is sent
    curfew.process_request(Request("http://a.example/robots.txt"))
    session.close("max-time")


def test_half_of_a_limited_run_stays_for_what_follows(tmp_path: Path) -> None:
    chosen = {"SOURCEKEEP_MAX_SECONDS": 100, "SOURCEKEEP_MAX_FETCHES": 9}
    session = Session.open(
        project_settings({"SOURCEKEEP_ARCHIVE": tmp_path / "a.db", **chosen}), "crawl"
    )
    with session.budget.leaving(0.5):
        assert 48 < session.budget.seconds_left <= 50
        assert session.budget.take(20) == 5
        assert session.budget.visits_left == 0
    assert 98 < session.budget.seconds_left <= 100
    assert session.budget.take(20) == 4
    session.close("finished")


def test_an_unlimited_run_has_nothing_to_divide(tmp_path: Path) -> None:
    session = Session.open(project_settings({"SOURCEKEEP_ARCHIVE": tmp_path / "a.db"}), "crawl")
    with session.budget.leaving(0.5):
        assert session.budget.seconds_left == float("inf") and session.budget.take(50) == 50
    session.close("finished")

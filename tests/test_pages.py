"""The walk over a site's pages: what is fetched again, and that what is kept leads on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from crawler.demo import START, DemoWeb, page
from tests.crawling import crawl, value

DAYS = 1100  # more than Python's recursion limit
DAY = "### [2026-01-{0}](/old/{0}/index.md)\n\n1. [Entry](/old/{0}/entry.md)\n\n[Previous day](/old/{1}/index.md)\n"  # noqa: E501


def test_an_hour_later_only_the_input_itself_is_asked_again(web: DemoWeb, tmp_path: Path) -> None:
    archive = tmp_path / "a.db"
    index = f"{web.base_url}/news/2026/01/5/index.md"
    crawl(archive, START, index, "--since", "2026-01-05")
    entries = value(archive, "SELECT count(*) FROM entries")
    web.requests.clear()
    again = crawl(archive, START + timedelta(hours=1)).json
    asked = [r.path for r in web.requests if r.host == "127.0.0.1" and r.path != "/robots.txt"]
    assert asked[0] == "/news/2026/01/5/index.md"
    assert len(asked) < 8  # those that are days old need no second look within the hour
    assert again["intake"]["entries_new"] == 0
    assert value(archive, "SELECT count(*) FROM entries") == entries


def test_two_months_later_the_site_is_read_again_with_conditions(
    web: DemoWeb, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"
    crawl(archive, START, f"{web.base_url}/news/2026/01/5/index.md", "--since", "2026-01-05")
    web.requests.clear()
    crawl(archive, START + timedelta(days=60))
    again = [r for r in web.requests if r.host == "127.0.0.1" and r.path.startswith("/news/")]
    assert len(again) > 10
    conditional = [r for r in again if "if-none-match" in {name.lower() for name, _ in r.headers}]
    assert len(conditional) >= len(again) - 2
    assert sum(r.status == 304 for r in again) > 8


def test_a_walk_over_years_of_kept_days_needs_no_recursion(web: DemoWeb, tmp_path: Path) -> None:
    for number in range(DAYS):
        web.add("lantern", f"/old/{number}/index.md", page(DAY.format(number, number + 1)))
    archive = tmp_path / "a.db"
    words = (f"{web.base_url}/old/0/index.md", "--since", "2020-01-01", "--max-fetches", DAYS // 2)
    crawl(archive, START, *words)
    assert value(archive, "SELECT count(*) FROM fetches WHERE status = 200") >= DAYS / 2
    again = crawl(archive, START + timedelta(minutes=1)).json
    assert again["finish_reason"] == "finished"

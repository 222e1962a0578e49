"""A robots.txt that cannot be reached for a long time (RFC 9309 §2.3.1.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.demo import START, DemoWeb, page, reset
from crawler.errors import UsageError
from crawler.robotstxt import is_given_up, parse_patience, record_of_answer, record_of_failure
from tests.crawling import crawl, crawl_words, rows, sourcekeep

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT, ORIGIN = "2026-03-01T12:00:00Z", "http://a.example"
MONTH = timedelta(days=30)


def failed(error: str, status: int | None = None):
    return record_of_failure(ORIGIN, error, status=status, fetched_at=AT)


def answered(status: int, body: bytes = b""):
    return record_of_answer(ORIGIN, status, body, fetched_at=AT)


@pytest.mark.parametrize(
    ("record", "since", "patience", "given_up"),
    [
        (answered(503), "2026-01-30T12:00:00Z", MONTH, True),
        (answered(503), "2026-01-30T12:00:01Z", MONTH, False),
        (failed("timeout"), "2025-01-30T12:00:00Z", MONTH, True),
        (failed("reset"), "2025-01-30T12:00:00Z", MONTH, True),
        (failed("nxdomain"), "2025-01-30T12:00:00Z", MONTH, True),
        # The default is to wait for ever.
        (answered(503), "2020-01-30T12:00:00Z", None, False),
        # Nobody knows since when.
        (answered(503), None, MONTH, False),
        # A clock was set.
        (answered(503), "2027-01-30T12:00:00Z", MONTH, False),
        # Rules there are, or a host that speaks.
        (answered(429), "2020-01-30T12:00:00Z", MONTH, False),
        (failed("truncated", 200), "2020-01-30T12:00:00Z", MONTH, False),
        (failed("timeout", 302), "2020-01-30T12:00:00Z", MONTH, False),
        (failed("blocked-address"), "2020-01-30T12:00:00Z", MONTH, False),
        (answered(200, b"User-agent: *\nDisallow: /"), "2020-01-30T12:00:00Z", MONTH, False),
        (answered(404), "2020-01-30T12:00:00Z", MONTH, False),
    ],
)
def test_only_long_silence_counts_as_having_no_rules(record, since, patience, given_up) -> None:
    assert is_given_up(record, since, NOW, patience) is given_up


def test_patience_is_a_month_or_more_or_without_end(tmp_path: Path) -> None:
    assert parse_patience(None) is None and parse_patience("") is None
    assert parse_patience("30") == MONTH and parse_patience(90.5) == timedelta(days=90.5)
    for wrong in ("29.9", "0", "-40", "a month", "inf", "nan"):
        with pytest.raises(UsageError, match="write 30 or more"):
            parse_patience(wrong)
    refused = sourcekeep(
        *crawl_words(tmp_path / "a.db", START, "-s", "SOURCEKEEP_ROBOTS_PATIENCE_DAYS=7")
    )
    assert refused.code == 2 and len(refused.err.splitlines()) == 1, refused.err


PATIENT = ("-s", "SOURCEKEEP_ROBOTS_PATIENCE_DAYS=30")


def test_after_a_month_of_failures_the_pages_are_asked_if_so_wished(
    web: DemoWeb, tmp_path: Path
) -> None:
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    web.add("wire", "/robots.txt", page("", status=503))
    web.add("gazette", "/robots.txt", reset())
    web.add("wire", "/page", page("<p>There all the time."))
    web.add("gazette", "/page", page("<p>There, too."))
    places = [web.url("wire", "/page"), web.url("gazette", "/page")]
    listed.write_text("\n".join(places) + "\n")
    for days, words in ((0, PATIENT), (25, PATIENT), (70, ())):
        found = crawl(archive, START + timedelta(days=days), listed, *words).json
        assert found["outcomes"] == {"robots-excluded": 2}, days
    assert web.requests.count("/page") == 0
    asked = web.requests.count("/robots.txt")
    found = crawl(archive, START + timedelta(days=170), listed, *PATIENT).json
    assert web.requests.count("/page") == 2 and "robots-excluded" not in found["outcomes"]
    assert web.requests.count("/robots.txt") > asked, "it is tried before"
    decided = rows(archive, "SELECT DISTINCT robots FROM fetches WHERE purpose = 'source'"
                   " AND status = 200")  # fmt: skip
    assert decided == [{"robots": "allow no-robots(unreachable)"}]


@pytest.mark.slow
def test_an_answer_in_between_begins_the_month_anew(web: DemoWeb, tmp_path: Path) -> None:
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    web.add("wire", "/page", page("<p>There all the time."))
    listed.write_text(web.url("wire", "/page") + "\n")
    origin = web.url("wire", "/").rstrip("/")
    statuses = {0: 503, 12: 200, 40: 503, 60: 500}
    for days, status in statuses.items():
        web.add("wire", "/robots.txt", page("User-agent: *\nAllow: /\n", status=status))
        crawl(archive, START + timedelta(days=days), listed, *PATIENT)
        with Archive.open_for_reading(archive) as opened:
            since = opened.robots.unreachable_since(origin)
        began = {0: START, 12: None, 40: START + timedelta(days=40)}.get(days, "as before")
        if isinstance(began, datetime):
            assert since is not None and since.startswith(f"{began:%Y-%m-%dT%H}")
        elif began is None:
            assert since is None
        else:
            assert since is not None and since.startswith(f"{START + timedelta(days=40):%Y-%m-%d}")

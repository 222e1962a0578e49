"""How long a host is left alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from crawler.archive import Archive
from crawler.fetching.run.clock import Clock
from crawler.fetching.run.hosts import HostNotes
from crawler.fetching.run.pacing import REST_MAX, REST_UNTOLD, STRIKE, rest_of
from tests.archive_kit import hop


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("Sun, 01 Mar 2026 12:10:00 GMT", 600),
        ("Sun, 01 Mar 2026 12:10:00", 600),
        ("Sun, 01 Mar 2026 13:10:00 +0100", 600),
        ("315360000", REST_MAX.total_seconds()),
        ("9" * 40, REST_MAX.total_seconds()),
        ("Fri, 01 Mar 2126 12:00:00 GMT", REST_MAX.total_seconds()),
        ("Sun, 01 Mar 2020 12:00:00 GMT", REST_UNTOLD.total_seconds()),
        ("Sun, 01 Mar 2026 13:00:00 +99999999999999999999", REST_UNTOLD.total_seconds()),
        ("soon", REST_UNTOLD.total_seconds()),
        ("-5", REST_UNTOLD.total_seconds()),
        ("", REST_UNTOLD.total_seconds()),
    ],
)
def test_retry_after_is_obeyed_up_to_a_cap(told: str, seconds: float, now: datetime) -> None:
    rest = rest_of(429, [("Retry-After", told)], now)
    assert rest == timedelta(seconds=seconds)


def test_a_host_that_names_no_time_rests_for_five_minutes_and_none_for_more_than_a_day() -> None:
    assert REST_UNTOLD.total_seconds() == 300 and REST_MAX.total_seconds() == 86_400


def test_retry_after_is_found_among_the_other_headers(now: datetime) -> None:
    headers = [("Age", "7"), ("Retry-After", "120"), ("Date", "Sun, 01 Mar 2026 12:30:00 GMT")]
    assert rest_of(429, headers, now) == timedelta(seconds=120)
    assert rest_of(429, headers[::2], now) == REST_UNTOLD


def test_a_failing_server_rests_only_when_it_says_so(now: datetime) -> None:
    assert rest_of(503, [], now) is None
    assert rest_of(503, [("Retry-After", "soon")], now) is None
    assert rest_of(503, [("retry-after", "30")], now) == timedelta(seconds=30)


@pytest.mark.parametrize("status", [200, 301, 404, 410, 500, None])
def test_other_answers_ask_for_no_rest(status: int | None, now: datetime) -> None:
    assert rest_of(status, [("Retry-After", "60")], now) is None


def test_a_host_that_goes_on_refusing_is_given_more(now: datetime) -> None:
    told = [("Retry-After", "1")]
    rests = [rest_of(429, told, now, strikes=strikes) for strikes in range(1, 30)]
    assert rests[0] == timedelta(seconds=1) and rests[1] == STRIKE and rests[2] == 2 * STRIKE
    assert rests == sorted(rests, key=lambda rest: rest or timedelta(0))
    assert rests[-1] == REST_MAX


def test_a_host_rests_from_its_answer_on_and_not_from_the_end_of_the_visit(
    archive: Archive, now: datetime
) -> None:
    """Between the two other requests to it are on their way, and a retry."""
    hosts = HostNotes(archive, Clock(now))
    answer = hop("http://a.example/", status=429, response_headers=(("Retry-After", "600"),))
    assert hosts.hear(answer)
    until = hosts.rests_until("a.example")
    assert until is not None and until >= now + timedelta(seconds=600)
    assert not hosts.rests("b.example")

"""What one answer or failure shows, by its transport alone."""

from __future__ import annotations

import pytest

from crawler.verdicts.outcomes import (
    _BY_FAILURE,
    LIVE,
    OUTCOMES,
    REDIRECTS,
    REFUSALS,
    outcome_of_failure,
    outcome_of_response,
)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "live-unverified"), (203, "live-unverified"),
        (202, "blocked"), (206, "server-error"),
        (300, "server-error"), (304, "live"), (305, "server-error"),
        (400, "blocked"), (401, "paywall"), (402, "paywall"), (403, "blocked"), (404, "gone"),
        (405, "blocked"), (406, "blocked"), (407, "paywall"), (408, "server-error"),
        (410, "gone"), (418, "blocked"), (425, "server-error"), (429, "blocked"), (451, "legal"),
        (500, "server-error"), (503, "server-error"), (530, "server-error"), (999, "blocked"),
        (0, "server-error"), (199, "server-error"), (2**40, "server-error"),
    ],
)  # fmt: skip
def test_a_status_has_its_outcome_and_reason(status: int, outcome: str) -> None:
    found, reason = outcome_of_response(status, size_bytes=5_000)
    assert found == outcome
    assert reason == ("not-modified" if status == 304 else f"http-{status}")


@pytest.mark.parametrize("status", sorted(REDIRECTS))
def test_a_redirect_leads_on_only_when_it_says_where(status: int) -> None:
    def answer(*, has_location: bool) -> tuple[str, str]:
        return outcome_of_response(status, size_bytes=0, has_location=has_location)

    assert answer(has_location=True) == ("redirect", f"http-{status}")
    assert answer(has_location=False) == ("server-error", f"http-{status}")


def test_a_location_makes_no_redirect_of_another_status() -> None:
    assert outcome_of_response(201, size_bytes=9, has_location=True)[0] == "live-unverified"
    assert outcome_of_response(404, size_bytes=9, has_location=True)[0] == "gone"


def test_half_a_page_and_an_empty_one_are_failures_of_the_server() -> None:
    assert outcome_of_response(200, size_bytes=9, truncated=True) == ("server-error", "truncated")
    assert outcome_of_response(200, size_bytes=0) == ("server-error", "empty")
    assert outcome_of_response(200, size_bytes=0, truncated=True)[1] == "truncated"
    assert outcome_of_response(204, size_bytes=0) == ("server-error", "empty")


def test_a_broken_error_page_is_still_the_error() -> None:
    for status in (404, 410, 403):
        whole = outcome_of_response(status, size_bytes=9)
        assert outcome_of_response(status, size_bytes=0, truncated=True) == whole


def test_a_304_that_was_not_asked_for_confirms_nothing() -> None:
    assert outcome_of_response(304, size_bytes=0, conditional=False)[0] == "server-error"
    assert outcome_of_response(304, size_bytes=0, conditional=True) == ("live", "not-modified")


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("robots", "robots-excluded"), ("blocked-address", "refused-by-us"),
        ("unsupported-scheme", "refused-by-us"), ("bad-url", "refused-by-us"),
        ("nxdomain", "dead-host"), ("refused", "dead-host"), ("no-route", "dead-host"),
        ("tls", "dead-host"), ("timeout", "server-error"), ("reset", "server-error"),
        ("redirect-loop", "server-error"), ("something new", "server-error"),
    ],
)  # fmt: skip
def test_a_failure_has_its_outcome(code: str, outcome: str) -> None:
    assert outcome_of_failure(code) == outcome


def test_no_outcome_is_outside_of_the_vocabulary() -> None:
    by_status = {outcome_of_response(status, size_bytes=9)[0] for status in range(1000)}
    assert by_status | set(_BY_FAILURE.values()) | LIVE | REFUSALS <= OUTCOMES.keys()
    assert not LIVE & REFUSALS


@pytest.mark.parametrize("status", [403, 429, 503, 500, 408, 202, 206, 999])
def test_being_kept_out_or_an_outage_never_counts_as_gone(status: int) -> None:
    assert outcome_of_response(status, size_bytes=9)[0] not in ("gone", "dead-host", *LIVE)

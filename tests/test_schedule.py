"""When a source is visited next: often while it is young, seldom later, and never in a hurry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.schedule import (
    AFTER_FAILURE,
    AFTER_REFUSAL,
    DAY,
    HOUR,
    LADDER,
    TAIL_MAX,
    History,
    describe,
    next_rung,
)
from crawler.verdicts import LIVE, OUTCOMES, REFUSALS

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
TODAY = NOW.replace(hour=0)
MINUTE = timedelta(minutes=1)


def history(captured: datetime | None = None, cited: datetime | None = None,
            failures: int = 0) -> History:  # fmt: skip
    return History(captured, cited, failures)


def gap_at_age(age: timedelta) -> timedelta:
    return next_rung(history(NOW - age), "live", NOW).due_at - NOW


# The ladder


@pytest.mark.parametrize(
    ("age", "gap"),
    [
        (0 * HOUR, 1 * HOUR), (1 * HOUR, 2 * HOUR), (3 * HOUR, 5 * HOUR), (8 * HOUR, 16 * HOUR),
        (1 * DAY, 2 * DAY), (3 * DAY, 4 * DAY), (7 * DAY, 7 * DAY), (14 * DAY, 16 * DAY),
        (30 * DAY, 30 * DAY), (60 * DAY, 60 * DAY), (120 * DAY, 120 * DAY),
        (240 * DAY, 180 * DAY), (9000 * DAY, 180 * DAY),
        # late visits: never hurried
        (59 * MINUTE, 20 * MINUTE), (2 * HOUR, 1 * HOUR), (23 * HOUR, 8 * HOUR),
        (29 * DAY, 10 * DAY), (31 * DAY, 31 * DAY),
    ],
)  # fmt: skip
def test_the_gap_grows_with_the_age_of_a_source(age: timedelta, gap: timedelta) -> None:
    assert gap_at_age(age) == gap


def visits_until(days: int, *, late: timedelta = timedelta(0)) -> list[timedelta]:
    """The ages at which a source that never fails is visited."""
    age, ages = timedelta(0), []
    while age <= days * DAY:
        ages.append(age)
        age += gap_at_age(age) + late
    return ages


def test_a_source_is_visited_nine_times_in_its_first_month_and_twelve_in_its_first_year() -> None:
    assert visits_until(30) == [timedelta(0), *LADDER]
    assert len(visits_until(30)) == 9
    assert len(visits_until(365)) == 12
    assert len(visits_until(3 * 365)) - len(visits_until(2 * 365)) == 2


def test_runs_once_a_day_visit_a_source_no_more_often_than_the_ladder() -> None:
    assert 5 <= len(visits_until(365, late=20 * HOUR)) <= 13


@given(st.lists(st.timedeltas(timedelta(0), 400 * DAY), max_size=30),
       st.timedeltas(timedelta(0), 400 * DAY))  # fmt: skip
def test_without_a_change_no_gap_is_shorter_than_the_one_before_however_late_the_visits(
    delays: list[timedelta], age: timedelta
) -> None:
    before = timedelta(0)
    for delay in delays:
        gap = gap_at_age(age)
        assert before <= gap <= TAIL_MAX
        age, before = age + gap + delay, gap


def test_an_old_citation_enters_at_its_age() -> None:
    """Its busy days are over when it is captured for the first time."""
    old = next_rung(history(None, NOW - 3000 * DAY), "live-unverified", NOW)
    assert (old.due_at - NOW, old.reason) == (180 * DAY, "tail of the ladder: every 180 d")
    assert next_rung(history(NOW, NOW - 3000 * DAY), "live", NOW) == old
    weeks = next_rung(history(None, TODAY - 20 * DAY), "live", TODAY)
    assert weeks.due_at == TODAY + 11 * DAY and weeks.reason == "30 d rung of the ladder"


@pytest.mark.parametrize("hour", [0, 6, 12, 23])
def test_what_is_cited_today_begins_with_the_first_rung_at_any_hour(hour: int) -> None:
    now = TODAY + hour * HOUR
    first = next_rung(history(None, TODAY), "live-unverified", now)
    assert (first.due_at - now, first.reason) == (1 * HOUR, "1 h rung of the ladder")
    second = next_rung(history(now, TODAY), "live", now + HOUR)
    assert second.due_at - now == 3 * HOUR


def test_a_date_in_the_future_is_no_age() -> None:
    for known in (history(NOW + 9 * DAY), history(None, NOW + 9 * DAY), history()):
        assert next_rung(known, "live", NOW).due_at == NOW + HOUR


# Failures


@pytest.mark.parametrize("outcome", sorted(OUTCOMES))
def test_failures_in_a_row_are_asked_again_at_growing_gaps(outcome: str) -> None:
    if outcome in LIVE:
        return
    steps = AFTER_REFUSAL if outcome in REFUSALS else AFTER_FAILURE
    found = [
        next_rung(history(NOW - DAY, None, failures), outcome, NOW).due_at - NOW
        for failures in range(1, 10)
    ]
    assert found == [steps[min(n, len(steps) - 1)] for n in range(9)] == sorted(found)


def test_a_refusal_is_not_asked_again_on_the_same_day() -> None:
    assert min(AFTER_REFUSAL) >= DAY
    assert next_rung(history(failures=1), "blocked", NOW).reason == (
        "blocked, 1 in a row: again after 24 h"
    )


def test_a_failure_that_was_not_counted_is_one() -> None:
    assert next_rung(history(failures=0), "gone", NOW) == next_rung(
        history(failures=1), "gone", NOW
    )


def test_after_a_failure_a_good_answer_leads_back_to_the_ladder() -> None:
    assert next_rung(history(NOW - 7 * DAY, None, 0), "live", NOW).due_at == NOW + 7 * DAY


MOMENTS = st.none() | st.datetimes(
    datetime(1995, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)
)  # fmt: skip


@given(MOMENTS, MOMENTS, st.integers(0, 99), st.sampled_from(sorted(OUTCOMES)))
def test_the_decision_is_pure_and_always_in_the_future(
    captured: datetime | None, cited: datetime | None, failures: int, outcome: str
) -> None:
    known = History(captured, cited, failures)
    planned = next_rung(known, outcome, NOW)
    assert planned == next_rung(known, outcome, NOW)
    assert NOW + 20 * MINUTE <= planned.due_at <= NOW + TAIL_MAX
    assert planned.reason


@pytest.mark.parametrize(
    ("gap", "words"),
    [(HOUR, "1 h"), (47 * HOUR, "47 h"), (48 * HOUR, "2 d"), (180 * DAY, "180 d")],
)
def test_a_gap_is_said_as_people_say_it(gap: timedelta, words: str) -> None:
    assert describe(gap) == words

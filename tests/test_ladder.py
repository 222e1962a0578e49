"""The fixed ladder: often while a source is young, seldom later, and never in a hurry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.schedule import (
    DAY,
    HOUR,
    LADDER,
    TAIL_MAX,
    describe,
    next_rung,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
TODAY = NOW.replace(hour=0)
MINUTE = timedelta(minutes=1)


def gap_at_age(age: timedelta) -> timedelta:
    return next_rung(NOW - age, None, NOW).due_at - NOW


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
    old = next_rung(None, NOW - 3000 * DAY, NOW)
    assert (old.due_at - NOW, old.reason) == (180 * DAY, "tail of the ladder: every 180 d")
    assert next_rung(NOW, NOW - 3000 * DAY, NOW) == old
    weeks = next_rung(None, TODAY - 20 * DAY, TODAY)
    assert weeks.due_at == TODAY + 11 * DAY and weeks.reason == "30 d rung of the ladder"


@pytest.mark.parametrize("hour", [0, 6, 12, 23])
def test_what_is_cited_today_begins_with_the_first_rung_at_any_hour(hour: int) -> None:
    now = TODAY + hour * HOUR
    first = next_rung(None, TODAY, now)
    assert (first.due_at - now, first.reason) == (1 * HOUR, "1 h rung of the ladder")
    second = next_rung(now, TODAY, now + HOUR)
    assert second.due_at - now == 3 * HOUR


def test_a_date_in_the_future_is_no_age() -> None:
    later = NOW + 9 * DAY
    for captured, cited in ((later, None), (None, later), (None, None)):
        assert next_rung(captured, cited, NOW).due_at == NOW + HOUR


MOMENTS = st.none() | st.datetimes(
    datetime(1995, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)
)  # fmt: skip


@given(MOMENTS, MOMENTS)
def test_the_decision_is_pure_and_always_in_the_future(
    captured: datetime | None, cited: datetime | None
) -> None:
    planned = next_rung(captured, cited, NOW)
    assert planned == next_rung(captured, cited, NOW)
    assert NOW + 20 * MINUTE <= planned.due_at <= NOW + TAIL_MAX
    assert planned.reason


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (20 * MINUTE, "20 min"),
        (HOUR, "1 h"),
        (47 * HOUR, "47 h"),
        (48 * HOUR, "2 d"),
        (180 * DAY, "180 d"),
    ],
)
def test_a_gap_is_said_as_people_say_it(gap: timedelta, words: str) -> None:
    assert describe(gap) == words

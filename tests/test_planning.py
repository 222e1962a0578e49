"""When a source is visited next: often where changes are likely, by steps while it is doubted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.schedule import (
    ADAPTIVE,
    AFTER_REFUSED,
    AFTER_REFUSED_EVERY,
    AFTER_VANISHED,
    AFTER_VANISHED_EVERY,
    DAY,
    HOUR,
    LADDER,
    MINUTE,
    NEWS,
    PRIORS,
    Kind,
    NextVisit,
    Past,
    Policy,
    expected_changes,
    next_visit,
    wants_full_read,
)
from crawler.schedule.rates import hours_until
from crawler.verdicts import HYSTERESIS, MISSING, REFUSALS, Seen, State, Verdict, conclude

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
URL = "https://courier.example/harbour"
LIVE = Verdict("live", NOW - 9000 * DAY, 1.0, ("live",), (1,), 1)
KINDS: list[Kind] = sorted(PRIORS)
STEADY = replace(ADAPTIVE, jitter=0.0)  # without the spread, so that gaps can be named


def past(age: timedelta = 0 * HOUR, **known: object) -> Past:
    """A source whose first good visit was so long ago, and whose last one ends now."""
    values: dict[str, object] = {
        "url": URL, "verdict": LIVE, "first_captured_at": NOW - age, "last_visited_at": NOW,
    }  # fmt: skip
    return Past(**{**values, **known})  # type: ignore[arg-type]


def gap(known: Past, policy: Policy = STEADY) -> timedelta:
    assert known.last_visited_at is not None
    return next_visit(known, policy).due_at - known.last_visited_at


def year(policy: Policy = ADAPTIVE, *, late: timedelta = 0 * HOUR, days: int = 365,
         **known: object) -> list[timedelta]:  # fmt: skip
    """The ages at which a source that never changes is visited, each visit so much too late."""
    begin, ages = NOW, [0 * HOUR]
    while ages[-1] <= days * DAY:
        at = begin + ages[-1]
        one = past(first_captured_at=begin, last_visited_at=at, **known)
        ages.append(next_visit(one, policy).due_at - begin + late)
    return ages[:-1]


# Good answers


def test_a_source_that_never_changes_is_visited_ever_more_rarely() -> None:
    assert len(year(STEADY)) == 11
    hours = [round(age / HOUR, 1) for age in year(STEADY)]
    assert hours[:8] == [0, 0.2, 0.7, 2.1, 6.9, 22.3, 72.6, 235.9]
    tail = [after - before for before, after in pairwise(year(STEADY, days=3650))][-5:]
    assert tail == [180 * DAY] * 5


@pytest.mark.parametrize("kind", KINDS)
@given(st.lists(st.timedeltas(0 * HOUR, 200 * DAY), min_size=1, max_size=25))
def test_without_a_change_no_gap_is_shorter_than_the_one_before(
    kind: Kind, delays: list[timedelta]
) -> None:
    if PRIORS[kind].steps:
        delays = delays[:1]  # fixed ages first, then the rest
    begin, at, before = NOW, NOW, 0 * HOUR
    for delay in delays:
        now = past(first_captured_at=begin, last_visited_at=at, kind=kind)
        found = next_visit(now, ADAPTIVE).due_at - at
        assert before <= found + timedelta(seconds=1)
        at, before = at + found + delay, found


@pytest.mark.parametrize("kind", KINDS)
def test_no_gap_is_longer_than_the_kind_allows_and_none_shorter_than_a_quarter_of_an_hour(
    kind: Kind,
) -> None:
    longest = PRIORS[kind].max_gap
    for days in (0, 0.01, 0.3, 1, 5, 40, 400, 4000, 40_000):
        for changes in (0, 1, 50, 5000):
            found = gap(past(days * DAY, kind=kind, changes=changes), ADAPTIVE)
            assert 15 * MINUTE <= found <= 1.1 * longest
    assert gap(past(40_000 * DAY, kind=kind)) == longest


def test_a_page_that_is_never_twice_the_same_is_visited_every_four_days_in_the_end() -> None:
    begin, at, visits = NOW, NOW, 0
    before = at
    while at - begin <= 2 * 365 * DAY:
        found = past(
            first_captured_at=begin, last_visited_at=at, visited_before_at=before,
            changes=visits, last_changed_at=at,
        )  # fmt: skip
        before, at, visits = at, next_visit(found, STEADY).due_at, visits + 1
        if at - begin <= 365 * DAY:
            first_year = visits
    assert first_year <= 160
    assert 90 <= visits - first_year <= 92


def test_what_changed_is_visited_sooner_than_what_did_not() -> None:
    for days in (1, 7, 30):
        calm, lively = gap(past(days * DAY)), gap(past(days * DAY, changes=3))
        assert lively < calm


def test_after_a_change_the_next_look_comes_after_a_quarter_of_the_gap_that_found_it() -> None:
    found = past(20 * DAY, changes=1, last_changed_at=NOW, visited_before_at=NOW - 10 * DAY)
    plan = next_visit(found, STEADY)
    assert plan.due_at - NOW == 2.5 * DAY and plan.reason.startswith("it changed")
    at_once = past(HOUR, changes=1, last_changed_at=NOW, visited_before_at=NOW - 20 * MINUTE)
    assert gap(at_once) == 15 * MINUTE
    earlier = replace(found, last_changed_at=NOW - 10 * DAY)
    assert "changed" not in next_visit(earlier, STEADY).reason


def test_an_old_source_enters_at_its_age_but_is_looked_at_again_within_a_month() -> None:
    for when in ("published_on", "first_cited_on"):
        old = past(**{when: NOW - 3000 * DAY})
        assert gap(old) == 30 * DAY
        watched = replace(old, first_captured_at=NOW - 30 * DAY)
        assert gap(watched) == 67.5 * DAY and next_visit(watched, STEADY).grounds == "tail"
        assert gap(replace(old, first_captured_at=NOW - 98 * DAY)) == 180 * DAY
    today = NOW.replace(hour=0)
    assert gap(past(first_cited_on=today)) == gap(past()) == 15 * MINUTE
    assert gap(past(published_on=NOW + 99 * DAY)) == 15 * MINUTE, "a future date is no age"


def test_the_fixed_ladder_is_the_alternative_policy() -> None:
    assert year(NEWS, days=30) == [0 * HOUR, *LADDER]
    assert len(year(NEWS)) == 12
    changed = past(20 * DAY, changes=9, last_changed_at=NOW, visited_before_at=NOW - DAY)
    assert next_visit(changed, NEWS) == next_visit(past(20 * DAY), NEWS)


def test_posts_are_looked_at_by_fixed_ages_first_because_they_are_deleted_early() -> None:
    ages = year(STEADY, days=30, kind="social")
    assert ages == [0 * HOUR, 1 * HOUR, 6 * HOUR, 1 * DAY, 3 * DAY, 7 * DAY, 30 * DAY]


def test_official_pages_and_documents_are_not_visited_within_their_first_day() -> None:
    for kind in ("official", "pdf"):
        assert year(STEADY, kind=kind)[1] == 1 * DAY
        assert len(year(kind=kind)) <= 10
    assert gap(past(4000 * DAY, kind="pdf", steady=True)) == 365 * DAY


def test_a_wire_is_visited_more_often_than_news() -> None:
    assert len(year(STEADY, kind="wire")) > len(year(STEADY, kind="news"))


def test_the_visits_of_many_sources_are_spread_and_each_keeps_its_place() -> None:
    found = [gap(past(4000 * DAY, url=f"https://h.example/{n}"), ADAPTIVE) for n in range(200)]
    assert 162 * DAY <= min(found) < 166 * DAY and 194 * DAY < max(found) <= 198 * DAY
    assert abs(sum(found, 0 * HOUR) / 200 - 180 * DAY) < 3 * DAY
    assert found[7] == gap(past(4000 * DAY, url="https://h.example/7"), ADAPTIVE)


# Entries


def test_an_entry_that_was_edited_asks_for_a_look_and_begins_a_new_youth() -> None:
    calm = past(100 * DAY)
    edited = NOW + 5 * DAY
    plan = next_visit(replace(calm, edited_at=edited), STEADY, edited + HOUR)
    assert (plan.due_at, plan.grounds) == (edited, "edit")
    young = past(100 * DAY, edited_at=NOW)
    assert gap(young) <= 1 * HOUR
    known_only_now = past(0 * HOUR, first_cited_on=NOW - 3000 * DAY, edited_at=NOW - MINUTE)
    assert gap(known_only_now) == 30 * DAY, "read only now, but cited long ago"
    weeks = replace(young, last_visited_at=NOW + 14 * DAY)
    assert gap(weeks) < gap(past(114 * DAY))


# Suspicions: the steps of the hysteresis


def history(kind: str, count: int) -> tuple[list[Seen], Past]:
    """Looks as the schedule makes them after a good one, and what is then known."""
    outcomes = {"gone-410": "gone", "gone-404": "gone", "replaced": "parked"}
    refusals = {"walled": "paywall", "excluded": "robots-excluded", "refused": "refused-by-us"}
    outcome = {**outcomes, **refusals}.get(kind, kind)
    reasons = ("http-410",) if kind == "gone-410" else ()
    at, seen = NOW, [Seen(0, NOW - 100 * DAY, "live")]
    known = past()
    for number in range(1, count + 1):
        seen.append(Seen(number, at, outcome, reasons))
        known = past(first_captured_at=NOW - 100 * DAY, last_visited_at=at, verdict=conclude(seen))
        at = next_visit(known, ADAPTIVE).due_at
    return seen, known


@pytest.mark.parametrize("kind", sorted(MISSING))
def test_the_visits_of_a_suspicion_are_those_that_its_rule_counts(kind: str) -> None:
    rule = HYSTERESIS[kind]
    seen, known = history(kind, rule.looks)
    gaps = [after.at - before.at for before, after in pairwise(seen[1:])]
    assert tuple(gaps) == rule.steps
    assert known.verdict.state in ("vanished", "usurped")
    _, before = history(kind, rule.looks - 1)
    plan = next_visit(before)
    assert plan.grounds == "confirm" and f"look {rule.looks} of {rule.looks}" in plan.reason
    assert before.verdict.state not in ("vanished", "usurped")


@pytest.mark.parametrize("kind", ["blocked", "walled", "legal", "excluded", "refused"])
def test_a_refusal_is_asked_again_in_slow_steps(kind: str) -> None:
    rule = HYSTERESIS[kind]
    _, known = history(kind, rule.looks)
    assert known.verdict.state == rule.concludes
    first, _ = history(kind, 2)
    assert first[-1].at - first[-2].at >= DAY
    ages, at = [], known.last_visited_at
    since = known.verdict.since
    assert at is not None and since is not None
    for _ in range(5):
        at = next_visit(replace(known, last_visited_at=at), STEADY).due_at
        ages.append(at - since)
    assert tuple(ages[:3]) == AFTER_REFUSED
    assert ages[4] - ages[3] == AFTER_REFUSED_EVERY


@pytest.mark.parametrize("state", ["vanished", "usurped"])
def test_what_is_gone_is_looked_at_again_after_1_3_6_and_12_months_then_yearly(
    state: State,
) -> None:
    gone = Verdict(state, NOW, 1.0, ("gone-404",), (1,), 9)
    ages, at = [], NOW
    for _ in range(6):
        at = next_visit(past(verdict=gone, last_visited_at=at), STEADY).due_at
        ages.append(at - NOW)
    assert tuple(ages[:4]) == AFTER_VANISHED
    assert ages[5] - ages[4] == AFTER_VANISHED_EVERY


def test_a_return_is_confirmed_a_day_later() -> None:
    seen, _ = history("gone-404", 4)
    back = [*seen, Seen(99, NOW + 40 * DAY, "live")]
    verdict = conclude(back)
    plan = next_visit(past(verdict=verdict, last_visited_at=NOW + 40 * DAY))
    assert (verdict.state, plan.grounds) == ("returning", "confirm")
    assert plan.due_at == NOW + 41 * DAY


def test_a_look_that_came_too_soon_does_not_put_the_confirmation_off() -> None:
    seen, _ = history("gone-404", 2)
    soon = [*seen, Seen(99, seen[-1].at + HOUR, "gone")]
    plan = next_visit(past(verdict=conclude(soon), last_visited_at=soon[-1].at))
    assert plan.due_at == seen[-1].at + DAY


def test_an_unclear_answer_is_asked_again_ever_more_rarely() -> None:
    _, known = history("doubtful", 1)
    assert known.verdict.rule == "unclear" and gap(known) == 1 * HOUR
    _, known = history("doubtful", 9)
    assert (gap(known), next_visit(known).grounds) == (30 * DAY, "again")


def test_a_fault_of_our_own_before_the_first_capture_is_made_up_for_soon() -> None:
    nothing = conclude([Seen(1, NOW, "local-fault")])
    plan = next_visit(past(verdict=nothing, first_captured_at=None))
    assert plan.due_at == NOW + HOUR


def test_a_source_that_was_never_visited_is_due_now() -> None:
    new = Past(URL, conclude([]))
    assert next_visit(new, now=NOW) == NextVisit(NOW, "never visited yet", "first")
    with pytest.raises(ValueError, match="never visited"):
        next_visit(new)


def test_every_refusal_has_a_rule_of_its_own() -> None:
    for outcome in REFUSALS:
        verdict = conclude([Seen(1, NOW, outcome)])
        assert verdict.rule is not None
        assert gap(past(verdict=verdict)) >= DAY


# The arithmetic


@pytest.mark.parametrize("kind", KINDS)
@given(st.floats(0, 1e5), st.floats(0, 1e5))
def test_what_is_expected_adds_up_and_the_inverse_gives_it_back(
    kind: Kind, age: float, span: float
) -> None:
    prior = PRIORS[kind]
    middle = expected_changes(prior, age, age + span / 2)
    rest = expected_changes(prior, age + span / 2, age + span)
    whole = expected_changes(prior, age, age + span)
    assert middle + rest == pytest.approx(whole, abs=1e-9)
    assert rest <= middle + 1e-9, "the rate never rises with the age"
    assert hours_until(prior, age, whole) == pytest.approx(span, rel=1e-3, abs=1e-3)


def test_the_prior_of_news_has_four_fifths_of_the_first_week_within_the_first_day() -> None:
    news = PRIORS["news"]
    week = expected_changes(news, 0, 168)
    assert week == pytest.approx(0.67)
    assert 0.81 <= expected_changes(news, 0, 24) / week <= 0.84


def test_news_never_expects_more_than_its_whole_life_brings() -> None:
    assert hours_until(PRIORS["news"], 0, 2.0) == float("inf")
    assert hours_until(PRIORS["official"], 0, 1e9) == float("inf")


# Servers that always say 304


def test_a_whole_body_is_asked_for_once_a_month_and_while_something_is_doubted() -> None:
    known, read_at = past(100 * DAY).verdict, NOW - 29 * DAY
    assert not wants_full_read(known, read_at, NOW)
    assert wants_full_read(known, read_at, NOW + 1 * DAY)
    assert wants_full_read(known, None, NOW)
    doubted = conclude([Seen(1, NOW - DAY, "live"), Seen(2, NOW, "gone")])
    assert wants_full_read(doubted, read_at, NOW)


MOMENTS = st.none() | st.datetimes(
    datetime(1995, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)
)  # fmt: skip


@given(st.builds(
    Past, st.text(max_size=20), st.just(LIVE), st.sampled_from(KINDS), MOMENTS, MOMENTS, MOMENTS,
    MOMENTS, MOMENTS, st.integers(0, 10**6), MOMENTS, MOMENTS, st.booleans(),
), st.sampled_from([ADAPTIVE, NEWS]))  # fmt: skip
def test_the_plan_is_pure_and_always_after_the_last_visit_whatever_is_known(
    known: Past, policy: Policy
) -> None:
    plan = next_visit(known, policy, NOW)
    assert plan == next_visit(known, policy, NOW) and plan.reason
    if known.last_visited_at is not None:
        assert plan.due_at - known.last_visited_at >= 15 * MINUTE
        assert plan.due_at - known.last_visited_at <= 401.5 * DAY

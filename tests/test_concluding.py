"""What a history of visits means: vanished only on spaced, repeated evidence."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.verdicts import (
    HYSTERESIS,
    LIVE,
    MISSING,
    OUTCOMES,
    STATES,
    Conclusion,
    Override,
    Seen,
    State,
    Verdict,
    conclude,
    is_incident,
    kind_of,
    url_status,
)

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# outcome and reason of each kind of answer
ANSWERS = {
    "good": ("live", "not-modified"),
    "gone-410": ("gone", "http-410"),
    "gone-404": ("gone", "http-404"),
    "replaced": ("parked", "sale-words"),
    "dead-host": ("dead-host", "nxdomain"),
    "server-error": ("server-error", "timeout"),
    "blocked": ("blocked", "http-403"),
    "walled": ("paywall", "http-401"),
    "legal": ("legal", "http-451"),
    "excluded": ("robots-excluded", "robots"),
    "refused": ("refused-by-us", "blocked-address"),
    "unclear": ("doubtful", "few-words"),
    "none": ("local-fault", "timeout"),
}


def seen(after: timedelta, answer: str, *, similarity: float | None = None,
         cited: float | None = None, incident: int | None = None) -> Seen:  # fmt: skip
    """A look so long after the start; its row is the number of minutes."""
    outcome, reason = ANSWERS.get(answer, (answer, "by-name"))
    return Seen(int(after / timedelta(minutes=1)), START + after, outcome, (reason,),
                similarity, cited, incident)  # fmt: skip


def looks(answer: str, gaps: Sequence[timedelta], begin: timedelta = 0 * HOUR) -> list[Seen]:
    """A look, and a further one after each gap."""
    found, at = [seen(begin, answer)], begin
    for gap in gaps:
        at += gap
        found.append(seen(at, answer))
    return found


def state(history: Iterable[Seen]) -> State:
    return conclude(list(history)).state


GOOD = seen(-10 * DAY, "good")


# The table


@pytest.mark.parametrize("kind", sorted(MISSING))
def test_the_confirmations_of_a_family_conclude_it_and_one_fewer_does_not(kind: str) -> None:
    rule = HYSTERESIS[kind]
    whole = [GOOD, *looks(kind, rule.steps)]
    assert state(whole) == ("usurped" if kind == "replaced" else "vanished")
    assert state(whole[:-1]) == ("unstable" if kind == "server-error" else "suspected")
    assert whole[-1].at - START >= rule.span
    assert rule.looks >= rule.needed


@pytest.mark.parametrize("kind", sorted(MISSING))
def test_a_last_confirmation_that_comes_too_soon_does_not_count(kind: str) -> None:
    *steps, last = HYSTERESIS[kind].steps
    early = [GOOD, *looks(kind, [*steps, last - timedelta(seconds=1)])]
    assert state(early) in ("suspected", "unstable")
    assert state([*early, seen(sum(steps, last), kind)]) in ("vanished", "usurped")


@pytest.mark.parametrize("kind", sorted(MISSING))
def test_many_failures_in_quick_succession_are_one(kind: str) -> None:
    minutes = [GOOD, *looks(kind, [timedelta(minutes=1)] * 500)]
    found = conclude(minutes)
    assert found.state in ("suspected", "unstable")
    assert found.fetches == 502


def test_the_figures_are_those_that_were_agreed() -> None:
    """docs/verdicts.md has the table; DOMAIN has where it comes from."""
    asked = {name: (rule.needed, rule.span) for name, rule in HYSTERESIS.items()}
    assert asked["gone-410"] == (2, 24 * HOUR)
    assert asked["gone-404"] == (4, 4 * DAY)
    assert asked["dead-host"] == (5, 11 * DAY)
    assert asked["server-error"] == (6, 25 * DAY)
    assert asked["replaced"] == (3, 8 * DAY)
    assert asked["blocked"] == (3, 3 * DAY)
    for rule in HYSTERESIS.values():
        if rule.concludes is not None:
            assert sum(rule.steps, timedelta(0)) >= rule.span, rule.name


@pytest.mark.parametrize(
    ("name", "steps", "concludes"),
    [
        ("gone-410", [1 * DAY], "vanished"),
        ("gone-404", [1 * HOUR, 1 * DAY, 3 * DAY], "vanished"),
        ("replaced", [1 * DAY, 7 * DAY], "usurped"),
        ("dead-host", [1 * HOUR, 1 * DAY, 3 * DAY, 7 * DAY], "vanished"),
        ("server-error", [HOUR / 4, 2 * HOUR, 1 * DAY, 3 * DAY, 7 * DAY, 14 * DAY], "vanished"),
        ("blocked", [1 * DAY, 2 * DAY], "blocked"),
        ("walled", [1 * DAY, 2 * DAY], "walled"),
        ("legal", [1 * DAY, 2 * DAY], "legal"),
        ("excluded", [1 * DAY, 2 * DAY], "excluded"),
        ("refused", [1 * DAY, 2 * DAY], "refused"),
        ("drifted", [1 * DAY], "drifted"),
        ("revival", [1 * DAY], "live"),
        ("unclear", [1 * HOUR, 1 * DAY, 3 * DAY, 7 * DAY, 30 * DAY], None),
    ],
)
def test_further_looks_are_spaced_as_the_table_says(
    name: str, steps: list[timedelta], concludes: State | None
) -> None:
    rule = HYSTERESIS[name]
    assert (list(rule.steps), rule.concludes) == (steps, concludes)


def test_soft_404_counts_with_404_and_usurped_with_parked() -> None:
    steps = HYSTERESIS["gone-404"].steps
    history = [GOOD, *looks("gone-404", steps)]
    mixed = [s if n % 2 else Seen(s.fetch, s.at, "soft-404") for n, s in enumerate(history[1:])]
    assert state([GOOD, *mixed]) == "vanished"
    replaced = looks("replaced", HYSTERESIS["replaced"].steps)
    replaced[1] = Seen(replaced[1].fetch, replaced[1].at, "usurped")
    assert state([GOOD, *replaced]) == "usurped"


@pytest.mark.parametrize("kind", ["blocked", "walled", "legal", "excluded", "refused"])
def test_a_refusal_is_a_state_of_its_own_after_three_in_three_days_and_never_vanished(
    kind: str,
) -> None:
    rule = HYSTERESIS[kind]
    twice = [GOOD, *looks(kind, rule.steps[:-1])]
    assert state(twice) == "live"
    thrice = [GOOD, *looks(kind, rule.steps)]
    assert state(thrice) == rule.concludes
    assert state([GOOD, *looks(kind, [30 * DAY] * 100)]) == rule.concludes
    assert state(looks(kind, [30 * DAY] * 100)) == rule.concludes


@given(st.lists(st.tuples(
    st.timedeltas(timedelta(0), 100 * DAY),
    st.sampled_from(["good", "blocked", "walled", "legal", "excluded", "refused", "unclear",
                     "none", "consent-wall", "needs-script", "redirect-stub", "redirect"]),
), max_size=40))  # fmt: skip
def test_nothing_but_missing_answers_ever_makes_a_source_vanished(
    answers: list[tuple[timedelta, str]],
) -> None:
    assert state(seen(at, answer) for at, answer in answers) not in (
        "vanished", "usurped", "suspected", "unstable",
    )  # fmt: skip


@given(st.lists(st.tuples(
    st.timedeltas(timedelta(0), 100 * DAY), st.sampled_from(sorted(MISSING - {"replaced"})),
), max_size=40))  # fmt: skip
def test_vanished_is_never_said_short_of_the_row_of_some_family(
    answers: list[tuple[timedelta, str]],
) -> None:
    """Counted independently of the fold: each row over all answers that may count for it."""
    history = [seen(at, answer) for at, answer in answers]
    if state(history) != "vanished":
        return
    assert any(
        spaced_count(history, kind) >= HYSTERESIS[kind].needed
        and span(history, kind) >= HYSTERESIS[kind].span
        for kind in ("gone-410", "gone-404", "dead-host", "server-error")
    )


def spaced_count(history: list[Seen], kind: str) -> int:
    """How many answers of a family lie apart by its smallest step."""
    last, count = None, 0
    for at in sorted(s.at for s in history if kind_of(s) in HYSTERESIS[kind].counts):
        if last is None or at - last >= min(HYSTERESIS[kind].steps):
            last, count = at, count + 1
    return count


def span(history: list[Seen], kind: str) -> timedelta:
    times = [s.at for s in history if kind_of(s) in HYSTERESIS[kind].counts]
    return max(times) - min(times)


# Kinds that meet


def test_a_timeout_between_two_404_neither_counts_nor_begins_the_count_anew() -> None:
    history = [
        GOOD, seen(0 * HOUR, "gone-404"), seen(1 * HOUR, "server-error"),
        seen(2 * HOUR, "gone-404"),
    ]  # fmt: skip
    found = conclude(history)
    assert (found.state, found.rule, found.counted) == ("suspected", "gone-404", 2)
    history += [seen(26 * HOUR, "gone-404"), seen(27 * HOUR, "server-error")]
    assert state(history) == "suspected"
    assert state([*history, seen(98 * HOUR, "gone-404")]) == "vanished"


def test_404s_count_for_an_unreachable_host_but_timeouts_do_not_count_for_404() -> None:
    steps = HYSTERESIS["server-error"].steps
    mixed = [GOOD, *looks("server-error", steps)]
    mixed[3] = seen(mixed[3].at - START, "gone-404")
    assert state(mixed) == "vanished"
    assert state([GOOD, *looks("server-error", HYSTERESIS["gone-404"].steps)]) == "unstable"


def test_a_good_answer_ends_every_suspicion() -> None:
    for kind in MISSING:
        rule = HYSTERESIS[kind]
        short = looks(kind, rule.steps[:-1])
        back = seen(short[-1].at - START + HOUR, "good")
        again = looks(kind, rule.steps[:-1], back.at - START + HOUR)
        found = conclude([GOOD, *short, back, *again])
        assert found.state in ("suspected", "unstable")
        alone = conclude([GOOD, *short, back])
        assert alone.state == "live" and alone.first_seen_missing_at is None


def test_a_refusal_or_an_unclear_answer_does_not_end_a_suspicion() -> None:
    for other in ("blocked", "unclear", "none"):
        history = [GOOD, *looks("gone-404", HYSTERESIS["gone-404"].steps)]
        assert state([*history[:3], seen(2 * HOUR, other), *history[3:]]) == "vanished"


def test_what_vanished_stays_so_when_the_host_then_refuses_us() -> None:
    gone = [GOOD, *looks("gone-404", HYSTERESIS["gone-404"].steps)]
    after = looks("blocked", [30 * DAY] * 6, 30 * DAY)
    assert state([*gone, *after]) == "vanished"
    assert state([*gone, *looks("legal", [1 * DAY, 2 * DAY], 30 * DAY)]) == "legal"


def test_what_vanished_can_be_found_replaced_and_what_is_replaced_can_vanish() -> None:
    gone = [GOOD, *looks("gone-404", HYSTERESIS["gone-404"].steps)]
    sold = [*gone, *looks("replaced", HYSTERESIS["replaced"].steps, 30 * DAY)]
    assert [state(sold[:n]) for n in range(5, 9)] == ["vanished"] * 3 + ["usurped"]
    once = [*sold, seen(60 * DAY, "gone-404")]
    assert state(once) == "usurped", "one answer does not turn a verdict back"
    ended = [*sold, *looks("gone-404", HYSTERESIS["gone-404"].steps, 60 * DAY)]
    assert state(ended) == "vanished"


def test_a_host_that_fails_while_it_blocks_us_stays_blocked() -> None:
    blocked = [GOOD, *looks("blocked", HYSTERESIS["blocked"].steps)]
    assert state([*blocked, seen(10 * DAY, "server-error")]) == "blocked"
    assert state([*blocked, seen(10 * DAY, "gone-404")]) == "suspected"


# Own faults and incidents


def test_our_own_faults_do_not_count() -> None:
    assert state([GOOD, *looks("none", [10 * DAY] * 50)]) == "live"
    assert state(looks("none", [10 * DAY] * 50)) == "unknown"


def test_of_one_incident_of_a_host_one_failure_counts() -> None:
    steps = HYSTERESIS["dead-host"].steps
    during = [
        Seen(s.fetch, s.at, s.outcome, s.reasons, incident=7) for s in looks("dead-host", steps)
    ]
    found = conclude([GOOD, *during])
    assert (found.state, found.counted) == ("suspected", 1)
    apart = [Seen(s.fetch, s.at, s.outcome, s.reasons, incident=n) for n, s in enumerate(during)]
    assert state([GOOD, *apart]) == "vanished"


@pytest.mark.parametrize(
    ("visited", "failed", "whole"),
    [(4, 4, False), (5, 2, False), (5, 3, True), (6, 3, True), (200, 99, False), (200, 100, True),
     (0, 0, False)],
)  # fmt: skip
def test_a_host_fails_as_a_whole_when_half_of_five_sources_do(
    visited: int, failed: int, whole: bool
) -> None:
    assert is_incident(visited, failed) is whole


# Back again

GONE = [GOOD, *looks("gone-404", HYSTERESIS["gone-404"].steps)]


def test_one_good_answer_is_a_return_and_two_a_day_apart_prove_it() -> None:
    first = [*GONE, seen(30 * DAY, "good", similarity=0.9)]
    assert conclude(first).state == "returning"
    soon = [*first, seen(30 * DAY + 23 * HOUR, "good", similarity=0.9)]
    assert conclude(soon).state == "returning"
    found = conclude([*soon, seen(31 * DAY, "good", similarity=0.9)])
    assert (found.state, found.since) == ("live", START + 31 * DAY)
    assert found.first_seen_missing_at is None and found.confidence == 1.0
    assert found.deciding == (30 * 24 * 60, 31 * 24 * 60)


def test_a_return_that_fails_again_is_a_suspicion_with_a_date_of_its_own() -> None:
    back = [*GONE, seen(30 * DAY, "good"), seen(31 * DAY, "gone-404")]
    found = conclude(back)
    assert (found.state, found.first_seen_missing_at) == ("suspected", START + 31 * DAY)
    assert conclude([*back, seen(40 * DAY, "good")]).state == "live"


def test_a_return_that_was_broken_off_must_be_proved_anew() -> None:
    broken = [*GONE, seen(30 * DAY, "good"), seen(31 * DAY, "gone-404"), *looks(
        "gone-404", HYSTERESIS["gone-404"].steps, 40 * DAY)]  # fmt: skip
    assert state(broken) == "vanished"
    assert state([*broken, seen(60 * DAY, "good")]) == "returning"
    assert state([*broken, seen(60 * DAY, "good"), seen(61 * DAY, "good")]) == "live"


def test_a_refusal_does_not_break_off_a_return() -> None:
    back = [*GONE, seen(30 * DAY, "good"), seen(31 * DAY, "blocked"), seen(32 * DAY, "good")]
    found = conclude(back)
    assert found.state == "live"
    assert found.deciding == (30 * 24 * 60, 32 * 24 * 60)


def test_one_good_answer_ends_a_refusal_by_itself() -> None:
    shut = [GOOD, *looks("blocked", HYSTERESIS["blocked"].steps)]
    found = conclude([*shut, seen(30 * DAY, "good")])
    assert (found.state, found.deciding) == ("live", (30 * 24 * 60,))


def test_of_two_rules_that_are_met_at_once_the_surer_one_is_named() -> None:
    failing = looks("server-error", HYSTERESIS["server-error"].steps[:4])
    days = [timedelta(0), HOUR, 10 * DAY, 15 * DAY]
    missing = [seen(21 * DAY + after, "gone-404") for after in days]
    found = conclude([GOOD, *failing, *missing])
    assert state([GOOD, *failing, *missing[:-1]]) != "vanished"
    assert (found.state, found.reasons[0]) == ("vanished", "gone-404")
    assert found.deciding == tuple(look.fetch for look in missing)


def test_another_text_at_the_address_of_a_vanished_page_is_no_return() -> None:
    other = [*GONE, seen(30 * DAY, "good", similarity=0.1)]
    found = conclude(other)
    assert found.state == "vanished" and "lately-drifted" in found.reasons
    assert found.last_proven_alive_at == GOOD.at
    assert state([*other, seen(31 * DAY, "good", similarity=1.0)]) == "drifted"


def test_a_page_that_answers_with_another_text_twice_has_drifted() -> None:
    once = [GOOD, seen(0 * DAY, "good", similarity=0.2)]
    found = conclude(once)
    assert (found.state, found.confidence) == ("live", 0.5)
    assert state([*once, seen(23 * HOUR, "good", similarity=1.0)]) == "live"
    for then in (0.1, 1.0, None):
        assert state([*once, seen(1 * DAY, "good", similarity=then)]) == "drifted"
    assert state([*once, seen(1 * DAY, "good", similarity=0.1, cited=0.97)]) == "live"


@pytest.mark.parametrize(("likeness", "is_another"), [(0.499, True), (0.5, False), (0.6, False)])
def test_a_text_of_which_less_than_half_stands_is_another_one(
    likeness: float, is_another: bool
) -> None:
    by_copy = [seen(n * DAY, "good", similarity=likeness) for n in range(2)]
    by_cited = [seen(n * DAY, "good", similarity=1.0, cited=likeness) for n in range(2)]
    expected = "drifted" if is_another else "live"
    assert state([GOOD, *by_copy]) == state([GOOD, *by_cited]) == expected


def test_a_text_that_came_back_is_live_again_when_it_is_compared_with_the_cited_one() -> None:
    away = [GOOD, seen(0 * DAY, "good", similarity=0.2), seen(1 * DAY, "good", similarity=1.0)]
    back = [*away, seen(10 * DAY, "good", similarity=0.2, cited=1.0)]
    assert state(back) == "returning"
    assert state([*back, seen(11 * DAY, "good", similarity=1.0, cited=1.0)]) == "live"


def test_many_small_changes_are_a_drift_only_when_measured_against_the_cited_text() -> None:
    steps = [seen(n * DAY, "good", similarity=0.8) for n in range(20)]
    assert state([GOOD, *steps]) == "live"
    far = [seen(n * DAY, "good", similarity=0.8, cited=max(0.0, 1 - n / 10)) for n in range(20)]
    assert state([GOOD, *far]) == "drifted"


# What stands in a verdict


def test_nothing_seen_is_unknown() -> None:
    assert conclude([]) == Verdict("unknown", None, 0.0, (), (), 0)


def test_a_source_that_was_never_alive_is_unknown_until_its_rule_is_met() -> None:
    history = looks("gone-404", HYSTERESIS["gone-404"].steps)
    for n in (1, 2, 3):
        found = conclude(history[:n])
        assert (found.state, found.rule, found.counted) == ("unknown", "gone-404", n)
        assert found.first_seen_missing_at == START and found.reasons[0] == "lately-gone-404"
    found = conclude(history)
    assert (found.state, found.last_proven_alive_at) == ("vanished", None)


def test_a_verdict_says_by_which_looks_since_when_and_never_when_it_went() -> None:
    found = conclude(GONE)
    assert found.state == "vanished"
    assert found.since == GONE[-1].at
    assert found.reasons == ("gone-404", "http-404")
    assert found.deciding == tuple(s.fetch for s in GONE[1:])
    assert (found.last_proven_alive_at, found.first_seen_missing_at) == (GOOD.at, START)
    assert (found.fetches, found.confidence, found.by_hand) == (5, 1.0, False)
    suspected = conclude(GONE[:3])
    assert (suspected.state, suspected.deciding) == (
        "suspected", tuple(s.fetch for s in GONE[1:3]),
    )  # fmt: skip
    later = conclude([*GONE, *looks("gone-404", [30 * DAY] * 3, 30 * DAY)])
    assert (later.since, later.deciding) == (found.since, found.deciding)


def test_a_failing_host_is_not_seen_missing_until_that_is_concluded() -> None:
    history = [GOOD, *looks("server-error", HYSTERESIS["server-error"].steps)]
    assert conclude(history[:-1]).first_seen_missing_at is None
    assert conclude(history).first_seen_missing_at == START


def test_confidence_grows_with_the_looks_and_shrinks_with_what_speaks_against() -> None:
    shares = [conclude(GONE[: n + 1]).confidence for n in range(1, 5)]
    assert shares == [0.25, 0.5, 0.75, 1.0]
    first = seen(0 * HOUR, "live-unverified")
    assert conclude([first]).confidence == 1.0
    unproven = Seen(1, START, "live-unverified", ("unconfirmed",))
    assert conclude([unproven]).confidence == 0.5
    blocked = looks("blocked", [1 * DAY])
    assert [conclude([GOOD, *blocked[:n]]).confidence for n in range(3)] == [1.0, 0.667, 0.333]


def test_the_next_look_that_counts_is_told() -> None:
    found = conclude(GONE[:3])
    assert (found.rule, found.counted) == ("gone-404", 2)
    assert found.counts_from == GONE[2].at + 24 * HOUR
    assert conclude(GONE).counts_from is None
    assert conclude([GOOD]).counts_from is None


# A person's word


def test_a_persons_word_stands_whatever_is_seen_and_the_machines_view_stays_visible() -> None:
    said = Override("live", "moved to the archive section, checked by hand", START)
    found = conclude(GONE, override=said)
    assert (found.state, found.since, found.by_hand) == ("live", START, True)
    assert found.note == said.note and found.confidence == 1.0
    assert found.reasons[:3] == ("by-hand", "otherwise-vanished", "gone-404")
    assert found.fetches == 5 and found.first_seen_missing_at == START
    assert conclude(GONE).state == "vanished", "withdrawn: the evidence was counted all along"


# A fold

OUTCOME = st.sampled_from(sorted(OUTCOMES))
SEEN = st.builds(
    Seen,
    st.integers(1, 10**6),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    OUTCOME,
    st.sampled_from([(), ("http-410",), ("http-404",), ("unconfirmed",)]),
    st.none() | st.floats(0, 1),
    st.none() | st.floats(0, 1),
    st.none() | st.integers(1, 3),
)
HISTORIES = st.lists(SEEN, max_size=30, unique_by=lambda s: (s.at, s.fetch))


@given(HISTORIES, st.randoms())
def test_folded_at_once_or_step_by_step_or_in_any_order_the_verdict_is_the_same(
    history: list[Seen], chance: random.Random
) -> None:
    shuffled = list(history)
    chance.shuffle(shuffled)
    assert conclude(shuffled) == conclude(history)
    fold = Conclusion()
    for n, one in enumerate(sorted(history, key=lambda s: (s.at, s.fetch)), start=1):
        fold.see(one)
        part = fold.verdict()
        assert part == conclude(sorted(history, key=lambda s: (s.at, s.fetch))[:n])
        assert fold.verdict() == part, "to ask for the verdict changes nothing"


@given(HISTORIES)
def test_every_verdict_is_whole(history: list[Seen]) -> None:
    found = conclude(history)
    rows = {s.fetch for s in history}
    assert found.state in STATES and 0 <= found.confidence <= 1
    assert set(found.deciding) <= rows and found.fetches == len(history)
    assert (found.since is None) == (found.state == "unknown")
    if found.state != "unknown":
        assert found.reasons and found.deciding
    if found.first_seen_missing_at and found.since and found.state == "vanished":
        assert found.first_seen_missing_at <= found.since
    alive = [s.at for s in history if s.outcome in LIVE]
    assert found.last_proven_alive_at in (None, *alive)
    assert (found.rule is None) == (found.counts_from is None)


def test_a_normal_history_is_concluded_within_fifty_microseconds() -> None:
    """A year of visits. The best of many runs: the machine may be busy."""
    history = [seen(n * 27 * DAY, "good", similarity=1.0) for n in range(13)]
    history += looks("gone-404", HYSTERESIS["gone-404"].steps[:2], 400 * DAY)
    best = min(timed(history) for _ in range(400))
    assert best < 50e-6, f"{best * 1e6:.0f} us"


def timed(history: list[Seen]) -> float:
    begin = time.perf_counter()
    conclude(history)
    return time.perf_counter() - begin


# Other people's words


@pytest.mark.parametrize("known", STATES)
def test_wikipedias_url_status_is_claimed_only_where_something_is_concluded(known: State) -> None:
    found = url_status(Verdict(known, START, 1.0, (), (), 1))
    expected = {"live": "live", "vanished": "dead", "drifted": "deviated", "usurped": "usurped"}
    assert found == expected.get(known)
    lost = url_status(Verdict(known, START, 1.0, (), (), 1), support_lost=True)
    assert lost == ("deviated" if known == "live" else expected.get(known))

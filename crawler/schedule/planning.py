"""When to visit a source next: a pure function of its past, a policy and the clock.

After a good answer the adaptive policy waits until a change is likely enough: few and ever rarer
visits to what never changes, more to what does. While a suspicion is open, the visits are those
that its rule counts (crawler/verdicts/hysteresis.py). What is concluded is looked at again in long
steps, because pages come back.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from crawler.digests import digest_of
from crawler.schedule.kinds import PRIORS, STEADY_MAX_GAP, Prior
from crawler.schedule.ladder import climb, next_rung
from crawler.schedule.plans import ADAPTIVE, DAY, HOUR, NextVisit, Past, Policy, describe
from crawler.schedule.rates import expected_changes, hours_until, posterior_factor
from crawler.verdicts import HYSTERESIS, MISSING, State
from crawler.verdicts.state import Verdict

# Ages of a conclusion at which the source is visited again; the last gap repeats.
AFTER_VANISHED: Final = (30 * DAY, 90 * DAY, 180 * DAY, 365 * DAY)
AFTER_VANISHED_EVERY: Final = 365 * DAY
AFTER_REFUSED: Final = (7 * DAY, 30 * DAY, 90 * DAY)
AFTER_REFUSED_EVERY: Final = 90 * DAY
AFTER_LOCAL_FAULT: Final = 1 * HOUR

_AFTERMATH: Final[dict[State, tuple[tuple[timedelta, ...], timedelta]]] = {
    **dict.fromkeys(("vanished", "usurped"), (AFTER_VANISHED, AFTER_VANISHED_EVERY)),
    **dict.fromkeys(
        ("blocked", "walled", "legal", "excluded", "refused"), (AFTER_REFUSED, AFTER_REFUSED_EVERY)
    ),
}


def next_visit(past: Past, policy: Policy = ADAPTIVE, now: datetime | None = None) -> NextVisit:
    """Return when to look again, counted from the last visit; it may be over already.

    ``now`` is the present; None: the last visit has just ended. Edits from later than that are not
    believed. A source that was never visited is due at once; without ``now`` that is a ValueError.
    """
    visited = past.last_visited_at
    if visited is None:
        if now is None:
            raise ValueError("a source that was never visited is due now: say when that is")
        return NextVisit(now, "never visited yet", "first")
    if past.verdict.counts_from is not None:
        return _to_confirm(past, policy, visited, past.verdict.counts_from)
    if past.verdict.state in _AFTERMATH:
        return _after_conclusion(past, policy, visited)
    if past.first_captured_at is None:
        return NextVisit(visited + AFTER_LOCAL_FAULT, "a fault of our own: again soon", "again")
    return _sooner(past, policy, _regular(past, policy, visited), now or visited)


def wants_full_read(
    verdict: Verdict, read_at: datetime | None, now: datetime, policy: Policy = ADAPTIVE
) -> bool:
    """Tell whether to ask for the whole page, without If-None-Match and If-Modified-Since.

    Some servers say 304 to whatever is asked, and hide every change. So a whole body is asked for
    on an interval, and while a suspicion is open. ``read_at`` is when one last came; None: never.
    """
    if read_at is None or not timedelta(0) <= now - read_at < policy.full_read_every:
        return True  # one from the future was dated by a clock that was wrong
    return verdict.counts_from is not None or verdict.state != "live"


# Suspicions and conclusions


def _to_confirm(past: Past, policy: Policy, visited: datetime, counts_from: datetime) -> NextVisit:
    verdict = past.verdict
    rule = HYSTERESIS[verdict.rule or "unclear"]
    due = max(counts_from, visited + policy.min_gap)
    if rule.name in MISSING or rule.name == "revival":
        reason = f"{rule.name}, look {verdict.counted + 1} of {rule.looks}"
        return NextVisit(due, f"{reason}: after {describe(due - visited)}", "confirm")
    answers = f"{rule.name}, {verdict.counted} in a row"
    return NextVisit(due, f"{answers}: again after {describe(due - visited)}", "again")


def _after_conclusion(past: Past, policy: Policy, visited: datetime) -> NextVisit:
    state, since = past.verdict.state, past.verdict.since or visited
    ages, every = _AFTERMATH[state]
    _, gap = climb(max(visited - since, timedelta(0)), ages, every)
    gap *= _spread(past, policy)
    return NextVisit(visited + gap, f"{state}: looked at again after {describe(gap)}", "tail")


# Good answers


def _regular(past: Past, policy: Policy, visited: datetime) -> NextVisit:
    """The next visit to a source that answers well, whatever else is known."""
    if policy.name == "news":
        return next_rung(past.first_captured_at, past.first_cited_on, visited)
    prior = PRIORS[past.kind]
    age = visited - _born(past, visited)
    rung = _early_step(prior, age)
    if rung is not None:
        return _at_age(visited, *rung)
    factor = _seen_factor(past, policy, prior, visited)
    age_h = age / HOUR
    max_gap = _max_gap(past, prior)
    wanted_h = hours_until(prior, age_h, policy.theta / factor)
    wanted = HOUR * min(wanted_h, max_gap / HOUR)
    watched = visited - min(past.first_captured_at or visited, visited)
    gap = min(
        wanted,
        max(prior.first_gap, policy.growth * age),
        max(policy.second_look, policy.growth * watched),
    )
    gap = max(gap, min(policy.calm * age, policy.calm_max))
    gap = max(gap * _spread(past, policy), policy.min_gap)
    expected = factor * expected_changes(prior, age_h, age_h + gap / HOUR)
    return NextVisit(
        visited + gap,
        _why(past, gap, expected),
        "tail" if wanted >= max_gap and gap > 30 * DAY else "change",
        round(expected, 4),
    )


def _why(past: Past, gap: timedelta, expected: float) -> str:
    seen = {0: "no change", 1: "1 change"}.get(past.changes, f"{past.changes} changes")
    return f"{seen} so far, {expected:.2f} more expected within {describe(gap)}"


def _seen_factor(past: Past, policy: Policy, prior: Prior, visited: datetime) -> float:
    """What was seen against what was expected since the first capture.

    When an entry was edited the age begins anew, and so does what is expected.
    """
    began = _first_date(past, visited)
    first = min(past.first_captured_at or visited, visited)
    edited = past.edited_at
    if edited is None or not first < edited <= visited:
        return posterior_factor(
            past.changes, _expected(prior, began, first, visited), policy.prior_weight
        )
    watched = _expected(prior, began, first, edited) + _expected(prior, edited, edited, visited)
    return posterior_factor(past.changes, watched, policy.prior_weight)


def _expected(prior: Prior, born: datetime, since: datetime, until: datetime) -> float:
    return expected_changes(prior, max((since - born) / HOUR, 0.0), max((until - born) / HOUR, 0.0))


def _born(past: Past, visited: datetime) -> datetime:
    """When the age of a source began: anew by an edit, if we held it before that."""
    first = past.first_captured_at or visited
    if past.edited_at is not None and first < past.edited_at <= visited:
        return past.edited_at
    return _first_date(past, visited)


def _first_date(past: Past, visited: datetime) -> datetime:
    """The first that is known of it. Pages and entries tell a day only; its end is taken."""
    known = [visited, past.first_captured_at or visited]
    known += [day + DAY for day in (past.published_on, past.first_cited_on) if day is not None]
    return min(known)


def _early_step(prior: Prior, age: timedelta) -> tuple[timedelta, timedelta] | None:
    if not prior.steps or age >= prior.steps[-1]:
        return None
    return climb(age, prior.steps, prior.max_gap)


def _at_age(visited: datetime, rung: timedelta, gap: timedelta) -> NextVisit:
    """Return the visit that a fixed age asks for."""
    return NextVisit(visited + gap, f"at the age of {describe(rung)}", "change")


def _max_gap(past: Past, prior: Prior) -> timedelta:
    return STEADY_MAX_GAP if past.kind == "pdf" and past.steady else prior.max_gap


def _spread(past: Past, policy: Policy) -> float:
    """A factor about 1 that is the same for a source at all times: many are not due at once."""
    share = int(digest_of(past.url.encode(errors="replace")).partition(":")[2][:8], 16) / 2**32
    return 1 + policy.jitter * (2 * share - 1)


# What makes it sooner


def _sooner(past: Past, policy: Policy, regular: NextVisit, now: datetime) -> NextVisit:
    """Move a visit forward for a change just seen, or an edited entry."""
    visited = past.last_visited_at
    assert visited is not None
    plans = [regular]
    changed = past.last_changed_at is not None and visited <= past.last_changed_at <= now
    if changed and policy.name == "adaptive":
        plans.append(_after_change(past, policy, visited))
    if past.edited_at is not None and visited < past.edited_at <= now:
        due = max(past.edited_at, visited + policy.min_gap)
        plans.append(NextVisit(due, "an entry that cites it was edited", "edit"))
    return min(plans, key=lambda plan: plan.due_at)


def _after_change(past: Past, policy: Policy, visited: datetime) -> NextVisit:
    """Changes come in rows: 5 % of articles have more than nine."""
    before = past.visited_before_at or visited
    age = visited - _born(past, visited)
    gap = max(
        policy.after_change * (visited - before),
        policy.min_gap,
        min(policy.calm * age, policy.calm_max),
    )
    return NextVisit(visited + gap, f"it changed: again after {describe(gap)}", "change")

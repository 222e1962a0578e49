"""What comes first when the budget is too small, and why a source is due, in words."""

from __future__ import annotations

from datetime import date

import pytest

from crawler.schedule import (
    ADAPTIVE,
    DAY,
    GROUNDS,
    HOUR,
    NEWS,
    Grounds,
    NextVisit,
    Past,
    explain_due,
    next_visit,
    priority,
)
from crawler.verdicts import conclude
from tests.test_planning import NOW, STEADY, history, past

TODAY = date(2026, 3, 1)


def rank(grounds: Grounds = "change", *, captured: bool = True, cited_on: date | None = TODAY,
         entries: int = 1, expected: float = 0.08) -> int:  # fmt: skip
    planned = NextVisit(NOW, "", grounds, expected)
    return priority(planned, captured=captured, cited_on=cited_on, citing_entries=entries)


def test_what_was_never_captured_comes_first_and_the_newest_citation_before_older_ones() -> None:
    ordered = [
        rank("first", captured=False),
        rank("confirm", captured=False, cited_on=date(2026, 2, 28), entries=99),
        rank("first", captured=False, cited_on=date(1995, 1, 1)),
        rank("first", captured=False, cited_on=None),
        rank("confirm", entries=2),
        rank("confirm"),
        rank("edit", entries=3),
        rank("change", entries=20),
        rank("edit"),
        rank("change", entries=2),
        rank("change"),
        rank("change", expected=0.01),
        rank("tail", entries=50),
        rank("tail"),
    ]
    assert ordered == sorted(ordered) and len(set(ordered)) == len(ordered)
    assert rank("tail") == rank("again")


@pytest.mark.parametrize("grounds", GROUNDS)
def test_a_priority_fits_into_a_column_whatever_the_numbers(grounds: Grounds) -> None:
    for entries in (0, 1, 10**9):
        for expected in (0.0, 1e9):
            for captured in (True, False):
                found = rank(grounds, captured=captured, entries=entries, expected=expected)
                assert 0 <= found < 2**31
                assert (found < 10_000_000) is not captured


def test_a_date_beyond_all_bounds_is_a_date() -> None:
    assert rank(captured=False, cited_on=date.max) < rank(captured=False, cited_on=TODAY)
    assert rank(captured=False, cited_on=date.min) < rank(captured=False, cited_on=None)


# In words


def test_a_source_that_is_not_due_is_told_with_the_date_and_what_it_waits_for() -> None:
    known = past(7 * DAY)
    told = explain_due(next_visit(known, STEADY), known, NOW + HOUR)
    assert told == (
        "Due 2026-03-17 06:00 UTC, in 16 d, because it may have changed by then"
        " (no change so far, 0.02 more expected within 16 d)."
        " It was last visited 2026-03-01 12:00 UTC, 1 h ago."
        " It is taken for a source of the kind news, and visited when 0.08 further changes are"
        " expected, or sooner while it is young."
    )


def test_a_source_that_is_due_is_told_since_when() -> None:
    known = past(7 * DAY)
    plan = next_visit(known, ADAPTIVE)
    told = explain_due(plan, known, plan.due_at + 3 * DAY)
    assert told.startswith("Due since ") and "(3 d)," in told
    assert explain_due(plan, known, plan.due_at).startswith("Due now, because")


def test_the_ladder_and_conclusions_are_told_as_such() -> None:
    known = past(7 * DAY)
    assert "fixed ladder" in explain_due(next_visit(known, NEWS), known, NOW, NEWS)
    _, gone = history("gone-404", 4)
    told = explain_due(next_visit(gone), gone, NOW + 5 * DAY)
    assert "looked at again in long steps" in told and "vanished" in told
    _, doubted = history("gone-404", 2)
    told = explain_due(next_visit(doubted), doubted, NOW + 2 * HOUR)
    assert "a suspicion, or a return, is to be confirmed (gone-404, look 3 of 4" in told
    new = Past("https://h.example/", conclude([]))
    assert explain_due(next_visit(new, now=NOW), new, NOW) == (
        "Due now, because it was never visited (never visited yet)."
    )

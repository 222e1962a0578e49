"""A verdict in words: what state, since when, by which looks, and what would change it."""

from __future__ import annotations

import pytest
from hypothesis import given

from crawler.verdicts import HYSTERESIS, Override, conclude, explain_verdict
from tests.test_concluding import (
    DAY,
    GONE,
    GOOD,
    HISTORIES,
    HOUR,
    START,
    Seen,
    looks,
    seen,
)


def test_a_vanished_source_is_told_whole() -> None:
    assert explain_verdict(conclude(GONE), GONE) == (
        "Vanished, since 2026-03-05 13:00 UTC: missing on repeated looks, spaced as its kind of"
        " failure asks. That rests on 4 looks from 2026-03-01 12:00 UTC to 2026-03-05 13:00 UTC"
        " (fetches 0, 60, 1500, 5820): gone (http-404)."
        " It was last proven alive 2026-02-19 12:00 UTC. It was first seen missing"
        " 2026-03-01 12:00 UTC; when it went is not known."
        " Two good answers, 24 h apart or more, would bring it back to live."
    )


@pytest.mark.parametrize(
    ("history", "says"),
    [
        ([], ["Unknown: ", "It has not been visited.", "never seen alive by us"]),
        ([GOOD], ["Live, since 2026-02-19", "on 1 look on 2026-02-19 12:00 UTC (fetch -14400)",
                  "Only spaced failures in a row would change that"]),
        (GONE[:3], ["Suspected", "It takes 4 looks over 4 d to say vanished (rule gone-404);"
                    " 2 count so far, and a further one counts from 2026-03-02 13:00 UTC on."]),
        (looks("gone-404", [HOUR]), ["Unknown", "2 count so far", "The latest look"]),
        ([GOOD, *looks("blocked", [1 * DAY])],
         ["Live", "to say blocked (rule blocked); 2 count so far", "showed blocked (http-403)"]),
        ([GOOD, *looks("blocked", [1 * DAY, 2 * DAY])],
         ["Blocked", "says nothing about the page", "last proven alive 2026-02-19",
          "One good answer would make it live."]),
        ([*GONE, seen(30 * DAY, "good")],
         ["Returning", "It takes 2 looks over 24 h to say live (rule revival); one counts"]),
        ([*GONE, seen(30 * DAY, "none")],
         ["The latest look, 2026-03-31 12:00 UTC, showed local-fault (timeout), which counts for"
          " nothing."]),
        ([GOOD, seen(0 * DAY, "good", similarity=0.2)],
         ["live (not-modified, J3 0.20)", "The cited text again would make it live."]),
        ([GOOD, *looks("server-error", [HOUR])], ["Unstable", "7 looks over 25 d"]),
    ],
)  # fmt: skip
def test_each_state_is_told_with_what_would_change_it(history: list[Seen], says: list[str]) -> None:
    told = explain_verdict(conclude(history), history)
    for words in says:
        assert words in told


def test_a_persons_word_is_told_beside_what_was_seen() -> None:
    said = Override("live", "it moved", START)
    told = explain_verdict(conclude(GONE, override=said), GONE)
    assert "A person said so (it moved), and that stands until it is withdrawn." in told
    assert "By what was seen it would be vanished." in told
    assert "What is seen goes on being counted." in told


def test_looks_that_showed_several_things_are_told_with_how_often() -> None:
    mixed = [GOOD, *looks("dead-host", HYSTERESIS["dead-host"].steps)]
    mixed[2] = seen(mixed[2].at - START, "gone-404")
    told = explain_verdict(conclude(mixed), mixed)
    assert "dead-host (nxdomain) (4 times); gone (http-404)." in told


@given(HISTORIES)
def test_every_history_can_be_told_in_one_paragraph(history: list[Seen]) -> None:
    told = explain_verdict(conclude(history), history)
    assert "\n" not in told and "None" not in told and told.endswith(".")

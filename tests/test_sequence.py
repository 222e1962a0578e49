"""In which order visits took place, and which of their dates are believed."""

from __future__ import annotations

import sqlite3
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.archive.writing.sequence import credible_dates

DATES = st.lists(st.sampled_from(["1970", "2026", "2027", "2028", "2036"]), max_size=12)


def believed(dates: list[str]) -> list[str]:
    sql = sqlite3.connect(":memory:")
    sql.row_factory = sqlite3.Row
    rows = [sql.execute("SELECT ? AS fetched_at", (date,)).fetchone() for date in dates]
    return credible_dates(rows)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026 2027 2027 2028", "2026 2027 2027 2028"),
        ("2026 2036 2027 2028", "2026 2027 2027 2028"),
        ("2026 2036 2027", "2026 2027 2027"),
        ("2036 2036 2026 2027 2028", "2026 2026 2026 2027 2028"),
        ("2026 1970 2027", "2026 2027 2027"),
        ("2026 2027 1970", "2026 2027 2027"),
        ("", ""),
    ],
)
def test_dates_of_a_clock_that_was_wrong_for_a_while_give_way(written: str, read: str) -> None:
    assert believed(written.split()) == read.split()


@given(DATES)
def test_believed_dates_never_turn_back_and_none_is_invented(dates: list[str]) -> None:
    found = believed(dates)
    assert all(earlier <= later for earlier, later in pairwise(found))
    assert len(found) == len(dates) and set(found) <= set(dates)
    if dates == sorted(dates):
        assert found == dates

"""In which order the visits to a source took place, where their rows came from several hands.

Rows are numbered as they are written. Of one archive's own visits that is their order, also where
its clock was set back; what was imported, supplied by hand or merged came later than it took place,
and is put among the others by its dates.
"""

from __future__ import annotations

import heapq
import sqlite3
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from operator import itemgetter

from crawler.items import IMPORTED, OWN

# What ``in_sequence`` wants of a row: its fetch, when that was, and out of whose hands it came.
# For queries that join fetches f or outcomes o with runs r and captures c.
# Of an attempt of which nothing was kept the run tells it: a person supplies no such thing.
ORIGIN = f"coalesce(c.origin, CASE r.command WHEN 'import' THEN '{IMPORTED}' ELSE '{OWN}' END)"
LINEAGE = f"{ORIGIN} AS origin, r.archive_uid AS archive_uid"

_at = itemgetter("fetched_at")
_numbered = itemgetter("fetch")
_dated = itemgetter("fetched_at", "fetch")


def in_sequence(sql: sqlite3.Connection, rows: Iterable[sqlite3.Row]) -> list[sqlite3.Row]:
    """Return rows (fetch, fetched_at and those of ``LINEAGE``) in the order of what they tell.

    The order of each archive's own visits is kept; of two at the same instant the one that was not
    our own comes first.
    """
    hands: dict[tuple[bool, str, str], list[sqlite3.Row]] = defaultdict(list)
    for row in rows:
        hands[row["origin"] == OWN, row["archive_uid"], row["origin"]].append(row)
    ordered = [sorted(hands[hand], key=_numbered if hand[0] else _dated) for hand in sorted(hands)]
    if any(map(_turns_back, ordered)) and _was_merged(sql):
        ordered = [sorted(visits, key=_dated) for visits in ordered]
    if len(ordered) == 1:
        return ordered[0]
    return list(heapq.merge(*ordered, key=_at))


def credible_dates(ordered: Sequence[sqlite3.Row]) -> list[str]:
    """Return a date for each of these rows in sequence, none earlier than of the one before it.

    Where the clock was wrong for a while, as many dates as possible stay as they are: those of a
    longest chain of rows that never turns back. The others become the date of the next that stays,
    or else of the last: a look that is dated years ahead would count as the latest until then, and
    one that is dated in 1970 as spaced by decades from all others.
    """
    dates: list[str] = [row["fetched_at"] for row in ordered]
    if not _turns_back(ordered):
        return dates
    chain = _longest_chain(dates)
    following = dates[chain[-1]]
    kept = set(chain)
    for n in reversed(range(len(dates))):
        following = dates[n] = dates[n] if n in kept else following
    return dates


def _longest_chain(dates: Sequence[str]) -> list[int]:
    """Return the places of most of the dates, such that none is earlier than the one before it.

    Of several such chains the one that ends last, for the clock is more often put right than wrong,
    and of what may lead there the latest dates.
    """
    ends: list[str] = []  # of the chains of each length, the earliest date with which one ends
    places: list[list[int]] = []  # of each length, where chains end, their dates falling
    for n, date in enumerate(dates):
        length = bisect_right(ends, date)
        ends[length : length + 1] = [date]
        if length == len(places):
            places.append([])
        places[length].append(n)
    chain = [places[-1][-1]]
    for candidates in reversed(places[:-1]):
        last = chain[-1]
        chain.append(next(n for n in candidates if n < last and dates[n] <= dates[last]))
    return chain[::-1]


def _turns_back(visits: Sequence[sqlite3.Row]) -> bool:
    return any(later["fetched_at"] < earlier["fetched_at"] for earlier, later in pairwise(visits))


def _was_merged(sql: sqlite3.Connection) -> bool:
    """Tell whether another file was merged in: it may be a copy of this one that went on alone."""
    return sql.execute("SELECT 1 FROM runs WHERE command = 'merge' LIMIT 1").fetchone() is not None

"""Which items of two sequences are the same ones, in order: patience, then the longest matches.

Items that each side has just once are matched first (the longest run of them that keeps its order,
as Bram Cohen's patience diff does), because a rare word says where one is and "the" does not. The
gaps between them are matched by `difflib`, whose time grows with the square of a gap and more: so
gaps have a limit, and all of them together a budget.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

GAP = 40_000  # items of one side times those of the other: 200 words against 200


@dataclass(slots=True)
class Budget:
    """How much matching may still be done; shared by all gaps of a comparison."""

    left: int = 3_000_000  # pairs of items; some seconds at the worst
    exceeded: bool = False

    def take(self, cost: int) -> bool:
        """Return whether a gap of so many pairs may be matched, and take it off."""
        if cost > min(GAP, self.left):
            self.exceeded = True
            return False
        self.left -= cost
        return True


Match = tuple[int, int, int]  # place before, place after, length


def matches(before: Sequence[Hashable], after: Sequence[Hashable], budget: Budget) -> list[Match]:
    """Return the runs that both sequences have, in order; none overlap.

    Where a gap is over the limit or the budget is used up, nothing is matched in it, and
    ``budget.exceeded`` says so.
    """
    found: list[Match] = []
    stack = [(0, len(before), 0, len(after))]
    while stack:
        a, a_end, b, b_end = stack.pop()
        start_a, start_b = a, b
        while a < a_end and b < b_end and before[a] == after[b]:
            a, b = a + 1, b + 1
        if a > start_a:
            found.append((start_a, start_b, a - start_a))
        last = a_end
        while a < a_end and b < b_end and before[a_end - 1] == after[b_end - 1]:
            a_end, b_end = a_end - 1, b_end - 1
        if a_end < last:
            found.append((a_end, b_end, last - a_end))
        if a == a_end or b == b_end:
            continue
        anchors = _anchors(before[a:a_end], after[b:b_end])
        if not anchors:
            found += _longest(before[a:a_end], after[b:b_end], a, b, budget)
            continue
        for at, there in [(a + i, b + j) for i, j in anchors]:
            found.append((at, there, 1))
            stack.append((a, at, b, there))
            a, b = at + 1, there + 1
        stack.append((a, a_end, b, b_end))
    return _joined(sorted(found))


def _anchors(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the longest run of items that keeps its order, of those that each side has once."""
    seen, there = Counter(before), Counter(after)
    place = {item: at for at, item in enumerate(after) if there[item] == 1}
    unique = [
        (i, place[item]) for i, item in enumerate(before) if seen[item] == 1 and item in place
    ]
    tails: list[int] = []  # place in `after` of the last of the best run of each length
    ends: list[int] = []  # and its number in `unique`
    previous: list[int] = []
    for number, (_, j) in enumerate(unique):
        length = bisect_left(tails, j)
        previous.append(ends[length - 1] if length else -1)
        tails[length : length + 1] = [j]
        ends[length : length + 1] = [number]
    run = []
    number = ends[-1] if ends else -1
    while number >= 0:
        run.append(unique[number])
        number = previous[number]
    return run[::-1]


def _longest(
    before: Sequence[Hashable], after: Sequence[Hashable], a: int, b: int, budget: Budget
) -> list[Match]:
    if not budget.take(len(before) * len(after)):
        return []
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return [(a + i, b + j, size) for i, j, size in blocks if size]


def _joined(found: list[Match]) -> list[Match]:
    """Return matches with those joined that follow each other on both sides."""
    joined: list[Match] = []
    for a, b, size in found:
        if joined:
            last_a, last_b, length = joined[-1]
            if (last_a + length, last_b + length) == (a, b):
                joined[-1] = (last_a, last_b, length + size)
                continue
        joined.append((a, b, size))
    return joined

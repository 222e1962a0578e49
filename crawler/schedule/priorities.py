"""What to visit first when not everything that is due can be visited."""

from __future__ import annotations

from datetime import date
from typing import Final

from crawler.schedule.plans import NextVisit

# Tiers, the first first. Within one the smaller number is visited first.
NEVER_CAPTURED, CONFIRMING, LIKELY_CHANGED, TAIL = range(4)

_TIER: Final = 10_000_000
_DAYS: Final = date.max.toordinal()  # 3,652,059
_WEIGHT_MAX: Final = 1_000_000.0  # changes expected x entries x 1,000


def priority(
    planned: NextVisit, *, captured: bool, cited_on: date | None, citing_entries: int
) -> int:
    """Return a number by which due sources can be ordered, ascending; it can be kept in a column.

    Never captured first, the newest citation before older ones: before the first capture everything
    can be lost. Then those in whose confirmation a late visit would lengthen a suspicion. Then
    those that have likely changed, by how much is expected and how many entries cite them; at last
    the long tail and the refusals. ``cited_on`` None: unknown, after all that are known.
    """
    if not captured:
        newest = cited_on.toordinal() if cited_on else 0
        return NEVER_CAPTURED * _TIER + _DAYS - newest
    weight = max(citing_entries, 1)
    if planned.grounds == "confirm":
        return CONFIRMING * _TIER + _behind(weight)
    if planned.grounds in ("tail", "again"):
        return TAIL * _TIER + _behind(weight)
    # An edit has happened; a change is only expected.
    expected = 1.0 if planned.grounds == "edit" else planned.expected
    return LIKELY_CHANGED * _TIER + _behind(weight * expected)


def _behind(weight: float) -> int:
    """A number that is the smaller the heavier."""
    return round(_WEIGHT_MAX - min(weight * 1000, _WEIGHT_MAX))

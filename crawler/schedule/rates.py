"""How many changes are expected: a prior for the kind, corrected by what was seen (Gamma-Poisson).

Ages are in hours. The prior counts Λ(a, b) changes between two ages. After X changes where Λ were
expected, the expectation is multiplied by (k + X) / (k + Λ).
"""

from __future__ import annotations

import math
from typing import Final

from crawler.schedule.kinds import Prior

_NEVER: Final = math.inf
_HOUR_S: Final = 3600.0


def expected_changes(prior: Prior, since_h: float, until_h: float) -> float:
    """Return Λ: the changes that the prior expects between two ages in hours."""
    onset = prior.onset.total_seconds() / _HOUR_S
    within = prior.within.total_seconds() / _HOUR_S
    span = _mass(prior, since_h + onset, until_h + onset)
    return prior.changes * span / _mass(prior, onset, within + onset)


def hours_until(prior: Prior, age_h: float, wanted: float) -> float:
    """Return after how many hours the prior expects ``wanted`` changes; infinity: never so many."""
    onset = prior.onset.total_seconds() / _HOUR_S
    within = prior.within.total_seconds() / _HOUR_S
    span = wanted * _mass(prior, onset, within + onset) / prior.changes
    begin = age_h + onset
    if prior.decay == 1:
        return begin * math.expm1(span) if span < 100 else _NEVER
    power = 1 - prior.decay
    left = begin**power + power * span
    return left ** (1 / power) - begin if left > 0 else _NEVER


def posterior_factor(changes: int, expected: float, weight: float) -> float:
    """Return by how much what was seen of a source corrects the prior of its kind."""
    return (weight + changes) / (weight + expected)


def _mass(prior: Prior, begin: float, end: float) -> float:
    """The integral of x ** -decay."""
    if prior.decay == 1:
        return math.log(end / begin)
    power = 1 - prior.decay
    return float(end**power - begin**power) / power

"""How many changes are expected: a prior for the kind, corrected by what was seen (Gamma-Poisson).

Ages are in hours. The prior counts Λ(a, b) changes between two ages. After X changes where Λ were
expected, the expectation is multiplied by (k + X) / (k + Λ).
"""

from __future__ import annotations

import math
from typing import Final

from crawler.schedule.kinds import Prior

# A host's own rate is believed from this many sources on, and within this factor of its kind's.
LEARNT_FROM_SOURCES: Final = 30
LEARNT_MAX_FACTOR: Final = 10.0

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


def learnt_factor(sources: int, changes: int, expected: float, weight: float = 0.5) -> float:
    """Return how much more the sources of a host change than their kind; 1 for too few of them.

    ``expected`` is the sum of ``expected_changes`` over the time for which each was watched.
    """
    if sources < LEARNT_FROM_SOURCES:
        return 1.0
    factor = posterior_factor(changes, expected, weight)
    return min(max(factor, 1 / LEARNT_MAX_FACTOR), LEARNT_MAX_FACTOR)


def _mass(prior: Prior, begin: float, end: float) -> float:
    """The integral of x ** -decay."""
    if prior.decay == 1:
        return math.log(end / begin)
    power = 1 - prior.decay
    return float(end**power - begin**power) / power

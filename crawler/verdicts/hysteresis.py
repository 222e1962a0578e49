"""How much spaced evidence each conclusion asks for: one table, for verdicts and for the schedule.

A rule counts answers of its kinds. The first counts at once; each further one counts when the
step that belongs to it has passed since the one counted before, so that looks in quick succession
are one look. The schedule makes its confirming visits by the same steps.

The figures: a live page, looked at each month, with 2 % of requests failing, three outages a year
of six hours in the mean and 0.3 of four days. Concluding from one failure, 26.9 % of such pages
would be called vanished within a year; by the steps of ``dead-host`` it is 0.3 %
(benchmarks/simulated_outages.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from crawler.verdicts.outcomes import LIVE
from crawler.verdicts.state import Seen, State

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)

# The article answers, but J3 to the text that was cited is below this (OTMT's default).
SIMILAR_FROM: Final = 0.5

# A host's own failure: from this many of its sources on, and from this share of them that fail in
# one run. Of each source at most one failure of an incident counts.
INCIDENT_FROM_SOURCES: Final = 5
INCIDENT_FROM_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Rule:
    """What a conclusion asks for."""

    name: str
    concludes: State | None  # None: nothing; its steps only space the further looks
    counts: frozenset[str]  # the kinds of answers that count: names of rules, or "good"
    needed: int  # how many answers must count
    span: timedelta  # from the first to the last that counts
    steps: tuple[timedelta, ...]  # gaps between those that count; the last one repeats

    @property
    def looks(self) -> int:
        """How many looks it takes when each is made as soon as it counts."""
        return len(self.steps) + 1

    def step_after(self, counted: int) -> timedelta:
        """The gap after which the next answer counts; ``counted`` is at least 1."""
        return self.steps[min(counted, len(self.steps)) - 1]


def _rule(
    name: str, concludes: State | None, needed: int, span: timedelta, *steps: timedelta,
    also: tuple[str, ...] = (),
) -> Rule:  # fmt: skip
    return Rule(name, concludes, frozenset({name, *also}), needed, span, steps)


def _refusal(name: str, concludes: State) -> Rule:
    """Three over three days. A refusal says nothing about the page, so it never vanishes by it."""
    return _rule(name, concludes, 3, 3 * _DAY, 1 * _DAY, 2 * _DAY)


# An answer counts for its own rule, and as missing for the slower ones: a page that is now 404,
# now unreachable has not been seen alive either. Never the other way round: time-outs do not make
# up for a missing 404.
_PATIENT = (
    _rule("gone-410", "vanished", 2, 1 * _DAY, 1 * _DAY),
    _rule("gone-404", "vanished", 4, 4 * _DAY, 1 * _HOUR, 1 * _DAY, 3 * _DAY, also=("gone-410",)),
    _rule("replaced", "usurped", 3, 8 * _DAY, 1 * _DAY, 7 * _DAY),
    _rule("dead-host", "vanished", 5, 11 * _DAY, 1 * _HOUR, 1 * _DAY, 3 * _DAY, 7 * _DAY,
          also=("gone-410", "gone-404")),
    _rule("server-error", "vanished", 6, 25 * _DAY,
          15 * _MINUTE, 2 * _HOUR, 1 * _DAY, 3 * _DAY, 7 * _DAY, 14 * _DAY,
          also=("gone-410", "gone-404", "dead-host")),
)  # fmt: skip

_OTHERS = (
    _refusal("blocked", "blocked"),
    _refusal("walled", "walled"),
    _refusal("legal", "legal"),
    _refusal("excluded", "excluded"),
    _refusal("refused", "refused"),
    _rule("drifted", "drifted", 2, 1 * _DAY, 1 * _DAY),
    _rule("revival", "live", 2, 1 * _DAY, 1 * _DAY, also=("good",)),
    _rule("unclear", None, 0, 0 * _DAY, 1 * _HOUR, 1 * _DAY, 3 * _DAY, 7 * _DAY, 30 * _DAY),
)

HYSTERESIS: Final[Mapping[str, Rule]] = {rule.name: rule for rule in (*_PATIENT, *_OTHERS)}

MISSING: Final = frozenset({"gone-410", "gone-404", "replaced", "dead-host", "server-error"})
REFUSING: Final = frozenset({"blocked", "walled", "legal", "excluded", "refused"})

_KINDS: Final = {
    **dict.fromkeys(LIVE, "good"),
    "gone": "gone-404",
    "soft-404": "gone-404",
    "dead-host": "dead-host",
    "server-error": "server-error",
    "parked": "replaced",
    "usurped": "replaced",
    "blocked": "blocked",
    "paywall": "walled",
    "consent-wall": "walled",
    "legal": "legal",
    "robots-excluded": "excluded",
    "refused-by-us": "refused",
    "doubtful": "unclear",
    "needs-script": "unclear",
    "redirect-stub": "unclear",
}


def kind_of(seen: Seen) -> str | None:
    """Return the rule that an answer counts for first, or ``good``; None when it counts for none.

    None are our own faults (``local-fault``), and what is no answer of the source itself.
    """
    kind = _KINDS.get(seen.outcome)
    if kind == "gone-404" and "http-410" in seen.reasons:
        return "gone-410"
    return kind


def is_incident(visited: int, failed: int) -> bool:
    """Tell whether a host failed as a whole in a run, by how many of its sources did."""
    return visited >= INCIDENT_FROM_SOURCES and failed >= INCIDENT_FROM_SHARE * visited

"""When to visit a source next, and why."""

from crawler.schedule.kinds import PRIORS, STEADY_MAX_GAP, Kind, Prior, kind_of
from crawler.schedule.ladder import LADDER, TAIL_MAX, next_rung
from crawler.schedule.planning import (
    AFTER_LOCAL_FAULT,
    AFTER_REFUSED,
    AFTER_REFUSED_EVERY,
    AFTER_VANISHED,
    AFTER_VANISHED_EVERY,
    next_visit,
    wants_full_read,
)
from crawler.schedule.plans import (
    ADAPTIVE,
    DAY,
    GROUNDS,
    HOUR,
    MINUTE,
    NEWS,
    POLICIES,
    Grounds,
    NextVisit,
    Past,
    Policy,
    describe,
)
from crawler.schedule.priorities import priority
from crawler.schedule.rates import expected_changes
from crawler.schedule.telling import explain_due

__all__ = [
    "ADAPTIVE",
    "AFTER_LOCAL_FAULT",
    "AFTER_REFUSED",
    "AFTER_REFUSED_EVERY",
    "AFTER_VANISHED",
    "AFTER_VANISHED_EVERY",
    "DAY",
    "GROUNDS",
    "HOUR",
    "LADDER",
    "MINUTE",
    "NEWS",
    "POLICIES",
    "PRIORS",
    "STEADY_MAX_GAP",
    "TAIL_MAX",
    "Grounds",
    "Kind",
    "NextVisit",
    "Past",
    "Policy",
    "Prior",
    "describe",
    "expected_changes",
    "explain_due",
    "kind_of",
    "next_rung",
    "next_visit",
    "priority",
    "wants_full_read",
]

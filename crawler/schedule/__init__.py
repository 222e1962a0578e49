"""When to visit a source next, and why."""

from crawler.schedule.ladder import (
    AFTER_FAILURE,
    AFTER_REFUSAL,
    DAY,
    HOUR,
    LADDER,
    TAIL_MAX,
    History,
    NextVisit,
    describe,
    next_visit,
)

__all__ = [
    "AFTER_FAILURE",
    "AFTER_REFUSAL",
    "DAY",
    "HOUR",
    "LADDER",
    "TAIL_MAX",
    "History",
    "NextVisit",
    "describe",
    "next_visit",
]

"""The nouns of the schedule: what it must know of a source, its policy, and a plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from crawler.schedule.kinds import Kind
from crawler.verdicts import Verdict

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

# Why a visit is planned; what is to be done first when there is too much is told by it.
Grounds = Literal["first", "confirm", "change", "edit", "again", "tail"]
GROUNDS: dict[Grounds, str] = {
    "first": "it was never visited",
    "confirm": "a suspicion, or a return, is to be confirmed",
    "change": "it may have changed by then",
    "edit": "an entry that cites it was edited, or cites it anew",
    "again": "it refused us, or its answer was unclear",
    "tail": "no change is likely, but it will have been long enough",
}


@dataclass(frozen=True, slots=True)
class Past:
    """What the schedule must know of a source. None: never, or unknown."""

    url: str  # its digest spreads the visits of many sources
    verdict: Verdict
    kind: Kind = "news"
    last_visited_at: datetime | None = None
    visited_before_at: datetime | None = None  # the visit before that one
    first_captured_at: datetime | None = None  # first good capture
    published_on: datetime | None = None  # beginning of the day that the page names
    first_cited_on: datetime | None = None  # beginning of the day
    changes: int = 0  # versions beyond the first, however small the change
    last_changed_at: datetime | None = None  # the visit that brought the latest version
    edited_at: datetime | None = None  # when an entry that cites it was last edited, or cited it
    steady: bool = False  # it answers with an ETag that has not changed since the first capture


@dataclass(frozen=True, slots=True)
class Policy:
    """How the schedule weighs. The defaults are those of docs/schedule.md."""

    name: Literal["adaptive", "news"] = "adaptive"  # news: the fixed ladder
    theta: float = 0.08  # changes expected at which a visit is worth its cost
    prior_weight: float = 0.5  # k: how many changes' worth the prior is against what was seen
    min_gap: timedelta = 15 * MINUTE  # NewsDiffs' smallest
    growth: float = 2.25  # a gap is at most that many times the age
    second_look: timedelta = 30 * DAY  # how soon at least, however old it was when first captured
    calm: float = 0.1  # and at least that part of it, whatever changes ...
    calm_max: timedelta = 4 * DAY  # ... up to this: 91 visits a year of a page that never rests
    after_change: float = 0.25  # of the gap that found a change, the next one: changes come in rows
    jitter: float = 0.10  # of a gap, either way
    full_read_every: timedelta = 30 * DAY


ADAPTIVE: Final = Policy()
NEWS: Final = Policy(name="news")
POLICIES: Final[dict[str, Policy]] = {policy.name: policy for policy in (ADAPTIVE, NEWS)}


@dataclass(frozen=True, slots=True)
class NextVisit:
    """When to look again."""

    due_at: datetime
    reason: str  # a clause for a person: "3 h rung of the ladder", "2nd failure in a row"
    grounds: Grounds = "change"
    expected: float = 0.0  # changes expected by then; 0 where that is not the ground


def describe(gap: timedelta) -> str:
    """Return a gap as a person says it: ``40 min``, ``3 h``, ``14 d``."""
    if gap < 55 * MINUTE:
        return f"{round(gap / MINUTE)} min"
    hours = round(gap / HOUR)
    return f"{hours} h" if hours < 48 else f"{round(gap / DAY)} d"

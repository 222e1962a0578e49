"""When the catalogue looks: the steps of its clock, and behaviours that go by them.

The steps are as far apart as the confirmations of a failure ask (docs/outcomes.md), a little more
each, so that what a schedule has put off until then is due: after the turn an hour and a half,
then a day, three days, a week, two weeks; then what had vanished is looked at again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeVar

from crawler.demo.behaviours import START, Behaviour, versions

T = TypeVar("T")


class Step(Enum):
    """A crawl of the catalogue, by the hours since the first one."""

    FIRST = 0
    SECOND = 26  # most sources are as at first
    OUTAGE = 90  # we are offline ourselves
    TURN = 96  # most sources change their ways
    HOUR = 97.5
    DAY = 124
    OUTAGE_AGAIN = 204  # offline again, while failures wait to be confirmed
    THIRD = 207
    WEEK = 412
    MONTH = 772
    LATE = 1660
    LAST = 1780

    @property
    def at(self) -> datetime:
        """The moment of the crawl, UTC."""
        return START + timedelta(hours=self.value)

    @property
    def offline(self) -> bool:
        """Whether nothing at all answers at this step, the control URL included."""
        return self in (Step.OUTAGE, Step.OUTAGE_AGAIN)

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.name.lower().replace("_", " ")


def over(first: Behaviour, later: Mapping[Step, Behaviour]) -> Behaviour:
    """Behave by the steps: each behaviour holds from its step until the next one that is named."""
    return versions({Step.FIRST.at: first, **{step.at: does for step, does in later.items()}})


def at_step(by_step: Mapping[Step, T], step: Step) -> T | None:
    """Return what holds at a step: that of the latest one named so far; None before the first."""
    reached = [named for named in by_step if named.value <= step.value]
    return by_step[max(reached, key=lambda named: named.value)] if reached else None

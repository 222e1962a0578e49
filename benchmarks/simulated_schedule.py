"""How many versions of news articles each schedule sees, and how many visits it takes.

The articles are simulated: 35 % are updated, 1.9 times in the mean (Timmerman), at times whose
rate falls with (age + 15 min) ** -1.2 within seven days, so that 82 to 83 % of the first week's
changes fall into its first day (GDELT). A version is seen when a visit falls into its time. The
adaptive schedule and the ladder are the real ones, called as a crawl calls them.

    python benchmarks/simulated_schedule.py [ARTICLES]
"""

from __future__ import annotations

import bisect
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from crawler.schedule import ADAPTIVE, DAY, HOUR, MINUTE, NEWS, Past, Policy, next_visit
from crawler.verdicts import Verdict

ACTIVE = 0.35  # share of articles that are updated at all
REVISIONS = 1.9  # of those, in the mean; geometric: many once, a few very often
ONSET_H, DECAY, WEEK_H = 0.25, 1.2, 168.0

PUBLISHED = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = 365 * DAY

LIVE = Verdict("live", PUBLISHED, 1.0, ("live",), (1,), 1)

Plan = Callable[[Past], datetime | None]  # when to visit again; None: never


@dataclass(frozen=True)
class Result:
    """What a schedule came to, over all articles."""

    seen: float  # share of all versions
    last_held: float  # share of articles whose last version is held after a year
    visits_month: float  # mean of an article in its first 30 days
    visits_year: float
    busiest: int  # most visits to one article in the year


def simulate(plan: Plan, delay: timedelta, articles: int, seed: int = 1) -> Result:
    """Return what a schedule sees of so many articles when it begins ``delay`` after each."""
    chance = random.Random(seed)
    versions = seen = held = month = year = busiest = 0
    for number in range(articles):
        revised = revisions(chance)
        visits, known = watch(f"https://example.org/{number}", revised, plan, delay)
        versions += len(revised) + 1
        seen += len(known)
        held += len(revised) in known
        in_month = sum(at - visits[0] <= 30 * DAY for at in visits)
        month, year, busiest = month + in_month, year + len(visits), max(busiest, len(visits))
    return Result(seen / versions, held / articles, month / articles, year / articles, busiest)


def revisions(chance: random.Random) -> list[float]:
    """The ages in hours at which one article is revised."""
    if chance.random() >= ACTIVE:
        return []
    count = 1
    while chance.random() < 1 - 1 / REVISIONS:
        count += 1
    return sorted(_age(chance.random()) for _ in range(count))


def _age(share: float) -> float:
    """The age below which that share of the revisions of the first week lies."""
    power = 1 - DECAY
    first, last = ONSET_H**power, (WEEK_H + ONSET_H) ** power
    return float((first + share * (last - first)) ** (1 / power)) - ONSET_H


def watch(
    name: str, revised: Sequence[float], plan: Plan, delay: timedelta
) -> tuple[list[datetime], set[int]]:
    """Return the visits to one article in a year, and which of its versions they found."""
    first = PUBLISHED + delay
    at: datetime | None = first
    past = Past(name, LIVE, first_captured_at=first)
    visits: list[datetime] = []
    known: set[int] = set()
    while at is not None and at <= first + YEAR:
        version = bisect.bisect_right(revised, (at - PUBLISHED) / HOUR)
        found = version not in known
        visits.append(at)
        past = replace(
            past,
            visited_before_at=past.last_visited_at,
            last_visited_at=at,
            changes=past.changes + (found and bool(known)),
            last_changed_at=at if found and known else past.last_changed_at,
        )
        known.add(version)
        at = plan(past)
    return visits, known


def by_policy(policy: Policy) -> Plan:
    """The schedule of a crawl."""
    return lambda past: next_visit(past, policy).due_at


def at_ages(*ages: timedelta, every: timedelta | None = None) -> Plan:
    """Visits at fixed ages, then at equal gaps, or never."""

    def plan(past: Past) -> datetime | None:
        first, last = past.first_captured_at, past.last_visited_at
        assert first is not None and last is not None
        for age in ages:
            if first + age > last:
                return first + age
        return last + every if every else None

    return plan


SCHEDULES: dict[str, Plan] = {
    "once": at_ages(),
    "after 24 h and 7 d (GDELT)": at_ages(1 * DAY, 7 * DAY),
    "each day for ever": at_ages(every=1 * DAY),
    "ladder `news`": by_policy(NEWS),
    "adaptive, theta 0.16": by_policy(replace(ADAPTIVE, theta=0.16)),
    "adaptive, theta 0.08": by_policy(ADAPTIVE),
    "adaptive, theta 0.04": by_policy(replace(ADAPTIVE, theta=0.04)),
}
DELAYS = {"15 min": 15 * MINUTE, "6 h": 6 * HOUR, "24 h": 1 * DAY}


def main() -> None:
    articles = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    print(f"{articles} articles; versions seen by the delay of the first visit\n")
    delays = "".join(f"{delay:>9}" for delay in DELAYS)
    print(f"{'schedule':28}{'30 d':>7}{'365 d':>8}{'busiest':>9}{delays}{'last held':>11}")
    for name, plan in SCHEDULES.items():
        results = [simulate(plan, delay, articles) for delay in DELAYS.values()]
        first = results[0]
        seen = "".join(f"{result.seen:9.1%}" for result in results)
        print(
            f"{name:28}{first.visits_month:7.1f}{first.visits_year:8.1f}{first.busiest:9}"
            f"{seen}{first.last_held:11.1%}"
        )


if __name__ == "__main__":
    main()

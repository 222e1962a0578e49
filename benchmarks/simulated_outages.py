"""How often a live page is called vanished by mistake, and how long a dead one takes.

Simulated is a page that lives: 2 % of requests fail; its host is out three times a year for six
hours in the mean, and 0.3 times for four days (exponential). It is visited each month, or by the
adaptive schedule, and as soon as something is doubted by the steps of the hysteresis. Every failure
looks like one of a family at a time, which is the worst case for it: a host that is out does not
say 404. Verdicts and visits are the real ones, concluded and planned as a crawl does.

    python benchmarks/simulated_outages.py [PAGES]
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crawler.schedule import DAY, HOUR, Past, next_visit
from crawler.verdicts import HYSTERESIS, Conclusion, Rule, Seen, Verdict

FAULTS = 0.02  # of requests
OUTAGES = ((3.0, 6 * HOUR), (0.3, 4 * DAY))  # a year, and their mean length
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = 365 * DAY
MONTH = 30 * DAY

# What a failure looks like: outcome and reasons.
FAILURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "gone-410": ("gone", ("http-410",)),
    "gone-404": ("gone", ("http-404",)),
    "replaced": ("parked", ()),
    "dead-host": ("dead-host", ("nxdomain",)),
    "server-error": ("server-error", ("http-503",)),
}
# Others' rules for the same failures: one is enough; or, as InternetArchiveBot has it, three that
# are three days apart each.
IMPATIENT: Mapping[str, Rule] = {
    **HYSTERESIS,
    **{
        name: Rule(name, rule.concludes, rule.counts, 1, timedelta(0), rule.steps)
        for name, rule in HYSTERESIS.items()
        if name in FAILURES
    },
}
PLAIN: Mapping[str, Rule] = {
    **HYSTERESIS,
    **{
        name: Rule(name, rule.concludes, rule.counts, 3, 6 * DAY, (3 * DAY, 3 * DAY))
        for name, rule in HYSTERESIS.items()
        if name in FAILURES
    },
}

Plan = Callable[[Past, Verdict], datetime]


@dataclass(frozen=True)
class Result:
    """What a rule came to, over all pages."""

    wrong: float  # share of live pages that were vanished or usurped at some time of the year
    doubted: float  # share that were suspected or unstable at some time
    visits: float  # mean of a page in the year


def monthly(past: Past, verdict: Verdict) -> datetime:
    """Each month; while something is doubted or concluded, as the schedule says."""
    assert past.last_visited_at is not None
    if verdict.state == "live" and verdict.counts_from is None:
        return past.last_visited_at + MONTH
    return next_visit(past).due_at


def adaptive(past: Past, verdict: Verdict) -> datetime:
    """As the schedule says."""
    return next_visit(past).due_at


def simulate(
    kind: str,
    pages: int,
    *,
    plan: Plan = monthly,
    rules: Mapping[str, Rule] = HYSTERESIS,
    seed: int = 1,
) -> Result:
    """Return what becomes of so many live pages in a year whose failures all look like ``kind``."""
    chance = random.Random(seed)
    wrong = doubted = visits = 0
    for number in range(pages):
        states, count = live_a_year(number, kind, plan, rules, chance)
        wrong += bool(states & {"vanished", "usurped"})
        doubted += bool(states & {"suspected", "unstable"})
        visits += count
    return Result(wrong / pages, doubted / pages, visits / pages)


def live_a_year(
    number: int, kind: str, plan: Plan, rules: Mapping[str, Rule], chance: random.Random
) -> tuple[set[str], int]:
    """Return the states that a live page was in, and how often it was visited."""
    out = outages(chance)
    first = BEGIN + chance.random() * MONTH  # not all on one day
    fold, states = Conclusion(rules), set()
    at, count = first, 0
    while at < BEGIN + YEAR:
        fails = chance.random() < FAULTS or any(begin <= at < end for begin, end in out)
        # A copy is held: before the first good answer nothing can be lost by mistake.
        outcome, reasons = FAILURES[kind] if fails and count else ("live", ("not-modified",))
        fold.see(Seen(count, at, outcome, reasons))
        verdict = fold.verdict()
        states.add(verdict.state)
        count += 1
        past = Past(f"https://example.org/{number}", verdict,
                    first_captured_at=first, last_visited_at=at)  # fmt: skip
        at = plan(past, verdict)
    return states, count


def outages(chance: random.Random) -> list[tuple[datetime, datetime]]:
    """The times of a year at which the host is out."""
    found = []
    for a_year, mean in OUTAGES:
        at = BEGIN + YEAR * (chance.expovariate(a_year))
        while at < BEGIN + YEAR:
            found.append((at, at + mean * chance.expovariate(1.0)))
            at += YEAR * chance.expovariate(a_year)
    return found


def time_to_conclude(kind: str, rules: Mapping[str, Rule] = HYSTERESIS) -> tuple[timedelta, int]:
    """Return how long after the first failing look a dead page is called so, and by how many."""
    outcome, reasons = FAILURES[kind]
    fold = Conclusion(rules)
    fold.see(Seen(0, BEGIN - MONTH, "live"))
    at, count = BEGIN, 0
    while True:
        count += 1
        fold.see(Seen(count, at, outcome, reasons))
        verdict = fold.verdict()
        if verdict.state in ("vanished", "usurped"):
            return at - BEGIN, count
        at = next_visit(Past("", verdict, last_visited_at=at)).due_at


def main() -> None:
    pages = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    print(f"{pages} live pages for a year\n")
    print(f"{'failures look like':22}{'rule':14}{'visits':10}{'wrong':>8}{'doubted':>9}"
          f"{'a year':>8}{'dead page concluded':>22}")  # fmt: skip
    for kind in FAILURES:
        delay, count = time_to_conclude(kind)
        for name, plan in (("monthly", monthly), ("adaptive", adaptive)):
            result = simulate(kind, pages, plan=plan)
            print(f"{kind:22}{'hysteresis':14}{name:10}{result.wrong:8.2%}{result.doubted:9.1%}"
                  f"{result.visits:8.1f}{delay / DAY:14.1f} d, {count:2} looks")  # fmt: skip
    for name, rules in (("one failure", IMPATIENT), ("plain, 3", PLAIN)):
        result = simulate("dead-host", pages, rules=rules)
        print(f"{'dead-host':22}{name:14}{'monthly':10}{result.wrong:8.2%}{result.doubted:9.1%}"
              f"{result.visits:8.1f}")  # fmt: skip


if __name__ == "__main__":
    main()

"""The simulations of docs/schedule.md and docs/verdicts.md: their figures hold, at a small size.

They run the real schedule and the real verdicts, so a change of either shows here.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from crawler.verdicts import Seen, conclude

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
MINUTES_15 = timedelta(minutes=15)
DAY = timedelta(days=1)


def simulator(name: str) -> ModuleType:
    """A script of the benchmarks, as a module."""
    if str(BENCHMARKS) not in sys.path:
        sys.path.append(str(BENCHMARKS))
    return import_module(name)


schedules = simulator("simulated_schedule")
outages = simulator("simulated_outages")


# The schedule


def seen_by(name: str, articles: int, delay: timedelta = MINUTES_15) -> object:
    return schedules.simulate(schedules.SCHEDULES[name], delay, articles)


ADAPTIVE = "adaptive, theta 0.08"


def test_the_adaptive_schedule_sees_nine_tenths_of_the_versions_with_thirteen_visits() -> None:
    result = seen_by(ADAPTIVE, 6_000)
    assert result.seen >= 0.90 and result.visits_year <= 13.0
    assert result.last_held == 1.0 and result.busiest <= 60


@pytest.mark.slow
def test_so_it_does_with_twenty_thousand_articles() -> None:
    result = seen_by(ADAPTIVE, 20_000)
    assert 0.900 <= result.seen <= 0.910
    assert 12.0 <= result.visits_year <= 13.0 and result.last_held == 1.0


def test_the_ladder_sees_little_less_with_twelve_visits() -> None:
    result = seen_by("ladder `news`", 2_000)
    assert 0.875 <= result.seen <= 0.90 and result.visits_year <= 12.1


def test_a_late_first_visit_cannot_be_made_up_for() -> None:
    for name, within in (("once", 0.02), (ADAPTIVE, 0.03)):
        late = seen_by(name, 1_000, 1 * DAY)
        assert abs(late.seen - {"once": 0.60}.get(name, 0.672)) <= within
    assert seen_by("once", 1_000).seen == pytest.approx(0.60, abs=0.02)


def test_the_simulated_articles_are_those_of_the_literature() -> None:
    chance = schedules.random.Random(7)
    articles = [schedules.revisions(chance) for _ in range(20_000)]
    active = [revised for revised in articles if revised]
    assert len(active) / len(articles) == pytest.approx(0.35, abs=0.01)
    ages = [age for revised in active for age in revised]
    assert len(ages) / len(active) == pytest.approx(1.9, abs=0.05)
    assert sum(age <= 24 for age in ages) / len(ages) == pytest.approx(0.825, abs=0.01)
    assert max(ages) <= 168


# The hysteresis


@pytest.mark.parametrize("kind", ["dead-host", "server-error"])
@pytest.mark.parametrize("plan", ["monthly", "adaptive"])
def test_a_live_page_whose_host_is_out_is_hardly_ever_called_vanished(kind: str, plan: str) -> None:
    result = outages.simulate(kind, 1_500, plan=getattr(outages, plan))
    assert result.wrong <= 0.005
    assert 0.15 <= result.doubted <= 0.30, "suspicions are frequent, and come to nothing"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "most"),
    [("server-error", 0.001), ("dead-host", 0.004), ("replaced", 0.010), ("gone-404", 0.020),
     ("gone-410", 0.043)],
)  # fmt: skip
def test_the_share_of_mistakes_is_what_the_page_says(kind: str, most: float) -> None:
    result = outages.simulate(kind, 20_000)
    assert result.wrong <= most
    assert result.wrong >= most / 3 or kind == "server-error"


def test_without_confirmations_a_quarter_of_the_pages_would_be_called_vanished() -> None:
    result = outages.simulate("dead-host", 600, rules=outages.IMPATIENT)
    assert 0.20 <= result.wrong <= 0.32


def test_the_plain_policy_asks_for_three_failures_three_days_apart_each() -> None:
    answers = ("live", "server-error", "server-error", "server-error")
    history = [
        Seen(number, outages.BEGIN + 3 * DAY * number, answer)
        for number, answer in enumerate(answers)
    ]
    assert conclude(history, rules=outages.PLAIN).state == "vanished"
    assert conclude(history[:-1], rules=outages.PLAIN).state == "unstable"
    assert conclude(history).state == "unstable"


@pytest.mark.slow
def test_the_plain_policy_makes_three_times_as_many_mistakes() -> None:
    plain = outages.simulate("dead-host", 20_000, rules=outages.PLAIN)
    assert 0.008 <= plain.wrong <= 0.013


@pytest.mark.parametrize(
    ("kind", "days", "looks"),
    [("gone-410", 1.0, 2), ("gone-404", 4.04, 4), ("replaced", 8.0, 3), ("dead-host", 11.04, 5),
     ("server-error", 25.09, 7)],
)  # fmt: skip
def test_a_dead_page_is_concluded_within_the_days_that_its_rule_asks_for(
    kind: str, days: float, looks: int
) -> None:
    delay, count = outages.time_to_conclude(kind)
    assert delay / DAY == pytest.approx(days, abs=0.01) and count == looks

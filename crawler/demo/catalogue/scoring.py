"""Golden answers against what an archive says: confusion matrices, rates, and every miss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from crawler.comparison.change import TOLD
from crawler.demo.catalogue.script import Golden, Script
from crawler.demo.catalogue.steps import Step, at_step

NOTHING = "nothing told"
UNSEEN = "not looked at"
# Families of which nothing follows for the page: it must never be called vanished or usurped.
WITHHELD = frozenset({"blocked", "consent", "paywall", "legal", "robots", "refused"})
PLANTED = (
    "number", "money", "percent", "date", "negation", "quotation", "name", "certainty",
    "headline", "byline", "correction",
)  # fmt: skip

Matrix = Mapping[tuple[str, str], int]  # (right, said) → how often
Kind = Literal["outcome", "change", "verdict"]


@dataclass(frozen=True, slots=True)
class Look:
    """What an archive says of one visit to a cited page of the catalogue."""

    script: str
    number: int  # of the cited page among those of its script, from 0
    step: Step
    outcome: str
    reasons: tuple[str, ...]
    change: str | None  # class; None: the text is the same
    verdict: str  # as it stood after the visit


@dataclass(frozen=True, slots=True)
class Miss:
    """An answer that is not the golden one."""

    script: str
    family: str
    number: int
    step: Step
    kind: Kind
    right: str
    said: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rates:
    """What the catalogue is judged by."""

    soft_404_precision: float
    soft_404_recall: float
    planted: int
    planted_found: int
    noise: int  # looks at pages that only seem to change, after the first
    noise_material: int
    noise_told: int
    withheld_vanished: int  # verdicts `vanished` or `usurped` on what is only withheld
    vanished_early: int  # any other such verdict before the evidence that it asks for is there


@dataclass(frozen=True, slots=True)
class Score:
    """How well an archive has understood the catalogue."""

    scripts: Mapping[str, int]  # by family
    looks: int
    outcomes: Matrix
    changes: Matrix
    verdicts: Matrix
    rates: Rates
    misses: tuple[Miss, ...]


def score(scripts: Sequence[Script], looks: Iterable[Look]) -> Score:
    """Compare all looks with the golden answers of their scripts."""
    by_name = {script.name: script for script in scripts}
    seen = sorted(looks, key=lambda look: (look.script, look.number, look.step.value))
    compared = [(look, by_name[look.script]) for look in seen]
    misses = [miss for look, script in compared for miss in _misses_of(look, script)]
    misses += _never_seen(scripts, seen)
    return Score(
        scripts=dict(Counter(script.family for script in scripts)),
        looks=len(seen),
        outcomes=Counter((right_outcome(_golden(s, k), k.step), k.outcome) for k, s in compared),
        changes=Counter((right_change(_golden(s, k), k.step), _told(k)) for k, s in compared),
        verdicts=Counter((right_verdict(_golden(s, k), k.step), k.verdict) for k, s in compared),
        rates=_rates(compared),
        misses=tuple(misses),
    )


# --- the right answers ----------------------------------------------------------------------------


def right_outcome(golden: Golden, step: Step) -> str:
    """Return the outcome that is right at a step."""
    return at_step(golden.outcomes, step) or UNSEEN


def right_change(golden: Golden, step: Step) -> str:
    """Return the class of the change that is right at a step."""
    return golden.changes.get(step) or NOTHING


def right_verdict(golden: Golden, step: Step) -> str:
    """Return the state that is right after a look at a step."""
    return at_step(golden.states, step) or UNSEEN


def _golden(script: Script, look: Look) -> Golden:
    return script.cited[look.number].golden


def _told(look: Look) -> str:
    return look.change or NOTHING


def _misses_of(look: Look, script: Script) -> Iterator[Miss]:
    golden, step = _golden(script, look), look.step
    answers: tuple[tuple[Kind, str, str], ...] = (
        ("outcome", right_outcome(golden, step), look.outcome),
        ("change", right_change(golden, step), _told(look)),
        ("verdict", right_verdict(golden, step), look.verdict),
    )
    for kind, right, said in answers:
        if right == said or (right == NOTHING and said not in TOLD):
            continue
        reasons = look.reasons if kind == "outcome" else ()
        yield Miss(look.script, script.family, look.number, step, kind, right, said, reasons)


def _never_seen(scripts: Sequence[Script], looks: Sequence[Look]) -> Iterator[Miss]:
    """Give what is right from some step on and was never looked at: then it proves nothing."""
    steps: dict[tuple[str, int], set[Step]] = {}
    for look in looks:
        steps.setdefault((look.script, look.number), set()).add(look.step)
    for script in scripts:
        for number, cited in enumerate(script.cited):
            seen = steps.get((script.name, number), set())
            for begin, end, right in _stages(cited.golden):
                if not any(begin.value <= s.value < end for s in seen):
                    yield Miss(script.name, script.family, number, begin, "outcome", right, UNSEEN)


def _stages(golden: Golden) -> Iterator[tuple[Step, float, str]]:
    """Give each stretch of steps with one right outcome: its beginning, its end, the outcome."""
    steps = sorted(golden.outcomes, key=lambda step: step.value)
    ends = [*(step.value for step in steps[1:]), float("inf")]
    for step, end in zip(steps, ends, strict=True):
        yield step, end, golden.outcomes[step]


# --- the rates ------------------------------------------------------------------------------------

_ENDED = frozenset({"vanished", "usurped"})


def _rates(compared: Sequence[tuple[Look, Script]]) -> Rates:
    soft = [
        (right_outcome(_golden(script, look), look.step) == "soft-404", look.outcome == "soft-404")
        for look, script in compared
    ]
    both, said = sum(r and s for r, s in soft), sum(s for _, s in soft)
    right = sum(r for r, _ in soft)
    planted = [
        look
        for look, script in compared
        if script.family in PLANTED and _golden(script, look).changes.get(look.step)
    ]
    noise = [k for k, s in compared if s.family == "noise" and k.step is not Step.FIRST]
    ended = [(k, s) for k, s in compared if k.verdict in _ENDED]
    early = [(k, s) for k, s in ended if right_verdict(_golden(s, k), k.step) not in _ENDED]
    return Rates(
        soft_404_precision=both / said if said else 1.0,
        soft_404_recall=both / right if right else 1.0,
        planted=len(planted),
        planted_found=sum(look.change == "material" for look in planted),
        noise=len(noise),
        noise_material=sum(look.change == "material" for look in noise),
        noise_told=sum(look.change in TOLD for look in noise),
        withheld_vanished=sum(script.family in WITHHELD for _, script in ended),
        vanished_early=sum(script.family not in WITHHELD for _, script in early),
    )

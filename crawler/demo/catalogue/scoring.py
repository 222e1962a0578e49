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
    compared = list(_compare(scripts, looks))
    misses = [miss for answered in compared for miss in _misses_of(answered)]
    misses += _never_seen(scripts, [answered.look for answered in compared])
    return Score(
        scripts=dict(Counter(script.family for script in scripts)),
        looks=len(compared),
        outcomes=Counter((one.outcome, one.look.outcome) for one in compared),
        changes=Counter((one.change, one.look.change or NOTHING) for one in compared),
        verdicts=Counter((one.verdict, one.look.verdict) for one in compared),
        rates=_rates(compared),
        misses=tuple(misses),
    )


# --- the right answers ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answered:
    """A look beside the right answers."""

    look: Look
    family: str
    outcome: str
    change: str
    verdict: str


def _compare(scripts: Sequence[Script], looks: Iterable[Look]) -> Iterator[Answered]:
    by_name = {script.name: script for script in scripts}
    before: Look | None = None
    for look in sorted(looks, key=lambda look: (look.script, look.number, look.step.value)):
        same = before is not None and (before.script, before.number) == (look.script, look.number)
        script = by_name[look.script]
        golden = script.cited[look.number].golden
        yield Answered(
            look,
            script.family,
            right_outcome(golden, look.step),
            right_change(golden, look.step, before.step if before is not None and same else None),
            right_verdict(golden, look.step),
        )
        if not look.step.offline or not same:
            before = look


def right_outcome(golden: Golden, step: Step) -> str:
    """Return the outcome that is right at a step: offline, that the failure is ours."""
    return "local-fault" if step.offline else at_step(golden.outcomes, step) or UNSEEN


def right_change(golden: Golden, step: Step, before: Step | None) -> str:
    """Return the class of the change that a look must find, by the step of the look before it.

    None as ``before``: it is the first look, which has nothing to compare.
    """
    if before is None or step.offline:
        return NOTHING
    since = [at for at in golden.changes if before.value < at.value <= step.value]
    return golden.changes[max(since, key=lambda at: at.value)] if since else NOTHING


def right_verdict(golden: Golden, step: Step) -> str:
    """Return the state that is right after a look at a step."""
    return at_step(golden.states, step) or UNSEEN


def _misses_of(one: Answered) -> Iterator[Miss]:
    look = one.look
    answers: tuple[tuple[Kind, str, str], ...] = (
        ("outcome", one.outcome, look.outcome),
        ("change", one.change, look.change or NOTHING),
        ("verdict", one.verdict, look.verdict),
    )
    for kind, right, said in answers:
        if right == said or (right == NOTHING and said not in TOLD):
            continue
        reasons = look.reasons if kind == "outcome" else ()
        yield Miss(look.script, one.family, look.number, look.step, kind, right, said, reasons)


def _never_seen(scripts: Sequence[Script], looks: Sequence[Look]) -> Iterator[Miss]:
    """Give what is right from some step on and was never looked at: then it proves nothing."""
    steps: dict[tuple[str, int], set[Step]] = {}
    for look in looks:
        if not look.step.offline:
            steps.setdefault((look.script, look.number), set()).add(look.step)
    for script in scripts:
        for number, cited in enumerate(script.cited):
            seen = steps.get((script.name, number), set())
            for begin, end, right in _stages(cited.golden):
                if not any(begin.value <= s.value < end for s in seen):
                    yield Miss(script.name, script.family, number, begin, "outcome", right, UNSEEN)


def _stages(golden: Golden) -> Iterator[tuple[Step, float, str]]:
    """Give each stretch of steps with one right outcome: its beginning, its end, the outcome.

    That a page is still as it was before the turn is worth no look of its own.
    """
    steps = sorted(golden.outcomes.keys() - {Step.SECOND}, key=lambda step: step.value)
    ends = [*(step.value for step in steps[1:]), float("inf")]
    for step, end in zip(steps, ends, strict=True):
        yield step, end, golden.outcomes[step]


# --- the rates ------------------------------------------------------------------------------------

_ENDED = frozenset({"vanished", "usurped"})


def _rates(compared: Sequence[Answered]) -> Rates:
    soft = [(one.outcome == "soft-404", one.look.outcome == "soft-404") for one in compared]
    both, said = sum(right and found for right, found in soft), sum(found for _, found in soft)
    right = sum(right for right, _ in soft)
    planted = [one.look for one in compared if one.family in PLANTED and one.change != NOTHING]
    noise = [
        one.look for one in compared if one.family == "noise" and one.look.step is not Step.FIRST
    ]
    ended = [one for one in compared if one.look.verdict in _ENDED]
    early = [one for one in ended if one.verdict not in _ENDED]
    return Rates(
        soft_404_precision=both / said if said else 1.0,
        soft_404_recall=both / right if right else 1.0,
        planted=len(planted),
        planted_found=sum(look.change == "material" for look in planted),
        noise=len(noise),
        noise_material=sum(look.change == "material" for look in noise),
        noise_told=sum(look.change in TOLD for look in noise),
        withheld_vanished=sum(one.family in WITHHELD for one in ended),
        vanished_early=sum(one.family not in WITHHELD for one in early),
    )

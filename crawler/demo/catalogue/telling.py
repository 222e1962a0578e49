"""A score as a page of Markdown, which reads well on a terminal too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crawler.comparison.change import CHANGES
from crawler.demo.catalogue.known import reason_for
from crawler.demo.catalogue.scoring import NOTHING, Matrix, Miss, Rates, Score
from crawler.verdicts.outcomes import OUTCOMES
from crawler.verdicts.state import STATES

Row = Sequence[str]


def tell_score(score: Score) -> str:
    """Return the whole report: scripts, rates, matrices, misses."""
    parts = [
        f"{sum(score.scripts.values())} scripts, {score.looks} looks at their pages.",
        _table(("family", "scripts"), [(f, str(n)) for f, n in sorted(score.scripts.items())]),
        "### Rates",
        _table(("what", "found", "asked for"), _rates(score.rates)),
        "### Outcomes",
        _matrix(score.outcomes, list(OUTCOMES)),
        "### Changes",
        _matrix(score.changes, [NOTHING, *CHANGES]),
        "### Verdicts",
        _matrix(score.verdicts, list(STATES)),
        "### Misses",
        _misses(score.misses),
    ]
    return "\n\n".join(parts) + "\n"


def _rates(rates: Rates) -> Iterator[Row]:
    yield "precision of soft-404", f"{rates.soft_404_precision:.3f}", "≥ 0.98"
    yield "recall of soft-404", f"{rates.soft_404_recall:.3f}", "≥ 0.90"
    yield "planted facts told as material", f"{rates.planted_found} of {rates.planted}", "all"
    share = rates.noise_material / rates.noise if rates.noise else 0.0
    found = f"{rates.noise_material} of {rates.noise} ({share:.1%})"
    yield "noise taken for material", found, "≤ 2 %"
    yield "noise told at all", f"{rates.noise_told} of {rates.noise}", ""
    yield "withheld pages called vanished or usurped", str(rates.withheld_vanished), "0"
    yield "pages called so before their evidence is there", str(rates.vanished_early), "0"


def _matrix(matrix: Matrix, order: Sequence[str]) -> str:
    """Return a matrix with a row for each right answer and a column for each that was given."""
    rights = _ordered({right for right, _ in matrix}, order)
    saids = _ordered({said for _, said in matrix}, order)
    rows = [
        (f"**{right}**", *(str(matrix.get((right, said), "")) or "·" for said in saids))
        for right in rights
    ]
    return _table(("right ↓, said →", *saids), rows)


def _ordered(names: set[str], order: Sequence[str]) -> list[str]:
    places = {name: place for place, name in enumerate(order)}
    return sorted(names, key=lambda name: (places.get(name, len(order)), name))


def _misses(misses: Sequence[Miss]) -> str:
    """Return a table of the misses, those of one script that are alike in one row; and why."""
    if not misses:
        return "None."
    alike: dict[Row, list[Miss]] = {}
    why: dict[str, dict[str, None]] = {}
    for miss in misses:
        said = " ".join((miss.said, *(f"`{reason}`" for reason in miss.reasons)))
        alike.setdefault((miss.script, miss.kind, miss.right, said), []).append(miss)
        why.setdefault(reason_for(miss) or "**not known**", {})[f"`{miss.script}`"] = None
    table = _table(
        ("script", "of", "right", "said", "at"),
        [(*row, _steps(group)) for row, group in alike.items()],
    )
    reasons = [f"- {', '.join(scripts)}: {reason}." for reason, scripts in why.items()]
    return "\n".join((table, "", *reasons))


def _steps(misses: Sequence[Miss]) -> str:
    steps = dict.fromkeys(miss.step for miss in misses)
    pages = len({miss.number for miss in misses})
    told = ", ".join(step.title for step in sorted(steps, key=lambda step: step.value))
    return f"{told}; {pages} pages" if pages > 1 else told


def _table(head: Row, rows: Iterator[Row] | Sequence[Row]) -> str:
    """Return a table in Markdown, its columns padded."""
    cells = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])

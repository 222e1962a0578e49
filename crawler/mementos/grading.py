"""How sure a memento shows the page as it was cited: classes A to E (DOMAIN §8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal

from crawler.comparison.change import Change
from crawler.comparison.comparing import compare
from crawler.comparison.texts import text_digest
from crawler.items import Article
from crawler.mementos.choosing import Cited, bracket_by_digest
from crawler.mementos.examining import PROOFS, Proof
from crawler.mementos.listing import Listed
from crawler.passages import Claim, anchors_of, standings_of

Confidence = Literal["A", "B", "C", "D", "E"]
CLASSES: Final[dict[Confidence, str]] = {
    "A": "before and after the citation with the same bytes or the same text",
    "B": "before and after the citation; the cited passage did not change between them",
    "C": "on one side only, a day away at most (a week, where it is no news)",
    "D": "on one side only, 30 days away at most",
    "E": "farther away",
}
_NEAR_NEWS: Final = timedelta(hours=24)
_NEAR_OTHERS: Final = timedelta(days=7)
_SOME: Final = timedelta(days=30)
_HASTY: Final = frozenset({"news", "wire", "social"})

Evidence = dict[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class Witness:
    """A memento that was fetched and found good."""

    memento: Listed
    article: Article
    proof: Proof
    bytes_digest: str  # of the payload, as we label it: equal bytes, equal digest
    stands_for_another: bool = False  # found under another address than the cited page has


@dataclass(frozen=True, slots=True)
class Graded:
    """A witness with its class and what that rests on."""

    witness: Witness
    confidence: Confidence
    evidence: Evidence


def grade(
    witnesses: Sequence[Witness],
    ordered: Sequence[Listed],
    cited: Cited,
    *,
    kind: str,
    claims: Sequence[Claim] = (),
) -> tuple[Graded, ...]:
    """Return the witnesses with their classes, the best first; each stands for itself.

    ``ordered`` is all that archives list, for digests; ``kind`` the kind of source. The best has
    the strongest proof; of equal ones the better class, then the nearer, then the earlier.
    """
    graded = [
        _lowered(_grade(witness, witnesses, ordered, cited, kind, claims)) for witness in witnesses
    ]

    def rank(each: Graded) -> tuple[object, ...]:
        at = each.witness.memento.memento_datetime
        return (
            PROOFS.index(each.witness.proof), each.confidence,
            "before" not in cited.sides_of(at), cited.distance(at), at,
        )  # fmt: skip

    return tuple(sorted(graded, key=rank))


def _lowered(graded: Graded) -> Graded:
    """Return it one class lower where another page stands for the cited one."""
    if not graded.witness.stands_for_another:
        return graded
    order: tuple[Confidence, ...] = tuple(CLASSES)
    lower = order[min(order.index(graded.confidence) + 1, len(order) - 1)]
    return replace(graded, confidence=lower)


def _grade(
    witness: Witness,
    witnesses: Sequence[Witness],
    ordered: Sequence[Listed],
    cited: Cited,
    kind: str,
    claims: Sequence[Claim],
) -> Graded:
    memento = witness.memento
    away = cited.distance(memento.memento_datetime)
    evidence: Evidence = {
        "days_away": round(away.total_seconds() / 86_400, 1),
        "side": "/".join(sorted(cited.sides_of(memento.memento_datetime), reverse=True)),
    }
    same = bracket_by_digest(memento, ordered, cited)
    if same is not None:
        evidence |= {"same_bytes_at": same.memento_datetime, "by": "index digest"}
        return Graded(witness, "A", evidence)
    found = [_pair(witness, other, claims) for other in _others(witness, witnesses, cited)]
    best = min(found, key=lambda pair: pair[0], default=None)
    if best is not None and best[0] in ("A", "B"):
        return Graded(witness, best[0], evidence | best[1])
    return Graded(witness, _by_distance(away, kind), evidence)


def _others(witness: Witness, witnesses: Sequence[Witness], cited: Cited) -> list[Witness]:
    """Return the witnesses on the other side of the citation."""
    own = cited.sides_of(witness.memento.memento_datetime)
    return [
        other for other in witnesses
        if other is not witness
        and other.memento.memento_datetime != witness.memento.memento_datetime
        and len(own | cited.sides_of(other.memento.memento_datetime)) == 2
    ]  # fmt: skip


def _pair(witness: Witness, other: Witness, claims: Sequence[Claim]) -> tuple[Confidence, Evidence]:
    """Return the class of two mementos that bracket the citation, and why; C: they differ."""
    evidence: Evidence = {"other_side_at": other.memento.memento_datetime}
    if witness.bytes_digest == other.bytes_digest:
        return "A", evidence | {"by": "same bytes"}
    one, two = witness.article.text or "", other.article.text or ""
    if text_digest(one) == text_digest(two):
        return "A", evidence | {"by": "same text"}
    change = compare(*_in_order(witness, other), shared_lines=frozenset())
    evidence |= {"change": change.change_class,
                 "similarity": round(change.measures.similarity, 3)}  # fmt: skip
    if _is_immaterial(change):
        return "B", evidence | {"by": "no material change"}
    if _passages_stand(claims, *(article.text or "" for article in _in_order(witness, other))):
        return "B", evidence | {"by": "cited passage unchanged"}
    return "C", evidence


def _in_order(witness: Witness, other: Witness) -> tuple[Article, Article]:
    first, second = sorted((witness, other), key=lambda w: w.memento.memento_datetime)
    return first.article, second.article


def _is_immaterial(change: Change) -> bool:
    return not change.told


def _passages_stand(claims: Sequence[Claim], first: str, second: str) -> bool:
    """Tell whether all that the citations rest on in a text stands word for word in a later one."""
    anchors = [a for claim in claims for a in anchors_of(claim, first) if a.found]
    standings = standings_of(anchors, second) if anchors else ()
    return bool(standings) and all(s.state == "supported-verbatim" for s in standings)


def _by_distance(away: timedelta, kind: str) -> Confidence:
    if away <= (_NEAR_NEWS if kind in _HASTY else _NEAR_OTHERS):
        return "C"
    return "D" if away <= _SOME else "E"

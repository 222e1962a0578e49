"""Whether a passage that was cited still stands in its source, and in which words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from crawler.passages.anchors import Anchor
from crawler.passages.matching import Rewording
from crawler.passages.searching import find_passage, wording_of
from crawler.passages.words import Reading, read, read_passage

State = Literal["supported-verbatim", "supported-altered", "support-lost", "never-found"]

STATES: dict[State, str] = {
    "supported-verbatim": "every sentence of the passage stands word for word",
    "supported-altered": "the passage stands, but words of it are others",
    "support-lost": "the passage stood in an earlier version and does not any more",
    "never-found": "the passage does not stand, and did not when its anchor was made",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How one anchor stands in one version of its source."""

    state: State
    score: float  # 0 to 1: share of characters of the passage that stand (Finding.score)
    wording: str | None = None  # how it reads now, normalised; None: it does not stand
    changed: tuple[Rewording, ...] = ()  # what is other, in the order of the passage


def standing_of(anchor: Anchor, text: str) -> Standing:
    """Return how an anchor stands in a text."""
    return _standing(anchor, read(text))


def standings_of(anchors: Iterable[Anchor], text: str) -> tuple[Standing, ...]:
    """Return how each anchor stands in one text, which is read once for all of them."""
    reading = read(text)
    return tuple(_standing(anchor, reading) for anchor in anchors)


def _standing(anchor: Anchor, text: Reading) -> Standing:
    finding = find_passage(read_passage(anchor.exact), text)
    score = round(finding.score, 4)
    if not finding.stands:
        return Standing("support-lost" if anchor.found else "never-found", score)
    state: State = "supported-altered" if finding.changed else "supported-verbatim"
    return Standing(state, score, wording_of(finding, text), finding.changed)

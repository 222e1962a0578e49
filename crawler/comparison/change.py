"""A change: what differs between two successive versions of a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ChangeClass = Literal[
    "same-text",
    "links",
    "boilerplate",
    "material",
    "minor",
    "extended",
    "cut",
    "substantial",
    "drifted",
    "extractor-change",
]

CHANGES: dict[ChangeClass, str] = {
    "same-text": "the normalised text is equal",
    "links": "the text is equal, but links in it lead elsewhere",
    "boilerplate": "only interface text differs: short lines that stand on the host's other pages",
    "material": "a number, date, name, negation, quotation, the headline or the byline differs,"
    " or a note of correction appeared",
    "minor": "a few words differ, none of them material",
    "extended": "text was added, and the old text stands",
    "cut": "more than 30 % of the words are gone, and what is left stood before",
    "substantial": "passages are re-written",
    "drifted": "another text than before",
    "extractor-change": "the same payload read by another extractor: no change of the source",
}
# What a person is told of; the others are kept, and shown where one looks.
TOLD: frozenset[ChangeClass] = frozenset({"material", "cut", "substantial", "drifted"})

EditKind = Literal[
    "number", "money", "percent", "date", "negation", "certainty", "quotation", "name",
    "headline", "byline", "dateline", "stamp", "correction",
]  # fmt: skip
# When a page says that it was published or updated; alone it is no news of what it says.
IMMATERIAL: frozenset[EditKind] = frozenset({"stamp"})


@dataclass(frozen=True, slots=True)
class Measures:
    """How alike two normalised texts are; shares lie between 0 and 1."""

    similarity: float  # J3: Jaccard of the sets of word 3-shingles
    old_in_new: float  # share of the old text's 3-shingles that stand in the new one
    new_in_old: float
    words_before: int
    words_after: int

    @property
    def share_that_stands(self) -> float:
        """The greatest of the three: 1.0 where a text was only cut, or only extended."""
        return max(self.similarity, self.old_in_new, self.new_in_old)


@dataclass(frozen=True, slots=True)
class Edit:
    """One material token or field that differs."""

    kind: EditKind
    before: str | None  # None: added
    after: str | None  # None: removed


@dataclass(frozen=True, slots=True)
class Change:
    """What differs between two articles of one source."""

    change_class: ChangeClass
    measures: Measures
    # Of fields first, then of sentences that were re-worded, that went, that came; at most some 200
    edits: tuple[Edit, ...] = ()
    links_added: tuple[str, ...] = ()
    links_removed: tuple[str, ...] = ()

    @property
    def told(self) -> bool:
        """Whether a person is told of it unasked."""
        return self.change_class in TOLD

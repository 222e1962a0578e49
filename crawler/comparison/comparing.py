"""What differs between two articles of one source: the classes, in the order they are tried."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.comparison.change import IMMATERIAL, Change, ChangeClass, Edit, Measures
from crawler.comparison.edits import Edits, dateline_edits, edits_between, field_edits
from crawler.comparison.interface import (
    HIDDEN_EMAIL,
    is_interface,
    quieted,
    without_addresses,
    without_marks,
)
from crawler.comparison.links import link_changes
from crawler.comparison.measures import RUN, measure
from crawler.comparison.sentences import differing
from crawler.comparison.texts import count_words, lines_of
from crawler.comparison.tokens import Reading, names_in
from crawler.items import Article

# Shares of runs of three words, and of words, at which the classes part: docs/changes.md.
MINOR = 0.95
EXTENDED = 0.95
GROWTH = 0.02
CUT = 0.90
SHRUNK = 0.30
DRIFTED = 0.50
FEW_RUNS = 9  # of three words: three words that changed, apart from each other
FEW_WORDS = 50  # below, one changed number makes half of the runs new


def compare(before: Article, after: Article, *, shared_lines: frozenset[str]) -> Change:
    """Return what differs between two articles of one source, the earlier one first.

    ``shared_lines``: lines as `lines_of` gives them that stand on other pages of the host too, so
    that they are no part of the article. Where the extractors differ, extract both payloads again
    with one of them first: what is left is then the source's doing. An article without a text is
    compared as an empty one.
    """
    added, removed = link_changes(before.links, after.links)
    fields = field_edits(before, after)
    texts = _Texts.of(before, after)
    if texts.same:
        told = any(edit.kind not in IMMATERIAL for edit in fields)
        kind: ChangeClass = "material" if told else "links" if added or removed else "same-text"
        if before.extractor != after.extractor and kind != "same-text":
            kind = "extractor-change"
        words = count_words(before.text or "")
        return Change(kind, Measures(1.0, 1.0, 1.0, words, words), fields, added, removed)
    measures = measure(before.text or "", after.text or "")
    if before.extractor != after.extractor:
        return Change("extractor-change", measures, (), added, removed)
    beside = shared_lines | _headlines(before, after)
    kind, edits = _class_of(texts, measures, fields, beside, after.language)
    return Change(kind, measures, edits, added, removed)


def _headlines(*articles: Article) -> frozenset[str]:
    """Return the headlines as lines: whether a text repeats its own depends on the markup."""
    return frozenset(line for article in articles for line in lines_of(article.title or ""))


@dataclass(frozen=True, slots=True)
class _Texts:
    """The lines of both texts, e-mail addresses alike where one side hides them."""

    before: list[str]
    after: list[str]

    @classmethod
    def of(cls, before: Article, after: Article) -> _Texts:
        old, new = lines_of(before.text or ""), lines_of(after.text or "")
        if any(HIDDEN_EMAIL in line for side in (old, new) for line in side):
            old, new = [without_addresses(line) for line in old], list(map(without_addresses, new))
        return cls(old, new)

    @property
    def same(self) -> bool:
        """Whether the texts are equal but for line breaks and list marks."""
        if self.before == self.after or " ".join(self.before) == " ".join(self.after):
            return True
        old, new = (" ".join(map(without_marks, side)) for side in (self.before, self.after))
        return old == new


def _class_of(
    texts: _Texts,
    measures: Measures,
    fields: tuple[Edit, ...],
    beside: frozenset[str],
    language: str | None,
) -> tuple[ChangeClass, tuple[Edit, ...]]:
    """Return the class of a change of text, and its edits."""
    removed, added = differing(texts.before, texts.after)
    old = [line for line in removed if line not in beside and not is_interface(line)]
    new = [line for line in added if line not in beside and not is_interface(line)]
    fields += dateline_edits(texts.before, texts.after)
    named = tuple(edit for edit in fields if edit.kind not in IMMATERIAL)
    if _quiet(old) == _quiet(new):
        if named:
            return "material", fields
        return ("boilerplate" if removed or added else "minor"), fields
    if _is_drifted(measures):
        return "drifted", fields
    names = names_in({*texts.before, *texts.after})  # most lines stand in both
    edits = edits_between(old, new, Reading(language, names))
    return _by_edits(measures, edits, named, old), fields + edits.all


def _quiet(lines: list[str]) -> list[str]:
    return sorted(without_marks(bare) for line in lines if (bare := quieted(line)))


def _by_edits(
    measures: Measures, edits: Edits, named: tuple[Edit, ...], gone: list[str]
) -> ChangeClass:
    """Return the class of a change that is neither boilerplate nor another text."""
    if named or any(edit.kind not in IMMATERIAL for edit in edits.reworded):
        return "material"
    if edits.moved:
        return "minor"
    if _is_cut(measures):
        return "cut"
    grown = measures.words_after - measures.words_before
    extended = measures.old_in_new >= EXTENDED and grown > GROWTH * measures.words_before
    if extended and not gone and not edits.removed:
        return "extended"
    if edits.removed or edits.added:
        return "material"
    if measures.similarity >= MINOR or _is_small(measures):
        return "minor"
    return "extended" if extended else "substantial"


def _is_small(measures: Measures) -> bool:
    """Whether so few words differ that only the shortness of the text makes them a large share."""
    runs = max(measures.words_before, measures.words_after) - RUN + 1
    lost = max(1 - measures.old_in_new, 1 - measures.new_in_old) * runs
    return measures.similarity >= DRIFTED and round(lost) <= FEW_RUNS


def _is_cut(measures: Measures) -> bool:
    """Whether much is gone, and what is left stood before."""
    left = measures.words_after / measures.words_before if measures.words_before else 1.0
    return measures.new_in_old >= CUT and left < 1 - SHRUNK


def _is_drifted(measures: Measures) -> bool:
    """Whether another text stands there: neither a shorter nor a longer one of what stood."""
    long = min(measures.words_before, measures.words_after) >= FEW_WORDS or not (
        measures.words_before and measures.words_after
    )
    grown = measures.old_in_new >= EXTENDED
    return long and measures.similarity < DRIFTED and not grown and not _is_cut(measures)

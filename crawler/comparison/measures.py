"""How alike two texts are, by the runs of three words that they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from crawler.comparison.change import Measures
from crawler.comparison.texts import LATELY_READ, normalise_text, words_of

RUN = 3  # words; one changed word breaks three runs, so that moved and new text tell apart

Shingles = frozenset[tuple[str, ...]]


@lru_cache(maxsize=2)  # a visit is judged by the two texts that are then compared
def measure(before: str, after: str) -> Measures:
    """Return how alike two texts are. Case, quotes, dashes, blanks and list marks do not count.

    Two texts without a word are alike; one without and one with words share nothing.
    """
    old_words, new_words = words_of(before), words_of(after)
    run = min(RUN, len(old_words), len(new_words)) or 1
    old, new = _shingles(before, run), _shingles(after, run)
    if not old and not new:
        return Measures(1.0, 1.0, 1.0, 0, 0)
    common = len(old & new)
    return Measures(
        similarity=common / (len(old) + len(new) - common),
        old_in_new=common / len(old) if old else 0.0,
        new_in_old=common / len(new) if new else 0.0,
        words_before=len(old_words),
        words_after=len(new_words),
    )


def containment(excerpt: str, text: str) -> float:
    """Return the share of an excerpt's runs of three words that stand in a text, 0 to 1.

    An excerpt of one or two words is looked for as it is; one without a word is nowhere: 0. Of a
    short excerpt the share is coarse (five words are three runs): whoever decides by it asks for
    some 40 words first.
    """
    wanted = words_of(excerpt)
    run = min(RUN, len(wanted))
    if not run:
        return 0.0
    if _stands_verbatim(excerpt, text):
        return 1.0  # as most do, and it is known in a tenth of the time
    runs = frozenset(_runs(wanted, run))
    return len(runs.intersection(_runs(words_of(text), run))) / len(runs)


def _stands_verbatim(excerpt: str, text: str) -> bool:
    """Return whether a text has an excerpt between two blanks, so that the words of both agree."""
    wanted = f" {normalise_text(excerpt).casefold()} "
    return wanted in f" {normalise_text(text).casefold()} "


@lru_cache(maxsize=LATELY_READ)
def _shingles(text: str, run: int) -> Shingles:
    """Return the runs of so many words that stand in a text, each once."""
    return frozenset(_runs(words_of(text), run))


def _runs(words: Sequence[str], run: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(run)), strict=False)

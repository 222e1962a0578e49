"""How alike two texts are, by the runs of three words that they share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain

from crawler.comparison.change import Measures
from crawler.comparison.texts import lines_of, normalise_text, words_in, words_of

RUN = 3  # words; one changed word breaks three runs, so that moved and new text tell apart

Words = tuple[str, ...]


@lru_cache(maxsize=2)  # a visit is judged by the two texts that are then compared
def measure(before: str, after: str) -> Measures:
    """Return how alike two texts are. Case, quotes, dashes, blanks and list marks do not count.

    Two texts without a word are alike; one without and one with words share nothing. Lines that
    stand in both are read once, which are most of them where little has changed.
    """
    old_lines, new_lines = lines_of(before), lines_of(after)
    words = {line: words_in(line) for line in {*old_lines, *new_lines}}
    old_count, new_count = (sum(len(words[x]) for x in side) for side in (old_lines, new_lines))
    if not old_count and not new_count:
        return Measures(1.0, 1.0, 1.0, 0, 0)
    run = min(RUN, old_count, new_count) or 1
    old = _stretches([words[line] for line in old_lines], run)
    new = _stretches([words[line] for line in new_lines], run)
    both = _runs_in(old & new, run)
    gone, come = _runs_in(old - new, run) - both, _runs_in(new - old, run) - both
    common = len(both) + len(gone & come)
    old_runs, new_runs = len(both) + len(gone), len(both) + len(come)
    return Measures(
        similarity=common / (old_runs + new_runs - common),
        old_in_new=common / old_runs if old_runs else 0.0,
        new_in_old=common / new_runs if new_runs else 0.0,
        words_before=old_count,
        words_after=new_count,
    )


def _stretches(lines: Iterable[Words], run: int) -> frozenset[Words]:
    """Return the lines of a text, each with as many words before it as its first run reaches."""
    found: set[Words] = set()
    before: Words = ()
    for line in lines:
        stretch = before + line
        found.add(stretch)
        before = stretch[max(len(stretch) - run + 1, 0) :]
    return frozenset(found)


def _runs_in(stretches: Iterable[Words], run: int) -> frozenset[Words]:
    return frozenset(chain.from_iterable(_runs(stretch, run) for stretch in stretches))


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


def _runs(words: Words, run: int) -> Iterator[Words]:
    return zip(*(words[start:] for start in range(run)), strict=False)

"""The wording of two texts side by side: which words went, which came, which stayed.

Paragraphs are matched first, then the words of those that were re-worded. For people: what a change
is, is decided elsewhere, by the facts.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from crawler.comparison.sentences import likely_pairs, words_in
from crawler.comparison.sequences import Budget, matches
from crawler.comparison.texts import CJK, normalise_text

MAX_WORDS = 200_000  # of both texts; what is longer is matched by paragraphs only

PieceKind = Literal["same", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words of a paragraph."""

    kind: PieceKind
    text: str  # as written; of what stayed, as the later text has it


Paragraph = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """Two texts as one: every paragraph of either, in order."""

    paragraphs: tuple[Paragraph, ...]
    # Some passages were too long to be matched word by word: they stand as removed and added.
    is_coarse: bool = False

    @property
    def is_changed(self) -> bool:
        """Whether anything differs."""
        return any(is_changed(paragraph) for paragraph in self.paragraphs)


def is_changed(paragraph: Paragraph) -> bool:
    """Return whether anything in a paragraph differs."""
    return any(piece.kind != "same" for piece in paragraph)


def wording_of(before: str, after: str) -> Wording:
    """Return how the wording of a text differs from that of an earlier one, word by word.

    Quote style, kinds of dashes and blanks are no difference. The time grows with the length of the
    texts and a bounded share of its square: 5,000 words take some ten milliseconds, and whatever
    would take minutes is left coarse (``is_coarse``).
    """
    old, new = _paragraphs(before), _paragraphs(after)
    budget = Budget()
    if len(before.split()) + len(after.split()) > MAX_WORDS:
        budget.left, budget.exceeded = 0, True
    paragraphs = tuple(_merged(old, new, budget))
    return Wording(paragraphs, budget.exceeded)


def _paragraphs(text: str) -> list[str]:
    return [line for raw in text.split("\n") if (line := " ".join(raw.split()))]


def _merged(old: list[str], new: list[str], budget: Budget) -> Iterator[Paragraph]:
    """Give the paragraphs of both texts in order."""
    keys = [normalise_text(line) for line in old], [normalise_text(line) for line in new]
    a = b = 0
    for at, there, size in (*matches(*keys, budget), (len(old), len(new), 0)):
        yield from _replaced(old[a:at], new[b:there], budget)
        for line in new[there : there + size]:
            yield (Piece("same", line),)
        a, b = at + size, there + size


def _replaced(old: list[str], new: list[str], budget: Budget) -> Iterator[Paragraph]:
    """Give paragraphs in place of which others stand now, those re-worded beside each other."""
    a = b = 0
    for i, j in (*_pairs(old, new), (len(old), len(new))):
        yield from ((Piece("removed", line),) for line in old[a:i])
        yield from ((Piece("added", line),) for line in new[b:j])
        if i < len(old):
            yield tuple(_words(old[i], new[j], budget))
        a, b = i + 1, j + 1


def _pairs(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Return which paragraphs are one, re-worded: the most alike first, none crossing another."""
    if len(old) == len(new) == 1:
        return [(0, 0)]
    words = [words_in(line) for line in old], [words_in(line) for line in new]
    left: list[int] = []
    right: list[int] = []
    for _, i, j in sorted(likely_pairs(*words), reverse=True):
        place = bisect_left(left, i)
        follows = place == 0 or right[place - 1] < j
        precedes = place == len(left) or (left[place] > i and right[place] > j)
        if follows and precedes:
            left.insert(place, i)
            right.insert(place, j)
    return list(zip(left, right, strict=True))


# ------------------------------------------------------------------ words

# A word, a character of a script without blanks, or a sign, with the blank after it.
_TOKEN = re.compile(rf"(?:[{CJK}]|(?:[^\W{CJK}]|(?<=[^\W{CJK}])['’.,-](?=[^\W{CJK}]))+|[^\w\s]) ?")

Run = tuple[str, str, str, str]  # removed, added, and what follows each: the same but for blanks


def _words(old: str, new: str, budget: Budget) -> Iterator[Piece]:
    """Give the runs of words of a paragraph that was re-worded."""
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    keys = [normalise_text(token) for token in before], [normalise_text(token) for token in after]
    a = b = 0
    runs: list[Run] = []
    for at, there, size in (*matches(*keys, budget), (len(before), len(after), 0)):
        gone, come = "".join(before[a:at]), "".join(after[b:there])
        stayed, stays = "".join(before[at : at + size]), "".join(after[there : there + size])
        _append(runs, (gone, come, stayed, stays))
        a, b = at + size, there + size
    for gone, come, _, same in runs:
        yield from _pieces(gone, come, same)


def _append(runs: list[Run], run: Run) -> None:
    """Append a run; one that little parts from the one before it becomes one with it."""
    gone, come, stayed, stays = run
    if runs and (gone or come) and len(runs[-1][3].strip()) <= 2 and any(runs[-1][:2]):
        last_gone, last_come, island, later_island = runs.pop()
        run = (last_gone + island + gone, last_come + later_island + come, stayed, stays)
    runs.append(run)


def _pieces(gone: str, come: str, same: str) -> Iterator[Piece]:
    """Give removed, added and same text, with the blank after a change outside it."""
    blank = " " * ((come or gone)[-1:] == " ")
    if gone.strip():
        yield Piece("removed", gone.strip())
    if come.strip():
        yield Piece("added", come.strip())
    if blank + same:
        yield Piece("same", blank + same)

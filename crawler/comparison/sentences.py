"""The sentences that differ between two texts, and which of them are one sentence re-worded."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crawler.comparison.interface import without_marks
from crawler.comparison.tokens import quotations

ALIKE = 0.5  # Dice of their sets of words, from which on two sentences are one, re-worded
COMMON = 25  # sentences; a word that stands in more of them leads to none
MAX_SENTENCES = 2_000  # on one side; beyond that no pairs are sought


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as it is compared."""

    text: str
    quoted: tuple[str, ...]  # what of it stands in quotation marks
    listed: bool  # an item of a list


@dataclass(frozen=True, slots=True)
class Alignment:
    """Changed sentences: those that were re-worded, and those that only one text has."""

    reworded: list[tuple[Sentence, Sentence]]
    removed: list[Sentence]
    added: list[Sentence]


_END = re.compile(
    r"(?<![.!?])[.!?]++(?<!\b[A-Z]\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\bMrs\.)(?<!\bGen\.)"
    r"(?<!\bGov\.)(?<!\bSen\.)(?<!\bRep\.)(?<!\bProf\.)(?<!\bNo\.)(?<!\bvs\.)(?<!\bInc\.)"
    r"[\"')\]]*+\s++(?=[\"'(\[]*[^\W_a-zß-öø-ÿа-я])|[。！？][」』\"']?"
)


def sentences_of(lines: Iterable[str]) -> Iterator[Sentence]:
    """Give the sentences of normalised lines, in order."""
    for marked in lines:
        line = without_marks(marked)
        listed = line != marked
        spans = list(quotations(line))
        start = 0
        for end in (*(match.end() for match in _END.finditer(line)), len(line)):
            text = line[start:end].strip()
            if text:
                yield Sentence(text, _quoted(line, spans, start, end), listed)
            start = end


def _quoted(line: str, spans: list[tuple[int, int]], start: int, end: int) -> tuple[str, ...]:
    """Return what of a stretch of a line lies inside the spans."""
    inside = ((max(a, start), min(b, end)) for a, b in spans)
    return tuple(line[a:b].strip() for a, b in inside if a < b)


def differing(before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    """Return what only the one and only the other list holds, as often as it does, in order."""
    surplus = Counter(before)
    surplus.subtract(after)
    removed = _surplus(before, surplus)
    return removed, _surplus(after, Counter({item: -count for item, count in surplus.items()}))


def _surplus(items: list[str], surplus: Counter[str]) -> list[str]:
    """Return the first occurrences of the items of which there are too many."""
    left = dict(surplus)
    found = []
    for item in items:
        if left[item] > 0:
            left[item] -= 1
            found.append(item)
    return found


def align(before: Iterable[Sentence], after: Iterable[Sentence]) -> Alignment:
    """Return which sentences of two changed passages are one re-worded, the most alike first.

    Sentences that both have, wherever, are no change. Linear but for words that stand in many of
    the sentences, which are not followed.
    """
    old, new = _without_common(list(before), list(after))
    if max(len(old), len(new)) > MAX_SENTENCES:
        return Alignment([], old, new)
    old_words, new_words = ([words_in(sentence.text) for sentence in side] for side in (old, new))
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(likely_pairs(old_words, new_words), reverse=True):
        if i not in partner and j not in taken:
            partner[i] = j
            taken.add(j)
    return Alignment(
        [(old[i], new[partner[i]]) for i in sorted(partner)],
        [sentence for i, sentence in enumerate(old) if i not in partner],
        [sentence for j, sentence in enumerate(new) if j not in taken],
    )


def _without_common(
    old: list[Sentence], new: list[Sentence]
) -> tuple[list[Sentence], list[Sentence]]:
    gone, come = differing([s.text for s in old], [s.text for s in new])
    return _picked(old, Counter(gone)), _picked(new, Counter(come))


def _picked(sentences: list[Sentence], wanted: Counter[str]) -> list[Sentence]:
    found = []
    for sentence in sentences:
        if wanted[sentence.text] > 0:
            wanted[sentence.text] -= 1
            found.append(sentence)
    return found


def likely_pairs(
    old: list[frozenset[str]], new: list[frozenset[str]]
) -> Iterator[tuple[float, int, int]]:
    """Give pairs that are alike: how much, and the places; nearer ones last, to sort first."""
    places: dict[str, list[int]] = defaultdict(list)
    for j, words in enumerate(new):
        for word in words:
            places[word].append(j)
    for i, words in enumerate(old):
        met = Counter(j for word in words if len(at := places.get(word, ())) <= COMMON for j in at)
        for j, _ in met.most_common(4):
            alike = 2 * len(words & new[j]) / (len(words) + len(new[j]))
            if alike >= ALIKE:
                yield alike - abs(i - j) * 1e-6, i, j


def words_in(text: str) -> frozenset[str]:
    """Return the words of a sentence; of a text without blanks the pairs of characters."""
    words = text.casefold().split()
    if len(text) > 12 * len(words):
        return frozenset(text[at : at + 2] for at in range(len(text) - 1))
    return frozenset(bare for word in words if (bare := word.strip(".,;:!?\"'()[]|")))

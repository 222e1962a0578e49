"""The sentences of an article that say most of what an entry says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from math import fsum, log

from crawler.passages.words import Reading, Span, sentences_of

MOST = 3  # sentences
# Fewer shared terms are chance; and some must be longer than "of", "the" and "bay", which are rare
# in a short article, too.
SHARED_TERMS = 3
TELLING_TERMS = 2
LONG_TERM = 4  # letters
# Share of the claim's weight that a sentence must have, and share of the best one's that a second
# and third must have. Measured on the labelled articles: docs/passages.md.
LEAST = 0.25
NEXT_BEST = 0.6


def supporting_sentences(claim: Reading, text: Reading) -> list[Span]:
    """Return the one to three sentences that share most terms with a claim, best first.

    A term weighs the more the fewer sentences of the article have it. Empty when no sentence has
    a quarter of the claim's weight: then the article does not say this in words of the claim.
    """
    wanted = frozenset(_terms(claim.words))
    said = text.joined.lower()
    if not _may_share(_standing_in(wanted, said)):
        return []
    spans = sentences_of(text)
    shared = _shared(wanted, said.split(), spans)
    counts = Counter(term for terms in shared for term in terms)
    weight = {term: log(1 + len(spans) / max(1, counts[term])) for term in wanted}
    scored = sorted(
        (
            (fsum(weight[term] for term in terms), -number)
            for number, terms in enumerate(shared)
            if _may_share(terms)
        ),
        reverse=True,
    )
    least = LEAST * fsum(weight.values())
    if not scored or scored[0][0] < least:
        return []
    least = max(least, NEXT_BEST * scored[0][0])
    return [spans[-number] for score, number in scored[:MOST] if score >= least]


def says_too_little(claim: Reading) -> bool:
    """Return whether no sentence of any article could share enough with a claim."""
    return not _may_share(frozenset(_terms(claim.words)))


def _may_share(terms: Collection[str]) -> bool:
    return len(terms) >= SHARED_TERMS and sum(map(_tells, terms)) >= TELLING_TERMS


def _standing_in(wanted: frozenset[str], said: str) -> list[str]:
    """Return the wanted terms that stand anywhere: asked of the whole text, which is fast."""
    return [
        term
        for term in wanted
        if f" {term} " in said or (_is_pair(term) and f" {term[0]} {term[1]} " in said)
    ]


def _shared(wanted: frozenset[str], words: list[str], spans: list[Span]) -> list[frozenset[str]]:
    """Return the wanted terms in each sentence."""
    shared = [wanted.intersection(words[start:end]) for start, end in spans]
    if any(map(_is_pair, wanted)):
        pairs = (wanted.intersection(_pairs(words[start:end])) for start, end in spans)
        shared = [a | b for a, b in zip(shared, pairs, strict=True)]
    return shared


def _terms(words: Iterable[str]) -> Iterator[str]:
    """Yield words in small letters, and pairs of ideographs, of which a single one says little."""
    lowered = [word.lower() for word in words]
    yield from (word for word in lowered if not _is_ideograph(word))
    yield from _pairs(lowered)


def _pairs(words: list[str]) -> Iterator[str]:
    for first, second in pairwise(words):
        if _is_ideograph(first) and _is_ideograph(second):
            yield first + second


def _tells(term: str) -> bool:
    return len(term) >= LONG_TERM or _is_ideograph(term[0]) or term[0].isdigit()


def _is_pair(term: str) -> bool:
    return len(term) == 2 and _is_ideograph(term[0])


def _is_ideograph(word: str) -> bool:
    return len(word) == 1 and word >= "\u3040"

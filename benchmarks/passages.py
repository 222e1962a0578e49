"""Whether passages are found where they stand, refused where they do not, and what it costs.

    python benchmarks/passages.py [--shared FOLDER] [--others N] [--accuracy-only]

300 labelled articles of the corpus, each with an excerpt of 130 words from inside it as the summary
of an entry. Each excerpt is looked for in its own article and in ``--others`` of the other articles
(299 by default, which takes three minutes); edits are planted in its own, if none of its sentences
stands there twice. No threshold was fitted to these articles. Ends with 1 when a goal is missed.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from corpus import corpus_of
from measuring import Figure, machine, median, options, print_figures, print_table

from crawler.passages import Anchor, Claim, anchors_of, standing_of
from crawler.passages.words import Reading, quoted, read, sentences_of

ARTICLES = 300
EXCERPT_WORDS = 130
LEAST_WORDS = 2 * EXCERPT_WORDS
LOOKS = 25  # times that each call is timed; the quickest counts


@dataclass(frozen=True, slots=True)
class Cited:
    """An article, and an excerpt of it."""

    text: str
    excerpt: str
    title: str | None


def cited_articles(corpus: Path) -> list[Cited]:
    """Return the first 300 labelled articles that are long enough, each text once."""
    with (corpus / "articles.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    distinct = {row["expected_text"][:200]: row for row in rows if row.get("expected_text")}
    long = [
        Cited(row["expected_text"], quoted(excerpt), row.get("expected_title"))
        for row in distinct.values()
        if (excerpt := excerpt_tokens(read(row["expected_text"])))
    ]
    return long[:ARTICLES]


def excerpt_tokens(text: Reading) -> list[str]:
    """Return 130 words from the first sentence after a tenth of a text; [] of a short text."""
    size = len(text.words)
    if size < LEAST_WORDS:
        return []
    starts = (start for start, _ in sentences_of(text) if size // 10 <= start < size - LEAST_WORDS)
    start = next(starts, size // 10)
    return text.tokens[start : start + EXCERPT_WORDS]


def excerpt_of(anchors: tuple[Anchor, ...]) -> Anchor:
    """Return the anchor of the excerpt."""
    return next(anchor for anchor in anchors if anchor.kind == "excerpt")


# ------------------------------------------------------------------ found and refused


def found_and_refused(cited: list[Cited], others: int) -> list[Figure]:
    """Return how many excerpts stand in their own article, and how many in another one."""
    own = sum(_is_held(article, article.text) for article in cited)
    pairs = [
        (article, cited[(number + step) % len(cited)])
        for number, article in enumerate(cited)
        for step in range(1, min(others, len(cited) - 1) + 1)
    ]
    elsewhere = [(a, b) for a, b in pairs if excerpt_of(_anchors(a, b.text)).found]
    for article, other in elsewhere:
        print(f"accepted in another article: {article.title!r} in {other.title!r}")
    titles = [article for article in cited if article.title]
    claimed = sum(_is_supported(article.title, article.text) for article in titles)
    misled = sum(_is_supported(a.title, b.text) for a, b in pairwise(titles))
    return [
        Figure("excerpts that stand verbatim in their article", own / len(cited) * 100, 100, "%",
               at_least=True),
        Figure(f"excerpts accepted in another ({len(pairs):,} pairs)",
               len(elsewhere) / len(pairs) * 100, 0.01, "%"),
        Figure(f"headlines with a sentence in their article (of {len(titles)})",
               claimed / len(titles) * 100, 50, "%", at_least=True),
        Figure("headlines with a sentence in another article", misled / len(titles) * 100, 0.5,
               "%"),
    ]  # fmt: skip


def _anchors(article: Cited, text: str) -> tuple[Anchor, ...]:
    return anchors_of(Claim(summary=article.excerpt), text)


def _is_held(article: Cited, text: str) -> bool:
    anchor = excerpt_of(_anchors(article, text))
    return anchor.found and standing_of(anchor, text).state == "supported-verbatim"


def _is_supported(headline: str | None, text: str) -> bool:
    return any(anchor.kind == "sentence" for anchor in anchors_of(Claim(headline=headline), text))


# ------------------------------------------------------------------ planted edits

Tokens = list[str]
Edit = Callable[[Reading, random.Random], Tokens | None]  # None: nothing to edit


def _spot(excerpt: Reading, chance: random.Random) -> int:
    return chance.randrange(5, len(excerpt.words) - 5)


def replace_word(excerpt: Reading, chance: random.Random) -> Tokens:
    """Return the excerpt with another word in place of one."""
    at = _spot(excerpt, chance)
    return [*excerpt.tokens[:at], "planted", *excerpt.tokens[at + 1 :]]


def add_word(excerpt: Reading, chance: random.Random) -> Tokens:
    """Return the excerpt with a "not" in it."""
    at = _spot(excerpt, chance)
    return [*excerpt.tokens[:at], "not", *excerpt.tokens[at:]]


def drop_word(excerpt: Reading, chance: random.Random) -> Tokens:
    """Return the excerpt without one word."""
    at = _spot(excerpt, chance)
    return [*excerpt.tokens[:at], *excerpt.tokens[at + 1 :]]


def change_number(excerpt: Reading, chance: random.Random) -> Tokens | None:
    """Return the excerpt with one digit another one."""
    numbers = [at for at, word in enumerate(excerpt.words) if re.search(r"\d", word)]
    if not numbers:
        return None
    at = chance.choice(numbers)
    changed = re.sub(
        r"\d", lambda digit: str((int(digit[0]) + 1) % 10), excerpt.tokens[at], count=1
    )
    return [*excerpt.tokens[:at], changed, *excerpt.tokens[at + 1 :]]


def cut_sentence(excerpt: Reading, chance: random.Random) -> Tokens | None:
    """Return the excerpt without one sentence of at most 30 words."""
    short = [(start, end) for start, end in sentences_of(excerpt) if end - start <= 30]
    if not short:
        return None
    start, end = chance.choice(short)
    return [*excerpt.tokens[:start], *excerpt.tokens[end:]]


def cut_half(excerpt: Reading, chance: random.Random) -> Tokens:
    """Return the first half of the excerpt."""
    return excerpt.tokens[: len(excerpt.tokens) // 2]


def cut_all(excerpt: Reading, chance: random.Random) -> Tokens:
    """Return nothing."""
    return []


EDITS: dict[str, tuple[Edit, str]] = {
    "a word replaced": (replace_word, "supported-altered"),
    "a word added": (add_word, "supported-altered"),
    "a word removed": (drop_word, "supported-altered"),
    "a digit changed": (change_number, "supported-altered"),
    "a sentence cut": (cut_sentence, "supported-altered"),
    "half of it cut": (cut_half, "support-lost"),
    "all of it cut": (cut_all, "support-lost"),
}


def planted(cited: list[Cited]) -> list[Figure]:
    """Print what became of each planted edit, and return how many were told right."""
    states: dict[str, Counter[str]] = {name: Counter() for name in EDITS}
    for name, state in _outcomes(cited):
        states[name][state] += 1
    print(f"edits planted in {max(counts.total() for counts in states.values())} articles\n")
    print_table(["planted", "verbatim", "altered", "lost"],
                [[name, *(counts[state] for state in
                          ("supported-verbatim", "supported-altered", "support-lost"))]
                 for name, counts in states.items()])  # fmt: skip
    return [
        Figure(f"{name}: {EDITS[name][1]}", counts[EDITS[name][1]] / counts.total() * 100, 99, "%",
               at_least=True)
        for name, counts in states.items()
    ]  # fmt: skip


def _outcomes(cited: list[Cited]) -> Iterator[tuple[str, str]]:
    chance = random.Random(4)
    for article in cited:
        whole = quoted(read(article.text).tokens)
        excerpt = read(article.excerpt)
        if _repeats(excerpt, read(whole)):
            continue
        anchor = excerpt_of(_anchors(article, whole))
        for name, (edit, _) in EDITS.items():
            tokens = edit(excerpt, chance)
            if tokens is not None:
                edited = whole.replace(article.excerpt, quoted(tokens))
                yield name, standing_of(anchor, edited).state


def _repeats(excerpt: Reading, whole: Reading) -> bool:
    """Return whether a sentence stands twice: edited in one place, it still stands verbatim."""
    pieces = (" ".join(excerpt.words[start:end]) for start, end in sentences_of(excerpt))
    return any(whole.joined.count(f" {piece} ") > 1 for piece in pieces)


# ------------------------------------------------------------------ cost


def costs(cited: list[Cited]) -> list[Figure]:
    """Return what a call costs over articles of about 1,000 words."""
    middling = [a for a in cited if 950 <= len(read(a.text).words) <= 1050]
    took: dict[str, list[float]] = {"anchors_of": [], "verbatim": [], "altered": [], "lost": []}
    for article, other in pairwise(middling):
        anchor = excerpt_of(_anchors(article, article.text))
        tokens = replace_word(read(article.excerpt), random.Random(4))
        altered = quoted(read(article.text).tokens).replace(article.excerpt, quoted(tokens))
        took["anchors_of"].append(_quickest(lambda a=article: _anchors(a, a.text)))
        for name, text in (("verbatim", article.text), ("altered", altered), ("lost", other.text)):
            took[name].append(_quickest(lambda a=anchor, t=text: standing_of(a, t)))
    return [
        Figure(f"{name}, {len(values)} articles of 1,000 words", median(values), 1, "ms")
        for name, values in took.items()
    ]


def _quickest(call: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(LOOKS):
        began = time.process_time_ns()
        call()
        best = min(best, time.process_time_ns() - began)
    return best / 1e6


def main() -> int:
    parser = options(__doc__, pages=None, rounds=1)
    parser.add_argument("--others", type=int, default=ARTICLES - 1, metavar="N",
                        help="other articles in which each excerpt is looked for")  # fmt: skip
    parser.add_argument(
        "--accuracy-only", action="store_true", help="leave out what depends on time"
    )
    chosen = parser.parse_args()
    cited = cited_articles(corpus_of(chosen.shared))
    figures = [*found_and_refused(cited, chosen.others), *planted(cited)]
    if not chosen.accuracy_only:
        figures += costs(cited)
    print(f"\n{len(cited)} articles; {machine()}")
    print_figures(figures)
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())

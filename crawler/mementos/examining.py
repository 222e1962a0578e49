"""Is a memento the page that was cited? Our own judgement of its outcome, and stricter proofs.

An own first visit may be kept unproved, because nothing better will come; a memento may not,
because another one will.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from crawler.comparison.measures import containment, measure
from crawler.comparison.texts import count_words
from crawler.dates import parse_instant
from crawler.items import Article
from crawler.verdicts import LIVE
from crawler.verdicts.judging import judge
from crawler.verdicts.languages import differ, language_of, script_of
from crawler.verdicts.observation import Expectation, Observation
from crawler.verdicts.recognition import rare_tokens
from crawler.verdicts.vocabulary.phrases import fold

Proof = Literal["excerpt", "own-copy", "headline", "nothing-to-prove-by"]
# The strongest first: an excerpt is words of the page, a headline may stand over several pages.
PROOFS: Final[tuple[Proof, ...]] = ("excerpt", "own-copy", "headline", "nothing-to-prove-by")

LEAST_WORDS: Final = 50  # DOMAIN §8: less is a notice, or what a wall lets through
EXCERPT: Final = 0.3  # share of an excerpt by which a text is the cited one (DOMAIN §5)
OWN_COPY: Final = 0.5  # share of our own copy that must stand: where "drifted" begins
HEADLINE: Final = 0.5  # share of the rare words of a headline; of a like topic some always stand
RARE: Final = 2  # of them at least
CLOCK_OFF: Final = timedelta(days=2)  # time zones, and pages dated ahead to the next morning
_SAMPLE: Final = 4_000  # characters by which a language is told


@dataclass(frozen=True, slots=True)
class Examined:
    """What a memento was found to be."""

    outcome: str  # of our own vocabulary
    reasons: tuple[str, ...]  # codes, the decisive one first
    proof: Proof | None  # None: it is not the page, or nothing shows that it is

    @property
    def good(self) -> bool:
        """Whether it is taken."""
        return self.proof is not None


def examine(seen: Observation, memento_datetime: str, own: Article | None = None) -> Examined:
    """Return what a memento is, judged as if it were the first visit to its source.

    ``own`` is a copy that we hold ourselves; None: we hold none.
    """
    judgement = judge(seen)
    proof = _proof(seen, own)
    if judgement.outcome not in LIVE:
        return Examined(judgement.outcome, judgement.reasons, None)
    article = seen.article
    fault = _fault(article, memento_datetime) or (None if proof else "not-proved")
    if fault is not None or proof is None:
        return Examined("doubtful", (fault or "not-proved", *judgement.reasons), None)
    return Examined(judgement.outcome, judgement.reasons, proof)


def _fault(article: Article | None, memento_datetime: str) -> str | None:
    if article is None or count_words(article.text or "") < LEAST_WORDS:
        return "little-text"
    if article.published_on is not None:
        published = parse_instant(article.published_on)
        if published > parse_instant(memento_datetime) + CLOCK_OFF:
            return "dated-after"
    return None


def _proof(seen: Observation, own: Article | None) -> Proof | None:
    text = (seen.article.text if seen.article else None) or ""
    expected = seen.expected
    if any(containment(excerpt, text) >= EXCERPT for excerpt in expected.excerpts):
        return "excerpt"
    if own is not None and own.text and measure(own.text, text).share_that_stands >= OWN_COPY:
        return "own-copy"
    if any(_names(headline, seen, text) for headline in expected.headlines):
        return "headline"
    if own is None and not _can_be_proved(expected, text):
        return "nothing-to-prove-by"
    return None


def _names(headline: str, seen: Observation, text: str) -> bool:
    """Tell whether most of what is rare in a headline stands in a page."""
    rare = rare_tokens(headline)
    facts = seen.facts
    lines = (facts.title, *facts.headings) if facts else ()
    said = fold(" ".join([*(line for line in lines if line), text]))
    found = sum(token in said for token in rare)
    return found >= RARE and found >= HEADLINE * len(rare)


def _can_be_proved(expected: Expectation, text: str) -> bool:
    """Tell whether what the entries say could stand in a text: it has its script and language."""
    said = [*expected.excerpts, *(h for h in expected.headlines if len(rare_tokens(h)) >= RARE)]
    sample = text[:_SAMPLE]
    return any(
        script_of(words) == script_of(sample)
        and not differ(language_of(words), language_of(sample))
        for words in said
    )

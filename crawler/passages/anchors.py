"""Anchors of a citation: the words of its source that it rests on.

An anchor is kept as a TextQuoteSelector (W3C Web Annotation Data Model §4.2.4): the exact words,
32 characters before and 32 after, in the normalised text. It is made once, from the first good
copy, and looked up in each version after that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Literal

from crawler.comparison.texts import text_digest
from crawler.passages.quotations import quotations_in, text_fragments
from crawler.passages.searching import ALTERED, Finding, find_passage
from crawler.passages.supporting import says_too_little, supporting_sentences
from crawler.passages.words import ELLIPSIS, Reading, Span, quoted, read, read_passage, sentences_of

AnchorKind = Literal["fragment", "quotation", "excerpt", "sentence"]

KINDS: dict[AnchorKind, str] = {
    "fragment": "the text that the URL as cited points at (`#:~:text=`)",
    "quotation": "words that the entry puts between quotation marks and the source has",
    "excerpt": "the entry's summary, or the part of it that the source has",
    "sentence": "a sentence of the source that shares most with what the entry says",
}

CONTEXT = 32  # characters before and after
# A quotation of fewer words stands anywhere ("the end"); an excerpt of fewer is a claim.
QUOTED_WORDS = 3
EXCERPT_WORDS = 12
IDEOGRAPHS_A_WORD = 2  # a Chinese word has two characters on average
ACCEPTED = 0.3  # share of an excerpt in a source by which the source is accepted as cited
# Each costs a look through the text. An entry that quotes more, or a URL with more fragments,
# has enough of them.
MOST_QUOTATIONS = 20
MOST_FRAGMENTS = 5
RANGE_WORDS = 300  # a text fragment from ... to ... over more than that is kept as its two ends


@dataclass(frozen=True, slots=True)
class Claim:
    """What an entry says where it cites a source; None: nothing."""

    summary: str | None = None
    headline: str | None = None
    label: str | None = None
    context: str | None = None  # where the citation stands: heading path, paragraph
    fragment: str | None = None  # of the URL as cited, without "#"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A passage of a source that a citation rests on."""

    kind: AnchorKind
    exact: str  # normalised: the source's words; the entry's where they differ, or were not found
    prefix: str  # up to 32 characters before it in the source; "" at its beginning, or not found
    suffix: str
    digest: str  # of the normalised exact: equal digests, same passage
    found: bool  # it stood in the text that it was made from, perhaps in other words


@dataclass(frozen=True, slots=True)
class _Candidate:
    anchor: Anchor
    spans: tuple[Span, ...]  # where it stands in the article


def can_be_found(claim: Claim) -> bool:
    """Return whether anything of a claim could stand in a text; nothing of a line of bare URLs."""
    said = [words for words in (claim.headline, claim.label, claim.context) if words]
    if claim.summary or claim.fragment or any(next(quotations_in(words), "") for words in said):
        return True
    return not says_too_little(read("\n".join(said)))


def anchors_of(claim: Claim, article_text: str) -> tuple[Anchor, ...]:
    """Return the anchors of a citation in its source, the most certain kind first.

    Quotations that the source does not have belong to another source of the entry, and are left
    out. An excerpt and a text fragment are kept all the same, as not found.
    """
    if not can_be_found(claim):
        return ()
    text = read(article_text)
    excerpts = list(_excerpts(claim, text))
    candidates = [*_fragments(claim, text), *_quotations(claim, text), *excerpts]
    held = [span for candidate in candidates for span in candidate.spans]
    said = [claim.headline, claim.label, claim.context]
    if not any(excerpt.anchor.found for excerpt in excerpts):
        said.append(claim.summary)
    candidates += _sentences([words for words in said if words], text, held)
    unique = {candidate.anchor.digest: candidate.anchor for candidate in reversed(candidates)}
    return tuple(reversed(unique.values()))


def _fragments(claim: Claim, text: Reading) -> Iterator[_Candidate]:
    for start, end in islice(text_fragments(claim.fragment or ""), MOST_FRAGMENTS):
        yield _range(start, end, text) if end else _candidate("fragment", read_passage(start), text)


def _range(start: str, end: str, text: Reading) -> _Candidate:
    """Return the anchor of all that stands from one text to another."""
    first, last = text.find(read_passage(start).words), text.find(read_passage(end).words)
    if first is not None and last is not None and first <= last:
        stop = last + len(read_passage(end).words)
        if stop - first <= RANGE_WORDS:
            return _standing_at("fragment", (first, stop), text)
    return _candidate("fragment", read_passage(f"{start} {ELLIPSIS} {end}"), text)


def _quotations(claim: Claim, text: Reading) -> Iterator[_Candidate]:
    for passage in islice(_quoted_passages(claim), MOST_QUOTATIONS):
        candidate = _candidate("quotation", passage, text)
        if candidate.anchor.found:
            yield candidate


def _quoted_passages(claim: Claim) -> Iterator[Reading]:
    """Yield what the entry quotes, each text once, where it is long enough to be found."""
    said = (claim.summary, claim.headline, claim.label, claim.context)
    quotations = chain.from_iterable(quotations_in(words) for words in said if words)
    for quotation in dict.fromkeys(quotations):
        passage = read_passage(quotation)
        if _weight(passage) >= QUOTED_WORDS:
            yield passage


def _excerpts(claim: Claim, text: Reading) -> Iterator[_Candidate]:
    passage = read_passage(claim.summary or "")
    if _weight(passage) < EXCERPT_WORDS:
        return
    finding = find_passage(passage, text)
    if finding.stands or not finding.sentences:
        yield _made("excerpt", passage, finding, text)
        return
    part = _part(passage, finding)
    yield _candidate("excerpt", part or passage, text)


def _part(passage: Reading, finding: Finding) -> Reading | None:
    """Return the sentences of an excerpt that the source has; None when they are too few.

    An entry of several sources has the excerpt of one of them, or a line of each.
    """
    spans = [
        span
        for span, score in zip(sentences_of(passage), finding.sentences, strict=True)
        if score is not None and score >= ALTERED
    ]
    if sum(end - start for start, end in spans) < ACCEPTED * len(passage.words):
        return None
    return read_passage(f" {ELLIPSIS} ".join(passage.quote(*span) for span in _adjoined(spans)))


def _adjoined(spans: Iterable[Span]) -> list[Span]:
    adjoined: list[Span] = []
    for start, end in spans:
        if adjoined and adjoined[-1][1] == start:
            adjoined[-1] = adjoined[-1][0], end
        else:
            adjoined.append((start, end))
    return adjoined


def _sentences(said: Sequence[str], text: Reading, held: Sequence[Span]) -> Iterator[_Candidate]:
    """Yield the sentences nearest to what is said, without those that lie in another anchor."""
    for start, end in supporting_sentences(read("\n".join(said)), text):
        if not any(begin <= start and end <= stop for begin, stop in held):
            yield _standing_at("sentence", (start, end), text)


def _weight(passage: Reading) -> float:
    """Return the length of a passage in words of a script that has blanks."""
    characters = sum(len(word) == 1 and not word.isascii() for word in passage.words)
    return len(passage.words) - characters + characters / IDEOGRAPHS_A_WORD


def _candidate(kind: AnchorKind, passage: Reading, text: Reading) -> _Candidate:
    return _made(kind, passage, find_passage(passage, text), text)


def _made(kind: AnchorKind, passage: Reading, finding: Finding, text: Reading) -> _Candidate:
    """Return an anchor of a passage that a text has, or has not."""
    if not finding.stands:
        exact = quoted(passage.tokens)
        return _Candidate(Anchor(kind, exact, "", "", text_digest(exact), found=False), ())
    if not finding.changed and len(finding.spans) == 1:
        return _standing_at(kind, finding.spans[0], text)
    begin, end = finding.spans[0][0], finding.spans[-1][1]
    return _Candidate(_anchor(kind, quoted(passage.tokens), (begin, end), text), finding.spans)


def _standing_at(kind: AnchorKind, span: Span, text: Reading) -> _Candidate:
    return _Candidate(_anchor(kind, text.quote(*span), span, text), (span,))


def _anchor(kind: AnchorKind, exact: str, span: Span, text: Reading) -> Anchor:
    return Anchor(
        kind=kind,
        exact=exact,
        prefix=text.before(span[0], CONTEXT),
        suffix=text.after(span[1], CONTEXT),
        digest=text_digest(exact),
        found=True,
    )

"""Finding a whole passage in a text: its sentences, each where it stands, weighed together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from crawler.passages.matching import Match, Rewording, find_pieces, length_of
from crawler.passages.words import ELLIPSIS, Reading, Span, quoted, sentences_of

ALTERED = 0.85  # share of characters that must stand (DOMAIN: best fuzzy match)
# A sentence less like than this is another one that shares words with it. Sentences of one Chinese
# article reach 0.55, because they share characters.
NOT_IT = 0.6
# Fewer words than this between two sentences of a passage were put into it; a longer stretch, or
# whole lines, are a caption, an advertisement or a paragraph, and leave both sentences as they are.
APART = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """What a text has of a passage."""

    score: float  # 2 × the characters that stand / those of the passage and of what was found
    spans: tuple[Span, ...]  # words of the text, in the order of the passage
    changed: tuple[Rewording, ...]  # () when every sentence stands word for word
    sentences: tuple[float | None, ...]  # how well each stands, 0 to 1; None: it does not

    @property
    def stands(self) -> bool:
        """Whether the text has the passage, perhaps in other words."""
        return self.score >= ALTERED


NOTHING = Finding(0.0, (), (), ())


def find_passage(passage: Reading, text: Reading) -> Finding:
    """Return what the text has of a passage."""
    start = text.find(passage.words) if passage.words else None
    if start is not None:
        return Finding(1.0, ((start, start + len(passage.words)),), (), ())
    spans = sentences_of(passage)
    pieces = [passage.words[begin:end] for begin, end in spans]
    matches = [
        match if match and _ratio(match, piece) >= NOT_IT else None
        for piece, match in zip(pieces, find_pieces(pieces, text), strict=True)
    ]
    return _weighed(passage, pieces, matches, text)


def wording_of(finding: Finding, text: Reading) -> str:
    """Return how the passage reads in the text; parts that stand apart have an ellipsis between."""
    return f" {ELLIPSIS} ".join(text.quote(start, end) for start, end in finding.spans)


def _ratio(match: Match, piece: list[str]) -> float:
    return 2 * match.alike / (length_of(piece) + match.length)


def _weighed(
    passage: Reading, pieces: Sequence[list[str]], matches: Sequence[Match | None], text: Reading
) -> Finding:
    alike = sum(match.alike for match in matches if match)
    total = length_of(passage.words) + sum(match.length for match in matches if match)
    changed: list[Rewording] = []
    spans: list[Span] = []
    for number, match in enumerate(matches):
        if match is None:
            changed.append(Rewording(quoted(pieces[number]), ""))
            continue
        put_in = _put_in(spans[-1][1], match.start, text) if spans else []
        if put_in:
            changed.append(Rewording("", quoted(put_in)))
            total += length_of(put_in)
        changed += match.changed
        spans.append((match.start, match.end))
    return Finding(
        alike * 2 / total if total else 0.0,
        tuple(_joined(spans, text)),
        tuple(changed),
        tuple(_ratio(m, piece) if m else None for m, piece in zip(matches, pieces, strict=True)),
    )


def _put_in(end: int, start: int, text: Reading) -> list[str]:
    """Return the words that were put between two sentences of a passage."""
    if not 0 < start - end < APART or (text.begins_line(end) and text.begins_line(start)):
        return []
    return text.words[end:start]


def _joined(spans: Sequence[Span], text: Reading) -> list[Span]:
    """Return spans with those made one that nothing but put-in words parts."""
    joined = list(spans[:1])
    for before, after in pairwise(spans):
        if before[1] == after[0] or _put_in(before[1], after[0], text):
            joined[-1] = joined[-1][0], after[1]
        else:
            joined.append(after)
    return joined

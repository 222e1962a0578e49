"""A text as a row of words, to search in and to quote from.

Words are what stands between blanks, without the punctuation at its edges, so that ``$50``, ``5.5``
and ``-3`` stay what they are. Chinese and Japanese do not part words by blanks: there each
character is a word. Splitting is two times as fast as an expression for words would be.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from crawler.comparison.texts import LONG, normalise_text, raw_lines

_IDEOGRAPH = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # as in count_words()
_HAS_IDEOGRAPH = re.compile(f"[{_IDEOGRAPH}]")
_OPENING, _CLOSING = "\"'([{<「『《〈【〔*_", "\"')]}>」』》〉】〕*_"
_LEFT = _OPENING + "。、・"
_RIGHT = _CLOSING + ".,;:!?。、・-|"
_EACH_IDEOGRAPH = re.compile(
    rf"[{re.escape('([{<「『《〈【〔')}]*[{_IDEOGRAPH}]"
    rf"[{re.escape(')]}>」』》〉】〕.,;:!?。、・')}]*"
)
_NO_BLANK = re.compile(
    rf"(?<=[{_IDEOGRAPH}。、・」』》〉】〕]) (?=\S)|(?<=\S) (?=[「『《〈【〔]*[{_IDEOGRAPH}])"
)

ELLIPSIS = "..."  # words are left out here; "…" is normalised to it
_GLYPH = "\ue000"  # the first private character, as fonts of icons use it: it parts lines, too
_MAY_END = frozenset(".!?。" + _CLOSING)
_END = re.compile(rf"[.!?。][{re.escape(_CLOSING)}]*$")
_NO_END = re.compile(
    r"^[(\"']*(?:[^\W\d_]|[A-Z]\.[A-Z]|Mrs?|Ms|Dr|Prof|St|Gen|Sen|Rep|Gov|Col|Lt|Capt|Hon|Rev"
    r"|Jr|Sr|No|Nr|vs|bzw|ca)\.$"
)
LONGEST = 60  # words of a sentence; text without full stops is cut here, so that no search is long
SHORTEST = 3  # words; less stands anywhere by chance, so it goes with its neighbour

Span = tuple[int, int]  # first word, and the one after the last


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as words. ``tokens`` has one for each word, with its punctuation."""

    tokens: list[str]
    words: list[str]
    lines: list[int]  # the word with which each line begins
    joined: str  # the words between single blanks, with one at each end

    def quote(self, start: int, end: int) -> str:
        """Return the words from ``start`` up to ``end`` as the text has them."""
        return quoted(self.tokens[start:end])

    def before(self, start: int, length: int) -> str:
        """Return at most ``length`` characters of what stands before a word, its blank included."""
        text = quoted([*self.tokens[max(0, start - length) : start], "\0"])[:-1]
        return text[-length:]

    def after(self, end: int, length: int) -> str:
        """Return at most ``length`` characters of what stands after a passage, likewise."""
        return quoted(["\0", *self.tokens[end : end + length]])[1:][:length]

    def begins_line(self, word: int) -> bool:
        """Return whether a line begins with this word; the end of the text counts as one."""
        return word >= len(self.words) or _begins(self.lines, word)

    def find(self, words: list[str]) -> int | None:
        """Return where these words stand, one after the other; None: nowhere."""
        at = self.joined.find(f" {' '.join(words)} ")
        return None if at < 0 else self.joined.count(" ", 0, at)


def read(text: str) -> Reading:
    """Return a text as words; its lines are those of ``text``."""
    return _read_lately(text) if len(text) > LONG else _read(text)


def _read(text: str) -> Reading:
    tokens: list[str] = []
    lines: list[int] = []
    for line in raw_lines(text.replace(_GLYPH, "\n") if _GLYPH in text else text):
        if found := _tokens_of(line):
            lines.append(len(tokens))
            tokens += found
    words = [t if t.isalnum() else t.lstrip(_LEFT).rstrip(_RIGHT) for t in tokens]
    if "" in words:
        tokens, words, lines = _without_marks(tokens, words, lines)
    return Reading(tokens, words, lines, f" {' '.join(words)} ")


_read_lately = lru_cache(maxsize=2)(_read)  # anchors are made of a text, and then looked for in it


def read_passage(text: str) -> Reading:
    """Return a passage as words: in one line, as an anchor keeps it."""
    return read(normalise_text(text))


def quoted(tokens: list[str]) -> str:
    """Return tokens as one text: with blanks between words, without between ideographs."""
    text = " ".join(tokens)
    return text if text.isascii() else _NO_BLANK.sub("", text)


def _tokens_of(line: str) -> list[str]:
    if not line.isascii() and _HAS_IDEOGRAPH.search(line):
        line = _EACH_IDEOGRAPH.sub(r" \g<0> ", line)
    return line.split()


def _without_marks(
    tokens: list[str], words: list[str], lines: list[int]
) -> tuple[list[str], list[str], list[int]]:
    """Return the same without what is no word, such as a dash between blanks.

    It stays, to be quoted, with the word before it, or with none at the beginning of a line.
    """
    kept: list[str] = []
    starts: list[int] = []
    for start, end in pairwise([*lines, len(tokens)]):
        first = len(kept)
        if "" not in words[start:end]:  # as in most lines
            kept += tokens[start:end]
            starts.append(first)
            continue
        for token, word in zip(tokens[start:end], words[start:end], strict=True):
            if word:
                kept.append(token)
            elif len(kept) > first:
                kept[-1] += f" {token}"
        if len(kept) > first:
            starts.append(first)
    return kept, [word for word in words if word], starts


def _begins(lines: list[int], word: int) -> bool:
    at = bisect_left(lines, word)
    return at < len(lines) and lines[at] == word


def sentences_of(reading: Reading) -> list[Span]:
    """Return the sentences of a text, in order; none goes across lines."""
    tokens = reading.tokens
    ends = [
        at + 1
        for at, token in enumerate(tokens[:-1])
        if token[-1] in _MAY_END and _parts(token, tokens[at + 1])
    ]
    found: list[Span] = []
    for start, end in pairwise([*reading.lines, len(tokens)]):
        inside = ends[bisect_right(ends, start) : bisect_left(ends, end)]
        found += _merged(_cut(pairwise([start, *inside, end])), tokens)
    return found


def _cut(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield spans, those longer than the longest sentence in pieces."""
    for start, end in spans:
        for begin in range(start, end, LONGEST):
            yield begin, min(end, begin + LONGEST)


def ends_sentence(token: str) -> bool:
    """Return whether a sentence ends with this token."""
    return token[-1] in _MAY_END and bool(_END.search(token)) and not _NO_END.search(token)


def _parts(token: str, following: str) -> bool:
    """Return whether a sentence ends between two tokens: none begins with a small letter.

    What stands on both sides of an ellipsis may stand apart in the text that is quoted.
    """
    if token.endswith(ELLIPSIS):
        return True
    return ends_sentence(token) and not following.lstrip(_LEFT)[:1].islower()


def _merged(spans: Iterable[Span], tokens: list[str]) -> list[Span]:
    """Return the sentences of a line, those of one or two words together with a neighbour."""
    merged: list[Span] = []
    for start, end in spans:
        short = merged and min(end - start, merged[-1][1] - merged[-1][0]) < SHORTEST
        if short and not tokens[start - 1].endswith(ELLIPSIS):
            merged[-1] = merged[-1][0], end
        else:
            merged.append((start, end))
    return merged

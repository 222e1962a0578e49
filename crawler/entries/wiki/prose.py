"""The running text of a wiki page, line by line, and the sentence in which a note stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from html import unescape

from crawler.entries.citations import shorten
from crawler.entries.text import fold

CONTEXT_LENGTH = 400  # characters of a sentence that a citation keeps, as of a post's paragraph
QUOTE_LENGTH = 700  # characters; the longest quotation that passages look for has 800
_TOPIC_LENGTH = 120
_BLANKS = 100  # between a sentence and its note
_BEFORE, _WINDOW = 350, 1000  # characters of a sentence before its note, and in all
# A full stop behind a single capital is an initial, and one before a small letter an abbreviation.
_BOUNDARY = re.compile(
    r"(?<=[^A-ZÄÖÜÉ\s.][.!?…])[\"'”’»)\]]{0,3}\s+(?=[^a-zäöüßéèàç\s])|(?<=[。！？])[」』”’）]{0,2}"
)
_MARKUP = re.compile(r"'{2,}|</?[A-Za-z][^<>\n]{0,300}>|__[A-Z]{3,20}__|\[\[|\]\]")


@dataclass(slots=True)
class Line:
    """A line of wikitext, or a paragraph of HTML: the words that one reads."""

    depth: int = 0  # of a list's item: how many marks stand before it; 0: none
    is_topic: bool = False  # a heading, or a line in bold
    pieces: list[str] = field(default_factory=list)
    length: int = 0
    _ends: list[int] | None = None
    _text: str | None = None

    def add(self, text: str) -> None:
        """Add words, as one reads them."""
        self.pieces.append(text)
        self.length += len(text)

    @property
    def text(self) -> str:
        """The whole line, its blanks as they are."""
        if self._text is None or len(self._text) != self.length:
            self._text, self._ends = "".join(self.pieces), None
        return self._text

    def sentence_at(self, offset: int) -> str:
        """Return the sentence that stands at an offset or ends there; empty where none does."""
        text = self.text
        if self._ends is None:
            self._ends = [match.end() for match in _BOUNDARY.finditer(text)]
        last = offset - 1  # the last letter before the note tells whose sentence it is
        while last > max(0, offset - _BLANKS) and text[last : last + 1].isspace():
            last -= 1
        at = bisect_right(self._ends, max(0, last))
        start = self._ends[at - 1] if at else 0
        end = self._ends[at] if at < len(self._ends) else len(text)
        start = max(start, last - _BEFORE)  # lines without a full stop may be long
        return shorten(fold(text[start : min(end, start + _WINDOW)]), CONTEXT_LENGTH)


class Topics:
    """What the items of a day stand under: headings, lines in bold, items of which others are part.

    A line counts when it has ended.
    """

    def __init__(self) -> None:
        self._said: dict[int, str] = {}

    def note(self, line: Line) -> None:
        """Remember a line that ended as what deeper ones stand under."""
        text = fold(line.text)
        if text:
            depth = 0 if line.is_topic else line.depth
            self._said = {at: topic for at, topic in self._said.items() if at < depth}
            self._said[depth] = shorten(text, _TOPIC_LENGTH)

    def above(self, line: Line) -> tuple[str, ...]:
        """Return the topics of a line that has just begun, the widest first."""
        return tuple(topic for at, topic in sorted(self._said.items()) if at < line.depth)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is cited: a line, how far into it, and what it stands under."""

    line: Line
    offset: int
    topics: tuple[str, ...] = ()
    day: str | None = None  # of a page that shows several days: the one under which it stands

    def as_sentence(self) -> str:
        """Return the sentence that stands there."""
        return self.line.sentence_at(self.offset)

    def as_item(self) -> str:
        """Return the whole line with what it stands under: Topic › Story › sentence."""
        return " › ".join((*self.topics, shorten(fold(self.line.text), CONTEXT_LENGTH)))


def readable(text: str) -> str:
    """Return a piece of wikitext as one reads it: no emphasis, no tags, entities decoded."""
    return unescape(_MARKUP.sub("", text))


def quoted(context: str, quote: str) -> str | None:
    """Return the context of a citation, with the words that it quotes in quotation marks."""
    words = shorten(fold(readable(quote)).strip("\"“”„'«»「」 "), QUOTE_LENGTH)
    inner = words.replace("“", "‘").replace("”", "’")
    return " ".join(filter(None, (context, f"“{inner}”" if inner else ""))) or None

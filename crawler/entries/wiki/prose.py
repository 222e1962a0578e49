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


def readable(text: str) -> str:
    """Return a piece of wikitext as one reads it: no emphasis, no tags, entities decoded."""
    return unescape(_MARKUP.sub("", text))


def quoted(context: str, quote: str) -> str | None:
    """Return the context of a citation, with the words that it quotes in quotation marks."""
    words = shorten(fold(readable(quote)).strip("\"“”„'«»「」 "), QUOTE_LENGTH)
    inner = words.replace("“", "‘").replace("”", "’")
    return " ".join(filter(None, (context, f"“{inner}”" if inner else ""))) or None

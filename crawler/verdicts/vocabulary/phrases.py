"""Folding of texts, and lists of phrases that are looked for in folded texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_MARKS = re.compile(r"[\u0300-\u036f\u064b-\u0652]")  # accents; short vowels of Arabic
_NO_WORD = re.compile(r"[\W_]+")
# Words are not parted by blanks, or change at their ends: a phrase may stand inside of one.
_RUN_TOGETHER = frozenset({"zh", "ja", "ko", "ar"})
# What parts the name of a site from the title of a page.
_SEPARATORS = re.compile(r"\s[-–—|·•»«]+\s|[|»•·]|\s*[–—]\s*")


def fold(text: str) -> str:
    """Return a text as words in lower case without accents, parted and enclosed by one blank."""
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))
        text = unicodedata.normalize("NFC", text)  # syllables of Hangul stay whole
    return f" {_NO_WORD.sub(' ', text.lower()).strip()} "


def segments(line: str) -> list[str]:
    """Return a title as a whole and its parts between separators, folded."""
    parts = [part for part in _SEPARATORS.split(line) if part.strip()]
    return [fold(line), *(fold(part) for part in parts if len(parts) > 1)]


class Phrases:
    """A list of phrases, by language, folded for the search."""

    def __init__(self, by_language: Mapping[str, tuple[str, ...]]) -> None:
        written = {
            fold(phrase).strip() if language in _RUN_TOGETHER else fold(phrase): phrase
            for language, phrases in by_language.items()
            for phrase in phrases
        }
        self._written = dict(sorted(written.items(), key=lambda pair: (-len(pair[0]), pair[0])))
        self.languages = frozenset(by_language)

    def found_in(self, folded: str) -> tuple[str, ...]:
        """Return the phrases, as written in the list, that stand in a folded text, longest first.

        A phrase that is a part of another one found is left out.
        """
        found: dict[str, str] = {}
        for phrase, written in self._written.items():
            if phrase in folded and not any(phrase.strip() in longer for longer in found):
                found[phrase] = written
        return tuple(found.values())

    def first_in(self, folded: str) -> str | None:
        """Return the longest phrase that stands in a folded text, as written in the list."""
        return next((said for phrase, said in self._written.items() if phrase in folded), None)

    def without(self, folded: str) -> str:
        """Return what is left of a folded text when every phrase is taken out of it."""
        for phrase in self._written:
            if phrase in folded:
                folded = folded.replace(phrase, "  ")
        return " ".join(folded.split())

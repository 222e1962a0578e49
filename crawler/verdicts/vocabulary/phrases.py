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
    return f" {_NO_WORD.sub(' ', unaccented(text)).strip()} "


def unaccented(text: str) -> str:
    """Return a text in lower case without accents: a word that stands in it folded stands here."""
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))
        text = unicodedata.normalize("NFC", text)  # syllables of Hangul stay whole
    return text.lower()


def segments(line: str) -> list[str]:
    """Return a title as a whole and its parts between separators, folded."""
    parts = [part for part in _SEPARATORS.split(line) if part.strip()]
    return [fold(line), *(fold(part) for part in parts if len(parts) > 1)]


class Phrases:
    """A list of phrases, by language, folded for the search."""

    def __init__(self, by_language: Mapping[str, tuple[str, ...]]) -> None:
        self._written = {
            fold(phrase).strip() if language in _RUN_TOGETHER else fold(phrase): phrase
            for language, phrases in by_language.items()
            for phrase in phrases
        }
        self._by_first_word: dict[str, list[str]] = {}
        for phrase in self._written:
            first = phrase.split(None, 1)[0] if phrase.startswith(" ") else ""
            self._by_first_word.setdefault(first, []).append(phrase)
        self.languages = frozenset(by_language)

    def _present(self, folded: str) -> list[str]:
        """Return the phrases that stand in a folded text, the longest first.

        Only those are looked for whose first word is there; of a title that leaves hardly any.
        """
        words = set(folded.split())
        if not folded.isascii():
            words.add("")  # the phrases that may stand inside of a word
        index = self._by_first_word
        found = [
            phrase for word in words if word in index for phrase in index[word] if phrase in folded
        ]
        return sorted(found, key=lambda phrase: (-len(phrase), phrase))

    def found_in(self, folded: str) -> tuple[str, ...]:
        """Return the phrases, as written in the list, that stand in a folded text, longest first.

        A phrase that is a part of another one found is left out.
        """
        found: list[str] = []
        for phrase in self._present(folded):
            if not any(phrase.strip() in longer for longer in found):
                found.append(phrase)
        return tuple(self._written[phrase] for phrase in found)

    def first_in(self, folded: str) -> str | None:
        """Return the longest phrase that stands in a folded text, as written in the list."""
        present = self._present(folded)
        return self._written[present[0]] if present else None

    def without(self, folded: str) -> str:
        """Return what is left of a folded text when every phrase is taken out of it."""
        for phrase in self._present(folded):
            folded = folded.replace(phrase, "  ")
        return " ".join(folded.split())

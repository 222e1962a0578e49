"""The texts of articles as they are compared: when are two the same?"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from crawler.digests import digest_of

# Replaced one after the other, each over the whole text: 3 us for 6,000 characters, of which
# str.translate() asked a dictionary one by one (700 us). No replacement is itself replaced.
_FOLDED = {
    **dict.fromkeys("‘’‚‛′`´", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    # zero-width characters and the soft hyphen: invisible, and inserted by machines
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
}

# One visit asks for the same text several times: for the excerpt, its words, its digest, the copy.
# Short ones, such as names and sentences, are many, and would only drive the texts out.
LATELY_READ = 4
LONG = 500  # characters


def normalise_text(text: str) -> str:
    """Return a text as it is compared: NFKC, quotes and dashes unified, blanks folded."""
    return " ".join(_unified(text).split())


def lines_of(text: str) -> list[str]:
    """Return the lines of a text as they are compared: each normalised, empty ones left out."""
    return list(_lines_lately(text) if len(text) > LONG else _lines(text))


def raw_lines(text: str) -> list[str]:
    """Return the lines of a text with its characters as they are compared, but its own blanks."""
    return _unified(text).split("\n")


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for raw in raw_lines(text) if (line := " ".join(raw.split())))


_lines_lately = lru_cache(maxsize=LATELY_READ)(_lines)


def _unified(text: str) -> str:
    return _unified_lately(text) if len(text) > LONG else _unify(text)


def _unify(text: str) -> str:
    # Before NFKC, which makes a blank and an accent of ´; and after it, for what it unfolds.
    return _fold(unicodedata.normalize("NFKC", _fold(text)))


_unified_lately = lru_cache(maxsize=LATELY_READ)(_unify)


def _fold(text: str) -> str:
    for mark, plain in _FOLDED.items():
        if mark in text:
            text = text.replace(mark, plain)
    return text


# Chinese and Japanese do not part words by blanks: there each character counts as one, also
# beside a number or a Latin word, as in "5人".
CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{CJK}]|[^\W{CJK}](?:[^\W{CJK}]|['’-])*")

_UNPARTED = re.compile(rf"[{CJK}]")


# Words are counted by the kinds of characters: "w" of words, "-" for marks within, a blank between.
_ASCII = frozenset(map(chr, range(128)))
_MARK_BEFORE_WORD = re.compile(rb" -+w")
# Each further character is replaced over the whole text; a text with more of them is matched.
_FURTHER_MAX = 50


def _kind(char: str) -> str:
    return "w" if char.isalnum() or char == "_" else "-" if char in "'’-" else " "


_KINDS = bytes.maketrans(
    bytes(range(128)), "".join(_kind(chr(code)) for code in range(128)).encode()
)


def count_words(text: str) -> int:
    """Return the number of words of a text; of Chinese and Japanese that of characters."""
    further = set(text) - _ASCII
    if len(further) > _FURTHER_MAX or _UNPARTED.search("".join(further)):
        return len(_WORD.findall(text))
    for char in further:
        text = text.replace(char, _kind(char))
    # the same words in a third of the time: each begins after a blank, or after marks that do
    kinds = b" " + text.encode().translate(_KINDS)
    begun = kinds.count(b" w")
    return begun + len(_MARK_BEFORE_WORD.findall(kinds)) if b" -" in kinds else begun


def estimate_words(text: str) -> int:
    """Return about ``count_words`` of a text, in a tenth of the time.

    What the beginning shows to be parted by blanks is counted by its blanks.
    """
    return count_words(text) if is_unparted(text) else len(text.split())


def is_unparted(text: str) -> bool:
    """Return whether the beginning of a text has words that are not parted by blanks."""
    return _UNPARTED.search(text[:2000]) is not None


def words_in(line: str) -> tuple[str, ...]:
    """Return the same words as ``words_of`` of what is normalised already."""
    return tuple(_WORD.findall(line.casefold()))


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are compared: normalised, and without regard to case."""
    return _words_lately(text) if len(text) > LONG else _words(text)


def _words(text: str) -> tuple[str, ...]:
    return words_in(normalise_text(text))


_words_lately = lru_cache(maxsize=LATELY_READ)(_words)


def text_digest(text: str) -> str:
    """Return the labelled digest of the normalised text: equal digests, same version."""
    return _digest_lately(text) if len(text) > LONG else _digest(text)


def _digest(text: str) -> str:
    return digest_of(normalise_text(text).encode(errors="replace"))  # lone surrogates


_digest_lately = lru_cache(maxsize=LATELY_READ)(_digest)

"""Script and language of a text, as far as it matters whether two texts can be compared.

Only so much that an English summary of a Polish article is not held against the article. The
language is told by the commonest words; no library is worth its weight for that.
"""

from __future__ import annotations

import re
from collections import Counter

_SCRIPTS = {
    "latin": re.compile(r"[A-Za-z\u00c0-\u024f]"),
    "cyrillic": re.compile(r"[\u0400-\u04ff]"),
    "chinese": re.compile(r"[\u4e00-\u9fff]"),
    "japanese": re.compile(r"[\u3040-\u30ff]"),
    "hangul": re.compile(r"[\uac00-\ud7af]"),
    "arabic": re.compile(r"[\u0600-\u06ff]"),
    "greek": re.compile(r"[\u0370-\u03ff]"),
    "hebrew": re.compile(r"[\u0590-\u05ff]"),
    "devanagari": re.compile(r"[\u0900-\u097f]"),
    "thai": re.compile(r"[\u0e00-\u0e7f]"),
}
# The commonest words that few of the others share. November 2026, our own choice.
_COMMON = {
    "en": "the and of to that is was with for his are from have which by this at",
    "de": "der die und das ist den von mit dem nicht ein eine auf für sich auch wurde",
    "fr": "le les des et est dans une pour qui sur pas au ce sont avec ont été",
    "es": "el los las y una por con para del su fue como más pero sus este al",
    "pt": "os as uma com para não dos foi mais como pelo pela são ao seu sua em",
    "it": "il di che gli della per una con del sono alla nel più dei anche non",
    "nl": "de het een van en dat niet zijn voor met op aan ook bij werd naar door",
    "pl": "w i na się nie do że jest z przez po od dla oraz był jak które",
    "sv": "och att det som en på är av för med den till har inte om ett men",
    "tr": "ve bir bu için ile de da olarak olan çok daha gibi kadar sonra",
    "ru": "и в не на что с по как это из но он был для его от также",
    "uk": "і в не на що з та до як це його від але був для які також",
}
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_WORD = re.compile(r"\w+")
SAMPLE = 200  # words


def script_of(text: str) -> str:
    """Return the script that most letters of a text are of; Japanese where it has any kana."""
    sample = text[:1000]
    counts = {name: len(pattern.findall(sample)) for name, pattern in _SCRIPTS.items()}
    if counts["japanese"] > counts["chinese"] / 10 and counts["japanese"]:
        return "japanese"
    return max(counts, key=lambda name: counts[name])


def language_of(text: str) -> str | None:
    """Return the language that most of a text's common words are of; None: it cannot be told."""
    words = Counter(_WORD.findall(text.lower())[:SAMPLE])
    scores = {language: sum(words[word] for word in common) for language, common in _WORDS.items()}
    ranked = sorted(scores, key=lambda language: -scores[language])
    best, second = scores[ranked[0]], scores[ranked[1]]
    return ranked[0] if best >= 4 and best >= 1.5 * second else None


def differ(one: str | None, other: str | None) -> bool:
    """Return whether two languages are told, and are not the same."""
    return one is not None and other is not None and one != other

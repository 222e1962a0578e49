"""One item in words: a line that says what happened, and lines that show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from crawler.archive.queries.report import Item, Kind, Passage, Words
from crawler.reporting.plain import ELLIPSIS, count_of, plain, shorten

WORDS_SHOWN = 5  # words of a change, and passages, for each item
WORD_WIDTH = 60
PASSAGE_WIDTH = 120
PASSAGE_WORDS = 3
# Of these changes the words would be a list of whatever stood in what went; the length says more.
_BY_LENGTH = frozenset({"cut", "substantial", "drifted"})


def sentence_of(item: Item) -> str:
    """Return what happened, in one line."""
    return "; ".join(part for part in _parts(item) if part)


def lines_of(item: Item) -> list[str]:
    """Return the words that changed and the passages that did, a line each."""
    words = words_of(item.words) if item.code not in _BY_LENGTH else []
    return limited([*words, *map(passage_of, item.passages)], WORDS_SHOWN)


def words_of(words: Sequence[Words]) -> list[str]:
    """Return each pair of words as ``before → after``; ``+`` marks added, ``-`` removed ones."""
    return [_pair(before, after) for before, after in words]


def passage_of(passage: Passage) -> str:
    """Return a passage with what became of it; of a long one, the part with the first change."""
    if passage.wording is None:
        return f"no longer there: “{shorten(passage.exact, PASSAGE_WIDTH)}”"
    changed = ", ".join(limited(words_of(passage.words), PASSAGE_WORDS))
    exact = _around(plain(passage.exact), next((plain(old) for old, _ in passage.words if old), ""))
    return f"“{exact}”: {changed}" if changed else f"“{exact}”"


def _around(text: str, word: str) -> str:
    at = text.find(word)
    if at <= PASSAGE_WIDTH // 2:
        return shorten(text, PASSAGE_WIDTH)
    begin = text.rfind(" ", 0, at - PASSAGE_WIDTH // 2) + 1
    return ELLIPSIS + shorten(text[begin:], PASSAGE_WIDTH - 1)


def limited(lines: Sequence[str], limit: int) -> list[str]:
    """Return at most ``limit`` lines, and one that counts the others."""
    if len(lines) <= limit:
        return list(lines)
    return [*lines[:limit], f"and {len(lines) - limit:,} more"]


def _parts(item: Item) -> Iterator[str]:
    yield _head(item)
    if item.kind in ("vanished", "usurped", "drifted", "blocked"):
        yield from _evidence(item)
    if item.kind in ("vanished", "usurped", "blocked", "drifted", "failed"):
        yield f"a copy of {_day(item.held_at)} is held" if item.held_at else "no copy is held"


def _head(item: Item) -> str:
    """Return the first part: what it is, where the kind does not say it all."""
    heads: dict[Kind, str] = {
        "lost": count_of(len(item.passages), "cited passage"),
        "altered": count_of(len(item.passages), "cited passage"),
        "moved": f"now at {shorten(item.target or '', 200)}",
        "new": "first copy",
        "rescued": f"class {plain(item.code)}, {shorten(item.target or '', 200)}",
        "outage": f"{item.looks:,} of {count_of(item.of, 'source')} visited failed",
        "unreadable": shorten(item.code, 200),
    }
    return heads.get(item.kind) or _coded(item)


def _coded(item: Item) -> str:
    """Return the code with its reasons, and what the kind says already only once."""
    code = "" if item.code == item.kind else plain(item.code)
    if item.length and item.code in _BY_LENGTH:
        code += f", {item.length[0]:,} → {item.length[1]:,} words"
    reasons = ", ".join(plain(reason) for reason in item.reasons if reason != item.code)
    if not code:
        return reasons or plain(item.code)
    return f"{code} ({reasons})" if reasons else code


def _evidence(item: Item) -> Iterator[str]:
    if item.looks > 1:
        yield f"{item.looks} looks"
    if item.alive_at:
        yield f"last proven alive {_day(item.alive_at)}"
    if item.missing_at:
        yield f"first seen missing {_day(item.missing_at)}"


def _pair(before: str | None, after: str | None) -> str:
    if not before:
        return f"+ {_word(after)}"
    if not after:
        return f"- {_word(before)}"
    return f"{_word(before)} → {_word(after)}"


def _word(text: str | None) -> str:
    return shorten(text or "", WORD_WIDTH) or ELLIPSIS


def _day(instant: str | None) -> str:
    return (instant or "")[:10]


def tally(counts: Iterable[tuple[str, int]]) -> str:
    """Return ``3 new, 1 moved`` of what there is."""
    return ", ".join(f"{number:,} {name}" for name, number in counts if number)

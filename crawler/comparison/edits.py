"""The material tokens and fields that differ between two articles."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from crawler.comparison.change import Edit, EditKind
from crawler.comparison.interface import is_stamp, quieted
from crawler.comparison.notes import dateline_of, is_correction
from crawler.comparison.sentences import Alignment, Sentence, align, sentences_of
from crawler.comparison.texts import normalise_text, words_of
from crawler.comparison.tokens import Reading, Token, tokens_of
from crawler.items import Article

MAX_EDITS = 200  # of a change; who wants all of a re-written text wants its wording
MAX_TEXT = 300  # characters of an edit's side

_ORDERED: frozenset[EditKind] = frozenset({"number", "money", "percent", "date"})


@dataclass(slots=True)
class Edits:
    """What of the edits stands in sentences that were re-worded, and what came or went whole."""

    reworded: list[Edit] = field(default_factory=list)
    removed: list[Edit] = field(default_factory=list)
    added: list[Edit] = field(default_factory=list)
    moved: bool = False  # both have the same sentences, in another order

    @property
    def all(self) -> tuple[Edit, ...]:
        """All of them, the telling ones first."""
        return tuple((*self.reworded, *self.removed, *self.added)[:MAX_EDITS])


# ------------------------------------------------------------------ fields


def field_edits(before: Article, after: Article) -> tuple[Edit, ...]:
    """Return what differs in headline, byline and date. What one side does not tell is no edit."""
    edits: list[Edit] = []
    if before.title and after.title and not _same_headline(before, after):
        edits.append(Edit("headline", before.title, after.title))
    if before.author and after.author and _authors(before) != _authors(after):
        edits.append(Edit("byline", before.author, after.author))
    old, new = before.published_on, after.published_on
    if old and new and old != new:
        edits.append(Edit("stamp", old, new))
    return tuple(edits)


def _same_headline(before: Article, after: Article) -> bool:
    old, new = _headline(before), _headline(after)
    short, long = sorted((old, new), key=len)
    # "Harbour fund grows" and "Harbour fund grows - The Courier"
    return long[: len(short)] == short and sum(len(part) for part in long[len(short) :]) <= 4


def _headline(article: Article) -> list[tuple[str, ...]]:
    """Return the words of a headline, by its parts, without the site's name and counts before."""
    title = re.sub(r"^\(\d+\+?\) ", "", normalise_text(article.title or ""))
    site = words_of(article.site or "")
    parts = [words_of(part) for part in re.split(r" (?:[|·•:»]|-|::) ", title)]
    return [part for part in parts if part and part != site] or [words_of(title)]


def _authors(article: Article) -> frozenset[str]:
    names = re.split(r"[;,/&]| and | und | et | y ", normalise_text(article.author or ""))
    return frozenset(
        " ".join(words_of(name.strip().removeprefix("By ").removeprefix("by "))) for name in names
    ) - {""}


# ------------------------------------------------------------------ lines and tokens


def dateline_edits(before: list[str], after: list[str]) -> tuple[Edit, ...]:
    """Return the edit of the dateline between the lines of two texts, if both have one."""
    old, new = dateline_of(before), dateline_of(after)
    return (Edit("dateline", old, new),) if old and new and old != new else ()


def _line_edits(removed: list[str], added: list[str]) -> Iterator[Edit]:
    """Give what differs in whole lines: notes of correction and stamps."""
    notes = (list(filter(is_correction, lines)) for lines in (removed, added))
    yield from _zipped("correction", *notes)
    stamps = (list(filter(is_stamp, lines)) for lines in (removed, added))
    yield from _zipped("stamp", *stamps)


def edits_between(removed: list[str], added: list[str], reading: Reading) -> Edits:
    """Return the edits between lines of the one article and of the other, both normalised."""
    edits = Edits(reworded=list(_line_edits(removed, added)))
    alignment = align(sentences_of(_telling(removed)), sentences_of(_telling(added)))
    edits.moved = not (alignment.reworded or alignment.removed or alignment.added)
    _add_tokens(edits, alignment, reading)
    return edits


def _telling(lines: Iterable[str]) -> Iterator[str]:
    """Give lines without stamps, counters and ages."""
    for line in lines:
        if not is_stamp(line) and (bare := quieted(line)):
            yield bare


def _add_tokens(edits: Edits, alignment: Alignment, reading: Reading) -> None:
    gone = [(sentence, _all_tokens(sentence, reading)) for sentence in alignment.removed]
    come = [(sentence, _all_tokens(sentence, reading)) for sentence in alignment.added]
    # A sentence that was split or joined finds its other half among those that came or went.
    spare_gone, spare_come = _counted(gone), _counted(come)
    for old, new in alignment.reworded:
        edits.reworded += _pair_edits(old, new, reading, spare_gone, spare_come)
    for sentence, tokens in gone:
        left = [token for token in tokens if _taken(spare_gone, token)]
        edits.removed += _by_kind(_merged(left, sentence.text), [])
    for sentence, tokens in come:
        left = [token for token in tokens if _taken(spare_come, token)]
        edits.added += _by_kind([], _merged(left, sentence.text))


Read = tuple[Sentence, list[Token]]
Spare = Counter[tuple[EditKind, str]]


def _counted(sentences: list[Read]) -> Spare:
    return Counter((token.kind, token.key) for _, tokens in sentences for token in tokens)


def _all_tokens(sentence: Sentence, reading: Reading) -> list[Token]:
    quotations = [
        Token("quotation", " ".join(words_of(quoted)), quoted, sentence.text.find(quoted))
        for quoted in sentence.quoted
    ]
    return quotations + tokens_of(sentence.text, reading, listed=sentence.listed)


def _pair_edits(
    old: Sentence, new: Sentence, reading: Reading, spare_gone: Spare, spare_come: Spare
) -> Iterator[Edit]:
    """Give the edits of a sentence that was re-worded."""
    before, after = _all_tokens(old, reading), _all_tokens(new, reading)
    lost, won = _surplus(before, after), _surplus(after, before)
    lost = [token for token in lost if not _taken(spare_come, token)]
    won = [token for token in won if not _taken(spare_gone, token)]
    yield from _by_kind(_merged(lost, old.text), _merged(won, new.text))
    yield from _turned(old.text, new.text)
    if not lost and not won:
        yield from _swapped(before, after, old.text, new.text)


def _surplus(tokens: list[Token], others: list[Token]) -> list[Token]:
    left = Counter((token.kind, token.key) for token in others)
    found = []
    for token in tokens:
        if left[token.kind, token.key] > 0:
            left[token.kind, token.key] -= 1
        else:
            found.append(token)
    return found


def _taken(spare: Spare, token: Token) -> bool:
    """Return whether a token stands in a sentence that came or went; it is used up by that."""
    if spare[token.kind, token.key] > 0:
        spare[token.kind, token.key] -= 1
        return True
    return False


def _merged(tokens: list[Token], sentence: str) -> list[Token]:
    """Return tokens with the words of one name joined."""
    found: list[Token] = []
    for token in tokens:
        last = found[-1] if found else None
        if last and last.kind == token.kind == "name":
            between = sentence[last.start + len(last.text) : token.start]
            if between == " ":
                text = f"{last.text} {token.text}"
                found[-1] = Token("name", f"{last.key} {token.key}", text, last.start)
                continue
        found.append(token)
    return found


def _by_kind(lost: list[Token], won: list[Token]) -> Iterator[Edit]:
    sides: dict[EditKind, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for side, tokens in enumerate((lost, won)):
        for token in tokens:
            sides[token.kind][side].append(token.text)
    for kind, (old, new) in sides.items():
        yield from _zipped(kind, old, new)


def _zipped(kind: EditKind, old: list[str], new: list[str]) -> Iterator[Edit]:
    for at in range(max(len(old), len(new))):
        before = old[at][:MAX_TEXT] if at < len(old) else None
        after = new[at][:MAX_TEXT] if at < len(new) else None
        if before != after:
            yield Edit(kind, before, after)


# Not "a" and "an", which make around of round, other of another: far oftener no contrary.
_TURNING = ("un", "in", "im", "il", "ir", "dis", "non", "non-")


def _turned(old: str, new: str) -> Iterator[Edit]:
    """Give the words that a syllable before them turned into their contrary, or back."""
    before, after = set(words_of(old)), set(words_of(new))
    for word in sorted(before ^ after):
        for syllable in _TURNING:
            plain = word[len(syllable) :]
            if len(plain) < 4 or not word.startswith(syllable):
                continue
            if word in after and plain in before - after:
                yield Edit("negation", plain, word)
            elif word in before and plain in after - before:
                yield Edit("negation", word, plain)


def _swapped(before: list[Token], after: list[Token], old: str, new: str) -> Iterator[Edit]:
    """Give the tokens that changed places, where nothing else in a sentence did.

    Numbers and dates also where the words after them tell that they are others' now.
    """
    same_rest = _without(old, before) == _without(new, after)
    for token, other in zip(before, after, strict=False):
        if same_rest and token.kind == other.kind and token.key != other.key:
            yield Edit(token.kind, token.text[:MAX_TEXT], other.text[:MAX_TEXT])
    if not same_rest:
        yield from _exchanged(before, after, old, new)


def _exchanged(before: list[Token], after: list[Token], old: str, new: str) -> Iterator[Edit]:
    mine, theirs = _followed(before, old), _followed(after, new)
    for word, token in mine.items():
        other = theirs.get(word)
        if other is not None and other.key != token.key and len(mine) > 1:
            yield Edit(token.kind, token.text, other.text)


def _followed(tokens: list[Token], sentence: str) -> dict[str, Token]:
    """Return each number by the word that follows it, where just one has this word."""
    found: dict[str, list[Token]] = defaultdict(list)
    for token in tokens:
        if token.kind in _ORDERED:
            rest = words_of(sentence[token.start + len(token.text) :][:60])
            if rest:
                found[rest[0]].append(token)
    return {word: tokens[0] for word, tokens in found.items() if len(tokens) == 1}


def _without(sentence: str, tokens: list[Token]) -> tuple[str, ...]:
    """Return the words of a sentence that are no tokens."""
    pieces, at = [], 0
    for token in tokens:
        if token.kind != "quotation":
            pieces.append(sentence[at : token.start])
            at = token.start + len(token.text)
    return words_of(" # ".join((*pieces, sentence[at:])))

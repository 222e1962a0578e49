"""Finding the pieces of a passage in a text, word for word or nearly so.

Most pieces stand verbatim, which one search for a string tells. For the others, runs of three
words that piece and text share (shingles) show where to look, and only there, in a stretch little
longer than the piece, are the words aligned (difflib).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from crawler.passages.words import Reading, ends_sentence, quoted

RUN = 3  # words of a shingle
# Up to this many words, a piece of which no shingle is left may still be the same by 0.85 of its
# characters; then single words show where to look. In a longer one a shingle is always left.
FEW = 12
PAIRED = 3  # words on either side, up to which a replaced word is compared letter by letter

Hits = list[tuple[int, int]]  # (where in the text, where in the piece)


@dataclass(frozen=True, slots=True)
class Rewording:
    """Words of a passage that are others now."""

    before: str  # "" when words were added
    after: str  # "" when words were removed


@dataclass(frozen=True, slots=True)
class Match:
    """Where a piece of a passage stands in a text, and how well."""

    start: int  # words of the text
    end: int
    alike: float  # characters of the piece that stand there, blanks included
    length: int  # characters of the text between start and end
    changed: tuple[Rewording, ...] = ()


def find_pieces(pieces: Sequence[list[str]], text: Reading) -> list[Match | None]:
    """Return for each piece where it stands in the text; None where nothing is like it."""
    found = [_verbatim(piece, text) for piece in pieces]
    missing = {number: pieces[number] for number, match in enumerate(found) if match is None}
    if missing:
        for number, hits in _places(missing, text).items():
            found[number] = _aligned(missing[number], text, hits)
    return found


def length_of(words: Iterable[str]) -> int:
    """Return the number of characters of words, each with one blank."""
    return sum(len(word) + 1 for word in words)


def _verbatim(piece: list[str], text: Reading) -> Match | None:
    start = text.find(piece)
    if start is None:
        return None
    length = length_of(piece)
    return Match(start, start + len(piece), length, length)


def _places(pieces: dict[int, list[str]], text: Reading) -> dict[int, Hits]:
    """Return where shingles of pieces stand in the text, or words of short ones without any."""
    words = [word.lower() for word in text.words]
    lowered = {number: [word.lower() for word in piece] for number, piece in pieces.items()}
    hits = _shared(lowered, words, RUN)
    few = {
        number: piece
        for number, piece in lowered.items()
        if number not in hits and len(piece) <= FEW
    }
    return hits | _shared(few, words, 1)


def _shared(pieces: dict[int, list[str]], words: list[str], run: int) -> dict[int, Hits]:
    wanted: defaultdict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    for number, piece in pieces.items():
        for at, shingle in enumerate(_shingles(piece, run)):
            wanted[shingle].append((number, at))
    hits: defaultdict[int, Hits] = defaultdict(list)
    for where, shingle in enumerate(_shingles(words, run)):
        if shingle in wanted:
            for number, at in wanted[shingle]:
                hits[number].append((where, at))
    return hits


def _shingles(words: list[str], run: int) -> Iterable[tuple[str, ...]]:
    return zip(*(words[shift:] for shift in range(run)), strict=False)


def _aligned(piece: list[str], text: Reading, hits: Hits) -> Match | None:
    """Return how a piece stands where most of its shingles do."""
    slack = max(RUN, len(piece) // 4)
    first, last = _densest(sorted(where - at for where, at in hits), slack)
    begin = max(0, first - slack)
    stretch = text.words[begin : last + len(piece) + slack]
    blocks = _worthwhile(
        [
            (block.a, block.b, block.size)
            for block in SequenceMatcher(None, piece, stretch, autojunk=False).get_matching_blocks()
            if block.size
        ],
        len(piece),
    )
    if not blocks:  # they are equal but for capitals
        return None
    start, end = _window(blocks, len(piece), text, begin)
    return _measured(piece, text.words[start:end], start)


def _densest(shifts: list[int], slack: int) -> tuple[int, int]:
    """Return the first and last of the most shifts that lie within ``slack`` of each other."""
    best, low = (0, 0), 0
    for high in range(len(shifts)):
        while shifts[high] - shifts[low] > slack:
            low += 1
        if high - low > best[1] - best[0]:
            best = low, high
    return shifts[best[0]], shifts[best[1]]


Block = tuple[int, int, int]  # first word in the piece, first word in the stretch, number of words


def _worthwhile(blocks: list[Block], words: int) -> list[Block]:
    """Return equal blocks without those at the edges that lengthen the window more than they add.

    A common word far away would else drag half the next sentence in.
    """
    while len(blocks) > 1:
        best = max((blocks, blocks[1:], blocks[:-1]), key=lambda some: _ratio(some, words))
        if best is blocks:
            break
        blocks = best
    return blocks


def _ratio(blocks: list[Block], words: int) -> float:
    window = blocks[-1][1] + blocks[-1][2] - blocks[0][1]
    return sum(size for _, _, size in blocks) / (words + window)


def _window(blocks: list[Block], words: int, text: Reading, begin: int) -> tuple[int, int]:
    """Return the words of the text that a piece became, those for its changed ends included.

    As many as are missing at an end are taken from beyond the equal blocks, but none of the
    sentences before and after.
    """
    start, missing = begin + blocks[0][1], blocks[0][0]
    while missing and not text.begins_line(start) and not _closes(text.tokens[start - 1]):
        start, missing = start - 1, missing - 1
    end = begin + blocks[-1][1] + blocks[-1][2]
    missing = words - blocks[-1][0] - blocks[-1][2]
    while missing and not text.begins_line(end) and not _closes(text.tokens[end - 1]):
        end, missing = end + 1, missing - 1
    return start, end


def _closes(token: str) -> bool:
    """Return whether what follows is not of this sentence: an end, a dateline's dash, a colon."""
    return token.endswith((" -", ":")) or ends_sentence(token)


def _measured(piece: list[str], window: list[str], start: int) -> Match:
    """Return a match with the share that stands, and the words that are others."""
    alike = 0.0
    changed: list[Rewording] = []
    for tag, a, b, c, d in SequenceMatcher(None, piece, window, autojunk=False).get_opcodes():
        if tag == "equal":
            alike += length_of(piece[a:b])
            continue
        alike += _letters(piece[a:b], window[c:d])
        changed.append(Rewording(quoted(piece[a:b]), quoted(window[c:d])))
    return Match(start, start + len(window), alike, length_of(window), tuple(changed))


def _letters(before: list[str], after: list[str]) -> float:
    """Return the characters that stand in both of two short rows of words, in order."""
    if not 0 < len(before) <= PAIRED or not 0 < len(after) <= PAIRED:
        return 0.0
    texts = " ".join(before) + " ", " ".join(after) + " "
    matcher = SequenceMatcher(None, *texts, autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks())

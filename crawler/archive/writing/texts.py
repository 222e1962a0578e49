"""Texts: each title and text once, a later text of a source as edits of an earlier one.

Versions of a page mostly share all but a few paragraphs. A text that does is held as what it takes
over from another one and what it adds; the view ``texts`` puts it together, so that every reader of
the file sees it whole. What others are edits of is itself held whole.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from itertools import accumulate

from crawler.archive.connection import Connection
from crawler.comparison.sequences import Budget, matches
from crawler.digests import digest_of_text

SHORTEST = 500  # characters: a shorter text is not worth the reading of another
WORTH = 0.5  # of the text: else it is held whole, and is the better base for what follows
COPIED_MIN = 12  # characters: a place and a length take as many
# To put a text together SQLite counts the characters of the base from its beginning for each piece,
# and the values of the edits likewise: so much of it takes 25 ms, where real versions take one.
PIECES_MAX, STEPPED_MAX = 500, 40_000_000
PAIRS_MAX = 200_000  # of lines that may be compared where none is alike on both sides: 0.1 s

# The texts from which a new one may differ little: the first and the latest of its source.
_NEAR = """
SELECT coalesce(t.base, t.id) AS id FROM captures c
JOIN extractions x ON x.payload = c.payload JOIN stored_texts t ON t.id = x.text
WHERE c.source = ? ORDER BY c.captured_at {order} LIMIT 1
"""
_FIRST, _LATEST = _NEAR.format(order="ASC"), _NEAR.format(order="DESC")


class Texts:
    """The texts of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, title: str | None, text: str | None, payload: str) -> int | None:
        """Return the row of a title and text, made unless it is there; None: neither was found.

        ``payload`` is what they were found in. Runs inside the caller's ``writing`` block.
        """
        if title is None and text is None:
            return None
        sql, digest = self._connection.sql, digest_of_text(title, text)
        known = sql.execute("SELECT id FROM stored_texts WHERE digest = ?", (digest,)).fetchone()
        if known:
            return int(known["id"])
        base, edits = self._shortest(text, payload) if text else (None, None)
        cursor = sql.execute(
            "INSERT INTO stored_texts (digest, title, text, base, edits) VALUES (?, ?, ?, ?, ?)",
            (digest, title, None if edits else text, base, edits),
        )
        return cursor.lastrowid

    def drop(self, row: int) -> None:
        """Let go of a text that was found in no other payload."""
        sql = self._connection.sql
        if sql.execute("SELECT 1 FROM extractions WHERE text = ? LIMIT 1", (row,)).fetchone():
            return
        sql.execute(
            "UPDATE stored_texts SET base = NULL, edits = NULL,"
            " text = (SELECT t.text FROM texts t WHERE t.id = stored_texts.id) WHERE base = ?",
            (row,),
        )
        sql.execute("DELETE FROM stored_texts WHERE id = ?", (row,))

    def _shortest(self, text: str, payload: str) -> tuple[int | None, str | None]:
        """Return the base and the edits as which a text is best held; None twice: whole."""
        if len(text) < SHORTEST:
            return None, None
        found = ((base["id"], edits_of(text, base["text"])) for base in self._bases(payload))
        held = [(base, edits) for base, edits in found if edits is not None]
        return min(held, key=lambda each: len(each[1]), default=(None, None))

    def _bases(self, payload: str) -> list[sqlite3.Row]:
        """Return the texts of the same source that a new one may be held as edits of."""
        sql = self._connection.sql
        shown = sql.execute(
            "SELECT source FROM captures WHERE payload = ? AND source IS NOT NULL LIMIT 1",
            (payload,),
        ).fetchone()
        first = sql.execute(_FIRST, (shown["source"],)).fetchone() if shown else None
        if first is None:
            return []
        near = {first["id"], sql.execute(_LATEST, (shown["source"],)).fetchone()["id"]}
        return [
            row
            for base in sorted(near)
            for row in sql.execute(
                "SELECT id, text FROM stored_texts WHERE id = ? AND text IS NOT NULL", (base,)
            )
        ]


def edits_of(text: str, base: str) -> str | None:
    """Return a text as edits of a base, JSON; None: better whole.

    A flat list of triples: a place in the base, counted in characters from 1, how many are taken
    over from there, and the words that follow them.
    """
    pieces: list[tuple[int, int, str]] = []
    for start, length, words in _pieces(text, base):
        if pieces and not pieces[-1][2] and sum(pieces[-1][:2]) == start:
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + length, words)
        elif length or words:
            pieces.append((start, length, words))
    if len(pieces) > PIECES_MAX or len(pieces) * len(base) > STEPPED_MAX:
        return None
    flat = [value for piece in pieces for value in piece]
    edits = json.dumps(flat, ensure_ascii=False, separators=(",", ":"))
    return edits if len(edits.encode()) < WORTH * len(text.encode()) else None


def _pieces(text: str, base: str) -> Iterator[tuple[int, int, str]]:
    """Yield what a text takes over and adds, in order, by lines and then by what is around them."""
    before, after = base.splitlines(keepends=True), text.splitlines(keepends=True)
    from_base = [0, *accumulate(map(len, before))]
    from_text = [0, *accumulate(map(len, after))]
    a = b = 0
    for at, there, size in (
        *matches(before, after, Budget(PAIRS_MAX)),
        (len(before), len(after), 0),
    ):
        old = base[from_base[a] : from_base[at]]
        new = text[from_text[b] : from_text[there]]
        begun = _shared(old, new)
        ended = _shared(old[begun:][::-1], new[begun:][::-1])
        yield from_base[a] + 1, begun, new[begun : len(new) - ended]
        yield from_base[at] - ended + 1, ended, ""
        a, b = at + size, there + size
        yield from_base[at] + 1, from_base[a] - from_base[at], ""


def _shared(one: str, other: str) -> int:
    """Return how many characters two strings begin with alike; 0 when they are hardly any."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low if low >= COPIED_MIN else 0

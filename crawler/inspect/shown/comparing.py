"""Two snapshots side by side: which words went, which came, and how much stayed."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.archive import Archive, Row
from crawler.comparison.change import Measures
from crawler.comparison.measures import measure
from crawler.comparison.showing import Shown, paragraphs_of
from crawler.comparison.wording import Piece, wording_of

CHOICES_SHOWN = 200  # snapshots of the source, the latest

_SIDE = """
SELECT n.id, n.captured_at, n.source, n.title, n.source_url, n.captured_url, n.outcome, n.words,
  n.article_status, n.payload, n.withheld, n.text,
  (SELECT s.title FROM sources s WHERE s.id = n.source) AS source_title
FROM snapshots n WHERE n.id = ?
"""
_CHOICES = """
SELECT c.id, c.captured_at, c.record_type, coalesce(o.outcome, f.outcome) AS outcome
FROM captures c JOIN fetches f ON f.id = c.fetch LEFT JOIN outcomes o ON o.fetch = f.id
WHERE c.source = ? AND coalesce(o.outcome, f.outcome) IN ('live', 'live-unverified', 'moved')
ORDER BY c.captured_at DESC, c.id DESC LIMIT ?
"""
_CHANGE = "SELECT * FROM changed WHERE before = ? AND after = ?"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two snapshots, and what differs."""

    before: Row
    after: Row
    shown: list[Shown]  # paragraphs, and notes on what is left out; empty when a text is missing
    measures: Measures | None  # None: a text is missing
    is_same: bool  # not a word differs
    is_coarse: bool  # some passages were too long to be compared word by word


@dataclass(frozen=True, slots=True)
class ComparePage:
    """What the page of a comparison tells."""

    compared: Compared | None  # None: one of the two was not found, or none was asked for
    missing: tuple[str, ...]  # what was asked for and is not there
    choices: list[Row]  # good snapshots of the source, to choose others from
    change: Row | None  # what was concluded of just these two; None: nothing


def read_comparison(archive: Archive, a: int, b: int) -> ComparePage:
    """Return two snapshots side by side, the earlier one as the one before; 0 asks for none."""
    sides = [_side(archive, capture) for capture in (a, b)]
    found = [side for side in sides if side is not None]
    missing = tuple(str(n) for n, side in zip((a, b), sides, strict=True) if side is None and n)
    choices = _choices(archive, found[0]["source"]) if found else []
    if len(found) < 2:
        return ComparePage(None, missing, choices, None)
    before, after = sorted(found, key=lambda side: (side["captured_at"], side["id"]))
    change = archive.connection.sql.execute(_CHANGE, (before["id"], after["id"])).fetchone()
    return ComparePage(compare_sides(before, after), missing, choices, change)


def compare_captures(archive: Archive, before: int, after: int, *, most: int) -> Compared | None:
    """Return two captures side by side; None when one has no text, or more words than ``most``."""
    sides = [_side(archive, capture) for capture in (before, after)]
    if any(side is None or not side["text"] or side["words"] > most for side in sides):
        return None
    return compare_sides(*(side for side in sides if side is not None))


def compare_sides(before: Row, after: Row) -> Compared:
    """Return what differs between the texts of two snapshots."""
    old, new = before["text"], after["text"]
    if not old or not new:
        return Compared(before, after, [], None, False, False)
    wording = wording_of(old, new)
    return Compared(
        before, after, paragraphs_of(wording), measure(old, new),
        is_same=not wording.is_changed, is_coarse=wording.is_coarse,
    )  # fmt: skip


def pieces_of(passage: Row) -> list[Piece]:
    """Return a cited passage with the words that differ now; empty when none are known to."""
    before, after = passage["passage"], passage["wording_now"]
    if not before or not after:
        return []
    shown = paragraphs_of(wording_of(before, after))
    return [piece for line in shown if not isinstance(line, str) for piece in line]


def _side(archive: Archive, capture: int) -> Row | None:
    row: Row | None = archive.connection.sql.execute(_SIDE, (capture,)).fetchone()
    return row


def _choices(archive: Archive, source: int) -> list[Row]:
    return archive.connection.sql.execute(_CHOICES, (source, CHOICES_SHOWN)).fetchall()

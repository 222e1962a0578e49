"""Search over all versions: which source said it, in which words, from when to when.

Words are looked for in the full-text index (FTS5), in any of their forms. What has a sign of its
syntax is tried as an expression first. Chinese and Japanese do not part words by blanks, and the
index has whole runs of them only: such words are looked for in the texts themselves.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from crawler.archive import Archive, Row
from crawler.comparison.texts import CJK
from crawler.errors import UsageError
from crawler.inspect.shown.elsewhere import followable

PER_PAGE = 20
PAGES = 50  # what comes after so many is not looked at by a person, and takes long to reach
SOURCES_SHOWN = 10
LONGEST = 500  # characters of a question
# To choose a passage takes FTS5 as long as the square of the words, and it cannot be interrupted:
# on 450 real articles 20 words of the commonest took 1.5 s, 100 took 32 s (2026-11-22).
WORDS_MAX = 20
_OPEN, _CLOSE = "\ue000", "\ue001"  # private characters, which no text has a use for
_AROUND = 70  # characters on either side of what was found by looking through the texts

_IDEOGRAPHS = re.compile(f"[{CJK}]")
_WORD = re.compile(r"\w+")
_SYNTAX = re.compile(r"[\"*^()]|\b(?:AND|OR|NOT|NEAR)\b|\b(?:title|text)\s*:")

_HIT = """
SELECT v.source AS source, v.number AS number, v.capture AS capture, v.first_seen_at,
  v.last_seen_at, s.title AS title, s.url AS url, s.verdict AS verdict, s.version = v.id AS is_now,
  {found} AS found
FROM {texts}
JOIN extractions x ON x.text = {row}
JOIN versions v ON v.article = x.id
JOIN sources s ON s.id = v.source
WHERE {condition} AND s.withheld IS NULL
ORDER BY {order} LIMIT :limit OFFSET :offset
"""
_INDEXED = _HIT.format(
    found=f"snippet(texts_fts, 1, '{_OPEN}', '{_CLOSE}', ' … ', 32)",
    texts="texts_fts", row="texts_fts.rowid", condition="texts_fts MATCH :words",
    order="texts_fts.rank",
)  # fmt: skip
_LOOKED_THROUGH = _HIT.format(
    found="substr(t.text, max(1, instr(t.text, :words) - :around), 2 * :around + length(:words))",
    texts="texts t", row="t.id", condition="instr(t.text, :words)", order="t.id DESC",
)  # fmt: skip
_SOURCES = """
SELECT id, title, url, verdict, good_capture IS NOT NULL AS held FROM sources
WHERE instr(lower(url), lower(:words)) OR instr(lower(title), lower(:words))
  OR id IN (SELECT source FROM source_spellings WHERE url = :words)
ORDER BY url = :words DESC, id LIMIT :limit
"""

Pieces = list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Hit:
    """A version that has the words."""

    row: Row
    passage: Pieces  # text, and whether it is what was looked for


@dataclass(frozen=True, slots=True)
class Search:
    """What was found."""

    words: str
    sources: list[Row]  # whose address or title has the words
    hits: list[Hit]
    page: int
    has_more: bool
    note: str = ""  # how the question was understood, where it is not plain


def search(archive: Archive, words: str, page: int = 1) -> Search:
    """Return a page of the versions that have these words, the most telling first."""
    words = words[:LONGEST]
    page = min(max(page, 1), PAGES)
    if not words:
        return Search("", [], [], 1, has_more=False)
    place = {"limit": PER_PAGE + 1, "offset": (page - 1) * PER_PAGE}
    rows, note = _rows(archive.connection.sql, words, place)
    hits = [Hit(row, _marked(row["found"] or "", words)) for row in rows[:PER_PAGE]]
    more = len(rows) > PER_PAGE
    if more and page == PAGES:
        note = "There is more than is listed; ask for something rarer."
    return Search(
        words, _sources(archive, words) if page == 1 else [], hits, page,
        has_more=more and page < PAGES, note=note,
    )  # fmt: skip


def _rows(sql: sqlite3.Connection, words: str, place: Mapping[str, int]) -> tuple[list[Row], str]:
    """Return the rows that were found, and how the question was understood."""
    if _IDEOGRAPHS.search(words):
        asked = {**place, "words": words, "around": _AROUND}
        return sql.execute(_LOOKED_THROUGH, asked).fetchall(), ""
    if _SYNTAX.search(words) and len(_WORD.findall(words)) <= WORDS_MAX:
        try:
            return sql.execute(_INDEXED, {**place, "words": words}).fetchall(), ""
        except sqlite3.OperationalError as exc:
            if "interrupted" in str(exc):
                raise
            note = (
                f"That is no search expression ({exc}), so it was looked for as plain words."
                ' Expressions: "words in a row", begin*, this AND that, this NOT that.'
            )
            return _plain_rows(sql, words, place, note)
    return _plain_rows(sql, words, place, "")


def _plain_rows(
    sql: sqlite3.Connection, words: str, place: Mapping[str, int], note: str
) -> tuple[list[Row], str]:
    """Return the rows that have all of the words, whatever else stands between these."""
    plain = list(dict.fromkeys(word.casefold() for word in _WORD.findall(words)))
    if not plain:
        return [], "There is no word in it to look for."
    if len(plain) > WORDS_MAX:
        note = f"The first {WORDS_MAX} words of it were looked for."
    quoted = " ".join(f'"{word}"' for word in plain[:WORDS_MAX])
    return sql.execute(_INDEXED, {**place, "words": quoted}).fetchall(), note


def _sources(archive: Archive, words: str) -> list[Row]:
    """Return the sources whose address or title has the words; by an address, any spelling's."""
    if followable(words):
        with suppress(UsageError):  # none or several: then what there is, is listed
            words = archive.reading.source(words)["url"]
    asked = {"words": words, "limit": SOURCES_SHOWN}
    return archive.connection.sql.execute(_SOURCES, asked).fetchall()


def _marked(passage: str, words: str) -> Pieces:
    """Return a passage in pieces, those that were looked for marked."""
    if _OPEN not in passage:  # it was looked through, not indexed; or the title has the words
        passage = passage.replace(words, f"{_OPEN}{words}{_CLOSE}")
    pieces: Pieces = []
    for number, part in enumerate(re.split(f"[{_OPEN}{_CLOSE}]", passage)):
        if part:
            pieces.append((part, bool(number % 2)))
    return pieces

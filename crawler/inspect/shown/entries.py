"""The list of entries, those that lost a source first, then those that lost a cited passage."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.archive import Archive, Row

PER_PAGE = 50

# What was lost is few, and found by indexes; only the rows of one page are counted for. A passage
# can be lost only where a text has changed.
_LOSERS = """
WITH losers AS (
  SELECT id, sum(is_gone) AS lost, sum(NOT is_gone) AS unsupported FROM (
    SELECT k.entry AS id, 1 AS is_gone FROM sources s
    JOIN citations k ON k.source = s.id AND k.removed_at IS NULL
    WHERE s.verdict IN ('vanished', 'usurped', 'drifted')
    UNION ALL
    SELECT DISTINCT k.entry, 0 FROM (SELECT DISTINCT source FROM changes) h
    JOIN sources s ON s.id = h.source
    JOIN standings t ON t.version = s.version AND t.standing = 'support-lost'
    JOIN anchors n ON n.id = t.anchor
    JOIN citations k ON k.id = n.citation AND k.removed_at IS NULL)
  GROUP BY id)
"""
_CHOSEN = """
FROM entries e LEFT JOIN losers l ON l.id = e.id
WHERE (:words = '' OR instr(lower(e.title), lower(:words))
    OR instr(lower(coalesce(e.topic, '')), lower(:words)) OR e.date = :words)
  AND (:only = '' OR l.id IS NOT NULL)
"""
_ORDER = "lost > 0 DESC, unsupported > 0 DESC, date DESC, id DESC"
_PAGE = f"""{_LOSERS}
SELECT p.*,
  (SELECT count(*) FROM citations k WHERE k.entry = p.id AND k.removed_at IS NULL
    AND k.role IN ('source', 'archive-of')) AS citations,
  (SELECT count(s.good_capture) FROM citations k JOIN sources s ON s.id = k.source
    WHERE k.entry = p.id AND k.removed_at IS NULL AND k.role IN ('source', 'archive-of')) AS held,
  (SELECT count(*) FROM citations k JOIN sources s ON s.id = k.source
    WHERE k.entry = p.id AND k.removed_at IS NULL AND s.changes > 0) AS changed
FROM (SELECT * FROM (SELECT e.id, e.date, e.title, e.topic, coalesce(l.lost, 0) AS lost,
      coalesce(l.unsupported, 0) AS unsupported {_CHOSEN})
  ORDER BY {_ORDER} LIMIT :limit OFFSET :offset) p
ORDER BY {_ORDER}
"""
_COUNTS = f"{_LOSERS} SELECT count(*) AS entries, count(l.id) AS lost {_CHOSEN}"


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list."""

    rows: list[Row]
    entries: int  # that fit, on all pages
    lost: int  # of these, how many lost a source or a cited passage
    page: int
    pages: int


def read_entries(archive: Archive, *, words: str = "", only: str = "", page: int = 1) -> Listing:
    """Return a page of the entries whose title, topic or date fits; ``only``: those that lost one.

    A page beyond the last is the last.
    """
    asked: dict[str, object] = {"words": words, "only": only}
    counts = archive.connection.sql.execute(_COUNTS, asked).fetchone()
    pages = max(1, -(-counts["entries"] // PER_PAGE))
    page = min(max(page, 1), pages)
    place = {"limit": PER_PAGE, "offset": (page - 1) * PER_PAGE}
    rows = archive.connection.sql.execute(_PAGE, {**asked, **place}).fetchall()
    return Listing(rows, counts["entries"], counts["lost"], page, pages)

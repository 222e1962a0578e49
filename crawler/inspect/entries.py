"""The list of entries, those that lost a source first."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.archive import Archive, Row

PER_PAGE = 50

# What lost a source is few, and found by the index on verdicts; only the rows of one page are
# counted for.
_LOSERS = """
WITH losers AS (
  SELECT k.entry AS id, count(*) AS lost FROM sources s
  JOIN citations k ON k.source = s.id AND k.removed_at IS NULL
  WHERE s.verdict IN ('vanished', 'usurped', 'drifted') GROUP BY 1)
"""
_CHOSEN = """
FROM entries e LEFT JOIN losers l ON l.id = e.id
WHERE (:words = '' OR instr(lower(e.title), lower(:words))
    OR instr(lower(coalesce(e.topic, '')), lower(:words)) OR e.date = :words)
  AND (:only = '' OR l.lost > 0)
"""
_PAGE = f"""{_LOSERS}
SELECT p.*,
  (SELECT count(*) FROM citations k WHERE k.entry = p.id AND k.removed_at IS NULL
    AND k.role IN ('source', 'archive-of')) AS citations,
  (SELECT count(s.good_capture) FROM citations k JOIN sources s ON s.id = k.source
    WHERE k.entry = p.id AND k.removed_at IS NULL AND k.role IN ('source', 'archive-of')) AS held,
  (SELECT count(*) FROM citations k JOIN sources s ON s.id = k.source
    WHERE k.entry = p.id AND k.removed_at IS NULL AND s.changes > 0) AS changed
FROM (SELECT e.id, e.date, e.title, e.topic, coalesce(l.lost, 0) AS lost {_CHOSEN}
  ORDER BY l.lost > 0 DESC, e.date DESC, e.id DESC LIMIT :limit OFFSET :offset) p
ORDER BY p.lost > 0 DESC, p.date DESC, p.id DESC
"""
_COUNTS = f"{_LOSERS} SELECT count(*) AS entries, count(l.lost) AS lost {_CHOSEN}"


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list."""

    rows: list[Row]
    entries: int  # that fit, on all pages
    lost: int  # of these, how many lost a source
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

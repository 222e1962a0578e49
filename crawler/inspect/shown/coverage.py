"""How much of what is cited is held, by period, and the columns of the picture of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from crawler.archive import Archive

# Of each citation, in the order in which they are piled up.
PARTS = {
    "held": "held",
    "saved": "held, and gone from the web",
    "elsewhere": "held by a web archive",
    "waiting": "not visited yet",
    "missing": "no copy",
    "lost": "no copy, and gone",
}
LEAST_COLUMNS = 6  # for which there is room: two would be two walls
MAX_COLUMNS = 24  # a phone shows so many side by side; more months are put together as years

_COUNTS = """
SELECT coalesce(substr(e.date, 1, 7), '') AS month,
  CASE
    WHEN s.good_capture IS NOT NULL
      THEN iif(s.verdict IN ('vanished', 'usurped', 'drifted'), 'saved', 'held')
    WHEN k.role = 'archive-of' THEN 'elsewhere'
    WHEN s.verdict IN ('vanished', 'usurped', 'drifted') THEN 'lost'
    WHEN s.id IS NOT NULL AND s.last_fetched_at IS NULL THEN 'waiting'
    ELSE 'missing' END AS part,
  count(*) AS citations
FROM citations k JOIN entries e ON e.id = k.entry LEFT JOIN sources s ON s.id = k.source
WHERE k.removed_at IS NULL AND k.role IN ('source', 'archive-of')
GROUP BY 1, 2
"""

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a column, in per cent of the height of the picture from its top."""

    part: str
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """The citations of one period, in per cent of the width of the picture."""

    period: str  # "2017-03", "2017", "2010s"; "undated"
    counts: Counts
    left: float
    width: float
    pieces: tuple[Piece, ...]
    labelled: bool

    @property
    def total(self) -> int:
        """The citations of the period."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much is held."""

    counts: Counts  # of all periods, by part
    columns: tuple[Column, ...]

    @property
    def total(self) -> int:
        """All citations that can rest on a copy."""
        return sum(self.counts.values())

    @property
    def held(self) -> int:
        """Those of which we hold a good copy."""
        return self.counts.get("held", 0) + self.counts.get("saved", 0)

    @property
    def share(self) -> str:
        """What share is held, in per cent; never 100 while one is missing."""
        if not self.total:
            return "0"
        percent = 100 * self.held / self.total
        return f"{min(percent, 99.9):.1f}" if self.held < self.total else "100"


def read_coverage(archive: Archive) -> Coverage:
    """Return how much of what entries cite is held, by the date of the entry."""
    months: dict[str, Counter[str]] = {}
    for row in archive.connection.sql.execute(_COUNTS):
        months.setdefault(row["month"], Counter())[row["part"]] = row["citations"]
    total: Counter[str] = Counter()
    for counts in months.values():
        total.update(counts)
    return Coverage(total, columns_of(months))


def columns_of(months: Mapping[str, Counts]) -> tuple[Column, ...]:
    """Return the columns of the picture, by month, year or decade, so that they find room.

    ``months`` is by "YYYY-MM"; an empty name is what has no date, and comes first.
    """
    periods = _periods(months)
    highest = max((sum(counts.values()) for counts in periods.values()), default=0)
    if not highest:
        return ()
    step = 100 / max(len(periods), LEAST_COLUMNS)
    every = -(-len(periods) // 6)  # so many labels find room on a phone
    return tuple(
        Column(
            period=period or "undated",
            counts=counts,
            left=round(step * (number + 0.1), 2),
            width=round(step * 0.8, 2),
            pieces=tuple(_pieces(counts, highest)),
            labelled=(len(periods) - 1 - number) % every == 0,
        )
        for number, (period, counts) in enumerate(periods.items())
    )


def _periods(months: Mapping[str, Counts]) -> dict[str, Counter[str]]:
    """Return counts by the finest period of which there are few enough."""
    for digits in (7, 4, 3):
        found: dict[str, Counter[str]] = {}
        for month, counts in sorted(months.items()):
            name = month[:digits] + ("0s" if digits == 3 and month else "")
            found.setdefault(name, Counter()).update(counts)
        if len(found) <= MAX_COLUMNS:
            break
    return found


def _pieces(counts: Counts, highest: int) -> list[Piece]:
    pieces: list[Piece] = []
    top = 100.0
    for part in PARTS:
        height = 100 * counts.get(part, 0) / highest
        if height:
            top -= height
            pieces.append(Piece(part, round(top, 2), round(height, 2)))
    return pieces

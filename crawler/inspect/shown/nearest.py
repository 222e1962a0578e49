"""The good snapshots of a source around a day: which to show for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from crawler.archive import Archive

_GOOD = """
SELECT c.id AS id, c.captured_at AS captured_at
FROM captures c
JOIN fetches f ON f.id = c.fetch
LEFT JOIN outcomes o ON o.fetch = f.id
WHERE c.source = :source AND coalesce(o.outcome, f.outcome) IN ('live', 'live-unverified', 'moved')
  AND {side}
ORDER BY c.captured_at {order}, c.id {order} LIMIT 1
"""
_BEFORE = _GOOD.format(side="c.captured_at <= :end", order="DESC")
_AFTER = _GOOD.format(side="c.captured_at > :end", order="ASC")


@dataclass(frozen=True, slots=True)
class Near:
    """A snapshot, and how far it is from the day that was asked for."""

    capture: int
    captured_at: str
    days: int | None  # after the day; negative: before it; None: no day was asked for

    @property
    def distance(self) -> str:
        """How far it is, in words; empty when no day was asked for."""
        if self.days is None:
            return ""
        if not self.days:
            return "of that day"
        count = f"{abs(self.days):,} {'day' if abs(self.days) == 1 else 'days'}"
        return f"{count} {'later' if self.days > 0 else 'earlier'}"


def last_until(archive: Archive, source: int, day: str | None) -> Near | None:
    """Return the last good snapshot up to the end of a day; None as the day: of all.

    None when none had been made by then.
    """
    return _one(archive, _BEFORE, source, day)


def first_after(archive: Archive, source: int, day: str) -> Near | None:
    """Return the first good snapshot after a day; None when there is none."""
    return _one(archive, _AFTER, source, day)


def nearest(archive: Archive, source: int, day: str | None) -> Near | None:
    """Return the good snapshot nearest to a day, of two equally near the earlier.

    Without a day the latest; None when no good copy is held.
    """
    before = last_until(archive, source, day)
    after = first_after(archive, source, day) if day else None
    if before is None or after is None:
        return before or after
    return after if abs(after.days or 0) < abs(before.days or 0) else before


def _one(archive: Archive, query: str, source: int, day: str | None) -> Near | None:
    end = f"{day or '9999-12-31'}T23:59:59Z"
    row = archive.connection.sql.execute(query, {"source": source, "end": end}).fetchone()
    if row is None:
        return None
    return Near(row["id"], row["captured_at"], _days(row["captured_at"], day))


def _days(captured_at: str, day: str | None) -> int | None:
    if day is None:
        return None
    return (date.fromisoformat(captured_at[:10]) - date.fromisoformat(day)).days

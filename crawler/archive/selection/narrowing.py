"""Which captures leave the archive: what is asked for, and the statements that choose them."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, fields

from crawler.verdicts import LIVE

GOOD = ", ".join(f"'{outcome}'" for outcome in sorted(LIVE))


@dataclass(frozen=True, slots=True)
class Selection:
    """Which captures are meant. What is empty or None does not narrow; the rest all holds at once.

    What belongs to no source (entry pages, robots.txt) is selected where only dates and runs are
    asked for.
    """

    entries: tuple[int, ...] = ()  # ids; the sources that one of them cites or has cited
    sources: tuple[int, ...] = ()  # ids
    hosts: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()  # of entries that cite the source
    since: str | None = None  # instant: captured then or later
    until: str | None = None  # instant: captured then or before
    runs: tuple[int, ...] = ()  # ids
    verdicts: tuple[str, ...] = ()  # the source's present state
    # Of each source the snapshot nearest to each date of its citations, with the redirects that led
    # to it; of what the other conditions leave.
    nearest: bool = False
    public: bool = False  # fit to be passed on: no payload whose page forbids copies, no secrets

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but ``public`` is asked for."""
        whole = Selection(public=self.public)
        return any(getattr(self, f.name) != getattr(whole, f.name) for f in fields(self))

    @property
    def narrows_captures(self) -> bool:
        """Whether more is asked for than certain entries, ``public`` or ``nearest``."""
        asked = (self.sources, self.hosts, self.since, self.until, self.runs, self.verdicts)
        return any(asked)


def fill(sql: sqlite3.Connection, selection: Selection) -> None:
    """Write what is selected into the temporary table ``selected``, which is there already."""
    conditions, values = conditions_of(selection)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    sql.execute(
        "INSERT INTO temp.selected SELECT c.id, c.source, c.captured_at, f.visit"
        f" FROM captures c JOIN fetches f ON f.id = c.fetch{where}",
        values,
    )
    sql.execute("CREATE INDEX temp.selected_by_source ON selected(source, at, capture)")
    if selection.nearest:
        _keep_nearest(sql, selection)


def conditions_of(
    selection: Selection, source: str = "c.source", at: str = "c.captured_at"
) -> tuple[list[str], dict[str, object]]:
    """Return what holds of a selected capture ``c`` and its fetch ``f``, and the values in it.

    ``source`` and ``at`` are the columns that name the source, and say when it was captured.
    """
    of_entries, values = conditions_of_entries(selection)
    conditions = []
    if of_entries:
        conditions.append(
            f"{source} IN (SELECT k.source FROM citations k JOIN entries e ON e.id = k.entry"
            f" WHERE {' AND '.join(of_entries)})"
        )
    if selection.hosts or selection.verdicts:
        of_source = [
            f"{column} IN (SELECT value FROM json_each(:{name}))"
            for column, name in (("host", "hosts"), ("verdict", "verdicts"))
            if getattr(selection, name)
        ]
        conditions.append(f"{source} IN (SELECT id FROM sources WHERE {' AND '.join(of_source)})")
    for column, name in ((source, "sources"), ("f.run", "runs")):
        if getattr(selection, name):
            conditions.append(f"{column} IN (SELECT value FROM json_each(:{name}))")
    if selection.since:
        conditions.append(f"{at} >= :since")
    if selection.until:
        conditions.append(f"{at} <= :until")
    for name in ("sources", "hosts", "runs", "verdicts"):
        values[name] = json.dumps(getattr(selection, name))
    return conditions, {**values, "since": selection.since, "until": selection.until}


def conditions_of_entries(selection: Selection) -> tuple[list[str], dict[str, object]]:
    """Return what holds of an entry ``e`` that is asked for, and the values in it."""
    asked = (("e.id", "entries"), ("e.topic", "topics"))
    conditions = [
        f"{column} IN (SELECT value FROM json_each(:{name}))"
        for column, name in asked
        if getattr(selection, name)
    ]
    return conditions, {name: json.dumps(getattr(selection, name)) for _, name in asked}


def _keep_nearest(sql: sqlite3.Connection, selection: Selection) -> None:
    """Leave of each source the visits whose snapshots are nearest to the dates of its citations.

    An undated citation counts from the day on which it was first seen.
    """
    of_entries, values = conditions_of_entries(selection)
    asked = f" AND {' AND '.join(of_entries)}" if of_entries else ""
    sql.execute(
        f"""DELETE FROM temp.selected WHERE source IS NULL OR visit NOT IN (
          SELECT visit FROM (SELECT t.visit AS visit, row_number() OVER (
              PARTITION BY cited.source, cited.day
              ORDER BY abs(strftime('%s', t.at) - strftime('%s', cited.day)), t.at, t.capture
            ) AS place
            FROM (SELECT DISTINCT k.source AS source,
                coalesce(k.cited_on, substr(k.first_seen_at, 1, 10)) AS day
              FROM citations k JOIN entries e ON e.id = k.entry
              WHERE k.source IS NOT NULL{asked}) cited
            JOIN temp.selected t ON t.source = cited.source
            JOIN captures c ON c.id = t.capture JOIN fetches f ON f.id = c.fetch
            LEFT JOIN outcomes o ON o.fetch = f.id
            WHERE coalesce(o.outcome, f.outcome) IN ({GOOD}))
          WHERE place = 1)""",
        values,
    )

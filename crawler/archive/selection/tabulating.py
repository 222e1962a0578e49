"""Tables and views of the archive as they are, narrowed to a selection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from crawler.archive.selection.choosing import near
from crawler.errors import UsageError

_ENTRIES = "(SELECT k.entry FROM citations k JOIN temp.selected t ON t.source = k.source)"
_SOURCES = "(SELECT source FROM temp.selected)"
_CAPTURES = "(SELECT capture FROM temp.selected)"
# Which column of what ties a row to a selection; of others, a column called ``source``.
_TIED = {
    "captures": ("id", _CAPTURES),
    "snapshots": ("id", _CAPTURES),
    "sources": ("id", _SOURCES),
    "sources_now": ("id", _SOURCES),
    "vanished": ("id", _SOURCES),
    "never_captured": ("id", _SOURCES),
    "entries": ("id", _ENTRIES),
    "coverage_by_entry": ("id", _ENTRIES),
    "passages": ("source_id", _SOURCES),
}
_WITHHELD = "(SELECT id FROM sources WHERE withheld IS NOT NULL)"
# Rows that hold words of a withheld source. Views have none; see ``crawler.archive.views``.
_NO_WORDS = {
    **dict.fromkeys(
        ("versions", "changes", "outcomes", "mementos", "relocations"),
        f"source IS NULL OR source NOT IN {_WITHHELD}",
    ),
    **dict.fromkeys(
        ("articles", "extractions", "page_facts"),
        "payload NOT IN (SELECT digest FROM temp.held_back)",
    ),
    "sources": "withheld IS NULL",
    **dict.fromkeys(
        ("texts", "stored_texts"),
        "id NOT IN (SELECT text FROM extractions WHERE text IS NOT NULL"
        " AND payload IN (SELECT digest FROM temp.held_back))",
    ),
    "anchors": f"citation NOT IN (SELECT id FROM citations WHERE source IN {_WITHHELD})",
    "standings": "anchor NOT IN (SELECT n.id FROM anchors n JOIN citations k ON k.id = n.citation"
    f" WHERE k.source IN {_WITHHELD})",
}


def table_rows(
    sql: sqlite3.Connection, name: str, *, narrowed: bool
) -> Iterator[tuple[object, ...]]:
    """Yield the names of the columns of a table or view, then its rows; BLOBs are left out.

    ``narrowed``: only the rows of the selection. Raises UsageError for what is no table, and for
    one that no selection narrows.
    """
    names = _names(sql)
    if name not in names:
        raise UsageError(f"there is no table or view {name!r}{near(name, names)}")
    columns = [
        row["name"]
        for row in sql.execute(f'PRAGMA table_info("{name}")')
        if row["type"].upper() != "BLOB"
    ]
    conditions = [_NO_WORDS[name]] if name in _NO_WORDS else []
    if narrowed:
        conditions.append(_tie(name, columns))
    where = " WHERE " + " AND ".join(f"({each})" for each in conditions) if conditions else ""
    listed = ", ".join(f'"{column}"' for column in columns)
    yield tuple(columns)
    for row in sql.execute(f'SELECT {listed} FROM "{name}"{where}'):
        yield tuple(row)


def _names(sql: sqlite3.Connection) -> list[str]:
    """Return the tables and views that people may read: not those that SQLite keeps for itself."""
    return [
        row["name"]
        for row in sql.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
            " AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%\\_fts%' ESCAPE '\\' ORDER BY name"
        )
    ]


def _tie(name: str, columns: list[str]) -> str:
    if name in _TIED:
        column, chosen = _TIED[name]
        return f"{column} IN {chosen}"
    if "source" in columns:
        return f"source IN {_SOURCES}"
    raise UsageError(f"{name} has no rows of single sources or entries: export it without filters")

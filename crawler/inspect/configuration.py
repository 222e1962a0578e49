"""What Datasette is told of an archive: which tables come first, how they sort, what to ask.

Two values, because Datasette 1.0 reads them apart: *metadata* says what things mean,
*configuration* how they are shown and asked. Datasette 0.65 takes both as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crawler.inspect.meanings import Meaning
from crawler.inspect.queries import QUERIES

Tree = dict[str, Any]

# Bookkeeping, and what a view shows better. Datasette still lists them, behind a link.
HIDDEN = (
    "archive", "_sqlite_migrations", "inputs", "reading_problems", "runs", "hosts", "robots",
    "probes", "host_titles", "incidents", "entry_aliases", "entry_versions", "entry_revisions",
    "entry_relations", "source_spellings", "payloads", "page_facts", "outcomes", "anchors",
    "standings", "extractions", "withheld", "barred", "tombstones", "seals", "unsealed",
    "manifests", "stamps", "mementos", "rescues", "lookups", "archive_limits", "pushes",
    "relocations",
)  # fmt: skip
NEWEST_FIRST = {
    "snapshots": "captured_at", "changed": "found_at", "vanished": "verdict_since",
    "coverage_by_entry": "date", "runs_report": "id", "timemaps": "memento_datetime",
    "entries": "date", "fetches": "id", "captures": "id", "articles": "id", "versions": "id",
    "changes": "id", "verdicts": "id",
}  # fmt: skip
# What stands for a row where a foreign key names it; tables with a title need none.
LABELS = {
    "captures": "captured_at", "fetches": "fetched_at", "citations": "label", "anchors": "exact",
    "runs": "started_at", "inputs": "locator", "verdicts": "state", "barred": "place",
}  # fmt: skip
FACETS = {
    "sources_now": ["verdict", "last_outcome"], "snapshots": ["outcome"], "changed": ["class"],
    "passages": ["standing"], "vanished": ["verdict"], "citations": ["role"],
}  # fmt: skip
SETTINGS = {
    "sql_time_limit_ms": 3_000,  # one person asks, on their own machine
    # Suggestions try three facets on each column: at 10^5 captures the page of `snapshots` took
    # 2.8 s with them and 0.5 s without (2026-11-22, 2 cores).
    "suggest_facets": False,
    "truncate_cells_html": 280,  # a listing is for finding; the text has a page of its own
}


def metadata_of(database: str, meanings: Mapping[str, Meaning]) -> Tree:
    """Return what the tables, views and columns of a database mean."""
    tables = {
        name: {"description": meaning.description, "columns": meaning.columns}
        for name, meaning in meanings.items()
    }
    return {
        "title": "Sourcekeep",
        "databases": {
            database: {
                "description": "What was cited, what changed, what is gone, and the pages as they"
                " were.",
                "tables": tables,
            }
        },
    }


def configuration_of(database: str) -> Tree:
    """Return how the tables of a database are shown, and the questions that it answers."""
    tables: Tree = {}
    for key, values in (
        ("hidden", dict.fromkeys(HIDDEN, True)),
        ("sort_desc", NEWEST_FIRST),
        ("label_column", LABELS),
        ("facets", FACETS),
    ):
        for name, value in values.items():
            tables.setdefault(name, {})[key] = value
    return {"databases": {database: {"tables": tables, "queries": QUERIES}}}


def merged(first: Tree, second: Tree) -> Tree:
    """Return both trees as one, as Datasette 0.65 wants them."""
    both = {**first, **second}
    for key in first.keys() & second.keys():
        both[key] = merged(first[key], second[key])
    return both

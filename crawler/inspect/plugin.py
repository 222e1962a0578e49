"""Our plugin for Datasette: the hooks, each in a line or two.

``serving`` registers it; there is no entry point, so that ``datasette archive.db`` stays as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from datasette import hookimpl
from datasette.app import Datasette
from markupsafe import Markup

from crawler.archive.functions import add_functions
from crawler.archive.views import VIEWS
from crawler.inspect.guard import App, only_loopback

# Views have no keys, so Datasette cannot link their rows: which table a number in them names.
_ROWS_OF = {
    ("sources_now", "id"): "sources", ("vanished", "id"): "sources",
    ("never_captured", "id"): "sources", ("coverage_by_entry", "id"): "entries",
    ("changed", "id"): "changes", ("passages", "id"): "anchors", ("runs_report", "id"): "runs",
}  # fmt: skip
_ROWS_OF_COLUMN = {
    "source": "sources", "source_id": "sources", "entry_id": "entries", "citation": "citations",
}  # fmt: skip


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Let SQL call ``payload(digest)``."""
    add_functions(conn)


@hookimpl
def asgi_wrapper() -> Callable[[App], App]:
    """Refuse whoever asks by another name than a loopback one."""
    return only_loopback


@hookimpl
def render_cell(
    value: object, column: str, table: str | None, database: str, datasette: Datasette
) -> Markup | None:
    """Make a link of a number in a view or query that names a row."""
    if not isinstance(value, int) or (table is not None and table not in VIEWS):
        return None
    named = _ROWS_OF.get((table or "", column)) or _ROWS_OF_COLUMN.get(column)
    if named is None:
        return None
    address = f"{datasette.urls.table(database, named)}/{value}"
    return Markup('<a href="{}">{}</a>').format(address, value)

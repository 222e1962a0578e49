"""Our plugin for Datasette: the hooks, each in a line or two.

``serving`` registers it; there is no entry point, so that ``datasette archive.db`` stays as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence

from datasette import hookimpl
from datasette.app import Datasette
from markupsafe import Markup

from crawler.archive.functions import add_functions
from crawler.archive.views import VIEWS
from crawler.inspect.guard import App, only_loopback
from crawler.inspect.meanings import read_meanings
from crawler.inspect.pages import ROUTES, snapshot_address

# Views have no keys, so Datasette cannot link their rows: which table a number in them names.
_ROWS_OF = {
    ("sources_now", "id"): "sources", ("vanished", "id"): "sources",
    ("never_captured", "id"): "sources", ("coverage_by_entry", "id"): "entries",
    ("changed", "id"): "changes", ("passages", "id"): "anchors", ("runs_report", "id"): "runs",
}  # fmt: skip
_ROWS_OF_COLUMN = {
    "source": "sources", "source_id": "sources", "entry_id": "entries", "citation": "citations",
}  # fmt: skip

_SNAPSHOTS = {("snapshots", "id"), ("changed", "before"), ("changed", "after")}


@hookimpl
def register_routes() -> Sequence[tuple[str, Callable[..., object]]]:
    """Add the pages of our own."""
    return ROUTES


@hookimpl
def extra_template_vars() -> Mapping[str, object]:
    """Tell templates what tables and views mean; 0.65 and 1.0 keep their metadata apart."""
    return {"meanings": read_meanings()}


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Let SQL call ``payload(digest)`` and ``payload_text(digest)``."""
    add_functions(conn)


@hookimpl
def asgi_wrapper() -> Callable[[App], App]:
    """Refuse whoever asks by another name than a loopback one."""
    return only_loopback


@hookimpl
def render_cell(
    row: Mapping[str, object],
    value: object,
    column: str,
    table: str | None,
    database: str,
    datasette: Datasette,
) -> Markup | None:
    """Make a link of what names a snapshot, and of a number in a view or query that names a row."""
    if (table, column) == ("captures", "captured_at"):
        return _link(snapshot_address(datasette, database, int(str(row["id"]))), value)
    if not isinstance(value, int) or (table is not None and table not in VIEWS):
        return None
    if (table, column) in _SNAPSHOTS or (table is None and column.startswith("snapshot")):
        return _link(snapshot_address(datasette, database, value), value)
    named = _ROWS_OF.get((table or "", column)) or _ROWS_OF_COLUMN.get(column)
    if named is None:
        return None
    return _link(f"{datasette.urls.table(database, named)}/{value}", value)


def _link(address: str, shown: object) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, shown)

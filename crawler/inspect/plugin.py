"""Our plugin for Datasette: the hooks, each in a line or two.

``serving`` registers it, and so does the plugins folder of a published copy; there is no entry
point, so that ``datasette archive.db`` stays as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence

from datasette import hookimpl
from datasette.app import Datasette
from jinja2 import ChoiceLoader, Environment, FileSystemLoader
from markupsafe import Markup

from crawler.archive.functions import add_functions
from crawler.archive.views import VIEWS
from crawler.inspect import memento
from crawler.inspect.meanings import read_meanings
from crawler.inspect.methods import only_read
from crawler.inspect.pages import ROUTES, TEMPLATES
from crawler.inspect.places import Places
from crawler.inspect.visibility import archives_for

# Which column of which view or table names what has a page of ours, or a row in Datasette.
_SNAPSHOTS = {("snapshots", "id"), ("changed", "before"), ("changed", "after")}
_SOURCES = {("sources_now", "id"), ("vanished", "id"), ("never_captured", "id")}
_ENTRIES = {("coverage_by_entry", "id")}
# In tables foreign keys have links already, and the first column leads to the row.
_TITLES: dict[tuple[str, str], Callable[[Places, object], str]] = {
    ("captures", "captured_at"): Places.snapshot,
    ("sources", "title"): lambda places, row: places.source(row),
    ("entries", "title"): Places.entry,
}  # fmt: skip
_ROWS_OF = {
    ("changed", "id"): "changes", ("passages", "id"): "anchors", ("runs_report", "id"): "runs",
}  # fmt: skip


@hookimpl
def register_routes() -> Sequence[tuple[str, Callable[..., object]]]:
    """Add the pages of our own, which can only be read."""
    return [(address, only_read(view)) for address, view in (*ROUTES, *memento.ROUTES)]


@hookimpl
def menu_links(
    datasette: Datasette, actor: object
) -> Callable[[], Awaitable[list[dict[str, str]]]]:
    """Add our pages of each archive that the visitor may see to the menu."""

    async def links() -> list[dict[str, str]]:
        return [
            {"href": address, "label": f"{name}: {label}"}
            for name in await archives_for(datasette, actor)
            for label, address in _menu(Places(datasette, name))
        ]

    return links


@hookimpl
def extra_template_vars(datasette: Datasette) -> Mapping[str, object]:
    """Tell templates what tables and views mean, and where our pages are.

    0.65 and 1.0 keep their metadata apart.
    """
    return {
        "meanings": read_meanings(),
        "places_of": lambda database: Places(datasette, database),
    }


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Let SQL call ``payload(digest)`` and ``payload_text(digest)``."""
    add_functions(conn)


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    """Let templates of ours go before Datasette's, however the plugin was loaded."""
    before = [env.loader] if env.loader else []
    env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), *before])


@hookimpl
def render_cell(
    row: Mapping[str, object],
    value: object,
    column: str,
    table: str | None,
    database: str,
    datasette: Datasette,
) -> Markup | None:
    """Make a link of what names a snapshot, a source, an entry, or a row of a table."""
    places = Places(datasette, database)
    titled = _TITLES.get((table or "", column))
    if titled is not None and value:
        return _link(titled(places, int(str(row["id"]))), value)
    if not isinstance(value, int) or (table is not None and table not in VIEWS):
        return None
    address = _address(places, table, column, value)
    return None if address is None else _link(address, value)


def _address(places: Places, table: str | None, column: str, number: int) -> str | None:
    """Return where a number in a view, or in what a question found, leads."""
    name = (table or "", column)
    if name in _SNAPSHOTS or (table is None and column.startswith("snapshot")):
        return places.snapshot(number)
    if name in _SOURCES or column in ("source", "source_id"):
        return places.source(number)
    if name in _ENTRIES or column == "entry_id":
        return places.entry(number)
    named = "citations" if column == "citation" else _ROWS_OF.get(name)
    return places.row(named, number) if named else None


def _menu(places: Places) -> list[tuple[str, str]]:
    return [
        ("what needs a person", places.front),
        ("entries", places.entries()),
        ("entries that lost a source", places.entries(only="lost")),
        ("search", places.search()),
    ]


def _link(address: str, shown: object) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, shown)

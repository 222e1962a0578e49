"""Where pages are: our own and Datasette's.

Our own are ``/-/PAGE/ARCHIVE/…``, because one Datasette may show several archives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from datasette.app import Datasette
from datasette.utils import tilde_encode


@dataclass(frozen=True, slots=True)
class Places:
    """Addresses of the pages of one archive, below whatever prefix Datasette is served at."""

    datasette: Datasette
    database: str

    @property
    def front(self) -> str:
        """The first page of the archive."""
        return self._ours("sourcekeep")

    @property
    def style(self) -> str:
        """The style sheet of our pages."""
        return str(self.datasette.urls.path("/-/sourcekeep.css"))

    @property
    def tables(self) -> str:
        """Datasette's own first page of the archive."""
        return str(self.datasette.urls.database(self.database))

    def entries(self, **asked: object) -> str:
        """The list of entries."""
        return self._ours("entries") + _query(asked)

    def entry(self, entry: object) -> str:
        """The page of an entry."""
        return self._ours("entry", entry)

    def source(self, source: object, **asked: object) -> str:
        """The page of a source."""
        return self._ours("source", source) + _query(asked)

    def snapshot(self, capture: object) -> str:
        """The page of a capture."""
        return self._ours("snapshot", capture)

    def payload(self, capture: object) -> str:
        """The payload of a capture, made harmless."""
        return self._ours("snapshot", capture) + "/raw"

    def compare(self, a: object = None, b: object = None) -> str:
        """The page that compares two captures."""
        return self._ours("compare") + _query({"a": a, "b": b})

    def search(self, **asked: object) -> str:
        """The search over all versions."""
        return self._ours("search") + _query(asked)

    def feed(self, name: str) -> str:
        """An Atom feed."""
        return f"{self._ours('feed')}/{name}.atom"

    def timemap(self, url: str) -> str:
        """The TimeMap of a source, for Memento clients."""
        return f"{self._ours('timemap')}/{quote(url, safe='')}"

    def table(self, name: str, **asked: object) -> str:
        """A table or view in Datasette."""
        return str(self.datasette.urls.table(self.database, name)) + _query(asked)

    def row(self, table: str, row: object) -> str:
        """A row of a table in Datasette."""
        return f"{self.datasette.urls.table(self.database, table)}/{row}"

    def _ours(self, page: str, number: object = None) -> str:
        end = "" if number is None else f"/{number}"
        return str(self.datasette.urls.path(f"/-/{page}/{tilde_encode(self.database)}{end}"))


def _query(asked: Mapping[str, object]) -> str:
    given = {name: value for name, value in asked.items() if value not in (None, "")}
    return f"?{urlencode(given)}" if given else ""

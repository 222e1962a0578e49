"""A request for one of our pages: which archive it means, reading from it, and the answer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from datasette.app import Datasette
from datasette.database import Database
from datasette.utils import sqlite_timelimit, tilde_decode
from datasette.utils.asgi import NotFound, Request, Response
from datasette.views.base import DatasetteError

from crawler.archive import Archive
from crawler.archive.connection import Connection
from crawler.inspect.places import Places
from crawler.inspect.shown.elsewhere import LINKED_WEB, followable
from crawler.inspect.shown.families import GONE, SIGNS, family_of, family_of_outcome, meaning_of
from crawler.inspect.visibility import ensure_visible, is_archive

Found = TypeVar("Found")

# Everything in the page is escaped; if something once is not, this leaves it nothing to do. The
# frame may show this server only: a click in it cannot lead it to the live web.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, and the archive that it is for."""

    datasette: Datasette
    request: Request
    database: str
    db: Database

    @property
    def places(self) -> Places:
        """Where the pages of this archive are."""
        return Places(self.datasette, self.database)

    @property
    def number(self) -> int:
        """The number in the address."""
        return int(self.request.url_vars["number"])

    def text(self, name: str) -> str:
        """Return what a form gave, without blanks around it; empty: nothing."""
        return str(self.request.args.get(name) or "").strip()

    def count(self, name: str, *, otherwise: int) -> int:
        """Return a whole number that was asked for; ``otherwise`` when it is none."""
        given = self.text(name)
        return (
            int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else otherwise
        )

    async def read(self, reading: Callable[[Archive], Found]) -> Found:
        """Return what a function reads, all of it as it was at one instant.

        Raises Forbidden when the visitor may not see the archive, NotFound when it is none, and
        DatasetteError when it takes longer than a query may.
        """
        await ensure_visible(self.datasette, self.request.actor, self.database)
        if not await is_archive(self.db):
            raise NotFound(f"{self.database} is no archive")
        limit_ms = self.datasette.setting("sql_time_limit_ms")

        def read(sql: sqlite3.Connection) -> Found:
            with sqlite_timelimit(sql, limit_ms):
                sql.execute("BEGIN")
                try:
                    return reading(Archive(Connection(Path(self.db.path or ""), sql)))
                finally:
                    sql.rollback()

        try:
            found: Found = await self.db.execute_fn(read)
        except sqlite3.OperationalError as exc:
            if "interrupted" not in str(exc):
                raise
            raise DatasetteError(
                f"Reading this page from the archive took longer than {limit_ms} ms.",
                title="Took too long", status=503,
            ) from exc  # fmt: skip
        return found

    async def answer(self, page: str, /, **found: object) -> Response:
        """Return one of our pages as HTML."""
        context = {
            **found,
            "database": self.database,
            "places": self.places,
            "followable": followable,
            "family_of": family_of,
            "family_of_outcome": family_of_outcome,
            "meaning_of": meaning_of,
            "signs": SIGNS,
            "gone_states": GONE,
            "values_of": _values_of,
            "rel": LINKED_WEB,
        }
        body = await self.datasette.render_template(
            f"pages/{page}.html", context, request=self.request
        )
        return Response.html(body, headers=HEADERS)


def _values_of(text: str | None) -> object:
    """Return what a column of JSON holds; NULL holds an empty list."""
    return json.loads(text or "[]")


def asked_for(datasette: Datasette, request: Request) -> Asked:
    """Return the request with its archive. Raises NotFound when none of that name is shown."""
    database = tilde_decode(request.url_vars["database"])
    try:
        db = datasette.get_database(database)
    except KeyError as exc:
        raise NotFound(f"No archive {database} is shown here") from exc
    if db.is_memory:
        raise NotFound(f"{database} is no archive")
    return Asked(datasette, request, database, db)

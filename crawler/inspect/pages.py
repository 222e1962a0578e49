"""The pages of our own, as views of Datasette: a snapshot, and its payload made harmless."""

from __future__ import annotations

import sqlite3
from urllib.parse import urlsplit

from datasette.app import Datasette
from datasette.database import Database
from datasette.utils import tilde_decode, tilde_encode
from datasette.utils.asgi import NotFound, Request, Response

from crawler.inspect.harmless import harmless, kind_of
from crawler.inspect.snapshots import Snapshot, read_payload, read_snapshot

# Everything in the page is escaped; if something once is not, this leaves it nothing to do. The
# frame may show this server only: a click in it cannot lead it to the live web.
_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self'; frame-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PLACE = r"^/-/snapshot/(?P<database>[^/]+)/(?P<capture>[0-9]{1,18})"


def snapshot_address(datasette: Datasette, database: str, capture: int) -> str:
    """Return the address of the page of a capture."""
    return str(datasette.urls.path(f"/-/snapshot/{tilde_encode(database)}/{capture}"))


async def show_snapshot(datasette: Datasette, request: Request) -> Response:
    """Answer with the page of a snapshot."""
    database, _, snapshot = await _asked(datasette, request)
    address = snapshot_address(datasette, database, int(str(snapshot.row["id"])))
    context = {
        "database": database,
        "snapshot": snapshot,
        "row": snapshot.row,
        "kind": kind_of(_mime(snapshot)),
        "raw": f"{address}/raw",
        "address_of": lambda capture: snapshot_address(datasette, database, capture),
        "followable": followable,
    }
    body = await datasette.render_template("snapshot.html", context, request=request)
    return Response.html(
        body, headers={"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"}
    )


async def show_payload(datasette: Datasette, request: Request) -> Response:
    """Answer with the payload of a snapshot, which can do nothing in the browser."""
    _, db, snapshot = await _asked(datasette, request)
    row = snapshot.row
    if row["withheld"]:
        return Response.text(f"This source is {row['withheld']}.", status=403)
    try:
        body = await read_payload(db, str(row["payload"]))
    except sqlite3.OperationalError:
        return Response.text("This payload is damaged; its bytes have another digest.", status=500)
    if body is None:
        return Response.text("This archive does not hold this payload.", status=404)
    declared = str(row["mime_declared"]) if row["mime_declared"] else None
    made = harmless(body, _mime(snapshot), declared, name=f"snapshot-{row['id']}")
    return Response(made.body, headers=made.headers, content_type=made.content_type)


ROUTES = ((f"{_PLACE}$", show_snapshot), (f"{_PLACE}/raw$", show_payload))


def followable(url: object) -> bool:
    """Return whether a URL may be a link: a cited ``javascript:`` must not."""
    try:
        return urlsplit(str(url)).scheme in ("http", "https")
    except ValueError:
        return False


async def _asked(datasette: Datasette, request: Request) -> tuple[str, Database, Snapshot]:
    """Return the database and the snapshot that are asked for. Raises NotFound."""
    database = tilde_decode(request.url_vars["database"])
    try:
        db = datasette.get_database(database)
    except KeyError as exc:
        raise NotFound(f"No archive {database} is shown here") from exc
    if db.is_memory:
        raise NotFound(f"{database} is no archive")
    snapshot = await read_snapshot(db, int(request.url_vars["capture"]))
    if snapshot is None:
        raise NotFound("No such capture")
    return database, db, snapshot


def _mime(snapshot: Snapshot) -> str | None:
    found = snapshot.row["mime_sniffed"]
    return str(found) if found else None

"""The pages of our own, as views of Datasette: each reads what it tells and is answered as HTML."""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path

from datasette.app import Datasette
from datasette.utils.asgi import NotFound, Request, Response

from crawler.comparison.change import CHANGES
from crawler.dates import utc_now
from crawler.exports.inert import kind_of
from crawler.inspect.asking import HEADERS, Asked, asked_for
from crawler.inspect.harmless import harmless
from crawler.inspect.payloads import read_payload, read_text
from crawler.inspect.places import Places
from crawler.inspect.shown.comparing import pieces_of, read_comparison
from crawler.inspect.shown.coverage import PARTS
from crawler.inspect.shown.elsewhere import elsewhere
from crawler.inspect.shown.entries import read_entries
from crawler.inspect.shown.entry import read_entry
from crawler.inspect.shown.feeds import FEEDS, read_feed
from crawler.inspect.shown.front import read_front
from crawler.inspect.shown.searching import search
from crawler.inspect.shown.snapshots import Snapshot, read_snapshot
from crawler.inspect.shown.source import VISITS_SHOWN, read_source
from crawler.inspect.visibility import archives_for

TEMPLATES = Path(__file__).resolve().parent / "templates"


async def find_front(datasette: Datasette, request: Request) -> Response:
    """Lead to the first page of the archive, the first of several."""
    for name in await archives_for(datasette, request.actor):
        return Response.redirect(Places(datasette, name).front)
    raise NotFound("No archive is shown here")


async def show_front(datasette: Datasette, request: Request) -> Response:
    """Answer with the first page of an archive."""
    asked = asked_for(datasette, request)
    return await asked.answer("front", front=await asked.read(read_front), coverage_parts=PARTS)


async def show_entries(datasette: Datasette, request: Request) -> Response:
    """Answer with the list of entries."""
    asked = asked_for(datasette, request)
    words, only = asked.text("q"), "lost" if asked.text("only") else ""
    page = asked.count("page", otherwise=1)
    listing = await asked.read(
        lambda archive: read_entries(archive, words=words, only=only, page=page)
    )
    return await asked.answer(
        "entries", listing=listing, words=words, only=only,
        place_of_page=lambda page: asked.places.entries(q=words, only=only, page=page),
    )  # fmt: skip


async def show_entry(datasette: Datasette, request: Request) -> Response:
    """Answer with the page of an entry."""
    asked = asked_for(datasette, request)
    entry = await asked.read(lambda archive: read_entry(archive, asked.number))
    if entry is None:
        raise NotFound("No such entry")
    return await asked.answer("entry", entry=entry, pieces_of=pieces_of)


async def show_source(datasette: Datasette, request: Request) -> Response:
    """Answer with the page of a source."""
    asked = asked_for(datasette, request)
    on, now = asked.text("on"), utc_now()
    page = await asked.read(lambda archive: read_source(archive, asked.number, on=on, now=now))
    if page is None:
        raise NotFound("No such source")
    return await asked.answer(
        "source", page=page, pieces_of=pieces_of, visits_shown=VISITS_SHOWN,
        change_meanings=CHANGES,
        elsewhere=elsewhere(page.row["url"], page.row["first_cited_on"]),
    )  # fmt: skip


async def show_comparison(datasette: Datasette, request: Request) -> Response:
    """Answer with two snapshots side by side."""
    asked = asked_for(datasette, request)
    a, b = asked.count("a", otherwise=0), asked.count("b", otherwise=0)
    page = await asked.read(lambda archive: read_comparison(archive, a, b))
    answer = await asked.answer("compare", page=page, changes=CHANGES)
    answer.status = 404 if page.missing else 200
    return answer


async def show_search(datasette: Datasette, request: Request) -> Response:
    """Answer with what was found."""
    asked = asked_for(datasette, request)
    words, page = asked.text("q"), asked.count("page", otherwise=1)
    found = await asked.read(lambda archive: search(archive, words, page))
    return await asked.answer("search", found=found)


async def show_snapshot(datasette: Datasette, request: Request) -> Response:
    """Answer with the page of a snapshot."""
    asked = asked_for(datasette, request)
    snapshot = await _snapshot(asked)
    return await asked.answer(
        "snapshot", snapshot=snapshot, row=snapshot.row, kind=kind_of(_mime(snapshot)),
        readable=await read_text(asked.db, snapshot.row),
    )  # fmt: skip


async def show_payload(datasette: Datasette, request: Request) -> Response:
    """Answer with the payload of a snapshot, which can do nothing in the browser."""
    asked = asked_for(datasette, request)
    snapshot = await _snapshot(asked)
    row = snapshot.row
    if row["withheld"]:
        return Response.text(f"This source is {row['withheld']}.", status=403)
    try:
        body = await read_payload(asked.db, str(row["payload"]))
    except sqlite3.OperationalError:
        return Response.text("This payload is damaged; its bytes have another digest.", status=500)
    if body is None:
        return Response.text("This archive does not hold this payload.", status=404)
    declared = str(row["mime_declared"]) if row["mime_declared"] else None
    made = harmless(body, _mime(snapshot), declared, name=f"snapshot-{row['id']}")
    return Response(made.body, headers=made.headers, content_type=made.content_type)


async def show_feed(datasette: Datasette, request: Request) -> Response:
    """Answer with an Atom feed."""
    asked = asked_for(datasette, request)
    name = request.url_vars["feed"]
    if name not in FEEDS:
        raise NotFound("No such feed")
    address = datasette.absolute_url(request, asked.places.feed(name))
    body = await asked.read(lambda archive: read_feed(archive, name, address))
    return Response(body, content_type="application/atom+xml; charset=utf-8", headers=HEADERS)


async def show_style(datasette: Datasette, request: Request) -> Response:
    """Answer with the style sheet of our pages."""
    return Response(_style(), content_type="text/css; charset=utf-8",
                    headers={"Cache-Control": "max-age=300"})  # fmt: skip


@cache
def _style() -> str:
    return (TEMPLATES / "pages" / "style.css").read_text(encoding="utf-8")


_ARCHIVE, _NUMBER = "(?P<database>[^/]+)", "(?P<number>[0-9]{1,18})"
ROUTES = (
    (r"^/-/sourcekeep\.css$", show_style),
    (r"^/-/sourcekeep$", find_front),
    (rf"^/-/sourcekeep/{_ARCHIVE}$", show_front),
    (rf"^/-/entries/{_ARCHIVE}$", show_entries),
    (rf"^/-/entry/{_ARCHIVE}/{_NUMBER}$", show_entry),
    (rf"^/-/source/{_ARCHIVE}/{_NUMBER}$", show_source),
    (rf"^/-/compare/{_ARCHIVE}$", show_comparison),
    (rf"^/-/search/{_ARCHIVE}$", show_search),
    (rf"^/-/feed/{_ARCHIVE}/(?P<feed>[a-z]+)\.atom$", show_feed),
    (rf"^/-/snapshot/{_ARCHIVE}/{_NUMBER}$", show_snapshot),
    (rf"^/-/snapshot/{_ARCHIVE}/{_NUMBER}/raw$", show_payload),
)


async def _snapshot(asked: Asked) -> Snapshot:
    """Return the snapshot that is asked for. Raises NotFound."""
    snapshot = await asked.read(lambda archive: read_snapshot(archive, asked.number))
    if snapshot is None:
        raise NotFound("No such capture")
    return snapshot


def _mime(snapshot: Snapshot) -> str | None:
    found = snapshot.row["mime_sniffed"]
    return str(found) if found else None

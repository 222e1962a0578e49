"""The archive for Memento clients (RFC 7089): TimeGate, TimeMap and mementos of each source.

A TimeGate answers by 302, and a memento has an address of its own (pattern 2.1). The address of a
source stands in ours as it is, query included: ``/-/timegate/ARCHIVE/https://example.org/a?b``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote

from datasette.app import Datasette
from datasette.utils import tilde_encode
from datasette.utils.asgi import Forbidden, Request, Response

from crawler.archive import Archive, Row
from crawler.dates import format_instant, parse_instant
from crawler.errors import UrlError
from crawler.exports import timemaps
from crawler.inspect.asking import Asked, asked_for
from crawler.inspect.harmless import harmless
from crawler.inspect.payloads import read_payload
from crawler.urls import parse_url, urlkey
from crawler.verdicts import LIVE

LINK_FORMAT = "application/link-format"
_PLAIN = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}

_SOURCE = """
SELECT id, url, withheld FROM sources WHERE urlkey = ?1
UNION SELECT s.id, s.url, s.withheld FROM source_spellings p JOIN sources s ON s.id = p.source
WHERE p.url = ?2
LIMIT 1
"""
_SOURCE_OF = """
SELECT s.id, s.url, s.withheld FROM captures c JOIN sources s ON s.id = c.source WHERE c.id = ?
"""
# Hops of a redirect hold no page.
_MEMENTOS = """
SELECT c.id, c.captured_at, c.payload, c.mime_declared, c.mime_sniffed, f.status,
  coalesce(o.outcome, f.outcome) AS outcome
FROM captures c JOIN fetches f ON f.id = c.fetch LEFT JOIN outcomes o ON o.fetch = f.id
WHERE c.source = ? AND f.outcome <> 'redirect' ORDER BY c.captured_at, c.id
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A source, and the captures of it that hold a page or an error, earliest first."""

    url: str
    withheld: str | None  # "withheld" or "forgotten"; None: it may be shown
    mementos: list[Row]


async def find_memento(datasette: Datasette, request: Request) -> Response:
    """Lead to the memento nearest to the Accept-Datetime, or to the latest (the TimeGate)."""
    asked = _Asking(asked_for(datasette, request))
    wanted = request.headers.get("accept-datetime")
    try:
        at = format_instant(parsedate_to_datetime(wanted)) if wanted else None
    except (ValueError, TypeError, OverflowError):
        return Response.text("The Accept-Datetime is no date as HTTP writes it.", status=400)
    held = await asked.held(lambda archive: _named(archive, _address_in(request)))
    if held is None:
        return _not_held()
    headers = {
        "Location": asked.memento(nearest(held.mementos, at)),
        "Vary": "accept-datetime",
        "Link": ", ".join([_link(held.url, "original"), asked.timemap_link(held)]),
    }
    return Response.text("", status=302, headers={**_PLAIN, **headers})


async def show_timemap(datasette: Datasette, request: Request) -> Response:
    """Answer with the list of all mementos of a source."""
    asked = _Asking(asked_for(datasette, request))
    held = await asked.held(lambda archive: _named(archive, _address_in(request)))
    if held is None:
        return _not_held()
    listed = [
        timemaps.Memento(
            asked.memento(row), row["captured_at"], row["status"], row["outcome"], row["payload"]
        )
        for row in held.mementos
    ]
    own, gate = asked.of("timemap", held.url), asked.of("timegate", held.url)
    body = timemaps.link_format(held.url, own, listed, timegate=gate)
    return Response(body, content_type=LINK_FORMAT, headers=_PLAIN)


async def show_memento(datasette: Datasette, request: Request) -> Response:
    """Answer with an archived page as it was answered then, which can do nothing in the browser."""
    asked = _Asking(asked_for(datasette, request))
    number = asked.asked.number
    held = await asked.held(lambda archive: _captured(archive, number))
    ids = [row["id"] for row in held.mementos] if held else []
    if held is None or number not in ids:
        return _not_held()
    place = ids.index(number)
    row = held.mementos[place]
    try:
        body = await read_payload(asked.asked.db, str(row["payload"]))
    except sqlite3.OperationalError:
        return Response.text("This payload is damaged; its bytes have another digest.", status=500)
    if body is None:
        return Response.text("This archive does not hold this payload.", status=404)
    made = harmless(body, row["mime_sniffed"], row["mime_declared"], name=f"snapshot-{number}")
    links = [
        _link(held.url, "original"),
        _link(asked.of("timegate", held.url), "timegate"),
        asked.timemap_link(held),
        *asked.neighbours(held.mementos, place),
    ]
    dated = {
        "Memento-Datetime": timemaps.http_date(row["captured_at"]),
        "Link": ", ".join(links),
    }
    return Response(
        made.body, status=_status(row["status"]), headers={**made.headers, **dated},
        content_type=made.content_type,
    )  # fmt: skip


_ARCHIVE, _URL = "(?P<database>[^/]+)", "(?P<url>.+)"
ROUTES = (
    (rf"^/-/timegate/{_ARCHIVE}/{_URL}$", find_memento),
    (rf"^/-/timemap/{_ARCHIVE}/{_URL}$", show_timemap),
    (rf"^/-/memento/{_ARCHIVE}/(?P<number>[0-9]{{1,18}})$", show_memento),
)


def nearest(mementos: Sequence[Row], at: str | None) -> Row:
    """Return the memento to show for an instant: of the good ones, else of all, the nearest one.

    Of two equally near the earlier; without an instant the latest. There must be one.
    """
    chosen = [row for row in mementos if row["outcome"] in LIVE] or mementos
    if at is None:
        return chosen[-1]
    wanted = parse_instant(at)
    return min(chosen, key=lambda row: abs(parse_instant(row["captured_at"]) - wanted))


@dataclass(frozen=True, slots=True)
class _Asking:
    """A request, and the absolute addresses that its answer names."""

    asked: Asked

    async def held(self, reading: Callable[[Archive], Held | None]) -> Held | None:
        """Return the source that is meant; None: nothing of it is held.

        Raises Forbidden where it is withheld.
        """
        held = await self.asked.read(reading)
        if held is None or not held.mementos:
            return None
        if held.withheld:
            raise Forbidden(f"This source is {held.withheld}")
        return held

    def of(self, what: str, url: str) -> str:
        """Return the address of the timegate or timemap of a source."""
        return self._absolute(f"/-/{what}/{tilde_encode(self.asked.database)}/{_uri(url)}")

    def memento(self, row: Row) -> str:
        """Return the address of a memento."""
        return self._absolute(f"/-/memento/{tilde_encode(self.asked.database)}/{row['id']}")

    def timemap_link(self, held: Held) -> str:
        """Return the link to the TimeMap, with the span of time that it is about."""
        first, last = (timemaps.http_date(held.mementos[n]["captured_at"]) for n in (0, -1))
        told = f'type="{LINK_FORMAT}";from="{first}";until="{last}"'
        return f"{_link(self.of('timemap', held.url), 'timemap')};{told}"

    def neighbours(self, mementos: list[Row], place: int) -> list[str]:
        """Return links to the first, previous, this, next and last memento, each once."""
        relations: dict[int, list[str]] = {}
        last = len(mementos) - 1
        for relation, number in (("first", 0), ("prev", place - 1), ("", place),
                                 ("next", place + 1), ("last", last)):  # fmt: skip
            if 0 <= number <= last:
                relations.setdefault(number, []).append(relation)
        return [
            _link(self.memento(mementos[number]), " ".join(filter(None, (*names, "memento"))))
            + f';datetime="{timemaps.http_date(mementos[number]["captured_at"])}"'
            for number, names in sorted(relations.items())
        ]

    def _absolute(self, path: str) -> str:
        datasette = self.asked.datasette
        return str(datasette.absolute_url(self.asked.request, str(datasette.urls.path(path))))


def _not_held() -> Response:
    """Answer that nothing is held.

    Datasette would answer an address that ends in a slash by 302 to the one without, and a client
    takes the Location of a TimeGate's 302 for a memento.
    """
    return Response.text("No capture of this address is held here.", status=404, headers=_PLAIN)


def _link(address: str, relation: str) -> str:
    return f'<{_uri(address)}>;rel="{relation}"'


def _uri(url: str) -> str:
    """Return a URL that ends no header and no link early."""
    return quote(url, safe="%/:?#[]@!$&'()*+,;=~")


def _address_in(request: Request) -> str:
    """Return the address of a source that stands in ours, with its query; escaped or not."""
    address = str(request.url_vars["url"])
    if request.query_string:
        address += f"?{request.query_string}"
    return address if "://" in address[:8] else unquote(address)


def _named(archive: Archive, address: str) -> Held | None:
    try:
        url = parse_url(address)
    except UrlError:
        return None
    return _source(archive, archive.connection.sql.execute(_SOURCE, (urlkey(url), url)).fetchone())


def _captured(archive: Archive, capture: int) -> Held | None:
    return _source(archive, archive.connection.sql.execute(_SOURCE_OF, (capture,)).fetchone())


def _source(archive: Archive, row: Row | None) -> Held | None:
    if row is None:
        return None
    mementos = archive.connection.sql.execute(_MEMENTOS, (row["id"],)).fetchall()
    return Held(row["url"], row["withheld"], mementos)


def _status(status: int | None) -> int:
    """Return the status that was answered, where it can stand alone: not of 304 or 101."""
    return status if status is not None and (200 <= status < 300 or status >= 400) else 200

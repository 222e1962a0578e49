"""The news archive of the demo, as a web site and as a folder of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

from crawler.demo.behaviours import START, TEXT, Behaviour, Request, made, page, redirect
from crawler.demo.entries import ENTRIES, DemoEntry, day_folder, published_by, slugify
from crawler.demo.formats import (
    FORMATS,
    MIMES,
    RENDERERS,
    cover_path,
    view_entry,
)
from crawler.demo.listings import day_page, front_page, list_days
from crawler.demo.neighbourhood import Route
from crawler.demo.pages import render_not_found
from crawler.demo.publishers import LANTERN
from crawler.demo.showing import shows_picture

_MISSING = page(render_not_found(LANTERN), status=404)


def list_archive_routes() -> list[Route]:
    """Return everything that the archive site serves."""
    routes: list[Route] = [
        (LANTERN.key, "/robots.txt", page("User-agent: *\nDisallow:\n", content_type=TEXT)),
        (LANTERN.key, "/", _front("html")),
        (LANTERN.key, "/index.html", _front("html")),
        (LANTERN.key, "/index.md", _front("md")),
    ]
    for on in sorted({entry.on for entry in ENTRIES}):
        folder = day_folder(on)
        kinds = {"/": "html", "/index.html": "html", "/index.md": "md"}
        routes += [(LANTERN.key, folder + end, _day(on, kind)) for end, kind in kinds.items()]
    for entry in ENTRIES:
        routes += [(LANTERN.key, path, behaviour) for path, behaviour in _entry_routes(entry)]
    return routes


def _entry_routes(entry: DemoEntry) -> Iterator[tuple[str, Behaviour]]:
    for extension in FORMATS:
        current = f"{entry.folder}/{entry.slug}.{extension}"
        yield current, _entry(entry, extension)
        for change in entry.changes:
            older = f"{entry.folder}/{slugify(change.title)}.{extension}"
            yield older, redirect(quote(current), 301)
    cover = cover_path(entry)
    if cover and entry.cover:
        yield cover, shows_picture(entry.cover)


def _entry(entry: DemoEntry, extension: str) -> Behaviour:
    def make(request: Request) -> Behaviour:
        if entry.on > request.at.date():
            return _MISSING
        told = render_entry(entry, request.at, request.port, extension)
        return page(told, content_type=MIMES[extension], modified=entry.modified_at(request.at))

    return made(make)


def _day(on: date, extension: str) -> Behaviour:
    def make(request: Request) -> Behaviour:
        if on > request.at.date():
            return _MISSING
        return page(day_page(on, request.at, extension), content_type=MIMES[extension])

    return made(make)


def _front(extension: str) -> Behaviour:
    return made(
        lambda request: page(front_page(request.at, extension), content_type=MIMES[extension])
    )


def render_entry(entry: DemoEntry, moment: datetime, port: int, extension: str) -> str:
    """Return the page of an entry as it stands at a moment."""
    view = view_entry(entry, moment, port, extension)
    return RENDERERS[extension](view, f"http://{LANTERN.address}:{port}")


def write_entries(
    folder: Path, base_url: str, *, at: datetime = START, formats: Sequence[str] = ("md",)
) -> list[Path]:
    """Write the entries as a folder of files, the paths as on the site; return what was written.

    ``base_url`` is that of the running web, to whose port the citations lead.
    """
    port = urlsplit(base_url).port or 80
    texts: dict[str, str] = {}
    for extension in formats:
        for entry in published_by(at):
            path = f"{entry.folder}/{entry.slug}.{extension}"
            texts[path] = render_entry(entry, at, port, extension)
        if extension in ("md", "html"):
            for on in list_days(at):
                texts[f"{day_folder(on)}/index.{extension}"] = day_page(on, at, extension)
    written = []
    for path, text in texts.items():
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
        written.append(target)
    return written

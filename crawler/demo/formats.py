"""An entry in its four formats.

All are made from one ``EntryView``: an entry as it stands at a moment, its links resolved.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from html import escape
from urllib.parse import quote
from xml.etree import ElementTree

from crawler.demo.entries import BY_NAME, DemoEntry, published_by, slugify
from crawler.demo.pages import load_template
from crawler.demo.publishers import find_address
from crawler.demo.sources import SOURCES

FORMATS = {"md": "Markdown", "html": "HTML", "json": "JSON", "xml": "XML"}
MIMES = {
    "md": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "xml": "application/xml",
}


@dataclass(frozen=True, slots=True)
class Words:
    """What an edition calls the parts of an entry."""

    sources: str
    changes: str
    related: str
    context: str


WORDS = {
    "en": Words("Sources:", "Changes:", "Related:", "Context"),
    "zh": Words("信息来源:", "变更:", "有关:", "上下文"),
}


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A cited page, or the cover image."""

    title: str
    url: str
    img: str | None = None  # the cover image where the edition sets it behind its first source


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A version of the entry."""

    title: str
    url: str
    date: str | None  # None: the current one
    note: str


@dataclass(frozen=True, slots=True)
class RelatedLine:
    """Another entry."""

    title: str
    url: str
    context: str


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry at a moment; addresses within the archive are paths and end as their format does."""

    entry: DemoEntry
    address: str  # of the page itself, without the format
    day: str
    sources: tuple[SourceLine, ...]
    changes: tuple[ChangeLine, ...]
    related: tuple[RelatedLine, ...]


def view_entry(entry: DemoEntry, moment: datetime, port: int, extension: str) -> EntryView:
    """Return an entry as it stands at a moment; links lead to pages of the same format."""
    folder = entry.folder
    listing = "html" if extension in ("json", "xml") else extension
    versions = [
        ChangeLine(
            change.title, f"{folder}/{slugify(change.title)}.{extension}", change.stamp, change.note
        )
        for change in entry.changes
    ]
    own = f"{folder}/{entry.slug}"
    if versions:
        versions.append(ChangeLine(entry.headline, f"{own}.{extension}", None, "Current version"))
    listed = {other.name for other in published_by(moment)}
    related = tuple(
        RelatedLine(
            BY_NAME[name].headline,
            f"{BY_NAME[name].folder}/{BY_NAME[name].slug}.{extension}",
            context,
        )
        for name, context in entry.related_at(moment).items()
        if name in listed
    )
    return EntryView(
        entry=entry,
        address=own,
        day=f"{folder}/index.{listing}",
        sources=_sources(entry, moment, port),
        changes=tuple(versions),
        related=related,
    )


def _sources(entry: DemoEntry, moment: datetime, port: int) -> tuple[SourceLine, ...]:
    lines = []
    for cited in entry.cited_at(moment):
        source = SOURCES[cited.source]
        url = f"http://{find_address(source.host)}:{port}{quote(source.path)}{cited.suffix}"
        if cited.wrapped:
            url = f"https://web.archive.org/web/{cited.wrapped}/{url}"
        lines.append(SourceLine(cited.label, url))
    cover = cover_path(entry)
    if cover and entry.language == "zh":
        lines[0] = SourceLine(lines[0].title, lines[0].url, cover)
    elif cover:
        lines.append(SourceLine("Cover Image", cover))
    return tuple(lines)


def cover_path(entry: DemoEntry) -> str | None:
    """Return the path of an entry's cover image, None when it has none."""
    return f"/image/{entry.on:%Y/%m/%d}/{entry.cover}.png" if entry.cover else None


def day_name(on: date) -> str:
    """Return a day as the archive writes it: 2026-01-5."""
    return f"{on:%Y-%m}-{on.day}"


# --- the four formats -------------------------------------------------------------------------


def to_markdown(view: EntryView, base_url: str) -> str:
    """Return the entry as the archive keeps it."""
    words, entry = WORDS[view.entry.language], view.entry
    others = "  ".join(
        f"[{FORMATS[kind]}]({view.address}.{kind})" for kind in ("html", "json", "xml")
    )
    lines = [
        "",
        f"Formats: {others}  ",
        "",
        f"### [{day_name(entry.on)}]({view.day})",
        "",
        f"##### {entry.topic}",
        f"# {entry.headline} ",
        "",
        entry.summary,
        "",
    ]
    lines += _markdown_list(
        words.sources, [f"1. {_markdown_source(line)}" for line in view.sources]
    )
    steps = len(view.changes) - 1  # the archive repeats numbers: 1, 1, 1 and 1, 2, 2
    lines += _markdown_list(
        words.changes,
        [f"{min(n, steps)}. {_markdown_change(line)}" for n, line in enumerate(view.changes, 1)],
    )
    lines += _markdown_list(
        words.related,
        [
            f"{n}. [{line.title} ]({line.url}) _{words.context}: {line.context}_"
            for n, line in enumerate(view.related, 1)
        ],
    )
    return "\n".join(lines) + "\n"


def _markdown_list(title: str, items: Sequence[str]) -> list[str]:
    if not items:
        return []
    return ["", f"### {title}", "", *items]


def _markdown_source(line: SourceLine) -> str:
    return f"[{line.title}]({line.url})" + (f" [IMG]({line.img})" if line.img else "")


def _markdown_change(line: ChangeLine) -> str:
    when = f"{line.date} " if line.date else ""
    return f"[{line.title} ]({line.url}) _{when}({line.note})_"


def to_html(view: EntryView, base_url: str) -> str:
    """Return the entry as a web page."""
    words, entry = WORDS[view.entry.language], view.entry
    others = " ".join(
        link(FORMATS[kind], f"{view.address}.{kind}") for kind in ("md", "json", "xml")
    )
    parts = [
        f"<p>Formats: {others}</p>",
        f"<h3>{link(day_name(entry.on), view.day)}</h3>",
        f"<h5>{escape(entry.topic)}</h5>",
        f"<h1>{escape(entry.headline)}</h1>",
        f"<p>{escape(entry.summary)}</p>" if entry.summary else "",
        _html_list(words.sources, [_html_source(line) for line in view.sources]),
        _html_list(words.changes, [_html_change(line) for line in view.changes]),
        _html_list(
            words.related,
            [
                f"{link(line.title, line.url)} <em>{words.context}: {escape(line.context)}</em>"
                for line in view.related
            ],
        ),
    ]
    alternates = [
        f'<link rel="alternate" type="{MIMES[kind].partition(";")[0]}" '
        f'href="{escape(view.address)}.{kind}">'
        for kind in ("md", "json", "xml")
    ]
    return load_template("entry.html").substitute(
        language=entry.language,
        title=escape(entry.headline),
        url=escape(f"{base_url}{quote(view.address)}.html"),
        alternates="\n".join(alternates),
        content="\n".join(part for part in parts if part),
    )


def _html_list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    listed = "\n".join(f"<li>{item}</li>" for item in items)
    return f"<h3>{title}</h3>\n<ol>\n{listed}\n</ol>"


def _html_source(line: SourceLine) -> str:
    return link(line.title, line.url) + (f" {link('IMG', line.img)}" if line.img else "")


def _html_change(line: ChangeLine) -> str:
    when = f"{line.date} " if line.date else ""
    return f"{link(line.title, line.url)} <em>{when}({line.note})</em>"


def link(title: str, url: str, rel: str = "") -> str:
    """Return an HTML link."""
    relation = f' rel="{rel}"' if rel else ""
    return f'<a href="{escape(url)}"{relation}>{escape(title)}</a>'


def _fields(view: EntryView) -> dict[str, object]:
    """Return what the structured formats hold, in their order; absent things are left out."""
    entry = view.entry
    fields: dict[str, object] = {
        "date": entry.on.isoformat(),
        "day": view.day,
        "topic": entry.topic,
        "title": entry.headline,
        "summary": entry.summary,
        "image": cover_path(entry),
        "sources": [_told(line) for line in view.sources],
        "changes": [_told(line) for line in view.changes],
        "related": [_told(line) for line in view.related],
    }
    return {name: value for name, value in fields.items() if value}


def _told(line: SourceLine | ChangeLine | RelatedLine) -> dict[str, str]:
    return {name: value for name, value in asdict(line).items() if value}


def to_json(view: EntryView, base_url: str) -> str:
    """Return the entry as a JSON object."""
    return json.dumps(_fields(view), ensure_ascii=False, indent=2) + "\n"


_ITEMS = {"sources": "source", "changes": "change", "related": "entry"}


def to_xml(view: EntryView, base_url: str) -> str:
    """Return the entry as an XML document with the fields of the JSON."""
    root = ElementTree.Element("entry")
    for name, value in _fields(view).items():
        element = ElementTree.SubElement(root, name)
        if isinstance(value, str):
            element.text = value
        elif isinstance(value, list):
            for line in value:
                item = ElementTree.SubElement(element, _ITEMS[name])
                for field, text in line.items():
                    ElementTree.SubElement(item, field).text = text
    ElementTree.indent(root)
    told = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{told}\n'


RENDERERS: dict[str, Callable[[EntryView, str], str]] = {
    "md": to_markdown,
    "html": to_html,
    "json": to_json,
    "xml": to_xml,
}

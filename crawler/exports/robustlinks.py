"""Robust Links: of every citation the live link, the archived copy, its date, and how it stands.

The attributes are those of the Robust Links convention (robustlinks.mementoweb.org/spec):
``data-originalurl``, ``data-versiondate`` and ``data-versionurl``; ours beside them begin with
``data-verdict``.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO

from crawler.archive import Cited, Selected, SelectedEntry
from crawler.exports.destination import Folder
from crawler.exports.inert import html_text, json_text, markdown_text, one_line, web_address
from crawler.exports.order import Order, name_of
from crawler.items import OWN

# Where these are concluded, the copy is what the reader wants; at the address is nothing, or
# something else. (Wikipedia's `url-status` hides usurped addresses for the same reason.)
LOST = frozenset({"vanished", "usurped", "drifted"})
_LAYOUT = 1


@dataclass(frozen=True, slots=True)
class RobustLink:
    """What one citation links to."""

    label: str
    original: str  # as cited
    live: str | None  # fit to be a link; None: it is no web address
    version: str | None  # the copy: ours, else one that a web archive has
    version_date: str | None  # instant of the copy
    digest: str | None  # of our copy's payload
    held_by: str | None  # "us", "archive"; None: there is no copy
    origin: str | None  # who made our copy: "own", a web archive, an import, a person
    withheld: str | None  # why our copy is not shown
    verdict: str
    since: str | None
    cited_on: str | None

    @property
    def target(self) -> str | None:
        """Where a reader is best sent: to the page, or to its copy once the page is lost.

        None: nowhere; nobody is led to what has taken a page's place.
        """
        if self.verdict not in LOST:
            return self.live
        return self.version or (None if self.verdict == "usurped" else self.live)


def robust_link(cited: Cited, order: Order) -> RobustLink:
    """Return what a citation links to, copies included."""
    citation, source, copy = cited.citation, cited.source, cited.copy
    shown = copy if copy and not copy.withheld else None
    elsewhere = cited.elsewhere
    version: str | None = None
    date: str | None = None
    held_by: str | None = None
    if shown is not None:
        version, date, held_by = order.copy_url(shown), shown.captured_at, "us"
    elif elsewhere is not None and (address := web_address(elsewhere.url)):
        version, date, held_by = address, elsewhere.captured_at, "archive"
    original = source.url if source else citation.url_as_cited
    return RobustLink(
        label=one_line(citation.label or (source.title if source else original)),
        original=original,
        live=web_address(original),
        version=version,
        version_date=date,
        digest=copy.payload if copy else None,
        held_by=held_by,
        origin=shown.origin if shown else None,
        withheld=copy.withheld if copy else None,
        verdict=source.verdict if source else "unknown",
        since=source.verdict_since if source else None,
        cited_on=citation.cited_on,
    )


def html_of(link: RobustLink) -> str:
    """Return an ``<a>`` with the attributes of the convention; text where nothing can be linked."""
    if link.target is None:
        return f"<span>{html_text(link.label)}</span>"
    given = {
        "href": link.target,
        "data-originalurl": link.live,
        "data-versionurl": link.version,
        "data-versiondate": link.version_date or link.cited_on,
        "data-verdict": link.verdict,
        "data-verdict-since": link.since,
    }
    attributes = " ".join(f'{name}="{html_text(v)}"' for name, v in given.items() if v)
    return f"<a {attributes}>{html_text(link.label)}</a>"


def citation_text(link: RobustLink) -> str:
    """Return a citation as a line of text, the copy in brackets (Bluebook rule 18.2.1(d))."""
    parts = [f"{link.label}, {one_line(link.original)}"]
    if link.cited_on:
        parts.append(f"cited {link.cited_on}")
    if link.version:
        day = f", archived {link.version_date[:10]}" if link.version_date else ""
        parts.append(f"[{one_line(link.version)}]{day}")
        if link.origin not in (None, OWN):
            parts[-1] += f" ({link.origin})"
    if link.digest:
        parts.append(link.digest)
    if link.verdict in LOST:
        parts.append(f"{link.verdict}{f' since {link.since[:10]}' if link.since else ''}")
    return ", ".join(parts)


def footnote(link: RobustLink, mark: str) -> str:
    """Return a footnote of Markdown, ``[^mark]: …``."""
    label = markdown_text(link.label)
    parts = [f"[{label}](<{link.live}>)" if link.live else label]
    if link.version:
        day = f", {link.version_date[:10]}" if link.version_date else ""
        parts.append(f"[archived copy](<{link.version}>){day}")
    if link.verdict in LOST:
        parts.append(f"{link.verdict}{f' since {link.since[:10]}' if link.since else ''}")
    return f"[^{mark}]: {' · '.join(parts)}"


def document_of(link: RobustLink) -> dict[str, Any]:
    """Return a link as JSON, for a site's data; what is unknown is left out."""
    known = {
        "label": link.label,
        "url": link.live,
        "url_as_kept": link.original if link.original != link.live else None,
        "archived_url": link.version,
        "archived_at": link.version_date,
        "archived_by": link.held_by,
        "digest": link.digest,
        "origin": link.origin if link.origin != OWN else None,
        "withheld": link.withheld,
        "verdict": link.verdict,
        "verdict_since": link.since,
        "cited_on": link.cited_on,
        "html": html_of(link),
        "text": citation_text(link),
    }
    return {name: value for name, value in known.items() if value is not None}


def entry_document(entry: SelectedEntry, links: list[RobustLink]) -> dict[str, Any]:
    """Return an entry with its links, for a site's data."""
    return {
        "title": entry.title,
        "date": entry.date,
        "url": entry.url,
        "sources": [document_of(link) for link in links],
    }


def links_of(selected: Selected, entry: SelectedEntry, order: Order) -> list[RobustLink]:
    """Return the links of an entry, in the order of its citations."""
    return [robust_link(cited, order) for cited in selected.citations(entry)]


def write(selected: Selected, folder: Folder, order: Order) -> None:
    """Write ``links.json``, ``links.html``, ``footnotes.md`` and ``citations.txt``."""
    with ExitStack() as open_files:
        data, page, notes, texts = (
            open_files.enter_context(folder.open(name))
            for name in ("links.json", "links.html", "footnotes.md", "citations.txt")
        )
        page.write(_PAGE_START)
        _begin(data)
        first = True
        for entry in selected.entries():
            links = links_of(selected, entry, order)
            _add(data, entry.key, entry_document(entry, links), first=first)
            page.write(_section(entry, links).encode())
            notes.write(_footnotes(entry, links).encode())
            texts.write(_texts(entry, links).encode())
            first = False
            order.step()
        data.write(b"\n}}\n")
        page.write(b"</body></html>\n")


_PAGE_START = (
    b'<!DOCTYPE html>\n<html><head><meta charset="utf-8">'
    b'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'
    b"<title>Robust links</title></head><body>\n"
)


def _begin(data: BinaryIO) -> None:
    data.write(f'{{"layout":{_LAYOUT},"entries":{{'.encode())


def _add(data: BinaryIO, key: str, document: dict[str, Any], *, first: bool) -> None:
    data.write(b"\n" if first else b",\n")
    data.write(f"{json_text(key)}:{json_text(document)}".encode())


def _section(entry: SelectedEntry, links: list[RobustLink]) -> str:
    items = "".join(f"<li>{html_of(link)}</li>\n" for link in links)
    date = f"{html_text(entry.date)} " if entry.date else ""
    return f"<h2>{date}{html_text(one_line(entry.title))}</h2>\n<ol>\n{items}</ol>\n"


def _footnotes(entry: SelectedEntry, links: list[RobustLink]) -> str:
    mark = name_of(entry.key)[:8]
    lines = [footnote(link, f"{mark}-{n}") for n, link in enumerate(links, 1)]
    head = f"## {markdown_text(_heading(entry))}"
    return "\n\n".join([head, *lines]) + "\n\n"


def _texts(entry: SelectedEntry, links: list[RobustLink]) -> str:
    lines = [f"{n}. {citation_text(link)}" for n, link in enumerate(links, 1)]
    return "\n".join([_heading(entry), *lines]) + "\n\n"


def _heading(entry: SelectedEntry) -> str:
    return one_line(f"{entry.date or ''} {entry.title}")

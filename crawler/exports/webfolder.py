"""A folder of HTML that a browser opens without a server: entries, sources, snapshots, pages.

Nothing in it runs or loads anything: see ``layout`` for the policy of our own pages, ``enclosing``
for how an archived page is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from crawler.archive import CaptureRecord, Selected, SelectedEntry
from crawler.archive.selection.records import ArticleRecord
from crawler.exports.destination import Folder
from crawler.exports.enclosing import enclose, enclosed_name
from crawler.exports.inert import html_text, one_line, web_address
from crawler.exports.layout import FOOT, away, facts, head, link, navigation, paragraphs
from crawler.exports.order import Order, name_of, snapshot_name
from crawler.exports.robustlinks import LOST, RobustLink, robust_link
from crawler.items import OWN

LISTED = 500  # entries on one page of the index
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}")


def write(selected: Selected, folder: Folder, order: Order) -> None:
    """Write the pages of entries, then of snapshots, then of sources."""
    inside = replace(order, base_url="../")  # all pages but the index lie one folder deep
    _write_index(selected, folder, inside)
    for record in selected:
        if record.is_snapshot:
            _write_snapshot(selected, folder, record)
        order.step()
    for number in selected.sources():
        _write_source(selected, folder, number)


def entry_name(key: str) -> str:
    """Return the name of an entry's page."""
    return f"entries/{name_of(key)}.html"


def source_name(urlkey: str) -> str:
    """Return the name of a source's page."""
    return f"sources/{name_of(urlkey)}.html"


# The index and the entries


def _write_index(selected: Selected, folder: Folder, order: Order) -> None:
    entries = selected.entries()
    title = "Sources that we keep"
    last = max(1, -(-selected.count_entries() // LISTED))
    for number in range(1, last + 1):
        with folder.open(_index_name(number)) as page:
            page.write(f"{head(title)}<h1>{title}</h1>\n<ul>\n".encode())
            for entry in islice(entries, LISTED):
                folder.add(entry_name(entry.key), _entry_page(selected, entry, order).encode())
                page.write(_index_line(entry).encode())
            turning = _turning(number, more=number < last)
            page.write(f"</ul>\n{turning}{_about(selected, order)}{FOOT}".encode())


def _index_name(number: int) -> str:
    return "index.html" if number == 1 else f"index-{number}.html"


def _index_line(entry: SelectedEntry) -> str:
    topic = f" <small>{html_text(one_line(entry.topic))}</small>" if entry.topic else ""
    date = f"{html_text(entry.date)} " if entry.date else ""
    return f"<li>{date}{link(entry_name(entry.key), entry.title)}{topic}</li>\n"


def _turning(number: int, *, more: bool) -> str:
    pages = [(_index_name(number - 1), "before")] if number > 1 else []
    pages += [(_index_name(number + 1), "further")] if more else []
    return navigation(*pages) if pages else ""


def _about(selected: Selected, order: Order) -> str:
    entries, captures = selected.count_entries(), len(selected)
    counted = (
        f"{entries} {'entry' if entries == 1 else 'entries'},"
        f" {captures} {'capture' if captures == 1 else 'captures'}"
    )
    return f"<footer><p>{counted}, {order.now:%Y-%m-%d}</p></footer>\n"


def _entry_page(selected: Selected, entry: SelectedEntry, order: Order) -> str:
    lines = []
    for cited in selected.citations(entry):
        found = robust_link(cited, order)
        page = f"../{source_name(cited.source.urlkey)}" if cited.copy and cited.source else None
        lines.append(f"<li>{_citation(found, page)}</li>\n")
    own = away(web_address(entry.url), entry.url) if entry.url else None
    return (
        f"{head(entry.title)}{navigation(('../index.html', 'all entries'))}"
        f"<h1>{html_text(one_line(entry.title))}</h1>\n"
        + facts(
            (
                ("Date", html_text(entry.date) if entry.date else None),
                ("Topic", html_text(one_line(entry.topic)) if entry.topic else None),
                ("Address", own),
            )
        )
        + f"{paragraphs(entry.summary or '')}<h2>Sources</h2>\n<ol>\n{''.join(lines)}</ol>\n{FOOT}"
    )


def _citation(found: RobustLink, page: str | None) -> str:
    """Return a citation: its words, the copy, the state, and the way to the live page."""
    parts = [link(page, found.label) if page else html_text(found.label)]
    day = found.version_date[:10] if found.version_date else "undated"
    if found.version and found.held_by == "us":
        parts.append(link(found.version, f"copy of {day}") + _supplied(found.origin))
    elif found.version:
        parts.append(away(found.version, f"copy elsewhere, {day}"))
    else:
        parts.append(f"no copy{f' ({found.withheld})' if found.withheld else ''}")
    parts.append(_state(found.verdict, found.since))
    if found.live and found.verdict != "usurped":
        parts.append(away(found.live, "the page now"))
    return " · ".join(parts)


def _supplied(origin: str | None) -> str:
    """Return who made a copy, where that was not we."""
    return f" ({html_text(origin)})" if origin not in (None, OWN) else ""


def _state(verdict: str, since: str | None) -> str:
    words = f"{verdict}{f' since {since[:10]}' if since else ''}"
    return f'<span class="lost">{words}</span>' if verdict in LOST else words


# Snapshots


def _write_snapshot(selected: Selected, folder: Folder, record: CaptureRecord) -> None:
    body, missing = selected.payload(record)
    name = enclosed_name(record.payload, record.mime_sniffed)
    if body is not None and not folder.holds(name):
        shown = enclose(body, record.payload, record.mime_sniffed, record.mime_declared)
        folder.add(shown.name, shown.content)
    page = None if missing else f"../{name}"
    folder.add(snapshot_name(record), _snapshot_page(record, page, missing).encode())


def _snapshot_page(record: CaptureRecord, page: str | None, missing: str | None) -> str:
    source, article = record.source, record.article
    assert source is not None
    title = one_line((article and article.title) or source.title)
    text = article.text if article and article.text else None
    shown = (
        link(page, "the page as it was archived") if page
        else f"Page and text are not part of this export: {missing}."
    )  # fmt: skip
    return (
        f"{head(title)}"
        f"{navigation(('../index.html', 'all entries'), _place_of(source.urlkey))}"
        f"<h1>{html_text(title)}</h1>\n{facts(_known(record))}<p>{shown}</p>\n"
        f"<main{_language(article)}>\n{paragraphs(text or '')}</main>\n{FOOT}"
    )


def _place_of(urlkey: str) -> tuple[str, str]:
    return f"../{source_name(urlkey)}", "all snapshots of this source"


def _language(article: ArticleRecord | None) -> str:
    language = article.language if article else None
    return f' lang="{language}"' if language and _LANGUAGE.fullmatch(language) else ""


def _known(record: CaptureRecord) -> Iterator[tuple[str, str | None]]:
    """Yield what is known of a snapshot, as names and values in HTML."""
    source, article = record.source, record.article
    assert source is not None
    usurped = source.verdict == "usurped"
    yield "Captured", html_text(record.captured_at)
    yield "Address", away(None if usurped else web_address(source.url), source.url)
    if record.url != source.url:
        yield "Answered at", html_text(record.url)
    yield "Answer", f"{record.fetch.status or '-'}, {html_text(record.outcome)}"
    yield "Source now", _state(source.verdict, source.verdict_since)
    if article is not None:
        yield "Author", html_text(one_line(article.author)) if article.author else None
        yield "Published", html_text(article.published_on) if article.published_on else None
        yield "Version", str(article.version) if article.version else None
    yield "Digest", f"<code>{html_text(record.payload)}</code>"
    yield "Origin", html_text(record.origin)


# Sources


def _write_source(selected: Selected, folder: Folder, number: int) -> None:
    snapshots = (each for each in selected.of_source(number) if each.is_snapshot)
    first = next(snapshots, None)
    if first is None or first.source is None:  # hops of redirects only
        return
    source = first.source
    with folder.open(source_name(source.urlkey)) as page:
        page.write(_source_head(first, folder).encode())
        page.write(_source_line(first).encode())
        for record in snapshots:
            page.write(_source_line(record).encode())
        page.write(f"</table></div>\n{FOOT}".encode())


def _source_head(first: CaptureRecord, folder: Folder) -> str:
    source = first.source
    assert source is not None
    usurped = source.verdict == "usurped"
    citing = "".join(f"<li>{_citing(first, n, folder)}</li>\n" for n in range(len(first.citations)))
    return (
        f"{head(source.title)}{navigation(('../index.html', 'all entries'))}"
        f"<h1>{html_text(one_line(source.title))}</h1>\n"
        + facts(
            (
                ("Address", away(None if usurped else web_address(source.url), source.url)),
                ("Now", _state(source.verdict, source.verdict_since)),
            )
        )
        + f"<h2>Cited by</h2>\n<ul>\n{citing}</ul>\n<h2>Snapshots</h2>\n"
        '<div class="wide"><table>\n<tr><th>captured<th>answer<th>words<th>version</tr>\n'
    )


def _citing(record: CaptureRecord, place: int, folder: Folder) -> str:
    citation = record.citations[place]
    name = entry_name(citation.entry_key)
    shown = link(f"../{name}", citation.entry_title) if folder.holds(name) else None
    title = shown or html_text(one_line(citation.entry_title))
    date = f"{html_text(citation.entry_date)} " if citation.entry_date else ""
    label = html_text(one_line(citation.label))
    return f"{date}{title}{': ' if label else ''}{label}"


def _source_line(record: CaptureRecord) -> str:
    article = record.article
    cells = (
        link(f"../{snapshot_name(record)}", record.captured_at),
        f"{record.fetch.status or '-'}, {html_text(record.outcome)}"
        + (f", {html_text(record.withheld)}" if record.withheld else ""),
        str(article.words) if article and article.words is not None else "",
        str(article.version) if article and article.version else "",
    )
    return f"<tr>{''.join(f'<td>{cell}' for cell in cells)}</tr>\n"

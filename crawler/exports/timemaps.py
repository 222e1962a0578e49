"""TimeMaps: for each source every snapshot and when it was made, as link-format and as JSON.

The link-format is that of RFC 7089 §5 (and RFC 6690), the JSON that of the Memento aggregators
(mementoweb.org/guide/timemap-json).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any

from crawler.archive import CaptureRecord, Selected
from crawler.archive.selection.records import SourceRecord
from crawler.dates import parse_instant
from crawler.exports.destination import Folder
from crawler.exports.inert import json_text, web_address
from crawler.exports.order import Order, name_of


@dataclass(frozen=True, slots=True)
class Memento:
    """One line of a TimeMap."""

    url: str
    captured_at: str
    status: int | None
    outcome: str
    payload: str


def http_date(instant: str) -> str:
    """Return an instant as HTTP writes it: ``Sun, 01 Mar 2026 12:00:00 GMT`` (RFC 9110 §5.6.7)."""
    return format_datetime(parse_instant(instant), usegmt=True)


def write(selected: Selected, folder: Folder, order: Order) -> None:
    """Write two files for each source, and ``index.json`` that tells which source is in which."""
    with folder.open("index.json") as index:
        index.write(b"{")
        first = True
        for number in selected.sources():
            found = _of_source(selected, number, order)
            if found is None:
                continue
            source, mementos = found
            name = name_of(source.urlkey)
            folder.add(f"{name}.link", link_format(source.url, f"{name}.link", mementos).encode())
            folder.add(f"{name}.json", json_of(source.url, name, mementos).encode())
            index.write(b"\n" if first else b",\n")
            index.write(f"{json_text(source.url)}:{json_text(name)}".encode())
            first = False
        index.write(b"\n}\n")


def _of_source(
    selected: Selected, number: int, order: Order
) -> tuple[SourceRecord, list[Memento]] | None:
    """Return a source with its mementos, earliest first; None when there are hops only."""
    mementos, source = [], None
    for record in selected.of_source(number):
        order.step()
        if record.is_snapshot and not record.withheld:
            source = record.source
            mementos.append(_memento(record, order))
    return (source, mementos) if source and mementos else None


def _memento(record: CaptureRecord, order: Order) -> Memento:
    return Memento(
        order.copy_url(record), record.captured_at, record.fetch.status, record.outcome,
        record.payload,
    )  # fmt: skip


def link_format(
    original: str, own: str, mementos: list[Memento], *, timegate: str | None = None
) -> str:
    """Return a TimeMap in link-format; ``own`` is its address, that of a TimeGate may be none."""
    first, last = mementos[0], mementos[-1]
    lines = [
        f'<{_uri(original)}>;rel="original"',
        *([f'<{timegate}>;rel="timegate"'] if timegate else []),
        f'<{own}>;rel="self";type="application/link-format"'
        f';from="{http_date(first.captured_at)}";until="{http_date(last.captured_at)}"',
        *(
            f'<{m.url}>;rel="{rel}";datetime="{http_date(m.captured_at)}"'
            for m, rel in _with_relations(mementos)
        ),
    ]
    return ",\n".join(lines) + "\n"


def _uri(url: str) -> str:
    """Return a URL that no character in it ends early."""
    return web_address(url) or "about:blank"


def _with_relations(mementos: list[Memento]) -> Iterator[tuple[Memento, str]]:
    for place, memento in enumerate(mementos):
        first = "first " if place == 0 else ""
        last = "last " if place == len(mementos) - 1 else ""
        yield memento, f"{first}{last}memento"


def json_of(original: str, name: str, mementos: list[Memento]) -> str:
    """Return a TimeMap as JSON."""
    listed = [_document(memento) for memento in mementos]
    value: dict[str, Any] = {
        "original_uri": original,
        "timemap_uri": {"link_format": f"{name}.link", "json_format": f"{name}.json"},
        "mementos": {"first": listed[0], "last": listed[-1], "list": listed},
    }
    return json_text(value, indent=1) + "\n"


def _document(memento: Memento) -> dict[str, Any]:
    return {
        "datetime": memento.captured_at,
        "uri": [memento.url],
        "status": memento.status,
        "outcome": memento.outcome,
        "digest": memento.payload,
    }

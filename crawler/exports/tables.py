"""CSV (RFC 4180): a line for each capture, or a table or view of the archive."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from crawler.archive import CaptureRecord, Selected
from crawler.exports.order import Order

COLUMNS = (
    "captured_at", "source", "title", "url", "status", "outcome", "verdict", "verdict_since",
    "record_type", "mime", "size_bytes", "words", "language", "author", "published_on", "version",
    "entries", "first_entry_date", "first_entry", "origin", "run", "payload", "capture", "withheld",
)  # fmt: skip
LINE_END = "\r\n"
# A spreadsheet takes a cell for a formula that begins so (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write(selected: Selected, out: BinaryIO, order: Order) -> None:
    """Write the lines, with the names of the columns in front. Raises UsageError."""
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", errors="replace")
    lines = csv.writer(text, lineterminator=LINE_END)
    rows = (
        _captures(selected, order) if order.table is None else _rows(selected, order.table, order)
    )
    for row in rows:
        lines.writerow([_quoted(cell) for cell in row] if order.quoted else row)
    text.detach()


def _quoted(cell: object) -> object:
    """Return a cell that no spreadsheet runs: with an apostrophe in front. Numbers stay."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _rows(selected: Selected, table: str, order: Order) -> Iterator[Iterable[object]]:
    rows = selected.table(table)
    yield next(rows)
    for row in rows:
        yield row
        order.step()


def _captures(selected: Selected, order: Order) -> Iterator[Iterable[object]]:
    yield COLUMNS
    for record in selected:
        yield _line(record)
        order.step()


def _line(record: CaptureRecord) -> tuple[object, ...]:
    source, article = record.source, record.article
    dated = sorted((each.entry_date or "", each.entry_title) for each in record.citations)
    return (
        record.captured_at,
        source.url if source else None,
        (article and article.title) or (source and source.title),
        record.url,
        record.fetch.status,
        record.outcome,
        source and source.verdict,
        source and source.verdict_since,
        record.record_type,
        record.mime_sniffed,
        record.size_bytes,
        article and article.words,
        article and article.language,
        article and article.author,
        article and article.published_on,
        article and article.version,
        len({each.entry for each in record.citations}),
        dated[0][0] if dated else None,
        dated[0][1] if dated else None,
        record.origin,
        record.run.uid,
        record.payload,
        record.uid,
        record.withheld,
    )

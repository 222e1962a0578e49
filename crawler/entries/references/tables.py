"""Reader of tables of addresses: CSV and its like, as spreadsheets and link lists have them."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from crawler.entries.references.listing import Listing, first_day
from crawler.errors import NothingFound
from crawler.items import Entry, ReadingWarning

READER = "table"

_DELIMITERS = ",;\t|"
_SAMPLE = 50  # rows by which the column of addresses is found where none is called so
_WEB = re.compile(r"\s*https?://\S+\s*", re.IGNORECASE)
_ADDRESSES = {"url", "urls", "uri", "link", "links", "href", "address", "source", "source url",
              "website", "web", "page", "网址", "網址", "链接"}  # fmt: skip
_TITLES = {"title", "label", "name", "headline", "description", "text", "标题", "標題"}
_CARRIERS = {"publisher", "site", "outlet", "newspaper", "journal", "publication"}
# not "date" alone: it may be that of the page
_DAYS = {"accessed", "access date", "date accessed", "retrieved", "date retrieved", "cited",
         "cited on", "date cited",
         "visited", "added", "date added", "saved", "timestamp"}  # fmt: skip


def read_table(text: str, locator: str) -> Entry:
    """Return the entry of a table: one citation for each row that holds an address.

    The column is the one that is called for it (``url``, ``link`` …) and holds some, else the one
    in which most rows have an address. Raises NothingFound without such a column.
    """
    rows, unread = _rows(text)
    head = [_folded(cell) for cell in rows[0]] if rows else []
    column = _column_of_addresses(head, rows)
    if column is None:
        raise NothingFound(locator, "no column of this table holds http or https addresses")
    listing = Listing(locator, READER)
    title, carrier, day = (_called(head, names, column) for names in (_TITLES, _CARRIERS, _DAYS))
    titled = not any(map(_WEB.fullmatch, rows[0]))
    for number, row in enumerate(rows, start=1):
        if number == 1 and titled:
            continue
        listing.add(
            f"row {number}",
            (_cell(row, column),),
            title=_cell(row, title),
            publisher=_cell(row, carrier),
            day=first_day(_cell(row, day)),
        )
    if unread:
        many = "1 row" if unread == 1 else f"{unread} rows"
        detail = (
            f"{many} could not be read: a cell is too long, or its quotation mark never closed."
        )
        listing.warnings.append(ReadingWarning("damaged-page", detail))
    return listing.to_entry()


def _rows(text: str) -> tuple[list[list[str]], int]:
    """Return the rows that hold something, and how many could not be read."""
    rows, unread = list[list[str]](), 0
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    lines = iter(text.splitlines(keepends=True))
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return rows, unread
        except csv.Error:  # a cell of more than 128 KiB: a quotation mark that is never closed
            unread += 1
            continue
        if any(cell.strip() for cell in row):
            rows.append(row)


def _column_of_addresses(head: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    sample = rows[: _SAMPLE + 1]
    counts = [
        sum(1 for row in sample if _WEB.fullmatch(_cell(row, column)))
        for column in range(max(map(len, sample), default=0))
    ]
    named = [at for at, name in enumerate(head) if name in _ADDRESSES and counts[at]]
    if named:
        return named[0]
    best = max(range(len(counts)), key=counts.__getitem__, default=None)
    return best if best is not None and 2 * counts[best] >= len(sample) - 1 > 0 else None


def _called(head: Sequence[str], names: set[str], but: int) -> int | None:
    return next((at for at, name in enumerate(head) if name in names and at != but), None)


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column] if column is not None and column < len(row) else ""


def _folded(cell: str) -> str:
    return " ".join(cell.replace("_", " ").replace("-", " ").casefold().split())

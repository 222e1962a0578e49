"""Reader of RIS, the form in which libraries and reference managers hand over their items."""

from __future__ import annotations

import re

from crawler.entries.references.listing import Listing, doi_address, first_day
from crawler.items import Entry

READER = "ris"

_TAG = re.compile(r"([A-Z][A-Z0-9]) {1,2}-(?: (.*))?")
_NEXT = re.compile(r";\s{0,9}(?=https?://)")
_TITLES, _CARRIERS, _DAYS = ("TI", "T1", "CT", "BT"), ("T2", "JO", "JF", "JA", "PB"), ("Y2", "RD")


def read_ris(text: str, locator: str) -> Entry:
    """Return the entry of a list of items in RIS: one citation for each that names an address.

    That is its ``UR``, ``LK`` or ``L2``, else its ``DO``; the day is that of access, ``Y2``. Raises
    NothingFound when no item names an address.
    """
    listing = Listing(locator, READER)
    fields: dict[str, list[str]] = {}
    last: list[str] = []
    for line in text.splitlines():
        match = _TAG.fullmatch(line.rstrip())
        if match is None:
            if last and line.strip():
                last[-1] += " " + line.strip()  # a value that goes on in the next line
            continue
        if match[1] in ("TY", "ER"):
            _take(fields, listing)
            fields, last = {}, []
        if match[1] != "ER":
            last = fields.setdefault(match[1], [])
            last.append((match[2] or "").strip())
    _take(fields, listing)
    return listing.to_entry()


def _take(fields: dict[str, list[str]], listing: Listing) -> None:
    if not fields:
        return

    def first(*tags: str) -> str:
        return next((fields[tag][0] for tag in tags if tag in fields), "")

    dois = (doi_address(text) for text in fields.get("DO", []))
    written = (text for tag in ("UR", "LK", "L2") for text in fields.get(tag, []))
    addresses = (part for text in written for part in _NEXT.split(text))  # "https://…; https://…"
    listing.add(
        first("ID", "TY"),
        (*addresses, *dois),
        title=first(*_TITLES),
        publisher=first(*_CARRIERS),
        day=first_day(*(text for tag in _DAYS for text in fields.get(tag, []))),
    )

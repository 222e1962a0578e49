"""Reader of lists in JSON: CSL-JSON, Zotero's and Better BibTeX's exports, Pinboard's bookmarks."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.entries.records import Value
from crawler.entries.references.listing import Listing, doi_address, first_day
from crawler.items import Entry

READER = "reference-json"

_ADDRESSES = ("URL", "url", "href")
_TITLES, _CARRIERS = ("title", "description"), (
    "container-title", "publicationTitle", "websiteTitle", "blogTitle", "publisher",
)  # fmt: skip
_DAYS = ("accessed", "accessDate", "time", "created")
_BESIDE_WORKS = ("note", "annotation")  # of Zotero: they hang on works, and cite nothing
# What an item has of one of the three, and no record of an entry has.
_SIGNS = (
    {"type", "URL"}, {"type", "DOI"}, {"type", "issued"}, {"type", "title", "id"},
    {"itemType", "title"}, {"itemType", "url"}, {"href", "description", "time"},
)  # fmt: skip


def read_references(tree: Value, locator: str) -> Entry | None:
    """Return the entry of a JSON list of references; None when it is no such list.

    Raises NothingFound when no item of it names an address.
    """
    items = _items(tree)
    if not items or 2 * sum(map(_is_reference, items)) < len(items):
        return None
    listing = Listing(locator, READER)
    for number, item in enumerate(items, start=1):
        if item.get("itemType") not in _BESIDE_WORKS:
            _take(item, number, listing)
    return listing.to_entry()


def _items(tree: Value) -> list[Mapping[str, Value]]:
    if isinstance(tree, dict):
        tree = tree.get("items") or tree.get("references")  # of Better BibTeX; of Pandoc
    if not isinstance(tree, list):
        return []
    found = (item.get("data", item) if isinstance(item, dict) else item for item in tree)
    return [item for item in found if isinstance(item, dict)]


def _is_reference(item: Mapping[str, Value]) -> bool:
    return any(signs <= item.keys() for signs in _SIGNS)


def _take(item: Mapping[str, Value], number: int, listing: Listing) -> None:
    addresses = [_text(item.get(name)) for name in _ADDRESSES]
    addresses.append(doi_address(_text(item.get("DOI")) or _text(item.get("doi"))))
    listing.add(
        _text(item.get("id")) or _text(item.get("key")) or f"item {number}",
        addresses,
        title=_first(item, _TITLES),
        publisher=_first(item, _CARRIERS),
        day=first_day(*(_day(item.get(name)) for name in _DAYS)),
    )


def _first(item: Mapping[str, Value], names: tuple[str, ...]) -> str:
    return next((text for name in names if (text := _text(item.get(name)))), "")


def _text(value: Value) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    return str(value).strip() if isinstance(value, str | int) else ""


def _day(value: Value) -> str:
    """Return a date of CSL, ``{"date-parts": [[2017, 3, 4]]}``, or any other, as text."""
    if not isinstance(value, dict):
        return _text(value)
    parts = value.get("date-parts")
    if isinstance(parts, list) and parts and isinstance(parts[0], list) and len(parts[0]) == 3:
        return "-".join(_text(part) for part in parts[0])
    return _text(value.get("raw")) or _text(value.get("literal"))

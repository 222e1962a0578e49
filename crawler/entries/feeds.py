"""Feeds and sitemaps: RSS, Atom, JSON Feed, sitemaps.org. They list pages, and are no entries.

Of a feed only the addresses are taken, and the days, for pages that tell none: the pages themselves
hold the whole text, where many feeds hold a part of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crawler.dates import parse_feed_day
from crawler.entries.records import TEXT, Value
from crawler.errors import NothingFound
from crawler.items import DayIndex

# What lists, and what is listed: RSS 2.0, RSS 1.0, Atom (RFC 4287), sitemaps.org.
_LISTS = {
    "rss": ("channel", "item"),
    "RDF": ("item",),
    "feed": ("entry",),
    "urlset": ("url",),
    "sitemapindex": ("sitemap",),
}
# When a page was published, by RSS 2.0, Atom, Dublin Core (RSS 1.0) and JSON Feed; then when it
# was edited. A sitemap's `lastmod` is when its file was written, which says nothing of either.
_DATES = ("pubDate", "published", "date", "date_published", "updated", "date_modified")
_JSON_FEED = "https://jsonfeed.org/version/"


def read_feed(tree: Value, locator: str) -> DayIndex | None:
    """Return the pages that a feed or sitemap lists, in its order; None for any other tree.

    Raises NothingFound for one that lists none.
    """
    items = _items(tree)
    if items is None:
        return None
    found: dict[str, str | None] = {}
    for item in items:
        if address := _address(item):
            found[address] = found.get(address) or _day(item)
    if not found:
        raise NothingFound(locator, "a feed or sitemap, but it lists no page")
    dates = tuple(found.values())
    return DayIndex(locator, None, tuple(found), entry_dates=dates if any(dates) else ())


def _items(tree: Value) -> list[Value] | None:
    if not isinstance(tree, dict):
        return None
    if str(tree.get("version", "")).startswith(_JSON_FEED):
        return list(_each(tree.get("items")))
    name = next(iter(tree), "")
    if len(tree) != 1 or name not in _LISTS:
        return None
    level: list[Value] = [tree[name]]
    for step in _LISTS[name]:
        level = [inner for box in level if isinstance(box, dict) for inner in _each(box.get(step))]
    return level


def _each(value: Value) -> Iterator[Value]:
    """Give what stands under a name, whether once or several times."""
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value


def _address(item: Value) -> str:
    """Return the address of a listed page; empty when it has none of its own."""
    if not isinstance(item, dict):
        return ""
    links = [*_each(item.get("loc")), *_each(item.get("url")), *_each(item.get("link"))]
    addresses = (_target(link) for link in links)
    return next(filter(None, addresses), _permalink(item.get("guid")))


def _day(item: Value) -> str | None:
    """Return the day on which a listed page was published, else that of its latest edition."""
    if not isinstance(item, dict):
        return None
    written = (text for name in _DATES for text in map(_text, _each(item.get(name))))
    return next(filter(None, map(parse_feed_day, written)), None)


def _text(value: Value) -> str:
    return str(value.get(TEXT) or "") if isinstance(value, Mapping) else str(value)


def _target(link: Value) -> str:
    """Return the address of RSS's ``<link>`` or Atom's ``<link href>``, which has a purpose."""
    if isinstance(link, Mapping):
        is_page = str(link.get("rel", "alternate")) == "alternate"
        return str(link.get("href") or link.get(TEXT) or "").strip() if is_page else ""
    return str(link).strip()


def _permalink(guid: Value) -> str:
    """Return RSS's ``<guid>`` where it is an address: the default, unless it says otherwise."""
    if isinstance(guid, Mapping):
        is_address = str(guid.get("isPermaLink", "true")).casefold() != "false"
        guid = guid.get(TEXT) if is_address else ""
    text = str(guid or "").strip()
    return text if text.startswith(("http://", "https://")) else ""

"""Atom feeds of an archive: what runs had to tell of its sources, newest first."""

from __future__ import annotations

from crawler.archive import Archive
from crawler.archive.queries.report import Kind
from crawler.reporting.atom import Feed, atom_of

ITEMS = 100  # in a feed; runs are looked through until so many are found

FEEDS: dict[str, tuple[str, frozenset[Kind]]] = {
    "changes": (
        "What changed in the sources that are cited",
        frozenset({"lost", "changed", "altered", "vanished", "usurped", "drifted", "returned"}),
    ),
    "vanished": (
        "Sources that vanished, or are something else now",
        frozenset({"vanished", "usurped", "drifted"}),
    ),
}


def read_feed(archive: Archive, name: str, address: str) -> bytes:
    """Return a feed as Atom; ``address`` is its own. Ids are those of the feeds that runs write."""
    subtitle, kinds = FEEDS[name]
    uid = str(archive.connection.sql.execute("SELECT uid FROM archive").fetchone()["uid"])
    items = archive.reports.latest_items(ITEMS, kinds=kinds)
    feed = Feed(name, subtitle, address)
    return atom_of(uid, items, began_at=archive.reports.began_at(), feed=feed)

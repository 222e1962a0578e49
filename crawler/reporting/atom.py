"""The feed of what runs had to tell, newest first (Atom, RFC 4287)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5
from xml.etree import ElementTree as ET

from crawler import __version__
from crawler.archive.queries.report import Item
from crawler.reporting.plain import count_of, plain, shorten
from crawler.reporting.sentences import lines_of, sentence_of

NAMESPACE = "http://www.w3.org/2005/Atom"
TITLE_WIDTH = 160
_LINKED = ("https://", "http://")  # a reader follows what stands in href


@dataclass(frozen=True, slots=True)
class Feed:
    """Which feed of an archive it is, where there are several."""

    name: str  # unique among those of the archive; its id is made of it
    subtitle: str
    address: str  # where it can be read again


def item_id(item: Item) -> str:
    """Return the id of an item (RFC 4287 §4.2.6): the same for ever, whoever writes the feed.

    A UUID of version 5 (RFC 9562 §5.5) in the name space of the run.
    """
    return uuid5(UUID(item.run), plain(f"{item.kind} {item.at} {item.key}")).urn


def atom_of(
    archive: str, items: Sequence[Item], *, began_at: str, feed: Feed | None = None
) -> bytes:
    """Return a feed of items, in their order; ``archive`` is a uid, ``began_at`` its beginning.

    Without a ``feed`` it is that of all that runs have to tell.

    A feed without items was last updated when the archive began (§4.2.15: it must have a date).
    Titles and contents are of type text, so that markup in them is shown and never made.
    """
    ET.register_namespace("", NAMESPACE)
    root = ET.Element(_name("feed"))
    uid = UUID(archive)
    _add(root, "id", uuid5(uid, feed.name).urn if feed else uid.urn)
    _add(root, "title", "Sourcekeep")
    subtitle = feed.subtitle if feed else "What became of the sources that are cited"
    _add(root, "subtitle", subtitle)
    if feed:
        _child(root, "link", rel="self", href=feed.address)
    _add(root, "updated", max((item.at for item in items), default=began_at))
    _add(_child(root, "author"), "name", "Sourcekeep")
    _add(root, "generator", "Sourcekeep", version=__version__)
    for item in items:
        _add_entry(root, item)
    ET.indent(root)
    body: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
    return body


def _add_entry(feed: ET.Element, item: Item) -> None:
    entry = _child(feed, "entry")
    _add(entry, "id", item_id(item))
    _add(entry, "title", f"{item.kind}: {shorten(item.subject, TITLE_WIDTH)}", type="text")
    _add(entry, "updated", item.at)
    _child(entry, "category", term=item.kind)
    url = plain(item.url or "")
    if url.startswith(_LINKED):
        _child(entry, "link", rel="alternate", href=url)
    _add(entry, "content", "\n".join(_content(item)), type="text")


def _content(item: Item) -> list[str]:
    """Return what a feed reader shows: what happened, the words, and who cites it."""
    lines = [sentence_of(item), *lines_of(item)]
    if item.entries:
        newest = item.entries[0]
        more = len(item.entries) - 1
        also = f" and {count_of(more, 'other entry', 'other entries')}" if more else ""
        lines.append(
            f"cited by {plain(newest.date or 'undated')} {shorten(newest.title, 120)}{also}"
        )
    return lines


def _name(tag: str) -> str:
    return f"{{{NAMESPACE}}}{tag}"


def _child(parent: ET.Element, tag: str, **attributes: str) -> ET.Element:
    return ET.SubElement(parent, _name(tag), attributes)


def _add(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    _child(parent, tag, **attributes).text = text

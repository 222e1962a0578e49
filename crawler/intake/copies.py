"""What other pages say of an entry: copies of it, and the pages that a site makes of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crawler.archive import Archive, Input
from crawler.entries.drafts import is_web_address
from crawler.entries.reading import read_page
from crawler.entries.twins import merge_twins
from crawler.entries.wiki.naming import export_of
from crawler.errors import EntryError, PayloadDamaged
from crawler.items import Entry
from crawler.urls import host_key, same_site


def copies_of(archive: Archive, twins: Sequence[Entry]) -> list[Entry]:
    """Return what other pages say of the same entry: a copy, the page that a site makes of a file.

    What one of them cites is cited, though the other does not. A file that is gone, or what lies in
    no input that is still read, says nothing any more; of a site the page that was seen last does.
    """
    known = archive.ledger.entry_of(merge_twins(twins))
    if known is None:
        return []
    places = archive.ledger.pages_of(known)
    own = {_said_at(twin.locator) for twin in twins}
    latest = {_said_at(place): place for place in places}
    inputs = archive.inputs.enabled() if latest.keys() - own else []
    found = []
    for place in sorted(latest[at] for at in latest.keys() - own):
        around = next((one for one in inputs if _lies_in(place, one)), None)
        other = _read_again(archive, place, places[place], around.base_url) if around else None
        if other is None:
            continue
        # the markup of a page does not tell its address, but what is kept of it has not changed
        if _is_exported(place) or archive.ledger.entry_of(other) == known:
            found.append(other)
    return found


def _is_exported(locator: str) -> bool:
    return export_of(locator)[1] is not None


def _said_at(locator: str) -> str:
    """Return whose word a page is: a file's own, or its site's, where it may have moved."""
    return host_key(locator) if is_web_address(locator) else locator


def _lies_in(locator: str, source: Input) -> bool:
    if source.kind == "url" or is_web_address(locator):
        return (
            source.kind == "url" and is_web_address(locator) and same_site(locator, source.locator)
        )
    return Path(export_of(locator)[0]).is_relative_to(source.locator)


def _read_again(archive: Archive, locator: str, payload: str, base_url: str | None) -> Entry | None:
    """Return the entry in a file, or in the kept page of a site; None: none is there any more."""
    try:
        if is_web_address(locator):
            body, base_url = archive.payloads.get(payload), base_url or locator
        elif _is_exported(locator) and Path(export_of(locator)[0]).is_file():
            body = archive.payloads.get(payload)
        else:
            body = Path(locator).read_bytes()
        found = read_page(body, locator, base_url=base_url)
    except (EntryError, OSError, PayloadDamaged, KeyError):
        return None
    return found if isinstance(found, Entry) else None

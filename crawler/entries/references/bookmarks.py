"""Reader of bookmarks in the form that Netscape gave them, and every browser exports.

It is read as text: no element of it is closed but its links, and a tree of some thousand bookmarks,
each within the one before, is deeper than HTML parsers go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from typing import NamedTuple

from crawler.dates import format_instant
from crawler.entries.drafts import is_web_address
from crawler.entries.references.listing import Listing
from crawler.items import Entry

READER = "bookmarks"

_LINK = re.compile(r"<a(?=\s)", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"""((?:[^"'<>]|"[^"]*"|'[^']*')*)>""")
_ATTRIBUTE = re.compile(r"""([a-z_]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


class _Bookmark(NamedTuple):
    href: str
    label: str
    added: str  # Unix time, as written; empty: not told


def read_bookmarks(text: str, locator: str) -> Entry:
    """Return the entry of exported bookmarks: one citation for each that leads to the web.

    The day is the one on which it was added (UTC). Raises NothingFound when none leads to the web.
    """
    listing = Listing(locator, READER)
    for each in _bookmarks(text):
        if is_web_address(each.href):  # not javascript:, place:
            listing.add(each.href, (each.href,), title=each.label, day=_day(each.added))
    return listing.to_entry()


def _bookmarks(text: str) -> Iterator[_Bookmark]:
    for part in _LINK.split(text)[1:]:
        match = _ATTRIBUTES.match(part)
        if match is None:
            continue
        found = {
            m[1].casefold(): unescape(m[2] or m[3] or "") for m in _ATTRIBUTE.finditer(match[1])
        }
        label = re.split(r"</a", part[match.end() :], maxsplit=1, flags=re.IGNORECASE)[0]
        yield _Bookmark(
            found.get("href", "").strip(),
            unescape(_TAG.sub("", label)),
            found.get("add_date", "").strip(),
        )


def _day(seconds: str) -> str | None:
    """Return the day of a Unix time, also of one in milliseconds or microseconds; None: none."""
    if not (seconds.isascii() and seconds.isdecimal() and 9 <= len(seconds) <= 16):
        return None
    whole = int(seconds) // 1000 ** ((len(seconds) - 8) // 3)
    return format_instant(datetime.fromtimestamp(whole, UTC))[:10]

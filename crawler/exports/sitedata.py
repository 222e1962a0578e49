"""Data files for sites made with Hugo or Eleventy: every entry with the links of its sources.

One mapping, keyed by the entry's address without host, suffix and slash at the end
(``/news/2017/03/4/slug``), which templates of both can make from the address of the page; the key
of the archive where an entry has no address. JSON, or YAML where the file is called so.

Letters beyond ASCII stand as themselves in Eleventy's ``page.url``, and escaped in Hugo's
``.RelPermalink`` (seen with 3.1.8 and 0.111.3): so they do in the keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from crawler.archive import Selected, SelectedEntry
from crawler.exports.inert import json_text, yaml_lines
from crawler.exports.order import Order
from crawler.exports.robustlinks import entry_document, links_of

_SUFFIX = re.compile(r"(?:/index)?\.(?:md|markdown|html?|json|xml)$", re.IGNORECASE)


def write_hugo(selected: Selected, out: BinaryIO, order: Order) -> None:
    """Write the mapping for Hugo. Of two entries with one address the later is left out."""
    _write(selected, out, order, address_key)


def write_eleventy(selected: Selected, out: BinaryIO, order: Order) -> None:
    """Write the mapping for Eleventy. Of two entries with one address the later is left out."""
    _write(selected, out, order, lambda entry: unquote(address_key(entry)))


def _write(
    selected: Selected, out: BinaryIO, order: Order, key_of: Callable[[SelectedEntry], str]
) -> None:
    seen: set[str] = set()
    first = True
    out.write(b"" if order.as_yaml else b"{")
    for entry in selected.entries():
        order.step()
        key = key_of(entry)
        if key in seen:
            continue
        seen.add(key)
        document = entry_document(entry, links_of(selected, entry, order))
        if order.as_yaml:
            out.write("\n".join(yaml_lines({key: document})).encode() + b"\n")
        else:
            out.write(b"\n" if first else b",\n")
            out.write(f"{json_text(key)}:{json_text(document)}".encode())
        first = False
    out.write(b"{}\n" if order.as_yaml and first else b"" if order.as_yaml else b"\n}\n")


def address_key(entry: SelectedEntry) -> str:
    """Return the key under which a template finds an entry."""
    try:
        path = urlsplit(entry.url or "").path
    except ValueError:
        path = ""
    return (_SUFFIX.sub("", path).rstrip("/") if path.startswith("/") else "") or entry.key

"""An archived page as a file that can do nothing when it is opened from disk.

The file is a page of ours, and the archived one stands in it as the text of an attribute: the
``srcdoc`` of a frame. ``sandbox`` without any permission gives the frame an origin of its own, and
no script, form, popup, plug-in or refresh (HTML Standard, "Sandboxing"). It is bound by our policy,
too (HTML Standard, "policy container"), which loads nothing and lets it go nowhere else. Whatever
the page does with quotes, tags or encodings, it cannot leave the attribute: it is escaped as a
whole, and always UTF-8.
"""

from __future__ import annotations

from dataclasses import dataclass

from crawler.exports import layout
from crawler.exports.inert import Kind, html_text, kind_of, suffix_of, without_callers
from crawler.extraction.charsets import decode

_NOTE = "Archived page. It runs no scripts here and loads nothing, so parts may be missing."


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file that shows a payload: what it is called in the folder, and what is in it."""

    name: str
    content: bytes


def enclosed_name(digest: str, mime: str | None) -> str:
    """Return the name of the file that shows a payload of a media type."""
    digits = digest.partition(":")[2]
    if kind_of(mime) in (Kind.HTML, Kind.TEXT):
        return f"pages/{digits}.html"
    return f"files/{digits}.{suffix_of(mime)}"


def enclose(body: bytes, digest: str, mime: str | None, declared: str | None) -> Enclosed:
    """Return the file that shows a payload.

    ``mime`` was told from the bytes; ``declared`` is the Content-Type that it came with, for its
    charset. HTML stands in a frame, other text (SVG, too) in a page of ours; images, PDF and what
    is not known are files as they came.
    """
    name = enclosed_name(digest, mime)
    kind = kind_of(mime)
    if kind not in (Kind.HTML, Kind.TEXT):
        return Enclosed(name, body)
    text = decode(body, declared)[0].removeprefix("\ufeff")
    shown = _frame(text) if kind is Kind.HTML else f"<pre>{html_text(text)}</pre>"
    page = (
        f"{layout.head('Archived page', wide=True)}"
        f"<p><small>{_NOTE} <code>{html_text(digest)}</code></small></p>\n{shown}\n{layout.FOOT}"
    )
    return Enclosed(name, page.encode("utf-8", "replace"))


def _frame(markup: str) -> str:
    """Return the frame; of a page only what would end an attribute is escaped."""
    escaped = without_callers(markup).replace("&", "&amp;").replace('"', "&quot;")
    return f'<iframe sandbox="" title="Archived page" srcdoc="{escaped}"></iframe>'

"""An archived payload as an answer that a browser can show and that can do nothing there.

It must not run script, read what else this server shows, or make the browser call anybody. The
first two follow from ``sandbox`` without any permission (HTML Standard, "Sandboxing": no script, no
forms, no automatic refresh, an origin of its own); the third from a Content-Security-Policy that
loads nothing but what lies in the page itself. Links are the hole that is left: browsers open
connections for ``<link rel=preconnect>`` and look up ``dns-prefetch`` whatever the policy says, so
each LINK becomes a META, which takes the same attributes and loads nothing. That is done on decoded
text, and the answer is always UTF-8: no encoding can hide a tag.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from crawler.extraction.charsets import decode

CONTENT_SECURITY_POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:;"
    " form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-DNS-Prefetch-Control": "off",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HTML = {"text/html", "application/xhtml+xml"}
# Formats that browsers decode and nothing more. SVG is a document, and is shown as its source.
_IMAGES = {
    "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp",
    "image/x-icon", "image/vnd.microsoft.icon",
}  # fmt: skip
_TEXTS = {"application/json", "application/xml", "image/svg+xml", "application/javascript"}

_LINK = re.compile(r"<link(?=[\s/>])", re.IGNORECASE)


class Kind(StrEnum):
    """How a payload can be shown."""

    HTML = "html"
    TEXT = "text"
    IMAGE = "image"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Harmless:
    """The body and the headers of an answer."""

    body: bytes
    content_type: str
    headers: dict[str, str]


def kind_of(mime: str | None) -> Kind:
    """Return how a payload of a media type is shown; what is not known is a file to keep."""
    plain = _plain(mime)
    if plain in _HTML:
        return Kind.HTML
    if plain in _IMAGES:
        return Kind.IMAGE
    if plain in _TEXTS or plain.startswith("text/") or plain.endswith(("+xml", "+json")):
        return Kind.TEXT
    return Kind.FILE


def harmless(body: bytes, mime: str | None, declared: str | None, *, name: str) -> Harmless:
    """Return the answer for a payload of a media type, told from its bytes.

    ``declared`` is the Content-Type that it came with, for its charset; ``name`` is that of the
    file, without a suffix, where it can only be kept.
    """
    kind = kind_of(mime)
    if kind is Kind.IMAGE:
        return Harmless(body, _plain(mime), HEADERS)
    if kind is Kind.FILE:
        suffix = "pdf" if _plain(mime) == "application/pdf" else "bin"
        keep = {"Content-Disposition": f'attachment; filename="{name}.{suffix}"'}
        return Harmless(body, "application/octet-stream", {**HEADERS, **keep})
    text = decode(body, declared)[0].removeprefix("\ufeff")
    if kind is Kind.HTML:
        text = _LINK.sub("<meta", text)
    shown = "text/html" if kind is Kind.HTML else "text/plain"
    return Harmless(text.encode("utf-8", "replace"), f"{shown}; charset=utf-8", HEADERS)


def _plain(mime: str | None) -> str:
    return (mime or "").partition(";")[0].strip().lower()

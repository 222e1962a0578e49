"""An archived payload as an answer that a browser can show and that can do nothing there.

It must not run script, read what else this server shows, or make the browser call anybody. The
first two follow from ``sandbox`` without any permission (HTML Standard, "Sandboxing": no script, no
forms, no automatic refresh, an origin of its own); the third from a Content-Security-Policy that
loads nothing but what lies in the page itself. What browsers open connections for before they ask
any policy (links and frames) becomes elements that load nothing (``without_callers``). They also
connect to where a click is about to lead before the policy refuses it (Chromium 156,
tests/test_inspect_browser.py), so each A and AREA gets a first ``href`` that leads nowhere: of two
attributes of one name the first counts (HTML Standard, "attribute name state"). All that is done on
decoded text, and the answer is always UTF-8: no encoding can hide a tag.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crawler.exports.inert import Kind, kind_of, plain_type, without_callers
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
# A simple named anchor stays as it is: it would look like a link.
_LEADING = re.compile(
    r"<(a|area)(?=[\s/])(?!\s+(?:name|id)\s*=\s*([\"']?)[\w.:-]*\2\s*>)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Harmless:
    """The body and the headers of an answer."""

    body: bytes
    content_type: str
    headers: dict[str, str]


def harmless(body: bytes, mime: str | None, declared: str | None, *, name: str) -> Harmless:
    """Return the answer for a payload of a media type, told from its bytes.

    ``declared`` is the Content-Type that it came with, for its charset; ``name`` is that of the
    file, without a suffix, where it can only be kept.
    """
    kind = kind_of(mime)
    if kind is Kind.IMAGE:
        return Harmless(body, plain_type(mime), HEADERS)
    if kind is Kind.FILE:
        suffix = "pdf" if plain_type(mime) == "application/pdf" else "bin"
        keep = {"Content-Disposition": f'attachment; filename="{name}.{suffix}"'}
        return Harmless(body, "application/octet-stream", {**HEADERS, **keep})
    text = decode(body, declared)[0].removeprefix("\ufeff")
    if kind is Kind.HTML:
        text = _LEADING.sub(r'<\1 href="#" target="_self" ping=""', without_callers(text))
    shown = "text/html" if kind is Kind.HTML else "text/plain"
    return Harmless(text.encode("utf-8", "replace"), f"{shown}; charset=utf-8", HEADERS)

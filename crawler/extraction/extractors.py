"""Names of the extractors: what an article is told apart by when a newer one reads it again.

Light on purpose: the main process asks here which articles are missing, without loading any of it.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Literal

from crawler.extraction.mediatypes import EMPTY, declared_type, sniff
from crawler.items import Article

# Raise it whenever a change of ours (``article``, ``page``, ``charsets``) makes another text of the
# same payload; releases of the libraries are in the name already.
RULES = 2

DOCUMENT = "application/pdf"
PAGES = frozenset({"text/html", "application/xhtml+xml"})
# Types that may turn out to be a page that was kept as received, because its coding was damaged
PERHAPS_CODED = frozenset({"application/gzip", "application/zstd", "application/octet-stream"})
_PROGRAMS = frozenset({"text/css", "text/javascript", "text/ecmascript", "text/xml", "text/json"})
_NO_TEXT = "none 1"


def extractor_for(mime: str) -> str:
    """Return the name of the extractor that would read a payload of this sniffed type.

    Types that none reads have a name too, so that an attempt is not repeated.
    """
    if mime in PAGES or mime in PERHAPS_CODED:
        return _page_extractor()
    if mime == DOCUMENT:
        return f"pypdf {version('pypdf')} rules {RULES}"
    return f"plain {RULES}" if is_text(mime) else _NO_TEXT


def is_text(mime: str) -> bool:
    """Return whether a payload of this type is text that a person reads as it stands."""
    return mime.startswith("text/") and mime not in PAGES and mime not in _PROGRAMS


def unread_article(body: bytes, content_type: str | None) -> Article:
    """Return the article of a payload that nobody has read yet: its type and its extractor."""
    mime = sniff(body, content_type)
    status: Literal["empty", "unsupported"] = "empty" if mime == EMPTY else "unsupported"
    return Article(extractor=extractor_for(mime), status=status, mime=mime)


def is_readable(mime: str, content_type: str | None) -> bool:
    """Return whether it is worth while to look for a text in a payload of this sniffed type."""
    if mime in PERHAPS_CODED:
        return declared_type(content_type) in (*PAGES, "text/plain", None)
    return mime in PAGES or mime == DOCUMENT or is_text(mime)


@cache
def _page_extractor() -> str:
    return f"trafilatura {version('trafilatura')} fast rules {RULES} lxml {version('lxml')}"

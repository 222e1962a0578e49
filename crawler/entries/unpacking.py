"""Pages that lie in a gzip file, as sitemaps do: `sitemap.xml.gz` (sitemaps.org, "Sitemap file
location"), on disk or from a server that sends it as a file and not as a content coding.
"""

from __future__ import annotations

from crawler.codings import decode_body, is_undecoded
from crawler.errors import EntryError

# What a page may unpack to: as much as one that is not packed may have.
UNPACKED_MAX_BYTES = 32 * 2**20
_GZIP = b"\x1f\x8b"  # RFC 1952 §2.3.1; no text begins so
_SUFFIX = ".gz"


def unpacked(content: bytes, locator: str) -> tuple[bytes, str]:
    """Return a page out of its gzip file, and its name there; any other page as it is.

    Raises EntryError for one that is damaged, or larger than pages of entries are.
    """
    if not content.startswith(_GZIP):
        return content, locator
    payload = decode_body(content, "gzip", limit=UNPACKED_MAX_BYTES)
    if "decoded-too-large" in payload.flags:
        most = UNPACKED_MAX_BYTES // 2**20
        raise EntryError(
            locator, f"it unpacks to more than {most} MiB, which no page of entries is"
        )
    if is_undecoded(payload):
        raise EntryError(locator, "its gzip file is damaged")
    path, mark, query = locator.partition("?")
    name = path[: -len(_SUFFIX)] if path.casefold().endswith(_SUFFIX) else path
    return payload.body, f"{name}{mark}{query}"

"""What a body is: its codings undone, or known because the very bytes came before.

Most pages that are visited again have not changed. Where the bytes as received are those of the
good copy, under the same labels, so is all that was found out about them then, and the work of
decoding, digesting and looking at them is saved: a quarter of such a visit (2026-11).
"""

from __future__ import annotations

from dataclasses import dataclass

from scrapy.http import Response

from crawler.archive import HeldAnswer
from crawler.codings import decode_body, is_undecoded
from crawler.digests import digest_of
from crawler.extraction.mediatypes import sniff


@dataclass(frozen=True, slots=True)
class Content:
    """A body, as far as a hop tells of it."""

    wire_digest: str
    size_bytes: int  # decoded
    mime: str | None  # told from the bytes
    flags: tuple[str, ...] = ()  # of decoding
    is_undecoded: bool = False  # it stayed as received, because it could not be decoded
    body: bytes | None = None  # decoded; None: it is held
    held: str | None = None  # its digest then


def read_content(response: Response, declared: str | None, limit: int) -> Content:
    """Return what the body of an answer is. Decoded, it may have ``limit`` bytes."""
    payload = decode_body(response.body, coding_of(response), limit=limit)
    return Content(
        wire_digest=digest_of(response.body),
        size_bytes=len(payload.body),
        mime=sniff(payload.body, declared),
        flags=payload.flags,
        is_undecoded=is_undecoded(payload),
        body=payload.body,
    )


def content_again(
    response: Response, declared: str | None, limit: int, held: HeldAnswer
) -> Content | None:
    """Return what a body is that came as it did before; None: it did not, or cannot be told.

    What was cut off is none of these, nor what would be too long by today's limit.
    """
    same_labels = (response.status, response.url, declared, coding_of(response)) == (
        held.status, held.url, held.mime_declared, held.coding
    )  # fmt: skip
    if not same_labels or response.flags or held.size_bytes > limit:
        return None
    wire_digest = digest_of(response.body)
    if wire_digest != held.wire_digest:
        return None
    return Content(wire_digest, held.size_bytes, held.mime_sniffed, held=held.payload)


def coding_of(response: Response) -> str | None:
    """Return the content codings in the order of their application; None when there are none."""
    return ", ".join(map(text_of, response.headers.getlist(b"Content-Encoding"))) or None


def text_of(value: bytes) -> str:
    """Return a header's name or value as text. Bytes beyond UTF-8 read as Latin-1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")

"""What pool and worker say to each other: frames of a JSON header and, in requests, a raw body.

A frame is two big-endian 32-bit lengths, then header and body. No pickle: what a worker sends was
shaped by a hostile page.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict
from typing import Any

from crawler.items import Article, Extraction, PageFacts

LENGTHS = struct.Struct(">II")

Header = dict[str, Any]


def packed(header: Header, body: bytes = b"") -> bytes:
    """Return a frame's bytes."""
    encoded = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    return LENGTHS.pack(len(encoded), len(body)) + encoded + body


def header_of(encoded: bytes) -> Header:
    """Return the header in a frame. Raises ValueError when it is none."""
    header = json.loads(encoded)
    if not isinstance(header, dict):
        raise ValueError("a frame's header is no object")
    return header


def extraction_to_json(found: Extraction) -> Header:
    """Return an article and the facts of its page as JSON can carry them."""
    return asdict(found)


def extraction_from_json(fields: Header) -> Extraction:
    """Return what ``extraction_to_json`` was given. Raises TypeError, KeyError on other fields."""
    return Extraction(
        Article(**_with_tuples(fields["article"], "links", "tried")),
        facts_from_json(fields["facts"]),
    )


def facts_from_json(fields: Header | None) -> PageFacts | None:
    """Return the facts that ``dataclasses.asdict`` made fields of; None of None."""
    if fields is None:
        return None
    return PageFacts(**_with_tuples(fields, "headings", "robots", "markers"))


def _with_tuples(fields: Header, *names: str) -> Header:
    return {**fields, **{name: tuple(fields[name]) for name in names}}

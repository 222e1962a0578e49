"""What pool and worker say to each other: frames of a JSON header and, in requests, a raw body.

A frame is two big-endian 32-bit lengths, then header and body. No pickle: what a worker sends was
shaped by a hostile page.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict
from typing import Any

from crawler.items import Article

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


def article_to_json(article: Article) -> Header:
    """Return an article as JSON can carry it."""
    return asdict(article)


def article_from_json(fields: Header) -> Article:
    """Return the article that ``article_to_json`` was given. Raises TypeError on other fields."""
    several = {name: tuple(fields[name]) for name in ("links", "tried")}
    return Article(**{**fields, **several})

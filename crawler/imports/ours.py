"""What an archive of ours tells of a capture in its exports (docs/exports.md): in the metadata
records of WARC, and on the lines of JSON Lines.

Anybody may have changed such a file. So each value is looked at before it is believed, and all of
it only where its digest is that of the payload.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, replace
from typing import Any

from crawler.dates import format_instant, parse_instant
from crawler.digests import digest_of
from crawler.errors import BadDate, UrlError
from crawler.items import IMPORTED, OWN, Header, Hop
from crawler.urls import parse_url, redact_header
from crawler.verdicts.outcomes import OUTCOMES

FIELD = b"sourcekeep-capture"  # of the metadata record
LAYOUT = 1  # a later one is not understood
LINE = b'{"layout":'  # the beginning of each line of JSON Lines

_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CODE = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TRUNCATED = (None, "length", "time", "disconnect", "unspecified")


class NotUsable(Exception):
    """A record from which no capture can be made; its text says why."""


class Elsewhere(Exception):
    """A record that is no answer to a request for a page of the web: it is passed over."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A hop with its body, and what an export of ours told besides."""

    hop: Hop
    origin: str
    source_url: str  # the source that it was made for; of other programs' records its own URL
    visit: str | None = None  # uid of our visit that it was part of; None: not told


@dataclass(frozen=True, slots=True)
class Told:
    """What an export tells of one capture, each value of the kind that it must be."""

    hop: Hop  # without its body
    origin: str
    source_url: str
    visit: str
    payload: str  # digest

    def is_of(self, body: bytes | None) -> bool:
        """Tell whether it is told of this payload."""
        return body is not None and digest_of(body) == self.payload

    def exchange(self, body: bytes) -> Exchange:
        """Return it with the payload. What was our own there is imported here."""
        origin = IMPORTED if self.origin == OWN else self.origin
        return Exchange(replace(self.hop, body=body), origin, self.source_url, self.visit)


def told_in(block: bytes) -> Told | None:
    """Return what the block of a metadata record tells; None: it is none of ours, or nonsense."""
    for line in block.split(b"\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == FIELD:
            return _told(_parsed(value))
    return None


def told_on(line: bytes) -> tuple[Told | None, bytes | None]:
    """Return what a line of JSON Lines tells, and the payload.

    Nothing is told of an entry page or a robots.txt (None); no payload stands on a line where an
    earlier one has it (None). Raises NotUsable.
    """
    document = _parsed(line)
    if document is None:
        raise NotUsable("the line is no object of a layout that is known")
    told = _told(document)
    if told is None and document.get("source") is not None:
        raise NotUsable("the line does not say what a capture needs")
    body: object = document.get("body")
    try:
        if isinstance(body, str):
            return told, body.encode()
        coded = document.get("body_base64")
        return told, base64.b64decode(coded, validate=True) if isinstance(coded, str) else None
    except (binascii.Error, UnicodeEncodeError) as exc:
        raise NotUsable(f"its payload cannot be read ({exc})") from exc


def _parsed(text: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) and told.get("layout") == LAYOUT else None


def _told(document: dict[str, Any] | None) -> Told | None:
    if document is None:
        return None
    try:
        fetch, capture, source = document["fetch"], document["capture"], document["source"]
        if fetch["purpose"] != "source":
            return None
        return Told(
            hop=_hop(fetch, capture),
            origin=_coded(capture.get("origin") or OWN),
            source_url=parse_url(_text(source["url"])),
            visit=_matching(_UID, fetch["visit"]),
            payload=_matching(_DIGEST, capture["payload"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, UrlError, BadDate):
        return None


def _hop(fetch: dict[str, Any], capture: dict[str, Any]) -> Hop:
    if capture.get("truncated") not in _TRUNCATED or fetch["outcome"] not in OUTCOMES:
        raise ValueError("a word that is not ours")
    verified = fetch.get("tls_verified")
    return Hop(
        uid=_matching(_UID, fetch["uid"]),
        url=parse_url(_text(fetch["url"])),
        purpose="source",
        hop=_number(fetch["hop"]) or 0,
        fetched_at=format_instant(parse_instant(_text(fetch["fetched_at"]))),
        outcome=_text(fetch["outcome"]),
        reason=_coded(fetch["reason"]),
        request_headers=_pairs(fetch.get("request_headers")),
        status=_number(fetch.get("status")),
        response_headers=_pairs(fetch.get("response_headers")),
        protocol=_text_or_none(fetch.get("protocol")),
        ip_address=_text_or_none(fetch.get("ip_address")),
        tls_verified=None if verified is None else bool(verified),
        certificate_digest=_text_or_none(fetch.get("certificate_digest")),
        error=_text_or_none(fetch.get("error")),
        elapsed_ms=_number(fetch.get("elapsed_ms")),
        wire_digest=_text_or_none(fetch.get("wire_digest")),
        wire_size_bytes=_number(fetch.get("wire_size_bytes")),
        robots=_text_or_none(fetch.get("robots")),
        mime_declared=_text_or_none(capture.get("mime_declared")),
        mime_sniffed=_text_or_none(capture.get("mime_sniffed")),
        flags=tuple(_text(flag) for flag in capture.get("flags") or ()),
        truncated=capture.get("truncated"),
        capture_uid=_matching(_UID, capture["uid"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _number(value: object) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise TypeError(value)
    return value


def _matching(pattern: re.Pattern[str], value: object) -> str:
    if not pattern.fullmatch(_text(value)):
        raise ValueError(value)
    return _text(value)


def _coded(value: object) -> str:
    return _matching(_CODE, value)


def _pairs(told: object) -> tuple[Header, ...]:
    if told is None:
        return ()
    if not isinstance(told, list):
        raise TypeError(told)
    return tuple((_text(name), redact_header(_text(name), _text(value))) for name, value in told)

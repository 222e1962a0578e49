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
from enum import Enum
from typing import Any, Literal

from crawler.dates import format_instant, parse_instant
from crawler.digests import digest_of
from crawler.errors import BadDate, UrlError
from crawler.imports.mementos import claimed_in
from crawler.imports.values import coded, matching, named, number, text, text_or_none
from crawler.items import IMPORTED, OURS, OWN, Header, Hop
from crawler.mementos.claims import Claimed
from crawler.urls import parse_url, redact_header
from crawler.verdicts.outcomes import LIVE, OUTCOMES

FIELD = b"sourcekeep-capture"  # of the metadata record
ATTEMPT_FIELD = b"sourcekeep-attempt"  # of one that tells of an attempt without an answer
LAYOUT = 1  # a later one is not understood
LINE = b'{"layout":'  # the beginning of each line of JSON Lines

# Of fetches that leave captures of a source; all but the first from a web archive.
_PURPOSES: dict[str, Literal["source", "rescue", "push"]] = {
    "source": "source", "rescue": "rescue", "push": "push",
}  # fmt: skip

# What values of a wrong kind raise.
_WRONG = (KeyError, TypeError, ValueError, AttributeError, UrlError, BadDate)

_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# What an attempt can come to of which nothing was kept.
_FAILED = frozenset(OUTCOMES) - LIVE - {"redirect", "robots"}
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
    memento: Claimed | None = None  # that a web archive gave; None: it was no good or bad one

    @property
    def is_rescued(self) -> bool:
        """Whether a web archive answered, and not the host of the page."""
        return self.origin not in OURS


class Aside(Enum):
    """What an export of ours tells of a capture that cannot be taken in."""

    NO_SOURCE = "an entry page, a robots.txt, or the list of a web archive"
    NO_VISIT = "an attempt at a web archive"
    UNTOLD = "a web archive answered, and the export does not say with which memento"


@dataclass(frozen=True, slots=True)
class Told:
    """What an export tells of one capture, each value of the kind that it must be."""

    hop: Hop  # without its body
    origin: str
    source_url: str
    visit: str
    payload: str  # digest
    memento: Claimed | None = None

    def is_of(self, body: bytes | None) -> bool:
        """Tell whether it is told of this payload."""
        return body is not None and digest_of(body) == self.payload

    def exchange(self, body: bytes) -> Exchange:
        """Return it with the payload. What was our own there is imported here."""
        origin = IMPORTED if self.origin == OWN else self.origin
        hop = replace(self.hop, body=body)
        return Exchange(hop, origin, self.source_url, self.visit, self.memento)


@dataclass(frozen=True, slots=True)
class Attempted:
    """What an export tells of one attempt at a source that got no answer."""

    hop: Hop
    source_url: str
    visit: str

    def exchange(self) -> Exchange:
        """Return it as a hop of which nothing is kept."""
        return Exchange(self.hop, IMPORTED, self.source_url, self.visit)


def attempted_in(block: bytes) -> Attempted | Aside | None:
    """Return what the block of a metadata record tells of an attempt; None: it tells of none."""
    document = _field_in(block, ATTEMPT_FIELD)
    try:
        return _attempted(document) if document is not None else None
    except _WRONG:
        return None


def told_in(block: bytes) -> Told | Aside | None:
    """Return what the block of a metadata record tells; None: it is none of ours, or nonsense."""
    return _told(_field_in(block, FIELD))


def _field_in(block: bytes, wanted: bytes) -> dict[str, Any] | None:
    for line in block.split(b"\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == wanted:
            return _parsed(value)
    return None


def told_on(line: bytes) -> tuple[Told | Attempted | Aside, bytes | None]:
    """Return what a line of JSON Lines tells, and the payload.

    No payload stands on a line where an earlier one has it (None). Raises NotUsable.
    """
    document = _parsed(line)
    if document is None:
        raise NotUsable("the line is no object of a layout that is known")
    if document.get("capture") is None and "fetch" in document:
        try:
            return _attempted(document), None
        except _WRONG as exc:
            raise NotUsable("the line does not say what an attempt needs") from exc
    told = _told(document)
    if told is None:
        raise NotUsable("the line does not say what a capture needs")
    body: object = document.get("body")
    try:
        if isinstance(body, str):
            return told, body.encode()
        coded = document.get("body_base64")
        return told, base64.b64decode(coded, validate=True) if isinstance(coded, str) else None
    except (binascii.Error, UnicodeEncodeError) as exc:
        raise NotUsable(f"its payload cannot be read ({exc})") from exc


def _parsed(told_as: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(told_as)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) and told.get("layout") == LAYOUT else None


def _told(document: dict[str, Any] | None) -> Told | Aside | None:
    if document is None:
        return None
    fetch = document.get("fetch")
    purpose = fetch.get("purpose") if isinstance(fetch, dict) else None
    if document.get("source") is None:
        return Aside.NO_SOURCE
    try:
        return _told_of(document)
    except _WRONG:
        return Aside.UNTOLD if purpose in ("rescue", "push") else None


def _told_of(document: dict[str, Any]) -> Told:
    fetch, capture, source = document["fetch"], document["capture"], document["source"]
    rescued = _PURPOSES[fetch["purpose"]] != "source"
    origin = named(capture.get("origin") or OWN)
    if rescued == (origin in OURS):
        raise ValueError("web archives answer one kind of fetch, and hosts the other")
    return Told(
        hop=_hop(fetch, capture),
        origin=origin,
        source_url=parse_url(text(source["url"])),
        visit=matching(_UID, fetch["visit"]),
        payload=matching(_DIGEST, capture["payload"]),
        # null is said of the steps on the way to a memento; exports did not say anything before
        memento=claimed_in(document["memento"]) if rescued else None,
    )


def _attempted(document: dict[str, Any]) -> Attempted | Aside:
    fetch, source = document["fetch"], document["source"]
    if source is None:
        return Aside.NO_SOURCE
    if _PURPOSES[fetch["purpose"]] != "source":
        return Aside.NO_VISIT
    if fetch["outcome"] not in _FAILED:
        raise ValueError("an answer of which nothing was kept")
    return Attempted(
        hop=_hop_of(fetch),
        source_url=parse_url(text(source["url"])),
        visit=matching(_UID, fetch["visit"]),
    )


def _hop(fetch: dict[str, Any], capture: dict[str, Any]) -> Hop:
    if capture.get("truncated") not in _TRUNCATED:
        raise ValueError("a word that is not ours")
    return replace(
        _hop_of(fetch),
        mime_declared=text_or_none(capture.get("mime_declared")),
        mime_sniffed=text_or_none(capture.get("mime_sniffed")),
        flags=tuple(text(flag) for flag in capture.get("flags") or ()),
        truncated=capture.get("truncated"),
        capture_uid=matching(_UID, capture["uid"]),
    )


def _hop_of(fetch: dict[str, Any]) -> Hop:
    if fetch["outcome"] not in OUTCOMES:
        raise ValueError("a word that is not ours")
    verified = fetch.get("tls_verified")
    return Hop(
        uid=matching(_UID, fetch["uid"]),
        url=parse_url(text(fetch["url"])),
        purpose=_PURPOSES[fetch["purpose"]],
        hop=number(fetch["hop"]) or 0,
        fetched_at=format_instant(parse_instant(text(fetch["fetched_at"]))),
        outcome=text(fetch["outcome"]),
        reason=coded(fetch["reason"]),
        request_headers=_pairs(fetch.get("request_headers")),
        status=number(fetch.get("status")),
        response_headers=_pairs(fetch.get("response_headers")),
        protocol=text_or_none(fetch.get("protocol")),
        ip_address=text_or_none(fetch.get("ip_address")),
        tls_verified=None if verified is None else bool(verified),
        certificate_digest=text_or_none(fetch.get("certificate_digest")),
        error=text_or_none(fetch.get("error")),
        elapsed_ms=number(fetch.get("elapsed_ms")),
        wire_digest=text_or_none(fetch.get("wire_digest")),
        wire_size_bytes=number(fetch.get("wire_size_bytes")),
        robots=text_or_none(fetch.get("robots")),
    )


def _pairs(told: object) -> tuple[Header, ...]:
    if told is None:
        return ()
    if not isinstance(told, list):
        raise TypeError(told)
    return tuple((text(name), redact_header(text(name), text(value))) for name, value in told)

"""The records of WARC 1.1 (ISO 28500:2017) that one capture becomes; what each holds is in
docs/exports.md. Section numbers here are those of the standard.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from crawler.archive import AttemptRecord, CaptureRecord
from crawler.archive.selection.records import CitationRecord, MementoRecord, Referred
from crawler.exports.documents import document_of, document_of_attempt
from crawler.items import Header

FACTS_FIELD, ATTEMPT_FIELD = "sourcekeep-capture", "sourcekeep-attempt"
TEXT_SCHEME = "urn:text:"  # before the URL of a page: its text, which nobody replays as the page
KEPT_AS = "X-Archive-Orig-"  # before the name of a header that does not fit the payload any more

_OF_PAYLOAD = frozenset({"content-encoding", "content-length", "content-type"})
_PROFILES = "http://netpreserve.org/warc/1.1/revisit/"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its named fields, and its block in two parts."""

    kind: str  # WARC-Type
    fields: tuple[
        Header, ...
    ]  # without WARC-Type, Content-Type and what is computed from the block
    content_type: str
    head: bytes = field(default=b"", repr=False)
    payload: bytes = field(default=b"", repr=False)

    @property
    def length(self) -> int:
        """The size of the block in bytes."""
        return len(self.head) + len(self.payload)

    def block_digest(self) -> str:
        """Return the digest of the block as every tool knows it."""
        sha1 = hashlib.sha1(self.head, usedforsecurity=False)
        sha1.update(self.payload)
        return "sha1:" + base64.b32encode(sha1.digest()).decode()


def record_id(uid: str, kind: str | None = None) -> str:
    """Return the name of a capture's record, or of one that goes with it: the same at any time."""
    namespace = _uuid(uid)
    return f"<urn:uuid:{uuid5(namespace, kind) if kind else namespace}>"


def _uuid(uid: str) -> UUID:
    """A uid is a UUID, unless another tool gave the capture its name."""
    try:
        return UUID(uid)
    except ValueError:
        return uuid5(UUID(int=0), uid)


def warcinfo(filename: str, archive_uid: str, *, now: str, told: Mapping[str, str]) -> Record:
    """Return the record that begins a file (§6.2). ``told`` is what it says, by field."""
    return Record(
        "warcinfo",
        (
            ("WARC-Record-ID", record_id(archive_uid, filename)),
            ("WARC-Date", now),
            ("WARC-Filename", filename),
        ),
        "application/warc-fields",
        _lines(told.items()),
    )


def response(capture: CaptureRecord, payload: bytes) -> Record:
    """Return the answer with its payload (§6.3)."""
    return Record(
        "response",
        (*_about(capture), *_payload_fields(capture)),
        "application/http; msgtype=response",
        _answer(capture, _fitting(capture)),
        payload,
    )


def revisit(capture: CaptureRecord, original: Referred) -> Record:
    """Return the answer without its payload, which the response of the original has (§6.7).

    That of a 304 has no block: pywb replays one that has as an empty 304, and one that has none as
    what was confirmed. Its headers are in the metadata record.
    """
    confirmed = capture.fetch.status == HTTPStatus.NOT_MODIFIED
    same = "server-not-modified" if confirmed else "identical-payload-digest"
    refers_to = (
        ("WARC-Profile", _PROFILES + same),
        ("WARC-Refers-To", record_id(original.uid)),
        ("WARC-Refers-To-Target-URI", _uri(original.url or "")),
        ("WARC-Refers-To-Date", original.captured_at or ""),
    )
    return Record(
        "revisit",
        (*_about(capture), *_payload_fields(capture), *refers_to),
        "application/http; msgtype=response",
        # What replays it puts these headers before the payload of the other record.
        b"" if confirmed else _answer(capture, _fitting(capture)),
    )


def freshened(capture: CaptureRecord, original: CaptureRecord | None) -> CaptureRecord:
    """Return a capture that was answered by 304 as a cache would show it (RFC 9111 §4.3.4).

    That is the response that was confirmed, its headers replaced by those of the same name in the
    304; but not Content-Encoding, Content-Length and Content-Type, which tell of the payload.
    Where that response is not here (None), the 304's headers must do.
    """
    if original is None:
        return replace(capture, fetch=replace(capture.fetch, status=HTTPStatus.OK.value))
    fresh = {name.lower() for name, _ in capture.fetch.response_headers} - _OF_PAYLOAD
    headers = (
        *(pair for pair in original.fetch.response_headers if pair[0].lower() not in fresh),
        *(pair for pair in capture.fetch.response_headers if pair[0].lower() in fresh),
    )
    fetch = replace(
        original.fetch, response_headers=headers, request_headers=capture.fetch.request_headers,
        ip_address=capture.fetch.ip_address,
    )  # fmt: skip
    return replace(
        capture, fetch=fetch, flags=original.flags, mime_sniffed=original.mime_sniffed,
        truncated=original.truncated,
    )  # fmt: skip


def request(capture: CaptureRecord) -> Record | None:
    """Return what was asked (§6.5); None when it is not known."""
    asked = capture.fetch.request_headers
    if not asked:
        return None
    parts = urlsplit(_uri(capture.url))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    named = {name.lower() for name, _ in asked}
    host = () if "host" in named else (("Host", parts.netloc.rpartition("@")[2]),)
    return Record(
        "request",
        _beside(capture, "request", ("WARC-Concurrent-To", record_id(capture.uid))),
        "application/http; msgtype=request",
        _http(f"GET {target} HTTP/1.1", (*host, *asked)),
    )


def metadata(capture: CaptureRecord, archive_uid: str, withheld: str | None) -> Record:
    """Return what we know besides (§6.6), for people and for an import."""
    facts = document_of(capture, archive_uid=archive_uid) | {"withheld": withheld}
    return Record(
        "metadata",
        _beside(capture, "metadata", ("WARC-Concurrent-To", record_id(capture.uid))),
        "application/warc-fields",
        _lines(_told(capture)) + _facts(FACTS_FIELD, facts),
    )


def attempt(record: AttemptRecord, archive_uid: str) -> Record:
    """Return what is known of an attempt without an answer (§6.6): it stands for itself."""
    fetch, source = record.fetch, record.source
    told = (
        ("outcome", record.outcome),
        ("reasons", ", ".join(record.judgement.reasons if record.judgement else (fetch.reason,))),
        ("error", fetch.error),
        ("robots", fetch.robots),
        ("verdict", source and source.verdict),
        ("verdict-since", source and source.verdict_since),
        *_cited_by(record.citations),
    )
    facts = document_of_attempt(record, archive_uid=archive_uid)
    return Record(
        "metadata",
        (
            ("WARC-Record-ID", record_id(fetch.uid, "attempt")),
            ("WARC-Date", fetch.fetched_at),
            ("WARC-Target-URI", _uri(fetch.url)),
        ),
        "application/warc-fields",
        _lines((name, value) for name, value in told if value) + _facts(ATTEMPT_FIELD, facts),
    )


def _facts(name: str, facts: Mapping[str, Any]) -> bytes:
    """One line for an import; in ASCII: no line ends that some readers see."""
    return f"{name}: {json.dumps(facts, separators=(',', ':'))}\r\n".encode()


def conversion(capture: CaptureRecord) -> Record | None:
    """Return the text of the article (§6.8); None when there is none."""
    article = capture.article
    if article is None or not article.text:
        return None
    text = article.text.encode("utf-8", "replace")
    fields = (
        ("WARC-Record-ID", record_id(capture.uid, "conversion")),
        ("WARC-Date", article.extracted_at),
        ("WARC-Target-URI", TEXT_SCHEME + _uri(capture.url)),
        ("WARC-Refers-To", record_id(capture.uid)),
    )
    return Record("conversion", fields, "text/plain; charset=utf-8", payload=text)


def _about(capture: CaptureRecord) -> tuple[Header, ...]:
    return (
        ("WARC-Record-ID", record_id(capture.uid)),
        ("WARC-Date", capture.captured_at),
        ("WARC-Target-URI", _uri(capture.url)),
        *_address(capture),
    )


def _beside(capture: CaptureRecord, kind: str, relation: Header) -> tuple[Header, ...]:
    """The fields of a record that goes with that of a capture."""
    _, dated, target, *address = _about(capture)
    return (("WARC-Record-ID", record_id(capture.uid, kind)), dated, target, relation, *address)


def _address(capture: CaptureRecord) -> tuple[Header, ...]:
    try:
        return (("WARC-IP-Address", str(ipaddress.ip_address(capture.fetch.ip_address or ""))),)
    except ValueError:
        return ()


def _payload_fields(capture: CaptureRecord) -> tuple[Header, ...]:
    known = (
        ("WARC-Payload-Digest", capture.payload),
        ("WARC-Identified-Payload-Type", capture.mime_sniffed),
        ("WARC-Truncated", capture.truncated),
    )
    return tuple((name, value) for name, value in known if value)


def _fitting(capture: CaptureRecord) -> tuple[Header, ...]:
    """The headers of an answer, made to fit a payload whose codings are undone."""
    length = str(capture.size_bytes or 0)
    undone = {"transfer-encoding"} | (set() if _is_as_received(capture) else {"content-encoding"})
    kept: list[Header] = []
    for name, value in capture.fetch.response_headers:
        is_length = name.lower() == "content-length"
        if name.lower() in undone or (is_length and value.strip() != length):
            kept.append((KEPT_AS + name, value))
        elif not is_length:
            kept.append((name, value))
    return (*kept, ("Content-Length", length))


def _is_as_received(capture: CaptureRecord) -> bool:
    """Tell whether the payload still has the codings that its headers name."""
    if not capture.size_bytes or "mislabelled-coding" in capture.flags:
        return False
    received = capture.fetch.wire_digest
    if received:
        return received == capture.payload
    return any(flag.startswith(("decode", "too-many-codings")) for flag in capture.flags)


def _answer(capture: CaptureRecord, headers: Iterable[Header]) -> bytes:
    """The status line and headers of an answer."""
    status = capture.fetch.status or 200
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return _http(f"HTTP/1.1 {status} {phrase}", headers)


def _http(first: str, headers: Iterable[Header]) -> bytes:
    return f"{first}\r\n".encode() + _lines(headers) + b"\r\n"


def _told(capture: CaptureRecord) -> list[Header]:
    """What a person wants to know of a capture."""
    reasons = capture.judgement.reasons if capture.judgement else (capture.fetch.reason,)
    source, change, article = capture.source, capture.change, capture.article
    memento = capture.memento
    told = (
        ("outcome", capture.outcome),
        ("reasons", ", ".join(reasons)),
        ("verdict", source and source.verdict),
        ("verdict-since", source and source.verdict_since),
        ("change", change and change.change_class),
        ("title", article and article.title),
        ("memento-of", memento and memento.archive),
        ("memento-datetime", memento and memento.memento_datetime),
        ("memento-class", memento and memento.confidence and _class_of(memento)),
        *_cited_by(capture.citations),
    )
    return [(name, value) for name, value in told if value]


def _cited_by(citations: Iterable[CitationRecord]) -> Iterable[Header]:
    return (("cited-by", f"{c.entry_date or ''} {c.entry_title}".strip()) for c in citations)


def _class_of(memento: MementoRecord) -> str:
    return f"{memento.confidence}{', claimed by an imported file' * memento.claimed}"


def _lines(fields: Iterable[Header]) -> bytes:
    return b"".join(_field(name, _line(value)) for name, value in fields)


def _field(name: str, value: str) -> bytes:
    return f"{name}: {value}\r\n".encode("utf-8", "replace")


def _line(value: str) -> str:
    """Nothing in a value may end its line, or begin a header of its own."""
    return _CONTROLS.sub(" ", value)


def _uri(url: str) -> str:
    return _CONTROLS.sub("", url).replace(" ", "%20")

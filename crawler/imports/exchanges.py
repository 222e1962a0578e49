"""What a record tells of an exchange with a host: a hop, as if the crawl had made it itself.

The payload is what the record holds, with its transfer and content codings undone as in a crawl.
Where the record is one of ours, the metadata record beside it tells all that we knew.
"""

from __future__ import annotations

import io
from dataclasses import replace
from http import HTTPMethod
from typing import Any

from warcio.bufferedreaders import ChunkedDataReader
from warcio.statusandheaders import StatusAndHeaders, StatusAndHeadersParser

from crawler.codings import decode_body, is_undecoded
from crawler.digests import derived_uid, digest_of
from crawler.errors import UrlError
from crawler.extraction.mediatypes import sniff
from crawler.imports.ours import Elsewhere, Exchange, NotUsable, Told, told_in
from crawler.imports.records import Record, matches
from crawler.items import IMPORTED, Header, Hop
from crawler.urls import parse_url, redact_header
from crawler.verdicts import outcome_of_response

SUPPLIED = "supplied"  # reason of an answer whose status nobody recorded

_TRUNCATED = frozenset({"length", "time", "disconnect", "unspecified"})
_HTTP = (b"HTTP/", b"http/")


def url_of(record: Record) -> str:
    """Return the URL of a record as we fetch it. Raises Elsewhere where it is none."""
    try:
        return parse_url(record.url)
    except UrlError as exc:
        raise Elsewhere(str(exc)) from exc


def exchange_of(
    record: Record, *, cap: int, request: Record | None, metadata: Record | None, repeated: bytes
) -> Exchange:
    """Return what a response, resource or revisit record tells.

    ``cap``: bytes of a body that are kept. ``repeated``: the body that a revisit repeats, decoded;
    of other records it is not looked at. Raises NotUsable, Elsewhere.
    """
    url = url_of(record)
    if request is not None and (method := method_of(request)) != "GET":
        raise Elsewhere(f"it answers a request by {method}")
    if record.date is None:
        raise NotUsable(f"it tells no date ({record.header('warc-date')!r})")
    hop = _hop(record, url, cap, repeated)
    if request is not None:
        hop = replace(hop, request_headers=_request_headers(request))
    told = told_in(metadata.block) if metadata is not None else None
    if isinstance(told, Told) and told.is_of(hop.body):
        return told.exchange(hop.body or b"")
    facts = (hop.url, hop.fetched_at, str(hop.status), digest_of(hop.body or b""))
    hop = replace(hop, uid=derived_uid("fetch", *facts), capture_uid=derived_uid("capture", *facts))
    return Exchange(hop, IMPORTED, url)


def _hop(record: Record, url: str, cap: int, repeated: bytes) -> Hop:
    common: dict[str, Any] = {
        "uid": "", "url": url, "purpose": "source", "hop": 0, "fetched_at": record.date,
        "ip_address": record.header("warc-ip-address"),
    }  # fmt: skip
    if record.type == "revisit":
        head = _head_of(record)[0] if record.block.startswith(_HTTP) else None
        return _repeating(head, repeated, common)
    if record.type == "resource" or not _is_http(record):
        return _resource(record, cap, common)
    head, body = _head_of(record)
    return _answer(record, head, body, cap, common)


def payload_forms(record: Record, *, cap: int) -> tuple[bytes, ...]:
    """Return the payload of a record in the forms of which programs tell the digest.

    As it was recorded, without its transfer coding, and decoded. Raises NotUsable.
    """
    if not _is_http(record):
        return (record.block,)
    head, body = _head_of(record)
    wire = _without_transfer_coding(head, body)
    return body, wire, decode_body(wire, head.get_header("content-encoding"), limit=cap).body


def _without_transfer_coding(head: StatusAndHeaders, body: bytes) -> bytes:
    if "chunked" in (head.get_header("transfer-encoding") or "").lower():
        return bytes(ChunkedDataReader(io.BytesIO(body)).read())
    return body


def _is_http(record: Record) -> bool:
    """Tell whether the block is an HTTP message; of a `response` it may be FTP's or DNS's."""
    return "http" in (record.header("content-type") or "http") or record.block.startswith(_HTTP)


def _head_of(record: Record) -> tuple[StatusAndHeaders, bytes]:
    """Return the final answer in a block: its head and its body, as they were recorded."""
    stream = io.BytesIO(record.block)
    while True:
        if not record.block[stream.tell() :].startswith(_HTTP):
            raise NotUsable("there is no HTTP answer in it")
        head = StatusAndHeadersParser([], verify=False).parse(stream)
        if _status(head) >= 200 or not record.block[stream.tell() :].startswith(_HTTP):
            return head, record.block[stream.tell() :]


def _status(head: StatusAndHeaders) -> int:
    told = head.statusline.split(" ")[0]
    if not (told.isascii() and told.isdecimal() and 100 <= int(told) <= 999):
        raise NotUsable(f"its status is none of HTTP ({told[:20]!r})")
    return int(told)


def _headers(head: StatusAndHeaders) -> tuple[Header, ...]:
    return tuple((name, redact_header(name, value)) for name, value in head.headers)


def _answer(
    record: Record, head: StatusAndHeaders, body: bytes, cap: int, common: dict[str, Any]
) -> Hop:
    """Return the hop of an answer, its codings undone."""
    wire = _without_transfer_coding(head, body)
    cut = record.cut or len(wire) > cap
    truncated = _truncated(record, cut)
    wire = wire[:cap]
    coding = head.get_header("content-encoding")
    payload = decode_body(wire, coding, limit=cap)
    if not cut and not record.header("warc-block-digest"):
        _check_payload(record, body, wire, payload.body)
    status = _status(head)
    declared = head.get_header("content-type")
    outcome, reason = outcome_of_response(
        status,
        size_bytes=len(payload.body),
        truncated=truncated is not None or is_undecoded(payload),
        has_location=bool(head.get_header("location")),
    )
    return Hop(
        outcome=outcome, reason=reason, status=status, protocol=head.protocol or None,
        response_headers=_headers(head), wire_digest=digest_of(wire), wire_size_bytes=len(wire),
        body=payload.body, mime_declared=declared, mime_sniffed=sniff(payload.body, declared),
        flags=payload.flags, truncated=truncated, **common,
    )  # fmt: skip


def _truncated(record: Record, cut: bool) -> str | None:
    told = (record.header("warc-truncated") or "").strip().lower()
    if cut:
        return "length"
    return None if not told else told if told in _TRUNCATED else "unspecified"


def _check_payload(record: Record, *forms: bytes) -> None:
    """Refuse a record whose payload digest fits none of the forms that programs digest."""
    found = [matches(record.header("warc-payload-digest"), form) for form in forms]
    if found[0] is False and not any(found):
        raise NotUsable("the record does not match its own digest (WARC-Payload-Digest)")


def _resource(record: Record, cap: int, common: dict[str, Any]) -> Hop:
    """Return the hop of a page that was recorded without its exchange."""
    body, declared = record.block[:cap], record.header("content-type")
    cut = record.cut or len(record.block) > cap
    return supplied_hop(body, declared, truncated=_truncated(record, cut), **common)


def supplied_hop(
    body: bytes,
    declared: str | None,
    *,
    truncated: str | None = None,
    **common: Any,  # noqa: ANN401
) -> Hop:
    """Return the hop of a body of which no exchange is known."""
    whole = bool(body) and truncated is None
    return Hop(
        outcome="live-unverified" if whole else "server-error",
        reason=SUPPLIED if whole else "truncated" if truncated else "empty",
        wire_digest=digest_of(body), wire_size_bytes=len(body), body=body,
        mime_declared=declared, mime_sniffed=sniff(body, declared), truncated=truncated, **common,
    )  # fmt: skip


def _repeating(head: StatusAndHeaders | None, body: bytes, common: dict[str, Any]) -> Hop:
    """Return the hop of an answer that repeats, or confirms, a payload."""
    if head is None:
        return supplied_hop(body, None, **common)
    status, declared = _status(head), head.get_header("content-type")
    outcome, reason = outcome_of_response(
        status, size_bytes=len(body), has_location=bool(head.get_header("location"))
    )
    return Hop(
        outcome=outcome, reason=reason, status=status, protocol=head.protocol or None,
        response_headers=_headers(head), body=body, mime_declared=declared,
        mime_sniffed=sniff(body, declared), **common,
    )  # fmt: skip


def method_of(request: Record) -> str:
    """Return the method of a request; GET where the record tells none that HTTP knows."""
    first = request.block[:10].split(b" ")[0].decode("latin-1")
    return first if first in HTTPMethod.__members__ else "GET"


def _request_headers(record: Record) -> tuple[Header, ...]:
    """Return the headers of a request record; none where it holds no request that can be read."""
    stream = io.BytesIO(record.block)
    if not stream.readline():
        return ()
    stream.seek(0)
    return _headers(StatusAndHeadersParser([], verify=False).parse(stream))

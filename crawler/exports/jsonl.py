"""JSON Lines: one object a capture, payload and text included, or an attempt without an answer."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, BinaryIO

from crawler.archive import AttemptRecord, CaptureRecord, Selected
from crawler.exports.documents import document_of, document_of_attempt
from crawler.exports.inert import json_text
from crawler.exports.order import Order


def write(selected: Selected, out: BinaryIO, order: Order) -> None:
    """Write a line for each capture, in the order in which they were kept.

    A payload stands with the first capture that shows it; later ones name its digest. Attempts
    without an answer stand among them, as they were made.
    """
    for record in selected.with_attempts():
        if isinstance(record, AttemptRecord):
            document = document_of_attempt(record, archive_uid=selected.archive_uid)
            out.write(_line(document | {"text": None}))
            order.step()
            continue
        document = document_of(record, archive_uid=selected.archive_uid)
        document["text"] = record.article.text if record.article else None
        if record.is_first:
            document |= _payload(selected, record)
        out.write(_line(document))
        order.step()


def _payload(selected: Selected, record: CaptureRecord) -> dict[str, Any]:
    body, missing = selected.payload(record)
    if body is None:
        return {"withheld": missing}
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": b64encode(body).decode("ascii")}


def _line(document: dict[str, Any]) -> bytes:
    return json_text(document).encode() + b"\n"

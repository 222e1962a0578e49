"""A capture as one JSON object: what an import, or another program, needs of it.

The layout is that of docs/exports.md. A key that is missing or null is unknown.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from crawler.archive import AttemptRecord, CaptureRecord
from crawler.archive.selection.records import ArticleRecord, FetchRecord, MementoRecord

# Raised when a key changes its meaning or goes, not when one is added.
LAYOUT = 1

_CAPTURE = (
    "uid", "url", "captured_at", "record_type", "payload", "size_bytes", "mime_declared",
    "mime_sniffed", "truncated", "flags", "origin",
)  # fmt: skip
_CITATION = (
    "entry_key", "entry_title", "entry_date", "entry_url", "position", "role", "label",
    "url_as_cited", "cited_on", "cited_on_basis", "archived_at", "removed_at",
)  # fmt: skip


_RUN = ("uid", "command", "started_at")
_JUDGEMENT = ("outcome", "reasons", "final_url", "judged_at")


def document_of(record: CaptureRecord, *, archive_uid: str) -> dict[str, Any]:
    """Return the object of a capture, without its payload and without the article's text."""
    return {
        "layout": LAYOUT,
        "archive": archive_uid,
        "capture": {**(_picked(record, _CAPTURE) or {}), "refers_to": _refers_to(record)},
        "source": _source(record),
        "fetch": _fetch(record.fetch),
        "run": _picked(record.run, _RUN),
        "judgement": _picked(record.judgement, _JUDGEMENT),
        "article": _article(record.article),
        "change": _change(record),
        "memento": _memento(record.memento),
        "citations": [_citation(each) for each in record.citations],
        "withheld": record.withheld,
    }


def document_of_attempt(record: AttemptRecord, *, archive_uid: str) -> dict[str, Any]:
    """Return the object of an attempt without an answer: that of a capture, which is null."""
    return {
        "layout": LAYOUT,
        "archive": archive_uid,
        "capture": None,
        "source": _source(record),
        "fetch": _fetch(record.fetch),
        "run": _picked(record.run, _RUN),
        "judgement": _picked(record.judgement, _JUDGEMENT),
        "article": None,
        "change": None,
        "memento": None,
        "citations": [_citation(each) for each in record.citations],
        "withheld": None,
    }


def _picked(part: object, names: tuple[str, ...]) -> dict[str, Any] | None:
    """Return named fields of a part; None of a part that is not there."""
    return None if part is None else {name: getattr(part, name) for name in names}


def _refers_to(record: CaptureRecord) -> dict[str, Any] | None:
    return _picked(record.refers_to, ("uid", "url", "captured_at"))


def _source(record: CaptureRecord | AttemptRecord) -> dict[str, Any] | None:
    return _picked(record.source, ("url", "urlkey", "title", "host", "verdict", "verdict_since"))


def _fetch(fetch: FetchRecord) -> dict[str, Any]:
    return {field.name: getattr(fetch, field.name) for field in fields(fetch)}


def _article(article: ArticleRecord | None) -> dict[str, Any] | None:
    if article is None:
        return None
    names = tuple(field.name for field in fields(article) if field.name != "text")
    return _picked(article, names)


def _change(record: CaptureRecord) -> dict[str, Any] | None:
    if record.change is None:
        return None
    rest = _picked(record.change, ("told", "before", "found_at")) or {}
    return {"class": record.change.change_class, **rest}


def _memento(memento: MementoRecord | None) -> dict[str, Any] | None:
    if memento is None:
        return None
    named = {"confidence": "class", "is_best": "best"}
    return {
        named.get(field.name, field.name): getattr(memento, field.name) for field in fields(memento)
    }


def _citation(citation: object) -> dict[str, Any]:
    picked = _picked(citation, _CITATION) or {}
    return {"entry": picked.pop("entry_key"), **picked}

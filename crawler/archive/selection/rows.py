"""Rows of captures and citations, and the records that are made of them.

The columns of a part of a record are named by its fields, with a prefix; a field whose value is not
the column of its name stands in ``_VALUES``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from itertools import chain
from typing import Any, TypeVar

from crawler.archive.selection.records import (
    ArticleRecord,
    CaptureRecord,
    ChangeRecord,
    CitationRecord,
    FetchRecord,
    JudgementRecord,
    MementoRecord,
    Referred,
    RunRecord,
    SourceRecord,
)
from crawler.archive.views import ARTICLE_OF

Record = TypeVar("Record")

_CITATIONS = "json_group_array(json_object({})) FROM citations k JOIN entries e ON e.id = k.entry"
_OF_CITATIONS = {
    "entry": "e.id", "entry_key": "e.key", "entry_title": "e.title", "entry_date": "e.date",
    "entry_url": "e.url",
}  # fmt: skip
_FIRST = """NOT EXISTS (SELECT 1 FROM captures x JOIN temp.selected y ON y.capture = x.id
  LEFT JOIN sources z ON z.id = x.source
  WHERE x.payload = c.payload AND x.id < c.id AND z.withheld IS NULL)"""
_LISTS = {"flags", "reasons"}
_HEADERS = {"request_headers", "response_headers"}
_TRUTHS = {"tls_verified", "told", "is_best", "claimed"}
# Where the value of a field is not the column of its name.
_VALUES = {
    "f_wire_size_bytes": "f.wire_size_bytes",
    "h_change_class": "h.class",
    "h_before": "(SELECT uid FROM captures WHERE id = h.before)",
    "a_version": "(SELECT max(v.number) FROM versions v WHERE v.source = c.source"
    " AND v.text_digest = a.text_digest)",
    "c_size_bytes": "p.size_bytes",
    "m_confidence": "m.class",
    "m_is_best": "EXISTS (SELECT 1 FROM rescues q WHERE q.source = c.source AND q.memento = m.id"
    " AND q.state = 'home')",
    "m_claimed": "r.command = 'import'",
}
_PARTS: dict[str, type[Any]] = {
    "s": SourceRecord, "f": FetchRecord, "r": RunRecord, "o": JudgementRecord, "a": ArticleRecord,
    "h": ChangeRecord, "m": MementoRecord,
}  # fmt: skip
_OWN = (
    "id", "uid", "url", "captured_at", "record_type", "payload", "size_bytes", "mime_declared",
    "mime_sniffed", "truncated", "flags", "origin",
)  # fmt: skip


def _columns(prefix: str, names: tuple[str, ...]) -> list[str]:
    named = [(f"{prefix}_{name}", f"{prefix}.{name}") for name in names]
    return [f"{_VALUES.get(name, column)} AS {name}" for name, column in named]


def _names(part: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(part))


def _citations() -> str:
    pairs = (f"'{n}', {_OF_CITATIONS.get(n, f'k.{n}')}" for n in _names(CitationRecord))
    return f"(SELECT {_CITATIONS.format(', '.join(pairs))} WHERE k.source = c.source) AS citations"


def columns_of_parts(prefixes: Iterable[str]) -> str:
    """Return SQL for the columns of some parts, and for the citations of a source ``c.source``."""
    parts = (_columns(prefix, _names(_PARTS[prefix])) for prefix in prefixes)
    return ", ".join([*chain.from_iterable(parts), _citations()])


def _select() -> str:
    columns = [
        *_columns("c", _OWN), "f.id AS fetch_number",
        "c.refers_to AS b_uid", "b.url AS b_url", "b.captured_at AS b_captured_at",
        "coalesce(s.withheld, n.reason) AS withheld", f"{_FIRST} AS is_first",
        columns_of_parts(_PARTS),
    ]  # fmt: skip
    return f"SELECT {', '.join(columns)}"


def _select_citations() -> str:
    columns = [f"{_OF_CITATIONS.get(n, f'k.{n}')} AS k_{n}" for n in _names(CitationRecord)]
    columns += [*_columns("s", _names(SourceRecord)), "s.withheld AS withheld"]
    return f"SELECT {', '.join(columns)}"


SELECT_CITATIONS = f"""{_select_citations()}
FROM citations k JOIN entries e ON e.id = k.entry LEFT JOIN sources s ON s.id = k.source
"""
# CROSS JOIN: SQLite keeps to this order, so that rows come by their ids without being sorted.
_PARTS_OF_A_CAPTURE = f"""
CROSS JOIN fetches f ON f.id = c.fetch
CROSS JOIN runs r ON r.id = f.run
LEFT JOIN sources s ON s.id = c.source
LEFT JOIN captures b ON b.uid = c.refers_to
LEFT JOIN payloads p ON p.digest = c.payload
LEFT JOIN outcomes o ON o.fetch = f.id
LEFT JOIN changes h ON h.fetch = f.id
LEFT JOIN mementos m ON m.id = (SELECT min(id) FROM mementos WHERE capture = c.id)
LEFT JOIN temp.held_back n ON n.digest = c.payload
LEFT JOIN articles a ON a.id = {ARTICLE_OF.format(payload="c.payload")}
"""
SELECT_RECORDS = (
    f"{_select()} FROM temp.selected t CROSS JOIN captures c ON c.id = t.capture"
    f"{_PARTS_OF_A_CAPTURE}"
)
SELECT_ANY_RECORD = f"{_select()} FROM captures c{_PARTS_OF_A_CAPTURE}"


def record_of(row: sqlite3.Row) -> CaptureRecord:
    """Return the record of a row of ``SELECT_RECORDS``."""
    values, parts = dict(row), parts_of(row, _PARTS)
    return CaptureRecord(
        **{name: _value(name, values[f"c_{name}"]) for name in _OWN},
        refers_to=Referred(values["b_uid"], values["b_url"], values["b_captured_at"])
        if values["b_uid"]
        else None,
        fetch=parts["f"],
        run=parts["r"],
        source=parts["s"],
        judgement=parts["o"],
        article=parts["a"],
        change=parts["h"],
        memento=parts["m"],
        citations=citations_of(row),
        withheld=values["withheld"],
        is_first=bool(values["is_first"]),
    )


# A part is there where the column that it cannot be without is.
_THERE = {"s": "id", "o": "outcome", "a": "extractor", "h": "change_class", "m": "archive"}


def parts_of(row: sqlite3.Row, prefixes: Iterable[str]) -> dict[str, Any]:
    """Return the parts that a row has, by prefix; None for one that is not there."""
    values = dict(row)
    return {
        prefix: _part(_PARTS[prefix], prefix, values)
        if prefix not in _THERE or values[f"{prefix}_{_THERE[prefix]}"] is not None
        else None
        for prefix in prefixes
    }


def citations_of(row: sqlite3.Row) -> tuple[CitationRecord, ...]:
    """Return the citations of the source of a row."""
    return tuple(CitationRecord(**each) for each in json.loads(row["citations"]))


def cited_of(row: sqlite3.Row) -> tuple[CitationRecord, SourceRecord | None]:
    """Return the citation and the source of a row of ``SELECT_CITATIONS``."""
    values = dict(row)
    citation = _part(CitationRecord, "k", values)
    if values["s_id"] is None:
        return citation, None
    source = _part(SourceRecord, "s", values)
    if values["withheld"]:
        source = replace(source, title=citation.label or source.url)
    return citation, source


def _part(part: Callable[..., Record], prefix: str, values: Mapping[str, Any]) -> Record:
    return part(**{n: _value(n, values[f"{prefix}_{n}"]) for n in _names(part)})  # type: ignore[arg-type]


def _value(name: str, value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    if name in _HEADERS:
        return tuple((pair[0], pair[1]) for pair in json.loads(value or "[]"))
    if name in _LISTS:
        return tuple(json.loads(value or "[]"))
    if name == "evidence":
        return None if value is None else json.loads(value)
    if name in _TRUTHS:
        return None if value is None else bool(value)
    return value

"""The report as JSON: all items with their facts, and the same sentences as the text."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from crawler.archive.queries.report import ATTENTION, KINDS, RESULTS, Item, Report
from crawler.reporting.atom import item_id
from crawler.reporting.plain import plain
from crawler.reporting.sentences import lines_of, sentence_of
from crawler.reporting.text import summary_line

FORMAT = 1  # rises when a name goes or changes its meaning; new names may come at any time


def document_of(report: Report) -> dict[str, Any]:
    """Return the report as a value for JSON; ``omitted`` counts the items beyond the limit."""
    left = Counter(report.counts)
    left.subtract(item.kind for item in report.items)
    return {
        "format": FORMAT,
        "archive": report.archive,
        "run": report.run,
        "started_at": report.started_at,
        "finished_at": report.finished_at,
        "finish_reason": report.finish_reason,
        "summary": summary_line(report),
        "needs_attention": report.needs_attention,
        "visits": report.visits,
        "visited": {name: report.visited.get(name, 0) for name in RESULTS},
        "made_up": {name: report.made_up.get(name, 0) for name in RESULTS},
        "counts": {kind: report.counts.get(kind, 0) for kind in KINDS},
        "omitted": {kind: left[kind] for kind in KINDS if left[kind]},
        "items": [_item(item) for item in report.items],
    }


def _item(item: Item) -> dict[str, Any]:
    facts = {name: value for name, value in asdict(item).items() if value not in (None, (), "", 0)}
    facts.pop("key", None)  # the id stands for it; an address in it would show its secrets
    return {
        "id": item_id(item),
        "attention": item.kind in ATTENTION,
        "sentence": sentence_of(item),
        "lines": lines_of(item),
        **{name: _inert(value) for name, value in facts.items()},
    }


def _inert(value: object) -> object:
    """Return a value with its texts as they may be printed: JSON is read in terminals, too."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {name: _inert(inner) for name, inner in value.items()}
    return [_inert(inner) for inner in value] if isinstance(value, list | tuple) else value

"""What verifying found: the values, and the words by which a row is known again."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.stamping.checking import Attestation

KINDS: Mapping[str, str] = {
    "edited": "the row is another than the one that was sealed",
    "missing": "the row that was sealed is not there",
    "added": "the row was not written by a command of ours",
    "moved": "the row stands at another place than the one that was sealed",
    "unreadable": "SQLite cannot read the row",
    "payload": "the payload cannot be decoded, or has another digest",
    "seal": "the seal itself is damaged; the rows under it are sound",
    "manifest": "a manifest is damaged, missing or out of the chain",
    "stamp": "a time stamp is not one of its manifest",
    "set-back": "manifests were written beside the archive that it does not hold: an older copy, or"
    " one without its -wal",
    "structure": "pages, indexes or constraints are not as SQLite keeps them, or the file was cut"
    " off",
    "foreign-key": "the row refers to one that is not there",
    "schema": "a table, index, trigger or view is not as we made it, or a trigger is not ours",
    "header": "the head of the file is damaged",
    "search-index": "the search index cannot be read",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    kind: str  # one of KINDS
    table: str | None = None
    row: int | None = None  # its number; in a table without numbers, that of its owner
    what: str | None = None  # URL, date, title: what the row is, as far as it can be read
    detail: str | None = None

    def __str__(self) -> str:
        where = f"{self.table or 'the file'}" + (f" row {self.row}" if self.row is not None else "")
        rest = "; ".join(text for text in (self.what, self.detail) if text)
        return f"{self.kind}: {where}" + (f" ({rest})" if rest else "")


@dataclass(slots=True)
class Verification:
    """What was checked, and what was found."""

    archive: str | None = None  # uid
    schema: int | None = None  # the version of an older archive; None: it is of this release
    sample: float | None = None  # share of rows and payloads that was looked at; None: all
    tables: dict[str, int] = field(default_factory=dict)  # rows that match their seals
    unsealed: dict[str, int] = field(default_factory=dict)  # rows not sealed yet, by table
    payloads: int = 0  # decoded, with the right digest
    payload_bytes: int = 0  # of them, decoded
    forgotten: int = 0  # payloads under a tombstone
    elsewhere: int = 0  # payloads that captures name and this file does not hold
    elsewhere_first: list[str] = field(default_factory=list)  # the digests of some of them
    manifests: int = 0
    head: str | None = None  # digest of the latest manifest; None: nothing was ever sealed
    sealed_at: str | None = None  # when it was made
    beside: str = "absent"  # the file of manifests: "absent", "agrees", "behind", "differs"
    stamps: int = 0  # stamps that fit their manifests
    attestations: list[Attestation] = field(default_factory=list)  # what proofs say of manifests
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what could not be checked, and why

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong. What is not sealed yet is not wrong."""
        return not self.findings


# Columns by which a person knows a row, the better ones first.
_NAMES = ("url", "uri_m", "final_url", "locator", "origin", "address", "title", "label", "host",
          "uid", "digest", "payload", "exact", "archive", "key", "name")  # fmt: skip
_DATES = ("captured_at", "fetched_at", "concluded_at", "started_at", "found_at", "decided_at",
          "extracted_at", "read_at", "date", "cited_on", "first_seen_at", "judged_at",
          "checked_at", "made_at")  # fmt: skip
# What refers to a row may still tell what it was.
_REFERRING = {
    "fetches": "SELECT url, captured_at FROM captures WHERE fetch = ?",
    "sources": "SELECT url, min(fetched_at) FROM fetches WHERE source = ?",
    "captures": "SELECT s.url, v.first_seen_at FROM versions v JOIN sources s ON s.id = v.source"
    " WHERE v.capture = ?",
    "entries": "SELECT locator, first_seen_at FROM entry_versions WHERE entry = ?",
}
# What a row is of: its source, capture or entry says more than its own columns.
_OF = (
    ("source", "SELECT url FROM sources WHERE id = ?"),
    ("entry", "SELECT title FROM entries WHERE id = ?"),
    ("citation", "SELECT url_as_cited FROM citations WHERE id = ?"),
    ("capture", "SELECT url FROM captures WHERE id = ?"),
    ("payload", "SELECT url FROM captures WHERE payload = ?"),
    ("digest", "SELECT url FROM captures WHERE payload = ?"),
)


def what_is(sql: sqlite3.Connection, table: str, select: str, position: int) -> str | None:
    """Return what a row is, in a few words; None: nothing of it can be read.

    ``select`` gives the row, or those of its owner, at position ?1.
    """
    row = _first(sql, select, position)
    words = _words(sql, row) if row is not None else []
    if not words and table in _REFERRING:
        referring = _first(sql, _REFERRING[table], position)
        words = [str(value) for value in referring.values() if value] if referring else []
    return printable(" ".join(words)) or None


def printable(text: str) -> str:
    """Return a text that can be written as UTF-8, whatever was damaged in it."""
    return text.encode("utf-8", "replace").decode()


def _words(sql: sqlite3.Connection, row: Mapping[str, object]) -> list[str]:
    words = [str(row[name])[:200] for name in _NAMES if row.get(name)][:1]
    for column, select in _OF:
        if not words or (column in ("payload", "digest") and row.get("url") is None):
            owner = _first(sql, select, row.get(column)) if row.get(column) else None
            words += [str(value)[:200] for value in owner.values() if value] if owner else []
    return words + [str(row[name]) for name in _DATES if row.get(name)][:1]


def _first(sql: sqlite3.Connection, select: str, value: object) -> dict[str, object] | None:
    cursor = sql.cursor()
    cursor.row_factory = sqlite3.Row
    try:
        row = cursor.execute(f"{select} LIMIT 1", (value,)).fetchone()
    except (sqlite3.Error, UnicodeError, OverflowError):  # what is damaged may be no text
        return None
    return dict(row) if row else None

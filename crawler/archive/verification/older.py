"""Checking the copy of an archive of an older schema, which this release cannot read as its own.

What holds for each version: SQLite's own checks, payloads under their digests, and that each row is
as in the archive. Seals are not checked: what they cover has changed between versions.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from random import Random

from crawler.archive.looking import open_read_only
from crawler.archive.schema import SCHEMA_VERSION
from crawler.archive.verification.decoding import Decoding
from crawler.archive.verification.findings import Finding, Verification, printable
from crawler.archive.verification.inquiry import Inquiry, OnStep, TooMuchDamage
from crawler.archive.verification.structure import (
    check_foreign_keys,
    check_header,
    check_integrity,
    check_length,
)


def verify_older(path: Path, version: int, on_step: OnStep) -> Verification:
    """Check a copy of an archive of an older schema, and return what was found.

    Its ``schema`` is the version, and a note says what could not be checked.
    """
    result = Verification(schema=version)
    result.notes.append(
        f"the archive is of schema {version} (this Sourcekeep's is {SCHEMA_VERSION}) and was copied"
        " as it is, its seals unchecked; the next command that writes brings the archive up to date"
    )
    result.findings += [*check_header(path), *check_length(path)[0]]
    inquiry = Inquiry(result, Random(), on_step)
    with closing(open_read_only(path)) as sql:
        sql.execute("PRAGMA cell_size_check = ON")
        inquiry.step("SQLite's own checks", 0)
        result.findings += [*check_integrity(sql), *check_foreign_keys(sql)]
        try:
            with inquiry.as_far_as_it_goes("payloads"):
                _check_payloads(sql, inquiry)
        except TooMuchDamage:
            result.notes.append("more is wrong than was read")
    return result


def _check_payloads(sql: sqlite3.Connection, inquiry: Inquiry) -> None:
    result = inquiry.result
    result.archive = str(sql.execute("SELECT uid FROM archive").fetchone()[0])
    rows = [int(row[0]) for row in sql.execute("SELECT rowid FROM payloads ORDER BY rowid")]
    inquiry.total = len(rows)
    for decoded in Decoding(sql).check(rows):
        inquiry.step("payloads")
        if decoded.problem is None:
            result.payloads += 1
            result.payload_bytes += decoded.size_bytes
        else:
            detail = printable("; ".join(t for t in (decoded.digest, decoded.problem) if t))
            inquiry.find(Finding("payload", "payloads", decoded.row, None, detail))


def differing_rows(original: sqlite3.Connection, copy: sqlite3.Connection) -> list[Finding]:
    """Return the tables whose rows are not the same in an archive and its copy, value by value.

    The original must be in the transaction that was copied.
    """
    names = _tables(original)
    found = [] if names == _tables(copy) else [Finding("schema", detail="tables are missing")]
    return found + [
        Finding("structure", name, detail="its rows are not those of the archive")
        for name in names
        if not found and not _same(original, copy, f'SELECT * FROM "{name}"')
    ]


def _tables(sql: sqlite3.Connection) -> list[str]:
    """Return the tables that hold rows; a virtual one keeps its own in others, which are here."""
    rows = sql.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name"
    )
    return [str(row[0]).replace('"', '""') for row in rows]


def _same(original: sqlite3.Connection, copy: sqlite3.Connection, select: str) -> bool:
    here, there = original.cursor(), copy.cursor()
    here.row_factory = there.row_factory = None
    pairs = zip_longest(here.execute(select), there.execute(select))
    return all(one == other for one, other in pairs)

"""Verifying: every row against its seal, every seal against the manifests, every payload decoded.

Reads only, in one transaction, so that a crawl may write meanwhile. A damaged file is read as far
as SQLite can read it, row by row where it must be.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random

from crawler.archive.opening import connect_for_verifying
from crawler.archive.sealable import sealed_tables
from crawler.archive.verification.chain import check_chain, damaged_beside, written_beside
from crawler.archive.verification.checking import Checking
from crawler.archive.verification.decoding import Decoding
from crawler.archive.verification.findings import Finding, Verification, printable, what_is
from crawler.archive.verification.inquiry import (
    FINDINGS_MAX,
    Inquiry,
    OnStep,
    TooMuchDamage,
    broken,
)
from crawler.archive.verification.pagemap import NOT_CHECKED, check_pages
from crawler.archive.verification.structure import (
    check_foreign_keys,
    check_header,
    check_length,
    check_structure,
    tables_of_ours,
)
from crawler.errors import ArchiveError
from crawler.stamping.headers import Headers

ELSEWHERE_NAMED = 10


def verify(
    path: Path,
    *,
    sample: float | None = None,
    random: Random | None = None,
    headers: Headers | None = None,
    on_step: OnStep = lambda what, done, total: None,
) -> Verification:
    """Check an archive and return what was found.

    ``sample`` is the share of rows (by 256) and payloads to look at; None: all of it, with SQLite's
    own checks. ``headers`` are of Bitcoin blocks, for proofs that end in them. Raises ArchiveError
    when there is no archive, or one of another release.
    """
    result = Verification(sample=sample)
    result.findings += check_header(path)
    cut_off, beyond = check_length(path)
    result.findings += cut_off
    result.notes += beyond
    try:
        sql, misnamed = connect_for_verifying(path)
    except ArchiveError:
        if not result.findings:
            raise
        return result
    result.findings += [Finding("header", detail=text) for text in misnamed]
    inquiry = Inquiry(result, random or Random(), on_step)
    try:
        _Verifying(sql, path, inquiry).run(headers)
    except TooMuchDamage:
        result.notes.append(f"more than {FINDINGS_MAX:,} things are wrong; the rest was not read")
    except (sqlite3.DatabaseError, UnicodeDecodeError) as exc:  # it quotes damaged names
        result.findings.append(broken(exc))
    finally:
        sql.close()
    if sample is None and len(result.findings) < FINDINGS_MAX - 1:
        with inquiry.as_far_as_it_goes("pages"):  # once no other connection is open
            _check_pages(path, result)
    return result


def _check_pages(path: Path, result: Verification) -> None:
    found = check_pages(path)
    result.findings += found or ()
    if found is None:
        result.notes.append(NOT_CHECKED)


class _Verifying:
    """The verification of one archive, in one read transaction."""

    def __init__(self, sql: sqlite3.Connection, path: Path, inquiry: Inquiry) -> None:
        self._sql = sql
        self._path = path
        self._inquiry = inquiry
        self._result = inquiry.result

    def run(self, headers: Headers | None) -> None:
        """Check everything."""
        inquiry, written = self._inquiry, written_beside(self._path)
        self._sql.execute("BEGIN")
        self._check_rows()
        with inquiry.as_far_as_it_goes("captures"):
            self._references()
        self._result.findings += damaged_beside(self._path)
        with inquiry.as_far_as_it_goes("manifests"):
            check_chain(self._sql, written, self._result, headers)
        if self._result.sample is None:
            inquiry.step("SQLite's own checks", 0)
            self._result.findings += check_structure(self._sql)
            self._result.findings += check_foreign_keys(self._sql)

    def _check_rows(self) -> None:
        inquiry, checking = self._inquiry, Checking(self._sql, self._inquiry)
        tables, payloads = sealed_tables(self._sql), list[int]()
        # A table of somebody else may be STRICT, too, and then was sealed with ours.
        ours = [table for name, table in tables.items() if name in tables_of_ours()]
        with inquiry.as_far_as_it_goes("payloads"):
            payloads = self._chosen_payloads()
            inquiry.total = len(payloads) + sum(checking.nodes(table.name) for table in ours)
        for table in ours if checking.has_seals() else ():
            with inquiry.as_far_as_it_goes(table.name):
                checking.check(table)
        with inquiry.as_far_as_it_goes("seals"):
            checking.blame_seals(tables)
        with inquiry.as_far_as_it_goes("payloads"):
            self._check_payloads(payloads)

    def _chosen_payloads(self) -> list[int]:
        """Return the row numbers of the payloads to decode, as the index has them if need be."""
        numbers: Iterator[int]
        try:
            rows = self._sql.execute("SELECT rowid FROM payloads NOT INDEXED ORDER BY rowid")
            numbers = iter([int(row[0]) for row in rows])
        except sqlite3.Error:
            rows = self._sql.execute(
                "SELECT rowid FROM payloads INDEXED BY sqlite_autoindex_payloads_1"
            )
            numbers = iter(sorted(int(row[0]) for row in rows))
        return [number for number in numbers if self._inquiry.is_chosen()]

    def _check_payloads(self, rows: list[int]) -> None:
        for decoded in Decoding(self._sql).check(rows):
            self._inquiry.step("payloads")
            if decoded.problem is None:
                self._result.payloads += 1
                self._result.payload_bytes += decoded.size_bytes
            else:
                self._inquiry.drop_edited("payloads", decoded.row)  # this says more
                select = "SELECT * FROM payloads WHERE rowid = ?1"
                what = what_is(self._sql, "payloads", select, decoded.row)
                digest = decoded.digest or None
                detail = printable("; ".join(t for t in (digest, decoded.problem) if t))
                self._inquiry.find(Finding("payload", "payloads", decoded.row, what, detail))

    def _references(self) -> None:
        """Count what is named by digest and not held: that is no damage."""
        rows = self._sql.execute(
            "SELECT DISTINCT c.payload FROM captures c"
            " WHERE NOT EXISTS (SELECT 1 FROM payloads p WHERE p.digest = c.payload)"
            " AND NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.digest = c.payload)"
        )
        for (digest,) in rows:
            self._result.elsewhere += 1
            if len(self._result.elsewhere_first) < ELSEWHERE_NAMED:
                self._result.elsewhere_first.append(printable(str(digest)))
        row = self._sql.execute("SELECT count(*) FROM tombstones").fetchone()
        self._result.forgotten = int(row[0])

"""A verification under way: what was found so far, how far it is, and what it gets over."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random

from crawler.archive.verification.findings import Finding, Verification

FINDINGS_MAX = 10_000  # a file in which more is wrong than that is not read to its end

OnStep = Callable[[str, int, int], object]  # what is checked; how many units of how many are done


class TooMuchDamage(Exception):
    """So much is wrong that counting on tells nothing more."""


class Inquiry:
    """The verification of one archive, for all who look at a part of it."""

    def __init__(self, result: Verification, random: Random, on_step: OnStep) -> None:
        self.result = result
        self.total = 0  # units of work, as far as they are known
        self._random = random
        self._on_step = on_step
        self._done = 0

    @contextmanager
    def as_far_as_it_goes(self, table: str) -> Iterator[None]:
        """Let what cannot be read end one check, and not those after it."""
        try:
            yield
        except (sqlite3.DatabaseError, UnicodeDecodeError) as exc:  # it quotes damaged names
            self.find(replace(broken(exc), table=table))
        except (TypeError, ValueError, LookupError, OverflowError) as exc:
            # A damaged row may hold any value in any column. A verification that dies of it
            # would name nothing.
            detail = f"a value is of another kind than its column: {exc}"
            self.find(Finding("structure", table, None, None, detail))

    def step(self, what: str, units: int = 1) -> None:
        """Show how far it is."""
        self._done += units
        self._on_step(what, self._done, max(self.total, self._done))

    def find(self, finding: Finding) -> None:
        """Keep a finding. Raises TooMuchDamage when there are more than anybody reads."""
        missing = str(finding.detail).startswith("no such table")
        if missing and any(each.detail == finding.detail for each in self.result.findings):
            return  # every check that needs it would say so
        self.result.findings.append(finding)
        if len(self.result.findings) >= FINDINGS_MAX:
            raise TooMuchDamage

    def acquit(self, table: str, first: int, last: int) -> None:
        """Take back what was said of the rows from one position to another."""
        self.result.findings = [
            finding
            for finding in self.result.findings
            if not (
                finding.table == table
                and finding.kind in ("edited", "missing", "added", "moved")
                and finding.row is not None
                and first <= finding.row <= last
            )
        ]

    def drop_edited(self, table: str, row: int) -> None:
        """Take back that a row was edited: something else says more of it."""
        edited = [f for f in self.result.findings if (f.kind, f.table) == ("edited", table)]
        for finding in edited:
            if finding.row == row:
                self.result.findings.remove(finding)

    def is_chosen(self) -> bool:
        """Tell whether to look at the next part: at all of them, unless a sample is asked for."""
        share = self.result.sample
        return share is None or self._random.random() < share


def broken(exc: sqlite3.DatabaseError | UnicodeDecodeError) -> Finding:
    """Return what keeps SQLite from reading any further; it names what it cannot parse."""
    text = str(exc) if isinstance(exc, sqlite3.Error) else exc.object.decode("utf-8", "replace")
    named = re.search(r"malformed database schema \((.*?)\)", text)
    return Finding("schema" if named else "structure", None, None, named and named[1], text)

"""Verifying: every row against its seal, every seal against the manifests, every payload decoded.

Reads only, in one transaction, so that a crawl may write meanwhile. A damaged file is read as far
as SQLite can read it, row by row where it must be.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

from crawler.archive.chain import check_chain, written_beside
from crawler.archive.decoding import Decoding
from crawler.archive.findings import Finding, Verification, printable, what_is
from crawler.archive.manifests import Manifest, archive_root
from crawler.archive.opening import connect_for_verifying
from crawler.archive.pagemap import NOT_CHECKED, check_pages
from crawler.archive.sealable import SealedTable, seal_of, sealed_tables
from crawler.archive.sealing import FANOUT, FANOUT_BITS, NO_ROW, WHOLE, Node, SealTree, roots_of
from crawler.archive.structure import check_foreign_keys, check_header, check_structure
from crawler.errors import ArchiveError
from crawler.stamping.headers import Headers

FINDINGS_MAX = 10_000  # a file in which more is wrong than that is not read to its end
ELSEWHERE_NAMED = 10
WINDOW = 2**16  # owners whose rows are gathered in one walk through their table

OnStep = Callable[[str, int, int], object]  # what is checked; how many units of how many are done


class TooMuchDamage(Exception):
    """So much is wrong that counting on tells nothing more."""


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
    try:
        sql, misnamed = connect_for_verifying(path)
    except ArchiveError:
        if not result.findings:
            raise
        return result
    result.findings += [Finding("header", detail=text) for text in misnamed]
    try:
        _Verifying(sql, path, result, random or Random(), on_step).run(headers)
    except TooMuchDamage:
        result.notes.append(f"more than {FINDINGS_MAX:,} things are wrong; the rest was not read")
    except (sqlite3.DatabaseError, UnicodeDecodeError) as exc:  # it quotes damaged names
        result.findings.append(_broken(exc))
    finally:
        sql.close()
    return result


def _broken(exc: sqlite3.DatabaseError | UnicodeDecodeError) -> Finding:
    """Return what keeps SQLite from reading any further; it names what it cannot parse."""
    text = str(exc) if isinstance(exc, sqlite3.Error) else exc.object.decode("utf-8", "replace")
    named = re.search(r"malformed database schema \((.*?)\)", text)
    return Finding("schema" if named else "structure", None, None, named and named[1], text)


class _Verifying:
    """The verification of one archive, in one read transaction."""

    def __init__(
        self,
        sql: sqlite3.Connection,
        path: Path,
        result: Verification,
        random: Random,
        on_step: OnStep,
    ) -> None:
        self._sql = sql
        self._path = path
        self._result = result
        self._random = random
        self._on_step = on_step
        self._done = self._total = 0
        self._window: dict[int, bytes] = {}
        self._window_of = ("", 0)
        # table -> its root as its rows are now, where that is another than the seals say
        self._actual: dict[str, bytes] = {}

    def run(self, headers: Headers | None) -> None:
        """Check everything."""
        written = written_beside(self._path)
        self._sql.execute("BEGIN")
        tables = sealed_tables(self._sql)
        payloads = self._chosen_payloads()
        self._total = len(payloads) + sum(self._nodes(name) for name in tables)
        for table in tables.values():
            with self._as_far_as_it_goes(table.name):
                self._check_table(table)
        with self._as_far_as_it_goes("seals"):
            self._blame_seals(tables)
        with self._as_far_as_it_goes("payloads"):
            self._check_payloads(payloads)
        with self._as_far_as_it_goes("captures"):
            self._references()
        with self._as_far_as_it_goes("manifests"):
            check_chain(self._sql, written, self._result, headers)
        if self._result.sample is None:
            self._step("SQLite's own checks", 0)
            self._result.findings += check_structure(self._sql)
            self._result.findings += check_foreign_keys(self._sql)
            self._check_pages()

    def _check_pages(self) -> None:
        with self._as_far_as_it_goes("pages"):
            found = check_pages(self._path)
            self._result.findings += found or ()
            if found is None:
                self._result.notes.append(NOT_CHECKED)

    @contextmanager
    def _as_far_as_it_goes(self, table: str) -> Iterator[None]:
        """Let what cannot be read end one check, and not those after it."""
        try:
            yield
        except (sqlite3.DatabaseError, UnicodeDecodeError) as exc:  # it quotes damaged names
            self._find(replace(_broken(exc), table=table))
        except (TypeError, ValueError, LookupError, OverflowError) as exc:
            # A damaged row may hold any value in any column. A verification that dies of it
            # would name nothing.
            detail = f"a value is of another kind than its column: {exc}"
            self._find(Finding("structure", table, None, None, detail))

    def _step(self, what: str, units: int = 1) -> None:
        self._done += units
        self._on_step(what, self._done, max(self._total, self._done))

    def _find(self, finding: Finding) -> None:
        self._result.findings.append(finding)
        if len(self._result.findings) >= FINDINGS_MAX:
            raise TooMuchDamage

    # Rows

    def _nodes(self, table: str) -> int:
        row = self._sql.execute(
            "SELECT count(*) FROM seals WHERE sealed_table = ? AND level = 0", (table,)
        ).fetchone()
        return int(row[0])

    def _check_table(self, table: SealedTable) -> None:
        unsealed = self._unsealed(table)
        tree, checked = SealTree(self._sql, table.name), _Checked()
        if table.is_index and tree.height() is None:
            return  # too large to be sealed, or new
        after = 0  # the first position that no node so far has covered
        for number, node in tree.nodes():
            first = number << FANOUT_BITS
            if first > after:
                self._check_span(table, after, first - 1, (), unsealed, checked)
            if self._is_chosen():
                self._check_span(table, first, first + FANOUT - 1, node.digests, unsealed, checked)
            after = first + FANOUT
            self._step(table.name)
        self._check_span(table, after, 2**62, (), unsealed, checked)
        self._result.tables[table.name] = checked.right
        if checked.unsealed:
            self._result.unsealed[table.name] = checked.unsealed
        self._tell(table, checked)
        if checked.actual:
            self._actual[table.name] = self._actual_root(tree, checked.actual)
        self._check_tree(table, tree, checked)

    def _unsealed(self, table: SealedTable) -> frozenset[int]:
        if table.is_index:  # it is sealed with the texts
            row = self._sql.execute(
                "SELECT 1 FROM unsealed WHERE sealed_table LIKE 'texts%' LIMIT 1"
            ).fetchone()
            return frozenset({WHOLE} if row else ())
        rows = self._sql.execute(
            "SELECT position FROM unsealed WHERE sealed_table = ?", (table.name,)
        ).fetchall()
        return frozenset(int(row[0]) for row in rows)

    def _is_chosen(self) -> bool:
        share = self._result.sample
        return share is None or self._random.random() < share

    def _check_span(
        self,
        table: SealedTable,
        first: int,
        last: int,
        sealed: tuple[bytes, ...],
        unsealed: frozenset[int],
        checked: _Checked,
    ) -> None:
        """Hold the rows from one position to another against their seals."""
        found = self._entries(table, first, last, sealed, checked)
        actual = list(sealed)
        for at, digest in enumerate(sealed, first):
            now = found.pop(at, NO_ROW)
            if now == digest:
                checked.right += digest != NO_ROW
            elif _is_open(unsealed, at) and not (table.written_once and digest != NO_ROW):
                checked.unsealed += 1
            else:
                checked.wrong.append((at, digest, now))
                actual[at - first] = now
        for at, now in found.items():
            if _is_open(unsealed, at):
                checked.unsealed += 1
                continue
            checked.wrong.append((at, NO_ROW, now))
            if sealed:
                actual += [NO_ROW] * (at - first + 1 - len(actual))
                actual[at - first] = now
        if actual != list(sealed):
            checked.actual[first >> FANOUT_BITS] = actual

    def _entries(
        self,
        table: SealedTable,
        first: int,
        last: int,
        sealed: tuple[bytes, ...],
        checked: _Checked,
    ) -> dict[int, bytes]:
        """Return the digests of the rows of a span by position, as far as they can be read."""
        try:
            if table.number is None:
                return self._gathered(table, first, last)
            rows = table.entries_between(self._sql, first, last)
            return {at: seal_of(entry) for at, entry in rows if first <= at <= last}
        except (sqlite3.Error, OverflowError):
            pass
        found: dict[int, bytes] = {}
        for at, digest in enumerate(sealed, first):
            try:
                found.update(
                    (position, seal_of(entry)) for position, entry in table.entries(self._sql, [at])
                )
            except (sqlite3.Error, OverflowError) as exc:
                found[at] = digest  # told as unreadable, not as another row
                checked.unreadable[at] = str(exc)
        return found

    def _gathered(self, table: SealedTable, first: int, last: int) -> dict[int, bytes]:
        """Return the same of a table whose rows have owners, read a window of owners at a time."""
        if last - first >= WINDOW:
            return {at: seal_of(e) for at, e in table.entries_scanned(self._sql, first, last)}
        begin = first // WINDOW * WINDOW
        if self._window_of != (table.name, begin):
            rows = table.entries_scanned(self._sql, begin, begin + WINDOW - 1)
            self._window = {at: seal_of(entry) for at, entry in rows}
            self._window_of = (table.name, begin)
        return {at: seal for at, seal in self._window.items() if first <= at <= last}

    def _tell(self, table: SealedTable, checked: _Checked) -> None:
        """Make findings of what differs in a table."""
        for at, why in checked.unreadable.items():
            self._find(Finding("unreadable", table.name, at, self._what(table, at), why))
        sealed_at = {digest: at for at, digest, actual in checked.wrong if digest != actual}
        moved = set()
        for at, _, actual in checked.wrong:
            place = sealed_at.get(actual) if actual != NO_ROW else None
            if place is not None:
                moved.add(place)
                detail = f"sealed as row {place}"
                self._find(Finding("moved", table.name, at, self._what(table, at), detail))
        for at, digest, actual in checked.wrong:
            if actual != NO_ROW and actual in sealed_at:
                continue
            kind = "added" if digest == NO_ROW else "missing" if actual == NO_ROW else "edited"
            if kind != "missing" or at not in moved:
                self._find(Finding(kind, table.name, at, self._what(table, at)))

    def _what(self, table: SealedTable, at: int) -> str | None:
        return what_is(self._sql, table.name, table.select_at(), at)

    # Seals

    def _actual_root(self, tree: SealTree, actual: dict[int, list[bytes]]) -> bytes:
        """Return the root that a tree would have over the rows as they are."""
        changed, level, top = actual, 0, tree.height() or 0
        while level < top:
            above: dict[int, list[bytes]] = {}
            for number, digests in changed.items():
                parent = above.get(number >> FANOUT_BITS)
                if parent is None:
                    node = tree.node(level + 1, number >> FANOUT_BITS)
                    parent = above[number >> FANOUT_BITS] = list(node.digests) if node else []
                place = number % FANOUT
                parent.extend([NO_ROW] * (place + 1 - len(parent)))
                parent[place] = _trimmed(digests).digest
            changed, level = above, level + 1
        return _trimmed(changed.get(0, [])).digest

    def _check_tree(self, table: SealedTable, tree: SealTree, checked: _Checked) -> None:
        """Hold each node against the digest in the node above it."""
        for level in range(tree.height() or 0):
            for number, node in tree.nodes(level + 1):
                first = number << FANOUT_BITS
                for place, digest in enumerate(node.digests):
                    child = tree.node(level, first + place)
                    if (child.digest if child else NO_ROW) != digest:
                        self._wrong_node(table, level, first + place, digest, checked)

    def _wrong_node(
        self, table: SealedTable, level: int, number: int, digest: bytes, checked: _Checked
    ) -> None:
        """Tell of a node that is not what the one above it says.

        Where the rows are what that says, the node is to blame and not the rows.
        """
        actual = checked.actual.get(number) if level == 0 else None
        if actual is not None and _trimmed(actual).digest == digest:
            self._acquit(table.name, number << FANOUT_BITS, (number + 1 << FANOUT_BITS) - 1)
        detail = f"of {table.name}, level {level}, node {number}"
        self._find(Finding("seal", "seals", None, None, detail))

    def _drop_edited(self, table: str, row: int) -> None:
        edited = [f for f in self._result.findings if (f.kind, f.table) == ("edited", table)]
        for finding in edited:
            if finding.row == row:
                self._result.findings.remove(finding)

    def _acquit(self, table: str, first: int, last: int) -> None:
        self._result.findings = [
            finding
            for finding in self._result.findings
            if not (
                finding.table == table
                and finding.kind in ("edited", "missing", "added", "moved")
                and finding.row is not None
                and first <= finding.row <= last
            )
        ]

    def _blame_seals(self, tables: Iterable[str]) -> None:
        """Where the topmost node of one table is damaged, acquit its rows."""
        row = self._sql.execute(
            "SELECT m.body FROM manifests m JOIN archive a ON a.uid = m.archive_uid"
            " ORDER BY m.number DESC LIMIT 1"
        ).fetchone()
        roots = roots_of(self._sql, tables)
        try:
            root = Manifest.of(row[0]).root if row else None
        except ValueError:  # it is told with the chain
            return
        if root is None or archive_root(roots).hex() == root:
            return
        for table, actual in self._actual.items():
            if archive_root({**roots, table: actual}).hex() == root:
                self._acquit(table, 0, 2**62)
                self._find(Finding("seal", "seals", None, None, f"of {table}, its topmost node"))
                return
        detail = "the seals are not those of the latest manifest"
        self._find(Finding("manifest", "seals", None, None, detail))

    # Payloads

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
        return [number for number in numbers if self._is_chosen()]

    def _check_payloads(self, rows: list[int]) -> None:
        for decoded in Decoding(self._sql).check(rows):
            self._step("payloads")
            if decoded.problem is None:
                self._result.payloads += 1
                self._result.payload_bytes += decoded.size_bytes
            else:
                self._drop_edited("payloads", decoded.row)  # this says more
                select = "SELECT * FROM payloads WHERE rowid = ?1"
                what = what_is(self._sql, "payloads", select, decoded.row)
                digest = decoded.digest or None
                detail = printable("; ".join(t for t in (digest, decoded.problem) if t))
                self._find(Finding("payload", "payloads", decoded.row, what, detail))

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


class _Checked:
    """What came of the rows of one table."""

    def __init__(self) -> None:
        self.right = 0
        self.unsealed = 0
        self.wrong: list[tuple[int, bytes, bytes]] = []  # position, as sealed, as it is
        self.unreadable: dict[int, str] = {}
        self.actual: dict[int, list[bytes]] = {}  # digests of the rows of nodes with a wrong one


def _is_open(unsealed: frozenset[int], at: int) -> bool:
    """Whether a row was written since the last seal."""
    return at in unsealed or WHOLE in unsealed


def _trimmed(digests: list[bytes]) -> Node:
    kept = list(digests)
    while kept and kept[-1] == NO_ROW:
        kept.pop()
    return Node(tuple(kept))

"""Flipping single bits of an archive, and what verifying says of each."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from crawler.archive import Archive, Finding
from crawler.archive.seals.manifests import beside
from tests.sqlite_pages import Extent, PageMap

CLASSES = (
    "rows of tables", "indexes", "seals", "search index", "schema", "pages and pointers",
    "map of pages", "unused",
)  # fmt: skip
RESULTS = ("row", "table", "told", "missed")


@dataclass
class Flips:
    """How many flips of each class were named how."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)  # of those that matter, for a person

    def of(self, kind: str, *results: str) -> int:
        return sum(self.counts[kind, result] for result in results or RESULTS)


def flip_bits(path: Path, folder: Path, count: int, *, seed: int = 1) -> Flips:
    """Flip one random bit of a sealed archive after the other, and verify each time."""
    there, random, flips = folder / "flipped.db", Random(seed), Flips()
    data, pages, tables = bytearray(path.read_bytes()), PageMap(path), tables_of(path)
    shutil.copy(beside(path), beside(there))
    for _ in range(count):
        offset, bit = random.randrange(len(data)), 1 << random.randrange(8)
        extent = pages.at(offset)
        data[offset] ^= bit
        there.write_bytes(data)
        data[offset] ^= bit
        for ending in ("-wal", "-shm"):
            there.with_name(there.name + ending).unlink(missing_ok=True)
        kind = class_of(extent, tables)
        findings = Archive.verify(there).findings
        result = result_of(extent, tables, findings)
        flips.counts[kind, result] += 1
        if result != "row" and kind != "unused":
            first = findings[0] if findings else "nothing"
            flips.missed.append(f"{kind}: bit {bit} at {offset}, {extent}: {result}, {first}")
    return flips


def tables_of(path: Path) -> dict[str, tuple[str, str]]:
    """The kind and the table of each object with pages."""
    with closing(sqlite3.connect(path)) as sql:
        rows = sql.execute("SELECT name, type, tbl_name FROM sqlite_master").fetchall()
    return {name: (kind, table) for name, kind, table in rows}


def class_of(extent: Extent | None, tables: dict[str, tuple[str, str]]) -> str:
    if extent is None:
        return "unused"
    if extent.owner.startswith("texts_fts"):
        return "search index"
    if extent.owner in ("seals", "unsealed"):
        return "seals"
    if extent.owner == "sqlite_schema":
        return "schema"
    if extent.owner in ("pointer map", "free list"):  # whose a page is
        return "map of pages"
    if extent.part not in ("cell", "overflow"):
        return "pages and pointers"
    return "indexes" if tables[extent.owner][0] == "index" else "rows of tables"


def result_of(
    extent: Extent | None, tables: dict[str, tuple[str, str]], findings: list[Finding]
) -> str:
    """How exactly a flip was named: "row", "table", "told", or "missed"."""
    if not findings:
        return "missed"
    owner = extent.owner if extent else ""
    table = tables[owner][1] if owner in tables else owner
    if owner in ("seals", "sqlite_schema", "head", "pointer map", "free list"):
        named = any(f.kind in ("seal", "schema", "header", "structure") for f in findings)
    elif extent is not None and extent.row is not None and owner == table:
        named = any(f.table == table and f.row == extent.row for f in findings)
    else:
        named = any(f.table == table and f.row is not None for f in findings)
    if named:
        return "row"
    return "table" if any(f.table == table for f in findings) else "told"

"""How fast an archive is verified, what seals cost, and which flipped bits are named by their row.

    python benchmarks/verifying.py [--shared FOLDER] [--pages N] [--flips N] [--seed N]

Speed: an archive of corpus pages, each with its text, every other one seen twice (the second time
as a delta), is verified; bytes are those of the decoded payloads, CPU is that of all threads.
Two figures: the whole, with rows, seals, indexes and the search index; and the decoding alone.

Flips: one random bit of a made-up archive of some 1.5 MB after the other, drawn from the whole
file, each verified and counted by what the byte belongs to (tests/sqlite_pages.py reads the pages).
"named by its row" is: a finding with the table and the row number that the byte is a part of.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from corpus import SavedPage, corpus_of, saved_pages
from measuring import (
    ROOT,
    Figure,
    machine,
    median,
    options,
    print_figures,
    print_table,
    workplace,
)

sys.path.insert(0, str(ROOT))  # so that it runs on this checkout, installed or not

from crawler.archive import Archive
from crawler.archive.verification.decoding import Decoding
from crawler.dates import format_instant
from crawler.items import Article
from tests.archive_kit import NOW, begin, hop, source, visit
from tests.flipping import CLASSES, RESULTS, flip_bits
from tests.test_flips import dense_archive

PAGES, ROUNDS, FLIPS = 600, 3, 1_000
TEXT = "The consulates offer legal help to those who were asked to leave. " * 45  # 3 KB


def make_archive(path: Path, pages: list[SavedPage]) -> float:
    """Fill an archive with pages; return the CPU seconds that sealing it took."""
    with Archive.open(path, create=True) as archive:
        run = begin(archive)
        with archive.writing():
            for number, page in enumerate(pages):
                _keep(archive, run, number, page.body)
        archive.runs.finish(run, reason="finished", counts={}, now=format_instant(NOW))
        began = time.process_time()
        archive.seal(NOW, run=run)
        return time.process_time() - began


def _keep(archive: Archive, run: int, number: int, body: bytes) -> None:
    url = f"https://host{number % 97}.example/{number}"
    of = source(archive, url)
    for day in range(1 + number % 2):
        then = format_instant(NOW + timedelta(days=day))
        shown = body + b"<!-- %d -->" % day
        kept = visit(archive, run, of, hop(url, shown, fetched_at=then))
        read = Article("test 1", "text", "text/html", title=f"Page {number}", text=TEXT + url)
        archive.articles.save(str(kept.final_payload), read, now=then)


def speed(path: Path) -> tuple[float, float]:
    """Return MB of payload a CPU second, of the whole verification and of the decoding alone."""
    began = time.process_time()
    found = Archive.verify(path)
    spent = time.process_time() - began
    assert found.sound, found.findings
    with closing(sqlite3.connect(path)) as sql:
        rows = [row[0] for row in sql.execute("SELECT rowid FROM payloads ORDER BY rowid")]
        began = time.process_time()
        assert all(each.problem is None for each in Decoding(sql).check(rows))
        alone = time.process_time() - began
    return found.payload_bytes / 1e6 / spent, found.payload_bytes / 1e6 / alone


def seal_bytes(path: Path) -> tuple[int, int, int]:
    """Return the bytes of the seals, of the whole file, and the number of rows that are sealed."""
    with closing(sqlite3.connect(path)) as sql:
        seals = sql.execute(
            "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name IN ('seals', 'manifests')"
        ).fetchone()[0]
    return int(seals), path.stat().st_size, sum(Archive.verify(path).tables.values())


def measure(shared: Path, pages: int, rounds: int, flips: int, seed: int = 1) -> list[Figure]:
    saved = saved_pages(corpus_of(shared), pages)
    with workplace() as place:
        path = place / "archive.db"
        sealing = make_archive(path, saved)
        speeds = [speed(path) for _ in range(rounds)]
        seals, size, rows = seal_bytes(path)
        damaged = (
            flip_bits(dense_archive(place / "flips", 12), place, flips, seed=seed)
            if flips else None
        )  # fmt: skip
    whole, alone = (median([pair[n] for pair in speeds]) for n in range(2))
    figures = [
        Figure("verify, payload bytes a core", whole, 200, "MB/s", at_least=True),
        Figure("of it decoding and digesting alone", alone, 200, "MB/s", at_least=True),
        Figure("sealing, CPU a row", sealing / rows * 1e6, 100, "µs"),
        Figure("seals in the file", 100 * seals / size, 2, "%"),
    ]
    if damaged is not None:
        print_table(
            ["a flipped bit of", *RESULTS],
            [[kind, *(damaged.of(kind, result) for result in RESULTS)] for kind in CLASSES],
        )
        print("\n".join(damaged.missed[:20]))
        named = damaged.of("rows of tables", "row") / max(1, damaged.of("rows of tables"))
        used = [kind for kind in CLASSES if kind != "unused"]
        told = sum(damaged.of(kind, "row", "table", "told") for kind in used)
        every = max(1, sum(damaged.of(kind) for kind in used))
        figures += [
            Figure("flips in rows, named by their row", 100 * named, 99.9, "%", at_least=True),
            Figure("flips in used bytes, told", 100 * told / every, 99.9, "%", at_least=True),
        ]
    return figures


def main() -> int:
    parser = options(__doc__, pages=PAGES, rounds=ROUNDS)
    parser.add_argument("--flips", type=int, default=FLIPS, help="bits to flip (0: none)")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of bits")
    chosen = parser.parse_args()
    figures = measure(chosen.shared, chosen.pages, chosen.rounds, chosen.flips, chosen.seed)
    print(f"\n{machine()}")
    print_figures(figures)
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())

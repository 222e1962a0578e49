"""What an archive takes on disk, table by table, against gzip -6 of the same bodies (WARC.gz).

All corpus pages are crawled into one archive.db, which then holds payloads, headers, text, metadata
and the search index. Sizes are those of the file after the crawl has closed it, which leaves no
WAL; what ``VACUUM`` would still save is shown apart and not counted. gzip: one member a page, level
6, without the WARC's own headers. Nothing here depends on the machine's speed.
"""

from __future__ import annotations

import sqlite3
import sys
import zlib
from pathlib import Path

from corpus import SavedPage, corpus_of, page_urls, saved_pages
from measuring import (
    Figure,
    crawl,
    machine,
    options,
    print_figures,
    print_table,
    say,
    workplace,
)
from server import PageServer

GROUPS = {  # tables and indexes of one kind, by the beginning of their names
    "payloads": "payloads",
    "articles, text included": "articles",
    "search index": "articles_fts",
    "fetches (headers)": "fetches",
    "captures": "captures",
    "sources": "sources",
    "source_spellings": "source_spellings",
    "citations, entries, inputs": "",
}


def gzip_size(pages: list[SavedPage]) -> int:
    """Return the bytes of the pages as gzip members of level 6."""
    return sum(len(zlib.compress(page.body, 6)) + 12 for page in pages)  # zlib has 6, gzip 18


def sizes_by_table(archive: Path) -> dict[str, int]:
    """Return the bytes of each table with its indexes, whole pages counted; ends without dbstat."""
    connection = sqlite3.connect(archive)
    try:
        rows = connection.execute(
            "SELECT m.tbl_name, sum(d.pgsize) FROM dbstat d LEFT JOIN sqlite_schema m"
            " ON m.name = d.name GROUP BY 1"
        ).fetchall()
    except sqlite3.OperationalError as exc:
        sys.exit(f"this SQLite cannot tell the size of tables: {exc}")
    finally:
        connection.close()
    return {name or "sqlite_schema": size for name, size in rows}


def vacuumed_size(archive: Path) -> int:
    """Return the bytes of the archive's tightest copy."""
    copy = archive.with_suffix(".vacuumed")
    connection = sqlite3.connect(archive)
    connection.execute("VACUUM INTO ?", (str(copy),))
    connection.close()
    return copy.stat().st_size


def measure(shared: Path, pages: int | None = None) -> list[Figure]:
    """Crawl once; print the table and return the figures."""
    chosen = saved_pages(corpus_of(shared), pages)
    with workplace() as folder, PageServer(shared) as server:
        urls, archive = folder / "urls.txt", folder / "archive.db"
        urls.write_text("\n".join(page_urls(chosen, server.port)))
        say(f"crawling {len(chosen)} pages")
        crawl(archive, urls)
        left = archive.with_name("archive.db-wal")
        size = archive.stat().st_size + (left.stat().st_size if left.exists() else 0)
        tables, vacuumed = sizes_by_table(archive), vacuumed_size(archive)
    gzipped = gzip_size(chosen)
    print(f"\n{len(chosen)} pages, {gzipped:,} bytes of gzip -6; {machine()}")
    rows = [[name, size_of, f"{size_of / gzipped:.3f}"] for name, size_of in _grouped(tables)]
    rows += [
        ["archive.db", size, f"{size / gzipped:.3f}"],
        ["after VACUUM", vacuumed, f"{vacuumed / gzipped:.3f}"],
    ]
    print_table(
        ["", "bytes", "bytes/page", "÷ gzip -6"],
        [[name, f"{n:,}", f"{n // len(chosen):,}", part] for name, n, part in rows],
    )
    return [Figure("archive.db ÷ gzip -6 of the bodies", size / gzipped, 1.20)]


def _grouped(tables: dict[str, int]) -> list[tuple[str, int]]:
    """Return the sizes of the groups; the longest beginning that fits decides, "" is the rest."""
    sums = dict.fromkeys(GROUPS, 0)
    for table, size in tables.items():
        fitting = (name for name, begin in GROUPS.items() if table.startswith(begin))
        sums[max(fitting, key=lambda name: len(GROUPS[name]))] += size
    return list(sums.items())


def main() -> int:
    parser = options(__doc__, pages=None, rounds=1)
    parser.add_argument("--pages", type=int, metavar="N", help="pages to run on (all)")
    chosen = parser.parse_args()
    print_figures(measure(chosen.shared, chosen.pages))
    return 0


if __name__ == "__main__":
    sys.exit(main())

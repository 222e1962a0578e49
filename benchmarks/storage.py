"""What an archive takes on disk, before and after ``pack``, against gzip and WARC.gz.

Corpus pages are crawled under their own URLs (`proxy.py`): all of them, one page of each host, the
pages of hosts that have several, and six captures of pages whose later bodies the corpus has.
``archive.db`` then holds payloads, headers, readable text, metadata and the search index. WARC.gz
is what ``wget --warc-file`` writes of the same URLs, robots.txt included: requests, responses and
nothing else, each record a gzip member. "gzip -6" are the bodies alone, one member each.

Sizes are those of the closed file, less those of an archive that holds nothing (its empty tables
take 0.6 MB, which would weigh on the small sets); nothing is vacuumed by hand, but ``pack`` itself
writes files of this size anew. Nothing here depends on the machine's speed.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus import corpus_of
from measuring import (
    Figure,
    crawl,
    machine,
    options,
    print_figures,
    print_table,
    run,
    say,
    workplace,
)
from proxy import Proxy, Served, plain_url
from storage_ideas import print_ideas

GROUPS = {  # tables and indexes of one kind, by the beginning of their names
    "payloads": "payloads",
    "readable texts": "stored_texts",
    "articles but for their texts": "extractions",
    "search index": "texts_fts",
    "facts of pages": "page_facts",
    "fetches (headers)": "fetches",
    "captures": "captures",
    "sources": "sources",
    "source_spellings": "source_spellings",
    "citations, entries, the rest": "",
}
Rounds = Sequence[Sequence[Served]]  # the pages of each visit, in order


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the same crawl takes, in bytes."""

    pages: int
    gzipped: int  # the bodies alone
    warc: int
    crawled: int  # archive.db after the crawl
    packed: int  # and after `pack`
    tables: dict[str, tuple[int, int]]  # group -> before and after, less the empty tables


def corpus_pages(corpus: Path) -> dict[str, list[Served]]:
    """Return the article pages by host, in the order of their ids."""
    by_host: dict[str, list[Served]] = defaultdict(list)
    seen = set()
    with (corpus / "articles.jsonl").open(encoding="utf-8") as lines:
        rows = sorted(map(json.loads, lines), key=lambda row: row["id"])
    for row in rows:
        url = plain_url(row["url"]) if row["bytes"] and row["url"] else None
        if url and url not in seen:
            seen.add(url)
            page = Served(url, corpus / row["html_path"])
            by_host[page.host].append(page)
    return by_host


def later_captures(corpus: Path, count: int) -> Rounds:
    """Return so many successive, different bodies of each page of which the corpus has so many.

    Redirect stubs and challenges are left out: they are no captures of the page.
    """
    bodies: dict[str, dict[str, tuple[str, Path]]] = defaultdict(dict)
    with (corpus / "pairs.jsonl").open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            url = plain_url(row["url"]) if row["url"] else None
            if url is None or row["label"] in ("redirect_stub", "bot_challenge"):
                continue
            for side in (row["before"], row["after"]):
                if side["time"].startswith("20") and side["bytes"]:
                    bodies[url][side["time"]] = side["sha256"], corpus / side["path"]
    series = []
    for url, versions in bodies.items():
        distinct = dict(versions[time] for time in sorted(versions))
        if len(distinct) >= count:
            series.append([Served(url, path) for path in list(distinct.values())[:count]])
    return list(zip(*series, strict=True))


def measure_set(folder: Path, name: str, rounds: Rounds) -> Sizes:
    """Crawl, write the WARC, pack; return what each takes."""
    archive, warc = folder / f"{name}.db", 0
    robots = sorted({f"http://{page.host}/robots.txt" for page in rounds[0]})
    for number, pages in enumerate(rounds):
        say(f"{name}: visit {number + 1} of {len(rounds)} to {len(pages)} pages")
        with Proxy(folder / "served.tsv", list(pages)) as proxy:
            urls = folder / "urls.txt"
            urls.write_text("".join(f"{page.url}\n" for page in pages))
            inputs = [] if number else [urls]
            crawl(archive, *inputs, "--proxy", proxy.url, "--now", f"{2020 + 2 * number}-01-01")
            warc += _warc_size(folder, [*robots, *(page.url for page in pages)], proxy.url)
    _check(archive, rounds)
    crawled, before = _size(archive), _sizes_by_group(archive)
    say(f"{name}: packing")
    run("-m", "crawler", "pack", "--archive", archive, "--quiet")
    after = _sizes_by_group(archive)
    empty = folder / "empty.db"
    run("-m", "crawler", "crawl", "--archive", empty, "--quiet")
    nothing = _sizes_by_group(empty)
    return Sizes(
        pages=sum(map(len, rounds)),
        gzipped=sum(len(zlib.compress(page.body, 6)) + 12 for pages in rounds for page in pages),
        warc=warc,
        crawled=crawled - _size(empty),
        packed=_size(archive) - _size(empty),
        tables={
            group: (before[group] - nothing[group], after[group] - nothing[group])
            for group in GROUPS
        },
    )


def _warc_size(folder: Path, urls: list[str], proxy: str) -> int:
    """Return the bytes of what wget writes of the URLs."""
    listed = folder / "wget.txt"
    listed.write_text("".join(f"{url}\n" for url in urls))
    subprocess.run(
        ["wget", "--quiet", "--no-hsts", "--tries=1", "--no-warc-keep-log", "-O", os.devnull,
         f"--warc-file={folder / 'wget'}", "-i", str(listed)],
        env={**os.environ, "http_proxy": proxy}, check=True,
    )  # fmt: skip
    return (folder / "wget.warc.gz").stat().st_size


def _check(archive: Path, rounds: Rounds) -> None:
    """End the program when the crawl did not keep what it was to keep."""
    connection = sqlite3.connect(archive)
    (kept,) = connection.execute(
        "SELECT count(*) FROM captures c JOIN fetches f ON f.id = c.fetch"
        " WHERE f.outcome = 'live-unverified' AND f.purpose = 'source'"
    ).fetchone()
    connection.close()
    if kept != sum(map(len, rounds)):
        sys.exit(f"only {kept} of {sum(map(len, rounds))} pages were captured")


def _size(archive: Path) -> int:
    log = archive.with_name(archive.name + "-wal")
    return archive.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _sizes_by_group(archive: Path) -> dict[str, int]:
    """Return the bytes of each group of tables with their indexes; ends without dbstat."""
    connection = sqlite3.connect(archive)
    try:
        rows = connection.execute(
            "SELECT coalesce(m.tbl_name, ''), sum(d.pgsize) FROM dbstat d LEFT JOIN sqlite_schema m"
            " ON m.name = d.name GROUP BY 1"
        ).fetchall()
    except sqlite3.OperationalError as exc:
        sys.exit(f"this SQLite cannot tell the size of tables: {exc}")
    finally:
        connection.close()
    sums = dict.fromkeys(GROUPS, 0)
    for table, size in rows:
        fitting = (name for name, begin in GROUPS.items() if table.startswith(begin))
        sums[max(fitting, key=lambda name: len(GROUPS[name]))] += size
    return sums


def measure(shared: Path, pages: int | None = None, *, ideas: bool = False) -> list[Figure]:
    """Measure all sets; print the tables, and what ideas would save, and return the figures."""
    if shutil.which("wget") is None:
        sys.exit("wget is not installed, and writes the WARC that archives are compared with")
    corpus = corpus_of(shared)
    by_host = corpus_pages(corpus)
    sets: dict[str, Rounds] = {
        "all": [[page for found in by_host.values() for page in found][:pages]],
        "one a host": [[found[0] for found in by_host.values()][:pages]],
        "hosts of 3": [[page for found in by_host.values() for page in found if len(found) >= 3]],
        "hosts of 5": [[page for found in by_host.values() for page in found if len(found) >= 5]],
        "six captures": later_captures(corpus, 6),
    }
    with workplace() as folder:
        sizes = {name: measure_set(folder, name, rounds) for name, rounds in sets.items()}
        for name in ("one a host", "six captures") if ideas else ():
            print_ideas(folder / f"{name}.db", sizes[name].warc, single=name == "one a host")
    print(f"\n{machine()}, SQLite {sqlite3.sqlite_version}")
    for name in ("one a host", "six captures"):
        _print_tables(name, sizes[name])
    print_table(
        ["", "captures", "WARC.gz MB", "before pack", "after pack", "before ÷ gzip -6"],
        [
            [name, s.pages, s.warc / 1e6, f"{s.crawled / s.warc:.3f}", f"{s.packed / s.warc:.3f}",
             f"{s.crawled / s.gzipped:.3f}"]
            for name, s in sizes.items()
        ],
    )  # fmt: skip
    return [
        Figure("archive.db ÷ gzip -6 of the bodies, before pack",
               sizes["all"].crawled / sizes["all"].gzipped, 1.20),
        _figure("one page a host, before pack", sizes["one a host"], 1.15, packed=False),
        _figure("one page a host", sizes["one a host"], 1.00),
        _figure("hosts of five pages and more", sizes["hosts of 5"], 0.70),
        _figure("six captures of a page", sizes["six captures"], 0.20),
    ]  # fmt: skip


def _figure(name: str, sizes: Sizes, goal: float, *, packed: bool = True) -> Figure:
    size = sizes.packed if packed else sizes.crawled
    return Figure(f"archive.db ÷ WARC.gz, {name}", size / sizes.warc, goal)


def _print_tables(name: str, sizes: Sizes) -> None:
    print(f"\n{name}: {sizes.pages} captures, bytes of each and parts of the WARC.gz")
    print_table(
        ["", "before", "after", "before", "after"],
        [
            [group, f"{before // sizes.pages:,}", f"{after // sizes.pages:,}",
             f"{before / sizes.warc:.3f}", f"{after / sizes.warc:.3f}"]
            for group, (before, after) in sizes.tables.items()
        ],
    )  # fmt: skip
    print()


def main() -> int:
    parser = options(__doc__, pages=None, rounds=1)
    parser.add_argument("--pages", type=int, metavar="N", help="pages of the large sets (all)")
    parser.add_argument("--ideas", action="store_true", help="also try what was not built")
    chosen = parser.parse_args()
    print_figures(measure(chosen.shared, chosen.pages, ideas=chosen.ideas))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Peak memory of a crawl: the main process against bare Scrapy, and each extraction worker.

All corpus pages are crawled once with extraction and once by a Scrapy spider that does nothing
(default settings), from the same server. Peaks are VmHWM of /proc, looked at every 50 ms.
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from corpus import corpus_of, page_urls, saved_pages
from measuring import (
    ROOT,
    Figure,
    Samples,
    crawl,
    interleave,
    machine,
    median,
    median_ratio,
    options,
    print_figures,
    print_table,
    run,
    workplace,
)
from server import PageServer

ROUNDS = 1
PROGRAM = ROOT / "benchmarks" / "baselines.py"


def measure(shared: Path, pages: int | None = None, rounds: int = ROUNDS) -> list[Figure]:
    """Crawl by both; print the table and return the figures."""
    chosen = saved_pages(corpus_of(shared), pages)
    with workplace() as folder, PageServer(shared) as server:
        urls, numbers = folder / "urls.txt", count()
        urls.write_text("\n".join(page_urls(chosen, server.port)))
        samples = interleave(rounds, {
            "sourcekeep": lambda: crawl(folder / f"{next(numbers)}.db", urls),
            "Scrapy, default": lambda: run(PROGRAM, "scrapy", urls),
            "Scrapy, lean": lambda: run(PROGRAM, "scrapy", urls, "--lean"),
        })  # fmt: skip
    print(f"\n{len(chosen)} pages, {rounds} rounds, {machine()}")
    print_table(["", "peak MB", "largest worker MB"], [_row(name, samples) for name in samples])
    ours = [spent.peak_mb for spent in samples["sourcekeep"]]
    bare = [spent.peak_mb for spent in samples["Scrapy, default"]]
    workers = [spent.children_peak_mb for spent in samples["sourcekeep"]]
    return [
        Figure("memory of the main process ÷ bare Scrapy", median_ratio(ours, bare), 1.3),
        Figure("memory of an extraction worker", max(workers), 200, "MB"),
    ]


def _row(name: str, samples: Samples) -> list[object]:
    peaks = samples[name]
    workers = max(spent.children_peak_mb for spent in peaks)
    return [name, round(median([spent.peak_mb for spent in peaks])), round(workers) or "-"]


def main() -> int:
    parser = options(__doc__, pages=None, rounds=ROUNDS)
    parser.add_argument("--pages", type=int, metavar="N", help="pages to run on (all)")
    chosen = parser.parse_args()
    print_figures(measure(chosen.shared, chosen.pages, chosen.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())

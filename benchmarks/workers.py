"""How much faster as many extraction workers as there are cores are than one.

Saved corpus pages go through the crawler's own pool, from one process that does nothing else, first
with one worker, then with one for each core; the pages of the warm-up are not counted. The clock
decides, so the figure needs a machine at rest; CPU a page shows what sharing its cores costs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from corpus import corpus_of, page_urls, saved_pages
from measuring import (
    BASELINES,
    Figure,
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

PAGES, ROUNDS, WARM_UP = 400, 3, 100
CORES = os.cpu_count() or 1


def measure(shared: Path, pages: int = PAGES, rounds: int = ROUNDS) -> list[Figure]:
    """Extract with one and with all; print the table and return the figure."""
    chosen = saved_pages(corpus_of(shared), pages)
    both = zip(chosen, page_urls(chosen, 80), strict=True)
    with workplace() as folder:
        listed = folder / "pages.tsv"
        listed.write_text("\n".join(f"{page.path}\t{url}" for page, url in both))
        samples = interleave(rounds, {
            str(workers): lambda workers=workers: run(BASELINES, "pool", listed, WARM_UP, workers)
            for workers in (1, CORES)
        })  # fmt: skip
    page_s = {name: [spent.seconds("pages") for spent in runs] for name, runs in samples.items()}
    print(f"\n{len(chosen)} pages, {rounds} rounds, {machine()}")
    print_table(
        ["workers", "CPU ms/page", "in workers", "pages/s"],
        [[name, median([spent.page_ms() for spent in runs]),
          median([spent.page_ms("workers") for spent in runs]), 1 / median(page_s[name])]
         for name, runs in samples.items()],
    )  # fmt: skip
    faster = median_ratio(page_s["1"], page_s[str(CORES)])
    name = f"{CORES} workers on {CORES} cores ÷ {CORES} x one worker"
    return [Figure(name, faster / CORES, 0.85, at_least=True)]


def main() -> int:
    chosen = options(__doc__, pages=PAGES, rounds=ROUNDS).parse_args()
    print_figures(measure(chosen.shared, chosen.pages, chosen.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())

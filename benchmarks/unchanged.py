"""What a second visit costs when nothing has changed: by 304, and by 200 with the same bytes.

Corpus pages are crawled with extraction, and again three hours later (pretended), when all are due.
One server answers conditional requests with 304, the other knows no validators. The engine is what
Scrapy takes by itself for the same requests and answers; what lies above it is our work on a page
that we hold already, and is compared with a first visit. Slopes between few pages and all, as in
``pipeline.py``.
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from corpus import corpus_of, page_urls, saved_pages
from measuring import (
    ROOT,
    Figure,
    Spent,
    crawl,
    from_json,
    interleave,
    machine,
    median,
    options,
    print_figures,
    print_table,
    run,
    workplace,
)
from server import PageServer

FEW = 100
PAGES, ROUNDS = 600, 2
FIRST, SECOND = "2026-11-22T00:00:00Z", "2026-11-22T03:00:00Z"
WAYS = {"304": True, "200, same bytes": False}  # how the server answers, by whether it can say 304


def measure(shared: Path, pages: int = PAGES, rounds: int = ROUNDS) -> list[Figure]:
    """Visit twice; print the table and return the figures."""
    chosen = saved_pages(corpus_of(shared), pages)
    numbers = count()
    with workplace() as folder, PageServer(shared) as modern, \
            PageServer(shared, validators=False) as old:  # fmt: skip
        lists: dict[str, list[Path]] = {}
        for way, validators in WAYS.items():
            urls = page_urls(chosen, (modern if validators else old).port)
            lists[way] = [folder / f"{way} {part}.txt" for part in ("few", "many")]
            for path, part in zip(lists[way], (urls[:FEW], urls), strict=True):
                path.write_text("\n".join(part))

        def visits(way: str) -> list[tuple[Spent, Spent]]:
            both = []
            for urls in lists[way]:
                archive = folder / f"{next(numbers)}.db"
                first = crawl(archive, urls, "--now", FIRST)
                both.append((first, crawl(archive, "--now", SECOND)))
            return both

        def engine(way: str) -> list[Spent]:
            extra = ["--lean", *["--conditional"] * WAYS[way]]
            program = ROOT / "benchmarks" / "baselines.py"
            return [run(program, "scrapy", urls, *extra) for urls in lists[way]]

        samples = interleave(rounds, {
            **{way: (lambda way=way: visits(way)) for way in WAYS},
            **{f"engine, {way}": (lambda way=way: engine(way)) for way in WAYS},
        })  # fmt: skip

    def slope_ms(few: Spent, many: Spent) -> float:
        return (many.cpu_s - few.cpu_s) / (len(chosen) - FEW) * 1000

    print(f"\n{len(chosen)} pages, {rounds} rounds, {machine()}")
    rows, figures = [], []
    for way in WAYS:
        runs = samples[way]
        first = median([slope_ms(few[0], many[0]) for few, many in runs])
        second = median([slope_ms(few[1], many[1]) for few, many in runs])
        bare = median([slope_ms(few, many) for few, many in samples[f"engine, {way}"]])
        extracted = sum(from_json(many[1])["articles"] for _, many in runs)
        revisits = min(from_json(many[1])["revisits"] for _, many in runs)
        assert revisits == len(chosen) or way == "304", f"only {revisits} revisits"
        share = (second - bare) / first
        rows.append([way, first, second, bare, second - bare, f"{share:.3f}", extracted])
        figures.append(Figure(f"unchanged by {way}: beyond the engine ÷ first visit", share, 0.05))
        figures.append(Figure(f"unchanged by {way}: extractions", extracted, 0, "pages"))
    print_table(
        ["CPU ms/page", "first visit", "second", "engine", "beyond it", "÷ first", "extracted"],
        rows,
    )
    return figures


def main() -> int:
    chosen = options(__doc__, pages=PAGES, rounds=ROUNDS).parse_args()
    print_figures(measure(chosen.shared, chosen.pages, chosen.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""CPU of the whole pipeline against trafilatura alone, and of the capture path against bare Scrapy.

Real corpus pages lie under distinct URLs on 64 loopback addresses (plain HTTP, gzip, robots.txt
answered, no delay). Every figure is the slope between a run over a few pages and one over all: what
a further page costs once everything is imported and warm, the same for each program.

``pipeline``    sourcekeep crawl: robots, fetch, evidence, extraction in worker processes, articles
``extraction``  trafilatura alone: bare_extraction, fast, with metadata, in one process, from bytes
``ladder``      crawler.extraction without its processes: what we add to trafilatura
``capture``     sourcekeep crawl that extracts nothing
``default``     a Scrapy spider that does nothing, default settings; also without charset header
``lean``        Scrapy with the engine settings of ours and nothing else: it decodes nothing
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

from corpus import SavedPage, corpus_of, page_urls, saved_pages
from measuring import (
    ROOT,
    Figure,
    Samples,
    Spent,
    crawl,
    from_json,
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

FEW = 100  # pages of the short run: every worker has met one that makes htmldate load languages
ROUNDS = 3


class Slopes:
    """Runs of programs over few and over many pages."""

    def __init__(self, folder: Path, pages: list[SavedPage]) -> None:
        self._folder = folder
        self._pages = pages
        self._numbers = count()

    def crawl(self, port: int, *, extracting: bool) -> Callable[[], tuple[Spent, Spent]]:
        """Return a variant that crawls: (few pages, all pages)."""
        return lambda: tuple(  # type: ignore[return-value]
            crawl(self._archive(), urls, extracting=extracting) for urls in self._lists(port)
        )

    def scrapy(self, port: int, *extra: str) -> Callable[[], tuple[Spent, Spent]]:
        """Return a variant that fetches with bare Scrapy: (few pages, all pages)."""
        program = ROOT / "benchmarks" / "baselines.py"
        return lambda: tuple(  # type: ignore[return-value]
            run(program, "scrapy", urls, *extra) for urls in self._lists(port)
        )

    def extraction(self, how: str) -> Callable[[], float]:
        """Return a variant that extracts the pages in one process: CPU seconds of all but few."""
        program = ROOT / "benchmarks" / "baselines.py"
        listed = self._folder / "pages.tsv"
        urls = page_urls(self._pages, 80)
        lines = [f"{page.path}\t{url}" for page, url in zip(self._pages, urls, strict=True)]
        listed.write_text("\n".join(lines))
        return lambda: float(from_json(run(program, "extraction", listed, FEW, how))["cpu_s"])

    def _lists(self, port: int) -> tuple[Path, Path]:
        few, many = self._folder / f"few-{port}.txt", self._folder / f"many-{port}.txt"
        urls = page_urls(self._pages, port)
        few.write_text("\n".join(urls[:FEW]))
        many.write_text("\n".join(urls))
        return few, many

    def _archive(self) -> Path:
        return self._folder / f"{next(self._numbers)}.db"

    def per_page_ms(self, samples: list[tuple[Spent, Spent]], what: str = "cpu_s") -> list[float]:
        """Return the slope of each round in milliseconds a page."""
        pages = len(self._pages) - FEW
        return [(getattr(many, what) - getattr(few, what)) / pages * 1000 for few, many in samples]


def measure_pipeline(shared: Path, pages: int | None, rounds: int) -> list[Figure]:
    """Run the pipeline beside extraction alone; print the table and return the figures."""
    chosen = saved_pages(corpus_of(shared), pages)
    with workplace() as folder, PageServer(shared) as server:
        slopes = Slopes(folder, chosen)
        samples = interleave(rounds, {
            "pipeline": slopes.crawl(server.port, extracting=True),
            "extraction": slopes.extraction("bare"),
            "ladder": slopes.extraction("ladder"),
        })  # fmt: skip
    crawls = samples["pipeline"]
    ms = {
        name: [seconds / (len(chosen) - FEW) * 1000 for seconds in samples[name]]
        for name in ("extraction", "ladder")
    }
    ms["pipeline"] = slopes.per_page_ms(crawls)
    ms["  main process"] = slopes.per_page_ms(crawls, "own_s")
    ms["  workers"] = slopes.per_page_ms(crawls, "children_s")
    names = ["extraction", "ladder", "pipeline", "  main process", "  workers"]
    print(f"\n{len(chosen)} pages, {rounds} rounds, {machine()}")
    print_table(
        ["", "CPU ms/page", "of extraction", "rounds"],
        [[n, median(ms[n]), median_ratio(ms[n], ms["extraction"]), _each(ms[n])] for n in names],
    )
    few = median([spent.cpu_s for spent, _ in crawls])
    wall = median([len(chosen) / spent.wall_s for _, spent in crawls])
    print(f"{wall:.0f} pages/s with start and end; a run over {FEW} pages: {few:.1f} s CPU")
    return [
        Figure("pipeline CPU ÷ trafilatura alone", median_ratio(ms["pipeline"], ms["extraction"]),
               1.3),
    ]  # fmt: skip


def measure_capture(shared: Path, pages: int | None, rounds: int) -> list[Figure]:
    """Run the capture path beside bare Scrapy; print the table and return the figures."""
    chosen = saved_pages(corpus_of(shared), pages)
    with workplace() as folder, PageServer(shared) as named, \
            PageServer(shared, charset=False) as unnamed:  # fmt: skip
        slopes = Slopes(folder, chosen)
        samples = interleave(rounds, {
            "capture": slopes.crawl(named.port, extracting=False),
            "default, charset in header": slopes.scrapy(named.port),
            "default, no charset": slopes.scrapy(unnamed.port),
            "lean": slopes.scrapy(named.port, "--lean"),
        })  # fmt: skip
        server_ms = named.cpu_s / (3 * rounds * (len(chosen) + FEW)) * 1000
    ms = {name: slopes.per_page_ms(runs) for name, runs in samples.items()}
    _print_capture(ms, samples, len(chosen), rounds)
    print(f"server: {server_ms:.2f} ms CPU a page, at most {1000 / server_ms:,.0f} pages/s")
    return [
        Figure(f"capture CPU ÷ Scrapy, {name}", median_ratio(ms["capture"], ms[name]), goal)
        for name, goal in (("default, charset in header", 1.0), ("default, no charset", 0.6))
    ]


def _print_capture(ms: dict[str, list[float]], samples: Samples, pages: int, rounds: int) -> None:
    print(f"\n{pages} pages, {rounds} rounds, {machine()}")
    print_table(
        ["", "CPU ms/page", "capture ÷ it", "pages/s", "rounds"],
        [
            [
                name,
                median(ms[name]),
                median_ratio(ms["capture"], ms[name]),
                round(median([pages / spent.wall_s for _, spent in samples[name]])),
                _each(ms[name]),
            ]
            for name in ms
        ],
    )


def _each(values: list[float]) -> str:
    return " ".join(f"{value:.2f}" for value in values)


def measure(shared: Path, pages: int | None = None, rounds: int = ROUNDS) -> list[Figure]:
    """Return all figures of this benchmark."""
    return measure_pipeline(shared, pages, rounds) + measure_capture(shared, None, rounds)


def main() -> int:
    parser = options(__doc__, pages=None, rounds=ROUNDS)
    parser.add_argument("--pages", type=int, metavar="N", help="pages to run on (all)")
    parser.add_argument("--only", choices=["pipeline", "capture"], help="one half of it")
    chosen = parser.parse_args()
    figures = []
    if chosen.only != "capture":
        figures += measure_pipeline(chosen.shared, chosen.pages, chosen.rounds)
    if chosen.only != "pipeline":
        figures += measure_capture(chosen.shared, chosen.pages, chosen.rounds)
    print_figures(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())

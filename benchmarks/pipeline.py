"""CPU of the whole pipeline against trafilatura alone, and of the capture path against its peers.

Real corpus pages lie under distinct URLs on 64 loopback addresses (plain HTTP, gzip, robots.txt
answered, no delay). Every figure is the CPU of a page without the first few, with which come
imports and caches. All programs of a round run by turns of a fraction of a second, so that each has
the same share of busy moments. Rates are slopes between a run over a few pages and one over all.

``pipeline``         sourcekeep crawl: robots, fetch, evidence, extraction in workers, articles
``extraction``       trafilatura alone: bare_extraction, fast, with metadata, from bytes, in as many
                     processes at once as the crawl has workers, and again in one process
``ladder``           crawler.extraction without its processes: what we add to trafilatura
``capture``          sourcekeep crawl that extracts nothing
``Scrapy, default``  a spider that does nothing, default settings; also without charset header
``Scrapy, lean``     with the engine settings of ours and nothing else: it decodes nothing
``wget``             wget --warc-file --compression=auto, where it is installed
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path

from corpus import SavedPage, corpus_of, page_urls, saved_pages
from measuring import (
    BASELINES,
    Command,
    Figure,
    Spent,
    alternate,
    crawling,
    machine,
    median,
    median_ratio,
    options,
    print_figures,
    print_table,
    python,
    say,
    workplace,
)
from server import PageServer

FEW = 100  # pages of the short run: every worker has met one that makes dateparser load languages
ROUNDS = 3
WORKERS = min(os.cpu_count() or 1, 4)  # as many as the crawl has

Round = dict[str, Spent]


class Lists:
    """The pages of a benchmark as the lists that the programs take."""

    def __init__(self, folder: Path, pages: list[SavedPage]) -> None:
        self.folder = folder
        self._pages = pages
        self._numbers = count()

    def urls(self, port: int) -> tuple[Path, Path]:
        """Return the files of URLs: few pages, and all."""
        few, many = self.folder / f"few-{port}.txt", self.folder / f"many-{port}.txt"
        urls = page_urls(self._pages, port)
        few.write_text("\n".join(urls[:FEW]))
        many.write_text("\n".join(urls))
        return few, many

    def crawl(self, port: int, how: str, *, few: bool = False) -> list[Command]:
        """Return the crawl of sourcekeep, into a new archive."""
        return [crawling(self.new(".db"), self.urls(port)[not few], how=how)]

    def scrapy(self, port: int, *extra: str) -> list[Command]:
        """Return the crawl of bare Scrapy."""
        return [python(BASELINES, "scrapy", self.urls(port)[1], *extra)]

    def wget(self, port: int, *, few: bool = False) -> list[Command]:
        """Return the run of wget, which writes a WARC; none where it is not installed."""
        program = shutil.which("wget")
        if program is None:
            return []
        return [(
            program, "--quiet", "--no-config", "--no-proxy", "--compression=auto",
            f"--warc-file={self.new('.warc')}", "--output-document=/dev/null",
            f"--input-file={self.urls(port)[not few]}",
        )]  # fmt: skip

    def extraction(self, how: str, processes: int) -> list[Command]:
        """Return the extraction of the pages in several processes, a part of the pages in each."""
        commands = []
        for part in range(processes):
            listed, urls = self.new(".tsv"), page_urls(self._pages, 80)
            both = list(zip(self._pages, urls, strict=True))[part::processes]
            listed.write_text("\n".join(f"{page.path}\t{url}" for page, url in both))
            commands.append(python(BASELINES, "extraction", listed, FEW // processes, how))
        return commands

    def new(self, suffix: str) -> Path:
        """Return a path that nothing has used yet."""
        return self.folder / f"{next(self._numbers)}{suffix}"

    def further_page_s(self, rounds: list[Round], name: str) -> list[float]:
        """Return how long a further page took in each round, by the clock."""
        pages = len(self._pages) - FEW
        return [(spent[name].wall_s - spent[f"{name} few"].wall_s) / pages for spent in rounds]


def play_round(left: int, programs: Mapping[str, list[Command]]) -> Round:
    """Return what the programs of one round took."""
    say(f"{left} more round{'s' * (left > 1)}: {', '.join(programs)}")
    took = alternate(programs)
    for name, spent in took.items():
        say(f"  {name}: {spent.cpu_s:.1f} s CPU, {spent.wall_s:.1f} s by the clock")
    return took


def measure_pipeline(shared: Path, pages: int | None, rounds: int) -> list[Figure]:
    """Run the pipeline beside extraction alone; print the table and return the figures."""
    chosen = saved_pages(corpus_of(shared), pages)
    together, alone = f"extraction, {WORKERS} at once", "extraction, one"
    with workplace() as folder, PageServer(shared) as server:
        lists = Lists(folder, chosen)
        samples = [
            play_round(left, {
                "pipeline": lists.crawl(server.port, "crawl"),
                together: lists.extraction("bare", WORKERS),
                alone: lists.extraction("bare", 1),
                "ladder, one": lists.extraction("ladder", 1),
            })
            for left in range(rounds, 0, -1)
        ]  # fmt: skip
    ms = _page_ms(samples, together, alone, "ladder, one", "pipeline")
    ms["  main process"] = [spent["pipeline"].page_ms("own") for spent in samples]
    ms["  workers"] = [spent["pipeline"].page_ms("workers") for spent in samples]
    print(f"\n{len(chosen)} pages, {rounds} rounds, {machine()}")
    print_table(
        ["", "CPU ms/page", "÷ extraction", "÷ in one process", "rounds"],
        [[n, median(ms[n]), median_ratio(ms[n], ms[together]), median_ratio(ms[n], ms[alone]),
          _each(ms[n])] for n in ms],
    )  # fmt: skip
    wall = median([spent["pipeline"].wall_s for spent in samples])
    print(f"{len(chosen) / wall:.0f} pages/s with start and end, while its turns lasted")
    return [
        Figure("pipeline CPU ÷ trafilatura alone", median_ratio(ms["pipeline"], ms[together]),
               1.15),
    ]  # fmt: skip


def measure_capture(shared: Path, pages: int | None, rounds: int) -> list[Figure]:
    """Run the capture path beside its peers; print the table and return the figures."""
    chosen = saved_pages(corpus_of(shared), pages)
    with workplace() as folder, PageServer(shared) as named, \
            PageServer(shared, charset=False) as unnamed:  # fmt: skip
        lists = Lists(folder, chosen)
        samples = [
            play_round(left, {
                "capture few": lists.crawl(named.port, "capture", few=True),
                "capture": lists.crawl(named.port, "capture"),
                "Scrapy, default": lists.scrapy(named.port),
                "Scrapy, default, no charset": lists.scrapy(unnamed.port),
                "Scrapy, lean": lists.scrapy(named.port, "--lean"),
                "wget few": lists.wget(named.port, few=True),
                "wget": lists.wget(named.port),
            })
            for left in range(rounds, 0, -1)
        ]  # fmt: skip
    scrapies = ["Scrapy, default", "Scrapy, default, no charset", "Scrapy, lean"]
    ms = _page_ms(samples, "capture", *scrapies)
    print(f"\n{len(chosen)} pages, {rounds} rounds, {machine()}")
    print_table(
        ["", "CPU ms/page", "capture ÷ it", "rounds"],
        [[n, median(ms[n]), median_ratio(ms["capture"], ms[n]), _each(ms[n])] for n in ms],
    )
    figures = [
        Figure(f"capture CPU ÷ {name}", median_ratio(ms["capture"], ms[name]), goal)
        for name, goal in zip(scrapies, (1.0, 0.6), strict=False)
    ]
    if not samples[0]["wget"].wall_s:
        print("wget is not installed, and is left out")
        return figures
    pages_s = {name: lists.further_page_s(samples, name) for name in ("capture", "wget")}
    for name, each in pages_s.items():
        print(f"{name}: {1 / median(each):.0f} pages/s ({_each([1 / s for s in each])})")
    faster = median_ratio(pages_s["wget"], pages_s["capture"])
    return [*figures, Figure("capture pages/s ÷ wget", faster, 1.3, at_least=True)]


def _page_ms(samples: list[Round], *names: str) -> dict[str, list[float]]:
    return {name: [spent[name].page_ms() for spent in samples] for name in names}


def _each(values: list[float]) -> str:
    return " ".join(f"{value:.2f}" for value in values)


def measure(shared: Path, pages: int | None = None, rounds: int = ROUNDS) -> list[Figure]:
    """Return all figures of this benchmark."""
    return measure_pipeline(shared, pages, rounds) + measure_capture(shared, pages, rounds)


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

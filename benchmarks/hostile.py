"""What pages that are made to hurt take away from the others.

A crawl of corpus pages, and the same with hostile ones early among them, each of which would keep
trafilatura busy for minutes: three that are larger than any page of the corpus, and two that are
not, of which one keeps Python busy and the other libxml2. Twice: as fast as the machine can (every
second that a hostile page holds a worker is missing), and paced by politeness, as crawls are.
Throughput is ordinary articles by the clock, from the first lease to the last of them. What all
processes have spent by then stands beside it: that depends less on who else uses the machine.
"""

from __future__ import annotations

import gzip
import sys
from itertools import count
from pathlib import Path

from baselines import HOSTILE
from corpus import ADDRESSES, corpus_of, page_urls, saved_pages
from measuring import (
    Figure,
    Spent,
    crawling,
    interleave,
    machine,
    median,
    median_ratio,
    options,
    print_figures,
    print_table,
    run_command,
    workplace,
)
from server import PageServer

PAGES, ROUNDS = 640, 2
DELAY_S = 6.0  # 64 hosts: a page each 94 ms, three times what its extraction takes at rest
GONE_S = 15.0
BODIES = {
    "paragraphs": "<p>The same paragraph, with words to make it longer.</p>" * 200_000,
    "links": "".join(f"<a href=/x/{n}>link number {n}</a> " for n in range(100_000)),
    "tags": "<" * 5_000_000,
    "unclosed": "<p><b><i>" * 200_000,
    "attributes": f"<p {' '.join(f'a{n}=b' for n in range(100_000))}>",
}


def write_hostile(folder: Path) -> list[str]:
    """Write the hostile pages; return their names."""
    folder.mkdir()
    for name, body in BODIES.items():
        page = f"<!DOCTYPE html><html><body><article><p>A page.</p>{body}</article></body></html>"
        path = folder / f"{HOSTILE.strip('/')}{name}"
        path.write_bytes(gzip.compress(page.encode(), 6))
    return sorted(path.name for path in folder.iterdir())


def measure(shared: Path, pages: int = PAGES, rounds: int = ROUNDS) -> list[Figure]:
    """Crawl with and without; print the table and return the figures."""
    numbers = count()
    with workplace() as folder:
        names = write_hostile(folder / "hostile")
        with PageServer(shared, extra=folder / "hostile") as server:
            urls = page_urls(saved_pages(corpus_of(shared), pages), server.port)
            attack = [f"http://{ADDRESSES[n]}:{server.port}/{name}" for n, name in enumerate(names)]
            lists = {"without": urls, "with": [*attack, *urls]}

            def crawl(which: str, delay: float) -> Spent:
                listed = folder / f"{next(numbers)}.txt"
                listed.write_text("\n".join(lists[which]))
                return run_command(
                    crawling(listed.with_suffix(".db"), listed, how="limited", delay=delay)
                )

            samples = interleave(rounds, {
                f"{pace}, {which}": (lambda which=which, delay=delay: crawl(which, delay))
                for pace, delay in (("paced", DELAY_S), ("unpaced", 0.0))
                for which in lists
            })  # fmt: skip
    print(f"\n{len(urls)} pages, {len(names)} hostile, {rounds} rounds, {machine()}")
    seconds = {n: [spent.seconds("others") for spent in runs] for n, runs in samples.items()}
    spent = {n: [each.seconds("others_cpu") for each in runs] for n, runs in samples.items()}
    held = {n: max(spent.seconds("longest") for spent in runs) for n, runs in samples.items()}
    print_table(
        ["", "others, s", "others/s", "CPU by then, s", "slowest page, s"],
        [
            [n, median(seconds[n]), len(urls) / median(seconds[n]), median(spent[n]), held[n]]
            for n in samples
        ],
    )
    return [
        Figure("longest hold of a worker", max(held.values()), GONE_S, "s"),
        *(
            Figure(
                f"{pace}: throughput of the others, with ÷ without hostile pages",
                median_ratio(seconds[f"{pace}, without"], seconds[f"{pace}, with"]),
                0.9, at_least=True,
            )
            for pace in ("paced", "unpaced")
        ),
    ]  # fmt: skip


def main() -> int:
    chosen = options(__doc__, pages=PAGES, rounds=ROUNDS).parse_args()
    print_figures(measure(chosen.shared, chosen.pages, chosen.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())

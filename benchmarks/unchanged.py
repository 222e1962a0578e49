"""What a second visit costs when nothing has changed: by 304, and by 200 with the same bytes.

Corpus pages are crawled with extraction, and again two weeks later (pretended), when all have been
made due and each robots.txt is asked for again, too. (After 30 days each is asked for in full,
because some servers say 304 to everything.) One server answers conditional requests with 304, the
other knows no validators. The engine is what Scrapy takes by itself for the same requests and
answers; what lies above it is our work on a page that we hold already, and is compared with a first
visit, extraction included. CPU is that of pages after the first few; all programs of a round run by
turns, as in ``pipeline.py``.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from itertools import count
from pathlib import Path

from corpus import corpus_of, page_urls, saved_pages
from measuring import (
    BASELINES,
    Figure,
    Spent,
    alternate,
    crawling,
    from_json,
    machine,
    median,
    options,
    print_figures,
    print_table,
    python,
    say,
    workplace,
)
from server import PageServer

PAGES, ROUNDS = 600, 2
FIRST, SECOND = "2026-11-22T00:00:00Z", "2026-12-06T00:00:00Z"
WAYS = {"304": True, "200, same bytes": False}  # how the server answers, by whether it can say 304

_SECOND_ANSWERS = "SELECT status FROM fetches WHERE run = 2 AND purpose = 'source'"

Round = dict[str, Spent]


def measure(shared: Path, pages: int = PAGES, rounds: int = ROUNDS) -> list[Figure]:
    """Visit twice; print the table and return the figures."""
    chosen = saved_pages(corpus_of(shared), pages)
    numbers = count()
    with workplace() as folder, PageServer(shared) as modern, \
            PageServer(shared, validators=False) as old:  # fmt: skip
        lists = {}
        for way, validators in WAYS.items():
            lists[way] = folder / f"{way}.txt"
            urls = page_urls(chosen, (modern if validators else old).port)
            lists[way].write_text("\n".join(urls))
        firsts, seconds = [], []
        for left in range(rounds, 0, -1):
            say(f"{left} more round{'s' * (left > 1)}")
            archives = {way: folder / f"{next(numbers)}.db" for way in WAYS}
            firsts.append(_first(archives, lists))
            _make_due(archives)
            seconds.append(_second(archives, lists))
            _check(archives)
    print(f"\n{len(chosen)} pages, {rounds} rounds, {machine()}")
    rows, figures = [], []
    for way in WAYS:
        told = [from_json(spent[way]) for spent in seconds]
        extracted = sum(run["articles"] for run in told)
        first = median([spent[way].page_ms() for spent in firsts])
        each = [spent[way].page_ms() for spent in seconds]
        second = median(each)
        bare = median([spent[f"engine, {way}"].page_ms() for spent in seconds])
        share = (second - bare) / first
        rounds_ms = " ".join(f"{ms:.2f}" for ms in each)
        rows.append([way, first, second, bare, second - bare, f"{share:.3f}", extracted, rounds_ms])
        figures.append(Figure(f"unchanged by {way}: beyond the engine ÷ first visit", share, 0.05))
        figures.append(Figure(f"unchanged by {way}: extractions", extracted, 0, "pages"))
    heads = ["first visit", "second", "engine", "beyond it", "÷ first", "extracted", "rounds"]
    print_table(["CPU ms/page", *heads], rows)
    return figures


def _make_due(archives: dict[str, Path]) -> None:
    """Set the next visits by hand, as docs/schema.md lets anybody do."""
    for path in archives.values():
        with closing(sqlite3.connect(path)) as archive, archive:
            archive.execute("UPDATE sources SET due_at = ?", (SECOND,))


def _check(archives: dict[str, Path]) -> None:
    """See that the second visits were answered as they are called; a few pages have no ETag."""
    for way, status in (("304", 304), ("200, same bytes", 200)):
        with closing(sqlite3.connect(archives[way])) as archive:
            answers = [row[0] for row in archive.execute(_SECOND_ANSWERS)]
        share = answers.count(status) / len(answers)
        assert share > 0.9, f"{share:.0%} of {len(answers)} second visits are {way}"


def _first(archives: dict[str, Path], lists: dict[str, Path]) -> Round:
    return alternate({
        way: [crawling(archives[way], lists[way], "--now", FIRST)] for way in WAYS
    })  # fmt: skip


def _second(archives: dict[str, Path], lists: dict[str, Path]) -> Round:
    engines = {
        f"engine, {way}": [python(BASELINES, "scrapy", lists[way], "--lean",
                                  *["--conditional"] * WAYS[way])]
        for way in WAYS
    }  # fmt: skip
    return alternate(
        {**{way: [crawling(archives[way], "--now", SECOND)] for way in WAYS}, **engines}
    )


def main() -> int:
    chosen = options(__doc__, pages=PAGES, rounds=ROUNDS).parse_args()
    print_figures(measure(chosen.shared, chosen.pages, chosen.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How long a run lasts that only politeness bounds, against the least that it could take.

Twelve hosts with different numbers of pages, robots.txt on each, a delay between two requests to a
host. No run can be faster than the largest host allows: pages x delay, and one answer. The clock
runs from the first lease to the last answer; nothing is extracted, so that the machine is no part
of it.
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from corpus import ADDRESSES, corpus_of, saved_pages
from measuring import (
    Figure,
    crawling,
    machine,
    options,
    print_figures,
    print_table,
    run_command,
    say,
    workplace,
)
from server import PageServer

PAGES_OF_HOSTS = (4, 9, 2, 14, 30, 1, 18, 6, 11, 22, 3, 7)  # the largest neither first nor last
DELAY_S = 1.0
ANSWER_S = 0.1  # of one page on loopback, on a machine that others use, too
ROUNDS = 2


def urls_of(shared: Path, port: int) -> list[str]:
    """Return the URLs of all hosts, host by host."""
    pages = iter(saved_pages(corpus_of(shared)))
    return [
        f"http://{address}:{port}/{next(pages).id}"
        for address, number in zip(ADDRESSES, PAGES_OF_HOSTS, strict=False)
        for _ in range(number)
    ]


def measure(shared: Path, rounds: int = ROUNDS) -> list[Figure]:
    """Crawl politely; print the table and return the figure."""
    numbers = count()
    least_s = max(PAGES_OF_HOSTS) * DELAY_S
    with workplace() as folder, PageServer(shared) as server:
        listed = folder / "urls.txt"
        listed.write_text("\n".join(urls_of(shared, server.port)))
        took = []
        for left in range(rounds, 0, -1):
            say(f"{left} more: {sum(PAGES_OF_HOSTS)} pages of {len(PAGES_OF_HOSTS)} hosts")
            archive = folder / f"{next(numbers)}.db"
            command = crawling(archive, listed, how="capture", delay=DELAY_S)
            took.append(run_command(command).seconds("visits"))
    print(f"\n{sum(PAGES_OF_HOSTS)} pages, {len(PAGES_OF_HOSTS)} hosts, {machine()}")
    print_table(
        ["", "seconds"],
        [["largest host: pages x delay", least_s], *(["a run", seconds] for seconds in took)],
    )
    longest = (max(took) - ANSWER_S) / least_s
    return [Figure("politeness-bound run ÷ (largest host x delay), the longest", longest, 1.05)]


def main() -> int:
    chosen = options(__doc__, pages=None, rounds=ROUNDS).parse_args()
    print_figures(measure(chosen.shared, chosen.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What our extraction finds on labelled pages, and what it costs, beside trafilatura as it comes.

One process; every page goes through all variants, one after the other, so that each meets the same
moments of the machine. F1 is that of phrases which must stand in the text and phrases which must
not, white space folded; dates are right by day. Both from the corpus's labels.

``default``  trafilatura.bare_extraction with metadata, without comments, from bytes
``fast``     the same with fast=True
``ours``     crawler.extraction: fast on a ready tree, a second opinion where that is poor, leads
             and repeats mended; besides charsets, links and the facts of the page
"""

from __future__ import annotations

import gc
import gzip
import json
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baselines import LATEST, bare_extraction
from corpus import corpus_of
from measuring import Figure, machine, options, print_figures, print_table, say

from crawler.extraction.article import read_payload
from crawler.extraction.worker import GC_THRESHOLD

WARM_UP = 60
Read = Callable[[bytes, str, str], tuple[str, str | None]]  # body, URL, day -> text, date


@dataclass(slots=True)
class Tally:
    """What a variant found, and what it took."""

    wanted: int = 0
    found: int = 0
    unwanted: int = 0
    dated: int = 0
    right: int = 0
    cpu_s: float = 0.0

    @property
    def f1(self) -> float:
        """F1 of the phrases."""
        precision, recall = self.found / (self.found + self.unwanted), self.found / self.wanted
        return 2 * precision * recall / (precision + recall)

    def count(self, row: dict[str, Any], text: str, day: str | None) -> None:
        """Compare a text and a date with a page's labels."""
        folded = _fold(text)
        phrases = row.get("must_include") or ()
        self.wanted += len(phrases)
        self.found += sum(_fold(phrase) in folded for phrase in phrases)
        self.unwanted += sum(_fold(p) in folded for p in row.get("must_not_include") or ())
        if row.get("expected_date"):
            self.dated += 1
            self.right += row["expected_date"][:10] == day


def _fold(text: str) -> str:
    return " ".join(text.split())


def _theirs(*, fast: bool) -> Read:
    def read(body: bytes, url: str, day: str) -> tuple[str, str | None]:
        found = bare_extraction(fast=fast, latest=day)(body, url)
        return (getattr(found, "text", "") or ""), getattr(found, "date", None)

    return read


def _ours(body: bytes, url: str, day: str) -> tuple[str, str | None]:
    found = read_payload(body, url=url, content_type="text/html", fetched_on=day).article
    return found.text or "", found.published_on


def measure(shared: Path, pages: int | None = None) -> list[Figure]:
    """Read the labelled pages; print the table and return the figures."""
    corpus = corpus_of(shared)
    with (corpus / "articles.jsonl").open(encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["bytes"]]
    labelled = [row for row in rows if row.get("must_include") or row.get("expected_date")][:pages]
    logging.disable(logging.CRITICAL)
    variants: dict[str, Read] = {
        "default": _theirs(fast=False), "fast": _theirs(fast=True), "ours": _ours,
    }  # fmt: skip
    tallies = {name: Tally() for name in variants}
    say(f"reading {len(labelled)} labelled pages three times")
    for number, row in enumerate(labelled):
        _read_all(corpus, row, variants, tallies, timed=number >= WARM_UP)
    timed = len(labelled) - WARM_UP
    print(f"\n{len(labelled)} labelled pages, {machine()}")
    print_table(
        ["", "CPU ms/page", "÷ default", "F1", "dates right"],
        [[name, t.cpu_s / timed * 1000, t.cpu_s / tallies["default"].cpu_s, f"{t.f1:.4f}",
          f"{t.right / t.dated:.3f}"] for name, t in tallies.items()],
    )  # fmt: skip
    ours, default = tallies["ours"], tallies["default"]
    return [
        Figure("extraction CPU ÷ trafilatura's default", ours.cpu_s / default.cpu_s, 0.75),
        Figure("F1 ÷ that of trafilatura's default", ours.f1 / default.f1, 1.0, at_least=True),
    ]


def _read_all(
    corpus: Path, row: dict[str, Any], variants: dict[str, Read], tallies: dict[str, Tally],
    *, timed: bool,
) -> None:  # fmt: skip
    """Read a page in every way; ours with the collector's thresholds of our workers."""
    body = gzip.decompress((corpus / row["html_path"]).read_bytes())
    url, day = row["url"] or "http://unknown.invalid/", str(row.get("crawl_date") or LATEST)[:10]
    for name, read in variants.items():
        gc.set_threshold(*(GC_THRESHOLD if name == "ours" else (700, 10, 10)))
        began = time.process_time()
        text, found_day = read(body, url, day)
        tallies[name].cpu_s += (time.process_time() - began) * timed
        tallies[name].count(row, text, found_day)


def main() -> int:
    parser = options(__doc__, pages=None, rounds=1)
    parser.add_argument("--pages", type=int, metavar="N", help="labelled pages to run on (all)")
    chosen = parser.parse_args()
    print_figures(measure(chosen.shared, chosen.pages))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The pages and entries that the benchmarks run on: the corpus beside the project, never copied."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ADDRESSES = [f"127.0.1.{number}" for number in range(1, 65)]  # the hosts of the benchmarks' web


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A real article page of the corpus."""

    id: str
    path: Path  # its body, gzip
    size_bytes: int  # unpacked
    charset: str | None  # what its server would name; None where the page names none

    @property
    def body(self) -> bytes:
        """The page as it was saved."""
        return gzip.decompress(self.path.read_bytes())

    @property
    def gzipped(self) -> bytes:
        """The same as it lies in the corpus."""
        return self.path.read_bytes()


def corpus_of(shared: Path) -> Path:
    """Return the folder of the corpus; ends the program with a sentence when it is not there."""
    corpus = shared / "corpus"
    if not (corpus / "articles.jsonl").exists():
        sys.exit(
            f"{corpus} is not there, and the benchmarks need its pages:"
            " name the folder that holds it with --shared or SOURCEKEEP_SHARED"
        )
    return corpus


def saved_pages(corpus: Path, count: int | None = None) -> list[SavedPage]:
    """Return the pages with a body, in the order of their ids; of ``count``, evenly spaced ones."""
    with (corpus / "articles.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    distinct = {row["sha256"]: row for row in rows if row["bytes"]}
    pages = sorted((_page(corpus, row) for row in distinct.values()), key=lambda page: page.id)
    if count is None or count >= len(pages):
        return pages
    return [pages[number * len(pages) // count] for number in range(count)]


def _page(corpus: Path, row: dict[str, Any]) -> SavedPage:
    charset = "utf-8" if row["valid_utf8"] else row["declared_charset"]
    return SavedPage(row["id"], corpus / row["html_path"], row["bytes"], charset)


def page_urls(pages: list[SavedPage], port: int) -> list[str]:
    """Return the URL of each page on the benchmarks' web, spread evenly over its hosts."""
    return [
        f"http://{ADDRESSES[number % len(ADDRESSES)]}:{port}/{page.id}"
        for number, page in enumerate(pages)
    ]


def latest_entries(corpus: Path) -> Iterator[tuple[str, str]]:
    """Yield (path, Markdown) of the last version of each entry."""
    path = corpus / "entries" / "zh-entries.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            yield entry["path"], entry["versions"][-1]["text"]

"""How far the entry reader agrees with the sources that the corpus lists for its entries.

    python benchmarks/entries_agreement.py [--shared FOLDER]

The corpus's list was made by one regular expression, so each disagreement is printed with its
reason. Exits with 1 below 99.5 % of versions, 2 when the corpus is not there.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crawler.entries.reading import read_page
from crawler.errors import EntryError
from crawler.items import Entry

ROOT = Path(__file__).resolve().parent.parent
FLOOR = 0.995
_SOURCES = re.compile(r"^### (?:Sources?|信息来源):(.*?)(?=^### |\Z)", re.MULTILINE | re.DOTALL)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = os.environ.get("SOURCEKEEP_SHARED", ROOT.parent / "shared")
    parser.add_argument("--shared", type=Path, default=Path(default), help="folder of the corpus")
    path = parser.parse_args().shared / "corpus" / "entries" / "zh-entries.jsonl.gz"
    if not path.exists():
        print(f"{path} is not there: name its folder with --shared", file=sys.stderr)
        return 2
    versions = list(read_versions(path))
    reasons: Counter[str] = Counter()
    began = time.process_time()
    for locator, version in versions:
        reason = judge(version, locator)
        if reason:
            reasons[reason] += 1
            print(f"{locator} @ {version.get('commit', '')[:8]}: {reason}")
    took_us = (time.process_time() - began) / len(versions) * 1e6
    agreement = 1 - reasons.total() / len(versions)
    for reason, count in reasons.most_common():
        print(f"{count:6}  {reason}")
    print(
        f"{agreement:.2%} of {len(versions):,} versions agree; {took_us:.0f} µs a version"
        f" on one core ({platform.machine()}, Python {platform.python_version()})"
    )
    return 0 if agreement >= FLOOR else 1


def read_versions(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            for version in entry["versions"]:
                yield entry["path"], version


def judge(version: dict[str, Any], locator: str) -> str | None:
    """Return why the reader and the corpus disagree about a version; None when they agree."""
    try:
        entry = read_page(version["text"].encode(), locator)
    except EntryError as exc:
        return f"not read: {exc.why}"
    if not isinstance(entry, Entry):
        return "read as a day's index"
    cited = {c.url_as_cited for c in entry.citations if c.role in ("source", "archive-of")}
    listed = {source["url"] for source in version["sources"]}
    for url in sorted(listed - cited):
        return _why_missing(url, entry, version["text"])
    for url in sorted(cited - listed):
        return _why_extra(url, version)
    return None


def _why_missing(url: str, entry: Entry, text: str) -> str:
    roles = {citation.url_as_cited: citation.role for citation in entry.citations}
    if roles.get(url) == "cover":
        return "a cover was counted as a source"
    if roles.get(url) == "internal":
        return "an internal link was counted as a source"
    if any(cited.startswith(url) for cited in roles):
        return "the corpus's expression cut an address"
    if url not in _sources_section(text) and url in text:
        return "taken from another section"
    return "missed by the reader"


def _why_extra(url: str, version: dict[str, Any]) -> str:
    if url in {source["img"] for source in version["sources"]}:
        return "the reader took a cover for a source"
    if url in _sources_section(version["text"]):
        return "the corpus's expression missed a line"
    return "invented by the reader"


def _sources_section(text: str) -> str:
    return "".join(match[1] for match in _SOURCES.finditer(text))


if __name__ == "__main__":
    sys.exit(main())

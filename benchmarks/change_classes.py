"""What is called a change on the real pairs of the corpus, by label, and both error rates.

    python benchmarks/change_classes.py [--shared FOLDER] [--pairs]

Each side is extracted with the project's own extractor; nothing is known of other pages of a host.
``--pairs`` prints each pair that is judged otherwise than its label says. Rates are also counted by
page, because most pairs come from a few pages that are looked at often.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus import corpus_of

from crawler.comparison.change import Change
from crawler.comparison.comparing import compare
from crawler.extraction.article import read_payload
from crawler.items import Article

ROOT = Path(__file__).resolve().parent.parent
LATEST = "2026-11-22"  # no page was published later
NO_CHANGE = ("same-text", "boilerplate", "extractor-change")

# What no reader would call a change, what one would, and what is no version at all.
SAME = ("markup_only", "boilerplate_only", "boilerplate_only:email_obfuscation")
CHROME = ("boilerplate_only:chrome_inside_main",)
CHANGED = ("content_changed:major", "content_changed:minor")


@dataclass(frozen=True, slots=True)
class Pair:
    """A page at two times: how it is labelled, and what we say."""

    name: str
    label: str
    page: str
    change: Change
    compare_ms: float

    @property
    def is_reported(self) -> bool:
        """Whether it is kept as a change of the source."""
        return self.change.change_class not in NO_CHANGE


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = os.environ.get("SOURCEKEEP_SHARED", ROOT.parent / "shared")
    parser.add_argument("--shared", type=Path, default=Path(default), help="folder of the corpus")
    parser.add_argument("--pairs", action="store_true", help="print the pairs judged otherwise")
    chosen = parser.parse_args()
    pairs = list(read_pairs(corpus_of(chosen.shared)))
    print_classes(pairs)
    print_rates(pairs)
    if chosen.pairs:
        print_wrong(pairs)
    spent = sorted(pair.compare_ms for pair in pairs)
    print(f"comparing: median {spent[len(spent) // 2]:.1f} ms, longest {spent[-1]:.0f} ms of CPU")


def read_pairs(corpus: Path) -> Iterator[Pair]:
    for line in (corpus / "pairs.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        url = row["url"] or "http://unknown.invalid/"
        before, after = (extract(corpus / row[side]["path"], url) for side in ("before", "after"))
        began = time.process_time()
        change = compare(before, after, shared_lines=frozenset())
        spent = 1000 * (time.process_time() - began)
        yield Pair(row["pair_id"], row["label"], row["url"] or row["pair_id"], change, spent)


def extract(path: Path, url: str) -> Article:
    body = gzip.decompress(path.read_bytes())
    return read_payload(body, url=url, content_type="text/html", fetched_on=LATEST).article


def print_classes(pairs: list[Pair]) -> None:
    by_label: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_label[pair.label].append(pair)
    print("| label | pairs | pages | classes |\n|---|--:|--:|---|")
    for label, found in sorted(by_label.items()):
        classes = Counter(pair.change.change_class for pair in found).most_common()
        told = ", ".join(f"{name} {count}" for name, count in classes)
        print(f"| {label} | {len(found)} | {len({p.page for p in found})} | {told} |")


def print_rates(pairs: list[Pair]) -> None:
    for title, labels, wanted in (
        ("false alarms, no change", SAME, False),
        ("false alarms, chrome inside main", CHROME, False),
        ("missed, content changed", CHANGED, True),
    ):
        group = [pair for pair in pairs if pair.label in labels]
        wrong = [pair for pair in group if pair.is_reported != wanted]
        pages = {pair.page for pair in group}
        print(
            f"{title}: {len(wrong)} of {len(group)} pairs ({len(wrong) / len(group):.1%}),"
            f" on {len({pair.page for pair in wrong})} of {len(pages)} pages"
        )


def print_wrong(pairs: list[Pair]) -> None:
    for pair in pairs:
        known = pair.label in (*SAME, *CHROME, *CHANGED)
        if known and pair.is_reported != (pair.label in CHANGED):
            print(f"{pair.name}: {pair.label} judged {pair.change.change_class}")
            for edit in pair.change.edits[:5]:
                print(f"    {edit.kind}: {edit.before!r} → {edit.after!r}")


if __name__ == "__main__":
    main()

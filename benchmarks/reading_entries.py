"""Reading a folder of entries into the ledger, and reading it again unchanged.

The last versions of the corpus's 2,928 Chinese entries are written to a folder. ``read_files`` runs
over it in a process of its own: once into a new archive, once more when nothing has changed; its
CPU counts without imports. ``sourcekeep add FOLDER`` does both again, counted as a whole process.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from itertools import count
from pathlib import Path

from corpus import corpus_of, latest_entries
from measuring import (
    Figure,
    Spent,
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

ROUNDS = 3
NOW = "2026-11-22T00:00:00Z"


def write_entries(corpus: Path, folder: Path) -> int:
    """Write the last version of each entry below a folder; return how many there are."""
    entries = list(latest_entries(corpus))
    for name, text in entries:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return len(entries)


def read_once(folder: Path, archive_path: Path) -> dict[str, float]:
    """Read a folder into an archive, as a crawl does; return the CPU seconds and the counts."""
    from crawler.archive import Archive
    from crawler.intake.files import read_files
    from crawler.intake.inputs import add_input
    from crawler.intake.taking import Intake, IntakeCounts

    counts = IntakeCounts()
    with Archive.open(archive_path, create=True) as archive:
        number = add_input(archive, str(folder), base_url=None, options={}, now=NOW)
        (source,) = archive.inputs.enabled([number])
        began = time.process_time()
        for _ in read_files(Intake(archive, source, counts, NOW)):
            pass
        cpu_s = time.process_time() - began
    return {"cpu_s": cpu_s, "pages": counts.pages, "unchanged": counts.unchanged,
            "sources": counts.sources_new}  # fmt: skip


def measure(shared: Path, rounds: int = ROUNDS) -> list[Figure]:
    """Read, read again; print the table and return the figures."""
    with workplace() as folder:
        entries = write_entries(corpus_of(shared), folder / "entries")
        numbers = count()

        def both() -> tuple[Spent, Spent]:
            words = (__file__, "--once", folder / "entries", folder / f"{next(numbers)}.db")
            return run(*words), run(*words)

        def add() -> tuple[Spent, Spent]:
            words = ("-m", "crawler", "add", folder / "entries", "--quiet",
                     "--archive", folder / f"{next(numbers)}.db")  # fmt: skip
            return run(*words), run(*words)

        samples = interleave(rounds, {"read_files": both, "sourcekeep add": add})
    read = [(from_json(first), from_json(again)) for first, again in samples["read_files"]]
    assert all(again["unchanged"] == entries for _, again in read)
    first_s = [first["cpu_s"] for first, _ in read]
    again_s = [again["cpu_s"] for _, again in read]
    whole = samples["sourcekeep add"]
    print(f"\n{entries:,} entries, {read[0][0]['sources']:,} sources, {rounds} rounds, {machine()}")
    print_table(
        ["", "CPU s", "entries/s/core", "again, CPU s", "again ÷ first"],
        [
            _row("read_files alone", first_s, again_s, entries),
            _row("sourcekeep add, whole", [a.cpu_s for a, _ in whole],
                 [b.cpu_s for _, b in whole], entries),
        ],
    )  # fmt: skip
    ratios = [b / a for a, b in zip(first_s, again_s, strict=True)]
    return [
        Figure("entries read", entries / median(first_s), 1000, "per s and core", at_least=True),
        Figure("reading unchanged entries ÷ first time", median(ratios), 0.1),
    ]


def _row(name: str, first: list[float], again: list[float], entries: int) -> list[object]:
    ratio = median([b / a for a, b in zip(first, again, strict=True)])
    return [name, median(first), round(entries / median(first)), median(again), f"{ratio:.3f}"]


def main() -> int:
    parser = options(__doc__, pages=None, rounds=ROUNDS)
    parser.add_argument(
        "--once", nargs=2, type=Path, metavar=("FOLDER", "ARCHIVE"), help=argparse.SUPPRESS
    )
    chosen = parser.parse_args()
    if chosen.once:
        print(json.dumps(read_once(*chosen.once)))
        return 0
    print_figures(measure(chosen.shared, chosen.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())

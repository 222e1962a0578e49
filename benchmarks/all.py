"""Run every benchmark and print one table: goal, measured, met. Takes an hour.

    python benchmarks/all.py [--shared FOLDER] [--quick]

Ends with 1 when a goal is missed.
"""

from __future__ import annotations

import sys

import concluding
import exporting
import extraction
import hostile
import inspecting
import memory
import pipeline
import politeness
import reading_entries
import storage
import unchanged
import verifying
import workers
from measuring import machine, options, print_figures


def main() -> int:
    parser = options(__doc__, pages=None, rounds=3)
    parser.add_argument("--quick", action="store_true", help="one round over fewer pages")
    chosen = parser.parse_args()
    pages = 500 if chosen.quick else None
    rounds = 1 if chosen.quick else chosen.rounds
    figures = [
        *pipeline.measure(chosen.shared, pages, rounds),
        *reading_entries.measure(chosen.shared, rounds),
        *memory.measure(chosen.shared, pages, 1),
        *storage.measure(chosen.shared, pages),
        *concluding.measure(chosen.shared, pages or concluding.PAGES, rounds),
        *inspecting.measure(rounds),
        *exporting.measure(chosen.shared, pages or exporting.PAGES, rounds),
        *unchanged.measure(chosen.shared, pages or unchanged.PAGES, rounds),
        *verifying.measure(chosen.shared, pages or verifying.PAGES, rounds, verifying.FLIPS),
        *extraction.measure(chosen.shared, pages),
        *workers.measure(chosen.shared, workers.PAGES, rounds),
        *hostile.measure(chosen.shared, hostile.PAGES, min(rounds, hostile.ROUNDS)),
        *politeness.measure(chosen.shared, 1),
    ]
    print(f"\n{machine()}")
    print_figures(figures)
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())

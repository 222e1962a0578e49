"""``sourcekeep history SOURCE``: every fetch, and what was kept of it."""

from __future__ import annotations

import argparse

from crawler.archive import Archive
from crawler.cli.barring import barred_line
from crawler.cli.options import archive_path
from crawler.cli.output import print_json, print_table, safe, withheld_line
from crawler.items import OWN


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    parser.add_argument("source", metavar="SOURCE", help="its URL, a part of it, or its id")


def run(parsed: argparse.Namespace) -> int:
    """Print the fetches of a source, oldest first."""
    with Archive.open_for_reading(archive_path(parsed)) as archive:
        source = archive.reading.source(parsed.source)
        fetches = archive.reading.fetches(source["id"])
        decisions = archive.withholding.decisions(source["id"])
    if parsed.json:
        print_json({"source": source, "fetches": fetches, "decisions": decisions})
    elif not parsed.quiet:
        print(f"{safe(source['title'])}\n{safe(source['url'])}  (id {source['id']})\n")
        if fetches:
            rows = [
                {**dict(row), "payload": (row["payload"] or "-")[7:19] or None} for row in fetches
            ]
            elsewhere = any(row["origin"] not in (None, OWN) for row in rows)
            print_table(rows, [
                "fetched_at", *(["origin"] if elsewhere else []), "hop", "status", "outcome",
                "reason", "record_type", "words", "payload", "url",
            ])  # fmt: skip
        else:
            print("not visited yet")
        if source["withheld"]:
            print(f"\n{safe(withheld_line(decisions))}")
        if (barred := barred_line(source)) is not None:
            print(f"\n{safe(barred)}")
        if source["due_at"]:
            print(f"\nnext visit {source['due_at']}: {source['due_reason']}")
    return 0

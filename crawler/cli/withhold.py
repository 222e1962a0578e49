"""``sourcekeep withhold SOURCE --reason TEXT``: out of exports, search and reports."""

from __future__ import annotations

import argparse

from crawler.archive import Archive
from crawler.cli.options import add_clock_option, archive_path, moment
from crawler.cli.output import print_json, safe


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument("source", metavar="SOURCE", help="its URL, a part of it, or its id")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why; it is kept")
    parser.add_argument(
        "--undo", action="store_true",
        help="take back that it is withheld or forgotten; what was forgotten is due again",
    )  # fmt: skip


def run(parsed: argparse.Namespace) -> int:
    """Withhold a source, or release it. Raises UsageError when it is so already."""
    with Archive.open(archive_path(parsed)) as archive, archive.run_lock():
        source = archive.reading.source(parsed.source)
        decide = archive.withholding.release if parsed.undo else archive.withholding.withhold
        decide(source["id"], parsed.reason, now=moment(parsed))
        decisions = archive.withholding.decisions(source["id"])
    if parsed.json:
        print_json({"source": source["id"], "url": source["url"], "decisions": decisions})
    elif not parsed.quiet:
        print(f"{safe(source['url'])}: {decisions[-1]['decision']}")
    return 0

"""``sourcekeep why SOURCE``: why it is due or not, and why its verdict is what it is."""

from __future__ import annotations

import argparse
import textwrap

from crawler.archive import Archive
from crawler.cli.options import add_clock_option, archive_path, moment
from crawler.cli.output import print_json, safe
from crawler.conclusion.explaining import Explanation, explain


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument("source", metavar="SOURCE", help="its URL, a part of it, or its id")


def run(parsed: argparse.Namespace) -> int:
    """Explain a source in one paragraph."""
    now = moment(parsed)
    with Archive.open_for_reading(archive_path(parsed)) as archive:
        source = archive.reading.source(parsed.source)
        explanation = explain(archive, source["id"], now)
    if parsed.json:
        print_json({"source": source, "explanation": explanation})
    elif not parsed.quiet:
        print(f"{safe(source['title'])}\n{safe(source['url'])}  (id {source['id']})\n")
        print(textwrap.fill(safe(_paragraph(explanation)), 100))
    return 0


def _paragraph(explanation: Explanation) -> str:
    return " ".join((explanation.verdict, explanation.due))

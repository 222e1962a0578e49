"""``sourcekeep judge``: outcomes, changes and verdicts again, from what is kept."""

from __future__ import annotations

import argparse

from crawler.archive import Archive
from crawler.cli.options import add_clock_option, archive_path, moment
from crawler.cli.output import plural, print_json, progress
from crawler.conclusion import Conclusion, policy_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument("source", nargs="?", metavar="SOURCE", help="only this source")


def run(parsed: argparse.Namespace) -> int:
    """Judge the visits of all sources, or of one, by the rules of this release."""
    now, visits = moment(parsed), 0
    with Archive.open(archive_path(parsed)) as archive, archive.run_lock():
        if parsed.source:
            sources = [archive.reading.source(parsed.source)["id"]]
        else:
            sources = archive.reading.source_ids()
        conclusion = Conclusion(archive, policy=policy_of(archive))
        with progress("sources", total=len(sources), quiet=parsed.quiet) as bar:
            for source in sources:
                visits += conclusion.conclude_again(source, now=now)
                bar.update()
    if parsed.json:
        print_json({"sources": len(sources), "visits": visits})
    elif not parsed.quiet:
        print(f"{plural(visits, 'visit')} to {plural(len(sources), 'source')} judged")
    return 0

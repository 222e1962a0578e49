"""``sourcekeep add INPUT…``: remember where entries come from, and read what is on disk."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from crawler.archive import Archive
from crawler.cli.options import add_clock_option, archive_path, moment
from crawler.cli.output import plural, print_json, progress
from crawler.dates import format_instant
from crawler.intake import IntakeCounts, add_input, classify_input, read_files, scope_options


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="a file or folder of entries (Markdown, HTML, JSON, XML, a list of URLs), or the URL"
        " of an entry or day index",
    )
    add_input_options(parser)


def add_input_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how an input is read."""
    group = parser.add_argument_group("reading entries")
    group.add_argument(
        "--base-url", metavar="URL", help="the site that root-relative links of files belong to"
    )
    group.add_argument("--depth", metavar="N", help="follow a site's own links N steps (0)")
    group.add_argument("--since", metavar="DATE", help="follow days from this one on")
    group.add_argument("--until", metavar="DATE", help="follow days up to this one")


def run(parsed: argparse.Namespace) -> int:
    """Add the inputs; those on disk are read at once."""
    options = scope_options(parsed.depth, parsed.since, parsed.until)
    for text in parsed.inputs:
        classify_input(text)  # a wrong name among many must leave nothing half done
    now = format_instant(moment(parsed))
    counts = IntakeCounts()
    with Archive.open(archive_path(parsed), create=True) as archive:
        ids = [
            add_input(archive, text, base_url=parsed.base_url, options=options, now=now)
            for text in parsed.inputs
        ]
        for source in archive.ledger.inputs(ids):
            if source.kind != "url":
                pages = read_files(archive, source, counts, now)
                for _ in progress(source.locator, items=pages, quiet=parsed.quiet):
                    pass
        report(parsed, counts, len(ids), archive)
    return 0


def report(parsed: argparse.Namespace, counts: IntakeCounts, inputs: int, archive: Archive) -> None:
    """Say what was added and what to do next."""
    if parsed.json:
        print_json({"inputs": inputs, **asdict(counts)})
    elif not parsed.quiet:
        print(f"{plural(inputs, 'input')} in {archive.path}")
        print(
            f"{plural(counts.pages, 'page')} read, {counts.unchanged} of them unchanged;"
            f" {plural(counts.entries_new, 'new entry', 'new entries')},"
            f" {plural(counts.sources_new, 'new source')}"
        )
        if counts.problems:
            print(f"{plural(counts.problems, 'page')} could not be read: sourcekeep status")
        print("next: sourcekeep crawl")

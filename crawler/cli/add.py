"""``sourcekeep add INPUT…``: remember where entries come from, and read what is on disk."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from crawler.archive import Archive, Row
from crawler.cli.barring import bar, print_rules, release
from crawler.cli.hints import hint
from crawler.cli.options import add_clock_option, archive_path, moment
from crawler.cli.output import plural, print_json, print_table, progress, safe
from crawler.dates import format_instant
from crawler.errors import InputNotFound, UsageError
from crawler.intake.files import read_files
from crawler.intake.inputs import add_input, classify_input, find_input, scope_options
from crawler.intake.taking import Intake, IntakeCounts

PROBLEMS_SHOWN = 5


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="INPUT",
        help="a file or folder of entries or posts (Markdown, HTML, JSON, XML, a list of URLs), or"
        " the URL of one, of a day index, a feed or a sitemap",
    )
    add_input_options(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--off",
        action="store_true",
        help="read these inputs no more, what they cite stays; fetch what was --never fetched",
    )
    what.add_argument("--list", action="store_true", help="show the inputs; add none")
    group = parser.add_argument_group("places that are never fetched")
    group.add_argument(
        "--never",
        action="store_true",
        help="fetch nothing from these places: hosts, or beginnings of URLs; with --off, again",
    )
    group.add_argument("--why", metavar="TEXT", help="why never; it is kept")


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
    """Add the inputs; those on disk are read at once. Or show them, or take some back."""
    if parsed.list:
        return _list(parsed)
    if not parsed.inputs:
        raise UsageError("name an INPUT: a file, a folder or a URL; --list shows those there are")
    if parsed.why is not None and not parsed.never:
        raise UsageError("--why belongs to --never: it says why a place is never fetched")
    if parsed.off:
        return _leave(parsed)
    if parsed.never:
        return bar(parsed)
    options = scope_options(parsed.depth, parsed.since, parsed.until)
    for text in parsed.inputs:
        classify_input(text)  # a wrong name among many must leave nothing half done
    now = format_instant(moment(parsed))
    counts = IntakeCounts()
    with Archive.open(archive_path(parsed), create=True) as archive:
        ids = {
            add_input(archive, text, base_url=parsed.base_url, options=options, now=now): None
            for text in parsed.inputs
        }
        for source in archive.inputs.enabled(list(ids)):
            if source.kind != "url":
                pages = read_files(Intake(archive, source, counts, now))
                for _ in progress(source.locator, items=pages, quiet=parsed.quiet):
                    pass
        if parsed.json:
            print_json({"inputs": len(ids), **asdict(counts)})
        elif not parsed.quiet:
            problems = archive.reading.problems(ids)
            print("\n".join(_told(parsed, counts, len(ids), problems)))
    return 0


def _told(
    parsed: argparse.Namespace, counts: IntakeCounts, inputs: int, problems: Sequence[Row]
) -> Iterator[str]:
    """Yield what was added, what could not be read and why, and what to do next."""
    yield f"{plural(inputs, 'input')} in {safe(archive_path(parsed))}"
    yield (
        f"{plural(counts.pages, 'page')} read, {counts.unchanged} of them unchanged;"
        f" {plural(counts.entries_new, 'new entry', 'new entries')},"
        f" {plural(counts.sources_new, 'new source')}"
    )
    if counts.entries_uncited:
        yield f"{plural(counts.entries_uncited, 'entry cites', 'entries cite')} nothing"
    if counts.problems:
        yield f"{plural(counts.problems, 'page')} could not be read:"
        for row in problems[:PROBLEMS_SHOWN]:
            yield f"  {safe(row['locator'])}: {safe(row['problem'])}"
        if len(problems) > PROBLEMS_SHOWN:
            yield hint(f"  and {len(problems) - PROBLEMS_SHOWN} more: sourcekeep status", parsed)
    if counts.pages > counts.problems or not counts.problems:  # else nothing came in
        yield hint("next: sourcekeep crawl", parsed)


def _list(parsed: argparse.Namespace) -> int:
    with Archive.open_for_reading(archive_path(parsed)) as archive:
        rows, rules = archive.reading.inputs(), archive.barring.rules()
    if parsed.json:
        inputs = [{**dict(row), "options": json.loads(row["options"])} for row in rows]
        print_json(inputs + [{"kind": "never", **dict(rule)} for rule in rules])
    elif not parsed.quiet:
        shown = [{**dict(row), "read": "each run" if row["enabled"] else "no more"} for row in rows]
        print_table(
            shown, ["id", "kind", "read", "last_read_at", "entries", "unreadable", "locator"]
        )
        print_rules(rules)
    return 0


def _leave(parsed: argparse.Namespace) -> int:
    """Take back inputs, and places that were never to be fetched: all that are named, or none."""
    ids, released = list[int](), list[str]()
    with Archive.open(archive_path(parsed)) as archive, archive.writing():
        for text in parsed.inputs:
            number = None if parsed.never else _input(archive, text)
            if number is None:
                released.append(release(archive, text, moment(parsed)))
            else:
                archive.inputs.leave(number)
                ids.append(number)
    if parsed.json:
        print_json({"off": ids, "released": released})
    elif not parsed.quiet:
        if ids:
            print(f"{plural(len(ids), 'input')} will be read no more; what they cite stays")
        for place in released:
            print(f"{safe(place)} is fetched again; its sources are due")
    return 0


def _input(archive: Archive, text: str) -> int | None:
    """Return the input that a person means; None: it is none, but perhaps a barred place."""
    try:
        return find_input(archive, text)
    except InputNotFound:
        return None

"""``sourcekeep rescue [SOURCE…]``: ask web archives for what we do not hold."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from crawler.archive import Archive
from crawler.cli.crawl import project_settings
from crawler.cli.options import (
    add_clock_option,
    add_network_options,
    add_setting_option,
    archive_path,
    count,
    settings_of,
)
from crawler.cli.output import plural, print_json, print_table, safe
from crawler.cli.rescuing import RescueResult, rescue
from crawler.fetching.egress import check_settings
from crawler.mementos.registry import archives_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    parser.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="its URL, a part of it, or its id; without any, what is queued and due",
    )
    parser.add_argument(
        "--list", action="store_true", help="show the queue and what came home; ask nobody"
    )
    parser.add_argument(
        "--max", type=count, metavar="N", help="ask for N sources at most (SOURCEKEEP_RESCUE_MAX)"
    )
    add_clock_option(parser)
    add_network_options(parser)
    add_setting_option(parser)


def run(parsed: argparse.Namespace) -> int:
    """Ask, keep, and say what came home. Raises UsageError for an archive that is not known."""
    with Archive.open_for_reading(archive_path(parsed)) as archive:
        ids = [archive.reading.source(text)["id"] for text in parsed.sources]
        if parsed.list:
            return _list(archive, ids, parsed)
    settings = project_settings(settings_of(parsed))
    check_settings(settings)
    archives_of(settings.getlist("SOURCEKEEP_RESCUE_ARCHIVES"))
    result = rescue(settings, ids, limit=parsed.max, quiet=parsed.quiet or parsed.json)
    if parsed.json:
        print_json(_document(result))
    elif not parsed.quiet:
        _print(result)
    return 1 if result.broke else 0


def _list(archive: Archive, ids: list[int], parsed: argparse.Namespace) -> int:
    queue = archive.rescuing.queued(ids)
    if parsed.json:
        print_json({"queue": queue, "mementos": [
            row for source in ids for row in archive.rescuing.mementos(source)
        ]})  # fmt: skip
        return 0
    if parsed.quiet:
        return 0
    if not queue:
        print("no source is queued for web archives")
        return 0
    print_table(queue, [
        "source", "state", "reason", "last_result", "class", "memento_datetime", "archive",
        "due_at", "url",
    ])  # fmt: skip
    for source in ids:
        found = archive.rescuing.mementos(source)
        print(f"\nsource {source}: {plural(len(found), 'memento')} known")
        print_table(found, ["memento_datetime", "state", "class", "proof", "reasons", "uri_m"])
    return 0


def _document(result: RescueResult) -> dict[str, Any]:
    return {
        "run": result.run,
        "finish_reason": result.finish_reason,
        "sources": [asdict(each) for each in result.homecomings],
        "requests": result.requests,
        "still_due": result.still_due,
    }


def _print(result: RescueResult) -> None:
    home = [each for each in result.homecomings if each.confidence]
    print(
        f"asked web archives for {plural(len(result.homecomings), 'source')}:"
        f" {len(home)} came home ({plural(result.requests, 'request')})"
    )
    for each in home:
        print(
            f"  {each.confidence}  {each.memento_datetime}  {safe(each.archive)}"
            f"  by {each.proof}  {safe(each.url)}"
        )
    for each in result.homecomings:
        if not each.confidence:
            why = f" ({safe(each.why)})" if each.why else ""
            print(f"  -  {each.ending}{why}  {safe(each.url)}")
    if result.still_due:
        print(f"{plural(result.still_due, 'source')} still due; run it again")
    if not result.homecomings:
        print("nothing is due: a crawl queues what it could not keep, or name a SOURCE")

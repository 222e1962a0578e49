"""``sourcekeep rescue [SOURCE…]``: ask web archives for what we do not hold."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from scrapy.settings import Settings

from crawler.archive import Archive, Row
from crawler.cli.barring import barred_line
from crawler.cli.crawl import project_settings
from crawler.cli.options import (
    add_clock_option,
    add_network_options,
    add_setting_option,
    archive_path,
    count,
    moment,
    settings_of,
)
from crawler.cli.output import plural, print_json, print_table, safe
from crawler.cli.rescuing import Result, look_for_moved, recheck, rescue
from crawler.errors import UsageError
from crawler.fetching.wire.guard import check_settings
from crawler.mementos.registry import archives_of
from crawler.rescue import Homecoming


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    parser.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="its URL, a part of it, or its id; without any, what is queued and due",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--list", action="store_true", help="show the queue and what came home; ask nobody"
    )
    what.add_argument(
        "--moved", action="store_true", help="look for what is gone on its own host, and propose it"
    )
    what.add_argument(
        "--recheck", action="store_true", help="hold what came home against a second archive"
    )
    what.add_argument("--accept", type=count, metavar="N", help="take a proposal of --moved")
    what.add_argument("--decline", type=count, metavar="N", help="put a proposal aside")
    parser.add_argument(
        "--max", type=count, metavar="N", help="ask for N sources at most (SOURCEKEEP_RESCUE_MAX)"
    )
    add_clock_option(parser)
    add_network_options(parser)
    add_setting_option(parser)


def run(parsed: argparse.Namespace) -> int:
    """Ask, keep, and say what came home. Raises UsageError for an archive that is not known."""
    if parsed.accept is not None or parsed.decline is not None:
        return _decide(parsed)
    with Archive.open_for_reading(archive_path(parsed)) as archive:
        rows = [archive.reading.source(text) for text in parsed.sources]
        ids = [row["id"] for row in rows]
        if parsed.list:
            return _list(archive, ids, parsed)
        for row in rows:
            if row["barred_by"]:
                raise UsageError(f"{row['url']}: {barred_line(row)}; nor are archives asked for it")
    settings = project_settings(settings_of(parsed))
    check_settings(settings)
    archives_of(settings.getlist("SOURCEKEEP_RESCUE_ARCHIVES"))
    if parsed.recheck:
        return _recheck(settings, ids, parsed)
    if parsed.moved:
        return _look_for_moved(settings, ids, parsed)
    result = rescue(settings, ids, limit=parsed.max, quiet=parsed.quiet or parsed.json)
    if parsed.json:
        print_json(_document(result))
    elif not parsed.quiet:
        _print(result)
    return 1 if result.broke else 0


def _decide(parsed: argparse.Namespace) -> int:
    """Write what a person says of a proposal. Raises UsageError when there is no such one."""
    with Archive.open(archive_path(parsed)) as archive:
        if parsed.accept is not None:
            row = archive.relocations.decide(parsed.accept, "accepted", moment(parsed))
        else:
            row = archive.relocations.decide(parsed.decline, "declined", moment(parsed))
    if parsed.json:
        print_json(row)
    elif not parsed.quiet:
        print(f"{row['decision']}: {safe(row['url'])}")
    return 0


def _recheck(settings: Settings, ids: list[int], parsed: argparse.Namespace) -> int:
    """Ask other archives for what came home. Raises UsageError where there is but one."""
    if len(archives_of(settings.getlist("SOURCEKEEP_RESCUE_ARCHIVES"))) < 2:
        raise UsageError("a second archive is needed: name it in SOURCEKEEP_RESCUE_ARCHIVES")
    quiet = parsed.quiet or parsed.json
    result = recheck(settings, ids, limit=parsed.max, quiet=quiet)
    if parsed.json:
        print_json({
            "rechecked": result.done, "requests": result.requests, "run": result.run,
            "finish_reason": result.finish_reason,
        })  # fmt: skip
    elif not parsed.quiet:
        words = {True: "agrees", False: "differs", None: "-"}
        for each in result.done:
            print(
                f"{words[each.agrees]:<8}{safe(each.archive or '-')}  {each.by}  {safe(each.url)}"
            )
        print(f"{plural(len(result.done), 'memento')} held against a second archive")
        if result.early:
            print(result.early)
    return 1 if result.broke else 0


def _look_for_moved(settings: Settings, ids: list[int], parsed: argparse.Namespace) -> int:
    quiet = parsed.quiet or parsed.json
    result = look_for_moved(settings, ids, limit=parsed.max, quiet=quiet)
    with Archive.open_for_reading(archive_path(parsed)) as archive:
        proposals = archive.relocations.proposals(ids)
    if parsed.json:
        print_json({
            "proposals": proposals, "requests": result.requests, "run": result.run,
            "finish_reason": result.finish_reason,
        })  # fmt: skip
    elif not parsed.quiet:
        print(
            f"{plural(len(result.done), 'proposal')} found ({plural(result.requests, 'request')})"
        )
        if result.early:
            print(result.early)
        _print_proposals(proposals)
    return 1 if result.broke else 0


def _print_proposals(proposals: list[Row]) -> None:
    if proposals:
        print_table(proposals, ["id", "decision", "similarity", "found_by", "gone_url", "url"])


def _list(archive: Archive, ids: list[int], parsed: argparse.Namespace) -> int:
    queue, proposals = archive.rescuing.queued(ids), archive.relocations.proposals(ids)
    if parsed.json:
        print_json({"queue": queue, "mementos": [
            row for source in ids for row in archive.testimony.mementos(source)
        ], "proposals": proposals})  # fmt: skip
        return 0
    if parsed.quiet:
        return 0
    _print_proposals(proposals)
    if not queue:
        print("no source is queued for web archives")
        return 0
    print_table(queue, [
        "source", "state", "reason", "last_result", "class", "memento_datetime", "archive",
        "due_at", "url",
    ])  # fmt: skip
    for source in ids:
        found = archive.testimony.mementos(source)
        print(f"\nsource {source}: {plural(len(found), 'memento')} known")
        print_table(found, ["memento_datetime", "state", "class", "proof", "reasons", "uri_m"])
    return 0


def _document(result: Result[Homecoming]) -> dict[str, Any]:
    return {
        "run": result.run,
        "finish_reason": result.finish_reason,
        "sources": [asdict(each) for each in result.done],
        "requests": result.requests,
        "still_due": result.still_due,
    }


def _print(result: Result[Homecoming]) -> None:
    home = [each for each in result.done if each.confidence]
    print(
        f"asked web archives for {plural(len(result.done), 'source')}:"
        f" {len(home)} came home ({plural(result.requests, 'request')})"
    )
    for each in home:
        print(
            f"  {each.confidence}  {each.memento_datetime}  {safe(each.archive)}"
            f"  by {each.proof}  {safe(each.url)}"
        )
    for each in result.done:
        if not each.confidence:
            why = f" ({safe(each.why)})" if each.why else ""
            print(f"  -  {each.ending}{why}  {safe(each.url)}")
    if result.early:
        print(result.early)
    if result.still_due:
        print(f"{plural(result.still_due, 'source')} still due; run it again")
    if not result.done and not result.early:
        print("nothing is due: a crawl queues what it could not keep, or name a SOURCE")

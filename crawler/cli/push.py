"""``sourcekeep push [SOURCE…]``: have a web archive keep chosen sources, too."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict

from crawler.archive import Archive
from crawler.cli.crawl import project_settings
from crawler.cli.hints import hint
from crawler.cli.options import (
    add_clock_option,
    add_network_options,
    add_setting_option,
    archive_path,
    moment,
    settings_of,
)
from crawler.cli.output import plural, print_json, print_table, safe
from crawler.cli.rescuing import Result, archive_to_push_to, push
from crawler.errors import UsageError
from crawler.fetching.wire.guard import check_settings
from crawler.mementos.registry import WebArchive
from crawler.rescue.pushing import Keys, Pushed


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    parser.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="its URL, a part of it, or its id: what --on, --off and --list are about",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--on", action="store_true", help="queue these sources; ask nobody yet")
    what.add_argument("--off", action="store_true", help="push these sources no more")
    what.add_argument("--list", action="store_true", help="show the queue; ask nobody")
    add_clock_option(parser)
    add_network_options(parser)
    add_setting_option(parser)


def run(parsed: argparse.Namespace) -> int:
    """Change or show the queue, or go on with it. Raises UsageError where keys are missing."""
    settings = project_settings(settings_of(parsed))
    check_settings(settings)
    archive = archive_to_push_to(settings)
    if parsed.on or parsed.off:
        return _switch(parsed, archive)
    if parsed.list:
        return _list(parsed)
    if parsed.sources:
        raise UsageError("say what is to be done with SOURCE: --on, --off or --list")
    keys = Keys.of(os.environ)
    if keys is None:
        raise UsageError(
            f"{archive.id} takes captures from those who have keys:"
            " set SOURCEKEEP_PUSH_KEY and SOURCEKEEP_PUSH_SECRET"
        )
    with Archive.open_for_reading(archive_path(parsed)):
        pass  # a push makes no archive
    result = push(settings, keys, quiet=parsed.quiet or parsed.json)
    if parsed.json:
        print_json({
            "run": result.run, "finish_reason": result.finish_reason,
            "pushed": [asdict(each) for each in result.done], "requests": result.requests,
        })  # fmt: skip
    elif not parsed.quiet:
        _print(result)
    return 1 if result.broke else 0


def _switch(parsed: argparse.Namespace, web_archive: WebArchive) -> int:
    if not parsed.sources:
        raise UsageError("name a SOURCE")
    with Archive.open(archive_path(parsed)) as archive:
        rows = [archive.reading.source(text) for text in parsed.sources]
        withheld = [row["url"] for row in rows if row["withheld"]]
        if withheld and parsed.on:
            raise UsageError(f"{withheld[0]} is withheld: it is not handed to others")
        barred = [row for row in rows if row["barred_by"]]
        if barred and parsed.on:
            raise UsageError(
                f"{barred[0]['url']} lies in {barred[0]['barred_by']}, which is barred: no archive"
                " is asked for it"
            )
        ids = [row["id"] for row in rows]
        changed = (
            archive.pushing.switch_on(ids, web_archive.id, moment(parsed)) if parsed.on
            else archive.pushing.switch_off(ids)
        )  # fmt: skip
    if parsed.json:
        print_json({"sources": ids, "changed": changed})
    elif not parsed.quiet:
        print(f"{plural(changed, 'source')} {'queued' if parsed.on else 'withdrawn'}")
    return 0


def _list(parsed: argparse.Namespace) -> int:
    with Archive.open_for_reading(archive_path(parsed)) as archive:
        ids = [archive.reading.source(text)["id"] for text in parsed.sources]
        queue = archive.pushing.queue(ids)
    if parsed.json:
        print_json(queue)
    elif not parsed.quiet and queue:
        print_table(queue, [
            "source", "state", "archive", "attempts", "last_reason", "due_at", "confirmed_at",
            "url",
        ])  # fmt: skip
    elif not parsed.quiet:
        print(hint("nothing is pushed: sourcekeep push --on SOURCE", parsed))
    return 0


def _print(result: Result[Pushed]) -> None:
    latest = {each.source: each for each in result.done}
    print(
        f"{plural(len(latest), 'source')} gone on with ({plural(result.requests, 'request')}):"
        f" {sum(each.state == 'confirmed' for each in latest.values())} read back"
    )
    for each in latest.values():
        why = f" ({safe(each.reason)})" if each.reason else ""
        print(f"  {each.state}{why}  {safe(each.url)}")
    if result.early:
        print(result.early)

"""``sourcekeep diff SOURCE [OLDER] [NEWER]``: what changed between two versions, word by word."""

from __future__ import annotations

import argparse
import os
import sys

from crawler.archive import Archive, Row
from crawler.cli.options import archive_path, count
from crawler.cli.output import print_json, safe
from crawler.comparison.change import Change
from crawler.comparison.comparing import compare
from crawler.comparison.showing import as_ansi, as_html, as_text
from crawler.comparison.wording import Wording, wording_of
from crawler.dates import format_instant, parse_instant
from crawler.errors import BadDate, UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    parser.add_argument("source", metavar="SOURCE", help="its URL, a part of it, or its id")
    parser.add_argument("a", nargs="?", metavar="OLDER", help="the number of a version, or a date")
    parser.add_argument("b", nargs="?", metavar="NEWER", help="likewise (the latest)")
    parser.add_argument("--html", action="store_true", help="print the comparison as HTML")
    parser.add_argument(
        "--context", type=count, default=20, metavar="N",
        help="words of unchanged text around each change (20)",
    )  # fmt: skip


def run(parsed: argparse.Namespace) -> int:
    """Print what differs. Raises UsageError when there are no two versions to compare."""
    with Archive.open_for_reading(archive_path(parsed)) as archive:
        source = archive.reading.source(parsed.source)
        before, after = _chosen(archive, source, parsed.a, parsed.b)
        one = archive.articles.of_row(before["article"])
        other = archive.articles.of_row(after["article"])
        lines = archive.neighbourhood.lines_elsewhere(source["id"])
    change = compare(one, other, shared_lines=lines)
    wording = wording_of(one.text or "", other.text or "")
    if parsed.json:
        text = as_text(wording, context=parsed.context)
        print_json({
            "source": source, "before": before, "after": after, "change": change, "wording": text,
        })  # fmt: skip
    elif parsed.html:
        print(as_html(wording, context=parsed.context))
    elif not parsed.quiet:
        _print(source, before, after, change, wording, parsed.context)
    return 0


def _chosen(archive: Archive, source: Row, a: str | None, b: str | None) -> tuple[Row, Row]:
    versions = archive.reading.versions(source["id"])
    if not versions:
        raise UsageError(f"{source['url']}: no text of it is held, so nothing can be compared")
    if a is None and len(versions) < 2:
        raise UsageError(
            f"{source['url']}: it has shown one text only, since {versions[0]['first_seen_at']}"
        )
    if a is None:
        return versions[-2], versions[-1]
    latest = versions[-1]
    return _version(versions, a), latest if b is None else _version(versions, b)


def _version(versions: list[Row], name: str) -> Row:
    """Return the version that a number or a date names: that which was shown then."""
    if name.isdecimal() and len(name) < 4:
        found = [row for row in versions if row["number"] == int(name)]
        if not found:
            raise UsageError(f"{name}: versions are numbered 1 to {len(versions)}")
        return found[0]
    try:
        at = format_instant(parse_instant(name))
    except BadDate as exc:
        raise UsageError(f"{name}: name a version by its number or by a date") from exc
    shown = [row for row in versions if row["first_seen_at"] <= at]
    return shown[-1] if shown else versions[0]


def _print(
    source: Row, before: Row, after: Row, change: Change, wording: Wording, context: int
) -> None:
    print(f"{safe(source['title'])}\n{safe(source['url'])}  (id {source['id']})\n")
    for row in (before, after):
        seen = f"seen {row['first_seen_at']} to {row['last_seen_at']}"
        print(f"version {row['number']:<4} {seen}  {safe(row['title'])}")
    print(f"\n{change.change_class}: " + ("told" if change.told else "kept, not told"))
    for edit in change.edits:
        print(f"  {edit.kind}: {safe(edit.before or '-')}  →  {safe(edit.after or '-')}")
    for sign, links in (("+", change.links_added), ("-", change.links_removed)):
        for link in links:
            print(f"  link {sign} {safe(link)}")
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    print("\n" + (as_ansi if coloured else as_text)(wording, context=context))

"""``sourcekeep show SOURCE [--at DATE]``: the snapshot of a source."""

from __future__ import annotations

import argparse
import json
import sys

from crawler.archive import Archive, Row
from crawler.cli.barring import barred_line
from crawler.cli.hints import hint
from crawler.cli.options import archive_path
from crawler.cli.output import print_json, safe, withheld_line
from crawler.dates import format_instant, parse_instant
from crawler.errors import UsageError
from crawler.items import BY_HAND, IMPORTED
from crawler.mementos.grading import CLASSES


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    parser.add_argument("source", metavar="SOURCE", help="its URL, a part of it, or its id")
    parser.add_argument("--at", metavar="DATE", help="the snapshot nearest to this date")
    parser.add_argument(
        "--rescued", action="store_true", help="the copy that was brought home from a web archive"
    )
    parser.add_argument(
        "--raw", action="store_true", help="write the payload itself to stdout, byte for byte"
    )


def run(parsed: argparse.Namespace) -> int:
    """Print what the source said. Raises UsageError when no copy is held."""
    at = format_instant(parse_instant(parsed.at)) if parsed.at else None
    with Archive.open_for_reading(archive_path(parsed)) as archive:
        source = archive.reading.source(parsed.source)
        snapshot = archive.reading.snapshot(source["id"], at)
        rescued = archive.reading.rescued_snapshot(source["id"])
        if parsed.rescued or (snapshot is None and rescued is not None):
            snapshot = rescued
        citations = archive.reading.citations(source["id"])
        withheld = archive.withholding.decisions(source["id"])
        note = archive.supplying.note_on(snapshot["id"]) if snapshot else None
        if snapshot is None:
            raise UsageError(
                f"{source['url']}: no copy is held ({_last_seen(source)});"
                f" see: sourcekeep history {source['id']}"
            )
        latest = not parsed.at and not parsed.rescued
        newer = (
            archive.reading.newer_supplied(source["id"], snapshot["captured_at"])
            if latest
            else None
        )
        if parsed.raw:
            sys.stdout.buffer.write(_payload(archive, snapshot["payload"]))
        elif parsed.json:
            print_json({
                "source": source, "snapshot": snapshot, "rescued": rescued,
                "newer": newer, "citations": citations, "decisions": withheld, "note": note,
            })  # fmt: skip
        elif not parsed.quiet:
            if rescued is not None:
                _print_whose(source, snapshot, rescued, parsed)
            _print(source, snapshot, citations, withheld, note)
            if newer is not None:
                _print_newer(source, newer, parsed)
    return 0


def _last_seen(source: Row) -> str:
    outcome, barred = source["last_outcome"], barred_line(source)
    if barred is not None:
        return barred
    return f"last outcome: {outcome}" if outcome else "it was not visited yet"


def _payload(archive: Archive, digest: str) -> bytes:
    try:
        return archive.payloads.get(digest)
    except KeyError as exc:
        raise UsageError(
            f"this archive does not hold {digest}: it was forgotten, or lies in another archive"
        ) from exc


def _origin(snapshot: Row, note: str | None) -> str | None:
    """Return who made a snapshot that is none of our own; None: it is."""
    if snapshot["origin"] == BY_HAND:
        return "a person, who supplied it by hand" + (f": {note}" if note else "")
    if snapshot["origin"] == IMPORTED:
        return "another program; imported from its file"
    return None


def _print(
    source: Row, snapshot: Row, citations: list[Row], withheld: list[Row], note: str | None
) -> None:
    status = snapshot["http_status"]
    facts = {
        "source": f"{source['url']}  (id {source['id']})",
        "captured": f"{snapshot['captured_at']}  ({f'HTTP {status}' if status else 'no status'},"
        f" {snapshot['mime']}, {snapshot['size_bytes']} bytes, {snapshot['record_type']})",
        "made by": _origin(snapshot, note),
        "fetched as": snapshot["captured_url"]
        if snapshot["captured_url"] != source["url"]
        else None,
        "author": snapshot["author"],
        "published": snapshot["published_on"],
        "payload": snapshot["payload"],
        "withheld": withheld_line(withheld) if source["withheld"] else None,
        "barred": barred_line(source),
    }
    print(safe(snapshot["title"] or "(no title)"))
    for name, value in facts.items():
        if value:
            print(f"{name:<11}{safe(value)}")
    for cited in citations:
        ended = f", removed {cited['removed_at']}" if cited["removed_at"] else ""
        where = f"{cited['entry_date'] or 'undated'}  {cited['entry'] or cited['entry_url']}"
        print(f"{'cited by':<11}{safe(where)}  as “{safe(cited['label'])}”{ended}")
    print()
    if source["withheld"]:
        print(f"({source['withheld']}; what is held of the payload is written by --raw)")
    else:
        missing = f"(no text: {snapshot['article_status'] or 'not extracted yet'})"
        print(safe(snapshot["text"] or missing))


def _print_newer(source: Row, newer: Row, parsed: argparse.Namespace) -> None:
    """Say that others have a later copy: ours is shown, because theirs is their word."""
    command = hint(f"sourcekeep show {source['id']} --at {newer['captured_at']}", parsed)
    made_by = _origin(newer, None)
    print(f"\na newer copy is held of {newer['captured_at']}, made by {made_by}: {command}")


def _print_whose(source: Row, snapshot: Row, rescued: Row, parsed: argparse.Namespace) -> None:
    """Say whose copy it is, and how sure it shows the page as it was cited."""
    if snapshot["id"] != rescued["id"]:
        command = hint(f"sourcekeep show {source['id']} --rescued", parsed)
        print(
            f"our own copy; of class {rescued['class']} from {safe(rescued['archive'])},"
            f" {rescued['memento_datetime']}: {command}\n"
        )
        return
    print("brought home from a web archive, not an own capture")
    if rescued["claimed"]:
        print("(imported: what follows, its class too, is what the file says; nobody checked it)")
    facts = {
        "archive": rescued["archive"],
        "memento": f"{rescued['memento_datetime']}{_away(rescued)}",
        "class": f"{rescued['class']}: {CLASSES[rescued['class']]}; proved by {rescued['proof']}",
        "address": rescued["uri_m"] + _under(rescued),
        "retrieved": rescued["retrieved_at"],
    }
    for name, value in facts.items():
        print(f"{name:<11}{safe(value)}")
    print()


def _under(rescued: Row) -> str:
    """Say under which other address of the page it was found."""
    evidence = json.loads(rescued["evidence"] or "{}")
    found = evidence.get("found_under")
    return f" (as {safe(found)}, by {safe(evidence.get('found_by'))})" if found else ""


def _away(rescued: Row) -> str:
    """Return how far a memento is from the citation; nothing where that was forgotten."""
    if rescued["days_away"] is None:
        return ""
    cited = rescued["first_cited_on"] or "undated"
    return f", {rescued['days_away']} days from the citation ({cited})"

"""``sourcekeep certificate SNAPSHOT``: what was fetched, and the proof that it is sealed."""

from __future__ import annotations

import argparse
import json

from crawler.archive import Archive
from crawler.cli.options import archive_path
from crawler.cli.output import print_json, safe
from crawler.dates import format_instant, parse_instant
from crawler.errors import UsageError
from crawler.exports.certificates import certificate_page


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    parser.add_argument(
        "snapshot",
        metavar="SNAPSHOT",
        help="the uid of a capture, or a source: its URL, a part of it, or its id",
    )
    parser.add_argument(
        "--at", metavar="DATE", help="of a source the snapshot nearest to this date"
    )
    parser.add_argument("--html", action="store_true", help="print a page for a browser")


def run(parsed: argparse.Namespace) -> int:
    """Print the certificate of a capture. Raises UsageError for a date beside the uid of one."""
    with Archive.open_for_reading(archive_path(parsed)) as archive:
        certificate = archive.certifying.certificate(_capture(archive, parsed))
    if parsed.html:
        print(certificate_page(certificate), end="")
    elif parsed.json:
        print_json(certificate)
    elif not parsed.quiet:
        facts = certificate["facts"]
        manifest = json.loads(certificate["manifest"]["body"])
        stamps = [f"{each['stamped_at']} by {each['authority']}" for each in certificate["stamps"]]
        stamps += [each["says"] for each in certificate["proofs"]]
        for name, value in (
            ("address", facts["url"]), ("captured", facts["captured_at"]),
            ("payload", facts["payload"]), ("capture", facts["uid"]),
            ("manifest", f"{certificate['manifest']['digest']}, sealed {manifest['sealed_at']}"),
            ("stamped", "; ".join(stamps) or "no"),
        ):  # fmt: skip
            print(f"{name:<11}{safe(value)}")
        print("\nthe certificate itself: --json or --html")
    return 0


def _capture(archive: Archive, parsed: argparse.Namespace) -> int:
    by_uid = archive.certifying.capture_of(parsed.snapshot)
    if by_uid is not None:
        if parsed.at is not None:
            raise UsageError(
                f"{parsed.snapshot} is one capture, of its own date: leave out --at, or name a"
                " source"
            )
        return by_uid
    at = format_instant(parse_instant(parsed.at)) if parsed.at else None
    source = archive.reading.source(parsed.snapshot)
    snapshot = archive.reading.snapshot(source["id"], at)
    if snapshot is None:
        raise UsageError(f"{source['url']}: no copy is held")
    return int(snapshot["id"])

"""``sourcekeep forget SOURCE --reason TEXT``: the bytes and texts go, a tombstone stays."""

from __future__ import annotations

import argparse

from crawler.archive import Archive, Forgotten, Row
from crawler.cli.options import add_clock_option, archive_path, moment
from crawler.cli.output import plural, print_json, progress, safe, size


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument("source", metavar="SOURCE", help="its URL, a part of it, or its id")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why; it is kept")


def run(parsed: argparse.Namespace) -> int:
    """Destroy what a source said, and write the file anew. It cannot be taken back.

    Of one that is forgotten already the file is written anew only: the first time it may have been
    stopped before that, by a full disk or a kill.
    """
    with Archive.open(archive_path(parsed)) as archive, archive.run_lock():
        source = archive.reading.source(parsed.source)
        again = archive.withholding.state(source["id"]) == "forgotten"
        if again:
            gone = Forgotten(payloads=0, size_bytes=0, released=0, shared=())
        else:
            gone = archive.withholding.forget(source["id"], parsed.reason, now=moment(parsed))
        with progress("writing the file anew", quiet=parsed.quiet) as bar:
            archive.withholding.overwrite()
            bar.update()
    if parsed.json:
        print_json({"source": source["id"], "url": source["url"], "forgotten": gone})
    elif again and not parsed.quiet:
        print(f"{safe(source['url'])}: forgotten already; the file was written anew")
    elif not parsed.quiet:
        _print(source, gone)
    return 0


def _print(source: Row, gone: Forgotten) -> None:
    print(
        f"{safe(source['url'])}: forgotten, {plural(gone.payloads, 'payload')} destroyed"
        f" ({size(gone.size_bytes)})"
    )
    if gone.released:
        print(f"{plural(gone.released, 'other payload')} stored anew without them")
    for shared in gone.shared:
        print(f"kept, because it is shared: {shared.digest} with {safe(', '.join(shared.by))}")

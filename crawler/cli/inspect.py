"""``sourcekeep inspect``: the archive in Datasette."""

from __future__ import annotations

import argparse
import shlex
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.archive import Archive
from crawler.archive.selection.public_copy import count_rows
from crawler.cli.ending import ending_in_order
from crawler.cli.options import add_clock_option, archive_path, count, moment
from crawler.cli.output import plural, print_json, progress, size
from crawler.errors import UsageError

if TYPE_CHECKING:
    from crawler.inspect.publishing import Published


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument(
        "--port", type=count, default=8001, metavar="N", help="where to listen (8001); 0: any"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="a loopback address to listen on (127.0.0.1)"
    )
    parser.add_argument("--open", action="store_true", help="open it in the web browser")
    parser.add_argument(
        "--publish",
        type=Path,
        metavar="DIR",
        help="serve nothing; write a public copy with its configuration, to be served elsewhere",
    )


def run(parsed: argparse.Namespace) -> int:
    """Show the archive until interrupted. Raises UsageError when Datasette is not installed."""
    try:
        from crawler.inspect import publishing, serving
    except ImportError as exc:
        raise UsageError(
            f"inspect needs Datasette ({exc.name} is missing); install it with:"
            " pip install 'sourcekeep[inspect]', in a clone pip install '.[inspect]'"
        ) from exc
    path = archive_path(parsed)
    serving.refuse_unspeakable(path)
    Archive.open_for_reading(path).close()  # says in a sentence why it cannot be read
    if parsed.publish is not None:
        quiet = parsed.quiet or parsed.json
        with progress("publish", total=count_rows(path), quiet=quiet) as bar, ending_in_order():
            done = publishing.publish(path, parsed.publish, now=moment(parsed), tick=bar.update)
        _print(done, parsed)
        return 0
    with serving.listen(parsed.host, parsed.port) as listening:
        url = serving.address_of(listening, path)

        def when_ready() -> None:
            if parsed.json:
                print_json({"archive": str(path), "url": url})
            elif not parsed.quiet:
                print(f"{path} is shown at {url} (Ctrl-C ends it)")
            sys.stdout.flush()
            if parsed.open:
                webbrowser.open(url)

        serving.serve(path, listening, when_ready=when_ready)
    return 0


def _print(done: Published, parsed: argparse.Namespace) -> None:
    """Say what was written, and what was left out."""
    left_out = done.left_out
    if parsed.json:
        print_json({
            "folder": str(done.folder), "archive": str(done.archive),
            "size_bytes": done.size_bytes, "sources_left_out": left_out.sources,
            "payloads_left_out": left_out.payloads,
        })  # fmt: skip
    elif not parsed.quiet:
        print(f"{done.archive}, {size(done.size_bytes)}: a public copy")
        print(
            f"left out: {plural(left_out.sources, 'source')} withheld,"
            f" {plural(left_out.payloads, 'page')} that forbid copies, and what belongs to this"
            " machine: inputs, settings, pacing"
        )
        print(f"serve it with: datasette {shlex.quote(str(done.folder))}")

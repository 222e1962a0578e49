"""``sourcekeep inspect``: the archive in Datasette."""

from __future__ import annotations

import argparse
import sys
import webbrowser

from crawler.archive import Archive
from crawler.cli.options import archive_path, count
from crawler.cli.output import print_json
from crawler.errors import UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    parser.add_argument(
        "--port", type=count, default=8001, metavar="N", help="where to listen (8001); 0: any"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="a loopback address to listen on (127.0.0.1)"
    )
    parser.add_argument("--open", action="store_true", help="open it in the web browser")


def run(parsed: argparse.Namespace) -> int:
    """Show the archive until interrupted. Raises UsageError when Datasette is not installed."""
    try:
        from crawler.inspect import serving
    except ImportError as exc:
        raise UsageError(
            f"inspect needs Datasette ({exc.name} is missing); install it with:"
            " pip install 'sourcekeep[inspect]'"
        ) from exc
    path = archive_path(parsed)
    serving.refuse_unspeakable(path)
    Archive.open_for_reading(path).close()  # says in a sentence why it cannot be read
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

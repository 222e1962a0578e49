"""``sourcekeep backup DEST``: a whole, verified copy of the archive."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from crawler.archive import Archive, Verification
from crawler.cli.ending import ending_in_order
from crawler.cli.exits import EXIT_DONE, EXIT_INTEGRITY
from crawler.cli.options import archive_path
from crawler.cli.output import print_json, progress, size
from crawler.cli.verify import Steps, print_verification


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    parser.add_argument(
        "destination", metavar="DEST", help="a file to make, or a folder to make it in"
    )


def run(parsed: argparse.Namespace) -> int:
    """Copy and verify. The exit code is 4 when what was copied is damaged; no copy is kept then."""
    path, destination = archive_path(parsed), Path(parsed.destination)
    with progress("copying", quiet=parsed.quiet) as bar, ending_in_order():
        steps = Steps(bar)
        found = Archive.back_up(path, destination, on_copied=steps.pages, on_verified=steps)
    made = destination / path.name if destination.is_dir() else destination
    if parsed.json:
        print_json({"backup": str(made), "sound": found.sound, **asdict(found)})
    elif not found.sound:
        print_verification(found, quiet=parsed.quiet)
        print(f"{path} is damaged: no backup was made")
    elif not parsed.quiet:
        print(f"{made}: {size(made.stat().st_size)}, {found.payloads} payloads, {_state(found)}")
    return EXIT_DONE if found.sound else EXIT_INTEGRITY


def _state(found: Verification) -> str:
    """Say how far a copy was verified, and when it was sealed."""
    if found.schema is not None:
        return f"checked row by row; {'; '.join(found.notes)}"
    return f"verified; {f'sealed {found.sealed_at}' if found.sealed_at else 'never sealed'}"

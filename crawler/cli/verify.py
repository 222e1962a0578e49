"""``sourcekeep verify``: is everything as it was sealed?"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from crawler.archive import Archive, Verification
from crawler.cli.exits import EXIT_DONE, EXIT_INTEGRITY
from crawler.cli.hints import RESTORE
from crawler.cli.options import archive_path
from crawler.cli.output import plural, print_json, progress, safe, size
from crawler.errors import UsageError
from crawler.stamping.headers import read_headers

SHOWN = 100  # findings that are printed; --json has all


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    parser.add_argument(
        "--sample",
        metavar="PART",
        help="look at part of the rows and payloads only: 5%% of them, or as many as give N"
        " payloads",
    )
    parser.add_argument(
        "--headers",
        metavar="FILE",
        help="headers of Bitcoin blocks to hold proofs of OpenTimestamps against: 80 bytes each, or"
        " lines of HEIGHT:HEADER in hex",
    )


def run(parsed: argparse.Namespace) -> int:
    """Check the archive. The exit code is 4 when anything is wrong."""
    path = archive_path(parsed)
    share = _share(parsed.sample, lambda: _payloads(path)) if parsed.sample else None
    headers = read_headers(Path(parsed.headers)) if parsed.headers else None
    with progress("verifying", quiet=parsed.quiet) as bar:
        found = Archive.verify(path, sample=share, headers=headers, on_step=Steps(bar))
    if parsed.json:
        print_json({"sound": found.sound, **asdict(found)})
    elif not parsed.quiet or not found.sound:
        print_verification(found, quiet=parsed.quiet)
    return EXIT_DONE if found.sound else EXIT_INTEGRITY


class Steps:
    """Moves the bar."""

    def __init__(self, bar: tqdm[object]) -> None:
        self._bar = bar

    def pages(self, done: int, total: int) -> None:
        """Show how much is copied."""
        self("copying", done, total)

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show how far it is."""
        self._bar.total = total
        self._bar.set_description(what, refresh=False)
        self._bar.n = done
        self._bar.refresh() if done >= total else self._bar.update(0)


def _share(text: str, payloads: Callable[[], int]) -> float:
    """Return the share that an option names. Raises UsageError."""
    number, percent = text.removesuffix("%"), text.endswith("%")
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e12 or (percent and value > 100):
        raise UsageError(f"--sample {text}: write a number of payloads, or a percentage: 5%")
    return value / 100 if percent else min(1.0, value / max(1, payloads()))


def _payloads(path: Path) -> int:
    with Archive.open_for_reading(path) as archive:
        return archive.payloads.count()


def print_verification(found: Verification, *, quiet: bool) -> None:
    """Say what was found; when quiet, only what is wrong."""
    if not quiet:
        print("\n".join(_summary(found)))
    for finding in found.findings[:SHOWN]:
        print(safe(finding))
    if len(found.findings) > SHOWN:
        print(f"… and {len(found.findings) - SHOWN} more; --json names all")
    for note in found.notes:
        print(safe(note))
    if not quiet:
        print(
            "sound" if found.sound
            else f"DAMAGED: {plural(len(found.findings), 'thing')} wrong; {RESTORE}"
        )  # fmt: skip


def _summary(found: Verification) -> Iterator[str]:
    part = "" if found.sample is None else f" (a sample: {found.sample:.1%})"
    yield (
        f"rows       {sum(found.tables.values())} in {plural(len(found.tables), 'table')} are as"
        f" they were sealed{part}"
    )
    if found.unsealed:
        told = ", ".join(f"{count} in {table}" for table, count in found.unsealed.items())
        yield f"not sealed yet: {told}; the next command that writes seals them"
    yield f"payloads   {found.payloads} decoded, {size(found.payload_bytes)}"
    if found.forgotten:
        yield f"forgotten  {plural(found.forgotten, 'payload')}, by their tombstones"
    if found.elsewhere:
        first = ", ".join(found.elsewhere_first)
        yield f"elsewhere  {plural(found.elsewhere, 'payload')} not in this file: {first}"
    if found.head:
        yield (
            f"manifests  {found.manifests}, the latest {found.head} of {found.sealed_at};"
            f" the file beside: {found.beside}"
        )
    else:
        yield "manifests  none: nothing was sealed so far"
    if found.stamps:
        fit = plural(found.stamps, "stamp fits its manifest", "stamps fit their manifests")
        yield f"stamps     {fit}"
    yield from (f"  {each}" for each in found.attestations[-SHOWN:])

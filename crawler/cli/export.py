"""``sourcekeep export FORMAT DEST``: what is kept, in a form that other programs read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from crawler.archive import Archive, Selected, Selection
from crawler.archive.selection.choosing import near, period, verdict_called
from crawler.cli.ending import ending_in_order
from crawler.cli.exits import EXIT_DONE, EXIT_INTEGRITY
from crawler.cli.options import add_clock_option, archive_path, count, moment
from crawler.cli.output import plural, print_json, progress
from crawler.errors import UsageError
from crawler.exports.destination import STDOUT, check_file, check_folder, new_file, new_folder
from crawler.exports.formats import FORMATS, FileFormat, FolderFormat
from crawler.exports.order import MAX_SIZE_BYTES, Order, checked_base_url
from crawler.exports.signing import Signer, read_signer

LINKING = {"markdown", "timemap", "robustlinks", "hugo", "eleventy"}  # formats that link to copies


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did, as it is printed."""

    format: str
    destination: str  # "-" is stdout
    captures: int
    attempts: int | None  # that got no answer, of formats that tell of them
    entries: int | None  # with their links, of formats that are about entries
    rows: int | None  # of a table or view
    files: int  # in the folder, or 1
    signed_by: str | None  # digest of the public key; None: it is not signed
    damaged: tuple[str, ...]  # digests of payloads that could not be read, and were left out


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "formats:\n" + "\n".join(
        f"  {name:<12} {each.sentence}" for name, each in FORMATS.items()
    )
    add_clock_option(parser)
    parser.add_argument("format", metavar="FORMAT", help="one of the formats below")
    parser.add_argument(
        "destination", metavar="DEST", help="the file or folder to make; - is stdout"
    )
    parser.add_argument("--force", action="store_true", help="replace an export that is there")
    parser.add_argument(
        "--max-size", type=count, metavar="MB",
        help="of warc and wacz: begin another WARC file after so many megabytes (1000)",
    )  # fmt: skip
    parser.add_argument(
        "--base-url", metavar="URL",
        help="where the copies will be, for formats that link to them; else relative names",
    )  # fmt: skip
    parser.add_argument("--table", metavar="NAME", help="of csv: this table or view instead")
    parser.add_argument(
        "--quoted", action="store_true", help="of csv: make cells safe that a spreadsheet would run"
    )
    parser.add_argument(
        "--sign", metavar="FILE", help="of wacz: sign it with this private key, PEM (ECDSA, P-384)"
    )
    _add_filters(parser)


def _add_filters(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to export (all that is kept, unless told)")
    for name, metavar, meaning in (
        ("entry", "ENTRY", "what this entry cites: its id, address, or part of its title"),
        ("source", "SOURCE", "this source: its id, URL, or part of it"),
        ("host", "HOST", "sources of this host"),
        ("topic", "TOPIC", "what entries of this topic cite"),
        ("run", "RUN", "what this run kept: its id or uid"),
        ("verdict", "STATE", "sources of which this is concluded now"),
    ):
        group.add_argument(
            f"--{name}", metavar=metavar, action="append", default=[],
            help=f"{meaning}; may be repeated",
        )  # fmt: skip
    group.add_argument("--from", dest="since", metavar="DATE", help="captured on this day or later")
    group.add_argument("--to", dest="until", metavar="DATE", help="captured on this day or before")
    group.add_argument(
        "--nearest", action="store_true",
        help="of each source only the snapshot nearest to the date of its citation",
    )  # fmt: skip
    group.add_argument(
        "--public", action="store_true",
        help="fit to be passed on: no payload whose page forbids copies, no secrets of addresses",
    )  # fmt: skip


def run(parsed: argparse.Namespace) -> int:
    """Write the export, and say what it holds."""
    form = FORMATS.get(parsed.format)
    if form is None:
        raise UsageError(
            f"there is no format {parsed.format!r}{near(parsed.format, FORMATS)};"
            f" the formats are: {', '.join(FORMATS)}"
        )
    _refuse_options(parsed)
    now = moment(parsed)
    signer = read_signer(Path(parsed.sign)) if parsed.sign else None
    _check_destination(form, parsed)
    with Archive.open_for_reading(archive_path(parsed)) as archive:
        selection = _selection(archive, parsed)
        with archive.selecting.select(selection) as selected:
            attempts = selected.attempts if form.has_attempts else None
            if not len(selected) and not attempts:
                raise _nothing(selected)
            with ending_in_order():
                files, steps = _write(form, selected, parsed, now, signer)
            done = Exported(
                parsed.format, parsed.destination, len(selected), attempts,
                steps if form.counts_entries else None, steps if parsed.table else None, files,
                signer.fingerprint if signer else None, tuple(selected.damaged),
            )  # fmt: skip
    _tell(done, parsed)
    return EXIT_INTEGRITY if done.damaged else EXIT_DONE


def _refuse_options(parsed: argparse.Namespace) -> None:
    """Refuse options that would do nothing. Raises UsageError."""
    if parsed.format != "csv" and (parsed.table or parsed.quoted):
        raise UsageError("--table and --quoted are options of csv")
    if parsed.sign and parsed.format != "wacz":
        raise UsageError("--sign is an option of wacz")
    if parsed.max_size is not None and parsed.format not in ("warc", "wacz"):
        raise UsageError("--max-size is an option of warc and wacz")
    if parsed.max_size == 0:
        raise UsageError("--max-size: write 1 or more")
    if parsed.base_url and parsed.format not in LINKING:
        raise UsageError(f"--base-url: {parsed.format} links to no copies")
    checked_base_url(parsed.base_url)


def _check_destination(form: FileFormat | FolderFormat, parsed: argparse.Namespace) -> None:
    """Refuse a place that will not do before anything is read. Raises UsageError."""
    path = Path(parsed.destination)
    if isinstance(form, FolderFormat):
        if parsed.destination == STDOUT:
            raise UsageError(f"{parsed.format} is a folder, which cannot go to stdout: name one")
        check_folder(path, force=parsed.force)
    elif parsed.destination != STDOUT:
        check_file(path, force=parsed.force)
    elif not form.is_text and sys.stdout.isatty():
        raise UsageError(f"{parsed.format} is no text for a terminal: name a file")


def _selection(archive: Archive, parsed: argparse.Namespace) -> Selection:
    """Return what the filters mean. Raises UsageError with one sentence for a wrong one."""
    choosing = archive.choosing
    since, until = period(parsed.since, parsed.until)
    return Selection(
        entries=tuple(map(choosing.entry, parsed.entry)),
        sources=tuple(map(choosing.source, parsed.source)),
        hosts=tuple(map(choosing.host, parsed.host)),
        topics=tuple(map(choosing.topic, parsed.topic)),
        since=since,
        until=until,
        runs=tuple(map(choosing.run, parsed.run)),
        verdicts=tuple(map(verdict_called, parsed.verdict)),
        nearest=parsed.nearest,
        public=parsed.public,
    )


def _nothing(selected: Selected) -> UsageError:
    return UsageError(
        "nothing fits these filters; nothing was written" if selected.selection.is_narrowed
        else "nothing is kept yet; nothing was written"
    )  # fmt: skip


def _write(
    form: FileFormat | FolderFormat,
    selected: Selected,
    parsed: argparse.Namespace,
    now: datetime,
    signer: Signer | None,
) -> tuple[int, int]:
    """Write the export; return of how many files it is, and of how many captures, entries or rows.

    The second is 0 for formats that do not go through them one by one.
    """
    of_fetches = len(selected) + (selected.attempts if form.has_attempts else 0)
    total = selected.count_entries() if form.counts_entries else of_fetches
    unit = "entries" if form.counts_entries else "captures"
    steps = 0
    with progress(unit, total=None if parsed.table else total, quiet=parsed.quiet) as bar:

        def step() -> None:
            nonlocal steps
            steps += 1
            bar.update()

        max_size = MAX_SIZE_BYTES if parsed.max_size is None else parsed.max_size * 10**6
        order = Order(
            now=now, base_url=checked_base_url(parsed.base_url), quoted=parsed.quoted,
            as_yaml=parsed.destination.lower().endswith((".yaml", ".yml")), table=parsed.table,
            max_size_bytes=max_size, signer=signer, step=step,
        )  # fmt: skip
        if isinstance(form, FileFormat):
            with _file(parsed) as out:
                form.write(selected, out, order)
            return 1, steps
        with new_folder(
            Path(parsed.destination), format_name=parsed.format, force=parsed.force
        ) as folder:
            form.write(selected, folder, order)
            return folder.files, steps


@contextmanager
def _file(parsed: argparse.Namespace) -> Iterator[BinaryIO]:
    if parsed.destination != STDOUT:
        with new_file(Path(parsed.destination), force=parsed.force) as file:
            yield file
        return
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


def _tell(done: Exported, parsed: argparse.Namespace) -> None:
    """Print what was written; nothing where the export itself went to stdout."""
    for digest in done.damaged:
        print(f"sourcekeep: damaged, left out: {digest}", file=sys.stderr)
    if done.destination == STDOUT or (parsed.quiet and not parsed.json):
        return
    if parsed.json:
        print_json(done)
    else:
        files = "" if done.files == 1 else f" in {plural(done.files, 'file')}"
        print(f"{_measured(done)} exported to {done.destination}{files}")
        if done.signed_by:
            print(f"signed with the key {done.signed_by}")


def _measured(done: Exported) -> str:
    """Return how much was exported, in what the format is about."""
    if done.rows is not None:
        return plural(done.rows, "row")
    if done.entries is not None:
        return plural(done.entries, "entry", "entries")
    failed = f" and {plural(done.attempts, 'attempt')} without an answer" if done.attempts else ""
    return plural(done.captures, "capture") + failed

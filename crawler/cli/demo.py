"""``sourcekeep demo``: the main job on a small web on this machine."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from crawler.archive import Archive
from crawler.cli.catalogue import run_catalogue
from crawler.cli.options import add_setting_option
from crawler.cli.output import plural, print_json, print_table, shorten
from crawler.dates import format_instant
from crawler.demo import LOOKS, START, DemoWeb
from crawler.errors import ArchiveError, SourcekeepError, UsageError

LOOPBACK = ("http://127.", "https://127.")
SHOWN = 16  # snapshots in the table at the end

Rows = list[dict[str, object]]


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_setting_option(parser)
    parser.add_argument(
        "--catalogue",
        action="store_true",
        help="crawl the catalogue of behaviours instead, and tell what was understood;"
        " its archive is temporary unless one is named",
    )


def run(parsed: argparse.Namespace) -> int:
    """Crawl the demo web on some days of its clock and print what is held, and what was lost."""
    if parsed.catalogue and not parsed.archive:
        with TemporaryDirectory(prefix="sourcekeep-") as folder:
            return run_catalogue(Path(folder) / "catalogue.db", parsed)
    path = Path(parsed.archive or "demo.db")
    _make_room(path)
    if parsed.catalogue:
        return run_catalogue(path, parsed)
    talk = not (parsed.quiet or parsed.json)
    with DemoWeb() as web:
        for gap in LOOKS:
            moment = START + gap
            web.move_to(moment)
            if talk:
                print(f"\n— on {moment:%d %B %Y} of the demo's clock —")
            _crawl(web, path, moment, parsed, talk=talk)
    report(path, parsed)
    return 0


def report(path: Path, parsed: argparse.Namespace) -> None:
    """Print what the archive of a demo holds, unless that is to be quiet."""
    with Archive.open_for_reading(path) as archive:
        reading = archive.reading
        found = {
            "snapshots": [dict(row) for row in reading.snapshots(limit=200)],
            "lost": [dict(row) for row in reading.lost(limit=200)],
            "never_captured": [dict(row) for row in reading.never_captured(limit=200)],
        }
    if parsed.json:
        print_json({"archive": str(path), **found})
    elif not parsed.quiet:
        _print(path, **found)


def _make_room(path: Path) -> None:
    """Remove an earlier demo's archive. Raises UsageError when the file holds anything else."""
    if not path.exists():
        return
    try:
        with Archive.open_for_reading(path) as archive:
            inputs = [str(row["locator"]) for row in archive.reading.inputs()]
            held = archive.reading.source_urls()
    except ArchiveError as exc:
        raise UsageError(f"{path} exists and is no demo archive; name another file") from exc
    # all inputs, whether they are still read or not; and a site that is written on this machine
    # cites the web
    if not inputs or not all(address.startswith(LOOPBACK) for address in (*inputs, *held)):
        raise UsageError(f"{path} holds other things than a demo; name another file: --archive")
    with Archive.open(path) as archive, archive.run_lock():  # raises when a demo is at work on it
        archive.remove()


def _crawl(
    web: DemoWeb, path: Path, moment: datetime, parsed: argparse.Namespace, *, talk: bool
) -> None:
    """Run the real command in a process of its own, so that the demo shows nothing special."""
    words = [
        "crawl", f"{web.base_url}/news/2026/01/5/index.md", "--since", "2026-01-05",
        "--archive", str(path), "--now", format_instant(moment), "--allow", "127.0.0.0/8",
        "--delay", "0", "-s", "DOWNLOAD_TIMEOUT=5", "-s", "RETRY_TIMES=1",
    ]  # fmt: skip
    words += [word for pair in parsed.settings for word in ("-s", pair)]
    words += [] if talk else ["--quiet"]
    if talk:
        print(f"$ sourcekeep {shlex.join(words)}", flush=True)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-m", "crawler", *words], env=environment, check=False)
    if done.returncode:
        raise SourcekeepError(f"the demo's crawl ended with exit code {done.returncode}")


def _print(path: Path, snapshots: Rows, lost: Rows, never_captured: Rows) -> None:
    print(f"\n{plural(len(snapshots), 'snapshot')} in {path}; the latest that brought new bytes:\n")
    new = [row for row in snapshots if row["record_type"] == "response"][-SHOWN:]
    print_table(_cut(new, title=70), ["captured_at", "http_status", "words", "title"])
    print("\nentries that lost a source:\n")
    print_table(
        _cut(lost, entry=40, title=40),
        ["date", "entry", "title", "verdict_since", "good_capture_at"],
    )
    print("\ncited, but no copy could be had:\n")
    print_table(never_captured, ["last_outcome", "last_reason", "url"])
    print("\ntry next:")
    gone = [[verb, str(row["source"])] for row in lost[:1] for verb in ("show", "why")]
    for words in (*gone, ["status"], ["inspect", "--open"]):
        print(f"  .venv/bin/sourcekeep {shlex.join([*words, '--archive', str(path)])}")


def _cut(rows: Rows, **widths: int) -> Rows:
    """Return the rows with some of their texts cut, so that they fit on a line."""
    return [
        {**row, **{name: shorten(str(row[name]), width) for name, width in widths.items()}}
        for row in rows
    ]

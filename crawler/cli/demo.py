"""``sourcekeep demo``: the main job on a small web on this machine."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from crawler.archive import Archive
from crawler.cli.catalogue import run_catalogue
from crawler.cli.options import add_setting_option
from crawler.cli.output import plural, print_json, print_table, shorten
from crawler.dates import format_instant
from crawler.demo import START, DemoWeb
from crawler.errors import ArchiveError, SourcekeepError, UsageError

# The days on which the demo looks: at first, and after some sources changed and some vanished.
DAYS = (timedelta(0), timedelta(days=60))
LOOPBACK = "http://127."


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
    """Crawl the demo web on two days of its clock and print what is held."""
    if parsed.catalogue and not parsed.archive:
        with TemporaryDirectory(prefix="sourcekeep-") as folder:
            return run_catalogue(Path(folder) / "catalogue.db", parsed)
    path = Path(parsed.archive or "demo.db")
    _make_room(path)
    if parsed.catalogue:
        return run_catalogue(path, parsed)
    talk = not (parsed.quiet or parsed.json)
    with DemoWeb() as web:
        for gap in DAYS:
            moment = START + gap
            web.move_to(moment)
            if talk:
                print(f"\n— on {moment:%d %B %Y} of the demo's clock —")
            _crawl(web, path, moment, parsed, talk=talk)
    with Archive.open_for_reading(path) as archive:
        snapshots = [dict(row) for row in archive.reading.snapshots(limit=200)]
        missing = [dict(row) for row in archive.reading.never_captured(limit=200)]
    if parsed.json:
        print_json({"archive": str(path), "snapshots": snapshots, "never_captured": missing})
    elif not parsed.quiet:
        _print(path, snapshots, missing)
    return 0


def _make_room(path: Path) -> None:
    """Remove an earlier demo's archive. Raises UsageError when the file holds anything else."""
    if not path.exists():
        return
    try:
        with Archive.open_for_reading(path) as archive:
            inputs = archive.ledger.inputs()
    except ArchiveError as exc:
        raise UsageError(f"{path} exists and is no demo archive; name another file") from exc
    if not inputs or not all(source.locator.startswith(LOOPBACK) for source in inputs):
        raise UsageError(f"{path} holds other things than a demo; name another file: --archive")
    with Archive.open(path) as archive, archive.run_lock():  # raises when a demo is at work on it
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


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


def _print(
    path: Path, snapshots: list[dict[str, object]], missing: list[dict[str, object]]
) -> None:
    print(f"\n{plural(len(snapshots), 'snapshot')} in {path}, the latest of them:\n")
    rows = [{**row, "title": shorten(str(row["title"]), 60)} for row in snapshots[-24:]]
    print_table(rows, ["captured_at", "http_status", "record_type", "words", "title"])
    if missing:
        print("\ncited, but no copy could be had:\n")
        print_table(missing, ["last_outcome", "last_reason", "url"])
    longest = max(snapshots, key=lambda row: int(str(row["words"] or 0)), default=None)
    if longest is not None:
        print("\ntry next:")
        print(f"  .venv/bin/sourcekeep show {longest['source']} --archive {path}")
        print(f"  .venv/bin/sourcekeep history {longest['source']} --archive {path}")
        print(f"  .venv/bin/sourcekeep status --archive {path}")

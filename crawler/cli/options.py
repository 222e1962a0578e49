"""Options that several commands share, and the Scrapy settings that they stand for."""

from __future__ import annotations

import argparse
import os
from datetime import datetime
from pathlib import Path

from crawler.dates import parse_instant, utc_now
from crawler.errors import UsageError


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command."""
    group = parser.add_argument_group("options of every command")
    group.add_argument(
        "--archive",
        type=file_name,
        metavar="PATH",
        help="the archive (default: $SOURCEKEEP_ARCHIVE, else archive.db; of demo: demo.db)",
    )
    group.add_argument("--json", action="store_true", help="print the result as JSON")
    group.add_argument("--quiet", action="store_true", help="print nothing unless it fails")


def add_clock_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--now``, for the commands whose work depends on the time."""
    parser.add_argument(
        "--now", metavar="INSTANT", help="pretend that it is this UTC instant (what-if, tests)"
    )


def add_setting_option(parser: argparse.ArgumentParser) -> None:
    """Add ``-s``, for the commands that read settings."""
    parser.add_argument(
        "-s",
        metavar="NAME=VALUE",
        dest="settings",
        action="append",
        default=[],
        help="a setting of Scrapy or of ours, as docs/settings.md lists them; may be repeated",
    )


def add_fetch_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the commands that visit sources."""
    add_network_options(parser)
    group = parser.add_argument_group("visits")
    group.add_argument("--max-fetches", type=count, metavar="N", help="make at most N visits")
    group.add_argument(
        "--max-per-host", type=count, metavar="N", help="make at most N visits to one host"
    )


def add_network_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of whatever asks other machines."""
    group = parser.add_argument_group("fetching")
    group.add_argument(
        "--contact",
        metavar="ADDRESS",
        help="a URL or mail address for the user agent: please set it",
    )
    group.add_argument("--delay", type=seconds, metavar="S", help="between requests to a host (5)")
    group.add_argument("--max-time", type=count, metavar="S", help="begin nothing after S seconds")
    group.add_argument("--proxy", metavar="URL", help="fetch through this proxy")
    group.add_argument(
        "--allow",
        metavar="CIDR",
        action="append",
        default=[],
        help="let this network be dialled besides global addresses (127.0.0.0/8); may be repeated",
    )


def archive_path(parsed: argparse.Namespace) -> Path:
    """Return the archive that is meant."""
    return Path(parsed.archive or os.environ.get("SOURCEKEEP_ARCHIVE") or "archive.db")


def moment(parsed: argparse.Namespace) -> datetime:
    """Return the present instant, or the pretended one. Raises BadDate."""
    return pretended(parsed.now) if parsed.now else utc_now()


def pretended(text: str) -> datetime:
    """Return the instant of ``--now``. Raises BadDate, and UsageError where no calendar reaches.

    Delays are added to it and ages taken from it, some of decades.
    """
    instant = parse_instant(text)
    if not 1900 <= instant.year < 9000:
        raise UsageError(f"--now {text}: write a year from 1900 to 8999")
    return instant


def settings_of(parsed: argparse.Namespace) -> dict[str, object]:
    """Return the Scrapy settings that the options stand for. Raises UsageError."""
    chosen: dict[str, object] = {}
    for pair in parsed.settings:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"-s {pair}: write NAME=VALUE")
        chosen[name.strip()] = value
    if parsed.archive or "SOURCEKEEP_ARCHIVE" not in chosen:
        chosen["SOURCEKEEP_ARCHIVE"] = str(archive_path(parsed))
    if parsed.now:
        chosen["SOURCEKEEP_NOW"] = pretended(parsed.now).isoformat()
    chosen.update(_fetch_settings(parsed))
    return chosen


def _fetch_settings(parsed: argparse.Namespace) -> dict[str, object]:
    by_option = {
        "contact": "SOURCEKEEP_CONTACT",
        "delay": "DOWNLOAD_DELAY",
        "max_fetches": "SOURCEKEEP_MAX_FETCHES",
        "max_per_host": "SOURCEKEEP_MAX_FETCHES_PER_HOST",
        "max_time": "SOURCEKEEP_MAX_SECONDS",
        "proxy": "SOURCEKEEP_PROXY",
        "allow": "SOURCEKEEP_ALLOW",
        "report": "SOURCEKEEP_REPORT_DIR",
    }
    given = {setting: getattr(parsed, option, None) for option, setting in by_option.items()}
    return {setting: value for setting, value in given.items() if value not in (None, [])}


def file_name(text: str) -> str:
    """Return the name of a file, as given.

    An empty one comes from a shell variable that is not set, and would mean the default archive.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty: name a file, or leave the option out")
    return text


def seconds(text: str) -> float:
    """Return the seconds that an option names."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"{text}: write seconds, 0 or more")
    return value


def count(text: str) -> int:
    """Return the whole number that an option names."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text}: write a whole number, 0 or more")
    return int(text)

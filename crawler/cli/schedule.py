"""``sourcekeep schedule KIND``: print what makes this machine, or GitHub, run the crawl."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path

from crawler.cli.options import archive_path, count, seconds
from crawler.cli.output import print_json
from crawler.errors import UsageError
from crawler.intake.inputs import classify_input
from crawler.timers import (
    INTERVALS,
    Every,
    Job,
    cron_text,
    default_seconds,
    github_text,
    systemd_text,
    systemd_units,
)

_KINDS = ("cron", "systemd", "github")
_EVERY: dict[str, Every] = {"cron": "1h", "systemd": "1h", "github": "3h"}
_GITHUB_SECONDS = 1800  # its minutes are counted, and a run that is cut short goes on next time
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    parser.add_argument("kind", choices=_KINDS, metavar="KIND", help="cron, systemd or github")
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="INPUT",
        help="inputs that each run adds and reads; without any, all that were added are read",
    )
    parser.add_argument(
        "--every",
        choices=INTERVALS,
        metavar="INTERVAL",
        help=f"{', '.join(INTERVALS)} (1h; github: 3h)",
    )
    parser.add_argument("--contact", metavar="ADDRESS", help="a URL or mail address: please set it")
    parser.add_argument("--delay", type=seconds, metavar="S", help="between requests to a host (5)")
    parser.add_argument(
        "--max-fetches", type=count, metavar="N", help="make at most N visits a run"
    )
    parser.add_argument(
        "--max-per-host", type=count, metavar="N", help="of them at most N to one host"
    )
    parser.add_argument(
        "--max-time",
        type=count,
        metavar="S",
        help="begin no visit after S seconds (four fifths of the interval; github: at most 1800)",
    )
    parser.add_argument(
        "--strict", action="store_true", help="also tell when something needs attention"
    )
    parser.add_argument("--log-file", metavar="PATH", help="keep a log there, with rotation")
    parser.add_argument(
        "--name", default="sourcekeep", metavar="NAME", help="of units and workflow (sourcekeep)"
    )


def run(parsed: argparse.Namespace) -> int:
    """Print the text; nothing is written anywhere."""
    job = _job(parsed)
    texts = _texts(parsed.kind, job)
    if parsed.json:
        print_json({"kind": parsed.kind, "texts": texts})
    elif not parsed.quiet:
        print(systemd_text(job) if parsed.kind == "systemd" else "".join(texts.values()), end="")
    return 0


def _texts(kind: str, job: Job) -> dict[str, str]:
    """The files that the text is about, by name."""
    if kind == "cron":
        return {"crontab": cron_text(job)}
    if kind == "systemd":
        return systemd_units(job)
    try:
        return {f"{job.name}.yml": github_text(job)}
    except ValueError as exc:
        raise UsageError(f"{exc}: GitHub would take ${{{{ for an expression") from exc


def _job(parsed: argparse.Namespace) -> Job:
    every: Every = parsed.every or _EVERY[parsed.kind]
    if not _NAME.fullmatch(parsed.name):
        raise UsageError(f"--name {parsed.name}: write letters, digits, '-', '_' and '.' only")
    local = parsed.kind != "github"
    usual = default_seconds(every) if local else min(default_seconds(every), _GITHUB_SECONDS)
    if not local and parsed.log_file:
        raise UsageError("--log-file: a log of GitHub's is on the page of the run")
    job = Job(
        program=_program(),
        archive=str(archive_path(parsed).expanduser().resolve()),
        every=every,
        max_seconds=usual if parsed.max_time is None else parsed.max_time,
        contact=parsed.contact,
        max_fetches=parsed.max_fetches,
        max_per_host=parsed.max_per_host,
        delay_s=parsed.delay,
        inputs=tuple(_absolute(text) if local else _relative(text) for text in parsed.inputs),
        log_file=str(Path(parsed.log_file).expanduser().resolve()) if parsed.log_file else None,
        strict=parsed.strict,
        name=parsed.name,
    )
    for word in (*job.words(), job.contact or ""):
        if not word.isprintable():
            raise UsageError(f"{word!r}: no timer can hold a line break or control character")
    return job


def _program() -> tuple[str, ...]:
    """How this installation is called from anywhere: its own script, else its Python."""
    beside = Path(sys.executable).parent / "sourcekeep"
    if shutil.which(str(beside)):
        return (str(beside),)
    return (sys.executable, "-m", "crawler")


def _absolute(text: str) -> str:
    kind, locator = classify_input(text)
    return text if kind == "url" else locator


def _relative(text: str) -> str:
    """An input as it is named in the repository's own folder, where the workflow runs."""
    if "://" in text:
        return _absolute(text)
    if Path(text).is_absolute() or ".." in Path(text).parts:
        raise UsageError(f"{text}: name the input as it lies in the repository: news/")
    return text

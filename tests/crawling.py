"""Running the real command line in a process of its own, for the tests."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from crawler.dates import format_instant
from tests import commands


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(**extra: str) -> dict[str, str]:
    """The environment of this process without proxies and without our own variables."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith("SOURCEKEEP_")
    }
    return {**kept, **extra}


def sourcekeep(
    *words: object, cwd: Path | None = None, timeout: float = 90, **variables: str
) -> Outcome:
    """Run ``sourcekeep`` to its end."""
    done = commands.run(
        [str(word) for word in words],
        cwd=cwd,
        environment=environment(**variables),
        timeout=timeout,
    )
    return Outcome(done.code, done.out, done.err)


def begin(*words: object, source: str | None = None, **variables: str) -> commands.Begun:
    """Begin ``sourcekeep``, or the source of a program around it, and leave it running."""
    return commands.begin(*words, source=source, environment=environment(**variables))


def scrapy(*words: object, **variables: str) -> commands.Ended:
    """Run ``scrapy`` to its end."""
    return begin(*words, source="from scrapy.cmdline import execute\nexecute()", **variables).ended(
        90
    )


def crawl_words(archive: Path, now: datetime, *words: object) -> list[str]:
    """The words of a crawl on loopback, without waiting."""
    return [
        "crawl", "--archive", str(archive), "--now", format_instant(now),
        "--allow", "127.0.0.0/8", "--delay", "0",
        "-s", "DOWNLOAD_TIMEOUT=3", "-s", "RETRY_TIMES=1", "-s", "SOURCEKEEP_WORKERS=1",
        *map(str, words),
    ]  # fmt: skip


def crawl(archive: Path, now: datetime, *words: object, timeout: float = 90) -> Outcome:
    """Run ``sourcekeep crawl --json`` on loopback, which must succeed."""
    outcome = sourcekeep(*crawl_words(archive, now, *words), "--json", timeout=timeout)
    assert outcome.code == 0, outcome.err
    return outcome


def rows(archive: Path, query: str, *values: object) -> list[dict[str, Any]]:
    """The rows of a query on an archive."""
    connection = sqlite3.connect(archive)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(query, values)]
    finally:
        connection.close()


def value(archive: Path, query: str, *values: object) -> Any:
    """The one value of a query on an archive."""
    (row,) = rows(archive, query, *values)
    (found,) = row.values()
    return found

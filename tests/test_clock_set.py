"""The machine's clock is wrong, or is set while a run lasts; and time zones and years to come.

libfaketime (Debian: libfaketime) shows a process another wall clock, and sets it while it runs.
The clocks that only go forward stay what they are.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.dates import parse_instant
from crawler.demo import START, DemoWeb, delay, page, silence
from crawler.fetching.run.pacing import rest_of
from tests.crawling import crawl_words, environment, rows, value

ROOT = Path(__file__).parent.parent
PAGES = 12
DAY = timedelta(days=1)


def faketime() -> Path:
    places = [
        *Path("/usr/lib").glob("*/faketime/libfaketime.so.1"),
        *Path("/usr/lib/faketime").glob("libfaketime.so.1"),
        *Path("/usr/local/lib/faketime").glob("libfaketime.so.1"),
    ]
    if not places:
        pytest.skip("libfaketime is not installed")
    return places[0]


@pytest.fixture
def web() -> Iterator[DemoWeb]:
    with DemoWeb(at=datetime.now(UTC)) as web:  # its Date headers tell the true time
        yield web


@pytest.fixture
def listed(web: DemoWeb, tmp_path: Path) -> Path:
    return write_list(web, tmp_path, "first")


def write_list(web: DemoWeb, folder: Path, name: str) -> Path:
    urls = []
    for number in range(PAGES):
        host, path = ("courier", "wire", "gazette")[number % 3], f"/{name}/{number}"
        web.add(host, path, delay(0.05, page(f"<p>{f'Sentence {number}. ' * 40}")))
        urls.append(web.url(host, path))
    path = folder / f"{name}.txt"
    path.write_text("\n".join(urls) + "\n")
    return path


class Wall:
    """The wall clock that runs of ours are shown."""

    def __init__(self, folder: Path) -> None:
        self._library = faketime()
        self._file = folder / "clock"
        self.set("+0")

    def set(self, shown: str) -> None:
        """Set it, as libfaketime writes it: ``+1d``, ``-3600``, ``@2038-01-19 03:14:05``."""
        self._file.write_text(shown + "\n")

    def start(self, archive: Path, *words: object, **variables: str) -> subprocess.Popen[str]:
        shown = environment(
            LD_PRELOAD=str(self._library), FAKETIME_TIMESTAMP_FILE=str(self._file),
            FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1",
            **variables,
        )  # fmt: skip
        told = crawl_words(archive, START, *words)
        at = told.index("--now")
        return subprocess.Popen(
            [sys.executable, "-m", "crawler", *told[:at], *told[at + 2 :]],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=shown, cwd=ROOT,
        )  # fmt: skip

    def crawl(self, archive: Path, *words: object, **variables: str) -> str:
        """Run to the end; return what was said on stderr."""
        running = self.start(archive, *words, **variables)
        _, err = running.communicate(timeout=90)
        assert running.returncode == 0, err
        return err


@pytest.fixture
def wall(tmp_path: Path) -> Wall:
    return Wall(tmp_path)


def runs(archive: Path) -> list[dict[str, Any]]:
    return rows(
        archive,
        "SELECT id, started_at, finished_at, finish_reason,"
        " json_extract(counts, '$.clock_skew_seconds') AS skew FROM runs ORDER BY id",
    )


def test_a_clock_that_is_set_under_way_reorders_and_stretches_nothing(
    web: DemoWeb, listed: Path, wall: Wall, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"
    running = wall.start(archive, listed, "--delay", "0.5")
    until, asked = time.monotonic() + 60, 0
    for shown in ("+1d", "-1d", "+400d"):
        asked += 2
        while sum(r.path.startswith("/first/") for r in web.requests) < asked:
            assert time.monotonic() < until and running.poll() is None
            time.sleep(0.02)
        wall.set(shown)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 0 and "Traceback" not in err, err
    (run,) = runs(archive)
    began, ended = parse_instant(run["started_at"]), parse_instant(run["finished_at"])
    assert timedelta(0) <= ended - began < timedelta(minutes=2)
    assert abs(began - datetime.now(UTC)) < timedelta(minutes=2) and run["skew"] is None
    fetches = rows(archive, "SELECT fetched_at, elapsed_ms FROM fetches WHERE purpose = 'source'"
                   " ORDER BY id")  # fmt: skip
    assert len(fetches) == PAGES
    assert all(0 < row["elapsed_ms"] < 20_000 for row in fetches)
    assert all(began <= parse_instant(row["fetched_at"]) <= ended for row in fetches)
    due = value(archive, "SELECT max(due_at) FROM sources")
    assert parse_instant(due) < ended + DAY


@pytest.mark.slow
def test_no_deadline_goes_by_the_clock_that_is_set(
    web: DemoWeb, wall: Wall, tmp_path: Path
) -> None:
    """Set back by a day, it would have held the run for that day at each silent host."""
    web.add("wire", "/silent", silence())
    web.add("courier", "/slow", delay(2, page("<p>It takes its time.")))
    archive, listed = tmp_path / "a.db", tmp_path / "list.txt"
    listed.write_text(f"{web.url('wire', '/silent')}\n{web.url('courier', '/slow')}\n")
    for shown in ("-1d", "+1d"):
        running = wall.start(archive, listed, "-s", "DOWNLOAD_TIMEOUT=5", "-s", "RETRY_TIMES=0")
        until, before = time.monotonic() + 60, len(web.requests)
        while sum(r.path in ("/silent", "/slow") for r in list(web.requests)[before:]) < 2:
            assert time.monotonic() < until and running.poll() is None
            time.sleep(0.02)
        wall.set(shown)
        _, err = running.communicate(timeout=60)
        assert running.returncode == 0, err
        ended = rows(archive, "SELECT url, reason, elapsed_ms FROM fetches WHERE run ="
                     " (SELECT max(id) FROM runs) AND purpose = 'source' ORDER BY url")  # fmt: skip
        slow, silent = ended
        assert (slow["reason"], silent["reason"]) == ("http-200", "timeout"), ended
        assert 4_900 < silent["elapsed_ms"] < 12_000
        archive = tmp_path / "b.db"
        wall.set("+0")


@pytest.mark.slow
def test_runs_are_ordered_by_their_sequence_and_a_wrong_clock_is_noted(
    web: DemoWeb, listed: Path, wall: Wall, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"
    wall.set("+1d")
    fast = wall.crawl(archive, listed)
    wall.set("-1d")
    slow = wall.crawl(archive, write_list(web, tmp_path, "second"))
    wall.set("+0")
    right = wall.crawl(archive, write_list(web, tmp_path, "third"))
    first, second, third = runs(archive)
    assert second["started_at"] < third["started_at"] < first["started_at"]
    for run, skew, said in ((first, -86_400, fast), (second, 86_400, slow)):
        assert abs(run["skew"] - skew) < 120 and "this machine's clock is" in said
    assert third["skew"] is None and "clock" not in right
    # Nothing was left waiting for a host or a lease of the future.
    kept = "SELECT count(DISTINCT source) FROM captures"
    assert value(archive, kept) == 3 * PAGES
    assert {run["finish_reason"] for run in (first, second, third)} == {"finished"}


@pytest.mark.slow
def test_the_32_bit_end_of_time_passes_unnoticed(web: DemoWeb, wall: Wall, tmp_path: Path) -> None:
    archive, listed = tmp_path / "a.db", write_list(web, tmp_path, "late")
    wall.set("@2038-01-19 03:14:00")  # some seconds go by before the run begins
    wall.crawl(archive, listed, "--delay", "3", TZ="UTC")
    (run,) = runs(archive)
    assert run["started_at"] < "2038-01-19T03:14:08Z" < run["finished_at"]
    assert value(archive, "SELECT count(*) FROM captures WHERE source NOT NULL") == PAGES
    first, last = value(archive, "SELECT min(due_at) || ' ' || max(due_at) FROM sources").split()
    assert "2038-01-19T03:15:00Z" < first <= last < "2039"  # a visit waits for 15 min at least


@pytest.mark.parametrize("zone", [None, "XYZ-99", ":/no/such/zone"])
def test_every_instant_is_utc_whatever_the_time_zone(
    web: DemoWeb, tmp_path: Path, zone: str | None
) -> None:
    archive, listed = tmp_path / "a.db", tmp_path / "list.txt"
    web.add("wire", "/page", page("<p>Once."))
    listed.write_text(web.url("wire", "/page") + "\n")
    shown = environment()
    shown.pop("TZ", None)
    if zone is not None:
        shown["TZ"] = zone
    words = crawl_words(archive, START, listed, "--contact", "me@a.example")
    done = subprocess.run(
        [sys.executable, "-m", "crawler", *words],
        capture_output=True, text=True, env=shown, timeout=60, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (fetch,) = rows(archive, "SELECT fetched_at FROM fetches WHERE purpose = 'source'")
    assert parse_instant(fetch["fetched_at"]) - START < timedelta(minutes=2)
    assert value(archive, "SELECT status FROM articles") == "text"
    real = datetime.now(UTC) - START  # the demo web told its own time, far from ours
    skew = value(archive, "SELECT due_at FROM sources")
    assert timedelta(0) < parse_instant(skew) - START < timedelta(hours=2) < real


@pytest.mark.parametrize(
    ("told", "rest"),
    [
        ("Sun, 29 Mar 2026 01:30:00 GMT", timedelta(hours=1)),  # an hour that Berlin skips
        ("Sun, 29 Mar 2026 02:30:00 +0100", timedelta(hours=1)),
        ("Sun, 29 Mar 2026 00:59:60 GMT", timedelta(minutes=5)),  # a leap second: no date to Python
    ],
)
def test_dates_at_the_edge_of_an_hour_are_read_or_not_believed(told: str, rest: timedelta) -> None:
    now = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert rest_of(429, [("Retry-After", told)], now) == rest

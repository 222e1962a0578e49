"""Runs that are killed at any moment: what was seen committed is there, and the next run goes on.

SOURCEKEEP_TEST_KILLS says how many kills the long test makes.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.archive.holding import reserve
from crawler.cli.crawl import project_settings
from crawler.dates import format_instant
from crawler.demo import START, DemoWeb, delay, page
from crawler.errors import ArchiveError, EvidenceLost
from crawler.fetching.run.clock import Clock
from crawler.fetching.run.session import Session
from tests.archive_kit import begin as begin_run
from tests.archive_kit import hop, source, visit
from tests.commands import Begun, Ended
from tests.crawling import begin, crawl, crawl_words, environment, rows, sourcekeep, value

ROOT = Path(__file__).parent.parent
HOSTS = ("courier", "wire", "ministry", "gazette")
BODY = "<html><title>Page {0}</title><body><article><p>{1}</p></article></body></html>"
NOW, LATER = format_instant(START), START + timedelta(minutes=10)
SLOW_S = 0.04  # what a page takes, so that a kill meets requests that are under way


def write_list(web: DemoWeb, folder: Path, pages: int, series: int = 0) -> Path:
    """A list of distinct pages on four hosts."""
    urls = []
    for number in range(pages):
        host, path = HOSTS[number % 4], f"/crash/{series}/{number}"
        text = f"Sentence number {number} of series {series}. " * 30
        web.add(host, path, delay(SLOW_S, page(BODY.format(number, text))))
        urls.append(web.url(host, path))
    path = folder / f"list-{series}.txt"
    path.write_text("\n".join(urls) + "\n")
    return path


def start(archive: Path, *words: object, now: datetime = START) -> Begun:
    return begin(*crawl_words(archive, now, *words))


def wait_for(
    condition: Callable[[], object], seconds: float = 90
) -> None:  # a loaded machine is slow
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "did not happen in time"
        time.sleep(0.01)


def wait_for_request(web: DemoWeb, asked: int, running: Begun) -> None:
    """Give it minutes: the loops run for an hour, at times beside what takes all the machine."""
    wait_for(lambda: len(web.requests) > asked or running.poll() is not None, seconds=300)


class Acknowledged:
    """What another process sees committed: the captures of sources and where they came from."""

    def __init__(self, archive: Path) -> None:
        self.paths: dict[str, str] = {}  # by the uid of the capture
        self._archive = archive

    def look(self) -> None:
        if not self._archive.exists():
            return
        try:
            with closing(sqlite3.connect(f"file:{self._archive}?mode=ro", uri=True)) as sql:
                found = sql.execute("SELECT uid, url FROM captures WHERE source NOT NULL")
                self.paths.update({uid: "/" + url.split("/", 3)[3] for uid, url in found})
        except sqlite3.OperationalError:
            return  # the schema is not laid yet


def assert_sound(archive: Path, acknowledged: Acknowledged) -> None:
    """Nothing that was seen is gone, nothing is broken, and no visit is there in part."""
    with closing(sqlite3.connect(archive)) as sql:
        assert sql.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert sql.execute("PRAGMA foreign_key_check").fetchall() == []
        if not sql.execute("SELECT 1 FROM sqlite_master WHERE name = 'captures'").fetchone():
            assert not acknowledged.paths
            return
        there = {uid for (uid,) in sql.execute("SELECT uid FROM captures")}
        assert acknowledged.paths.keys() <= there
        partial = sql.execute(
            "SELECT count(*) FROM sources s WHERE (last_fetched_at IS NOT NULL)"
            " <> EXISTS (SELECT 1 FROM captures c WHERE c.source = s.id)"
            " OR (last_fetched_at IS NOT NULL AND good_capture IS NULL AND unjudged_since IS NULL)"
        ).fetchone()
        assert partial == (0,)


def kill_until_done(web: DemoWeb, folder: Path, *, kills: int, pages: int, series: int) -> int:
    """Kill crawls of one archive, at most ``kills`` times, then let one end; return the kills."""
    archive = folder / f"{series}.db"
    inputs = [write_list(web, folder, pages, series)]
    acknowledged = Acknowledged(archive)
    done = 0
    while done < kills and len(acknowledged.paths) < pages:
        known, asked = set(acknowledged.paths.values()), len(web.requests)
        # The clocks of runs that pretend a time must not go back, or nothing is due yet.
        running = start(archive, *inputs, now=START + timedelta(seconds=10 * done))
        if random.random() < 0.9:  # the others are killed while they start
            wait_for_request(web, asked, running)
        until = time.monotonic() + random.uniform(0, 0.35)
        while time.monotonic() < until and running.poll() is None:
            acknowledged.look()
        acknowledged.look()
        running.kill()
        running.communicate()
        done += 1
        assert_sound(archive, acknowledged)
        seen = Counter(r.path for r in list(web.requests)[asked:] if "/crash/" in r.path)
        assert not known & seen.keys(), "what is kept was asked again"
        assert max(seen.values(), default=0) <= 1, "asked twice in one run"
    crawl(archive, START + timedelta(seconds=10 * done), *inputs)
    acknowledged.look()
    assert_sound(archive, acknowledged)
    assert value(archive, "SELECT count(*) FROM captures WHERE source NOT NULL") == pages
    assert value(archive, "SELECT count(*) FROM articles") == pages
    assert value(archive, "SELECT count(*) FROM sources WHERE unjudged_since NOT NULL") == 0
    assert not archive.with_name(archive.name + "-reserve").exists()
    with Archive.open(archive) as opened:  # each payload is read and its digest compared
        for row in rows(archive, "SELECT digest FROM payloads"):
            opened.payloads.get(row["digest"])
    return done


def kill_many(web: DemoWeb, folder: Path, kills: int) -> int:
    """Make so many kills, on as many archives as they take; return how many archives."""
    made = series = 0
    while made < kills:
        series += 1
        made += kill_until_done(web, folder, kills=min(20, kills - made), pages=160, series=series)
    return series


def test_a_killed_run_loses_nothing_that_was_acknowledged(web: DemoWeb, tmp_path: Path) -> None:
    kill_many(web, tmp_path, 8)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_hundreds_of_killed_runs_lose_nothing(web: DemoWeb, tmp_path: Path) -> None:
    kills = int(os.environ.get("SOURCEKEEP_TEST_KILLS", "300"))
    archives = kill_many(web, tmp_path, kills)
    print(f"\n{kills} runs killed, {archives} archives, nothing acknowledged was lost")


# Locks, readers, places that cannot be written


def hold_lock(archive: Path) -> sqlite3.Connection:
    sql = sqlite3.connect(archive, isolation_level=None, timeout=30)
    sql.execute("BEGIN IMMEDIATE")
    return sql


def test_a_crawl_waits_for_another_writer_and_drops_nothing(web: DemoWeb, tmp_path: Path) -> None:
    archive, listed = tmp_path / "a.db", write_list(web, tmp_path, 40)
    running = start(archive, listed, "-s", "DOWNLOAD_TIMEOUT=20")
    acknowledged = Acknowledged(archive)
    wait_for(lambda: (acknowledged.look(), acknowledged.paths)[1])
    with closing(hold_lock(archive)):
        time.sleep(5)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert value(archive, "SELECT count(*) FROM captures WHERE source NOT NULL") == 40
    assert rows(archive, "SELECT DISTINCT last_outcome FROM sources") == [
        {"last_outcome": "live-unverified"}
    ]


IMPATIENT = """
import sys
from crawler.archive import opening
opening.BUSY_TIMEOUT_S = 1.0
from crawler.cli import main
sys.exit(main())
"""


def test_a_lock_that_is_never_given_back_stops_the_run_clearly(
    web: DemoWeb, tmp_path: Path
) -> None:
    archive, listed = tmp_path / "a.db", write_list(web, tmp_path, 60)
    # far enough apart that the archive is free in between, for the other to take it
    words = crawl_words(archive, START, listed, "--delay", "0.8")
    running = begin(*words, source=IMPATIENT)
    acknowledged = Acknowledged(archive)
    wait_for(lambda: (acknowledged.look(), acknowledged.paths)[1])
    with closing(hold_lock(archive)):
        assert running.poll() is None
        acknowledged.look()
        out, err = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "cannot be written" in err and "locked" in err and "evidence-lost" in out
    assert_sound(archive, acknowledged)
    crawl(archive, LATER)
    assert value(archive, "SELECT count(*) FROM captures WHERE source NOT NULL") == 60


def test_a_reader_that_holds_a_transaction_blocks_nobody(web: DemoWeb, tmp_path: Path) -> None:
    archive, listed = tmp_path / "a.db", write_list(web, tmp_path, 24)
    assert sourcekeep("add", listed, "--archive", archive, "--now", NOW).code == 0
    with closing(sqlite3.connect(archive, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM captures").fetchone() == (0,)
        assert crawl(archive, START).json["new_captures"] == 24
        assert reader.execute("SELECT count(*) FROM captures").fetchone() == (0,)
    with Archive.open(archive) as opened:
        assert opened.connection.sql.execute("PRAGMA journal_size_limit").fetchone()[0] == 2**26
    assert not archive.with_name("a.db-wal").exists()


ALARMED = """
import sys
from crawler.archive import opening
from crawler.fetching.run import session
session.WAL_NOTED_BYTES = opening.WAL_KEPT_BYTES = 6 * 2**20
from crawler.cli import main
sys.exit(main())
"""


def run_alarmed(archive: Path, *words: object, now: datetime) -> Ended:
    """A crawl that takes a log for large a little beyond the size at which SQLite merges it."""
    return begin(*crawl_words(archive, now, *words), source=ALARMED).ended(90)


def test_the_log_that_a_reader_lets_grow_is_told_of_and_shrinks_again(
    web: DemoWeb, tmp_path: Path
) -> None:
    archive, wal = tmp_path / "a.db", tmp_path / "a.db-wal"
    listed = write_list(web, tmp_path, 60)
    for number in range(60):  # what cannot be compressed: some 7 MB
        noise = page(random.Random(number).randbytes(120_000), content_type="image/png")
        web.add(HOSTS[number % 4], f"/crash/0/{number}", noise)
    assert sourcekeep("add", listed, "--archive", archive, "--now", NOW).code == 0
    with closing(sqlite3.connect(archive, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM captures").fetchone() == (0,)
        held = run_alarmed(archive, now=START)
        assert held.code == 0, held.err
        assert "a.db-wal has grown to" in held.err and "another process" in held.err
        assert wal.stat().st_size > 6 * 2**20
        # The reader lets go while a next run is at work: the log is merged and cut down by it.
        running = start(archive, write_list(web, tmp_path, 60, 1), now=LATER)
        wait_for(lambda: value(archive, "SELECT count(*) FROM runs") == 2)
        reader.execute("COMMIT")
        _, err = running.communicate(timeout=60)
        assert running.returncode == 0, err
    assert not wal.exists()
    assert value(archive, "SELECT count(*) FROM captures WHERE source NOT NULL") == 120
    free = run_alarmed(archive, write_list(web, tmp_path, 60, 2), now=LATER + timedelta(hours=1))
    assert free.code == 0 and "has grown" not in free.err


def test_two_signals_end_a_crawl_at_once_and_leave_the_archive_sound(
    web: DemoWeb, tmp_path: Path
) -> None:
    archive, listed = tmp_path / "a.db", write_list(web, tmp_path, 40)
    running = start(archive, listed, "--delay", "5")  # one signal would wait for what is begun
    acknowledged = Acknowledged(archive)
    wait_for(lambda: (acknowledged.look(), acknowledged.paths)[1])
    running.send_signal(signal.SIGINT)
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    began = time.monotonic()
    running.communicate(timeout=30)
    assert time.monotonic() - began < 4
    assert_sound(archive, acknowledged)
    assert crawl(archive, LATER, "--max-fetches", "2").json["finish_reason"] == "finished"


def in_own_mounts(script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script in mounts of its own, which go with it."""
    if shutil.which("unshare") is None or os.geteuid() != 0:
        pytest.skip("needs root and unshare for mounts of its own")
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no mounts of its own can be made here")
    return subprocess.run(
        ["unshare", "-m", "sh", "-eu", "-c", script],
        capture_output=True, text=True, env=environment(), timeout=100, check=False, cwd=ROOT,
    )  # fmt: skip


def shell(archive: Path, *words: object) -> str:
    return " ".join([sys.executable, "-m", "crawler", *crawl_words(archive, START, *words)])


@pytest.mark.parametrize("bound", ["folder", "file", "shm", "empty"])
def test_a_place_mounted_read_only_is_refused_before_any_request(
    web: DemoWeb, tmp_path: Path, bound: str
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    archive = folder / "a.db"
    listed = write_list(web, tmp_path, 4)
    if bound != "empty":
        sourcekeep("add", listed, "--archive", archive, "--now", NOW)
    shm = folder / "a.db-shm"
    if bound == "shm":
        shm.touch()
    place = {"folder": folder, "file": archive, "shm": shm, "empty": folder}[bound]
    done = in_own_mounts(
        f"mount --bind {place} {place}; mount -o remount,bind,ro {place};"
        f" {shell(archive, *[listed] * (bound == 'empty'))}"
    )
    assert done.returncode == 1
    assert "not writable" in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert len(web.requests) == 0


def test_a_full_disk_ends_the_run_in_good_order(web: DemoWeb, tmp_path: Path) -> None:
    """The reserve makes room for the run's last row; a next run with room goes on."""
    listed, disk, kept = write_list(web, tmp_path, 40), tmp_path / "disk", tmp_path / "kept.db"
    for number in range(40):  # what cannot be compressed
        noise = random.Random(number).randbytes(60_000)
        body = page(noise, content_type="application/octet-stream")
        web.add(HOSTS[number % 4], f"/crash/0/{number}", delay(0.15, body))
    disk.mkdir()
    archive = disk / "a.db"
    done = in_own_mounts(
        f"mount -t tmpfs -o size=3000k none {disk}; {shell(archive, listed)} || code=$?;"
        f" cp {archive} {kept}; cp {archive}-wal {kept}-wal || true;"
        f" ls {disk} >&2; exit ${{code:-0}}"
    )
    assert done.returncode == 1, done.stderr
    assert "full" in done.stderr and "Traceback" not in done.stderr
    assert "a.db-reserve" not in done.stderr
    ended = rows(kept, "SELECT finish_reason, finished_at, counts FROM runs")
    assert [row["finish_reason"] for row in ended] == ["evidence-lost"]
    assert ended[0]["finished_at"] and '"new_captures"' in ended[0]["counts"]
    assert_sound(kept, Acknowledged(kept))
    assert 0 < value(kept, "SELECT count(*) FROM captures WHERE source NOT NULL") < 40
    crawl(kept, LATER)
    assert value(kept, "SELECT count(*) FROM captures WHERE source NOT NULL") == 40


FILLED = """
import asyncio
import sys
from crawler.archive import Archive
from crawler.cli.crawl import project_settings
from crawler.fetching.run.session import Session
from tests.archive_kit import hop

disk, at = sys.argv[1:]
session = Session.open(
    project_settings({"SOURCEKEEP_ARCHIVE": f"{disk}/a.db", "SOURCEKEEP_NOW": at}), "crawl"
)
with open(f"{disk}/of-somebody-else", "wb", buffering=0) as other:
    try:
        while True:
            other.write(bytes(4096))
    except OSError:
        pass


async def work():
    number = 0
    while session.is_open:
        number += 1
        page = f"http://a.example/{number}"
        session.keep_alone(hop(page, page.encode(), purpose="robots"))
        session.commit()
    session.close("finished")

asyncio.run(work())
"""


def test_where_not_a_byte_is_left_the_reserve_makes_room_for_the_last_words(
    tmp_path: Path,
) -> None:
    disk, kept = tmp_path / "disk", tmp_path / "kept.db"
    disk.mkdir()
    (tmp_path / "filled.py").write_text(FILLED)
    done = in_own_mounts(
        f"mount -t tmpfs -o size=4000k none {disk}; export PYTHONPATH={ROOT};"
        f" {sys.executable} {tmp_path}/filled.py {disk} {NOW} || code=$?;"
        f" cp {disk}/a.db {kept}; cp {disk}/a.db-wal {kept}-wal || true; exit ${{code:-0}}"
    )
    assert done.returncode == 0 and "the run stops" in done.stderr, done.stderr
    ended = rows(kept, "SELECT finish_reason FROM runs")
    assert [row["finish_reason"] for row in ended] == ["evidence-lost"], done.stderr


def test_what_a_killed_run_had_leased_is_free_for_the_next(tmp_path: Path) -> None:
    path, later = tmp_path / "a.db", START + timedelta(days=30)
    with Archive.open(path, create=True) as archive:
        source(archive, "https://a.example/")
        words = {"hosts": 9, "per_host": 9, "ttl": timedelta(days=9), "now": later}
        assert archive.frontier.lease("killed", **words)  # type: ignore[arg-type]
        assert not archive.frontier.lease("next", **words)  # type: ignore[arg-type]
    settings = {"SOURCEKEEP_ARCHIVE": path, "SOURCEKEEP_NOW": format_instant(later)}
    session = Session.open(project_settings(settings), "crawl")
    (lease,) = session.archive.frontier.lease("next", **words)  # type: ignore[arg-type]
    assert [due.url for due in lease.due] == ["https://a.example/"]
    session.close("finished")


def test_a_run_says_what_a_clock_that_ran_ahead_put_off_and_makes_it_due(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, later = tmp_path / "a.db", START + timedelta(days=30)
    with Archive.open(path, create=True) as archive:
        ahead = later + timedelta(days=4000)
        known, run = source(archive, "https://a.example/"), begin_run(archive)
        visit(archive, run, known, hop(), finished_at=ahead, due_at=ahead)
    settings = {"SOURCEKEEP_ARCHIVE": path, "SOURCEKEEP_NOW": format_instant(later)}
    session = Session.open(project_settings(settings), "crawl")
    assert (
        "1 sources were last visited, or added, after" in caplog.text
        and "a clock that was" in caplog.text
    )
    assert session.archive.frontier.stats(later).due == 1
    session.close("finished")


def test_an_end_that_cannot_be_written_is_no_good_end(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Archive.open(path, create=True) as archive:
        run = archive.runs.begin("crawl", software={}, settings={}, now=NOW)
        session = Session(archive, run, Clock(START))
        archive.connection.wait_no_longer()
        with closing(hold_lock(path)), pytest.raises(EvidenceLost, match="locked"):
            session.close("finished")
        session.close("finished")  # closed already: says nothing more
    assert value(path, "SELECT finish_reason FROM runs") is None


def test_a_run_does_not_begin_where_its_last_words_have_no_room(tmp_path: Path) -> None:
    archive = tmp_path / "a.db"
    Archive.open(archive, create=True).close()
    archive.with_name("a.db-reserve").mkdir()
    with pytest.raises(ArchiveError, match="no room"), reserve(archive):
        pass

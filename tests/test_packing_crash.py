"""A pack that is killed, or meets a full or broken disk, at any of its writes.

strace makes it so, as in ``test_crash_sweep``; SOURCEKEEP_TEST_STRIDE=1 leaves no write out.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.digests import digest_of
from tests.archive_kit import article, at, new_archive
from tests.crawling import begin, rows, sourcekeep, value
from tests.test_crash_sweep import CALLS, FAULTS, traced, was_hit, why_no_strace
from tests.test_packing import page, show

HOSTS, PAGES = 14, 3


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive as a crawl leaves it: pages alike on each host, later captures, articles."""
    folder = tmp_path_factory.mktemp("made")
    with new_archive(folder, "made.db") as archive:
        for host in range(HOSTS):
            for number in range(PAGES):
                bodies = [page(host % 3, (host, number)) + b"!" * n for n in range(2 - number % 2)]
                for digest in show(archive, f"https://host{host}.example/{number}", *bodies):
                    archive.articles.save(digest, article(f"text {digest}"), now=at())
    return folder / "made.db"


def assert_nothing_lost(path: Path, digests: set[str]) -> None:
    with closing(sqlite3.connect(path)) as sql:
        assert sql.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        chains = sql.execute(
            "SELECT count(*) FROM payloads p LEFT JOIN payloads b ON b.digest = p.base_digest"
            " WHERE p.base_digest IS NOT NULL"
            " AND coalesce(b.stored_as, '') NOT IN ('zstd', 'brotli')"
        ).fetchone()
        assert chains == (0,)
    with Archive.open(path) as archive:
        held = {
            row["digest"] for row in archive.connection.sql.execute("SELECT digest FROM payloads")
        }
        assert held == digests
        for digest in digests:
            assert digest_of(archive.payloads.get(digest)) == digest
        archive.connection.sql.execute(
            "INSERT INTO texts_fts (texts_fts) VALUES ('integrity-check')"
        )


def digests_of(path: Path) -> set[str]:
    return {row["digest"] for row in rows(path, "SELECT digest FROM payloads")}


def finish(path: Path) -> int:
    """Let a pack come to its end; what the payloads then take."""
    done = sourcekeep("pack", "--archive", path, "--json")
    assert done.code == 0, done.err
    assert sourcekeep("pack", "--archive", path, "--json").json["finish_reason"] == "nothing-new"
    return int(value(path, "SELECT sum(length(bytes)) FROM payloads"))


def survives(made: Path, call: str, fault: str, point: int) -> bool:
    """Let one write of a pack fail; False when it made fewer."""
    path = made.with_name(f"{call}-{fault[-4:]}-{point}.db")
    shutil.copy(made, path)
    log, digests = made.with_name("trace"), digests_of(made)
    broken = traced(log, call, fault, point, "-m", "crawler", "pack", "--archive", path)
    if not was_hit(log, fault, broken.returncode):
        assert broken.returncode == 0, broken.stderr
        return False
    assert "Traceback" not in broken.stderr, broken.stderr
    if fault == "signal=KILL":
        assert broken.returncode in (-9, 137)
    elif broken.returncode:  # else it failed in the merging of the log, which harms nothing
        assert broken.returncode == 1
        assert "cannot be" in broken.stderr or "no room" in broken.stderr
    assert_nothing_lost(path, digests)
    finish(path)
    assert_nothing_lost(path, digests)
    for left in path.parent.glob(path.name + "*"):
        left.unlink()
    return True


@pytest.fixture
def needs_strace() -> None:
    why = why_no_strace()
    if why:
        pytest.skip(why)


@pytest.mark.usefixtures("needs_strace")
@pytest.mark.parametrize(
    ("call", "fault", "point"),
    [
        ("pwrite64", "signal=KILL", 90),
        ("pwrite64", "error=ENOSPC", 140),
        ("pwrite64", "error=EIO", 733),  # the log is merged into the file
        ("fdatasync", "signal=KILL", 20),
        ("fdatasync", "error=EIO", 30),
    ],
)
def test_a_pack_that_meets_a_fault_loses_nothing(
    made: Path, call: str, fault: str, point: int
) -> None:
    assert survives(made, call, fault, point), "the pack made fewer writes"


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("needs_strace")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_every_write_of_a_pack_may_fail(made: Path, call: str, fault: str) -> None:
    stride = int(os.environ.get("SOURCEKEEP_TEST_STRIDE", "7" if call == "fdatasync" else "37"))
    hits, point = 0, 1
    while survives(made, call, fault, point):
        hits, point = hits + 1, point + stride
    assert hits
    print(f"\npack, {call} {fault}: {hits} points up to {point}")


def kill_until_done(made: Path, path: Path, kills: int, longest_s: float) -> int:
    """Kill packs of one archive at random moments, then let one end; return the kills."""
    shutil.copy(made, path)
    digests, killed = digests_of(made), 0
    for _ in range(kills):
        running = begin("pack", "--archive", path, "--quiet")
        time.sleep(random.uniform(0, longest_s))
        running.kill()
        running.communicate()
        killed += running.returncode == -signal.SIGKILL
        assert_nothing_lost(path, digests)
    before = value(made, "SELECT sum(length(bytes)) FROM payloads")
    assert finish(path) < 0.9 * before
    assert_nothing_lost(path, digests)
    assert not value(path, "SELECT count(*) FROM runs WHERE finish_reason IS NULL"
                     " AND command = 'pack'")  # fmt: skip
    return killed


def test_a_killed_pack_loses_nothing_and_the_next_goes_on(made: Path, tmp_path: Path) -> None:
    series = (kill_until_done(made, tmp_path / f"{n}.db", 4, 0.8) for n in range(6))
    assert any(series), "each pack had ended before it could be killed"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_many_killed_packs_lose_nothing(made: Path, tmp_path: Path) -> None:
    kills = int(os.environ.get("SOURCEKEEP_TEST_KILLS", "300"))
    killed = series = 0
    while killed < kills:
        series += 1
        killed += kill_until_done(made, tmp_path / f"{series}.db", 10, 1.5)
    print(f"\n{killed} packs killed, {series} archives, nothing was lost")

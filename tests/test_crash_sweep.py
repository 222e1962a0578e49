"""Each write of a run fails or is its last: killed, disk full or broken, at the Nth of them.

strace makes it so. The writer of the short sweep uses the archive as a session does: visits with
their ends, several to a commit. SOURCEKEEP_TEST_STRIDE=1 leaves no write of it out.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import chain, count, islice
from pathlib import Path

import pytest

from crawler.demo import START, DemoWeb, page
from tests.crawling import crawl, crawl_words, environment, value

ROOT = Path(__file__).parent.parent
CALLS = ("pwrite64", "fdatasync")
FAULTS = ("signal=KILL", "error=ENOSPC", "error=EIO")
SOURCES = 12

# Makes the archive at its first argument, visits what is due, prints each source when committed.
WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from crawler.archive import Accepted, Archive, Plan
from crawler.digests import new_uid
from crawler.errors import SourcekeepError
from crawler.intake.files import read_files
from crawler.intake.inputs import add_input
from crawler.intake.taking import Intake, IntakeCounts
from crawler.items import Hop

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT = "2026-03-01T12:00:00Z"

def work(path, listed):
    with Archive.open(path, create=True) as archive, archive.run_lock():
        archive.frontier.release_all()
        run = archive.runs.begin("crawl", software={}, settings={}, now=AT)
        number = add_input(archive, listed, base_url=None, options={}, now=AT)
        for source in archive.inputs.enabled([number]):
            list(read_files(Intake(archive, source, IntakeCounts(), AT)))
        group = []
        while leases := archive.frontier.lease(
            "local", hosts=9, per_host=4, ttl=timedelta(minutes=1), now=NOW
        ):
            for lease in leases:
                archive.connection.begin_group()
                for source in lease.due:
                    visit(archive, run, lease, source)
                    group.append(source.id)
                archive.connection.end_group()
                print(*group, sep="\\n", flush=True)
                group.clear()
                archive.frontier.release(lease)
        archive.runs.finish(run, reason="finished", counts={}, now=AT)

def visit(archive, run, lease, source):
    body = b"<p>" + (source.url * 300).encode()
    hop = Hop(new_uid(), source.url, "source", 0, AT, "live-unverified", "http-200", status=200,
              body=body)
    with archive.writing():
        kept = archive.evidence.record(run, source.id, [hop])
        due_at = NOW + timedelta(days=1)
        good = kept.final_capture
        archive.frontier.finish(lease, source.id, NOW, began_at=AT)
        archive.frontier.accept(Accepted(source.id, good, AT, None, None))
        archive.frontier.plan(Plan(source.id, hop.outcome, due_at, "a reason"))

try:
    work(sys.argv[1], sys.argv[2])
except SourcekeepError as exc:
    sys.exit(f"writer: {exc}")
"""


# With a filter in the kernel (strace 5.3) the process stops at no call but those that are traced.
FILTERED = ("strace", "-f", "--seccomp-bpf")


@functools.cache
def why_no_strace() -> str | None:
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(
        [*FILTERED, "-o", "/dev/null", "-e", "inject=fdatasync:error=EIO:when=1", "true"],
        check=False, capture_output=True,
    )  # fmt: skip
    return "strace may not trace here (ptrace)" if tried.returncode else None


@pytest.fixture(autouse=True)
def strace() -> None:
    why = why_no_strace()
    if why:
        pytest.skip(why)


def traced(
    log: Path, call: str, fault: str, point: int, *words: object
) -> subprocess.CompletedProcess[str]:
    """Run Python with a fault at the Nth system call of its kind; from there on where it lasts."""
    when = f"{point}" if fault == "signal=KILL" else f"{point}+"  # a full disk stays full
    strace = ("strace", "-f") if fault == "signal=KILL" else FILTERED  # 6.1 sends no signal there
    return subprocess.run(
        [*strace, "-qq", "-o", str(log), "-e", f"trace={call}",
         "-e", f"inject={call}:{fault}:when={when}", sys.executable, *map(str, words)],
        capture_output=True, text=True, env=environment(), timeout=100, check=False, cwd=ROOT,
    )  # fmt: skip


def was_hit(log: Path, fault: str, code: int) -> bool:
    """Tell whether the fault came; a crawl kills workers of its own, which is no fault."""
    return code in (-9, 137) if fault == "signal=KILL" else "INJECTED" in log.read_text()


def assert_whole_visits(archive: Path) -> None:
    with closing(sqlite3.connect(archive)) as sql:
        assert sql.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert sql.execute("PRAGMA foreign_key_check").fetchall() == []
        if not sql.execute("SELECT 1 FROM sqlite_master WHERE name = 'captures'").fetchone():
            return
        partial = sql.execute(
            "SELECT count(*) FROM sources s WHERE (last_fetched_at IS NOT NULL)"
            " <> EXISTS (SELECT 1 FROM captures c WHERE c.source = s.id)"
            " OR (last_fetched_at IS NOT NULL AND unjudged_since IS NULL)"  # that is a later commit
            " <> EXISTS (SELECT 1 FROM captures c WHERE c.id = s.good_capture)"
        ).fetchone()
        assert partial == (0,)


def finished(archive: Path) -> set[str]:
    with closing(sqlite3.connect(archive)) as sql:
        found = sql.execute("SELECT id FROM sources WHERE last_fetched_at IS NOT NULL")
        return {str(number) for (number,) in found}


def assert_survives(folder: Path, call: str, fault: str, point: int) -> bool:
    """Let one write of the writer fail; False when it made fewer."""
    archive, log = folder / f"{call}-{fault[-4:]}-{point}.db", folder / "trace"
    listed = folder / "list.txt"
    listed.write_text("".join(f"http://host{n % 3}.example/{n}\n" for n in range(SOURCES)))
    words = ("-c", WRITER, archive, listed)
    broken = traced(log, call, fault, point, *words)
    if not was_hit(log, fault, broken.returncode):
        assert broken.returncode == 0, broken.stderr
        return False
    acknowledged = set(broken.stdout.split())
    if fault != "signal=KILL" and (broken.returncode or len(acknowledged) < SOURCES):
        # What fails after the last commit, in the merging of the log at the end, harms nothing.
        assert broken.returncode == 1
        assert re.fullmatch(r"writer: \S+ ?.*(cannot be|no room).*\n", broken.stderr)
    if archive.exists():
        assert_whole_visits(archive)
    if acknowledged:
        assert acknowledged <= finished(archive)
    again = subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True, text=True, env=environment(), timeout=60, check=False, cwd=ROOT,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert not acknowledged & set(again.stdout.split()), "what was kept was visited again"
    assert len(finished(archive)) == SOURCES
    assert_whole_visits(archive)
    return True


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("call", "points"), [("pwrite64", (7, 40)), ("fdatasync", (4, 9))])
def test_a_write_that_fails_costs_no_more_than_its_group(
    tmp_path: Path, call: str, points: tuple[int, ...], fault: str
) -> None:
    for point in points:
        assert assert_survives(tmp_path, call, fault, point), "the writer made fewer writes"


PARTS = 8  # each of some 70 writes, 3 minutes of a machine at rest; any of them can be run alone


def points(stride: int) -> Iterator[int]:
    """Which writes fail: of those beyond the sixtieth, which are many and alike, each so many."""
    return chain(range(1, 61), count(61, stride))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(PARTS), ids="part{}".format)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_every_write_may_fail(tmp_path: Path, call: str, fault: str, part: int) -> None:
    stride = int(os.environ.get("SOURCEKEEP_TEST_STRIDE", "5"))
    hits = 0
    for point in islice(points(stride), part, None, PARTS):
        if not assert_survives(tmp_path, call, fault, point):
            break
        hits += 1
    print(f"\n{call} {fault}, part {part}: {hits} points up to {point}")
    assert hits


# The whole crawl


@pytest.fixture
def listed(tmp_path: Path) -> Iterator[Path]:
    with DemoWeb() as web:
        urls = []
        for number in range(SOURCES):
            host, path = ("courier", "wire", "ministry")[number % 3], f"/sweep/{number}"
            web.add(host, path, page(f"<p>{f'Sentence {number}. ' * 90}"))
            urls.append(web.url(host, path))
        listed = tmp_path / "list.txt"
        listed.write_text("\n".join(urls) + "\n")
        yield listed


def assert_crawl_survives(folder: Path, listed: Path, call: str, fault: str, point: int) -> bool:
    archive, log = folder / f"crawl-{call}-{fault[-4:]}-{point}.db", folder / "trace"
    words = ("-m", "crawler", *crawl_words(archive, START, listed))
    broken = traced(log, call, fault, point, *words)
    hit = was_hit(log, fault, broken.returncode)
    if hit and fault != "signal=KILL" and broken.returncode != 0:
        assert broken.returncode == 1
        said = [line for line in broken.stderr.splitlines() if "cannot be" in line]
        assert said, broken.stderr
        assert "Traceback" not in broken.stderr, broken.stderr
    elif fault != "signal=KILL":  # hit or not: what was said to be done is done
        assert len(finished(archive)) == SOURCES
    if archive.exists():
        assert_whole_visits(archive)
    crawl(archive, START + timedelta(minutes=10), listed)
    assert_whole_visits(archive)
    assert len(finished(archive)) == SOURCES
    assert value(archive, "SELECT count(*) FROM captures WHERE source NOT NULL") == SOURCES
    assert value(archive, "SELECT count(*) FROM sources WHERE unjudged_since NOT NULL") == 0
    return hit


@pytest.mark.parametrize(
    ("call", "fault", "point"), [("pwrite64", "error=ENOSPC", 90), ("fdatasync", "error=EIO", 12)]
)
def test_a_crawl_says_that_it_cannot_write(
    listed: Path, tmp_path: Path, call: str, fault: str, point: int
) -> None:
    assert assert_crawl_survives(tmp_path, listed, call, fault, point)


WHERE = {"pwrite64": (1, 100, 400, *range(800, 9_000, 150)), "fdatasync": range(1, 200, 2)}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_every_write_of_a_crawl_may_fail(
    listed: Path, tmp_path: Path, call: str, fault: str
) -> None:
    """From the first to the last: of some 2,300 writes, most of the first 800 lay the schema."""
    hits = 0
    for point in WHERE[call]:
        if not assert_crawl_survives(tmp_path, listed, call, fault, point):
            break
        hits = point
    last = WHERE[call].index(hits) + 1
    print(f"\ncrawl, {call} {fault}: {last} points up to {hits}")
    assert hits >= {"pwrite64": 1_000, "fdatasync": 21}[call], "the crawl made fewer"

"""The power goes: of the writes since the last fdatasync all, some or none have reached the disk.

strace logs what a real writer does to its files. The log is replayed up to a point; what was not
synced by then is dropped in whole, in part, out of order, or torn at the borders of sectors. What
the writer had acknowledged before that point must be there, and nothing may be there in part.
"""

from __future__ import annotations

import random
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from crawler.demo import START, DemoWeb, page
from tests.crawling import crawl_words, environment
from tests.test_crash_sweep import (
    FILTERED,
    ROOT,
    SOURCES,
    WRITER,
    assert_whole_visits,
    finished,
    why_no_strace,
)

CALLS = "openat,pwrite64,write,ftruncate,fallocate,fdatasync,fsync,unlink,rename"
SECTOR = 512
NEVER_ON_DISK = (
    "-shm",
    "-lock",
    "-reserve",
)  # SQLite builds the first anew; the others hold nothing

# The log of SQLite is merged into the archive while the writer is at work, not only at its end.
MERGING = WRITER.replace(
    "        archive.frontier.release_all()\n",
    "        archive.connection.sql.execute('PRAGMA wal_autocheckpoint = {pages}')\n"
    "        {otherwise}\n"
    "        archive.frontier.release_all()\n",
)


@pytest.fixture(autouse=True)
def strace() -> None:
    why = why_no_strace()
    if why:
        pytest.skip(why)


# What was done


@dataclass(frozen=True)
class Step:
    """One system call on a file of the archive, or on what the writer prints."""

    kind: str  # create, write, truncate, unlink, sync, print
    path: str
    offset: int = 0  # of a write; the size after a truncate
    data: bytes = b""


_CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_FILE = re.compile(
    r'^\d+<((?:[^>\\]|\\.)*)>(?:\(deleted\))?(?:, "((?:[^"\\]|\\.)*)"(?:\.\.\.)?)?(.*)$'
)
_UNFINISHED = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")


def unescaped(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def whole_lines(log: Path) -> Iterator[str]:
    """The calls of a log in the order in which they returned."""
    begun: dict[str, str] = {}
    with log.open() as lines:
        for line in lines:
            if cut := _UNFINISHED.match(line):
                begun[cut[1]] = cut[2]
            elif rest := _RESUMED.match(line):
                yield f"{rest[1]} {begun.pop(rest[1])}{rest[2]}"
            else:
                yield line


def steps_of(log: Path, archive: Path) -> list[Step]:
    """What was done to the files of an archive. Raises AssertionError for a call unheard of."""
    own, folder = str(archive.resolve()), str(archive.resolve().parent)
    known: set[str] = set()
    steps = []
    for line in whole_lines(log):
        call = _CALL.match(line)
        if call is None or int(call[3]) < 0:
            continue
        step = _step(call[1], call[2], int(call[3]), known)
        if step is None or (step.kind != "print" and not step.path.startswith(own)):
            if step is not None and step.kind == "sync" and step.path == folder:
                steps.append(step)
            continue
        if not step.path.endswith(NEVER_ON_DISK):
            steps.append(step)
    return steps


def _step(name: str, arguments: str, result: int, known: set[str]) -> Step | None:
    if name == "openat":
        path = unescaped(re.findall(r'"((?:[^"\\]|\\.)*)"', arguments)[0]).decode()
        if "O_CREAT" not in arguments or path in known:
            return None
        known.add(path)
        return Step("create", path)
    if name == "unlink":
        path = unescaped(arguments.strip('"')).decode()
        known.discard(path)
        return Step("unlink", path)
    file = _FILE.match(arguments)
    assert file is not None and name != "rename", (name, arguments[:200])
    path = unescaped(file[1]).decode()
    numbers = [int(number) for number in re.findall(r"\d+", file[3])]
    match name:
        case "pwrite64":
            assert result == numbers[0]
            return Step("write", path, numbers[1], unescaped(file[2]))
        case "write":
            return Step("print", "", data=unescaped(file[2])) if arguments[0] == "1" else None
        case "ftruncate":
            return Step("truncate", path, numbers[0])
        case "fdatasync" | "fsync":
            return Step("sync", path)
    assert path.endswith(NEVER_ON_DISK), f"{name} of {path}: how does it last?"
    return None


def run_traced(log: Path, *words: object) -> None:
    done = subprocess.run(
        [*FILTERED, "-qq", "-y", "-xx", "-s", "2000000", "-o", str(log),
         "-e", f"trace={CALLS}", sys.executable, *map(str, words)],
        capture_output=True, text=True, env=environment(), timeout=100, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


# What lasts


@dataclass
class File:
    """A file as it is on the disk for certain, and what was done to it since."""

    content: bytearray | None = None  # None: not there
    pending: list[Step] = field(default_factory=list)

    def sync(self) -> None:
        self.content, self.pending = self.after(self.pending), []

    def after(self, steps: list[Step]) -> bytearray | None:
        content = None if self.content is None else bytearray(self.content)
        for step in steps:
            content = _applied(content, step)
        return content


def _applied(content: bytearray | None, step: Step) -> bytearray | None:
    if step.kind == "unlink":
        return None
    if content is None:
        content = bytearray()
    if step.kind == "truncate":
        content = content[: step.offset].ljust(step.offset, b"\0")
    elif step.kind == "write":
        end = step.offset + len(step.data)
        content = content.ljust(end, b"\0") if len(content) < end else content
        content[step.offset : end] = step.data
    return content


def survivors(pending: list[Step], chance: random.Random) -> list[Step]:
    """What of unsynced steps reached the disk: up to somewhere, with gaps, and torn writes."""
    reached = []
    for step in pending[: chance.randint(0, len(pending))]:
        if step.kind != "write" or chance.random() < 0.6:
            reached.append(step)
        elif chance.random() < 0.5:
            reached += [
                Step("write", step.path, step.offset + at, step.data[at : at + SECTOR])
                for at in range(0, len(step.data), SECTOR)
                if chance.random() < 0.5
            ]
    return reached


class Disk:
    """The files of an archive, as the steps so far left them."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.printed = b""

    def do(self, step: Step) -> None:
        if step.kind == "print":
            self.printed += step.data
        elif step.kind == "sync":
            synced = self.files.get(step.path)
            for file in self.files.values() if synced is None else [synced]:
                # The folder was synced: that its files are there, or gone, lasts.
                if synced is not None or all(s.kind in ("create", "unlink") for s in file.pending):
                    file.sync()
        else:
            self.files.setdefault(step.path, File()).pending.append(step)

    def lay(self, folder: Path, chance: random.Random | None, *, everything: bool = False) -> Path:
        """Write what is left after a power cut; with no chance given, just what was synced."""
        for path, file in self.files.items():
            kept = file.pending if everything else survivors(file.pending, chance) if chance else []
            content = file.after(kept)
            place = folder / Path(path).name
            place.unlink(missing_ok=True)
            if content is not None:
                place.write_bytes(content)
        return folder / "a.db"

    @property
    def acknowledged(self) -> set[str]:
        """What the writer said to be kept: the whole lines that it printed."""
        return set(self.printed.decode().split("\n")[:-1])


def cleared(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for left in folder.iterdir():
        left.unlink()
    return folder


def there(archive: Path) -> set[str]:
    """The sources whose visit is there; checks that the archive is whole."""
    if not archive.exists() or not archive.stat().st_size:
        return set()
    assert_whole_visits(archive)
    with closing(sqlite3.connect(archive)) as sql:
        laid = sql.execute("SELECT 1 FROM sqlite_master WHERE name = 'sources'").fetchone()
    return finished(archive) if laid else set()


# The writer of groups


# What would go wrong, were the archive opened so. By default it is as it was opened.
UNSYNCED = "archive.connection.sql.execute('PRAGMA synchronous = NORMAL')"


def trace_writer(folder: Path, *, pages: int = 30, otherwise: str = "pass") -> list[Step]:
    listed, archive = folder / "list.txt", folder / "a.db"
    listed.write_text("".join(f"http://host{n % 3}.example/{n}\n" for n in range(SOURCES)))
    script = MERGING.replace("{pages}", str(pages)).replace("{otherwise}", otherwise)
    run_traced(folder / "trace", "-c", script, archive, listed)
    return steps_of(folder / "trace", archive)


def lost_at(disk: Disk, folder: Path, chances: list[random.Random | None]) -> int:
    """Cut the power at one point, once for each chance; count acknowledged visits that are gone."""
    lost = 0
    for chance in chances:
        archive = disk.lay(cleared(folder), chance)
        lost += len(disk.acknowledged - there(archive))
    return lost


def cut_everywhere(
    steps: list[Step], folder: Path, *, stride: int, seeds: int
) -> tuple[int, int, int]:
    """Return how many cuts were made, how many acknowledgements stood at risk, and were lost."""
    disk, cuts, stood, lost = Disk(), 0, 0, 0
    for number, step in enumerate(steps):
        disk.do(step)
        if number % stride and step.kind != "print":
            continue
        chances = [None, *(random.Random(number * 1000 + seed) for seed in range(seeds))]
        lost += lost_at(disk, folder, chances)
        cuts, stood = cuts + len(chances), stood + len(disk.acknowledged)
    assert len(disk.acknowledged) == SOURCES
    return cuts, stood, lost


def test_a_power_cut_costs_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    steps = trace_writer(tmp_path)
    merged = [n for n, s in enumerate(steps) if s.kind == "sync" and s.path.endswith("a.db")]
    said = [n for n, s in enumerate(steps) if s.kind == "print"]
    assert any(said[0] < n < said[-1] for n in merged), "the log was not merged under way"
    cuts, stood, lost = cut_everywhere(steps, tmp_path / "left", stride=12, seeds=1)
    assert cuts > 100 and stood > 50  # how many by when depends on the disk
    assert lost == 0


def test_after_a_power_cut_the_next_run_does_the_rest(tmp_path: Path) -> None:
    steps, disk = trace_writer(tmp_path), Disk()
    points = random.Random(1).sample(range(len(steps)), 5)
    for number, step in enumerate(steps):
        disk.do(step)
        if number not in points:
            continue
        archive = disk.lay(cleared(tmp_path / "left"), random.Random(number))
        acknowledged = disk.acknowledged & there(archive)
        again = subprocess.run(
            [sys.executable, "-c", WRITER, str(archive), str(tmp_path / "list.txt")],
            capture_output=True, text=True, env=environment(), timeout=60, check=False, cwd=ROOT,
        )  # fmt: skip
        assert again.returncode == 0, again.stderr
        assert not acknowledged & set(again.stdout.split()), "what was kept was visited again"
        assert len(finished(archive)) == SOURCES


def test_a_writer_that_does_not_sync_its_commits_is_found_out(tmp_path: Path) -> None:
    """The test can fail: with synchronous=NORMAL, usual for WAL, visits are lost."""
    steps = trace_writer(tmp_path, pages=1000, otherwise=UNSYNCED)
    _, stood, lost = cut_everywhere(steps, tmp_path / "left", stride=40, seeds=1)
    assert stood and lost


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_wherever_the_power_is_cut_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    for pages in (10, 1000):  # merged all the time, and at the end only
        folder = tmp_path / str(pages)
        folder.mkdir()
        steps = trace_writer(folder, pages=pages)
        cuts, stood, lost = cut_everywhere(steps, folder / "left", stride=1, seeds=3)
        print(f"\nmerged at {pages} pages: {cuts} power cuts at {len(steps)} points,"
              f" {stood} acknowledgements stood, {lost} lost")  # fmt: skip
        assert lost == 0


# The whole crawl


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_power_cut_in_a_crawl_costs_nothing_that_was_synced(tmp_path: Path) -> None:
    """A crawl prints nothing as it goes: acknowledged is what a reader saw after the last sync."""
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    with DemoWeb() as web:
        urls = []
        for number in range(60):
            host, path = ("courier", "wire", "ministry")[number % 3], f"/power/{number}"
            noise = random.Random(number).randbytes(20_000).hex()  # so that the log is merged
            web.add(host, path, page(f"<p>{f'Sentence {number}. ' * 90}</p><!--{noise}-->"))
            urls.append(web.url(host, path))
        listed.write_text("\n".join(urls) + "\n")
        run_traced(tmp_path / "trace", "-m", "crawler", *crawl_words(archive, START, listed))
    steps, disk = steps_of(tmp_path / "trace", archive), Disk()
    acknowledged, cuts, left = set[str](), 0, tmp_path / "left"
    for number, step in enumerate(steps):
        disk.do(step)
        if step.kind == "sync" and step.path.endswith("-wal"):
            acknowledged = there(disk.lay(cleared(left), None, everything=True))
        if number % 4 and step.kind != "sync":
            continue
        for chance in (None, random.Random(number)):
            assert acknowledged <= there(disk.lay(cleared(left), chance)), number
            cuts += 1
    assert len(acknowledged) == 60
    print(f"\n{cuts} power cuts in a crawl of 60 sources, {len(steps)} steps: nothing lost")

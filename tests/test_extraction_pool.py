"""The worker processes: hostile pages and dying workers cost one article, and nothing is left."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.errors import ExtractionFailed
from crawler.extraction import pool as pools
from crawler.extraction.forkserver import FORK_SERVER
from crawler.extraction.nursery import can_fork
from crawler.extraction.pool import ExtractionPool
from crawler.items import Article
from tests.test_extraction import PARAGRAPHS, PROSE, html, pdf

# The real worker with faults at certain addresses: nothing in the product knows of them.
FAULTY = """
import ctypes, os, re, signal, socket, subprocess, sys, time, urllib.request
from dataclasses import replace
from crawler.extraction import worker

real, real_limit = worker.read_payload, worker.limit_cpu
worker.limit_cpu = lambda seconds: real_limit(1)

def spin():
    re.match("(a|a)*b", "a" * 60)

FAULTS = {
    "segv": lambda: ctypes.string_at(0), "abort": os.abort, "exit": lambda: os._exit(3),
    "oom-killed": lambda: os.kill(os.getpid(), signal.SIGKILL), "hang": lambda: time.sleep(99),
    "spin": spin, "memory": lambda: bytearray(2**31), "bug": lambda: 1 / 0,
    "nonsense": lambda: os.write(worker.fd, b"\\0\\0\\0\\1\\0\\0\\0\\0x"),
    "print": lambda: (print("noise"), os.write(1, b"noise")),
}
REFUSED = {
    "socket": socket.socket, "connect": lambda: socket.create_connection(("127.0.0.1", 9)),
    "resolve": lambda: socket.getaddrinfo("localhost", 80), "fork": os.fork,
    "fetch": lambda: urllib.request.urlopen("http://127.0.0.1:9/"),
    "run": lambda: subprocess.run(["true"]), "system": lambda: os.system("true"),
}

def faulty(body, *, url, rung="fast", on_text=None, **rest):
    name, _, when = url.rpartition("/")[2].partition("-in-")
    def told(article):
        on_text(article)
        if when == "metadata" and rung == "fast":
            FAULTS[name]()
    if name in REFUSED:
        try:
            REFUSED[name]()
        except OSError as exc:
            found = real(body, url=url, **rest)
            return replace(found, article=replace(found.article, text="refused: " + str(exc)))
    elif name in FAULTS and (when == "all" or when == rung):
        FAULTS[name]()
    return real(body, url=url, rung=rung, on_text=told if on_text else None, **rest)

worker.read_payload = faulty
real_facts = worker.read_facts
def faulty_facts(body, *, url, **rest):
    name, _, when = url.rpartition("/")[2].partition("-in-")
    if name in FAULTS and when == "all":
        FAULTS[name]()
    return real_facts(body, url=url, **rest)
worker.read_facts = faulty_facts
real_send = worker.send
def send(replies, header):
    worker.fd = replies.fileno()
    real_send(replies, header)
worker.send = send
worker.main()
"""
COMMAND = (sys.executable, "-c", FAULTY)
# Workers are forked from one warm process, or each is a new one
WAYS = [
    pytest.param(True, id="forked", marks=pytest.mark.skipif(not can_fork(), reason="no forks")),
    pytest.param(False, id="spawned"),
]

Read = Callable[..., Article]


async def read(pool: ExtractionPool, body: bytes, url: str = "http://x.example/a") -> Article:
    found = await pool.extract(body, url=url, content_type="text/html", fetched_on="2026-03-01")
    return found.article


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def reading(runner: asyncio.Runner, **options: object) -> Iterator[Read]:
    pool = ExtractionPool(1, **options)  # type: ignore[arg-type]
    yield lambda body, url="http://x.example/a": runner.run(read(pool, body, url))
    runner.run(pool.close())


@pytest.fixture(scope="module")
def real(runner: asyncio.Runner) -> Iterator[Read]:
    yield from reading(runner)


@pytest.fixture(scope="module")
def faulty(runner: asyncio.Runner) -> Iterator[Read]:
    yield from reading(runner, command=COMMAND, wall_seconds=3)


def has_all(article: Article) -> bool:
    return [line for line in (article.text or "").split("\n") if line in PARAGRAPHS] == PARAGRAPHS


def test_a_page_comes_back_as_an_article(real: Read) -> None:
    found = real(html())
    assert has_all(found)
    assert (found.status, found.title, found.tried) == ("text", "The bridges", ("fast",))
    assert real(pdf("One page.")).text == "One page."
    assert real(b"\x89PNG\r\n\x1a\n").status == "unsupported"
    assert real(b"").status == "empty"


HOSTILE = {
    "depth 254": html("<div>" * 254 + PROSE + "</div>" * 254),
    "depth 2000": html("<div>" * 2000 + PROSE + "</div>" * 2000),
    "depth 200000": html("<div>" * 200_000 + PROSE),
    "10 MB text node": html(PROSE + "<p>" + "words and more " * 670_000),
    "5000 attributes": html(f"<p {' '.join(f'a{n}=b' for n in range(5000))}>" + PROSE),
    "2 MB of spaces": html(PROSE + " " * 2_000_000),
    "quadratic JSON-LD": html(
        head='<script type="application/ld+json">{"a": "' + '\\"' * 700_000 + "</script>"
    ),
    "deep JSON-LD": html(head='<script type="application/ld+json">' + "[" * 100_000 + "</script>"),
    "300 nested tables": html("<table><tr><td>" * 300 + PROSE),
    "huge colspan": html(PROSE + "<table><tr><td colspan=9007199254740991>x<td>y</table>"),
}
LONG = {  # seconds; and minutes, were they let
    "10 MB attribute": f"<div title='{'x' * 10_000_000}'>",
    "5 MB of <": "<" * 5_000_000,
    "18 MB of prose": "<p>" + "a sentence with words. " * 800_000,
    "200000 equal paragraphs": "<p>The same paragraph, with words to make it longer.</p>" * 200_000,
    "100000 links": "".join(f"<a href=/x/{n}>link number {n}</a> " for n in range(100_000)),
    "300000 breaks": "word<br>" * 300_000,
    "100000 unclosed": "<p><b><i>" * 100_000,
    "50000 dates": "".join(
        f"<p>on {2000 + n % 20}-{1 + n % 12}-{1 + n % 28}" for n in range(50000)
    ),
    "100000 spans": "".join(f"<span>w{n} </span>" for n in range(100_000)),
    "100000 attributes": f"<p {' '.join(f'a{n}=b' for n in range(100_000))}>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_gives_its_text_in_time(real: Read, name: str) -> None:
    gives_its_text_in_time(real, HOSTILE[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_a_page_that_takes_minutes_is_cut_short_and_gives_its_text(real: Read, name: str) -> None:
    gives_its_text_in_time(real, html(PROSE + LONG[name]))


def gives_its_text_in_time(real: Read, body: bytes) -> None:
    begun = time.monotonic()
    found = real(body)
    assert time.monotonic() - begun < 17  # 15, and a second worker's start
    assert found.status == "text"
    assert all(line in (found.text or "") for line in PARAGRAPHS)


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ("segv", "crash"),
        ("abort", "crash"),
        ("exit", "crash"),
        ("nonsense", "crash"),
        ("oom-killed", "memory"),
        ("memory", "memory"),
        ("spin", "timeout"),
        ("hang", "timeout"),
        ("bug", "error"),
    ],
)
def test_a_fault_costs_one_article(faulty: Read, fault: str, failure: str) -> None:
    """On every rung; on the first only; and after the text was found."""
    lost = faulty(html(), f"http://x.example/{fault}-in-all")
    assert (lost.status, lost.failure, lost.tried) == ("failed", failure, ("fast", "baseline"))
    assert lost.mime == "text/html"
    if fault == "hang":  # it only takes longer than "spin"
        return
    lower = faulty(html(), f"http://x.example/{fault}-in-fast")
    assert (lower.status, lower.failure) == ("text", None)
    assert lower.tried == ("fast", "baseline", "without-metadata")
    assert has_all(lower)
    if fault not in ("memory", "bug"):  # those are caught there
        early = faulty(html(), f"http://x.example/{fault}-in-metadata")
        assert (early.status, early.tried) == ("text", ("fast", "without-metadata"))
        assert early.title == "The bridges - Town Crier"
        assert has_all(early)
    assert faulty(html()).tried == ("fast",)  # and the queue goes on


def test_the_facts_of_a_page_come_with_its_article() -> None:
    async def act(pool: ExtractionPool) -> None:
        found = await pool.extract(
            html(), url="http://x.example/a", content_type="text/html", fetched_on="2026-03-01"
        )
        assert found.facts is not None
        assert (found.facts.title, found.facts.links) == ("The bridges - Town Crier", 2)
        none = await pool.extract(
            pdf("One."), url="http://x.example/a", content_type=None, fetched_on="2026-03-01"
        )
        assert none.facts is None

    in_pool(act, workers=1)


def test_facts_alone_are_read_for_the_body_of_an_error_answer() -> None:
    async def act(pool: ExtractionPool) -> None:
        for body, title in (
            (b"<html><title>403 Forbidden</title><h1>No</h1>", "403 Forbidden"),
            (b"plain words", None),
            (b"", None),
            (b"<title>too large</title>" + b" " * 20_000_000, None),
        ):
            facts = await pool.facts(body, url="http://x.example/a", content_type="text/html")
            assert (facts.title if facts else None) == title

    in_pool(act, workers=1)


def test_a_page_that_defeats_its_reader_leaves_no_facts() -> None:
    async def act(pool: ExtractionPool) -> None:
        for fault in ("segv", "hang"):
            url = f"http://x.example/{fault}-in-all"
            assert await pool.facts(html(), url=url, content_type="text/html") is None
        good = await pool.facts(html(), url="http://x.example/a", content_type="text/html")
        assert good is not None

    in_pool(act, workers=1, command=COMMAND, wall_seconds=3)


def test_what_libraries_print_does_not_disturb(faulty: Read) -> None:
    assert faulty(html(), "http://x.example/print-in-fast").tried == ("fast",)


@pytest.mark.parametrize("act", ["socket", "connect", "resolve", "fetch", "fork", "run", "system"])
def test_a_worker_can_reach_nobody(faulty: Read, act: str) -> None:
    found = faulty(html(), f"http://x.example/{act}")
    assert "refused: " in (found.text or "")
    assert "an extraction worker may not use " in (found.text or "")


def test_what_is_too_large_is_not_even_tried(real: Read) -> None:
    found = real(html("x" * 20_000_000))
    assert (found.status, found.failure, found.tried) == ("failed", "too-large", ())


def below(*parents: int) -> dict[int, str]:
    """The processes that some processes have started, by id, zombies included."""
    command = ["ps", "-ww", "-o", "pid=,args=", "--ppid", ",".join(map(str, parents))]
    out = subprocess.run(command, capture_output=True, text=True).stdout
    lines = (line.split(maxsplit=1) for line in out.splitlines())
    return {int(pid): args for pid, args in lines if not args.startswith("ps ")}


def fork_servers() -> set[int]:
    """The ids of the fork servers of this process."""
    return {pid for pid, args in below(os.getpid()).items() if args.endswith(FORK_SERVER)}


def children() -> set[int]:
    """The ids of the worker processes of this process, forked or not, zombies included."""
    own = below(os.getpid())
    servers = {pid for pid, args in own.items() if args.endswith(FORK_SERVER)}
    return own.keys() - servers | (below(*servers).keys() if servers else set())


def in_pool(act: Callable[[ExtractionPool], Awaitable[Any]], **options: object) -> Any:
    """What an act with a pool of its own gives; afterwards nobody is left, not even a zombie."""

    async def main() -> Any:
        pool = ExtractionPool(**options)  # type: ignore[arg-type]
        try:
            return await act(pool)
        finally:
            await pool.close()

    before = children(), fork_servers()
    result = asyncio.run(main())
    assert (children(), fork_servers()) == before
    return result


def test_workers_start_when_there_is_work_and_no_sooner() -> None:
    async def act(pool: ExtractionPool) -> list[int]:
        counts = [len(children())]
        await read(pool, b"\x89PNG\r\n\x1a\n")
        counts.append(len(children()))
        await read(pool, html())
        counts.append(len(children()))
        await asyncio.gather(*(read(pool, html()) for _ in range(9)))
        return [*counts, len(children())]

    before = len(children())
    assert in_pool(act, workers=2) == [before, before, before + 1, before + 2]


def test_a_worker_is_replaced_after_its_share_of_pages() -> None:
    async def act(pool: ExtractionPool) -> list[set[int]]:
        return [children() for _ in range(4) if has_all(await read(pool, html()))]

    first, second, third, fourth = in_pool(act, workers=1, jobs_per_worker=2)
    assert not second - first  # gone after its second page
    assert third - first
    assert not fourth - first


def test_a_worker_that_grew_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(pool: ExtractionPool) -> tuple[set[int], set[int]]:
        before = children()
        assert has_all(await read(pool, html()))
        small = children() - before
        monkeypatch.setattr(pools, "PEAK_MB", 20)
        assert has_all(await read(pool, html()))
        return small, children() - before

    small, after = in_pool(act, workers=1)
    assert (len(small), after) == (1, set())


async def hanging(pool: ExtractionPool) -> asyncio.Task[Article]:
    """An extraction in a warm worker that will never end."""
    await read(pool, html())
    task = asyncio.create_task(read(pool, html(), "http://x.example/hang-in-all"))
    await asyncio.sleep(0.3)
    return task


def test_a_hanging_page_does_not_hold_up_the_others() -> None:
    async def act(pool: ExtractionPool) -> float:
        task = await hanging(pool)
        await read(pool, html())  # the other worker is warm as well
        begun = time.monotonic()
        for _ in range(20):
            assert has_all(await read(pool, html()))
        elapsed = time.monotonic() - begun
        assert not task.done()
        task.cancel()
        return elapsed

    assert in_pool(act, workers=2, command=COMMAND, wall_seconds=60) < 2


def test_a_cancelled_extraction_takes_its_worker_along() -> None:
    async def act(pool: ExtractionPool) -> bool:
        task = await hanging(pool)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return has_all(await read(pool, html()))

    assert in_pool(act, workers=1, command=COMMAND, wall_seconds=60)


def test_closing_ends_busy_workers_too() -> None:
    async def act(pool: ExtractionPool) -> None:
        task = await hanging(pool)
        await pool.close()
        with pytest.raises(RuntimeError, match="closed"):
            await task
        with pytest.raises(RuntimeError, match="closed"):
            await read(pool, html())

    in_pool(act, workers=1, command=COMMAND, wall_seconds=60)


def test_killing_needs_no_waiting() -> None:
    async def act(pool: ExtractionPool) -> None:
        await read(pool, html())
        pool.kill()

    in_pool(act, workers=1)


@pytest.mark.parametrize("command", [("/bin/false",), ("/nonexistent",), ("/bin/echo", "x" * 99)])
def test_workers_that_do_not_start_are_not_blamed_on_the_page(command: tuple[str, ...]) -> None:
    async def act(pool: ExtractionPool) -> None:
        with pytest.raises(ExtractionFailed, match="start"):
            await read(pool, html())

    in_pool(act, workers=1, command=command)


def of_proc(pid: int, file: str, name: str) -> str:
    text = Path(f"/proc/{pid}/{file}").read_text(encoding="ascii")
    return next(line for line in text.splitlines() if line.startswith(name))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_worker_has_limits_and_stays_small() -> None:
    async def act(pool: ExtractionPool) -> None:
        before = children()
        for n in range(50):
            await read(pool, html(PROSE * 10 + f"<p>and a last one, number {n}</p>"))
        (pid,) = children() - before
        assert of_proc(pid, "limits", "Max address space").split()[3] == str(2**30)
        assert of_proc(pid, "limits", "Max core file size").split()[4] == "0"
        assert 0 < int(of_proc(pid, "limits", "Max cpu time").split()[3]) < 60
        assert int(of_proc(pid, "stat", str(pid)).split()[18]) >= os.nice(0) + 5
        assert int(of_proc(pid, "status", "VmHWM:").split()[1]) < 200_000

    in_pool(act, workers=1)


ORPHANING = """
import asyncio, sys
from crawler.extraction.pool import ExtractionPool
from tests.test_extraction_pool import COMMAND, children, fork_servers, html, read
async def main():
    pool = ExtractionPool(2, command=COMMAND, wall_seconds=99, forks=FORKS)
    await asyncio.gather(read(pool, html()), read(pool, html()))
    busy = asyncio.create_task(read(pool, html(), "http://x.example/hang-in-all"))
    await asyncio.sleep(0.5)
    print(*fork_servers(), *children(), flush=True)
    await busy
asyncio.run(main())
"""


@pytest.mark.parametrize("forks", WAYS)
def test_workers_die_with_a_parent_that_is_killed(forks: bool) -> None:
    command = [sys.executable, "-c", f"FORKS = {forks}\n{ORPHANING}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2 + forks
        parent.kill()
    end = time.monotonic() + 5
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() < end, "workers outlived their parent"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text(encoding="ascii").split()[2] != "Z"


SPIDER = """
import scrapy
from scrapy.crawler import AsyncCrawlerProcess
from crawler.extraction.pool import ExtractionPool
from tests.test_extraction_pool import COMMAND, children, has_all, html, read

class Reader(scrapy.Spider):
    name = "reader"
    async def start(self):
        pool = ExtractionPool(2, command=COMMAND, wall_seconds=4)
        for name in ("a", "segv-in-fast", "hang-in-metadata", "b"):
            found = await read(pool, html(), "http://x.example/" + name)
            print(has_all(found), "/".join(found.tried))
        await pool.close()
        print(len(children()))
        return
        yield

process = AsyncCrawlerProcess({"LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False,
                               "REMOTE_CONTROL_ENABLED": False})
process.crawl(Reader)
process.start()
"""


def test_the_pool_runs_in_scrapys_reactor() -> None:
    command = [sys.executable, "-c", SPIDER]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == [
        "True fast",
        "True fast/baseline/without-metadata",
        "True fast/without-metadata",
        "True fast",
        "0",
    ], done.stderr

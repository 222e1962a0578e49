"""Workers are forked from one warm process: each begins anew, and none outlives it."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from pathlib import Path

import pytest

from crawler.errors import ExtractionFailed
from crawler.extraction.nursery import Forked, Nursery, can_fork
from crawler.extraction.pool import COMMAND as REAL
from crawler.extraction.pool import ExtractionPool
from crawler.items import Article
from tests.test_extraction import html
from tests.test_extraction_interruption import DATED, cpu_seconds
from tests.test_extraction_pool import (
    COMMAND,
    below,
    children,
    fork_servers,
    has_all,
    in_pool,
    is_running,
    of_proc,
    read,
)

pytestmark = pytest.mark.skipif(not can_fork(), reason="needs pidfds, which Linux has")

ENGLISH = html(head='<meta name="date" content="the 3rd of jan, 2024 AD">')


def languages_of(pid: int) -> bool:
    """Whether a process has all languages: they take 40 MB."""
    return int(of_proc(pid, "status", "RssAnon:").split()[1]) > 60_000


def workers() -> set[int]:
    """The ids of the workers that were forked."""
    servers = fork_servers()
    return set(below(*servers)) if servers else set()


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def test_workers_come_from_one_warm_process_and_fast() -> None:
    async def act(pool: ExtractionPool) -> None:
        await asyncio.gather(*(read(pool, html()) for _ in range(9)))
        (server,) = fork_servers()
        assert len(workers()) == 2
        assert len(list(Path(f"/proc/{server}/task").iterdir())) == 1, "forking needs one thread"
        used = cpu_seconds(server)
        for _ in range(10):
            assert (await read(pool, html(), "http://x.example/segv-in-fast")).status == "text"
        assert cpu_seconds(server) - used < 0.5, "an interpreter takes 0.3 s, each of ten"
        assert fork_servers() == {server}

    in_pool(act, workers=2, command=COMMAND)


def test_a_worker_begins_with_nothing_of_what_the_fork_server_used_or_holds() -> None:
    async def act(pool: ExtractionPool) -> None:
        assert has_all(await read(pool, DATED))
        (server,), (worker,) = fork_servers(), workers()
        assert cpu_seconds(server) > 1
        limit = int(of_proc(worker, "limits", "Max cpu time").split()[3])
        assert 10 < limit <= 12, "ten seconds a page, and what it had used itself"
        assert os.getsid(worker) == worker, "Ctrl-C is the main process's to answer"
        assert open_files(worker) == 5, "three of its own, and one socket twice"
        await asyncio.gather(*(read(pool, html()) for _ in range(3)))
        second = max(workers())
        assert open_files(second) == 5, "nor of its sibling"

    in_pool(act, workers=2)


def test_languages_are_loaded_once_for_all_and_no_sooner_than_asked_for() -> None:
    async def act(pool: ExtractionPool) -> tuple[Article, Article]:
        first = await read(pool, ENGLISH)
        (server,), before = fork_servers(), workers()
        assert not languages_of(server)
        odd = await read(pool, DATED)
        after = workers()
        assert languages_of(server)
        assert not before & after, "the worker that had none is gone"
        used = cpu_seconds(server)
        await asyncio.gather(*(read(pool, DATED) for _ in range(6)))
        assert (await read(pool, DATED, "http://x.example/segv-in-fast")).status == "text"
        assert cpu_seconds(server) - used < 0.5
        return first, odd

    async def alone(pool: ExtractionPool) -> tuple[Article, Article]:
        return await read(pool, ENGLISH), await read(pool, DATED)

    assert in_pool(act, workers=2, command=COMMAND) == in_pool(alone, workers=1, forks=False)


def test_a_fork_server_that_died_takes_its_workers_along_and_is_replaced() -> None:
    async def act(pool: ExtractionPool) -> None:
        await read(pool, html())
        (server,), (idle,) = fork_servers(), workers()
        os.kill(server, signal.SIGKILL)
        await gone(server, idle)
        assert has_all(await read(pool, DATED))
        (second,) = fork_servers()
        assert second != server
        task = asyncio.create_task(read(pool, html(), "http://x.example/hang-in-fast"))
        await asyncio.sleep(0.3)
        os.kill(second, signal.SIGKILL)
        assert (await task).tried == ("fast", "baseline", "without-metadata")
        (third,) = fork_servers()
        assert languages_of(third), "what was learned once is not asked for again"

    in_pool(act, workers=1, command=COMMAND)


async def gone(*pids: int) -> None:
    """Wait until processes are."""
    async with asyncio.timeout(10):
        while any(is_running(pid) for pid in pids):
            await asyncio.sleep(0.02)


def test_what_cannot_be_forked_is_not_blamed_on_the_page() -> None:
    async def act(pool: ExtractionPool) -> None:
        await read(pool, html())
        (server,) = fork_servers()
        had = resource.prlimit(server, resource.RLIMIT_NOFILE)
        resource.prlimit(server, resource.RLIMIT_NOFILE, (4, had[1]))
        with pytest.raises(ExtractionFailed, match=r"forked: .*open files"):
            await asyncio.gather(read(pool, html()), read(pool, html()))
        resource.prlimit(server, resource.RLIMIT_NOFILE, had)
        await asyncio.gather(read(pool, html()), read(pool, html()))
        assert len(workers()) == 2

    in_pool(act, workers=2)


def test_who_no_longer_waits_for_a_worker_leaves_none_behind() -> None:
    async def act(pool: ExtractionPool) -> None:
        await read(pool, html())
        (first,) = workers()
        busy = asyncio.create_task(read(pool, html(), "http://x.example/hang-in-all"))
        for delay in (0, 0.001, 0.005, 0.01, 0.02):
            task = asyncio.create_task(read(pool, html()))
            await asyncio.sleep(delay)
            task.cancel()
            await asyncio.wait({task})
        assert has_all(await read(pool, html()))
        async with asyncio.timeout(10):
            while len(workers()) > 2:
                await asyncio.sleep(0.02)
        assert first in workers()
        busy.cancel()

    in_pool(act, workers=2, command=COMMAND, wall_seconds=60)


def test_a_worker_that_has_ended_is_signalled_no_more() -> None:
    """Its process id may mean another process by then."""

    async def act(_: ExtractionPool) -> None:
        nursery = Nursery(REAL)
        worker = await nursery.worker()
        process = worker._process
        assert isinstance(process, Forked)
        os.kill(process.pid, signal.SIGSEGV)
        assert await process.wait() == -signal.SIGSEGV
        with pytest.raises(ProcessLookupError):
            process.kill()
        await worker.end()
        await nursery.end()

    in_pool(act)


def test_a_pool_that_is_closed_while_it_starts_leaves_nobody() -> None:
    async def act(pool: ExtractionPool) -> None:
        task = asyncio.create_task(read(pool, html()))
        await asyncio.sleep(0.1)
        await pool.close()
        with pytest.raises((RuntimeError, ExtractionFailed)):
            await task

    in_pool(act, workers=1)


def test_where_forks_are_not_sound_each_worker_is_a_new_process() -> None:
    async def act(pool: ExtractionPool) -> None:
        before = children()
        assert has_all(await read(pool, html()))
        (first,) = children() - before
        assert not fork_servers()
        lower = await read(pool, html(), "http://x.example/segv-in-fast")
        assert lower.tried == ("fast", "baseline", "without-metadata")
        assert len(children() - before) == 1
        assert first not in children()
        assert not fork_servers()

    in_pool(act, workers=1, command=COMMAND, forks=False)

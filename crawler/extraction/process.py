"""One worker process, as the main process sees it: pipes, deadlines, shares of CPU, its end."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from crawler.errors import ExtractionFailed
from crawler.extraction.frames import (
    LENGTHS,
    Header,
    extraction_from_json,
    facts_from_json,
    header_of,
)
from crawler.extraction.interruption import SIGNAL
from crawler.items import Extraction, PageFacts

START_SECONDS = 60  # 1 s on an idle machine
DEATH_SECONDS = 10  # until the cause is known: a fork server that loads languages tells it later
PIPE_BYTES = 2**20  # what Linux lets anybody have; 64 KiB by default, and a mean page has 190
PUT_OFF = "put-off"  # why there is no result: the page had its slice, and others waited
UNLEARNED = "unlearned"  # or the worker lacks what the fork server can load for all (``worker``)
LOOK_SECONDS = 0.1  # how often a page that has had its slice is looked at
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Result:
    """What a try brought, and why it is not the whole (None: it is)."""

    found: Extraction | None
    failure: str | None = None
    facts: PageFacts | None = None  # where they alone were asked for


@dataclass(frozen=True, slots=True)
class Slice:
    """How much of a worker a page may have while others wait, in seconds of the worker's CPU.

    By the clock every page would be slow on a busy machine.
    """

    others_wait: Callable[[], bool]
    seconds: float  # then it is interrupted
    until: float  # from here on it may as well go on: its limits are near
    deaf_seconds: float  # where a library does not let itself be interrupted, its worker is ended


class Process(Protocol):
    """A process that was spawned (asyncio's) or forked (``nursery``)."""

    @property
    def pid(self) -> int:
        """Its id; it may mean another process when this one has ended."""

    @property
    def returncode(self) -> int | None:
        """The exit code, less than zero for a signal; None: it lives."""

    def send_signal(self, signal: int) -> None:
        """Send a signal. Raises ProcessLookupError where it has ended."""

    def kill(self) -> None:
        """End it at once. Raises ProcessLookupError where it has ended."""

    async def wait(self) -> int:
        """Return the exit code, when it has ended."""


def environment() -> dict[str, str]:
    """Return the environment of a worker: what it finds must not depend on the time zone here.

    Libraries ask what day it is where they run, and Python 3.11 cannot say it in a zone such as
    XYZ-99.
    """
    return {**os.environ, "TZ": "UTC"}


async def spawned(command: Sequence[str]) -> Worker:
    """Return a worker in a new interpreter, when it is warm. Raises ExtractionFailed."""
    pipe = asyncio.subprocess.PIPE
    try:
        # a session of its own: Ctrl-C is the main process's to answer
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, start_new_session=True, env=environment()
        )
    except OSError as exc:
        raise ExtractionFailed("crash", f"no worker could be started: {exc}") from exc
    assert process.stdin is not None
    assert process.stdout is not None
    _widen(process.stdin)
    worker = Worker(process, process.stdin, process.stdout)
    await worker.warm()
    return worker


class Worker:
    """One worker process and the pipes to it, or the socket."""

    def __init__(
        self, process: Process, requests: asyncio.StreamWriter, replies: asyncio.StreamReader
    ) -> None:
        self._process = process
        self._requests = requests
        self._replies = replies
        self.jobs = 0
        self.peak_mb = 0
        self.is_sound = True  # False: it was ended in the middle of a page

    async def warm(self) -> None:
        """Wait until it is warm and waits for work. Raises ExtractionFailed."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._reply()
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError, ValueError) as exc:
            await self.end()
            why = f"exit code {self._process.returncode}, {type(exc).__name__}"
            raise ExtractionFailed("crash", f"a worker died while it started: {why}") from exc
        except BaseException:
            self.kill()
            raise

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.returncode is None

    async def answer(
        self, request: bytes, text_by: float, done_by: float, share: Slice | None = None
    ) -> Result:
        """Return what the worker says within two deadlines, on the running loop's clock.

        With a slice the page may be put off.
        """
        self.jobs += 1
        watch = _Watch(self._process, share) if share is not None else None
        try:
            result = await self._answer(request, text_by, done_by, watch)
        finally:
            if watch is not None:
                watch.end()
        if watch is not None and watch.has_killed:
            self.is_sound = False
            return Result(None, PUT_OFF)
        return result

    async def _answer(
        self, request: bytes, text_by: float, done_by: float, watch: _Watch | None
    ) -> Result:
        found: Extraction | None = None
        try:
            async with asyncio.timeout_at(text_by) as limit:
                self._requests.write(request)
                await self._requests.drain()
                while True:
                    reply = await self._reply()
                    if "not_now" in reply:
                        if watch is not None:
                            watch.heard()
                        continue
                    if "found" in reply:
                        found = extraction_from_json(reply["found"])
                    if reply["final"]:
                        self.peak_mb = int(reply["peak_mb"])
                        facts = facts_from_json(reply.get("facts"))
                        return Result(found, reply.get("failure"), facts)
                    limit.reschedule(done_by)
        except TimeoutError:
            return Result(found, "timeout")
        except (asyncio.IncompleteReadError, ConnectionError):
            return Result(found, await self._cause_of_death())
        except (ValueError, KeyError, TypeError):
            return Result(found, "crash")  # it wrote nonsense

    async def _reply(self) -> Header:
        """Return the header of the next frame."""
        header_size, _ = LENGTHS.unpack(await self._replies.readexactly(LENGTHS.size))
        return header_of(await self._replies.readexactly(header_size))

    async def _cause_of_death(self) -> Literal["timeout", "memory", "crash"]:
        """Return why the process ended by itself."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DEATH_SECONDS):
                await self._process.wait()
        if self._process.returncode == -signal.SIGXCPU:
            return "timeout"
        # nobody but the kernel, out of memory, kills without a trace
        return "memory" if self._process.returncode == -signal.SIGKILL else "crash"

    def kill(self) -> None:
        """End the process at once."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        """End the process and wait until it is gone."""
        self.kill()
        await self._process.wait()
        self._requests.close()


class _Watch:
    """Sees to it that a page keeps to its slice while others wait.

    A timer and no task: most pages are read long before it goes off.
    """

    def __init__(self, process: Process, share: Slice) -> None:
        self._process = process
        self._share = share
        self._began_s = _cpu_seconds(process.pid)
        self._asked_s: float | None = None  # since when it is asked to stop, and is deaf
        self.has_killed = False
        self._timer = self._later(share.seconds)

    def end(self) -> None:
        """Let the page be."""
        self._timer.cancel()

    def heard(self) -> None:
        """Note that the worker does what must not be interrupted, and is done for those to come.

        The page is not to pay for that: its slice begins anew.
        """
        self._asked_s = None
        self._began_s = _cpu_seconds(self._process.pid)

    def _later(self, seconds: float) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        used_s = _cpu_seconds(self._process.pid) - self._began_s
        if used_s < self._share.seconds:
            self._timer = self._later(max(self._share.seconds - used_s, LOOK_SECONDS))
            return
        if self._asked_s is None and used_s > self._share.until:
            return
        if self._share.others_wait():
            self._interrupt(used_s)
        self._timer = self._later(LOOK_SECONDS)

    def _interrupt(self, used_s: float) -> None:
        if self._asked_s is None:
            self._asked_s = used_s
        self.has_killed = used_s - self._asked_s >= self._share.deaf_seconds
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL if self.has_killed else SIGNAL)


def _cpu_seconds(pid: int) -> float:
    """Return the CPU that a process has used; where there is no /proc, the time on a clock."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return time.monotonic()
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS


def _widen(requests: asyncio.StreamWriter) -> None:
    """Let most pages pass a pipe as a whole, instead of in three pieces with a wait for each."""
    # Linux only; a user's pipes have a limit together; a worker may have ended already
    with suppress(AttributeError, OSError, ValueError):
        fcntl.fcntl(requests.get_extra_info("pipe"), fcntl.F_SETPIPE_SZ, PIPE_BYTES)

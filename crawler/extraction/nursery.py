"""Where workers come from (main process): a fork server where forking is sound, else new processes.

A fork takes a hundredth of what a new interpreter takes, which has to import and to warm up. It is
sound where a process has one thread and its libraries bear it, and safe where a process can be
named by a descriptor (pidfd): on Linux. Elsewhere, on macOS for one, each worker is spawned.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from crawler.errors import ExtractionFailed
from crawler.extraction.forkserver import FORK, FORK_SERVER, LEARN, MESSAGE_BYTES
from crawler.extraction.process import START_SECONDS, Worker, environment, spawned


def can_fork() -> bool:
    """Return whether workers can be forked here: on Linux from 5.3 on, unless it is forbidden."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


class Unlearned(Exception):
    """A worker met a date for which all languages have to be loaded, and has not got them."""


class Nursery:
    """Gives workers, and keeps the fork server that they come from, if there is one."""

    def __init__(self, command: Sequence[str], *, forks: bool | None = None) -> None:
        """``forks`` says whether to fork; None: where one can."""
        self._command = tuple(command)
        self._forks = can_fork() if forks is None else forks
        self._server: ForkServer | None = None
        self._learned = False
        self._closed = False
        self._one_at_a_time = asyncio.Lock()

    async def worker(self) -> Worker:
        """Return a worker that is warm and waits for work. Raises ExtractionFailed."""
        if not self._forks:
            return await spawned(self._command)
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                async with self._one_at_a_time:
                    process = await (await self._ready_server()).fork(theirs)
            except BaseException:
                ours.close()
                raise
        replies, requests = await asyncio.open_connection(sock=ours)
        worker = Worker(process, requests, replies)
        await worker.warm()
        return worker

    async def learn(self) -> None:
        """Have the languages of dates loaded for all workers that come from now on.

        Raises ExtractionFailed.
        """
        async with self._one_at_a_time:
            if not self._learned:
                await (await self._ready_server()).learn()
                self._learned = True

    async def _ready_server(self) -> ForkServer:
        """Return the fork server; a new one in place of one that died."""
        server = self._server
        if server is not None and server.is_alive and not self._closed:
            return server
        if server is not None:
            await server.end()
        if not self._closed:
            server = self._server = await ForkServer.started(self._command)
        if server is None or self._closed:  # before, or meanwhile
            await self.end()
            raise RuntimeError("the extraction pool is closed")
        if self._learned:
            await server.learn()
        return server

    async def end(self) -> None:
        """End the fork server, and wait until it is gone."""
        self._closed = True
        if self._server is not None:
            await self._server.end()

    def kill(self) -> None:
        """End the fork server at once; its workers end with it."""
        self._closed = True
        if self._server is not None:
            self._server.kill()


class Forked:
    """A process that the fork server forked; it is asked as one of asyncio is."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self._pidfd = pidfd
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def returncode(self) -> int | None:
        """The exit code, less than zero for a signal; None: it lives."""
        return self._ended.result() if self._ended.done() else None

    def ended(self, code: int) -> None:
        """Note its end."""
        if not self._ended.done():
            self._ended.set_result(code)
            os.close(self._pidfd)

    async def wait(self) -> int:
        """Return the exit code, when it has ended."""
        return await asyncio.shield(self._ended)

    def send_signal(self, number: int) -> None:
        """Send a signal. Raises ProcessLookupError where it has ended."""
        if self._ended.done():
            raise ProcessLookupError
        signal.pidfd_send_signal(self._pidfd, number)

    def kill(self) -> None:
        """End it at once. Raises ProcessLookupError where it has ended."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """The fork server as the main process sees it. It is asked for one thing at a time."""

    def __init__(self, process: asyncio.subprocess.Process, channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self._workers: dict[int, Forked] = {}
        self._loop = asyncio.get_running_loop()
        self._number = 0  # of what it is asked; at first it tells that it is ready
        self._answer: asyncio.Future[Any] = self._loop.create_future()
        self._is_open = True
        self._loop.add_reader(channel, self._hear)

    @classmethod
    async def started(cls, command: Sequence[str]) -> ForkServer:
        """Return a fork server that is warm. Raises ExtractionFailed."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    *command, FORK_SERVER, stdin=theirs.fileno(), stdout=asyncio.subprocess.DEVNULL,
                    start_new_session=True, env=environment(),
                )  # fmt: skip
            except OSError as exc:
                ours.close()
                raise ExtractionFailed("crash", f"no worker could be started: {exc}") from exc
        server = cls(process, ours)
        try:
            await server._answered()
        except BaseException:
            await server.end()
            raise
        return server

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._is_open

    async def fork(self, theirs: socket.socket) -> Forked:
        """Return a new worker, which has a copy of its end of a socket. Raises ExtractionFailed."""
        forked: Forked = await self._ask(FORK, theirs.fileno())
        return forked

    async def learn(self) -> None:
        """Have the languages loaded. Raises ExtractionFailed."""
        await self._ask(LEARN)

    async def _ask(self, what: str, *fds: int) -> Any:  # noqa: ANN401  what is answered differs
        self._number += 1
        self._answer = self._loop.create_future()
        with suppress(OSError):  # it has ended: the answer says so
            asked = json.dumps({"for": what, "number": self._number})
            socket.send_fds(self._channel, [asked.encode()], fds)
        if not self._is_open:
            raise ExtractionFailed("crash", "the fork server died")
        return await self._answered()

    async def _answered(self) -> Any:  # noqa: ANN401
        try:
            async with asyncio.timeout(START_SECONDS):
                return await self._answer
        except TimeoutError as exc:
            await self.end()
            raise ExtractionFailed("crash", "the fork server did not start a worker") from exc

    def _hear(self) -> None:
        """Take one message."""
        try:
            message, fds, _, _ = socket.recv_fds(self._channel, MESSAGE_BYTES, 1)
        except BlockingIOError:
            return
        except OSError:
            message, fds = b"", []
        if not message:
            self._close()
            return
        told = json.loads(message)
        if "ended" in told:
            if (gone := self._workers.pop(told["ended"], None)) is not None:
                gone.ended(told["code"])
            return
        worker = None
        if "forked" in told and not fds:  # it ends as soon as nobody holds our end of its socket
            told["refused"] = "too many open files"
        elif "forked" in told:
            worker = self._workers[told["forked"]] = Forked(told["forked"], fds[0])
        if told["to"] != self._number or self._answer.done():  # who asked for it was cancelled
            if worker is not None:
                worker.kill()
        elif "refused" in told:
            self._fail(f"no worker could be forked: {told['refused']}")
        else:
            self._answer.set_result(worker)

    def _fail(self, why: str) -> None:
        if not self._answer.done():
            self._answer.set_exception(ExtractionFailed("crash", why))

    def _close(self) -> None:
        """It is gone, and the kernel has killed whoever came from it."""
        if not self._is_open:
            return
        self._is_open = False
        self._loop.remove_reader(self._channel)
        self._channel.close()
        for worker in self._workers.values():
            worker.ended(-signal.SIGKILL)
        self._workers.clear()
        self._fail("the fork server died while it started")

    def kill(self) -> None:
        """End it at once, and its workers with it."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        """End it, and wait until it is gone."""
        self.kill()
        await self._process.wait()
        self._close()

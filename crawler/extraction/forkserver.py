"""The fork server: one warm process from which the workers of a pool are forked.

Android and Chromium call theirs a zygote. It is what the worker's program does when the pool asks
for it (``FORK_SERVER``): it imports and warms up once, and never reads a page of others, so that a
worker forked from it is as clean as a new process. It has one thread, and hears and tells messages
over the Unix socket that it has for stdin; each is whole or not there (SOCK_SEQPACKET). It alone
reaps the workers, and tells how each of them ended; the main process signals them through file
descriptors (pidfd), which never come to mean another process.

Nobody is left over: the kernel kills the fork server with the main process, and the workers with
the fork server (PR_SET_PDEATHSIG). A fork clears that, so each worker asks for it anew, and looks
whether its parent is still there.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import logging
import os
import select
import signal
import socket
from collections.abc import Callable
from typing import Any, NoReturn

FORK_SERVER = "fork-server"  # the last word of its command
FORK, LEARN = "fork", "learn"  # what it is asked for; with the first comes the worker's socket
MESSAGE_BYTES = 4096
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

Live = Callable[[socket.socket], None]


def serve(live: Live, learn: Callable[[], None]) -> None:
    """Fork whom the main process asks for, until it is gone.

    ``live`` is what a worker does with its socket; ``learn`` loads what later workers shall have.
    """
    with socket.socket(fileno=os.dup(0)) as channel, contextlib.suppress(BrokenPipeError):
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123  a descriptor is wanted, not a path
            os.dup2(nothing.fileno(), 0)
        _ForkServer(channel, live, learn).serve()


def die_with_parent() -> None:
    """Let the kernel kill this process with its parent; not Linux: the end of stdin must do."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class _ForkServer:
    """The loop, and who is alive."""

    def __init__(self, channel: socket.socket, live: Live, learn: Callable[[], None]) -> None:
        self._channel = channel
        self._live = live
        self._learn = learn
        self._workers: dict[int, int] = {}  # pidfd -> process id
        self._poll = select.poll()
        self._poll.register(channel, select.POLLIN)

    def serve(self) -> None:
        self._tell(to=0)
        while True:
            for fd, _ in self._poll.poll():
                if fd in self._workers:
                    self._bury(fd)
                elif not self._hear():
                    return

    def _hear(self) -> bool:
        """Do what is asked. False: nobody is there any more."""
        message, fds, _, _ = socket.recv_fds(self._channel, MESSAGE_BYTES, 1)
        if not message:
            return False
        asked = json.loads(message)
        if asked["for"] == LEARN:
            self._learn()
            self._tell(to=asked["number"])
        elif fds:
            with socket.socket(fileno=fds[0]) as theirs:
                self._fork(theirs, asked["number"])
        else:  # the kernel dropped it
            self._tell(to=asked["number"], refused="too many open files")
        return True

    def _fork(self, theirs: socket.socket, number: int) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
            if pid == 0:
                self._become_worker(theirs, parent)
            pidfd = _pidfd_of(pid)
        except OSError as exc:  # too many processes, files or pages
            self._tell(to=number, refused=str(exc))
            return
        self._workers[pidfd] = pid
        self._poll.register(pidfd, select.POLLIN)
        self._tell(pidfd, to=number, forked=pid)

    def _become_worker(self, theirs: socket.socket, parent: int) -> NoReturn:
        code = 1
        try:
            die_with_parent()
            if os.getppid() == parent:  # else it ended before the kernel knew
                os.setsid()
                self._channel.close()
                for pidfd in self._workers:
                    os.close(pidfd)
                self._live(theirs)
            code = 0
        except (BrokenPipeError, KeyboardInterrupt):
            code = 0
        except Exception:
            logging.getLogger("crawler.extraction").exception("a worker broke")
        finally:
            os._exit(code)

    def _bury(self, pidfd: int) -> None:
        """Reap a worker that has ended, and tell how."""
        self._poll.unregister(pidfd)
        pid, status = os.waitpid(self._workers.pop(pidfd), 0)
        os.close(pidfd)
        self._tell(ended=pid, code=os.waitstatus_to_exitcode(status))

    def _tell(self, *fds: int, **what: Any) -> None:  # noqa: ANN401  values of JSON
        socket.send_fds(self._channel, [json.dumps(what).encode()], fds)


def _pidfd_of(pid: int) -> int:
    """Return a descriptor of a child; one that gets none is ended."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise

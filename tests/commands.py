"""Commands in processes of their own that need not import Scrapy each time.

A crawl of one page takes 1.2 s of CPU, 0.7 of it imports, and the tests run hundreds of them. So
one process for each worker of pytest imports what the commands use, and each command is a fork of
it: the same code in a process of its own, with its own output, folder and environment, which
signals end as any other. What is about start-up itself, or damage to the interpreter, starts
Python.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import pkgutil
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (below zero: by that signal) and what it printed."""

    code: int
    out: str
    err: str


def run(
    words: list[str], *, cwd: Path | None, environment: Mapping[str, str], timeout: float
) -> Ended:
    """Run ``sourcekeep`` to its end. Raises subprocess.TimeoutExpired when it does not end."""
    return Begun({"words": words}, cwd, environment).ended(timeout)


def run_source(
    source: str, *words: object, environment: Mapping[str, str], timeout: float
) -> Ended:
    """Run a program as ``python -c`` would. Raises subprocess.TimeoutExpired, as above."""
    return begin(*words, environment=environment, source=source).ended(timeout)


def begin(
    *words: object,
    cwd: Path | None = None,
    environment: Mapping[str, str],
    source: str | None = None,
) -> Begun:
    """Begin ``sourcekeep``, or a program as ``python -c`` would, and leave it running."""
    program: dict[str, Any] = {"words": [str(word) for word in words]}
    return Begun(program if source is None else {**program, "source": source}, cwd, environment)


class Begun:
    """A command in a process of its own, as subprocess.Popen has one. End each of them."""

    def __init__(
        self, program: dict[str, Any], cwd: Path | None, environment: Mapping[str, str]
    ) -> None:
        self.returncode: int | None = None  # below zero: by that signal; None: it is running
        self._words = program["words"]
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._line.connect(_server())
        asked = json.dumps({**program, "cwd": str(cwd or Path.cwd()), "env": dict(environment)})
        socket.send_fds(self._line, [b"?"], [self._out.fileno(), self._err.fileno()])
        self._line.sendall(asked.encode() + b"\n")
        self._answers = self._line.makefile("rb", buffering=0)
        self.pid = int(self._answers.readline())

    def poll(self) -> int | None:
        """Return the exit code; None while the process runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Wait for the exit code. Raises subprocess.TimeoutExpired; then the process runs on."""
        if self.returncode is None:
            if not select.select([self._line], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self._words, timeout)
            self.returncode = int(self._answers.readline())
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process is known to have ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float = 60) -> tuple[str, str]:
        """Return what was printed, when the process has ended. Raises as ``wait`` does."""
        self.wait(timeout)
        self._answers.close()
        self._line.close()
        return _text(self._out), _text(self._err)

    def ended(self, timeout: float) -> Ended:
        """Wait for the end; what does not end is killed. Raises subprocess.TimeoutExpired."""
        try:
            out, err = self.communicate(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        assert self.returncode is not None
        return Ended(self.returncode, out, err)


def _text(printed: IO[bytes]) -> str:
    with printed:
        printed.seek(0)
        return printed.read().decode()


@cache
def _server() -> str:
    """Start the process that forks, and return its socket. It ends when its input closes."""
    folder = tempfile.mkdtemp(prefix="sourcekeep-commands-")
    path = str(Path(folder, "socket"))
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.commands", path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"

    def end() -> None:
        server.communicate()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return path


# --- the process that forks -----------------------------------------------------------------------


def serve(path: str) -> None:
    """Fork a process for each command that comes in at a socket, until the input closes."""
    _import_all()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(path)
        listening.listen(8)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the processes between are not waited for
        print("ready", flush=True)
        watcher = os.fork()
        if not watcher:
            sys.stdin.buffer.read()  # until whoever started us is gone
            os.kill(os.getppid(), signal.SIGTERM)
            os._exit(0)
        while True:
            line, _ = listening.accept()
            if not os.fork():
                listening.close()
                _attend(line)
            line.close()


def _import_all() -> None:
    """Import what the commands import, but nothing that chooses Twisted's reactor."""
    from crawler import cli

    for module in pkgutil.iter_modules(cli.__path__, "crawler.cli."):
        import_module(module.name)
    for name in (
        "crawler.spiders.entries",
        "crawler.spiders.sources",
        "crawler.fetching.wire.handler",
        "scrapy.cmdline",
    ):
        import_module(name)
    assert "twisted.internet.reactor" not in sys.modules
    gc.collect()
    gc.freeze()  # the children need not look through it


def _attend(line: socket.socket) -> None:
    """Run one command in a child of this process, and tell its process and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, printed, _, _ = socket.recv_fds(line, 1, 2)
    asked = json.loads(line.makefile().readline())
    child = os.fork()
    if not child:
        line.close()
        _become(asked, *printed)
    line.sendall(f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(BrokenPipeError):  # nobody waited so long
        line.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(asked: dict[str, Any], out: int, err: int) -> None:
    """Run the command as ``python -m crawler`` would, or the source as ``python -c`` would."""
    from crawler.cli import main

    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv = ["sourcekeep", *asked["words"]]
    code: object = 1
    try:
        if "source" in asked:
            main_module = sys.modules["__main__"]
            exec(compile(asked["source"], "<source>", "exec"), vars(main_module))
            code = 0
        else:
            code = main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # noqa: BLE001 - Python would print it, too
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    serve(sys.argv[1])

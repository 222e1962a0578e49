"""What the server and the proxy of the benchmarks share: a process, and its connections."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from email.utils import formatdate
from pathlib import Path
from types import TracebackType
from typing import Self

ROBOTS = (
    b"User-agent: *\nDisallow: /private/\nDisallow: /search\n\nUser-agent: nobody\nDisallow: /\n"
)
# What a page of a news site commonly says besides: headers are parsed, kept and written, too.
COMMON_HEADERS = (
    "Server: nginx",
    f"Date: {formatdate(usegmt=True)}",
    "Connection: keep-alive",
    "Vary: Accept-Encoding",
    "Cache-Control: public, max-age=60",
    "X-Content-Type-Options: nosniff",
    "X-Frame-Options: SAMEORIGIN",
    "Referrer-Policy: strict-origin-when-cross-origin",
    "Strict-Transport-Security: max-age=31536000; includeSubDomains",
    "X-Cache: HIT",
    "Age: 17",
)


class WebProcess(AbstractContextManager["WebProcess"]):
    """A program that prints its port and serves, in its own process while the context lasts."""

    def __init__(self, program: str, *words: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, program, *map(str, words)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{Path(program).name} of the benchmarks did not start")
        self.port = int(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


class Connection(asyncio.Protocol):
    """One connection, kept alive; ``answer`` gives the bytes for the head of each request."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request whose head has come."""
        self._rest += data
        while b"\r\n\r\n" in self._rest:
            head, _, self._rest = self._rest.partition(b"\r\n\r\n")
            self._transport.write(self._answer(head))


def target_of(head: bytes) -> bytes:
    """Return what a request asks for, as it is written."""
    return head.split(b" ", 2)[1]


def message(status: str, headers: list[str], body: bytes) -> bytes:
    """Return an answer, with its length unless it has no body by its status."""
    length = [] if status.startswith("304") else [f"Content-Length: {len(body)}"]
    lines = [f"HTTP/1.1 {status}", *COMMON_HEADERS, *headers, *length, "", ""]
    return "\r\n".join(lines).encode() + body

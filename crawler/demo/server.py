"""A small HTTP/1.1 server on raw sockets, so that exact bytes, pauses and resets are possible.

It listens on several loopback addresses at one port and runs in a thread of its own. Who was asked
is told by the address that accepted the connection, never by the Host header.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes

from crawler.demo.behaviours import Answer, Request, Response, Script, compose, status_line
from crawler.errors import SourcekeepError
from crawler.items import Header

MAX_HEAD_BYTES = 64 * 1024
BACKLOG = 512
_BIND_ATTEMPTS = 50  # a port that is free on one address may be taken on another
_TLS_HANDSHAKE = b"\x16"  # the type of the first record that a client sends
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: close sends RST


class RequestLog:
    """What was asked so far; may be read while the web is being read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Request] = []

    def append(self, request: Request) -> None:
        """Add one request."""
        with self._lock:
            self._requests.append(request)

    def count(self, path: str, host: str | None = None) -> int:
        """Return how often a path was asked, on one address or on all."""
        return sum(seen.path == path and host in (None, seen.host) for seen in self)

    def clear(self) -> None:
        """Forget what was asked; the visits that behaviours count go on."""
        with self._lock:
            self._requests.clear()

    def __iter__(self) -> Iterator[Request]:
        with self._lock:
            return iter(self._requests[:])

    def __len__(self) -> int:
        with self._lock:
            return len(self._requests)

    def __getitem__(self, index: int) -> Request:
        with self._lock:
            return self._requests[index]


class Server:
    """Answers requests by a function, from ``start`` to ``stop``."""

    def __init__(
        self,
        addresses: Sequence[str],
        respond: Callable[[Request], Answer],
        now: Callable[[], datetime],
    ) -> None:
        self.log = RequestLog()
        self.accepted = 0  # connections so far, those that asked nothing included
        self._addresses = addresses
        self._respond = respond
        self._now = now
        self._visits: Counter[tuple[str, str]] = Counter()
        self._writers: set[asyncio.StreamWriter] = set()
        self._listening: dict[str, asyncio.Server] = {}
        self._port = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    def start(self, port: int = 0) -> int:
        """Listen on every address at one port and return it; 0 takes a free one."""
        sockets = bind_all(self._addresses, port)
        self._port = port = sockets[0].getsockname()[1]
        listening = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run(sockets, listening)),
            name=f"demo-web-{port}",
            daemon=True,
        )
        self._thread.start()
        listening.wait()
        return port

    def stop(self) -> None:
        """Break off every connection, close every socket, end the thread."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None

    def refuse(self, addresses: Collection[str]) -> None:
        """Have exactly these of our addresses refuse connections; the others listen (again).

        Returns when it is so. Connections that are open stay. Raises SourcekeepError when the port
        of an address was taken meanwhile.
        """
        if self._loop is not None and self._thread is not None:
            asyncio.run_coroutine_threadsafe(self._listen(addresses), self._loop).result()

    async def _listen(self, refusing: Collection[str]) -> None:
        for address in self._addresses:
            server = self._listening.get(address)
            if server is not None and address in refusing:
                del self._listening[address]
                server.close()
            elif server is None and address not in refusing:
                self._listening[address] = await self._serve(bind_all([address], self._port)[0])

    async def _serve(self, sock: socket.socket) -> asyncio.Server:
        return await asyncio.start_server(
            self._converse, sock=sock, limit=MAX_HEAD_BYTES, backlog=BACKLOG
        )

    async def _run(self, sockets: list[socket.socket], listening: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        for address, sock in zip(self._addresses, sockets, strict=True):
            self._listening[address] = await self._serve(sock)
        listening.set()
        await self._stopping.wait()
        for server in self._listening.values():
            server.close()
        await asyncio.sleep(0.01)  # for a connection that is just being accepted
        for writer in self._writers:
            writer.transport.abort()  # asyncio.run() then cancels their tasks

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._writers.add(writer)
        writer.transport.set_write_buffer_limits(0)  # drain() means: handed to the kernel
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the reader has gone
        except asyncio.CancelledError:
            pass  # we stop; passed on, Python 3.11 would log it as a fault of the connection
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read one request and answer it; return whether the connection stays open."""
        host, port = writer.get_extra_info("sockname")[:2]
        try:
            first = await reader.readexactly(1)
            if first == _TLS_HANDSHAKE:  # no end of a head would ever come
                raise ValueError("TLS on a port of plain HTTP")
            head = first + await reader.readuntil(b"\r\n\r\n")
            request = self._read_head(head, host, port)
            await reader.readexactly(int(request.header("Content-Length") or 0))
        except (asyncio.LimitOverrunError, ValueError) as exc:
            status = 431 if isinstance(exc, asyncio.LimitOverrunError) else 400
            head = (
                f"{status_line(status)}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
            )
            writer.write(head)
            await writer.drain()
            return False
        answer = self._answer(request)
        self.log.append(replace(request, status=answer.status))
        if isinstance(answer, Response):
            closing = wants_close(request, head)
            writer.write(compose(answer, request, closing=closing))
            await writer.drain()
            return not closing
        return await _perform(answer, writer) and not wants_close(request, head)

    def _read_head(self, head: bytes, host: str, port: int) -> Request:
        """Return the request that a head holds. Raises ValueError when it is none."""
        first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        method, target, _version = first.split(" ")
        if target.startswith("http://"):  # asked as a proxy for one of our own addresses
            authority, slash, rest = target.removeprefix("http://").partition("/")
            host, target = authority.partition(":")[0], slash + rest or "/"
        path = unquote_to_bytes(target.partition("?")[0].encode("latin-1")).decode(errors="replace")
        self._visits[host, path] += 1
        return Request(
            t=time.monotonic(),
            wall=datetime.now(UTC),
            at=self._now(),
            host=host,
            port=port,
            method=method,
            target=target,
            path=path,
            headers=tuple(_read_header(line) for line in lines),
            visit=self._visits[host, path],
        )

    def _answer(self, request: Request) -> Answer:
        try:
            return self._respond(request)
        except Exception:  # noqa: BLE001 - a test's own behaviour broke: let the test see where
            text = (("Content-Type", "text/plain; charset=utf-8"),)
            return Response(500, text, traceback.format_exc().encode())


def bind_all(addresses: Sequence[str], port: int) -> list[socket.socket]:
    """Return a bound socket per address, all at one port. Raises SourcekeepError."""
    for _attempt in range(1 if port else _BIND_ATTEMPTS):
        bound: list[socket.socket] = []
        try:
            for address in addresses:
                chosen = bound[0].getsockname()[1] if bound else port
                bound.append(socket.create_server((address, chosen), backlog=BACKLOG))
        except OSError as exc:
            for sock in bound:
                sock.close()
            if exc.errno != errno.EADDRINUSE:
                where = f"cannot listen on {address}: {exc.strerror}"
                raise SourcekeepError(f"{where}. {_ALIAS_HINT}") from exc
        else:
            return bound
    raise SourcekeepError(f"port {port} is taken on {addresses[0]} or one of its neighbours")


_ALIAS_HINT = (
    "The demo web needs the loopback addresses 127.0.0.1 to 127.0.0.9; on macOS add each first, "
    "as in: sudo ifconfig lo0 alias 127.0.0.2 up"
)


def wants_close(request: Request, head: bytes) -> bool:
    """Return whether a reader asks for the connection to be closed after the answer."""
    wish = (request.header("Connection") or "").lower()
    first_line = head.partition(b"\r\n")[0]
    return "close" in wish or (first_line.endswith(b"/1.0") and "keep-alive" not in wish)


def _read_header(line: str) -> Header:
    name, colon, value = line.partition(":")
    if not colon:
        raise ValueError(line)
    return name, value.strip()


async def _perform(script: Script, writer: asyncio.StreamWriter) -> bool:
    """Play a script; return whether the connection stays open."""
    for step in script.steps:
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
        else:
            await asyncio.sleep(step)
    if script.ending == "reset":
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        writer.transport.abort()
    return script.ending == "keep"

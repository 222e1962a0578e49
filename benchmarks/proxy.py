"""The web of the storage benchmark: corpus pages under their own URLs, by a proxy on loopback.

Which pages share a host, and how long URLs are, decides what an archive takes; so pages are asked
for as they were cited, over plain HTTP (``https`` URLs too). Bodies go out as gzip to a client that
accepts it. Every host has the same robots.txt.

    python benchmarks/proxy.py LIST      one "URL, tab, path of the body as gzip" a line
"""

from __future__ import annotations

import asyncio
import gzip
import re
import subprocess
import sys
import zlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote, urlsplit, urlunsplit

from server import COMMON_HEADERS, ROBOTS


@dataclass(frozen=True, slots=True)
class Served:
    """A page under a URL."""

    url: str  # http, as a client writes it into its request
    path: Path  # the body, gzip

    @property
    def host(self) -> str:
        """The host that serves it."""
        return urlsplit(self.url).netloc

    @property
    def body(self) -> bytes:
        """The page."""
        return gzip.decompress(self.path.read_bytes())


def plain_url(url: str) -> str | None:
    """Return the URL as it is asked over plain HTTP; None where programs would spell it apart."""
    scheme, netloc, path, query, _ = urlsplit(url.strip())
    spelled = urlunsplit(("http", netloc.lower(), path or "/", query, ""))
    usual = (
        spelled.isascii()
        and not set(" \"<>\\^`{|}'[]") & set(spelled)
        and not re.search(r"//|/\.{1,2}(/|$)", path)
    )
    return spelled if usual and netloc and scheme in ("http", "https") else None


class Proxy(AbstractContextManager["Proxy"]):
    """The proxy, running in a process of its own while the context lasts."""

    def __init__(self, listed: Path, pages: list[Served]) -> None:
        listed.write_text("".join(f"{page.url}\t{page.path}\n" for page in pages))
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(listed)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit("the benchmarks' proxy did not start")
        self.url = f"http://127.0.0.1:{int(line)}"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class _Serving(asyncio.Protocol):
    """One connection, kept alive."""

    def __init__(self, paths: dict[str, Path]) -> None:
        self._paths = paths
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while b"\r\n\r\n" in self._rest:
            head, _, self._rest = self._rest.partition(b"\r\n\r\n")
            url = _key(head.split(b" ", 2)[1].decode())
            coded = b"\r\naccept-encoding:" in head.lower() and b"gzip" in head.lower()
            self._transport.write(self._answer(url, coded=coded))

    def _answer(self, url: str, *, coded: bool) -> bytes:
        path = self._paths.get(url)
        if path is not None:
            packed = path.read_bytes()
            tag = f'ETag: "{zlib.crc32(packed):08x}"'
            body = packed if coded else gzip.decompress(packed)
            headers = ["Content-Type: text/html; charset=utf-8", tag]
            return _message("200 OK", headers + ["Content-Encoding: gzip"] * coded, body)
        if url.endswith("/robots.txt"):
            return _message("200 OK", ["Content-Type: text/plain"], ROBOTS)
        return _message("404 Not Found", ["Content-Type: text/plain"], b"nothing here")


def _key(url: str) -> str:
    """Return a URL without what programs spell in their own way: case and escapes."""
    return unquote(url).lower()


def _message(status: str, headers: list[str], body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status}", *COMMON_HEADERS, *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _serve(paths: dict[str, Path]) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Serving(paths), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    lines = Path(sys.argv[1]).read_text().splitlines()
    pairs = (line.partition("\t") for line in lines)
    asyncio.run(_serve({_key(url): Path(path) for url, _, path in pairs}))


if __name__ == "__main__":
    main()

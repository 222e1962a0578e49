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
import sys
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from serving import ROBOTS, Connection, WebProcess, message, target_of


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


class Proxy(WebProcess):
    """The proxy, while the context lasts."""

    def __init__(self, listed: Path, pages: list[Served]) -> None:
        listed.write_text("".join(f"{page.url}\t{page.path}\n" for page in pages))
        super().__init__(__file__, listed)
        self.url = f"http://127.0.0.1:{self.port}"


def _answer(paths: dict[str, Path], head: bytes) -> bytes:
    url = _key(target_of(head).decode())
    path = paths.get(url)
    if path is not None:
        coded = b"\r\naccept-encoding:" in head.lower() and b"gzip" in head.lower()
        packed = path.read_bytes()
        tag = f'ETag: "{zlib.crc32(packed):08x}"'
        body = packed if coded else gzip.decompress(packed)
        headers = ["Content-Type: text/html; charset=utf-8", tag]
        return message("200 OK", headers + ["Content-Encoding: gzip"] * coded, body)
    if url.endswith("/robots.txt"):
        return message("200 OK", ["Content-Type: text/plain"], ROBOTS)
    return message("404 Not Found", ["Content-Type: text/plain"], b"nothing here")


def _key(url: str) -> str:
    """Return a URL without what programs spell in their own way: case and escapes."""
    return unquote(url).lower()


async def _serve(paths: dict[str, Path]) -> None:
    loop = asyncio.get_running_loop()
    answer = partial(_answer, paths)
    server = await loop.create_server(lambda: Connection(answer), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    lines = Path(sys.argv[1]).read_text().splitlines()
    pairs = (line.partition("\t") for line in lines)
    asyncio.run(_serve({_key(url): Path(path) for url, _, path in pairs}))


if __name__ == "__main__":
    main()

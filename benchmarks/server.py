"""The web that the benchmarks crawl: corpus pages on 64 loopback addresses, in its own process.

It holds every answer ready in memory, so that it takes little of the machine that it shares with
what is measured; ``PageServer.cpu_s`` tells how little.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

from corpus import ADDRESSES, SavedPage, corpus_of, saved_pages
from serving import ROBOTS, Connection, WebProcess, message, target_of


class PageServer(WebProcess):
    """The server, while the context lasts."""

    def __init__(
        self,
        shared: Path,
        *,
        coded: bool = True,
        charset: bool = True,
        validators: bool = True,
        extra: Path | None = None,  # folder of further pages, each served under its file's name
    ) -> None:
        words = ["--extra", extra] if extra else []
        words += ["--identity"] * (not coded) + ["--no-charset"] * (not charset)
        words += ["--no-validators"] * (not validators)
        super().__init__(__file__, "--shared", shared, *words)
        self._before_s = self._total_s()

    @property
    def cpu_s(self) -> float:
        """CPU seconds that answering has taken so far."""
        return self._total_s() - self._before_s

    def _total_s(self) -> float:
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def answers_of(
    pages: list[SavedPage], *, coded: bool, charset: bool, validators: bool
) -> dict[bytes, tuple[bytes, bytes]]:
    """Return path -> (answer in full, answer to a conditional request)."""
    answers = {b"/robots.txt": (message("200 OK", ["Content-Type: text/plain"], ROBOTS),) * 2}
    for page in pages:
        kind = f"; charset={page.charset}" if charset and page.charset else ""
        headers = [f"Content-Type: text/html{kind}"]
        if validators:
            headers += [f'ETag: "{page.id}"', "Last-Modified: Sat, 01 Aug 2026 08:00:00 GMT"]
        body = page.gzipped if coded else page.body
        whole = message("200 OK", headers + ["Content-Encoding: gzip"] * coded, body)
        short = message("304 Not Modified", headers, b"") if validators else whole
        answers[f"/{page.id}".encode()] = whole, short
    return answers


def _listening() -> list[socket.socket]:
    """Return a socket on each address, all with one port that is free on all of them."""
    while True:
        first = socket.create_server((ADDRESSES[0], 0), backlog=128)
        port = first.getsockname()[1]
        sockets = [first]
        try:
            sockets += [socket.create_server((a, port), backlog=128) for a in ADDRESSES[1:]]
        except OSError:
            for each in sockets:
                each.close()
            continue
        return sockets


def _answering(answers: dict[bytes, tuple[bytes, bytes]]) -> Callable[[bytes], bytes]:
    missing = (message("404 Not Found", [], b"nothing here"),) * 2

    def answer(head: bytes) -> bytes:
        found = answers.get(target_of(head), missing)
        return found[b"\r\nif-none-match:" in head.lower()]

    return answer


async def _serve(answers: dict[bytes, tuple[bytes, bytes]]) -> None:
    loop, answer = asyncio.get_running_loop(), _answering(answers)
    sockets = _listening()
    servers = [await loop.create_server(lambda: Connection(answer), sock=each) for each in sockets]
    print(sockets[0].getsockname()[1], flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--shared", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--extra", type=Path, help="folder of further pages, gzip")
    parser.add_argument("--identity", action="store_true", help="serve without gzip")
    parser.add_argument("--no-charset", action="store_true", help="name no charset in the header")
    parser.add_argument("--no-validators", action="store_true", help="never answer with 304")
    chosen = parser.parse_args()
    pages = saved_pages(corpus_of(chosen.shared))
    for path in sorted(chosen.extra.iterdir()) if chosen.extra else ():
        pages.append(SavedPage(path.name, path, 0, "utf-8"))
    answers = answers_of(
        pages,
        coded=not chosen.identity,
        charset=not chosen.no_charset,
        validators=not chosen.no_validators,
    )
    asyncio.run(_serve(answers))


if __name__ == "__main__":
    main()

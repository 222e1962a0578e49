"""A request outside of a crawl ends in time, whatever the other side does."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
import trustme

from crawler.addresses import parse_networks
from crawler.errors import RequestFailed
from crawler.fetching.wire.egress import EgressPolicy
from crawler.fetching.wire.posting import ask

LOOPBACK = EgressPolicy(allowed=parse_networks(["127.0.0.0/8"]))


@contextmanager
def serving(serve: Callable[[socket.socket], object]) -> Iterator[int]:
    """Hand the first connection to a function, and close it when that returns."""

    def run() -> None:
        with suppress(OSError):
            connection, _ = server.accept()
            with connection, suppress(OSError):
                serve(connection)

    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=run, daemon=True).start()
        yield server.getsockname()[1]


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(1000)
    return data


def drip(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        connection.sendall(b"X: y\r\n")
        time.sleep(0.05)


@pytest.mark.parametrize("serve", [drip, read_request, lambda connection: time.sleep(3)])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_does_not_end_is_cut_off(scheme: str, serve: Callable[..., object]) -> None:
    """Also within the head of an answer, and before TLS is agreed on."""
    with serving(serve) as port:
        before = time.monotonic()
        with pytest.raises(RequestFailed):
            ask(f"{scheme}://127.0.0.1:{port}/", {}, LOOPBACK, timeout_s=0.3)
        assert time.monotonic() - before < 2.5


def test_tls_is_checked_and_spoken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            asked = read_request(secured)
            length = b"Content-Length: 12\r\n\r\n"
            secured.sendall(b"HTTP/1.1 418 Teapot\r\n" + length + asked[:12])

    with serving(serve) as port:
        url = f"https://127.0.0.1:{port}/digest?a=b"
        with pytest.raises(RequestFailed, match="certificate verify failed"):
            ask(url, {}, LOOPBACK)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with serving(serve) as port:
        answer = ask(f"https://127.0.0.1:{port}/digest?a=b", {}, LOOPBACK)
    assert (answer.status, answer.content) == (418, b"GET /digest?")


@pytest.mark.parametrize(
    "url",
    ["http://me:pass@127.0.0.1/", "ftp://a.example/", "http://", "http://[::1/", "http://a:x/"],
)
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(RequestFailed):
        ask(url, {}, LOOPBACK)

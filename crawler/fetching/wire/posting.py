"""One request outside of a crawl, under the rules of the egress guard.

A name is resolved once; each of its addresses is judged as the literal that is dialled. No
redirect is followed, and no proxy is used. An answer that comes drop by drop is cut off.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Timer
from urllib.parse import SplitResult, urlsplit

from crawler.errors import RequestFailed
from crawler.fetching.wire.egress import EgressPolicy

TIMEOUT_S = 30.0  # for the whole of it, from the first address that is dialled
ANSWER_MAX_BYTES = 2**20
ASKABLE = "write an http or https address without a user name"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    content: bytes


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    policy: EgressPolicy,
    *,
    timeout_s: float = TIMEOUT_S,
) -> bytes:
    """Return the body of the answer with status 200. Raises RequestFailed for all else."""
    answer = ask(url, headers, policy, body=body, timeout_s=timeout_s)
    if answer.status != 200:
        raise RequestFailed(url, told_status(answer.status))
    return answer.content


def ask(
    url: str,
    headers: Mapping[str, str],
    policy: EgressPolicy,
    *,
    body: bytes | None = None,
    max_bytes: int = ANSWER_MAX_BYTES,
    timeout_s: float = TIMEOUT_S,
) -> Answer:
    """Return the answer to a POST of ``body``, or to a GET without one.

    Raises RequestFailed when there is none, or it is larger than ``max_bytes``.
    """
    parts = _parts_of(url)
    if parts is None:
        raise RequestFailed(url, ASKABLE)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    ended = Event()
    try:
        with _connected(url, parts, policy, timeout_s, ended) as connection:
            connection.request("GET" if body is None else "POST", target, body, dict(headers))
            answer = connection.getresponse()
            content = answer.read(max_bytes + 1)
    except (OSError, http.client.HTTPException, ValueError) as exc:
        raise RequestFailed(url, _told(exc, timeout_s, ended)) from exc
    if ended.is_set():  # an answer without a length ends where it was cut off
        raise RequestFailed(url, _late(timeout_s))
    if len(content) > max_bytes:
        raise RequestFailed(url, f"its answer has more than {max_bytes} bytes")
    return Answer(answer.status, content)


def is_askable(url: str) -> bool:
    """Tell whether an address is one that can be asked at all: ``ASKABLE`` says what it must be."""
    return _parts_of(url) is not None


def told_status(status: int) -> str:
    """Return what an unwanted status means, for the sentence of a RequestFailed."""
    redirect = ", a redirect, which is not followed" if 300 <= status < 400 else ""
    return f"it answers with status {status}{redirect}"


def _parts_of(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        port = parts.port  # reading it raises where it is no number, or too large
    except ValueError:
        return None
    spoken = parts.scheme in ("http", "https") and parts.hostname and port != 0
    return parts if spoken and not parts.username else None


@contextmanager
def _connected(
    url: str, parts: SplitResult, policy: EgressPolicy, timeout_s: float, ended: Event
) -> Iterator[http.client.HTTPConnection]:
    """Connect for a block, and cut the connection off when the block takes too long."""
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    connection.sock = held = _dial(url, host, port, policy, timeout_s)

    def end() -> None:
        ended.set()
        with suppress(OSError):  # not that of SSLSocket, which takes its session from the reader
            socket.socket.shutdown(held, socket.SHUT_RDWR)

    timer = Timer(timeout_s, end)
    timer.daemon = True
    timer.start()
    try:
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = held = secured = context.wrap_socket(
                held, server_hostname=host, do_handshake_on_connect=False
            )
            secured.do_handshake()
        yield connection
    finally:
        timer.cancel()
        connection.close()


def _told(exc: Exception, timeout_s: float, ended: Event) -> str:
    if ended.is_set() or isinstance(exc, TimeoutError):
        return _late(timeout_s)
    return str(exc) or type(exc).__name__


def _late(timeout_s: float) -> str:
    return f"no whole answer within {timeout_s:g} s"


def _dial(
    url: str, host: str, port: int, policy: EgressPolicy, timeout_s: float
) -> socket.socket:  # fmt: skip
    """Connect to the first address of a name that may be dialled and answers."""
    problem = "its name has no address"
    for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        refused = policy.dial_refusal(str(address[0]), port)
        if refused is not None:
            problem = f"its address {address[0]} must not be dialled ({refused}); see --allow"
            continue
        dialled = socket.socket(family, socket.SOCK_STREAM)
        dialled.settimeout(timeout_s)
        try:
            dialled.connect(address)
        except OSError as exc:
            dialled.close()
            problem = str(exc)
        else:
            return dialled
    raise RequestFailed(url, problem)

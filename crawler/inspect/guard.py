"""Answers only those who ask for a loopback name.

A page on the web can give its own host name the address 127.0.0.1 and then read, from the visitor's
browser, whatever listens there ("DNS rebinding"). The name stands in the Host header, so a foreign
one is refused; what follows may as well be private.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_REFUSAL = b"This server answers only when it is asked for by a loopback address.\n"


def is_loopback(host: str) -> bool:
    """Return whether a host, without a port, is ``localhost`` or a literal loopback address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def only_loopback(app: App) -> App:
    """Return the application, closed to requests whose Host header names another host."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_loopback(_host_of(scope)):
            await app(scope, receive, send)
            return
        await send({
            "type": "http.response.start", "status": 403,
            "headers": [(b"content-type", b"text/plain; charset=utf-8")],
        })  # fmt: skip
        await send({"type": "http.response.body", "body": _REFUSAL})

    return guarded


def _host_of(scope: Scope) -> str:
    named: str = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    host, colon, port = named.rpartition(":")
    return host if colon and port.isdecimal() else named

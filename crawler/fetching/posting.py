"""One request with a body, outside of a crawl, under the rules of the egress guard.

A name is resolved once; each of its addresses is judged as the literal that is dialled. No
redirect is followed, and no proxy is used.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from crawler.errors import RequestFailed
from crawler.fetching.egress import EgressPolicy

TIMEOUT_S = 30.0
ANSWER_MAX_BYTES = 2**20


def post(url: str, body: bytes, headers: Mapping[str, str], policy: EgressPolicy) -> bytes:
    """Return the body of the answer with status 200. Raises RequestFailed for all else."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise RequestFailed(url, "write an http or https address without a user name")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        connection = http.client.HTTPConnection(parts.hostname, port, timeout=TIMEOUT_S)
        connection.sock = _dial(url, parts.hostname, port, policy)
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(connection.sock, server_hostname=parts.hostname)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, body, dict(headers))
            answer = connection.getresponse()
            content = answer.read(ANSWER_MAX_BYTES + 1)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as exc:
        raise RequestFailed(url, str(exc) or type(exc).__name__) from exc
    if answer.status != 200:
        raise RequestFailed(url, f"it answers with status {answer.status}")
    if len(content) > ANSWER_MAX_BYTES:
        raise RequestFailed(url, f"its answer has more than {ANSWER_MAX_BYTES} bytes")
    return content


def _dial(url: str, host: str, port: int, policy: EgressPolicy) -> socket.socket:
    """Connect to the first address of a name that may be dialled and answers."""
    problem = "its name has no address"
    for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        refused = policy.dial_refusal(str(address[0]), port)
        if refused is not None:
            problem = f"its address {address[0]} must not be dialled ({refused}); see --allow"
            continue
        dialled = socket.socket(family, socket.SOCK_STREAM)
        dialled.settimeout(TIMEOUT_S)
        try:
            dialled.connect(address)
        except OSError as exc:
            dialled.close()
            problem = str(exc)
        else:
            return dialled
    raise RequestFailed(url, problem)

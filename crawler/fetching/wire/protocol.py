"""HTTP/1.1 as it comes over the wire: what no response of Scrapy tells of a transfer.

Bytes beyond the announced length, a connection that broke off while nothing told where the body
ends, a head without end. The classes stand on private ones of Scrapy 2.19 and Twisted 26.10;
tests/test_fidelity.py and tests/test_transfers.py show when those change.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy.core.downloader.handlers.http11 import (
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
)
from twisted.internet.error import ConnectionLost
from twisted.web._newclient import ParseError

from crawler.fetching.wire.tls import Verification, verification_of

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IAddress
    from twisted.python.failure import Failure
    from twisted.web._newclient import Request as TxRequest
    from twisted.web.iweb import IResponse

# The head of an answer, heads of answers with a status below 200 before it included. Browsers stop
# at 256 KiB; a single line of more than 16 KiB is too long for Twisted. Twisted logs each answer
# below 200, so that 40,000 of them keep us busy for seconds.
HEAD_MAX_BYTES = 2**20
HEAD_MAX_LINES = 10_000


@dataclass(slots=True)
class Facts:
    """What was seen of one transfer below the reach of Scrapy."""

    tls: Verification | None = None  # None: no TLS
    excess: bool = False  # bytes came after the end that the answer named
    broken: bool = False  # the connection did not end in good order
    too_slow: bool = False  # the body was cut off because too little of it came


class _Parser(_LenientHTTPClientParser):
    """Scrapy's parser of answers, with a limit to their head."""

    facts: Facts  # set by the protocol
    _head_bytes = 0
    _head_lines = 0

    def lineReceived(self, line: bytes) -> None:
        """Take a line of the head. Raises ParseError when there were too many."""
        self._head_bytes += len(line)
        self._head_lines += 1
        if self._head_bytes > HEAD_MAX_BYTES or self._head_lines > HEAD_MAX_LINES:
            raise _too_long(f"head of more than {self._head_lines - 1} lines", line)
        super().lineReceived(line)

    def allHeadersReceived(self) -> None:
        """Note that the host will close the connection: it says so, or speaks HTTP/1.0.

        Twisted knows but the one spelling "close", and no version: it would send the next request
        into a connection that is about to end (RFC 9112 §9.3).
        """
        said = b",".join(self.connHeaders.getRawHeaders(b"Connection", ())).lower()
        if b"close" in said or (self.response.version[2] == 0 and b"keep-alive" not in said):
            self.connHeaders.setRawHeaders(b"Connection", [b"close"])
        super().allHeadersReceived()  # type: ignore[no-untyped-call]

    def lineLengthExceeded(self, line: bytes) -> None:
        """Fail where Twisted would close the connection as if the host had."""
        raise _too_long(f"header line of more than {self.MAX_LENGTH} bytes", line)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Note how the connection ended: where no length was told, only that shows a cut."""
        # With TLS a reset and a mere missing goodbye look alike, and the latter is common.
        # At an end in good order Twisted passes an exception in place of a Failure.
        if isinstance(getattr(reason, "value", reason), ConnectionLost) and not self.facts.tls:
            self.facts.broken = True
        super().connectionLost(reason)


def _too_long(what: str, line: bytes) -> ParseError:
    return ParseError(what, line[:80])  # type: ignore[no-untyped-call]


class Protocol(_LenientHTTP11ClientProtocol):
    """Scrapy's HTTP/1.1, with the facts of each transfer on its response."""

    _facts = Facts()
    _idle = False  # between two requests, in the pool

    @property
    def state(self) -> str:
        """Return the state, as the pool asks for it before it uses a connection again.

        One on which something came unasked is broken off: the next answer would begin with that.
        """
        if self._idle and self._state == "QUIESCENT" and _peek(self.transport) is not None:
            self.transport.abortConnection()  # type: ignore[union-attr]
            return "ABORTING"
        return self._state

    def request(self, request: TxRequest) -> Deferred[IResponse]:
        """Send a request; its response has the attribute ``facts``."""
        self._idle = False
        answered: Deferred[IResponse] = super().request(request)
        facts = self._facts = Facts(tls=verification_of(self.transport))
        parser: Any = self._parser  # Scrapy's own request() swaps its class in the same way
        parser.__class__ = _Parser
        parser.facts = facts

        def attach(response: IResponse) -> IResponse:
            response.facts = facts
            return response

        return answered.addCallback(attach)

    def _finishResponse(self, rest: bytes) -> None:
        if not rest and self._facts.tls is None:  # what comes with TLS may be no bytes of a body
            rest = _peek(self.transport) or b""
        if rest.strip():  # some servers end every answer with a stray line break
            self._facts.excess = True
            if self._currentRequest is not None:  # what follows would be taken for the next answer
                self._currentRequest.persistent = False
        super()._finishResponse(rest)
        self._idle = True


def _peek(transport: object) -> bytes | None:
    """Return the beginning of what lies unread on a connection; None when nothing does.

    Empty when the host has closed it.
    """
    sock: socket.socket | None = getattr(transport, "socket", None)  # gone with the connection
    if sock is None:
        return b""
    try:
        return sock.recv(64, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:  # reset, or closed by us
        return b""


class ProtocolFactory(_LenientHTTP11ClientFactory):
    """Builds our protocol for the pool."""

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """Return a protocol for a new connection."""
        return Protocol(self._quiescentCallback)  # type: ignore[no-untyped-call]

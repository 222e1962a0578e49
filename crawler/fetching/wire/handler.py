"""The download handler: the last place before the wire, behind every queue and delay.

Downloader middlewares decide before a request waits for its host's turn, which may take minutes;
what must be true at the moment of the request is checked here. And Scrapy's handler throws away
what an archive wants to know of a transfer: what came of a body before the deadline, what was seen
on the wire (``wire``), what is wrong with a certificate. The classes below keep that. They stand on
private ones of Scrapy 2.19 and Twisted 26.10; tests/test_fidelity.py shows when those change.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from scrapy import Request, signals
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler, _ScrapyAgent
from scrapy.exceptions import DownloadTimeoutError, IgnoreRequest
from scrapy.http import Response
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet import endpoints

from crawler.fetching.wire.bodies import Gate, RateFloor, RateWatch
from crawler.fetching.wire.egress import GuardedDownloadHandler
from crawler.fetching.wire.protocol import Facts, ProtocolFactory
from crawler.fetching.wire.tls import NotingPolicy
from crawler.urls import host_key

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http.headers import Headers
    from twisted.web.client import Response as TxResponse

T = TypeVar("T")

# What we say of a transfer in ``response.flags``, beside Scrapy's own words.
TIMED_OUT, TOO_SLOW, EXCESS, BROKEN = "timed_out", "too_slow", "excess_bytes", "dataloss"
# How long after its deadline a request is given up by force: every stage below keeps the deadline
# itself, and tidies up, unless it is broken.
STALL_MARGIN_S = 15.0


class PutOff(IgnoreRequest):
    """A request was not sent after all: that is no failure, and its source stays due."""


class HostRests(PutOff):
    """The host asked for rest while the request waited, or before. Nothing was sent."""

    def __init__(self, host: str, until: datetime, why: str = "asked for rest") -> None:
        super().__init__(f"{host} {why}")
        self.why = why
        self.host = host  # its key, as in the archive
        self.until = until  # then it may be asked again


class DownloadStalled(DownloadTimeoutError):
    """A request neither ended nor failed by its deadline: something below us is broken."""


_gates: WeakKeyDictionary[Crawler, Gate] = WeakKeyDictionary()  # http and https share one


class _Agent(_ScrapyAgent):
    """Scrapy's agent of one request, which keeps what came before the deadline."""

    floor: RateFloor  # set by the handler
    _answer: TxResponse | None = None  # once its head is there
    _head: Headers | None = None  # of the answer, as Scrapy writes headers
    _watch: RateWatch | None = None  # from then on

    def received(self, size: int) -> None:
        """Count bytes of the body."""
        if self._watch is not None:
            self._watch.received(size)

    def pause(self) -> None:
        """Read no more from the host for now."""
        if self._answer is not None:
            self._answer._transport.pauseProducing()

    def resume(self) -> None:
        """Go on reading."""
        if self._answer is not None:
            self._answer._transport.resumeProducing()
        if self._watch is not None:
            self._watch.excuse()

    def release(self) -> None:
        """Let go of the body: reader and response hold each other for a while yet."""
        reader = getattr(self._answer, "_bodyProtocol", None)
        if reader is not None:
            reader._bodybuf = BytesIO()
        self._answer = self._watch = None

    def _cb_bodyready(self, txresponse: TxResponse, request: Request) -> Any:  # noqa: ANN401
        self._answer = txresponse
        self._watch = RateWatch(self.floor, asyncio.get_running_loop(), self._give_up)
        return super()._cb_bodyready(txresponse, request)

    def _headers_from_twisted_response(self, response: TxResponse) -> Headers:  # type: ignore[override]
        """Return the headers of the answer, written once: Scrapy asks for them at both its ends."""
        if self._head is None:
            self._head = super()._headers_from_twisted_response(response)
        return self._head

    def _cb_bodydone(self, result: Any, url: str) -> Response:  # noqa: ANN401
        """Return the response, with these very headers.

        Scrapy would write them anew, and look for a class that fits a body which is coded yet:
        together a tenth of what a fetch takes (0.2 ms). Nothing of ours asks for the class.
        """
        answer = result["txresponse"]
        name, major, minor = answer.version
        response = Response(
            url,
            status=int(answer.code),
            body=result.get("body", b""),
            flags=result.get("flags"),
            certificate=result.get("certificate"),
            ip_address=result.get("ip_address"),
            protocol=f"{name.decode()}/{major}.{minor}",
        )
        response._headers = self._headers_from_twisted_response(answer)
        if result.get("stop_download") is not None:
            response.flags.append("download_stopped")
        return response

    def _give_up(self) -> None:
        """Bring the deadline forward, so that what came is kept as at any deadline."""
        facts: Facts = self._answer.facts  # type: ignore[union-attr]
        facts.too_slow = True
        deadline: Any = self._timeout_cl
        deadline.reset(0)

    def _cb_timeout(self, result: T, request: Request, url: str, timeout: float) -> T:
        """Return the response, whole or as far as it came. Raises DownloadTimeoutError."""
        if self._watch is not None:
            self._watch.end()
        deadline: Any = self._timeout_cl
        in_time = deadline.active()
        if in_time:
            deadline.cancel()
        response: Any = result if in_time else self._partial(result, url)
        if response is None:
            raise DownloadTimeoutError(f"Getting {url} took longer than {timeout} seconds.")
        if self._answer is not None:
            facts: Facts = self._answer.facts  # type: ignore[attr-defined]
            request.meta["tls"] = facts.tls
            if isinstance(response, Response):
                _flag(response, facts, in_time=in_time)
        return response  # type: ignore[no-any-return]

    def _partial(self, result: object, url: str) -> Response | None:
        """Return what came before the deadline; None when the body had not begun."""
        if isinstance(result, Response):  # the end that we made ourselves looks like the host's
            return result
        reader = getattr(self._answer, "_bodyProtocol", None)
        if self._answer is None or reader is None:
            return None
        if self._answer._transport is not None:
            self._answer._transport.stopProducing()  # as Scrapy does, for https
        return self._cb_bodydone(
            {
                "txresponse": self._answer,
                "body": reader._bodybuf.getvalue(),
                "certificate": reader._certificate,
                "ip_address": reader._ip_address,
            },
            url,
        )


def _flag(response: Response, facts: Facts, *, in_time: bool) -> None:
    """Add to the flags of a response what was seen below it."""
    flags = set(response.flags)
    if not in_time:
        flags = (flags - {BROKEN}) | {TIMED_OUT} | ({TOO_SLOW} if facts.too_slow else set())
    elif facts.broken and "partial" in flags:
        flags |= {BROKEN}
    if facts.excess:
        flags |= {EXCESS}
    response.flags[:] = sorted(flags)


class _KeepingDownloadHandler(HTTP11DownloadHandler):
    """Scrapy's handler with our protocol, our agent and our view of certificates."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        _encode_host_names_once()
        self._pool._factory = ProtocolFactory  # GuardedDownloadHandler takes both over
        # Else Twisted repeats at once, and tells nobody, what failed on a connection that was kept
        # open: a request without a row and without its delay. Scrapy's retry does it in our sight.
        self._pool.retryAutomatically = False
        self._contextFactory: Any = NotingPolicy.for_crawler(crawler)
        self._floor = RateFloor.from_settings(crawler.settings)
        self._gate = _gates.setdefault(crawler, Gate())
        self._agents: dict[Request, _Agent] = {}
        crawler.signals.connect(self._bytes_received, signals.bytes_received)

    async def download_request(self, request: Request) -> Response:
        """Return the response, as Scrapy's own method does, which names its agent's class."""
        agent = self._agents[request] = _Agent(
            contextFactory=self._contextFactory,
            bindAddress=self._bind_address,
            pool=self._pool,
            maxsize=self._default_maxsize,
            warnsize=self._default_warnsize,
            fail_on_dataloss=self._fail_on_dataloss,
            crawler=self._crawler,
            tls_verbose_logging=self._tls_verbose_logging,
        )
        agent.floor = self._floor
        try:
            with wrap_twisted_exceptions():
                return await maybe_deferred_to_future(agent.download_request(request))
        finally:
            del self._agents[request]
            agent.release()
            self._gate.leave(agent)

    def _bytes_received(self, data: bytes, request: Request) -> None:
        agent = self._agents.get(request)
        if agent is not None:
            agent.received(len(data))
            self._gate.grow(agent, len(data))


def _encode_host_names_once() -> None:
    """Let Twisted remember how host names are encoded.

    It asks for each request, also on a connection that is open, and IDNA takes 0.06 ms. The names
    that Scrapy replaces, and under which it leaves alone what is no longer Twisted's.
    """
    module: Any = endpoints
    if not hasattr(module._idnaBytes, "cache_info"):
        module._idnaBytes = lru_cache(maxsize=1024)(module._idnaBytes)


class ArchiveDownloadHandler(GuardedDownloadHandler, _KeepingDownloadHandler):
    """The guarded handler, with the time of each request and the rest of each host."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._deadline_s = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")

    async def download_request(self, request: Request) -> Response:
        """Return the response. Raises HostRests, and what the guarded handler raises.

        Raises DownloadStalled for a request that would neither end nor fail: one host, or a fault
        of a library, must not hold up a run for ever.
        """
        session = getattr(self._crawler.spider, "session", None)
        host = host_key(request.url)
        until = session.hosts.rests_until(host) if session is not None else None
        if until is not None:
            raise HostRests(host, until)
        request.meta["dialled"] = time.monotonic()
        deadline_s = request.meta.get("download_timeout") or self._deadline_s
        try:
            async with asyncio.timeout(deadline_s + STALL_MARGIN_S) as watchdog:
                return await super().download_request(request)
        except TimeoutError as exc:
            if not watchdog.expired():
                raise
            said = f"Getting {request.url} neither ended nor failed after {deadline_s:g} seconds."
            raise DownloadStalled(said) from exc

"""The egress guard: every connection of a crawl is judged at the moment at which it is dialled.

Scrapy's HTTP handler takes all its connections (pages, redirect targets, robots.txt, refreshes)
out of one Twisted connection pool, and every endpoint in it ends in ``connectTCP`` with an address
that is already resolved. ``GuardedPool`` puts a reactor of ours under each endpoint, whose only way
out asks the policy first. The address that is judged is the literal that is dialled, so a name
that resolves differently a second time gains nothing. Of a name with good and bad addresses the
good ones are dialled and the bad ones never. An endpoint of a kind that we do not know is refused.

An ``IAgentEndpointFactory`` would need less of Twisted's inside, but Scrapy 2.19 names its agent
classes in ``HTTP11DownloadHandler.download_request``, which we would have to copy, and its proxy
tunnel passes the factory by.

With a proxy (SOURCEKEEP_PROXY) the names are resolved and dialled by the proxy: the guard then only
sees to it that every request goes there, and the proxy is what must keep out of private networks.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.exceptions import IgnoreRequest
from twisted.internet import defer
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
    _WrapperEndpoint,
)
from twisted.internet.interfaces import IReactorPluggableNameResolver
from twisted.web.client import HTTPConnectionPool
from zope.interface import implementer  # type: ignore[import-untyped]

from crawler.addresses import (
    IPAddress,
    IPNetwork,
    dial_refusal,
    parse_networks,
    parse_ports,
    refusal,
)
from crawler.fetching.wire.proxy import proxy_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.internet.asyncioreactor import AsyncioSelectorReactor
    from twisted.internet.interfaces import (
        IConnector,
        IDelayedCall,
        IHostnameResolver,
        IProtocolFactory,
        IStreamClientEndpoint,
    )
    from twisted.web._newclient import HTTP11ClientProtocol


class AddressRefused(IgnoreRequest):
    """We do not dial this address or port. Raised by the handler, before any packet is sent.

    An IgnoreRequest, so that Scrapy neither retries it nor logs a traceback; it reaches
    ``process_exception`` of every downloader middleware and the errback of the request.
    """

    def __init__(self, address: str, reason: str, *, port: int | None = None) -> None:
        where = address if port is None else f"{address} port {port}"
        super().__init__(f"{where} is not dialled: {reason}")
        self.address = address  # the literal that would have been dialled
        self.reason = reason  # a code of crawler.addresses, "proxy" or "unknown-endpoint"
        self.port = port


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What may be dialled besides global addresses on web ports, and by which proxy."""

    allowed: tuple[IPNetwork, ...] = ()
    ports: tuple[range, ...] = ()
    proxy: str | None = None  # ``http://host:port``, without credentials
    proxy_authorization: bytes | None = field(default=None, repr=False)

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> EgressPolicy:
        """Return the policy that the settings name. Raises UsageError."""
        proxy, authorization = proxy_of(settings)
        return cls(
            allowed=parse_networks(settings.getlist("SOURCEKEEP_ALLOW")),
            ports=parse_ports(map(str, settings.getlist("SOURCEKEEP_ALLOW_PORTS"))),
            proxy=proxy,
            proxy_authorization=authorization,
        )

    def dial_refusal(self, address: str, port: int) -> str | None:
        """Return why an address and port must not be dialled, as a reason code; None: dial."""
        return dial_refusal(address, port, allowed=self.allowed, ports=self.ports)


def peer_refusal(ip_address: IPAddress | None, policy: EgressPolicy) -> str | None:
    """Return why a response of this peer must not be kept; None when it may be.

    A second look after the fact, at ``response.ip_address``. It has nothing to say when Scrapy
    names no peer, or names the proxy.
    """
    if ip_address is None or policy.proxy is not None:
        return None
    return refusal(str(ip_address), allowed=policy.allowed)


@implementer(IReactorPluggableNameResolver)
class GuardedReactor:
    """What an endpoint needs of a reactor, with a ``connectTCP`` that asks the policy first.

    Nothing else is handed on: a way to connect that Twisted might add fails with AttributeError.
    """

    def __init__(self, reactor: AsyncioSelectorReactor, policy: EgressPolicy) -> None:
        self._reactor = reactor
        self._policy = policy
        self._just_refused = False
        self.seconds = reactor.seconds

    def callLater(self, delay: float, call: Callable[..., object], *args: object) -> IDelayedCall:
        """Return the reactor's delayed call, at once where the delay would be for nothing.

        HostnameEndpoint leaves each address 0.3 s before it tries the next, or finds that there is
        none. It asks for that straight after the attempt, so a refusal is known by then.
        """
        needless, self._just_refused = self._just_refused, False
        later: IDelayedCall = self._reactor.callLater(  # type: ignore[no-untyped-call]
            0 if needless else delay, call, *args
        )
        return later

    @property
    def nameResolver(self) -> IHostnameResolver:
        """Return the resolver that the reactor has now: Scrapy may install its own late."""
        return self._reactor.nameResolver

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: IProtocolFactory,
        timeout: float = 30,
        bindAddress: tuple[str, int] | None = None,
    ) -> IConnector:
        """Return the reactor's connector to a permitted literal address, or raise AddressRefused.

        A name in place of a literal would be resolved again behind our back: it is refused.
        """
        reason = self._policy.dial_refusal(host, port)
        if reason is not None:
            self._just_refused = True
            raise AddressRefused(host, reason, port=port)
        return self._reactor.connectTCP(host, port, factory, timeout, bindAddress)


class GuardedPool(HTTPConnectionPool):
    """A pool whose new connections are dialled through a guarded reactor; cached ones were."""

    def __init__(self, reactor: AsyncioSelectorReactor, policy: EgressPolicy) -> None:
        super().__init__(reactor, persistent=True)  # type: ignore[no-untyped-call]
        self._guarded = GuardedReactor(reactor, policy)

    def getConnection(
        self, key: Hashable, endpoint: IStreamClientEndpoint
    ) -> defer.Deferred[HTTP11ClientProtocol]:
        """Return a connection, cached or new, as a Deferred; AddressRefused fails it."""
        try:
            _put_reactor_under(endpoint, self._guarded)
        except AddressRefused:
            return defer.fail()
        return super().getConnection(key, endpoint)


def _put_reactor_under(endpoint: IStreamClientEndpoint, reactor: GuardedReactor) -> None:
    """Make an endpoint connect through another reactor. Raises AddressRefused for unknown kinds.

    Twisted 26.10 keeps a TLS endpoint's inner one in ``_wrappedEndpoint`` and the reactor in
    ``_reactor``. Should a later version name them differently, nothing is dialled any more.
    """
    while isinstance(endpoint, _WrapperEndpoint):
        endpoint = endpoint._wrappedEndpoint
    known = isinstance(endpoint, (HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint))
    if not known or "_reactor" not in vars(endpoint):
        raise AddressRefused(repr(endpoint), "unknown-endpoint")
    endpoint._reactor = reactor


class GuardedDownloadHandler(HTTP11DownloadHandler):
    """Scrapy's HTTP/1.1 handler behind the egress guard; for http and https alike."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._policy = EgressPolicy.from_settings(crawler.settings)
        if self._policy.proxy is None:
            self._pool = self._guarded_pool()

    async def download_request(self, request: Request) -> Response:
        """Return the response. Raises AddressRefused, and what Scrapy's handler raises.

        A request goes through the proxy of the user, or through none. The proxy's password is
        added here and taken away again, so that no one else sees it, least of all the archive.
        """
        if (request.meta.get("proxy") or None) != self._policy.proxy:
            raise AddressRefused(str(request.meta.get("proxy")), "proxy")
        if self._policy.proxy_authorization is None:
            return await super().download_request(request)
        request.headers["Proxy-Authorization"] = self._policy.proxy_authorization
        try:
            return await super().download_request(request)
        finally:
            request.headers.pop("Proxy-Authorization", None)

    def _guarded_pool(self) -> GuardedPool:
        """Return a guarded pool set up as Scrapy set up its own, which is empty so far."""
        pool = GuardedPool(self._pool._reactor, self._policy)
        pool.maxPersistentPerHost = self._pool.maxPersistentPerHost
        pool.retryAutomatically = self._pool.retryAutomatically
        pool._factory = self._pool._factory
        return pool

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

import base64
import logging
import os
import socket
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from scrapy import Request, signals
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.exceptions import CloseSpider, IgnoreRequest, NotConfigured
from scrapy.utils.misc import load_object
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
from crawler.errors import SourcekeepError, UsageError
from crawler.fetching.bodies import RateFloor, check_body_cap
from crawler.fetching.tls import check_trust

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

logger = logging.getLogger(__name__)

# Addresses of which no user allows all: what the self-test asks about where it may not dial.
_CANARIES = ("127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "192.168.0.1", "fd00::1")
_SELF_TEST_TIMEOUT_S = 5  # a refused or closed loopback port answers within a millisecond


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


class EgressGuardOff(SourcekeepError):
    """The guard let a connection through that it must refuse. Nothing may be fetched."""


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
        proxy, authorization = parse_proxy(settings.get("SOURCEKEEP_PROXY") or "")
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


def parse_proxy(text: str) -> tuple[str | None, bytes | None]:
    """Return a proxy's ``http://host:port`` and its Proxy-Authorization value, each None if absent.

    Raises UsageError. Only http:// is understood: Scrapy 2.19 speaks neither SOCKS nor, for https
    sources, TLS to the proxy itself.
    """
    if not text.strip():
        return None, None
    url = text.strip() if "//" in text else f"http://{text.strip()}"
    try:
        parts = urlsplit(url)
        port = parts.port or 80
    except ValueError as exc:
        raise UsageError(f"{_without_userinfo(text)!r} is no proxy: {exc}") from exc
    if parts.scheme != "http" or not parts.hostname:
        raise UsageError(
            f"{_without_userinfo(text)!r} is no proxy that we can use: write http://HOST:PORT"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"http://{host}:{port}", _basic_authorization(parts.username, parts.password)


def _basic_authorization(user: str | None, password: str | None) -> bytes | None:
    if user is None:
        return None
    secret = f"{unquote(user)}:{unquote(password or '')}".encode()
    return b"Basic " + base64.b64encode(secret)


def _without_userinfo(url: str) -> str:
    """Return a URL fit for a message: the user's password must not reach a log."""
    scheme, separator, rest = url.rpartition("//")
    return scheme + separator + rest.rpartition("@")[2]


def warn_about_environment_proxies(environ: Mapping[str, str]) -> str | None:
    """Return one sentence about the proxy variables that are set and ignored; None if none is."""
    names = sorted(
        name
        for name, value in environ.items()
        if value and name.lower() in ("http_proxy", "https_proxy", "all_proxy")
    )
    if not names:
        return None
    return f"{', '.join(names)} set in the environment: ignored; name a proxy with --proxy"


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
        pool._factory = self._pool._factory
        return pool


class UserProxyMiddleware:
    """Sends every request, robots.txt included, through the proxy that the user named.

    It stands in for Scrapy's HttpProxyMiddleware, which also obeys the environment.
    """

    def __init__(self, proxy: str) -> None:
        self._proxy = proxy

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> UserProxyMiddleware:
        """Return the middleware; NotConfigured switches it off where no proxy is named."""
        proxy = EgressPolicy.from_settings(crawler.settings).proxy
        if proxy is None:
            raise NotConfigured
        return cls(proxy)

    def process_request(self, request: Request) -> None:
        """Name the proxy in the request's meta; https then goes by CONNECT."""
        request.meta["proxy"] = self._proxy


def check_settings(settings: BaseSettings) -> None:
    """Refuse settings under which something could be fetched past the guard. Raises UsageError.

    And those of the download handlers that cannot be read, before a run begins with them.
    """
    EgressPolicy.from_settings(settings)
    check_trust(settings)
    RateFloor.from_settings(settings)
    check_body_cap(settings)
    for scheme in _schemes(settings):
        handler = _handler(settings, scheme)
        if not (isinstance(handler, type) and issubclass(handler, GuardedDownloadHandler)):
            raise UsageError(
                f"DOWNLOAD_HANDLERS: {handler!r} fetches {scheme}: past the egress guard;"
                f" set {GuardedDownloadHandler.__module__}.{GuardedDownloadHandler.__name__}"
                " for http and https, and None for every other scheme"
            )
    if settings.getbool("HTTPPROXY_ENABLED"):
        raise UsageError(
            "HTTPPROXY_ENABLED obeys proxies of the environment, past the egress guard:"
            " set it to False and name a proxy with --proxy or SOURCEKEEP_PROXY"
        )


def _handler(settings: BaseSettings, scheme: str) -> object:
    path = settings.getwithbase("DOWNLOAD_HANDLERS")[scheme]
    try:
        return load_object(path)
    except (ImportError, NameError, ValueError) as exc:
        raise UsageError(f"DOWNLOAD_HANDLERS: {path!r} cannot be loaded: {exc}") from exc


def _schemes(settings: BaseSettings) -> list[str]:
    """Return the schemes for which a download handler is set."""
    handlers = settings.getwithbase("DOWNLOAD_HANDLERS")
    return [scheme for scheme in handlers if handlers[scheme] is not None]


async def self_test(crawler: Crawler) -> None:
    """Dial 127.0.0.1 through the running crawl's own handlers. Raises EgressGuardOff if let out.

    Where the user allowed loopback, or named a proxy, only the decision is asked and nothing is
    dialled. The port is bound but not listened on: nobody can answer there, and a guard that is off
    shows by another failure than AddressRefused.
    """
    policy = EgressPolicy.from_settings(crawler.settings)
    if not any(policy.dial_refusal(address, 80) for address in _CANARIES):
        logger.warning("SOURCEKEEP_ALLOW lets the crawl into private networks and the machine")
    if policy.proxy is not None or policy.dial_refusal("127.0.0.1", 80) is None:
        return
    for scheme in _schemes(crawler.settings):
        await _dial_loopback(crawler, scheme)


async def _dial_loopback(crawler: Crawler, scheme: str) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"{scheme}://127.0.0.1:{reserved.getsockname()[1]}/"
        request = Request(url, meta={"download_timeout": _SELF_TEST_TIMEOUT_S})
        try:
            await crawler.engine.downloader.handlers.download_request_async(request)
        except AddressRefused as refused:
            if refused.reason == "loopback":
                return
            found = str(refused)
        except Exception as exc:  # noqa: BLE001 - whatever else it is, the guard did not refuse
            found = f"{type(exc).__name__}: {exc}"
        else:
            found = "a response"
    raise EgressGuardOff(f"the egress guard is off: {url} gave {found}, not a refusal")


class EgressGuard:
    """The extension that starts no run without a working guard; set it in EXTENSIONS."""

    def __init__(self, crawler: Crawler) -> None:
        check_settings(crawler.settings)
        self._crawler = crawler
        warning = warn_about_environment_proxies(os.environ)
        if warning:
            logger.warning(warning)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> EgressGuard:
        """Return the extension. Raises UsageError for settings that go past the guard."""
        extension = cls(crawler)
        crawler.signals.connect(extension.spider_opened, signals.spider_opened)
        return extension

    async def spider_opened(self) -> None:
        """Run the self-test before the first request. Raises CloseSpider: the run ends there."""
        try:
            await self_test(self._crawler)
        except EgressGuardOff as off:
            logger.critical("%s", off)
            raise CloseSpider("egress-guard-off") from off

"""No run begins without a working guard: its settings are read, and it is put to the test.

``egress`` refuses what must not be dialled, but only where it is asked: another download handler,
a proxy of the environment or a release of Twisted with other names inside would go past it. So the
settings are checked before a run, and its own handlers are sent to loopback before its first
request.
"""

from __future__ import annotations

import logging
import os
import socket
from typing import TYPE_CHECKING

from scrapy import Request, signals
from scrapy.exceptions import CloseSpider
from scrapy.utils.misc import load_object

from crawler.errors import SourcekeepError, UsageError
from crawler.fetching.wire.bodies import RateFloor, check_body_cap
from crawler.fetching.wire.egress import AddressRefused, EgressPolicy, GuardedDownloadHandler
from crawler.fetching.wire.proxy import warn_about_environment_proxies
from crawler.fetching.wire.tls import check_trust

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)

# Addresses of which no user allows all: what the self-test asks about where it may not dial.
_CANARIES = ("127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "192.168.0.1", "fd00::1")
_SELF_TEST_TIMEOUT_S = 5  # a refused or closed loopback port answers within a millisecond


class EgressGuardOff(SourcekeepError):
    """The guard let a connection through that it must refuse. Nothing may be fetched."""


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

"""The user's proxy, the only one that a crawl goes through: what names it, and what obeys it.

Scrapy's own middleware also obeys the proxies of the environment. A variable that somebody set for
another program would then decide what the archive sees, and lead past the egress guard.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from scrapy.exceptions import NotConfigured

from crawler.errors import UsageError

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings


def proxy_of(settings: BaseSettings) -> tuple[str | None, bytes | None]:
    """Return what `parse_proxy` finds in SOURCEKEEP_PROXY. Raises UsageError."""
    return parse_proxy(settings.get("SOURCEKEEP_PROXY") or "")


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


class UserProxyMiddleware:
    """Sends every request, robots.txt included, through the proxy that the user named.

    It stands in for Scrapy's HttpProxyMiddleware, which also obeys the environment.
    """

    def __init__(self, proxy: str) -> None:
        self._proxy = proxy

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> UserProxyMiddleware:
        """Return the middleware; NotConfigured switches it off where no proxy is named."""
        proxy, _ = proxy_of(crawler.settings)
        if proxy is None:
            raise NotConfigured
        return cls(proxy)

    def process_request(self, request: Request) -> None:
        """Name the proxy in the request's meta; https then goes by CONNECT."""
        request.meta["proxy"] = self._proxy

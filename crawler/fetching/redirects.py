"""Redirects by status and by page: Scrapy's mechanics, with an archive's rules.

A redirect is followed without Referer and without the validators of the page that redirects. A
meta refresh is followed as well, because a page that consists of one is a redirect to any reader;
but only a prompt one: live articles reload themselves after a minute or more.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from scrapy import Request, Spider
from scrapy.downloadermiddlewares.redirect import (
    BaseRedirectMiddleware,
)
from scrapy.downloadermiddlewares.redirect import (
    RedirectMiddleware as ScrapyRedirectMiddleware,
)
from scrapy.exceptions import UnsupportedURLSchemeError
from scrapy.http import Response
from w3lib.html import get_base_url, get_meta_refresh

from crawler.errors import UrlError
from crawler.fetching.failures import BadTarget
from crawler.fetching.run.visits import Visit
from crawler.fetching.wire.handler import HostRests
from crawler.urls import host_key, parse_url

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

REFRESH_MAX_SECONDS = 5.0
_OTHER_SCHEME = re.compile(rb"\s*(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
# What stands in these is text to a browser, or is not for one that runs scripts.
_NO_MARKUP = (
    "script", "noscript", "title", "textarea", "style", "template", "xmp", "iframe", "noembed",
    "noframes",
)  # fmt: skip
SCAN_BYTES = 16_384  # a stub is small, and a page declares its refresh early in its head


class _Unconditional(BaseRedirectMiddleware):
    """What both kinds of redirect share."""

    def _engine_started(self) -> None:
        """Look for no RefererMiddleware: ours sends none, and Scrapy 2.19 warns without one."""

    def handle_referer(self, request: Request, response: Response) -> None:
        """Send no Referer, and ask without conditions: what is asked for is another page."""
        for name in ("Referer", "If-None-Match", "If-Modified-Since"):
            request.headers.pop(name, None)

    def keep_distance(self, request: Request, following: Request) -> None:
        """Let a visit to a source lead to no other host that an earlier run has just visited.

        Raises HostRests, before that host's robots.txt is asked: the source is put off, as those of
        the host itself are.
        """
        visit: Visit | None = request.meta.get("visit")
        host = host_key(following.url)
        if visit is None or visit.lease is None or visit.lease.host == host:
            return
        hosts = self.crawler.spider.session.hosts  # type: ignore[union-attr]
        until = hosts.paced_until(host)
        if until is not None:
            raise HostRests(host, until, "was visited a moment ago")


class RedirectMiddleware(_Unconditional, ScrapyRedirectMiddleware):
    """Follows 301, 302, 303, 307 and 308 to URLs that could be cited as well."""

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """Return the next request, or the response that is no redirect.

        Raises BadTarget and UnsupportedURLSchemeError, which end the visit at this hop, and
        HostRests, which puts it off.
        """
        location = response.headers.get("Location") or b""
        try:
            following: Request | Response = super().process_response(request, response)
            if isinstance(following, Request):
                parse_url(following.url)  # Scrapy would follow to credentials
        except UrlError as exc:
            raise BadTarget(f"redirect target: {exc.reason}") from exc
        except ValueError as exc:
            if _OTHER_SCHEME.match(location):
                raise UnsupportedURLSchemeError("redirect target") from exc
            raise BadTarget(f"redirect target: {exc}") from exc
        if isinstance(following, Request):
            self.keep_distance(request, following)
        return following


class MetaRefreshMiddleware(_Unconditional):
    """Follows a meta refresh of at most five seconds, never one in a comment, noscript or text."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it for a crawler, as Scrapy asks."""
        middleware: Self = super().from_crawler(crawler)
        return middleware

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Return the request that a page sends its reader to, or the page itself.

        Raises HostRests, which puts the visit off.
        """
        visit: Visit | None = request.meta.get("visit")
        if visit is None or response.status != 200 or visit.hops[-1].mime_sniffed not in _PAGES:
            return response
        if visit.hops[-1].held is not None:  # it led nowhere when it came first, and is coded still
            return response
        if request.meta.get("dont_redirect"):  # an archived page leads to where it once led
            return response
        target = prompt_refresh(response.body[:SCAN_BYTES], response.url)
        if target is None:
            return response
        followed = self._redirect(
            self._redirect_request_using_get(request, response, target), request, "meta refresh"
        )
        visit.hops[-1] = replace(visit.hops[-1], outcome="redirect", reason="meta-refresh")
        self.keep_distance(request, followed)
        return followed


def prompt_refresh(head: bytes, url: str) -> str | None:
    """Return the URL that the beginning of a page sends its reader to within five seconds.

    None when it does not, when it names a URL that is not requested, or the page itself: that is
    reloading, not leading elsewhere.
    """
    if b"refresh" not in head.lower():
        return None
    text = head.decode("utf-8", "replace")  # the markup is ASCII; few targets are not
    try:
        seconds, target = get_meta_refresh(text, _base_of(text, url), ignore_tags=_NO_MARKUP)
    except ValueError:  # w3lib raises it for what is no URL
        return None
    if seconds is None or target is None or seconds > REFRESH_MAX_SECONDS:
        return None
    if target.split("#")[0] == url.split("#")[0] or not target.startswith(("http:", "https:")):
        return None
    try:
        parse_url(target)
    except UrlError:
        return None
    return target


def _base_of(text: str, url: str) -> str:
    """Return what the links of a page are relative to; a base that is no URL counts for nothing."""
    try:
        return get_base_url(text, url)
    except ValueError:
        return url

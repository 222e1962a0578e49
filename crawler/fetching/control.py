"""The control: is it the web that fails, or are we offline ourselves?

A visit that ends without an answer is held until pages that hardly ever fail were asked, too. When
none of them answers, the failure is ours: nothing follows from it for the source.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from scrapy import Request
from scrapy.exceptions import NotConfigured
from scrapy.http import Response

from crawler.dates import format_instant
from crawler.digests import digest_of, new_uid
from crawler.errors import UsageError
from crawler.fetching.barring import refuse_barred
from crawler.fetching.failures import failure_code, failure_text
from crawler.fetching.run.configuration import user_agent
from crawler.fetching.run.visits import Visit
from crawler.fetching.wire.egress import EgressPolicy, GuardedDownloadHandler
from crawler.items import Hop
from crawler.verdicts import outcome_of_failure, outcome_of_response

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.fetching.run.session import Session

logger = logging.getLogger(__name__)

# What a failure of our own looks like from here. `failed` is among them for what runs out on our
# side: descriptors, memory, the proxy's patience.
COULD_BE_OURS = frozenset(
    {"nxdomain", "refused", "no-route", "tls", "timeout", "stalled", "reset", "failed"}
)
# One answer serves all failures of that time: a web with many dead hosts must not make us a pest
# to the pages that were chosen. An outage is noticed that much late at most.
INTERVAL_S = 30.0
# Behind a proxy only the proxy is dialled: these tell of it, and of no source. What it could not
# reach itself it answers with a status of its own.
_NEVER_REACHED = frozenset({"nxdomain", "refused", "no-route"})
TIMEOUT_S = 10.0
MAX_BYTES = 2**20


def could_be_ours(hop: Hop) -> bool:
    """Tell whether an attempt failed in a way in which all attempts fail when we are offline.

    A robots.txt that could not be read for such a reason is one: its host was never heard.
    """
    return _failed_by(hop, COULD_BE_OURS)


def proxy_failed(hop: Hop) -> bool:
    """Tell whether an attempt that went by a proxy failed because the proxy was not reached."""
    return _failed_by(hop, _NEVER_REACHED)


def _failed_by(hop: Hop, codes: frozenset[str]) -> bool:
    if hop.reason == "robots":
        return any(hop.robots == f"disallow unreachable({code})" for code in codes)
    return hop.status is None and hop.reason in codes


def as_local_fault(hop: Hop) -> Hop:
    """Return an attempt as a failure of ours, if it can be one; its reason stays."""
    return replace(hop, outcome="local-fault") if could_be_ours(hop) else hop


@runtime_checkable
class StoppableSpider(Protocol):
    """A spider that can end its crawl early: ours all can."""

    tries_in_vain: int  # after so many visits in a row that reached nobody

    def stop(self, reason: str) -> None:
        """End the crawl, as soon as what is under way is over."""


class ControlMiddleware:
    """Tells our own failures from a source's before a visit ends: it asks the control URLs.

    Of a proxy that is not reached nobody need be asked. It stands at 540, just above the retries
    (550): of several attempts it sees the last. Scrapy waits for it, so that the spider is told of
    the failure when it is known whose it is.
    """

    def __init__(self, crawler: Crawler, urls: Sequence[str]) -> None:
        self._crawler = crawler
        self._control = Control(crawler, urls)
        self._in_vain = 0  # visits in a row that failed on our side, with no answer between them

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it; NotConfigured switches it off where neither control URL nor proxy is named."""
        urls = crawler.settings.getlist("SOURCEKEEP_CONTROL_URLS")
        if not urls and EgressPolicy.from_settings(crawler.settings).proxy is None:
            raise NotConfigured
        return cls(crawler, urls)

    def process_response(self, request: Request, response: Response) -> Response:
        """Note that something answers."""
        self._in_vain = 0
        return response

    async def process_exception(self, request: Request, exception: Exception) -> None:
        """Mark the attempts of a visit as our own failure where we are offline."""
        visit: Visit | None = request.meta.get("visit")
        if visit is None or visit.last is None or not could_be_ours(visit.last):
            return
        if self._control.proxy_is_away(visit.last):
            self._note_in_vain("proxy-away")
        elif await self._control.offline():
            self._note_in_vain("offline")
        else:
            return
        visit.hops[:] = [as_local_fault(hop) for hop in visit.hops]

    def _note_in_vain(self, reason: str) -> None:
        """Let the run end when it has no way to anybody: what is left stays due."""
        self._in_vain += 1
        spider = self._crawler.spider
        if isinstance(spider, StoppableSpider) and self._in_vain == spider.tries_in_vain:
            spider.stop(reason)


class Control:
    """Asks the control URLs, once for all who want to know within an interval."""

    def __init__(self, crawler: Crawler, urls: Sequence[str]) -> None:
        for url in urls:
            if not url.startswith(("http://", "https://")):
                raise UsageError(f"SOURCEKEEP_CONTROL_URLS: {url!r} is no http or https URL")
        self._crawler = crawler
        self._urls = urls
        self._proxy = EgressPolicy.from_settings(crawler.settings).proxy
        # A handler of its own: no connection that was open before, no queue, no resting hosts.
        self._handler = GuardedDownloadHandler(crawler)
        self._asking = asyncio.Lock()
        self._asked_at: float | None = None
        self._offline = False

    def proxy_is_away(self, hop: Hop) -> bool:
        """Tell whether an attempt failed because the proxy is away; at first with a warning."""
        if self._proxy is None or not proxy_failed(hop):
            return False
        self._warn(f"the proxy {self._proxy} cannot be reached")
        return True

    def _warn(self, what: str) -> None:
        """Say what is wrong, once in a run, though it has a control for each of its spiders."""
        if what not in self._session.outages:
            self._session.outages.add(what)
            logger.warning(
                "%s: failures do not count against sources, which are due again in an hour, and a"
                " run that reaches nobody ends early",
                what,
            )

    async def offline(self) -> bool:
        """Tell whether none of the control URLs answers now, or did in the last interval.

        False where none is named: then nothing is known.
        """
        if not self._urls:
            return False
        async with self._asking:
            if self._asked_at is None or time.monotonic() - self._asked_at > INTERVAL_S:
                was_offline, self._offline = self._offline, not await self._any_answers()
                self._asked_at = time.monotonic()
                if self._offline and not was_offline:
                    self._warn("none of the control URLs answers, this machine seems to be offline")
        return self._offline

    async def _any_answers(self) -> bool:
        """Ask all at once; the first answer settles it."""
        tasks = [asyncio.ensure_future(self._answers(url)) for url in self._urls]
        try:
            # The handler keeps the deadline, so that what timed out is a row; this is in case.
            for first in asyncio.as_completed(tasks, timeout=TIMEOUT_S + 1):
                if await first:
                    return True
        except TimeoutError:
            pass
        finally:
            for task in tasks:
                task.cancel()
        return False

    async def _answers(self, url: str) -> bool:
        """Ask one URL and keep what came of it. A refusal of ours is no sign of being offline."""
        request = Request(
            url,
            headers={"User-Agent": user_agent(self._crawler.settings)},
            meta={"download_timeout": TIMEOUT_S, "download_maxsize": MAX_BYTES},
        )
        if self._proxy is not None:
            request.meta["proxy"] = self._proxy
        began = time.monotonic()
        try:
            refuse_barred(self._crawler, url)
            response = await self._handler.download_request(request)
        except Exception as exc:  # noqa: BLE001 - whatever it is becomes a row
            hop = self._failure(url, exc, began)
        else:
            hop = self._answer(url, response, began)
        self._session.keep_alone(hop)
        if hop.outcome == "refused-by-us":
            logger.warning("a control URL is of no use: %s: %s", url, hop.error)
            return True
        # A proxy that has no way out says 5xx, or that it wants a password.
        return hop.reason == "too-large" or (
            hop.status is not None and hop.status < 500 and hop.status != 407
        )

    def _failure(self, url: str, exception: Exception, began: float) -> Hop:
        code = failure_code(exception)
        return replace(
            self._hop(url, began),
            outcome=outcome_of_failure(code),
            reason=code,
            error=failure_text(exception),
        )

    def _answer(self, url: str, response: Response, began: float) -> Hop:
        """Its body is nobody's evidence and is not kept; its digest shows a portal in our way."""
        outcome, reason = outcome_of_response(
            response.status,
            size_bytes=len(response.body),
            has_location=b"Location" in response.headers,
        )
        return replace(
            self._hop(url, began),
            outcome=outcome,
            reason=reason,
            status=response.status,
            ip_address=str(response.ip_address) if response.ip_address else None,
            wire_digest=digest_of(response.body),
            wire_size_bytes=len(response.body),
        )

    def _hop(self, url: str, began: float) -> Hop:
        elapsed = time.monotonic() - began
        return Hop(
            uid=new_uid(),
            url=url,
            purpose="control",
            hop=0,
            fetched_at=format_instant(self._session.clock.now() - timedelta(seconds=elapsed)),
            outcome="server-error",
            reason="failed",
            elapsed_ms=round(elapsed * 1000),
        )

    @property
    def _session(self) -> Session:
        session: Session = self._crawler.spider.session  # type: ignore[union-attr]
        return session

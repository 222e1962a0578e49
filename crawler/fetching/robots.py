"""The robots middleware: which pages their hosts let us fetch, and how fast, by RFC 9309.

It stands on Scrapy's own for its settings and parsers, and replaces how files are fetched, judged
and shared out. Scrapy 2.19 lets all but the first two of the requests that wait for one robots.txt
go ahead unchecked (since scrapy#6802: they share a Deferred whose first callback returns None, so
that later ones get None, which means allowed), takes the body of any status for rules, and takes
any failure for permission.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urldefrag, urljoin

from scrapy import Request, Spider, signals
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.robotstxt import RobotParser
from scrapy.utils.misc import build_from_crawler
from twisted.internet.error import NoRouteError, TCPTimedOutError
from w3lib.url import safe_url_string

from crawler.dates import format_instant, utc_now
from crawler.errors import SourcekeepError
from crawler.fetching.barring import PlaceBarred
from crawler.fetching.wire.egress import AddressRefused
from crawler.fetching.wire.handler import PutOff
from crawler.robotstxt import (
    MAX_REDIRECTS,
    REDIRECTS,
    RobotsRecord,
    Standing,
    is_fresh,
    is_given_up,
    origin_of,
    parse_patience,
    record_of_answer,
    record_of_failure,
    rules_for,
    standing_of,
)

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

# Parsed files kept in memory, the least recently used dropped first. A file is some kilobytes; the
# next request to a dropped origin loads it from the archive again.
REMEMBERED_ORIGINS = 5_000
# A host that does not give its robots.txt in this time keeps all its pages waiting meanwhile.
TIMEOUT_S = 30
DEFAULT_CRAWL_DELAY_CAP_S = 30.0
UNREACHABLE = "unreachable"  # of an origin that has failed for longer than our patience
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# The codes of failures.py, which imports this module.
_ERROR_CODES: tuple[tuple[type[Exception], str], ...] = (
    (PlaceBarred, "barred"),
    (AddressRefused, "blocked-address"),
    (CannotResolveHostError, "nxdomain"),
    (DownloadConnectionRefusedError, "refused"),
    (DownloadTimeoutError, "timeout"),
    (TCPTimedOutError, "timeout"),
    (NoRouteError, "no-route"),
    (DownloadCancelledError, "too-large"),
    (ResponseDataLossError, "reset"),
    (ValueError, "bad-url"),
)


class RobotsExcluded(IgnoreRequest):
    """The robots.txt of a host keeps us from fetching a page, or could not be asked."""

    def __init__(self, decision: str, *, error: str | None = None) -> None:
        super().__init__(f"robots.txt: {decision}")
        self.decision = decision  # as in request.meta["robots"]
        # Why no answer came at all: a code of failures.py. None: the host answered. With one of
        # nxdomain, refused, no-route and tls the page could not have been fetched either.
        self.error = error


class RobotsStore(Protocol):
    """Where records outlive the process: the archive, by ``spider.session.robots``."""

    def load(self, origin: str) -> RobotsRecord | None:
        """Return what was last found; None when the origin was never asked."""

    def unreachable_since(self, origin: str) -> str | None:
        """Return when an origin first failed to answer, after its last answer; None: it did not."""

    def save(self, found: RobotsRecord) -> None:
        """Keep what was found, in place of what was there before."""


@dataclass(frozen=True, slots=True)
class _Rules:
    """A record, ready to judge by."""

    record: RobotsRecord
    standing: Standing
    parser: RobotParser | None = None  # None unless the standing is "rules"
    crawl_delay_s: float | None = None  # capped
    refused: AddressRefused | None = None  # the guard kept us from asking: pages are refused alike


class RobotsMiddleware(RobotsTxtMiddleware):
    """Asks robots.txt before each page, once per origin and day, and keeps to its Crawl-delay."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._agent = self._robotstxt_useragent or self._default_useragent
        settings = crawler.settings
        self._cap_s = settings.getfloat("SOURCEKEEP_CRAWL_DELAY_CAP", DEFAULT_CRAWL_DELAY_CAP_S)
        self._timeout_s = min(settings.getfloat("DOWNLOAD_TIMEOUT"), TIMEOUT_S)
        self._patience = parse_patience(settings.get("SOURCEKEEP_ROBOTS_PATIENCE_DAYS"))
        self._retries = min(settings.getint("RETRY_TIMES"), 1)
        self._rules: OrderedDict[str, _Rules] = OrderedDict()
        self._pending: dict[str, asyncio.Task[_Rules]] = {}
        crawler.signals.connect(self._keep_pace, signals.request_reached_downloader)

    async def process_request(self, request: Request, spider: Spider | None = None) -> None:
        """Let a request pass, with the decision in ``meta["robots"]``. Raises RobotsExcluded.

        Raises AddressRefused where the guard already refused to dial the host for its robots.txt.
        """
        _forget_inherited(request)
        if request.meta.get("dont_obey_robotstxt"):
            return
        if not request.url.startswith(("http:", "https:")):
            return
        rules = await self._rules_of(origin_of(request.url), request)
        if rules.refused is not None:
            raise AddressRefused(
                rules.refused.address, rules.refused.reason, port=rules.refused.port
            )
        if rules.crawl_delay_s is not None:
            request.meta["crawl_delay"] = rules.crawl_delay_s
        request.meta["robots"] = decision = self._decide(rules, request.url)
        if decision.startswith("disallow"):
            self._stats.inc_value("robotstxt/forbidden")
            answered = rules.record.status is not None
            raise RobotsExcluded(decision, error=None if answered else rules.record.error)

    def crawl_delay(self, origin: str) -> float | None:
        """Return the Crawl-delay of an origin in seconds, capped; None when it names none.

        None also while its robots.txt was not yet asked in this process.
        """
        rules = self._rules.get(origin)
        return rules.crawl_delay_s if rules else None

    def _decide(self, rules: _Rules, url: str) -> str:
        standing = rules.standing
        if standing.kind == "none":
            return f"allow no-robots({standing.code})"
        if standing.kind == "unreachable" or rules.parser is None:
            return f"disallow unreachable({standing.code})"
        if rules.parser.allowed(url, self._agent):
            return f"allow {rules.record.digest}"
        return f"disallow {rules.record.digest} rule"

    async def _rules_of(self, origin: str, request: Request) -> _Rules:
        """Return the rules of an origin. All who wait for one file share the task that gets it.

        Whatever ends the task, errors of ours included, reaches each of them, so none hangs; and
        that one of them is cancelled does not take the file away from the others.
        """
        known = self._rules.get(origin)
        if known is not None and is_fresh(known.record, self._now()):
            self._rules.move_to_end(origin)
            return known
        task = self._pending.get(origin)
        if task is None:
            task = asyncio.ensure_future(self._obtain(origin, request))
            self._pending[origin] = task
            task.add_done_callback(lambda _: self._pending.pop(origin, None))
        return await asyncio.shield(task)

    async def _obtain(self, origin: str, request: Request) -> _Rules:
        """Return the rules of an origin from the archive, else from the host."""
        store = self._store()
        record = store.load(origin) if store else None
        if record is None or not is_fresh(record, self._now()):
            try:
                record = await self._fetch(origin)
            except AddressRefused as refused:
                record = self._record_of_failure(origin, refused)
                return self._remember(_Rules(record, standing_of(record), refused=refused))
            if store:
                store.save(record)
        rules = self._parse(record)
        if rules.standing.kind == "unreachable":
            logger.info("%s: robots.txt cannot be read (%s)", origin, rules.standing.code)
        if rules.parser is not None:
            await self.crawler.signals.send_catch_log_async(
                signals.robots_parsed, robotparser=rules.parser, request=request
            )
        return self._remember(rules)

    def _remember(self, rules: _Rules) -> _Rules:
        self._rules[rules.record.origin] = rules
        self._rules.move_to_end(rules.record.origin)
        if len(self._rules) > REMEMBERED_ORIGINS:
            self._rules.popitem(last=False)
        return rules

    def _parse(self, record: RobotsRecord) -> _Rules:
        standing = self._standing(record)
        if standing.kind != "rules":
            return _Rules(record, standing)
        body = rules_for(record.body, self._agent)
        parser = build_from_crawler(self._parserimpl, self.crawler, body)
        delay_s = parser.crawl_delay(self._agent) or 0.0
        # Written so that NaN, which compares with nothing, counts as no delay.
        capped_s = min(delay_s, self._cap_s) if delay_s > 0 else None
        return _Rules(record, standing, parser, capped_s)

    def _standing(self, record: RobotsRecord) -> Standing:
        """Return what a record means, or what it has come to mean after a long time of failures."""
        standing, store = standing_of(record), self._store()
        if standing.kind != "unreachable" or self._patience is None or store is None:
            return standing
        since = store.unreachable_since(record.origin)
        given_up = is_given_up(record, since, self._now(), self._patience)
        return Standing("none", UNREACHABLE) if given_up else standing

    async def _fetch(self, origin: str) -> RobotsRecord:
        """Return the record of an origin's robots.txt, asked now, redirects followed.

        Raises PutOff, and AddressRefused when the guard refuses the origin itself. We follow the
        redirects, not Scrapy, because five are to be followed (RFC 9309 §2.3.1.2) and pages have
        another limit.
        """
        url, passed, status = f"{origin}/robots.txt", list[str](), None
        while len(passed) <= MAX_REDIRECTS:
            try:
                response = await self._download(url, passed)
                status = response.status
                target = _target_of(response)
            except SourcekeepError:
                raise  # evidence that could not be kept: nobody may go on from here
            except Exception as exc:
                if isinstance(exc, PutOff) or (isinstance(exc, AddressRefused) and not passed):
                    raise
                return self._record_of_failure(origin, exc, status=status)
            if target is None:
                return self._record_of(origin, response)
            passed.append(url)
            url = target
        return record_of_failure(
            origin, REDIRECTS, status=status, fetched_at=format_instant(self._now())
        )

    async def _download(self, url: str, passed: list[str]) -> Response:
        """Return the answer of one robots.txt request, which all other middlewares see as well."""
        meta = {
            "purpose": "robots",
            "dont_obey_robotstxt": True,
            "dont_redirect": True,
            "download_timeout": self._timeout_s,
            # Every page of the host waits: one more try, and no ERROR line when that fails too.
            "max_retry_times": self._retries,
            "give_up_log_level": "DEBUG",
        }
        if passed:
            meta |= {"redirect_times": len(passed), "redirect_urls": passed.copy()}
        request = Request(url, priority=self.DOWNLOAD_PRIORITY, meta=meta, callback=NO_CALLBACK)
        self._stats.inc_value("robotstxt/request_count")
        response = await self.crawler.engine.download_async(request)
        self._stats.inc_value("robotstxt/response_count")
        self._stats.inc_value(f"robotstxt/response_status_count/{response.status}")
        return response

    def _record_of(self, origin: str, response: Response) -> RobotsRecord:
        now = format_instant(self._now())
        if "dataloss" in response.flags and 200 <= response.status < 300:
            # The rules that were cut off might forbid what those that came allow.
            return record_of_failure(origin, "truncated", status=response.status, fetched_at=now)
        return record_of_answer(origin, response.status, response.body, fetched_at=now)

    def _record_of_failure(
        self, origin: str, exc: Exception, *, status: int | None = None
    ) -> RobotsRecord:
        code = next((code for kind, code in _ERROR_CODES if isinstance(exc, kind)), None)
        if code is None:
            text = str(exc).lower()
            code = "tls" if "ssl" in text or "tls" in text else "failed"
        self._stats.inc_value(f"robotstxt/exception_count/{type(exc)}")
        now = format_instant(self._now())
        return record_of_failure(origin, code, status=status, fetched_at=now)

    def _keep_pace(self, request: Request) -> None:
        """Slow the slot of a request down to the Crawl-delay of its origin.

        Done when the request reaches the slot, because only then it is known which one, and that
        it will not be collected before. AutoThrottle would lower the delay again, the jitter
        would undercut it.
        """
        delay_s = request.meta.get("crawl_delay")
        if delay_s is None:
            return
        request.meta["autothrottle_dont_adjust_delay"] = True
        slot = self.crawler.engine.downloader.slots[request.meta["download_slot"]]
        slot.delay = max(slot.delay, delay_s)
        slot.jitter = 0.0

    def _store(self) -> RobotsStore | None:
        """Return the store of the spider's session; None for a spider without one."""
        session = getattr(self.crawler.spider, "session", None)
        store: RobotsStore | None = getattr(session, "robots", None)
        return store

    def _now(self) -> datetime:
        """Return the present, or what the session pretends it to be."""
        clock = getattr(getattr(self.crawler.spider, "session", None), "clock", None)
        now: datetime = clock.now() if clock is not None else utc_now()
        return now


def _forget_inherited(request: Request) -> None:
    """Take away what we said of the page that redirected here, perhaps from another host."""
    request.meta.pop("robots", None)
    if request.meta.pop("crawl_delay", None) is not None:
        request.meta.pop("autothrottle_dont_adjust_delay", None)


def _target_of(response: Response) -> str | None:
    """Return the URL that an answer redirects to; None when it does not. Raises ValueError.

    A scheme that we do not fetch is an error: what stands there, nobody knows.
    """
    location = response.headers.get(b"Location")
    if response.status not in _REDIRECTS or location is None:
        return None
    target = urldefrag(urljoin(response.url, safe_url_string(location)))[0]
    if not target.startswith(("http:", "https:")):
        raise ValueError(f"robots.txt redirects to {target!r}")
    return target

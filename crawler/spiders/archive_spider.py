"""What all spiders share: the session that they work in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import UnsupportedURLSchemeError
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from crawler.errors import SourcekeepError, UsageError
from crawler.fetching.run.configuration import user_agent
from crawler.fetching.run.session import Session
from crawler.fetching.run.visits import Visit, dead_end, unsent_hop, visit_request
from crawler.fetching.wire.handler import PutOff

logger = logging.getLogger(__name__)


class ArchiveSpider(Spider):
    """A spider at work on archive.db.

    ``sourcekeep crawl`` hands its spiders one session; under ``scrapy crawl`` a spider opens its
    own, and closes it at its end.
    """

    session: Session
    owns_session: bool
    is_stopping = False
    # After so many visits in a row that reached nobody because of us, the crawl ends: a proxy that
    # restarts, or a line that is dialled anew, is away for less, and each costs a row.
    tries_in_vain = 20
    arguments: frozenset[str] = frozenset()  # those that ``scrapy crawl -a`` may give

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Put the operator's contact into the user agent."""
        super().update_settings(settings)
        settings.set("USER_AGENT", user_agent(settings), priority="spider")

    @classmethod
    def from_crawler(
        cls, crawler: Crawler, *args: Any, session: Session | None = None, **kwargs: Any
    ) -> Self:
        """Build the spider. Raises ArchiveError when the archive cannot be used.

        Under ``scrapy crawl`` what is wrong is told in one sentence, and it ends with exit code 1.
        """
        if session is not None:
            return cls._made(crawler, args, kwargs, session)
        try:
            cls._check_names(kwargs)
            return cls._made(crawler, args, kwargs, None)
        except SourcekeepError as exc:
            logger.error("%s", exc)
            # Of any other exception Scrapy 2.19 prints the traceback; both make it exit with 1.
            raise asyncio.CancelledError from exc

    @classmethod
    def _made(cls, crawler: Crawler, args: Any, kwargs: Any, session: Session | None) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.owns_session = session is None
        if session is None:
            spider.check()
        spider.session = session or Session.open(crawler.settings, f"scrapy crawl {cls.name}")
        return spider

    @classmethod
    def _check_names(cls, names: Iterable[str]) -> None:
        for name in names:
            if name not in cls.arguments:
                known = ", ".join(sorted(cls.arguments))
                takes = f"no such argument, but {known}" if known else "no arguments"
                raise UsageError(f"-a {name}: `{cls.name}` takes {takes}")

    def check(self) -> None:
        """Look at what was asked for before a run begins. Raises SourcekeepError for a wrong word.

        The settings are there; the session is not. Called under ``scrapy crawl`` only: the commands
        of ours have looked already.
        """

    def stop_when_lost(self) -> None:
        """Let the crawl end as soon as the archive refuses a write. Called once it has begun."""

        self.session.writes.on_lost = lambda: self.stop("evidence-lost")

    def stop(self, reason: str) -> None:
        """End the crawl, as soon as what is under way is over."""
        assert self.crawler.engine is not None
        if self.crawler.engine.spider is None:
            return  # it has ended; the last commit was refused
        self.is_stopping = True
        closing = self.crawler.engine.close_spider_async(reason=reason)
        self._closing = asyncio.ensure_future(closing)

    def visit(
        self,
        visit: Visit,
        done: Callable[[Visit], Any],
        etag: str | None = None,
        last_modified: str | None = None,
    ) -> Request:
        """Return the request of a visit, conditional when there are validators.

        ``done`` is called at its end, whatever the end was.
        """
        request = visit_request(visit, etag, last_modified)
        request.callback = lambda response: self._answered(visit, done)
        request.errback = lambda failure: self._failed(visit, failure, done)
        return request

    def _answered(self, visit: Visit, done: Callable[[Visit], Any]) -> Any:
        """A redirect that arrives here led to a scheme that is not fetched."""
        last = visit.hops[-1]
        if last.outcome == "redirect":
            visit.hops[-1] = dead_end(last, UnsupportedURLSchemeError("redirect target"))
        return self._hand_over(visit, done)

    def _failed(self, visit: Visit, failure: Failure, done: Callable[[Visit], Any]) -> Any:
        """A failure is a hop already, unless it came about above the capture layer."""
        last = visit.last
        self.session.debris.add(visit.bodies_bytes)
        if isinstance(failure.value, PutOff):
            visit.put_off = failure.value
        elif last is None:
            visit.hops.append(unsent_hop(visit, failure.value, self.session.clock))
        elif last.outcome == "redirect":
            visit.hops[-1] = dead_end(last, failure.value)
        return self._hand_over(visit, done)

    def _hand_over(self, visit: Visit, done: Callable[[Visit], Any]) -> Any:
        """Let a visit end. What breaks then is a fault of ours: the crawl ends with it.

        Scrapy would log it and wait for ever for the visit that never ended.
        """
        with self._ending_with_a_fault():
            follows = done(visit)
        return self._watched(follows) if isinstance(follows, Iterator) else follows

    def _watched(self, requests: Iterator[Any]) -> Iterator[Any]:
        """Yield what follows from a visit. It is worked out only now, and may break as well."""
        with self._ending_with_a_fault():
            yield from requests

    @contextmanager
    def _ending_with_a_fault(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            self.stop("broke")
            raise

"""The one extension: sees a crawl begin and end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self, cast

from scrapy import signals

from crawler.fetching.run.clock import keep_timers_steady
from crawler.fetching.run.garbage import collect_rarely
from crawler.urls import redact_text

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler
    from twisted.internet.base import ReactorBase


def _without_secrets(record: logging.LogRecord) -> bool:
    """Take the secrets out of the URLs in a record: logs are mailed, shown and kept elsewhere."""
    told = record.getMessage()
    shown = redact_text(told)
    if shown != told:
        record.msg, record.args = shown, ()
    return True


class RunExtension:
    """Closes the session of a spider that opened its own: the run's row gets its end.

    And sees to it that a crawl's timers do not go by a clock that may be set, and that its log
    tells no secrets.
    """

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it for a crawler, as Scrapy asks."""
        from twisted.internet import reactor as installed  # only now: Scrapy chooses which one

        keep_timers_steady(cast("ReactorBase", installed))
        extension = cls()
        crawler.signals.connect(extension.spider_opened, signals.spider_opened)
        crawler.signals.connect(extension.spider_closed, signals.spider_closed)
        return extension

    def spider_opened(self, spider: Spider) -> None:
        """Filter what is logged (not before: until then Scrapy changes its handler).

        And have Python look for garbage rarely, where this process has nothing else to do.
        """
        for handler in logging.getLogger().handlers:
            handler.addFilter(_without_secrets)
        if spider.owns_session:  # type: ignore[attr-defined]
            collect_rarely()

    async def spider_closed(self, spider: Spider, reason: str) -> None:
        """Extract what is left, unless the crawl was interrupted: then it stays wanted."""
        session = spider.session  # type: ignore[attr-defined]
        if not spider.owns_session:  # type: ignore[attr-defined]
            return
        session.commit()
        if reason == "finished":
            await session.read_and_judge_the_rest()
        session.close(reason)

"""The one extension: ends the run of a crawl that `scrapy crawl` started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy import signals

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler


class RunExtension:
    """Closes the session of a spider that opened its own: the run's row gets its end."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it for a crawler, as Scrapy asks."""
        extension = cls()
        crawler.signals.connect(extension.spider_closed, signals.spider_closed)
        return extension

    async def spider_closed(self, spider: Spider, reason: str) -> None:
        """Extract what is left, unless the crawl was interrupted: then it stays wanted."""
        session = spider.session  # type: ignore[attr-defined]
        if not spider.owns_session:  # type: ignore[attr-defined]
            return
        session.commit()
        if reason == "finished":
            await session.read_and_judge_the_rest()
        session.close(reason)

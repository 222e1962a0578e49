"""The `rescue` spider: asks web archives for the sources that need another's copy."""

from __future__ import annotations

from typing import Any

from crawler.rescue import Conductor, Homecoming
from crawler.spiders.asking_spider import AskingSpider


class RescueSpider(AskingSpider):
    """Brings home what is due, or the sources that are named (``-a source=…``).

    Under ``scrapy crawl`` it queues first what needs another's copy.
    """

    name = "rescue"
    arguments = frozenset({"source", "limit"})

    def __init__(self, homecomings: list[Homecoming] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.homecomings = homecomings if homecomings is not None else []

    async def take_steps(self) -> None:
        """Bring home what is due, or what is named."""
        settings, session = self.settings, self.session
        lines = settings.getlist("SOURCEKEEP_RESCUE_ARCHIVES")
        archives = self.archives(lines)
        if lines and not archives.known:
            return  # all are barred: that none was asked says nothing of what they hold
        conductor = Conductor(
            session, archives, fetches_max=settings.getint("SOURCEKEEP_RESCUE_FETCHES")
        )
        sources, limit, now = self.sources, self.limit, session.clock.now()
        if self.owns_session:
            session.write(lambda: session.archive.rescuing.wish(sources, now))
        due = session.archive.rescuing.due(now, limit, sources) if limit else []
        await self.work_off(due, conductor.bring_home, self.homecomings)

"""The `recheck` spider: holds what came home against what a second archive has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from scrapy import Request

from crawler.rescue.rechecking import Rechecked, Rechecker
from crawler.spiders.asking_spider import AskingSpider


class RecheckSpider(AskingSpider):
    """Asks the other archives for each source that has a memento here, or for those named."""

    name = "recheck"

    def __init__(
        self,
        sources: Sequence[int] = (),
        limit: int = 0,
        rechecked: list[Rechecked] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._sources, self._limit = sources, limit
        self.rechecked = rechecked if rechecked is not None else []

    async def start(self) -> AsyncIterator[Request]:
        """Ask for each; nothing is yielded, because each answer decides the next request."""
        self.stop_when_lost()
        archives = self.archives(self.settings.getlist("SOURCEKEEP_RESCUE_ARCHIVES"))
        rechecker = Rechecker(self.session, archives)
        at_home = self.session.archive.rescuing.at_home(self._limit, self._sources)
        await self.work_off(at_home, rechecker.recheck, self.rechecked)
        return
        yield

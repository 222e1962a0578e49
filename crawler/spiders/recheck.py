"""The `recheck` spider: holds what came home against what a second archive has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from scrapy import Request

from crawler.rescue.rechecking import Rechecked, Rechecker
from crawler.spiders.asking_spider import SOURCES_AT_ONCE, AskingSpider


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
        waiting = iter(self.session.archive.rescuing.at_home(self._limit, self._sources))
        await asyncio.gather(*(self._each(rechecker, waiting) for _ in range(SOURCES_AT_ONCE)))
        return
        yield

    async def _each(self, rechecker: Rechecker, waiting: Iterator[int]) -> None:
        for source in waiting:
            if not self.session.is_open or self.session.budget.seconds_left <= 0:
                return
            self.rechecked.append(await rechecker.recheck(source))

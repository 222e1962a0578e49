"""The `recheck` spider: holds what came home against what a second archive has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crawler.errors import UsageError
from crawler.rescue.rechecking import Rechecked, Rechecker
from crawler.spiders.asking_spider import AskingSpider


class RecheckSpider(AskingSpider):
    """Asks the other archives for each source that has a memento here, or for those named."""

    name = "recheck"

    def __init__(
        self,
        sources: Sequence[int] = (),
        limit: int | str | None = None,
        source: str | None = None,
        rechecked: list[Rechecked] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._sources, self._limit, self._named = sources, limit, source
        self.rechecked = rechecked if rechecked is not None else []

    async def take_steps(self) -> None:
        """Ask a second archive for each."""
        archives = self.archives(self.settings.getlist("SOURCEKEEP_RESCUE_ARCHIVES"))
        if len(archives.known) < 2:
            raise UsageError("a second archive is needed: name it in SOURCEKEEP_RESCUE_ARCHIVES")
        rechecker = Rechecker(self.session, archives)
        sources, limit = self.chosen(self._sources, self._named), self.at_most(self._limit)
        at_home = self.session.archive.rescuing.at_home(limit, sources)
        await self.work_off(at_home, rechecker.recheck, self.rechecked)

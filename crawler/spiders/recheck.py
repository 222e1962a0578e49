"""The `recheck` spider: holds what came home against what a second archive has."""

from __future__ import annotations

from typing import Any

from crawler.errors import UsageError
from crawler.mementos.registry import archives_of
from crawler.rescue.rechecking import Rechecked, Rechecker
from crawler.spiders.asking_spider import AskingSpider

NAMED_IN = "SOURCEKEEP_RESCUE_ARCHIVES"
SECOND_NEEDED = f"a second archive is needed: name it in {NAMED_IN}"


class RecheckSpider(AskingSpider):
    """Asks the other archives for each source that has a memento here, or for those named."""

    name = "recheck"
    arguments = frozenset({"source", "limit"})

    def __init__(self, rechecked: list[Rechecked] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rechecked = rechecked if rechecked is not None else []

    def check(self) -> None:
        """Look whether a second archive is named, besides what all look at. Raises UsageError."""
        super().check()
        if len(archives_of(self.settings.getlist(NAMED_IN))) < 2:
            raise UsageError(SECOND_NEEDED)

    async def take_steps(self) -> None:
        """Ask a second archive for each."""
        archives = self.archives(self.settings.getlist(NAMED_IN))
        if len(archives.known) < 2:  # of those that are named, some are barred
            raise UsageError(SECOND_NEEDED)
        rechecker = Rechecker(self.session, archives)
        at_home = self.session.archive.rescuing.at_home(self.limit, self.sources)
        await self.work_off(at_home, rechecker.recheck, self.rechecked)

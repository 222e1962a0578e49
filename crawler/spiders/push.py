"""The `push` spider: has a web archive capture the sources that are to be kept there, too."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

from crawler.errors import UsageError
from crawler.mementos.registry import WebArchive, archives_of
from crawler.rescue.pushing import Keys, Pushed, Pusher
from crawler.spiders.asking_spider import AskingSpider

KEYS_NEEDED = "a push needs keys: set SOURCEKEEP_PUSH_KEY and SOURCEKEEP_PUSH_SECRET"
STEPS_MAX = 8  # of one push in a run: asked, looked at until it is done, read back


class PushSpider(AskingSpider):
    """Goes on with what is due in the push queue."""

    name = "push"

    def __init__(
        self, keys: Keys | None = None, pushed: list[Pushed] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._keys = keys or Keys.of(os.environ)
        self.pushed = pushed if pushed is not None else []

    def check(self) -> None:
        """Look whether there are keys, and an archive that takes captures. Raises UsageError."""
        super().check()
        _taking_captures(archives_of([self.settings["SOURCEKEEP_PUSH_ARCHIVE"]]))
        if self._keys is None:
            raise UsageError(KEYS_NEEDED)

    async def take_steps(self) -> None:
        """Go on with what is due until it is done, or must wait for too long."""
        settings, session, keys = self.settings, self.session, self._keys
        archives = self.archives([settings["SOURCEKEEP_PUSH_ARCHIVE"]])
        archive = _taking_captures(archives.known)
        if keys is None:
            raise UsageError(KEYS_NEEDED)
        fresh = str(settings["SOURCEKEEP_PUSH_FRESH"])
        pusher = Pusher(session, archives, archive, keys, fresh=fresh)
        left = settings.getint("SOURCEKEEP_PUSH_MAX") * STEPS_MAX
        while left > 0 and self.may_go_on and await self._something_is_due(archive):
            due = session.archive.pushing.due(archive.id, session.clock.now(), left)
            left -= len(due)
            await self.work_off(due, pusher.go_on, self.pushed)

    async def _something_is_due(self, archive: WebArchive) -> bool:
        """Wait for what was submitted to be done, if that is not too long. False: it is."""
        session = self.session
        at = session.archive.pushing.next_due_at(archive.id)
        if at is None or not session.is_open:
            return False
        wait_s = (at - session.clock.now()).total_seconds()
        patience_s = self.settings.getfloat("SOURCEKEEP_WAIT_MAX_S")
        if wait_s > min(patience_s, session.budget.seconds_left):
            return False
        await asyncio.sleep(max(wait_s, 0))
        return True


def _taking_captures(known: Sequence[WebArchive]) -> WebArchive:
    """Return the archive to push to. Raises UsageError where none is known that takes captures."""
    if not known or known[0].save is None:
        raise UsageError("a push needs an archive that takes captures: SOURCEKEEP_PUSH_ARCHIVE")
    return known[0]

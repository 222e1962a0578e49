"""The `moved` spider: looks for pages that are gone at other addresses of their hosts."""

from __future__ import annotations

from typing import Any

from crawler.fetching.run.visits import Visit, visit_request
from crawler.rescue.moving import Mover, Proposal
from crawler.spiders.stepwise import StepwiseSpider


class MovedSpider(StepwiseSpider):
    """Asks the hosts themselves, one request at a time: by their robots.txt, at their pace."""

    name = "moved"
    arguments = frozenset({"source", "limit"})

    def __init__(self, proposals: list[Proposal] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.proposals = proposals if proposals is not None else []

    async def take_steps(self) -> None:
        """Look for each, until the run may not go on."""
        mover = Mover(self.session, self._visit)
        for missing in self.session.archive.relocations.missing(self.limit, self.sources):
            if not self.may_go_on:
                break
            self.proposals += await mover.look_for(missing)

    async def _visit(self, visit: Visit) -> None:
        """Send a request and follow its redirects, as of any visit."""
        await self.send(visit, visit_request(visit, None, None))

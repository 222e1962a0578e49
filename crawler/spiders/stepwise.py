"""What the spiders share whose answers decide what is asked next: they take steps.

Such a spider cannot yield its requests, as Scrapy would have it: each waits for the one before.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import Any

from scrapy import Request
from scrapy.exceptions import CloseSpider

from crawler.archive import Archive
from crawler.errors import UsageError
from crawler.fetching.run.visits import Visit, unsent_hop
from crawler.fetching.wire.handler import PutOff
from crawler.spiders.archive_spider import ArchiveSpider


class StepwiseSpider(ArchiveSpider):
    """A spider that sends its requests itself, and waits for each."""

    tries_in_vain = 1  # what it asks for can wait, and few are asked who hardly ever fail

    def __init__(
        self,
        sources: Sequence[int] = (),
        limit: int | str | None = None,
        source: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sources: Sequence[int] = sources  # the ids of those to work for; none: what is due
        self._limit, self._named = limit, source

    def check(self) -> None:
        """Look at the limit, and find the source that a person named (``-a source=``).

        Raises UsageError for what is no count, for no or more than one such source, and for one
        that is barred; ArchiveError when the archive cannot be read.
        """
        if self._limit is not None and not str(self._limit).isdecimal():
            raise UsageError(f"limit={self._limit}: write a number of sources")
        if self._named is None:
            return
        with Archive.open_for_reading(self.settings["SOURCEKEEP_ARCHIVE"]) as archive:
            found = archive.reading.source(self._named)
        if found["barred_by"]:
            raise UsageError(f"{found['url']}: {found['barred_by']} is barred; nobody is asked")
        self.sources = [found["id"]]

    @property
    def limit(self) -> int:
        """For how many sources to work: as many as was told, else SOURCEKEEP_RESCUE_MAX."""
        told = self._limit
        return self.settings.getint("SOURCEKEEP_RESCUE_MAX") if told is None else int(told)

    async def start(self) -> AsyncIterator[Request]:
        """Take the steps; nothing is yielded.

        A wrong word of the operator ends the crawl with one sentence (reason ``wrong-usage``), a
        fault of ours with its traceback and the reason ``broke``: Scrapy's own word for both,
        ``start_error``, would tell nobody anything.
        """
        self.stop_when_lost()
        try:
            await self.take_steps()
        except UsageError as exc:
            self.logger.error("%s", exc)
            raise CloseSpider("wrong-usage") from exc
        except CloseSpider:
            raise
        except Exception as exc:
            self.logger.exception("a fault of ours ends the crawl")
            raise CloseSpider("broke") from exc
        return
        yield  # what makes it the generator that Scrapy asks for

    @abstractmethod
    async def take_steps(self) -> None:
        """Do the work of the spider. Raises UsageError for a wrong word of the operator."""

    @property
    def may_go_on(self) -> bool:
        """Tell whether another source may be begun: nothing ends the run, and time is left."""
        is_open = self.session.is_open and not self.is_stopping
        return is_open and self.session.budget.seconds_left > 0

    async def send(self, visit: Visit, request: Request) -> None:
        """Send the request of a visit and wait for its end, which is in the visit's hops."""
        assert self.crawler.engine is not None
        try:
            await self.crawler.engine.download_async(request)
        except PutOff as exc:
            visit.put_off = exc
        except Exception as exc:  # noqa: BLE001 - whatever it is becomes a row
            self.session.debris.add(visit.bodies_bytes)
            if visit.last is None:
                visit.hops.append(unsent_hop(visit, exc, self.session.clock))

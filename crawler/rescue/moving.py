"""Looking for pages that are gone at other addresses of their hosts; proposed, never taken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from crawler.archive import ExtractionJob, Kept
from crawler.archive.elsewhere.relocations import Missing
from crawler.comparison.measures import containment, measure
from crawler.fetching.run.session import Session
from crawler.fetching.run.visits import Visit
from crawler.items import Article
from crawler.mementos.examining import EXCERPT, LEAST_WORDS
from crawler.mementos.relocating import (
    CANDIDATES_MAX,
    LISTS_MAX,
    PLACES,
    PROPOSED_FROM,
    Candidate,
    named_like,
    read_host_list,
    sitemaps_named,
)
from crawler.rescue.asking import DATA_FAULTS
from crawler.robotstxt import origin_of
from crawler.urls import urlkey
from crawler.verdicts import LIVE

WAIT_MAX_S: Final = 30.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where a source may be now."""

    source: int
    gone_url: str
    url: str
    found_by: str
    similarity: float


class Mover:
    """Looks for the missing sources of one run; the lists of each host are read once."""

    def __init__(self, session: Session, visit: Callable[[Visit], Awaitable[None]]) -> None:
        self._session = session
        self._visit = visit
        self._listed: dict[str, tuple[Candidate, ...]] = {}

    async def look_for(self, missing: Missing) -> list[Proposal]:
        """Return, and keep, the addresses at which a page like the missing one stands."""
        try:
            return await self._look_for(missing)
        except DATA_FAULTS as fault:
            _log.error("source %d: %s", missing.source, fault)
            return []

    async def _look_for(self, missing: Missing) -> list[Proposal]:
        if not await self._may_ask(missing.host):
            return []
        found = []
        tried: set[str] = {urlkey(missing.url)}
        for candidate in await self._candidates(missing):
            key = urlkey(candidate.url)
            if key in tried or len(tried) > CANDIDATES_MAX:
                continue
            tried.add(key)
            proposal = await self._compare(missing, candidate)
            if proposal is not None:
                found.append(proposal)
                break
        return found

    async def _may_ask(self, host: str) -> bool:
        """Wait for the distance to the last visit. False: the host asked for more rest."""
        now = self._session.clock.now()
        free_at = self._session.archive.relocations.free_at(host)
        wait_s = (free_at - now).total_seconds() if free_at else 0.0
        if wait_s > WAIT_MAX_S or self._session.hosts.rests(host):
            return False
        await asyncio.sleep(max(wait_s, 0))
        return True

    async def _candidates(self, missing: Missing) -> list[Candidate]:
        """Return where to look: aliases, what copies call canonical, then what has the title."""
        near = [Candidate(url, "alias") for url in missing.aliases]
        near += [Candidate(url, "canonical") for url in missing.canonical]
        named = named_like(missing.title, await self._lists_of(missing.url), missing.url)
        return [*near, *named]

    async def _lists_of(self, url: str) -> tuple[Candidate, ...]:
        """Return what the sitemaps and feeds of a host list."""
        origin = origin_of(url)
        if origin not in self._listed:
            self._listed[origin] = ()  # whatever happens, they are asked once
            pages: list[Candidate] = []
            waiting = list(self._places(origin))
            for _ in range(LISTS_MAX):
                if not waiting or not self._session.is_open:
                    break
                place = waiting.pop(0)
                visit, _ = await self._get(place)
                body = visit.body if visit.outcome == "live-unverified" else None
                found = read_host_list(body or b"", place)
                pages += found.pages
                waiting = [*found.lists, *waiting]
            self._listed[origin] = tuple(pages)
        return self._listed[origin]

    def _places(self, origin: str) -> Iterator[str]:
        robots = self._session.archive.robots.load(origin)
        named = sitemaps_named(robots.body, origin + "/") if robots else ()
        yield from named
        yield from (urljoin(origin + "/", place) for place in PLACES[2 * bool(named) :])

    async def _get(self, url: str) -> tuple[Visit, Kept | None]:
        """Ask a host for a page or a list; every attempt is a row, as of any visit."""
        visit = Visit("rescue", url)
        await self._visit(visit)
        if not visit.hops:
            return visit, None
        self._session.write(lambda: self._session.hosts.note(visit))
        return visit, self._session.keep_from_archive(visit)

    async def _compare(self, missing: Missing, candidate: Candidate) -> Proposal | None:
        """Fetch a page and measure it against what is held of the missing one."""
        visit, kept = await self._get(candidate.url)
        last = visit.last
        if last is None or visit.outcome not in LIVE or last.body is None:
            return None
        if kept is None or kept.final_payload is None:
            return None
        article = await self._article(visit, kept.final_payload)
        similarity = self._similarity(missing, article)
        if article is None or similarity is None or urlkey(last.url) == urlkey(missing.url):
            return None
        relocations, now = self._session.archive.relocations, self._session.clock.now()
        self._session.write(
            lambda: relocations.propose(
                missing, last.url, candidate.found_by, similarity=similarity,
                title=article.title, capture=kept.final_capture, now=now,
            )
        )  # fmt: skip
        return Proposal(
            missing.source, missing.url, last.url, candidate.found_by, round(similarity, 2)
        )

    async def _article(self, visit: Visit, payload: str) -> Article | None:
        last = visit.hops[-1]
        job = ExtractionJob(
            payload, last.url, last.mime_declared, last.mime_sniffed or "", last.fetched_at[:10]
        )
        archive = self._session.archive
        if not archive.articles.was_read(job):
            await self._session.read([job])
        return archive.articles.of(payload)

    def _similarity(self, missing: Missing, article: Article | None) -> float | None:
        """Return how much of what was held stands in a page; None: too little to propose it.

        Where nothing is held, the excerpt of an entry stands in for it.
        """
        text = (article.text if article else None) or ""
        if len(text.split()) < LEAST_WORDS:
            return None
        archive = self._session.archive
        held = archive.articles.of(missing.payload)
        if held is not None and held.text:
            share = measure(held.text, text).share_that_stands
            return share if share >= PROPOSED_FROM else None
        expected = archive.observing.expectation(missing.source)
        share = max((containment(each, text) for each in expected.excerpts), default=0.0)
        return share if share >= EXCERPT else None

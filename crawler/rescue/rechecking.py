"""What came home from one archive, held against what a second one has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from crawler.archive import Row
from crawler.archive.elsewhere.wanting import Wanted
from crawler.comparison.measures import measure
from crawler.comparison.texts import text_digest
from crawler.dates import format_instant
from crawler.fetching.run.session import Session
from crawler.items import Article
from crawler.mementos.choosing import Cited, candidates
from crawler.mementos.registry import WebArchive
from crawler.rescue.asking import DATA_FAULTS, Archives, NotAsked
from crawler.rescue.fetching import Look
from crawler.rescue.searching import Located, Search

COMPARED_WITHIN: Final = timedelta(days=30)  # farther away the page itself may have changed
AGREES_FROM: Final = 0.9  # share of the text that must stand there; dress and rails differ


@dataclass(frozen=True, slots=True)
class Rechecked:
    """What a second archive says of a memento that came home."""

    source: int
    url: str
    archive: str | None = None  # the second one; None: none has anything to compare
    agrees: bool | None = None  # None: nothing could be compared
    by: str = "nothing to compare"  # "index digest", "same text", "similar text"
    similarity: float | None = None


class Rechecker:
    """Re-checks the mementos of one run against the other archives that it may ask."""

    def __init__(self, session: Session, archives: Archives) -> None:
        self._session = session
        self._archives = archives

    async def recheck(self, source: int) -> Rechecked:
        """Compare the best memento of a source with a second archive, and keep what came of it."""
        archive = self._session.archive
        wanted = archive.wanting.wanted(source, archive.observing.expectation(source))
        best = archive.rescuing.best(source)
        if best is None or best["state"] != "home":
            return Rechecked(source, wanted.url)
        found = Rechecked(source, wanted.url)
        for other in self._archives.known:
            if other.id == best["archive"] or found.agrees is not None:
                continue
            if not other.may_hear_of(wanted.url):
                continue
            try:
                found = await self._ask(wanted, best, other)
            except (NotAsked, *DATA_FAULTS) as refusal:
                found = Rechecked(source, wanted.url, other.id, by=str(refusal))
        self._keep(best, found)
        return found

    async def _ask(self, wanted: Wanted, best: Row, other: WebArchive) -> Rechecked:
        around = Cited.on(best["memento_datetime"][:10])
        _, located = await Search(wanted, around, other, self._archives, self._session).ask()
        if best["digest"] and any(each.memento.digest == best["digest"] for each in located):
            return Rechecked(wanted.source, wanted.url, other.id, agrees=True, by="index digest")
        nearest = self._nearest(located, around)
        if nearest is None:
            return Rechecked(wanted.source, wanted.url)
        return await self._compare(wanted, best, nearest, other)

    def _nearest(self, located: tuple[Located, ...], around: Cited) -> Located | None:
        by_memento = {each.memento: each for each in located}
        ordered = candidates(by_memento, around)
        near = ordered[0] if ordered else None
        if near is None or around.distance(near.memento_datetime) > COMPARED_WITHIN:
            return None
        return by_memento[near]

    async def _compare(
        self, wanted: Wanted, best: Row, nearest: Located, other: WebArchive
    ) -> Rechecked:
        """Fetch what lies nearest and compare the texts; equal bytes would need no look."""
        first = self._article_of(best)
        second = await Look(wanted, first, self._archives, self._session).at(nearest)
        one = (first.text if first else None) or ""
        two = (second.article.text if second.article else None) or ""
        if not one or not two:
            return Rechecked(wanted.source, wanted.url)
        share = measure(one, two).share_that_stands
        same = text_digest(one) == text_digest(two)
        return Rechecked(
            wanted.source, wanted.url, other.id, agrees=same or share >= AGREES_FROM,
            by="same text" if same else "similar text", similarity=round(share, 3),
        )  # fmt: skip

    def _article_of(self, best: Row) -> Article | None:
        rows = self._session.archive.testimony.mementos(best["source"])
        payload = next((row["payload"] for row in rows if row["id"] == best["id"]), None)
        return self._session.archive.articles.of(payload)

    def _keep(self, best: Row, found: Rechecked) -> None:
        note = {
            "second_archive": found.archive, "second_agrees": found.agrees,
            "second_by": found.by, "second_similarity": found.similarity,
            "second_asked_at": format_instant(self._session.clock.now()),
        }  # fmt: skip
        testimony, row = self._session.archive.testimony, best["id"]
        self._session.write(lambda: testimony.confirm(row, note))

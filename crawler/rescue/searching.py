"""Finding what archives hold of one source: by CDX where there is one, else by TimeMap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice, product
from typing import Final

from crawler.archive.elsewhere.wanting import Wanted
from crawler.dates import format_instant
from crawler.fetching.run.session import Session
from crawler.mementos.choosing import LOOKUPS_MAX, Cited, candidates, spellings
from crawler.mementos.crawls import CRAWLS_MAX, nearest_crawls
from crawler.mementos.elsewhere import Further
from crawler.mementos.listing import Listed, Listing, with_what_revisits_repeat
from crawler.mementos.registry import KNOWN, WebArchive, stamp_of, take_apart
from crawler.mementos.replies import Found, accept_datetime, read_index, read_timegate
from crawler.rescue.asking import Archives, Question, Reply
from crawler.rescue.crawls import crawls_of_archive

# A list begins with the oldest: of a page that was archived a hundred thousand times it would hold
# nothing but its first years. Then what lies around the citation is asked for.
ROWS_MAX: Final = 2_000
WINDOW: Final = timedelta(days=400)
FURTHER_CRAWLS: Final = 2  # of which the indexes are asked for it
FURTHER_SPELLINGS: Final = 2  # of an address that is but a guess
CRAWL_LOOKUPS_MAX: Final = 8  # requests to the indexes of crawls for one source


@dataclass(frozen=True, slots=True)
class Located:
    """A memento, and where it is fetched."""

    archive: WebArchive
    memento: Listed
    url: str  # of its raw payload
    further: Further | None = None  # the other address under which it was found; None: a known one

    @property
    def uri_m(self) -> str:
        """Its address as the archive writes it."""
        return self.memento.uri_m or self.url


@dataclass(frozen=True, slots=True)
class Search:
    """The question what one archive holds of one source, around the day on which it was cited."""

    wanted: Wanted
    cited: Cited
    archive: WebArchive
    archives: Archives
    session: Session

    async def ask(self, under: Further | None = None) -> tuple[Found, tuple[Located, ...]]:
        """Ask under each spelling until something is listed; return that and where it is.

        Under those that are known of the source, or under another address. Raises NotAsked where
        the archive rests, now or in between.
        """
        wanted, folds = self.wanted, self.archive.folds
        if under is None:
            urls, crawls = (
                spellings(
                    wanted.url, aliases=wanted.aliases, canonical=wanted.canonical, folds=folds
                ),
                CRAWLS_MAX,
            )
        else:
            urls, crawls = spellings(under.url, folds=folds)[:FURTHER_SPELLINGS], FURTHER_CRAWLS
        if self.archive.crawls is not None:
            found = await self._in_crawls(urls, at_most=crawls)
        else:
            found = await self._under_each(urls)
        located = _located(self.archive, found.listing.mementos)
        return found, tuple(replace(each, further=under) for each in located)

    async def _under_each(self, urls: tuple[str, ...]) -> Found:
        found = Found("none-found", "empty")
        for url in urls[:LOOKUPS_MAX]:
            found = await self._under(url)
            if found.result != "none-found" or found.reason == "excluded":
                break
        return found

    async def _under(self, url: str) -> Found:
        """Ask for one spelling, by whatever kind of list the archive gives."""
        address = self.archive.cdx_url(url, limit=ROWS_MAX) or self.archive.timemap_url(url)
        if address is None:
            return await self._by_timegate(url)
        found = await self._look_up(address)
        listing = found.listing
        if self.archive.cdx and len(listing.mementos) + listing.malformed >= ROWS_MAX:
            return await self._look_up(self._near(url))
        return found

    async def _in_crawls(self, urls: tuple[str, ...], *, at_most: int) -> Found:
        """Ask the indexes of the crawls nearest to the citation, until both sides have something.

        What was listed before one of them failed may be fetched all the same.
        """
        crawls = await crawls_of_archive(self.archive, self.archives, self.session)
        if isinstance(crawls, Found):
            return crawls
        near = nearest_crawls(crawls, self.cited, at_most=at_most)
        listing = Listing()
        for url, crawl in islice(product(urls, near), CRAWL_LOOKUPS_MAX):
            address = self.archive.cdx_url(url, limit=ROWS_MAX, index=crawl.index) or ""
            found = await self._look_up(address)
            listing = listing.joined(found.listing)
            if found.result not in ("found", "none-found"):
                return replace(found, listing=listing)
            if self._has_both_sides(listing):
                break
        if listing.mementos:
            return Found("found", "listed", listing)
        return Found("none-found", "empty", listing)

    def _has_both_sides(self, listing: Listing) -> bool:
        """Whether there is something to fetch from before the citation, and from after it."""
        sides = (
            self.cited.sides_of(each.memento_datetime)
            for each in candidates(listing.mementos, self.cited)
        )
        return len(set().union(*sides)) == 2

    def _near(self, url: str) -> str:
        """Return the address that lists what lies around the citation."""
        since = stamp_of(format_instant(self.cited.begins_at - WINDOW))
        until = stamp_of(format_instant(self.cited.ends_at + WINDOW))
        return self.archive.cdx_url(url, since=since, until=until, limit=ROWS_MAX) or ""

    async def _by_timegate(self, url: str) -> Found:
        """Ask for the memento nearest to the citation, where an archive gives no list."""
        address = self.archive.timegate_url(url)
        if address is None:
            return Found("none-found", "no-address")
        headers = accept_datetime(format_instant(self.cited.begins_at))
        reply = await self.archives.answer(
            self.archive, Question(address, "index", headers=headers)
        )
        return self._kept(read_timegate(reply.answer), reply)

    async def _look_up(self, address: str) -> Found:
        archive = self.archive
        reply = await self.archives.answer(archive, Question(address, "index"))
        text = (reply.visit.body or b"").decode("utf-8", "replace")
        found = read_index(
            reply.answer, text,
            timemap=archive.cdx is None and archive.crawls is None,
            slows_by_503=archive.slows_by_503,
        )  # fmt: skip
        return self._kept(found, reply)

    def _kept(self, found: Found, reply: Reply) -> Found:
        """Write down what the archive said, and let its pace follow from it."""
        down = found.result if found.result in ("archive-down", "rate-limited") else None
        self.archives.note(self.archive, down, found.reason, reply)
        testimony, now = self.session.archive.testimony, self.session.clock.now()
        self.session.write(
            lambda: testimony.save_lookup(
                self.wanted.source, self.archive.id, found, fetch=reply.kept.fetches[-1], now=now
            )
        )
        return found


def _located(archive: WebArchive, listed: Iterable[Listed]) -> Iterator[Located]:
    """Yield the mementos that can be fetched from an archive that is known."""
    if archive.warcs is not None:
        yield from _in_files(archive, listed)
        return
    for memento in listed:
        if memento.uri_m is None:
            if memento.original is None:
                continue
            raw = archive.raw_url(memento.original, stamp_of(memento.memento_datetime))
            if raw is not None:
                yield Located(archive, replace(memento, uri_m=raw), raw)
            continue
        located = locate(archive, memento.uri_m, memento)
        if located is not None:
            yield located


def _in_files(archive: WebArchive, listed: Iterable[Listed]) -> Iterator[Located]:
    """Yield the mementos whose records lie in the WARC files of an archive."""
    for memento in with_what_revisits_repeat(listed):
        held = memento.held_at or memento
        own = archive.file_url(memento.place.file) if memento.place else None
        url = archive.file_url(held.place.file) if held.place else None
        if own is None or url is None or memento.place is None:
            continue
        uri_m = f"{own}#bytes={memento.place.offset}-{memento.place.last}"
        yield Located(archive, replace(memento, uri_m=uri_m), url)


def locate(archive: WebArchive, uri_m: str, memento: Listed) -> Located | None:
    """Return where the raw payload of a memento's address is; None: it cannot be fetched raw.

    Aggregators list mementos of other archives: those are fetched where they are.
    """
    for holder in (archive, *KNOWN.values()):
        apart = take_apart(holder, uri_m)
        if apart is None or holder.trust == "untrusted":
            continue
        at = apart.memento_datetime or memento.memento_datetime
        if not at:  # a TimeGate that names neither
            return None
        raw = holder.raw_url(apart.original, stamp_of(at))
        if raw is None:
            return None
        known = replace(memento, original=apart.original, memento_datetime=at, uri_m=raw)
        return Located(holder, known, raw)
    return None

"""Finding what archives hold of one source: by CDX where there is one, else by TimeMap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice, product
from typing import Final

from crawler.archive.elsewhere.wanting import Wanted
from crawler.dates import format_instant
from crawler.fetching.session import Session
from crawler.mementos.choosing import LOOKUPS_MAX, Cited, candidates, spellings
from crawler.mementos.crawls import CRAWLS_MAX, nearest_crawls
from crawler.mementos.elsewhere import Further
from crawler.mementos.listing import Listed, Listing, with_what_revisits_repeat
from crawler.mementos.registry import KNOWN, WebArchive, stamp_of, take_apart
from crawler.mementos.replies import Found, accept_datetime, read_index, read_timegate
from crawler.rescue.asking import Archives, Reply
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
    uri_m: str  # its address as the archive writes it
    further: Further | None = None  # the other address under which it was found; None: a known one


async def search(
    wanted: Wanted,
    cited: Cited,
    archive: WebArchive,
    archives: Archives,
    session: Session,
    *,
    under: Further | None = None,
) -> tuple[Found, tuple[Located, ...]]:
    """Ask one archive under each spelling until it lists something; return that and where it is.

    Under those that are known of the source, or under another address. Raises NotAsked where the
    archive rests, now or in between.
    """
    if under is None:
        urls = spellings(
            wanted.url, aliases=wanted.aliases, canonical=wanted.canonical, folds=archive.folds
        )
    else:
        urls = spellings(under.url, folds=archive.folds)[:FURTHER_SPELLINGS]
    crawls = CRAWLS_MAX if under is None else FURTHER_CRAWLS
    found, located = await _search(wanted, cited, archive, urls, archives, session, crawls=crawls)
    return found, tuple(replace(each, further=under) for each in located)


async def _search(
    wanted: Wanted,
    cited: Cited,
    archive: WebArchive,
    urls: tuple[str, ...],
    archives: Archives,
    session: Session,
    *,
    crawls: int,
) -> tuple[Found, tuple[Located, ...]]:
    if archive.crawls is not None:
        found = await _in_crawls(wanted, cited, archive, urls, archives, session, at_most=crawls)
        return found, tuple(_located(archive, found.listing.mementos))
    found = Found("none-found", "empty")
    for url in urls[:LOOKUPS_MAX]:
        address = archive.cdx_url(url, limit=ROWS_MAX) or archive.timemap_url(url)
        if address is None:
            found = await _by_timegate(wanted, archive, url, cited, archives, session)
            if found.result != "none-found":
                break
            continue
        found = await _look_up(wanted, archive, address, archives, session)
        listing = found.listing
        if archive.cdx and len(listing.mementos) + listing.malformed >= ROWS_MAX:
            found = await _look_up(wanted, archive, _near(archive, url, cited), archives, session)
        if found.result != "none-found" or found.reason == "excluded":
            break
    return found, tuple(_located(archive, found.listing.mementos))


async def _in_crawls(
    wanted: Wanted,
    cited: Cited,
    archive: WebArchive,
    urls: tuple[str, ...],
    archives: Archives,
    session: Session,
    *,
    at_most: int,
) -> Found:
    """Ask the indexes of the crawls nearest to a citation, until each side of it has something."""
    crawls = await crawls_of_archive(archive, archives, session)
    if isinstance(crawls, Found):
        return crawls
    near = nearest_crawls(crawls, cited, at_most=at_most)
    listed: list[Listed] = []
    malformed = 0
    for url, crawl in islice(product(urls, near), CRAWL_LOOKUPS_MAX):
        address = archive.cdx_url(url, limit=ROWS_MAX, index=crawl.index) or ""
        found = await _look_up(wanted, archive, address, archives, session)
        listed += found.listing.mementos
        malformed += found.listing.malformed
        listing = Listing(tuple(listed), malformed)
        if found.result not in ("found", "none-found"):
            return replace(found, listing=listing)  # what it has listed may be fetched all the same
        sides = {side for each in candidates(listed, cited)
                 for side in cited.sides_of(each.memento_datetime)}  # fmt: skip
        if len(sides) == 2:
            break
    if listed:
        return Found("found", "listed", Listing(tuple(listed), malformed))
    return Found("none-found", "empty", Listing((), malformed))


def _near(archive: WebArchive, url: str, cited: Cited) -> str:
    """Return the address that lists what lies around a citation."""
    since = stamp_of(format_instant(cited.begins_at - WINDOW))
    until = stamp_of(format_instant(cited.ends_at + WINDOW))
    return archive.cdx_url(url, since=since, until=until, limit=ROWS_MAX) or ""


async def _by_timegate(
    wanted: Wanted,
    archive: WebArchive,
    url: str,
    cited: Cited,
    archives: Archives,
    session: Session,
) -> Found:
    """Ask for the memento nearest to the citation, where an archive gives no list."""
    address = archive.timegate_url(url)
    if address is None:
        return Found("none-found", "no-address")
    headers = accept_datetime(format_instant(cited.begins_at))
    reply = await archives.get(archive, address, "index", headers=headers)
    found = read_timegate(reply.answer)
    _keep(wanted, archive, found, reply, archives, session)
    return found


async def _look_up(
    wanted: Wanted,
    archive: WebArchive,
    address: str,
    archives: Archives,
    session: Session,
) -> Found:
    reply = await archives.get(archive, address, "index")
    text = (reply.visit.body or b"").decode("utf-8", "replace")
    found = read_index(
        reply.answer, text,
        timemap=archive.cdx is None and archive.crawls is None, slows_by_503=archive.slows_by_503,
    )  # fmt: skip
    _keep(wanted, archive, found, reply, archives, session)
    return found


def _keep(
    wanted: Wanted,
    archive: WebArchive,
    found: Found,
    reply: Reply,
    archives: Archives,
    session: Session,
) -> None:
    """Write down what an archive said, and let its pace follow from it."""
    down = found.result if found.result in ("archive-down", "rate-limited") else None
    archives.note(archive, down, found.reason, reply)
    testimony, now = session.archive.testimony, session.clock.now()
    session.write(
        lambda: testimony.save_lookup(
            wanted.source, archive.id, found.result, found.reason, fetch=reply.kept.fetches[-1],
            listed=len(found.listing.mementos), malformed=found.listing.malformed, now=now,
        )
    )  # fmt: skip


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
                yield Located(archive, replace(memento, uri_m=raw), raw, raw)
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
        yield Located(archive, replace(memento, uri_m=uri_m), url, uri_m)


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
        return Located(holder, known, raw, raw)
    return None

"""Which mementos to fetch, in which order, and under which spellings of a URL to look for them.

The citation's day is what they are chosen by: nearest before it, nearest after it, in turn, until
each side has a good one. What has the digest of a memento that was already looked at needs no
fetch: equal bytes are good or bad alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from crawler.dates import parse_instant
from crawler.errors import UrlError
from crawler.mementos.listing import Listed
from crawler.urls import parse_url
from crawler.urls.identity import split_href, without_tracking

FETCHES_MAX: Final = 8  # of one source
LOOKUPS_MAX: Final = 6  # requests to an index for one source and archive
# What a whole page was archived with; IABot asks for the same. None: revisits do not tell.
GOOD_STATUS: Final = frozenset({None, 200, 203, 206})
_NO_PAGES: Final = ("image/", "video/", "audio/", "font/", "text/css", "application/javascript",
                    "text/javascript")  # fmt: skip

Side = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Cited:
    """When a source was cited: a day, of which nobody knows the hour."""

    begins_at: datetime
    ends_at: datetime

    @classmethod
    def on(cls, day: str) -> Cited:
        """Return the day of a calendar date."""
        begins = parse_instant(day)
        return cls(begins, begins + timedelta(days=1))

    def sides_of(self, instant: str) -> frozenset[Side]:
        """Return on which sides an instant lies; within the day it may be either."""
        at = parse_instant(instant)
        before, after = at < self.ends_at, at >= self.begins_at
        sides: set[Side] = set()
        if before:
            sides.add("before")
        if after:
            sides.add("after")
        return frozenset(sides)

    def distance(self, instant: str) -> timedelta:
        """Return how far an instant is from the day; nothing within it."""
        at = parse_instant(instant)
        if at < self.begins_at:
            return self.begins_at - at
        return max(at - self.ends_at, timedelta())


@dataclass(frozen=True, slots=True)
class Looked:
    """A memento that was fetched and judged."""

    memento: Listed
    good: bool


def candidates(listed: Iterable[Listed], cited: Cited) -> tuple[Listed, ...]:
    """Return the mementos that may hold the page, each once, nearest to the citation first.

    Of two equally near the earlier is first: it shows what had been there.
    """
    seen: set[tuple[str, str | None]] = set()
    kept = []
    for memento in sorted(listed, key=lambda m: (cited.distance(m.memento_datetime),
                                                 m.memento_datetime)):  # fmt: skip
        key = (memento.memento_datetime, memento.uri_m)
        if key not in seen and _may_be_a_page(memento):
            seen.add(key)
            kept.append(memento)
    return tuple(kept)


def _may_be_a_page(memento: Listed) -> bool:
    mime = (memento.mime or "").lower()
    return memento.status in GOOD_STATUS and not mime.startswith(_NO_PAGES)


def next_to_fetch(
    ordered: Sequence[Listed], looked: Sequence[Looked], cited: Cited, *, at_most: int = FETCHES_MAX
) -> Listed | None:
    """Return the memento to fetch next; None: enough is known, or nothing is left to try.

    Enough is a good one on each side, or one whose very bytes stand on the other side as well.
    """
    if len(looked) >= at_most:
        return None
    missing = _missing_sides(ordered, looked, cited)
    if not missing:
        return None
    known = {look.memento.digest for look in looked if look.memento.digest}
    tried = {(look.memento.memento_datetime, look.memento.uri_m) for look in looked}
    left = [
        memento for memento in ordered
        if (memento.memento_datetime, memento.uri_m) not in tried and memento.digest not in known
        and cited.sides_of(memento.memento_datetime) & missing
    ]  # fmt: skip
    whole = [memento for memento in left if not memento.is_cut]
    if not whole and any(look.good for look in looked):
        return None  # a part is no witness beside a whole page
    return _in_turn(whole or left, looked, cited, missing)


def _in_turn(
    left: Sequence[Listed], looked: Sequence[Looked], cited: Cited, missing: frozenset[Side]
) -> Listed | None:
    """Return the nearest of the side that was tried less often, the earlier side first."""

    def tries(side: Side) -> int:
        return sum(side in cited.sides_of(look.memento.memento_datetime) for look in looked)

    order: tuple[Side, ...] = ("before", "after")
    for side in sorted((s for s in order if s in missing), key=tries):
        found = next((m for m in left if side in cited.sides_of(m.memento_datetime)), None)
        if found is not None:
            return found
    return None


def _missing_sides(
    ordered: Sequence[Listed], looked: Sequence[Looked], cited: Cited
) -> frozenset[Side]:
    good = [look.memento for look in looked if look.good]
    digests = {memento.digest for memento in good if memento.digest}
    proved = [*good, *(m for m in ordered if m.digest in digests)]
    had: set[Side] = set()
    used: set[str] = set()
    sides: tuple[Side, ...] = ("before", "after")
    for side in sides:
        # One memento of the very day is on both sides, but it is one witness, not two.
        for memento in sorted(proved, key=lambda m: len(cited.sides_of(m.memento_datetime))):
            at = memento.memento_datetime
            if at not in used and side in cited.sides_of(at):
                used.add(at)
                had.add(side)
                break
    return frozenset(sides) - had


def bracket_by_digest(good: Listed, ordered: Sequence[Listed], cited: Cited) -> Listed | None:
    """Return a memento on the other side of the citation with the very bytes of a good one.

    None: no index names such a one. Nothing needs to be fetched: the digest is of the payload.
    """
    if good.digest is None:
        return None
    sides = cited.sides_of(good.memento_datetime)
    for memento in ordered:
        if memento.digest == good.digest and memento.memento_datetime != good.memento_datetime:
            other = cited.sides_of(memento.memento_datetime)
            if len(sides | other) == 2 and (sides != other or len(sides) == 2):
                return memento
    return None


# ------------------------------------------------------------------ spellings


def spellings(
    url: str, *, aliases: Iterable[str] = (), canonical: str | None = None, folds: bool = True
) -> tuple[str, ...]:
    """Return the URLs under which a page may have been archived, the likeliest first.

    The one that is fetched, its aliases (spellings as cited, targets of redirects), the canonical
    URL that a page names, each without tracking parameters. Where the index does not fold them
    (``folds``), also the other scheme, with and without ``www.``, and the slash at the end.
    """
    named = [url, *aliases, *([canonical] if canonical else [])]
    first = [href for each in named if (href := _parsed(each))]
    plain = [*first, *map(without_tracking, first)]
    every = plain if folds else [*plain, *(v for u in plain for v in _variants(u))]
    found: dict[str, str] = {}
    for candidate in every:
        if href := _parsed(candidate):
            found.setdefault(folded(href) if folds else href, href)
    return tuple(found.values())


def _parsed(text: str) -> str | None:
    try:
        return parse_url(text)
    except UrlError:
        return None


def _variants(url: str) -> Iterable[str]:
    scheme, _, rest = url.partition("://")
    other = "http" if scheme == "https" else "https"
    host, slash, path = rest.partition("/")
    hosts = (host, host[4:] if host.startswith("www.") else f"www.{host}")
    paths = [path]
    if path and "?" not in path:
        paths.append(path[:-1] if path.endswith("/") else path + "/")
    for tail in paths:
        for name in hosts:
            yield f"{scheme}://{name}{slash}{tail}"
            yield f"{other}://{name}{slash}{tail}"


def folded(href: str) -> str:
    """Return a URL as index servers fold it: no scheme, ``www.`` or slash at the end; one case."""
    authority, path, query = split_href(href)
    host = authority.lower().removeprefix("www.")
    return f"{host}{path.rstrip('/').lower()}?{(query or '').lower()}"

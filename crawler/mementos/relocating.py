"""Where a page that is gone may stand now, on its own host: by its title in sitemaps and feeds.

A name alone is no proof: what is found here is fetched and measured before it is even proposed.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote, urljoin
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

from crawler.errors import UrlError
from crawler.urls import parse_url, same_site, urlkey
from crawler.verdicts.recognition import rare_tokens
from crawler.verdicts.vocabulary.phrases import fold

FoundBy = Literal["alias", "canonical", "sitemap", "feed"]
LISTS_MAX: Final = 6  # sitemaps and feeds that are read of one host
CANDIDATES_MAX: Final = 3  # pages that are fetched for one source
PROPOSED_FROM: Final = 0.5  # share of what was held that must stand there, as for a redirect
_TITLE_SHARE: Final = 0.6  # of the rare words of a title that must stand in an address or a title
_XML_MAX_BYTES: Final = 10 * 2**20
# Where lists stand when robots.txt names none, in the order of how much they list.
PLACES: Final = ("/sitemap.xml", "/sitemap_index.xml", "/feed", "/rss.xml", "/atom.xml")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A page that may be the one that is gone."""

    url: str
    found_by: FoundBy
    title: str | None = None  # as a list names it
    share: float = 1.0  # of the rare words of the title that it has


@dataclass(frozen=True, slots=True)
class HostList:
    """What one sitemap or feed lists."""

    pages: tuple[Candidate, ...] = ()
    lists: tuple[str, ...] = ()  # further sitemaps that it names


def read_host_list(body: bytes, url: str) -> HostList:
    """Return what a sitemap, a sitemap index, RSS or Atom lists; empty for anything else."""
    try:
        root = fromstring(_unpacked(body))
    except (ParseError, DefusedXmlException, ValueError, LookupError, zlib.error):
        return HostList()
    kind = _name(root)
    if kind == "sitemapindex":
        return HostList(lists=tuple(_links(root, "loc", url)))
    if kind == "urlset":
        pages = (Candidate(link, "sitemap") for link in _links(root, "loc", url))
        return HostList(pages=tuple(pages))
    items = [element for element in root.iter() if _name(element) in ("item", "entry")]
    found = (_item(item, url) for item in items)
    return HostList(pages=tuple(candidate for candidate in found if candidate))


def _unpacked(body: bytes) -> bytes:
    """Return a list without its gzip, no further than a sitemap may be long."""
    if body[:2] != b"\x1f\x8b":
        return body[:_XML_MAX_BYTES]
    return zlib.decompressobj(wbits=31).decompress(body, _XML_MAX_BYTES)


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _links(root: Element, name: str, base: str) -> Iterator[str]:
    for element in root.iter():
        if _name(element) == name and element.text:
            yield from _absolute(element.text, base)


def _item(item: Element, base: str) -> Candidate | None:
    title = link = None
    for element in item:
        if _name(element) == "title":
            title = "".join(element.itertext()).strip() or None
        elif _name(element) == "link" and link is None:
            text = element.get("href") or element.text or ""
            link = next(_absolute(text, base), None)
    return Candidate(link, "feed", title) if link else None


def _absolute(text: str, base: str) -> Iterator[str]:
    try:
        yield parse_url(urljoin(base, text.strip()))
    except (UrlError, ValueError):
        return


def named_like(title: str, listed: Iterable[Candidate], url: str) -> tuple[Candidate, ...]:
    """Return the pages of a host whose title or address has most rare words of a title, best first.

    The page itself, under whatever spelling, and pages of other hosts are left out.
    """
    rare = {token.strip() for token in rare_tokens(title)}
    if len(rare) < 2:
        return ()
    own = urlkey(url)
    best: dict[str, Candidate] = {}
    for page in listed:
        if not same_site(page.url, url) or urlkey(page.url) == own:
            continue
        words = fold(f"{page.title or ''} {unquote(page.url.split('/', 3)[-1])}")
        share = sum(f" {token} " in f" {words} " for token in rare) / len(rare)
        known = best.get(page.url)
        if share >= _TITLE_SHARE and (known is None or known.share < share):
            best[page.url] = Candidate(page.url, page.found_by, page.title, share)
    return tuple(sorted(best.values(), key=lambda page: (-page.share, page.url)))


def sitemaps_named(robots_txt: bytes, base: str) -> tuple[str, ...]:
    """Return the sitemaps of the same site that a robots.txt names (RFC 9309 §2.2.4 lets it)."""
    found = []
    for line in robots_txt.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip().lower() == "sitemap":
            found += [link for link in _absolute(value, base) if same_site(link, base)]
    return tuple(dict.fromkeys(found))

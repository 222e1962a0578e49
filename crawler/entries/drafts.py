"""What a reader collects from a page, and how it becomes an Entry; shared by all readers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from crawler.dates import day_in_path, format_instant, parse_day, parse_instant, parse_stamp
from crawler.entries.citations import CitedLink, build_citations, shorten
from crawler.entries.headings import CONTEXTS
from crawler.entries.text import clean, paragraphs
from crawler.errors import BadDate, NothingFound, UrlError
from crawler.items import Entry, ReadingWarning, Relation, Revision
from crawler.urls import parse_url, same_site

WARNINGS = {  # code -> what it means; the documentation lists them from here
    "bad-date": "the date written in the page is no date",
    "damaged-page": "the page breaks off or is malformed; what could be read was read",
    "date-disagrees": "the date written in the page is not the one in its address",
    "date-from-address": "the page names no date; the one in its address was taken",
    "date-from-feed": "the page names no date; that of the feed which lists it was taken",
    "marked-dead": "the wiki itself says that links of the page are dead, usurped or unfit",
    "line-without-link": "a line among the sources holds no address",
    "no-date": "neither the page nor its address names a date",
    "no-headline": "the page has no headline",
    "no-sources": "there is a sources section, but no link in it",
    "no-sources-section": "the page has no sources section",
    "not-a-url": "a line of a URL list does not begin with a URL",
    "source-in-headline": "the headline holds the ruins of a source's address (slashes as dashes)",
    "twins-disagree": "the formats of one entry say different things",
    "unbalanced-markup": "brackets or notes of a wiki page are not closed; they were read as text",
    "undecodable-bytes": "some bytes are no text in the page's encoding; they show as U+FFFD",
    "unknown-original": "an archive's short link does not tell which page it is a copy of",
    "unknown-section": "a heading that no reader knows; its links were not taken as sources",
    "unresolvable-url": "a cited address leads nowhere; the reason is in the detail",
}

DATE = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_DATE_AND_TIME = re.compile(
    r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?"
    r"(?!\d)(?:\.\d{1,9})?([+-]\d{2}:?\d{2})?"
)
_NOTE = re.compile(r"[(（]([^()（）]+)[)）]")
_CONTEXT = re.compile(
    rf"[\s_*(]*(?:{'|'.join(CONTEXTS)})[ \t]*[:：][ \t]*(.*?)[\s_*)]*", re.S | re.I
)
_DASHED = re.compile(r"https?:--|\(url=", re.IGNORECASE)
_UNDER_DAY = re.compile(r"(?:^|/)((?:zh/)?[^/]+/\d{4}/\d{1,2}/\d{1,2}/[^/]+)$")


@dataclass(slots=True)
class Draft:
    """What was found so far; text as written, links in page order."""

    locator: str
    reader: str
    base: str | None  # what relative addresses lean on; None when unknown
    date: str | None = None  # as written
    topic: str = ""
    headline: str = ""
    summary: list[str] = field(default_factory=list)  # its text in pieces, to be joined
    context: str | None = None
    own_url: str | None = None
    day_url: str | None = None
    image: str | None = None  # named apart from the sources
    formats: list[str] = field(default_factory=list)
    links: list[CitedLink] = field(default_factory=list)
    has_sources_section: bool = False
    revisions: list[Revision] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    warnings: list[ReadingWarning] = field(default_factory=list)

    def warn(self, code: str, detail: str) -> None:
        """Note what could not be read; the code is one of WARNINGS."""
        self.warnings.append(ReadingWarning(code, detail))

    def add_revision(self, title: str, url: str, tail: str) -> None:
        """Add a line of the changes; the tail is ``_2018-02-06 13:49:30 (Update)_`` or like it."""
        note = _NOTE.search(tail)
        self.revisions.append(
            Revision(
                position=len(self.revisions) + 1,
                title=clean(title),
                url=url.strip(),
                revised_at=instant_in(tail),
                note=note[1].strip() if note else None,
            )
        )

    def add_relation(self, title: str, url: str, tail: str) -> None:
        """Add a line of the related entries; the tail is ``_Context: a, b_`` or like it."""
        tail = tail.strip()
        self.relations.append(
            Relation(
                position=len(self.relations) + 1,
                title=clean(title),
                url=url.strip(),
                context=context_in(tail) or clean(tail.strip("_* ")) or None,
            )
        )

    def line_without_link(self, text: str) -> None:
        """Note a line among the sources that names no address."""
        self.warn("line-without-link", f"A source without an address: {shorten(clean(text))!r}.")

    def to_entry(self) -> Entry:
        """Return the entry. Raises NothingFound without headline, written date and sources."""
        if not (self.headline.strip() or self.date or self.links):
            raise NothingFound(self.locator, "no headline, date or sources found in it")
        headline = clean(self.headline) or None
        date = self._dated()
        self._note_gaps(headline)
        citations, unresolved = build_citations(self.links, self.base, date)
        covers = [citation.url_as_cited for citation in citations if citation.role == "cover"]
        url, aliases = self._addresses()
        return Entry(
            locator=self.locator,
            reader=self.reader,
            date=date,
            topic=clean(self.topic) or None,
            headline=headline,
            summary=paragraphs("".join(self.summary)),
            image=covers[0] if covers else self.image,
            context=self.context,
            url=url,
            day_url=self.day_url,
            aliases=aliases,
            citations=citations,
            revisions=tuple(self.revisions),
            relations=tuple(self.relations),
            warnings=tuple(self.warnings + unresolved),
        )

    def _dated(self) -> str | None:
        """Return the entry's date: the written one, else that of its address."""
        written = None
        if self.date:
            try:
                written = parse_day(self.date)
            except BadDate:
                self.warn("bad-date", f"{shorten(self.date)!r} is no date.")
        addressed = self._date_in_addresses()
        if written and addressed and written != addressed:
            self.warn("date-disagrees", f"The page says {written}, its address {addressed}.")
        elif addressed and not written:
            self.warn("date-from-address", f"The date {addressed} was taken from the address.")
        elif not written:
            self.warn("no-date", "Neither the page nor its address names a date.")
        return written or addressed

    def _date_in_addresses(self) -> str | None:
        places = (self.own_url, *self.formats, self.locator.replace("\\", "/"), self.day_url)
        days = (day_in_path(place.partition("?")[0]) for place in places if place)
        return next((day for day in days if day), None)

    def _note_gaps(self, headline: str | None) -> None:
        if headline is None:
            self.warn("no-headline", "The page has no headline.")
        elif "--" in headline and _DASHED.search(headline):
            self.warn("source-in-headline", "The headline holds a source's address, mangled.")
        if not self.has_sources_section:
            self.warn("no-sources-section", "The page has no sources section.")
        elif not self.links:
            self.warn("no-sources", "The sources section holds no link.")

    def _addresses(self) -> tuple[str | None, tuple[str, ...]]:
        """Return the entry's own address and its others, each once."""
        written = [revision.url for revision in self.revisions if revision.url]
        current = [r.url for r in self.revisions if r.url and r.revised_at is None and r.note]
        named = [self.own_url, *current[-1:], *self.formats, *written]
        own = self.locator if is_web_address(self.locator) else _first(named)
        own = own or _address_of_file(self.locator)
        others = dict.fromkeys(place for place in named if place and place != own)
        return absolute(own, self.base) if own else None, tuple(others)


def _first(places: list[str | None]) -> str | None:
    return next((place for place in places if place), None)


def _address_of_file(locator: str) -> str | None:
    """Return ``/news/2019/05/1/slug.md`` for a file that lies so under any folder; else None."""
    match = _UNDER_DAY.search(locator.replace("\\", "/"))
    return f"/{match[1]}" if match else None


def is_web_address(locator: str) -> bool:
    """Whether a locator is an http(s) URL and no path."""
    return locator[:8].casefold().startswith(("http://", "https://"))


def is_on_site(address: str, base: str | None) -> bool:
    """Whether an address lies on the site of a base; not without one, nor when it is broken.

    What is wrong with a broken one its own warning says.
    """
    try:
        return base is not None and same_site(address, base)
    except UrlError:
        return False


def absolute(url: str, base: str | None) -> str:
    """Return the address made absolute where a base is known; else as written."""
    if base is None and not is_web_address(url):
        return url
    try:
        return parse_url(url, base)
    except UrlError:
        return url


def base_of(locator: str, base_url: str | None) -> str | None:
    """Return what a page's relative addresses lean on; None for a file without a base URL."""
    return base_url or (locator if is_web_address(locator) else None)


def day_of_address(url: str) -> str | None:
    """Return the date in an address's path; None when there is none or the address is broken."""
    try:
        return day_in_path(urlsplit(url).path)
    except ValueError:
        return None


def instant_in(text: str) -> str | None:
    """Return the first ``2018-02-06 13:49:30`` in a text as a UTC instant; None without one."""
    match = _DATE_AND_TIME.search(text)
    if match is None:
        return None
    if match[7]:
        return _instant_with_zone(match[0])
    return parse_stamp("".join(part.zfill(2) for part in match.groups("00")[:6]))


def _instant_with_zone(text: str) -> str | None:
    try:
        return format_instant(parse_instant(text))
    except BadDate:
        return None


def context_in(text: str) -> str | None:
    """Return what ``_Context: a, b_`` names, when the text is just that; else None."""
    match = _CONTEXT.fullmatch(text)
    return clean(match[1]) or None if match else None

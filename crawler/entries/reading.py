"""One door for every kind of entry page: bytes in, an entry or a day's index out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module

from crawler.entries import days, feeds, front_matter, json_twin, posts, xml_twin
from crawler.entries.days import DayLink, names_day_page, read_day
from crawler.entries.drafts import DATE, base_of, is_web_address
from crawler.entries.html_blocks import parse_html, read_blocks
from crawler.entries.html_page import read_html
from crawler.entries.kinds import Kind, kind_of
from crawler.entries.markdown import read_markdown
from crawler.entries.posts import SeveralPosts
from crawler.entries.records import Value, read_record, strings_of
from crawler.entries.references.bookmarks import read_bookmarks
from crawler.entries.references.records import read_references
from crawler.entries.references.ris import read_ris
from crawler.entries.references.tables import read_table
from crawler.entries.text import decode
from crawler.entries.unpacking import unpacked
from crawler.entries.url_list import read_url_list
from crawler.entries.wiki.article import read_article
from crawler.entries.wiki.export import is_export
from crawler.entries.wiki.naming import export_of
from crawler.entries.wiki.rendered import box_of, read_rendered
from crawler.errors import EntryError, NothingFound
from crawler.items import DayIndex, Entry, ReadingWarning

# So many NUL in its first bytes has a database or a program; a text that was damaged has fewer.
_NULS, _HEAD = 10, 1000
_DAY_TITLE = 40  # characters: "News of 2016-05-7"; headlines may hold a date too, but are longer


def _read_bibtex(text: str, locator: str) -> Entry:
    # its library takes 0.1 s to import, for which no crawl without a bibliography should wait
    entry: Entry = import_module("crawler.entries.references.bibtex").read_bibtex(text, locator)
    return entry


_LISTS: dict[Kind, Callable[[str, str], Entry]] = {  # a file of each is one entry
    "url-list": read_url_list,
    "bibtex": _read_bibtex,
    "ris": read_ris,
    "bookmarks": read_bookmarks,
    "table": read_table,
}


@dataclass(frozen=True, slots=True)
class _Page:
    """A page in the form that its readers need; those of entry, post and day share it."""

    entry: Callable[[], Entry]  # raises NothingFound
    post: Callable[[], Entry] | None  # raises NothingFound; None: its format has no running text
    has_fields: bool  # front matter: it is a post, whatever sections it has
    has_box: bool  # it marks what is its text: if it cites there, it is a post of any name
    day_links: Callable[[], list[DayLink]]
    day_written: Callable[[], str | None]
    is_whole: bool = True


def read_page(
    content: bytes, locator: str, *, base_url: str | None = None, mime: str | None = None
) -> Entry | DayIndex:
    """Return the entry, or the index of a day or feed, that the bytes of a page or file hold.

    ``locator`` is the path or URL that they come from; ``base_url`` is what relative addresses
    lean on, where the locator is no URL. What is malformed gives warnings, and what could be read.
    Raises NothingFound when there is neither an entry nor a day's index in it, EntryError when it
    cannot be parsed at all. Both say why in one sentence; no other error leaves here. What lies in
    a gzip file is read as if it lay there by itself.
    """
    content, name = unpacked(content, locator)
    text, is_text = decode(content, mime)
    if not text.strip():
        raise NothingFound(locator, "the page is empty")
    title = export_of(locator)[1]
    if title is not None:
        return _noted(read_article(text, locator, base_url, title), is_text, is_whole=True)
    if is_export(content):
        raise EntryError(locator, "an export of MediaWiki, which holds pages; it is no page itself")
    kind = kind_of(text, name, mime)
    if not is_text and content.count(0, 0, _HEAD) >= _NULS:
        raise NothingFound(locator, "it is no text")
    if kind in _LISTS:
        return _noted(_LISTS[kind](text, locator), is_text, is_whole=True)
    if kind == "wikitext":
        return _noted(read_article(text, locator, base_url), is_text, is_whole=True)
    page = _open_page(kind, text, locator, base_url)
    if isinstance(page, DayIndex):
        return page
    if isinstance(page, Entry):
        return _noted(page, is_text, is_whole=True)
    try:
        found = _entry_or_day(page, locator, base_of(locator, base_url))
    except NothingFound:
        if is_text:
            raise
        raise NothingFound(locator, "it is no text") from None
    return found if isinstance(found, DayIndex) else _noted(found, is_text, page.is_whole)


def dated_by_feed(entry: Entry, day: str | None) -> Entry:
    """Return an entry with the day that a feed names for it, where it has none itself."""
    if entry.date is not None or day is None:
        return entry
    noted = [warning for warning in entry.warnings if warning.code != "no-date"]
    noted.append(ReadingWarning("date-from-feed", f"The date {day} was taken from the feed."))
    citations = tuple(
        replace(each, cited_on=day, cited_on_basis="entry") if each.cited_on is None else each
        for each in entry.citations
    )
    return replace(entry, date=day, citations=citations, warnings=tuple(noted))


def _open_page(
    kind: Kind, text: str, locator: str, base_url: str | None
) -> _Page | DayIndex | Entry:
    if kind == "html":
        return _html_page(text, locator, base_url)
    if kind in ("json", "xml"):
        twin = json_twin if kind == "json" else xml_twin
        tree, is_whole = twin.parse(text, locator)
        listed = feeds.read_feed(tree, locator) or read_references(tree, locator)
        return listed or _record_page(tree, is_whole, locator, twin.READER, base_url)
    return _Page(
        entry=lambda: read_markdown(text, locator, base_url),
        post=lambda: posts.read_markdown_post(text, locator, base_url),
        has_fields=bool(front_matter.part(text).fields),
        has_box=False,
        day_links=lambda: days.markdown_day_links(text),
        day_written=lambda: days.markdown_day(text),
    )


def _html_page(text: str, locator: str, base_url: str | None) -> _Page | Entry:
    root = parse_html(text)
    if root is None:
        raise NothingFound(locator, "there is nothing in this HTML page")
    box = box_of(root)
    if box is not None:
        return read_rendered(root, box, locator, base_url)
    blocks = read_blocks(root)
    return _Page(
        entry=lambda: read_html(root, blocks, locator, base_url),
        post=lambda: posts.read_html_post(root, blocks, locator, base_url),
        has_fields=False,
        has_box=posts.holds_a_post(blocks),
        day_links=lambda: days.html_day_links(root, blocks),
        day_written=lambda: days.html_day(blocks),
    )


def _record_page(
    tree: Value, is_whole: bool, locator: str, reader: str, base_url: str | None
) -> _Page:
    return _Page(
        entry=lambda: read_record(tree, locator, reader, base_url),
        post=None,
        has_fields=False,
        has_box=False,
        day_links=lambda: [DayLink(name, text.strip()) for name, text in strings_of(tree)],
        day_written=lambda: None,
        is_whole=is_whole,
    )


def _entry_or_day(page: _Page, locator: str, base: str | None) -> Entry | DayIndex:
    """Return what the page is. One with sources is an entry, whatever it is called."""
    entry, nothing = _tried(page.entry)
    if entry and entry.citations and not page.has_fields:
        return entry
    may_be_post = page.has_fields or _may_be_post(entry)
    post, no_post = _tried(page.post) if page.post and may_be_post else (None, None)
    best = None if isinstance(no_post, SeveralPosts) else post or entry
    if best and (page.has_fields or (page.has_box and best.citations) or _is_no_day(best, locator)):
        return best
    try:
        return read_day(page.day_links(), page.day_written(), locator, base)
    except NothingFound as no_day:
        if best and (best.citations or not names_day_page(locator)):
            return best
        if isinstance(no_post, SeveralPosts):
            return _feed_named(no_post, locator)
        raise (nothing if nothing and not names_day_page(locator) else no_day) from None


def _is_no_day(entry: Entry, locator: str) -> bool:
    """Whether nobody need ask if an entry is the list of a day: neither name nor title says so."""
    return not (names_day_page(locator) or _titled_by_day(entry))


def _feed_named(page: SeveralPosts, locator: str) -> DayIndex:
    """Return the feed that a page of several posts names, as a list of one. Raises SeveralPosts."""
    if page.feed is None or not is_web_address(locator):
        raise page
    return DayIndex(locator, None, (page.feed,))


def _tried(read: Callable[[], Entry]) -> tuple[Entry | None, NothingFound | None]:
    try:
        return read(), None
    except NothingFound as exc:
        return None, exc


def _may_be_post(entry: Entry | None) -> bool:
    """Whether a page may cite in its text: it has none of the parts of a page of a news archive."""
    if entry is None:
        return True
    is_sectioned = all(warning.code != "no-sources-section" for warning in entry.warnings)
    return not (is_sectioned or entry.revisions or entry.relations or entry.day_url)


def _titled_by_day(entry: Entry) -> bool:
    """Whether a page without sources may be a day's: its headline is missing or a mere date."""
    if entry.relations or entry.revisions:
        return False
    headline = entry.headline or ""
    return not headline or (len(headline) <= _DAY_TITLE and bool(DATE.search(headline)))


def _noted(entry: Entry, is_text: bool, is_whole: bool) -> Entry:
    """Return the entry with what was wrong with the page as a whole among its warnings."""
    noted = list(entry.warnings)
    if not is_text:
        detail = "Some bytes are no text in the page's encoding; they show as U+FFFD."
        noted.append(ReadingWarning("undecodable-bytes", detail))
    if not is_whole:
        detail = "The page is malformed or breaks off; what could be read was read."
        noted.append(ReadingWarning("damaged-page", detail))
    return entry if len(noted) == len(entry.warnings) else replace(entry, warnings=tuple(noted))

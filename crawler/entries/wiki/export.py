"""Reader of MediaWiki's XML export (Special:Export, dumps): many pages in one file, as they come.

https://www.mediawiki.org/xml/export-0.11.xsd. A file is read in pieces, so that memory holds one
page at a time, however large the file is.
"""

from __future__ import annotations

import bz2
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal
from urllib.parse import quote
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import XMLParser  # type: ignore[import-untyped]

from crawler.dates import format_instant, parse_instant
from crawler.entries.text import storable
from crawler.entries.wiki.article import LONGEST_LETTERS, read_article
from crawler.entries.wiki.naming import locator_of_page
from crawler.errors import BadDate, EntryError
from crawler.items import Citation, Entry, Revision

UNPACKED_MAX_BYTES = 8 * 2**30  # of a packed export: a bomb must not be read for ever
SUFFIXES = (".xml", ".gz", ".bz2")

_OPENERS: dict[bytes, Callable[[Path | BytesIO, Literal["rb"]], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZ": bz2.open,
}  # by the first bytes of a file
_CHUNK = 64 * 2**10
_HEAD = 2000  # bytes in which the root must stand
_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,999}?-->\s*)?<mediawiki[\s>]", re.S
)
_ADDRESS = re.compile(r"""https?://[^\s<>"\[\]{}|]+""", re.IGNORECASE)
# Namespaces without articles, and every talk page (odd numbers): files, messages, templates,
# categories, modules.
_NO_ARTICLES = {6, 8, 10, 14, 828}
_ADDRESSES_MOST = 100_000  # of one page's history


@dataclass(slots=True)
class ExportedPage:
    """A page of an export, in its latest revision."""

    title: str = ""
    namespace: int = 0
    is_redirect: bool = False
    text: str = ""
    revised_at: str = ""  # instant; "" until a revision was read
    revision: str = ""  # its number
    model: str = "wikitext"
    url: str | None = None
    oldest: str = ""  # instant of the oldest revision in the file
    is_from_birth: bool = True  # whether that is the first one of the page
    since: dict[str, str] = field(default_factory=dict)  # address -> its first revision's instant

    @property
    def is_article(self) -> bool:
        """Whether it may cite: no redirect, no talk, template, file or module."""
        is_kind = self.namespace % 2 == 0 and self.namespace not in _NO_ARTICLES
        return is_kind and not self.is_redirect and self.model == "wikitext" and bool(self.title)


def is_export(head: bytes) -> bool:
    """Whether bytes begin as an export of MediaWiki."""
    return bool(_ROOT.match(head[:_HEAD]))


def open_export(path: Path) -> BinaryIO | None:
    """Return the stream of an export, packed by gzip, bzip2 or not; None: the file is none.

    Raises OSError for a file that cannot be opened.
    """
    if path.suffix.casefold() not in SUFFIXES:
        return None
    with path.open("rb") as file:
        opener = _OPENERS.get(file.read(2))
    return _checked(opener(path, "rb") if opener else path.open("rb"))


def export_in(body: bytes) -> BinaryIO | None:
    """Return the stream of an export that was fetched; None: the page is none."""
    opener = _OPENERS.get(body[:2])
    return _checked(opener(BytesIO(body), "rb") if opener else BytesIO(body))


def _checked(stream: BinaryIO) -> BinaryIO | None:
    with suppress(OSError, EOFError, zlib.error):  # who reads it as a page tells what is damaged
        if is_export(stream.read(_HEAD)):
            stream.seek(0)
            return stream
    stream.close()
    return None


def pages_in(stream: BinaryIO, locator: str) -> Iterator[ExportedPage]:
    """Give the articles of an export, in its order, each in its latest revision.

    Raises EntryError where it breaks off, is malformed or declares entities; what stood before has
    been given then.
    """
    reader = _Reader()
    parser = XMLParser(target=reader, forbid_dtd=True)
    seen = 0
    try:
        while chunk := stream.read(_CHUNK):
            seen += len(chunk)
            if seen > UNPACKED_MAX_BYTES:
                raise EntryError(locator, f"more than {UNPACKED_MAX_BYTES // 2**30} GiB; split it")
            parser.feed(chunk)
            yield from reader.take()
        parser.close()
        yield from reader.take()
    except DefusedXmlException:
        raise EntryError(locator, "its XML declares entities, which is refused") from None
    except (ParseError, ValueError) as exc:
        raise EntryError(locator, f"the export breaks off or is malformed: {exc}") from None
    except (OSError, EOFError, zlib.error) as exc:
        raise EntryError(locator, f"the export cannot be unpacked to its end: {exc}") from None


def read_exported(page: ExportedPage, locator: str, base_url: str | None) -> Entry:
    """Return the entry of an article. Raises NothingFound for one that redirects.

    What no access date dates is dated by the first revision that has it, where the file tells.
    """
    place = locator_of_page(locator, page.title)
    entry = read_article(page.text, place, base_url or page.url, page.title)
    revisions: tuple[Revision, ...] = ()
    if page.revised_at:
        at = f"{page.url}?oldid={page.revision}" if page.url and page.revision else ""
        revisions = (Revision(1, page.title, at, page.revised_at, None),)
    return replace(
        entry,
        url=page.url or place,
        aliases=(),
        revisions=revisions,
        citations=tuple(_dated(citation, page) for citation in entry.citations),
    )


def _dated(citation: Citation, page: ExportedPage) -> Citation:
    since = page.since.get(citation.url_as_cited)
    is_told = since is not None and (since != page.oldest or page.is_from_birth)
    if citation.cited_on is not None or since is None or not is_told:
        return citation
    return replace(citation, cited_on=since[:10], cited_on_basis="revision")


class _Reader:
    """The target of an XML parser: what of its events makes up pages."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._pieces: list[str] | None = None  # of the element that is being read
        self._letters = 0
        self._base = ""
        self._done: list[ExportedPage] = []
        self._page = ExportedPage()
        self._revision: dict[str, str] = {}

    def take(self) -> list[ExportedPage]:
        """Return the articles that were finished since the last call."""
        done, self._done = self._done, []
        return [page for page in done if page.is_article]

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        name = tag.rpartition("}")[2]
        self._path.append(name)
        if name == "page":
            self._page = ExportedPage()
        elif name == "redirect":
            self._page.is_redirect = True
        elif name == "revision":
            self._revision = {}
        is_of_revision = self._path[-2:-1] == ["revision"] and name in _OF_REVISION
        is_wanted = is_of_revision or "/".join(self._path[-2:]) in _WANTED
        self._pieces, self._letters = ([] if is_wanted else None), 0

    def data(self, text: str) -> None:
        """Text of the element that began last."""
        if self._pieces is None:
            return
        room = LONGEST_LETTERS + 1 - self._letters  # one more tells its reader that it is too long
        if room > 0:
            self._pieces.append(text[:room])
            self._letters += len(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        name = self._path.pop()
        if self._pieces is not None:
            self._said(name, "".join(self._pieces))
            self._pieces = None
        elif name == "revision":
            self._take_revision()
        elif name == "page":
            self._page.url = self._address(self._page.title)
            self._done.append(self._page)
            self._page = ExportedPage()

    def close(self) -> None:
        """The document ends."""

    def _said(self, name: str, text: str) -> None:
        around = self._path[-1]
        if around == "revision":
            self._revision[name] = text
        elif name == "base":
            self._base = text.strip()
        elif name == "title":
            self._page.title = storable(" ".join(text.split()))
        elif name == "ns" and text.strip().lstrip("-").isdecimal():
            self._page.namespace = int(text[:12])

    def _take_revision(self) -> None:
        page, said = self._page, self._revision
        try:
            at = format_instant(parse_instant(said.get("timestamp", "").strip()))
        except BadDate:
            at = ""
        text = storable(said.get("text", ""))
        if not page.oldest or (at and at < page.oldest):
            page.oldest, page.is_from_birth = at, not said.get("parentid")
        if at:
            self._note_addresses(text, at)
        if at >= page.revised_at:
            page.text, page.revised_at = text, at
            page.revision = said.get("id", "").strip()
            page.model = said.get("model", "").strip() or "wikitext"
        self._revision = {}

    def _note_addresses(self, text: str, at: str) -> None:
        since = self._page.since
        for address in _ADDRESS.findall(text):
            if at < since.get(address, "9") and len(since) < _ADDRESSES_MOST:
                since[address] = at

    def _address(self, title: str) -> str | None:
        """Return the address of a page, beside that of the wiki's main page."""
        if not self._base.startswith(("http://", "https://")):
            return None
        return f"{self._base.rpartition('/')[0]}/{quote(title.replace(' ', '_'), safe='/:(),')}"


_OF_REVISION = {"id", "parentid", "timestamp", "model", "text"}
_WANTED = {"siteinfo/base", "page/title", "page/ns"}

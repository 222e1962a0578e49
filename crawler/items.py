"""The nouns of Sourcekeep: frozen values that travel between the rooms.

Instants are text ``YYYY-MM-DDTHH:MM:SSZ`` (UTC), calendar dates ``YYYY-MM-DD``; unknown is None.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Role = Literal["source", "cover", "internal", "archive-of"]

# Who made a capture. What came from elsewhere never takes the place of a good copy of our own, and
# what a person supplied never that of one that a program fetched.
OWN = "own"  # a run of this program, of whichever archive
IMPORTED = "import"  # another program; read from its WARC, ARC or WACZ
BY_HAND = "by-hand"  # a person saved it and attached it to its source
OURS = (OWN, IMPORTED, BY_HAND)  # every other origin is the id of a web archive

Header = tuple[str, str]  # name, value; as Twisted hands them over (names in Title-Case)


@dataclass(frozen=True, slots=True)
class ReadingWarning:
    """Something in an entry page that could not be read as it should be."""

    code: str  # short, stable, hyphenated: "no-sources-section", "bad-date", "unresolvable-url" …
    detail: str  # one sentence for a person


@dataclass(frozen=True, slots=True)
class Citation:
    """One line of an entry's sources."""

    position: int  # 1-based, counted among all citations; list numbers in the page repeat
    url_as_cited: str  # the exact string, fragment and trailing blanks included
    url: str | None  # absolute URL of the cited resource, unwrapped if archived; None: unresolvable
    role: Role
    label_raw: str = ""  # as written
    label: str = ""  # cleaned: entities decoded, stray wiki quotes removed, blanks folded
    agency: str | None = None  # news agency before "via": AP, Reuters, AFP
    publisher: str | None = None  # who carried it: The Toledo Blade
    context: str | None = None  # the paragraph in which it stood; None for lists
    archived_at: str | None = None  # instant in an archive link; None when not wrapped or not told
    cited_on: str | None = None  # calendar date
    cited_on_basis: str | None = None  # "entry", "revision", "explicit", "first-seen"


@dataclass(frozen=True, slots=True)
class Revision:
    """One line of an entry's own list of changes."""

    position: int
    title: str
    url: str  # as written, mostly root-relative
    revised_at: str | None  # instant; None for "(Current version)"
    note: str | None  # "First version", "Update", "Current version"


@dataclass(frozen=True, slots=True)
class Relation:
    """One line of an entry's list of related entries."""

    position: int
    title: str
    url: str  # as written, mostly root-relative
    context: str | None  # "Luis Videgaray Caso, Mexico-United States relations"


@dataclass(frozen=True, slots=True)
class Entry:
    """A dated item that cites web pages, as one reader found it in one page."""

    locator: str  # path or URL that it was read from
    reader: str  # "news-markdown", "news-html", "news-json", "post-html", "wiki-article" …
    date: str | None = None
    topic: str | None = None
    headline: str | None = None  # entities decoded, blanks folded
    summary: str | None = None  # paragraphs parted by a blank line
    image: str | None = None  # URL of the cover image as cited
    context: str | None = None  # "_Context: a, b_" of an entry without a summary
    url: str | None = None  # its own address: absolute, or root-relative where no base is known
    day_url: str | None = None  # its day's index, as written
    aliases: tuple[str, ...] = ()  # its other addresses: formats, older slugs; as written
    citations: tuple[Citation, ...] = ()
    revisions: tuple[Revision, ...] = ()
    relations: tuple[Relation, ...] = ()
    warnings: tuple[ReadingWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class DayIndex:
    """The page of one day: the entries that it lists and its neighbours."""

    locator: str
    date: str | None
    entry_urls: tuple[str, ...]  # as written, in page order, each once
    previous_url: str | None = None
    next_url: str | None = None
    entry_dates: tuple[str | None, ...] = ()  # of a feed: of each the day that it tells; else ()


@dataclass(frozen=True, slots=True)
class Article:
    """Text and metadata that a named extractor found in a payload; derived, can be rebuilt."""

    extractor: str  # name, version and options: "trafilatura 2.3.1 fast lxml 6.1.3"
    status: Literal["text", "empty", "unsupported", "failed"]
    mime: str  # type sniffed from the bytes, without parameters
    title: str | None = None
    author: str | None = None
    site: str | None = None
    published_on: str | None = None
    language: str | None = None  # BCP 47 tag that the page declares
    text: str | None = None
    links: tuple[str, ...] = ()  # absolute targets of the links inside the article, in order
    charset: str | None = None  # encoding that the text was decoded with; None for binary types
    tried: tuple[str, ...] = ()  # rungs of the ladder that were tried, in order
    failure: str | None = None  # reason code when status is "failed": timeout, crash, memory, error


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What an HTML page shows besides its article; read from the parsed tree, can be rebuilt."""

    title: str | None = None  # of <title>, blanks folded
    headings: tuple[str, ...] = ()  # the first few h1, in order; of a page without any its h2
    canonical: str | None = None  # absolute URL of link rel=canonical
    og_url: str | None = None  # absolute URL of og:url
    robots: tuple[str, ...] = ()  # directives of meta robots: noindex, noarchive …
    refresh: str | None = None  # content of meta refresh, as written
    words: int = 0  # visible words of the whole page, navigation included
    opening: str = ""  # of a page of few words the first 2,000 visible characters, blanks folded
    links: int = 0  # anchors with a target
    scripts: int = 0  # script elements that run
    password_fields: int = 0
    markers: tuple[str, ...] = ()  # coded words of ``extraction.markers``; of short pages only
    free: bool | None = None  # isAccessibleForFree of JSON-LD; None: not told
    tier: str | None = None  # article:content_tier and its kin: "free", "locked", "metered"
    modified_at: str | None = None  # instant of dateModified or article:modified_time


@dataclass(frozen=True, slots=True)
class Extraction:
    """All that was read from a payload: the article, and what the page shows besides."""

    article: Article
    facts: PageFacts | None = None  # None: no HTML, or none that became a tree


@dataclass(frozen=True, slots=True)
class Payload:
    """What a response body turned out to be after its content codings were undone."""

    body: bytes  # decoded; as received when it could not be decoded
    flags: tuple[str, ...] = ()  # "decode-error:crc", "decoded-too-large", "mislabelled-coding" …


@dataclass(frozen=True, slots=True)
class Hop:
    """One attempt on the wire: a request and what came of it. Becomes a row of ``fetches``."""

    uid: str
    url: str
    purpose: Literal["source", "entry", "robots", "control", "rescue", "push"]
    hop: int  # 0 for the first request of a visit; redirects count up, retries repeat the number
    fetched_at: str  # instant at which the request began
    outcome: str
    reason: str
    request_headers: tuple[Header, ...] = ()
    status: int | None = None
    response_headers: tuple[Header, ...] = ()
    protocol: str | None = None
    ip_address: str | None = None
    tls_verified: bool | None = None  # None: no TLS
    certificate_digest: str | None = None
    error: str | None = None
    elapsed_ms: int | None = None
    wire_digest: str | None = None  # of the body as received
    wire_size_bytes: int | None = None
    robots: str | None = None  # decision and the digest of the robots.txt that it rests on
    body: bytes | None = field(default=None, repr=False)  # decoded; None: nothing to keep, or held
    held: str | None = None  # digest of a body that the archive holds: it came again, byte by byte
    mime_declared: str | None = None
    mime_sniffed: str | None = None
    flags: tuple[str, ...] = ()  # completeness and decoding
    truncated: str | None = None  # WARC-Truncated token: "length", "time", "disconnect"
    capture_uid: str | None = None  # of a capture that comes from elsewhere; None: a new one

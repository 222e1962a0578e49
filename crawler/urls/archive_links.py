"""How each web archive writes its links; every form is read without a request.

The original stands in the path (`/web/20170304123456/http://example.com/`), in the query
(`?url=`), or nowhere: a short code that only the archive can resolve.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from crawler.dates import format_instant, parse_instant, parse_stamp
from crawler.errors import BadDate, UrlError
from crawler.urls.identity import parse_url


class Link(NamedTuple):
    """The parts of one archive link."""

    target: str | None  # text that names the original, as it stands there; None for a short code
    archived_at: str | None = None  # instant; None when the link does not tell


# Takes path and query without the first slash; None when that is a page of the archive itself.
Reader = Callable[[str], Link | None]


class Archive(NamedTuple):
    """A web archive, as one of its hosts shows it."""

    name: str  # the host that stands for all its hosts
    read: Reader


# ------------------------------------------------------------------ the URL inside

_ESCAPE = r"%(?:25)*"  # also of links that were escaped more than once
_LABEL = r"(?:[\w-]|%[89A-Fa-f][0-9A-Fa-f])+"  # hosts beyond ASCII are escaped in a path
_ASCII_ESCAPE = re.compile(r"%([0-7][0-9A-Fa-f])")
_WEB_SCHEME = re.compile(r"(https?):[/\\]*", re.IGNORECASE)
_ESCAPED_URL = re.compile(
    rf"https?{_ESCAPE}3a|(?:{_LABEL}\.)+{_LABEL}{_ESCAPE}(?:2f|3f)", re.IGNORECASE
)
# With a scheme, be it one that we cannot fetch: an archived ftp: link is an archive link as well.
_FULL_URL = re.compile(rf"[a-z][a-z0-9+.-]*:/|https?{_ESCAPE}3a", re.IGNORECASE)
# Without: a host whose last label is no file ending, or an IPv4 address.
_BARE_URL = re.compile(
    rf"(?:(?:{_LABEL}\.)+(?!(?:php|html?|aspx?|jsp|txt|xml|ico|css|js|png|gif|jpe?g)\b)[\w-]{{2,}}"
    rf"|\d+\.\d+\.\d+\.\d+)\.?(?:[:/?#]|{_ESCAPE}(?:2f|3a|3f)|$)",
    re.IGNORECASE,
)


def original_of(target: str) -> str | None:
    """Return the URL to fetch that the text in a link means; None when it means none."""
    while _ESCAPED_URL.match(target) and (plain := _unescape(target)) != target:
        target = plain
    if scheme := _WEB_SCHEME.match(target):
        target = f"{scheme[1]}://{target[scheme.end() :]}"  # servers fold // in a path to /
    elif _BARE_URL.match(target):
        target = f"http://{target}"
    else:
        return None
    try:
        return parse_url(target)
    except UrlError:
        return None


def _unescape(text: str) -> str:
    # Bytes above ASCII need not be UTF-8, and the URL parser keeps their escapes anyway.
    return _ASCII_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


# ------------------------------------------------------------------ instants


def instant_of_stamp(digits: str) -> str | None:
    """Return the instant of up to 14 digits, an odd one at the end dropped; None if implausible."""
    return _plausible(parse_stamp(digits[: len(digits) // 2 * 2]))


def _instant_of_epoch(seconds: float) -> str | None:
    return _plausible(format_instant(datetime.fromtimestamp(seconds, UTC)))


def _plausible(instant: str | None) -> str | None:
    """Return the instant if there was a web; 1 and 9999 are idioms for the first and last copy."""
    return instant if instant and "1991" <= instant < "2100" else None


# ------------------------------------------------------------------ /…/<stamp>/<URL>

_STAMP = re.compile(
    r"(?:(?P<calendar>\d{0,14}(?:\*|%2A))"  # a list of captures: no instant
    r"|(?P<digits>\d{1,14})"
    r"|(?P<dotted>\d{4}\.\d\d\.\d\d(?:-\d{6})?)"  # archive.today
    r"|(?P<pandora>\d{8})-\d{4})"  # the hours are local, so only the day is taken
    r"(?:[a-z]{2,3}_)*",  # id_, if_, im_ …: how the copy is to be rewritten
    re.IGNORECASE,
)
_SEGMENTS_BEFORE_URL = 5  # /wayback/en/archive/20170304123456/…


def _replay(*, after: frozenset[str] = frozenset(), bare_after: frozenset[str]) -> Reader:
    """Return a reader of the shape that all Wayback-like archives share.

    ``after``: first segments of which the path must have one, where a host serves other things
    too. ``bare_after``: segments that, like a stamp, may stand before a URL without scheme.
    """

    def read(path: str) -> Link | None:
        rest = path.lstrip("/")
        if after and rest.partition("/")[0] not in after:
            return None
        segment = ""
        for _ in range(_SEGMENTS_BEFORE_URL):
            if _FULL_URL.match(rest) or (segment in bare_after and _BARE_URL.match(rest)):
                return Link(rest)
            segment, slash, rest = rest.partition("/")
            rest = rest.lstrip("/")
            stamp = _STAMP.fullmatch(segment)
            if stamp and (_FULL_URL.match(rest) or _BARE_URL.match(rest)):
                return _stamped(rest, stamp)
            if not slash or "?" in segment:
                return None
        return None

    return read


def _stamped(target: str, stamp: re.Match[str]) -> Link:
    if stamp["calendar"]:
        return Link(target.removesuffix("*"))  # …/* lists all pages below
    digits = stamp["digits"] or stamp["pandora"] or re.sub(r"\D", "", stamp["dotted"])
    return Link(target, instant_of_stamp(digits))


_replayed = _replay(bare_after=frozenset())


# ------------------------------------------------------------------ other shapes


def _short_code(pattern: str) -> Reader:
    code = re.compile(rf"(?:{pattern})(?:[/?].*)?")
    return lambda path: Link(None) if code.fullmatch(path) else None


def _first_of(*readers: Reader) -> Reader:
    return lambda path: next((link for read in readers if (link := read(path))), None)


def _in_query(name: str, *, before: str = "") -> Reader:
    """Return a reader of `?name=<URL>`.

    URLs are often put there without escaping their own &, so the value runs to one of the
    parameters ``before`` which it is known to stand, or to the end.
    """
    stop = rf"(?=&(?:{before})=|$)" if before else "$"
    pattern = re.compile(rf"[^?]*\?(?:[^?]*?&)?{name}=(.+?){stop}")

    def read(path: str) -> Link | None:
        match = pattern.match(path)
        return Link(_unescape(match[1])) if match else None

    return read


_BASE62 = {
    letter: value
    for value, letter in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
}
_WEBCITE_CODE = re.compile(r"(?:|.*[?&]id=)([0-9A-Za-z]{9}|\d{16})(?=[?/&]|$)")
_WEBCITE_DATE = re.compile(r".*[?&]date=([^&]+)")
_webcite_url = _in_query("url", before="date|refdoi|id|mode|title|author|email|source|subject")


def _read_webcitation(path: str) -> Link | None:
    code = _WEBCITE_CODE.match(path)
    link = _webcite_url(path)
    if code is None and link is None:
        return None
    archived_at = _instant_of_webcite(code[1]) if code else None
    date = _WEBCITE_DATE.match(path)
    if archived_at is None and date:
        try:
            archived_at = _plausible(format_instant(parse_instant(_unescape(date[1]))))
        except BadDate:
            archived_at = None
    return Link(link.target if link else None, archived_at)


def _instant_of_webcite(code: str) -> str | None:
    """Return the instant that a WebCite code is: microseconds since 1970, plain or in base 62."""
    micros = int(code) if len(code) == 16 else 0
    if len(code) == 9:
        for letter in code:
            micros = micros * 62 + _BASE62[letter]
    if micros > 4_000_000_000_000_000:
        return None
    instant = _instant_of_epoch(micros / 1_000_000)
    # It took captures from 2003 to 2019; anything else is a word of nine letters.
    return instant if instant and "2003" <= instant < "2022" else None


def _read_freezepage(path: str) -> Link | None:
    match = re.match(r"(\d{10})[A-Z]{6,}(?=\?|$)", path)
    if match is None:
        return None
    link = _in_query("url")(path)
    return Link(link.target if link else None, _instant_of_epoch(int(match[1])))


_MEGALODON = re.compile(r"(\d{4})-(\d{4})-(\d{4})-(\d\d)/+(.+)")
_JAPAN_AHEAD = timedelta(hours=9)


def _read_megalodon(path: str) -> Link | None:
    match = _MEGALODON.match(path)
    if match is None:
        return None
    local = parse_stamp("".join(match.groups()[:4]))
    archived_at = format_instant(parse_instant(local) - _JAPAN_AHEAD) if local else None
    return Link(match[5], archived_at)


def _read_warp(path: str) -> Link | None:
    match = re.match(r"(?:collections/)?info:ndljp/pid/\d+/+(.+)", path)
    return Link(match[1]) if match else None


def _read_google_cache(path: str) -> Link | None:
    query = _in_query("q", before="[a-z]+")(path)
    # cache:<code>:<URL>+<words to highlight>
    match = re.match(r"cache:(?:[\w-]{12}:)?([^\s+]+)", (query and query.target) or "")
    return Link(match[1]) if match else None


# ------------------------------------------------------------------ who is an archive

_TODAY_OWN_PAGES = "about|blog|donate|index|login|robots|search|submit|terms"
_ONE_READER: tuple[tuple[str, Reader], ...] = (  # hosts, the first of which is the name
    (
        "web.archive.org wayback.archive.org web-beta.archive.org classic-web.archive.org"
        " liveweb.archive.org replay.archive.org replay.web.archive.org web.wayback.archive.org"
        " replay.waybackmachine.org web.waybackmachine.org",
        _replay(bare_after=frozenset({"web", "save", "_embed", "wayback"})),
    ),
    (
        "archive.today archive.is archive.ph archive.li archive.vn archive.fo archive.md"
        " archive.ec",
        _first_of(
            _replay(bare_after=frozenset({"newest", "oldest", "timegate", "timemap"})),
            _in_query("url"),
            _short_code(rf"(?:wip/)?(?!(?:{_TODAY_OWN_PAGES})\b)[0-9A-Za-z]{{4,6}}"),
        ),
    ),
    (
        "perma.cc",
        _short_code("[0-9A-Z]{1,4}-[0-9A-Z]{1,4}|[0-9a-z]{4}-[0-9a-z]{4}|0[0-9A-Za-z]{8,12}"),
    ),
    ("ghostarchive.org", _short_code(r"v?archive/[0-9A-Za-z_/-]+")),
    ("webcitation.org", _read_webcitation),
    ("freezepage.com", _read_freezepage),
    ("megalodon.jp", _read_megalodon),
    ("warp.ndl.go.jp warp.da.ndl.go.jp", _read_warp),
    ("webcache.googleusercontent.com", _read_google_cache),
    ("archive.wikiwix.com", _first_of(_replayed, _in_query("url", before="apiresponse|title"))),
    # hosts that serve other things too
    (
        "collectionscanada.gc.ca",
        _replay(after=frozenset({"webarchives", "archivesweb"}), bare_after=frozenset()),
    ),
    ("digital.library.yorku.ca", _replay(after=frozenset({"wayback"}), bare_after=frozenset())),
    ("eresources.nlb.gov.sg", _replay(after=frozenset({"webarchives"}), bare_after=frozenset())),
    # nothing but copies
    ("arquivo.pt arquivo-web.fccn.pt", _replayed),
    ("webarchive.org.uk beta.webarchive.org.uk", _replayed),
    ("webarchive.nationalarchives.gov.uk", _replayed),
    ("webarchive.parliament.uk", _replayed),
    ("webarchive.proni.gov.uk", _replayed),
    ("webarchive.nrscotland.gov.uk", _replayed),
    ("wayback.archive-it.org", _replayed),
    ("webarchive.loc.gov webarchives.loc.gov", _replayed),
    ("webharvest.gov", _replayed),
    ("webarchive.library.unt.edu", _replayed),
    ("vefsafn.is wayback.vefsafn.is", _replayed),
    ("swap.stanford.edu sul-swap-prod.stanford.edu", _replayed),
    ("webarchiv.cz wayback.webarchiv.cz", _replayed),
    ("veebiarhiiv.digar.ee", _replayed),
    ("padi.cat padicat.cat", _replayed),
    ("nukrobi2.nuk.uni-lj.si nukrobi.nuk.uni-lj.si", _replayed),
    ("haw.nsk.hr", _replayed),
    ("webarchiv.onb.ac.at", _replayed),
    ("web.archive.bibalex.org web.petabox.bibalex.org", _replayed),
    ("collection.europarchive.org collections.europarchive.org", _replayed),
    ("collections.internetmemory.org collection.internetmemory.org", _replayed),
    ("webarchive.bac-lac.gc.ca", _replayed),
    ("webarchive.nla.gov.au content.webarchive.nla.gov.au pandora.nla.gov.au", _replayed),
    ("conifer.rhizome.org webrecorder.io", _replayed),
    ("timetravel.mementoweb.org", _replayed),
)

# By host without "www.". Two archives have a second host of another shape.
ARCHIVES: dict[str, Archive] = {
    host: Archive(hosts.partition(" ")[0], read)
    for hosts, read in _ONE_READER
    for host in hosts.split()
} | {
    "archive.org": Archive(
        "web.archive.org", _replay(after=frozenset({"web"}), bare_after=frozenset({"web"}))
    ),
    "perma-archives.org": Archive(
        "perma.cc", _first_of(_replayed, _short_code("(?:archive|warc)/[0-9A-Za-z-]{8,}"))
    ),
}

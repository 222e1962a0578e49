"""The web archives that can be asked, and how each is addressed.

The words are those of RFC 7089: a TimeMap lists the mementos of a resource, a TimeGate leads to
the one nearest to an instant, URI-M is the address of one memento. The CDX addresses are those of
Wayback's and pywb's index servers; a *raw* address answers with the payload as it was received,
without the rewriting of links that replay does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal
from urllib.parse import quote, urlsplit

from crawler.addresses import refusal
from crawler.dates import parse_stamp
from crawler.errors import UrlError, UsageError
from crawler.urls import parse_url, unwrap_archive_url

Trust = Literal["high", "own", "unknown", "untrusted"]
TRUST: Final[dict[Trust, str]] = {
    "high": "a public archive that keeps what it received",
    "own": "an archive of your own: a second copy, but no second witness",
    "unknown": "nobody has said what it keeps",
    "untrusted": "known to have altered what it keeps; never asked, never counted",
}

# Names that lead nowhere but in a network of one's own: RFC 6761 and 6762 (appendix G), RFC 8375,
# and .internal, which ICANN has reserved in 2024.
PRIVATE_SUFFIXES = frozenset(
    {"localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa"}
)

# A clock of ours that is a little fast must not break a limit: EDGI's client uses 80 % as well.
SHARE_USED = 0.8


def is_public(url: str) -> bool:
    """Tell whether the host of a URL is one that everybody could mean: global, or a public name."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if ":" in host or host.replace(".", "").isdigit():
        return refusal(host) is None
    private = any(host.endswith(f".{suffix}") for suffix in PRIVATE_SUFFIXES)
    return "." in host and not private


@dataclass(frozen=True, slots=True)
class WebArchive:
    """One web archive: its addresses as templates, its limits, and what its word is worth.

    In templates ``{url}`` is the original resource as it stands, ``{quoted}`` the same escaped for
    a query, ``{stamp}`` 14 digits. None: it has no such address.
    """

    id: str  # also the ``origin`` of captures that were brought home from it
    raw: str | None
    cdx: str | None = None
    timemap: str | None = None
    timegate: str | None = None
    trust: Trust = "unknown"
    index_per_minute: float = 24.0  # requests to CDX and TimeMap, together
    replay_per_minute: float = 60.0
    save: str | None = None  # where it is asked to capture a page, as Save Page Now is
    push_per_minute: float = 2.4  # of these; the limit was seen to be 3, 6 and 12 (2023 to 2025)
    obeys_robots: bool = True  # ask its robots.txt first, as of any host
    crawls: str | None = None  # the list of its indexes, where each crawl has one of its own
    warcs: str | None = None  # below which its WARC files lie, of which ranges are fetched
    slows_by_503: bool = False  # it says 503 where others say 429
    filters: bool = False  # its index takes Wayback's parameters: fl, filter, resolveRevisits
    folds: bool = True  # its index takes scheme, www. and the slash at the end for one
    note: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it is asked: the templates that it has."""
        known = (
            self.raw, self.cdx, self.timemap, self.timegate, self.save, self.crawls, self.warcs
        )  # fmt: skip
        return tuple(address for address in known if address is not None)

    def may_hear_of(self, url: str) -> bool:
        """Tell whether the archive may be told of a URL.

        Names and addresses of a private network are nobody's business outside of it, and no public
        archive holds what they name. An archive within such a network may be asked.
        """
        own = (
            self.raw or self.timemap or self.cdx or self.crawls or self.timegate or self.save or ""
        )
        return is_public(url) or not is_public(own)

    def cdx_url(
        self,
        url: str,
        *,
        limit: int,
        since: str | None = None,
        until: str | None = None,
        index: str | None = None,
    ) -> str | None:
        """Return the address that lists the captures of a URL; None: it has no index.

        Between two stamps of 14 digits, if they are given; by the ``index`` of one crawl.
        """
        index = index or self.cdx
        if index is None:
            return None
        parameters = f"?url={quote(url, safe='')}&output=json&limit={limit}"
        parameters += f"&from={since}" if since else ""
        parameters += f"&to={until}" if until else ""
        if self.filters:
            fields = "urlkey,timestamp,original,mimetype,statuscode,digest,length"
            parameters += f"&fl={fields}&resolveRevisits=true"
        return index + parameters

    def timemap_url(self, url: str) -> str | None:
        """Return the address of the TimeMap of a URL."""
        return self.timemap.format(url=url, quoted=quote(url, safe="")) if self.timemap else None

    def timegate_url(self, url: str) -> str | None:
        """Return the address to ask with Accept-Datetime for the nearest memento of a URL."""
        return self.timegate.format(url=url, quoted=quote(url, safe="")) if self.timegate else None

    def raw_url(self, url: str, stamp: str) -> str | None:
        """Return the address of the payload, as received, of one memento."""
        if self.raw is None:
            return None
        return self.raw.format(url=url, quoted=quote(url, safe=""), stamp=stamp)

    def file_url(self, file: str) -> str | None:
        """Return the address of one of its WARC files; None: it gives none away."""
        return self.warcs + quote(file) if self.warcs else None

    def holds(self, address: str) -> bool:
        """Tell whether an address lies in this archive: its host, port and path."""
        return bool(self.raw) and address.startswith(str(self.raw).partition("{")[0])


@dataclass(frozen=True, slots=True)
class UriM:
    """A memento's address, taken apart."""

    original: str
    memento_datetime: str | None  # instant; None: the address does not tell


_WAYBACK: Final = WebArchive(
    id="web.archive.org",
    raw="https://web.archive.org/web/{stamp}id_/{url}",
    cdx="https://web.archive.org/cdx/search/cdx",
    timemap="https://web.archive.org/web/timemap/link/{url}",
    timegate="https://web.archive.org/web/{url}",
    save="https://web.archive.org/save",
    trust="high",
    # 30 and 600 a minute, of which the client of EDGI takes 24 and 480 (wayback 0.5.1, _client.py)
    index_per_minute=30 * SHARE_USED,
    replay_per_minute=600 * SHARE_USED,
    filters=True,
)


def _pywb(archive: str, base: str, *, trust: Trust, **known: float) -> WebArchive:
    """Return an archive that pywb serves below a folder."""
    return WebArchive(
        id=archive,
        raw=base + "/{stamp}id_/{url}",
        cdx=base + "/cdx",
        timemap=base + "/timemap/link/{url}",
        timegate=base + "/{url}",
        trust=trust,
        **known,  # type: ignore[arg-type]
    )


def _memento(archive: str, base: str, *, trust: Trust, **known: float) -> WebArchive:
    """Return an archive of which only TimeMaps and Wayback-like replay below a folder are used."""
    whole = _pywb(archive, base, trust=trust, **known)
    return replace(whole, cdx=None, folds=False)


# Addresses of others than the first are those that they publish; none was asked by us (2026-11).
KNOWN: Final[Mapping[str, WebArchive]] = {
    archive.id: archive
    for archive in (
        _WAYBACK,
        _pywb("arquivo.pt", "https://arquivo.pt/wayback", trust="high"),
        _memento("webarchive.org.uk", "https://www.webarchive.org.uk/wayback/archive",
                 trust="high"),
        _memento("webarchive.loc.gov", "https://webarchive.loc.gov/all", trust="high"),
        _memento("webarchive.nationalarchives.gov.uk",
                 "https://webarchive.nationalarchives.gov.uk/ukgwa", trust="high"),
        _memento("wayback.archive-it.org", "https://wayback.archive-it.org/all", trust="high"),
        _memento("vefsafn.is", "https://wayback.vefsafn.is/wayback", trust="high"),
        WebArchive("perma.cc", raw=None, timemap="https://perma.cc/timemap/link/{url}",
                   timegate="https://perma.cc/timegate/{url}", trust="high",
                   note="its mementos are known, not brought home: it has no raw replay"),
        # its keepers ask not to overload the one index server (docs/rescue.md)
        WebArchive("commoncrawl.org", raw=None,
                   crawls="https://index.commoncrawl.org/collinfo.json",
                   warcs="https://data.commoncrawl.org/", trust="high",
                   index_per_minute=6, replay_per_minute=30, slows_by_503=True),
        WebArchive("archive.today", raw=None, trust="untrusted",
                   note="captures were altered; blacklisted by the English Wikipedia in 2026-02"),
    )
}  # fmt: skip

_KINDS: Final = ("wayback", "pywb", "memento", "timegate", "warc", "crawls")
_OF_FILES: Final = ("warc", "crawls")
# Your own machine is asked faster than a public archive, but never without a limit.
_OWN_LIMITS: Final = {"index_per_minute": 600.0, "replay_per_minute": 1200.0}
_OPTIONS: Final = ("trust", "index", "replay", "push", "robots", "files")


def archives_of(lines: Iterable[str]) -> tuple[WebArchive, ...]:
    """Return the archives that a setting names, in its order, which is the order of asking.

    A line is the id of a known archive, or another one (also a mirror of a known one, by its id):
    ``ID=KIND+URL`` with KIND ``pywb``,
    ``wayback`` (an address like ``https://web.archive.org``), ``memento`` (only TimeMaps),
    ``timegate`` (only that), ``warc`` (a CDX index of WARC files) or ``crawls`` (a list of such
    indexes, like Common Crawl's), and options after it:
    ``mine=pywb+http://127.0.0.1:8080/news;trust=own;index=600;replay=1200;robots=no`` (requests
    a minute). ``files=URL`` is where the WARC files lie. Raises UsageError for anything else, and
    for an archive that is not to be trusted.
    """
    found: dict[str, WebArchive] = {}
    for line in lines:
        text = line.strip()
        if not text:
            continue
        archive = _defined(text) if "=" in text.partition("+")[0] else _known(text)
        if archive.trust == "untrusted":
            raise UsageError(f"{archive.id} is never asked: {archive.note}")
        found.setdefault(archive.id, archive)
    return tuple(found.values())


def _known(name: str) -> WebArchive:
    archive = KNOWN.get(name)
    if archive is None:
        raise UsageError(
            f"{name!r} is no archive that is known ({', '.join(KNOWN)});"
            " a new one is written ID=pywb+URL"
        )
    return archive


def _defined(line: str) -> WebArchive:
    name, _, rest = line.partition("=")
    address, *options = rest.split(";")
    kind, plus, base = address.partition("+")
    if not plus or kind not in _KINDS or not name.strip():
        raise UsageError(f"{line!r}: write ID=KIND+URL with KIND one of {', '.join(_KINDS)}")
    if name in KNOWN and KNOWN[name].trust == "untrusted":
        raise UsageError(f"{name} is never asked: {KNOWN[name].note}")
    try:
        base = parse_url(base).rstrip("/")
    except UrlError as exc:
        raise UsageError(f"{line!r}: {exc.reason}") from exc
    archive = _with_options(_of_kind(name.strip(), kind, base), options, line)
    if (archive.warcs is not None) != (kind in _OF_FILES):
        raise UsageError(f"{line!r}: files=URL belongs to {' and '.join(_OF_FILES)}, and to both")
    return archive


def _of_kind(name: str, kind: str, base: str) -> WebArchive:
    if kind == "timegate":
        whole = _pywb(name, base, trust="unknown", **_OWN_LIMITS)
        return replace(whole, cdx=None, timemap=None, folds=False)
    if kind == "memento":
        return _memento(name, base, trust="unknown", **_OWN_LIMITS)
    if kind == "warc":
        return WebArchive(name, raw=None, cdx=base, slows_by_503=True, **_OWN_LIMITS)  # type: ignore[arg-type]
    if kind == "crawls":
        return WebArchive(name, raw=None, crawls=base, slows_by_503=True, **_OWN_LIMITS)  # type: ignore[arg-type]
    if kind == "pywb":
        return _pywb(name, base, trust="unknown", **_OWN_LIMITS)
    return replace(
        _WAYBACK,
        id=name,
        raw=base + "/web/{stamp}id_/{url}",
        cdx=base + "/cdx/search/cdx",
        timemap=base + "/web/timemap/link/{url}",
        timegate=base + "/web/{url}",
        save=base + "/save",
        trust="unknown",
        index_per_minute=_OWN_LIMITS["index_per_minute"],
        replay_per_minute=_OWN_LIMITS["replay_per_minute"],
    )


def _with_options(archive: WebArchive, options: list[str], line: str) -> WebArchive:
    for option in options:
        name, _, value = option.partition("=")
        if name == "trust" and value in TRUST:
            archive = replace(archive, trust=value)
        elif name in ("index", "replay", "push") and value.isdecimal() and int(value) > 0:
            archive = _limited(archive, name, float(value))
        elif name == "files":
            archive = replace(archive, warcs=_folder(value, line))
        elif name == "robots" and value in ("yes", "no"):
            archive = replace(archive, obeys_robots=value == "yes")
        else:
            raise UsageError(f"{line!r}: {option!r} is none of its options ({', '.join(_OPTIONS)})")
    return archive


def _folder(address: str, line: str) -> str:
    try:
        return parse_url(address).rstrip("/") + "/"
    except UrlError as exc:
        raise UsageError(f"{line!r}: {exc.reason}") from exc


def _limited(archive: WebArchive, kind: str, per_minute: float) -> WebArchive:
    if kind == "index":
        return replace(archive, index_per_minute=per_minute)
    if kind == "push":
        return replace(archive, push_per_minute=per_minute)
    return replace(archive, replay_per_minute=per_minute)


def take_apart(archive: WebArchive, address: str) -> UriM | None:
    """Return what a memento's address in an archive says; None when it is no memento's there."""
    if not archive.holds(address):
        return _of_a_known_archive(archive, address)
    rest = address[len(str(archive.raw).partition("{")[0]) :]
    stamp, slash, original = rest.partition("/")
    digits = stamp.rstrip("abcdefghijklmnopqrstuvwxyz_")
    if not slash or not digits.isdecimal() or not original:
        return None
    return UriM(_with_scheme(original), parse_stamp(digits[:14]))


def _with_scheme(original: str) -> str:
    if original.startswith(("http://", "https://")):
        return original
    head, slash, rest = original.partition(":/")  # servers fold // in a path to /
    return (
        f"{head}://{rest.lstrip('/')}"
        if slash and head in ("http", "https")
        else (f"http://{original}")
    )


def _of_a_known_archive(archive: WebArchive, address: str) -> UriM | None:
    """Take apart an address that the archive writes in another of its ways."""
    found = unwrap_archive_url(address)
    if found is None or found.archive != archive.id or found.original is None:
        return None
    return UriM(found.original, found.archived_at)


def stamp_of(instant: str) -> str:
    """Return the 14 digits of an instant as archives write them."""
    return "".join(character for character in instant if character.isdigit())[:14]


__all__ = [
    "KNOWN",
    "TRUST",
    "Trust",
    "UriM",
    "WebArchive",
    "archives_of",
    "stamp_of",
    "take_apart",
]

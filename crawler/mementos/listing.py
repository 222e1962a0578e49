"""The lists that archives give of what they hold: CDX in three spellings, TimeMaps in two.

All end as ``Listed``. What cannot be read is counted, never raised: of 100,000 captures a few are
always broken (a real index held a data: URL with blanks in it, hours of 24 and months of 00).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from crawler.dates import format_instant, parse_instant, parse_stamp
from crawler.errors import BadDate

FIELDS = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")
# Several archives call the same thing by other names (pywb, Common Crawl).
_ALSO_CALLED = {"url": "original", "mime": "mimetype", "status": "statuscode"}
_DIGEST = re.compile(r"(?:sha1:)?([A-Z2-7]{32})", re.IGNORECASE)


RECORD_MAX_BYTES = 32 * 2**20  # of a record in its file; a page with more is not looked at


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record lies in a WARC file."""

    file: str  # as the index names it, below the address of all files
    offset: int
    length: int

    @property
    def last(self) -> int:
        """The offset of its last byte, as ranges are written (RFC 9110 §14.1.2)."""
        return self.offset + self.length - 1


@dataclass(frozen=True, slots=True)
class Listed:
    """One memento, as a list names it."""

    memento_datetime: str  # instant
    original: str | None  # the URL that was captured; None: the list does not tell (TimeMap)
    status: int | None = None  # of the archived answer; None: not told, as of revisits
    mime: str | None = None
    digest: str | None = None  # "sha1:" + 32 letters of base32, of the payload; None: not told
    uri_m: str | None = None  # its address, where the list gives one (TimeMap)
    is_revisit: bool = False
    place: Place | None = None  # of its record; None: the index names none
    held_at: Listed | None = None  # of a revisit the response that it repeats; None: itself
    is_cut: bool = False  # the archive says that it kept a part only


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list holds."""

    mementos: tuple[Listed, ...] = ()
    malformed: int = 0  # rows that could not be read
    is_list: bool = True  # False: the text is no list at all

    def joined(self, other: Listing) -> Listing:
        """Return what both hold, as one list."""
        mementos = (*self.mementos, *other.mementos)
        return Listing(mementos, self.malformed + other.malformed)


def parse_cdx(text: str) -> Listing:
    """Return what a CDX answer lists: JSON arrays, one JSON object a line, or blank-parted lines.

    An empty text is an empty list: archives say "nothing" like that.
    """
    stripped = text.strip()
    if not stripped:
        return Listing()
    if stripped[0] == "[":
        return _of_arrays(stripped)
    if stripped[0] == "<":
        return Listing(is_list=False)
    return _of_lines(stripped.splitlines())


def _of_arrays(text: str) -> Listing:
    try:
        rows: Any = json.loads(text)
    except (ValueError, RecursionError):
        return Listing(is_list=False)
    if not isinstance(rows, list):
        return Listing(is_list=False)
    if not rows:
        return Listing()
    if all(isinstance(row, dict) for row in rows):
        return _collect(rows)
    names, *rest = rows
    if not isinstance(names, list) or "timestamp" not in names:
        return Listing(is_list=False)
    # Behind an empty row stands the key with which the list goes on, where somebody asked for it.
    match rest:
        case [*listed, [], [_]]:
            rows = listed
        case _:
            rows = [row for row in rest if row]
    return _collect(
        dict(zip(names, row, strict=False)) if isinstance(row, list) else {} for row in rows
    )


def _of_lines(lines: Iterable[str]) -> Listing:
    rows: list[Mapping[str, Any]] = []
    for line in lines:
        if not line.strip():
            break  # behind it stands the key with which the list goes on
        if line.lstrip().startswith(" CDX "):
            continue
        rows.append(_row_of(line))
    found = _collect(rows)
    is_list = bool(found.mementos) or any(rows)  # a page of an archive has no line of that shape
    return replace(found, is_list=is_list)


def _row_of(line: str) -> Mapping[str, Any]:
    """Return a line as fields: an object, CDXJ (key, stamp, object), or seven blank-parted words.

    Empty for anything else.
    """
    brace = line.find("{")
    if brace >= 0 and line.rstrip().endswith("}"):
        try:
            found = json.loads(line[brace:])
        except (ValueError, RecursionError):
            return {}
        words = line[:brace].split()
        known = dict(zip(("urlkey", "timestamp"), words, strict=False))
        return {**known, **found} if isinstance(found, dict) else {}
    words = line.split()
    return dict(zip(FIELDS, words, strict=True)) if len(words) == len(FIELDS) else {}


def _collect(rows: Iterable[Mapping[str, Any]]) -> Listing:
    found: list[Listed] = []
    malformed = 0
    for row in rows:
        listed = _listed({_ALSO_CALLED.get(name, name): value for name, value in row.items()})
        if listed is None:
            malformed += 1
        else:
            found.append(listed)
    return Listing(tuple(found), malformed)


def _listed(row: Mapping[str, Any]) -> Listed | None:
    stamp, original = str(row.get("timestamp", "")), row.get("original")
    at = parse_stamp(stamp) if len(stamp) == 14 else None
    if at is None or not isinstance(original, str) or not _is_url(original):
        return None
    status, mime = str(row.get("statuscode", "-")), str(row.get("mimetype") or "") or None
    digest = _DIGEST.fullmatch(str(row.get("digest", "")))
    cut = str(row.get("truncated") or "-")  # Common Crawl: "length", "disconnect", "time"
    return Listed(
        memento_datetime=at,
        original=original,
        status=int(status) if status.isdecimal() and len(status) == 3 else None,
        mime=None if mime in ("-", "unk") else mime,
        digest=f"sha1:{digest[1].upper()}" if digest else None,
        is_revisit=mime == "warc/revisit",
        place=_place(row),
        is_cut=cut != "-",
    )


def _is_url(text: str) -> bool:
    """Tell whether a text could be a URL, and can be written down, however it is spelt."""
    try:
        urlsplit(text)
    except ValueError:  # "http://[": the host begins like an IPv6 address
        return False
    return text.startswith(("http:", "https:")) and _is_text(text)


def _is_text(text: str) -> bool:
    """Tell whether a string can be encoded: JSON may hold halves of characters."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _place(row: Mapping[str, Any]) -> Place | None:
    """Return where a row says that its record lies; None: nowhere, or not within a file."""
    file, offset, length = (str(row.get(name, "")) for name in ("filename", "offset", "length"))
    if not (file and offset.isdecimal() and length.isdecimal()):
        return None
    if "://" in file or file.startswith("/") or ".." in file.split("/") or not _is_text(file):
        return None  # it would lead out of the folder of the files
    if len(offset) > 18 or not 0 < int(length[:18]) <= RECORD_MAX_BYTES:
        return None
    return Place(file, int(offset), int(length))


def with_what_revisits_repeat(listed: Iterable[Listed]) -> tuple[Listed, ...]:
    """Return mementos, each revisit with the response of the list whose bytes it repeats.

    A revisit that repeats none of them is left out: its bytes lie nobody knows where.
    """
    every = tuple(listed)
    responses = {m.digest: m for m in reversed(every) if m.digest and not m.is_revisit}
    found = (
        replace(m, held_at=responses.get(m.digest or "")) if m.is_revisit else m for m in every
    )
    return tuple(m for m in found if m.held_at is not None or not m.is_revisit)


# ------------------------------------------------------------------ TimeMaps

_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~-]+\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))*)")
_ATTRIBUTE = re.compile(r";\s*([\w!#$&+.^`|~-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))")


def parse_timemap(text: str) -> Listing:
    """Return what a TimeMap lists: link format (RFC 7089 §5) or JSON (as MemGator and pywb)."""
    stripped = text.strip()
    if not stripped:
        return Listing()
    if stripped[0] in "{[":
        return _of_json(stripped)
    links = list(links_in(stripped))
    if not links:
        return Listing(is_list=False)
    original = next((target for target, about in links if "original" in _relations(about)), None)
    found = [
        _of_link(target, about.get("datetime"), original)
        for target, about in links
        if "memento" in _relations(about)
    ]
    return _counted(found)


def links_in(text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the links of a text in link format (RFC 8288 §3): target and attributes."""
    for match in _LINK.finditer(text):
        attributes = {
            name.lower(): quoted or bare for name, quoted, bare in _ATTRIBUTE.findall(match[2])
        }
        yield match[1], attributes


def _relations(about: Mapping[str, str]) -> set[str]:
    return set(about.get("rel", "").lower().split())


def _of_json(text: str) -> Listing:
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return parse_cdx(text)
    if not isinstance(found, dict):
        return parse_cdx(text)
    listed = found.get("mementos", {})
    rows = listed.get("list", []) if isinstance(listed, dict) else listed
    if not isinstance(rows, list) or "mementos" not in found:
        return Listing(is_list=False)
    original = found.get("original_uri") or found.get("original")
    return _counted(
        _of_link(str(row.get("uri", "")), str(row.get("datetime", "")), original)
        for row in rows
        if isinstance(row, dict)
    )


def _of_link(target: str, moment: str | None, original: str | None) -> Listed | None:
    at = instant_of_http_date(moment)
    if at is None or not _is_url(target):
        return None
    original = original if original and _is_url(original) else None
    return Listed(memento_datetime=at, original=original, uri_m=target)


def _counted(found: Iterable[Listed | None]) -> Listing:
    every = list(found)
    read = tuple(listed for listed in every if listed is not None)
    return Listing(read, len(every) - len(read))


def instant_of_http_date(text: str | None) -> str | None:
    """Return the instant of an HTTP date or an ISO 8601 one; None for anything else."""
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError, IndexError, TypeError):  # what the parser raises on junk
        try:
            return format_instant(parse_instant(text))
        except BadDate:
            return None
    return format_instant(moment if moment.tzinfo else moment.replace(tzinfo=UTC))

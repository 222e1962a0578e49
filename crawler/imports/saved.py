"""A page that a person saved: what it is, when and from where it was saved, where it says so."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path

from crawler.dates import format_instant
from crawler.digests import derived_uid, digest_of
from crawler.errors import UrlError, UsageError
from crawler.imports.exchanges import supplied_hop
from crawler.items import Hop
from crawler.urls import parse_url

LEAD_BYTES = 16 * 2**10  # in which SingleFile's comment stands, and the headers of MHTML

# <!--\n Page saved with SingleFile \n url: … \n saved date: Mon Feb 05 2024 10:00:00 GMT+0100 (…)
_SINGLE_FILE = re.compile(rb"<!--\s*Page saved with SingleFile(.*?)-->", re.DOTALL)
_FIELD = re.compile(rb"^\s*(url|saved date):\s*(\S.*?)\s*$", re.MULTILINE)
_MHTML = re.compile(rb"\A(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?Content-Type:\s*multipart/related",
                    re.IGNORECASE)  # fmt: skip
# "Mon Feb 05 2024 10:00:00 GMT+0100 (Central European Standard Time)", as JavaScript prints it
_JAVASCRIPT_DATE = re.compile(r"\w{3} (\w{3}) (\d\d) (\d{4}) (\d\d:\d\d:\d\d) GMT([+-]\d{4})")


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A page out of a file."""

    body: bytes  # of the page itself: of MHTML its HTML part
    declared: str | None  # media type that the file tells of it; None: told from the bytes
    url: str | None  # from which it says that it was saved
    saved_at: str | None  # when it says so; None: it does not
    file_digest: str
    file_size_bytes: int
    left_out: int = 0  # other parts of the file: pictures, styles, frames


def read_saved(path: Path, *, cap: int) -> SavedPage:
    """Return the page in a file: HTML, SingleFile, MHTML, PDF, or anything else as it is.

    Raises UsageError when it cannot be read, is empty, or has more than ``cap`` bytes.
    """
    try:
        with path.open("rb") as file:
            data = file.read(cap + 1)
    except OSError as exc:
        raise UsageError(f"{path}: cannot be read: {exc.strerror or exc}") from exc
    if not data:
        raise UsageError(f"{path}: the file is empty")
    if len(data) > cap:
        raise UsageError(f"{path}: larger than {cap} bytes; allow more with --body-cap")
    if _MHTML.match(data[:LEAD_BYTES].replace(b"\r\n", b"\n")):
        return _page_of_mhtml(path, data)
    return _page_of_html(data)


def saved_hop(page: SavedPage, *, url: str, saved_at: str) -> Hop:
    """Return the hop of a saved page. What counts as received is the file as it was handed over."""
    facts = (url, saved_at, "None", digest_of(page.body))
    hop = supplied_hop(
        page.body, page.declared, purpose="source", hop=0, url=url, fetched_at=saved_at,
        uid=derived_uid("fetch", *facts), capture_uid=derived_uid("capture", *facts),
    )  # fmt: skip
    return replace(hop, wire_digest=page.file_digest, wire_size_bytes=page.file_size_bytes)


def _page_of_html(data: bytes) -> SavedPage:
    comment = _SINGLE_FILE.search(data[:LEAD_BYTES])
    told = dict(_FIELD.findall(comment[1])) if comment else {}
    return SavedPage(
        data, None, _url(told.get(b"url", b"").decode("utf-8", "replace")),
        _javascript_date(told.get(b"saved date", b"").decode("ascii", "replace")),
        digest_of(data), len(data),
    )  # fmt: skip


def _page_of_mhtml(path: Path, data: bytes) -> SavedPage:
    """Return the page of a web archive in one file (RFC 2557): its root, which is HTML."""
    message = message_from_bytes(data, policy=policy.default)
    part = next((p for p in message.walk() if p.get_content_type() == "text/html"), None)
    body = part.get_payload(decode=True) if part is not None else None
    if part is None or not isinstance(body, bytes) or not body:
        raise UsageError(f"{path}: an MHTML file without a page in it")
    others = [p for p in message.walk() if p is not part and not p.is_multipart()]
    charset = part.get_content_charset()
    return SavedPage(
        body, f"text/html; charset={charset}" if charset else "text/html",
        _url(_text(part, "Content-Location") or _text(message, "Snapshot-Content-Location")),
        _mail_date(_text(message, "Date")), digest_of(data), len(data), len(others),
    )  # fmt: skip


def _text(message: Message, name: str) -> str:
    """Return a header as it reads; empty where there is none, or none that can be read."""
    try:
        return str(message.get(name, ""))
    except (ValueError, IndexError, AttributeError):  # the standard library's parser of headers
        return ""


def _url(text: str) -> str | None:
    try:
        return parse_url(text)
    except UrlError:
        return None


def _mail_date(text: str) -> str | None:
    try:
        return format_instant(parsedate_to_datetime(text))
    except (ValueError, TypeError, OverflowError):
        return None


def _javascript_date(text: str) -> str | None:
    match = _JAVASCRIPT_DATE.match(text)
    if match is None:
        return None
    month, day, year, time, zone = match.groups()
    return _mail_date(f"{day} {month} {year} {time} {zone}")

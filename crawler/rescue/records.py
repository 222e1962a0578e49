"""Taking a page out of the range of a WARC file in which its record lies, and checking both.

An index may be older than the files, or wrong; so the record must say itself that it is of this
URL and of this moment, and its bytes must have the digest that the index names.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace

from crawler.dates import parse_instant
from crawler.digests import sha1_of
from crawler.errors import UrlError
from crawler.fetching.run.visits import Visit
from crawler.imports.exchanges import exchange_of, payload_forms
from crawler.imports.ours import Elsewhere, NotUsable
from crawler.imports.records import Record, Unread, read_records
from crawler.items import Hop
from crawler.mementos.listing import Listed
from crawler.mementos.ranges import range_of, read_range
from crawler.mementos.registry import WebArchive
from crawler.mementos.replies import Answer, Replayed
from crawler.rescue.asking import Reply
from crawler.urls import urlkey

# So are the headers called that an archive hands on beside its own; and what a file server says of
# its bytes, which are not those of the page.
_ORIGINAL, _FILE = "X-Archive-Orig-", "X-Archive-File-"
_OF_BYTES = frozenset({"content-type", "content-range", "content-length", "content-encoding",
                       "etag", "last-modified", "accept-ranges", "content-md5"})  # fmt: skip


class RecordInRange:
    """One memento that is asked for by range: what to ask with, and what came."""

    def __init__(self, memento: Listed, archive: WebArchive, *, cap: int) -> None:
        self._listed = memento.held_at or memento
        self._archive = archive
        self._cap = cap
        self._said = Replayed("archive-down", "failed")
        self.hop: Hop | None = None  # the exchange that the archive recorded; None: none came

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the request."""
        return range_of(self._listed.place) if self._listed.place else {}

    def read(self, reply: Reply) -> Replayed:
        """Return what the answer means, which was found out when it came."""
        return self._said

    def unpack(self, visit: Visit) -> None:
        """Put the page in the place of the record that holds it, as far as it does hold it."""
        last, place = visit.last, self._listed.place
        if last is None or place is None:
            return
        failure = last.reason if last.status is None else None
        self._said = read_range(
            place,
            Answer(last.url, last.status, last.response_headers, failure),
            size_bytes=last.wire_size_bytes or 0,
            broke_off=last.truncated in ("disconnect", "time"),
            slows_by_503=self._archive.slows_by_503,
        )
        self.hop = None
        if last.status == 200:  # the beginning of a file, of which nothing is wanted
            visit.hops[-1] = replace(last, body=None)
        if self._said.kind == "memento":
            self._said = self._taken_out(visit, last)

    def _taken_out(self, visit: Visit, last: Hop) -> Replayed:
        record = next(read_records(io.BytesIO(last.body or b""), last.url, cap=self._cap), None)
        if record is None or isinstance(record, Unread):
            return Replayed("rejected", "no-record")
        try:
            found = exchange_of(record, cap=self._cap, request=None, metadata=None, repeated=b"")
            forms = payload_forms(record, cap=self._cap)
        except (NotUsable, Elsewhere):
            return Replayed("rejected", "no-record")
        visit.hops[-1] = _with_page(last, found.hop)
        fault = _fault(self._listed, record, forms)
        if fault is not None:
            return Replayed("rejected", fault)
        self.hop = found.hop
        return Replayed("memento", memento_datetime=self._listed.memento_datetime)


def _fault(listed: Listed, record: Record, forms: tuple[bytes, ...]) -> str | None:
    """Return in what a record is not the one that the index names; None: it is that one."""
    if record.type != "response":
        return "no-record"
    if not _same_url(record.url, listed.original or ""):
        return "other-url"
    if record.date is None or parse_instant(record.date) != parse_instant(listed.memento_datetime):
        return "far-date"
    if listed.digest is not None and listed.digest not in map(sha1_of, forms):
        return "digest-differs"
    return None


def _same_url(one: str, other: str) -> bool:
    try:
        return urlkey(one) == urlkey(other)
    except UrlError:
        return False


def _with_page(last: Hop, page: Hop) -> Hop:
    """Return what was received with the page in it, and its headers beside those of the file."""
    received = tuple(
        (_FILE + name if name.lower() in _OF_BYTES else name, value)
        for name, value in last.response_headers
    )
    declared = (("Content-Type", page.mime_declared),) if page.mime_declared else ()
    original = tuple((_ORIGINAL + name, value) for name, value in page.response_headers)
    return replace(
        last,
        body=page.body, mime_declared=page.mime_declared, mime_sniffed=page.mime_sniffed,
        flags=page.flags, truncated=page.truncated, outcome=page.outcome, reason=page.reason,
        response_headers=(*received, *declared, *original),
    )  # fmt: skip

"""A capture with all that belongs to it, as it leaves the archive: frozen, and complete.

Instants are text ``YYYY-MM-DDTHH:MM:SSZ`` (UTC), calendar dates ``YYYY-MM-DD``; unknown is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crawler.items import Header


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """The source that was captured."""

    id: int
    url: str  # the spelling that is fetched
    urlkey: str
    title: str
    host: str
    verdict: str
    verdict_since: str | None


@dataclass(frozen=True, slots=True)
class FetchRecord:
    """The request that the capture came of, and how it was answered."""

    uid: str
    visit: str  # shared by the hops of one visit
    hop: int
    purpose: str  # "source", "entry", "robots", "control"
    url: str
    fetched_at: str
    outcome: str  # what the transport told; see the judgement
    reason: str
    status: int | None
    protocol: str | None
    request_headers: tuple[Header, ...]
    response_headers: tuple[Header, ...]
    ip_address: str | None
    tls_verified: bool | None  # None: no TLS
    certificate_digest: str | None
    error: str | None
    elapsed_ms: int | None
    wire_digest: str | None  # of the body as received
    wire_size_bytes: int | None
    robots: str | None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The run that asked."""

    id: int
    uid: str
    command: str
    started_at: str


@dataclass(frozen=True, slots=True)
class JudgementRecord:
    """What the visit showed, judged by all that it brought."""

    outcome: str
    reasons: tuple[str, ...]  # the decisive one first
    final_url: str | None
    judged_at: str


@dataclass(frozen=True, slots=True)
class ArticleRecord:
    """The article that was extracted from the payload."""

    extractor: str
    status: str  # "text", "empty", "unsupported", "failed"
    mime: str
    title: str | None
    author: str | None
    site: str | None
    published_on: str | None
    language: str | None
    words: int | None
    text: str | None  # None also where the payload is held back
    text_digest: str | None
    extracted_at: str
    version: int | None  # number of this text among those of its source; None: never compared


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """What the capture changed, against the good copy before it."""

    change_class: str
    told: bool
    before: str  # uid of that copy's capture
    found_at: str


@dataclass(frozen=True, slots=True)
class MementoRecord:
    """What a web archive had, of which the capture was made."""

    archive: str  # id
    uri_m: str
    original: str | None
    memento_datetime: str | None
    known_from: str  # "citation", "index", "push"
    status: int | None
    digest: str | None  # the archive's own
    state: str  # "home", "rejected"
    outcome: str | None
    reasons: tuple[str, ...]
    proof: str | None
    confidence: str | None  # class "A" to "E"; None: rejected
    evidence: Mapping[str, Any] | None
    found_at: str
    retrieved_at: str | None
    is_best: bool  # of those of its source that were brought home
    claimed: bool  # all of this is the word of a file that was imported


@dataclass(frozen=True, slots=True)
class CitationRecord:
    """One citation of the source, with the entry that it stands in."""

    entry: int  # id
    entry_key: str
    entry_title: str
    entry_date: str | None
    entry_url: str | None
    position: int
    role: str
    label: str
    url_as_cited: str
    cited_on: str | None
    cited_on_basis: str | None
    archived_at: str | None  # instant in a cited archive link
    removed_at: str | None  # None: it still stands there


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A copy that a web archive has, as far as we know."""

    url: str
    captured_at: str | None  # instant that the archive tells


@dataclass(frozen=True, slots=True)
class Cited:
    """One citation of an entry, with its source and the copies that there are."""

    citation: CitationRecord
    source: SourceRecord | None  # None: its URL can never be fetched
    copy: CaptureRecord | None  # the good snapshot nearest to the citation's date
    elsewhere: Elsewhere | None


@dataclass(frozen=True, slots=True)
class Referred:
    """The capture that a revisit refers to. It may be of another archive: then the uid is all."""

    uid: str
    url: str | None
    captured_at: str | None


@dataclass(frozen=True, slots=True)
class CaptureRecord:
    """One capture, with its fetch and with what was made of it."""

    id: int
    uid: str
    url: str
    captured_at: str
    record_type: str  # "response", "revisit"
    payload: str  # digest, over the decoded bytes
    size_bytes: int | None  # of the payload; None: it is not in this archive
    refers_to: Referred | None  # of a revisit
    mime_declared: str | None
    mime_sniffed: str | None
    truncated: str | None
    flags: tuple[str, ...]
    origin: str
    fetch: FetchRecord
    run: RunRecord
    source: SourceRecord | None  # None: an entry page, or robots.txt
    judgement: JudgementRecord | None  # None: a hop on the way, or not judged yet
    article: ArticleRecord | None
    change: ChangeRecord | None
    memento: MementoRecord | None  # None: it was not taken from a web archive
    citations: tuple[CitationRecord, ...]
    withheld: str | None  # why the payload stays here: "withheld", "forgotten", "noarchive"
    is_first: bool  # no earlier capture of the selection shows this payload

    @property
    def outcome(self) -> str:
        """What the visit showed: as judged, else as the transport told."""
        return self.judgement.outcome if self.judgement else self.fetch.outcome

    @property
    def is_snapshot(self) -> bool:
        """Whether there is something of a source to read: hops of a redirect hold no page."""
        return self.source is not None and self.fetch.outcome != "redirect"

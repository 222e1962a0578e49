"""What of the archive may be passed on: which payloads stay, and what is hidden in the rest."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import replace

from crawler.archive.payloads import Payloads
from crawler.archive.selection.records import (
    CaptureRecord,
    CitationRecord,
    Cited,
    FetchRecord,
    JudgementRecord,
    MementoRecord,
    SourceRecord,
)
from crawler.errors import PayloadDamaged
from crawler.items import Header
from crawler.urls import REDACTED, redact_header, redact_text, redact_url

# What pages say who want no copy of theirs to be shown: the word of 1996's robots metas, Bing's
# for the same, and those of sites that reserve their texts and pictures from machines.
NO_COPIES = frozenset({"noarchive", "nocache", "noai", "noimageai"})
_FORBIDDING_META = re.compile(
    rf"<meta\b[^>]{{0,2000}}\b(?:{'|'.join(sorted(NO_COPIES))})\b".encode(), re.IGNORECASE
)
DAMAGED = "damaged"
REASON = "noarchive"  # why such a payload is held back, whichever word says so


def forbids_copies(header: str) -> bool:
    """Return whether an X-Robots-Tag says that no copies are to be shown.

    It counts to whichever robot it is addressed (``googlebot: noarchive``): who forbids it to one
    would not want ours published.
    """
    words = (part.rpartition(":")[2].strip().lower() for part in header.split(","))
    return not NO_COPIES.isdisjoint(words)


def hold_back(sql: sqlite3.Connection, payloads: Payloads, *, public: bool) -> None:
    """Lay ``temp.held_back``: the ``digest`` of each payload that stays here, and the ``reason``.

    Of those that a withheld source has shown, the ones that nobody else has; a record of that
    source is held back whoever else has shown its payload.
    """
    sql.execute("CREATE TEMP TABLE held_back (digest TEXT PRIMARY KEY, reason TEXT NOT NULL)")
    sql.execute(
        "INSERT INTO temp.held_back SELECT c.payload, max(s.withheld) FROM captures c"
        " LEFT JOIN sources s ON s.id = c.source WHERE c.payload IN (SELECT w.payload"
        "  FROM captures w JOIN sources u ON u.id = w.source WHERE u.withheld IS NOT NULL)"
        " GROUP BY c.payload HAVING count(*) = count(s.withheld)"
    )
    if not public:
        return
    sql.execute(
        "INSERT OR IGNORE INTO temp.held_back SELECT p.payload, ?1 FROM page_facts p"
        " WHERE EXISTS (SELECT 1 FROM json_each(p.facts, '$.robots') d"
        "  WHERE d.value IN (SELECT value FROM json_each(?2)))",
        (REASON, json.dumps(sorted(NO_COPIES))),
    )
    headers = sql.execute(
        "SELECT c.payload, f.response_headers FROM captures c JOIN fetches f ON f.id = c.fetch"
        " WHERE f.response_headers LIKE '%x-robots-tag%'"
    )
    found = [
        (row["payload"], REASON) for row in headers if _says_so(json.loads(row["response_headers"]))
    ]
    found += _unread(sql, payloads)
    sql.executemany("INSERT OR IGNORE INTO temp.held_back VALUES (?, ?)", found)


def _unread(sql: sqlite3.Connection, payloads: Payloads) -> list[tuple[str, str]]:
    """Return the HTML payloads of which no facts were read and in which such a word stands.

    Each with the reason; ``damaged`` for one of which nobody can tell. Such are pages that were cut
    off, hops, and what is not judged yet. Rather one too many is held back.
    """
    rows = sql.execute(
        "SELECT DISTINCT c.payload FROM captures c WHERE c.source IS NOT NULL"
        " AND c.mime_sniffed LIKE '%html%' AND c.payload IN (SELECT digest FROM payloads)"
        " AND c.payload NOT IN (SELECT payload FROM page_facts)"
    )
    judged = ((row["payload"], _reason_of(payloads, row["payload"])) for row in rows)
    return [(digest, reason) for digest, reason in judged if reason]


def _reason_of(payloads: Payloads, digest: str) -> str | None:
    try:
        return REASON if _FORBIDDING_META.search(payloads.get(digest)) else None
    except PayloadDamaged:
        return DAMAGED


def _says_so(headers: list[list[str]]) -> bool:
    return any(name.lower() == "x-robots-tag" and forbids_copies(value) for name, value in headers)


def fit_to_leave(record: CaptureRecord) -> CaptureRecord:
    """Return a record as it may leave the archive at all.

    Without the text of a payload that is held back, of a takedown without any of its words; and
    without credentials in headers: ours are redacted when they are kept, but a capture may have
    been recorded by somebody else.
    """
    fetch, article, source = record.fetch, record.article, record.source
    memento = record.memento
    if article is not None and record.withheld is not None:
        article = replace(article, text=None)
        if record.withheld not in (REASON, DAMAGED):
            article = replace(article, title=None, author=None)
    if memento is not None and record.withheld not in (None, REASON, DAMAGED):
        memento = replace(memento, evidence=None)
    if source is not None and record.withheld not in (None, REASON, DAMAGED):
        source = without_words(source, record.citations)
    fetch = fetch_to_leave(fetch)
    return replace(record, fetch=fetch, article=article, source=source, memento=memento)


def without_words(source: SourceRecord, citations: tuple[CitationRecord, ...]) -> SourceRecord:
    """Return a source that is withheld under the name that its entries give it."""
    labels = (each.label for each in citations if each.label)
    return replace(source, title=next(labels, source.url))


def fetch_to_leave(fetch: FetchRecord) -> FetchRecord:
    """Return a fetch without credentials."""
    return replace(
        fetch,
        request_headers=tuple((n, redact_header(n, v)) for n, v in fetch.request_headers),
        response_headers=tuple((n, redact_header(n, v)) for n, v in fetch.response_headers),
    )


def fit_to_publish(record: CaptureRecord) -> CaptureRecord:
    """Return a record, fit to leave, without the secrets in addresses and without our contact."""
    source, refers_to, judgement = record.source, record.refers_to, record.judgement
    return replace(
        record,
        url=redact_url(record.url),
        fetch=fetch_to_publish(record.fetch),
        source=source and source_to_publish(source),
        refers_to=refers_to and replace(refers_to, url=_redacted(refers_to.url)),
        judgement=judgement and judgement_to_publish(judgement),
        memento=record.memento and _memento_to_publish(record.memento),
        citations=tuple(map(citation_to_publish, record.citations)),
    )  # fmt: skip


def _memento_to_publish(memento: MementoRecord) -> MementoRecord:
    told = memento.evidence
    return replace(
        memento,
        uri_m=redact_url(memento.uri_m),
        original=_redacted(memento.original),
        evidence=told and {k: redact_text(v) if isinstance(v, str) else v for k, v in told.items()},
    )


def _redacted(url: str | None) -> str | None:
    return redact_url(url) if url else url


def redact_key(key: str, number: int) -> str:
    """Return the key of a source or an entry without secrets, and still of this one only."""
    shown = redact_text(redact_url(key))
    return key if shown == key else f"{shown}#{number}"


def source_to_publish(source: SourceRecord) -> SourceRecord:
    """Return a source without the secrets in its address."""
    return replace(
        source, url=redact_url(source.url), urlkey=redact_key(source.urlkey, source.id),
        title=redact_text(source.title),
    )  # fmt: skip


def citation_to_publish(citation: CitationRecord) -> CitationRecord:
    """Return a citation without the secrets of addresses."""
    return replace(
        citation,
        entry_key=redact_key(citation.entry_key, citation.entry),
        entry_title=redact_text(citation.entry_title),
        entry_url=_redacted(citation.entry_url),
        label=redact_text(citation.label),
        url_as_cited=redact_url(citation.url_as_cited),
    )


def judgement_to_publish(judgement: JudgementRecord) -> JudgementRecord:
    """Return a judgement without the secrets of addresses."""
    return replace(judgement, final_url=_redacted(judgement.final_url))


def fetch_to_publish(fetch: FetchRecord) -> FetchRecord:
    """Return a fetch without the secrets of addresses and without our contact."""
    return replace(
        fetch,
        url=redact_url(fetch.url),
        request_headers=tuple(_without_contact(*pair) for pair in fetch.request_headers),
        response_headers=tuple((n, redact_text(v)) for n, v in fetch.response_headers),
        error=redact_text(fetch.error) if fetch.error else None,
    )


def _without_contact(name: str, value: str) -> Header:
    """Return a header of ours without whom it names: that is for hosts, not for the world."""
    if name.lower() == "from":
        return name, REDACTED
    if name.lower() == "user-agent":
        value = value.partition(" (+")[0]
    return name, redact_text(value)


def cited_to_publish(cited: Cited) -> Cited:
    """Return a citation with its source, without the secrets of addresses; its copy is fit."""
    return replace(
        cited,
        citation=citation_to_publish(cited.citation),
        source=cited.source and source_to_publish(cited.source),
        elsewhere=cited.elsewhere and replace(cited.elsewhere, url=redact_url(cited.elsewhere.url)),
    )

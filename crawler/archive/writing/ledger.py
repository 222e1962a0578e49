"""The ledger: entries, and what they cite, with the history of each citation."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crawler.archive.barring import Barring
from crawler.archive.connection import Connection
from crawler.archive.payloads import Payloads
from crawler.archive.storable import storable_text
from crawler.archive.writing.inputs import Inputs
from crawler.archive.writing.supplying import UNCITED
from crawler.digests import digest_of
from crawler.entries.identity import entry_addresses, entry_key
from crawler.errors import UrlError
from crawler.items import Citation, Entry
from crawler.urls import host_key, urlkey

CITED_ROLES = ("source", "archive-of")  # the roles whose resource is fetched and kept
CITED_LATELY_DAYS = 30  # an entry of this age or less, when it is first read, cites a source anew


@dataclass(frozen=True, slots=True)
class Page:
    """The bytes of an entry page and where they were."""

    locator: str
    content: bytes
    reader: str
    warnings: tuple[tuple[str, str], ...] = ()
    capture: int | None = None  # row of ``captures`` when the page was fetched


@dataclass(frozen=True, slots=True)
class Recorded:
    """What reading one entry changed in the ledger."""

    entry: int
    new: bool
    sources_added: int  # sources never cited before, now due
    citations_added: int
    citations_removed: int


class Ledger:
    """Entries and citations of one archive."""

    def __init__(
        self, connection: Connection, inputs: Inputs, payloads: Payloads, barring: Barring
    ) -> None:
        self._connection = connection
        self._inputs = inputs
        self._payloads = payloads
        self._barring = barring

    # Entries that were read before

    def entry_of_unchanged(self, locator: str, content: bytes) -> int | None:
        """Return the entry whose page at ``locator`` still has this content; None: read it."""
        row = self._connection.sql.execute(
            "SELECT entry, payload FROM entry_versions WHERE locator = ?"
            " ORDER BY last_seen_at DESC, id DESC LIMIT 1",
            (locator,),
        ).fetchone()
        same = row is not None and row["payload"] == digest_of(content)
        return int(row["entry"]) if same else None

    def entry_of(self, entry: Entry) -> int | None:
        """Return the row of an entry as it was read; None: it was never recorded."""
        return self._known_entry(self._connection.sql, entry_key(entry), entry_addresses(entry))

    def pages_of(self, entry: int) -> dict[str, str]:
        """Return where pages of an entry were read, each with the digest of what it last was.

        Those that were seen last come last; whether they are still there is not known.
        """
        query = (
            "SELECT locator, payload FROM entry_versions WHERE entry = ? ORDER BY last_seen_at, id"
        )
        latest: dict[str, str] = {}
        for row in self._connection.sql.execute(query, (entry,)):
            latest.pop(row["locator"], None)
            latest[row["locator"]] = row["payload"]
        return latest

    def seen_again(self, pages: Iterable[tuple[str, int]], now: str) -> None:
        """Move the last-seen dates of unchanged pages, given as (locator, entry)."""
        pairs = [(now, locator, entry) for locator, entry in pages]
        entries = [(now, entry) for entry in {entry for _, _, entry in pairs}]
        with self._connection.writing() as sql:
            sql.executemany(
                "UPDATE entry_versions SET last_seen_at = ?1 WHERE id = (SELECT id"
                " FROM entry_versions WHERE locator = ?2 AND entry = ?3"
                " ORDER BY last_seen_at DESC, id DESC LIMIT 1)",
                pairs,
            )
            sql.executemany("UPDATE entries SET last_seen_at = ? WHERE id = ?", entries)
            sql.executemany(
                "UPDATE citations SET last_seen_at = ? WHERE entry = ? AND removed_at IS NULL",
                entries,
            )

    # Reading an entry

    def record(
        self, entry: Entry, pages: Sequence[Page], *, input_id: int | None, now: str
    ) -> Recorded:
        """Write what was read in an entry and keep its pages, all or nothing.

        Citations that are no longer in it keep their row, with ``removed_at``. Sources are
        compared, never the entry as a whole: a changed headline or Related list queues nothing.
        """
        with self._connection.writing() as sql:
            entry_id, new = self._entry(sql, entry, input_id, now)
            added, removed, sources = self._citations(sql, entry_id, entry.citations, now)
            self._lists(sql, entry_id, entry, now)
            for page in pages:
                self._version(sql, entry_id, page, now)
                self._inputs.solved(page.locator)
        return Recorded(entry_id, new, sources, added, removed)

    def _entry(
        self, sql: sqlite3.Connection, entry: Entry, input_id: int | None, now: str
    ) -> tuple[int, bool]:
        """Insert or update the entry; identity is date and headline, then any known address.

        Where there is no headline the address stands for it: the title is the label by which
        readers of the file know the row, so it is never empty.
        """
        key, addresses = entry_key(entry), entry_addresses(entry)
        known = self._known_entry(sql, key, addresses)
        values = (
            key, entry.headline or entry.url or entry.locator, entry.date, entry.topic,
            entry.summary, entry.context, entry.url, entry.image, input_id, now,
        )  # fmt: skip
        if known is None:
            row = sql.execute(
                "INSERT INTO entries (key, title, date, topic, summary, context, url, image_url,"
                " input, first_seen_at, last_seen_at)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10) RETURNING id",
                values,
            ).fetchone()
            entry_id = int(row["id"])
        else:
            entry_id = known
            sql.execute(
                "UPDATE entries SET key = ?1, title = ?2, date = coalesce(?3, date), topic = ?4,"
                " summary = ?5,"
                " context = ?6, url = ?7, image_url = ?8, input = coalesce(?9, input),"
                " last_seen_at = ?10 WHERE id = ?11",
                (*values, entry_id),
            )
        sql.executemany(
            "INSERT OR IGNORE INTO entry_aliases VALUES (?, ?)",
            [(address, entry_id) for address in addresses],
        )
        return entry_id, known is None

    @staticmethod
    def _known_entry(sql: sqlite3.Connection, key: str, addresses: Sequence[str]) -> int | None:
        row = sql.execute("SELECT id FROM entries WHERE key = ?", (key,)).fetchone()
        if row is not None:
            return int(row["id"])
        for address in addresses:
            row = sql.execute(
                "SELECT entry FROM entry_aliases WHERE address = ?", (address,)
            ).fetchone()
            if row is not None:
                return int(row["entry"])
        return None

    def _citations(
        self, sql: sqlite3.Connection, entry_id: int, citations: Sequence[Citation], now: str
    ) -> tuple[int, int, int]:
        """Bring the citations of an entry up to date; return (added, removed, new sources)."""
        rows = sql.execute(
            "SELECT id, role, url_as_cited, label_raw, removed_at, source FROM citations"
            " WHERE entry = ?",
            (entry_id,),
        ).fetchall()
        known = {(r["role"], r["url_as_cited"], r["label_raw"]): r["id"] for r in rows}
        present: dict[tuple[str, str, str], Citation] = {}
        for citation in citations:  # of a line that stands there twice, the first counts
            present.setdefault(_identity(citation), citation)
        sources = 0
        for identity, citation in present.items():
            source_id, source_is_new = self._source(sql, citation, now)
            sources += source_is_new
            values = _citation_values(citation, source_id, now)
            if identity in known:
                sql.execute(_UPDATE_CITATION, (*values, known[identity]))
            else:
                sql.execute(_INSERT_CITATION, (*values, entry_id, *identity))
                if not source_is_new and all(source_id != row["source"] for row in rows):
                    sql.execute(_CITED_ANEW, (now, source_id, citation.cited_on))
        kept = {known[identity] for identity in present if identity in known}
        gone = [r["id"] for r in rows if r["id"] not in kept and r["removed_at"] is None]
        sql.executemany(
            "UPDATE citations SET removed_at = ? WHERE id = ?", [(now, i) for i in gone]
        )
        return len(present) - len(kept), len(gone), sources

    def _source(
        self, sql: sqlite3.Connection, citation: Citation, now: str
    ) -> tuple[int | None, bool]:
        """Return the source of a citation and whether it is new; (None, False) where none is."""
        if citation.role not in CITED_ROLES or citation.url is None:
            return None, False
        try:
            key, host = urlkey(citation.url), host_key(citation.url)
        except UrlError:
            return None, False
        row = sql.execute("SELECT id FROM sources WHERE urlkey = ?", (key,)).fetchone()
        if row is None:
            sql.execute("INSERT OR IGNORE INTO hosts (host) VALUES (?)", (host,))
            created = sql.execute(
                "INSERT INTO sources (urlkey, url, title, host, first_cited_on, first_seen_at,"
                " due_at, due_reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 'never fetched')"
                " RETURNING id",
                (key, citation.url, citation.label or citation.url, host, citation.cited_on, now),
            ).fetchone()
            source_id = int(created["id"])
            self._barring.mark(source_id, citation.url)
        else:
            source_id = int(row["id"])
            sql.execute(
                "UPDATE sources SET first_cited_on = ?1 WHERE id = ?2"
                " AND (first_cited_on IS NULL OR first_cited_on > ?1)",
                (citation.cited_on, source_id),
            )
            sql.execute(  # an import brought it, and nothing cited it
                "UPDATE sources SET due_at = ?, due_reason = 'never fetched'"
                " WHERE id = ? AND due_at IS NULL AND due_reason = ?",
                (now, source_id, UNCITED),
            )
        sql.execute(
            "INSERT OR IGNORE INTO source_spellings VALUES (?, ?, 'cited', ?)",
            (citation.url, source_id, now),
        )
        return source_id, row is None

    @staticmethod
    def _lists(sql: sqlite3.Connection, entry_id: int, entry: Entry, now: str) -> None:
        """Write the entry's own lists of changes and of related entries."""
        sql.executemany(
            "INSERT INTO entry_revisions (entry, position, title, url, revised_at, note,"
            " first_seen_at, last_seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)"
            " ON CONFLICT (entry, url, position) DO UPDATE SET title = excluded.title,"
            " revised_at = excluded.revised_at, note = excluded.note,"
            " last_seen_at = excluded.last_seen_at",
            [
                (entry_id, r.position, r.title, r.url, r.revised_at, r.note, now)
                for r in entry.revisions
            ],
        )
        sql.executemany(
            "INSERT INTO entry_relations (entry, position, title, url, context, first_seen_at,"
            " last_seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)"
            " ON CONFLICT (entry, url) DO UPDATE SET position = excluded.position,"
            " title = excluded.title, context = excluded.context,"
            " last_seen_at = excluded.last_seen_at",
            [(entry_id, r.position, r.title, r.url, r.context, now) for r in entry.relations],
        )

    def _version(self, sql: sqlite3.Connection, entry_id: int, page: Page, now: str) -> None:
        """Keep the page as one distinct version of the entry, a delta of the entry's first."""
        first = sql.execute(
            "SELECT payload FROM entry_versions WHERE entry = ? ORDER BY id LIMIT 1", (entry_id,)
        ).fetchone()
        digest = self._payloads.put(page.content, base_digest=first["payload"] if first else None)
        warnings = json.dumps(page.warnings, ensure_ascii=False) if page.warnings else None
        sql.execute(
            "INSERT INTO entry_versions (entry, locator, payload, capture, reader, warnings,"
            " first_seen_at, last_seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)"
            " ON CONFLICT (locator, payload) DO UPDATE SET last_seen_at = excluded.last_seen_at,"
            " reader = excluded.reader, warnings = excluded.warnings, entry = excluded.entry",
            (entry_id, page.locator, digest, page.capture, page.reader, warnings, now),
        )


# What a citation is known by; all else of it may be read better another time.
_INSERT_CITATION = """
INSERT INTO citations (position, last_seen_at, label, agency, publisher, context, source, url,
  archived_at, cited_on, cited_on_basis, entry, role, url_as_cited, label_raw, first_seen_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?2)
"""
# What is cited anew these days is looked at again; an old entry that is read only now says nothing.
_CITED_ANEW = f"""
UPDATE sources SET due_at = ?1, due_reason = 'an entry cites it anew'
WHERE id = ?2 AND due_at > ?1 AND last_fetched_at IS NOT NULL
  AND (?3 IS NULL OR ?3 >= date(?1, '-{CITED_LATELY_DAYS} days'))
"""
# A source once known is not unlearnt: a base URL may be missing this time.
_UPDATE_CITATION = """
UPDATE citations SET removed_at = NULL, position = ?1, last_seen_at = ?2, label = ?3, agency = ?4,
  publisher = ?5, context = ?6, source = coalesce(?7, source), url = coalesce(?8, url),
  archived_at = coalesce(?9, archived_at), cited_on = coalesce(?10, cited_on),
  cited_on_basis = coalesce(?11, cited_on_basis)
WHERE id = ?12
"""


def _identity(citation: Citation) -> tuple[str, str, str]:
    """Return what a citation is known by within its entry, as the archive keeps it."""
    return citation.role, storable_text(citation.url_as_cited), storable_text(citation.label_raw)


def _citation_values(citation: Citation, source_id: int | None, now: str) -> tuple[object, ...]:
    return (
        citation.position, now, citation.label, citation.agency, citation.publisher,
        citation.context, source_id, citation.url, citation.archived_at, citation.cited_on,
        citation.cited_on_basis,
    )  # fmt: skip

"""The texts that sources have shown, and what changed between two of them; derived."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from crawler.archive.connection import Connection
from crawler.archive.storable import compact_json
from crawler.archive.views import ARTICLE_OF
from crawler.archive.writing.visits import EndedVisit
from crawler.comparison.change import Change
from crawler.comparison.texts import text_digest
from crawler.items import Article


@dataclass(frozen=True, slots=True)
class Version:
    """A distinct text of a source, as its row tells it."""

    id: int
    number: int
    article: int  # row of an article that has this text


class Versions:
    """Versions and changes of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def _sql(self) -> sqlite3.Connection:
        return self._connection.sql

    def of(self, source: int, payload: str) -> int | None:
        """Return the version that a source shows, if it is the text to show of a payload."""
        row = self._sql.execute(
            "SELECT v.id FROM sources s JOIN versions v ON v.id = s.version"
            " JOIN extractions x ON x.id = v.article WHERE s.id = ?1 AND x.text IS NOT NULL"
            f" AND v.article = {ARTICLE_OF.format(payload='?2')}",
            (source, payload),
        ).fetchone()
        return row["id"] if row else None

    def current(self, source: int) -> Version | None:
        """Return the version that a source shows by its good copy; None: none was read yet."""
        row = self._sql.execute(
            "SELECT v.id, v.number, v.article FROM sources s JOIN versions v"
            " ON v.id = s.version WHERE s.id = ?",
            (source,),
        ).fetchone()
        return Version(**dict(row)) if row else None

    def cited_text(self, source: int) -> str | None:
        """Return the text that stands for the citation: that of the first version."""
        row = self._sql.execute(
            "SELECT a.text AS text FROM versions v JOIN articles a ON a.id = v.article"
            " WHERE v.source = ? ORDER BY v.number LIMIT 1",
            (source,),
        ).fetchone()
        return row["text"] if row else None

    def show(self, visit: EndedVisit, article: Article, article_row: int) -> Version:
        """Return the version that an article is, a new one or known. A source may go back."""
        title, digest = article.title or "", text_digest(article.text or "")
        known = self._sql.execute(
            "SELECT id, number, article FROM versions"
            " WHERE source = ? AND text_digest = ? AND title = ?",
            (visit.source, digest, title),
        ).fetchone()
        if known:
            self.touch(known["id"], visit.last.fetched_at)
            return Version(**dict(known))
        row = self._sql.execute(
            "INSERT INTO versions (source, number, title, text_digest, article, capture,"
            " first_seen_at, last_seen_at) SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5,"
            " ?6, ?6 FROM versions WHERE source = ?1 RETURNING id, number, article",
            (visit.source, title, digest, article_row, visit.capture, visit.last.fetched_at),
        ).fetchone()
        return Version(**dict(row))

    def refresh(self, version: int, article: Article, article_row: int) -> None:
        """Let a version have the text that a newer extractor finds in the same payload."""
        self._sql.execute(
            "UPDATE versions SET article = ?, title = ?, text_digest = ? WHERE id = ?",
            (article_row, article.title or "", text_digest(article.text or ""), version),
        )

    def touch(self, version: int, seen_at: str) -> None:
        """Note that a version was seen again."""
        self._sql.execute(
            "UPDATE versions SET last_seen_at = max(last_seen_at, ?) WHERE id = ?",
            (seen_at, version),
        )

    def make_current(self, source: int, version: int) -> None:
        """Make a version the one that the source shows."""
        self._sql.execute("UPDATE sources SET version = ? WHERE id = ?", (version, source))

    def save_change(self, visit: EndedVisit, before: int, change: Change) -> None:
        """Keep what differs between the good capture ``before`` and that of a visit."""
        m = change.measures
        edits = [[edit.kind, edit.before, edit.after] for edit in change.edits]
        self._sql.execute(
            "INSERT OR REPLACE INTO changes (source, run, fetch, before, after, class, told,"
            " similarity, old_in_new, new_in_old, words_before, words_after, edits, links_added,"
            " links_removed, found_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                visit.source, visit.run, visit.fetch, before, visit.capture, change.change_class,
                change.told, m.similarity, m.old_in_new, m.new_in_old, m.words_before,
                m.words_after, compact_json(edits), compact_json(change.links_added),
                compact_json(change.links_removed), visit.last.fetched_at,
            ),
        )  # fmt: skip
        if change.told:
            self._sql.execute(
                "UPDATE sources SET changes = changes + 1, changed_at = ? WHERE id = ?",
                (visit.last.fetched_at, visit.source),
            )

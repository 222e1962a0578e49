"""Articles: what extractors found in payloads. Derived, and made again whenever wanted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from crawler.archive.connection import Connection
from crawler.archive.storable import storable_text
from crawler.archive.views import ARTICLE_OF
from crawler.archive.writing.texts import Texts
from crawler.archive.writing.visits import EndedVisit
from crawler.comparison.texts import count_words, text_digest
from crawler.extraction.extractors import PAGES
from crawler.items import Article, PageFacts
from crawler.mementos.replies import REFUSED

JobKey = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class ExtractionJob:
    """A payload that wants an article."""

    payload: str  # digest
    url: str
    content_type: str | None  # as declared
    mime: str  # as sniffed
    captured_on: str  # calendar date
    facts_only: bool = False  # an error page: no article is looked for in it

    @property
    def key(self) -> JobKey:
        """What two jobs share that read the same in the same payload."""
        return self.payload, self.facts_only


# One job a payload: that of its first good capture, whose date bounds the publication date. Of a
# memento these are the URL and the date of the web archive's capture, not of ours.
_JOBS = """
SELECT min(c.id) AS first, c.payload AS payload, coalesce(m.original, c.url) AS url,
  c.mime_declared AS content_type, coalesce(c.mime_sniffed, 'application/octet-stream') AS mime,
  substr(coalesce(m.memento_datetime, c.captured_at), 1, 10) AS captured_on
FROM captures c JOIN fetches f ON f.id = c.fetch LEFT JOIN mementos m ON m.capture = c.id
WHERE f.purpose IN ('source', 'rescue') AND c.source IS NOT NULL AND f.outcome = 'live-unverified'
  AND EXISTS (SELECT 1 FROM payloads p WHERE p.digest = c.payload)
"""

_KEPT = (
    "payload", "extractor", "status", "mime", "author", "site", "published_on", "language",
    "words", "text", "text_digest", "links", "charset", "tried", "failure", "extracted_at",
)  # fmt: skip
_SAVE = (
    f"INSERT INTO extractions ({', '.join(_KEPT)}) VALUES ({','.join('?' * len(_KEPT))})"
    " ON CONFLICT (payload, extractor) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _KEPT[2:])
)


class Articles:
    """The articles of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._texts = Texts(connection)

    def job_of(self, visit: EndedVisit) -> list[ExtractionJob]:
        """Return what must be read of the payload in which a visit ended: at most one job.

        An answer that may be the article is read for its text; that of an error, if it is a page,
        for what it shows besides. What was read once is not read again.
        """
        last, payload = visit.last, visit.payload
        if payload is None or last.mime_sniffed is None:
            return []
        is_page = last.mime_sniffed in PAGES
        good = last.outcome == "live-unverified"
        if not good and not is_page:
            return []
        table = "extractions" if good else "page_facts"
        if self._has(table, payload):
            return []
        return [
            ExtractionJob(
                payload=payload,
                url=last.url,
                content_type=last.mime_declared,
                mime=last.mime_sniffed,
                captured_on=last.fetched_at[:10],
                facts_only=not good,
            )
        ]

    def was_read(self, job: ExtractionJob) -> bool:
        """Tell whether what a job asks for is there already."""
        return self._has("page_facts" if job.facts_only else "articles", job.payload)

    def _has(self, table: str, payload: str) -> bool:
        row = self._connection.sql.execute(
            f"SELECT 1 FROM {table} WHERE payload = ? LIMIT 1", (payload,)
        ).fetchone()
        return row is not None

    def job_of_capture(self, capture: int) -> list[ExtractionJob]:
        """Return the job that reads the payload of a good capture again."""
        row = self._connection.sql.execute(
            f"{_JOBS} AND c.id = ? GROUP BY c.payload", (capture,)
        ).fetchone()
        return [_job(row)] if row else []

    def jobs_of_mementos(self) -> list[ExtractionJob]:
        """Return what must be read of the mementos that came in files: each, unless it was.

        Those that were refused unread where they were fetched are not read here either.
        """
        rows = self._connection.sql.execute(
            f"{_JOBS} AND m.id IS NOT NULL AND coalesce(m.reasons ->> 0, '') NOT IN {REFUSED}"
            " AND f.run IN (SELECT id FROM runs WHERE"
            " command = 'import') AND NOT EXISTS (SELECT 1 FROM extractions x"
            "  WHERE x.payload = c.payload) GROUP BY c.payload"
        )
        return [_job(row) for row in rows]

    def all_jobs(self, source: int | None = None) -> Iterator[tuple[ExtractionJob, set[str]]]:
        """Yield every good payload with the names of the extractors that have dealt with it."""
        of_source = "" if source is None else " AND c.source = ?"
        rows = self._connection.sql.execute(
            "SELECT j.*, (SELECT json_group_array(a.extractor) FROM extractions a"
            "  WHERE a.payload = j.payload) AS extractors"
            f" FROM ({_JOBS}{of_source} GROUP BY c.payload) j ORDER BY j.first",
            () if source is None else (source,),
        ).fetchall()
        for row in rows:
            yield _job(row), set(json.loads(row["extractors"]))

    def of(self, payload: str | None) -> Article | None:
        """Return the article to show of a payload; None when none was made."""
        row = self._shown(payload) if payload else None
        return _article(row) if row else None

    def of_row(self, row: int) -> Article:
        """Return the article of a row."""
        found = self._connection.sql.execute(
            "SELECT * FROM articles WHERE id = ?", (row,)
        ).fetchone()
        return _article(found)

    def row_of(self, payload: str) -> int | None:
        """Return the row of the article to show of a payload."""
        row = self._connection.sql.execute(
            f"SELECT {ARTICLE_OF.format(payload='?')}", (payload,)
        ).fetchone()
        number: int | None = row[0]
        return number

    def _shown(self, payload: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.sql.execute(
            f"SELECT * FROM articles WHERE id = {ARTICLE_OF.format(payload='?')}", (payload,)
        ).fetchone()
        return row

    def facts_of(self, payload: str | None) -> PageFacts | None:
        """Return what the page in a payload shows; None: no HTML, or not read."""
        row = self._connection.sql.execute(
            "SELECT facts FROM page_facts WHERE payload = ?", (payload,)
        ).fetchone()
        return _facts(json.loads(row["facts"])) if row else None

    def save(self, payload: str, article: Article, *, now: str) -> None:
        """Keep an article, in place of an earlier one of the same extractor."""
        title = storable_text(article.title) if article.title else None
        text = storable_text(article.text) if article.text else None
        with self._connection.writing() as sql:
            kept = self._texts.keep(title, text, payload)
            before = sql.execute(
                "SELECT text FROM extractions WHERE payload = ? AND extractor = ?",
                (payload, article.extractor),
            ).fetchone()
            sql.execute(_SAVE, _values(payload, article, kept, text, now))
            if before and before["text"] not in (None, kept):
                self._texts.drop(before["text"])
            if title:
                sql.execute(
                    "UPDATE sources SET title = ?1 WHERE id IN (SELECT s.id FROM captures c"
                    "  JOIN sources s ON s.id = c.source AND s.good_capture = c.id"
                    "  WHERE c.payload = ?2)",
                    (title, payload),
                )

    def save_facts(self, payload: str, facts: PageFacts, *, now: str) -> None:
        """Keep what the page in a payload shows."""
        known = {
            known.name: value
            for known in fields(PageFacts)
            if (value := getattr(facts, known.name)) != known.default  # False is not None
        }
        self._connection.sql.execute(
            "INSERT OR REPLACE INTO page_facts (payload, facts, read_at) VALUES (?, ?, ?)",
            (payload, json.dumps(known, ensure_ascii=False), now),
        )

    def forget(self, payload: str) -> None:
        """Remove what extractors found in a payload. No version may name it any more."""
        with self._connection.writing() as sql:
            texts = sql.execute(
                "DELETE FROM extractions WHERE payload = ? RETURNING text", (payload,)
            ).fetchall()
            for row in texts:
                self._texts.drop(row["text"])


def _job(row: sqlite3.Row) -> ExtractionJob:
    names = ("payload", "url", "content_type", "mime", "captured_on")
    return ExtractionJob(**{name: row[name] for name in names})


def _values(
    payload: str, article: Article, kept: int | None, text: str | None, now: str
) -> tuple[object, ...]:
    # count and digest are those of the text as it is kept
    return (
        payload, article.extractor, article.status, article.mime, article.author, article.site,
        article.published_on, article.language,
        count_words(text) if text is not None else None, kept,
        text_digest(text) if text is not None else None,
        json.dumps(article.links, ensure_ascii=False) if article.links else None,
        article.charset, " > ".join(article.tried) or None, article.failure, now,
    )  # fmt: skip


_ARTICLE_COLUMNS = (
    "extractor", "status", "mime", "title", "author", "site", "published_on", "language", "text",
    "charset", "failure",
)  # fmt: skip


def _article(row: sqlite3.Row) -> Article:
    known: dict[str, Any] = {name: row[name] for name in _ARTICLE_COLUMNS}
    tried = tuple((row["tried"] or "").split(" > ")) if row["tried"] else ()
    return Article(**known, links=tuple(json.loads(row["links"] or "[]")), tried=tried)


_FACTS = {f.name: str(f.type).startswith("tuple") for f in fields(PageFacts)}


def _facts(kept: dict[str, Any]) -> PageFacts:
    """Facts as they were kept; those that a later release has added have their default."""
    known: dict[str, Any] = {
        name: tuple(value) if _FACTS[name] else value
        for name, value in kept.items()
        if name in _FACTS
    }
    return PageFacts(**known)

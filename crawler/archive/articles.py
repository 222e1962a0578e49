"""Articles: what extractors found in payloads. Derived, and made again whenever wanted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from crawler.archive.connection import Connection
from crawler.archive.observing import EndedVisit
from crawler.archive.storable import storable_text
from crawler.comparison import count_words, text_digest
from crawler.extraction.extractors import PAGES
from crawler.items import Article

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


# One job a payload: that of its first good capture, whose date bounds the publication date.
_JOBS = """
SELECT min(c.id) AS first, c.payload AS payload, c.url AS url, c.mime_declared AS content_type,
  coalesce(c.mime_sniffed, 'application/octet-stream') AS mime,
  substr(c.captured_at, 1, 10) AS captured_on
FROM captures c JOIN fetches f ON f.id = c.fetch
WHERE f.purpose = 'source' AND f.outcome = 'live-unverified'
"""


class Articles:
    """The articles of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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
        table = "articles" if good else "page_facts"
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

    def all_jobs(self, source: int | None = None) -> Iterator[tuple[ExtractionJob, set[str]]]:
        """Yield every good payload with the names of the extractors that have dealt with it."""
        of_source = "" if source is None else " AND c.source = ?"
        rows = self._connection.sql.execute(
            "SELECT j.*, (SELECT json_group_array(a.extractor) FROM articles a"
            "  WHERE a.payload = j.payload) AS extractors"
            f" FROM ({_JOBS}{of_source} GROUP BY c.payload) j ORDER BY j.first",
            () if source is None else (source,),
        ).fetchall()
        for row in rows:
            yield _job(row), set(json.loads(row["extractors"]))

    def save(self, payload: str, article: Article, *, now: str) -> None:
        """Keep an article, in place of an earlier one of the same extractor."""
        with self._connection.writing() as sql:
            sql.execute(
                "INSERT INTO articles (payload, extractor, status, mime, title, author, site,"
                " published_on, language, words, text, text_digest, links, charset, tried,"
                " failure, extracted_at)"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
                " ON CONFLICT (payload, extractor) DO UPDATE SET status = excluded.status,"
                " mime = excluded.mime, title = excluded.title, author = excluded.author,"
                " site = excluded.site, published_on = excluded.published_on,"
                " language = excluded.language, words = excluded.words, text = excluded.text,"
                " text_digest = excluded.text_digest, links = excluded.links,"
                " charset = excluded.charset, tried = excluded.tried,"
                " failure = excluded.failure, extracted_at = excluded.extracted_at",
                _values(payload, article, now),
            )
            if article.title:
                sql.execute(
                    "UPDATE sources SET title = ?1 WHERE id IN (SELECT s.id FROM captures c"
                    "  JOIN sources s ON s.id = c.source AND s.good_capture = c.id"
                    "  WHERE c.payload = ?2)",
                    (article.title, payload),
                )


def _job(row: sqlite3.Row) -> ExtractionJob:
    names = ("payload", "url", "content_type", "mime", "captured_on")
    return ExtractionJob(**{name: row[name] for name in names})


def _values(payload: str, article: Article, now: str) -> tuple[object, ...]:
    # the digest is that of the text as it is kept
    text = storable_text(article.text) if article.text is not None else None
    return (
        payload, article.extractor, article.status, article.mime, article.title, article.author,
        article.site, article.published_on, article.language,
        count_words(text) if text is not None else None, text,
        text_digest(text) if text is not None else None,
        json.dumps(article.links, ensure_ascii=False) if article.links else None,
        article.charset, " > ".join(article.tried) or None, article.failure, now,
    )  # fmt: skip

"""Sources of which another's copy is wanted, with all that choosing and judging need."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from crawler.archive.barring import Barring
from crawler.archive.connection import Connection
from crawler.passages import Claim
from crawler.urls import fragment_of, unwrap_archive_url
from crawler.verdicts.observation import Expectation

ALIASES_MAX = 4


@dataclass(frozen=True, slots=True)
class CitedMemento:
    """A memento that an entry cites."""

    archive: str  # name of the archive as its links tell it
    uri_m: str  # as cited
    original: str | None  # None: only a short code
    memento_datetime: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A source to be asked for, with all that choosing and judging need."""

    source: int
    url: str
    title: str
    host: str
    aliases: tuple[str, ...]  # other spellings, targets of redirects
    canonical: str | None  # that our own copy names
    cited_on: str  # calendar date of the first citation
    basis: str  # of that date: "citation", or "first-seen" when no citation is dated
    expected: Expectation
    claims: tuple[Claim, ...]
    cited_mementos: tuple[CitedMemento, ...]
    good_capture: int | None  # our own copy
    good_payload: str | None
    attempts: int


class Wanting:
    """The sources of one archive, as web archives are asked for them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._barring = Barring(connection)

    @property
    def _sql(self) -> sqlite3.Connection:
        return self._connection.sql

    def wanted(self, source: int, expected: Expectation) -> Wanted:
        """Return what is known of a source that is to be asked for."""
        row = self._sql.execute(
            "SELECT s.id, s.url, s.title, s.host, s.first_cited_on, s.first_seen_at,"
            " c.id AS capture, c.payload AS payload, p.facts ->> 'canonical' AS canonical,"
            " r.attempts AS attempts FROM sources s"
            " LEFT JOIN rescues r ON r.source = s.id"
            " LEFT JOIN captures c ON c.id = s.good_capture"
            " LEFT JOIN page_facts p ON p.payload = c.payload WHERE s.id = ?",
            (source,),
        ).fetchone()
        dated = row["first_cited_on"] is not None
        return Wanted(
            source=source,
            url=row["url"],
            title=row["title"],
            host=row["host"],
            aliases=self._aliases(source, row["url"]),
            canonical=row["canonical"],
            cited_on=row["first_cited_on"] or row["first_seen_at"][:10],
            basis="citation" if dated else "first-seen",
            expected=expected,
            claims=self._claims(source),
            cited_mementos=self._cited_mementos(source),
            good_capture=row["capture"],
            good_payload=row["payload"],
            attempts=row["attempts"] or 0,
        )

    def _aliases(self, source: int, url: str) -> tuple[str, ...]:
        rows = self._sql.execute(
            "SELECT url FROM source_spellings WHERE source = ?1 AND url <> ?2"
            " UNION SELECT final_url FROM outcomes WHERE source = ?1"
            "   AND outcome IN ('live', 'live-unverified', 'moved') AND final_url IS NOT NULL"
            " LIMIT ?3",
            (source, url, ALIASES_MAX),
        )
        return tuple(row["url"] for row in rows if self._barring.holding(row["url"]) is None)

    def _claims(self, source: int) -> tuple[Claim, ...]:
        rows = self._sql.execute(
            "SELECT k.label, k.context, k.url_as_cited, e.title, e.summary"
            " FROM citations k JOIN entries e ON e.id = k.entry"
            " WHERE k.source = ? AND k.role IN ('source', 'archive-of') ORDER BY k.id LIMIT 5",
            (source,),
        )
        return tuple(
            Claim(
                summary=row["summary"],
                headline=row["title"],
                label=row["label"] or None,
                context=row["context"],
                fragment=fragment_of(row["url_as_cited"]),
            )
            for row in rows
        )

    def _cited_mementos(self, source: int) -> tuple[CitedMemento, ...]:
        rows = self._sql.execute(
            "SELECT DISTINCT url_as_cited FROM citations WHERE source = ? AND role = 'archive-of'"
            " ORDER BY id",
            (source,),
        )
        unwrapped = ((row["url_as_cited"], unwrap_archive_url(row["url_as_cited"])) for row in rows)
        return tuple(
            CitedMemento(found.archive, cited, found.original, found.archived_at)
            for cited, found in unwrapped
            if found is not None
        )

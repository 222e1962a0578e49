"""Rescue: which sources web archives are asked for, what they said, and what was brought home."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from crawler.archive.connection import Connection
from crawler.dates import format_instant
from crawler.mementos.examining import Examined
from crawler.mementos.grading import Graded
from crawler.mementos.limits import LimitState
from crawler.mementos.listing import Listed
from crawler.mementos.replies import Result
from crawler.passages import Claim
from crawler.urls import fragment_of, unwrap_archive_url
from crawler.verdicts.observation import Expectation

Ending = Result | Literal["none-good"]
# An archive is asked again for what it did not have: its crawlers may come late, or not at all.
ASK_AGAIN = (timedelta(days=30), timedelta(days=90), timedelta(days=182))
# A day is all that a citation tells, so a capture on the next one is none that came too late.
CITED_BEFORE = timedelta(days=2)
ALIASES_MAX = 4
REASONS = {
    "never-held": "no good copy, and the last visit failed",
    "cited-before": "it was cited before the first copy that we hold",
    "not-proved": "the copy that we hold shows neither the excerpt nor the headline of its entry",
    "asked-for": "a person asked for it",
}

# Sources that are cited, with what of them makes another's copy worth having. Where we were offline
# ourselves nothing is known; what a person has settled stays settled.
_WANTED = f"""
SELECT s.id AS source, CASE
    WHEN s.good_capture IS NULL AND s.failures > 0 THEN 'never-held'
    WHEN s.good_capture IS NOT NULL AND julianday(s.first_captured_at)
      - julianday(s.first_cited_on) > {CITED_BEFORE.days} THEN 'cited-before'
    WHEN s.good_capture IS NOT NULL AND o.reasons ->> 0 = 'unconfirmed' AND EXISTS (
      SELECT 1 FROM citations k JOIN entries e ON e.id = k.entry
      WHERE k.source = s.id AND e.summary IS NOT NULL) THEN 'not-proved'
  END AS reason
FROM sources s
LEFT JOIN captures c ON c.id = s.good_capture
LEFT JOIN outcomes o ON o.fetch = c.fetch
WHERE s.unjudged_since IS NULL AND s.last_outcome IS NOT NULL AND s.withheld IS NULL
  AND EXISTS (SELECT 1 FROM citations k WHERE k.source = s.id AND k.removed_at IS NULL
    AND k.role IN ('source', 'archive-of'))
"""


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


@dataclass(frozen=True, slots=True)
class Pace:
    """What is kept of an archive between runs."""

    state: LimitState
    index_next_at: str | None
    replay_next_at: str | None
    requests: int


class Rescuing:
    """The queue of rescue, the mementos and the limits of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def _sql(self) -> sqlite3.Connection:
        return self._connection.sql

    # The queue

    def queue(self, now: datetime, *, run: int | None = None) -> int:
        """Queue the sources that need another's copy; return how many are new.

        ``run``: only those that it visited; None: all, which looks through all sources. What waits
        without need any more, because a good copy of our own came, is taken off.
        """
        at = format_instant(now)
        visited = "" if run is None else (
            " AND s.id IN (SELECT source FROM outcomes WHERE run = ?2)"
        )  # fmt: skip
        with self._connection.writing() as sql:
            added = sql.execute(
                "INSERT INTO rescues (source, reason, state, queued_at, due_at)"
                f" SELECT w.source, w.reason, 'waiting', ?1, ?1 FROM ({_WANTED}{visited}) w"
                " WHERE w.reason IS NOT NULL"
                " AND NOT EXISTS (SELECT 1 FROM rescues r WHERE r.source = w.source)",
                (at,) if run is None else (at, run),
            ).rowcount
            sql.execute(
                "UPDATE rescues SET state = 'not-needed', due_at = NULL"
                " WHERE state IN ('waiting', 'none-found') AND reason = 'never-held'"
                " AND source IN (SELECT id FROM sources WHERE good_capture IS NOT NULL)"
            )
        return int(added)

    def ask_for(self, sources: Iterable[int], now: datetime) -> None:
        """Make sources due at once, because a person asks for them."""
        at = format_instant(now)
        with self._connection.writing() as sql:
            sql.executemany(
                "INSERT INTO rescues (source, reason, state, queued_at, due_at)"
                " VALUES (?1, 'asked-for', 'waiting', ?2, ?2)"
                " ON CONFLICT (source) DO UPDATE SET due_at = ?2,"
                " state = CASE state WHEN 'home' THEN 'home' ELSE 'waiting' END",
                [(source, at) for source in sources],
            )

    def due(self, now: datetime, limit: int, sources: Sequence[int] = ()) -> list[int]:
        """Return the sources that archives may be asked for, oldest wish first.

        ``sources``: only these.
        """
        rows = self._sql.execute(
            "SELECT source FROM rescues WHERE due_at <= ?1"
            " AND source NOT IN (SELECT id FROM sources WHERE withheld IS NOT NULL)"
            " AND (?3 = '[]' OR source IN (SELECT value FROM json_each(?3)))"
            " ORDER BY due_at, queued_at, source LIMIT ?2",
            (format_instant(now), limit, json.dumps(list(sources))),
        )
        return [row["source"] for row in rows]

    def count_due(self, now: datetime) -> int:
        """Return how many sources archives may be asked for."""
        row = self._sql.execute(
            "SELECT count(*) AS n FROM rescues WHERE due_at <= ?", (format_instant(now),)
        ).fetchone()
        return int(row["n"])

    def queued(self, sources: Sequence[int] = ()) -> list[sqlite3.Row]:
        """Return the queue as the view ``rescued`` shows it; ``sources``: only these."""
        return self._sql.execute(
            "SELECT * FROM rescued WHERE ?1 = '[]' OR source IN (SELECT value FROM json_each(?1))"
            " ORDER BY state, due_at, source",
            (json.dumps(list(sources)),),
        ).fetchall()

    def settle(
        self,
        source: int,
        ending: Ending,
        now: datetime,
        *,
        memento: int | None = None,
        again_at: datetime | None = None,
    ) -> None:
        """Write how an attempt ended; ``again_at``: when to go on, where it could not be finished.

        ``memento`` is the best that was brought home; or one that is known to have the bytes of
        our own copy, and then nothing more is needed. What was brought home stays, whatever comes
        later.
        """
        row = self._sql.execute(
            "SELECT r.attempts, r.memento FROM rescues r WHERE r.source = ?", (source,)
        ).fetchone()
        finished, held = again_at is None, memento or row["memento"]
        attempts = row["attempts"] + finished
        if finished and held is None:
            again_at = now + ASK_AGAIN[min(attempts, len(ASK_AGAIN)) - 1]
        elif held is not None:
            again_at = None
        with self._connection.writing() as sql:
            sql.execute(
                "UPDATE rescues SET due_at = ?1, attempts = ?2, last_result = ?3,"
                " last_asked_at = ?4, memento = ?5, state = CASE WHEN ?5 IS NOT NULL THEN"
                "  (SELECT iif(m.state = 'home', 'home', 'not-needed') FROM mementos m"
                "   WHERE m.id = ?5) ELSE ?6 END WHERE source = ?7",
                (
                    format_instant(again_at) if again_at else None, attempts, ending,
                    format_instant(now), held, "none-found" if finished else "waiting", source,
                ),
            )  # fmt: skip

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
        return tuple(row["url"] for row in rows)

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

    # What archives said

    def save_lookup(
        self,
        source: int,
        archive: str,
        result: Result,
        reason: str,
        *,
        fetch: int | None,
        listed: int,
        malformed: int,
        now: datetime,
    ) -> None:
        """Keep what an archive said when it was asked for a source."""
        with self._connection.writing() as sql:
            sql.execute(
                "INSERT INTO lookups (source, archive, fetch, result, reason, listed, malformed,"
                " asked_at) VALUES (?,?,?,?,?,?,?,?)",
                (source, archive, fetch, result, reason, listed, malformed, format_instant(now)),
            )

    def know(
        self, source: int, archive: str, uri_m: str, memento: Listed, *, known_from: str,
        same_bytes_as: int | None = None, now: datetime,
    ) -> int:  # fmt: skip
        """Keep that an archive holds a memento, and return its row. What is known stays."""
        with self._connection.writing() as sql:
            row = sql.execute(
                "INSERT INTO mementos (source, archive, uri_m, original, memento_datetime,"
                " known_from, status, digest, state, same_bytes_as, found_at)"
                " VALUES (?,?,?,?,?,?,?,?,'known',?,?)"
                " ON CONFLICT (source, archive, uri_m) DO UPDATE SET"
                " digest = coalesce(digest, excluded.digest),"
                " status = coalesce(status, excluded.status),"
                " original = coalesce(original, excluded.original),"
                " memento_datetime = coalesce(memento_datetime, excluded.memento_datetime),"
                " same_bytes_as = coalesce(same_bytes_as, excluded.same_bytes_as) RETURNING id",
                (
                    source, archive, uri_m, memento.original, memento.memento_datetime or None,
                    known_from, memento.status, memento.digest, same_bytes_as, format_instant(now),
                ),
            ).fetchone()  # fmt: skip
        return int(row["id"])

    def reject(
        self,
        memento: int,
        outcome: str,
        reasons: Sequence[str],
        capture: int | None,
        now: datetime,
    ) -> None:
        """Keep that a memento is not the page that was cited."""
        with self._connection.writing() as sql:
            sql.execute(
                "UPDATE mementos SET state = 'rejected', outcome = ?, reasons = ?, capture = ?,"
                " proof = NULL, class = NULL, evidence = NULL, retrieved_at = ? WHERE id = ?",
                (outcome, json.dumps(list(reasons)), capture, format_instant(now), memento),
            )

    def bring_home(
        self,
        memento: int,
        found: Examined,
        graded: Graded,
        capture: int,
        now: datetime,
    ) -> None:
        """Keep that a memento is good, and how sure it shows the page as it was cited."""
        with self._connection.writing() as sql:
            sql.execute(
                "UPDATE mementos SET state = 'home', outcome = ?, reasons = ?, proof = ?,"
                " class = ?, evidence = ?, capture = ?, retrieved_at = ?,"
                " memento_datetime = ? WHERE id = ?",
                (
                    found.outcome, json.dumps(list(found.reasons)), found.proof, graded.confidence,
                    json.dumps(graded.evidence), capture, format_instant(now),
                    graded.witness.memento.memento_datetime, memento,
                ),
            )  # fmt: skip

    def confirm(self, memento: int, note: Mapping[str, object]) -> None:
        """Add to the evidence of a memento what a second archive says of it."""
        row = self._sql.execute("SELECT evidence FROM mementos WHERE id = ?", (memento,)).fetchone()
        evidence = {**json.loads(row["evidence"] or "{}"), **note}
        with self._connection.writing() as sql:
            sql.execute(
                "UPDATE mementos SET evidence = ? WHERE id = ?", (json.dumps(evidence), memento)
            )

    def best(self, source: int) -> sqlite3.Row | None:
        """Return the best memento that was brought home for a source; None: there is none."""
        row: sqlite3.Row | None = self._sql.execute(
            "SELECT m.* FROM rescues r JOIN mementos m ON m.id = r.memento WHERE r.source = ?",
            (source,),
        ).fetchone()
        return row

    def at_home(self, limit: int, sources: Sequence[int] = ()) -> list[int]:
        """Return the sources that have a memento here, those never re-checked first."""
        rows = self._sql.execute(
            "SELECT r.source FROM rescues r JOIN mementos m ON m.id = r.memento"
            " JOIN sources s ON s.id = r.source WHERE r.state = 'home' AND s.withheld IS NULL"
            " AND (?1 = '[]' OR r.source IN (SELECT value FROM json_each(?1)))"
            " ORDER BY m.evidence ->> 'second_asked_at', r.source LIMIT ?2",
            (json.dumps(list(sources)), limit),
        )
        return [row["source"] for row in rows]

    def mementos(self, source: int) -> list[sqlite3.Row]:
        """Return the mementos of a source that are known, by their instants."""
        return self._sql.execute(
            "SELECT m.*, c.payload AS payload FROM mementos m"
            " LEFT JOIN captures c ON c.id = m.capture WHERE m.source = ?"
            " ORDER BY m.memento_datetime, m.id",
            (source,),
        ).fetchall()

    def of_source(self, source: int) -> sqlite3.Row | None:
        """Return the row of a source in the queue; None: it was never queued."""
        row: sqlite3.Row | None = self._sql.execute(
            "SELECT * FROM rescues WHERE source = ?", (source,)
        ).fetchone()
        return row

    def counts(self) -> dict[str, int]:
        """Return how many sources of the queue are in each state."""
        rows = self._sql.execute("SELECT state, count(*) AS n FROM rescues GROUP BY state")
        return {row["state"]: row["n"] for row in rows}

    # Limits

    def pace(self, archive: str) -> Pace:
        """Return what is known of an archive's patience."""
        row = self._sql.execute(
            "SELECT * FROM archive_limits WHERE archive = ?", (archive,)
        ).fetchone()
        if row is None:
            return Pace(LimitState(), None, None, 0)
        state = LimitState(row["strikes"], row["resting_until"], row["reason"])
        return Pace(state, row["index_next_at"], row["replay_next_at"], row["requests"])

    def save_pace(self, archive: str, pace: Pace, now: datetime) -> None:
        """Keep what is known of an archive's patience, for this run and the next."""
        with self._connection.writing() as sql:
            sql.execute(
                "INSERT OR REPLACE INTO archive_limits (archive, strikes, resting_until, reason,"
                " index_next_at, replay_next_at, requests, changed_at) VALUES (?,?,?,?,?,?,?,?)",
                (
                    archive, pace.state.strikes, pace.state.resting_until, pace.state.reason,
                    pace.index_next_at, pace.replay_next_at, pace.requests, format_instant(now),
                ),
            )  # fmt: skip

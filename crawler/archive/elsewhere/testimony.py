"""What web archives said: their lists, their mementos, and how patient each of them is."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crawler.archive.connection import Connection
from crawler.archive.elsewhere.reasons import CLAIMED
from crawler.dates import format_instant
from crawler.mementos.claims import Claimed
from crawler.mementos.examining import Examined
from crawler.mementos.grading import Graded
from crawler.mementos.limits import LimitState
from crawler.mementos.listing import Listed
from crawler.mementos.replies import Found


@dataclass(frozen=True, slots=True)
class Pace:
    """What is kept of an archive between runs."""

    state: LimitState
    index_next_at: str | None
    replay_next_at: str | None
    requests: int


class Testimony:
    """The lookups, the mementos and the limits of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def _sql(self) -> sqlite3.Connection:
        return self._connection.sql

    def save_lookup(
        self, source: int, archive: str, said: Found, *, fetch: int, now: datetime
    ) -> None:
        """Keep what an archive said when it was asked for a source, by the last of its answers."""
        listing = said.listing
        row = (source, archive, fetch, said.result, said.reason, len(listing.mementos),
               listing.malformed, format_instant(now))  # fmt: skip
        with self._connection.writing() as sql:
            sql.execute(
                "INSERT INTO lookups (source, archive, fetch, result, reason, listed, malformed,"
                " asked_at) VALUES (?,?,?,?,?,?,?,?)",
                row,
            )

    def kept_list(self, url: str, since: datetime) -> str | None:
        """Return the digest of the latest list that an archive gave at an address; None: none."""
        row = self._sql.execute(
            "SELECT c.payload FROM captures c JOIN fetches f ON f.id = c.fetch"
            " WHERE c.source IS NULL AND c.url = ? AND c.truncated IS NULL"
            " AND f.purpose = 'rescue' AND f.status = 200 AND c.captured_at >= ?"
            " ORDER BY c.id DESC LIMIT 1",
            (url, format_instant(since)),
        ).fetchone()
        return row["payload"] if row else None

    def know(
        self, source: int, archive: str, memento: Listed, *, known_from: str,
        same_bytes_as: int | None = None, now: datetime,
    ) -> int:  # fmt: skip
        """Keep that an archive holds a memento, at its URI-M, and return its row.

        What is known stays.
        """
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
                    source, archive, memento.uri_m, memento.original,
                    memento.memento_datetime or None, known_from, memento.status, memento.digest,
                    same_bytes_as, format_instant(now),
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

    def was_fetched(self, source: int, archive: str, uri_m: str) -> bool:
        """Tell whether a memento was looked at, here or by whoever made a file that tells of it."""
        row = self._sql.execute(
            "SELECT state FROM mementos WHERE source = ? AND archive = ? AND uri_m = ?",
            (source, archive, uri_m),
        ).fetchone()
        return row is not None and row["state"] != "known"

    def take_word(self, source: int, told: Claimed, capture: int) -> int:
        """Keep what a file that is imported says of a memento, and return its row."""
        values = (
            source, told.archive, told.uri_m, told.original, told.memento_datetime,
            told.known_from, told.status, told.digest, told.state, told.outcome,
            json.dumps(list(told.reasons)), told.proof, told.confidence,
            json.dumps(told.evidence) if told.evidence else None, capture, told.found_at,
            told.retrieved_at,
        )  # fmt: skip
        with self._connection.writing() as sql:
            row = sql.execute(
                "INSERT INTO mementos (source, archive, uri_m, original, memento_datetime,"
                " known_from, status, digest, state, outcome, reasons, proof, class, evidence,"
                " capture, found_at, retrieved_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
                # one that is only known, from a list or a citation, keeps how it became so
                " ON CONFLICT (source, archive, uri_m) DO UPDATE SET state = excluded.state,"
                " outcome = excluded.outcome, reasons = excluded.reasons, proof = excluded.proof,"
                " class = excluded.class, evidence = excluded.evidence,"
                " capture = excluded.capture, retrieved_at = excluded.retrieved_at,"
                " original = coalesce(original, excluded.original),"
                " memento_datetime = coalesce(excluded.memento_datetime, memento_datetime)"
                " RETURNING id",
                values,
            ).fetchone()
        return int(row["id"])

    def confirm(self, memento: int, note: Mapping[str, object]) -> None:
        """Add to the evidence of a memento what a second archive says of it."""
        row = self._sql.execute("SELECT evidence FROM mementos WHERE id = ?", (memento,)).fetchone()
        evidence = {**json.loads(row["evidence"] or "{}"), **note}
        with self._connection.writing() as sql:
            sql.execute(
                "UPDATE mementos SET evidence = ? WHERE id = ?", (json.dumps(evidence), memento)
            )

    def mementos(self, source: int) -> list[sqlite3.Row]:
        """Return the mementos of a source that are known, by their instants.

        ``claimed``: 1 where only an imported file tells what was found in them.
        """
        return self._sql.execute(
            f"SELECT m.*, c.payload AS payload, {CLAIMED} AS claimed FROM mementos m"
            " LEFT JOIN captures c ON c.id = m.capture WHERE m.source = ?"
            " ORDER BY m.memento_datetime, m.id",
            (source,),
        ).fetchall()

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

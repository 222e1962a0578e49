"""What was judged and concluded. All but verdicts is derived from the evidence."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from crawler.archive.connection import Connection
from crawler.archive.storable import compact_json
from crawler.archive.writing.ledger import CITED_LATELY_DAYS
from crawler.archive.writing.sequence import LINEAGE, credible_dates, in_sequence
from crawler.archive.writing.visits import EndedVisit
from crawler.dates import format_instant, parse_instant
from crawler.items import BY_HAND, OURS
from crawler.verdicts.observation import Judgement
from crawler.verdicts.state import Override, Seen, Verdict


@dataclass(frozen=True, slots=True)
class SourceState:
    """What concluding and planning must know of a source's row."""

    id: int
    url: str
    first_cited_on: str | None
    first_captured_at: str | None
    failures: int
    etag: str | None
    verdict: str
    good_payload: str | None  # digest of the good copy; None: none is held
    mime: str | None  # of the good copy, told from the bytes
    canonical: str | None  # the address that the good copy gives as its own
    published_on: str | None  # that its article names
    versions: int
    version_since: str | None  # when the version that it shows was first seen
    payloads: int  # different payloads that it brought
    entries: int  # how many cite it now
    cited_anew_at: str | None  # when an entry came to cite it that had not


class Judgements:
    """Outcomes, incidents and verdicts of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def _sql(self) -> sqlite3.Connection:
        return self._connection.sql

    def source(self, source: int) -> SourceState:
        """Return the state of a source."""
        row = self._sql.execute(
            "SELECT s.id, s.url, s.first_cited_on, s.first_captured_at,"
            " s.failures, s.etag, s.verdict, c.payload AS good_payload, c.mime_sniffed AS mime,"
            " (SELECT p.facts ->> 'canonical' FROM page_facts p WHERE p.payload = c.payload)"
            "   AS canonical,"
            " a.published_on AS published_on,"
            " (SELECT count(*) FROM versions w WHERE w.source = s.id) AS versions,"
            " v.first_seen_at AS version_since,"
            " (SELECT count(DISTINCT k.payload) FROM captures k WHERE k.source = s.id"
            f"   AND k.origin IN {OURS}) AS payloads,"
            " (SELECT count(DISTINCT k.entry) FROM citations k"
            "   WHERE k.source = s.id AND k.removed_at IS NULL) AS entries,"
            " (SELECT max(k.first_seen_at) FROM citations k WHERE k.source = s.id"
            "   AND coalesce(k.cited_on, '9999') >="
            f"    date(k.first_seen_at, '-{CITED_LATELY_DAYS} days')) AS cited_anew_at"
            " FROM sources s LEFT JOIN captures c ON c.id = s.good_capture"
            " LEFT JOIN versions v ON v.id = s.version LEFT JOIN articles a ON a.id = v.article"
            " WHERE s.id = ?",
            (source,),
        ).fetchone()
        return SourceState(**dict(row))

    # Outcomes

    def save_outcome(
        self,
        visit: EndedVisit,
        judgement: Judgement,
        *,
        incident: int | None,
        now: datetime,
        to_cited: float | None = None,
    ) -> None:
        """Keep what a visit was judged to show, in place of an earlier judgement of it.

        ``to_cited``: how alike its text is to the first version's; None: not compared.
        """
        measures, asked = judgement.measures, visit.hops[0].url
        self._sql.execute(
            "INSERT OR REPLACE INTO outcomes (fetch, source, run, fetched_at, outcome, reasons,"
            " evidence, similarity, similarity_to_cited, final_url, incident, judged_at)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                visit.fetch, visit.source, visit.run, visit.last.fetched_at, judgement.outcome,
                json.dumps(judgement.reasons), compact_json(dict(judgement.evidence)),
                measures.similarity if measures else None, to_cited,
                visit.last.url if visit.last.url != asked else None, incident,
                format_instant(now),
            ),
        )  # fmt: skip

    def history(self, source: int) -> tuple[Seen, ...]:
        """Return what the visits to a source showed, oldest first.

        What a person supplied was no visit, and tells nothing of the address. Their dates
        never turn back, whatever the clock did (``credible_dates``).
        """
        rows = self._sql.execute(
            # Of a text that was cut or extended all of one side stands: it has not drifted.
            "SELECT o.fetch, o.fetched_at, o.outcome, o.reasons, o.incident, o.similarity_to_cited,"
            " max(o.similarity, coalesce(h.old_in_new, 0), coalesce(h.new_in_old, 0))"
            f" AS similarity, {LINEAGE} FROM outcomes o JOIN runs r ON r.id = o.run"
            " LEFT JOIN changes h ON h.fetch = o.fetch LEFT JOIN captures c ON c.fetch = o.fetch"
            " WHERE o.source = ? AND c.origin IS NOT ?",
            (source, BY_HAND),
        )
        ordered = in_sequence(self._sql, rows)
        return tuple(
            Seen(
                row["fetch"], parse_instant(at), row["outcome"],
                tuple(json.loads(row["reasons"])), row["similarity"], row["similarity_to_cited"],
                row["incident"],
            )
            for row, at in zip(ordered, credible_dates(ordered), strict=True)
        )  # fmt: skip

    def begin_incident(
        self, host: str, run: int, *, visited: int, failed: int, now: datetime
    ) -> int:
        """Record that a whole host fails, once in a run; return the row."""
        self._sql.execute(
            "INSERT INTO incidents (host, run, began_at, sources_visited, sources_failed)"
            " VALUES (?,?,?,?,?) ON CONFLICT (run, host) DO UPDATE SET"
            " sources_visited = excluded.sources_visited, sources_failed = excluded.sources_failed",
            (host, run, format_instant(now), visited, failed),
        )
        row = self._sql.execute(
            "SELECT id FROM incidents WHERE run = ? AND host = ?", (run, host)
        ).fetchone()
        return int(row["id"])

    def join_incident(self, incident: int, run: int, host: str) -> None:
        """Make the failures of a host in a run part of its incident."""
        self._sql.execute(
            "UPDATE outcomes SET incident = ? WHERE run = ? AND source IN"
            " (SELECT id FROM sources WHERE host = ?)"
            " AND outcome NOT IN ('live', 'live-unverified', 'moved')",
            (incident, run, host),
        )

    # Verdicts

    def override(self, source: int) -> Override | None:
        """Return what a person has said of a source and not withdrawn."""
        row = self._sql.execute(
            "SELECT * FROM verdicts WHERE source = ? ORDER BY id DESC LIMIT 1", (source,)
        ).fetchone()
        if row is None or not row["by_hand"]:
            return None
        return Override(row["state"], row["note"] or "", parse_instant(row["concluded_at"]))

    def verdicts(self, source: int) -> list[sqlite3.Row]:
        """Return the verdicts on a source, oldest first."""
        return self._sql.execute(
            "SELECT * FROM verdicts WHERE source = ? ORDER BY id", (source,)
        ).fetchall()

    def save_verdict(
        self, source: int, verdict: Verdict, *, run: int | None, now: datetime
    ) -> None:
        """Bring the verdict in the source's row up to date; a new state is kept as a row."""
        last = self._sql.execute(
            "SELECT state, by_hand, note FROM verdicts WHERE source = ? ORDER BY id DESC LIMIT 1",
            (source,),
        ).fetchone()
        told = (verdict.state, int(verdict.by_hand), verdict.note)
        new = last is None or (last["state"], last["by_hand"], last["note"]) != told
        if new and not (last is None and verdict.state == "unknown"):
            self._add_verdict(source, verdict, run, now)
        self._sql.execute(
            "UPDATE sources SET verdict = ?, verdict_since = ?, last_proven_alive_at = ?,"
            " first_seen_missing_at = ? WHERE id = ?",
            (
                verdict.state, _instant(verdict.since), _instant(verdict.last_proven_alive_at),
                _instant(verdict.first_seen_missing_at), source,
            ),
        )  # fmt: skip

    def _add_verdict(self, source: int, verdict: Verdict, run: int | None, now: datetime) -> None:
        self._sql.execute(
            "INSERT INTO verdicts (source, run, state, since, confidence, reasons, deciding,"
            " fetches, last_proven_alive_at, first_seen_missing_at, by_hand, note, concluded_at)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                source, run, verdict.state, _instant(verdict.since), verdict.confidence,
                json.dumps(verdict.reasons), json.dumps(verdict.deciding), verdict.fetches,
                _instant(verdict.last_proven_alive_at), _instant(verdict.first_seen_missing_at),
                verdict.by_hand, verdict.note, format_instant(now),
            ),
        )  # fmt: skip

    # Beginning anew

    def forget(self, source: int) -> dict[int, int]:
        """Take back what was derived for a source, so that its visits can be judged anew.

        Returns the incidents of its fetches: they tell of the host, and are not derived from one
        source's visits.
        """
        rows = self._sql.execute(
            "SELECT fetch, incident FROM outcomes WHERE source = ? AND incident IS NOT NULL",
            (source,),
        )
        incidents = {row["fetch"]: row["incident"] for row in rows}
        for statement in (
            "DELETE FROM standings WHERE version IN (SELECT id FROM versions WHERE source = ?)",
            "DELETE FROM anchors WHERE citation IN (SELECT id FROM citations WHERE source = ?)",
            "UPDATE sources SET version = NULL, changes = 0, changed_at = NULL,"
            " good_capture = NULL, first_captured_at = NULL, failures = 0,"
            # that of a copy that may have been none; accepted anew, it gives it again
            " title = coalesce((SELECT nullif(k.label, '') FROM citations k"
            "  WHERE k.source = sources.id ORDER BY k.id LIMIT 1), url) WHERE id = ?",
            "DELETE FROM changes WHERE source = ?",
            "DELETE FROM versions WHERE source = ?",
            "DELETE FROM outcomes WHERE source = ?",
        ):
            self._sql.execute(statement, (source,))
        return incidents


def _instant(moment: datetime | None) -> str | None:
    return format_instant(moment) if moment else None

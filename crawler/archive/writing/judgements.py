"""What was judged, found changed and concluded. All but verdicts is derived from the evidence."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from crawler.archive.connection import Connection
from crawler.archive.views import ARTICLE_OF
from crawler.archive.writing.ledger import CITED_LATELY_DAYS
from crawler.archive.writing.sequence import LINEAGE, credible_dates, in_sequence
from crawler.archive.writing.visits import EndedVisit
from crawler.comparison.change import Change
from crawler.comparison.texts import text_digest
from crawler.dates import format_instant, parse_instant
from crawler.items import BY_HAND, OURS, Article, PageFacts
from crawler.verdicts.observation import Judgement
from crawler.verdicts.state import Override, Seen, Verdict


@dataclass(frozen=True, slots=True)
class Version:
    """A distinct text of a source, as its row tells it."""

    id: int
    number: int
    article: int  # row of an article that has this text


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
    """Outcomes, versions, changes and verdicts of one archive."""

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
                json.dumps(judgement.reasons), _json(dict(judgement.evidence)),
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

    def save_facts(self, payload: str, facts: PageFacts, *, now: str) -> None:
        """Keep what the page in a payload shows."""
        known = {
            known.name: value
            for known in fields(PageFacts)
            if (value := getattr(facts, known.name)) != known.default  # False is not None
        }
        self._sql.execute(
            "INSERT OR REPLACE INTO page_facts (payload, facts, read_at) VALUES (?, ?, ?)",
            (payload, json.dumps(known, ensure_ascii=False), now),
        )

    def save_title(self, host: str, kind: str, title: str, *, now: datetime) -> None:
        """Keep the title of a host's home page, or of an error page of it."""
        if kind == "home":
            self._sql.execute("DELETE FROM host_titles WHERE host = ? AND kind = 'home'", (host,))
        self._sql.execute(
            "INSERT OR REPLACE INTO host_titles (host, kind, title, seen_at) VALUES (?,?,?,?)",
            (host, kind, title, format_instant(now)),
        )

    def save_probe(self, host: str, parent: str, visit: EndedVisit, url: str) -> None:
        """Keep what a host said of a page that cannot exist, in place of what it said before."""
        last = visit.last
        self._sql.execute(
            "INSERT OR REPLACE INTO probes (host, parent, url, fetch, final_url, status, payload,"
            " probed_at) VALUES (?,?,?,?,?,?,?,?)",
            (
                host, parent, url, visit.fetch, last.url, last.status, visit.payload,
                last.fetched_at,
            ),
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

    # Versions and changes

    def version_of(self, source: int, payload: str) -> int | None:
        """Return the version that a source shows, if it is the text to show of a payload."""
        row = self._sql.execute(
            "SELECT v.id FROM sources s JOIN versions v ON v.id = s.version"
            " JOIN extractions x ON x.id = v.article WHERE s.id = ?1 AND x.text IS NOT NULL"
            f" AND v.article = {ARTICLE_OF.format(payload='?2')}",
            (source, payload),
        ).fetchone()
        return row["id"] if row else None

    def version(self, source: int) -> Version | None:
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

    def show_version(self, visit: EndedVisit, article: Article, article_row: int) -> Version:
        """Return the version that an article is, a new one or known. A source may go back."""
        title, digest = article.title or "", text_digest(article.text or "")
        known = self._sql.execute(
            "SELECT id, number, article FROM versions"
            " WHERE source = ? AND text_digest = ? AND title = ?",
            (visit.source, digest, title),
        ).fetchone()
        if known:
            self.touch_version(known["id"], visit.last.fetched_at)
            return Version(**dict(known))
        row = self._sql.execute(
            "INSERT INTO versions (source, number, title, text_digest, article, capture,"
            " first_seen_at, last_seen_at) SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5,"
            " ?6, ?6 FROM versions WHERE source = ?1 RETURNING id, number, article",
            (visit.source, title, digest, article_row, visit.capture, visit.last.fetched_at),
        ).fetchone()
        return Version(**dict(row))

    def refresh_version(self, version: int, article: Article, article_row: int) -> None:
        """Let a version have the text that a newer extractor finds in the same payload."""
        self._sql.execute(
            "UPDATE versions SET article = ?, title = ?, text_digest = ? WHERE id = ?",
            (article_row, article.title or "", text_digest(article.text or ""), version),
        )

    def touch_version(self, version: int, seen_at: str) -> None:
        """Note that a version was seen again."""
        self._sql.execute(
            "UPDATE versions SET last_seen_at = max(last_seen_at, ?) WHERE id = ?",
            (seen_at, version),
        )

    def set_version(self, source: int, version: int) -> None:
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
                m.words_after, _json(edits), _json(change.links_added),
                _json(change.links_removed), visit.last.fetched_at,
            ),
        )  # fmt: skip
        if change.told:
            self._sql.execute(
                "UPDATE sources SET changes = changes + 1, changed_at = ? WHERE id = ?",
                (visit.last.fetched_at, visit.source),
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


def _json(value: Sequence[object] | dict[str, object]) -> str | None:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else None


def _instant(moment: datetime | None) -> str | None:
    return format_instant(moment) if moment else None

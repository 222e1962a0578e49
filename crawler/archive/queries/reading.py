"""Reading the archive: what the commands and people ask of it."""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from crawler.archive.connection import Connection
from crawler.archive.elsewhere.reasons import CLAIMED, TO_COMPARE
from crawler.archive.views import ARTICLE_OF
from crawler.errors import UrlError, UsageError
from crawler.items import BY_HAND, IMPORTED, OURS, OWN
from crawler.urls import parse_url, unwrap_archive_url, urlkey

FOUND_MAX = 200  # sources that a part of a URL may fit before counting stops


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what is cited is held."""

    entries: int
    citations: int  # of the roles source and archive-of, still in their entry
    citations_held: int
    citations_held_elsewhere: int  # not by us, but the entry cites the copy of a web archive
    citations_rescued: int  # not by us, but brought home from a web archive
    citations_unfetchable: int  # their URL can never be fetched: no address in it
    sources: int
    sources_held: int
    sources_failing: int  # last visit failed; held or not
    sources_never_fetched: int
    captures: int  # our own
    mementos: int  # good captures of web archives that were brought home
    rescues_waiting: int  # sources that we lack, and that archives are still to be asked for
    comparisons_waiting: int  # that we hold, and of which an older copy could be compared
    revisits: int
    payload_bytes: int  # before compression
    stored_bytes: int
    reading_problems: int


class Reading:
    """Questions to one archive."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection.sql
        self._path = connection.path

    def coverage(self) -> Coverage:
        """Return the counts that ``status`` shows; an empty archive gives zeros."""
        cited = "removed_at IS NULL AND role IN ('source', 'archive-of')"
        row = self._sql.execute(
            f"""SELECT
              (SELECT count(*) FROM entries) AS entries,
              (SELECT count(*) FROM citations WHERE {cited}) AS citations,
              (SELECT count(*) FROM citations k JOIN sources s ON s.id = k.source
                WHERE {cited} AND s.good_capture IS NOT NULL) AS citations_held,
              (SELECT count(*) FROM citations k LEFT JOIN sources s ON s.id = k.source
                LEFT JOIN rescues r ON r.source = s.id
                WHERE {cited} AND k.role = 'archive-of' AND s.good_capture IS NULL
                AND r.state IS NOT 'home') AS citations_held_elsewhere,
              (SELECT count(*) FROM citations k JOIN sources s ON s.id = k.source
                JOIN rescues r ON r.source = s.id
                WHERE {cited} AND s.good_capture IS NULL AND r.state = 'home')
                AS citations_rescued,
              (SELECT count(*) FROM citations WHERE {cited} AND source IS NULL)
                AS citations_unfetchable,
              (SELECT count(*) FROM sources) AS sources,
              (SELECT count(*) FROM sources WHERE good_capture IS NOT NULL) AS sources_held,
              (SELECT count(*) FROM sources WHERE failures > 0) AS sources_failing,
              (SELECT count(*) FROM sources WHERE last_fetched_at IS NULL)
                AS sources_never_fetched,
              (SELECT count(*) FROM captures WHERE source IS NOT NULL
                AND origin IN {OURS}) AS captures,
              (SELECT count(*) FROM mementos WHERE state = 'home') AS mementos,
              (SELECT count(*) FROM rescues WHERE state = 'waiting'
                AND reason <> '{TO_COMPARE}') AS rescues_waiting,
              (SELECT count(*) FROM rescues WHERE state = 'waiting'
                AND reason = '{TO_COMPARE}') AS comparisons_waiting,
              (SELECT count(*) FROM captures WHERE source IS NOT NULL
                AND origin IN {OURS} AND record_type = 'revisit') AS revisits,
              (SELECT coalesce(sum(size_bytes), 0) FROM payloads) AS payload_bytes,
              (SELECT coalesce(sum(length(bytes)), 0) FROM payloads) AS stored_bytes,
              (SELECT count(*) FROM reading_problems) AS reading_problems"""
        ).fetchone()
        return Coverage(**dict(row))

    def latest_crawl(self) -> sqlite3.Row | None:
        """Return when the latest crawl began and how it ended; None: there was none.

        ``finish_reason`` is ``unfinished`` while it runs, and for one that was just killed.
        """
        row: sqlite3.Row | None = self._sql.execute(
            "SELECT started_at, finished_at, finish_reason FROM runs_report"
            " WHERE command = 'crawl' ORDER BY id DESC LIMIT 1"
        ).fetchone()
        return row

    def verdicts(self) -> dict[str, int]:
        """Return how many sources are in each state."""
        rows = self._sql.execute(
            "SELECT verdict, count(*) AS n FROM sources GROUP BY verdict ORDER BY n DESC, verdict"
        )
        return {row["verdict"]: row["n"] for row in rows}

    def attention(self, limit: int) -> list[sqlite3.Row]:
        """Return the sources that need a person, latest first: vanished, or materially changed."""
        return self._sql.execute(
            "SELECT id, title, url, verdict, verdict_since, changed_at, entries, held"
            " FROM sources_now WHERE verdict IN ('vanished', 'usurped', 'drifted', 'blocked')"
            " OR changes > 0"
            " ORDER BY max(coalesce(verdict_since, ''), coalesce(changed_at, '')) DESC, id LIMIT ?",
            (limit,),
        ).fetchall()

    def worst_entries(self, limit: int) -> list[sqlite3.Row]:
        """Return the entries with most citations that nobody is known to hold, worst first."""
        return self._sql.execute(
            "SELECT * FROM coverage_by_entry WHERE not_held + held_elsewhere > 0"
            " ORDER BY not_held DESC, held_elsewhere DESC, date DESC, id LIMIT ?",
            (limit,),
        ).fetchall()

    def source(self, text: str) -> sqlite3.Row:
        """Return the row of ``sources_now`` that a person means: by id, URL or part of a URL.

        A number is an id and nothing else: `forget 99` must not fall on a page called "/2024/99".
        Raises UsageError when none or several fit.
        """
        if not text.strip():
            raise UsageError("an empty name fits every source; name one by its id, URL or title")
        is_number = text.isdecimal()
        found = self._by_id(text) if is_number else self._by_url(text) or self._by_part(text)
        if not found:
            raise UsageError(
                f"no source fits {text!r}; list them with: sourcekeep export --archive"
                f" {shlex.quote(str(self._path))} csv - --table sources_now"
            )
        if len(found) > 1:
            shown = "\n".join(f"  {row['id']:>5}  {row['url']}" for row in found[:10])
            count = f"{len(found)}" if len(found) < FOUND_MAX else f"at least {FOUND_MAX}"
            raise UsageError(f"{text!r} fits {count} sources; name one by its id:\n{shown}")
        return found[0]

    def source_ids(self) -> list[int]:
        """Return the ids of all sources."""
        return [row["id"] for row in self._sql.execute("SELECT id FROM sources ORDER BY id")]

    def source_urls(self) -> list[str]:
        """Return the address of every source."""
        return [row["url"] for row in self._sql.execute("SELECT url FROM sources ORDER BY id")]

    def sources_showing(self, payload: str) -> list[int]:
        """Return the sources that have shown a payload."""
        rows = self._sql.execute(
            "SELECT DISTINCT source FROM captures WHERE payload = ? AND source IS NOT NULL",
            (payload,),
        )
        return [row["source"] for row in rows]

    def _by_id(self, text: str) -> list[sqlite3.Row]:
        return self._sql.execute("SELECT * FROM sources_now WHERE id = ?", (text,)).fetchall()

    def _by_url(self, text: str) -> list[sqlite3.Row]:
        """By identity, so that any spelling of a URL finds it, an archive link to it too."""
        try:
            url = parse_url(text)
        except UrlError:
            return []
        unwrapped = unwrap_archive_url(url)
        if unwrapped and unwrapped.original:
            url = unwrapped.original
        return self._sql.execute(
            "SELECT * FROM sources_now WHERE id IN (SELECT id FROM sources WHERE urlkey = ?"
            " UNION SELECT source FROM source_spellings WHERE url = ?)",
            (urlkey(url), url),
        ).fetchall()

    def _by_part(self, text: str) -> list[sqlite3.Row]:
        return self._sql.execute(
            "SELECT * FROM sources_now WHERE instr(lower(url), lower(?1)) > 0"
            " OR instr(lower(coalesce(title, '')), lower(?1)) > 0 ORDER BY id LIMIT ?2",
            (text, FOUND_MAX),
        ).fetchall()

    def snapshot(self, source: int, at: str | None = None) -> sqlite3.Row | None:
        """Return the good snapshot of a source: the latest, or the one nearest to ``at``.

        Of two equally near the earlier is taken: it shows what had been there. The latest is the
        latest of our own; one from elsewhere where we have none. None: we hold none.
        """
        # Whole seconds: fractions of Julian days are rounded, and would part what is equally near.
        order = (
            f"origin = '{OWN}' DESC, origin = '{BY_HAND}', captured_at DESC, id DESC"
            if at is None
            else "abs(strftime('%s', captured_at) - strftime('%s', ?2)), captured_at, id"
        )  # fmt: skip
        row: sqlite3.Row | None = self._sql.execute(
            "SELECT * FROM snapshots WHERE source = ?1"
            " AND outcome IN ('live', 'live-unverified', 'moved')"
            f" AND origin IN {OURS} ORDER BY {order} LIMIT 1",
            (source,) if at is None else (source, at),
        ).fetchone()
        return row

    def newer_supplied(self, source: int, captured_at: str) -> sqlite3.Row | None:
        """Return the latest good snapshot after an instant that was imported or supplied by hand.

        None: there is none. It takes the place of no copy of our own, but is worth knowing of.
        """
        row: sqlite3.Row | None = self._sql.execute(
            "SELECT * FROM snapshots WHERE source = ?1 AND captured_at > ?2"
            f" AND origin IN ('{IMPORTED}', '{BY_HAND}')"
            " AND outcome IN ('live', 'live-unverified', 'moved')"
            " ORDER BY captured_at DESC, id DESC LIMIT 1",
            (source, captured_at),
        ).fetchone()
        return row

    def rescued_snapshot(self, source: int) -> sqlite3.Row | None:
        """Return the best snapshot of a source that came from a web archive, with its memento.

        None: none was brought home. It stands apart from our own: it is another's testimony.
        ``claimed``: 1 where only an imported file says what was found in it.
        """
        row: sqlite3.Row | None = self._sql.execute(
            "SELECT n.*, m.archive, m.uri_m, m.class, m.proof, m.retrieved_at, m.evidence,"
            f" m.days_away, m.first_cited_on, {CLAIMED} AS claimed"
            " FROM rescued m JOIN snapshots n ON n.id = m.capture"
            " WHERE m.source = ? AND m.state = 'home'",
            (source,),
        ).fetchone()
        return row

    def versions(self, source: int) -> list[sqlite3.Row]:
        """Return the versions of a source, oldest first."""
        return self._sql.execute(
            "SELECT id, number, title, first_seen_at, last_seen_at, capture, article, text_digest"
            " FROM versions WHERE source = ? ORDER BY number",
            (source,),
        ).fetchall()

    def citations(self, source: int) -> list[sqlite3.Row]:
        """Return the citations of a source with the entry that each stands in, oldest first."""
        return self._sql.execute(
            "SELECT k.label, k.url_as_cited, k.role, k.cited_on, k.removed_at,"
            " e.title AS entry, e.date AS entry_date, e.url AS entry_url"
            " FROM citations k JOIN entries e ON e.id = k.entry WHERE k.source = ?"
            " ORDER BY k.cited_on, k.id",
            (source,),
        ).fetchall()

    def fetches(self, source: int) -> list[sqlite3.Row]:
        """Return every fetch of a source with what was kept of it, oldest first."""
        return self._sql.execute(
            "SELECT f.fetched_at, f.purpose, f.hop, f.url, f.status,"
            " coalesce(m.outcome, o.outcome, f.outcome) AS outcome,"
            " coalesce(m.reasons ->> 0, o.reasons ->> 0, f.reason) AS reason, f.error,"
            " m.memento_datetime, m.class AS confidence,"
            " f.elapsed_ms, f.wire_size_bytes, f.ip_address, f.robots, c.record_type, c.payload,"
            " c.origin, c.truncated, c.flags, a.words, a.status AS article_status, a.text_digest"
            " FROM fetches f LEFT JOIN captures c ON c.fetch = f.id"
            " LEFT JOIN outcomes o ON o.fetch = f.id LEFT JOIN mementos m ON m.capture = c.id"
            f" LEFT JOIN articles a ON a.id = {ARTICLE_OF.format(payload='c.payload')}"
            " WHERE f.source = ? ORDER BY f.fetched_at, f.id",
            (source,),
        ).fetchall()

    def judged_visits(self) -> list[sqlite3.Row]:
        """Return all judged visits with the change that each brought and the verdict after it.

        Rows: urlkey, run, outcome, reasons (JSON), class (NULL: no change), verdict. Oldest first.
        """
        return self._sql.execute(
            "SELECT s.urlkey, o.run, o.outcome, o.reasons, c.class,"
            " coalesce((SELECT v.state FROM verdicts v WHERE v.source = o.source AND v.run <= o.run"
            "   ORDER BY v.id DESC LIMIT 1), 'unknown') AS verdict"
            " FROM outcomes o JOIN sources s ON s.id = o.source"
            " LEFT JOIN changes c ON c.fetch = o.fetch ORDER BY o.fetch"
        ).fetchall()

    def snapshots(self, limit: int) -> list[sqlite3.Row]:
        """Return the latest snapshots, newest last."""
        rows = self._sql.execute(
            "SELECT * FROM snapshots ORDER BY id DESC LIMIT ?", (limit,)
        ).fetchall()
        return rows[::-1]

    def never_captured(self, limit: int) -> list[sqlite3.Row]:
        """Return the sources of which no copy could be had so far."""
        return self._sql.execute(
            "SELECT * FROM never_captured ORDER BY last_outcome, url LIMIT ?", (limit,)
        ).fetchall()

    def lost(self, limit: int) -> list[sqlite3.Row]:
        """Return the citations that stand and whose source is gone, those of new entries first."""
        return self._sql.execute(
            "SELECT e.date, e.title AS entry, k.label, v.verdict, v.verdict_since,"
            " v.first_seen_missing_at, v.good_capture_at, v.title, v.url, v.id AS source"
            " FROM vanished v"
            " JOIN citations k ON k.source = v.id AND k.removed_at IS NULL"
            " JOIN entries e ON e.id = k.entry"
            " ORDER BY e.date DESC, e.id, k.position LIMIT ?",
            (limit,),
        ).fetchall()

    def problems(self, inputs: Collection[int] | None = None) -> list[sqlite3.Row]:
        """Return the pages that could not be read as entries: all, or those of some inputs."""
        return self._sql.execute(
            "SELECT locator, problem FROM reading_problems"
            " WHERE ?1 IS NULL OR input IN (SELECT value FROM json_each(?1)) ORDER BY locator",
            (None if inputs is None else json.dumps(list(inputs)),),
        ).fetchall()

    def is_empty(self) -> bool:
        """Tell whether nothing was ever added: no input is known, and no source."""
        asked = "SELECT EXISTS (SELECT 1 FROM inputs) OR EXISTS (SELECT 1 FROM sources)"
        return not self._sql.execute(asked).fetchone()[0]

    def inputs(self) -> list[sqlite3.Row]:
        """Return all inputs, those too that are read no more, in the order of their adding."""
        return self._sql.execute(
            "SELECT i.id, i.kind, i.locator, i.base_url, i.options, i.added_at, i.last_read_at,"
            " i.enabled, (SELECT count(*) FROM entries WHERE input = i.id) AS entries,"
            " (SELECT count(*) FROM reading_problems WHERE input = i.id) AS unreadable"
            " FROM inputs i ORDER BY i.id"
        ).fetchall()

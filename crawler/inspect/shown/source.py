"""A source: what became of it, what it said and when, and who cites it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crawler.archive import Archive, Row
from crawler.archive.elsewhere.reasons import CLAIMED
from crawler.conclusion.explaining import Explanation, explain
from crawler.dates import parse_day
from crawler.errors import BadDate
from crawler.inspect.shown.comparing import Compared, compare_captures
from crawler.inspect.shown.nearest import Near, first_after, last_until
from crawler.inspect.shown.timeline import Said, Timeline, Visit, timeline_of

VISITS_SHOWN = 500  # the latest
CITATIONS_SHOWN = 200
COMPARED_AT_ONCE = 20_000  # words of a version; longer ones are compared when they are asked for

_SOURCE = """
SELECT n.*, s.good_capture FROM sources_now n JOIN sources s ON s.id = n.id WHERE n.id = ?
"""
# Of each visit the last fetch; hops and retries are on the page of its snapshot.
_VISITS = """
SELECT f.visit, f.fetched_at, f.status, coalesce(o.outcome, f.outcome) AS outcome,
  coalesce(o.reasons ->> 0, f.reason) AS reason, f.error, c.id AS capture, c.record_type
FROM fetches f
LEFT JOIN captures c ON c.fetch = f.id
LEFT JOIN outcomes o ON o.fetch = f.id
WHERE f.source = ?1 AND NOT EXISTS (SELECT 1 FROM fetches l
  WHERE l.source = ?1 AND l.fetched_at >= f.fetched_at AND l.visit = f.visit AND l.id > f.id)
ORDER BY f.fetched_at DESC, f.id DESC LIMIT ?2
"""
_VERDICTS = """
SELECT * FROM (SELECT * FROM verdicts WHERE source = ? ORDER BY id DESC LIMIT 200) ORDER BY id
"""
_VERSIONS = """
SELECT v.id, v.number, iif(s.withheld IS NULL, v.title, NULL) AS title, v.first_seen_at,
  v.last_seen_at, v.capture, a.words
FROM versions v LEFT JOIN articles a ON a.id = v.article
JOIN sources s ON s.id = v.source
WHERE v.source = ? ORDER BY v.number DESC LIMIT 200
"""
_CHANGES = "SELECT * FROM changed WHERE source = ? ORDER BY id DESC LIMIT 100"
_CITATIONS = """
SELECT k.id, k.entry, k.label, k.role, k.cited_on, k.removed_at, k.url_as_cited, e.title, e.date
FROM citations k JOIN entries e ON e.id = k.entry
WHERE k.source = ? ORDER BY k.removed_at IS NOT NULL, e.date DESC, k.id LIMIT ?
"""
_SPELLINGS = "SELECT url, kind FROM source_spellings WHERE source = ? ORDER BY kind, url LIMIT 50"
_MEMENTOS = f"""
SELECT archive, uri_m, memento_datetime, state, class, capture, {CLAIMED} AS claimed
FROM mementos m
WHERE source = ? ORDER BY state = 'home' DESC, memento_datetime DESC LIMIT 50
"""
_TEXT = "SELECT title, text, words, article_status FROM snapshots WHERE id = ?"


@dataclass(frozen=True, slots=True)
class OnDate:
    """What a source said on a day."""

    day: str  # as it was asked for
    problem: str | None = None  # why there is no answer
    near: Near | None = None
    text: Row | None = None  # title, text, words and status of the snapshot
    is_later: bool = False  # no copy had been made by then: it is the first one after


@dataclass(frozen=True, slots=True)
class SourcePage:
    """What the page of a source tells."""

    row: Row
    explanation: Explanation
    timeline: Timeline | None
    visits: list[Row]  # the latest first
    verdicts: list[Row]  # oldest first
    versions: list[Row]  # the latest first
    changes: list[Row]
    last_change: Compared | None  # the last two versions side by side
    citations: list[Row]
    passages: list[Row]
    spellings: list[Row]
    mementos: list[Row]  # that web archives are known to hold, those brought home first
    on_date: OnDate | None


def read_source(archive: Archive, source: int, *, on: str, now: datetime) -> SourcePage | None:
    """Return a source with its history; None when there is no such source.

    ``on`` is the day that a person asks for; empty: none.
    """
    sql = archive.connection.sql
    row = sql.execute(_SOURCE, (source,)).fetchone()
    if row is None:
        return None
    visits = sql.execute(_VISITS, (source, VISITS_SHOWN)).fetchall()
    verdicts = sql.execute(_VERDICTS, (source,)).fetchall()
    versions = sql.execute(_VERSIONS, (source,)).fetchall()
    citations = sql.execute(_CITATIONS, (source, CITATIONS_SHOWN)).fetchall()
    return SourcePage(
        row=row,
        explanation=explain(archive, source, now),
        timeline=_timeline(visits, verdicts, citations),
        visits=visits,
        verdicts=verdicts,
        versions=versions,
        changes=sql.execute(_CHANGES, (source,)).fetchall(),
        last_change=_last_change(archive, versions),
        citations=citations,
        passages=archive.passages.of_source(source),
        spellings=sql.execute(_SPELLINGS, (source,)).fetchall(),
        mementos=sql.execute(_MEMENTOS, (source,)).fetchall(),
        on_date=read_on_date(archive, source, on) if on else None,
    )


def read_on_date(archive: Archive, source: int, day: str) -> OnDate:
    """Return what a source said on a day: the last good snapshot up to its end, else the next."""
    try:
        asked = parse_day(day)
    except BadDate:
        return OnDate(day, "That is no date; write it as YYYY-MM-DD.")
    before = last_until(archive, source, asked)
    near = before or first_after(archive, source, asked)
    if near is None:
        return OnDate(asked, "We hold no good copy of this source.")
    text = archive.connection.sql.execute(_TEXT, (near.capture,)).fetchone()
    return OnDate(asked, near=near, text=text, is_later=before is None)


def _timeline(visits: list[Row], verdicts: list[Row], citations: list[Row]) -> Timeline | None:
    return timeline_of(
        [
            Visit(row["fetched_at"], row["outcome"], row["capture"],
                  row["record_type"] == "response")
            for row in reversed(visits)
        ],
        [Said(row["since"] or row["concluded_at"], row["state"]) for row in verdicts],
        [row["cited_on"] for row in citations if row["cited_on"]],
    )  # fmt: skip


def _last_change(archive: Archive, versions: list[Row]) -> Compared | None:
    if len(versions) < 2:
        return None
    before, after = versions[1]["capture"], versions[0]["capture"]
    return compare_captures(archive, before, after, most=COMPARED_AT_ONCE)

"""Reading what a visit is judged by: its hops, its article, the good copy, entries and host."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from crawler.archive.connection import Connection
from crawler.archive.views import ARTICLE_OF
from crawler.archive.writing.sequence import LINEAGE, ORIGIN, in_sequence
from crawler.comparison.texts import lines_of
from crawler.dates import format_instant
from crawler.items import OWN, Article, Hop, PageFacts
from crawler.urls import host_key
from crawler.verdicts import LIVE
from crawler.verdicts.absences import SHARED_BY
from crawler.verdicts.observation import Expectation, Observation, Probe, Surroundings
from crawler.verdicts.probes import probe_url

PROBE_FRESH = timedelta(days=7)  # one sibling probe for each folder of a host in that time
NEIGHBOURS_READ = 20  # other sources of a host whose lines are compared
EXPECTED_MAX = 5  # entries whose words are looked for in a first copy

_HOP_COLUMNS = (
    "uid", "url", "purpose", "hop", "fetched_at", "outcome", "reason", "status", "protocol",
    "ip_address", "certificate_digest", "error", "elapsed_ms", "wire_digest", "wire_size_bytes",
    "robots",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EndedVisit:
    """A visit to a source that is over, with the rows that it left."""

    source: int
    run: int
    hops: tuple[Hop, ...]  # in order, without bodies
    fetch: int  # row of the last hop
    capture: int | None  # row of what was kept of it; None: nothing
    payload: str | None  # digest of what was kept
    origin: str = OWN  # who made it: ``OWN``, or where it was taken from

    @property
    def last(self) -> Hop:
        """The hop in which the visit ended."""
        return self.hops[-1]


@dataclass(frozen=True, slots=True)
class GoodCopy:
    """The latest good capture of a source."""

    capture: int
    payload: str
    url: str  # at which it was captured
    article: Article | None  # None: not read yet, not readable, or not asked for
    origin: str = OWN

    def came_again(self, visit: EndedVisit) -> bool:
        """Tell whether a visit brought the very copy, or a 304, where it was asked for.

        Then nothing need be read in it again. That of a home page is, for its title.
        """
        first, last = visit.hops[0], visit.last
        return (
            visit.payload == self.payload
            and last.outcome in LIVE
            and last.url == first.url
            and not is_home(last.url)
        )


class Observing:
    """Observations of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def _sql(self) -> sqlite3.Connection:
        return self._connection.sql

    def unjudged(self) -> list[int]:
        """Return the last fetches of the visits that ended without being judged, oldest first.

        A killed run leaves some, and so does an archive from before there was judging.
        """
        rows = self._sql.execute(
            "SELECT last FROM (SELECT max(f.id) AS last FROM sources s"
            " JOIN fetches f ON f.source = s.id AND f.fetched_at >= s.unjudged_since"
            " WHERE s.unjudged_since IS NOT NULL AND f.purpose = 'source'"
            " GROUP BY f.source, f.visit)"
            " WHERE NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.fetch = last) ORDER BY last"
        ).fetchall()
        return [row["last"] for row in rows]

    def visits_of(self, source: int) -> list[EndedVisit]:
        """Return all visits to a source, oldest first."""
        rows = self._sql.execute(
            f"SELECT max(f.id) AS fetch, f.fetched_at AS fetched_at, {LINEAGE} FROM fetches f"
            " JOIN runs r ON r.id = f.run LEFT JOIN captures c ON c.fetch = f.id"
            " WHERE f.source = ? AND f.purpose = 'source' GROUP BY f.visit",
            (source,),
        ).fetchall()
        return [self.visit(row["fetch"]) for row in in_sequence(self._sql, rows)]

    def was_overtaken(self, visit: EndedVisit) -> bool:
        """Tell whether a later visit to the source was judged before this one."""
        row = self._sql.execute(
            "SELECT 1 FROM outcomes WHERE source = ? AND fetched_at > ? LIMIT 1",
            (visit.source, visit.last.fetched_at),
        ).fetchone()
        return row is not None

    def visit(self, fetch: int) -> EndedVisit:
        """Return the visit that ended with a fetch."""
        rows = self._sql.execute(
            "SELECT g.*, c.id AS capture, c.payload AS payload, c.mime_declared, c.mime_sniffed,"
            f" c.flags AS flags, c.truncated AS truncated, {ORIGIN} AS origin"
            " FROM fetches f JOIN fetches g ON g.source = f.source AND g.visit = f.visit"
            " JOIN runs r ON r.id = g.run LEFT JOIN captures c ON c.fetch = g.id"
            " WHERE f.id = ? ORDER BY g.id",
            (fetch,),
        ).fetchall()
        last = rows[-1]
        hops = tuple(_hop(row) for row in rows)
        return EndedVisit(
            last["source"], last["run"], hops, last["id"], last["capture"], last["payload"],
            last["origin"],
        )  # fmt: skip

    def observation(self, visit: EndedVisit, good: GoodCopy | None, now: datetime) -> Observation:
        """Return all that a visit is judged by, as the archive knows it at ``now``."""
        if good is not None and good.came_again(visit):
            return Observation(hops=visit.hops, same_payload=True, good_url=good.url)
        same = good is not None and visit.payload == good.payload
        article = good.article if good and same else self.article(visit.payload)
        elsewhere = visit.last.url if visit.last.url != visit.hops[0].url else None
        return Observation(
            hops=visit.hops,
            article=article,
            facts=self.facts(visit.payload),
            size_bytes=self._size(visit.payload),
            same_payload=same,
            good=good.article if good else None,
            good_url=good.url if good else None,
            redirects_before=self._redirects_before(visit, elsewhere),
            expected=Expectation() if good else self.expectation(visit.source),
            host=Surroundings() if same else self._surroundings(visit, elsewhere, now),
        )

    def good_copy(self, source: int, visit: EndedVisit | None = None) -> GoodCopy | None:
        """Return the good copy of a source; None when there is none.

        Without its article where a visit shows that it ``came_again``.
        """
        row = self._sql.execute(
            "SELECT c.id, c.payload, c.url, c.origin FROM sources s"
            " JOIN captures c ON c.id = s.good_capture WHERE s.id = ?",
            (source,),
        ).fetchone()
        if row is None:
            return None
        good = GoodCopy(row["id"], row["payload"], row["url"], None, row["origin"])
        if visit is not None and good.came_again(visit):
            return good
        return replace(good, article=self.article(good.payload))

    def article(self, payload: str | None) -> Article | None:
        """Return the article to show of a payload; None when none was made."""
        row = self._article_row(payload) if payload else None
        return _article(row) if row else None

    def article_of_row(self, row: int) -> Article:
        """Return the article of a row."""
        found = self._sql.execute("SELECT * FROM articles WHERE id = ?", (row,)).fetchone()
        return _article(found)

    def article_row(self, payload: str) -> int | None:
        """Return the row of the article to show of a payload."""
        row = self._sql.execute(f"SELECT {ARTICLE_OF.format(payload='?')}", (payload,)).fetchone()
        number: int | None = row[0]
        return number

    def _article_row(self, payload: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._sql.execute(
            f"SELECT * FROM articles WHERE id = {ARTICLE_OF.format(payload='?')}", (payload,)
        ).fetchone()
        return row

    def facts(self, payload: str | None) -> PageFacts | None:
        """Return what the page in a payload shows; None: no HTML, or not read."""
        row = self._sql.execute(
            "SELECT facts FROM page_facts WHERE payload = ?", (payload,)
        ).fetchone()
        return _facts(json.loads(row["facts"])) if row else None

    def lines_elsewhere(self, source: int) -> frozenset[str]:
        """Return the lines, normalised, that stand in three or more other sources of the host.

        They are the host's own words: navigation, appeals, rails of other headlines.
        """
        rows = self._sql.execute(
            "SELECT a.text AS text"
            " FROM sources s JOIN sources o ON o.host = s.host AND o.id <> s.id"
            " JOIN versions v ON v.id = o.version JOIN articles a ON a.id = v.article"
            " WHERE s.id = ? ORDER BY o.last_fetched_at DESC LIMIT ?",
            (source, NEIGHBOURS_READ),
        )
        seen: Counter[str] = Counter()
        for row in rows:
            seen.update(set(lines_of(row["text"] or "")))
        return frozenset(line for line, count in seen.items() if line and count >= 3)

    def _size(self, payload: str | None) -> int | None:
        row = self._sql.execute(
            "SELECT size_bytes FROM payloads WHERE digest = ?", (payload,)
        ).fetchone()
        return int(row["size_bytes"]) if row else None

    def _redirects_before(self, visit: EndedVisit, elsewhere: str | None) -> int:
        """How many visits in a row before this one ended at the same other URL."""
        if elsewhere is None:
            return 0
        rows = self._sql.execute(
            "SELECT final_url FROM outcomes WHERE source = ? AND fetch <> ? AND fetched_at <= ?"
            " ORDER BY fetched_at DESC, fetch DESC LIMIT 10",
            (visit.source, visit.fetch, visit.last.fetched_at),
        )
        count = 0
        for row in rows:
            if row["final_url"] != elsewhere:
                break
            count += 1
        return count

    def expectation(self, source: int) -> Expectation:
        """Return what the entries lead one to expect of a source that was never held."""
        rows = self._sql.execute(
            "SELECT k.label AS label, e.title AS headline, e.summary AS summary,"
            # not their number: a list of URLs is an entry of a hundred thousand sources
            " NOT EXISTS (SELECT 1 FROM citations b WHERE b.entry = e.id"
            "   AND b.role IN ('source', 'archive-of') AND b.source <> k.source) AS alone"
            " FROM citations k JOIN entries e ON e.id = k.entry"
            " WHERE k.source = ? AND k.role IN ('source', 'archive-of') LIMIT ?",
            (source, EXPECTED_MAX),
        ).fetchall()
        words = [text for row in rows for text in (row["headline"], row["label"]) if text]
        return Expectation(
            excerpts=tuple(row["summary"] for row in rows if row["summary"]),
            headlines=tuple(dict.fromkeys(words)),
            alone=any(row["summary"] and row["alone"] for row in rows),
        )

    def _surroundings(
        self, visit: EndedVisit, elsewhere: str | None, now: datetime
    ) -> Surroundings:
        host = host_key(visit.hops[0].url)
        titles = self._sql.execute(
            "SELECT kind, title FROM host_titles WHERE host = ?", (host,)
        ).fetchall()
        return Surroundings(
            sources_at_final_url=self._sources_at(elsewhere, visit.source),
            sources_replaced=self._replaced(host, visit.source),
            home_title=next((row["title"] for row in titles if row["kind"] == "home"), None),
            error_titles=frozenset(row["title"] for row in titles if row["kind"] == "error"),
            probe=self._probe(host, visit.hops[0].url, now),
        )

    def _sources_at(self, url: str | None, but: int) -> int:
        if url is None:
            return 0
        row = self._sql.execute(
            "SELECT count(DISTINCT source) AS n FROM outcomes WHERE final_url = ? AND source <> ?",
            (url, but),
        ).fetchone()
        return int(row["n"])

    def ending_together(self, sources: Sequence[int]) -> list[int]:
        """Return those of some sources that were led to an address to which many are led."""
        rows = self._sql.execute(
            "SELECT DISTINCT source FROM outcomes"
            " WHERE final_url IN (SELECT final_url FROM outcomes WHERE final_url IS NOT NULL"
            "   GROUP BY final_url HAVING count(DISTINCT source) >= ?)"
            " AND source IN (SELECT value FROM json_each(?)) ORDER BY source",
            (SHARED_BY, json.dumps(list(sources))),
        )
        return [row["source"] for row in rows]

    def joined_by(self, fetches: Sequence[int]) -> list[int]:
        """Return the sources that lead to an address to which, with these visits, many are led.

        Before them it was not known, so that the earlier visits were judged without it. ``fetches``
        are the last ones of the visits. There are two of them at most for each such address.
        """
        rows = self._sql.execute(
            "WITH led AS MATERIALIZED (SELECT value AS fetch FROM json_each(?1)),"
            " joined AS (SELECT final_url FROM outcomes WHERE final_url IN"
            "   (SELECT final_url FROM outcomes WHERE fetch IN led AND final_url IS NOT NULL)"
            "  GROUP BY final_url HAVING count(DISTINCT source) >= ?2"
            "  AND count(DISTINCT CASE WHEN fetch NOT IN led THEN source END) BETWEEN 1 AND ?2 - 1)"
            " SELECT DISTINCT source FROM outcomes WHERE final_url IN joined"
            " AND fetch NOT IN led ORDER BY source",
            (json.dumps(list(fetches)), SHARED_BY),
        )
        return [row["source"] for row in rows]

    def _replaced(self, host: str, but: int) -> int:
        """Sources of the host at whose address something else stands. Few hosts have any."""
        row = self._sql.execute(
            "SELECT count(*) AS n FROM sources WHERE last_outcome IN ('parked', 'usurped')"
            " AND host = ? AND id <> ?",
            (host, but),
        ).fetchone()
        return int(row["n"])

    def _probe(self, host: str, url: str, now: datetime) -> Probe | None:
        row = self._sql.execute(
            "SELECT * FROM probes WHERE host = ? AND parent = ? AND probed_at > ?",
            (host, parent_of(url), format_instant(now - PROBE_FRESH)),
        ).fetchone()
        if row is None:
            return None
        article, facts = self.article(row["payload"]), self.facts(row["payload"])
        return Probe(
            url=row["url"],
            final_url=row["final_url"],
            status=row["status"],
            title=facts.title if facts else None,
            text=article.text if article else None,
        )


def is_home(url: str) -> bool:
    """Tell whether a URL is that of a host's home page."""
    return url.count("/") == 3 and url.endswith("/")


def parent_of(url: str) -> str:
    """Return the folder beside whose pages one sibling is asked for, with a slash at its end."""
    return probe_url(url).rpartition("/")[0] + "/"


def _hop(row: sqlite3.Row) -> Hop:
    known: dict[str, Any] = {name: row[name] for name in _HOP_COLUMNS}
    return Hop(
        **known,
        request_headers=_headers(row["request_headers"]),
        response_headers=_headers(row["response_headers"]),
        tls_verified=None if row["tls_verified"] is None else bool(row["tls_verified"]),
        mime_declared=row["mime_declared"],
        mime_sniffed=row["mime_sniffed"],
        flags=tuple(json.loads(row["flags"] or "[]")),
        truncated=row["truncated"],
    )


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(text))


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

"""What a visit is judged by: its hops, its article, the good copy, entries and host."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime

from crawler.archive.connection import Connection
from crawler.archive.writing.articles import Articles
from crawler.archive.writing.neighbourhood import Neighbourhood
from crawler.archive.writing.sequence import LINEAGE, ORIGIN, in_sequence
from crawler.archive.writing.visits import EndedVisit, GoodCopy, hop_of
from crawler.verdicts.observation import Expectation, Observation, Surroundings

EXPECTED_MAX = 5  # entries whose words are looked for in a first copy


class Observing:
    """Observations of one archive."""

    def __init__(
        self, connection: Connection, articles: Articles, neighbourhood: Neighbourhood
    ) -> None:
        self._connection = connection
        self._articles, self._neighbourhood = articles, neighbourhood

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
        hops = tuple(hop_of(row) for row in rows)
        return EndedVisit(
            last["source"], last["run"], hops, last["id"], last["capture"], last["payload"],
            last["origin"],
        )  # fmt: skip

    def observation(self, visit: EndedVisit, good: GoodCopy | None, now: datetime) -> Observation:
        """Return all that a visit is judged by, as the archive knows it at ``now``."""
        if good is not None and good.came_again(visit):
            return Observation(hops=visit.hops, same_payload=True, good_url=good.url)
        same = good is not None and visit.payload == good.payload
        article = good.article if good and same else self._articles.of(visit.payload)
        elsewhere = visit.last.url if visit.last.url != visit.hops[0].url else None
        return Observation(
            hops=visit.hops,
            article=article,
            facts=self._articles.facts_of(visit.payload),
            size_bytes=self._size(visit.payload),
            same_payload=same,
            good=good.article if good else None,
            good_url=good.url if good else None,
            redirects_before=self._redirects_before(visit, elsewhere),
            expected=Expectation() if good else self.expectation(visit.source),
            host=Surroundings() if same else self._neighbourhood.of(visit, elsewhere, now),
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
        return replace(good, article=self._articles.of(good.payload))

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

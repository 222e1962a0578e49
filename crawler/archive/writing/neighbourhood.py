"""What is known around a source: of its host, and of the addresses at which others end, too."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from crawler.archive.connection import Connection
from crawler.archive.writing.articles import Articles
from crawler.archive.writing.visits import EndedVisit
from crawler.comparison.texts import lines_of
from crawler.dates import format_instant
from crawler.urls import host_key
from crawler.verdicts.absences import SHARED_BY
from crawler.verdicts.observation import Probe, Surroundings
from crawler.verdicts.probes import probe_url

PROBE_FRESH = timedelta(days=7)  # one sibling probe for each folder of a host in that time
NEIGHBOURS_READ = 20  # other sources of a host whose lines are compared


class Neighbourhood:
    """The neighbourhoods of the sources of one archive."""

    def __init__(self, connection: Connection, articles: Articles) -> None:
        self._connection = connection
        self._articles = articles

    @property
    def _sql(self) -> sqlite3.Connection:
        return self._connection.sql

    def of(self, visit: EndedVisit, elsewhere: str | None, now: datetime) -> Surroundings:
        """Return what is known around a visit; ``elsewhere`` is where it was led, None nowhere."""
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

    def _sources_at(self, url: str | None, but: int) -> int:
        if url is None:
            return 0
        row = self._sql.execute(
            "SELECT count(DISTINCT source) AS n FROM outcomes WHERE final_url = ? AND source <> ?",
            (url, but),
        ).fetchone()
        return int(row["n"])

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
        article, facts = self._articles.of(row["payload"]), self._articles.facts_of(row["payload"])
        return Probe(
            url=row["url"],
            final_url=row["final_url"],
            status=row["status"],
            title=facts.title if facts else None,
            text=article.text if article else None,
        )


def parent_of(url: str) -> str:
    """Return the folder beside whose pages one sibling is asked for, with a slash at its end."""
    return probe_url(url).rpartition("/")[0] + "/"

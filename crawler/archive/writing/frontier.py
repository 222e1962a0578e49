"""The frontier: what is due, and which host is leased to whom. The source table is the queue, and
a host knows when its first source is due.

The verbs and their meaning are those that a second back end would have: lease, extend, finish,
release, stats. A host, not a URL, is leased, because politeness is per host; the token only rises,
so that a worker that slept past its lease is told so.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crawler.archive.connection import Connection
from crawler.dates import format_instant, parse_instant
from crawler.verdicts import LIVE

# A visit is judged seconds after its end. Where a kill came between, the next run judges it first.
UNJUDGED_GAP = timedelta(hours=1)
# Clocks that are set by hand, or to another zone, differ by less than a day.
CLOCKS_DIFFER = timedelta(days=1)
_REST_MAX = timedelta(days=2)  # no host rests for longer than one, with that difference two
VALIDATOR_MAX_CHARACTERS = 1_000  # servers refuse header lines from 4,000 or 8,000 bytes on


@dataclass(frozen=True, slots=True)
class DueSource:
    """A source to visit now."""

    id: int
    url: str
    host: str
    etag: str | None  # validators of the good capture, for a conditional request
    last_modified: str | None
    failures: int
    first_cited_on: str | None
    first_captured_at: str | None
    probe_url: str | None = None  # a sibling that cannot exist, to be asked instead


@dataclass(frozen=True, slots=True)
class HostLease:
    """The right to visit one host, until an instant."""

    host: str
    token: int
    until: datetime
    delay_s: float | None  # None: the crawl's own delay
    due: tuple[DueSource, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What judging a visit means for the source's row."""

    source: int
    outcome: str
    due_at: datetime
    due_reason: str
    priority: int = 0  # among what is due on a host: lower is sooner


@dataclass(frozen=True, slots=True)
class Accepted:
    """A new good copy of a source."""

    source: int
    capture: int
    captured_at: str
    etag: str | None  # validators of this answer; None: the next request is unconditional
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class FrontierStats:
    """How much there is to do."""

    due: int
    hosts_due: int
    hosts_blocked: int  # have due sources, but must rest
    oldest_due: str | None


class Frontier:
    """Due sources and host leases of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._left: set[str] = set()

    def leave(self, host: str) -> None:
        """Lease a host no more in this process: what is due there waits for another run."""
        self._left.add(host)

    def lease(
        self, worker: str, *, hosts: int, per_host: int, ttl: timedelta, now: datetime
    ) -> list[HostLease]:
        """Lease up to ``hosts`` free hosts that have due sources, those with most due first.

        Largest first, because a run lasts as long as its largest host. Free is a host that nobody
        leases, that need not rest, and whose next visit may begin (``release``).
        """
        instant, until = format_instant(now), now + ttl
        leases = []
        with self._connection.writing() as sql:
            rows = sql.execute(
                "SELECT h.host AS host, h.delay_s AS delay_s, h.lease_token AS token,"
                " (SELECT count(*) FROM sources s WHERE s.host = h.host AND s.due_at <= ?1) AS due"
                " FROM hosts h WHERE h.next_due_at <= ?1 AND coalesce(h.lease_until, '') <= ?1"
                " AND coalesce(h.backoff_until, '') <= ?1 AND coalesce(h.next_at, '') <= ?1"
                " AND h.host NOT IN (SELECT value FROM json_each(?3))"
                " ORDER BY due DESC, h.host LIMIT ?2",
                (instant, hosts, json.dumps(sorted(self._left))),
            ).fetchall()
            for row in rows:
                sql.execute(
                    "UPDATE hosts SET lease_owner = ?, lease_token = lease_token + 1,"
                    " lease_until = ? WHERE host = ?",
                    (worker, format_instant(until), row["host"]),
                )
                due = self._due_of(sql, row["host"], per_host, instant)
                leases.append(HostLease(row["host"], row["token"] + 1, until, row["delay_s"], due))
        return leases

    @staticmethod
    def _due_of(
        sql: sqlite3.Connection, host: str, limit: int, instant: str
    ) -> tuple[DueSource, ...]:
        """The due sources of a host: never visited (newest citation first), then by priority."""
        chosen = (
            "SELECT id, url, host, etag, last_modified, failures, first_cited_on,"
            " first_captured_at, probe_url FROM sources WHERE host = ?1 AND"
        )
        # + keeps SQLite from sorting all that is due: the index on the unvisited is in this order.
        rows = sql.execute(
            f"{chosen} +due_at <= ?2 AND last_fetched_at IS NULL"
            " ORDER BY first_cited_on DESC, id LIMIT ?3",
            (host, instant, limit),
        ).fetchall()
        if len(rows) < limit:
            # What is due is sorted here: 1 ms for each 3,000 sources of a host, of which 20 are
            # then visited, seconds apart.
            rows += sql.execute(
                f"{chosen} due_at <= ?2 AND last_fetched_at IS NOT NULL"
                " ORDER BY priority, due_at, id LIMIT ?3",
                (host, instant, limit - len(rows)),
            ).fetchall()
        return tuple(DueSource(**dict(row)) for row in rows)

    def extend(
        self, worker: str, leases: Sequence[HostLease], *, ttl: timedelta, now: datetime
    ) -> set[str]:
        """Move the end of leases; return the hosts that were lost to another worker."""
        lost = set()
        with self._connection.writing() as sql:
            for lease in leases:
                changed = sql.execute(
                    "UPDATE hosts SET lease_until = ? WHERE host = ? AND lease_token = ?"
                    " AND lease_owner = ?",
                    (format_instant(now + ttl), lease.host, lease.token, worker),
                ).rowcount
                if not changed:
                    lost.add(lease.host)
        return lost

    def finish(
        self, lease: HostLease | None, source: int, ended_at: datetime, *, began_at: str
    ) -> bool:
        """Write the end of a visit into the source's row: it is over, and waits to be judged.

        ``began_at`` is the instant of its first fetch. False means fenced: another worker holds the
        host by now, and nothing was changed. Runs in the same transaction as the capture when
        called inside a ``writing`` block.
        """
        at = format_instant(ended_at)
        with self._connection.writing_one() as sql:
            if lease is not None and not self._holds(sql, lease):
                return False
            sql.execute(
                "UPDATE sources SET last_fetched_at = ?1, due_at = ?2, due_reason = ?3,"
                " unjudged_since = coalesce(unjudged_since, ?4), probe_url = NULL WHERE id = ?5",
                (at, format_instant(ended_at + UNJUDGED_GAP), "to be judged", began_at, source),
            )
        return True

    @staticmethod
    def _holds(sql: sqlite3.Connection, lease: HostLease) -> bool:
        row = sql.execute("SELECT lease_token FROM hosts WHERE host = ?", (lease.host,)).fetchone()
        return row is not None and row["lease_token"] == lease.token

    def accept(self, copy: Accepted) -> None:
        """Make a capture the good copy of its source. Its title is that of its article."""
        with self._connection.writing_one() as sql:
            sql.execute(
                "UPDATE sources SET good_capture = ?1,"
                " first_captured_at = coalesce(first_captured_at, ?2), etag = ?3,"
                " last_modified = ?4, title = coalesce((SELECT a.title FROM captures c"
                "  JOIN articles a ON a.payload = c.payload WHERE c.id = ?1"
                "  AND a.title IS NOT NULL ORDER BY a.id DESC LIMIT 1), title) WHERE id = ?5",
                (
                    copy.capture, copy.captured_at, _usable(copy.etag),
                    _usable(copy.last_modified), copy.source,
                ),
            )  # fmt: skip

    def plan(self, plan: Plan) -> None:
        """Write what a visit showed and when the next one is due. A bad one counts as failure."""
        with self._connection.writing_one() as sql:
            sql.execute(
                "UPDATE sources SET last_outcome = ?1, due_at = ?2, due_reason = ?3, priority = ?4,"
                " probe_url = NULL, unjudged_since = NULL,"
                " failures = CASE WHEN ?5 THEN 0 ELSE failures + 1 END WHERE id = ?6",
                (
                    plan.outcome, format_instant(plan.due_at), plan.due_reason, plan.priority,
                    plan.outcome in LIVE, plan.source,
                ),
            )  # fmt: skip

    def judged(self, source: int) -> None:
        """Note that nothing of a source waits to be judged."""
        with self._connection.writing_one() as sql:
            sql.execute("UPDATE sources SET unjudged_since = NULL WHERE id = ?", (source,))

    def ask_sibling(self, source: int, url: str, now: datetime) -> None:
        """Make a page beside a source due in its place; the source itself waits to be judged."""
        with self._connection.writing_one() as sql:
            sql.execute(
                "UPDATE sources SET probe_url = ?, due_at = ?, due_reason = ? WHERE id = ?",
                (url, format_instant(now), "a page beside it is asked for, to tell more", source),
            )

    def sibling_asked(self, lease: HostLease | None, source: int, ended_at: datetime) -> bool:
        """Note that the page beside a source was asked for. False means fenced, as in finish."""
        with self._connection.writing_one() as sql:
            if lease is not None and not self._holds(sql, lease):
                return False
            sql.execute(
                "UPDATE sources SET probe_url = NULL, due_at = ?, due_reason = ? WHERE id = ?",
                (format_instant(ended_at + UNJUDGED_GAP), "to be judged", source),
            )
        return True

    def release(
        self,
        lease: HostLease,
        *,
        next_at: datetime | None = None,
        delay_s: float | None = None,
    ) -> None:
        """Give a host back; say when its next visit may begin, and what its delay was."""
        with self._connection.writing_one() as sql:
            sql.execute(
                "UPDATE hosts SET lease_owner = NULL, lease_until = NULL,"
                " next_at = coalesce(?, next_at), delay_s = coalesce(?, delay_s)"
                " WHERE host = ? AND lease_token = ?",
                (_instant(next_at), delay_s, lease.host, lease.token),
            )

    def rest(self, host: str, until: datetime) -> None:
        """Let a host rest that asked for it, whoever leases it; a later end is kept."""
        with self._connection.writing() as sql:
            sql.execute("INSERT OR IGNORE INTO hosts (host) VALUES (?)", (host,))
            sql.execute(
                "UPDATE hosts SET backoff_until = ?1 WHERE host = ?2"
                " AND coalesce(backoff_until, '') < ?1",
                (format_instant(until), host),
            )

    def resting(self, now: datetime) -> dict[str, datetime]:
        """Return the hosts that are to be left alone at ``now``, each with the end of its rest."""
        rows = self._connection.sql.execute(
            "SELECT host, backoff_until FROM hosts WHERE backoff_until > ?", (format_instant(now),)
        )
        return {row["host"]: parse_instant(row["backoff_until"]) for row in rows}

    def paced(self, now: datetime) -> dict[str, datetime]:
        """Return the hosts whose next visit may not begin at ``now``, each with when it may."""
        rows = self._connection.sql.execute(
            "SELECT host, next_at FROM hosts WHERE next_at > ?", (format_instant(now),)
        )
        return {row["host"]: parse_instant(row["next_at"]) for row in rows}

    def put_off(self, lease: HostLease, source: int, until: datetime, reason: str) -> None:
        """Make a source that is due, due later: its visit could not come to its end.

        Nothing is written when another worker holds the host by now.
        """
        with self._connection.writing_one() as sql:
            if self._holds(sql, lease):
                sql.execute(
                    "UPDATE sources SET due_at = ?, due_reason = ? WHERE id = ?",
                    (format_instant(until), reason, source),
                )

    def next_free_at(self, now: datetime) -> datetime | None:
        """Return when the first host that is due and must wait may be visited; None: none waits."""
        row = self._connection.sql.execute(
            "SELECT min(max(coalesce(backoff_until, ''), coalesce(next_at, ''), next_due_at))"
            " AS free_at FROM hosts WHERE coalesce(lease_until, '') <= ?1"
            # what was put off by a request to wait is due when the wait is over
            " AND next_due_at <= max(?1, coalesce(backoff_until, ''))"
            " AND host NOT IN (SELECT value FROM json_each(?2))",
            (format_instant(now), json.dumps(sorted(self._left))),
        ).fetchone()
        return parse_instant(row["free_at"]) if row["free_at"] else None

    def release_all(self) -> None:
        """Free every host. For the holder of the run lock: whoever leased them is gone."""
        with self._connection.writing_one() as sql:
            sql.execute(
                "UPDATE hosts SET lease_owner = NULL, lease_until = NULL"
                " WHERE lease_owner IS NOT NULL"
            )

    def disbelieve(self, now: datetime, began_at: datetime | None) -> int:
        """Undo what was planned by a clock that ran ahead; return how many sources are due by that.

        What was visited, or came to be known, more than a day after ``now`` was dated by such a
        clock, and so is what follows from it: a source would wait for years, a host would rest
        until then, and every run would say that there is nothing to do. A clock that is behind the
        beginning of the first run, as far as it is known (``began_at``; None: there was none), is
        the wrong one itself, and undoes nothing.
        """
        if began_at is not None and now < began_at:
            return 0
        latest, farthest = format_instant(now + CLOCKS_DIFFER), format_instant(now + _REST_MAX)
        with self._connection.writing() as sql:
            sql.execute(
                "UPDATE hosts SET next_at = iif(next_at > ?1, NULL, next_at),"
                " backoff_until = iif(backoff_until > ?1, NULL, backoff_until)"
                " WHERE next_at > ?1 OR backoff_until > ?1",
                (farthest,),
            )
            return sql.execute(
                "UPDATE sources SET due_at = ?1,"
                " due_reason = 'its last visit is dated later: the clock was wrong'"
                " WHERE due_at > ?2 AND coalesce(last_fetched_at, first_seen_at) > ?2",
                (format_instant(now), latest),
            ).rowcount

    def stats(self, now: datetime) -> FrontierStats:
        """Count what is due at ``now``."""
        row = self._connection.sql.execute(
            "SELECT coalesce(sum(due), 0) AS due, count(*) AS hosts_due,"
            " count(CASE WHEN backoff_until > ?1 THEN 1 END) AS hosts_blocked,"
            " min(next_due_at) AS oldest_due"
            " FROM (SELECT h.next_due_at, h.backoff_until, (SELECT count(*) FROM sources s"
            "  WHERE s.host = h.host AND s.due_at <= ?1) AS due"
            " FROM hosts h WHERE h.next_due_at <= ?1)",
            (format_instant(now),),
        ).fetchone()
        return FrontierStats(**dict(row))


def _instant(moment: datetime | None) -> str | None:
    return format_instant(moment) if moment else None


def _usable(validator: str | None) -> str | None:
    """Return a validator that may be sent back; None for one that servers would refuse as too long.

    Else a hostile ETag would make every later request fail.
    """
    return validator if validator and len(validator) <= VALIDATOR_MAX_CHARACTERS else None

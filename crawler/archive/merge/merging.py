"""Merging another archive into this one: what both know once, what either has seen side by side.

Evidence is the same where its uid is, payloads where their digest is, all else by its natural key
(``uniting``). Versions, changes, verdicts and passages are not merged: each archive saw a part of
the history, so they are made anew from the whole of it (``sources_to_judge``). Every step can be
repeated, so a merge that was killed is done again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

from crawler.archive import Archive
from crawler.archive.merge.chronicle import bring_manifests, bring_verdicts, joined_manifests
from crawler.archive.merge.deciding import Decisions
from crawler.archive.merge.ledger import TheirLedger
from crawler.archive.merge.merged import Merged
from crawler.archive.merge.uniting import (
    LISTED,
    REFERRING,
    Inserting,
    holds,
    lay_maps,
    learn,
    number_of,
    ours_of,
    unite,
    unite_listed,
)
from crawler.errors import PayloadDamaged

GROUP_VISITS = 200  # in one transaction; some 20 MB
# Of a source that only they had: when it is due was weighed with what only a visit tells, such as
# a host's wish to wait.
_SCHEDULE = ("due_at", "due_reason", "priority", "last_outcome", "failures", "last_fetched_at")


class Merging:
    """One other archive on its way into ours."""

    def __init__(self, ours: Archive, theirs: Archive) -> None:
        self._archive, self._theirs = ours, theirs
        self._ours: sqlite3.Connection = ours.connection.sql
        self._other: sqlite3.Connection = theirs.connection.sql
        self._insert = Inserting(self._ours)
        self._sealed: set[str] = set()  # digests of the manifests that are here afterwards
        self._decisions = Decisions(ours, self._other)
        self.merged = Merged()
        self._ledger = TheirLedger(self._ours, self._other, self._insert, self.merged)

    def fetches(self) -> int:
        """Return how many fetches the other archive has, for a progress bar."""
        return int(self._other.execute("SELECT count(*) AS n FROM fetches").fetchone()["n"])

    def merge(self, on_fetch: Callable[[int], object] = lambda count: None) -> Merged:
        """Bring everything over. Raises EvidenceLost when our archive cannot be written.

        What is not judged afterwards is judged by the next run of any kind.
        """
        lay_maps(self._ours)
        # one reading of theirs, though somebody should write to it meanwhile
        self._other.execute("BEGIN")
        try:
            with self._archive.writing():
                self._ledger.bring()
                self._sealed = joined_manifests(self._ours, self._other)
                self._runs()
                self._decisions.bring()
            for visits in self._groups():
                with self._archive.writing():
                    for fetch in visits:
                        self._fetch(fetch)
                on_fetch(len(visits))
            with self._archive.writing():
                self._pages()
                self._referring()
                self.merged.rows += bring_verdicts(self._ours, self._other, self._insert)
                self.merged.rows += self._decisions.tombstones()
            self._articles()
        finally:
            self._other.execute("ROLLBACK")
        return self.merged

    def restore_schedule(self) -> None:
        """Give the sources that only they had their own schedule back, once all is judged."""
        columns = ", ".join(_SCHEDULE)
        values = ", ".join(f":{name}" for name in _SCHEDULE)
        with self._archive.writing():
            for row in self._other.execute(f"SELECT id, {columns} FROM sources").fetchall():
                self._ours.execute(
                    f"UPDATE sources SET ({columns}) = ({values}) WHERE withheld IS NULL AND id ="
                    " (SELECT ours FROM temp.their_sources WHERE theirs = :id AND new)",
                    dict(row),
                )
            self._archive.barring.mark_all()  # what is barred there need not be here

    # What is known by its own name

    def _runs(self) -> None:
        for row in self._other.execute("SELECT * FROM runs ORDER BY id").fetchall():
            known = number_of(self._ours, "SELECT id FROM runs WHERE uid = ?", row["uid"])
            new = known is None
            if known is None:
                known = self._insert("runs", row, **self._ended(row))
                self.merged.runs += 1
            learn(self._ours, "runs", row["id"], known, new=new)

    # Evidence

    def _groups(self) -> Iterator[list[sqlite3.Row]]:
        """Yield their fetches in groups that end where a visit does."""
        group: list[sqlite3.Row] = []
        for row in self._other.execute("SELECT * FROM fetches ORDER BY id"):
            if len(group) >= GROUP_VISITS and row["visit"] != group[-1]["visit"]:
                yield group
                group = []
            group.append(row)
        if group:
            yield group

    def _fetch(self, row: sqlite3.Row) -> None:
        source = ours_of(self._ours, "sources", row["source"])
        fetch = number_of(self._ours, "SELECT id FROM fetches WHERE uid = ?", row["uid"])
        new = fetch is None
        if fetch is None:
            run = ours_of(self._ours, "runs", row["run"])
            fetch = self._insert("fetches", row, run=run, source=source)
            self.merged.fetches += 1
            if row["purpose"] == "source" and source and not self._is_forgotten(source):
                self._archive.supplying.supplied(source, row["fetched_at"])
        learn(self._ours, "fetches", row["id"], fetch, new=new)
        for capture in self._other.execute("SELECT * FROM captures WHERE fetch = ?", (row["id"],)):
            self._capture(capture, fetch, source)

    def _capture(self, row: sqlite3.Row, fetch: int, source: int | None) -> None:
        known = number_of(self._ours, "SELECT id FROM captures WHERE uid = ?", row["uid"])
        ours = known
        if ours is None:
            ours = self._insert("captures", row, fetch=fetch, source=source)
            self.merged.captures += 1
        learn(self._ours, "captures", row["id"], ours, new=known is None)
        self._payload(row["payload"], source)

    def _payload(self, digest: str, source: int | None) -> None:
        """Bring a payload over, unless it is here, was destroyed here, or is not there either."""
        if holds(self._ours, "payloads", digest) or holds(self._ours, "tombstones", digest):
            return
        row = self._other.execute("SELECT * FROM payloads WHERE digest = ?", (digest,)).fetchone()
        if row is None:
            return
        if source is not None and self._is_forgotten(source):
            self.merged.rows += self._decisions.bury(digest, row["size_bytes"], source)
            return
        if row["base_digest"]:
            self._payload(row["base_digest"], None)
        try:
            body = self._theirs.payloads.get(digest)
        except PayloadDamaged:
            if digest not in self.merged.damaged:
                self.merged.damaged.append(digest)
            return
        if row["base_digest"] is None or self._is_whole(row["base_digest"]):
            self._insert("payloads", row)
        else:  # what it leans on is here a delta itself, or was destroyed
            self._archive.payloads.put(body, base_digest=self._base_of(row["base_digest"]))
            self.merged.recoded += 1
        self.merged.payloads += 1

    def _is_forgotten(self, source: int) -> bool:
        return self._archive.supplying.is_forgotten(source)

    def _base_of(self, digest: str) -> str | None:
        """Return what a payload leans on here; None: on nothing, or it is not here."""
        row = self._ours.execute(
            "SELECT base_digest FROM payloads WHERE digest = ?", (digest,)
        ).fetchone()
        return row["base_digest"] if row else None

    def _is_whole(self, digest: str) -> bool:
        return self._ours.execute(
            "SELECT 1 FROM payloads WHERE digest = ? AND base_digest IS NULL", (digest,)
        ).fetchone() is not None  # fmt: skip

    def _pages(self) -> None:
        """Bring over what entry pages, robots.txt and probes were, where no capture did."""
        for digest in self._other.execute(
            "SELECT payload FROM entry_versions UNION SELECT payload FROM robots"
            " WHERE payload IS NOT NULL UNION SELECT payload FROM probes WHERE payload IS NOT NULL"
        ).fetchall():
            self._payload(digest["payload"], None)

    def _referring(self) -> None:
        for how in REFERRING:
            self.merged.rows += unite(self._ours, self._other, how)
        for how in LISTED:
            self.merged.rows += unite_listed(self._ours, self._other, how)
        self.merged.rows += bring_manifests(self._ours, self._other, self._insert, self._sealed)

    def _ended(self, row: sqlite3.Row) -> dict[str, object]:
        """Return how a run of theirs ended: who holds its lock knows that nobody is at work on it.

        It names no manifest that stays behind.
        """
        ended: dict[str, object] = {"finish_reason": row["finish_reason"] or "killed"}
        if row["manifest_digest"] not in self._sealed:
            ended |= {"manifest_digest": None, "previous_manifest_digest": None}
        return ended

    # What was read

    def _articles(self) -> None:
        """Bring over what extractors found, unless the same one has read the payload here."""
        rows = self._other.execute("SELECT id, payload, extractor, extracted_at FROM extractions")
        batch: list[sqlite3.Row] = []
        for row in rows:
            batch.append(row)
            if len(batch) >= GROUP_VISITS:
                self._save_articles(batch)
                batch = []
        self._save_articles(batch)

    def _save_articles(self, batch: list[sqlite3.Row]) -> None:
        with self._archive.writing():
            for row in batch:
                known = self._ours.execute(
                    "SELECT 1 FROM extractions WHERE payload = ? AND extractor = ?",
                    (row["payload"], row["extractor"]),
                ).fetchone()
                if known is None and holds(self._ours, "payloads", row["payload"]):
                    article = self._theirs.articles.of_row(row["id"])
                    self._archive.articles.save(row["payload"], article, now=row["extracted_at"])
                    self.merged.articles += 1

"""Merging what is known by names of its own: hosts, inputs, sources and entries."""

from __future__ import annotations

import sqlite3

from crawler.archive.merge.merged import Merged
from crawler.archive.merge.uniting import (
    LEDGER,
    Inserting,
    later_of,
    learn,
    number_of,
    ours_of,
    unite,
)


class TheirLedger:
    """The ledger of another archive on its way into ours."""

    def __init__(
        self,
        ours: sqlite3.Connection,
        other: sqlite3.Connection,
        insert: Inserting,
        merged: Merged,
    ) -> None:
        self._ours, self._other, self._insert = ours, other, insert
        self._merged = merged

    def bring(self) -> None:
        """Bring over the inputs, the sources, and the entries with their citations."""
        self._hosts()
        self._inputs()
        self._sources()
        self._entries()
        for how in LEDGER:
            self._merged.rows += unite(self._ours, self._other, how)

    def _hosts(self) -> None:
        rows = self._other.execute("SELECT host, delay_s, next_at, backoff_until FROM hosts")
        self._ours.executemany(
            "INSERT INTO hosts (host, delay_s, next_at, backoff_until)"
            " VALUES (:host, :delay_s, :next_at, :backoff_until) ON CONFLICT (host) DO UPDATE SET"
            f" {later_of('delay_s')}, {later_of('next_at')}, {later_of('backoff_until')}",
            (dict(row) for row in rows),
        )

    def _inputs(self) -> None:
        for row in self._other.execute("SELECT * FROM inputs ORDER BY id").fetchall():
            known = number_of(self._ours, "SELECT id FROM inputs WHERE locator = ?", row["locator"])
            if known is None:
                learn(self._ours, "inputs", row["id"], self._insert("inputs", row), new=True)
                self._merged.rows += 1
            else:
                learn(self._ours, "inputs", row["id"], known, new=False)

    def _sources(self) -> None:
        for row in self._other.execute("SELECT * FROM sources ORDER BY id"):
            known = number_of(self._ours, "SELECT id FROM sources WHERE urlkey = ?", row["urlkey"])
            if known is None:
                # all that is concluded of it is concluded here
                ours = self._insert(
                    "sources", row, good_capture=None, version=None, changes=0,
                    changed_at=None, unjudged_since=None, withheld=None, barred=None,
                    first_captured_at=None, etag=None, last_modified=None, probe_url=None,
                )  # fmt: skip
                self._merged.sources += 1
            else:
                ours = known
                self._meet_source(known, row)
            learn(self._ours, "sources", row["id"], ours, new=known is None)

    def _meet_source(self, source: int, row: sqlite3.Row) -> None:
        """Let a source that both know be as early cited and as lately visited as in either."""
        self._ours.execute(
            "UPDATE sources SET first_seen_at = min(first_seen_at, :first_seen_at),"
            " url = CASE WHEN :first_seen_at < first_seen_at THEN :url ELSE url END,"
            " first_cited_on = min(coalesce(first_cited_on, :first_cited_on),"
            "  coalesce(:first_cited_on, first_cited_on)),"
            " due_at = CASE WHEN last_fetched_at IS NULL AND :last_fetched_at IS NULL"
            "  THEN min(coalesce(due_at, :due_at), coalesce(:due_at, due_at)) ELSE due_at END,"
            " last_fetched_at = max(coalesce(last_fetched_at, :last_fetched_at),"
            "  coalesce(:last_fetched_at, last_fetched_at)),"
            " push = CASE WHEN withheld IS NULL THEN max(push, :push) ELSE push END"
            " WHERE id = :ours",
            {**dict(row), "ours": source},
        )

    def _entries(self) -> None:
        for row in self._other.execute("SELECT * FROM entries ORDER BY id").fetchall():
            aliases = [
                alias["address"]
                for alias in self._other.execute(
                    "SELECT address FROM entry_aliases WHERE entry = ?", (row["id"],)
                )
            ]
            known = self._known_entry(str(row["key"]), aliases)
            if known is None:
                input_id = ours_of(self._ours, "inputs", row["input"])
                ours = self._insert("entries", row, input=input_id)
                self._merged.entries += 1
            else:
                ours = known
                self._meet_entry(known, row)
            self._ours.executemany(
                "INSERT OR IGNORE INTO entry_aliases VALUES (?, ?)",
                [(address, ours) for address in aliases],
            )
            learn(self._ours, "entries", row["id"], ours, new=known is None)

    def _known_entry(self, key: str, aliases: list[str]) -> int | None:
        known = number_of(self._ours, "SELECT id FROM entries WHERE key = ?", key)
        found = (
            number_of(self._ours, "SELECT entry FROM entry_aliases WHERE address = ?", a)
            for a in aliases
        )
        return known if known is not None else next((e for e in found if e is not None), None)

    def _meet_entry(self, entry: int, row: sqlite3.Row) -> None:
        later = ("title", "date", "topic", "summary", "context", "url", "image_url")
        taken = ", ".join(
            f"{name} = CASE WHEN :last_seen_at > last_seen_at THEN :{name} ELSE {name} END"
            for name in later
        )
        self._ours.execute(
            f"UPDATE entries SET {taken}, first_seen_at = min(first_seen_at, :first_seen_at),"
            " last_seen_at = max(last_seen_at, :last_seen_at) WHERE id = :ours",
            {**dict(row), "ours": entry},
        )

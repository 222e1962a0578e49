"""What a run has to tell, its own and what earlier ones left; and the newest of all runs."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

from crawler.archive.connection import Connection
from crawler.archive.queries.report import KINDS, Cited, Item, Kind, Report, Result
from crawler.archive.queries.telling import Span, Telling

LIMIT = 500  # items of a kind in a report; beyond it they are counted
# Of so many runs a feed has all items. Of older ones it has those of runs that told a change,
# concluded a verdict or saw an outage, which leaves out few: a first copy or failure is a verdict.
FEED_RUNS = 500

_WITHHELD = "SELECT id FROM sources WHERE withheld IS NOT NULL"
_VISITS = "SELECT count(DISTINCT visit) FROM fetches WHERE run = ?1 AND purpose = 'source'"

# What was imported is history, and no news.
_TELLING_RUNS = """
SELECT id, uid FROM runs WHERE (id > (SELECT max(id) FROM runs) - ?1 OR id IN (
  SELECT run FROM changes WHERE told = 1 UNION SELECT run FROM verdicts UNION
  SELECT run FROM incidents)) AND command NOT IN ('import', 'attach') ORDER BY id DESC
"""
# Runs that may have left something to this one, the latest first.
_RUNS_BEFORE = """
SELECT id, uid, finish_reason FROM runs
WHERE id < ? AND command NOT IN ('import', 'attach') ORDER BY id DESC
"""


class Reports:
    """What the runs of one archive have to tell."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection.sql
        self._telling = Telling(self._sql)

    def of_run(self, run: int, *, limit: int = LIMIT) -> Report:
        """Return what a run has to tell, with at most ``limit`` items of each kind."""
        row = self._sql.execute(
            "SELECT uid, archive_uid, started_at, finished_at, finish_reason FROM runs"
            " WHERE id = ?",
            (run,),
        ).fetchone()
        own, earlier = Span(run, row["uid"], run), self._left_over(run, row)
        counts, items = self._collected([own, *earlier], limit)
        return Report(
            archive=row["archive_uid"],
            run=row["uid"],
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            finish_reason=row["finish_reason"],
            visited=self._visited(own),
            made_up=dict(sum((self._telling.judged(span) for span in earlier), Counter())),
            counts=counts,
            items=tuple(self._cited(items)),
        )

    def latest_items(self, count: int, *, kinds: Collection[Kind] = tuple(KINDS)) -> list[Item]:
        """Return the newest items of all runs, newest first; ``kinds``: of these alone."""
        items: list[Item] = []
        for run in self._sql.execute(_TELLING_RUNS, (FEED_RUNS,)):
            if len(items) >= count:
                break
            items += self._newest(Span(run["id"], run["uid"], run["id"]), count, kinds)
        order = list(KINDS)
        items.sort(key=lambda item: (order.index(item.kind), item.key))
        items.sort(key=lambda item: item.at, reverse=True)
        return self._cited(items[:count])

    def began_at(self) -> str:
        """Return when the archive was made."""
        return str(self._sql.execute("SELECT created_at FROM archive").fetchone()["created_at"])

    def _left_over(self, run: int, row: sqlite3.Row) -> list[Span]:
        """Return what runs before this one left it to tell.

        Visits that a run made and could not judge any more are judged by this one, and were in no
        report. Of runs that were killed since the last report nothing was told.
        """
        spans, unreported = [], True
        for before in self._sql.execute(_RUNS_BEFORE, (run,)):
            unreported = unreported and before["finish_reason"] in ("killed", None)
            if before["finish_reason"] == "finished":
                break
            since = "" if unreported else row["started_at"]
            until = row["finished_at"] or "~"
            spans.append(Span(before["id"], before["uid"], run, since, until))
        return spans

    def _visited(self, span: Span) -> dict[Result, int]:
        visits: int = self._sql.execute(_VISITS, (span.run,)).fetchone()[0]
        judged = self._telling.judged(span)
        left = visits - judged.total()
        return {**judged, "open": left} if left > 0 else dict(judged)

    # Items

    def _collected(self, spans: Sequence[Span], limit: int) -> tuple[dict[Kind, int], list[Item]]:
        """Return how many items of each kind there are, and the first of each, in order of kind."""
        counts: Counter[Kind] = Counter()
        kept: dict[Kind, list[Item]] = {kind: [] for kind in KINDS}
        hidden = self._hidden()
        for _, items in chain.from_iterable(self._telling.readers(span, "ASC") for span in spans):
            for item in items:
                if item.source in hidden:
                    continue
                counts[item.kind] += 1
                if len(kept[item.kind]) < limit:
                    kept[item.kind].append(item)
        return dict(counts), list(chain.from_iterable(kept.values()))

    def _newest(self, span: Span, count: int, kinds: Collection[Kind]) -> Iterator[Item]:
        """Yield the newest items of a run: at most ``count`` of each reader, so that a run of a
        hundred thousand visits is not read for the sake of a few.
        """
        hidden = self._hidden()
        for told, items in self._telling.readers(span, "DESC"):
            if not told.isdisjoint(kinds):
                wanted = (i for i in items if i.kind in kinds and i.source not in hidden)
                yield from islice(wanted, count)

    def _hidden(self) -> set[int]:
        """Return the sources of which no report tells: reports are passed on."""
        return {row["id"] for row in self._sql.execute(_WITHHELD)}

    # Who cites

    def _cited(self, items: Sequence[Item]) -> list[Item]:
        """Return items with the entries that cite their sources, the newest first."""
        return [self._with_entries(item) for item in items]

    def _with_entries(self, item: Item) -> Item:
        if item.source is None:
            return item
        rows = self._sql.execute(
            "SELECT DISTINCT e.id, e.title, e.date, e.url FROM citations k"
            " JOIN entries e ON e.id = k.entry WHERE k.source = ? AND k.removed_at IS NULL"
            " ORDER BY e.date DESC, e.id DESC",
            (item.source,),
        )
        return replace(item, entries=tuple(Cited(**dict(row)) for row in rows))

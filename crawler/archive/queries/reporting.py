"""Reading from the rows of the archive what a run has to tell."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Literal, cast

from crawler.archive.connection import Connection
from crawler.archive.queries.report import KINDS, Cited, Item, Kind, Passage, Report, Result, Words
from crawler.archive.views import ARTICLE_OF
from crawler.passages import Anchor, standing_of
from crawler.urls import redact_url
from crawler.verdicts import LIVE, REFUSALS

LIMIT = 500  # items of a kind in a report; beyond it they are counted
# Of so many runs a feed has all items. Of older ones it has those of runs that told a change,
# concluded a verdict or saw an outage, which leaves out few: a first copy or failure is a verdict.
FEED_RUNS = 500

Order = Literal["ASC", "DESC"]  # of the visits of a run

_TURNS: dict[str, Kind] = {  # the state that a verdict turned to
    "vanished": "vanished", "usurped": "usurped", "drifted": "drifted", "blocked": "blocked",
    "walled": "blocked", "legal": "blocked", "excluded": "blocked", "refused": "blocked",
}  # fmt: skip
_TOLD_STATES = frozenset(_TURNS)


def _quoted(codes: Iterable[str]) -> str:
    return ", ".join(f"'{code}'" for code in sorted(codes))


_LIVE, _REFUSED = _quoted(LIVE), _quoted(REFUSALS)
_NEVER_LIVE_BEFORE = f"""NOT EXISTS (SELECT 1 FROM outcomes p
  WHERE p.source = o.source AND p.fetch < o.fetch AND p.outcome IN ({_LIVE}))"""

# Each visit once: what it brought. Compare RESULTS in report.py.
_VISITED = f"""
SELECT CASE
    WHEN o.outcome IN ({_LIVE}) AND {_NEVER_LIVE_BEFORE} THEN 'new'
    WHEN h.told = 1 THEN 'changed'
    WHEN h.told = 0 THEN 'revised'
    WHEN o.outcome IN ({_LIVE}) THEN 'unchanged'
    WHEN o.outcome = 'local-fault' THEN 'offline'
    WHEN o.outcome IN ({_REFUSED}) THEN 'refused'
    ELSE 'failed' END AS result, count(*) AS visits
FROM outcomes o LEFT JOIN changes h ON h.fetch = o.fetch
WHERE o.run = ?1 GROUP BY 1
"""
_VISITS = "SELECT count(DISTINCT visit) FROM fetches WHERE run = ?1 AND purpose = 'source'"

_SOURCE = """s.id AS source, s.url AS url, s.title AS title, s.urlkey AS urlkey,
  g.captured_at AS held_at"""
_HELD = "LEFT JOIN captures g ON g.id = s.good_capture"

_NEW = f"""
SELECT o.fetched_at AS at, o.outcome AS code, o.reasons AS reasons, {_SOURCE}
FROM outcomes o JOIN sources s ON s.id = o.source {_HELD}
WHERE o.run = ?1 AND o.outcome IN ({_LIVE}) AND {_NEVER_LIVE_BEFORE} ORDER BY o.fetch $ORDER
"""
_CHANGED = f"""
SELECT h.found_at AS at, h.class AS code, h.edits AS edits, h.words_before AS words_before,
  h.words_after AS words_after, {_SOURCE}
FROM changes h JOIN sources s ON s.id = h.source {_HELD}
WHERE h.run = ?1 AND h.told = 1 ORDER BY h.fetch $ORDER
"""
_TURNED = f"""
SELECT v.concluded_at AS at, v.state AS code, v.reasons AS reasons, v.deciding AS deciding,
  v.last_proven_alive_at AS alive_at, v.first_seen_missing_at AS missing_at, v.fetches AS fetches,
  (SELECT group_concat(p.state, ' ') FROM (SELECT p.state FROM verdicts p
    WHERE p.source = v.source AND p.id < v.id ORDER BY p.id DESC LIMIT 3) p) AS before, {_SOURCE}
FROM verdicts v JOIN sources s ON s.id = v.source {_HELD}
WHERE v.run = ?1 AND v.by_hand = 0 ORDER BY v.id $ORDER
"""
_MOVED = f"""
SELECT o.fetched_at AS at, o.outcome AS code, o.reasons AS reasons, o.final_url AS target, {_SOURCE}
FROM outcomes o JOIN sources s ON s.id = o.source {_HELD}
WHERE o.run = ?1 AND o.outcome = 'moved' AND NOT EXISTS (SELECT 1 FROM outcomes p
  WHERE p.source = o.source AND p.fetch < o.fetch AND p.outcome = 'moved'
    AND p.final_url = o.final_url) ORDER BY o.fetch $ORDER
"""
# A failure is told once, not at each visit: of a source that is held, when it follows a good one,
# of another one, when it is another failure than before. What a verdict of the same run tells is
# not told again, nor what a later visit of the run has mended.
_FAILED = f"""
SELECT o.*, o.fetched_at AS at, o.outcome AS code, {_SOURCE}
FROM (SELECT o.*, {_NEVER_LIVE_BEFORE} AS never, (SELECT p.outcome FROM outcomes p
    WHERE p.source = o.source AND p.fetch < o.fetch AND p.outcome <> 'local-fault'
    ORDER BY p.fetch DESC LIMIT 1) AS previous
  FROM outcomes o WHERE o.run = ?1 AND o.outcome NOT IN ({_LIVE}, 'local-fault')
    AND o.incident IS NULL) o
JOIN sources s ON s.id = o.source {_HELD}
WHERE (o.previous IS NULL OR o.never AND o.previous <> o.outcome OR o.previous IN ({_LIVE}))
  AND NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.source = o.source AND v.run = o.run
    AND v.state IN ({_quoted(_TOLD_STATES)}))
  AND NOT EXISTS (SELECT 1 FROM outcomes l WHERE l.source = o.source AND l.run = o.run
    AND l.fetch > o.fetch AND l.outcome IN ({_LIVE}))
ORDER BY o.fetch $ORDER
"""
_RESCUED = f"""
SELECT m.retrieved_at AS at, m.class AS code, json_array(m.proof) AS reasons, m.uri_m AS target,
  {_SOURCE}
FROM rescues r JOIN mementos m ON m.id = r.memento JOIN captures c ON c.id = m.capture
JOIN fetches f ON f.id = c.fetch JOIN sources s ON s.id = r.source {_HELD}
WHERE r.state = 'home' AND f.run = ?1 ORDER BY f.id $ORDER
"""
_UNREADABLE = """
SELECT p.first_seen_at AS at, p.problem AS code, p.locator AS title FROM reading_problems p
JOIN runs r ON r.id = ?1
WHERE p.first_seen_at BETWEEN r.started_at AND coalesce(r.finished_at, p.first_seen_at)
ORDER BY p.locator
"""
_OUTAGES = """
SELECT i.began_at AS at, i.host AS title, i.sources_failed AS looks, i.sources_visited AS visited
FROM incidents i WHERE i.run = ?1 ORDER BY i.host
"""


# What was imported is history, and no news.
_TELLING_RUNS = """
SELECT id, uid FROM runs WHERE (id > (SELECT max(id) FROM runs) - ?1 OR id IN (
  SELECT run FROM changes WHERE told = 1 UNION SELECT run FROM verdicts UNION
  SELECT run FROM incidents)) AND command NOT IN ('import', 'attach') ORDER BY id DESC
"""


def _version_of(capture: str) -> str:
    """Return SQL for the version that a capture shows: a source may go back to an earlier one."""
    article = ARTICLE_OF.format(payload=f"(SELECT payload FROM captures WHERE id = {capture})")
    return f"""(SELECT v.id FROM versions v JOIN articles a ON a.text_digest = v.text_digest
      WHERE a.id = {article} AND v.source = h.source ORDER BY v.id DESC LIMIT 1)"""


_PASSAGES = f"""
SELECT h.fetch AS fetch, h.found_at AS at, {_SOURCE}, n.kind AS kind,
  n.exact AS exact, n.version AS found,
  t.standing AS now, t.wording AS wording, b.standing AS before, b.wording AS wording_before
FROM (SELECT h.*, {_version_of("h.before")} AS version_before, {_version_of("h.after")} AS
    version_after FROM changes h WHERE h.run = ?1) h
JOIN sources s ON s.id = h.source {_HELD}
JOIN citations k ON k.source = h.source AND k.removed_at IS NULL
JOIN anchors n ON n.citation = k.id
JOIN standings t ON t.anchor = n.id AND t.version = h.version_after
JOIN standings b ON b.anchor = n.id AND b.version = h.version_before
WHERE t.standing IN ('support-lost', 'supported-altered')
  AND (t.standing, coalesce(t.wording, '')) <> (b.standing, coalesce(b.wording, ''))
ORDER BY h.fetch $ORDER, n.id
"""


class Reports:
    """What the runs of one archive have to tell."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection.sql

    def of_run(self, run: int, *, limit: int = LIMIT) -> Report:
        """Return what a run has to tell, with at most ``limit`` items of each kind."""
        row = self._sql.execute(
            "SELECT uid, archive_uid, started_at, finished_at, finish_reason FROM runs"
            " WHERE id = ?",
            (run,),
        ).fetchone()
        counts, items = self._collected(run, row["uid"], limit)
        return Report(
            archive=row["archive_uid"],
            run=row["uid"],
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            finish_reason=row["finish_reason"],
            visited=self._visited(run),
            counts=counts,
            items=tuple(self._cited(items)),
        )

    def latest_items(self, count: int, *, kinds: Collection[Kind] = tuple(KINDS)) -> list[Item]:
        """Return the newest items of all runs, newest first; ``kinds``: of these alone."""
        items: list[Item] = []
        for run in self._sql.execute(_TELLING_RUNS, (FEED_RUNS,)):
            if len(items) >= count:
                break
            items += self._newest(run["id"], run["uid"], count, kinds)
        order = list(KINDS)
        items.sort(key=lambda item: (order.index(item.kind), item.key))
        items.sort(key=lambda item: item.at, reverse=True)
        return self._cited(items[:count])

    def began_at(self) -> str:
        """Return when the archive was made."""
        return str(self._sql.execute("SELECT created_at FROM archive").fetchone()["created_at"])

    def _visited(self, run: int) -> dict[Result, int]:
        visits: int = self._sql.execute(_VISITS, (run,)).fetchone()[0]
        judged = {
            cast("Result", row["result"]): int(row["visits"])
            for row in self._sql.execute(_VISITED, (run,))
        }
        left = visits - sum(judged.values())
        return {**judged, "open": left} if left > 0 else judged

    # Items

    def _collected(self, run: int, uid: str, limit: int) -> tuple[dict[Kind, int], list[Item]]:
        """Return how many items of each kind there are, and the first of each, in order of kind."""
        counts: Counter[Kind] = Counter()
        kept: dict[Kind, list[Item]] = {kind: [] for kind in KINDS}
        hidden = self._hidden()
        for _, items in self._readers(run, uid, "ASC"):
            for item in items:
                if item.source in hidden:
                    continue
                counts[item.kind] += 1
                if len(kept[item.kind]) < limit:
                    kept[item.kind].append(item)
        return dict(counts), list(chain.from_iterable(kept.values()))

    def _newest(self, run: int, uid: str, count: int, kinds: Collection[Kind]) -> Iterator[Item]:
        """Yield the newest items of a run: at most ``count`` of each reader, so that a run of a
        hundred thousand visits is not read for the sake of a few.
        """
        hidden = self._hidden()
        for told, items in self._readers(run, uid, "DESC"):
            if not told.isdisjoint(kinds):
                wanted = (i for i in items if i.kind in kinds and i.source not in hidden)
                yield from islice(wanted, count)

    def _hidden(self) -> set[int]:
        """Return the sources of which no report tells: reports are passed on."""
        return {row["id"] for row in self._sql.execute(_WITHHELD)}

    def _readers(self, run: int, uid: str, order: Order) -> list[tuple[set[Kind], Iterator[Item]]]:
        """Return generators of items, by their visits in order, with the kinds that each yields."""
        return [
            ({*_TURNS.values(), "returned"}, self._turned(run, uid, order)),
            ({"lost", "altered"}, self._passages(run, uid, order)),
            ({"new"}, self._simple("new", _NEW, run, uid, order)),
            ({"changed"}, self._simple("changed", _CHANGED, run, uid, order)),
            ({"moved"}, self._simple("moved", _MOVED, run, uid, order)),
            ({"rescued"}, self._simple("rescued", _RESCUED, run, uid, order)),
            ({"uncaptured", "failed"}, self._failed(run, uid, order)),
            ({"unreadable"}, self._unreadable(run, uid)),
            ({"outage"}, self._outages(run, uid)),
        ]

    def _rows(self, query: str, run: int, order: Order) -> Iterator[sqlite3.Row]:
        return self._sql.execute(query.replace("$ORDER", order), (run,))

    def _simple(self, kind: Kind, query: str, run: int, uid: str, order: Order) -> Iterator[Item]:
        for row in self._rows(query, run, order):
            yield _item(kind, row, uid)

    def _failed(self, run: int, uid: str, order: Order) -> Iterator[Item]:
        for row in self._rows(_FAILED, run, order):
            yield _item("uncaptured" if row["never"] else "failed", row, uid)

    def _unreadable(self, run: int, uid: str) -> Iterator[Item]:
        for row in self._sql.execute(_UNREADABLE, (run,)):
            yield Item("unreadable", row["at"], row["code"], row["title"], uid, row["title"])

    def _outages(self, run: int, uid: str) -> Iterator[Item]:
        for row in self._sql.execute(_OUTAGES, (run,)):
            yield Item(
                "outage", row["at"], "outage", row["title"], uid, row["title"],
                looks=row["looks"], of=row["visited"],
            )  # fmt: skip

    def _turned(self, run: int, uid: str, order: Order) -> Iterator[Item]:
        for row in self._rows(_TURNED, run, order):
            kind = turn_of((row["before"] or "").split(), row["code"])
            if kind is not None:
                yield _item(kind, row, uid)

    def _passages(self, run: int, uid: str, order: Order) -> Iterator[Item]:
        """Yield one item for all passages of a source that were lost, and one for the altered."""
        for _, rows in groupby(self._rows(_PASSAGES, run, order), itemgetter("fetch")):
            yield from self._passages_of_visit(rows, uid)

    def _passages_of_visit(self, rows: Iterable[sqlite3.Row], uid: str) -> Iterator[Item]:
        found: dict[str, tuple[sqlite3.Row, list[Passage]]] = {}
        for row in rows:
            group = found.setdefault(row["now"], (row, []))
            passage = _passage(row)
            if passage.exact not in {other.exact for other in group[1]}:
                group[1].append(passage)
        for standing, (row, passages) in found.items():
            kind: Kind = "lost" if standing == "support-lost" else "altered"
            yield _item(kind, row, uid, passages=tuple(passages), code=standing)

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


def turn_of(before: Sequence[str], state: str) -> Kind | None:
    """Return what a new state of a verdict is told as; None: it is not told.

    ``before`` are the earlier states, the latest first. Within a family (refusals) nothing is told
    twice; suspicions are not told, nor is their end.
    """
    kind = _TURNS.get(state)
    settled = next((earlier for earlier in before if earlier not in _WAITING), None)
    if kind is not None:
        return None if settled is not None and _TURNS.get(settled) == kind else kind
    if state == "live" and settled in _TOLD_STATES:
        return "returned"
    return None


_WITHHELD = "SELECT id FROM sources WHERE withheld IS NOT NULL"
_WAITING = frozenset({"returning", "suspected", "unstable"})  # nothing is concluded in them


def _item(
    kind: Kind, row: sqlite3.Row, uid: str, *, passages: tuple[Passage, ...] = (), code: str = ""
) -> Item:
    """Return an item of a source. Reports are passed on, so secrets in addresses are hidden."""
    told = dict(row)
    target = told.get("target")
    return Item(
        kind=kind,
        at=row["at"],
        code=code or row["code"],
        subject=redact_url(row["title"]) if row["title"] == row["url"] else row["title"],
        run=uid,
        key=row["urlkey"],
        url=redact_url(row["url"]),
        source=row["source"],
        reasons=tuple(json.loads(told.get("reasons") or "[]")),
        words=_words(told.get("edits")),
        length=(told["words_before"], told["words_after"]) if "words_before" in told else None,
        passages=passages,
        target=redact_url(target) if target else None,
        looks=len(json.loads(told.get("deciding") or "[]")),
        held_at=row["held_at"],
        alive_at=told.get("alive_at"),
        missing_at=told.get("missing_at"),
    )


def _words(edits: str | None) -> tuple[Words, ...]:
    """Return the words of material edits; they are kept as [kind, before, after]."""
    return tuple((before, after) for _, before, after in json.loads(edits or "[]"))


def _passage(row: sqlite3.Row) -> Passage:
    """Return a passage; which words of it changed is found again, from exact words and wording."""
    if row["wording"] is None:
        return Passage(row["exact"], None)
    anchor = Anchor(row["kind"], row["exact"], "", "", "", found=True)
    changed = standing_of(anchor, row["wording"]).changed
    return Passage(
        row["exact"], row["wording"], tuple((word.before, word.after) for word in changed)
    )

"""What one run has to tell, item by item, from the rows of the archive."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import itemgetter
from typing import Literal, cast

from crawler.archive.queries.report import Item, Kind, Passage, Result, Words
from crawler.archive.views import ARTICLE_OF
from crawler.passages import Anchor, standing_of
from crawler.urls import redact_url
from crawler.verdicts import LIVE, REFUSALS

Order = Literal["ASC", "DESC"]  # of the visits of a run

_TURNS: dict[str, Kind] = {  # the state that a verdict turned to
    "vanished": "vanished", "usurped": "usurped", "drifted": "drifted", "blocked": "blocked",
    "walled": "blocked", "legal": "blocked", "excluded": "blocked", "refused": "blocked",
}  # fmt: skip
_TOLD_STATES = frozenset(_TURNS)
_WAITING = frozenset({"returning", "suspected", "unstable"})  # nothing is concluded in them


def _quoted(codes: Iterable[str]) -> str:
    return ", ".join(f"'{code}'" for code in sorted(codes))


_LIVE, _REFUSED = _quoted(LIVE), _quoted(REFUSALS)
_NEVER_LIVE_BEFORE = f"""NOT EXISTS (SELECT 1 FROM outcomes p
  WHERE p.source = o.source AND p.fetch < o.fetch AND p.outcome IN ({_LIVE}))"""

# A visit that a run left unjudged is told by the run that judges it: see `Reports._left_over`.
_JUDGED = "o.judged_at BETWEEN :since AND :until"

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
WHERE o.run = :run AND {_JUDGED} GROUP BY 1
"""

_SOURCE = """s.id AS source, s.url AS url, s.title AS title, s.urlkey AS urlkey,
  g.captured_at AS held_at"""
_HELD = "LEFT JOIN captures g ON g.id = s.good_capture"

_NEW = f"""
SELECT o.fetched_at AS at, o.outcome AS code, o.reasons AS reasons, {_SOURCE}
FROM outcomes o JOIN sources s ON s.id = o.source {_HELD}
WHERE o.run = :run AND {_JUDGED} AND o.outcome IN ({_LIVE}) AND {_NEVER_LIVE_BEFORE}
ORDER BY o.fetch $ORDER
"""
_CHANGED = f"""
SELECT h.found_at AS at, h.class AS code, h.edits AS edits, h.words_before AS words_before,
  h.words_after AS words_after, {_SOURCE}
FROM changes h JOIN outcomes o ON o.fetch = h.fetch JOIN sources s ON s.id = h.source {_HELD}
WHERE h.run = :run AND {_JUDGED} AND h.told = 1 ORDER BY h.fetch $ORDER
"""
_TURNED = f"""
SELECT v.concluded_at AS at, v.state AS code, v.reasons AS reasons, v.deciding AS deciding,
  v.last_proven_alive_at AS alive_at, v.first_seen_missing_at AS missing_at, v.fetches AS fetches,
  (SELECT group_concat(p.state, ' ') FROM (SELECT p.state FROM verdicts p
    WHERE p.source = v.source AND p.id < v.id ORDER BY p.id DESC LIMIT 3) p) AS before, {_SOURCE}
FROM verdicts v JOIN sources s ON s.id = v.source {_HELD}
WHERE v.run = :run AND v.concluded_at BETWEEN :since AND :until AND v.by_hand = 0
ORDER BY v.id $ORDER
"""
_MOVED = f"""
SELECT o.fetched_at AS at, o.outcome AS code, o.reasons AS reasons, o.final_url AS target, {_SOURCE}
FROM outcomes o JOIN sources s ON s.id = o.source {_HELD}
WHERE o.run = :run AND {_JUDGED} AND o.outcome = 'moved' AND NOT EXISTS (SELECT 1 FROM outcomes p
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
  FROM outcomes o WHERE o.run = :run AND {_JUDGED}
    AND o.outcome NOT IN ({_LIVE}, 'local-fault') AND o.incident IS NULL) o
JOIN sources s ON s.id = o.source {_HELD}
WHERE (o.previous IS NULL OR o.never AND o.previous <> o.outcome OR o.previous IN ({_LIVE}))
  AND NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.source = o.source AND v.run IN (o.run, :teller)
    AND v.state IN ({_quoted(_TOLD_STATES)}))
  AND NOT EXISTS (SELECT 1 FROM outcomes l WHERE l.source = o.source AND l.run IN (o.run, :teller)
    AND l.fetch > o.fetch AND l.outcome IN ({_LIVE}))
ORDER BY o.fetch $ORDER
"""
_RESCUED = f"""
SELECT m.retrieved_at AS at, m.class AS code, json_array(m.proof) AS reasons, m.uri_m AS target,
  {_SOURCE}
FROM rescues r JOIN mementos m ON m.id = r.memento JOIN captures c ON c.id = m.capture
JOIN fetches f ON f.id = c.fetch JOIN sources s ON s.id = r.source {_HELD}
WHERE r.state = 'home' AND f.run = :run AND m.retrieved_at BETWEEN :since AND :until
ORDER BY f.id $ORDER
"""
_UNREADABLE = """
SELECT p.first_seen_at AS at, p.problem AS code, p.locator AS title FROM reading_problems p
JOIN runs r ON r.id = :run
WHERE p.first_seen_at BETWEEN r.started_at AND coalesce(r.finished_at, p.first_seen_at)
  AND p.first_seen_at BETWEEN :since AND :until AND :run = :teller
ORDER BY p.locator
"""
_OUTAGES = """
SELECT i.began_at AS at, i.host AS title, i.sources_failed AS looks, i.sources_visited AS visited
FROM incidents i WHERE i.run = :run AND i.began_at BETWEEN :since AND :until ORDER BY i.host
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
    version_after FROM changes h WHERE h.run = :run) h
JOIN outcomes o ON o.fetch = h.fetch AND {_JUDGED}
JOIN sources s ON s.id = h.source {_HELD}
JOIN citations k ON k.source = h.source AND k.removed_at IS NULL
JOIN anchors n ON n.citation = k.id
JOIN standings t ON t.anchor = n.id AND t.version = h.version_after
JOIN standings b ON b.anchor = n.id AND b.version = h.version_before
WHERE t.standing IN ('support-lost', 'supported-altered')
  AND (t.standing, coalesce(t.wording, '')) <> (b.standing, coalesce(b.wording, ''))
ORDER BY h.fetch $ORDER, n.id
"""


@dataclass(frozen=True, slots=True)
class Span:
    """What is told of one run: all of it, or what was judged between two instants."""

    run: int
    uid: str
    teller: int  # the run that tells it; the run itself, or a later one
    since: str = ""
    until: str = "~"  # sorts behind every instant


class Telling:
    """The items of the runs of one archive."""

    def __init__(self, sql: sqlite3.Connection) -> None:
        self._sql = sql

    def judged(self, span: Span) -> Counter[Result]:
        """Return what the visits of a span brought, counted."""
        rows = self._sql.execute(_VISITED, asdict(span))
        return Counter({cast("Result", row["result"]): int(row["visits"]) for row in rows})

    def readers(self, span: Span, order: Order) -> list[tuple[set[Kind], Iterator[Item]]]:
        """Return generators of items, by their visits in order, with the kinds that each yields."""
        return [
            ({*_TURNS.values(), "returned"}, self._turned(span, order)),
            ({"lost", "altered"}, self._passages(span, order)),
            ({"new"}, self._simple("new", _NEW, span, order)),
            ({"changed"}, self._simple("changed", _CHANGED, span, order)),
            ({"moved"}, self._simple("moved", _MOVED, span, order)),
            ({"rescued"}, self._simple("rescued", _RESCUED, span, order)),
            ({"uncaptured", "failed"}, self._failed(span, order)),
            ({"unreadable"}, self._unreadable(span)),
            ({"outage"}, self._outages(span)),
        ]

    def _rows(self, query: str, span: Span, order: Order) -> Iterator[sqlite3.Row]:
        return self._sql.execute(query.replace("$ORDER", order), asdict(span))

    def _simple(self, kind: Kind, query: str, span: Span, order: Order) -> Iterator[Item]:
        for row in self._rows(query, span, order):
            yield _item(kind, row, span.uid)

    def _failed(self, span: Span, order: Order) -> Iterator[Item]:
        for row in self._rows(_FAILED, span, order):
            yield _item("uncaptured" if row["never"] else "failed", row, span.uid)

    def _unreadable(self, span: Span) -> Iterator[Item]:
        for row in self._sql.execute(_UNREADABLE, asdict(span)):
            yield Item("unreadable", row["at"], row["code"], row["title"], span.uid, row["title"])

    def _outages(self, span: Span) -> Iterator[Item]:
        for row in self._sql.execute(_OUTAGES, asdict(span)):
            yield Item(
                "outage", row["at"], "outage", row["title"], span.uid, row["title"],
                looks=row["looks"], of=row["visited"],
            )  # fmt: skip

    def _turned(self, span: Span, order: Order) -> Iterator[Item]:
        for row in self._rows(_TURNED, span, order):
            kind = turn_of((row["before"] or "").split(), row["code"])
            if kind is not None:
                yield _item(kind, row, span.uid)

    def _passages(self, span: Span, order: Order) -> Iterator[Item]:
        """Yield one item for all passages of a source that were lost, and one for the altered."""
        for _, rows in groupby(self._rows(_PASSAGES, span, order), itemgetter("fetch")):
            yield from self._passages_of_visit(rows, span.uid)

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

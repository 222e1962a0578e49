"""The first page of an archive: what needs a person, how much is held, the last runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crawler.archive import Archive, Row
from crawler.inspect.shown.coverage import Coverage, read_coverage
from crawler.inspect.shown.families import GONE, REFUSED, Family

SHOWN = 5  # of each kind; the others are one click away
RUNS_SHOWN = 5


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


# First the ids, by an index; then what is shown of the few: the views count for each of their rows.
_SOURCES = """
SELECT n.id AS source, n.title, n.url, {word} AS word, {since} AS since, n.held, n.entries
FROM sources_now n WHERE n.id IN ({ids} ORDER BY {order} LIMIT {limit}) ORDER BY since DESC, n.id
"""
_GONE_IDS = f"SELECT id FROM sources WHERE verdict IN ({_quoted(GONE)})"
_REFUSED_IDS = f"SELECT id FROM sources WHERE verdict IN ({_quoted(REFUSED)})"
_UNHELD_IDS = f"""SELECT id FROM sources WHERE good_capture IS NULL AND failures > 0
  AND verdict NOT IN ({_quoted((*GONE, *REFUSED))})"""
_CHANGED = """
SELECT c.source, c.title, c.url, c.class AS word, c.found_at AS since, 1 AS held, c.entries,
  c.before, c.after, c.edits
FROM changed c
WHERE c.id IN (SELECT id FROM changes WHERE told = 1 ORDER BY found_at DESC, id DESC LIMIT ?)
ORDER BY since DESC, c.id DESC
"""
# A passage can be lost only where a text has changed, so the few that did are asked for.
_LOST_PASSAGES = """
FROM (SELECT DISTINCT source FROM changes) h
JOIN sources s ON s.id = h.source
JOIN standings t ON t.version = s.version AND t.standing = 'support-lost'
JOIN anchors n ON n.id = t.anchor
JOIN citations k ON k.id = n.citation AND k.removed_at IS NULL
"""
_LOST_ROWS = f"""
SELECT s.id AS source, s.title, s.url, 'support-lost' AS word, t.checked_at AS since, 1 AS held,
  1 AS entries, iif(s.withheld IS NULL, n.exact, NULL) AS passage, k.entry AS entry
{_LOST_PASSAGES} ORDER BY t.checked_at DESC, n.id DESC LIMIT ?
"""
_RUNS = "SELECT * FROM runs_report ORDER BY id DESC LIMIT ?"
_SIZES = """
SELECT (SELECT count(*) FROM entries) AS entries, (SELECT count(*) FROM sources) AS sources,
  (SELECT count(*) FROM captures WHERE source IS NOT NULL) AS captures,
  (SELECT count(*) FROM reading_problems) AS problems,
  (SELECT count(*) FROM inputs) AS inputs
"""
_VERDICTS = "SELECT verdict, count(*) AS sources FROM sources GROUP BY 1 ORDER BY 2 DESC, 1"


@dataclass(frozen=True, slots=True)
class Need:
    """One kind of thing that a person should look at."""

    name: str
    title: str
    meaning: str
    family: Family
    count: int
    rows: list[Row]  # the latest of them
    table: str  # the view in which all of them are
    conditions: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Front:
    """What the first page tells."""

    sizes: Row
    needs: list[Need]  # also those of which there are none
    coverage: Coverage
    verdicts: list[Row]
    runs: list[tuple[Row, Mapping[str, object]]]  # the latest first, with what each counted


def read_front(archive: Archive) -> Front:
    """Return what the first page tells of an archive, an empty one too."""
    sql = archive.connection.sql
    runs = sql.execute(_RUNS, (RUNS_SHOWN,)).fetchall()
    return Front(
        sizes=sql.execute(_SIZES).fetchone(),
        needs=[_gone(archive), _lost(archive), _changed(archive), _refused(archive),
               _unheld(archive)],
        coverage=read_coverage(archive),
        verdicts=sql.execute(_VERDICTS).fetchall(),
        runs=[(run, json.loads(run["counts"] or "{}")) for run in runs],
    )  # fmt: skip


def _gone(archive: Archive) -> Need:
    rows = _sources(archive, _GONE_IDS, word="n.verdict", since="n.verdict_since",
                    order="verdict_since DESC, id")  # fmt: skip
    return Need(
        "vanished", "Vanished", "missing on repeated, spaced looks, or something else by now",
        "gone", _count(archive, f"({_GONE_IDS})"), rows, "vanished",
        {"_sort_desc": "verdict_since"},
    )  # fmt: skip


def _lost(archive: Archive) -> Need:
    rows = archive.connection.sql.execute(_LOST_ROWS, (SHOWN,)).fetchall()
    return Need(
        "lost", "Cited passage gone", "the page is there, and what was cited from it is not",
        "gone", archive.connection.sql.execute(f"SELECT count(*) {_LOST_PASSAGES}").fetchone()[0],
        rows, "passages", {"standing": "support-lost"},
    )  # fmt: skip


def _changed(archive: Archive) -> Need:
    rows = archive.connection.sql.execute(_CHANGED, (SHOWN,)).fetchall()
    return Need(
        "changed", "Changed materially", "the article says something else than it did",
        "changed", _count(archive, "changes WHERE told = 1"), rows, "changed",
        {"told": 1, "_sort_desc": "found_at"},
    )  # fmt: skip


def _refused(archive: Archive) -> Need:
    rows = _sources(archive, _REFUSED_IDS, word="n.verdict", since="n.verdict_since",
                    order="verdict_since DESC, id")  # fmt: skip
    return Need(
        "blocked", "Closed to us", "blocked, behind a wall, or asked to stay away; not gone",
        "refused", _count(archive, f"({_REFUSED_IDS})"), rows, "sources_now",
        {"verdict__in": ",".join(REFUSED), "_sort_desc": "verdict_since"},
    )  # fmt: skip


def _unheld(archive: Archive) -> Need:
    rows = _sources(archive, _UNHELD_IDS, word="n.last_outcome", since="n.last_fetched_at",
                    order="last_fetched_at DESC, id")  # fmt: skip
    return Need(
        "uncaptured", "Never captured", "visited without success so far, and nothing is concluded",
        "open", _count(archive, f"({_UNHELD_IDS})"), rows, "never_captured",
        {"failures_in_a_row__gt": 0, "_sort_desc": "last_fetched_at"},
    )  # fmt: skip


def _count(archive: Archive, table: str) -> int:
    return int(archive.connection.sql.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _sources(archive: Archive, ids: str, *, word: str, since: str, order: str) -> list[Row]:
    query = _SOURCES.format(ids=ids, word=word, since=since, order=order, limit=SHOWN)
    return archive.connection.sql.execute(query).fetchall()

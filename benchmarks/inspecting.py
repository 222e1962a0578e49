"""How long a page of `sourcekeep inspect` takes at 100,000 captures: ours, views, questions.

The archive is one of the tests', multiplied by SQL: 33,000 sources, 17,000 articles of 8 KB,
entries of eight years. Every article has the words that are searched for; one source has a thousand
captures and one entry a thousand citations. Pages are asked for through Datasette's own client,
each once to warm up; what counts is the median of the rounds.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from sqlite3 import Connection
from statistics import median

from measuring import ROOT, Figure, machine, options, print_figures, print_table, workplace

sys.path.insert(0, str(ROOT))  # so that it runs on this checkout, installed or not

from crawler.archive import Archive
from crawler.inspect import serving
from crawler.inspect.meanings import read_meanings
from tests.archive_kit import fill

CAPTURES, ROUNDS, GOAL_S = 100_000, 3, 1.0
QUESTIONS = (
    "lost",
    "said?source=toledo&date=2026-12-31",
    "changed_lately",
    "attention",
    "search?words=consulates",
)
# Pages of ours; the source and the entry that are asked for are the crowded ones.
PAGES = (
    "sourcekeep/{}", "entries/{}", "entries/{}?only=lost&q=mexico&page=9", "entry/{}/1",
    "source/{}/1?on=2026-03-02", "source/{}/9", "snapshot/{}/9", "compare/{}?a=2&b=4",
    "search/{}?q=consulates", "search/{}?q=legal+help&page=50", "search/{}?q=toledoblade",
    "search/{}?q=灯塔", "feed/{}/changes.atom", "feed/{}/vanished.atom",
)  # fmt: skip
# Which columns name a row of which table; the rest is copied, or made different by a number.
NUMBERS = {
    "sources": {"id": "sources", "good_capture": "captures", "version": "versions"},
    "entries": {"id": "entries"},
    "citations": {"id": "citations", "entry": "entries", "source": "sources"},
    "fetches": {"id": "fetches", "source": "sources"},
    "captures": {"id": "captures", "source": "sources", "fetch": "fetches"},
    "stored_texts": {"id": "stored_texts"},
    "extractions": {"id": "extractions", "text": "stored_texts"},
    "payloads": {},
    "versions": {"id": "versions", "source": "sources", "article": "extractions",
                 "capture": "captures"},
    "outcomes": {"fetch": "fetches", "source": "sources"},
    "changes": {"id": "changes", "source": "sources", "fetch": "fetches", "before": "captures",
                "after": "captures"},
    "anchors": {"id": "anchors", "citation": "citations", "version": "versions"},
    "standings": {"id": "standings", "anchor": "anchors", "version": "versions"},
    "verdicts": {"id": "verdicts", "source": "sources"},
}  # fmt: skip
NAMED = {"urlkey", "key", "uid", "digest", "base_digest", "payload", "refers_to", "url_as_cited"}


def main() -> int:
    """Measure and print; 1 when a page takes longer than the goal."""
    chosen = options(__doc__, pages=None, rounds=ROUNDS).parse_args()
    print(machine())
    figures = measure(chosen.rounds)
    print_figures(figures)
    return 0 if all(figure.met for figure in figures) else 1


def measure(rounds: int = ROUNDS) -> list[Figure]:
    """Ask for every page; print the slowest and return the figures."""
    with workplace() as folder:
        path = folder / "archive.db"
        make_archive(path)
        took = asyncio.run(ask(path, rounds))
    slowest = sorted(took.items(), key=lambda each: -each[1][0])
    print_table(
        ["page", "s", "of CPU"],
        [(name or "(first page)", f"{s:.2f}", f"{cpu:.2f}") for name, (s, cpu) in slowest[:20]],
    )
    most = max(cpu for _, cpu in took.values())
    return [
        Figure("slowest page of inspect", slowest[0][1][0], GOAL_S, "s"),
        # what does not depend on who else is at work on the machine
        Figure("most CPU time of a page", most, GOAL_S, "s"),
    ]


def make_archive(path: Path) -> None:
    """Make an archive of so many captures, whose rows name each other as in a real one."""
    with Archive.open(path, create=True) as archive:
        fill(archive)
        sql = archive.connection.sql
        for row in sql.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            sql.execute(f"DROP TRIGGER {row[0]}")
        sql.execute("PRAGMA foreign_keys = OFF")
        times = CAPTURES // sql.execute("SELECT count(*) FROM captures").fetchone()[0]
        steps = {name: sql.execute(f"SELECT max(rowid) FROM {name}").fetchone()[0]
                 for name in NUMBERS}  # fmt: skip
        with archive.writing():
            for table, numbers in NUMBERS.items():
                columns = [row[1] for row in sql.execute(f"PRAGMA table_info({table})")]
                values = [_value(column, steps.get(numbers.get(column, ""))) for column in columns]
                sql.execute(
                    f"WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < ?)"
                    f" INSERT INTO {table} ({', '.join(columns)})"
                    f" SELECT {', '.join(values)} FROM {table}, g",
                    (times,),
                )
            _crowd(sql)


def _crowd(sql: Connection) -> None:
    """Give one source and one entry much more than their share, and each text to the index."""
    for table in ("fetches", "captures", "outcomes"):
        sql.execute(f"UPDATE {table} SET source = 1 WHERE rowid % 100 = 0")
    sql.execute("UPDATE citations SET entry = 1 WHERE id % 100 = 0")
    sql.execute("INSERT INTO texts_fts(texts_fts) VALUES ('rebuild')")


def _value(column: str, step: int | None) -> str:
    if step is not None:
        return f"{column} + i * {step}"
    if column == "date":
        return "date(date, '-' || (i % 3000) || ' days')"
    if column == "text":
        return "replace(hex(zeroblob(250)), '00', text || ' ')"
    return f"{column} || i" if column in NAMED else column


async def ask(path: Path, rounds: int) -> dict[str, tuple[float, float]]:
    """Return the seconds that each page took, and those of CPU."""
    inspector = serving.datasette_of(path)
    await inspector.invoke_startup()
    took = {}
    names = ["", *QUESTIONS, *read_meanings()]
    addresses = {name: f"/{path.stem}/{name}".rstrip("/") for name in names}
    addresses |= {page: f"/-/{page.format(path.stem)}" for page in PAGES}
    for name, address in addresses.items():
        times: list[tuple[float, float]] = []
        for _ in range(rounds + 1):
            began, worked = time.perf_counter(), time.process_time()
            answer = await inspector.client.get(address)
            times.append((time.perf_counter() - began, time.process_time() - worked))
            assert answer.status_code == 200, (name, answer.text[:500])
        elapsed, cpu = zip(*times[1:], strict=True)
        took[name] = median(elapsed), median(cpu)
    return took


if __name__ == "__main__":
    sys.exit(main())

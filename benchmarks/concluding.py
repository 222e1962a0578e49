"""What judging, comparing and concluding take of a crawl, and how fast what is due is found.

Corpus pages are read once, in this process, as a worker reads them; that is the measure, because
extraction is four fifths of a crawl's CPU. Then each page is a source of an entry that quotes 130
words of it, and its visits are judged: the first, one with the same bytes, one in which a number
changed, one with 404. The archive is real and its commits are grouped as in a crawl. Then 100,000
sources on 5,000 hosts are asked for what is due, by leases as a run takes them.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from corpus import SavedPage, corpus_of, saved_pages
from measuring import ROOT, Figure, machine, options, print_figures, print_table, workplace

sys.path.insert(0, str(ROOT))  # so that it runs on this checkout, installed or not

from crawler.archive import Archive, EndedVisit
from crawler.archive.writing.ledger import Page
from crawler.conclusion import Conclusion, stage
from crawler.dates import format_instant
from crawler.digests import digest_of, new_uid
from crawler.extraction.article import read_payload
from crawler.items import Article, Citation, Entry, Extraction, Hop

PAGES, ROUNDS = 400, 3
SOURCES, HOSTS = 100_000, 5_000
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SHARE_GOAL, DUE_GOAL_MS = 0.02, 100.0
VERDICT_ON = stage.verdict_on


class Stopwatch:
    """Counts the CPU of comparing, concluding and planning apart from the rest of a conclusion."""

    def __init__(self, conclusion: Conclusion) -> None:
        self.conclusion = conclusion
        self.spent_s = 0.0
        keeping = conclusion._keeping
        keeping._compare = self._timed(keeping._compare)  # type: ignore[method-assign]
        conclusion._plan = self._timed(conclusion._plan)  # type: ignore[method-assign]
        stage.verdict_on = self._timed(VERDICT_ON)

    def _timed(self, step: Callable[..., object]) -> Callable[..., object]:
        def timed(*given: object) -> object:
            began = time.process_time()
            try:
                return step(*given)
            finally:
                self.spent_s += time.process_time() - began

        return timed


@dataclass(frozen=True, slots=True)
class Read:
    """A page of the corpus as a worker reads it."""

    url: str
    body: bytes
    found: Extraction


def measure(shared: Path, pages: int = PAGES, rounds: int = ROUNDS) -> list[Figure]:
    """Judge the visits and select what is due; print the table and return the figures."""
    chosen = saved_pages(corpus_of(shared), pages)
    read, extraction_ms = _read(chosen)
    kinds = [_judged(read) for _ in range(rounds)]
    whole, part = (
        {kind: median(each[kind][at] for each in kinds) for kind in kinds[0]} for at in (0, 1)
    )
    print(f"\njudging, comparing, concluding: {machine()}, {len(read)} pages, {rounds} rounds\n")
    print_table(
        ["visit", "ms CPU", "of extraction", "comparing and concluding", "of extraction"],
        [["extraction", f"{extraction_ms:.1f}", "1.000", "-", "-"]]
        + [
            [kind, f"{whole[kind]:.2f}", f"{whole[kind] / extraction_ms:.3f}",
             f"{part[kind]:.2f}", f"{part[kind] / extraction_ms:.3f}"]
            for kind in whole
        ],
    )  # fmt: skip
    due_ms = _due_ms()
    print(f"\n{SOURCES:,} sources on {HOSTS:,} hosts, all due: {due_ms:.0f} ms for 64 leases of 20")
    return [
        *(
            Figure(
                f"comparing and concluding: {kind}, ÷ extraction", ms / extraction_ms, SHARE_GOAL
            )
            for kind, ms in part.items()
        ),
        Figure("selecting what is due of 100,000 sources, ms", due_ms, DUE_GOAL_MS),
    ]


def _read(pages: Sequence[SavedPage]) -> tuple[list[Read], float]:
    """Return the pages with an article, and the CPU milliseconds that reading one takes."""
    read, began = [], time.process_time()
    for number, page in enumerate(pages):
        url, body = f"http://h{number % 60}.example/{page.id}.html", page.body
        found = read_payload(body, url=url, content_type="text/html", fetched_on="2026-11-22")
        if found.article.text:
            read.append(Read(url, body, found))
    return read, (time.process_time() - began) * 1000 / len(pages)


def _judged(read: Sequence[Read]) -> dict[str, tuple[float, float]]:
    """Return the CPU milliseconds for judging a visit, and for comparing and concluding in it."""
    with workplace() as folder, Archive.open(folder / "a.db", create=True) as archive:
        run = archive.runs.begin("crawl", software={}, settings={}, now=format_instant(NOW))
        sources = [_cited(archive, each) for each in read]
        watch = Stopwatch(Conclusion(archive, run))

        def judge(kind: str, answer: Callable[[Read], Hop], days: int) -> tuple[float, float]:
            now = NOW + timedelta(days=days)
            archive.connection.begin_group()
            visits = [
                _kept(archive, run, s, answer(r), now) for s, r in zip(sources, read, strict=True)
            ]
            archive.connection.end_group()
            return _time(archive, watch, visits, now)

        return {
            "first, with passages": judge("first", lambda r: _hop(r.url, r.body), 0),
            "same bytes": judge("same", lambda r: _hop(r.url, r.body), 1),
            "changed in a number": judge("changed", lambda r: _changed(archive, r), 2),
            "404": judge("gone", lambda r: _gone(r.url), 3),
        }


def _time(
    archive: Archive, watch: Stopwatch, visits: Sequence[EndedVisit], now: datetime
) -> tuple[float, float]:
    watch.spent_s, began = 0.0, time.process_time()
    for number, visit in enumerate(visits):
        if number % 32 == 0:
            archive.connection.end_group()
            archive.connection.begin_group()
        watch.conclusion.conclude(visit, now=now, final=True)
    archive.connection.end_group()
    whole_s = time.process_time() - began
    return whole_s * 1000 / len(visits), watch.spent_s * 1000 / len(visits)


def _cited(archive: Archive, read: Read) -> int:
    words = (read.found.article.text or "").split()
    summary = " ".join(words[20:150])
    cited = Citation(1, read.url, read.url, "source", cited_on="2026-11-20")
    entry = Entry(read.url, "news-markdown", "2026-11-20", headline=read.found.article.title,
                  summary=summary, citations=(cited,))  # fmt: skip
    at = format_instant(NOW)
    archive.ledger.record(entry, [Page(read.url, b"x", "news-markdown")], input_id=None, now=at)
    _save(archive, read.body, read.found.article, read.found)
    return int(archive.reading.source(read.url)["id"])


def _save(archive: Archive, body: bytes, article: Article, found: Extraction) -> None:
    digest, at = digest_of(body), format_instant(NOW)
    archive.articles.save(digest, article, now=at)
    if found.facts is not None:
        archive.articles.save_facts(digest, found.facts, now=at)


def _kept(archive: Archive, run: int, source: int, hop: Hop, now: datetime) -> EndedVisit:
    dated = replace(hop, fetched_at=format_instant(now))
    kept = archive.evidence.record(run, source, [dated])
    archive.frontier.finish(None, source, now, began_at=dated.fetched_at)
    return archive.observing.visit(kept.fetches[-1])


def _hop(url: str, body: bytes) -> Hop:
    return Hop(new_uid(), url, "source", 0, "", "live-unverified", "http-200", status=200,
               body=body, mime_sniffed="text/html")  # fmt: skip


def _gone(url: str) -> Hop:
    return Hop(new_uid(), url, "source", 0, "", "gone", "http-404", status=404,
               body=b"<h1>Not found</h1>", mime_sniffed="text/html")  # fmt: skip


def _changed(archive: Archive, read: Read) -> Hop:
    """The page with another number in its text, read already."""
    text = read.found.article.text or ""
    other = re.sub(r"\d+", lambda found: str(int(found[0]) + 1), text, count=1)
    body = read.body + b"<!-- again -->"
    _save(archive, body, replace(read.found.article, text=other + " Again."), read.found)
    return _hop(read.url, body)


def _due_ms() -> float:
    """Return the CPU milliseconds for the leases with which a large run begins."""
    with workplace() as folder, Archive.open(folder / "b.db", create=True) as archive:
        sql, at = archive.connection.sql, format_instant(NOW)
        with archive.writing():
            sql.executemany(
                "INSERT INTO hosts (host) VALUES (?)", [(f"h{n}.example",) for n in range(HOSTS)]
            )
            sql.executemany(
                "INSERT INTO sources (urlkey, url, title, host, first_seen_at, due_at,"
                " last_fetched_at, priority) VALUES (?1, ?1, ?1, ?2, ?3, ?3, ?3, ?4)",
                [
                    (f"http://h{n % HOSTS}.example/{n}", f"h{n % HOSTS}.example", at, n * 7 % 99)
                    for n in range(SOURCES)
                ],
            )
        began = time.process_time()
        archive.frontier.lease("w", hosts=64, per_host=20, ttl=timedelta(60), now=NOW)
        return (time.process_time() - began) * 1000


def main() -> int:
    """Run it as a program."""
    chosen = options(__doc__, pages=PAGES, rounds=ROUNDS).parse_args()
    return print_figures(measure(chosen.shared, chosen.pages, chosen.rounds))


if __name__ == "__main__":
    sys.exit(main())

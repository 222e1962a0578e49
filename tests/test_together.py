"""Sources of one run that end at one address are judged by each other, whichever came first."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.archive import Archive, EndedVisit
from crawler.conclusion import Conclusion
from crawler.dates import format_instant, parse_instant
from crawler.demo import START, DemoWeb
from crawler.demo.behaviours import page, redirect
from crawler.fetching.run.clock import Clock
from crawler.fetching.run.judging import JudgingQueue
from tests import archive_kit as kit
from tests.crawling import crawl, rows, sourcekeep

SECTION = "<title>Harbours</title><h1>Harbours</h1>" + "".join(
    f"<p>Headline number {n} tells of a boat that came in and of another one that did not.</p>"
    for n in range(40)
)
OWN = "<title>The pier</title><h1>The pier</h1>" + "<p>The old pier has been mended.</p>" * 60
# What follows from the evidence, without the moments at which it was concluded.
DERIVED = {
    "outcomes": "fetch, source, run, outcome, reasons, evidence, similarity, final_url, incident",
    "versions": "source, number, title, text_digest, article, capture, first_seen_at, last_seen_at",
    "changes": "source, run, fetch, before, after, class, told, edits",
    "verdicts": "source, run, state, since, reasons, deciding, by_hand",
    "sources": "id, url, title, due_at, due_reason, priority, last_outcome, failures, etag,"
    " good_capture, first_captured_at, unjudged_since, probe_url, changes, verdict, verdict_since,"
    " last_proven_alive_at, first_seen_missing_at,"
    " (SELECT v.number FROM versions v WHERE v.id = sources.version) AS version",
}


def derived(archive: Path) -> dict[str, list[dict[str, Any]]]:
    return {
        table: rows(archive, f"SELECT {columns} FROM {table} ORDER BY 1, 2")
        for table, columns in DERIVED.items()
    }


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("together")
    with DemoWeb() as web:
        web.add("courier", "/2026/", page(SECTION))
        web.add("courier", "/2026/pier.html", page(OWN))
        for number in range(5):
            web.add("courier", f"/2026/harbours/{number}.html", redirect("/2026/"))
        web.add("wire", "/2026/pier.html", redirect(web.url("courier", "/2026/pier.html"), 301))
        places = [("courier", f"/2026/harbours/{n}.html") for n in range(5)]
        places += [("courier", "/2026/pier.html"), ("wire", "/2026/pier.html")]
        listed = folder / "list.txt"
        listed.write_text("".join(web.url(*place) + "\n" for place in places))
        crawl(folder / "a.db", START, listed)
    return folder / "a.db"


def test_the_first_to_be_led_away_is_judged_like_the_last(crawled: Path) -> None:
    found = rows(
        crawled,
        "SELECT o.outcome, o.reasons, o.evidence ->> 'sources_at_final_url' AS others, o.run"
        " FROM outcomes o JOIN sources s ON s.id = o.source WHERE s.url LIKE '%/harbours/%'",
    )
    assert len(found) == 5
    assert {(row["outcome"], row["others"]) for row in found} == {("soft-404", 4)}
    assert all("shared-url" in row["reasons"] for row in found)
    led = rows(crawled, "SELECT outcome, reasons FROM outcomes WHERE final_url LIKE '%pier%'")
    assert [row["outcome"] for row in led] == ["live-unverified"]


def test_judging_again_right_after_a_crawl_changes_nothing(crawled: Path, tmp_path: Path) -> None:
    copy = shutil.copy(crawled, tmp_path / "again.db")
    before = derived(crawled)
    assert before["verdicts"] and all(row["run"] for row in before["verdicts"])
    assert sourcekeep("judge", "--archive", copy, "--now", "2026-03-01T12:00:00Z").code == 0
    assert derived(copy) == before


def led_away(archive: Archive, number: int, run: int, days: int) -> EndedVisit:
    """A visit that ends at the page where all of them do, kept and not judged."""
    urls = "https://courier.example/2026/{}.html"
    url, at = urls.format(number), kit.at(days=days)
    source = kit.source(archive, url)
    led = kit.hop(url, b"", status=302, outcome="redirect", reason="http-302", fetched_at=at)
    end = kit.hop("https://courier.example/2026/", SECTION.encode(), hop=1, fetched_at=at)
    kept = archive.evidence.record(run, source, [led, end])
    archive.frontier.finish(None, source, parse_instant(at), began_at=at)
    return archive.observing.visit(kept.fetches[-1])


def test_those_of_earlier_runs_are_judged_in_the_run_that_learns_of_it(tmp_path: Path) -> None:
    shared = "SELECT run, source FROM outcomes WHERE reasons LIKE '%shared-url%' ORDER BY source"
    with kit.new_archive(tmp_path) as archive:
        for day, number in enumerate((0, 1, 2, 3)):
            run, now = kit.begin(archive), kit.NOW + timedelta(days=day)
            queue = JudgingQueue(
                archive, Conclusion(archive, run), Clock(now),
                read=lambda jobs: None, is_read=lambda job: True,
            )  # fmt: skip
            queue.add(led_away(archive, number, run, day))
            fetches = [row["fetch"] for row in rows(archive.path, "SELECT fetch FROM outcomes")]
            queue.finish()
            archive.runs.finish(run, reason="finished", counts={}, now=kit.at(days=day))
            told = rows(archive.path, shared)
            if number < 2:
                assert told == []
            else:  # and once only: the fourth joins what is known to be shared
                assert [row["source"] for row in told] == list(range(1, number + 2))
                joined = [1, 2] if number == 2 else []
                assert archive.neighbourhood.joined_by(fetches[-1:]) == joined
        before = derived(archive.path)
        for source in range(1, 5):
            Conclusion(archive).conclude_again(source, now=kit.NOW + timedelta(days=9))
        judged = derived(archive.path)
        for each in (before, judged):  # each counts the others that are known by then
            each["outcomes"] = [{**row, "evidence": None} for row in each["outcomes"]]
        assert judged == before


def test_what_a_host_asked_for_outlasts_the_second_judgement(tmp_path: Path) -> None:
    rest = timedelta(hours=3)
    with kit.new_archive(tmp_path) as archive:
        run = kit.begin(archive)
        conclusion = Conclusion(archive, run)
        url = "https://courier.example/2026/{}.html".format
        sources = [kit.source(archive, url(number)) for number in range(3)]
        fetches = []
        for number, source in enumerate(sources):
            led = kit.hop(url(number), b"", status=302, outcome="redirect", reason="http-302")
            busy = kit.hop(
                url("busy"), b"Later.", hop=1, status=503, outcome="server-error", reason="http-503"
            )
            kept = archive.evidence.record(run, source, [led, busy])
            archive.frontier.finish(None, source, kit.NOW, began_at=kit.at())
            visit = archive.observing.visit(kept.fetches[-1])
            conclusion.conclude(visit, now=kit.NOW, rest=rest, final=True)
            fetches.append(visit.fetch)
        before = derived(archive.path)
        assert archive.neighbourhood.ending_together(sources) == sources
        for source, fetch in zip(sources, fetches, strict=True):
            conclusion.conclude_by_others(source, {fetch: (kit.NOW, rest)}, now=kit.NOW)
        assert derived(archive.path) == before
        assert {row["due_at"] for row in before["sources"]} == {format_instant(kit.NOW + rest)}
        conclusion.conclude_again(sources[0], now=kit.NOW)  # which knows of no such wish
        assert derived(archive.path)["sources"][0]["due_at"] != format_instant(kit.NOW + rest)

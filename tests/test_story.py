"""Whole crawls of the demo web: sources live, change, vanish and come back over simulated days."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from crawler.demo import ENTRIES, SOURCES, START, DemoWeb, Source
from crawler.demo.showing import READER_SECRET
from crawler.urls import urlkey
from crawler.verdicts import LIVE, OUTCOMES
from tests.crawling import Outcome, crawl, rows, sourcekeep, value

pytestmark = pytest.mark.xdist_group("story")

LATER = 61  # the day of the demo on which the second look is made


@dataclass
class Story:
    """An archive after two looks at the demo web, two months apart."""

    web: DemoWeb
    archive: Path
    first: Outcome
    second: Outcome


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    archive = tmp_path_factory.mktemp("story") / "archive.db"
    with DemoWeb() as web:
        index = f"{web.base_url}/news/2026/01/5/index.md"
        first = crawl(archive, START, index, "--since", "2026-01-05")
        later = START + timedelta(days=60)
        web.move_to(later)
        yield Story(web, archive, first, crawl(archive, later))


def test_one_command_leads_from_a_day_index_to_snapshots(story: Story) -> None:
    assert story.first.json["finish_reason"] == "finished"
    assert value(story.archive, "SELECT count(*) FROM snapshots WHERE text != ''") > 20


def test_every_entry_of_the_site_is_in_the_ledger(story: Story) -> None:
    titles = {row["title"] for row in rows(story.archive, "SELECT title FROM entries")}
    assert len(titles) == value(story.archive, "SELECT count(*) FROM entries")
    assert len(titles) >= len(ENTRIES) - 1  # one is malformed on purpose


def judged(story: Story, source: Source, run: int) -> tuple[str, str | None]:
    """The outcome of a run's visit to a source, and the class of the change that it brought."""
    found = rows(
        story.archive,
        "SELECT o.outcome, c.class FROM outcomes o JOIN sources s ON s.id = o.source"
        " LEFT JOIN changes c ON c.fetch = o.fetch WHERE s.urlkey = ? AND o.run = ?"
        " ORDER BY o.fetch DESC LIMIT 1",
        urlkey(story.web.url(source.host, source.path)), run,
    )  # fmt: skip
    assert found, f"{source.name} was not visited in run {run}"
    return found[0]["outcome"], found[0]["class"]


@pytest.mark.parametrize("name", SOURCES)
def test_each_source_is_judged_as_what_the_answer_key_says(story: Story, name: str) -> None:
    source = SOURCES[name]
    for run, number in ((1, 1), (2, LATER)):
        outcome, change = judged(story, source, run)
        right = source.outcome_on(number)
        assert outcome == right or (right == "live" and outcome in LIVE)
        changed = [kind for day, kind in source.changes.items() if 1 < day <= number]
        assert change == (changed[-1] if changed and run == 2 else None)


def test_no_outcome_is_outside_of_the_vocabulary(story: Story) -> None:
    used = {row["outcome"] for row in rows(story.archive, "SELECT DISTINCT outcome FROM fetches")}
    assert used <= OUTCOMES.keys()


def test_a_source_that_vanished_keeps_its_good_copy(story: Story) -> None:
    vanished = rows(
        story.archive,
        "SELECT * FROM sources_now WHERE last_outcome = 'gone' AND first_captured_at IS NOT NULL",
    )
    assert vanished
    assert all(row["held"] and row["good_capture_at"] < "2026-02-24" for row in vanished)
    for row in vanished:
        shown = sourcekeep("show", row["id"], "--archive", story.archive)
        assert shown.code == 0 and len(shown.out.split()) > 100


def test_a_gone_page_is_kept_as_evidence(story: Story) -> None:
    kept = rows(
        story.archive,
        "SELECT c.payload, f.status FROM captures c JOIN fetches f ON f.id = c.fetch"
        " WHERE f.status IN (404, 410) AND f.purpose = 'source'",
    )
    assert kept


def test_a_number_that_changed_leaves_both_texts(story: Story) -> None:
    texts = [
        row["text"]
        for row in rows(
            story.archive,
            "SELECT DISTINCT a.text FROM articles a JOIN captures c ON c.payload = a.payload"
            " JOIN sources s ON s.id = c.source WHERE s.url LIKE '%harbour-fund%'",
        )
    ]
    assert any("$50 million" in text for text in texts)
    assert any("$5 million" in text for text in texts)


def test_show_at_a_date_gives_what_the_page_said_then(story: Story) -> None:
    words = ("show", "2026/01/19/harbour-fund", "--archive", story.archive)
    then, now = sourcekeep(*words, "--at", "2026-02-20"), sourcekeep(*words)
    assert "$50 million" in then.out and "$5 million" in now.out


def test_every_hop_of_a_redirect_is_a_row(story: Story) -> None:
    hops = rows(
        story.archive,
        "SELECT hop, status FROM fetches WHERE visit = (SELECT visit FROM fetches"
        " WHERE url LIKE '%/go/48113' ORDER BY id DESC LIMIT 1) ORDER BY id",
    )
    assert [row["hop"] for row in hops] == [0, 1, 2]
    assert [row["status"] for row in hops] == [302, 302, 200]


def test_robots_files_are_rows_and_their_refusals_too(story: Story) -> None:
    assert value(story.archive, "SELECT count(*) FROM fetches WHERE purpose = 'robots'") > 5
    refused = rows(
        story.archive, "SELECT robots FROM fetches WHERE outcome = 'robots-excluded'"
    )  # fmt: skip
    assert refused and all(row["robots"].startswith("disallow") for row in refused)


def test_pages_that_robots_txt_disallows_are_never_asked(story: Story) -> None:
    excluded = {
        row["url"]
        for row in rows(story.archive, "SELECT url FROM fetches WHERE outcome = 'robots-excluded'")
    }
    asked = {f"http://{r.host}:{story.web.port}{r.path}" for r in story.web.requests}
    assert excluded and not excluded & asked


def test_types_are_sniffed_and_non_pages_are_kept(story: Story) -> None:
    kinds = {row["mime"] for row in rows(story.archive, "SELECT DISTINCT mime FROM snapshots")}
    assert {"text/html", "application/pdf", "image/png", "text/plain"} <= kinds
    assert "words" in rows(
        story.archive, "SELECT * FROM snapshots WHERE mime = 'application/pdf' AND words > 20"
    )[0]  # fmt: skip


def test_a_source_cited_by_two_entries_is_fetched_once_and_belongs_to_both(story: Story) -> None:
    shared = rows(
        story.archive,
        "SELECT source, count(DISTINCT entry) AS entries FROM citations WHERE source IS NOT NULL"
        " GROUP BY source HAVING entries > 1",
    )
    assert shared
    for row in shared:
        visits = value(
            story.archive,
            "SELECT count(DISTINCT visit) FROM fetches WHERE source = ? AND run = 1",
            row["source"],
        )
        assert visits == 1


def test_two_spellings_share_a_source_and_keep_their_strings(story: Story) -> None:
    again = {each.source for entry in ENTRIES for each in entry.cited if each.suffix}
    assert again
    for name in again:
        plain = story.web.url(SOURCES[name].host, SOURCES[name].path)
        written = {
            plain + each.suffix
            for entry in ENTRIES
            for each in entry.cited
            if each.source == name and not each.wrapped
        }
        cited = rows(
            story.archive,
            "SELECT DISTINCT c.source, c.url_as_cited FROM citations c"
            " JOIN sources s ON s.id = c.source WHERE s.urlkey = ?",
            urlkey(plain),
        )
        assert len(written) > 1 and {row["url_as_cited"] for row in cited} == written
        assert len({row["source"] for row in cited}) == 1


def test_an_archive_link_is_split_and_its_original_visited(story: Story) -> None:
    (citation,) = rows(
        story.archive, "SELECT * FROM citations WHERE role = 'archive-of' AND removed_at IS NULL"
    )
    assert citation["url_as_cited"].startswith("https://web.archive.org/web/2026")
    assert citation["archived_at"].startswith("2026-")
    assert value(
        story.archive, "SELECT url FROM sources WHERE id = ?", citation["source"]
    ).startswith("http://127.")
    assert not value(story.archive, "SELECT count(*) FROM fetches WHERE url LIKE '%archive.org%'")


def test_a_removed_source_keeps_its_citation_with_a_date(story: Story) -> None:
    removed = rows(story.archive, "SELECT * FROM citations WHERE removed_at IS NOT NULL")
    assert removed
    assert all(row["first_seen_at"] < row["removed_at"] for row in removed)


def test_an_entry_page_is_kept_in_each_of_its_versions(story: Story) -> None:
    versions = rows(
        story.archive,
        "SELECT entry, count(DISTINCT payload) AS n FROM entry_versions GROUP BY entry, locator"
        " HAVING n > 1",
    )
    assert versions
    assert value(
        story.archive,
        "SELECT count(*) FROM entry_versions v LEFT JOIN payloads p ON p.digest = v.payload"
        " WHERE p.digest IS NULL OR v.capture IS NULL",
    ) == 0  # fmt: skip


def test_a_second_look_asks_conditionally_and_adds_revisits(story: Story) -> None:
    assert value(
        story.archive,
        "SELECT count(*) FROM captures c JOIN fetches f ON f.id = c.fetch"
        " WHERE f.status = 304 AND c.record_type = 'revisit' AND f.run = 2",
    )
    assert story.second.json["revisits"] > 0


def test_set_cookie_values_are_not_kept_nor_sent_back(story: Story) -> None:
    url = story.web.url("courier", SOURCES["lighthouse-clock"].path)
    kept = rows(
        story.archive,
        "SELECT response_headers FROM fetches f JOIN sources s ON s.id = f.source"
        " WHERE s.urlkey = ? AND f.purpose = 'source'",
        urlkey(url),
    )
    cookies = [
        told for row in kept for name, told in json.loads(row["response_headers"])
        if name == "Set-Cookie"
    ]  # fmt: skip
    assert len(cookies) == len(kept) == 2  # one of each look
    assert set(cookies) == {"reader=REDACTED"}
    files = story.archive.parent.glob(f"{story.archive.name}*")
    assert not [each for each in files if READER_SECRET.encode() in each.read_bytes()]
    assert not [request for request in story.web.requests if request.header("Cookie")]


def test_nothing_of_an_earlier_copy_is_lost_or_changed(story: Story) -> None:
    connection_check = value(story.archive, "PRAGMA integrity_check")
    assert connection_check == "ok"
    assert rows(story.archive, "PRAGMA foreign_key_check") == []


def test_status_counts_add_up(story: Story) -> None:
    status = sourcekeep("status", "--json", "--archive", story.archive).json
    coverage = status["coverage"]
    by_entry = rows(
        story.archive,
        "SELECT sum(citations) AS c, sum(held) AS h, sum(not_held) AS n FROM coverage_by_entry",
    )[0]
    assert coverage["citations"] == by_entry["c"] == by_entry["h"] + by_entry["n"]
    assert coverage["citations_held"] == by_entry["h"]
    assert coverage["sources"] == value(story.archive, "SELECT count(*) FROM sources")

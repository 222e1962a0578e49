"""What runs have to tell is read from what they kept: each thing in its run, and once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from crawler.archive import Archive
from crawler.archive.queries.report import RESULTS, Item, Kind, Report
from crawler.archive.queries.reporting import FEED_RUNS
from crawler.archive.queries.telling import turn_of
from crawler.conclusion import Conclusion
from crawler.items import Hop
from crawler.reporting.atom import item_id
from crawler.reporting.document import document_of
from crawler.reporting.text import summary_line
from crawler.verdicts.state import STATES, Override
from tests.archive_kit import NOW, URL, at, begin, cite, entry, gone, hop, record
from tests.test_conclusion import CORRECTED, TEXT, Looks, at_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Runs:
    """Runs of one visit or more to a source, and what each has to tell."""

    def __init__(self, archive: Archive, url: str = URL) -> None:
        self.archive = archive
        self.looks = Looks(archive, begin(archive), url)
        self.numbers: list[int] = []

    def page(self, text: str, **more: object) -> Hop:
        return self.looks.page(text, **more)  # type: ignore[arg-type]

    def run(self, *answers: Hop, after: timedelta = DAY) -> Report:
        """Visit once for each answer in a run of its own; return its report."""
        run = begin(self.archive)
        self.looks.run, self.looks.conclusion = run, Conclusion(self.archive, run)
        for answer in answers:
            self.looks.look(answer, after=after)
        now = at_of(self.looks.now)
        self.archive.runs.finish(run, reason="finished", counts={}, now=now)
        self.numbers.append(run)
        return self.archive.reports.of_run(run)


def kinds(report: Report) -> list[Kind]:
    return [item.kind for item in report.items]


def only(report: Report, kind: Kind) -> Item:
    (item,) = [item for item in report.items if item.kind == kind]
    return item


def test_a_run_without_visits_has_nothing_to_tell(archive: Archive) -> None:
    report = archive.reports.of_run(begin(archive))
    assert (report.items, report.counts, report.visited) == ((), {}, {})
    assert report.needs_attention == 0 and report.finish_reason is None
    assert archive.reports.latest_items(10) == []


def test_a_failure_that_the_same_run_mends_is_not_told(archive: Archive) -> None:
    runs = Runs(archive)
    slow = hop(URL, b"Slow down.", status=429, outcome="blocked", reason="http-429")
    assert kinds(runs.run(slow, runs.page(TEXT))) == ["new"]


def test_secrets_in_addresses_are_hidden(archive: Archive) -> None:
    secret = "https://paper.example/a?token=5f2c9d1e8b7a&page=2"
    (item,) = Runs(archive, secret).run(gone(secret)).items
    assert item.url == "https://paper.example/a?token=REDACTED&page=2"
    document = json.dumps(document_of(archive.reports.of_run(2)))
    assert "5f2c9d1e8b7a" not in document.replace(f"cites {secret}", "")  # its entry's headline


def test_what_a_stopped_run_could_not_judge_is_told_by_the_next(archive: Archive) -> None:
    runs = Runs(archive)
    runs.run(runs.page(TEXT))
    stopped = runs.looks.run = begin(archive)
    runs.looks.now += DAY
    visit = runs.looks.keep(runs.page(CORRECTED))
    archive.runs.finish(stopped, reason="shutdown", counts={}, now=at_of(runs.looks.now))
    unjudged = archive.reports.of_run(stopped)
    assert (unjudged.items, unjudged.visited) == ((), {"open": 1})

    runs.looks.now += HOUR
    now = at_of(runs.looks.now)
    run = archive.runs.begin("crawl", software={}, settings={}, now=now)
    Conclusion(archive, run).conclude(visit, now=runs.looks.now, final=True)
    archive.runs.finish(run, reason="finished", counts={}, now=at_of(runs.looks.now))
    report = archive.reports.of_run(run)
    assert kinds(report) == ["changed"] and report.needs_attention == 1
    assert (report.visited, report.made_up) == ({}, {"changed": 1})
    assert " and 1 of an earlier run (1 changed); 1 needs attention" in summary_line(report)
    again = runs.run(runs.page(CORRECTED))
    assert (again.items, again.made_up) == ((), {})


def test_the_latest_crawl_is_told_with_how_it_ended(archive: Archive) -> None:
    assert archive.reading.latest_crawl() is None
    run = begin(archive)
    latest = archive.reading.latest_crawl()
    assert latest is not None and latest["finish_reason"] == "unfinished"
    archive.runs.finish(run, reason="shutdown", counts={}, now=at(seconds=60))
    latest = archive.reading.latest_crawl()
    assert latest is not None
    assert (latest["started_at"], latest["finish_reason"]) == (at(), "shutdown")


def test_what_a_killed_run_judged_is_told_by_the_next_and_only_once(archive: Archive) -> None:
    runs = Runs(archive)
    runs.looks.run = killed = begin(archive)
    runs.looks.conclusion = Conclusion(archive, killed)
    runs.looks.look(gone(URL), after=DAY)
    report = runs.run()
    assert kinds(report) == ["uncaptured"] and report.made_up == {"failed": 1}
    assert runs.run().items == ()


def test_a_first_copy_is_new_once(archive: Archive) -> None:
    runs = Runs(archive)
    first = runs.run(runs.page(TEXT))
    assert kinds(first) == ["new"] and first.visited == {"new": 1}
    (item,) = first.items
    assert (item.url, item.source, item.held_at) == (URL, runs.looks.number, item.at)
    assert [cited.title for cited in item.entries] == [f"cites {URL}"]
    again = runs.run(runs.page(TEXT))
    assert again.items == () and again.visited == {"unchanged": 1}


def test_a_change_is_told_with_its_words_and_what_became_of_the_passage(archive: Archive) -> None:
    record(archive, entry(cite(URL), summary=TEXT, headline="Harbour fund", date="2026-02-01"))
    runs = Runs(archive)
    assert kinds(runs.run(runs.page(TEXT))) == ["new"], "a passage that stands is no news"

    report = runs.run(runs.page(CORRECTED))
    assert kinds(report) == ["changed", "altered"]
    assert report.visited == {"changed": 1} and report.needs_attention == 1
    changed, altered = only(report, "changed"), only(report, "altered")
    assert changed.code == "material"
    assert any("50" in (before or "") and "5" in (after or "") for before, after in changed.words)
    assert [passage.words for passage in altered.passages] == [(("50", "5"),)]
    assert [cited.title for cited in altered.entries] == ["Harbour fund", f"cites {URL}"]

    cut = TEXT.split(". ")[2] + " The fund has been closed, and nothing else is known of it. " * 9
    lost = runs.run(runs.page(cut))
    assert only(lost, "lost").passages[0].wording is None
    assert lost.needs_attention == 2

    back = runs.run(runs.page(TEXT))
    assert not {"lost", "altered"} & set(kinds(back)), "it stands again, and that is no loss"
    again = runs.run(runs.page(CORRECTED))
    assert "altered" in kinds(again), "a second time, in a version that is known"


def test_a_passage_that_differs_from_the_beginning_is_not_told(archive: Archive) -> None:
    record(archive, entry(cite(URL), summary=TEXT))
    runs = Runs(archive)
    assert kinds(runs.run(runs.page(CORRECTED))) == ["new"]
    assert archive.passages.of_source(runs.looks.number)[0]["standing"] == "supported-altered"


def test_a_source_without_a_copy_is_told_at_its_first_failure_and_when_it_fails_otherwise(
    archive: Archive,
) -> None:
    runs = Runs(archive)
    reports = [
        runs.run(gone(URL)),
        runs.run(gone(URL)),
        runs.run(hop(URL, b"", status=500, outcome="server-error", reason="http-500")),
        runs.run(runs.page(TEXT)),
    ]
    assert [kinds(report) for report in reports] == [["uncaptured"], [], ["uncaptured"], ["new"]]
    assert reports[0].needs_attention == 1
    assert only(reports[2], "uncaptured").code == "server-error"
    assert [report.visited for report in reports[:2]] == [{"failed": 1}] * 2


def test_from_the_first_failure_to_the_return_each_step_is_told_once(archive: Archive) -> None:
    runs = Runs(archive)
    told = [kinds(runs.run(runs.page(TEXT)))]
    for after in (HOUR, HOUR, DAY, 3 * DAY, 30 * DAY):
        told.append(kinds(runs.run(gone(URL), after=after)))
    for _ in range(3):
        told.append(kinds(runs.run(runs.page(TEXT), after=2 * DAY)))
    assert told == [
        ["new"], ["failed"], [], [], ["vanished"], [], [], ["returned"], [],
    ]  # fmt: skip
    vanished = only(archive.reports.of_run(runs.numbers[4]), "vanished")
    assert vanished.looks == 4 and vanished.reasons
    assert (
        vanished.held_at
        == vanished.alive_at
        == only(archive.reports.of_run(runs.numbers[0]), "new").at
    )
    assert vanished.missing_at is not None and vanished.missing_at > vanished.held_at


def test_a_move_is_told_once_for_each_address(archive: Archive) -> None:
    runs = Runs(archive)
    told = []
    runs.run(runs.page(TEXT))
    elsewhere = "https://new.example/2026/03/harbour-fund.html"
    for target in (elsewhere, elsewhere, URL):
        to = runs.page(f"{TEXT} ")  # other bytes, the same text
        moved = hop(URL, b"", status=301, outcome="redirect", reason="http-301")
        answers = (to,) if target == URL else (moved, _at(to, target))
        run = begin(archive)
        runs.looks.conclusion = Conclusion(archive, run)
        runs.looks.run = run
        runs.looks.look(*answers, after=DAY)
        archive.runs.finish(run, reason="finished", counts={}, now=at_of(runs.looks.now))
        told.append(archive.reports.of_run(run))
    assert [kinds(report) for report in told] == [["moved"], [], []]
    assert only(told[0], "moved").target == elsewhere
    assert told[0].visited == {"unchanged": 1}


def _at(answer: Hop, url: str) -> Hop:
    return replace(answer, url=url, hop=1)


def test_a_host_that_fails_as_a_whole_is_told_as_one(archive: Archive) -> None:
    run = begin(archive)
    conclusion = Conclusion(archive, run)
    for number in range(6):
        looks = Looks(archive, run, f"https://down.example/{number}")
        looks.conclusion = conclusion
        looks.look(hop(looks.url, None, status=None, outcome="server-error", reason="timeout"))
    report = archive.reports.of_run(run)
    assert kinds(report) == ["outage"]
    outage = report.items[0]
    assert (outage.subject, outage.looks, outage.of) == ("down.example", 6, 6)
    assert report.visited == {"failed": 6} and report.needs_attention == 0


def test_what_a_person_said_is_not_told_to_them(archive: Archive) -> None:
    runs = Runs(archive)
    runs.run(runs.page(TEXT))
    said = Override("usurped", "a casino", NOW)
    runs.looks.conclusion.override(runs.looks.number, said, now=NOW)
    assert kinds(runs.run(runs.page(TEXT))) == []


def test_a_page_of_entries_that_cannot_be_read_is_told_once(archive: Archive) -> None:
    run = begin(archive)
    archive.inputs.problem("bad.html", "no headline in it", input_id=None, now=at())
    archive.runs.finish(run, reason="finished", counts={}, now=at(seconds=9))
    report = archive.reports.of_run(run)
    assert kinds(report) == ["unreadable"] and report.needs_attention == 1
    assert (report.items[0].subject, report.items[0].code) == ("bad.html", "no headline in it")
    later = archive.runs.begin("crawl", software={}, settings={}, now=at(days=1))
    archive.inputs.problem("bad.html", "no headline in it", input_id=None, now=at(days=1))
    assert archive.reports.of_run(later).items == ()
    assert kinds(archive.reports.of_run(run)) == ["unreadable"]


def test_visits_that_are_not_judged_yet_are_open(archive: Archive) -> None:
    looks = Looks(archive, begin(archive))
    looks.keep(looks.page(TEXT))
    report = archive.reports.of_run(looks.run)
    assert report.visited == {"open": 1} and report.items == ()


def test_every_visit_is_one_result(archive: Archive) -> None:
    run = begin(archive)
    conclusion = Conclusion(archive, run)
    answers = {
        "new": lambda looks: looks.page(TEXT),
        "failed": lambda looks: gone(looks.url),
        "refused": lambda looks: hop(
            looks.url, b"", status=451, outcome="legal", reason="http-451"
        ),
        "offline": lambda looks: hop(
            looks.url, None, status=None, outcome="local-fault", reason="timeout"
        ),
    }
    for number, answer in enumerate(answers.values()):
        looks = Looks(archive, run, f"https://h{number}.example/")
        looks.conclusion = conclusion
        looks.look(answer(looks))
    report = archive.reports.of_run(run)
    assert report.visited == dict.fromkeys(answers, 1)
    assert report.visits == 4 and report.visited.keys() <= RESULTS.keys()
    assert kinds(report) == ["uncaptured", "uncaptured", "new"], "our own outage is no news"


def test_items_beyond_the_limit_are_counted(archive: Archive) -> None:
    run = begin(archive)
    for number in range(5):
        looks = Looks(archive, run, f"https://h{number}.example/")
        looks.look(looks.page(TEXT))
    report = archive.reports.of_run(run, limit=2)
    assert report.counts == {"new": 5}
    assert [item.url for item in report.items] == ["https://h0.example/", "https://h1.example/"]


def test_the_newest_items_of_all_runs_come_first_and_keep_their_ids(archive: Archive) -> None:
    runs = Runs(archive)
    first = runs.run(runs.page(TEXT))
    runs.run(runs.page(TEXT))
    last = runs.run(runs.page(CORRECTED))
    latest = archive.reports.latest_items(10)
    ids = [item_id(item) for item in latest]
    assert ids == [item_id(item) for item in (*last.items, *first.items)]
    assert len(set(ids)) == len(ids)
    runs.run(gone(URL))
    assert [item_id(item) for item in archive.reports.latest_items(10)][1:] == ids
    assert [item.kind for item in archive.reports.latest_items(1)] == ["failed"]
    assert archive.reports.began_at() <= at(days=3650)


def test_many_runs_without_news_push_nothing_out_of_the_feed(archive: Archive) -> None:
    runs = Runs(archive)
    first = runs.run(runs.page(TEXT))
    with archive.writing():
        for _ in range(FEED_RUNS + 1):
            begin(archive)
    assert [item_id(item) for item in archive.reports.latest_items(10)] == [
        item_id(item) for item in first.items
    ]


@pytest.mark.parametrize(
    ("before", "state", "kind"),
    [
        ([], "live", None),
        ([], "vanished", "vanished"),
        (["suspected", "live"], "vanished", "vanished"),
        (["vanished"], "returning", None),
        (["returning", "vanished"], "live", "returned"),
        (["returning", "vanished"], "vanished", None),
        (["suspected", "live"], "live", None),
        (["blocked", "live"], "live", "returned"),
        (["blocked"], "walled", None),
        (["walled", "blocked"], "legal", None),
        (["unstable", "blocked"], "blocked", None),
        (["vanished"], "usurped", "usurped"),
        (["live"], "drifted", "drifted"),
        (["drifted"], "live", "returned"),
        (["unknown"], "live", None),
        (["live"], "suspected", None),
        (["live"], "unstable", None),
        (["unknown"], "excluded", "blocked"),
    ],
)
def test_of_a_verdict_the_turns_are_told_and_not_the_doubts(
    before: list[str], state: str, kind: Kind | None
) -> None:
    assert {state, *before} <= STATES.keys()
    assert turn_of(before, state) == kind

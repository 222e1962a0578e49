"""What a person bars is never fetched, by no way; what was captured stays, and says so."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest

from crawler.archive import Archive
from crawler.archive.barring import BARRED
from crawler.archive.merge.merging import Merging
from crawler.archive.schema import eighth
from crawler.conclusion.explaining import explain
from crawler.dates import parse_instant
from crawler.demo import DemoWeb, Response, page, redirect
from crawler.demo.loopback import LoopbackWeb
from crawler.urls.places import parse_place
from tests.archive_kit import (
    NOW,
    URL,
    at,
    begin,
    hop,
    new_archive,
    one,
    rows,
    source,
    visit,
)
from tests.crawling import Outcome, crawl, sourcekeep, value
from tests.crawling import rows as shown
from tests.rescue_kit import Kept, Story, Wayback, dead_archive

HOST = parse_place("toledoblade.example")
STAMP, MEMENTO = "20170304120000", "Sat, 04 Mar 2017 12:00:00 GMT"
LATER = parse_instant(at(hours=1))


def of_source(archive: Archive, number: int) -> tuple[object, ...]:
    [row] = rows(
        archive, "SELECT barred_by, due_at, due_reason FROM sources_now WHERE id = ?", number
    )
    return tuple(row.values())


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with new_archive(tmp_path) as made:
        yield made


# --- the rules of an archive ---


def test_barring_takes_sources_out_of_the_schedule_and_releasing_makes_them_due(
    archive: Archive,
) -> None:
    held, other = source(archive), source(archive, "https://other.example/")
    run = begin(archive)
    visit(archive, run, held, hop())
    assert archive.barring.bar(HOST, "they asked us to", now=NOW)
    assert of_source(archive, held) == ("toledoblade.example", None, BARRED)
    assert of_source(archive, other)[0] is None
    assert one(archive, "SELECT next_due_at FROM hosts WHERE host = 'toledoblade.example'") is None
    assert one(archive, "SELECT held FROM sources_now WHERE id = ?", held) == 1
    assert archive.reading.snapshot(held) is not None
    assert not archive.barring.bar(HOST, "twice", now=LATER), "it is a rule already"
    [rule] = archive.barring.rules()
    assert tuple(rule) == ("toledoblade.example", at(), "they asked us to", 1)

    assert archive.barring.release(HOST, now=LATER)
    assert of_source(archive, held) == (None, at(hours=1), "released after it was barred")
    assert not archive.barring.release(HOST, now=LATER)
    assert archive.barring.rules() == []


def test_a_source_that_is_read_later_is_barred_from_its_first_day(archive: Archive) -> None:
    archive.barring.bar(HOST, None, now=NOW)
    cited, brought = source(archive), archive.supplying.add_source(URL + "?brought", at())
    assert of_source(archive, cited) == ("toledoblade.example", None, BARRED)
    assert of_source(archive, brought) == ("toledoblade.example", None, "nothing cites it")
    archive.barring.release(HOST, now=LATER)
    assert of_source(archive, cited)[1] == at(hours=1)
    assert of_source(archive, brought) == (None, None, "nothing cites it")


def test_of_two_rules_that_hold_a_source_the_other_stays_when_one_goes(archive: Archive) -> None:
    number = source(archive)
    inner = parse_place("toledoblade.example/2017")
    archive.barring.bar(inner, "the year", now=NOW)
    archive.barring.bar(HOST, "the host", now=NOW)
    assert of_source(archive, number)[0] == "toledoblade.example/2017"
    archive.barring.release(inner, now=LATER)
    assert of_source(archive, number) == ("toledoblade.example", None, BARRED)
    archive.barring.release(HOST, now=LATER)
    assert of_source(archive, number)[:2] == (None, at(hours=1))


def test_what_a_person_took_out_of_the_schedule_stays_out_of_it(archive: Archive) -> None:
    number, forgotten = source(archive), source(archive, URL + "?forgotten")
    with archive.writing() as sql:
        sql.execute("UPDATE sources SET due_at = NULL WHERE id = ?", (number,))
    archive.withholding.forget(forgotten, "a court", now=NOW)
    archive.barring.bar(HOST, None, now=NOW)
    archive.barring.release(HOST, now=LATER)
    assert of_source(archive, number)[1] is None and of_source(archive, forgotten)[1] is None


def test_whoever_plans_a_visit_to_a_barred_source_plans_none(archive: Archive) -> None:
    number = source(archive)
    archive.barring.bar(HOST, None, now=NOW)
    visit(archive, begin(archive), number, hop())  # it was under way
    assert of_source(archive, number) == ("toledoblade.example", None, BARRED)
    assert BARRED in eighth.TRIGGERS, "the trigger writes the words that releasing looks for"


def test_a_rule_of_another_process_holds_at_once(archive: Archive) -> None:
    number = source(archive)
    assert archive.barring.holding(URL) is None
    with Archive.open(archive.path) as beside:
        beside.barring.bar(HOST, None, now=NOW)
    assert archive.barring.holding(URL) == HOST
    assert of_source(archive, number)[0] == "toledoblade.example"


def test_a_rule_of_another_process_holds_from_the_next_group_of_writes_on(archive: Archive) -> None:
    for _ in range(2):
        with archive.writing():  # meanwhile nobody else can lay a rule
            assert [archive.barring.holding(URL) for _ in range(3)] == [None] * 3
    with Archive.open(archive.path) as beside:
        beside.barring.bar(HOST, None, now=NOW)
    with archive.writing():
        assert archive.barring.holding(URL) == HOST
    with Archive.open(archive.path) as beside:
        beside.barring.release(HOST, now=NOW)
    with archive.writing():
        assert archive.barring.holding(URL) is None


def test_a_rule_laid_in_a_block_of_writes_holds_in_it_at_once(archive: Archive) -> None:
    with archive.writing():
        assert archive.barring.holding(URL) is None
        archive.barring.bar(HOST, None, now=NOW)
        assert archive.barring.holding(URL) == HOST


def test_no_archive_is_asked_for_what_is_barred(archive: Archive) -> None:
    number = source(archive)
    archive.rescuing.ask_for([number], NOW)
    archive.pushing.switch_on([number], "web.archive.org", NOW)
    asked = (
        lambda: archive.rescuing.due(NOW, 9), lambda: archive.rescuing.due(NOW, 9, [number]),
        lambda: archive.pushing.due("web.archive.org", NOW, 9),
        lambda: archive.relocations.missing(9, [number]),
    )  # fmt: skip
    assert all(ask() for ask in asked) and archive.rescuing.count_due(NOW) == 1
    archive.barring.bar(HOST, None, now=NOW)
    assert not any(ask() for ask in asked) and archive.rescuing.count_due(NOW) == 0
    archive.barring.release(HOST, now=NOW)
    assert all(ask() for ask in asked)


def test_why_tells_the_rule_its_day_and_its_reason(archive: Archive) -> None:
    number = source(archive)
    archive.barring.bar(HOST, "a paywall", now=NOW)
    assert explain(archive, number, NOW).due == (
        "It is never fetched, because toledoblade.example is barred since 2026-03-01: a paywall."
    )


def test_rules_are_evidence_and_are_sealed(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        archive.barring.bar(HOST, None, now=NOW)
    assert Archive.verify(archive.path).sound
    with Archive.open(archive.path) as again:
        sql = again.connection.sql
        for statement in ("DELETE FROM barred", "UPDATE barred SET reason = ''"):
            with pytest.raises(Exception, match="barred are evidence"):
                sql.execute(statement)
        sql.execute("DROP TRIGGER barred_stay")
    with closing(sqlite3.connect(archive.path)) as sql, sql:
        sql.execute("UPDATE barred SET place = 'other.example'")
    assert not Archive.verify(archive.path).sound


@pytest.mark.parametrize("ours_first", [True, False])
def test_a_merge_lets_the_latest_decision_on_a_place_hold(
    tmp_path: Path, *, ours_first: bool
) -> None:
    with new_archive(tmp_path, "theirs.db") as theirs:
        source(theirs)
        source(theirs, "https://barred-there.example/")
        theirs.barring.bar(parse_place("barred-there.example"), "legal", now=NOW)
        theirs.barring.bar(HOST, "them", now=NOW if ours_first else LATER)
    with new_archive(tmp_path, "ours.db") as ours:
        ours.barring.bar(HOST, "us", now=NOW)
        if ours_first:
            ours.barring.release(HOST, now=LATER)
        source(ours)
        source(ours, "https://barred-there.example/")
        with Archive.open_for_reading(tmp_path / "theirs.db") as other:
            for _ in range(2):  # a merge can be repeated
                merging = Merging(ours, other)
                merging.merge()
                merging.restore_schedule()
                places = [rule["place"] for rule in ours.barring.rules()]
                free = [] if ours_first else ["toledoblade.example"]
                assert places == [*free, "barred-there.example"]
        due = rows(ours, "SELECT url, due_at IS NULL AS waits FROM sources ORDER BY url")
    assert [row["waits"] for row in due] == [1, 0 if ours_first else 1]


def test_what_only_they_had_and_barred_is_due_where_we_released_it(tmp_path: Path) -> None:
    with new_archive(tmp_path, "theirs.db") as theirs:
        source(theirs)
        theirs.barring.bar(HOST, None, now=NOW)
    with new_archive(tmp_path, "ours.db") as ours:
        ours.barring.bar(HOST, None, now=NOW)
        ours.barring.release(HOST, now=LATER)
        with Archive.open_for_reading(tmp_path / "theirs.db") as other:
            merging = Merging(ours, other)
            merging.merge()
            merging.restore_schedule()
        assert one(ours, "SELECT due_at IS NOT NULL FROM sources WHERE barred IS NULL") == 1


# --- the command ---


def add(archive: Path, *words: object) -> Outcome:
    return sourcekeep("add", "--archive", archive, "--now", at(), *words)


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with two rules and a source that one of them bars."""
    with new_archive(tmp_path_factory.mktemp("ruled")) as made:
        visit(made, begin(made), source(made), hop())
        made.inputs.add("url", "https://feeds.example/rss", now=at())
    done = add(made.path, "--never", "toledoblade.example", "feeds.example/rss", "--why", "paywall")
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "toledoblade.example is never fetched, since 2026-03-01: 1 source lies there; what was"
        " captured stays",
        "feeds.example/rss is never fetched, since 2026-03-01: 0 sources lie there; what was"
        " captured stays",
        "an input lies there, too; take it back with:"
        f" sourcekeep add --archive {made.path} --off 1",
    ]
    return made.path


def test_the_rules_are_listed_beside_the_inputs(ruled: Path) -> None:
    told = add(ruled, "--list").out
    assert "never fetched:" in told and "toledoblade.example  2026-03-01T12:00:00Z  1" in told
    listed = add(ruled, "--list", "--json").json
    assert [each["kind"] for each in listed] == ["url", "never", "never"]
    assert listed[1] == {
        "kind": "never", "place": "toledoblade.example", "decided_at": at(), "reason": "paywall",
        "sources": 1,
    }  # fmt: skip


@pytest.mark.parametrize("command", ["show", "history", "why"])
def test_commands_say_that_a_source_is_barred_since_when_and_why(ruled: Path, command: str) -> None:
    told = sourcekeep(command, "--archive", ruled, "1")
    assert told.code == 0, told.err
    words = " ".join(told.out.split())
    assert "never fetched" in words and "2026-03-01" in words and "paywall" in words
    row = sourcekeep(command, "--archive", ruled, "1", "--json").json["source"]
    assert row["barred_by"] == "toledoblade.example" and row["barred_since"] == at()


def test_status_counts_what_is_barred(ruled: Path) -> None:
    assert sourcekeep("status", "--archive", ruled, "--json").json["barred"] == {
        "places": 2, "sources": 1,
    }  # fmt: skip
    told = sourcekeep("status", "--archive", ruled).out
    listed = f"sourcekeep add --archive {ruled} --list"
    assert f"barred     1 source in 2 places never fetched ({listed})" in told


def test_archives_are_not_asked_for_a_barred_source_by_its_name(ruled: Path) -> None:
    for words in (["rescue", "1"], ["rescue", "--recheck", "1"], ["push", "--on", "1"]):
        refused = sourcekeep(*words[:1], "--archive", ruled, *words[1:])
        assert refused.code == 2 and "barred" in refused.err.replace("by the rule", "barred")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--never"], "name an INPUT"),
        (["--never", "*.example.org"], "no wildcards"),
        (["--never", "fine.example", "notes.md"], "is a file or folder here"),
        (["https://www.toledoblade.example/feed"], "toledoblade.example is barred"),
        (["--off", "unknown.example"], "is no input, and no place that is barred"),
        (["--off", "--never", "1"], "is no input, and no place that is barred"),
        (["--why", "because", "x.md"], "--why belongs to --never"),
    ],
)
def test_a_wrong_word_changes_nothing(
    ruled: Path, words: list[str], told: str, tmp_path: Path
) -> None:
    (tmp_path / "notes.md").touch()
    done = sourcekeep("add", "--archive", ruled, *words, cwd=tmp_path)
    assert done.code == 2 and told in done.err and len(done.err.splitlines()) == 1, done.err
    assert value(ruled, "SELECT count(*) FROM barred") == 2


def test_a_rule_is_taken_back_as_an_input_is(ruled: Path, tmp_path: Path) -> None:
    path = shutil.copy(ruled, tmp_path / "a.db")
    done = add(path, "--off", "https://TOLEDOBLADE.example/", "1", "--json")
    assert done.json == {"off": [1], "released": ["toledoblade.example"]}
    done = add(path, "--off", "--never", "feeds.example/rss")
    assert done.out == "feeds.example/rss is fetched again; its sources are due\n"
    assert value(path, "SELECT due_at FROM sources") == at()
    assert add(path, "--list", "--json").json[0]["enabled"] == 0


# --- every way on which something is fetched ---


@dataclass(frozen=True)
class Crawled:
    archive: Path
    web: DemoWeb
    outcome: Outcome

    def last(self, host: str, path: str) -> dict[str, object]:
        found = shown(
            self.archive,
            "SELECT f.* FROM fetches f JOIN sources s ON s.id = f.source WHERE s.url = ?"
            " ORDER BY f.id",
            self.web.url(host, path),
        )
        return found[-1] if found else {}


STUB = '<html><head><meta http-equiv="refresh" content="0; url={}"></head></html>'


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    folder = tmp_path_factory.mktemp("barred")
    with DemoWeb() as web:
        barred = web.url("courier", "/page")
        text = "<html><body>" + "<p>The harbour fund lends to fishermen in need.</p>" * 30
        for host, path in (("wire", "/private/x"), ("wire", "/privateer"), ("courier", "/page")):
            web.add(host, path, page(text))
        web.add("radio", "/away", redirect(barred))
        web.add("ministry", "/stub", page(STUB.format(barred)))
        web.add("gazette", "/robots.txt", redirect(web.url("courier", "/robots.txt")))
        web.add("gazette", "/page", page(text))
        cited = [("courier", "/page"), ("wire", "/private/x"), ("wire", "/privateer"),
                 ("radio", "/away"), ("ministry", "/stub"), ("gazette", "/page")]  # fmt: skip
        listed = folder / "list.txt"
        listed.write_text("\n".join(web.url(*each) for each in cited) + "\n")
        path = folder / "a.db"
        rules = (web.url("courier", "/"), web.url("wire", "/private"))
        with Archive.open(path, create=True) as archive:
            archive.inputs.add("url", web.url("courier", "/feed.xml"), now=at())
            for rule in rules:
                archive.barring.bar(parse_place(rule), "asked to be left alone", now=NOW)
        web.requests.clear()
        add(path, listed)
        yield Crawled(path, web, crawl(path, NOW))


def test_a_barred_place_hears_nothing_of_us_not_even_a_question_for_robots_txt(
    crawled: Crawled,
) -> None:
    asked = {(request.host, request.path) for request in crawled.web.requests}
    courier = crawled.web.url("courier", "/").split("/")[2].partition(":")[0]
    assert not [request for request in asked if request[0] == courier]
    assert not [path for _, path in asked if path.startswith("/private/")]
    assert [path for _, path in asked if path == "/privateer"], "the one beside it is fetched"


def test_a_barred_source_has_no_visit_and_no_verdict(crawled: Crawled) -> None:
    assert crawled.last("courier", "/page") == {} == crawled.last("wire", "/private/x")
    assert value(crawled.archive, "SELECT count(*) FROM sources WHERE barred IS NOT NULL") == 2


def test_web_archives_give_no_copy_of_a_barred_page_and_a_barred_archive_is_not_asked(
    tmp_path: Path,
) -> None:
    gone, archives = "127.0.0.7", "127.0.0.8"
    wayback, stories = Wayback(), (Story(1), Story(2), Story(3))
    sites = {gone: page("There is nothing here.", status=404), archives: wayback}
    with LoopbackWeb(sites, port=0, at=NOW) as web:
        urls = [f"http://{gone}:{web.port}/s{number}" for number in range(3)]
        base = f"http://{archives}:{web.port}"
        wayback.captures = {
            url: [Kept(STAMP, story.page())] for url, story in zip(urls, stories, strict=True)
        }
        led = (("Location", f"{base}/web/{STAMP}id_/{urls[2]}"), ("Memento-Datetime", MEMENTO))
        wayback.fail = lambda request: (
            Response(302, led) if request.target.endswith(f"id_/{urls[1]}") else None
        )
        path = dead_archive(tmp_path / "a.db", dict(zip(urls, stories, strict=True)), NOW)
        words = (
            "--archive", path, "--now", at(days=1), "--allow", "127.0.0.0/8", "--json",
            "-s", f"SOURCEKEEP_RESCUE_ARCHIVES=wb=wayback+{base};index=6000;replay=6000",
            "-s", "SOURCEKEEP_WORKERS=1",
        )  # fmt: skip
        assert add(path, "--never", urls[2], base).code == 0
        assert sourcekeep("rescue", *words).code == 0 and not len(web.requests)
        assert add(path, "--off", "--never", base).code == 0
        done = sourcekeep("rescue", *words)
        assert done.code == 0, done.err
        asked = [unquote(request.target) for request in web.requests]
        assert asked and not [target for target in asked if urls[2] in target]
    found = shown(path, "SELECT source, state, reasons FROM mementos ORDER BY source")
    assert [(row["source"], row["state"]) for row in found] == [(1, "home"), (2, "rejected")]
    assert "barred" in found[1]["reasons"]


@pytest.mark.parametrize("place", [("radio", "/away"), ("ministry", "/stub")])
def test_a_redirect_to_a_barred_place_ends_there_as_our_own_refusal(
    crawled: Crawled, place: tuple[str, str]
) -> None:
    last = crawled.last(*place)
    assert (last["outcome"], last["reason"], last["hop"]) == ("refused-by-us", "barred", 1)
    assert last["url"] == crawled.web.url("courier", "/page")
    assert last["status"] is None and "is barred" in str(last["error"])
    [judged] = shown(
        crawled.archive, "SELECT last_outcome, verdict, due_at FROM sources WHERE url = ?",
        crawled.web.url(*place),
    )  # fmt: skip
    assert judged["last_outcome"] == "refused-by-us" and judged["due_at"] is not None
    assert judged["verdict"] in ("unknown", "refused"), "it blames no source"


def test_a_robots_txt_that_leads_to_a_barred_place_cannot_be_read(crawled: Crawled) -> None:
    last = crawled.last("gazette", "/page")
    assert (last["outcome"], last["robots"]) == ("robots-excluded", "disallow unreachable(barred)")


def test_an_input_in_a_barred_place_is_a_problem_that_says_so(crawled: Crawled) -> None:
    assert value(crawled.archive, "SELECT problem FROM reading_problems") == (
        "could not be fetched: barred"
    )

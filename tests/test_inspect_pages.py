"""The pages of ours in Datasette: what each tells, and that nothing archived can act there."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import datasette
import pytest
from datasette.app import Datasette

from crawler.archive import Archive
from crawler.comparison.change import Change, Edit, Measures
from crawler.inspect.asking import POLICY
from crawler.inspect.shown.coverage import MAX_COLUMNS, columns_of
from crawler.inspect.shown.elsewhere import elsewhere
from crawler.inspect.shown.entries import PER_PAGE
from crawler.inspect.shown.nearest import first_after, last_until, nearest
from crawler.inspect.shown.searching import LONGEST, WORDS_MAX, search
from crawler.inspect.shown.timeline import Said, Visit, timeline_of
from crawler.reporting.atom import NAMESPACE
from crawler.verdicts.observation import Judgement
from crawler.verdicts.state import Verdict
from tests.archive_kit import (
    NOW,
    URL,
    article,
    at,
    begin,
    cite,
    entry,
    gone,
    hop,
    new_archive,
    one,
    record,
    rows,
    visit,
)
from tests.inspecting import answers_of, ask, inspected
from tests.test_inspect_snapshots import EVIL, Elements

GONE = "https://gone.example/a"
QUIET = "https://quiet.example/b"
FIRST = "The harbour fund spends $50 million on the old quay.\nThe mayor agreed."
SECOND = "The harbour fund spends $5 million on the old quay.\nThe mayor agreed."


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with a changed source, a vanished one and one never visited."""
    with new_archive(tmp_path_factory.mktemp("told")) as made:
        tell(made)
        return made.path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive in which everything that others chose wants to be markup."""
    with new_archive(tmp_path_factory.mktemp("hostile")) as made:
        tell(made, evil=EVIL)
        return made.path


def tell(archive: Archive, evil: str = "") -> None:
    """Put in an entry with three citations: one changed, one vanished, one not visited."""
    script = "javascript:alert(6)" if evil else "https://unfetched.example/c"
    written = entry(
        cite(URL, f"Harbour fund{evil}", cited_on="2026-03-01"),
        cite(GONE, f"Gone{evil}", cited_on="2026-03-01"),
        cite(QUIET, "Quiet"),
        cite(None, f"nowhere{evil}", url_as_cited=script),
        headline=f"The quay{evil}", topic=f"Harbour{evil}", date="2026-03-01",
        summary=f"The fund spends $50 million.{evil}\n\nA second paragraph.",
        url=f"{script}//{evil}" if evil else "https://entries.example/quay",
    )  # fmt: skip
    record(archive, written)
    record(archive, entry(cite(QUIET, "Quiet"), headline="Another day", date="2026-02-01",
                          url="/other", locator="other.md"))  # fmt: skip
    run = begin(archive)
    known = {row["url"]: row["id"] for row in rows(archive, "SELECT id, url FROM sources")}
    changed, lost = known[URL], known[GONE]
    first = visit(archive, run, changed, hop(body=b"<p>fifty</p>" * 20))
    second = visit(archive, run, changed,
                   hop(body=b"<p>five</p>" * 20, fetched_at=at(days=30)))  # fmt: skip
    copy = visit(archive, run, lost, hop(GONE, body=b"<p>old</p>" * 20))
    visit(archive, run, lost, gone(GONE, fetched_at=at(days=40)))
    for kept, title, text in ((first, "Harbour fund", FIRST), (second, "Harbour fund", SECOND),
                              (copy, "Gone", "What is gone.")):  # fmt: skip
        made = article(text + evil, title=title + evil)
        archive.articles.save(str(kept.final_payload), made, now=at())
        row = one(archive, "SELECT max(id) FROM articles")
        seen = next(
            seen
            for number in (changed, lost)
            for seen in archive.observing.visits_of(number)
            if seen.capture == kept.final_capture
        )
        archive.judgements.save_outcome(
            seen, Judgement("live-unverified", ("http-200",)), incident=None, now=NOW
        )
        version = archive.versions.show(seen, made, row)
        archive.versions.make_current(seen.source, version.id)
    last = archive.observing.visits_of(changed)[-1]
    measures = Measures(0.5, 0.6, 0.7, 12, 12)
    archive.versions.save_change(
        last, int(first.final_capture or 0),
        Change("material", measures, (Edit("money", f"$50{evil}", "$5 million"),)),
    )  # fmt: skip
    verdict = Verdict("vanished", NOW + timedelta(days=40), 1.0, ("http-404",), (4,), 2, NOW, NOW)
    archive.judgements.save_verdict(lost, verdict, run=run, now=NOW + timedelta(days=41))
    lose_passage(archive, changed, f"spends $50 million{evil}")
    archive.runs.finish(run, reason="finished", counts={"outcomes": {"gone": 1}}, now=at(days=41))


def lose_passage(archive: Archive, source: int, words: str) -> None:
    """Let a citation of a source rest on words that stood in its first version only."""
    sql = archive.connection.sql
    sql.execute(
        "INSERT INTO anchors (citation, kind, exact, prefix, suffix, digest, version, made_at)"
        " SELECT k.id, 'excerpt', ?, '', '', 'sha256:00', v.id, ? FROM citations k"
        " JOIN versions v ON v.source = k.source AND v.number = 1 WHERE k.source = ?",
        (words, at(), source),
    )
    sql.execute(
        "INSERT INTO standings (anchor, version, standing, score, checked_at)"
        " SELECT (SELECT max(id) FROM anchors), version, 'support-lost', 0.4, ? FROM sources"
        " WHERE id = ?",
        (at(days=30), source),
    )


def number(path: Path, query: str, *values: object) -> int:
    with Archive.open_for_reading(path) as archive:
        return int(one(archive, query, *values))


def source_of(path: Path, url: str) -> int:
    return number(path, "SELECT id FROM sources WHERE url = ?", url)


def places(path: Path) -> list[str]:
    """The address of every page of ours that an archive has."""
    name = path.stem
    with Archive.open_for_reading(path) as archive:
        numbers = {table: [row["id"] for row in rows(archive, f"SELECT id FROM {table}")]
                   for table in ("entries", "sources", "captures")}  # fmt: skip
    captures = numbers["captures"]
    return [
        f"/-/sourcekeep/{name}", f"/-/entries/{name}", f"/-/entries/{name}?only=lost&q=quay",
        *(f"/-/entry/{name}/{each}" for each in numbers["entries"]),
        *(f"/-/source/{name}/{each}?on=2026-03-15" for each in numbers["sources"]),
        *(f"/-/snapshot/{name}/{each}" for each in captures),
        *(f"/-/compare/{name}?a={a}&b={b}" for a, b in pairwise(captures)),
        f"/-/compare/{name}", f"/-/search/{name}", f"/-/search/{name}?q=harbour",
    ]  # fmt: skip


def link_to(page: Any, words: str) -> str:
    """The address of the first link with these words in it."""
    for address, inside in re.findall(r'<a [^>]*?href="([^"]+)"[^>]*>(.*?)</a>', page.text, re.S):
        if words in re.sub("<[^>]+>", "", inside):
            return str(address).replace("&amp;", "&")
    raise AssertionError(f"no link with {words!r}")


# The ways by clicking


def test_which_entries_lost_a_source_is_answered_by_clicking(told: Path) -> None:
    (front,) = ask(told, "/-/sourcekeep")
    (listing,) = ask(told, link_to(front, "Which entries lost a source?"))
    assert "The quay" in listing.text and "Another day" not in listing.text
    assert "lost 1 of 4" in listing.text and "cited passage gone" in listing.text
    (page,) = ask(told, link_to(listing, "The quay"))
    assert "This entry lost 1 source." in page.text
    assert "In 1 source what was cited stands no more." in page.text
    (source,) = ask(told, link_to(page, "Gone"))
    assert "vanished" in source.text and GONE in source.text


def test_what_a_source_said_on_a_date_is_answered_by_its_form(told: Path) -> None:
    place = f"/-/source/{told.stem}/{source_of(told, URL)}"
    march, april, before, wrong = ask(
        told, *(f"{place}?on={day}" for day in ("2026-03-15", "2026-04-15", "2020-01-01", "soon"))
    )
    assert "$50 million on the old quay." in march.text.partition('id="timeline"')[0]
    assert "$5 million on the old quay." in april.text.partition('id="timeline"')[0]
    assert "We had no copy yet." in before.text
    assert "$50 million on the old quay." in before.text.partition('id="timeline"')[0]
    assert "That is no date" in wrong.text


def test_what_exactly_changed_is_answered_by_clicking(told: Path) -> None:
    (front,) = ask(told, f"/-/sourcekeep/{told.stem}")
    (page,) = ask(told, link_to(front, "what changed"))
    assert "<del>50</del>" in page.text and "<ins>5</ins>" in page.text
    assert "2026-03-01 12:00" in page.text and "2026-03-31 12:00" in page.text


# Front


def test_the_front_page_counts_what_needs_a_person(told: Path) -> None:
    (front,) = ask(told, f"/-/sourcekeep/{told.stem}")
    found = {
        title.strip(): int(count)
        for count, title in re.findall(r"<strong>(\d+)</strong>([^<]+)</a>", front.text)
    }
    assert found["Vanished"] == 1 and found["Changed materially"] == 1
    assert found["Cited passage gone"] == 1 and found["Closed to us"] == 0
    assert "1 gone" in front.text, "what the last run saw"


def test_an_empty_archive_says_what_to_do(tmp_path: Path) -> None:
    with new_archive(tmp_path) as made:
        path = made.path
    front, listing, feed = ask(path, f"/-/sourcekeep/{path.stem}", f"/-/entries/{path.stem}",
                               f"/-/feed/{path.stem}/changes.atom")  # fmt: skip
    assert "sourcekeep add INPUT" in front.text and "sourcekeep crawl" in front.text
    assert "sourcekeep add INPUT" in listing.text
    assert feed.status_code == 200


def test_the_picture_of_coverage_has_room_for_any_time() -> None:
    months = {f"{year}-{month:02}": {"held": 1, "lost": 1}
              for year in range(1990, 2026) for month in range(1, 13)}  # fmt: skip
    for count in (1, 24, 25, 400):
        some = dict(list(months.items())[-count:])
        columns = columns_of({**some, "": {"waiting": 2}})
        assert len(columns) <= MAX_COLUMNS + 1
        assert sum(column.total for column in columns) == 2 * count + 2
        assert columns[0].period == "undated"
        assert columns[-1].left + columns[-1].width <= 100
        assert all(piece.top >= -0.1 for column in columns for piece in column.pieces)
    assert columns_of({}) == ()


# Entries


def test_entries_that_lost_a_source_come_first_and_the_others_by_date(tmp_path: Path) -> None:
    with new_archive(tmp_path) as made:
        tell(made)
        for day in range(PER_PAGE):
            record(made, entry(headline=f"Day {day}", locator=f"{day}.md", url=f"/{day}",
                               date=f"2026-06-{day % 28 + 1:02}"))  # fmt: skip
        path = made.path
    first, second, beyond = ask(
        path,
        *(f"/-/entries/{path.stem}?page={page}" for page in ("1", "2", "99999999999999999999")),
    )
    titles = re.findall(r'class="main"[^>]*><bdi>([^<]+)', first.text)
    assert titles[0] == "The quay"
    assert len(titles) == PER_PAGE
    assert "Page 1 of 2" in first.text and 'rel="next"' in first.text
    assert "Another day" in second.text
    assert "Page 1 of 2" in beyond.text, "what is no number asks for the first page"


def test_entries_are_found_by_words_topic_and_date(told: Path) -> None:
    place = f"/-/entries/{told.stem}?q="
    for asked, there in (("QUAY", True), ("harbour", True), ("2026-03-01", True), ("x%", False)):
        (page,) = ask(told, place + asked.replace("%", "%25"))
        assert ("The quay" in page.text) is there


def test_an_entry_tells_of_each_citation_how_it_stands(told: Path) -> None:
    entry_id = number(told, "SELECT id FROM entries WHERE title = 'The quay'")
    (page,) = ask(told, f"/-/entry/{told.stem}/{entry_id}")
    cards = page.text.split('<li class="card')[1:]
    changed, lost, quiet, nowhere = cards
    assert "2026-03-01 12:00" in changed and "of that day" in changed and "compare" in changed
    assert "support-lost" in changed and "spends $50 million" in changed
    assert lost.startswith(" gone") and "vanished" in lost and "Our copy" in lost
    assert "it was not visited yet" in quiet
    assert "leads nowhere" in nowhere
    assert "<p><bdi>A second paragraph.</bdi></p>" in page.text


# Source


def test_a_source_tells_why_and_when_and_who_cites_it(told: Path) -> None:
    (page,) = ask(told, f"/-/source/{told.stem}/{source_of(told, URL)}")
    for words in ("material", "version 2 as the other", "It was last visited", "The quay",
                  "https://web.archive.org/web/20260301/", "<circle", "<del>50</del>"):  # fmt: skip
        assert words in page.text, words
    assert page.text.count('<rect class="fill-') >= 2, "verdict and new captures"


def test_a_source_that_was_never_visited_has_a_page(told: Path) -> None:
    (page,) = ask(told, f"/-/source/{told.stem}/{source_of(told, QUIET)}?on=2026-01-01")
    assert "It was not visited yet." in page.text and "We hold no good copy" in page.text


def test_the_timeline_holds_what_lies_far_apart_and_what_falls_together() -> None:
    same = [Visit(at(), "live", 1, True)] * 3
    assert timeline_of([], [], []) is None
    line = timeline_of(same, [Said(at(), "live")], ["1999-01-01", "2026-03-01"])
    assert line is not None
    assert len(line.visits) == len(line.captures) == 1
    early, late = line.citations
    assert early.is_outside and not late.is_outside
    far = timeline_of([Visit(at(), "live", 1, True), Visit(at(days=3000), "gone", None, False)],
                      [Said(at(), "live"), Said(at(days=2999), "vanished")], [])  # fmt: skip
    assert far is not None
    assert [mark.family for mark in far.verdicts] == ["good", "gone"]
    marks = [*far.visits, *far.captures, *far.verdicts, *line.citations]
    assert all(mark.x >= 0 and mark.x + mark.width <= 100 for mark in marks)


def test_only_what_can_be_a_link_is_looked_for_elsewhere() -> None:
    assert elsewhere("javascript:alert(1)", "2026-03-01") == []
    assert len(elsewhere("https://a.example/", None)) < len(
        elsewhere("https://a.example/", "2026-03-01")
    )


def test_the_snapshot_nearest_to_a_day_is_a_good_one(told: Path) -> None:
    lost = source_of(told, GONE)
    changed = source_of(told, URL)
    with Archive.open_for_reading(told) as archive:
        near = nearest(archive, lost, "2026-04-20")
        assert near is not None and near.captured_at == at() and near.days == -50
        assert near.distance == "50 days earlier"
        assert first_after(archive, lost, "2026-03-02") is None
        assert last_until(archive, changed, "2026-02-28") is None
        late, early = (
            nearest(archive, changed, "2026-03-30"),
            nearest(archive, changed, "2026-03-16"),
        )
        assert (late and late.captured_at, early and early.captured_at) == (at(days=30), at())


# Compare


def test_a_comparison_puts_the_earlier_first_and_says_what_is_missing(told: Path) -> None:
    with Archive.open_for_reading(told) as archive:
        first, second = [row["id"] for row in rows(
            archive, "SELECT id FROM captures WHERE source = ? ORDER BY id", 1)]  # fmt: skip
        failed = one(archive, "SELECT c.id FROM captures c JOIN fetches f ON f.id = c.fetch"
                              " WHERE f.status = 404")  # fmt: skip
    place = f"/-/compare/{told.stem}"
    pairs = ((second, first), (first, first), (first, failed), (first, 999), ("x", "y"))
    turned, same, two, none, wrong = ask(told, *(f"{place}?a={a}&b={b}" for a, b in pairs))
    order = [turned.text.index(words) for words in ("Before: ", "2026-03-01 1", "After: ")]
    assert order == sorted(order)
    assert "13 → 13" in turned.text and "a number, date" in turned.text
    assert "The wording is the same, and the payload byte for byte" in same.text
    assert "snapshots of two sources" in two.text and "has no text" in two.text
    assert "There is no snapshot 999." in none.text and none.status_code == 404
    assert wrong.status_code == 200 and "Choose two snapshots" in wrong.text


# Search


@pytest.mark.parametrize(
    ("asked", "found", "note"),
    [
        ("harbour", 2, ""),
        ("harbours", 2, ""),
        ('"spends $5 million"', 1, ""),
        ("harb*", 2, ""),
        ("harbour NOT 50", 1, ""),
        ('"unfinished', 0, "no search expression"),
        ("harbour AND", 0, "no search expression"),
        ("AND quay OR", 0, "no search expression"),
        ("title:", 0, "no search expression"),
        ("$$$", 0, "no word"),
        ("old-quay", 2, ""),
        ("nothing: here", 0, ""),
        ("灯塔", 0, ""),
    ],
)
def test_a_search_finds_versions_and_never_fails(
    told: Path, asked: str, found: int, note: str
) -> None:
    with Archive.open_for_reading(told) as archive:
        result = search(archive, asked)
    assert len(result.hits) == found
    assert note in result.note
    assert bool(note) == bool(result.note)


@pytest.mark.parametrize("joined", [" ", " OR "])
def test_a_search_for_a_whole_page_looks_for_its_first_words(told: Path, joined: str) -> None:
    with Archive.open_for_reading(told) as archive:
        found = search(archive, joined.join(f"w{number}" for number in range(40)))
        assert found.hits == [] and f"first {WORDS_MAX} words" in found.note
        assert len(search(archive, " ".join(["harbour", "Harbour"] * 25)).hits) == 2


def test_chinese_is_found_inside_of_a_line(tmp_path: Path) -> None:
    with new_archive(tmp_path) as made:
        tell(made, evil="燕鸥角灯塔的钟停了")
        found = search(made, "灯塔的钟")
        assert [piece for piece in found.hits[0].passage if piece[1]] == [("灯塔的钟", True)]
        assert search(made, "灯%的").hits == []


def test_a_search_shows_the_passage_and_finds_sources_by_address(told: Path) -> None:
    (page,) = ask(told, f"/-/search/{told.stem}?q=toledoblade")
    assert "Sources by address or title" in page.text
    spelled = "HTTP://ToledoBlade.example:80/2017/03/03/mexico.html?utm_source=x%23top"
    (page,) = ask(told, f"/-/search/{told.stem}?q={spelled}")
    assert f'href="/-/source/{told.stem}/{source_of(told, URL)}"' in page.text
    (page,) = ask(told, f"/-/search/{told.stem}?q=quay")
    assert "<mark>quay</mark>" in page.text and "it reads otherwise now" in page.text
    (page,) = ask(told, f"/-/search/{told.stem}?q={'x' * LONGEST * 2}&page=999")
    assert page.status_code == 200


def test_a_search_has_pages(tmp_path: Path) -> None:
    with new_archive(tmp_path) as made:
        tell(made)
        first = search(made, "harbour", 1)
        assert not first.has_more and first.page == 1
        sql = made.connection.sql
        for copy in range(30):
            sql.execute(
                "INSERT INTO versions (source, number, title, text_digest, article, capture,"
                " first_seen_at, last_seen_at) SELECT source, number + ? * 2, title, text_digest,"
                " article, capture, first_seen_at, last_seen_at FROM versions WHERE id = 1",
                (copy + 5,),
            )
        first, second = search(made, "harbour", 1), search(made, "harbour", 2)
        assert first.has_more and len(first.hits) == 20
        assert not second.has_more and len(second.hits) == 12
        assert second.sources == []


# Snapshots, withheld sources


def test_a_snapshot_without_an_article_has_what_there_is_to_read(told: Path) -> None:
    failed = number(told, "SELECT c.id FROM captures c JOIN fetches f ON f.id = c.fetch"
                          " WHERE f.status = 404")  # fmt: skip
    (page,) = ask(told, f"/-/snapshot/{told.stem}/{failed}")
    assert "No article" in page.text
    assert "Not found" in page.text.partition("All that there is to read in it")[2]
    assert "We fetched it ourselves" in page.text


def test_what_came_from_a_web_archive_says_so(tmp_path: Path) -> None:
    with new_archive(tmp_path) as made:
        tell(made)
        sql, path = made.connection.sql, made.path
        source = one(made, "SELECT id FROM sources WHERE url = ?", GONE)
        good = one(made, "SELECT good_capture FROM sources WHERE id = ?", source)
        for name, scheme in (("web.archive.org", "https://"), ("evil.example", "javascript:")):
            sql.execute(
                "INSERT INTO mementos (source, archive, uri_m, memento_datetime, known_from, state,"
                " class, capture, found_at) VALUES (?, ?, ?, ?, 'index', 'home', 'B', ?, ?)",
                (source, name, f"{scheme}{name}/web/2017/a", at(), good, at()),
            )
    snapshot, page = ask(path, f"/-/snapshot/{path.stem}/{good}", f"/-/source/{path.stem}/{source}")
    for shown in (snapshot, page):
        assert 'href="https://web.archive.org/web/2017/a"' in shown.text
        assert "class B" in shown.text
        assert 'href="javascript:' not in shown.text


def test_a_pdf_is_no_document_of_the_browser_but_text_and_a_file(tmp_path: Path) -> None:
    with new_archive(tmp_path) as made:
        tell(made)
        run, quiet = begin(made), one(made, "SELECT id FROM sources WHERE url = ?", QUIET)
        kept = visit(made, run, quiet, hop(QUIET, b"%PDF-1.7 " * 30,
                                           mime_sniffed="application/pdf"))  # fmt: skip
        made.articles.save(str(kept.final_payload), article("Of a statement."), now=at())
        path = made.path
    (page,) = ask(path, f"/-/snapshot/{path.stem}/{kept.final_capture}")
    assert "Of a statement." in page.text and "is not shown here" in page.text
    assert not {"iframe", "object", "embed"} & {tag for tag, _ in Elements(page.text).found}


def test_of_a_withheld_source_no_page_shows_words(tmp_path: Path) -> None:
    with new_archive(tmp_path) as made:
        tell(made)
        source, path = one(made, "SELECT id FROM sources WHERE url = ?", URL), made.path
        before = ask(path, *places(path))
        made.withholding.withhold(source, "asked by its author", now=NOW)
    after = ask(path, *places(path))
    for pages, there in ((before, True), (after, False)):
        text = "".join(page.text for page in pages)
        for words in ("old quay", "The mayor agreed", "spends $50 million</bdi>", "$5 million"):
            assert (words in text) is there, words
    assert {page.status_code for page in after} == {200}


def test_a_reworded_passage_shows_the_words_that_differ(tmp_path: Path) -> None:
    with new_archive(tmp_path) as made:
        tell(made)
        made.connection.sql.execute(
            "UPDATE standings SET standing = 'supported-altered', wording = 'spends $5 million'"
        )
        path = made.path
        quay = one(made, "SELECT id FROM entries WHERE title = 'The quay'")
    (page,) = ask(path, f"/-/entry/{path.stem}/{quay}")
    assert "spends $<del>50</del> <ins>5</ins> million</blockquote>" in page.text


# Feeds


def test_feeds_tell_what_changed_and_what_vanished_with_stable_ids(told: Path) -> None:
    place = f"/-/feed/{told.stem}"
    changes, vanished, again = ask(
        told, *(f"{place}/{name}.atom" for name in ("changes", "vanished", "changes"))
    )
    assert changes.headers["content-type"].startswith("application/atom+xml")
    assert changes.text == again.text
    trees = [ET.fromstring(answer.content) for answer in (changes, vanished)]
    names = {"a": NAMESPACE}
    terms = [[node.attrib["term"] for node in tree.findall("a:entry/a:category", names)]
             for tree in trees]  # fmt: skip
    assert terms == [["vanished", "changed"], ["vanished"]]
    ids = [[node.text for node in tree.findall("a:entry/a:id", names)] for tree in trees]
    assert ids[1] == ids[0][:1], "one thing has one id in whichever feed"
    feeds = {tree.findtext("a:id", None, names) for tree in trees}
    assert len(feeds) == 2
    for tree in trees:
        (link,) = tree.findall("a:link[@rel='self']", names)
        assert link.attrib["href"].startswith("http://localhost/-/feed/")
    (missing,) = ask(told, f"{place}/other.atom")
    assert missing.status_code == 404


def test_of_a_large_run_a_feed_has_the_newest(tmp_path: Path) -> None:
    with new_archive(tmp_path) as made:
        run = begin(made)
        record(made, entry(*(cite(f"https://many.example/{n}", f"{n}") for n in range(9))))
        for row in rows(made, "SELECT id FROM sources ORDER BY id"):
            since = NOW + timedelta(hours=row["id"])
            verdict = Verdict("vanished", since, 1.0, ("http-404",), (), 2, NOW, NOW)
            made.judgements.save_verdict(row["id"], verdict, run=run, now=since)
        found = made.reports.latest_items(3, kinds={"vanished"})
        assert [item.subject for item in found] == ["8", "7", "6"]
        assert made.reports.latest_items(3, kinds={"changed"}) == []


# What holds of each page


def test_every_link_to_this_server_leads_somewhere(told: Path) -> None:
    asked: set[str] = set()
    waiting = {f"/-/sourcekeep/{told.stem}"}
    while waiting:
        pages = ask(told, *waiting)
        asked |= waiting
        assert {page.status_code for page in pages} == {200}, sorted(waiting)
        ours = [page for page in pages if "content-security-policy" in page.headers]
        found = {
            str(attributes.get(name) or "").partition("#")[0]
            for page in ours
            if page.headers["content-type"].startswith("text/html")
            for _, attributes in Elements(page.text).found
            for name in ("href", "src", "action")
        }
        waiting = {address for address in found if address.startswith("/")} - asked
    assert len(asked) > 30


def test_markup_in_anything_archived_stays_text_on_every_page(hostile: Path) -> None:
    pages = ask(hostile, *places(hostile))
    assert any("alert(6)" in page.text for page in pages), "the hostile address is shown as text"
    for page in pages:
        assert page.status_code == 200
        assert page.headers["content-security-policy"] == POLICY
        for tag, attributes in Elements(page.text).found:
            assert tag not in ("script", "b", "style"), page.url
            assert not any(name.startswith("on") for name in attributes)
            assert "style" not in attributes, "the policy would refuse it"
            for name in ("href", "src", "action"):
                address = str(attributes.get(name) or "/")
                assert address.startswith(("/", "#", "https://", "http://")), address
                if not address.startswith(("/", "#")):
                    assert "noreferrer" in str(attributes.get("rel"))
                    assert tag == "a", "nothing is loaded from elsewhere"


def test_the_policy_of_our_pages_allows_no_script_and_no_frame_of_others() -> None:
    directives = {name: values for name, *values in (each.split() for each in POLICY.split(";"))}
    assert directives["default-src"] == ["'none'"]
    assert "script-src" not in directives
    assert {value for values in directives.values() for value in values} == {"'none'", "'self'"}


def test_every_page_can_be_used_by_keyboard_and_read_aloud(told: Path) -> None:
    for page in ask(told, *places(told)):
        found = Elements(page.text).found
        tags = [tag for tag, _ in found]
        assert ("html", {"lang": "en"}) in found
        assert [tags.count(tag) for tag in ("main", "h1", "title")][:2] == [1, 1]
        assert found[tags.index("body") + 1][1].get("href") == "#content", "the skip link is first"
        levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
        assert all(b - a <= 1 for a, b in pairwise(levels)), (page.url, levels)
        labelled = {attributes.get("for") for tag, attributes in found if tag == "label"}
        for tag, attributes in found:
            if tag in ("input", "select") and attributes.get("type") != "hidden":
                assert attributes.get("id") in labelled or attributes.get("aria-label"), page.url
        assert tags.count("table") <= tags.count("caption"), page.url
        ids = [attributes["id"] for _, attributes in found if "id" in attributes]
        assert len(ids) == len(set(ids)), page.url
        images = [attributes for tag, attributes in found if attributes.get("role") == "img"]
        assert all(attributes.get("aria-labelledby") in ids for attributes in images)


def test_what_is_not_there_is_not_found_on_any_page(told: Path) -> None:
    name = told.stem
    asked = [f"/-/{page}/{name}/99999" for page in ("entry", "source", "snapshot")]
    asked += [f"/-/{page}/_memory" for page in ("sourcekeep", "entries", "compare", "search")]
    asked += [f"/-/{page}/other" for page in ("sourcekeep", "entries", "compare", "search")]
    assert {page.status_code for page in ask(told, *asked)} == {404}


def test_a_page_that_can_only_be_read_refuses_every_other_method(told: Path) -> None:
    pages = ("/-/sourcekeep.css", "/-/sourcekeep/archive", "/-/entries/archive",
             "/-/source/archive/1", "/-/snapshot/archive/1/raw", "/-/feed/archive/changes.atom",
             f"/-/timemap/archive/{URL}")  # fmt: skip

    async def asking(inspector: Datasette) -> list[Any]:
        await inspector.invoke_startup()
        return [
            await inspector.client.request(method, page)
            for page in pages
            for method in ("GET", "HEAD", "POST", "PUT", "DELETE")
        ]

    with inspected(told) as inspector:
        answers = asyncio.run(asking(inspector))
    assert [each.status_code for each in answers] == [200, 200, 405, 405, 405] * len(pages)
    assert {each.headers.get("allow") for each in answers if each.status_code == 405} == {
        "GET, HEAD"
    }


@pytest.mark.parametrize("hidden", ["the archive", "everything"])
def test_who_may_not_see_an_archive_sees_none_of_its_pages(told: Path, hidden: str) -> None:
    refused: dict[str, Any] = (
        {"allow": False} if hidden == "everything"
        else {"databases": {told.stem: {"allow": False}}}
    )  # fmt: skip
    is_old = datasette.__version__.startswith("0.")
    with inspected(told):
        inspector = Datasette([str(told)], **{"metadata" if is_old else "config": refused})
        answers = answers_of(
            inspector, *places(told), f"/-/snapshot/{told.stem}/1/raw",
            f"/-/feed/{told.stem}/changes.atom", f"/-/timemap/{told.stem}/{URL}",
            f"/-/memento/{told.stem}/1", follow=False,
        )  # fmt: skip
    assert {answer.status_code for answer in answers} == {403}
    assert all("old quay" not in answer.text for answer in answers)


def test_a_database_that_is_no_archive_has_no_pages(told: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as sql:
        sql.execute("CREATE TABLE entries (id INTEGER PRIMARY KEY)")
    with inspected(told):
        *pages, front, home = answers_of(
            Datasette([str(other), str(told)]), "/-/sourcekeep/other", "/-/entries/other",
            "/-/source/other/1", "/-/sourcekeep", "/", follow=False,
        )  # fmt: skip
    assert {page.status_code for page in pages} == {404}
    assert front.headers["location"] == f"/-/sourcekeep/{told.stem}"
    assert "/-/entries/other" not in home.text and f"/-/entries/{told.stem}" in home.text


def test_the_menu_and_the_tables_lead_to_our_pages(told: Path) -> None:
    name = told.stem
    first, entries, sources, coverage = ask(
        told,
        f"/{name}",
        *(f"/{name}/{table}" for table in ("entries", "sources", "coverage_by_entry")),
    )
    for address in (f"/-/sourcekeep/{name}", f"/-/entries/{name}", f"/-/search/{name}"):
        assert f'href="{address}"' in first.text
    assert re.search(rf'href="/-/entry/{name}/\d+">The quay<', entries.text)
    assert re.search(rf'href="/-/source/{name}/\d+">Harbour fund<', sources.text)
    assert re.search(rf'href="/-/entry/{name}/\d+"', coverage.text)


def test_contrast_is_enough_in_light_and_in_dark(told: Path) -> None:
    """4.5 : 1, by WCAG 2.2, success criterion 1.4.3."""
    (style,) = ask(told, "/-/sourcekeep.css")
    light, dark = re.findall(r":root \{(.*?)\}", style.text, re.S)
    for sheet in (light, dark):
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", sheet))
        pairs = [("ink", "ground"), ("ink", "paper"), ("soft", "ground"), ("soft", "paper"),
                 ("link", "ground"), ("link", "paper"), ("visited", "ground"),
                 ("visited", "paper"), ("bar-ink", "bar"), ("link", "gone-bg")]  # fmt: skip
        pairs += [(name, f"{name}-bg") for name in ("good", "gone", "changed", "refused", "open")]
        for one_colour, other in pairs:
            assert contrast(colours[one_colour], colours[other]) >= 4.5, (one_colour, other)


def contrast(one_colour: str, other: str) -> float:
    light, dark = sorted((luminance(one_colour), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
                        for part in parts]  # fmt: skip
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

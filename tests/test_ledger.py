"""The ledger: what an entry cites, and what becomes of a citation when the entry changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crawler.archive import Archive, Page
from crawler.archive.writing.supplying import UNCITED
from crawler.errors import EvidenceLost
from crawler.items import Citation, Entry, Relation, Revision
from tests.archive_kit import at, cite, entry, one, record, rows, source

A, B = "https://a.example/story", "https://b.example/story"


def citations(archive: Archive) -> list[tuple[object, ...]]:
    found = rows(archive, "SELECT url_as_cited, label, first_seen_at, last_seen_at, removed_at"
                 " FROM citations ORDER BY id")  # fmt: skip
    return [tuple(row.values()) for row in found]


def sources(archive: Archive) -> list[str]:
    return [row["url"] for row in rows(archive, "SELECT url FROM sources ORDER BY id")]


# Citations


def test_an_entry_is_kept_with_its_citations_and_their_sources_are_due(archive: Archive) -> None:
    recorded = record(archive, entry(cite(A, "AP via Blade", agency="AP"), cite(B)))
    assert (recorded.new, recorded.sources_added, recorded.citations_added) == (True, 2, 2)
    kept = rows(archive, "SELECT c.*, s.url AS source_url, s.due_at, s.title FROM citations c"
                " JOIN sources s ON s.id = c.source ORDER BY position")  # fmt: skip
    assert [row["source_url"] for row in kept] == [A, B]
    assert kept[0]["position"] == 1 and kept[0]["agency"] == "AP"
    assert kept[0]["title"] == "AP via Blade"  # until its own title is known
    assert kept[0]["due_at"] == at() and kept[0]["cited_on"] == "2017-03-04"


def test_a_citation_that_goes_keeps_its_row_and_may_come_back(archive: Archive) -> None:
    record(archive, entry(cite(A), cite(B)), b"1", at())
    gone = record(archive, entry(cite(B)), b"2", at(days=1))
    assert (gone.citations_added, gone.citations_removed) == (0, 1)
    assert citations(archive) == [
        (A, "BBC", at(), at(), at(days=1)), (B, "BBC", at(), at(days=1), None)
    ]  # fmt: skip
    assert one(archive, "SELECT position FROM citations WHERE removed_at IS NULL") == 1
    still = record(archive, entry(cite(B)), b"3", at(days=2))
    assert still.citations_removed == 0  # it went once
    record(archive, entry(cite(A), cite(B)), b"4", at(days=3))
    assert citations(archive)[0] == (A, "BBC", at(), at(days=3), None)
    assert sources(archive) == [A, B]


def test_all_citations_may_go(archive: Archive) -> None:
    record(archive, entry(cite(A), cite(B)), b"1")
    assert record(archive, entry(), b"2", at(days=1)).citations_removed == 2
    assert one(archive, "SELECT count(*) FROM sources") == 2
    assert archive.reading.coverage().citations == 0


def test_a_citation_that_is_relabelled_keeps_its_old_row(archive: Archive) -> None:
    record(archive, entry(cite(A, "AP")), b"1", at())
    changed = record(archive, entry(cite(A, "Associated Press")), b"2", at(days=1))
    assert (changed.citations_added, changed.citations_removed) == (1, 1)
    assert changed.sources_added == 0
    assert citations(archive) == [
        (A, "AP", at(), at(), at(days=1)),
        (A, "Associated Press", at(days=1), at(days=1), None),
    ]


def test_what_is_read_better_another_time_is_written_into_the_known_row(archive: Archive) -> None:
    first = cite(None, "AP via Blade", url_as_cited="/story", role="source", cited_on=None)
    record(archive, entry(first), b"1")
    assert rows(archive, "SELECT source, url FROM citations") == [{"source": None, "url": None}]
    better = replace(first, url=A, agency="AP", publisher="Blade", cited_on="2017-03-04")
    again = record(archive, entry(better), b"1", at(days=1))
    assert (again.citations_added, again.citations_removed, again.sources_added) == (0, 0, 1)
    [row] = rows(archive, "SELECT * FROM citations")
    assert (row["source"], row["url"], row["agency"], row["publisher"], row["cited_on"]) == (
        1, A, "AP", "Blade", "2017-03-04",
    )  # fmt: skip
    record(archive, entry(first), b"1", at(days=2))  # read without its base again
    assert rows(archive, "SELECT source, url FROM citations") == [{"source": 1, "url": A}]


def test_a_line_that_stands_twice_is_one_citation(archive: Archive) -> None:
    recorded = record(archive, entry(cite(A), cite(B), cite(A)))
    assert recorded.citations_added == 2
    assert rows(archive, "SELECT position FROM citations WHERE url = ?", A) == [{"position": 1}]


def test_a_role_that_means_nothing_is_refused_and_not_dropped(archive: Archive) -> None:
    with pytest.raises(EvidenceLost, match="CHECK constraint failed: role"):
        record(archive, entry(cite(A), cite(B, role="friend")))
    assert one(archive, "SELECT count(*) FROM entries") == 0


# Sources


SPELLINGS = (
    "http://www.a.example/story?id=1",
    "https://www.a.example/story?id=1",
    "https://www.a.example/story?id=1&utm_source=x",
    "https://www.a.example/%73tory?id=1",
)


def test_spellings_of_one_address_share_a_source_and_each_is_kept(archive: Archive) -> None:
    written = (*SPELLINGS, "https://WWW.A.example/story?id=1#quote")
    parsed = (*SPELLINGS, "https://www.a.example/story?id=1")
    record(archive, entry(*(cite(p, w, url_as_cited=w) for p, w in zip(parsed, written))))  # noqa: B905
    assert sources(archive) == [SPELLINGS[0]]  # fetched as it was cited first
    assert [row[0] for row in citations(archive)] == list(written)
    spelt = rows(archive, "SELECT url, source, kind FROM source_spellings")
    assert {row["url"] for row in spelt} == set(SPELLINGS)
    assert {(row["source"], row["kind"]) for row in spelt} == {(1, "cited")}


def test_www_and_a_parameter_that_means_something_part_sources(archive: Archive) -> None:
    record(archive, entry(*map(cite, (SPELLINGS[0], "http://a.example/story?id=1",
                                      "http://www.a.example/story?id=2"))))  # fmt: skip
    assert len(sources(archive)) == 3


def test_a_source_that_two_entries_cite_is_one_and_due_once(archive: Archive) -> None:
    record(archive, entry(cite(A)), b"1", at())
    archive.connection.sql.execute("UPDATE sources SET due_at = ?", (at(days=9),))
    other = entry(cite(A), headline="Another", url="/other", locator="other.md", date="2016-01-01")
    recorded = record(archive, other, b"2", at(days=1))
    assert recorded.sources_added == 0 and sources(archive) == [A]
    assert one(archive, "SELECT due_at FROM sources") == at(days=9)
    assert one(archive, "SELECT entries FROM sources_now") == 2


@pytest.mark.parametrize(
    ("days", "earliest"),
    [
        (["2017-03-04", "2016-01-01", "2018-01-01"], "2016-01-01"),
        ([None, "2018-01-01"], "2018-01-01"),
        (["2018-01-01", None], "2018-01-01"),
        ([None, None], None),
    ],
)
def test_the_first_citation_of_a_source_is_the_earliest_that_is_known(
    archive: Archive, days: list[str | None], earliest: str | None
) -> None:
    for number, day in enumerate(days):
        read = entry(cite(A, cited_on=day), headline=f"No {number}", url=None, locator=f"{number}")
        record(archive, read, str(number).encode(), at(days=number))
    assert one(archive, "SELECT first_cited_on FROM sources") == earliest


def test_a_citation_of_an_archived_copy_points_to_the_original(archive: Archive) -> None:
    wrapped = f"https://web.archive.org/web/20170304120000/{A}"
    copy = cite(A, "BBC (archived)", url_as_cited=wrapped, role="archive-of",
                archived_at="2017-03-04T12:00:00Z")  # fmt: skip
    record(archive, entry(cite(A), copy))
    assert sources(archive) == [A]
    assert rows(archive, "SELECT source, url_as_cited, archived_at FROM citations"
                " WHERE role = 'archive-of'") == [
        {"source": 1, "url_as_cited": wrapped, "archived_at": "2017-03-04T12:00:00Z"}
    ]  # fmt: skip


@pytest.mark.parametrize(
    "citation",
    [
        cite(A, role="cover"),
        cite(A, role="internal"),
        cite(None, url_as_cited="mailto:x@y.example"),
        cite(None, role="archive-of", url_as_cited="https://archive.is/abc"),
        cite("http://[broken/", url_as_cited="http://[broken/"),
        cite("ftp://a.example/", url_as_cited="ftp://a.example/"),
    ],
)
def test_what_cannot_or_need_not_be_fetched_is_a_citation_without_a_source(
    archive: Archive, citation: Citation
) -> None:
    recorded = record(archive, entry(citation))
    assert (recorded.citations_added, recorded.sources_added) == (1, 0)
    assert one(archive, "SELECT source FROM citations") is None and sources(archive) == []


# Entries


def test_a_new_headline_or_related_list_queues_nothing_and_finds_the_same_entry(
    archive: Archive,
) -> None:
    first = record(archive, entry(cite(A)), b"1")
    changed = entry(cite(A), headline="Mexico opens fifty centers", topic="Mexico",
                    relations=(Relation(1, "Related", "/news/x.md", None),))  # fmt: skip
    again = record(archive, changed, b"2", at(days=1))  # by its address
    assert again == replace(first, new=False, sources_added=0, citations_added=0)
    moved = replace(changed, url="/news/2017/03/4/new-slug.html", locator="new-slug.md")
    assert record(archive, moved, b"3", at(days=2)).entry == first.entry  # by date and headline
    assert rows(archive, "SELECT title, url, topic, last_seen_at FROM entries") == [
        {"title": "Mexico opens fifty centers", "url": "/news/2017/03/4/new-slug.html",
         "topic": "Mexico", "last_seen_at": at(days=2)}
    ]  # fmt: skip
    addresses = rows(archive, "SELECT address FROM entry_aliases ORDER BY address")
    assert [row["address"] for row in addresses] == [
        "/news/2017/03/4/mexico", "/news/2017/03/4/new-slug",
    ]  # fmt: skip


def test_an_entry_is_known_by_an_older_slug_in_its_list_of_changes(archive: Archive) -> None:
    first = record(archive, entry(cite(A), headline="Old words"), b"1")
    revisions = (Revision(1, "Old words", "/news/2017/03/4/mexico.md", at(), "First version"),)
    renamed = entry(cite(A), headline="New words", url="/news/2017/03/4/new.html",
                    locator="new.md", revisions=revisions)  # fmt: skip
    assert record(archive, renamed, b"2").entry == first.entry
    assert one(archive, "SELECT title FROM entries") == "New words"
    assert rows(archive, "SELECT position, url, revised_at, note FROM entry_revisions") == [
        {"position": 1, "url": "/news/2017/03/4/mexico.md", "revised_at": at(),
         "note": "First version"}
    ]  # fmt: skip


def test_the_same_headline_on_another_day_is_another_entry(archive: Archive) -> None:
    record(archive, entry(cite(A)), b"1")
    other = entry(cite(A), date="2017-03-05", url="/news/2017/03/5/mexico.html", locator="5.md")
    assert record(archive, other, b"2").new


@pytest.mark.parametrize(
    ("headline", "url", "title"),
    [
        ("Words", "/a.html", "Words"), (None, "/a.html", "/a.html"),
        (None, None, "news/2017/03/4/mexico.md"), ("", None, "news/2017/03/4/mexico.md"),
    ],
)  # fmt: skip
def test_an_entry_without_a_headline_is_labelled_by_its_address(
    archive: Archive, headline: str | None, url: str | None, title: str
) -> None:
    record(archive, entry(headline=headline, url=url))
    assert one(archive, "SELECT title FROM entries") == title


def test_lists_of_an_entry_follow_it_and_keep_what_went(archive: Archive) -> None:
    def related(*urls: str) -> Entry:
        lines = tuple(Relation(n, f"title {n}", url, None) for n, url in enumerate(urls, 1))
        return entry(relations=lines)

    record(archive, related("/x", "/y"), b"1", at())
    record(archive, related("/z", "/y"), b"2", at(days=1))
    found = rows(archive, "SELECT url, position, last_seen_at FROM entry_relations ORDER BY url")
    assert [tuple(row.values()) for row in found] == [
        ("/x", 1, at()), ("/y", 2, at(days=1)), ("/z", 1, at(days=1))
    ]  # fmt: skip


# Pages and their versions


def versions(archive: Archive) -> list[tuple[bytes, str, str]]:
    found = rows(archive, "SELECT payload, first_seen_at, last_seen_at FROM entry_versions"
                 " ORDER BY id")  # fmt: skip
    return [(archive.payloads.get(r["payload"]), r["first_seen_at"], r["last_seen_at"])
            for r in found]  # fmt: skip


def test_each_distinct_version_of_a_page_is_kept_once(archive: Archive) -> None:
    for day, content in enumerate((b"A", b"B", b"A")):
        record(archive, entry(cite(A)), content, at(days=day))
        known = archive.ledger.entry_of_unchanged
        assert known("news/2017/03/4/mexico.md", content) == 1
        assert known("news/2017/03/4/mexico.md", b"B" if content == b"A" else b"A") is None
    assert versions(archive) == [(b"A", at(), at(days=2)), (b"B", at(days=1), at(days=1))]


def test_an_unknown_page_is_not_unchanged(archive: Archive) -> None:
    record(archive, entry())
    assert archive.ledger.entry_of_unchanged("elsewhere.md", b"page") is None


def test_a_page_that_is_unchanged_moves_only_the_last_seen_dates(archive: Archive) -> None:
    record(archive, entry(cite(A), cite(B)), b"1", at())
    record(archive, entry(cite(A)), b"2", at(days=1))
    locator = "news/2017/03/4/mexico.md"
    archive.ledger.seen_again([(locator, 1), (locator, 1)], at(days=5))
    assert versions(archive)[1] == (b"2", at(days=1), at(days=5))
    assert versions(archive)[0] == (b"1", at(), at())
    assert one(archive, "SELECT last_seen_at FROM entries") == at(days=5)
    assert [row[3] for row in citations(archive)] == [at(days=5), at()]  # what went stays gone
    archive.ledger.seen_again([], at(days=6))


def test_twin_pages_of_one_entry_are_kept_together(archive: Archive) -> None:
    read = entry(cite(A))
    pages = [Page(f"mexico.{kind}", kind.encode() * 99, f"news-{kind}", (("no-date", "None."),))
             for kind in ("md", "json")]  # fmt: skip
    archive.ledger.record(read, pages, input_id=None, now=at())
    found = rows(archive, "SELECT entry, locator, reader, warnings FROM entry_versions")
    assert [tuple(row.values()) for row in found] == [
        (1, "mexico.md", "news-md", '[["no-date", "None."]]'),
        (1, "mexico.json", "news-json", '[["no-date", "None."]]'),
    ]


def test_an_entry_that_cannot_be_written_whole_is_not_written_at_all(archive: Archive) -> None:
    pages = [Page("a.md", b"1", "x"), Page("b.md", b"2", "x", capture=99)]  # no such capture
    with pytest.raises(EvidenceLost, match="FOREIGN KEY"):
        archive.ledger.record(entry(cite(A)), pages, input_id=None, now=at())
    for table in ("entries", "citations", "sources", "hosts", "entry_versions", "payloads"):
        assert one(archive, f"SELECT count(*) FROM {table}") == 0


# What is cited again


def test_an_entry_of_a_thousand_citations_is_quick_to_read_again(archive: Archive) -> None:
    many = entry(*(cite(f"https://host{n}.example/") for n in range(1000)))
    assert record(archive, many, b"1").sources_added == 1000
    again = record(archive, many, b"2", at(days=1))
    assert (again.citations_added, again.citations_removed) == (0, 0)


def test_a_source_keeps_what_is_known_of_it_when_it_is_cited_again(archive: Archive) -> None:
    number = source(archive, A)
    archive.connection.sql.execute("UPDATE sources SET title = 'Its own', failures = 3")
    assert source(archive, A) == number
    assert rows(archive, "SELECT title, failures FROM sources") == [
        {"title": "Its own", "failures": 3}
    ]


def test_a_source_that_another_entry_cites_these_days_is_due_again(archive: Archive) -> None:
    def due(url: str, cited_on: str | None, now: str, days: float = 0) -> str:
        record(
            archive,
            entry(cite(A, cited_on=cited_on), locator=url, url=None, headline=url),
            url.encode(), now,
        )  # fmt: skip
        return str(one(archive, "SELECT due_at FROM sources"))

    far, today = at(days=90), at(days=10)[:10]
    assert due("first", "2017-03-04", at()) == at()
    archive.connection.sql.execute("UPDATE sources SET due_at = ?", (far,))
    assert due("never visited", today, at(days=10)) == far
    archive.connection.sql.execute("UPDATE sources SET last_fetched_at = ?", (at(),))
    assert due("read only now", "2017-03-04", at(days=10)) == far
    assert due("these days", today, at(days=10)) == at(days=10)
    assert one(archive, "SELECT due_reason FROM sources") == "an entry cites it anew"
    archive.connection.sql.execute("UPDATE sources SET due_at = ?", (far,))
    assert due("these days", today, at(days=11)) == far, "it is known by then"
    archive.connection.sql.execute("UPDATE sources SET due_at = NULL")
    assert due("taken out of the schedule", today, at(days=11)) == "None"


def test_another_label_in_the_same_entry_cites_nothing_anew(archive: Archive) -> None:
    today = at(days=10)[:10]
    record(archive, entry(cite(A, "AP", cited_on=today)), b"1", at(days=10))
    archive.connection.sql.execute(
        "UPDATE sources SET due_at = ?, last_fetched_at = ?", (at(days=90), at(days=10))
    )
    record(archive, entry(cite(A, "Associated Press", cited_on=today)), b"2", at(days=11))
    assert one(archive, "SELECT due_at FROM sources") == at(days=90)


def test_what_an_import_brought_is_due_once_an_entry_cites_it(archive: Archive) -> None:
    source(archive, A)
    archive.connection.sql.execute("UPDATE sources SET due_at = NULL, due_reason = ?", (UNCITED,))
    record(archive, entry(cite(A), url=None, headline="x"), b"x", at(days=3))
    assert rows(archive, "SELECT due_at, due_reason FROM sources") == [
        {"due_at": at(days=3), "due_reason": "never fetched"}
    ]


def test_what_is_cited_anew_is_known_to_the_schedule(archive: Archive) -> None:
    number = source(archive, A)
    assert archive.judgements.source(number).cited_anew_at is None, "cited long ago, read now"
    today = at(days=3)[:10]
    record(archive, entry(cite(A, cited_on=today), url=None, headline="x"), b"x", at(days=3))
    assert archive.judgements.source(number).cited_anew_at == at(days=3)

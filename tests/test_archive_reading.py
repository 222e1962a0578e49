"""Reading: what people and commands ask of an archive."""

from __future__ import annotations

import pytest

from crawler.archive import Archive, Coverage
from crawler.archive.queries.reading import FOUND_MAX
from crawler.errors import UsageError
from tests.archive_kit import (
    GOOD,
    URL,
    article,
    at,
    begin,
    cite,
    entry,
    fill,
    gone,
    hop,
    not_modified,
    record,
    source,
    visit,
)

CHANGED = GOOD.replace(b"legal help", b"no help")


# Which source is meant?


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "https://www.Blade.example/2017/mexico?id=3",
        "http://www.blade.example/2017/mexico?id=3#quote",
        "https://www.blade.example/2017/mexico?id=3&utm_source=feed",
        " https://www.blade.example:443/2017/%6dexico?id=3 ",
        "https://web.archive.org/web/20170304/https://www.blade.example/2017/mexico?id=3",
        "blade.example/2017/MEXICO",
        "legal aide",
    ],
)
def test_a_source_is_found_by_whatever_a_person_has_at_hand(archive: Archive, text: str) -> None:
    number = source(archive, "https://www.blade.example/2017/mexico?id=3")
    source(archive, "https://other.example/")
    archive.connection.sql.execute(
        "UPDATE sources SET title = 'Mexico opens Legal Aide' WHERE id = ?", (number,)
    )
    assert archive.reading.source(text)["id"] == number


def test_a_source_is_found_by_another_spelling_that_was_cited(archive: Archive) -> None:
    """Even one that today's rules would take for another resource."""
    number = source(archive)
    archive.connection.sql.execute(
        "INSERT INTO source_spellings VALUES ('https://old.example/x', ?, 'redirect', ?)",
        (number, at()),
    )
    assert archive.reading.source("https://old.example/x")["id"] == number


@pytest.mark.parametrize("text", ["9", "٣", "9" * 40, "https://nowhere.example/", "http://[", "%"])
def test_a_source_that_is_not_there_is_one_clear_sentence(archive: Archive, text: str) -> None:
    source(archive)
    with pytest.raises(UsageError) as caught:
        archive.reading.source(text)
    assert str(caught.value) == (
        f"no source fits {text!r}; list them with: sourcekeep export --archive {archive.path}"
        " csv - --table sources_now"
    )


def test_a_number_names_a_source_by_its_id_and_never_by_a_part_of_its_url(archive: Archive) -> None:
    """`forget 48113` must not destroy the page whose address happens to hold these digits."""
    number = source(archive, "https://a.example/48113")
    assert archive.reading.source(str(number))["id"] == number
    with pytest.raises(UsageError, match="no source fits '48113'"):
        archive.reading.source("48113")
    assert archive.reading.source("/48113")["id"] == number


def test_an_empty_name_is_no_name_of_a_source(archive: Archive) -> None:
    source(archive)
    with pytest.raises(UsageError, match="an empty name fits every source"):
        archive.reading.source(" ")


def test_several_sources_that_fit_are_named_with_their_ids(archive: Archive) -> None:
    for number in (1, 2):
        source(archive, f"https://a.example/{number}")
    with pytest.raises(UsageError) as caught:
        archive.reading.source("a.example")
    assert str(caught.value).splitlines() == [
        "'a.example' fits 2 sources; name one by its id:",
        "      1  https://a.example/1",
        "      2  https://a.example/2",
    ]


def test_of_very_many_sources_that_fit_only_a_few_are_named(archive: Archive) -> None:
    record(archive, entry(*(cite(f"https://a.example/{n}") for n in range(FOUND_MAX + 5))))
    with pytest.raises(UsageError, match=f"fits at least {FOUND_MAX} sources") as caught:
        archive.reading.source("a.example")
    assert len(str(caught.value).splitlines()) == 11


# What did it say, and when?


def captured(archive: Archive, *hours: float) -> int:
    run, number = begin(archive), source(archive)
    for count, hour in enumerate(hours):
        visit(archive, run, number, hop(body=GOOD + b"%d" % count, fetched_at=at(hours=hour)))
    return number


def test_the_latest_good_snapshot_is_shown(archive: Archive) -> None:
    number = captured(archive, 0, 5)
    run = begin(archive)
    visit(archive, run, number, gone(fetched_at=at(hours=9)))
    latest = archive.reading.snapshot(number)
    assert latest is not None and latest["captured_at"] == at(hours=5)
    visit(archive, run, number, not_modified(fetched_at=at(hours=10)))
    confirmed = archive.reading.snapshot(number)
    assert confirmed is not None and confirmed["captured_at"] == at(hours=10)
    assert confirmed["payload"] == latest["payload"]


def test_what_was_captured_last_is_the_latest_whenever_it_was_written(archive: Archive) -> None:
    number = captured(archive, 5, 0)  # as an import of something older
    latest = archive.reading.snapshot(number)
    assert latest is not None and latest["captured_at"] == at(hours=5)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (-999, 0), (0, 0), (4.9, 0), (5.1, 10), (10, 10), (14.9, 10), (15.1, 20), (999, 20),
        (5, 0), (15, 10),  # of two equally near the earlier one
    ],
)  # fmt: skip
def test_the_snapshot_nearest_to_a_date_is_shown(
    archive: Archive, asked: float, found: float
) -> None:
    number = captured(archive, 0, 10, 20)
    snapshot = archive.reading.snapshot(number, at(hours=asked))
    assert snapshot is not None and snapshot["captured_at"] == at(hours=found)


@pytest.mark.parametrize("gap", range(1, 4000, 97))
def test_a_tie_is_a_tie_to_the_second(archive: Archive, gap: int) -> None:
    number = captured(archive, 0, 2 * gap / 3600)
    snapshot = archive.reading.snapshot(number, at(seconds=gap))
    assert snapshot is not None and snapshot["captured_at"] == at()
    later = archive.reading.snapshot(number, at(seconds=gap + 1))
    assert later is not None and later["captured_at"] == at(seconds=2 * gap)


def test_without_a_good_copy_there_is_no_snapshot(archive: Archive) -> None:
    number = source(archive)
    visit(archive, begin(archive), number, gone())
    assert archive.reading.snapshot(number) is archive.reading.snapshot(number, at()) is None


# Lists and counts


def test_coverage_adds_up(archive: Archive) -> None:
    fill(archive)
    record(archive, entry(cite(None, url_as_cited="mailto:x"), headline="n", url=None, locator="n"))
    found = archive.reading.coverage()
    assert found == Coverage(
        entries=5, citations=6, citations_held=3, citations_held_elsewhere=0,
        citations_rescued=0, mementos=0, rescues_waiting=1, comparisons_waiting=0,
        citations_unfetchable=1, sources=2,
        sources_held=1, sources_failing=1, sources_never_fetched=0, captures=5, revisits=2,
        payload_bytes=found.payload_bytes, stored_bytes=found.stored_bytes, reading_problems=1,
    )  # fmt: skip
    assert found.payload_bytes > found.stored_bytes > 100


def test_the_entries_that_miss_most_come_first(archive: Archive) -> None:
    fill(archive)
    more = entry(*(cite(f"https://lost.example/{n}") for n in range(3)), headline="Lost", url=None,
                 locator="lost")  # fmt: skip
    record(archive, more)
    found = [(row["title"], row["not_held"]) for row in archive.reading.worst_entries(2)]
    assert found[0] == ("Lost", 3) and found[1][1] == 1
    assert len(archive.reading.worst_entries(9)) == 3


def test_sources_without_a_copy_are_listed(archive: Archive) -> None:
    fill(archive)
    [row] = archive.reading.never_captured(9)
    assert (row["url"], row["last_reason"], row["entries"]) == (
        "https://gone.example/a", "http-404", 2
    )  # fmt: skip
    assert archive.reading.never_captured(0) == []


def test_a_source_tells_who_cites_it(archive: Archive) -> None:
    fill(archive)
    found = archive.reading.citations(1)
    assert [(row["label"], row["entry"], row["removed_at"]) for row in found][:2] == [
        ("AP via The Toledo Blade", "Mexico opens centers", None), ("again", "list.txt", None)
    ]  # fmt: skip


def test_a_source_tells_every_fetch_and_what_was_kept_of_it(archive: Archive) -> None:
    fill(archive)
    found = archive.reading.fetches(1)
    assert [(row["outcome"], row["record_type"], row["words"]) for row in found] == [
        ("redirect", "response", None), ("live-unverified", "response", 5),
        ("live-unverified", "revisit", 5), ("live", "revisit", 5),
    ]  # fmt: skip
    assert found[0]["url"] == URL and found[0]["status"] == 302


def test_the_latest_snapshots_come_last(archive: Archive) -> None:
    fill(archive)
    found = archive.reading.snapshots(2)
    assert [row["http_status"] for row in found] == [304, 404]


def test_a_source_that_was_extracted_twice_shows_its_better_article(archive: Archive) -> None:
    run, number = begin(archive), source(archive)
    payload = str(visit(archive, run, number, hop()).final_payload)
    archive.articles.save(payload, article("one two"), now=at())
    archive.articles.save(payload, article(None, extractor="2", status="failed"), now=at())
    [row] = archive.reading.fetches(number)
    assert (row["words"], row["article_status"]) == (2, "text")

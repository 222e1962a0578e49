"""Selecting: which captures leave the archive, with what, and as they were at one moment."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.archive import Archive, CaptureRecord, Selection
from crawler.archive.selection.choosing import period, verdict_called
from crawler.archive.selection.publishing import forbids_copies
from crawler.digests import digest_of
from crawler.errors import BadDate, UsageError
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
    new_archive,
    one,
    record,
    source,
    visit,
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with new_archive(tmp_path_factory.mktemp("filled")) as made:
        fill(made)
    with Archive.open_for_reading(made.path) as archive:
        yield archive


def chosen(archive: Archive, **asked: Any) -> list[CaptureRecord]:
    with archive.selecting.select(Selection(**asked)) as selected:
        records = list(selected)
        assert len(records) == len(selected)
    return records


def times(archive: Archive, **asked: Any) -> list[str]:
    return [each.captured_at for each in chosen(archive, **asked)]


# What is selected


def test_without_filters_all_that_is_kept_is_selected_in_the_order_of_keeping(
    filled: Archive,
) -> None:
    records = chosen(filled)
    assert [each.id for each in records] == [1, 2, 3, 4, 5, 6]
    assert [each.fetch.purpose for each in records] == ["source"] * 5 + ["robots"]


def test_what_belongs_to_no_source_is_there_only_where_dates_and_runs_narrow(
    filled: Archive,
) -> None:
    assert len(chosen(filled, runs=(1,))) == len(chosen(filled, since=at())) == 6
    assert len(chosen(filled, sources=(1, 2))) == 5
    assert len(chosen(filled, verdicts=("unknown", "vanished"))) == 5


@pytest.mark.parametrize(
    ("asked", "captures"),
    [
        ({"entries": (1,)}, [1, 2, 3, 4, 5]),
        ({"entries": (2,)}, [1, 2, 3, 4]),  # it cites one of the two
        ({"entries": (2, 1)}, [1, 2, 3, 4, 5]),
        ({"sources": (2,)}, [5]),
        ({"hosts": ("gone.example",)}, [5]),
        ({"topics": ("Mexico",)}, [1, 2, 3, 4, 5]),
        ({"verdicts": ("vanished",)}, [5]),
        ({"runs": (2,)}, []),
        ({"since": at(hours=1), "until": at(hours=2)}, [3]),
        ({"since": at(hours=1)}, [3, 4]),
        ({"entries": (1,), "hosts": ("gone.example",), "until": at()}, [5]),
        ({"sources": (1,), "verdicts": ("vanished",)}, []),
    ],
)
def test_each_filter_narrows_and_all_hold_at_once(
    filled: Archive, asked: dict[str, Any], captures: list[int]
) -> None:
    assert [each.id for each in chosen(filled, **asked)] == captures


def test_the_snapshot_nearest_to_each_citation_comes_with_its_redirects(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        for day in ("2026-03-02", "2026-03-05"):
            record(archive, entry(cite(URL, day, cited_on=day), headline=day, url=None,
                                  locator=day, date=day))  # fmt: skip
        number, run = one(archive, "SELECT id FROM sources"), begin(archive)
        for days in (0, 1, 3, 4, 9):
            moved = hop(URL, b"", status=302, outcome="redirect", fetched_at=at(days=days))
            there = hop(URL + "?to", GOOD + b"%d" % days, hop=1, fetched_at=at(days=days))
            visit(archive, run, number, moved, there)
        visit(archive, run, number, gone(fetched_at=at(days=3.5)))  # near, but not the article
        nearest = times(archive, nearest=True)
        assert nearest == [at()] * 2 + [at(days=3)] * 2  # of two equally near the earlier one
        assert times(archive, nearest=True, entries=(2,)) == nearest[2:]
        assert times(archive, nearest=True, since=at(days=8)) == [at(days=9)] * 2
        with archive.selecting.select(Selection()) as selected:
            found = selected.nearest(number, "2026-03-05")
            assert found is not None and found.captured_at == nearest[2]
            assert selected.nearest(number, None) == next(
                each for each in selected if each.is_snapshot
            )
            assert selected.nearest(99, None) is None


def test_entries_and_sources_of_a_selection_are_those_that_are_asked_for(filled: Archive) -> None:
    with filled.selecting.select(Selection(sources=(1,))) as selected:
        assert list(selected.sources()) == [1]
        assert [each.title for each in selected.entries()] == [
            "list.txt", "Mexico opens centers", f"cites {URL}"
        ]  # fmt: skip
        assert [each.id for each in selected.of_source(1)] == [1, 2, 3, 4]
    with filled.selecting.select(Selection(entries=(1,))) as selected:
        assert [each.title for each in selected.entries()] == ["Mexico opens centers"]


def test_a_selection_leaves_nothing_behind_and_can_be_followed_by_another(filled: Archive) -> None:
    with pytest.raises(ZeroDivisionError), filled.selecting.select(Selection()):
        raise ZeroDivisionError
    assert chosen(filled, sources=(1,)) == chosen(filled, sources=(1,))


# What a record holds


def test_a_record_holds_the_capture_and_all_that_belongs_to_it(filled: Archive) -> None:
    first, final, again, confirmed, lost, robots = chosen(filled)
    assert (first.outcome, first.is_snapshot, first.judgement) == ("redirect", False, None)
    assert final.source is not None and final.article is not None
    assert (final.source.id, final.source.url, final.source.verdict) == (1, URL, "unknown")
    assert final.article.text == "The consulates offer legal help."
    assert (final.article.version, final.article.language) == (1, None)
    assert final.fetch.response_headers == (("Content-Type", "text/html"), ("Etag", '"1"'))
    assert (final.fetch.hop, final.run.command, final.run.started_at) == (1, "crawl", at())
    assert [(each.entry, each.label) for each in final.citations][:2] == [
        (1, "AP via The Toledo Blade"), (2, "again")
    ]  # fmt: skip
    assert again.refers_to is not None and again.change is not None
    assert (again.refers_to.uid, again.refers_to.url) == (final.uid, URL + "?final")
    assert (again.change.change_class, again.change.before) == ("material", final.uid)
    assert (confirmed.fetch.status, confirmed.payload) == (304, digest_of(GOOD))
    assert [each.is_first for each in (final, again, confirmed)] == [True, False, False]
    assert lost.judgement is not None and lost.outcome == "gone"
    assert lost.source is not None and lost.source.verdict == "vanished"
    assert robots.source is None and not robots.is_snapshot and robots.citations == ()


def test_the_payload_of_a_record_is_its_bytes_or_the_reason_why_not(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        fill(archive)
        sql = archive.connection.sql
        damaged = digest_of(b"<h1>Not found</h1>" * 9)
        sql.execute("UPDATE payloads SET bytes = x'00' WHERE digest = ?", (damaged,))
        sql.execute("DROP TRIGGER payloads_remain")
        sql.execute("DELETE FROM payloads WHERE digest = ?", (digest_of(b""),))
        with archive.selecting.select(Selection()) as selected:
            elsewhere, good, *_, lost, _robots = selected
            assert selected.payload(good) == (GOOD, None)
            assert selected.payload(elsewhere) == (None, "elsewhere")
            assert elsewhere.size_bytes is None
            assert selected.payload(lost) == selected.payload(lost) == (None, "damaged")
            assert selected.damaged == [damaged]


# Fit to be published


@pytest.mark.parametrize(
    ("header", "forbids"),
    [
        ("noarchive", True), ("NoArchive", True), ("noindex, noarchive", True),
        ("googlebot: noarchive, nofollow", True), ("noai", True), ("nocache", True),
        ("noindex", False), ("unavailable_after: 25 Jun 2030 15:00:00 PST", False), ("", False),
        ("max-snippet:20", False), ("noarchivex", False),
    ],
)  # fmt: skip
def test_words_that_forbid_copies_are_known(header: str, forbids: bool) -> None:
    assert forbids_copies(header) is forbids


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """Pages that want no copies shown, by header and by meta, and secrets wherever they may be."""
    with new_archive(tmp_path_factory.mktemp("private")) as archive:
        secret = "https://a.example/x?token=hunter2"
        record(archive, entry(cite(secret), cite("https://b.example/"), cite("https://c.example/")))
        run = begin(archive)
        asked = (("User-Agent", "sourcekeep/1 (+me@mail.example)"), ("From", "me@mail.example"),
                 ("Authorization", "Basic aHVudGVyMg=="))  # fmt: skip
        said = (("X-Robots-Tag", "noarchive"), ("Set-Cookie", "sid=hunter2; Path=/"),
                ("Location", "https://a.example/?sig=hunter2"))  # fmt: skip
        bodies = {secret: b"by header " * 20, "https://b.example/": b"by meta " * 20,
                  "https://c.example/": b"free " * 20}  # fmt: skip
        for url, body in bodies.items():
            more = {"request_headers": asked, "response_headers": said} if url == secret else {}
            kept = visit(archive, run, source(archive, url), hop(url, body, **more))
            archive.articles.save(str(kept.final_payload), article(body.decode()), now=at())
        archive.connection.sql.execute(
            "INSERT INTO page_facts VALUES (?, ?, ?)",
            (digest_of(bodies["https://b.example/"]), '{"robots": ["noindex", "noarchive"]}', at()),
        )
    with Archive.open_for_reading(archive.path) as opened:
        yield opened


def test_public_holds_back_what_forbids_copies_and_keeps_digest_and_verdict(
    private: Archive,
) -> None:
    with private.selecting.select(Selection(public=True)) as selected:
        by_header, by_meta, free = selected
        for record_ in (by_header, by_meta):
            assert selected.payload(record_) == (None, "noarchive")
            assert record_.article is not None and record_.article.text is None
            assert record_.payload.startswith("sha256:") and record_.source is not None
        assert selected.payload(free) == (b"free " * 20, None)
        assert free.article is not None and free.article.text


def test_public_looks_into_pages_of_which_nothing_was_read(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        run = begin(archive)
        for name, word in (("a", b"NoArchive"), ("b", b"noindex"), ("c", b"noarchive")):
            url = f"https://{name}.example/"
            body = b"<meta name=robots content='max-snippet:1, " + word + b"'>" + GOOD
            visit(archive, run, source(archive, url), hop(url, body))
        archive.connection.sql.execute(
            "UPDATE payloads SET stored_as = 'raw', base_digest = NULL, bytes = x'00'"
            " WHERE rowid = (SELECT max(rowid) FROM payloads)"
        )
        with archive.selecting.select(Selection(public=True)) as selected:
            forbidding, free, damaged = selected
            assert (forbidding.withheld, free.withheld) == ("noarchive", None)
            assert selected.payload(damaged) == (None, "damaged")
            assert selected.damaged == [damaged.payload]


def test_without_public_such_pages_leave_like_others(private: Archive) -> None:
    with private.selecting.select(Selection()) as selected:
        assert all(selected.payload(each)[0] for each in selected)


def test_public_shows_neither_secrets_nor_our_contact(private: Archive) -> None:
    shown = repr(chosen(private, public=True))
    assert "hunter2" not in shown and "me@mail" not in shown and "aHVud" not in shown


def test_credentials_in_headers_never_leave_whoever_recorded_them(private: Archive) -> None:
    first = chosen(private)[0]
    assert ("Authorization", "REDACTED") in first.fetch.request_headers
    assert ("Set-Cookie", "sid=REDACTED") in first.fetch.response_headers
    assert ("From", "me@mail.example") in first.fetch.request_headers


# While somebody writes, and in constant memory


def test_a_selection_sees_one_state_whoever_writes_meanwhile(tmp_path: Path) -> None:
    with new_archive(tmp_path) as writer:
        number, run = source(writer), begin(writer)
        visit(writer, run, number, hop())
        with (
            Archive.open_for_reading(writer.path) as reader,
            reader.selecting.select(Selection()) as selected,
        ):
            visit(writer, run, number, hop(body=GOOD + b"later"))
            assert len(list(selected)) == len(selected) == 1
            assert len(list(selected.of_source(number))) == 1
        with Archive.open_for_reading(writer.path) as reader:
            assert len(chosen(reader)) == 2


def test_memory_is_flat_however_many_captures_come(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        many(archive, 300)
        with archive.selecting.select(Selection()) as selected:
            held = peak_of(lambda: len(list(selected)))
            # The least of three: what others leave to be collected meanwhile is not ours.
            streamed = min(peak_of(lambda: sum(1 for _ in selected)) for _ in range(3))
    assert 10 * streamed < held


def peak_of(count: Callable[[], int]) -> int:
    """Return the most memory that Python held in between, in bytes."""
    tracemalloc.start()
    try:
        assert count() == 300
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def many(archive: Archive, captures: int, body: bytes = GOOD) -> None:
    """Fill an archive quickly: captures of a hundred sources, each with a text of its own."""
    record(archive, entry(*(cite(f"https://s{n}.example/") for n in range(100))))
    run = begin(archive)
    archive.connection.begin_group()
    for n in range(captures):
        url = f"https://s{n % 100}.example/"
        kept = archive.evidence.record(run, n % 100 + 1, [hop(url, body + b"%d" % n)])
        archive.articles.save(str(kept.final_payload), article(f"Text {n}. " * 50), now=at())
    archive.connection.end_group()


# What a person means


def test_filters_are_named_by_what_a_person_has_at_hand(filled: Archive) -> None:
    choosing = filled.choosing
    for text in (
        "1",
        "mexico opens",
        "/news/2017/03/4/mexico.html",
        "2017-03-04 mexico opens centers",
    ):
        assert choosing.entry(text) == 1, text
    assert choosing.source("gone.example") == 2
    assert choosing.topic("mexico") == "Mexico"
    assert choosing.host("Gone.Example") == "gone.example"
    assert choosing.run("1") == choosing.run(one(filled, "SELECT uid FROM runs")) == 1
    assert verdict_called(" Vanished") == "vanished"


@pytest.mark.parametrize(
    ("kind", "text", "sentence"),
    [
        ("entry", "Mexiko opens centres", "no entry fits 'Mexiko opens centres'; written alike:"
         " Mexico opens centers"),
        ("entry", "cites", "'cites' fits several entries; name one by its id:"),
        ("topic", "Mexiko", "no topic is called 'Mexiko'; written alike: Mexico"),
        ("host", "gone.exampel", "no host is called 'gone.exampel'; written alike: gone.example"),
        ("host", "zzz", "no host is called 'zzz'"),
        ("run", "77", "there is no run '77'; they are numbered up to 1"),
        ("run", "x", "there is no run 'x'; they are numbered up to 1"),
    ],
)  # fmt: skip
def test_a_wrong_filter_is_one_sentence_with_names_that_are_near(
    filled: Archive, kind: str, text: str, sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        getattr(filled.choosing, kind)(text)
    assert str(caught.value).splitlines()[0] == sentence


def test_a_period_ends_with_the_last_second_of_its_last_day() -> None:
    assert period("2026-03-01", "2026-03-02") == ("2026-03-01T00:00:00Z", "2026-03-02T23:59:59Z")
    assert period(None, "2026-03-02T10:00:00Z") == (None, "2026-03-02T10:00:00Z")
    assert period(None, None) == (None, None)
    with pytest.raises(UsageError, match="the end comes first"):
        period("2026-03-02", "2026-03-01")
    with pytest.raises(BadDate):
        period("yesterday", None)
    with pytest.raises(UsageError, match="there is no verdict 'dead'; the verdicts are: unknown,"):
        verdict_called("dead")


def test_records_are_fit_for_json(filled: Archive) -> None:
    for each in chosen(filled):
        json.dumps(each.fetch.response_headers)

"""Articles: derived from payloads, made once, and made again whenever wanted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.archive import Archive, ExtractionJob
from crawler.comparison.texts import text_digest
from crawler.digests import digest_of
from tests.archive_kit import (
    GOOD,
    URL,
    article,
    at,
    gone,
    hop,
    not_modified,
    one,
    rows,
    source,
    visit,
)

OTHER = b"<html>" + b"<p>Another article altogether.</p>" * 30
SYNDICATED = "https://syndicated.example/mexico"


def wanted(archive: Archive) -> list[str]:
    return [job.payload for job, done in archive.articles.all_jobs() if not done]


def title(archive: Archive, number: int = 1) -> str:
    return str(one(archive, "SELECT title FROM sources WHERE id = ?", number))


# What wants an article


def test_a_good_payload_wants_one_article_with_the_facts_of_its_first_capture(
    archive: Archive, run: int
) -> None:
    first, other = source(archive), source(archive, SYNDICATED)
    visit(archive, run, first, hop(fetched_at=at(days=1), mime_declared="text/html; charset=x"))
    visit(archive, run, other, hop(SYNDICATED, fetched_at=at(days=-9)))
    visit(archive, run, first, not_modified(fetched_at=at(days=2)))
    assert [job for job, _ in archive.articles.all_jobs()] == [
        ExtractionJob(digest_of(GOOD), URL, "text/html; charset=x", "text/html", "2026-03-02")
    ]
    assert list(archive.articles.all_jobs(other)) == [
        (ExtractionJob(digest_of(GOOD), SYNDICATED, "text/html", "text/html", "2026-02-20"), set())
    ]


def test_what_is_no_good_page_wants_none(archive: Archive, run: int) -> None:
    number = source(archive)
    visit(archive, run, number, hop(body=b"", status=302, outcome="redirect"), gone(hop=1))
    visit(archive, run, number, hop(body=OTHER, outcome="server-error", reason="truncated"))
    archive.evidence.record(run, None, [hop(body=b"entry page", purpose="entry")])
    archive.evidence.record(run, None, [hop(body=b"robots", purpose="robots", outcome="robots")])
    assert wanted(archive) == []


def test_an_article_of_any_extractor_and_status_is_enough(archive: Archive, run: int) -> None:
    number = source(archive)
    for body in (OTHER, GOOD):
        visit(archive, run, number, hop(body=body))
    assert wanted(archive) == [digest_of(OTHER), digest_of(GOOD)]  # oldest first
    archive.articles.save(digest_of(OTHER), article(None, status="failed"), now=at())
    assert wanted(archive) == [digest_of(GOOD)]
    archive.articles.save(digest_of(OTHER), article("x", extractor="test 2"), now=at())
    jobs = {job.payload: done for job, done in archive.articles.all_jobs()}
    assert jobs == {digest_of(OTHER): {"test 1", "test 2"}, digest_of(GOOD): set()}


# Keeping it


def test_an_article_is_kept_whole(archive: Archive) -> None:
    text = "Fünf Wörter – und “quotes”.\n\nA second paragraph."
    full = article(
        text, author="A. B.", site="Blade", published_on="2017-03-03", language="en",
        links=("https://a.example/ü",), charset="utf-8", tried=("full", "fast"),
    )  # fmt: skip
    archive.articles.save("sha256:00", full, now=at())
    [row] = rows(archive, "SELECT * FROM articles")
    for name in ("extractor", "status", "mime", "title", "author", "site", "published_on",
                 "language", "text", "charset", "failure"):  # fmt: skip
        assert row[name] == getattr(full, name), name
    assert (row["words"], row["tried"], row["extracted_at"]) == (7, "full > fast", at())
    assert row["text_digest"] == text_digest(text)
    assert json.loads(row["links"]) == ["https://a.example/ü"]


def test_an_article_without_text_has_no_count_and_no_digest(archive: Archive) -> None:
    archive.articles.save("sha256:00", article(None, title=None, tried=()), now=at())
    [row] = rows(archive, "SELECT words, text, text_digest, links, tried FROM articles")
    assert set(row.values()) == {None}


def test_the_same_extractor_writes_over_its_own_article_only(archive: Archive) -> None:
    archive.articles.save("sha256:00", article("old", author="A"), now=at())
    archive.articles.save("sha256:00", article("other", extractor="test 2"), now=at())
    archive.articles.save("sha256:00", article("new", title=None), now=at(days=1))
    assert rows(archive, "SELECT id, text, author, title FROM articles ORDER BY id") == [
        {"id": 1, "text": "new", "author": None, "title": None},
        {"id": 2, "text": "other", "author": None, "title": "Mexico opens centers"},
    ]


def texts(archive: Archive) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in rows(archive, "SELECT id, title, text FROM texts")]


def test_a_text_that_is_found_again_is_kept_once(archive: Archive) -> None:
    for number, extractor in ((1, "test 1"), (2, "test 1"), (2, "test 2")):
        archive.articles.save(f"sha256:{number}", article(extractor=extractor), now=at())
    archive.articles.save("sha256:3", article(title="Another"), now=at())
    archive.articles.save("sha256:4", article(None), now=at())
    mexico, said = "Mexico opens centers", "The consulates offer legal help."
    assert texts(archive) == [(1, mexico, said), (2, "Another", said), (3, mexico, None)]
    assert [row["text"] for row in rows(archive, "SELECT text FROM articles ORDER BY id")] == [
        said, said, said, said, None
    ]  # fmt: skip


def test_a_text_stays_while_a_payload_shows_it_and_goes_with_the_last(archive: Archive) -> None:
    for payload in ("sha256:1", "sha256:2"):
        archive.articles.save(payload, article("one"), now=at())
    archive.articles.save("sha256:1", article("two"), now=at())
    assert [text for _, _, text in texts(archive)] == ["one", "two"]
    archive.articles.save("sha256:2", article("two"), now=at())
    assert [text for _, _, text in texts(archive)] == ["two"]
    archive.articles.save("sha256:2", article("two"), now=at())
    assert [text for _, _, text in texts(archive)] == ["two"]


def test_the_digest_is_that_of_the_text_as_it_is_kept(archive: Archive) -> None:
    archive.articles.save("sha256:00", article("odd \ud800 \0 text"), now=at())
    [row] = rows(archive, "SELECT text, text_digest FROM articles")
    assert row["text"] == "odd \N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER} text"
    assert row["text_digest"] == text_digest(row["text"])


# The title of a source


def test_the_title_goes_to_every_source_that_shows_the_payload_now(
    archive: Archive, run: int
) -> None:
    numbers = [source(archive, url) for url in (URL, SYNDICATED, "https://moved.on.example/")]
    for number in numbers:
        visit(archive, run, number, hop())
    visit(archive, run, numbers[2], hop(body=OTHER))
    archive.articles.save(digest_of(GOOD), article(), now=at())
    assert [title(archive, number) for number in numbers] == [
        "Mexico opens centers", "Mexico opens centers", "BBC"
    ]  # fmt: skip


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_article_without_a_title_takes_none_away(
    archive: Archive, run: int, nothing: str | None
) -> None:
    visit(archive, run, source(archive), hop())
    archive.articles.save(digest_of(GOOD), article(title=nothing), now=at())
    assert title(archive) == "BBC"


def test_an_old_payload_extracted_again_does_not_rename_its_source(
    archive: Archive, run: int
) -> None:
    number = source(archive)
    visit(archive, run, number, hop())
    visit(archive, run, number, hop(body=OTHER))
    archive.articles.save(digest_of(OTHER), article(title="Now"), now=at())
    archive.articles.save(digest_of(GOOD), article(title="Then"), now=at(days=1))
    assert title(archive) == "Now"
    visit(archive, run, number, hop())  # the old text is back
    assert title(archive) == "Then"

"""A body that came before is not decoded, digested and looked at again, and no row tells of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import Response

from crawler.archive import Archive, HeldAnswer
from crawler.demo import START, Behaviour, DemoWeb, coded, page, redirect, sequence
from crawler.demo.behaviours import compress
from crawler.digests import digest_of
from crawler.fetching.contents import Content, content_again, read_content
from tests.archive_kit import GOOD, URL, hop, not_modified, one, source, visit
from tests.crawling import begin, crawl, crawl_words, rows, value

PAGE = "<html><head><title>Harbour</title></head><body><article><h1>Harbour</h1><p>" + (
    "The ferry leaves the harbour at nine and comes back in the evening. " * 40
)
TYPE, LIMIT = "text/html; charset=utf-8", 10**6


def answer(body: bytes, coding: str | None = "gzip", **more: Any) -> Response:
    headers = {"Content-Encoding": coding} if coding is not None else {}
    return Response(**{"url": URL, "body": body, "headers": headers, **more})


@pytest.fixture(scope="module")
def held() -> HeldAnswer:
    body = compress(PAGE, "gzip")
    return HeldAnswer(
        URL, 200, '[["Content-Encoding","gzip"]]', digest_of(body), digest_of(PAGE.encode()),
        len(PAGE), TYPE, "text/html",
    )  # fmt: skip


def test_what_is_known_of_a_body_is_what_would_be_found_out(held: HeldAnswer) -> None:
    response = answer(compress(PAGE, "gzip"))
    known, found = content_again(response, TYPE, LIMIT, held), read_content(response, TYPE, LIMIT)
    assert found.body is not None
    assert known == replace(found, body=None, held=digest_of(found.body))


@pytest.mark.parametrize(
    "again",
    [
        lambda held: content_again(answer(compress(PAGE + "x", "gzip")), TYPE, LIMIT, held),
        lambda held: content_again(answer(compress(PAGE, "gzip"), None), TYPE, LIMIT, held),
        lambda held: content_again(answer(compress(PAGE, "gzip"), "br"), TYPE, LIMIT, held),
        lambda held: content_again(answer(compress(PAGE, "gzip")), "text/plain", LIMIT, held),
        lambda held: content_again(answer(compress(PAGE, "gzip")), None, LIMIT, held),
        lambda held: content_again(answer(compress(PAGE, "gzip")), TYPE, len(PAGE) - 1, held),
        lambda held: content_again(
            answer(compress(PAGE, "gzip"), flags=["dataloss"]), TYPE, LIMIT, held
        ),
        lambda held: content_again(answer(compress(PAGE, "gzip"), status=203), TYPE, LIMIT, held),
        lambda held: content_again(
            answer(compress(PAGE, "gzip"), url=URL + "?"), TYPE, LIMIT, held
        ),
    ],
    ids=["bytes", "no coding", "other coding", "type", "no type", "too long by now", "cut off",
         "status", "address"],
)  # fmt: skip
def test_whatever_else_came_is_looked_at(
    held: HeldAnswer, again: Callable[[HeldAnswer], Content | None]
) -> None:
    assert again(held) is None


def test_of_a_copy_it_is_known_how_it_came(archive: Archive, run: int) -> None:
    number = source(archive)
    assert archive.evidence.held_answer(number) is None
    headers = (("Content-Encoding", "gzip"), ("content-encoding", "br"))
    visit(archive, run, number, hop(response_headers=headers))
    known = archive.evidence.held_answer(number)
    assert known is not None
    assert (known.coding, known.payload, known.size_bytes) == (
        "gzip, br",
        digest_of(GOOD),
        len(GOOD),
    )
    visit(archive, run, number, not_modified())
    assert archive.evidence.held_answer(number) == known


@pytest.mark.parametrize(
    "odd", [{"flags": ("mislabelled-coding",)}, {"truncated": "length"}, {"mime_sniffed": None}]
)
def test_of_a_copy_about_which_something_was_odd_nothing_is_taken_for_known(
    archive: Archive, run: int, odd: dict[str, Any]
) -> None:
    number = source(archive)
    visit(archive, run, number, hop(**odd))
    assert archive.evidence.held_answer(number) is None


def test_a_body_that_is_held_becomes_the_revisit_that_its_bytes_would_be(
    archive: Archive, run: int
) -> None:
    number = source(archive)
    visit(archive, run, number, hop())
    before = one(archive, "SELECT count(*) FROM payloads")
    written = [
        visit(archive, run, number, again)
        for again in (hop(), hop(body=None, held=digest_of(GOOD), wire_digest=digest_of(GOOD)))
    ]
    assert {kept.final_payload for kept in written} == {digest_of(GOOD)}
    columns = "record_type, payload, refers_to, mime_declared, mime_sniffed, flags, truncated"
    alike = f"SELECT count(*) FROM (SELECT DISTINCT {columns} FROM captures WHERE id > 1)"
    assert one(archive, alike) == 1
    assert one(archive, "SELECT count(*) FROM payloads") == before


# A crawl, and the same without that knowledge

SAME: dict[str, Behaviour] = {
    "/gzip": coded(PAGE, "gzip"),
    "/deflate": coded(PAGE + "deflate", "deflate"),
    "/plain": page(PAGE + "plain", etag=False),
    "/led-there": redirect("/gzip"),
}
OTHERWISE: dict[str, Behaviour] = {
    "/labelled-anew": sequence(
        [page(PAGE + "1", etag=False), page(PAGE + "1", etag=False, content_type="text/plain")]
    ),
    "/coding-dropped": sequence([coded(PAGE + "2", "gzip"), page(compress(PAGE + "2", "gzip"))]),
    "/mislabelled": page(PAGE + "3", etag=False, headers=[("Content-Encoding", "gzip")]),
    "/changed": sequence([coded(PAGE + "4", "gzip"), coded(PAGE + "5", "gzip")]),
    "/gone": sequence([coded(PAGE + "6", "gzip"), page("<h1>Gone</h1>", status=404)]),
    "/led-away": sequence(
        [page(PAGE + "7", etag=False), page("<meta http-equiv=refresh content='0; url=/gone'>")]
    ),
    "/empty": page("", etag=False),
}
_DIFFERENT = {"id", "uid", "visit", "fetched_at", "captured_at", "elapsed_ms", "judged_at"}


def written(archive: Path) -> list[dict[str, Any]]:
    """All rows of a second run, but for numbers and times that differ from run to run."""
    found = [
        *rows(archive, "SELECT * FROM fetches WHERE run = 2 ORDER BY url, hop"),
        *rows(archive, "SELECT c.*, f.url AS fetched FROM captures c JOIN fetches f"
                       " ON f.id = c.fetch WHERE f.run = 2 ORDER BY f.url, f.hop"),
        *rows(archive, "SELECT o.*, f.url AS fetched FROM outcomes o JOIN fetches f"
                       " ON f.id = o.fetch WHERE o.run = 2 ORDER BY o.source"),
        *rows(archive, "SELECT url, verdict, last_outcome, due_reason, failures, etag, changes"
                       " FROM sources ORDER BY url"),
        *rows(archive, "SELECT digest, size_bytes FROM payloads ORDER BY digest"),
    ]  # fmt: skip
    apart = _DIFFERENT | {"fetch", "refers_to", "response_headers"}
    return [{name: row[name] for name in row if name not in apart} for row in found]


# Reading a body as ever, and its address noted; and, by the second word, nothing known beforehand.
NOTING = """
import sys
from crawler.archive.writing.evidence import Evidence
from crawler.cli import main
from crawler.fetching import capture

place, known = sys.argv.pop(1), sys.argv.pop(1)
read = capture.read_content

def noting(response, *others):
    with open(place, "a") as notes:
        notes.write(response.url + "\\n")
    return read(response, *others)

capture.read_content = noting
if known == "unknown":
    Evidence.held_answer = lambda *_: None
sys.exit(main())
"""


def test_no_row_tells_whether_a_body_was_looked_at_again(web: DemoWeb, tmp_path: Path) -> None:
    listed, first = tmp_path / "l.txt", tmp_path / "first.db"
    pages = {**SAME, **OTHERWISE}
    for name, behaviour in pages.items():
        web.add("courier", name, behaviour)
    listed.write_text("".join(web.url("courier", name) + "\n" for name in pages))
    crawl(first, START, listed)
    rows_of, looked_at = {}, {}
    for way in ("known", "unknown"):
        archive, notes = tmp_path / f"{way}.db", tmp_path / way
        shutil.copy(first, archive)
        words = crawl_words(archive, START + timedelta(days=60))
        assert begin(notes, way, *words, source=NOTING).ended(90).code == 0
        rows_of[way] = written(archive)
        looked_at[way] = {line.rpartition("/")[2] for line in notes.read_text().split()}
        assert value(archive, "SELECT count(*) FROM outcomes WHERE run = 2") == len(pages)
    assert rows_of["known"] == rows_of["unknown"]
    assert looked_at["unknown"] - looked_at["known"] == {"gzip", "deflate", "plain"}

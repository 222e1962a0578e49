"""The way back in: what other programs kept becomes captures with their dates, judged like ours."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawler.archive import Archive
from crawler.cli import main
from crawler.conclusion import Conclusion
from crawler.dates import parse_instant
from crawler.digests import digest_of
from crawler.fetching.run.clock import Clock
from crawler.imports.containers import RATIO_MAX
from crawler.imports.importing import SMALL_BYTES, Importer
from crawler.imports.records import Record, Unread, read_records
from crawler.imports.running import running
from crawler.items import IMPORTED, OWN, Hop
from tests.archive_kit import begin, hop, new_archive, one, rows, source
from tests.judged import ARTICLE, page
from tests.judged import read as read_page

URL = "https://news.example/2024/03/bridges-of-the-town"
CAP = 2**20
NOW = "2026-03-01T12:00:00Z"
OLD, NEWER = page(), page(ARTICLE.replace("four million", "nine million"))
GZIP = [("Content-Type", "text/html"), ("Content-Encoding", "gzip")]


class Warc:
    """A WARC file in the making, as warcio writes it."""

    def __init__(self, *, packed: bool = True, version: str = "1.1") -> None:
        self.file = io.BytesIO()
        self.writer = WARCWriter(self.file, gzip=packed, warc_version=version)

    def response(
        self, body: bytes, at: str, url: str = URL, status: str = "200 OK",
        headers: Sequence[tuple[str, str]] = (("Content-Type", "text/html; charset=utf-8"),),
        named: Mapping[str, str] = MappingProxyType({}),
    ) -> int:  # fmt: skip
        """Add an answer; return the offset at which its record begins."""
        begins = self.file.tell()
        head = StatusAndHeaders(status, list(headers), protocol="HTTP/1.1")
        self.writer.write_record(
            self.writer.create_warc_record(
                url, "response", payload=io.BytesIO(body), http_headers=head,
                warc_headers_dict={"WARC-Date": at, **named},
            )
        )  # fmt: skip
        return begins

    def request(self, named: Mapping[str, str], method: str = "GET", url: str = URL) -> None:
        head = StatusAndHeaders(f"{method} / HTTP/1.1", [("X-Asked", "so")], is_http_request=True)
        self.writer.write_record(
            self.writer.create_warc_record(
                url, "request", http_headers=head, warc_headers_dict=dict(named)
            )
        )

    def revisit(self, of: bytes, at: str, original_at: str | None = None, url: str = URL) -> None:
        digest = "sha1:" + base64.b32encode(hashlib.sha1(of).digest()).decode()
        record = self.writer.create_revisit_record(
            url, digest, url if original_at else "", original_at or "",
            http_headers=StatusAndHeaders("200 OK", [("Content-Type", "text/html")], "HTTP/1.1"),
            warc_headers_dict={"WARC-Date": at},
        )  # fmt: skip
        self.writer.write_record(record)

    def save(self, path: Path) -> Path:
        path.write_bytes(self.file.getvalue())
        return path


def two_versions(path: Path, **how: object) -> Path:
    warc = Warc(**how)  # type: ignore[arg-type]
    warc.response(OLD, "2024-03-01T10:00:00Z")
    warc.response(NEWER, "2024-04-01T10:00:00Z")
    return warc.save(path)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive in which an entry cites one source, and nothing was fetched."""
    with new_archive(tmp_path) as new:
        source(new, URL)
        read_before(new, OLD, NEWER)
    return tmp_path / "archive.db"


def read_before(archive: Archive, *bodies: bytes) -> None:
    """Keep what an extractor finds in pages, so that no process need be started to read them."""
    for body in bodies:
        found = read_page(body)
        archive.articles.save(digest_of(body), found.article, now=NOW)
        assert found.facts is not None
        archive.articles.save_facts(digest_of(body), found.facts, now=NOW)


def bring(archive: Path, *arguments: object, code: int = 0) -> None:
    words = [str(word) for word in arguments]
    assert main(["import", "--archive", str(archive), "--workers", "1", *words]) == code


def shown(archive: Path, query: str, *values: object) -> list[tuple[object, ...]]:
    with Archive.open_for_reading(archive) as opened:
        return [tuple(row.values()) for row in rows(opened, query, *values)]


def read(data: bytes, cap: int = CAP) -> list[Record | Unread]:
    return list(read_records(io.BytesIO(data), "t.warc", cap=cap))


# ------------------------------------------------------------------ captures


def test_imported_answers_are_captures_with_their_own_dates_and_origin(
    archive: Path, tmp_path: Path
) -> None:
    with Archive.open(archive) as unread:  # as of a new archive
        unread.connection.sql.executescript("DELETE FROM extractions; DELETE FROM page_facts")
    bring(archive, two_versions(tmp_path / "a.warc.gz"))
    assert shown(
        archive, "SELECT captured_at, origin, outcome, http_status FROM snapshots ORDER BY id"
    ) == [
        ("2024-03-01T10:00:00Z", IMPORTED, "live-unverified", 200),
        ("2024-04-01T10:00:00Z", IMPORTED, "live", 200),
    ]
    assert shown(archive, "SELECT number, first_seen_at FROM versions ORDER BY number") == [
        (1, "2024-03-01T10:00:00Z"), (2, "2024-04-01T10:00:00Z"),
    ]  # fmt: skip
    assert shown(archive, "SELECT class, found_at FROM changes") == [
        ("material", "2024-04-01T10:00:00Z")
    ]
    assert shown(archive, "SELECT command, finish_reason FROM runs") == [("import", "finished")]
    assert not Archive.verify(archive).findings
    assert shown(archive, "SELECT manifest_digest IS NOT NULL FROM runs") == [(1,)]


def test_imported_history_is_no_news(archive: Path, tmp_path: Path) -> None:
    with Archive.open(archive) as own:
        number = one(own, "SELECT id FROM sources")
        own_visit(own, number, hop(URL, NEWER, fetched_at="2025-01-01T00:00:00Z"))
        before = [(item.kind, item.at) for item in own.reports.latest_items(50)]
    bring(archive, two_versions(tmp_path / "a.warc.gz"))
    with Archive.open_for_reading(archive) as kept:
        assert one(kept, "SELECT count(*) FROM changes WHERE told = 1") == 1
        assert [(item.kind, item.at) for item in kept.reports.latest_items(50)] == before


def test_a_source_that_was_only_imported_is_still_due_for_its_first_visit(
    archive: Path, tmp_path: Path
) -> None:
    before = shown(archive, "SELECT due_at, due_reason, last_fetched_at FROM sources")
    bring(archive, two_versions(tmp_path / "a.warc.gz"))
    assert shown(archive, "SELECT due_at, due_reason, last_fetched_at FROM sources") == before
    assert shown(archive, "SELECT unjudged_since FROM sources") == [(None,)]


def test_a_second_import_adds_nothing(archive: Path, tmp_path: Path) -> None:
    first, plain = tmp_path / "a.warc.gz", tmp_path / "b.warc"
    bring(archive, two_versions(first))
    held = shown(archive, "SELECT uid, fetch FROM captures ORDER BY id")
    bring(archive, first)
    bring(archive, two_versions(plain, packed=False, version="1.0"))  # other names, same records
    assert shown(archive, "SELECT uid, fetch FROM captures ORDER BY id") == held
    assert shown(archive, "SELECT count(*) FROM changes") == [(1,)]


def test_history_that_comes_after_our_own_takes_its_place_before_it(
    archive: Path, tmp_path: Path
) -> None:
    with Archive.open(archive) as own:
        number = one(own, "SELECT id FROM sources")
        own_visit(own, number, hop(URL, NEWER, fetched_at="2025-01-01T00:00:00Z"))
    bring(archive, two_versions(tmp_path / "a.warc.gz"))
    assert shown(
        archive,
        "SELECT v.number, c.origin, c.captured_at FROM versions v JOIN captures c"
        " ON c.id = v.capture ORDER BY v.number",
    ) == [(1, IMPORTED, "2024-03-01T10:00:00Z"), (2, IMPORTED, "2024-04-01T10:00:00Z")]
    assert shown(
        archive,
        "SELECT c.origin, c.captured_at, v.number, s.last_outcome FROM sources s"
        " JOIN captures c ON c.id = s.good_capture JOIN versions v ON v.id = s.version",
    ) == [(OWN, "2025-01-01T00:00:00Z", 2, "live")]
    assert shown(archive, "SELECT class, found_at FROM changes") == [
        ("material", "2024-04-01T10:00:00Z")
    ]


def test_an_imported_copy_never_takes_the_place_of_a_good_one_of_our_own(
    archive: Path, tmp_path: Path
) -> None:
    with Archive.open(archive) as own:
        number = one(own, "SELECT id FROM sources")
        own_visit(own, number, hop(URL, OLD, fetched_at="2023-01-01T00:00:00Z"))
        due = one(own, "SELECT due_at FROM sources")
    bring(archive, two_versions(tmp_path / "a.warc.gz"))
    [(origin, at, due_now)] = shown(
        archive,
        "SELECT c.origin, c.captured_at, s.due_at FROM sources s"
        " JOIN captures c ON c.id = s.good_capture",
    )
    assert (origin, at, due_now) == (OWN, "2023-01-01T00:00:00Z", due)
    assert shown(archive, "SELECT count(*) FROM versions") == [(2,)]  # but it is known


def test_a_newer_imported_copy_is_told_beside_our_own(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Archive.open(archive) as own:
        number = one(own, "SELECT id FROM sources")
        own_visit(own, number, hop(URL, OLD, fetched_at="2024-03-15T00:00:00Z"))
    bring(archive, two_versions(tmp_path / "a.warc.gz"), "--quiet")

    def show(*words: str) -> str:
        assert main(["show", "--archive", str(archive), URL, *words]) == 0
        return capsys.readouterr().out

    told = show()
    assert "four million" in told  # ours
    assert "a newer copy is held of 2024-04-01T10:00:00Z, made by another program" in told
    asked = told.strip().partition(" --at ")[2]
    assert "nine million" in show("--at", asked)
    assert "a newer copy" not in show("--at", asked)
    assert json.loads(show("--json"))["newer"]["captured_at"] == asked


def own_visit(own: Archive, number: int, *answers: Hop) -> None:
    """A visit of our own, as a crawl writes, reads and judges it."""
    at = answers[-1].fetched_at
    run, then = begin(own), parse_instant(at)
    with own.writing():
        kept = own.evidence.record(run, number, answers)
        own.frontier.finish(None, number, then, began_at=answers[0].fetched_at)
        visit = own.observing.visit(kept.fetches[-1])
        for job in own.articles.job_of(visit):
            found = read_page(own.payloads.get(job.payload))
            if not job.facts_only:
                own.articles.save(job.payload, found.article, now=at)
            if found.facts:
                own.articles.save_facts(job.payload, found.facts, now=at)
        Conclusion(own, run).conclude(visit, now=then, final=True)
    own.runs.finish(run, reason="finished", counts={}, now=at)


def test_a_worse_answer_leaves_the_imported_copy_as_it_is(archive: Path, tmp_path: Path) -> None:
    warc = Warc()
    warc.response(OLD, "2024-03-01T10:00:00Z")
    warc.response(page("<p>Not found.</p>"), "2024-05-01T10:00:00Z", status="404 Not Found")
    bring(archive, warc.save(tmp_path / "a.warc.gz"))
    assert shown(archive, "SELECT outcome FROM outcomes ORDER BY fetched_at") == [
        ("live-unverified",), ("gone",),
    ]  # fmt: skip
    assert shown(
        archive, "SELECT good_capture_at, held FROM sources_now"
    ) == [("2024-03-01T10:00:00Z", 1)]  # fmt: skip


def test_any_spelling_of_the_address_finds_its_source(archive: Path, tmp_path: Path) -> None:
    warc = Warc()
    warc.response(
        OLD,
        "2024-03-01T10:00:00Z",
        "http://NEWS.example:80/2024/03/bridges-of-the-town?utm_source=x",
    )
    bring(archive, warc.save(tmp_path / "a.warc.gz"))
    assert shown(archive, "SELECT held FROM sources_now") == [(1,)]


def test_what_no_entry_cites_is_left_out_unless_it_is_asked_for(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warc = Warc()
    warc.response(OLD, "2024-03-01T10:00:00Z", "https://news.example/other")
    picture, png = b"\x89PNG\r\n\x1a\n" + b"x" * 99, [("Content-Type", "image/png")]
    warc.response(picture, "2024-03-01T10:00:01Z", "https://news.example/i.png", headers=png)
    file = warc.save(tmp_path / "a.warc.gz")
    bring(archive, file, "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["captures"], told["other_addresses"]) == (0, 2)
    bring(archive, file, "--add-sources")
    bring(archive, file, "--add-sources")
    assert shown(
        archive, "SELECT url, due_at, due_reason FROM sources WHERE good_capture IS NOT NULL"
    ) == [("https://news.example/other", None, "nothing cites it")]
    with Archive.open(archive) as again:  # and when something does, it is visited
        source(again, "https://news.example/other")
        assert one(again, "SELECT count(*) FROM sources WHERE due_at IS NULL") == 0


# ------------------------------------------------------------------ forms of records


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_every_form_of_file_gives_the_same_records(
    packed: bool, version: str, tmp_path: Path
) -> None:
    data = two_versions(tmp_path / "a.warc", packed=packed, version=version).read_bytes()
    found = read(data)
    assert [(r.type, r.date) for r in found if isinstance(r, Record)] == [
        ("response", "2024-03-01T10:00:00Z"), ("response", "2024-04-01T10:00:00Z"),
    ]  # fmt: skip
    assert len(found) == 2


def test_a_file_that_was_packed_as_a_whole_is_read(tmp_path: Path) -> None:
    data = gzip.compress(two_versions(tmp_path / "a.warc", packed=False).read_bytes())
    assert [type(record) for record in read(data)] == [Record, Record]


def test_codings_are_undone_as_in_a_crawl(archive: Path, tmp_path: Path) -> None:
    coded = gzip.compress(OLD)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (coded[:100], coded[100:]))
    warc = Warc()
    warc.response(chunks + b"0\r\n\r\n", "2024-03-01T10:00:00Z",
                  headers=[*GZIP, ("Transfer-Encoding", "chunked")])  # fmt: skip
    warc.response(coded[:-30], "2024-03-02T10:00:00Z", headers=GZIP)
    bring(archive, warc.save(tmp_path / "a.warc.gz"))
    with Archive.open_for_reading(archive) as kept:
        first, second = rows(kept, "SELECT c.*, f.outcome, f.wire_size_bytes FROM captures c"
                                   " JOIN fetches f ON f.id = c.fetch ORDER BY c.id")  # fmt: skip
        assert kept.payloads.get(first["payload"]) == OLD
    assert first["wire_size_bytes"] == len(coded)
    assert (second["outcome"], json.loads(second["flags"])) == (
        "server-error",
        ["decode-truncated"],
    )


def test_a_revisit_is_one_of_the_payload_that_it_repeats(archive: Path, tmp_path: Path) -> None:
    warc = Warc()
    warc.revisit(OLD, "2024-03-02T10:00:00Z")  # its original comes only then
    warc.response(OLD, "2024-03-01T10:00:00Z")
    warc.revisit(OLD, "2024-03-03T10:00:00Z", "2024-03-01T10:00:00Z")
    bring(archive, warc.save(tmp_path / "a.warc.gz"))
    assert shown(
        archive,
        "SELECT c.captured_at, c.record_type, b.captured_at AS of FROM captures c"
        " LEFT JOIN captures b ON b.uid = c.refers_to ORDER BY c.captured_at",
    ) == [
        ("2024-03-01T10:00:00Z", "response", None),
        ("2024-03-02T10:00:00Z", "revisit", "2024-03-01T10:00:00Z"),
        ("2024-03-03T10:00:00Z", "revisit", "2024-03-01T10:00:00Z"),
    ]
    assert shown(archive, "SELECT last_seen_at FROM versions") == [("2024-03-03T10:00:00Z",)]


def test_a_revisit_of_what_is_not_there_is_told(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warc = Warc()
    warc.revisit(OLD, "2024-03-02T10:00:00Z", "2024-03-01T10:00:00Z")
    bring(archive, warc.save(tmp_path / "a.warc.gz"), "--strict", code=3)
    assert "a.warc.gz at offset 0: it repeats a record that is in none" in capsys.readouterr().out


def test_a_redirect_and_the_answer_to_which_it_led_are_one_visit(
    archive: Path, tmp_path: Path
) -> None:
    warc = Warc()
    warc.response(b"", "2024-03-01T10:00:00Z", status="301 Moved", headers=[("Location", "/new")])
    warc.response(OLD, "2024-03-01T10:00:01Z", "https://news.example/new")
    bring(archive, warc.save(tmp_path / "a.warc.gz"))
    assert shown(archive, "SELECT hop, url, visit = uid FROM fetches ORDER BY id") == [
        (0, URL, 1), (1, "https://news.example/new", 0),
    ]  # fmt: skip
    assert shown(archive, "SELECT outcome, final_url FROM outcomes") == [
        ("live-unverified", "https://news.example/new")
    ]


ANSWER, REQUEST = "<urn:uuid:00000000-0000-4000-8000-00000000000a>", "<urn:uuid:5>"


@pytest.mark.parametrize("order", ["request, which the answer names", "answer", "request"])
def test_what_was_asked_is_kept_whichever_record_names_the_other(
    archive: Path, tmp_path: Path, order: str
) -> None:
    warc = Warc()
    asked, answered = {"WARC-Record-ID": REQUEST}, {"WARC-Record-ID": ANSWER}
    if order.endswith("names"):  # as Wget and wpull write it
        answered["WARC-Concurrent-To"] = REQUEST
    else:  # as warcio and our own exports do
        asked["WARC-Concurrent-To"] = ANSWER
    if order == "answer":
        warc.response(OLD, "2024-03-01T10:00:00Z", named=answered)
    warc.request(asked)
    if order != "answer":
        warc.response(OLD, "2024-03-01T10:00:00Z", named=answered)
    bring(archive, warc.save(tmp_path / "a.warc.gz"))
    [(headers,)] = shown(archive, "SELECT request_headers FROM fetches")
    assert json.loads(str(headers)) == [["X-Asked", "so"]]


@pytest.mark.parametrize("method", ["POST", "HEAD"])
def test_an_answer_to_another_method_is_no_capture_of_the_page(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    warc = Warc()
    warc.response(OLD, "2024-03-01T10:00:00Z", named={"WARC-Record-ID": ANSWER})
    warc.request({"WARC-Concurrent-To": ANSWER}, method)
    bring(archive, warc.save(tmp_path / "a.warc.gz"), "--add-sources")
    assert shown(archive, "SELECT count(*) FROM captures") == [(0,)]
    assert "1 record of no page of the web, or of an answer to" in capsys.readouterr().out


def test_a_record_whose_date_is_still_to_come_is_told_and_not_imported(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warc = Warc()
    warc.response(OLD, "2026-03-02T11:00:00Z")  # a clock that is a day ahead
    warc.response(NEWER, "2026-03-02T13:00:00Z")
    bring(archive, warc.save(tmp_path / "a.warc.gz"), "--now", NOW)
    assert shown(archive, "SELECT captured_at FROM captures") == [("2026-03-02T11:00:00Z",)]
    assert "its date is still to come (2026-03-02T13:00:00Z)" in capsys.readouterr().out


@pytest.mark.parametrize("packed", [True, False])
def test_a_redirect_is_joined_with_an_answer_that_stands_before_it(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], packed: bool
) -> None:
    warc = Warc(packed=packed)
    end, step = "https://news.example/end", "https://news.example/step"
    warc.response(NEWER, "2024-03-01T11:00:00Z", end)  # of another time
    warc.response(OLD, "2024-03-01T10:00:02Z", end)
    for at, url, leads in ((1, step, "/end"), (0, URL, "/step")):
        location = [("Location", leads)]
        warc.response(b"", f"2024-03-01T10:00:0{at}Z", url, "302 Found", headers=location)
    file = warc.save(tmp_path / "a.warc")
    bring(archive, file)
    assert shown(archive, "SELECT hop, url, visit FROM fetches ORDER BY id") == [
        (hop, url, visit)
        for [(visit,)] in [shown(archive, "SELECT uid FROM fetches WHERE hop = 0")]
        for hop, url in enumerate((URL, step, end))
    ]
    assert shown(archive, "SELECT outcome, final_url FROM outcomes") == [("live-unverified", end)]
    assert "1 record of addresses that are no source" in capsys.readouterr().out
    bring(archive, file)
    assert "0 new captures of 0 sources (0 new), 0 articles; 3 known" in capsys.readouterr().out


def test_sources_that_were_all_led_to_one_page_are_all_judged_by_that(
    archive: Path, tmp_path: Path
) -> None:
    urls = [f"https://news.example/{number}" for number in range(4)]
    with Archive.open(archive) as opened:
        for url in urls:
            source(opened, url)
    warc = Warc()
    for minute, url in enumerate(urls):
        at = f"2024-03-01T10:0{minute}"
        location = [("Location", "/all")]
        warc.response(b"", f"{at}:00Z", url, status="302 Found", headers=location)
        warc.response(OLD, f"{at}:01Z", "https://news.example/all")
    bring(archive, warc.save(tmp_path / "a.warc.gz"))
    found = shown(archive, "SELECT reasons FROM outcomes ORDER BY source")
    assert len(found) == 4 and len(set(found)) == 1 and "shared-url" in str(found[0])


def test_an_answer_that_a_later_file_brings_joins_the_redirect_that_is_held(
    archive: Path, tmp_path: Path
) -> None:
    alone, both = Warc(), Warc()
    for warc in (alone, both):
        location = [("Location", "/end")]
        warc.response(b"", "2024-03-01T10:00:00Z", status="302 Found", headers=location)
    both.response(OLD, "2024-03-01T10:00:01Z", "https://news.example/end")
    bring(archive, alone.save(tmp_path / "a.warc.gz"))
    bring(archive, both.save(tmp_path / "b.warc.gz"))
    assert shown(archive, "SELECT count(*), count(DISTINCT visit) FROM fetches") == [(2, 1)]
    assert shown(archive, "SELECT payload FROM captures WHERE id = 2") == [(digest_of(OLD),)]


def test_a_redirect_with_a_large_body_is_not_held_in_memory(archive: Path, tmp_path: Path) -> None:
    warc = Warc()
    location = [("Location", "/new")]
    body = b"x" * (SMALL_BYTES + 1)
    warc.response(body, "2024-03-01T10:00:00Z", status="301 Moved", headers=location)
    with Archive.open(archive) as kept:
        importer = Importer(kept, begin(kept), Clock())
        importer.read(warc.save(tmp_path / "a.warc.gz"))
        assert one(kept, "SELECT count(*) FROM captures") == 1  # at once, not at the end


def test_credentials_of_other_programs_are_not_kept(archive: Path, tmp_path: Path) -> None:
    warc = Warc()
    warc.response(OLD, "2024-03-01T10:00:00Z", headers=[("Set-Cookie", "sid=hunter2; Path=/")])
    bring(archive, warc.save(tmp_path / "a.warc.gz"))
    [(headers,)] = shown(archive, "SELECT response_headers FROM fetches")
    assert "hunter2" not in str(headers) and "sid=REDACTED" in str(headers)


# ------------------------------------------------------------------ damage


@pytest.mark.parametrize("packed", [True, False])
def test_what_stands_behind_a_damaged_record_is_read(packed: bool) -> None:
    warc = Warc(packed=packed)
    warc.response(OLD, "2024-03-01T10:00:00Z")
    second = warc.response(NEWER, "2024-03-02T10:00:00Z")
    third = warc.response(OLD, "2024-03-03T10:00:00Z")
    data = bytearray(warc.file.getvalue())
    middle = (second + third) // 2
    data[middle] ^= 0xFF
    first, damaged, last = read(bytes(data))
    assert isinstance(first, Record) and isinstance(last, Record) and last.offset == third
    assert isinstance(damaged, Unread) and damaged.offset == second
    assert damaged.reason


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_that_was_cut_off_gives_what_is_whole(packed: bool) -> None:
    warc = Warc(packed=packed)
    warc.response(OLD, "2024-03-01T10:00:00Z")
    second = warc.response(NEWER, "2024-03-02T10:00:00Z")
    found = read(warc.file.getvalue()[:-200])
    assert [type(item) for item in found] == [Record, Unread]
    assert isinstance(found[1], Unread) and found[1].offset == second
    assert "ends" in found[1].reason


def test_no_flipped_bit_of_a_record_passes_as_evidence() -> None:
    warc = Warc(packed=False)
    begins = warc.response(OLD, "2024-03-01T10:00:00Z")
    data = warc.file.getvalue()
    block = data.index(b"\r\n\r\n", begins) + 4
    for position in range(block, len(data) - 4, 97):
        flipped = bytearray(data)
        flipped[position] ^= 1
        assert not any(isinstance(item, Record) for item in read(bytes(flipped))), position


def test_headers_without_end_and_lengths_without_measure_take_no_memory() -> None:
    endless = gzip.compress(b"WARC/1.0\r\nX: " + b"x" * 2**24)
    [told] = read(endless)
    assert isinstance(told, Unread) and "longer than any program" in told.reason
    [told] = read(b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 99999999999999\r\n\r\nabc")
    assert isinstance(told, Unread) and "ends after 3 of" in told.reason


def test_a_body_over_the_cap_is_kept_up_to_it_and_is_no_good_copy(
    archive: Path, tmp_path: Path
) -> None:
    warc = Warc()
    warc.response(OLD, "2024-03-01T10:00:00Z")
    bring(archive, warc.save(tmp_path / "a.warc.gz"), "--body-cap", 1000)
    assert shown(
        archive,
        "SELECT c.truncated, f.outcome, p.size_bytes FROM captures c JOIN fetches f"
        " ON f.id = c.fetch JOIN payloads p ON p.digest = c.payload",
    ) == [("length", "server-error", 1000)]


# ------------------------------------------------------------------ containers


def wacz(path: Path, *more: tuple[zipfile.ZipInfo | str, bytes], stored: bool = True) -> Path:
    warc = Warc()
    warc.response(OLD, "2024-03-01T10:00:00Z")
    data = warc.file.getvalue()
    told = {"resources": [{"path": "archive/a.warc.gz",
                           "hash": "sha256:" + hashlib.sha256(data).hexdigest()}]}  # fmt: skip
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w", method) as made:
        made.writestr("datapackage.json", json.dumps(told))
        made.writestr("archive/a.warc.gz", data)
        for name, content in more:
            made.writestr(name, content)
    return path


@pytest.mark.parametrize("stored", [True, False])
def test_a_wacz_is_read(archive: Path, tmp_path: Path, stored: bool) -> None:
    bring(archive, wacz(tmp_path / "a.wacz", stored=stored), "--strict")
    assert shown(archive, "SELECT captured_at FROM captures") == [("2024-03-01T10:00:00Z",)]


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("../../etc/cron.d/x", b"x", "leads out of the file"),
        ("archive/../../x", b"x", "leads out of the file"),
        ("/etc/passwd", b"x", "absolute path"),
        ("C:/x", b"x", "absolute path"),
        ("a\\..\\b", b"x", "leads out of the file"),
        ("a\\b", b"x", "characters in its name"),
        (link("archive/b.warc.gz"), b"/etc/passwd", "a link or a device"),
        ("archive/a.warc.gz", b"x", "twice"),
    ],
)
def test_a_hostile_container_is_refused_as_a_whole(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    name: zipfile.ZipInfo | str, content: bytes, why: str,
) -> None:  # fmt: skip
    with pytest.warns(UserWarning) if why == "twice" else _no_warning():
        file = wacz(tmp_path / "a.wacz", (name, content))
    bring(archive, file, code=1)
    told = capsys.readouterr().out
    assert "refused" in told and why in told
    assert shown(archive, "SELECT count(*) FROM captures") == [(0,)]
    assert sorted(path.name for path in tmp_path.iterdir() if "archive.db" not in path.name) == [
        "a.wacz"
    ]


def _no_warning() -> AbstractContextManager[None]:
    return nullcontext()


def test_a_bomb_is_refused_before_it_is_unpacked(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bomb.wacz"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("archive/a.warc", bytes(2**24))
    assert RATIO_MAX * file.stat().st_size < 2**24
    bring(archive, file, code=1)
    assert "claims to unpack to 16777216 bytes" in capsys.readouterr().out


def test_entries_that_share_their_bytes_are_refused(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = wacz(tmp_path / "a.wacz", ("archive/b.warc.gz", b"y" * 400))
    data = file.read_bytes()
    # the second directory entry is made to point at the first one's bytes
    with zipfile.ZipFile(file) as read_back:
        first, second = (
            read_back.getinfo(f"archive/{name}.warc.gz").header_offset for name in "ab"
        )
    at = data.rindex(b"archive/b.warc.gz") - 46 + 42
    assert int.from_bytes(data[at : at + 4], "little") == second
    file.write_bytes(data[:at] + first.to_bytes(4, "little") + data[at + 4 :])
    bring(archive, file, code=1)
    assert "overlaps another one" in capsys.readouterr().out


def test_a_container_in_a_container_is_not_opened_and_told(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bring(archive, wacz(tmp_path / "a.wacz", ("archive/inner.wacz", b"PK\x03\x04")))
    assert "a container within a container is not opened" in capsys.readouterr().out
    assert shown(archive, "SELECT count(*) FROM captures") == [(1,)]


def test_a_file_that_differs_from_its_description_is_told(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = wacz(tmp_path / "a.wacz")
    data = file.read_bytes()
    at = data.index(b'"sha256:') + 8
    file.write_bytes(data[:at] + (b"0" if data[at : at + 1] != b"0" else b"1") + data[at + 1 :])
    bring(archive, file)  # the ZIP's own checksum of the description is wrong now, too
    assert "datapackage.json" in capsys.readouterr().out


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04garbage", b"<html>hello</html>", b"PK\x05\x06"]
)
def test_what_is_no_container_is_refused_in_one_sentence(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "a.warc").write_bytes(content)
    bring(archive, tmp_path / "a.warc", code=1)
    assert len([line for line in capsys.readouterr().out.splitlines() if "refused" in line]) == 1


def test_of_a_folder_its_files_are_read(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    bring(archive, tmp_path / "out", code=2)
    two_versions(tmp_path / "out" / "a.warc.gz")
    (tmp_path / "out" / "index.cdxj").write_text("no WARC")
    bring(archive, tmp_path / "out", "--strict")
    assert shown(archive, "SELECT count(*) FROM captures") == [(2,)]


def test_a_file_that_is_not_there_changes_nothing(archive: Path, tmp_path: Path) -> None:
    bring(archive, two_versions(tmp_path / "a.warc.gz"), tmp_path / "missing.warc", code=2)
    assert shown(archive, "SELECT count(*) FROM runs") == [(0,)]


# ------------------------------------------------------------------ interruptions


def killed_before_it_judged(archive: Path, file: Path) -> None:
    with Archive.open(archive) as killed:
        importer = Importer(killed, begin(killed), Clock())
        importer.read(file)
        importer.finish()
        assert killed.supplying.waiting() == [1]


def test_what_a_killed_import_left_is_judged_in_order_by_whoever_comes_next(
    archive: Path, tmp_path: Path
) -> None:
    file = two_versions(tmp_path / "a.warc.gz")
    killed_before_it_judged(archive, file)
    bring(archive, file)
    assert shown(archive, "SELECT count(*) FROM captures") == [(2,)]
    assert shown(archive, "SELECT number FROM versions") == [(1,), (2,)]
    assert shown(archive, "SELECT finish_reason FROM runs ORDER BY id") == [
        ("killed",), ("finished",),
    ]  # fmt: skip


def test_a_crawl_that_takes_up_imported_visits_judges_them_in_their_order(
    archive: Path, tmp_path: Path
) -> None:
    with Archive.open(archive) as own:
        number = one(own, "SELECT id FROM sources")
        own_visit(own, number, hop(URL, NEWER, fetched_at="2025-01-01T00:00:00Z"))
    killed_before_it_judged(archive, two_versions(tmp_path / "a.warc.gz"))
    with Archive.open(archive) as crawl:
        for fetch in crawl.observing.unjudged():
            visit = crawl.observing.visit(fetch)
            for job in crawl.articles.job_of(visit):
                found = read_page(crawl.payloads.get(job.payload))
                crawl.articles.save(job.payload, found.article, now="2025-02-01T00:00:00Z")
            Conclusion(crawl, begin(crawl)).conclude(
                visit, now=parse_instant("2025-02-01T00:00:00Z")
            )
        assert crawl.observing.unjudged() == [] == crawl.supplying.waiting()
    assert shown(archive, "SELECT number, first_seen_at FROM versions ORDER BY number") == [
        (1, "2024-03-01T10:00:00Z"), (2, "2024-04-01T10:00:00Z"),
    ]  # fmt: skip
    assert shown(archive, "SELECT good_capture_at FROM sources_now") == [("2025-01-01T00:00:00Z",)]


@pytest.mark.slow
def test_an_import_killed_at_any_moment_is_completed_by_the_next(
    archive: Path, tmp_path: Path
) -> None:
    warc = Warc()
    for minute in range(59):
        warc.response(
            page(ARTICLE + f"<p>{minute} lamps.</p>" * 9), f"2024-03-01T10:{minute:02}:00Z"
        )
    file = warc.save(tmp_path / "a.warc.gz")
    command = [sys.executable, "-m", "crawler", "import", "--archive", str(archive), str(file)]
    for wait_s in (0.6, 0.8, 1.0, 1.3, 1.8):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(wait_s)
        process.kill()
        process.wait()
        with Archive.open(archive) as kept:
            assert one(kept, "PRAGMA integrity_check") == "ok"
    bring(archive, file)
    with new_archive(tmp_path, "whole.db") as new:
        source(new, URL)
    bring(tmp_path / "whole.db", file)
    for query in ("SELECT uid, payload FROM captures ORDER BY uid",
                  "SELECT number, text_digest, first_seen_at FROM versions ORDER BY number",
                  "SELECT fetched_at, outcome FROM outcomes ORDER BY fetched_at"):  # fmt: skip
        assert shown(archive, query) == shown(tmp_path / "whole.db", query)


# ------------------------------------------------------------------ real files


def test_every_sample_of_the_corpus_is_read_or_says_why_not(corpus: Path) -> None:
    told = {}
    for path in sorted((corpus / "warc" / "pywb-warcs").iterdir()):
        with path.open("rb") as file:
            found = list(read_records(file, path.name, cap=2**25))
        told[path.name] = (
            sum(isinstance(item, Record) for item in found),
            [str(item) for item in found if isinstance(item, Unread)],
        )
    unread = {name: lines for name, (_, lines) in told.items() if lines}
    assert unread == {
        "bad.arc": [
            "bad.arc at offset 134: the record tells no length that can be ('-1')",
            "bad.arc at offset 262: the record tells no length that can be ('abc')",
        ],
        "example.warc": [
            "example.warc at offset 4764: no WARC or ARC record begins here (b'm\\r\\n')"
        ],
    }
    assert {name: count for name, (count, _) in told.items() if count < 2} == {
        "httpbin-resource.warc.gz": 1, "missing-status-text.warc": 1,
    }  # fmt: skip
    assert sum(count for count, _ in told.values()) == 423


@pytest.mark.slow
def test_every_sample_of_the_corpus_comes_in(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warcs = sorted((corpus / "warc" / "pywb-warcs").iterdir())
    good, bad = (corpus / "warc" / "pywb-waczs" / f"{name}_example_1.wacz"
                 for name in ("valid", "invalid"))  # fmt: skip
    bring(tmp_path / "new.db", "--add-sources", "--json", *warcs, good)
    told = json.loads(capsys.readouterr().out)
    assert told["files"] == len(warcs) + 1 == 18
    assert told["captures"] == 30 and told["known"] == 6
    assert {line.partition(" at ")[0] for line in told["unread"]} == {
        "bad.arc", "example-extra.warc", "example.warc",
    }  # fmt: skip
    bring(tmp_path / "new.db", bad, code=1)
    assert "a ZIP file without any WARC in it" in capsys.readouterr().out


@pytest.mark.slow
def test_two_years_of_policies_give_the_changes_that_people_saw(
    corpus: Path, tmp_path: Path
) -> None:
    """244 records of 13 pages, against the 140 labelled pairs of pairs.jsonl."""
    bring(tmp_path / "new.db", "--add-sources", corpus / "warc" / "opentermsarchive-pairs.warc.gz")
    assert shown(tmp_path / "new.db", "SELECT count(*) FROM captures") == [(244,)]
    assert shown(tmp_path / "new.db", "SELECT count(*) FROM sources_now WHERE held") == [(13,)]
    found: dict[str, list[bool]] = defaultdict(list)
    for line in (corpus / "pairs.jsonl").read_text().splitlines():
        pair = json.loads(line)
        if pair["source"] == "opentermsarchive-demo":
            times = [pair[side]["time"].replace("+00:00", "Z") for side in ("before", "after")]
            [(changed,)] = shown(
                tmp_path / "new.db",
                "SELECT count(*) > 0 FROM changes h JOIN sources s ON s.id = h.source"
                " WHERE s.url = ? AND h.found_at > ? AND h.found_at <= ?"
                " AND h.class NOT IN ('boilerplate', 'links')",
                pair["url"], *times,
            )  # fmt: skip
            found[pair["label"]].append(bool(changed))
    told = {label: (sum(changes), len(changes)) for label, changes in found.items()}
    assert told["markup_only"] == (0, 37)
    assert told["boilerplate_only"] == (0, 40)
    assert told["content_changed:major"] == (22, 22)
    assert told["content_changed:minor"] == (16, 16)
    # the same two as without an archive (tests/test_pairs.py): breadcrumbs within the text
    assert told["boilerplate_only:chrome_inside_main"][0] <= 2


class InterruptedClock(Clock):
    """A clock at whose third reading a person presses Ctrl-C: when the run is sealed."""

    readings = 0

    def now(self) -> datetime:
        self.readings += 1
        if self.readings == 3:
            raise KeyboardInterrupt
        return super().now()


def test_who_interrupts_the_very_end_of_an_import_is_told_no_more_than_that(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        with pytest.raises(KeyboardInterrupt), running(archive, "import", {}, InterruptedClock()):
            pass
        assert one(archive, "SELECT finish_reason FROM runs") == "finished"
    assert Archive.verify(archive.path).sound


def test_a_pipe_is_refused_and_not_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe.warc")
    words = ["import", str(tmp_path / "pipe.warc"), "--archive", str(tmp_path / "archive.db")]
    assert main(words) == 2
    assert "it is no ordinary file; write it to one first" in capsys.readouterr().err
    assert not (tmp_path / "archive.db").exists()

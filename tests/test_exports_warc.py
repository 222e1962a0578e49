"""WARC, its index, and what other people's readers say of them."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from hypothesis import given, settings
from hypothesis import strategies as st
from surt import surt
from warcio.archiveiterator import ArchiveIterator

from crawler.archive import Archive, Selection
from crawler.cli import main
from crawler.digests import digest_of
from crawler.exports import cdxj, warc
from crawler.exports.cdxj import SortedLines
from crawler.exports.destination import new_folder
from crawler.exports.order import Order
from tests.archive_kit import (
    GOOD,
    NOW,
    URL,
    article,
    at,
    begin,
    fill,
    gone,
    hop,
    new_archive,
    not_modified,
    one,
    source,
    visit,
)

PAGES = "https://toledoblade.example/"


@dataclass(frozen=True)
class Read:
    """A record as warcio reads it."""

    kind: str
    fields: dict[str, str]
    head: str  # status line and headers
    body: bytes

    @property
    def facts(self) -> dict[str, Any]:
        [line] = [x for x in self.body.decode().splitlines() if x.startswith("sourcekeep-capture:")]
        found: dict[str, Any] = json.loads(line.partition(": ")[2])
        return found


def read(file: Path) -> list[Read]:
    found = []
    for record in ArchiveIterator(BytesIO(file.read_bytes()), check_digests="raise"):
        head = record.http_headers.to_str() if record.http_headers else ""
        fields = dict(record.rec_headers.headers)
        found.append(Read(record.rec_type, fields, head, record.raw_stream.read()))
    return found


def export(archive: Path, folder: Path, *, max_size_bytes: int = 10**9, **asked: Any) -> list[Path]:
    """Export to WARC and return the files, in order."""
    with (
        Archive.open_for_reading(archive) as opened,
        opened.selecting.select(Selection(**asked)) as selected,
        new_folder(folder, format_name="warc", force=False) as made,
    ):
        warc.write(selected, made, Order(NOW, max_size_bytes=max_size_bytes))
    return sorted(folder.glob("*.warc.gz"))


def exported(archive: Path, folder: Path, **asked: Any) -> list[Read]:
    [file] = export(archive, folder, **asked)
    return read(file)


def of(records: list[Read], kind: str, url: str | None = None) -> list[Read]:
    return [r for r in records if r.kind == kind and url in (None, r.fields["WARC-Target-URI"])]


# ------------------------------------------------------------------ an archive with every case


@dataclass(frozen=True)
class Case:
    """One answer, and what a reader of the WARC must find."""

    url: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    flags: tuple[str, ...] = ()
    truncated: str | None = None
    wire: bytes | None = None  # as received, where that is something else
    status: int = 200
    ip_address: str | None = None


GZIPPED = Case(
    PAGES + "gzipped", GOOD, wire=gzip.compress(GOOD),
    headers=(("Content-Encoding", "gzip"), ("Content-Length", str(len(gzip.compress(GOOD)))),
             ("Transfer-Encoding", "chunked"), ("Content-Type", "text/html")),
)  # fmt: skip
DAMAGED = Case(
    PAGES + "damaged", gzip.compress(GOOD)[:60], flags=("decode-truncated",),
    headers=(("Content-Encoding", "gzip"), ("Content-Length", "999")), truncated="disconnect",
)  # fmt: skip
MISLABELLED = Case(
    PAGES + "mislabelled", GOOD + b"1", flags=("mislabelled-coding",),
    headers=(("Content-Encoding", "gzip"),),
)  # fmt: skip
FOREIGN = Case(
    PAGES + "%E6%96%B0%E8%81%9E?q=%C3%A4", "新聞".encode("gb18030"), ip_address="2001:db8::1",
    headers=(("Content-Disposition", "inline; filename=Zürich 新聞.html"), ("X-Empty", "")),
)  # fmt: skip
INJECTED = Case(
    PAGES + "injected", b"WARC/1.1\r\nWARC-Type: response\r\n\r\n",
    headers=(("X-Bad", "a\r\nSet-Cookie: b\r\n\r\n<script>"), ("Set-Cookie", "id=REDACTED")),
)  # fmt: skip
EMPTY = Case(PAGES + "empty", b"", headers=(("Content-Encoding", "gzip"),), status=599)
LARGE = Case(PAGES + "large", random.Random(5).randbytes(3 * 2**20), truncated="length")
NOARCHIVE = Case(PAGES + "noarchive", GOOD + b"2", headers=(("X-Robots-Tag", "noarchive"),))
CASES = (GZIPPED, DAMAGED, MISLABELLED, FOREIGN, INJECTED, EMPTY, LARGE, NOARCHIVE)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with a little of everything, and a source for each of the cases."""
    with new_archive(tmp_path_factory.mktemp("filled")) as archive:
        fill(archive)
        run = begin(archive)
        for case in CASES:
            answer = hop(
                case.url, case.body, status=case.status, response_headers=case.headers,
                flags=case.flags, truncated=case.truncated, ip_address=case.ip_address,
                wire_digest=digest_of(case.body if case.wire is None else case.wire),
            )  # fmt: skip
            visit(archive, run, source(archive, case.url), answer)
        archive.articles.save(digest_of(GZIPPED.body + b""), article(), now=at())
    return archive.path


@pytest.fixture(scope="module")
def file(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    [found] = export(filled, tmp_path_factory.mktemp("warc") / "out")
    return found


@pytest.fixture(scope="module")
def records(file: Path) -> list[Read]:
    return read(file)


# ------------------------------------------------------------------ what others say


@pytest.mark.parametrize("program", ["warcio", "fastwarc"])
def test_the_checkers_of_others_find_nothing_wrong(file: Path, program: str) -> None:
    done = subprocess.run([Path(sys.executable).parent / program, "check", file], check=False)
    assert done.returncode == 0


def test_fastwarc_agrees_with_the_digest_of_every_payload(file: Path) -> None:
    found = [
        record.verify_payload_digest()
        for record in FastIterator(BytesIO(file.read_bytes()), parse_http=True)
        if record.headers["WARC-Type"] == "response"
    ]
    assert len(found) == 4 + len(CASES)
    assert all(found)


def passes(data: bytes) -> bool:
    """Whether both readers find every record whole and every digest right."""
    try:
        for record in ArchiveIterator(BytesIO(data), check_digests="raise"):
            while record.raw_stream.read(2**20):
                pass
        return all(
            "WARC-Block-Digest" in record.headers and record.verify_block_digest()
            for record in FastIterator(BytesIO(data), parse_http=False)
        )
    except Exception:  # noqa: BLE001 - whatever a reader says when it does not like a file
        return False


def content(data: bytes) -> bytes | None:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    with new_archive(tmp_path_factory.mktemp("small")) as archive:
        fill(archive)
    [found] = export(archive.path, tmp_path_factory.mktemp("small-warc") / "out")
    return found.read_bytes()


def unnoticed(data: bytes, changes: int, seed: int) -> list[int]:
    """The places at which a changed byte passed, out of so many changes."""
    rnd, found = random.Random(seed), []
    for _ in range(changes):
        place = rnd.randrange(len(data))
        changed = bytearray(data)
        changed[place] ^= rnd.randrange(1, 256)
        if passes(bytes(changed)):
            # Only bits that fill up the last byte of compressed data mean nothing.
            assert content(bytes(changed)) == content(data), f"unnoticed at {place}"
            found.append(place)
    return found


def test_a_changed_byte_is_noticed(small: bytes) -> None:
    assert passes(small)
    assert len(unnoticed(small, 100, seed=1)) <= 1


@pytest.mark.slow
def test_a_thousand_changed_bytes_are_noticed(small: bytes) -> None:
    assert len(unnoticed(small, 1000, seed=2)) <= 3


def test_each_byte_of_a_header_of_a_member_counts(small: bytes) -> None:
    for place in range(12):
        for bit in range(8):
            changed = bytearray(small)
            changed[place] ^= 1 << bit
            assert not passes(bytes(changed)), f"bit {bit} of byte {place}"


@pytest.mark.parametrize("harm", [lambda data: data[:-100], lambda data: data[:-1] + b"\1"])
def test_sha256sum_agrees_and_notices_any_change(
    filled: Path, tmp_path: Path, harm: Callable[[bytes], bytes]
) -> None:
    [file] = export(filled, tmp_path / "out")
    check = ["sha256sum", "--check", "--quiet", "sha256sums"]
    assert subprocess.run(check, cwd=tmp_path / "out", check=False).returncode == 0
    file.write_bytes(harm(file.read_bytes()))
    assert subprocess.run(check, cwd=tmp_path / "out", check=False).returncode == 1


# ------------------------------------------------------------------ what is in the records


def test_the_first_record_says_what_this_is(records: list[Read], file: Path) -> None:
    first = records[0]
    assert (first.kind, first.fields["WARC-Filename"]) == ("warcinfo", file.name)
    told = dict(line.split(": ", 1) for line in first.body.decode().splitlines())
    assert told["software"].startswith("sourcekeep ")
    assert "Content-Encoding" in told["description"]
    assert all(r.fields["WARC-Warcinfo-ID"] == first.fields["WARC-Record-ID"] for r in records[1:])


def test_every_capture_has_its_answer_and_its_metadata(records: list[Read], filled: Path) -> None:
    with Archive.open_for_reading(filled) as archive:
        kept = {
            row["uid"]: row["record_type"]
            for row in archive.connection.sql.execute("SELECT uid, record_type FROM captures")
        }
    answers = of(records, "response") + of(records, "revisit")
    assert {r.fields["WARC-Record-ID"][10:-1]: r.kind for r in answers} == kept
    assert {r.facts["capture"]["uid"] for r in of(records, "metadata")} == set(kept)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.url)
def test_a_payload_is_that_of_the_archive(records: list[Read], case: Case) -> None:
    [found] = of(records, "response", case.url)
    assert found.body == case.body
    assert found.fields["WARC-Payload-Digest"] == digest_of(case.body)
    assert f"\r\nContent-Length: {len(case.body)}\r\n" in found.head
    assert found.fields.get("WARC-Truncated") == case.truncated
    assert found.fields.get("WARC-IP-Address") == case.ip_address


def test_headers_that_do_not_fit_the_payload_are_set_aside(records: list[Read]) -> None:
    [found] = of(records, "response", GZIPPED.url)
    assert found.head.splitlines() == [
        "HTTP/1.1 200 OK",
        "X-Archive-Orig-Content-Encoding: gzip",
        f"X-Archive-Orig-Content-Length: {len(GZIPPED.wire or b'')}",
        "X-Archive-Orig-Transfer-Encoding: chunked",
        "Content-Type: text/html",
        f"Content-Length: {len(GOOD)}",
    ]


def test_a_body_that_is_as_received_keeps_its_coding(records: list[Read]) -> None:
    [found] = of(records, "response", DAMAGED.url)
    assert "\r\nContent-Encoding: gzip\r\n" in found.head
    assert "\r\nX-Archive-Orig-Content-Length: 999\r\n" in found.head


@pytest.mark.parametrize("case", [MISLABELLED, EMPTY], ids=lambda case: case.url)
def test_a_coding_that_is_not_there_is_not_told(records: list[Read], case: Case) -> None:
    [found] = of(records, "response", case.url)
    assert "\r\nContent-Encoding" not in found.head
    assert "\r\nX-Archive-Orig-Content-Encoding: gzip\r\n" in found.head


def test_values_beyond_ascii_are_written_in_utf_8(file: Path, records: list[Read]) -> None:
    assert "filename=Zürich 新聞.html".encode() in gzip.decompress(file.read_bytes())
    [found] = of(records, "metadata", FOREIGN.url)
    assert found.facts["fetch"]["response_headers"] == [list(pair) for pair in FOREIGN.headers]


def test_nothing_archived_begins_a_header_or_a_record_of_its_own(records: list[Read]) -> None:
    [found] = of(records, "response", INJECTED.url)
    assert found.head.splitlines()[1] == "X-Bad: a Set-Cookie: b <script>"
    assert len(of(records, "response")) == 4 + len(CASES)


def test_a_status_without_a_name_is_a_number(records: list[Read]) -> None:
    assert of(records, "response", EMPTY.url)[0].head.startswith("HTTP/1.1 599\r\n")


def test_what_was_asked_stands_beside_the_answer(records: list[Read]) -> None:
    [answer] = of(records, "response", FOREIGN.url)
    [asked] = of(records, "request", FOREIGN.url)
    assert asked.fields["WARC-Concurrent-To"] == answer.fields["WARC-Record-ID"]
    assert asked.head.splitlines() == [
        "GET /%E6%96%B0%E8%81%9E?q=%C3%A4 HTTP/1.1", "Host: toledoblade.example",
        "User-Agent: test",
    ]  # fmt: skip


def test_the_text_of_an_article_is_a_record_that_nobody_replays(records: list[Read]) -> None:
    texts = of(records, "conversion")
    assert {t.body for t in texts} == {b"The consulates offer legal help."}
    for text in texts:
        assert text.fields["WARC-Target-URI"].startswith("urn:text:https://")
        assert text.fields["WARC-Refers-To"] in {
            r.fields["WARC-Record-ID"] for r in of(records, "response")
        }


def test_metadata_tells_people_and_imports(records: list[Read], filled: Path) -> None:
    found = of(records, "metadata", URL + "?final")[1]
    lines = found.body.decode().splitlines()
    assert lines[0] == "outcome: live-unverified"
    assert "change: material" in lines
    assert "cited-by: 2017-03-04 Mexico opens centers" in lines
    facts = found.facts
    with Archive.open_for_reading(filled) as archive:
        assert facts["archive"] == one(archive, "SELECT uid FROM archive")
    assert facts["layout"] == 1
    assert facts["capture"]["record_type"] == "revisit"
    assert facts["source"]["url"] == URL
    assert facts["article"]["title"] == "Mexico opens centers"


def test_names_of_records_are_the_same_each_time(
    filled: Path, records: list[Read], tmp_path: Path
) -> None:
    again = exported(filled, tmp_path / "out", sources=(1,))
    names = {r.fields["WARC-Record-ID"] for r in records}
    assert len(names) == len(records)
    assert {r.fields["WARC-Record-ID"] for r in again[1:]} < names


# ------------------------------------------------------------------ revisits


def test_a_revisit_names_a_response_of_the_same_export(records: list[Read]) -> None:
    same, confirmed = of(records, "revisit")
    [response] = of(records, "response", URL + "?final")
    for revisit in (same, confirmed):
        assert revisit.fields["WARC-Refers-To"] == response.fields["WARC-Record-ID"]
        assert revisit.fields["WARC-Refers-To-Target-URI"] == URL + "?final"
        assert revisit.fields["WARC-Refers-To-Date"] == at()
        assert revisit.fields["WARC-Payload-Digest"] == digest_of(GOOD)
        assert revisit.body == b""
    assert same.fields["WARC-Profile"].endswith("/1.1/revisit/identical-payload-digest")
    assert same.head.startswith("HTTP/1.1 200 OK\r\n")
    assert confirmed.fields["WARC-Profile"].endswith("/1.1/revisit/server-not-modified")
    assert confirmed.fields["Content-Length"] == "0"


def test_a_revisit_whose_response_stays_behind_is_a_response(filled: Path, tmp_path: Path) -> None:
    found = exported(filled, tmp_path / "out", since=at(hours=1), until=at(hours=2))
    [answer] = of(found, "response")
    assert (answer.body, of(found, "revisit")) == (GOOD, [])
    assert of(found, "conversion")
    assert of(found, "metadata")[0].facts["capture"]["record_type"] == "revisit"


def test_a_304_whose_response_stays_behind_is_what_a_cache_would_show(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        run, number = begin(archive), source(archive)
        first = (("Content-Type", "text/html"), ("Etag", '"1"'), ("Age", "1"))
        visit(archive, run, number, hop(response_headers=first))
        fresh = (("Age", "2"), ("Content-Type", "text/plain"), ("Vary", "Accept"))
        later = at(hours=3)
        visit(archive, run, number, not_modified(fetched_at=later, response_headers=fresh))
    found = exported(archive.path, tmp_path / "out", since=at(hours=2))
    [answer] = of(found, "response")
    assert answer.fields["WARC-Date"] == later
    assert answer.head.splitlines() == [
        "HTTP/1.1 200 OK", "Content-Type: text/html", 'Etag: "1"', "Age: 2", "Vary: Accept",
        f"Content-Length: {len(GOOD)}",
    ]  # fmt: skip
    assert answer.body == GOOD
    facts = of(found, "metadata")[0].facts
    assert facts["fetch"]["status"] == 304
    assert facts["fetch"]["response_headers"] == [list(pair) for pair in fresh]


# ------------------------------------------------------------------ what stays here


def test_a_payload_that_stays_here_leaves_its_digest_and_verdict(
    filled: Path, tmp_path: Path
) -> None:
    found = exported(filled, tmp_path / "out", public=True)
    beside = [r for r in found if r.fields.get("WARC-Target-URI") == NOARCHIVE.url]
    assert [r.kind for r in beside] == ["metadata"]
    facts = beside[0].facts
    assert facts["withheld"] == "noarchive"
    assert facts["capture"]["payload"] == digest_of(NOARCHIVE.body)
    assert facts["source"]["verdict"] == "unknown"
    assert NOARCHIVE.body not in {r.body for r in found}


def test_a_damaged_payload_leaves_its_metadata_and_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with new_archive(tmp_path) as archive:
        run, number = begin(archive), source(archive)
        visit(archive, run, number, hop())
        visit(archive, run, number, hop(fetched_at=at(hours=1)))
        visit(archive, run, number, gone(fetched_at=at(hours=2)))
        sql = archive.connection.sql
        for (name,) in sql.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'payloads'"
        ).fetchall():
            sql.execute(f"DROP TRIGGER {name}")
        sql.execute("UPDATE payloads SET bytes = x'00' WHERE digest = ?", (digest_of(GOOD),))
    words = ["export", "warc", str(tmp_path / "out"), "--archive", str(archive.path)]
    assert main(words) == 4
    assert digest_of(GOOD) in capsys.readouterr().err
    [file] = (tmp_path / "out").glob("*.warc.gz")
    found = read(file)
    assert [r.kind for r in found] == ["warcinfo", "metadata", "metadata", "response", "request",
                                       "metadata"]  # fmt: skip
    assert [r.facts["withheld"] for r in of(found, "metadata")] == ["damaged", "damaged", None]


# ------------------------------------------------------------------ files and index


def test_a_file_ends_where_it_is_large_enough(filled: Path, tmp_path: Path) -> None:
    files = export(filled, tmp_path / "out", max_size_bytes=20_000)
    assert len(files) > 2
    assert [f.name[-13:-8] for f in files] == [f"{n:05}" for n in range(len(files))]
    assert all(f.stat().st_size > 20_000 for f in files[:-1])
    for file in files:
        first, *rest = read(file)
        assert first.kind == "warcinfo"
        assert rest[0].kind in ("response", "revisit")
        assert rest[-1].kind in ("metadata", "conversion")


def test_the_index_leads_to_every_answer(filled: Path, tmp_path: Path) -> None:
    files = export(filled, tmp_path / "out", max_size_bytes=20_000)
    lines = (tmp_path / "out" / "index.cdxj").read_bytes().splitlines()
    assert lines == sorted(lines)
    answers = {r.fields["WARC-Record-ID"]: r for f in files for r in read(f)
               if r.kind in ("response", "revisit")}  # fmt: skip
    led_to = set()
    for line in lines:
        key, stamp, told = line.decode().split(" ", 2)
        place = json.loads(told)
        data = (tmp_path / "out" / place["filename"]).read_bytes()
        start, length = int(place["offset"]), int(place["length"])
        [record] = ArchiveIterator(BytesIO(data[start : start + length]))
        name = record.rec_headers.get_header("WARC-Record-ID")
        led_to.add(name)
        answer = answers[name]
        assert key == surt(place["url"]) and place["url"] == answer.fields["WARC-Target-URI"]
        assert stamp == answer.fields["WARC-Date"].translate(str.maketrans("", "", "-:TZ"))
        assert place["digest"] == answer.fields["WARC-Payload-Digest"]
        assert place["mime"] == "warc/revisit" or place["status"] in answer.head.splitlines()[0]
    assert led_to == set(answers)


@settings(max_examples=60, deadline=None)
@given(url=st.one_of(st.text(), st.text(alphabet="ht:/[]@#?.\\ \r\n0a").map("http://".__add__)))
def test_whatever_stands_as_an_address_gives_a_line_of_three_fields(url: str) -> None:
    line = cdxj.Place(url, at(), "text/html", 200, "sha256:00", "a.warc.gz", 0, 9).line()
    key, stamp, told = line.split(" ", 2)
    assert (stamp, json.loads(told)["url"]) == ("20260301120000", url)
    assert key.isprintable() or not url.isprintable()
    assert "\n" not in line


ANY = st.text(st.characters(codec="utf-8", exclude_characters="\n"))


@settings(max_examples=20, deadline=None)
@given(lines=st.lists(ANY, max_size=40))
def test_lines_come_in_the_order_of_their_bytes(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("lines")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cdxj, "SORTED_AT_ONCE", 3)
        patched.setattr(cdxj, "MERGED_AT_ONCE", 2)
        found = SortedLines(folder)
        for line in lines:
            found.add(line)
        assert list(found) == sorted(f"{line}\n".encode() for line in lines)
    assert not any(folder.iterdir())

"""Out and back in: what an archive exports comes back as it was, and is not believed blindly."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.digests import digest_of
from crawler.imports.lines import Line, Lines
from crawler.imports.ours import FIELD, Aside, NotUsable, Told, told_in, told_on
from crawler.imports.records import Unread
from tests.archive_kit import cite, entry, gone, hop, new_archive, one, record
from tests.judged import ARTICLE, page
from tests.round_trip import FORMATS, export_all, files_of, said
from tests.test_imports import bring, own_visit, shown
from tests.test_merge import COURIER, NEW, NEWS, OLD

MOVED = "https://news.example/new/bridges"
SAME = {
    "sources": "SELECT urlkey, title, verdict, verdict_since, changes FROM sources"
    " WHERE id IN (SELECT source FROM captures)",
    "captures": "SELECT uid, url, captured_at, record_type, payload, refers_to, mime_declared,"
    " mime_sniffed, truncated, flags FROM captures WHERE source IS NOT NULL",
    "payloads": "SELECT DISTINCT p.digest, p.size_bytes FROM payloads p JOIN captures c"
    " ON c.payload = p.digest WHERE c.source IS NOT NULL",
    "fetches": "SELECT f.uid, f.visit, f.hop, f.url, f.fetched_at, f.outcome, f.reason, f.status,"
    " f.protocol, f.request_headers, f.response_headers, f.wire_digest, f.robots, f.elapsed_ms"
    " FROM fetches f JOIN captures c ON c.fetch = f.id WHERE f.source IS NOT NULL",
    "articles": "SELECT payload, title, text_digest, published_on FROM articles",
    "versions": "SELECT s.urlkey, v.number, v.title, v.text_digest, v.first_seen_at,"
    " v.last_seen_at FROM versions v JOIN sources s ON s.id = v.source",
    "changes": "SELECT s.urlkey, h.class, h.found_at, h.edits FROM changes h"
    " JOIN sources s ON s.id = h.source",
}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with versions, a revisit, a redirect, a 404, and its exports in each format."""
    folder = tmp_path_factory.mktemp("ours")
    with new_archive(folder) as archive:
        record(archive, entry(cite(NEWS), cite(COURIER, "Courier")))
        news, courier = (
            one(archive, "SELECT source FROM source_spellings WHERE url = ?", url)
            for url in (NEWS, COURIER)
        )
        coded = (("Content-Type", "text/html"), ("Content-Encoding", "gzip"))
        for day, body in ((1, OLD), (2, OLD), (5, NEW)):
            at = f"2024-03-{day:02}T10:00:00Z"
            own_visit(archive, news, hop(NEWS, body, fetched_at=at, response_headers=coded,
                                         robots="allow", elapsed_ms=12))  # fmt: skip
        own_visit(
            archive, news,
            hop(NEWS, b"", status=301, outcome="redirect", reason="http-301",
                response_headers=(("Location", MOVED),), fetched_at="2024-03-09T10:00:00Z"),
            hop(MOVED, NEW, hop=1, fetched_at="2024-03-09T10:00:01Z"),
        )  # fmt: skip
        own_visit(archive, courier, hop(COURIER, page(ARTICLE, title="Bells"),
                                        fetched_at="2024-03-01T11:00:00Z"))  # fmt: skip
        own_visit(archive, courier, gone(COURIER, fetched_at="2024-03-04T11:00:00Z"))
    export_all(folder / "archive.db", folder)
    return folder


@pytest.mark.parametrize("format_name", FORMATS)
def test_what_was_exported_comes_back_as_it_was(
    first: Path, tmp_path: Path, format_name: str
) -> None:
    back = tmp_path / "back.db"
    bring(back, "--add-sources", "--strict", *files_of(first, format_name))
    assert said(back, SAME) == said(first / "archive.db", SAME)
    assert shown(back, "SELECT DISTINCT origin FROM captures") == [("import",)]
    with (
        Archive.open_for_reading(back) as kept,
        Archive.open_for_reading(first / "archive.db") as a,
    ):
        for (digest,) in shown(back, "SELECT digest FROM payloads"):
            assert kept.payloads.get(str(digest)) == a.payloads.get(str(digest))


def test_an_archive_takes_in_nothing_that_it_gave_out(
    first: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = said(first / "archive.db", SAME)
    for format_name in FORMATS:
        bring(first / "archive.db", "--json", *files_of(first, format_name))
        assert json.loads(capsys.readouterr().out)["captures"] == 0
    assert said(first / "archive.db", SAME) == before


def document(first: Path) -> dict[str, dict[str, object]]:
    """A line of an export, with its payload on it."""
    for line in (first / "out.jsonl").read_bytes().splitlines():
        told: dict[str, dict[str, object]] = json.loads(line)
        if told["source"] and told.get("body"):
            return told
    raise AssertionError("no such line")


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("fetch", "elapsed_ms", "soon"), ("fetch", "status", "200 OK"), ("fetch", "hop", -1),
        ("fetch", "hop", True), ("fetch", "outcome", "splendid"), ("fetch", "uid", "1"),
        ("fetch", "reason", "<script>"), ("fetch", "response_headers", {"a": "b"}),
        ("fetch", "response_headers", [["a", 1]]), ("fetch", "response_headers", [["a"]]),
        ("fetch", "url", "javascript:alert(1)"), ("fetch", "fetched_at", "yesterday"),
        ("fetch", "visit", None), ("fetch", "error", 7), ("capture", "truncated", "perhaps"),
        ("capture", "origin", "../../etc"), ("capture", "flags", [1]), ("capture", "uid", ""),
        ("capture", "payload", "sha1:abc"), ("capture", "mime_sniffed", ["text/html"]),
        ("source", "url", "file:///etc/passwd"), ("source", "url", None),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_makes_it_none_of_ours(
    first: Path, part: str, name: str, value: object
) -> None:
    told = document(first)
    assert told_in(FIELD + b": " + json.dumps(told).encode()) is not None
    told[part][name] = value
    changed = json.dumps(told).encode()
    assert told_in(FIELD + b": " + changed) is None
    with pytest.raises(NotUsable):
        told_on(changed)


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"null", b'{"layout":2}', b"[" * 100_000, b"\xff\xfe", b'{"layout":1}'],
)
def test_what_is_no_line_of_ours_is_told_and_the_next_is_read(first: Path, line: bytes) -> None:
    good = json.dumps(document(first)).encode()
    found = list(Lines(io.BytesIO(line + b"\n" + good + b"\n"), "a.jsonl", cap=2**20).read())
    assert isinstance(found[-1], Line) and isinstance(found[-1].told, Told)
    assert all(isinstance(item, Unread) or item.told is Aside.NO_SOURCE for item in found[:-1])


def test_a_payload_that_is_another_one_is_not_taken_for_it(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: dict[str, object] = dict(document(first))
    told["body"] = "<p>Something else.</p>"
    (tmp_path / "a.jsonl").write_text(json.dumps(told, separators=(",", ":")) + "\n")
    bring(tmp_path / "back.db", "--add-sources", "--strict", tmp_path / "a.jsonl", code=3)
    assert "its payload does not match its digest" in capsys.readouterr().out


def test_a_capture_that_is_called_like_another_is_left_out(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = document(first)
    told["capture"]["payload"] = digest_of(b"<p>Forged.</p>")
    forged = {**told, "body": "<p>Forged.</p>"}
    (tmp_path / "a.jsonl").write_text(json.dumps(forged, separators=(",", ":")) + "\n")
    bring(first / "archive.db", "--strict", tmp_path / "a.jsonl", code=3)
    assert "it is called like a capture that is held" in capsys.readouterr().out


def test_a_line_without_end_takes_no_memory() -> None:
    data = b'{"layout":1,"body":"' + b"x" * 2**25 + b'"}\n{"layout":1}\n'
    first_line, second = list(Lines(io.BytesIO(data), "a.jsonl", cap=2**20).read())
    assert isinstance(first_line, Unread) and "more than" in first_line.reason
    assert isinstance(second, Line)


def test_the_payload_of_a_line_that_was_passed_over_serves_a_later_one(first: Path) -> None:
    robots = {**document(first), "source": None}
    later = {**document(first), "body": None}
    data = b"\n".join(json.dumps(each).encode() for each in (robots, later)) + b"\n"
    lines = Lines(io.BytesIO(data), "a.jsonl", cap=2**20)
    for line in lines.read():
        assert isinstance(line, Line)
    assert isinstance(line.told, Told) and line.body is None
    assert digest_of(lines.payload(line.told.payload) or b"") == line.told.payload

"""Out and back in, of what web archives gave: it stays apart, and is labelled as a file's word."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.archive import Archive
from crawler.cli import main
from crawler.dates import parse_instant
from crawler.digests import digest_of
from crawler.errors import BadDate, UrlError
from crawler.imports.mementos import claimed_in
from crawler.items import Hop
from crawler.mementos.examining import Examined
from crawler.mementos.grading import Graded, Witness
from crawler.mementos.listing import Listed
from tests.archive_kit import begin, cite, entry, gone, hop, new_archive, one, record, rows
from tests.inspecting import ask
from tests.judged import ARTICLE, page
from tests.judged import read as read_page
from tests.round_trip import FORMATS, export_all, files_of, said
from tests.test_imports import Warc, bring, own_visit, shown
from tests.test_merge import NEWS, OLD

ARCHIVE = "web.archive.org"
AT, LATER, KEPT_AT = "2024-01-05T06:07:08Z", "2024-02-02T02:02:02Z", "2025-05-05T10:00:00Z"
SECRET = "https://news.example/a?token=abcdefghijklmnop1234567890"
THEN, WALL = page(ARTICLE.replace("four", "six"), title="As it was"), page("<p>Log in.</p>")
SAME = {
    "captures": "SELECT uid, url, captured_at, record_type, payload, refers_to, mime_declared,"
    " mime_sniffed, truncated, flags, origin FROM captures"
    " WHERE source IS NOT NULL AND origin NOT IN ('own', 'import')",
    "own": "SELECT uid, captured_at, payload FROM captures"
    " WHERE source IS NOT NULL AND origin IN ('own', 'import')",
    "fetches": "SELECT f.uid, f.visit, f.hop, f.purpose, f.url, f.fetched_at, f.outcome, f.reason,"
    " f.status, f.request_headers, f.response_headers, f.wire_digest FROM fetches f"
    " JOIN captures c ON c.fetch = f.id WHERE f.source IS NOT NULL",
    "mementos": "SELECT s.urlkey, m.archive, m.uri_m, m.original, m.memento_datetime, m.known_from,"
    " m.status, m.digest, m.state, m.outcome, m.reasons, m.proof, m.class, m.evidence, m.found_at,"
    " m.retrieved_at, c.uid FROM mementos m JOIN captures c ON c.id = m.capture"
    " JOIN sources s ON s.id = m.source",
    "best": "SELECT s.urlkey, m.uri_m, m.class FROM rescues r JOIN sources s ON s.id = r.source"
    " JOIN mementos m ON m.id = r.memento WHERE r.state = 'home'",
    "articles": "SELECT payload, title, text_digest, published_on FROM articles",
    "versions": "SELECT number, title, text_digest, first_seen_at FROM versions",
    "verdicts": "SELECT urlkey, verdict, good_capture IS NULL FROM sources"
    " WHERE id IN (SELECT source FROM captures)",
}


def raw(at: str, url: str = NEWS) -> str:
    """The address of a memento."""
    return f"https://{ARCHIVE}/web/{''.join(c for c in at if c.isdigit())}id_/{url}"


def replay(url: str, body: bytes, **more: Any) -> Hop:
    return hop(url, body, purpose="rescue", fetched_at=KEPT_AT, **more)


def keep(
    archive: Archive, run: int, source: int, at: str, body: bytes, *, good: bool = True,
    digest: str | None = "sha1:" + "A" * 32,
) -> int:  # fmt: skip
    """A memento that was fetched, read and examined, as rescue writes it; return its row."""
    now = parse_instant(KEPT_AT)
    kept = archive.evidence.record(run, source, [replay(raw(at), body)], origin=ARCHIVE)
    article = read_page(body).article
    assert article is not None and kept.final_capture is not None
    archive.articles.save(digest_of(body), article, now=KEPT_AT)
    listed = Listed(at, NEWS, status=200, digest=digest, uri_m=raw(at))
    row = archive.testimony.know(source, ARCHIVE, listed, known_from="index", now=now)
    if not good:
        archive.testimony.reject(row, "doubtful", ["little-text"], kept.final_capture, now)
        return row
    witness = Witness(listed, article, "excerpt", digest_of(body))
    evidence: dict[str, str | int | float | bool] = {
        "days_away": 3.5, "side": "before", "found_under": SECRET,
    }  # fmt: skip
    archive.testimony.bring_home(
        row, Examined("live", ("confirmed",), "excerpt"), Graded(witness, "C", evidence),
        kept.final_capture, now,
    )  # fmt: skip
    return row


def refuse_unread(archive: Archive, run: int, source: int, at: str) -> None:
    """A memento whose bytes are not those that the index names: no article is made of it."""
    now, other = parse_instant(KEPT_AT), page(ARTICLE.replace("four", "ten"), title="Another")
    kept = archive.evidence.record(run, source, [replay(raw(at), other)], origin=ARCHIVE)
    listed = Listed(at, NEWS, status=200, uri_m=raw(at))
    row = archive.testimony.know(source, ARCHIVE, listed, known_from="index", now=now)
    archive.testimony.reject(row, "doubtful", ["digest-differs"], kept.final_capture, now)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with an own copy and four mementos of a source that is gone, and its exports."""
    folder = tmp_path_factory.mktemp("rescued")
    with new_archive(folder) as archive:
        record(archive, entry(cite(NEWS)))
        source = int(one(archive, "SELECT source FROM source_spellings WHERE url = ?", NEWS))
        own_visit(archive, source, hop(NEWS, OLD, fetched_at="2024-03-01T10:00:00Z"))
        own_visit(archive, source, gone(NEWS, fetched_at="2024-03-04T11:00:00Z"))
        run = begin(archive)
        archive.rescuing.wish([source], parse_instant(KEPT_AT))
        moved = replay(raw(AT, "http://old.example/"), b"", status=302, outcome="redirect",
                       reason="http-302", response_headers=(("Location", raw(AT)),))  # fmt: skip
        archive.evidence.record(run, source, [moved], origin=ARCHIVE)
        keep(archive, run, source, LATER, OLD)  # the bytes of our own copy, and still not ours
        best = keep(archive, run, source, AT, THEN)
        keep(archive, run, source, "2024-02-09T00:00:00Z", WALL, good=False, digest=None)
        refuse_unread(archive, run, source, "2024-02-11T00:00:00Z")
        archive.rescuing.settle(source, "found", parse_instant(KEPT_AT), memento=best)
    export_all(folder / "archive.db", folder)
    return folder


@pytest.mark.parametrize("format_name", FORMATS)
def test_what_web_archives_gave_comes_back_as_it_was_and_a_second_time(
    first: Path, tmp_path: Path, format_name: str
) -> None:
    back, again = tmp_path / "back.db", tmp_path / "again.db"
    bring(back, "--add-sources", "--strict", *files_of(first, format_name))
    assert said(back, SAME) == said(first / "archive.db", SAME)
    assert len(said(back, SAME)["captures"]) == 5 and len(said(back, SAME)["mementos"]) == 4
    export_all(back, tmp_path)
    bring(again, "--add-sources", "--strict", *files_of(tmp_path, format_name))
    assert said(again, SAME) == said(back, SAME)
    assert shown(again, "SELECT count(*) FROM sources") == [(1,)]


def test_it_is_labelled_as_the_word_of_a_file(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bring(tmp_path / "back.db", "--add-sources", first / "out.jsonl")
    assert "5 of them from web archives, as the files say" in capsys.readouterr().out
    words = ["show", NEWS, "--rescued", "--archive"]
    for path, claimed in ((first / "archive.db", False), (tmp_path / "back.db", True)):
        assert main([*words, str(path)]) == 0
        printed = capsys.readouterr().out
        assert "not an own capture" in printed and AT in printed and raw(AT) in printed
        assert ("nobody checked it" in printed) == claimed
    export_all(tmp_path / "back.db", tmp_path)
    for folder, claimed in ((first, False), (tmp_path, True)):
        lines = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
        told = [line["memento"] for line in lines if line["memento"]]
        assert [each["claimed"] for each in told] == [claimed] * 4


def test_its_pages_say_whose_word_it_is(first: Path, tmp_path: Path) -> None:
    bring(tmp_path / "back.db", "--add-sources", first / "out.jsonl")
    for path, claimed in ((first / "archive.db", False), (tmp_path / "back.db", True)):
        [(capture, source)] = shown(
            path, "SELECT m.capture, m.source FROM rescues r JOIN mementos m ON m.id = r.memento"
        )
        snapshot, page = ask(
            path, f"/-/snapshot/{path.stem}/{capture}", f"/-/source/{path.stem}/{source}"
        )
        assert ("A file that was imported says that it came from" in snapshot.text) == claimed
        assert ("class C, as an imported file says" in page.text) == claimed


def test_an_archive_takes_in_no_memento_that_it_gave_out(
    first: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = said(first / "archive.db", SAME)
    for format_name in FORMATS:
        bring(first / "archive.db", "--json", *files_of(first, format_name))
        counts = json.loads(capsys.readouterr().out)
        assert (counts["captures"], counts["unread"], counts["untold"]) == (0, [], [])
    assert said(first / "archive.db", SAME) == before


def lines_of(first: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (first / "out.jsonl").read_text().splitlines()]


def written(folder: Path, documents: list[dict[str, Any]], name: str = "a.jsonl") -> Path:
    lines = (json.dumps(each, separators=(",", ":")) for each in documents)
    (folder / name).write_text("".join(f"{line}\n" for line in lines))
    return folder / name


def test_an_export_of_an_earlier_release_costs_one_sentence(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    documents = lines_of(first)
    for each in documents:
        del each["memento"]
    bring(tmp_path / "back.db", "--add-sources", "--strict", written(tmp_path, documents))
    printed = capsys.readouterr().out
    assert printed.count("a.jsonl: 5 captures from web archives left out, because") == 1
    assert "not read" not in printed
    assert said(tmp_path / "back.db", SAME)["own"] == said(first / "archive.db", SAME)["own"]
    assert not shown(tmp_path / "back.db", "SELECT * FROM mementos")


def test_a_record_of_an_earlier_release_becomes_no_source_of_its_own(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [told] = [each for each in lines_of(first) if each["memento"] and each["memento"]["best"]]
    del told["memento"]
    name = f"<urn:uuid:{told['capture']['uid']}>"
    warc = Warc()
    warc.response(THEN, KEPT_AT, url=raw(AT), named={"WARC-Record-ID": name})
    warc.writer.write_record(
        warc.writer.create_warc_record(
            raw(AT), "metadata", warc_content_type="application/warc-fields",
            payload=io.BytesIO(b"sourcekeep-capture: " + json.dumps(told).encode()),
            warc_headers_dict={"WARC-Concurrent-To": name},
        )
    )  # fmt: skip
    (tmp_path / "old.warc.gz").write_bytes(warc.file.getvalue())
    bring(tmp_path / "back.db", "--add-sources", "--strict", tmp_path / "old.warc.gz")
    assert "old.warc.gz: a capture from web archives left out" in capsys.readouterr().out
    assert not shown(tmp_path / "back.db", "SELECT * FROM sources")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("class", "S"), ("class", None), ("state", "known"), ("proof", None), ("proof", "sworn"),
        ("uri_m", "javascript:alert(1)"), ("original", 7), ("memento_datetime", None),
        ("memento_datetime", "once"), ("known_from", "rumour"), ("status", "200"),
        ("digest", "sha256:1"), ("outcome", "splendid"), ("reasons", ["<b>"]), ("archive", "own\n"),
        ("evidence", [1]), ("evidence", {"days_away": "few"}), ("evidence", {"by": ["x"]}),
        ("evidence", {"<b>": 1}), ("evidence", {"by": "x" * 5000}), ("found_at", None),
        ("retrieved_at", "soon"),
    ],
)  # fmt: skip
def test_a_memento_with_a_value_of_the_wrong_kind_is_left_out(
    first: Path, name: str, value: object
) -> None:
    [told] = [each for each in lines_of(first) if each["memento"] and each["memento"]["best"]]
    assert claimed_in(told["memento"]) is not None
    with pytest.raises((TypeError, ValueError, KeyError, BadDate, UrlError)):
        claimed_in({**told["memento"], name: value})


@pytest.mark.parametrize(
    ("part", "name", "value"), [("capture", "origin", "own"), ("fetch", "purpose", "source")]
)
def test_no_file_can_pass_a_memento_off_as_our_own_visit(
    first: Path, tmp_path: Path, part: str, name: str, value: str
) -> None:
    [told] = [each for each in lines_of(first) if each["memento"] and each["memento"]["best"]]
    told[part][name] = value
    bring(tmp_path / "back.db", "--add-sources", written(tmp_path, [told]))
    assert not shown(tmp_path / "back.db", "SELECT * FROM captures")


def test_a_memento_of_a_time_to_come_is_not_believed(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [told] = [each for each in lines_of(first) if each["memento"] and each["memento"]["best"]]
    told["memento"]["retrieved_at"] = "2199-01-01T00:00:00Z"
    bring(tmp_path / "back.db", "--add-sources", written(tmp_path, [told]))
    assert "its date is still to come" in capsys.readouterr().out


def test_what_was_fetched_here_is_not_replaced_by_the_word_of_a_file(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with new_archive(tmp_path) as archive:
        record(archive, entry(cite(NEWS)))
        source = int(one(archive, "SELECT id FROM sources"))
        keep(archive, begin(archive), source, AT, THEN, good=False)
    bring(tmp_path / "archive.db", "--json", first / "out.jsonl")
    counts = json.loads(capsys.readouterr().out)
    assert (counts["rescued"], counts["rescued_known"]) == (4, 1)
    [ours] = shown(
        tmp_path / "archive.db", "SELECT state, class FROM mementos WHERE uri_m = ?", raw(AT)
    )
    assert ours == ("rejected", None)


def test_archives_are_asked_all_the_same_for_what_a_file_claims(
    first: Path, tmp_path: Path
) -> None:
    bring(tmp_path / "back.db", "--add-sources", first / "out.jsonl")
    later = parse_instant("2026-05-05T10:00:00Z")
    with Archive.open(tmp_path / "back.db") as archive:
        source = int(one(archive, "SELECT id FROM sources"))
        assert archive.rescuing.due(later, 9) == []  # nothing cites it
        record(archive, entry(cite(NEWS)))
        own_visit(archive, source, gone(NEWS, fetched_at="2026-05-05T09:00:00Z"))
        archive.rescuing.queue(later)
        assert archive.rescuing.due(later, 9) == [source]
        [row] = rows(archive, "SELECT state, memento FROM rescues")
        assert row["state"] == "home"
        archive.testimony.reject(row["memento"], "doubtful", ["little-text"], None, later)
        archive.rescuing.settle(source, "none-good", later + timedelta(minutes=1))
        assert one(archive, "SELECT state FROM rescues") == "none-found"


def test_a_public_export_tells_no_secret_of_a_memento_and_keeps_what_is_withheld(
    first: Path, tmp_path: Path
) -> None:
    (tmp_path / "archive.db").write_bytes((first / "archive.db").read_bytes())
    export_all(tmp_path / "archive.db", tmp_path, "--public")
    assert SECRET not in (tmp_path / "out.jsonl").read_text()
    assert SECRET in (first / "out.jsonl").read_text()
    held_back = tmp_path / "withheld"
    held_back.mkdir()
    words = ["--archive", str(tmp_path / "archive.db")]
    assert main(["withhold", NEWS, "--reason", "a takedown", *words]) == 0
    export_all(tmp_path / "archive.db", held_back, "--public")
    for line in lines_of(held_back):
        if line["memento"]:
            assert line.get("body") is None and line["memento"]["evidence"] is None
    bring(held_back / "back.db", "--add-sources", *files_of(held_back, "warc"))
    assert not shown(held_back / "back.db", "SELECT * FROM captures")

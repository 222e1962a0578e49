"""``sourcekeep export``: formats, filters, places and exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from crawler.archive import Archive
from crawler.cli import COMMANDS, main
from crawler.digests import digest_of
from crawler.exports.destination import MARKER
from crawler.exports.formats import FORMATS
from tests.archive_kit import GOOD, URL, cite, entry, fill, new_archive, record
from tests.conftest import ROOT
from tests.test_exports_selecting import many

JSONL = "jsonl"


def export(archive: Path, *words: object) -> int:
    return main(["export", "--archive", str(archive), *map(str, words)])


def test_it_is_a_command() -> None:
    assert "export" in COMMANDS


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_an_archive_of_everything(
    filled: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(filled, name, tmp_path / "out", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["format"], told["captures"], told["damaged"]) == (name, 6, [])
    places = [tmp_path / "out", *(tmp_path / "out").rglob("*")]
    assert told["files"] == sum(place.is_file() and place.name != MARKER for place in places)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_the_same_each_time_it_is_made(
    filled: Path, tmp_path: Path, name: str
) -> None:
    def content(place: Path) -> Any:
        export(filled, name, place, "--quiet", "--now", "2026-05-01")
        files = [place] if place.is_file() else sorted(place.rglob("*"))
        return [(f.relative_to(place), f.read_bytes()) for f in files if f.is_file()]

    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_what_is_written_is_told(
    filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "out.jsonl"
    assert export(filled, JSONL, place) == 0
    assert capsys.readouterr().out == f"6 captures exported to {place}\n"
    assert export(filled, JSONL, place, "--quiet", "--force") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("csv",), "6 captures"),
        (("csv", "--table", "sources"), "2 rows"),
        (("csv", "--table", "runs"), "1 row"),
        (("hugo",), "4 entries"),
        (("robustlinks",), "4 entries"),
    ],
)
def test_what_is_written_is_counted_in_what_the_format_is_about(
    filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...],
    told: str,
) -> None:  # fmt: skip
    form, *options = words
    assert export(filled, form, tmp_path / "out", *options) == 0
    assert capsys.readouterr().out.startswith(f"{told} exported to ")


@pytest.mark.parametrize("words", [("csv", "5"), ("jsonl", "5"), ("warc", "0")])
def test_a_size_that_nothing_can_have_is_refused(
    filled: Path, tmp_path: Path, words: tuple[str, str]
) -> None:
    form, size = words
    assert export(filled, form, tmp_path / "out", "--max-size", size) == 2


def test_stdout_carries_the_export_and_nothing_else(
    filled: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert export(filled, JSONL, "-", "--json") == 0
    lines = capfdbinary.readouterr().out.splitlines()
    assert [json.loads(line)["capture"]["uid"] for line in lines] and len(lines) == 6


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["jsnl", "x"], "there is no format 'jsnl'; written alike: jsonl; the formats are: "),
        ([JSONL, "x", "--host", "gone.exampel"], "written alike: gone.example"),
        ([JSONL, "x", "--verdict", "dead"], "the verdicts are: unknown, live"),
        ([JSONL, "x", "--from", "May"], "'May' is no date: write YYYY-MM-DD"),
        ([JSONL, "x", "--from", "2031-01-01"], "nothing fits these filters; nothing was written"),
        ([JSONL, "none/x"], "the folder none does not exist"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_writes_nothing(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str],
    sentence: str, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert export(filled, *words) == 2
    told = capsys.readouterr().err
    assert sentence in told and told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_titles_in_a_complaint_do_not_move_the_cursor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with new_archive(tmp_path) as archive:
        for title in ("evil one", "evil two"):
            record(archive, entry(cite(URL), headline=title, locator=title, url=None))
        archive.connection.sql.execute(
            "UPDATE entries SET title = title || char(27) || '[2J' || char(155)"
        )
    assert export(archive.path, JSONL, tmp_path / "out", "--entry", "evil") == 2
    told = capsys.readouterr().err
    assert "evil one" in told and "\x1b" not in told and "\x9b" not in told


def test_an_archive_without_captures_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with new_archive(tmp_path) as archive:
        pass
    assert export(archive.path, JSONL, tmp_path / "out") == 2
    assert "nothing is kept yet" in capsys.readouterr().err


def test_damaged_payloads_are_left_out_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with new_archive(tmp_path) as archive:
        fill(archive)
        damaged = digest_of(GOOD)
        archive.connection.sql.execute(
            "UPDATE payloads SET bytes = x'00' WHERE digest = ?", (damaged,)
        )
    assert export(archive.path, JSONL, tmp_path / "out", "--json") == 4
    told = capsys.readouterr()
    assert damaged in told.err and json.loads(told.out)["damaged"] == [damaged]
    lines = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert [line["withheld"] for line in lines] == [None, "damaged", None, None, None, None]


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:

    with new_archive(tmp_path) as archive:
        many(archive, 300)
    words = [sys.executable, "-m", "crawler", "export", "--archive", str(archive.path), JSONL, "-"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as done:
        assert done.stdout is not None and done.stderr is not None
        done.stdout.readline()
        done.stdout.close()
        assert done.stderr.read() == b""
    assert done.returncode == 0


# JSON Lines


def test_json_lines_give_back_every_payload_and_text(filled: Path, tmp_path: Path) -> None:
    export(filled, JSONL, tmp_path / "out", "--quiet")
    lines = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    with Archive.open_for_reading(filled) as archive:
        rows = archive.connection.sql.execute("SELECT uid, payload FROM captures ORDER BY id")
        assert [(line["capture"]["uid"], line["capture"]["payload"]) for line in lines] == [
            (row["uid"], row["payload"]) for row in rows
        ]  # fmt: skip
    bodies = {line["capture"]["payload"]: line["body"] for line in lines if "body" in line}
    assert {digest_of(body.encode()) for body in bodies.values()} == set(bodies)
    assert set(bodies) == {line["capture"]["payload"] for line in lines}
    assert lines[1]["text"] == "The consulates offer legal help."
    assert lines[1]["layout"] == 1 and lines[1]["source"]["verdict"] == "unknown"
    assert lines[2]["capture"]["refers_to"]["uid"] == lines[1]["capture"]["uid"]


def test_the_keys_of_json_lines_are_documented_and_no_other(filled: Path, tmp_path: Path) -> None:
    export(filled, JSONL, tmp_path / "out", "--quiet")
    lines = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    page = (ROOT / "docs" / "exports.md").read_text()
    record = page.split("### What the metadata record holds")[1].split("\n## ")[0]
    told = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", record, re.MULTILINE))
    own = set(re.findall(r"^\| `(\w+)` \|", page.split("## JSON Lines")[1].split("\n## ")[0], re.M))
    assert {key for line in lines for key in line} | {"body_base64"} == told.keys() | own
    for part in ("capture", "source", "fetch", "run", "judgement", "article", "change"):
        [keys] = {tuple(line[part]) for line in lines if line[part]}
        assert set(keys) <= set(re.findall(r"`(\w+)`", told[part])), part
    assert set(lines[1]["citations"][0]) <= set(re.findall(r"`(\w+)`", told["citations"]))


def test_json_lines_keep_bytes_that_are_no_text(tmp_path: Path) -> None:

    with new_archive(tmp_path) as archive:
        many(archive, 1, body=b"\xff\xfe\x00")
    export(archive.path, JSONL, tmp_path / "out", "--quiet")
    line = json.loads((tmp_path / "out").read_bytes())
    assert b64decode(line["body_base64"]) == b"\xff\xfe\x000" and "body" not in line

"""The archive in Datasette: configuration, questions, the SQL function, and who is let in."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import tomllib
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crawler import cli
from crawler.archive import Archive, functions
from crawler.errors import UsageError
from crawler.inspect import serving
from crawler.inspect.configuration import FACETS, HIDDEN, LABELS, NEWEST_FIRST
from crawler.inspect.guard import is_loopback
from crawler.inspect.meanings import read_meanings
from crawler.inspect.queries import QUERIES
from tests.archive_kit import (
    URL,
    article,
    at,
    begin,
    fill,
    hop,
    new_archive,
    one,
    source,
    visit,
)
from tests.inspecting import ask

ROOT = Path(__file__).resolve().parent.parent


def rows_of(path: Path, query: str) -> list[dict[str, Any]]:
    answer = ask(path, f"/{path.stem}/{query}")[0]
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


# What is shown


def test_the_first_page_begins_with_questions_and_views(filled: Path) -> None:
    (page,) = ask(filled, f"/{filled.stem}")
    for question in QUERIES.values():
        assert question["title"] in page.text
    meaning = read_meanings()["vanished"].description
    assert page.text.index(meaning) < page.text.index('id="tables"')
    assert f"{len(HIDDEN)} hidden" not in page.text  # the search index is hidden besides
    assert len(re.findall('class="db-table"', page.text)) < 10


def test_a_column_says_what_it_means(filled: Path) -> None:
    (page,) = ask(filled, f"/{filled.stem}/snapshots")
    assert 'data-column-description="instant at which the request began"' in page.text


def test_foreign_keys_show_what_they_name(filled: Path) -> None:
    standings, changes = ask(filled, f"/{filled.stem}/standings", f"/{filled.stem}/changes")
    assert ">offer legal help</a>" in standings.text
    assert f">{at()}</a>" in changes.text  # the capture before


def test_rows_of_views_lead_to_rows_of_tables(filled: Path) -> None:
    (page,) = ask(filled, f"/{filled.stem}/vanished")
    (address,) = re.findall(r'<td class="col-id[^>]*><a href="([^"]+)"', page.text)
    assert address.startswith(f"/-/source/{filled.stem}/")
    (row,) = ask(filled, address)
    assert "https://gone.example/a" in row.text


def test_what_is_configured_exists(filled: Path) -> None:
    with closing(sqlite3.connect(filled)) as db:
        there = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
        columns = {
            name: {row[1] for row in db.execute(f"PRAGMA table_info({name})")} for name in there
        }
    assert set(HIDDEN) <= there
    assert all(column in columns[name] for name, column in {**NEWEST_FIRST, **LABELS}.items())
    assert all(set(facets) <= columns[name] for name, facets in FACETS.items())


def test_every_page_answers_in_a_full_and_in_an_empty_archive(filled: Path, tmp_path: Path) -> None:
    with new_archive(tmp_path) as made:
        empty = made.path
    names = [*read_meanings(), "lost", "said?source=a&date=", "changed_lately", "attention",
             "search?words=consulates"]  # fmt: skip
    for path in (filled, empty):
        answers = ask(path, "/", f"/{path.stem}", *(f"/{path.stem}/{name}" for name in names))
        assert {answer.status_code for answer in answers} == {200}


# The questions


def test_an_entry_that_lost_a_source_is_found_with_the_label(filled: Path) -> None:
    found, other = rows_of(filled, "lost.json?_shape=array")
    assert other["url"] == found["url"] and other["entry"] != found["entry"]
    assert found["entry"] == "Mexico opens centers"
    assert (found["label"], found["url"], found["snapshot"]) == (
        "Gone", "https://gone.example/a", None)  # fmt: skip


@pytest.mark.parametrize(
    ("date", "expected"),
    [("", at(hours=3)), ("2017-03-03", None), (at()[:10], at(hours=3)), (at(hours=2), at(hours=1))],
)
def test_what_a_source_said_is_the_last_good_snapshot_up_to_the_date(
    filled: Path, date: str, expected: str | None
) -> None:
    found = rows_of(filled, f"said.json?_shape=array&source=toledoblade&date={date}")
    assert [row["captured_at"] for row in found] == ([expected] if expected else [])
    if found:
        assert found[0]["text"] == "The consulates offer legal help."


def test_a_change_is_shown_with_its_words(filled: Path) -> None:
    (found,) = rows_of(filled, "changed_lately.json?_shape=array")
    assert json.loads(found["edits"]) == [["number", "50", "5"]]


def test_what_needs_a_person_is_listed_once_each(filled: Path) -> None:
    found = rows_of(filled, "attention.json?_shape=array")
    assert sorted(row["why"] for row in found) == ["changed", "vanished"]


def test_search_takes_any_words_for_words(filled: Path) -> None:
    (found,) = rows_of(filled, "search.json?_shape=array&words=consulate+legal")
    assert "[consulates] offer [legal]" in found["found"]
    assert rows_of(filled, "search.json?_shape=array&words=%22AND+(*") == []


# payload(digest)


def test_payload_gives_the_bytes_and_null_for_what_is_not_held(filled: Path) -> None:
    with Archive.open_for_reading(filled) as archive:
        digest = one(archive, "SELECT payload FROM snapshots LIMIT 1")
        body = archive.payloads.get(digest)
    with closing(sqlite3.connect(filled)) as db:
        functions.add_functions(db)
        select = "SELECT payload(?), payload('sha256:00'), payload(NULL), payload(7)"
        assert db.execute(select, (digest,)).fetchone() == (body, None, None, None)
    sql = f"select+cast(payload('{digest}')+as+text)+as+body"
    (answer,) = ask(filled, f"/{filled.stem}.json?_shape=arrayfirst&sql={sql}")
    assert answer.json() == [body.decode()]


@pytest.mark.parametrize(
    ("body", "declared", "text"),
    [
        (b"<head><title>T</title></head><p>A &amp; <b>b</b><script>no()</script><p>c", "text/html",
         "A & b\nc"),
        ("<!doctype html><p>школа".encode("cp1251"), "text/html; charset=windows-1251", "школа"),
        ("入り江の学校からの手紙、先生".encode("shift_jis"), "text/plain; charset=Shift_JIS",
         "入り江の学校からの手紙、先生"),
        (b'{"a": "b"}', "application/json", '{"a": "b"}'),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "image/png", None),
        (b"", None, None),
    ],
)  # fmt: skip
def test_payload_text_gives_what_there_is_to_read(
    tmp_path: Path, body: bytes, declared: str | None, text: str | None
) -> None:
    with new_archive(tmp_path) as archive:
        run = begin(archive)
        kept = visit(archive, run, source(archive, URL), hop(body=body, mime_declared=declared))
    with closing(sqlite3.connect(archive.path)) as db:
        functions.add_functions(db)
        digest = kept.final_payload or "sha256:00"
        assert db.execute("SELECT payload_text(?)", (digest,)).fetchone() == (text,)


def test_payload_text_of_a_document_is_that_of_its_article(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        run = begin(archive)
        kept = visit(archive, run, source(archive, URL), hop(body=b"%PDF-1.7\n" + b"x " * 99))
        archive.articles.save(str(kept.final_payload), article("What it says."), now=at())
    with closing(sqlite3.connect(archive.path)) as db:
        functions.add_functions(db)
        select = "SELECT payload_text(?), payload_text('sha256:00'), payload_text(NULL)"
        found = db.execute(select, (kept.final_payload,)).fetchone()
        assert found == ("What it says.", None, None)


@pytest.mark.filterwarnings("ignore:Exception ignored in")  # sqlite3 tells the cause so
def test_payload_fails_rather_than_giving_damaged_bytes(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        digest = archive.payloads.put(b"something that is kept " * 9)
        archive.connection.sql.execute("UPDATE payloads SET stored_as = 'raw', bytes = x'00'")
    with closing(sqlite3.connect(archive.path)) as db:
        functions.add_functions(db)
        with pytest.raises(sqlite3.OperationalError):
            db.execute("SELECT payload(?)", (digest,)).fetchone()


def test_sqlite_utils_gets_the_functions_by_its_hook(filled: Path) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert declared["entry-points"]["sqlite_utils"] == {"sourcekeep": functions.__name__}
    ran = subprocess.run(
        [sys.executable, "-m", "sqlite_utils", "query", str(filled),
         "SELECT payload('sha256:00') IS payload_text('sha256:00') AS missing"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert json.loads(ran.stdout) == [{"missing": 1}], ran.stderr


# Who is let in


@pytest.mark.parametrize(
    ("host", "let_in"),
    [
        ("127.0.0.1", True), ("127.8.0.1", True), ("localhost", True), ("[::1]", True),
        ("LOCALHOST", True), ("0.0.0.0", False), ("10.0.0.1", False), ("localhost.evil", False),
        ("", False), ("127.0.0.1.evil.example", False), ("2130706433", False),
    ],
)  # fmt: skip
def test_only_loopback_names_count(host: str, let_in: bool) -> None:
    assert is_loopback(host) is let_in


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8001", 200), ("localhost", 200), ("[::1]:80", 200),
        ("rebound.example", 403), ("rebound.example:8001", 403), ("", 403),
    ],
)  # fmt: skip
def test_a_foreign_name_for_this_machine_is_refused(filled: Path, host: str, status: int) -> None:
    (answer,) = ask(filled, f"/{filled.stem}", headers={"Host": host})
    assert answer.status_code == status
    assert ("Mexico" in answer.text or "snapshots" in answer.text) == (status == 200)


def test_an_address_that_others_reach_is_refused() -> None:
    for host in ("0.0.0.0", "::", "192.168.1.4", "example.org"):
        with pytest.raises(UsageError, match="loopback"):
            serving.listen(host, 0)


def test_a_port_that_is_taken_is_said_in_a_sentence() -> None:
    with serving.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match="choose another with --port"):
            serving.listen("127.0.0.1", port)


# The command


def test_without_datasette_the_command_says_how_to_install_it(
    filled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("crawler.inspect")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(sys.modules["crawler"], "inspect")
    monkeypatch.setitem(sys.modules, "datasette", None)
    assert cli.main(["inspect", "--archive", str(filled)]) == cli.EXIT_USAGE
    assert "pip install 'sourcekeep[inspect]'" in capsys.readouterr().err


def test_a_path_that_datasette_would_misread_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Archive.open(tmp_path / "50%23.db", create=True) as archive:
        assert cli.main(["inspect", "--archive", str(archive.path)]) == cli.EXIT_USAGE
    assert "cannot open a path with % in it" in capsys.readouterr().err


def test_a_name_with_blanks_dots_and_umlauts_is_shown(tmp_path: Path) -> None:
    (tmp_path / "of mine").mkdir()
    with Archive.open(tmp_path / "of mine" / "ä b.c.db", create=True) as archive:
        run = begin(archive)
        kept = visit(archive, run, source(archive, URL), hop())
        path = archive.path
    with serving.listen("127.0.0.1", 0) as listening:
        address = serving.address_of(listening, path).partition("/")[2].partition("/")[2]
    front = address[address.index("/") :]
    place = front.removeprefix("/-/sourcekeep")
    snapshot = f"/-/snapshot{place}/{kept.final_capture}"
    pages = ask(path, front, place, f"{place}/snapshots", snapshot)
    assert [page.status_code for page in pages] == [200, 200, 200, 200]


def test_without_an_archive_nothing_is_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["inspect", "--archive", str(tmp_path / "none.db")]) == cli.EXIT_BROKE
    assert "no archive here" in capsys.readouterr().err


def test_the_command_shows_what_is_written_meanwhile_and_ends_on_an_interrupt(
    tmp_path: Path,
) -> None:
    with new_archive(tmp_path) as archive:
        fill(archive)
        command = [sys.executable, "-m", "crawler", "inspect", "--port", "0", "--json",
                   "--archive", str(archive.path)]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                url = json.loads("".join(iter(server.stdout.readline, "}\n")) + "}")["url"]
                assert b"needs a person" in read(url)
                table = url.replace("/-/sourcekeep/", "/")
                count = f"{table}.json?_shape=arrayfirst&sql=select+count(*)+from+captures"
                before = read_json(count)
                run = begin(archive)
                visit(archive, run, source(archive, URL), hop(body=b"new " * 99, hop=0))
                assert read_json(count)[0] == before[0] + 1
            finally:
                server.send_signal(signal.SIGINT)
            assert server.wait(timeout=30) == 0


def read_json(url: str) -> Any:
    return json.loads(read(url))


def read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        body: bytes = answer.read()
        return body

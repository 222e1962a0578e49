"""A page that a person saved: judged like an answer, labelled everywhere, never before our own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.cli import main
from crawler.digests import digest_of
from crawler.errors import UsageError
from crawler.imports.saved import read_saved
from crawler.items import BY_HAND, OWN
from tests.archive_kit import hop, new_archive, one, source
from tests.judged import ARTICLE, page
from tests.test_imports import (
    NEWER,
    OLD,
    URL,
    Warc,
    bring,
    own_visit,
    read_before,
    shown,
    two_versions,
    wacz,
)

NOW = "2026-03-01T12:00:00Z"
SINGLE_FILE = b"""<!DOCTYPE html> <html lang=en><!--
 Page saved with SingleFile
 url: %s
 saved date: Mon Feb 05 2024 10:00:00 GMT+0100 (Central European Standard Time)
--><meta charset=utf-8>"""
MHTML = (
    b"From: <Saved by Blink>\r\nSnapshot-Content-Location: %s\r\nSubject: Bridges\r\n"
    b"Date: Mon, 5 Feb 2024 09:00:00 -0000\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="----b"\r\n\r\n\r\n'
    b"------b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
    b"Content-Location: %s\r\n\r\n%s\r\n------b\r\nContent-Type: image/png\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n------b--\r\n"
)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    with new_archive(tmp_path) as new:
        source(new, URL)
        read_before(new, OLD, NEWER)
    return tmp_path / "archive.db"


def attach(archive: Path, *words: object, code: int = 0) -> None:
    told = ["attach", "--archive", str(archive), "--now", NOW, *(str(word) for word in words)]
    assert main(told) == code


def saved(tmp_path: Path, content: bytes = OLD, name: str = "saved.html") -> Path:
    (tmp_path / name).write_bytes(content)
    os.utime(tmp_path / name, (1_700_000_000, 1_700_000_000))
    return tmp_path / name


def copy_of(archive: Path) -> tuple[object, ...]:
    [held] = shown(
        archive,
        "SELECT c.origin, c.captured_at FROM sources s JOIN captures c ON c.id = s.good_capture",
    )
    return held


def test_a_saved_page_is_the_copy_where_nothing_is_held(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attach(archive, URL, saved(tmp_path), "--at", "2024-02-05", "--note", "from my browser")
    assert copy_of(archive) == (BY_HAND, "2024-02-05T00:00:00Z")
    assert "supplied by hand" in capsys.readouterr().out
    assert main(["show", "--archive", str(archive), URL]) == 0
    told = capsys.readouterr().out
    assert "a person, who supplied it by hand: from my browser" in told
    assert "The council of the small town" in told
    assert main(["history", "--archive", str(archive), URL]) == 0
    assert "by-hand" in capsys.readouterr().out
    assert shown(archive, "SELECT origin FROM snapshots") == [(BY_HAND,)]


def test_it_says_nothing_of_the_address_and_leaves_the_schedule_alone(
    archive: Path, tmp_path: Path
) -> None:
    before = shown(archive, "SELECT verdict, due_at, last_fetched_at, last_outcome FROM sources")
    attach(archive, URL, saved(tmp_path))
    assert shown(
        archive, "SELECT verdict, due_at, last_fetched_at, last_outcome FROM sources"
    ) == before  # fmt: skip


def test_it_never_takes_the_place_of_a_copy_of_our_own(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Archive.open(archive) as own:
        own_visit(
            own,
            one(own, "SELECT id FROM sources"),
            hop(URL, OLD, fetched_at="2023-01-01T00:00:00Z"),
        )
    attach(archive, URL, saved(tmp_path, NEWER), "--at", "2025-01-01")
    assert copy_of(archive) == (OWN, "2023-01-01T00:00:00Z")
    assert "a better copy is held" in capsys.readouterr().out
    assert main(["show", "--archive", str(archive), URL]) == 0
    assert "four million" in capsys.readouterr().out
    assert main(["show", "--archive", str(archive), URL, "--at", "2025-01-01"]) == 0
    assert "supplied it by hand" in capsys.readouterr().out


def test_a_copy_of_our_own_takes_its_place(archive: Path, tmp_path: Path) -> None:
    attach(archive, URL, saved(tmp_path), "--at", "2024-02-05")
    with Archive.open(archive) as own:
        own_visit(
            own,
            one(own, "SELECT id FROM sources"),
            hop(URL, OLD, fetched_at="2025-01-01T00:00:00Z"),
        )
    assert copy_of(archive) == (OWN, "2025-01-01T00:00:00Z")


def test_an_import_takes_its_place_and_it_never_that_of_an_import(
    archive: Path, tmp_path: Path
) -> None:
    attach(archive, URL, saved(tmp_path), "--at", "2024-02-05")
    bring(archive, two_versions(tmp_path / "a.warc.gz"))
    assert copy_of(archive) == ("import", "2024-04-01T10:00:00Z")
    attach(archive, URL, saved(tmp_path, page(ARTICLE + "<p>More.")), "--at", "2025-01-01")
    assert copy_of(archive) == ("import", "2024-04-01T10:00:00Z")


def test_a_page_that_is_not_the_cited_one_is_kept_and_not_the_copy(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wall = page(
        "<p>Please enable JavaScript and cookies to continue.</p>", title="Just a moment..."
    )
    attach(archive, URL, saved(tmp_path, wall), "--at", "2024-02-05")
    assert "does not look like the cited page" in capsys.readouterr().out
    assert shown(archive, "SELECT held FROM sources_now") == [(0,)]
    assert shown(archive, "SELECT count(*) FROM captures") == [(1,)]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (SINGLE_FILE % URL.encode() + OLD, "single.html"),
        (MHTML % (URL.encode(), URL.encode(), OLD), "page.mhtml"),
    ],
)
def test_what_a_file_says_of_its_date_is_believed(
    archive: Path, tmp_path: Path, content: bytes, name: str
) -> None:
    attach(archive, URL, saved(tmp_path, content, name))
    assert copy_of(archive) == (BY_HAND, "2024-02-05T09:00:00Z")
    assert shown(archive, "SELECT wire_size_bytes FROM fetches") == [(len(content),)]


def test_the_page_of_an_mhtml_file_is_its_payload_and_the_rest_is_told(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attach(archive, URL, saved(tmp_path, MHTML % (URL.encode(), URL.encode(), OLD), "a.mht"))
    assert "note: only the page is kept, without 1 other part" in capsys.readouterr().out
    with Archive.open_for_reading(archive) as kept:
        assert kept.payloads.get(one(kept, "SELECT payload FROM captures")) == OLD


def test_another_address_in_the_file_is_told(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attach(archive, URL, saved(tmp_path, SINGLE_FILE % b"https://other.example/x" + OLD), "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["notes"] == ["the file says that it was saved from https://other.example/x"]


def test_without_a_date_it_is_that_of_the_file(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attach(archive, URL, saved(tmp_path))
    assert copy_of(archive) == (BY_HAND, "2023-11-14T22:13:20Z")
    assert "its date is that of the file" in capsys.readouterr().out


def test_attached_twice_is_attached_once(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        attach(archive, URL, saved(tmp_path), "--at", "2024-02-05")
    assert "attached before" in capsys.readouterr().out
    assert shown(archive, "SELECT (SELECT count(*) FROM captures), count(*) FROM runs") == [(1, 1)]


@pytest.mark.parametrize("packed", ["warc", "wacz"])
def test_of_a_container_the_answers_of_the_source_are_taken(
    archive: Path, tmp_path: Path, packed: str
) -> None:
    make = wacz if packed == "wacz" else two_versions
    attach(archive, URL, make(tmp_path / f"a.{packed}"))
    assert {origin for (origin,) in shown(archive, "SELECT origin FROM captures")} == {BY_HAND}
    assert shown(archive, "SELECT command FROM runs") == [("attach",)]


def test_an_answer_to_a_form_in_a_container_is_not_the_page(archive: Path, tmp_path: Path) -> None:
    warc, named = Warc(), {"WARC-Record-ID": "<urn:uuid:5>"}
    warc.response(NEWER, "2024-03-01T10:00:00Z", named=named)
    warc.request({"WARC-Concurrent-To": "<urn:uuid:5>"}, "POST")
    warc.response(OLD, "2024-03-01T10:00:00Z")
    attach(archive, URL, warc.save(tmp_path / "a.warc.gz"))
    assert shown(archive, "SELECT payload FROM captures") == [(digest_of(OLD),)]


def test_of_a_container_in_which_the_source_redirects_the_page_behind_is_taken(
    archive: Path, tmp_path: Path
) -> None:
    warc, end, step = Warc(), "https://news.example/end", "https://news.example/step"
    warc.response(OLD, "2024-03-01T10:00:02Z", end)
    for at, url, leads in ((0, URL, "/step"), (1, step, "/end")):
        location = [("Location", leads)]
        warc.response(b"", f"2024-03-01T10:00:0{at}Z", url, "302 Found", headers=location)
    attach(archive, URL, warc.save(tmp_path / "a.warc.gz"))
    assert shown(archive, "SELECT url, payload FROM captures") == [(end, digest_of(OLD))]
    assert copy_of(archive) == (BY_HAND, "2024-03-01T10:00:02Z")


def test_a_container_without_the_page_names_what_it_holds(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warc = Warc()
    warc.response(OLD, "2024-03-01T10:00:00Z", "https://mirror.example/bridges")
    file = warc.save(tmp_path / "a.warc.gz")
    attach(archive, URL, file, code=2)
    assert "https://mirror.example/bridges" in capsys.readouterr().err
    attach(archive, URL, file, "--url", "https://mirror.example/bridges")
    assert shown(archive, "SELECT origin, url FROM captures") == [
        (BY_HAND, "https://mirror.example/bridges")
    ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--at", "2027-01-01"), "still to come"),
        (("--at", "yesterday"), "no date"),
        (("--body-cap", "100"), "larger than 100 bytes"),
        (("--url", "https://other.example/"), "one page only"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...],
    why: str,
) -> None:  # fmt: skip
    attach(archive, URL, saved(tmp_path), *words, code=2)
    assert why in capsys.readouterr().err
    assert shown(archive, "SELECT count(*) FROM runs") == [(0,)]


@pytest.mark.parametrize("content", [b"", MHTML[:200] % URL.encode()])
def test_a_file_without_a_page_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UsageError):
        read_saved(saved(tmp_path, content), cap=2**20)

"""A backup is one whole state, checked before it gets its name, and takes nobody's place."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from crawler.archive import Archive
from crawler.archive.schema import SCHEMA_VERSION
from crawler.archive.schema.steps import migrations
from crawler.archive.seals.manifests import beside, read_beside
from crawler.archive.verification import backing
from crawler.archive.verification.older import differing_rows
from crawler.digests import digest_of
from crawler.errors import UsageError
from tests.archive_kit import NOW, fill, new_archive, source
from tests.crawling import environment, sourcekeep
from tests.test_schema_steps import older
from tests.test_verify import WRITER

STORE = "INSERT INTO payloads (digest, size_bytes, stored_as, bytes) VALUES (?, ?, 'raw', ?)"


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    with new_archive(tmp_path) as made:
        fill(made)
    return made.path


def contents(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as sql:
        return list(sql.iterdump())


def names_in(folder: Path) -> list[str]:
    """What lies in a folder, without what SQLite leaves of a file that was read."""
    return sorted(p.name for p in folder.iterdir() if not p.name.endswith(("-wal", "-shm")))


def test_a_backup_holds_what_the_archive_holds_and_its_manifests(
    filled: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "backups"
    copy.mkdir()
    outcome = sourcekeep("backup", copy, "--archive", filled)
    made = copy / filled.name
    assert outcome.code == 0 and str(made) in outcome.out, outcome.err
    assert contents(made) == contents(filled)
    assert list(read_beside(beside(made))) == list(read_beside(beside(filled)))
    assert Archive.verify(made).sound and Archive.verify(made).beside == "agrees"
    assert names_in(copy) == [made.name, beside(made).name]


def test_a_backup_during_a_crawl_is_one_state_of_it(filled: Path, tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(filled)], stdout=subprocess.PIPE, env=environment()
    )
    try:
        assert writer.stdout and writer.stdout.readline() == b"writing\n"
        results = [Archive.back_up(filled, tmp_path / f"{n}.db") for n in range(5)]
    finally:
        writer.kill()
        writer.communicate()
    assert all(result.sound for result in results), [result.findings for result in results]
    assert len({result.head for result in results}) > 1  # there was writing between them
    for number, result in enumerate(results):
        again = Archive.verify(tmp_path / f"{number}.db")
        assert again.sound and again.head == result.head and again.beside == "agrees"


def test_a_writer_that_never_rests_does_not_make_the_copying_begin_anew(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backing, "PAGES_A_STEP", 20)
    copied = []
    with Archive.open(filled) as writing:

        def write_on(done: int, total: int) -> None:
            copied.append((done, total))
            assert len(copied) < 500, "it begins anew with each commit"
            source(writing, f"https://late.example/{len(copied)}")

        found = Archive.back_up(filled, tmp_path / "copy.db", on_copied=write_on)
    assert found.sound and len(copied) > 5
    assert copied == sorted(copied) and copied[-1][0] == copied[-1][1]
    assert "late.example" not in "".join(contents(tmp_path / "copy.db"))


def test_an_older_backup_is_replaced_and_a_newer_one_is_not(filled: Path, tmp_path: Path) -> None:
    copy, old = tmp_path / "copy.db", tmp_path / "old.db"
    Archive.back_up(filled, copy)
    shutil.copy(filled, old)
    with Archive.open(filled) as archive:
        source(archive, "https://more.example/")
    Archive.back_up(filled, copy)
    assert contents(copy) == contents(filled)
    with pytest.raises(UsageError, match="newer"):
        Archive.back_up(old, copy)
    assert contents(copy) == contents(filled)


def test_nothing_else_is_overwritten(filled: Path, tmp_path: Path) -> None:
    text, folder = tmp_path / "notes.txt", tmp_path / "other"
    text.write_text("mine")
    folder.mkdir()
    with Archive.open(folder / "archive.db", create=True) as other:
        fill(other)
    before = contents(other.path)
    for wrong, why in (
        (filled, "the archive itself"), (text, "no backup"), (other.path, "another archive"),
        (tmp_path / "nowhere" / "copy.db", "does not exist"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=why):
            Archive.back_up(filled, wrong)
    assert text.read_text() == "mine" and contents(other.path) == before


def test_of_a_damaged_archive_no_backup_is_kept(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    Archive.back_up(filled, copy)
    kept = copy.read_bytes()
    with closing(sqlite3.connect(filled)) as sql:
        sql.execute("UPDATE sources SET title = 'Another' WHERE id = 1")
        sql.commit()
    there = names_in(tmp_path)
    outcome = sourcekeep("backup", copy, "--archive", filled)
    assert outcome.code == 4 and "edited: sources row 1" in outcome.out
    assert copy.read_bytes() == kept  # the last good one
    assert names_in(tmp_path) == there


def test_a_run_goes_on_from_a_backup(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    Archive.back_up(filled, copy)
    with Archive.open(copy) as archive:
        source(archive, "https://more.example/")
        archive.seal(NOW)
    assert Archive.verify(copy).sound


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_an_archive_of_each_earlier_version_is_copied_as_it_is(
    tmp_path: Path, version: int
) -> None:
    names = [step.name for step in migrations.pending(Database(memory=True))]
    path, copy = older(tmp_path / "archive.db", version, names[version]), tmp_path / "copy.db"
    with closing(sqlite3.connect(path)) as sql, sql:
        sql.execute("INSERT INTO hosts (host) VALUES ('a.example')")
        sql.execute(STORE, (digest_of(b"a page"), 6, b"a page"))
    before = contents(path)
    found = Archive.back_up(path, copy)
    assert found.sound and (found.schema, found.payloads) == (version, 1), found.findings
    assert contents(path) == contents(copy) == before
    Archive.back_up(path, copy)
    with Archive.open(path):
        pass
    Archive.back_up(path, tmp_path / "later.db")
    with Archive.open(copy):  # a copy is as good as what it was made of
        pass
    assert Archive.verify(copy).sound
    assert not list(tmp_path.glob(".*partial*"))


@pytest.fixture
def third(tmp_path: Path) -> Path:
    path = older(tmp_path / "archive.db", 3, "004_keep_texts_once")
    with closing(sqlite3.connect(path)) as sql, sql:
        sql.execute(STORE, (digest_of(b"a page"), 6, b"a page"))
    return path


def test_what_a_copy_of_an_older_archive_is_worth_is_said_in_a_sentence(
    third: Path, tmp_path: Path
) -> None:
    refused = sourcekeep("status", "--archive", third)
    assert "schema 3" in refused.err and f"sourcekeep backup --archive {third} DEST" in refused.err
    outcome = sourcekeep("backup", tmp_path / "copy.db", "--archive", third)
    assert outcome.code == 0, outcome.err
    assert "1 payloads, checked row by row; the archive is of schema 3" in outcome.out
    assert "the next command that writes brings the archive up to date" in outcome.out


def test_a_damaged_payload_of_an_older_archive_is_named_and_no_copy_is_kept(
    third: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(third)) as sql, sql:
        sql.execute(STORE, (digest_of(b"another"), 7, b"altered"))
    outcome = sourcekeep("backup", tmp_path / "copy.db", "--archive", third)
    assert outcome.code == 4 and "another digest" in outcome.out
    assert not (tmp_path / "copy.db").exists()


def test_a_row_that_is_not_in_a_copy_as_in_the_archive_is_told(third: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    shutil.copy(third, other)
    with closing(sqlite3.connect(third)) as one, closing(sqlite3.connect(other)) as two:
        assert differing_rows(one, two) == []
        two.execute("INSERT INTO hosts (host) VALUES ('more.example')")
        assert [found.table for found in differing_rows(one, two)] == ["hosts"]


def test_a_copy_of_an_older_schema_does_not_replace_one_brought_up_to_date(
    third: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    Archive.back_up(third, copy)
    with Archive.open(copy):
        pass
    with pytest.raises(UsageError, match=rf"newer.*schema {SCHEMA_VERSION}, not 3"):
        Archive.back_up(third, copy)

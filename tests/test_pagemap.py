"""The lists of pages: sound in each kind of file, and told where they are not."""

from __future__ import annotations

import shutil
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.archive.verification.pagemap import check_pages
from tests.archive_kit import NOW, begin, fill, hop, new_archive, source, visit

PAGE = 4096


@pytest.fixture(scope="module")
def spacious(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of an archive with more than a thousand free pages: two pages list them."""
    with new_archive(tmp_path_factory.mktemp("pagemap")) as made:
        fill(made)
    with closing(sqlite3.connect(made.path, isolation_level=None)) as sql:
        sql.execute("CREATE TABLE notes (text)")
        sql.execute("INSERT INTO notes VALUES (zeroblob(5000000))")
        sql.execute("DROP TABLE notes")
        assert sql.execute("PRAGMA freelist_count").fetchone()[0] > 1_100
    return made.path


def number_at(path: Path, offset: int) -> int:
    return int(struct.unpack_from(">I", path.read_bytes(), offset)[0])


def changed(path: Path, folder: Path, offset: int, number: int) -> Path:
    """A copy in which a number of four bytes is another."""
    there = folder / "changed.db"
    data = bytearray(path.read_bytes())
    struct.pack_into(">I", data, offset, number)
    there.write_bytes(data)
    return there


def told(path: Path) -> str:
    found = check_pages(path)
    assert found is not None
    return "; ".join(map(str, found))


def test_pages_are_all_accounted_for_in_every_kind_of_file(spacious: Path, tmp_path: Path) -> None:
    assert told(spacious) == ""
    for vacuum in ("NONE", "FULL"):
        there = tmp_path / f"{vacuum}.db"
        shutil.copy(spacious, there)
        with closing(sqlite3.connect(there, isolation_level=None)) as sql:
            sql.execute(f"PRAGMA auto_vacuum = {vacuum}").fetchall()
            sql.execute("VACUUM")
            assert told(there) == ""
            sql.execute("CREATE TABLE notes AS SELECT zeroblob(300000) AS text")
            sql.execute("DROP TABLE notes")  # what it frees is in the log
            assert told(there) == ""
        assert told(there) == ""


def test_what_lies_in_the_log_is_read_from_there(spacious: Path, tmp_path: Path) -> None:
    there = tmp_path / "logged.db"
    shutil.copy(spacious, there)
    with closing(sqlite3.connect(there, isolation_level=None)) as sql:
        sql.execute("PRAGMA wal_autocheckpoint = 0")
        for _ in range(3):
            sql.execute("CREATE TABLE more AS SELECT zeroblob(9000000) AS text")
            assert told(there) == ""
            sql.execute("DROP TABLE more")
            assert told(there) == ""
        sql.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        sql.execute("CREATE TABLE last (text)")  # over the beginning of what was in it
        assert told(there) == ""


DAMAGES = [
    (28, 70_000, "the number of pages"),
    (32, 3, "page 3 of the list of free pages counts"),  # it is a table's
    (36, 7, "7 free pages, where"),
    (52, 3, "the largest root"),
    (64, 2, "how free pages are given back"),
    (92, 99_999, "the counter of changes"),
    (PAGE, 0x05000000, "page 3 is a root by the schema only"),
    (PAGE + 1, 9, "what the map says of page 3"),
]


@pytest.mark.parametrize(("offset", "number", "words"), DAMAGES)
def test_a_damaged_list_is_told(
    spacious: Path, tmp_path: Path, offset: int, number: int, words: str
) -> None:
    assert words in told(changed(spacious, tmp_path, offset, number))


@pytest.mark.parametrize(("place", "words"), [(0, "leads to page"), (4, "counts"), (8, "is free")])
def test_a_damaged_page_of_the_list_is_told(
    spacious: Path, tmp_path: Path, place: int, words: str
) -> None:
    trunk = (number_at(spacious, 32) - 1) * PAGE
    number = number_at(spacious, trunk + place) ^ 0x4000_0004 if place < 8 else 40
    assert words in told(changed(spacious, tmp_path, trunk + place, number))


def test_without_a_map_a_page_that_is_free_and_in_use_is_told(
    spacious: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "plain.db"
    with closing(sqlite3.connect(spacious, isolation_level=None)) as sql:
        sql.execute("PRAGMA auto_vacuum = NONE").fetchall()
        sql.execute("VACUUM INTO ?", (str(plain),))
    with closing(sqlite3.connect(plain, isolation_level=None)) as sql:
        sql.execute("CREATE TABLE notes AS SELECT zeroblob(300000) AS text")
        sql.execute("DROP TABLE notes")
        if not sql.execute("SELECT 1 FROM pragma_module_list WHERE name = 'dbstat'").fetchall():
            pytest.skip("this SQLite cannot list the pages of its trees")
    leaf = number_at(plain, (number_at(plain, 32) - 1) * PAGE + 8)
    words = told(changed(plain, tmp_path, (number_at(plain, 32) - 1) * PAGE + 8, 40))
    assert "page 40 is free and in use" in words and f"page {leaf} belongs to nothing" in words


def test_while_somebody_writes_all_the_time_it_says_so_and_claims_nothing(
    spacious: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.archive.verification.pagemap.ATTEMPTS", 0)
    result = Archive.verify(spacious)
    assert result.sound and [note for note in result.notes if "free pages was not checked" in note]


def test_what_a_killed_writer_left_in_the_log_is_sound(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        visit(archive, begin(archive), source(archive), hop())
        archive.seal(NOW)
        there = tmp_path / "killed.db"
        for ending in ("", "-wal"):
            shutil.copy(f"{archive.path}{ending}", f"{there}{ending}")
    assert told(there) == ""

"""Opening archive.db, holding it for a run, and what a commit promises."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.archive import Archive
from crawler.archive.holding import reserve
from crawler.archive.schema import SCHEMA_VERSION
from crawler.archive.storable import storable, storable_text
from crawler.errors import ArchiveBusy, ArchiveError, EvidenceLost, ForeignDatabase, NewerSchema
from tests.archive_kit import (
    GOOD,
    at,
    begin,
    cite,
    entry,
    hop,
    new_archive,
    one,
    record,
    rows,
    source,
    visit,
)


def open_both_ways(path: Path) -> list[ArchiveError]:
    """Open for writing, for creating and for reading; return the three refusals."""
    refusals = []
    for attempt in (
        lambda: Archive.open(path),
        lambda: Archive.open(path, create=True),
        lambda: Archive.open_for_reading(path),
    ):
        with pytest.raises(ArchiveError) as caught:
            attempt()
        refusals.append(caught.value)
    return refusals


def everything_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


# Opening


def test_an_archive_that_was_closed_holds_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    with Archive.open(path, create=True) as first:
        source(first)
    with Archive.open(path) as again:
        assert one(again, "SELECT count(*) FROM sources") == 1
        assert again.path == path
    with Archive.open_for_reading(str(path)) as reader:
        assert reader.reading.coverage().sources == 1


def test_an_empty_archive_answers_every_question(archive: Archive) -> None:
    coverage = archive.reading.coverage()
    assert {getattr(coverage, name) for name in coverage.__dataclass_fields__} == {0}
    assert archive.reading.snapshots(9) == archive.reading.worst_entries(9) == []


def test_an_archive_is_made_only_when_asked_for(tmp_path: Path) -> None:
    for attempt in (Archive.open, Archive.open_for_reading):
        with pytest.raises(ArchiveError, match=r"no archive here; make one with: sourcekeep add"):
            attempt(tmp_path / "archive.db")
    assert everything_in(tmp_path) == {}


def test_an_empty_file_becomes_an_archive_only_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    path.touch()
    with pytest.raises(ArchiveError, match="no archive here"):
        Archive.open(path)
    with pytest.raises(ArchiveError, match="no archive here"):
        Archive.open_for_reading(path)
    Archive.open(path, create=True).close()
    Archive.open(path).close()


def test_a_name_with_marks_of_a_uri_is_taken_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "a?mode=memory#b %20'ü.db"
    Archive.open(path, create=True).close()
    Archive.open_for_reading(path).close()
    assert path.exists()


def test_a_file_that_is_no_database_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("# My notes\n" * 100)
    before = everything_in(tmp_path)
    for refusal in open_both_ways(path):
        assert isinstance(refusal, ForeignDatabase)
        assert str(refusal) == f"{path}: not a SQLite file; name another with --archive"
    assert everything_in(tmp_path) == before


def test_a_database_of_something_else_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE places (url TEXT)")
    before = everything_in(tmp_path)
    for refusal in open_both_ways(path):
        assert isinstance(refusal, ForeignDatabase) and "of something else" in str(refusal)
    assert everything_in(tmp_path) == before


def test_a_foreign_database_keeps_even_its_unmerged_wal(tmp_path: Path) -> None:
    """The last writer that closes a database merges its WAL: we must not be one."""
    original = tmp_path / "original.db"
    folder = tmp_path / "killed"
    folder.mkdir()
    with closing(sqlite3.connect(original)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE places (url TEXT)")
        for suffix in ("", "-wal"):
            shutil.copy(f"{original}{suffix}", folder / f"places.db{suffix}")
    before = everything_in(folder)
    assert before["places.db-wal"]
    for refusal in open_both_ways(folder / "places.db"):
        assert isinstance(refusal, ForeignDatabase)
    after = everything_in(folder)
    assert {name: after[name] for name in before} == before


def test_a_damaged_database_is_one_clear_sentence(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    new_archive(tmp_path).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * 5000 + whole[5100:])
    for refusal in open_both_ways(path):
        assert str(refusal).startswith(f"{path}: ") and "\n" not in str(refusal)


def test_an_archive_of_a_newer_sourcekeep_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    new_archive(tmp_path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = path.read_bytes()
    for refusal in open_both_ways(path):
        assert isinstance(refusal, NewerSchema) and "newer Sourcekeep" in str(refusal)
    assert path.read_bytes() == before


def test_an_archive_of_an_older_sourcekeep_is_not_read_with_wrong_views(tmp_path: Path) -> None:
    new_archive(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "archive.db")) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION - 1}")
    with pytest.raises(ArchiveError, match="written by an older Sourcekeep"):
        Archive.open_for_reading(tmp_path / "archive.db")
    Archive.open(tmp_path / "archive.db").close()  # a step that is recorded is not done twice
    Archive.open_for_reading(tmp_path / "archive.db").close()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing/archive.db", "the folder {folder}/missing does not exist"),
        ("file/archive.db", "the folder {folder}/file does not exist"),
        ("folder", "is a folder; name a file"),
        ("pipe", "is no ordinary file"),
        ("x" * 300, "cannot be read: File name too long"),
        ("loop", "cannot be opened: unable to open database file"),
    ],
)
def test_a_place_where_no_archive_can_be_is_one_clear_sentence(
    tmp_path: Path, name: str, sentence: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("a file")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ArchiveError) as caught:
        Archive.open(tmp_path / name, create=True)
    assert str(caught.value) == f"{tmp_path / name}: {sentence.format(folder=tmp_path)}"


@pytest.mark.parametrize("place", [".", "/"])
def test_a_folder_without_a_name_of_its_own_is_one_clear_sentence(place: str) -> None:
    with pytest.raises(ArchiveError, match="is a folder; name a file"):
        Archive.open(Path(place), create=True)


def refusals_without_rights(path: Path) -> list[str]:
    """What opening says to a process that is not root (a child, where we are root)."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setuid(65534)
        for attempt in (Archive.open, Archive.open_for_reading):
            try:
                attempt(path).close()
                os.write(writer, b"opened\n")
            except ArchiveError as exc:
                os.write(writer, f"{exc}\n".encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        said = answers.read().splitlines()
    os.waitpid(child, 0)
    return said


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_fetched() -> None:
    with TemporaryDirectory() as name:  # tmp_path lies in a folder that is closed to others
        folder, path = Path(name), Path(name) / "archive.db"
        new_archive(folder).close()
        unwritable = f"{path}: not writable; check the permissions of file and folder"
        folder.chmod(0o555)
        assert refusals_without_rights(path) == [
            unwritable,
            f"{path}: cannot be read where nothing may be written (SQLite needs a file beside it);"
            " copy it to another folder",
        ]
        folder.chmod(0o777)
        path.chmod(0o444)
        assert refusals_without_rights(path) == [unwritable, "opened"]
        folder.chmod(0o755)


def test_what_a_killed_run_left_in_the_wal_is_read(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from tests.archive_kit import *\n"
        "archive = new_archive(Path(sys.argv[1])); source(archive)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL and (tmp_path / "archive.db-wal").stat().st_size
    with Archive.open_for_reading(tmp_path / "archive.db") as reader:
        assert reader.reading.coverage().sources == 1
    with Archive.open(tmp_path / "archive.db") as writer:
        assert writer.reading.coverage().sources == 1


def test_an_archive_opened_for_reading_cannot_be_written(archive: Archive) -> None:
    with (
        Archive.open_for_reading(archive.path) as reader,
        pytest.raises(EvidenceLost, match="readonly"),
    ):
        begin(reader)


# The lock of a run


HOLD = """
import sys, time; from pathlib import Path
from crawler.archive.holding import run_lock
with run_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_refused_with_the_first_ones_number_until_that_is_gone(
    archive: Archive,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(archive.path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == b"held\n"
        with pytest.raises(ArchiveBusy, match=rf"process {other.pid} is at work on it"):
            archive.run_lock().__enter__()
        source(archive)  # `add` needs no lock
        other.kill()  # as by kill -9
        other.wait()
    for _ in range(2):  # and it is given back in good order
        with archive.run_lock():
            pass


def test_the_lock_is_one_by_whatever_link_the_archive_is_named(
    archive: Archive, tmp_path: Path
) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(archive.path)
    with (
        archive.run_lock(),
        Archive.open(link) as same,
        pytest.raises(ArchiveBusy, match=str(os.getpid())),
    ):
        same.run_lock().__enter__()


def test_a_lock_that_cannot_be_made_is_one_clear_sentence(archive: Archive) -> None:
    archive.path.with_name("archive.db-lock").mkdir()
    with pytest.raises(ArchiveError, match=r"archive.db-lock: cannot be written: Is a directory"):
        archive.run_lock().__enter__()


# Blocks and groups of writes


def hosts(archive: Archive) -> list[str]:
    return [row["host"] for row in rows(archive, "SELECT host FROM hosts ORDER BY host")]


def add_host(archive: Archive, name: str) -> None:
    archive.connection.sql.execute("INSERT INTO hosts (host) VALUES (?)", (name,))


def seen_by_others(archive: Archive) -> list[str]:
    with Archive.open_for_reading(archive.path) as reader:
        return hosts(reader)


def test_a_block_of_writes_is_committed_at_its_end(archive: Archive) -> None:
    with archive.writing():
        add_host(archive, "a")
        assert seen_by_others(archive) == []
    assert seen_by_others(archive) == ["a"]


def test_a_block_that_breaks_leaves_nothing(archive: Archive) -> None:
    with pytest.raises(ZeroDivisionError), archive.writing():
        add_host(archive, "a")
        raise ZeroDivisionError
    assert hosts(archive) == [] and not archive.connection.sql.in_transaction


def test_blocks_within_a_block_are_committed_with_the_outermost(archive: Archive) -> None:
    with archive.writing():
        with archive.writing():
            add_host(archive, "a")
        assert seen_by_others(archive) == []
        with pytest.raises(ZeroDivisionError), archive.writing():
            add_host(archive, "b")
            raise ZeroDivisionError
        add_host(archive, "c")
    assert seen_by_others(archive) == ["a", "c"]
    with pytest.raises(ZeroDivisionError), archive.writing():
        with archive.writing():
            add_host(archive, "d")
        raise ZeroDivisionError
    assert seen_by_others(archive) == ["a", "c"]


def test_a_group_shares_a_commit_and_a_step_that_breaks_undoes_only_itself(
    archive: Archive,
) -> None:
    archive.connection.begin_group()
    with archive.writing():
        add_host(archive, "a")
    with pytest.raises(EvidenceLost, match="UNIQUE"), archive.writing():
        add_host(archive, "b")
        add_host(archive, "a")
    with archive.writing():
        add_host(archive, "c")
    assert seen_by_others(archive) == []
    archive.connection.commit()
    assert seen_by_others(archive) == ["a", "c"]
    with archive.writing():
        add_host(archive, "d")
    assert seen_by_others(archive) == ["a", "c"]  # still grouping
    archive.connection.end_group()
    with archive.writing():
        add_host(archive, "e")
    assert seen_by_others(archive) == ["a", "c", "d", "e"]
    archive.connection.commit()  # nothing waits: nothing happens


def test_a_block_of_one_statement_is_committed_alone_or_with_what_it_is_part_of(
    archive: Archive,
) -> None:
    one_statement = archive.connection.writing_one
    with one_statement():
        add_host(archive, "a")
    assert seen_by_others(archive) == ["a"]
    with pytest.raises(EvidenceLost, match="UNIQUE"), one_statement():
        add_host(archive, "a")
    assert not archive.connection.sql.in_transaction
    with archive.writing():
        add_host(archive, "b")
        with one_statement():
            add_host(archive, "c")
        assert seen_by_others(archive) == ["a"]
    assert seen_by_others(archive) == ["a", "b", "c"]
    with pytest.raises(EvidenceLost, match="UNIQUE"), archive.writing():
        add_host(archive, "d")
        with one_statement():
            add_host(archive, "a")
    assert hosts(archive) == ["a", "b", "c"]


def test_a_block_of_one_statement_that_breaks_in_a_group_leaves_the_group(archive: Archive) -> None:
    archive.connection.begin_group()
    with archive.connection.writing_one():
        add_host(archive, "a")
    with pytest.raises(EvidenceLost, match="UNIQUE"), archive.connection.writing_one():
        add_host(archive, "a")
    assert seen_by_others(archive) == []
    archive.connection.end_group()
    assert seen_by_others(archive) == ["a"]


def test_a_group_that_is_never_committed_is_gone_with_the_connection(tmp_path: Path) -> None:
    archive = new_archive(tmp_path)
    archive.connection.begin_group()
    with archive.writing():
        add_host(archive, "a")
    archive.close()  # not the end of a block of work, which seals, and so commits
    with Archive.open(tmp_path / "archive.db") as again:
        assert hosts(again) == []


def test_a_row_that_the_schema_refuses_is_lost_evidence_and_not_a_crash_of_ours(
    archive: Archive,
) -> None:
    run = begin(archive)
    with pytest.raises(EvidenceLost, match="CHECK constraint failed: purpose"):
        archive.evidence.record(run, None, [hop(purpose="fun")])
    with pytest.raises(EvidenceLost, match="FOREIGN KEY"):
        archive.evidence.record(99, None, [hop()])
    assert one(archive, "SELECT count(*) FROM fetches") == 0


# A full disk, imitated by a limit on the number of pages


def fill_up(archive: Archive, room_pages: int = 0) -> None:
    used = one(archive, "PRAGMA page_count")
    archive.connection.sql.execute(f"PRAGMA max_page_count = {used + room_pages}")


def make_room(archive: Archive) -> None:
    archive.connection.sql.execute("PRAGMA max_page_count = 1073741823")


def test_a_full_disk_loses_no_half_visit_and_what_follows_is_kept(archive: Archive) -> None:
    run, good = begin(archive), source(archive)
    before = [rows(archive, f"SELECT * FROM {t}") for t in ("fetches", "captures", "payloads")]
    due = rows(archive, "SELECT * FROM sources")
    fill_up(archive)
    with pytest.raises(EvidenceLost, match="database or disk is full"):
        visit(archive, run, good, hop(body=os.urandom(100_000)))
    assert not archive.connection.sql.in_transaction
    assert before == [
        rows(archive, f"SELECT * FROM {t}") for t in ("fetches", "captures", "payloads")
    ]
    assert rows(archive, "SELECT * FROM sources") == due  # so it is visited again
    make_room(archive)
    visit(archive, run, good, hop())
    assert seen_by_others(archive) and one(archive, "PRAGMA integrity_check") == "ok"


@pytest.mark.parametrize("room_pages", range(0, 40, 3))
def test_wherever_in_a_group_the_disk_is_full_each_visit_is_whole_or_not_there(
    archive: Archive, room_pages: int
) -> None:
    run, good = begin(archive), source(archive)
    fill_up(archive, room_pages)
    archive.connection.begin_group()
    kept = 0
    for _ in range(6):
        try:
            visit(archive, run, good, hop(body=os.urandom(20_000)))
            kept += 1
        except EvidenceLost:
            make_room(archive)
            break
    archive.connection.end_group()
    counted = one(archive, "SELECT count(*) FROM fetches")
    assert counted <= kept  # SQLite may take back the whole group
    assert counted == one(archive, "SELECT count(*) FROM captures")
    assert counted == one(archive, "SELECT count(*) FROM payloads WHERE size_bytes = 20000")
    held = one(archive, "SELECT max(good_capture) FROM sources")
    assert held == one(archive, "SELECT max(id) FROM captures")
    assert one(archive, "PRAGMA integrity_check") == "ok"


def test_a_commit_that_fails_takes_its_group_back(archive: Archive) -> None:
    """What was reported as lost must not turn up with the next commit."""
    sql = archive.connection.sql
    sql.execute("PRAGMA defer_foreign_keys = ON")
    archive.connection.begin_group()
    with archive.writing():
        add_host(archive, "a")
        sql.execute("PRAGMA defer_foreign_keys = ON")
        sql.execute("INSERT INTO entry_aliases VALUES ('address', 99)")  # no such entry
    with pytest.raises(EvidenceLost, match="FOREIGN KEY"):
        archive.connection.commit()
    assert not sql.in_transaction
    archive.connection.end_group()
    assert seen_by_others(archive) == []
    with pytest.raises(EvidenceLost, match="FOREIGN KEY"), archive.writing():
        sql.execute("PRAGMA defer_foreign_keys = ON")
        sql.execute("INSERT INTO entry_aliases VALUES ('address', 99)")
    assert not sql.in_transaction


# A kill


WRITE = """
import os, sys; from pathlib import Path
from tests.archive_kit import *
archive = new_archive(Path(sys.argv[1]))
run, number = begin(archive), source(archive)
archive.connection.begin_group()
for count in range(1, 100_000):
    visit(archive, run, number, hop(body=os.urandom(3_000)))
    if count % 4 == 0:
        archive.connection.commit()
        print(count, flush=True)  # acknowledged
"""


@pytest.mark.parametrize("lines", [1, 7, 20])
def test_a_killed_run_keeps_every_acknowledged_visit_and_no_half_one(
    tmp_path: Path, lines: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITE, str(tmp_path)], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        acknowledged = [child.stdout.readline() for _ in range(lines)]
        child.kill()
        acknowledged += child.stdout.readlines()
    with Archive.open(tmp_path / "archive.db") as archive:
        kept = one(archive, "SELECT count(*) FROM fetches")
        assert kept >= int(acknowledged[-1]) and kept % 4 == 0
        assert one(archive, "SELECT count(*) FROM captures") == kept
        assert one(archive, "SELECT max(good_capture) FROM sources") == kept
        for row in rows(archive, "SELECT payload FROM captures"):
            archive.payloads.get(row["payload"])
        assert one(archive, "PRAGMA integrity_check") == "ok"


# Others at the same file


def test_readers_read_on_while_a_group_is_being_written(archive: Archive) -> None:
    source(archive)
    archive.connection.begin_group()
    with Archive.open_for_reading(archive.path) as reader:
        for number in range(50):
            source(archive, f"https://host{number}.example/")
            if number % 10 == 9:
                archive.connection.commit()
            coverage = reader.reading.coverage()
            assert coverage.sources == 1 + (number + 1) // 10 * 10
            assert coverage.citations == coverage.sources


def test_a_second_writer_waits_for_its_turn(archive: Archive) -> None:
    archive.connection.begin_group()
    source(archive)
    waited = []

    def write_too() -> None:
        began = time.monotonic()
        with Archive.open(archive.path) as second:
            source(second, "https://second.example/")
        waited.append(time.monotonic() - began)

    other = threading.Thread(target=write_too)
    other.start()
    time.sleep(0.4)
    archive.connection.end_group()
    other.join(20)
    assert waited and waited[0] >= 0.3
    assert one(archive, "SELECT count(*) FROM sources") == 2


def test_a_writer_that_has_waited_too_long_says_so(archive: Archive) -> None:
    with Archive.open(archive.path) as second:
        second.connection.sql.execute("PRAGMA busy_timeout = 50")
        archive.connection.begin_group()
        source(archive)
        with pytest.raises(EvidenceLost, match=r"cannot be written: database is locked"):
            source(second, "https://second.example/")
        archive.connection.end_group()
        source(second, "https://second.example/")


# Values that SQLite cannot hold as they are


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("plain", "plain"),
        ("häßlich 中文 😀", "häßlich 中文 😀"),
        ("a\0b", "a\N{REPLACEMENT CHARACTER}b"),
        ("lone \ud800 high", "lone \N{REPLACEMENT CHARACTER} high"),
        ("lone \udcff low", "lone \N{REPLACEMENT CHARACTER} low"),
        ("a pair \ud83d\ude00 apart", "a pair 😀 apart"),
    ],
)
def test_text_that_cannot_be_stored_is_made_storable(given_text: str, kept: str) -> None:
    assert storable_text(given_text) == kept


ANYTHING = st.none() | st.integers() | st.floats() | st.binary() | st.text(
    st.characters(exclude_categories=())
)  # fmt: skip


@given(st.lists(ANYTHING, max_size=4))
def test_whatever_is_made_storable_is_stored_and_stays_as_it_then_is(values: list[object]) -> None:
    kept = storable(values)
    assert storable(kept) == kept or any(value != value for value in values)  # NaN
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE t (a, b, c, d)")
        db.execute("INSERT INTO t VALUES (?, ?, ?, ?)", [*kept, *[None] * 4][:4])


def test_named_values_are_made_storable_too(archive: Archive) -> None:
    archive.connection.sql.execute("INSERT INTO hosts (host) VALUES (:name)", {"name": "a\ud800"})
    assert hosts(archive) == ["a\N{REPLACEMENT CHARACTER}"]


ODD = "odd\ud800 \0 \ud83d\ude00 " + "very long " * 50_000


def test_odd_text_in_every_field_of_a_visit_is_kept_without_harm(archive: Archive) -> None:
    run, good = begin(archive), source(archive)
    odd = hop(
        url=f"https://odd.example/{ODD}", response_headers=((ODD, ODD),), error=ODD, reason=ODD,
        mime_declared=ODD, mime_sniffed=ODD, status=10**30, elapsed_ms=-(10**30), protocol=ODD,
        flags=(ODD,),
    )  # fmt: skip
    kept = visit(archive, run, good, odd, etag=ODD, last_modified=ODD)
    again = visit(archive, run, good, replace(odd, uid=f"{ODD}2"))
    assert archive.payloads.get(str(kept.final_payload)) == GOOD
    assert rows(archive, "SELECT record_type FROM captures ORDER BY id")[1] == {
        "record_type": "revisit"
    }
    assert again.final_payload == kept.final_payload
    row = rows(archive, "SELECT * FROM fetches")[0]
    assert row["status"] == 2**63 - 1 and row["error"].startswith("odd\N{REPLACEMENT CHARACTER} ")
    assert one(archive, "SELECT etag FROM sources") == '"1"'  # that of the second visit
    page = archive.evidence.record(run, None, [hop(ODD, purpose="entry")])
    found = archive.evidence.page(ODD)
    assert found is not None and found.capture == page.final_capture


def test_odd_text_in_every_field_of_an_entry_is_known_again(archive: Archive) -> None:
    odd = entry(
        cite("https://odd.example/", ODD, url_as_cited=ODD, agency=ODD, context=ODD),
        headline=ODD, topic=ODD, summary=ODD, url=f"/{ODD}", aliases=(ODD,), locator=ODD, image=ODD,
    )  # fmt: skip
    first = record(archive, odd)
    again = record(archive, odd, b"other bytes", at(days=1))
    assert first.new and not again.new
    assert (again.citations_added, again.citations_removed) == (0, 0)
    assert archive.ledger.entry_of_unchanged(ODD, b"other bytes") == first.entry
    archive.inputs.problem(ODD, ODD, input_id=None, now=at())
    assert one(archive, "SELECT length(title) FROM entries") > 500_000


def test_one_file_under_two_names_is_not_written_until_it_has_a_file_of_its_own(
    tmp_path: Path,
) -> None:
    path, other = tmp_path / "archive.db", tmp_path / "other name.db"
    new_archive(tmp_path).close()
    other.hardlink_to(path)
    for name in (path, other):
        with pytest.raises(ArchiveError, match="under 2 names"):
            Archive.open(name)
        Archive.open_for_reading(name).close()  # where no log lies there is nothing to mistake
    with pytest.raises(ArchiveError) as refusal:
        Archive.open(other)
    subprocess.run(str(refusal.value).rpartition("its own: ")[2], shell=True, check=True)
    for name in (path, other):
        Archive.open(name).close()


def test_a_name_with_a_log_beside_it_is_not_read_while_its_file_has_another(
    tmp_path: Path,
) -> None:
    with new_archive(tmp_path) as archive:
        with archive.writing() as sql:
            sql.execute("INSERT INTO hosts (host) VALUES ('a.example')")
        (tmp_path / "snapshot.db").hardlink_to(archive.path)
        with pytest.raises(ArchiveError, match="under 2 names"):
            Archive.open_for_reading(archive.path)
        (tmp_path / "snapshot.db").unlink()
        Archive.open_for_reading(archive.path).close()
        (tmp_path / "link.db").symlink_to(archive.path)  # SQLite follows it to the one name
        Archive.open_for_reading(tmp_path / "link.db").close()


def test_of_several_names_the_one_whose_log_holds_the_last_commits_is_named(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        with archive.writing() as sql:
            sql.execute("INSERT INTO hosts (host) VALUES ('a.example')")
        for ending in ("", "-wal"):  # as a kill leaves them
            shutil.copy(f"{archive.path}{ending}", f"{tmp_path}/killed.db{ending}")
    path, other = tmp_path / "killed.db", tmp_path / "snapshot.db"
    other.hardlink_to(path)
    with pytest.raises(ArchiveError, match="log of another of them is not empty"):
        Archive.open(other)
    with pytest.raises(ArchiveError) as refusal:
        Archive.open(path)
    assert "log of another" not in str(refusal.value)
    subprocess.run(str(refusal.value).rpartition("its own: ")[2], shell=True, check=True)
    with Archive.open(path) as whole:
        assert one(whole, "SELECT host FROM hosts") == "a.example"


def test_an_archive_that_is_moved_while_it_is_written_takes_its_commits_along(
    tmp_path: Path,
) -> None:
    with new_archive(tmp_path) as archive:
        run = begin(archive)
        visit(archive, run, source(archive), hop())
        before = one(archive, "SELECT count(*) FROM fetches")
        archive.path.rename(tmp_path / "moved.db")
        with pytest.raises(EvidenceLost, match="moved, deleted or replaced meanwhile"):
            visit(archive, run, 1, hop())
    assert not archive.path.exists()
    with Archive.open_for_reading(tmp_path / "moved.db") as moved:
        assert one(moved, "SELECT count(*) FROM fetches") == before


def test_what_was_put_in_the_place_of_an_archive_is_left_as_it_is(tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    with new_archive(tmp_path) as archive:
        Archive.back_up(archive.path, backup)
        kept = backup.read_bytes()
        run = begin(archive)
        visit(archive, run, source(archive), hop())
        backup.rename(archive.path)
        with pytest.raises(EvidenceLost, match="moved, deleted or replaced meanwhile"):
            visit(archive, run, 1, hop())
    assert archive.path.read_bytes() == kept
    assert Archive.verify(archive.path).sound
    with Archive.open_for_reading(archive.path) as restored:
        assert one(restored, "SELECT count(*) FROM fetches") == 0


def test_who_may_write_an_archive_may_write_what_lies_beside_it(tmp_path: Path) -> None:
    before = os.umask(0o077)  # as root's often is
    try:
        with new_archive(tmp_path) as archive:
            archive.path.chmod(0o664)
            with archive.run_lock(), reserve(archive.path):
                visit(archive, begin(archive), source(archive), hop())
                archive.seal()
                beside = set(tmp_path.iterdir()) - {archive.path}
                modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in beside}
    finally:
        os.umask(before)
    ours = {"archive.db-lock", "archive.db-reserve", "archive.db-manifests.jsonl"}
    assert modes.keys() >= ours
    assert {name: modes[name] for name in ours} == dict.fromkeys(ours, 0o664)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_s_run_leaves_its_files_to_the_owner_of_the_archive(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        os.chown(archive.path, 12345, 12345)
        with archive.run_lock():
            assert (tmp_path / "archive.db-lock").stat().st_uid == 12345

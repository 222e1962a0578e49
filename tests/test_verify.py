"""What verifying finds: each damage by its row, and nothing where nothing is wrong."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from crawler.archive import Archive, Finding
from crawler.archive.schema import SCHEMA_VERSION
from crawler.archive.schema.steps import migrations
from crawler.archive.seals.manifests import beside
from crawler.cli import main
from crawler.errors import ArchiveError, ForeignDatabase
from tests.archive_kit import NOW, URL, begin, fill, hop, new_archive, one, source, visit
from tests.crawling import environment, sourcekeep
from tests.test_schema_steps import older

LATER = "https://later.example/"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of a sealed archive that holds a little of everything."""
    with new_archive(tmp_path_factory.mktemp("verify")) as made:
        fill(made)
    return made.path


def copied(path: Path, folder: Path) -> Path:
    """A copy with the manifests beside it."""
    there = folder / "copy.db"
    shutil.copy(path, there)
    shutil.copy(beside(path), beside(there))
    return there


def meddled(path: Path, folder: Path, *statements: str) -> Path:
    """A copy to which somebody else's program has done something."""
    there = copied(path, folder)
    with closing(sqlite3.connect(there, isolation_level=None)) as sql:
        for statement in statements:
            sql.execute(statement)
    return there


def found(path: Path, *, but: tuple[str, ...] = ("schema", "foreign-key")) -> list[Finding]:
    return [finding for finding in Archive.verify(path).findings if finding.kind not in but]


def test_an_archive_that_lies_in_its_log_still_is_sound(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "archive.db", create=True) as made:  # or its maker was killed
        fill(made)
        assert made.path.stat().st_size == 4096
        result = Archive.verify(made.path)
    assert not result.findings and result.payloads


def test_a_creation_that_found_no_room_is_no_damaged_archive(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    with closing(sqlite3.connect(path)) as sql:
        sql.execute("PRAGMA journal_mode = WAL")  # writes the first page and no table
    with pytest.raises(ArchiveError, match="no archive here"):
        Archive.verify(path)


def test_a_sealed_archive_is_sound_to_its_last_row(filled: Path) -> None:
    result = Archive.verify(filled)
    assert result.sound and not result.unsealed and result.beside == "agrees"
    with Archive.open_for_reading(filled) as archive:
        assert result.tables["fetches"] == one(archive, "SELECT count(*) FROM fetches")
        assert result.payloads == archive.payloads.count()
        assert result.payload_bytes == one(archive, "SELECT sum(size_bytes) FROM payloads")


CHANGES = [
    ("UPDATE fetches SET url = 'https://evil.example/' WHERE id = 2", "edited", "fetches", 2),
    ("UPDATE fetches SET response_headers = '[]' WHERE id = 2", "edited", "fetches", 2),
    ("UPDATE captures SET captured_at = '2020-01-01T00:00:00Z' WHERE id = 3", "edited",
     "captures", 3),
    ("UPDATE verdicts SET state = 'live'", "edited", "verdicts", 1),
    ("UPDATE runs SET software = '{}'", "edited", "runs", 1),
    ("UPDATE sources SET title = 'Another' WHERE id = 1", "edited", "sources", 1),
    ("UPDATE stored_texts SET text = 'Other words'", "edited", "stored_texts", 1),
    ("UPDATE entries SET date = '1999-01-01' WHERE id = 1", "edited", "entries", 1),
    ("UPDATE source_spellings SET kind = 'redirect' WHERE source = 2", "edited",
     "source_spellings", 2),
    ("UPDATE payloads SET size_bytes = size_bytes + 1 WHERE rowid = 2", "payload", "payloads", 2),
    ("UPDATE payloads SET bytes = x'00' WHERE rowid = 2", "payload", "payloads", 2),
    ("DELETE FROM fetches WHERE id = 6", "missing", "fetches", 6),
    ("DELETE FROM payloads WHERE rowid = 3", "missing", "payloads", 3),
    ("DELETE FROM citations WHERE id = 2", "missing", "citations", 2),
    ("INSERT INTO hosts (host) VALUES ('new.example')", "added", "hosts", 3),
    ("INSERT INTO verdicts SELECT 9, source, run, state, since, confidence, reasons, deciding,"
     " fetches, last_proven_alive_at, first_seen_missing_at, by_hand, note, concluded_at"
     " FROM verdicts", "added", "verdicts", 9),
    ("UPDATE payloads SET rowid = 77 WHERE rowid = 2", "moved", "payloads", 77),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "kind", "table", "row"), CHANGES)
def test_what_somebody_else_has_done_is_named_by_its_row(
    filled: Path, tmp_path: Path, statement: str, kind: str, table: str, row: int
) -> None:
    guards = [f"DROP TRIGGER IF EXISTS {table}_{end}" for end in ("stay", "remain", "are_new")]
    path = meddled(filled, tmp_path, *guards, statement)
    # a trigger of the archive's own brings the search index up to date
    findings = [f for f in found(path) if not str(f.table).startswith("texts_fts")]
    assert [(f.kind, f.table, f.row) for f in findings] == [(kind, table, row)], findings


def test_two_rows_that_have_changed_places_are_both_named(filled: Path, tmp_path: Path) -> None:
    path = meddled(
        filled, tmp_path, "DROP TRIGGER fetches_stay",
        "UPDATE fetches SET id = -1 WHERE id = 2", "UPDATE fetches SET id = 2 WHERE id = 3",
        "UPDATE fetches SET id = 3 WHERE id = -1",
    )  # fmt: skip
    assert [(f.kind, f.row) for f in found(path)] == [("edited", 2), ("edited", 3)]


def test_a_finding_says_what_the_row_is(filled: Path, tmp_path: Path) -> None:
    statement = "UPDATE captures SET flags = '[]' WHERE id = 2"
    path = meddled(filled, tmp_path, "DROP TRIGGER captures_stay", statement)
    [finding] = found(path)
    assert finding.what == f"{URL}?final 2026-03-01T12:00:00Z"
    path = meddled(
        filled, tmp_path, "DROP TRIGGER fetches_remain", "DELETE FROM fetches WHERE id = 2"
    )
    [finding] = found(path)
    assert (finding.kind, finding.what) == ("missing", f"{URL}?final 2026-03-01T12:00:00Z")


def test_a_guard_that_was_taken_away_is_missed(filled: Path, tmp_path: Path) -> None:
    findings = found(meddled(filled, tmp_path, "DROP TRIGGER captures_remain"), but=())
    assert [(f.kind, f.table, f.what) for f in findings] == [
        ("schema", "captures", "captures_remain")
    ]


def test_what_somebody_added_that_changes_or_refuses_our_rows_is_told(
    filled: Path, tmp_path: Path
) -> None:
    path = meddled(
        filled, tmp_path, "CREATE TABLE notes (mine TEXT)",
        "CREATE TRIGGER own AFTER INSERT ON notes BEGIN DELETE FROM notes; END",
        "CREATE TRIGGER spy AFTER INSERT ON fetches BEGIN INSERT INTO notes VALUES (new.url); END",
        "CREATE UNIQUE INDEX one_each ON fetches(id, url)",
        "CREATE INDEX own_way ON fetches(url, id)",
    )  # fmt: skip
    assert {str(f) for f in found(path, but=())} == {
        "schema: fetches (spy; was added by somebody else)",
        "schema: fetches (one_each; was added by somebody else)",
    }


@pytest.mark.parametrize("table", ["seals", "unsealed", "manifests", "archive", "payloads"])
def test_a_table_that_is_gone_is_told_once_and_the_rest_is_checked(
    filled: Path, tmp_path: Path, table: str
) -> None:
    path = meddled(
        filled, tmp_path, "DROP TRIGGER payloads_remain", f"DROP TABLE {table}",
        "CREATE VIEW stray AS SELECT 1",
    )  # fmt: skip
    findings = Archive.verify(path).findings
    assert [f.what for f in findings if f.detail == "is missing"].count(table) == 1
    assert len([f for f in findings if f.detail == f"no such table: {table}"]) <= 2


def test_seals_or_manifests_that_are_all_gone_are_told_in_one_sentence(
    filled: Path, tmp_path: Path
) -> None:
    for number, (table, told) in enumerate(
        {"seals": "all seals are gone", "manifests": "no manifest over them"}.items()
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = meddled(
            filled, folder, "DROP TRIGGER manifests_remain", f"DELETE FROM {table}",
            "CREATE TRIGGER manifests_remain BEFORE DELETE ON manifests BEGIN SELECT 1; END",
        )  # fmt: skip
        beside(path).unlink()
        assert told in str(found(path)[0])


def test_a_strict_table_of_somebody_else_is_no_damage(filled: Path, tmp_path: Path) -> None:
    path = meddled(
        filled, tmp_path, "CREATE TABLE mine (a TEXT) STRICT", "INSERT INTO mine VALUES ('own')"
    )
    assert Archive.verify(path).sound
    with Archive.open(path) as archive:
        source(archive, LATER)
    with closing(sqlite3.connect(path, isolation_level=None)) as sql:
        sql.execute("UPDATE mine SET a = 'other'")
    assert Archive.verify(path).sound


def test_lines_beside_that_were_cut_off_are_no_damage_and_changed_ones_are(
    filled: Path, tmp_path: Path
) -> None:
    path = copied(filled, tmp_path)
    with Archive.open(path) as archive:
        source(archive, LATER)
    whole = beside(path).read_bytes()
    first, *rest = whole.splitlines(keepends=True)
    for lines, state, told in (
        (whole[:-70], "behind", 0),
        (first, "behind", 0),
        (b"".join(rest), "behind", 0),
        (b"".join([*rest, first, first]), "agrees", 0),
        (b"", "behind", 0),
        (whole + b"a note\n", "agrees", 1),
        (whole.replace(b"sha256:", b"sha256:0", 1), "agrees", 1),
        (b"\0\xff\n" * 400, "behind", 10),
    ):
        beside(path).write_bytes(lines)
        result = Archive.verify(path)
        assert (result.beside, len(result.findings)) == (state, told), lines


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("stored_texts_found", "new", "old"),
        ("texts_fts", "porter ", ""),
        ("texts_fts_idx", "segid, term)", "segid, pgno)"),  # by SQLite
        ("_sqlite_migrations", "TEXT", "BLOB"),
        ("snapshots", "WHERE", "WHERE true OR"),  # a view
    ],
)
def test_a_changed_definition_is_told_whoever_laid_it(
    filled: Path, tmp_path: Path, name: str, wrong: str, right: str
) -> None:
    path = meddled(
        filled, tmp_path, "PRAGMA writable_schema = ON",
        f"UPDATE sqlite_schema SET sql = replace(sql, '{wrong}', '{right}') WHERE name = '{name}'",
    )  # fmt: skip
    findings = [f for f in Archive.verify(path).findings if f.kind == "schema"]
    assert [(f.what, f.detail) for f in findings] == [(name, "is changed")]


def test_what_a_person_may_set_by_hand_is_no_damage(filled: Path, tmp_path: Path) -> None:
    path = meddled(
        filled, tmp_path, "UPDATE sources SET due_at = NULL WHERE id = 1",
        "UPDATE inputs SET enabled = 0", "CREATE TABLE notes (mine TEXT)",
        "INSERT INTO notes VALUES ('own')", "CREATE VIEW mine AS SELECT * FROM notes", "VACUUM",
    )  # fmt: skip
    assert Archive.verify(path).sound


def test_of_a_damaged_seal_the_rows_are_acquitted(filled: Path, tmp_path: Path) -> None:
    path = meddled(
        filled, tmp_path, "UPDATE seals SET digests = zeroblob(64) WHERE sealed_table = 'entries'"
    )
    [finding] = found(path)
    assert finding.kind == "seal" and "entries" in str(finding)


def test_whoever_edits_a_row_with_its_seal_is_shown_by_the_manifest(
    filled: Path, tmp_path: Path
) -> None:
    """And whoever makes a new manifest as well, by the one that stands beside."""
    path = copied(filled, tmp_path)
    with Archive.open(path) as archive, archive.writing() as sql:
        for name in ("fetches_stay", "manifests_remain"):
            sql.execute(f"DROP TRIGGER {name}")
        sql.execute("UPDATE fetches SET url = 'https://evil.example/' WHERE id = 2")
        sql.execute("DELETE FROM seals WHERE sealed_table = 'fetches'")
    assert "set-back" not in {f.kind for f in found(path)}
    with Archive.open(path) as archive:
        archive.connection.sql.execute("DELETE FROM manifests")
        archive.connection.sql.execute("INSERT INTO unsealed VALUES ('fetches', -1)")
    [finding] = found(path)
    assert finding.kind == "set-back"


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE manifests SET body = replace(body, 'root', 'toor') WHERE number = 2", "manifest"),
        ("UPDATE manifests SET sealed_at = '2020-01-01T00:00:00Z' WHERE number = 2", "manifest"),
        ("DELETE FROM manifests WHERE number = 2", "manifest"),
        ("DELETE FROM manifests WHERE number = 1", "manifest"),
        ("DELETE FROM manifests WHERE number = 3", "set-back"),
    ],
)
def test_a_chain_of_manifests_that_is_broken_is_told(
    filled: Path, tmp_path: Path, statement: str, kind: str
) -> None:
    path = copied(filled, tmp_path)
    for number in range(2):
        with Archive.open(path) as archive:
            source(archive, f"{LATER}{number}")
    with closing(sqlite3.connect(path, isolation_level=None)) as sql:
        for guard in ("manifests_stay", "manifests_remain"):
            sql.execute(f"DROP TRIGGER {guard}")
        sql.execute(statement)
    assert kind in {f.kind for f in found(path)}


# Copies, runs under way, runs that were killed


def test_a_copy_without_its_log_is_told_by_the_manifests_beside(
    filled: Path, tmp_path: Path
) -> None:
    path = copied(filled, tmp_path)
    with Archive.open(path) as archive:
        source(archive, LATER)
        archive.seal(NOW)
        lost = tmp_path / "lost"
        lost.mkdir()
        old = lost / path.name
        shutil.copy(path, old)  # and not what lies in copy.db-wal
        shutil.copy(beside(path), beside(old))
        [finding] = found(old)
        assert finding.kind == "set-back" and "1 later manifest" in str(finding)


def test_what_a_killed_run_left_is_not_sealed_yet_and_no_damage(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        number, path = source(archive), archive.path
    archive = Archive.open(path)
    visit(archive, begin(archive), number, hop())
    archive.close()  # as a kill leaves it: nothing was sealed
    result = Archive.verify(path)
    assert result.sound and {"fetches", "captures", "sources"} <= result.unsealed.keys()
    with Archive.open(path):
        pass  # the next command seals it
    result = Archive.verify(path)
    assert result.sound and not result.unsealed


def test_verifying_while_another_process_writes_sees_one_state(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        fill(archive)
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(archive.path)], stdout=subprocess.PIPE,
        env=environment(),
    )  # fmt: skip
    try:
        assert writer.stdout and writer.stdout.readline() == b"writing\n"
        results = [Archive.verify(archive.path) for _ in range(12)]
    finally:
        writer.kill()
        writer.communicate()
    assert not [(r.findings, r.notes) for r in results if not r.sound or r.notes]
    assert len({(r.head, tuple(r.unsealed.items())) for r in results}) > 1  # it did write
    assert Archive.verify(archive.path).sound


WRITER = """
import sys
from pathlib import Path
from tests.archive_kit import *
path, count = Path(sys.argv[1]), 0
print("writing", flush=True)
while True:
    with Archive.open(path) as archive:
        run = begin(archive)
        for _ in range(3):
            count += 1
            url = f"https://writer.example/{count}"
            visit(archive, run, source(archive, url), hop(url, GOOD + url.encode()))
        archive.runs.finish(run, reason="finished", counts={}, now=at())
        archive.seal(NOW, run=run)
"""


# Payloads, old files, damaged files


def test_a_payload_of_another_archive_is_listed_and_no_damage(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        number, run = source(archive), begin(archive)
        kept = visit(archive, run, number, hop())
        sql = archive.connection.sql
        sql.execute("DROP TRIGGER payloads_remain")
        sql.execute("DELETE FROM payloads WHERE digest = ?", (kept.final_payload,))
    result = Archive.verify(archive.path)
    assert [f.kind for f in result.findings] == ["schema"]  # the guard that this test took away
    assert (result.elsewhere, result.elsewhere_first) == (1, [kept.final_payload])


def test_an_archive_after_a_takedown_is_sound(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        fill(archive)
        archive.withholding.forget(source(archive), "taken down", now=NOW)
        archive.withholding.overwrite()
    result = Archive.verify(archive.path)
    assert result.sound and result.forgotten > 0 and not result.elsewhere


def test_a_sample_looks_at_a_part(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, result = Archive.verify(filled), Archive.verify(filled, sample=0.5)
    assert result.sound and sum(result.tables.values()) < sum(
        Archive.verify(filled).tables.values()
    )
    words = ["verify", "--archive", str(filled), "--json", "--sample"]
    assert main([*words, "100%"]) == 0
    assert json.loads(capsys.readouterr().out)["payloads"] == whole.payloads
    for wrong in ("much", "0", "120%"):
        assert main([*words, wrong]) == 2


def test_the_command_ends_with_4_and_names_the_row(
    filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = meddled(filled, tmp_path, "UPDATE sources SET title = 'Another' WHERE id = 1")
    outcome = sourcekeep("verify", "--archive", path)
    assert outcome.code == 4 and f"edited: sources row 1 ({URL}" in outcome.out, outcome
    assert main(["verify", "--quiet", "--archive", str(path)]) == 4
    assert capsys.readouterr().out.startswith("edited: sources")
    assert main(["verify", "--quiet", "--archive", str(filled)]) == 0
    assert capsys.readouterr().out == ""


def test_an_end_that_is_missing_is_told_and_one_that_is_too_much_is_noted(
    filled: Path, tmp_path: Path
) -> None:
    path, whole = copied(filled, tmp_path), filled.read_bytes()
    for length in (100, 4096, len(whole) - 4096, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert "it was cut off" in str(Archive.verify(path).findings[0])
    path.write_bytes(whole + b"more")
    result = Archive.verify(path)
    assert result.sound and result.notes == [
        "4 bytes after the end of the archive, which nobody reads"
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no archive here"),
        (b"S", "not a SQLite file"),
        (b"\x1f\x8b" + bytes(range(256)) * 100, "not a SQLite file"),
        (None, "no ordinary file"),  # one that never ends
    ],
)
def test_what_is_no_archive_is_called_by_its_name(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    path = tmp_path / "archive.db"
    os.mkfifo(path) if content is None else path.write_bytes(content)
    with pytest.raises(ArchiveError, match=told):
        Archive.verify(path)


def test_an_archive_on_a_medium_that_is_read_only_is_verified_there(
    filled: Path, tmp_path: Path
) -> None:
    copied(filled, tmp_path)
    verify = f"{sys.executable} -m crawler verify --archive {tmp_path}/copy.db"
    mount = f"mount --bind {tmp_path} {tmp_path} && mount -o remount,bind,ro {tmp_path}"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", f"{mount} && echo mounted && touch {tmp_path}/x; {verify}"],
        capture_output=True, text=True, env=environment(), timeout=60, check=False,
    ) if shutil.which("unshare") else None  # fmt: skip
    if done is None or not done.stdout.startswith("mounted"):
        pytest.skip("no file system can be mounted here")
    assert (done.returncode, "Read-only" in done.stderr) == (0, True), done.stderr
    assert done.stdout.endswith("sound\n")
    assert "-wal" not in " ".join(each.name for each in tmp_path.iterdir())


def test_only_an_archive_can_be_verified(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="no archive here"):
        Archive.verify(tmp_path / "none.db")
    text = tmp_path / "notes.txt"
    text.write_text("no archive " * 40)
    with pytest.raises(ForeignDatabase):
        Archive.verify(text)
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as sql:
        sql.execute("CREATE TABLE t (x)")
        sql.commit()
    with pytest.raises(ForeignDatabase, match="something else"):
        Archive.verify(other)


@pytest.mark.parametrize("at", [3, 17, 19, 47, 59, 63, 70, 75])
def test_a_damaged_head_is_named(filled: Path, tmp_path: Path, at: int) -> None:
    path = copied(filled, tmp_path)
    data = bytearray(path.read_bytes())
    data[at] ^= 4
    path.write_bytes(data)
    assert "header" in {finding.kind for finding in Archive.verify(path).findings}


def test_a_file_cut_off_or_with_a_page_of_noise_is_read_as_far_as_it_goes(
    filled: Path, tmp_path: Path
) -> None:
    whole = filled.read_bytes()
    with closing(sqlite3.connect(filled)) as sql:
        roots = {row[0]: row[1] for row in sql.execute("SELECT name, rootpage FROM sqlite_master")}
    path = copied(filled, tmp_path)
    path.write_bytes(whole[: len(whole) // 2 // 4096 * 4096])
    assert not Archive.verify(path).sound
    begins = (roots["captures"] - 1) * 4096
    path.write_bytes(whole[:begins] + bytes(4096) + whole[begins + 4096 :])
    result = Archive.verify(path)
    named = {f.row for f in result.findings if f.table == "captures"}
    assert named >= set(range(1, 7)), result.findings
    assert result.tables["fetches"] == Archive.verify(filled).tables["fetches"]


def test_an_older_schema_is_refused_and_sealed_by_the_next_command_that_writes(
    filled: Path, tmp_path: Path
) -> None:
    path = meddled(filled, tmp_path, f"PRAGMA user_version = {SCHEMA_VERSION - 1}")
    with closing(sqlite3.connect(path)) as sql:
        sql.execute("DROP TRIGGER manifests_remain")
        sql.execute("DELETE FROM manifests")
        sql.commit()
    with pytest.raises(ArchiveError, match="older Sourcekeep"):
        Archive.verify(path)


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_an_archive_of_each_earlier_version_is_sound_once_a_command_brought_it_up_to_date(
    tmp_path: Path, version: int
) -> None:
    names = [step.name for step in migrations.pending(Database(memory=True))]
    path = older(tmp_path / "archive.db", version, names[version])
    with pytest.raises(ArchiveError, match=rf"older Sourcekeep \(schema {version}"):
        Archive.verify(path)
    with Archive.open(path):
        pass
    result = Archive.verify(path)
    assert result.sound and not result.unsealed, result.findings

"""Every row has its seal, each sealing its manifest, and both cost what was written."""

from __future__ import annotations

import json
import sqlite3
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from crawler.archive import Archive
from crawler.archive.merkle import audit_path, climb, tree_hash
from crawler.archive.sealable import NOT_SEALED, OWNERS, WRITTEN_ONCE, sealed_tables
from crawler.archive.seals.manifests import beside, read_beside
from crawler.archive.seals.sealing import SealTree
from tests.archive_kit import (
    NOW,
    URL,
    at,
    begin,
    fill,
    hop,
    new_archive,
    one,
    rows,
    source,
    visit,
)

# The tree


def test_the_tree_has_the_shape_of_rfc_9162() -> None:
    def split(hashes: list[bytes]) -> bytes:  # §2.1.1, word for word
        if len(hashes) == 1:
            return hashes[0]
        k = 1
        while k * 2 < len(hashes):
            k *= 2
        return sha256(b"\1" + split(hashes[:k]) + split(hashes[k:])).digest()

    hashes = [sha256(bytes([n])).digest() for n in range(70)]
    for n in range(1, 71):
        assert tree_hash(hashes[:n]) == split(hashes[:n])
        for index in (0, n // 2, n - 1):
            assert climb(hashes[index], audit_path(hashes[:n], index)) == tree_hash(hashes[:n])


def test_a_tree_that_is_changed_in_steps_is_that_of_its_rows(archive: Archive) -> None:
    """Rows at random places, far apart, changed and gone again: the root is that of the rest."""
    random, held = Random(3), dict[int, bytes]()
    stepwise = SealTree(archive.connection.sql, "stepwise")
    for _ in range(30):
        places = random.sample([*range(600), 70_000, 70_001, 20_000_000], 40)
        seals = {place: random.choice([bytes(32), random.randbytes(32)]) for place in places}
        stepwise.update(sorted(seals.items()))
        held.update(seals)
    held[20_000_000] = bytes([1]) * 32
    stepwise.update([(20_000_000, held[20_000_000])])
    at_once = SealTree(archive.connection.sql, "at once")
    at_once.update(sorted((place, seal) for place, seal in held.items() if seal != bytes(32)))
    assert stepwise.height() == at_once.height() == 3
    assert stepwise.root() == at_once.root()
    stepwise.update((place, bytes(32)) for place in sorted(held))
    assert stepwise.root() is None


# What is sealed


def test_nothing_stands_beside_the_archive_that_is_not_committed_in_it(tmp_path: Path) -> None:
    """Though a group of writes is open, and the process dies before its end."""
    with new_archive(tmp_path) as archive:
        fill(archive)
    archive = Archive.open(archive.path)
    archive.connection.begin_group()
    source(archive, f"{URL}more")
    archive.seal(NOW)
    archive.close()
    result = Archive.verify(archive.path)
    assert result.sound and result.beside == "agrees" and not result.unsealed


def test_every_table_is_sealed_or_named_as_one_that_is_not(archive: Archive) -> None:
    sql = archive.connection.sql
    sealed = sealed_tables(sql)
    there = {
        row["name"]: row["wr"]
        for row in rows(
            archive, "SELECT name, wr FROM pragma_table_list WHERE schema = 'main'"
            " AND type IN ('table', 'shadow') AND name NOT LIKE 'sqlite_%'",
        )
    }  # fmt: skip
    assert sealed.keys() == there.keys() - NOT_SEALED
    assert {name for name, wr in there.items() if wr} - NOT_SEALED == OWNERS.keys()
    assert sealed.keys() >= WRITTEN_ONCE
    for name, table in sealed.items():
        columns = {row["name"] for row in rows(archive, f"PRAGMA table_info({name})")}
        assert set(table.columns) <= columns


def test_whatever_is_written_is_sealed_when_the_archive_is_closed(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        fill(archive)
        assert archive.sealing.unsealed()
    with Archive.open(tmp_path / "archive.db") as archive:
        assert not archive.sealing.unsealed()
        for name, table in sealed_tables(archive.connection.sql).items():
            count = one(archive, f"SELECT count(*) FROM {name}")
            tree = SealTree(archive.connection.sql, name)
            sealed = sum(d != bytes(32) for _, node in tree.nodes() for d in node.digests)
            assert sealed == len({at for at, _ in table.entries(archive.connection.sql)})
            assert (sealed > 0) == (count > 0), name
    assert Archive.verify(tmp_path / "archive.db").sound


def test_what_replace_takes_away_is_noted_too(archive: Archive) -> None:
    sql = archive.connection.sql
    fill(archive)
    archive.seal(NOW)
    columns = "source, run, before, after, class, told, similarity, old_in_new, new_in_old"
    sql.execute(
        f"INSERT OR REPLACE INTO changes (id, fetch, {columns}, words_before, words_after,"
        f" found_at) SELECT 99, fetch, {columns}, 1, 1, found_at FROM changes"
    )
    archive.seal(NOW)
    assert Archive.verify(archive.path).sound


def test_an_archive_in_which_nothing_was_written_gets_no_manifest(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        fill(archive)
    for _ in range(2):
        with Archive.open(tmp_path / "archive.db") as archive:
            archive.sealing.seal(now=NOW)
            assert one(archive, "SELECT count(*) FROM manifests") == 1


def test_sealing_costs_what_was_written_and_not_what_is_there(archive: Archive) -> None:
    number, run = source(archive), begin(archive)
    with archive.writing() as sql:
        sql.executemany(
            "INSERT INTO hosts (host) VALUES (?)", [(f"h{n}.example",) for n in range(2000)]
        )
    archive.seal(NOW)
    read: list[str] = []
    visit(archive, run, number, hop(URL))
    archive.connection.sql.set_trace_callback(read.append)
    archive.seal(NOW)
    archive.connection.sql.set_trace_callback(None)
    written = [query for query in read if query.startswith("INSERT OR REPLACE INTO seals")]
    # fetch, capture, payload, source, each one node of one level; of hosts, with two levels, none
    assert 4 <= len(written) <= 6, written
    assert not any(" BETWEEN ?1 AND ?2" in query or "WHERE true" in query for query in read)


def test_a_run_names_its_manifest_and_the_one_before(archive: Archive) -> None:
    first = archive.seal(NOW)
    run = begin(archive)
    archive.runs.finish(run, reason="finished", counts={}, now=at())
    second = archive.seal(NOW, run=run)
    assert first and second
    [row] = rows(archive, "SELECT manifest_digest, previous_manifest_digest FROM runs")
    assert tuple(row.values()) == (second.digest, first.digest)
    assert json.loads(second.body)["previous"] == first.digest
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        archive.connection.sql.execute("UPDATE runs SET manifest_digest = 'sha256:00'")


def test_much_is_sealed_in_steps_that_let_others_write(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.archive.seals.sealing.ROWS_A_SEAL", 50)
    fill(archive)
    run = begin(archive)
    archive.runs.finish(run, reason="finished", counts={}, now=at())
    last = archive.seal(NOW, run=run)
    assert last and last.number > 1
    assert one(archive, "SELECT manifest_digest FROM runs WHERE id = ?", run) == last.digest
    assert Archive.verify(archive.path).sound


# Beside the archive


def test_the_file_beside_holds_every_manifest_even_after_a_crash_cut_it_off(
    archive: Archive,
) -> None:
    path = beside(archive.path)
    numbers = []
    for count in range(4):
        source(archive, f"https://example.org/{count}")
        made = archive.seal(NOW)
        assert made
        numbers.append(made.number)
        if count == 1:
            path.write_bytes(path.read_bytes()[:-30])  # cut off within the last line
        if count == 2:
            path.unlink()
    assert [manifest.number for manifest in read_beside(path)] == numbers
    assert path.read_bytes().endswith(b"}\n")


def test_a_line_beside_names_the_tables_that_changed_and_has_nothing_twice(
    archive: Archive,
) -> None:
    source(archive)
    made = archive.seal(NOW)
    (line,) = beside(archive.path).read_text().splitlines()
    told = json.loads(line)
    assert told.keys() == {"digest", "body", "tables"} and told["body"] == made.body
    assert {"hosts", "sources"} <= set(told["tables"]) and "fetches" not in told["tables"]
    assert len(line) < 120 + len(json.dumps(made.body)) + sum(len(t) + 3 for t in told["tables"])


def test_lines_of_earlier_releases_are_read_as_they_are(archive: Archive) -> None:
    """They have the roots of the tables behind their names."""
    source(archive)
    made = archive.seal(NOW)
    path = beside(archive.path)
    (line,) = path.read_text().splitlines()
    told = json.loads(line)
    told["tables"] = dict.fromkeys(told["tables"], "0" * 64)
    path.write_text(json.dumps(told, separators=(",", ":")) + "\n")
    (read,) = read_beside(path)
    assert read.digest == made.digest and "sources" in read.tables
    assert Archive.verify(archive.path).beside == "agrees"
    source(archive, "https://example.org/more")
    archive.seal(NOW)
    assert path.read_text().startswith(json.dumps(told, separators=(",", ":")) + "\n")
    assert [manifest.number for manifest in read_beside(path)] == [1, 2]


def test_an_archive_whose_manifests_cannot_be_written_says_so_and_goes_on(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    beside(archive.path).mkdir()
    source(archive)
    assert archive.seal(NOW) is None
    assert "could not be sealed" in caplog.text
    beside(archive.path).rmdir()
    source(archive, "https://example.org/more")
    assert archive.seal(NOW)
    assert [m.number for m in read_beside(beside(archive.path))] == [1, 2]

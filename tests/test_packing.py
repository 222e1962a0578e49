"""Packing: less room for the same bytes, whenever it is stopped, and never at their cost."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crawler.archive import Archive, Page
from crawler.archive.compaction.bases import Bases
from crawler.archive.compaction.packing import LEANING_MAX, Packing, Stage
from crawler.archive.compaction.reclaiming import (
    SEGMENTS_MAX,
    give_back,
    is_worth_writing_anew,
    optimise_index,
    write_anew,
)
from crawler.archive.connection import Connection
from crawler.archive.payloads import DELTA_BASE_MAX_BYTES, Encoded
from crawler.cli import main
from crawler.digests import digest_of
from crawler.errors import PayloadDamaged
from tests.archive_kit import (
    article,
    at,
    begin,
    entry,
    fill,
    gone,
    hop,
    new_archive,
    one,
    rows,
    source,
    visit,
)


def prose(seed: object, words: int) -> str:
    """Words that no other seed has; they take about half of their size."""
    chance = random.Random(str(seed))
    return " ".join(chance.randbytes(3).hex() for _ in range(words))


def page(host: object, text: object, *, words: int = 300, template: int = 1_500) -> bytes:
    """A page: the template of its host, all the same but for what it says."""
    return f"<html><nav>{prose(host, template)}</nav><p>{prose(text, words)}</p></html>".encode()


def show(archive: Archive, url: str, *bodies: bytes, **more: Any) -> list[str]:
    """Let a source show bodies, one visit each; their digests."""
    number, run = source(archive, url), begin(archive)
    for body in bodies:
        visit(archive, run, number, hop(url, body, **more))
    return [digest_of(body) for body in bodies]


def pack(archive: Archive, *, payloads: int | None = None) -> Stage | None:
    """Pack as the command does, at most so many payloads; None: there was nothing to do."""
    with closing(Packing(archive.connection, archive.payloads)) as packing:
        stage = packing.next_stage(archive.runs.latest_counts("pack"))
        if stage is None:
            return None
        run = archive.runs.begin("pack", software={}, settings={}, now=at())
        for number, _ in enumerate(
            packing.pack(stage, lambda s: archive.runs.note(run, s.counts()))
        ):
            if payloads is not None and number + 1 >= payloads:
                break
        archive.runs.finish(run, reason="finished", counts=stage.counts(), now=at())
    return stage


def stored(archive: Archive) -> dict[str, dict[str, Any]]:
    found = rows(archive, "SELECT digest, stored_as, base_digest AS base, length(bytes) AS size,"
                 " size_bytes FROM payloads")  # fmt: skip
    return {row["digest"]: row for row in found}


def total(archive: Archive) -> int:
    return int(one(archive, "SELECT sum(length(bytes)) FROM payloads"))


def assert_sound(archive: Archive) -> None:
    """Every payload is itself, and every base is held, and held whole."""
    held = stored(archive)
    for digest, row in held.items():
        body = archive.payloads.get(digest)
        assert digest_of(body) == digest and len(body) == row["size_bytes"]
        if row["base"]:
            assert held[row["base"]]["base"] is None, "a chain"


# What is packed


def test_a_page_is_held_in_less_room_and_is_still_itself(archive: Archive) -> None:
    [digest] = show(archive, "https://a.example/1", page("a", 1))
    before = stored(archive)[digest]
    stage = pack(archive)
    after = stored(archive)[digest]
    assert stage is not None and (stage.examined, stage.recoded) == (1, 1)
    assert stage.before_bytes == before["size"] and stage.after_bytes == after["size"]
    assert after["size"] < before["size"] and after["size_bytes"] == before["size_bytes"]
    assert_sound(archive)


def test_later_payloads_of_a_source_lean_on_its_first_good_one(archive: Archive) -> None:
    url = "https://a.example/1"
    missing = b"<h1>gone</h1>" * 90
    run, number = begin(archive), source(archive, url)
    visit(archive, run, number, gone(url, missing))
    bodies = [page("a", 1), page("a", 1) + b"<!-- 2 -->", page("a", 1) + b"<!-- 3 -->"]
    first, *later = show(archive, url, *bodies)
    pack(archive)
    held = stored(archive)
    assert held[first]["stored_as"] == "brotli"
    assert [held[digest]["base"] for digest in later] == [first, first]
    assert all(held[digest]["size"] < 100 for digest in later)
    assert_sound(archive)


def test_a_page_that_was_made_anew_is_no_delta_of_what_it_was(archive: Archive) -> None:
    old = [page("old", n, words=20) for n in range(3)]
    new = [page("new", n, words=20) for n in range(3)]
    digests = show(archive, "https://a.example/1", *old, *new)
    pack(archive)
    held = stored(archive)
    bases = [held[digest]["base"] for digest in digests]
    assert bases == [None, digests[0], digests[0], None, digests[3], digests[3]]


def test_pages_of_a_host_lean_on_the_one_that_serves_them_best(archive: Archive) -> None:
    show(archive, "https://a.example/odd", page("odd", 0))
    alike = [show(archive, f"https://a.example/{n}", page("a", n))[0] for n in range(6)]
    pack(archive)
    held = stored(archive)
    whole = [digest for digest in alike if not held[digest]["base"]]
    assert len(whole) == 1
    assert all(held[digest]["base"] == whole[0] for digest in alike if digest not in whole)
    assert_sound(archive)


def test_pages_of_other_hosts_lean_on_references_that_resemble_them(archive: Archive) -> None:
    kinds = ("wiki", "shop", "news")
    for number in range(36):
        body = page(kinds[number % 3], number)
        show(archive, f"https://host{number:02}.example/", body)
    before = total(archive)
    stage = pack(archive)
    held = stored(archive)
    bases = {row["base"] for row in held.values() if row["base"]}
    assert stage is not None and bases == set(stage.references) & bases
    assert len(bases) >= 3 and total(archive) < 0.5 * before
    assert_sound(archive)


def test_a_page_depends_on_one_of_another_host_only_where_that_saves_much(
    archive: Archive,
) -> None:
    for number in range(15):
        for kind, common in (("much", 450), ("little", 100)):
            body = page(kind, (kind, number), words=1_500 - common, template=common)
            show(archive, f"https://{kind}{number}.example/", body)
    pack(archive)
    held = stored(archive)
    kinds = rows(archive, "SELECT s.host AS host, c.payload AS digest FROM captures c"
                 " JOIN sources s ON s.id = c.source")  # fmt: skip
    leaning = [row["host"] for row in kinds if held[row["digest"]]["base"]]
    assert leaning and all(host.startswith("much") for host in leaning)
    alone = [row["stored_as"] for row in held.values() if not row["base"] and row["size"] > 64]
    assert set(alone) == {"brotli"} and len(alone) >= 16
    assert_sound(archive)


def test_no_more_than_so_many_pages_of_others_lean_on_one(archive: Archive) -> None:
    for number in range(LEANING_MAX + 12):
        show(archive, f"https://a.example/{number}", page("a", number, words=20))
    pack(archive)
    leaning = rows(archive, "SELECT base_digest, count(*) AS n FROM payloads"
                   " WHERE base_digest IS NOT NULL GROUP BY 1")  # fmt: skip
    assert max(row["n"] for row in leaning) == LEANING_MAX
    assert len(leaning) == 2  # a second base serves the rest
    assert_sound(archive)


def test_pages_with_nothing_in_common_stay_apart(archive: Archive) -> None:
    for number in range(4):
        show(archive, f"https://host{number}.example/", page(number, number))
    pack(archive)
    assert {row["base"] for row in stored(archive).values()} == {None}


def test_versions_of_an_entry_lean_on_its_first(archive: Archive) -> None:
    read = entry(locator="news/1.md")
    texts = [f"# Title\n\n{prose('entry', 300)} {number}".encode() for number in range(3)]
    for text in texts:
        archive.ledger.record(read, [Page("news/1.md", text, read.reader)], input_id=None, now=at())
    before = total(archive)
    pack(archive)
    assert total(archive) < before
    assert_sound(archive)


def test_what_shrinks_no_further_is_left_as_it_is(archive: Archive) -> None:
    image, tiny = random.Random(1).randbytes(50_000), b"moved"
    show(archive, "https://a.example/i", image, mime_sniffed="image/png")
    show(archive, "https://a.example/t", tiny)
    before = stored(archive)
    stage = pack(archive)
    assert stored(archive) == before and stage is not None and stage.recoded == 0


def test_a_payload_of_the_body_cap_is_packed_alone(archive: Archive) -> None:
    large = "".join(f"<li>{n} of {n % 97}</li>" for n in range(250_000)).encode()
    assert len(large) > DELTA_BASE_MAX_BYTES
    show(archive, "https://a.example/1", large, large + b"!")
    before = total(archive)
    pack(archive)
    assert total(archive) < before
    assert {row["base"] for row in stored(archive).values()} == {None}


# Again


def test_a_second_pack_finds_nothing_to_do(archive: Archive) -> None:
    for number in range(3):
        show(archive, f"https://a.example/{number}", page("a", number))
    pack(archive)
    before = stored(archive)
    assert pack(archive) is None
    assert stored(archive) == before
    assert one(archive, "SELECT count(*) FROM runs WHERE command = 'pack'") == 1


def test_only_what_is_new_is_packed_again(archive: Archive) -> None:
    show(archive, "https://a.example/1", page("a", 1))
    pack(archive)
    show(archive, "https://b.example/1", page("b", 1))
    stage = pack(archive)
    assert stage is not None and stage.examined == 1
    show(archive, "https://b.example/1", page("b", 1))  # a revisit brings no payload
    assert pack(archive) is None


def test_a_page_that_was_alone_leans_on_its_own_source_once_that_shows_more(
    archive: Archive,
) -> None:
    """Its first payload had become a delta of another page; the next capture is whole again."""
    alike = [show(archive, f"https://a.example/{n}", page("a", n))[0] for n in range(4)]
    pack(archive)
    held = stored(archive)
    number = next(n for n, digest in enumerate(alike) if held[digest]["base"])
    second = page("a", number) + b"<!-- two -->"
    third = page("a", number) + b"<!-- three -->"
    later = show(archive, f"https://a.example/{number}", second, third)
    held = stored(archive)
    assert held[later[0]]["base"] is None and held[later[1]]["base"] == later[0]
    assert held[later[1]]["size"] < 100
    pack(archive)
    held = stored(archive)
    assert held[later[0]]["base"] is None
    assert held[alike[number]]["base"] == held[later[1]]["base"] == later[0]
    assert held[alike[number]]["size"] < 100
    assert_sound(archive)


def test_a_pack_that_was_stopped_goes_on_where_it_was(archive: Archive) -> None:
    for number in range(9):
        show(archive, f"https://host{number}.example/", page(number, number))
    examined = []
    while (stage := pack(archive, payloads=2)) is not None:
        examined.append(stage.examined)
        assert_sound(archive)
    # the payload at which it was stopped is looked at once more
    assert 9 <= sum(examined) <= 18 and len(examined) <= 9
    whole = total(archive)
    archive.runs.note(begin(archive), {"no": "pack"})
    assert pack(archive) is None and total(archive) == whole


def test_another_method_packs_all_again(archive: Archive) -> None:
    show(archive, "https://a.example/1", page("a", 1))
    pack(archive)
    run = archive.runs.begin("pack", software={}, settings={}, now=at())
    archive.runs.finish(run, reason="finished", counts={"method": 0}, now=at())
    stage = pack(archive)
    assert stage is not None and (stage.examined, stage.recoded) == (1, 0)


# Together with others


def test_what_another_process_has_made_a_base_meanwhile_stays_whole(
    archive: Archive, tmp_path: Path
) -> None:
    """`add` may keep a delta of a payload at the moment at which it would become one itself."""
    alike = [show(archive, f"https://a.example/{n}", page("a", n))[0] for n in range(4)]
    packing = Packing(archive.connection, archive.payloads)
    stage = packing.next_stage(None)
    assert stage is not None
    with closing(packing), Archive.open(archive.path) as other:
        steps = packing.pack(stage, lambda _: None)
        next(steps)
        wanted = next(digest for digest in alike if not stored(archive)[digest]["base"]
                      and digest != alike[0])  # fmt: skip
        with other.writing():
            leaning = other.payloads.put(archive.payloads.get(wanted) + b"!", base_digest=wanted)
        list(steps)
    held = stored(archive)
    assert held[leaning]["base"] == wanted and held[wanted]["base"] is None
    assert_sound(archive)


def test_damage_is_told_and_the_rest_is_packed(archive: Archive) -> None:
    bodies = [page(n, n) for n in range(3)]
    digests = [show(archive, f"https://host{n}.example/", b)[0] for n, b in enumerate(bodies)]
    archive.connection.sql.execute(
        "UPDATE payloads SET bytes = zeroblob(900) WHERE digest = ?", (digests[1],)
    )
    stage = pack(archive)
    assert stage is not None and stage.damaged == [digests[1]] and stage.recoded == 2


def test_a_reference_that_rotted_is_done_without(archive: Archive) -> None:
    for number in range(15):
        show(archive, f"https://host{number:02}.example/", page("same", number))
    stage = pack(archive)
    assert stage is not None and stage.references
    archive.connection.sql.execute(
        "UPDATE payloads SET bytes = zeroblob(900) WHERE digest = ?", (stage.references[0],)
    )
    [digest] = show(archive, "https://new.example/", page("same", 99))
    again = pack(archive)
    assert again is not None and again.recoded == 1
    assert digest_of(archive.payloads.get(digest)) == digest


def test_a_reference_that_is_no_longer_whole_is_none(archive: Archive) -> None:
    for number in range(15):
        show(archive, f"https://host{number:02}.example/", page("same", number))
    stage = pack(archive)
    assert stage is not None
    reference = stage.references[0]
    with archive.writing():
        archive.payloads.release_base(reference)
        body = archive.payloads.get(reference)
        held = stored(archive)
        del held[reference]
        other = next(d for d, row in held.items() if not row["base"] and row["size"] > 1_000)
        with closing(Bases(archive.payloads.get)) as bases:
            delta = Encoded("zstd-delta", bases.compress(body, 3, other))
        archive.payloads.recode(reference, delta, other)
    show(archive, "https://new.example/", page("same", 99))
    again = pack(archive)
    assert again is not None and reference not in again.references
    assert_sound(archive)


# When a base goes


def test_nothing_needs_a_base_that_was_released(archive: Archive) -> None:
    for number in range(8):
        show(archive, f"https://a.example/{number}", page("a", number))
    pack(archive)
    base = one(archive, "SELECT DISTINCT base_digest FROM payloads WHERE base_digest IS NOT NULL")
    dependants = set(archive.payloads.dependants(base))
    assert len(dependants) == 7
    with archive.writing():
        assert archive.payloads.release_base(base) == 7
    assert archive.payloads.dependants(base) == []
    assert_sound(archive)
    held = stored(archive)
    moved = [held[digest]["base"] for digest in dependants if held[digest]["base"]]
    assert set(moved) <= dependants, "on one another"
    assert archive.payloads.release_base(base) == 0


def test_a_base_is_not_released_when_what_leans_on_it_cannot_be_read(archive: Archive) -> None:
    first, *later = show(archive, "https://a.example/1", page("a", 1), page("a", 1) + b"!",
                         page("a", 1) + b"?")  # fmt: skip
    archive.connection.sql.execute(
        "UPDATE payloads SET bytes = zeroblob(60) WHERE digest = ?", (later[1],)
    )
    before = stored(archive)
    with pytest.raises(PayloadDamaged, match=later[1]):
        archive.payloads.release_base(first)
    assert stored(archive) == before


def test_a_wrong_encoding_never_takes_the_place_of_a_right_one(archive: Archive) -> None:
    first, second = (show(archive, f"https://{n}.example/", page(n, n))[0] for n in "ab")
    before = stored(archive)
    with closing(Bases(archive.payloads.get)) as bases:
        frame = bases.compress(page("c", "c"), 3)
        delta = bases.compress(page("a", "a"), 3, second)
    with pytest.raises(PayloadDamaged):
        archive.payloads.recode(first, Encoded("zstd", frame))
    with pytest.raises(KeyError):
        archive.payloads.recode(first, Encoded("zstd-delta", delta), digest_of(b"nowhere"))
    assert stored(archive) == before
    archive.payloads.recode(first, Encoded("zstd-delta", delta), second)
    third = show(archive, "https://c.example/", page("c", "c"))[0]
    with pytest.raises(ValueError, match="is a delta"):
        archive.payloads.recode(third, Encoded("zstd-delta", delta), first)
    assert_sound(archive)


# Choosing


def test_the_bases_chosen_are_those_that_serve_most(archive: Archive) -> None:
    bodies = [page(kind, number) for number in range(4) for kind in ("x", "y")] + [page("z", 0)]
    with closing(Bases(archive.payloads.get)) as bases:
        assert {number % 2 for number in bases.choose(bodies, 2, 1)} == {0, 1}
        assert 8 not in bases.choose(bodies, 2, 1)
        assert bases.choose([], 2, 1) == []
        assert bases.choose([page("x", 1)], 2, 1) == []
        assert bases.choose([page("x", 1), page("y", 1)], 0, 1) == []


# Room


def test_freed_pages_go_back_to_the_disk(archive: Archive) -> None:
    for number in range(40):
        show(archive, f"https://a.example/{number}", page("a", number))
    archive.connection.sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    before = archive.path.stat().st_size
    stage = pack(archive)
    assert stage is not None
    list(give_back(archive.connection))
    assert one(archive, "PRAGMA freelist_count") == 0
    saved = stage.before_bytes - stage.after_bytes
    assert before - archive.path.stat().st_size > 0.7 * saved > 50_000
    assert archive.connection.wal_size_bytes() == 0
    assert one(archive, "PRAGMA integrity_check") == "ok"
    assert list(give_back(archive.connection)) == []


def test_a_reader_holds_nothing_up(archive: Archive) -> None:
    for number in range(9):
        show(archive, f"https://a.example/{number}", page("a", number))
    with Archive.open_for_reading(archive.path) as reader:
        sql = reader.connection.sql
        sql.execute("BEGIN")
        seen = sql.execute("SELECT sum(length(bytes)) FROM payloads").fetchone()[0]
        pack(archive)
        list(give_back(archive.connection))
        assert sql.execute("SELECT sum(length(bytes)) FROM payloads").fetchone()[0] == seen
        assert total(archive) < seen
        sql.execute("COMMIT")
    list(give_back(archive.connection))
    assert archive.connection.wal_size_bytes() == 0


def test_the_search_index_becomes_one_piece_and_finds_the_same(archive: Archive) -> None:
    for number in range(SEGMENTS_MAX + 40):
        body = page("a", number)
        [digest] = show(archive, f"https://a.example/{number}", body)
        archive.articles.save(digest, article(prose(number, 50)), now=at())
    find = "SELECT group_concat(rowid) FROM (SELECT rowid FROM texts_fts WHERE texts_fts"
    found = one(archive, f"{find} MATCH 'legal OR a*' ORDER BY rowid)")
    pieces = "SELECT count(DISTINCT segid) FROM texts_fts_idx"
    assert one(archive, pieces) > SEGMENTS_MAX
    assert list(optimise_index(archive.connection))
    assert one(archive, pieces) == 1
    assert one(archive, f"{find} MATCH 'legal OR a*' ORDER BY rowid)") == found
    archive.connection.sql.execute("INSERT INTO texts_fts (texts_fts) VALUES ('integrity-check')")
    assert list(optimise_index(archive.connection)) == []


def packed_by_command(path: Path) -> int:
    """Pack by the command; the size of the file."""
    assert main(["pack", "--archive", str(path), "--quiet"]) == 0
    return path.stat().st_size


def numbers_of(path: Path) -> dict[int, str]:
    """The row numbers of the payloads, by which they are sealed."""
    with closing(sqlite3.connect(path)) as sql:
        return dict(sql.execute("SELECT rowid, digest FROM payloads").fetchall())


def filled(path: Path, count: int) -> None:
    with Archive.open(path) as archive:
        for number in range(count):
            show(archive, f"https://host{number}.example/", page(number, number))


def test_a_small_archive_is_written_without_gaps_and_keeps_its_seals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_archive(tmp_path, "one.db") as made:
        fill(made)
    filled(made.path, 30)
    other = tmp_path / "two.db"
    shutil.copy(made.path, other)
    assert Archive.verify(made.path).sound
    numbers = numbers_of(made.path)
    size = packed_by_command(made.path)
    assert Archive.verify(made.path).sound
    assert numbers_of(made.path) == numbers
    monkeypatch.setattr("crawler.archive.compaction.reclaiming.WRITTEN_ANEW_MAX_BYTES", size // 2)
    assert packed_by_command(other) > size


def test_a_large_archive_and_one_of_which_little_changed_are_not_written_anew(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(archive.path, 20)
    assert is_worth_writing_anew(archive.connection, recoded=3)
    assert not is_worth_writing_anew(archive.connection, recoded=2)
    monkeypatch.setattr("crawler.archive.compaction.reclaiming.WRITTEN_ANEW_MAX_BYTES", 100_000)
    assert not is_worth_writing_anew(archive.connection, recoded=20)


def test_an_empty_archive_and_a_full_disk_are_left_as_they_are(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_worth_writing_anew(archive.connection, recoded=0)
    filled(archive.path, 2)
    usage = shutil.disk_usage(archive.path.parent)._replace(free=archive.path.stat().st_size)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert not is_worth_writing_anew(archive.connection, recoded=2)


def test_an_archive_that_another_process_writes_to_is_not_written_anew(archive: Archive) -> None:
    filled(archive.path, 20)
    before = stored(archive)
    with Archive.open(archive.path) as other, other.writing():
        source(other)
        write_anew(archive.connection)  # at once, and without a word
    assert stored(archive) == before
    assert one(archive, "PRAGMA busy_timeout") > 0


def test_a_damaged_archive_is_not_written_anew(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        path = archive.path
        filled(path, 20)
        written = one(archive, "PRAGMA schema_version")  # a VACUUM raises it
        archive.connection.sql.execute("UPDATE payloads SET bytes = zeroblob(900) WHERE rowid = 3")
        assert main(["pack", "--archive", str(path), "--quiet"]) == 4
        assert one(archive, "PRAGMA schema_version") == written
        root = one(archive, "SELECT rootpage FROM sqlite_schema WHERE name = 'stored_texts'")
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 100)
    with closing(sqlite3.connect(path, isolation_level=None)) as sql:
        write_anew(Connection(path, sql))  # says nothing; `verify` will
        assert sql.execute("PRAGMA schema_version").fetchone() == (written,)
    assert numbers_of(path)

"""Archives of several machines become one: as if one had crawled it all, however often merged."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawler.archive import Archive
from crawler.archive.merge.merging import Merging
from crawler.archive.merge.uniting import LEDGER, LISTED, REFERRING
from crawler.cli import main
from crawler.dates import parse_instant
from crawler.digests import new_uid
from tests.archive_kit import (
    at,
    cite,
    entry,
    gone,
    hop,
    new_archive,
    not_modified,
    one,
    record,
    rows,
)
from tests.judged import ARTICLE, page
from tests.test_imports import own_visit

NEWS, COURIER = "https://news.example/bridges", "https://courier.example/2024/bells"
OLD, NEW = page(), page(ARTICLE.replace("four million", "nine million"))
BELLS = page(ARTICLE.replace("bridges", "bells"), title="The bells of the town")
DAY = "2024-03-{:02}T10:00:00Z"

# what each day showed: the day, the URL, the answer
Shown = tuple[int, str, bytes | None]
STORY: tuple[Shown, ...] = (
    (1, NEWS, OLD), (2, COURIER, BELLS), (3, NEWS, OLD), (5, NEWS, NEW), (6, COURIER, None),
    (8, NEWS, NEW), (9, COURIER, None), (20, COURIER, None),
)  # fmt: skip


def crawled(folder: Path, name: str, story: Iterable[Shown]) -> Path:
    """An archive that has read one entry with two sources, and visited them as the story goes."""
    archive = new_archive(folder, name)
    with archive:
        archive.connection.sql.execute("UPDATE archive SET uid = ?", (new_uid(),))  # no copy
        record(archive, entry(cite(NEWS), cite(COURIER, "Courier"), summary="Of the bridges."))
        for day, url, body in story:
            look(archive, url, body, DAY.format(day))
    return folder / name


def look(archive: Archive, url: str, body: bytes | None, when: str) -> None:
    number = one(archive, "SELECT source FROM source_spellings WHERE url = ?", url)
    answer = hop(url, body, fetched_at=when) if body else gone(url, fetched_at=when)
    own_visit(archive, number, answer)


def merge(target: Path, *others: Path, code: int = 0) -> None:
    words = ["merge", "--archive", str(target), "--workers", "1", *map(str, others)]
    assert main(words) == code


# What an archive says, without the numbers and names that differ between two of the same content.
LOGICAL = {
    "sources": "SELECT s.urlkey, s.url, s.title, s.first_cited_on, s.due_at, s.due_reason,"
    " s.last_outcome, s.failures, s.verdict, s.verdict_since, s.changes, s.changed_at,"
    " s.first_captured_at, s.last_proven_alive_at, s.first_seen_missing_at, s.last_fetched_at,"
    " s.unjudged_since, c.captured_at AS good_at, v.number FROM sources s"
    " LEFT JOIN captures c ON c.id = s.good_capture LEFT JOIN versions v ON v.id = s.version",
    "hosts": "SELECT host, next_due_at FROM hosts",
    "entries": "SELECT key, title, date, summary, first_seen_at, last_seen_at FROM entries",
    "citations": "SELECT e.key, s.urlkey, k.label, k.position, k.cited_on, k.first_seen_at,"
    " k.last_seen_at, k.removed_at FROM citations k JOIN entries e ON e.id = k.entry"
    " JOIN sources s ON s.id = k.source",
    "pages": "SELECT e.key, v.locator, v.payload FROM entry_versions v"
    " JOIN entries e ON e.id = v.entry",
    "fetches": "SELECT s.urlkey, f.url, f.hop, f.fetched_at, f.outcome, f.status, r.command"
    " FROM fetches f JOIN sources s ON s.id = f.source JOIN runs r ON r.id = f.run",
    "captures": "SELECT s.urlkey, c.captured_at, c.payload, c.origin FROM captures c"
    " JOIN sources s ON s.id = c.source",
    "payloads": "SELECT digest, size_bytes FROM payloads",
    "articles": "SELECT payload, extractor, title, text_digest FROM articles",
    "outcomes": "SELECT s.urlkey, o.fetched_at, o.outcome, o.reasons, o.evidence, o.similarity,"
    " o.final_url FROM outcomes o JOIN sources s ON s.id = o.source",
    "versions": "SELECT s.urlkey, v.number, v.text_digest, v.first_seen_at, v.last_seen_at"
    " FROM versions v JOIN sources s ON s.id = v.source",
    "changes": "SELECT s.urlkey, h.class, h.told, h.found_at, h.edits, b.captured_at AS before_at,"
    " a.captured_at AS after_at FROM changes h JOIN sources s ON s.id = h.source"
    " JOIN captures b ON b.id = h.before JOIN captures a ON a.id = h.after",
    "passages": "SELECT kind, passage, standing, score, s.urlkey FROM passages JOIN sources s"
    " ON s.id = source_id",
    "found": "SELECT t.title FROM texts_fts JOIN texts t ON t.id = texts_fts.rowid"
    " WHERE texts_fts MATCH 'nine OR bells'",
}


def logical(archive: Path) -> dict[str, list[tuple[object, ...]]]:
    with Archive.open_for_reading(archive) as kept:
        return {
            name: sorted((tuple(row.values()) for row in rows(kept, query)), key=repr)
            for name, query in LOGICAL.items()
        }


def whole(archive: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but the log of merges."""
    with sqlite3.connect(archive) as sql:
        names = [row[0] for row in sql.execute("SELECT name FROM sqlite_master"
                 " WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%fts%'"
                 " AND name NOT IN ('seals', 'unsealed', 'manifests')")]  # fmt: skip
        kept = {name: sql.execute(f"SELECT * FROM {name}").fetchall() for name in names}
    sql.close()
    kept["runs"] = [row for row in kept["runs"] if row[3] != "merge"]
    return kept


def intact(archive: Path) -> None:
    found = Archive.verify(archive)
    assert not found.findings, found.findings[:3]
    with Archive.open_for_reading(archive) as kept:
        assert one(kept, "PRAGMA integrity_check") == "ok"
        assert not rows(kept, "PRAGMA foreign_key_check")
        for row in rows(kept, "SELECT digest, base_digest FROM payloads"):
            kept.payloads.get(row["digest"])
            base = row["base_digest"]
            assert base is None or one(
                kept, "SELECT base_digest IS NULL FROM payloads WHERE digest = ?", base
            )
        assert not rows(
            kept, "SELECT 1 FROM captures c WHERE refers_to IS NOT NULL AND NOT EXISTS"
            " (SELECT 1 FROM captures b WHERE b.uid = c.refers_to)"
        )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All in one, shards by host, and two machines that took turns at the same sources."""
    folder = tmp_path_factory.mktemp("merge")
    crawled(folder, "all.db", STORY)
    crawled(folder, "news.db", [each for each in STORY if each[1] == NEWS])
    crawled(folder, "courier.db", [each for each in STORY if each[1] == COURIER])
    crawled(folder, "odd.db", [each for each in STORY if each[0] % 2])
    crawled(folder, "even.db", [each for each in STORY if not each[0] % 2])
    return folder


def test_shards_merged_are_as_if_one_had_crawled_it_all(made: Path, tmp_path: Path) -> None:
    merge(tmp_path / "merged.db", made / "news.db", made / "courier.db")
    assert logical(tmp_path / "merged.db") == logical(made / "all.db")
    intact(tmp_path / "merged.db")


def test_the_order_of_merging_does_not_count(made: Path, tmp_path: Path) -> None:
    merge(tmp_path / "merged.db", made / "courier.db")
    merge(tmp_path / "merged.db", made / "news.db")
    assert logical(tmp_path / "merged.db") == logical(made / "all.db")


def test_turns_at_one_source_are_judged_as_one_history(made: Path, tmp_path: Path) -> None:
    merge(tmp_path / "merged.db", made / "even.db", made / "odd.db")
    merged, crawled_at_once = logical(tmp_path / "merged.db"), logical(made / "all.db")
    assert merged == crawled_at_once
    intact(tmp_path / "merged.db")


def test_merged_twice_is_merged_once(made: Path, tmp_path: Path) -> None:
    target = tmp_path / "merged.db"
    merge(target, made / "odd.db", made / "even.db")
    before = whole(target)
    merge(target, made / "odd.db", made / "even.db")
    after = whole(target)
    assert {name for name in before if before[name] != after[name]} == set()


def test_what_came_since_is_brought_over(made: Path, tmp_path: Path) -> None:
    target, shard = tmp_path / "merged.db", tmp_path / "shard.db"
    crawled(tmp_path, "shard.db", STORY[:4])
    merge(target, shard)
    with Archive.open(shard) as again:
        for day, url, body in STORY[4:]:
            look(again, url, body, DAY.format(day))
    merge(target, shard)
    assert logical(target) == logical(made / "all.db")


def test_runs_keep_their_archive_and_evidence_its_name(made: Path, tmp_path: Path) -> None:
    target = tmp_path / "merged.db"
    merge(target, made / "news.db", made / "courier.db")
    uids = []
    for name in ("news.db", "courier.db"):
        with Archive.open_for_reading(made / name) as shard:
            mine = one(shard, "SELECT uid FROM archive")
            captures = {row["uid"] for row in rows(shard, "SELECT uid FROM captures")}
        uids.append(mine)
        with Archive.open_for_reading(target) as merged:
            there = {row["uid"] for row in rows(merged, "SELECT uid FROM captures")}
        assert captures <= there
    with Archive.open_for_reading(target) as merged:
        of = {row["a"] for row in rows(merged, "SELECT DISTINCT archive_uid AS a FROM runs")}
        assert of == {*uids, one(merged, "SELECT uid FROM archive")}


def test_a_revisit_finds_the_capture_of_another_archive(tmp_path: Path) -> None:
    crawled(tmp_path, "a.db", STORY[:1])
    (tmp_path / "b.db").write_bytes((tmp_path / "a.db").read_bytes())  # a machine went on with it
    with Archive.open(tmp_path / "b.db") as b:
        b.connection.sql.execute("UPDATE archive SET uid = 'another'")
        number = one(b, "SELECT id FROM sources WHERE url = ?", NEWS)
        own_visit(b, number, not_modified(NEWS, fetched_at=DAY.format(2)))
    merge(tmp_path / "a.db", tmp_path / "b.db")
    intact(tmp_path / "a.db")
    with Archive.open_for_reading(tmp_path / "a.db") as a:
        [row] = rows(a, "SELECT b.captured_at AS at FROM captures c JOIN captures b"
                        " ON b.uid = c.refers_to")  # fmt: skip
        assert row["at"] == DAY.format(1)
        assert one(a, "SELECT last_seen_at FROM versions") == DAY.format(2)


def test_copies_of_one_archive_that_went_on_alone_are_one_history(
    made: Path, tmp_path: Path
) -> None:
    first = crawled(tmp_path, "a.db", STORY[:1])
    second = tmp_path / "b.db"
    second.write_bytes(first.read_bytes())
    for path, rest in ((first, STORY[1::2]), (second, STORY[2::2])):
        with Archive.open(path) as archive:
            for day, url, body in rest:
                look(archive, url, body, DAY.format(day))
    merge(first, second)
    assert logical(first) == logical(made / "all.db")
    intact(first)


def test_a_delta_whose_base_is_a_delta_here_is_stored_anew(tmp_path: Path) -> None:
    """Theirs: B against A. Ours: A against C. B may then lean on no delta."""
    bodies = [page(ARTICLE + f"<p>{n}</p>" * n) for n in (1, 5, 9)]
    ours = crawled(tmp_path, "ours.db", [(1, NEWS, bodies[2]), (2, NEWS, bodies[0])])
    theirs = crawled(tmp_path, "theirs.db", [(3, NEWS, bodies[0]), (4, NEWS, bodies[1])])
    for archive in (ours, theirs):
        with Archive.open_for_reading(archive) as kept:
            assert one(kept, "SELECT count(*) FROM payloads WHERE stored_as = 'zstd-delta'") == 1
    merge(ours, theirs)
    intact(ours)
    with Archive.open_for_reading(ours) as kept:
        assert [kept.payloads.get(row["payload"]) for row in rows(
            kept, "SELECT payload FROM captures WHERE source = 1 ORDER BY captured_at"
        )] == [bodies[2], bodies[0], bodies[0], bodies[1]]  # fmt: skip


def test_what_was_packed_comes_over_as_it_is_stored(made: Path, tmp_path: Path) -> None:
    for name in ("news.db", "courier.db"):
        shutil.copy(made / name, tmp_path)
        assert main(["pack", "--archive", str(tmp_path / name), "--quiet"]) == 0
    merge(tmp_path / "merged.db", tmp_path / "news.db", tmp_path / "courier.db")
    intact(tmp_path / "merged.db")
    assert logical(tmp_path / "merged.db") == logical(made / "all.db")
    with Archive.open_for_reading(tmp_path / "merged.db") as kept:
        kinds = {row["stored_as"] for row in rows(kept, "SELECT stored_as FROM payloads")}
    assert {"brotli", "zstd-delta"} <= kinds


def test_a_damaged_payload_stays_behind_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = crawled(tmp_path, "bad.db", STORY[:1])
    with sqlite3.connect(bad) as sql:
        sql.execute("UPDATE payloads SET bytes = zeroblob(length(bytes)) WHERE size_bytes > 1000")
    sql.close()
    merge(tmp_path / "merged.db", bad, code=4)
    assert "damaged there, not taken over: sha256:" in capsys.readouterr().out


def test_what_a_person_said_comes_over_and_stands(tmp_path: Path) -> None:
    shard = crawled(tmp_path, "shard.db", STORY[:1])
    assert main(["verdict", "--archive", str(shard), NEWS, "usurped", "--note", "I saw it",
                 "--now", DAY.format(4)]) == 0  # fmt: skip
    target = crawled(tmp_path, "target.db", STORY[2:3])
    merge(target, shard)
    merge(target, shard)
    with Archive.open_for_reading(target) as kept:
        assert one(kept, "SELECT verdict FROM sources WHERE url = ?", NEWS) == "usurped"
        assert one(kept, "SELECT count(*) FROM verdicts WHERE by_hand = 1") == 1


def say(archive: Path, state: str, day: int) -> None:
    words = ["--withdraw"] if state == "withdrawn" else [state, "--note", "I saw it"]
    assert main(["verdict", "--archive", str(archive), NEWS, *words, "--now", DAY.format(day)]) == 0


@pytest.mark.parametrize(
    ("ours", "theirs", "stands"),
    [
        ((("usurped", 4),), (("vanished", 6),), "vanished"),  # the later word
        ((("usurped", 6),), (("vanished", 4),), "usurped"),
        ((("usurped", 4), ("withdrawn", 7)), (("vanished", 6),), "live"),
        ((("usurped", 4),), (("vanished", 6), ("withdrawn", 7)), "usurped"),
    ],
)
def test_of_what_people_said_the_latest_word_stands(
    tmp_path: Path, ours: tuple[tuple[str, int], ...], theirs: tuple[tuple[str, int], ...],
    stands: str,
) -> None:  # fmt: skip
    target = crawled(tmp_path, "target.db", STORY[2:3])
    shard = crawled(tmp_path, "shard.db", STORY[:1])
    for path, words in ((target, ours), (shard, theirs)):
        for state, day in words:
            say(path, state, day)
    for _ in range(2):
        merge(target, shard)
        with Archive.open_for_reading(target) as kept:
            assert one(kept, "SELECT verdict FROM sources WHERE url = ?", NEWS) == stands


def test_what_was_forgotten_in_one_archive_is_forgotten_in_all(tmp_path: Path) -> None:
    target = crawled(tmp_path, "target.db", STORY[:1])
    shard = crawled(tmp_path, "shard.db", STORY[2:3])
    with Archive.open(shard) as kept:
        number = one(kept, "SELECT id FROM sources WHERE url = ?", NEWS)
        kept.withholding.forget(number, "a court says so", now=parse_instant(DAY.format(9)))
    for _ in range(2):
        merge(target, shard)
        with Archive.open_for_reading(target) as merged:
            assert one(merged, "SELECT withheld FROM sources WHERE url = ?", NEWS) == "forgotten"
            assert one(merged, "SELECT count(*) FROM tombstones") == 1
            assert one(merged, "SELECT count(*) FROM payloads WHERE size_bytes > 1000") == 0


def test_what_was_forgotten_here_is_not_taken_in_again(tmp_path: Path) -> None:
    target = crawled(tmp_path, "target.db", STORY[:1])
    shard = crawled(tmp_path, "shard.db", [(3, NEWS, NEW)])
    with Archive.open(target) as kept:
        number = one(kept, "SELECT id FROM sources WHERE url = ?", NEWS)
        kept.withholding.forget(number, "a court says so", now=parse_instant(DAY.format(9)))
    merge(target, shard)
    with Archive.open_for_reading(target) as merged:
        assert one(merged, "SELECT count(*) FROM payloads WHERE size_bytes > 1000") == 0
        assert one(merged, "SELECT count(*) FROM tombstones") == 2
        assert one(merged, "SELECT count(*) FROM captures WHERE source IS NOT NULL") == 2


def test_entries_and_citations_meet_by_their_names(tmp_path: Path) -> None:
    a, b = new_archive(tmp_path, "a.db"), new_archive(tmp_path, "b.db")
    first = entry(cite(NEWS))
    with a, b:
        record(a, first, now=at())
        record(b, replace(first, headline="Mexico opens more centers"), now=at(days=1))
        record(b, entry(cite(COURIER), headline="Bells", url="/bells", locator="bells.md"),
               now=at(days=1))  # fmt: skip
    merge(tmp_path / "a.db", tmp_path / "b.db")
    with Archive.open_for_reading(tmp_path / "a.db") as kept:
        assert rows(kept, "SELECT title, first_seen_at, last_seen_at FROM entries ORDER BY id") == [
            {"title": "Mexico opens more centers", "first_seen_at": at(),
             "last_seen_at": at(days=1)},
            {"title": "Bells", "first_seen_at": at(days=1), "last_seen_at": at(days=1)},
        ]  # fmt: skip
        assert one(kept, "SELECT count(*) FROM citations") == 2
        assert one(kept, "SELECT count(*) FROM sources WHERE due_at IS NOT NULL") == 2


@pytest.mark.parametrize("step", ["_referring", "_articles", "restore_schedule"])
def test_a_merge_that_was_killed_is_done_again(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    target = tmp_path / "merged.db"

    def die(self: Merging) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Merging, step, die)
        merge(target, made / "odd.db", code=1)
    merge(target, made / "odd.db", made / "even.db")
    merged, right = logical(target), logical(made / "all.db")
    assert merged == right


def test_every_table_comes_over_in_some_way_or_is_known_to_stay(tmp_path: Path) -> None:
    by_name = {how.table for how in (*LEDGER, *REFERRING, *LISTED)}
    one_by_one = {  # crawler/archive/merge/merging.py
        "inputs", "entries", "entry_aliases", "hosts", "sources", "runs", "fetches", "captures",
        "payloads", "withheld", "barred", "tombstones", "verdicts", "manifests", "stamps",
        "extractions", "stored_texts",
    }  # fmt: skip
    made_anew = {"versions", "changes", "anchors", "standings", "seals", "unsealed"}
    of_a_machine = {"archive", "_sqlite_migrations", "archive_limits"}
    with new_archive(tmp_path) as archive:
        there = {row["name"] for row in rows(
            archive, "SELECT name FROM sqlite_master WHERE type = 'table'"
            " AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%_fts%'"
        )}  # fmt: skip
    assert there == by_name | one_by_one | made_anew | of_a_machine


def test_an_archive_is_not_merged_with_itself_nor_with_something_else(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    merge(made / "news.db", made / "news.db", code=2)
    (tmp_path / "text.db").write_text("no database")
    merge(tmp_path / "merged.db", tmp_path / "text.db", code=1)
    merge(tmp_path / "merged.db", tmp_path / "missing.db", code=2)
    told = capsys.readouterr().err
    assert "into which is merged" in told and "not a SQLite file" in told


def test_an_archive_at_which_a_run_is_at_work_is_refused(made: Path, tmp_path: Path) -> None:
    with Archive.open(made / "news.db") as busy, busy.run_lock():
        merge(tmp_path / "merged.db", made / "news.db", code=1)

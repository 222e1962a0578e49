"""archive.db as others see it: tables, guards, views, the search index, stock Datasette."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from datasette.app import Datasette
from datasette.utils import tilde_encode
from sqlite_utils import Database

from crawler.archive import Archive
from crawler.archive.schema import APPLICATION_ID, SCHEMA_VERSION
from crawler.archive.schema.steps import migrations
from crawler.archive.views import VIEWS
from crawler.errors import EvidenceLost
from tests.archive_kit import (
    NOW,
    URL,
    article,
    at,
    begin,
    entry,
    fill,
    gone,
    hop,
    new_archive,
    one,
    record,
    rows,
    source,
    visit,
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of an archive that holds a little of everything."""
    with new_archive(tmp_path_factory.mktemp("filled")) as made:
        fill(made)
        return made.path


def tables(archive: Archive) -> list[str]:
    names = rows(archive, "SELECT name FROM sqlite_master WHERE type = 'table'")
    return [row["name"] for row in names if "_fts" not in row["name"]]


# Layout


def test_an_archive_is_set_so_that_a_commit_survives_a_power_cut(archive: Archive) -> None:
    found = {
        name: one(archive, f"PRAGMA {name}")
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "page_size")
    }
    assert found == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000,
        "page_size": 4096,
    }  # fmt: skip


def test_the_file_says_what_it_is_and_which_schema_it_has(archive: Archive) -> None:
    assert one(archive, "PRAGMA application_id") == APPLICATION_ID
    assert APPLICATION_ID.to_bytes(4, "big") == b"SKEP"
    assert one(archive, "PRAGMA user_version") == SCHEMA_VERSION == len(migrations._migrations)
    assert re.fullmatch(r"[0-9a-f-]{36}", one(archive, "SELECT uid FROM archive"))


def test_every_table_is_strict(archive: Archive) -> None:
    loose = rows(
        archive, "SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict"
        " AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%_fts%'",
    )  # fmt: skip
    assert not loose


def test_every_foreign_key_names_a_column_that_is_there(archive: Archive) -> None:
    for table in tables(archive):
        for key in rows(archive, f"PRAGMA foreign_key_list({table})"):
            columns = {row["name"] for row in rows(archive, f"PRAGMA table_info({key['table']})")}
            assert key["to"] in columns, (table, key)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("inputs", "kind", "stone"), ("inputs", "enabled", 2), ("citations", "role", "friend"),
        ("source_spellings", "kind", "guessed"), ("fetches", "purpose", "fun"),
        ("fetches", "tls_verified", 7), ("captures", "record_type", "copy"),
        ("captures", "truncated", "yes"), ("captures", "refers_to", "something"),
        ("payloads", "stored_as", "gzip"), ("payloads", "base_digest", "sha256:00"),
        ("payloads", "size_bytes", "many"), ("extractions", "status", "fine"),
        ("extractions", "words", "a lot"),
    ],
)  # fmt: skip
def test_a_value_that_means_nothing_is_refused(
    filled: Path, tmp_path: Path, table: str, column: str, value: object
) -> None:
    """Each row of the filled archive, inserted again as it is but for one column."""
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(filled)) as db, closing(sqlite3.connect(copy)) as other:
        db.backup(other)
    with Archive.open(copy) as archive:
        row = rows(archive, f"SELECT * FROM {table} LIMIT 1")[0]
        row.pop("id", None)
        fresh = {name: f"{row[name]} too" for name in row if name in ("uid", "digest", "locator",
                 "url", "label_raw", "extractor")}  # fmt: skip
        row |= fresh
        statement = f"INSERT INTO {table} ({','.join(row)}) VALUES ({','.join('?' * len(row))})"
        with archive.writing():
            archive.connection.sql.execute(statement, list(row.values()))
        row |= {name: f"{value} again" for name, value in fresh.items()} | {column: value}
        refused = pytest.raises(EvidenceLost, match=r"CHECK constraint failed|cannot store")
        with refused, archive.writing():
            archive.connection.sql.execute(statement, list(row.values()))


# Guards


EVIDENCE = ("fetches", "captures", "payloads", "runs")


@pytest.mark.parametrize("table", EVIDENCE)
def test_evidence_is_never_changed_deleted_or_replaced(filled: Path, table: str) -> None:
    """By a stranger with a plain connection, who sets no pragma of ours."""
    column = {"payloads": "size_bytes", "runs": "command"}.get(table, "url")
    with closing(sqlite3.connect(filled)) as db:
        before = db.execute(f"SELECT * FROM {table}").fetchall()
        assert before
        for attempt in (
            f"UPDATE {table} SET {column} = {column}",
            f"DELETE FROM {table}",
            f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
            f"REPLACE INTO {table} SELECT * FROM {table} LIMIT 1",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="evidence"):
                db.execute(attempt)
        assert db.execute(f"SELECT * FROM {table}").fetchall() == before


def test_a_payload_may_be_encoded_anew_but_keeps_its_digest(filled: Path) -> None:
    with closing(sqlite3.connect(filled)) as db:
        db.execute("UPDATE payloads SET stored_as = 'raw', base_digest = NULL, bytes = x'00'")
        for column in ("digest", "size_bytes"):
            with pytest.raises(sqlite3.IntegrityError, match="only their encoding"):
                db.execute(f"UPDATE payloads SET {column} = {column}, bytes = x'00'")


def test_a_run_may_be_written_until_it_is_finished(archive: Archive) -> None:
    run = begin(archive)
    archive.runs.finish(run, reason="finished", counts={}, now=at(hours=1))
    with pytest.raises(EvidenceLost, match="never changed"):
        archive.runs.finish(run, reason="again", counts={}, now=at(hours=2))


def test_a_host_always_knows_when_its_first_source_is_due(archive: Archive) -> None:
    ids = [source(archive, f"https://host.example/{n}") for n in range(3)]
    sql = archive.connection.sql
    for number, due in ((0, at(days=3)), (1, at(days=2)), (2, None), (1, None), (0, at(days=9))):
        sql.execute("UPDATE sources SET due_at = ? WHERE id = ?", (due, ids[number]))
        assert rows(archive, "SELECT next_due_at AS due FROM hosts") == rows(
            archive, "SELECT min(due_at) AS due FROM sources"
        )


# Laying out


def crash_at_statement(path: Path, number: int) -> bool:
    """Create an archive in a child that is killed at its nth statement; False: it came through."""
    child = os.fork()
    if child == 0:
        left = number

        def count(frame: FrameType, event: str, arg: Any) -> None:
            nonlocal left
            if event == "c_call" and getattr(arg, "__name__", "") in ("execute", "executescript"):
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)
        Archive.open(path, create=True)
        sys.setprofile(None)
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0


@pytest.mark.parametrize("step", [23, pytest.param(1, marks=pytest.mark.slow)])
def test_an_archive_whose_creation_was_killed_is_usable_afterwards(
    tmp_path: Path, step: int
) -> None:
    number = 0
    while crash_at_statement(path := tmp_path / f"{number}.db", number):
        if path.exists():
            with Archive.open(path, create=True) as archive:
                assert one(archive, "SELECT count(*) FROM archive") == 1
                assert one(archive, "PRAGMA integrity_check") == "ok"
                assert source(archive) == 1
        number += step
        assert number < 500  # statements; else it would never end
    assert number > 50  # the killing reached the migration


def test_two_processes_may_create_one_archive_at_the_same_time(tmp_path: Path) -> None:
    code = "import sys; from crawler.archive import Archive; Archive.open(sys.argv[1], create=True)"
    path = tmp_path / "archive.db"
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    ends = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0] * 4, ends
    with Archive.open(path) as archive:
        assert one(archive, "SELECT count(*) FROM archive") == 1


def test_an_archive_of_schema_2_keeps_its_fetches_and_takes_those_of_rescue(
    filled: Path, tmp_path: Path
) -> None:
    """The CHECK of a table with rows is changed in place; they stay as they were."""
    old = tmp_path / "old.db"
    with closing(sqlite3.connect(old)) as db, closing(sqlite3.connect(filled)) as full:
        migrations.apply(Database(db, strict=True), stop_before="003_bring_home")
        for table in ("runs", "fetches"):
            kept = full.execute(f"SELECT * FROM {table}").fetchall()
            db.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(kept[0]))})", kept)
        db.execute("PRAGMA user_version = 2")
        db.commit()
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            insert_rescue(db)
    with Archive.open(old) as archive:
        assert [tuple(row.values()) for row in rows(archive, "SELECT * FROM fetches")] == kept
        insert_rescue(archive.connection.sql)
        assert one(archive, "SELECT count(*) FROM fetches") == len(kept) + 1
        assert one(archive, "PRAGMA integrity_check") == "ok"
        assert one(archive, "PRAGMA user_version") == SCHEMA_VERSION


def insert_rescue(db: sqlite3.Connection) -> None:
    names = [row[1] for row in db.execute("PRAGMA table_info(fetches)") if row[1] != "id"]
    other = {"uid": "'r'", "purpose": "'rescue'", "source": "NULL"}
    taken = [other.get(name, name) for name in names]
    db.execute(
        f"INSERT INTO fetches ({','.join(names)}) SELECT {','.join(taken)} FROM fetches LIMIT 1"
    )


# Views


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_works_on_an_empty_archive(archive: Archive, view: str) -> None:
    assert rows(archive, f"SELECT * FROM {view}") == []


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_works_on_a_filled_archive(filled: Path, view: str) -> None:
    with Archive.open_for_reading(filled) as archive:
        assert rows(archive, f"SELECT * FROM {view}")


def test_snapshots_are_pages_and_not_the_hops_that_led_there(filled: Path) -> None:
    with Archive.open_for_reading(filled) as archive:
        found = rows(archive, "SELECT http_status, record_type, words, title FROM snapshots")
    mexico = "Mexico opens centers"
    assert [tuple(row.values()) for row in found] == [
        (200, "response", 5, mexico), (200, "revisit", 5, mexico), (304, "revisit", 5, mexico),
        (404, "response", None, "Gone"),
    ]  # fmt: skip


def test_the_views_tell_what_is_held_and_what_is_not(filled: Path) -> None:
    with Archive.open_for_reading(filled) as archive:
        now = rows(archive, "SELECT url, held, entries, payloads, failures_in_a_row AS failures"
                   " FROM sources_now ORDER BY id")  # fmt: skip
        missing = rows(archive, "SELECT url, last_outcome, last_reason FROM never_captured")
        by_entry = rows(archive, "SELECT citations, held, not_held FROM coverage_by_entry"
                        " ORDER BY id")  # fmt: skip
        run = rows(archive, "SELECT fetches, new_captures, revisits FROM runs_report")
    assert [tuple(row.values()) for row in now] == [
        (URL, 1, 3, 2, 0), ("https://gone.example/a", 0, 2, 1, 1)
    ]  # fmt: skip
    assert missing == [
        {"url": "https://gone.example/a", "last_outcome": "gone", "last_reason": "http-404"}
    ]
    assert tuple(by_entry[0].values()) == (2, 1, 1)  # the cover image is no source
    assert run == [{"fetches": 6, "new_captures": 1, "revisits": 2}]


def test_a_failed_extraction_never_hides_an_article_with_text(archive: Archive) -> None:
    run, good = begin(archive), source(archive)
    payload = str(visit(archive, run, good, hop()).final_payload)
    archive.articles.save(payload, article("What it said."), now=at())
    newer = article(None, extractor="test 2", status="failed", failure="timeout", title=None)
    archive.articles.save(payload, newer, now=at(days=1))
    assert one(archive, "SELECT text FROM snapshots") == "What it said."
    archive.articles.save(payload, article("Better.", extractor="test 3"), now=at(days=2))
    assert one(archive, "SELECT text FROM snapshots") == "Better."


# Plans: what a crawl asks all the time must not walk through a table that grows


class Plans:
    """Collects the steps that walk through a whole table, of every statement that is run."""

    # A row that is new cannot break a foreign key that names it; SQLite plans the look for one
    # because of the triggers, and skips it (OP_FkIfZero; 0.3 ms a visit beside a million sources).
    _SKIPPED = (("INSERT INTO captures", "SCAN sources"), ("INSERT INTO captures", "SCAN entry_v"))

    def __init__(self, archive: Archive) -> None:
        self.scans: list[tuple[str, str]] = []
        self._statements: list[str] = []
        self._sql = archive.connection.sql

    def __enter__(self) -> Plans:
        self._sql.set_trace_callback(self._statements.append)
        return self

    def __exit__(self, *_: object) -> None:
        self._sql.set_trace_callback(None)
        tables = {row[0] for row in self._sql.execute("SELECT name FROM sqlite_master")}
        for statement in set(self._statements):
            if not re.match(r"(SELECT|INSERT|UPDATE|DELETE)\b", statement):
                continue
            for step in self._sql.execute(f"EXPLAIN QUERY PLAN {statement}"):
                self._note(step["detail"], statement, tables)

    def _note(self, detail: str, statement: str, tables: set[str]) -> None:
        skipped = any(
            statement.startswith(what) and detail.startswith(scan) for what, scan in self._SKIPPED
        )
        # aliases are one or two letters; "v" and "(subquery-1)" are the rows of one run
        table = detail.split()[1] if detail.startswith("SCAN ") else ""
        if (table in tables or re.fullmatch("[a-u]", table)) and not skipped:
            self.scans.append((detail, statement))


def test_nothing_that_a_crawl_does_for_each_visit_walks_through_a_whole_table(
    archive: Archive,
) -> None:
    fill(archive)
    run, good = begin(archive), source(archive)
    with Plans(archive) as plans:
        [lease] = archive.frontier.lease(
            "w", hosts=1, per_host=20, ttl=timedelta(60), now=NOW + timedelta(days=9)
        )
        archive.frontier.extend("w", [lease], ttl=timedelta(60), now=NOW)
        visit(archive, run, good, hop(body=GOOD_AGAIN), lease=lease)
        visit(archive, run, good, gone(), lease=lease)
        archive.evidence.record(run, None, [hop(purpose="entry")])
        archive.evidence.page(URL)
        archive.frontier.release(lease)
        archive.articles.save("sha256:00", article(), now=at())
        archive.ledger.entry_of_unchanged("news/2017/03/4/mexico.md", b"")
        record(archive, entry(headline="Another"), b"other")
        archive.ledger.seen_again([("news/2017/03/4/mexico.md", 1)], at())
        archive.reading.snapshot(good)
        archive.reading.snapshot(good, at())
        archive.reading.fetches(good)
        archive.reading.citations(good)
        archive.reading.source(URL)
        archive.runs.report(run)
        archive.runs.failed(run, 20)
    assert not plans.scans


GOOD_AGAIN = b"<html>" + b"<p>Another text of the same page.</p>" * 30


def test_only_what_is_due_on_a_host_is_read_and_the_unvisited_are_never_sorted(
    archive: Archive,
) -> None:
    """A host may have 100,000 of them, and 20 are taken at a time."""
    fill(archive)
    statements: list[str] = []
    sql = archive.connection.sql
    sql.set_trace_callback(statements.append)
    archive.frontier.lease("w", hosts=9, per_host=9, ttl=timedelta(60), now=NOW + timedelta(days=9))
    sql.set_trace_callback(None)
    chosen = [each for each in statements if each.startswith("SELECT id, url")]
    assert len(chosen) >= 2
    for each in chosen:
        steps = [row["detail"] for row in sql.execute(f"EXPLAIN QUERY PLAN {each}")]
        assert "USING INDEX" in steps[0]
        assert len(steps) == (1 if "last_fetched_at IS NULL" in each else 2)


# Search and Datasette


def test_search_finds_a_word_in_any_of_its_forms(filled: Path) -> None:
    with Archive.open_for_reading(filled) as archive:
        for words in ("consulate", "offering legal", "Méxicó"):
            found = rows(
                archive,
                "SELECT a.title FROM texts_fts JOIN extractions x ON x.text = texts_fts.rowid"
                " JOIN articles a ON a.id = x.id WHERE texts_fts MATCH ?",
                words,
            )
            assert found == [{"title": "Mexico opens centers"}], words


def test_search_follows_a_text_that_is_extracted_again(archive: Archive) -> None:
    archive.articles.save("sha256:00", article("about apples"), now=at())
    archive.articles.save("sha256:00", article("about pears", title=None), now=at(days=1))
    count = "SELECT count(*) FROM texts_fts WHERE texts_fts MATCH ?"
    assert [one(archive, count, word) for word in ("apple", "pear", "mexico")] == [0, 1, 0]
    archive.connection.sql.execute("INSERT INTO texts_fts(texts_fts) VALUES('integrity-check')")


async def browse(path: Path) -> dict[str, tuple[int, str]]:
    """Ask stock Datasette for every table, view and row; return status and body by path."""
    inspector = Datasette([str(path)], settings={"num_sql_threads": 1})
    await inspector.invoke_startup()
    with closing(sqlite3.connect(path)) as db:
        names = [row[0] for row in db.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]  # fmt: skip
        firsts = {name: first_of(db, name) for name in names if "_fts" not in name}
    asked = ["/", f"/{path.stem}", f"/{path.stem}/texts?_search=consulates"]
    asked += [f"/{path.stem}/{name}" for name in names]
    asked += [f"/{path.stem}/{name}/{key}" for name, key in firsts.items() if key]
    answers = {}
    for address in asked:
        answer = await inspector.client.get(address)
        answers[address.removeprefix(f"/{path.stem}")] = (answer.status_code, answer.text)
    return answers


def first_of(db: sqlite3.Connection, name: str) -> str | None:
    """The primary key of the first row of a table, as it stands in Datasette's addresses."""
    key = [row[1] for row in db.execute(f"PRAGMA table_info({name})") if row[5]]
    row = db.execute(f"SELECT {', '.join(key)} FROM {name}").fetchone() if key else None
    return ",".join(tilde_encode(str(part)) for part in row) if row else None


@pytest.fixture(scope="module")
def pages(filled: Path) -> dict[str, tuple[int, str]]:
    return asyncio.run(browse(filled))


def test_every_page_of_stock_datasette_is_there(pages: dict[str, tuple[int, str]]) -> None:
    assert {status for status, _ in pages.values()} == {200}, [
        address for address, (status, _) in pages.items() if status != 200
    ]


def test_stock_datasette_opens_an_empty_archive(archive: Archive) -> None:
    assert {status for status, _ in asyncio.run(browse(archive.path)).values()} == {200}


@pytest.mark.parametrize(
    ("table", "column", "label"),
    [
        ("citations", "source", "Mexico opens centers"),
        ("citations", "entry", "Mexico opens centers"),
        ("captures", "source", "Mexico opens centers"),
        ("fetches", "source", "Gone"),
        ("entry_versions", "entry", "Mexico opens centers"),
        ("sources", "host", "toledoblade.example"),
    ],
)
def test_datasette_shows_titles_where_a_foreign_key_stands(
    pages: dict[str, tuple[int, str]], table: str, column: str, label: str
) -> None:
    cells = re.findall(rf'<td class="col-{column}[^>]*>(.*?)</td>', pages[f"/{table}"][1])
    assert any(f">{label}</a>" in cell for cell in cells), cells


def test_datasette_shows_no_bare_none_for_what_has_no_title(
    pages: dict[str, tuple[int, str]],
) -> None:
    for address, (_, body) in pages.items():
        assert ">None</a>" not in body, address


def test_only_payloads_and_seals_show_bytes_and_what_is_long_comes_last(
    pages: dict[str, tuple[int, str]],
) -> None:
    holding = [address for address, (_, body) in pages.items() if "type-bytes" in body]
    own = [address for address in holding if "_fts" not in address]  # SQLite's own are hidden
    assert own and all(address.startswith(("/payloads", "/seals")) for address in own), own
    heads = re.findall(r'data-column="(\w+)"', pages["/snapshots"][1])
    assert heads[-1] == "text"


def test_datasette_searches_the_texts(pages: dict[str, tuple[int, str]]) -> None:
    assert "1 row" in pages["/texts?_search=consulates"][1]

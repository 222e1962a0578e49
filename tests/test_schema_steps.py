"""Archives of earlier versions, with data in them, brought up to date."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import brotli
import pytest
from sqlite_utils import Database

from crawler.archive import Archive
from crawler.archive.connection import ArchiveSql, Connection
from crawler.archive.payloads import Encoded, Payloads
from crawler.archive.schema import SCHEMA_VERSION
from crawler.archive.schema.steps import migrations
from crawler.archive.sealable import watch
from crawler.archive.seals.sealing import Sealing
from crawler.comparison.texts import text_digest
from crawler.digests import digest_of, digest_of_text
from tests.archive_kit import NOW, article, at, one, rows

LONG = "The harbour fund lends to fishermen. " * 300  # lies on pages of its own


def older(path: Path, version: int, step_after: str) -> Path:
    """Lay an archive as it was before a step."""
    with closing(sqlite3.connect(path, isolation_level=None)) as sql:
        sql.execute("PRAGMA journal_mode = WAL")
        sql.execute("BEGIN IMMEDIATE")
        migrations.apply(Database(sql, strict=True), stop_before=step_after)
        sql.execute(f"PRAGMA user_version = {version}")
        sql.execute("COMMIT")
    return path


def fill_articles(sql: sqlite3.Connection, count: int, different: int) -> None:
    """Put articles into an archive of version 3: so many, of so many different texts."""
    sql.executemany(
        "INSERT INTO articles (payload, extractor, status, mime, title, author, words, text,"
        " text_digest, links, tried, extracted_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            (
                f"sha256:{number:064x}", "test 1", "text", "text/html", "Fishing", f"A. {number}",
                1800, f"{LONG}{number % different}", text_digest(f"{LONG}{number % different}"),
                '["https://a.example/"]', "fast", at(),
            )
            for number in range(count)
        ),
    )  # fmt: skip


@pytest.fixture
def third(tmp_path: Path) -> Path:
    """An archive of version 3 with six articles, a version, and what a reader has added."""
    path = older(tmp_path / "archive.db", 3, "004_keep_texts_once")
    with closing(sqlite3.connect(path)) as sql, sql:
        fill_articles(sql, 4, 2)
        bare = ("test 1", "empty", "application/pdf", at())
        for number, title in ((90, "Only a title"), (91, ""), (92, None)):
            sql.execute(
                "INSERT INTO articles (payload, extractor, status, mime, extracted_at, title)"
                " VALUES (?,?,?,?,?,?)", (f"sha256:{number}", *bare, title),
            )  # fmt: skip
        sql.execute("INSERT INTO hosts (host) VALUES ('a.example')")
        sql.execute("INSERT INTO sources (urlkey, url, title, host, first_seen_at)"
                    " VALUES ('a', 'https://a.example/', 'A', 'a.example', ?)",
                    (at(),))  # fmt: skip
        sql.execute("PRAGMA foreign_keys = OFF")
        sql.execute("INSERT INTO runs (uid, archive_uid, command, software, settings, started_at)"
                    " VALUES ('r', 'a', 'crawl', '{}', '{}', ?)", (at(),))  # fmt: skip
        sql.execute("INSERT INTO fetches (uid, visit, run, source, purpose, url, hop, fetched_at,"
                    " outcome, reason, request_headers, response_headers) VALUES"
                    " ('f', 'f', 1, 1, 'source', 'https://a.example/', 0, ?1, 'live', '', '[]',"
                    " '[]')", (at(),))  # fmt: skip
        sql.execute("INSERT INTO captures (uid, source, fetch, url, captured_at, record_type,"
                    " payload) SELECT 'c', 1, 1, 'https://a.example/', ?, 'response', payload"
                    " FROM articles WHERE id = 3", (at(),))  # fmt: skip
        sql.execute("INSERT INTO versions (source, number, title, text_digest, article, capture,"
                    " first_seen_at, last_seen_at) SELECT 1, 1, title, text_digest, 3, 1, ?1, ?1"
                    " FROM articles WHERE id = 3", (at(),))  # fmt: skip
        for payload, words in (("sha256:few", 499), ("sha256:many", 500)):
            facts = json.dumps({"title": "Ünï", "words": words, "opening": "We use cookies"})
            sql.execute("INSERT INTO page_facts VALUES (?, ?, ?)", (payload, facts, at()))
        sql.execute('CREATE VIEW "my texts" AS SELECT title, text FROM articles')
        sql.execute("CREATE INDEX mine ON articles(title, words)")
    return path


def everything(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as sql:
        return sql.execute(query).fetchall()


SHARED = (
    "SELECT id, payload, extractor, status, mime, {title}, author, site, published_on, language,"
    " words, text, text_digest, links, charset, tried, failure, extracted_at FROM articles"
    " ORDER BY id"
)
MINE = "SELECT title, text FROM 'my texts' WHERE text IS NOT NULL ORDER BY text"


def test_step_004_keeps_every_article_as_it_was(third: Path) -> None:
    before = everything(third, SHARED.format(title="nullif(title, '')"))
    seen = everything(third, MINE)
    with Archive.open(third) as archive:
        assert one(archive, "PRAGMA user_version") == SCHEMA_VERSION
        assert rows(archive, "PRAGMA foreign_key_check") == []
        assert one(archive, "PRAGMA integrity_check") == "ok"
        assert one(archive, "SELECT text FROM snapshots") == f"{LONG}0"
        assert one(archive, "SELECT a.title FROM versions v JOIN articles a ON a.id = v.article")
    assert everything(third, SHARED.format(title="title")) == before
    assert everything(third, MINE) == seen != []


def test_step_004_keeps_each_text_once_and_finds_it(third: Path) -> None:
    with Archive.open(third) as archive:
        found = rows(archive, "SELECT id, digest, title, text FROM texts")
        assert [tuple(row.values()) for row in found] == [
            (1, digest_of_text("Fishing", f"{LONG}0"), "Fishing", f"{LONG}0"),
            (2, digest_of_text("Fishing", f"{LONG}1"), "Fishing", f"{LONG}1"),
            (3, digest_of_text("Only a title", None), "Only a title", None),
        ]
        links = rows(archive, "SELECT id, text FROM extractions ORDER BY id")
        assert [row["text"] for row in links] == [1, 2, 1, 2, 3, None, None]
        for words, rowids in (("lending", None), ("lends", [1, 2]), ("only", [3])):
            query = "SELECT rowid AS id FROM texts_fts WHERE texts_fts MATCH ?"
            assert [row["id"] for row in rows(archive, query, words)] == (rowids or [1, 2])
        archive.connection.sql.execute(
            "INSERT INTO texts_fts (texts_fts) VALUES ('integrity-check')"
        )
        # and what comes later finds the texts that were moved
        archive.articles.save("sha256:00", article(f"{LONG}1", title="Fishing"), now=at())
        assert one(archive, "SELECT text FROM extractions WHERE payload = 'sha256:00'") == 2


def test_step_004_keeps_the_first_words_of_short_pages_only(third: Path) -> None:
    with Archive.open(third) as archive:
        found = rows(archive, "SELECT payload, facts FROM page_facts")
    assert {row["payload"]: json.loads(row["facts"]) for row in found} == {
        "sha256:few": {"title": "Ünï", "words": 499, "opening": "We use cookies"},
        "sha256:many": {"title": "Ünï", "words": 500},
    }


def test_a_step_that_fails_leaves_the_archive_as_it_was(
    third: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(third, "SELECT name, sql FROM sqlite_master ORDER BY name")
    last = migrations._migrations[-1]

    def broken(db: Database) -> None:
        last.fn(db)
        raise sqlite3.OperationalError("disk I/O error")

    steps = [*migrations._migrations[:-1], type(last)(last.name, broken, last.transactional)]
    monkeypatch.setattr(migrations, "_migrations", steps)
    with pytest.raises(Exception, match="disk I/O error"):
        Archive.open(third)
    monkeypatch.undo()
    after = everything(third, "SELECT name, sql FROM sqlite_master ORDER BY name")
    assert [row for row in after if not row[0].startswith("_sqlite")] == [
        row for row in before if not row[0].startswith("_sqlite")
    ]
    with Archive.open(third) as archive:
        assert one(archive, "SELECT count(*) FROM texts") == 3


@pytest.mark.slow
def test_step_004_of_a_large_archive_leaves_room_that_pack_gives_back(tmp_path: Path) -> None:
    """20,000 articles of 11 KB, a third of their texts different: 7 s, and 1.2 GB of log."""
    path = older(tmp_path / "archive.db", 3, "004_keep_texts_once")
    with closing(sqlite3.connect(path)) as sql, sql:
        fill_articles(sql, 20_000, 7_000)
    with Archive.open(path) as archive:
        assert one(archive, "SELECT count(*) FROM texts") == 7_000
        assert one(archive, "SELECT count(*) FROM articles WHERE text IS NOT NULL") == 20_000
        assert one(archive, "SELECT sum(pgsize) FROM dbstat WHERE name = 'extractions'") < 2e7


def test_an_archive_of_the_first_version_takes_all_steps_at_once(tmp_path: Path) -> None:
    path = older(tmp_path / "archive.db", 1, "002_judge")
    with closing(sqlite3.connect(path)) as sql, sql:
        fill_articles(sql, 3, 1)
    with Archive.open(path) as archive:
        assert one(archive, "SELECT count(*) FROM texts") == 1
        assert one(archive, "SELECT count(*) FROM articles WHERE title = 'Fishing'") == 3
        assert rows(archive, "SELECT * FROM versions") == []


@pytest.fixture
def fifth(tmp_path: Path) -> Path:
    """A sealed archive of version 5 that holds a payload whole, and a delta of it."""
    path = older(tmp_path / "archive.db", 5, "006_pack_smaller")
    with closing(sqlite3.connect(path, isolation_level=None, factory=ArchiveSql)) as sql:
        sql.row_factory = sqlite3.Row
        watch(sql)
        connection = Connection(path, sql)
        with connection.writing():
            first = Payloads(connection).put(LONG.encode())
            Payloads(connection).put(LONG.encode() + b"!", base_digest=first)
        Sealing(connection).seal(now=NOW)
    return path


def test_step_006_leaves_every_row_and_its_seal_as_they_were(fifth: Path) -> None:
    before = everything(fifth, "SELECT * FROM payloads")
    sealed = everything(fifth, "SELECT * FROM seals WHERE sealed_table = 'payloads'")
    assert [row[2] for row in before] == ["zstd", "zstd-delta"] and sealed
    with Archive.open(fifth) as archive:
        assert one(archive, "PRAGMA user_version") == SCHEMA_VERSION
        assert one(archive, "PRAGMA integrity_check") == "ok"
    assert Archive.verify(fifth).sound
    assert everything(fifth, "SELECT * FROM payloads") == before
    assert everything(fifth, "SELECT * FROM seals WHERE sealed_table = 'payloads'") == sealed


def test_step_006_lets_a_payload_be_brotli_and_nothing_else_be_new(fifth: Path) -> None:
    stream = Encoded("brotli", brotli.compress(LONG.encode()))
    digest = digest_of(LONG.encode())
    with Archive.open(fifth) as archive:
        archive.payloads.recode(digest, stream)
        assert archive.payloads.get(digest) == LONG.encode()
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            archive.connection.sql.execute("UPDATE payloads SET stored_as = 'gzip'")
    result = Archive.verify(fifth)
    assert result.sound and result.payloads == 2


def test_step_008_keeps_sources_and_their_seals_and_keeps_the_barred_waiting(
    tmp_path: Path,
) -> None:
    path = older(tmp_path / "archive.db", 7, "008_bar_places")
    with closing(sqlite3.connect(path, isolation_level=None, factory=ArchiveSql)) as sql:
        sql.row_factory = sqlite3.Row
        watch(sql)
        connection = Connection(path, sql)
        with connection.writing():
            sql.execute("INSERT INTO hosts (host) VALUES ('a.example')")
            sql.execute("INSERT INTO sources (urlkey, url, title, host, first_seen_at, due_at)"
                        " VALUES ('a', 'https://a.example/', 'A', 'a.example', ?1, ?1)",
                        (at(),))  # fmt: skip
        Sealing(connection).seal(now=NOW)
    sealed = everything(path, "SELECT * FROM seals WHERE sealed_table = 'sources'")
    with Archive.open(path) as archive:
        assert one(archive, "SELECT due_at FROM sources WHERE barred IS NULL") == at()
    assert everything(path, "SELECT * FROM seals WHERE sealed_table = 'sources'") == sealed
    with Archive.open(path) as archive, archive.writing() as sql:
        sql.execute("INSERT INTO barred (place, decision, decided_at)"
                    " VALUES ('a.example', 'barred', ?)", (at(),))  # fmt: skip
        sql.execute("UPDATE sources SET barred = 1, due_at = NULL")
        sql.execute("UPDATE sources SET due_at = ?", (at(),))
        assert one(archive, "SELECT due_at FROM sources") is None
        assert one(archive, "SELECT next_due_at FROM hosts") is None
    assert Archive.verify(path).sound


def test_step_009_keeps_every_text_readable_found_and_sealed(tmp_path: Path) -> None:
    path = older(tmp_path / "archive.db", 8, "009_share_wording")
    with closing(sqlite3.connect(path, isolation_level=None, factory=ArchiveSql)) as sql:
        sql.row_factory = sqlite3.Row
        watch(sql)
        connection = Connection(path, sql)
        with connection.writing():
            for text, title in ((LONG, "Fishing"), (f"{LONG} Herons.", None), (None, "A title")):
                sql.execute("INSERT INTO texts (digest, title, text) VALUES (?, ?, ?)",
                            (digest_of_text(title, text), title, text))  # fmt: skip
            sql.execute("INSERT INTO extractions (payload, extractor, status, mime, extracted_at,"
                        " text) VALUES ('sha256:1', 'test 1', 'text', 'text/html', ?, 2)",
                        (at(),))  # fmt: skip
        Sealing(connection).seal(now=NOW)
        sql.execute('CREATE VIEW "my texts" AS SELECT title, text FROM texts')
    seen = everything(path, "SELECT id, digest, title, text FROM texts")
    mine = everything(path, "SELECT * FROM 'my texts'")
    with Archive.open(path) as archive:
        assert one(archive, "PRAGMA user_version") == SCHEMA_VERSION
        assert one(archive, "PRAGMA integrity_check") == "ok"
        assert rows(archive, "PRAGMA foreign_key_check") == []
        assert one(archive, "SELECT text FROM articles") == f"{LONG} Herons."
        assert one(archive, "SELECT rowid FROM texts_fts WHERE texts_fts MATCH 'heron'") == 2
        assert one(archive, "SELECT count(*) FROM stored_texts WHERE base IS NULL") == 3
        archive.connection.sql.execute(
            "INSERT INTO texts_fts (texts_fts, rank) VALUES ('integrity-check', 1)"
        )
    assert everything(path, "SELECT id, digest, title, text FROM texts") == seen
    assert everything(path, "SELECT * FROM 'my texts'") == mine != []
    assert Archive.verify(path).sound
    with Archive.open(path) as archive:
        archive.articles.save("sha256:1", article("Another text."), now=at())
        assert one(archive, "SELECT count(*) FROM texts_fts WHERE texts_fts MATCH 'heron'") == 0
        archive.seal(now=NOW)
    result = Archive.verify(path)
    assert result.sound and not result.unsealed and result.tables["stored_texts"] == 3

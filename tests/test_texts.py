"""Texts: each once, a later one of a source as edits of an earlier one, all of them read whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from time import process_time

import pytest

from crawler.archive import Archive
from crawler.archive.selection.public_copy import write_public_copy
from crawler.archive.views import TEXTS
from crawler.archive.writing import texts
from crawler.archive.writing.texts import PIECES_MAX, edits_of
from tests.archive_kit import NOW, URL, article, at, hop, one, rows, source, visit

LINES = [f"Paragraph {n}: the harbour fund lends to the fishermen of pier {n}." for n in range(40)]
FIRST = "\n".join(LINES)
SECOND = FIRST.replace("fishermen of pier 7.", "ferrymen of pier 7, as of May.")
THIRD = "\n".join([*LINES[:20], "A paragraph about herons came in.", *LINES[22:]])
ELSE = "\n".join(f"Another story altogether, part {n}, of the lighthouse." for n in range(40))


@pytest.fixture
def composed() -> Iterator[sqlite3.Connection]:
    """The view over two texts: what the second is held as, SQLite alone puts together."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as sql:
        sql.execute("CREATE TABLE stored_texts (id INTEGER PRIMARY KEY, digest, title, text, base,"
                    " edits)")  # fmt: skip
        sql.execute(f"CREATE VIEW texts AS {TEXTS}")
        yield sql


def read_back(sql: sqlite3.Connection, base: str, edits: str) -> str:
    sql.execute("DELETE FROM stored_texts")
    sql.execute("INSERT INTO stored_texts (id, text) VALUES (1, ?)", (base,))
    sql.execute("INSERT INTO stored_texts (id, base, edits) VALUES (2, 1, ?)", (edits,))
    return str(sql.execute("SELECT text FROM texts WHERE id = 2").fetchone()[0])


def test_sqlite_puts_any_text_together_again(
    composed: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "WORTH", 99)
    draw, signs, held = Random(9), 'ab\n\r\u2028é😀ß"\\ [,]\t\x01', 0
    for number in range(600):
        monkeypatch.setattr(texts, "COPIED_MIN", draw.choice((1, 3, 12)))
        base = "".join(draw.choices(signs, k=draw.randrange(1, 120)))
        text = base
        for _ in range(draw.randrange(6)):
            place = draw.randrange(len(text) + 1)
            new = "".join(draw.choices(signs, k=draw.randrange(20)))
            text = text[:place] + new + text[place + draw.randrange(9) :]
        edits = edits_of(text, base) if text else None
        held += edits is not None
        assert edits is None or read_back(composed, base, edits) == text, (number, base, text)
    assert held > 500


def test_edits_are_what_is_taken_over_and_what_is_new() -> None:
    begun = FIRST.index("fishermen of pier 7.") + len("f")
    rest = FIRST.index("Paragraph 8")
    assert edits_of(SECOND, FIRST) == (
        f'[1,{begun},"errymen of pier 7, as of May.\\n",{rest + 1},{len(FIRST) - rest},""]'
    )
    assert edits_of(FIRST, FIRST) == f'[1,{len(FIRST)},""]'


def test_a_text_that_shares_little_is_better_whole() -> None:
    assert edits_of(ELSE, FIRST) is None
    assert edits_of("\n".join([*LINES[:20], ELSE]), FIRST) is None


def test_what_would_be_slow_to_put_together_or_to_compare_is_better_whole() -> None:
    count = PIECES_MAX + 1
    old = [
        f"line {n} of a long table that hardly changes, or so they say" for n in range(2 * count)
    ]
    new = [f"{line}\n+" if n % 2 else line for n, line in enumerate(old)]
    assert edits_of("\n".join(new), "\n".join(old)) is None
    started = process_time()
    edits_of("a\nb\n" * 20_000, "b\na\na\n" * 20_000)
    edits_of("x" * 2_000_000 + "y", "x" * 2_000_000 + "z")
    assert process_time() - started < 5


# In an archive


def captured(archive: Archive, run: int, *bodies: tuple[str, str], url: str = URL) -> list[str]:
    """Keep captures of one source, each with its text; return the digests of their payloads."""
    number, digests = source(archive, url), []
    for day, (body, text) in enumerate(bodies):
        kept = visit(archive, run, number, hop(url, body.encode() * 9, fetched_at=at(days=day)))
        digests.append(str(kept.final_payload))
        archive.articles.save(digests[-1], article(text), now=at(days=day))
    return digests


def held(archive: Archive) -> list[tuple[int, int | None, bool]]:
    """Of each text its row, its base, and whether it stands there whole."""
    found = rows(archive, "SELECT id, base, text IS NOT NULL AS whole FROM stored_texts")
    return [(row["id"], row["base"], bool(row["whole"])) for row in found]


def shown(archive: Archive) -> list[str]:
    return [row["text"] for row in rows(archive, "SELECT text FROM snapshots ORDER BY captured_at")]


def found(archive: Archive, words: str) -> list[int]:
    query = "SELECT rowid AS id FROM texts_fts WHERE texts_fts MATCH ? ORDER BY 1"
    return [row["id"] for row in rows(archive, query, words)]


def is_indexed_soundly(archive: Archive) -> bool:
    archive.connection.sql.execute(
        "INSERT INTO texts_fts (texts_fts, rank) VALUES ('integrity-check', 1)"
    )
    return True  # else SQLite has raised


VERSIONS = [("<p>1</p>", FIRST), ("<p>2</p>", SECOND), ("<p>3</p>", THIRD)]


def test_later_versions_are_edits_of_the_first_and_every_view_shows_them_whole(
    archive: Archive, run: int
) -> None:
    captured(archive, run, *VERSIONS)
    assert held(archive) == [(1, None, True), (2, 1, False), (3, 1, False)]
    assert shown(archive) == [FIRST, SECOND, THIRD]
    assert [row["text"] for row in rows(archive, "SELECT text FROM articles ORDER BY id")] == [
        FIRST, SECOND, THIRD
    ]  # fmt: skip
    assert [row["text"] for row in rows(archive, "SELECT text FROM texts")] == shown(archive)
    assert one(archive, "SELECT sum(length(edits)) FROM stored_texts") < len(FIRST) / 10


def test_every_version_is_found_by_words_that_it_took_over_and_that_it_added(
    archive: Archive, run: int
) -> None:
    captured(archive, run, *VERSIONS)
    assert found(archive, "fishermen") == [1, 2, 3]
    assert found(archive, "ferryman OR ferrymen") == [2]
    assert found(archive, '"pier 6" AND "as of may"') == [2]
    assert found(archive, "heron") == [3]
    query = "SELECT snippet(texts_fts, 1, '[', ']', '', 5) FROM texts_fts WHERE texts_fts MATCH ?"
    assert "[herons]" in one(archive, query, "heron")
    assert is_indexed_soundly(archive)
    archive.connection.sql.execute("INSERT INTO texts_fts (texts_fts) VALUES ('rebuild')")
    assert is_indexed_soundly(archive) and found(archive, "heron") == [3]


def test_a_version_that_was_rewritten_is_whole_and_the_base_of_what_follows(
    archive: Archive, run: int
) -> None:
    later = ELSE.replace("part 9", "part nine")
    captured(archive, run, VERSIONS[0], ("<p>e</p>", ELSE), ("<p>l</p>", later), VERSIONS[1])
    assert held(archive) == [(1, None, True), (2, None, True), (3, 2, False), (4, 1, False)]
    assert shown(archive) == [FIRST, ELSE, later, SECOND]


def test_texts_of_other_sources_and_short_ones_are_whole(archive: Archive, run: int) -> None:
    captured(archive, run, VERSIONS[0])
    captured(archive, run, VERSIONS[1], url="https://other.example/")
    captured(archive, run, ("<p>s</p>", "Short."), ("<p>t</p>", "Short!"), url="https://s.example/")
    archive.articles.save("sha256:none", article(THIRD), now=at())  # of a payload without a source
    assert [base for _, base, _ in held(archive)] == [None] * 5


def test_a_text_that_goes_leaves_those_that_were_edits_of_it_whole(
    archive: Archive, run: int
) -> None:
    first, *_ = captured(archive, run, *VERSIONS)
    archive.articles.save(first, article(ELSE), now=at())  # the extractor finds something else
    assert shown(archive) == [ELSE, SECOND, THIRD]
    assert [whole for *_, whole in held(archive)] == [True, True, True]
    assert found(archive, '"pier 7"') == [2, 3] and is_indexed_soundly(archive)


def test_a_text_that_is_edits_goes_from_the_index_too(archive: Archive, run: int) -> None:
    _, second, _ = captured(archive, run, *VERSIONS)
    archive.articles.save(second, article(FIRST), now=at())
    assert held(archive) == [(1, None, True), (3, 1, False)]
    assert found(archive, "ferrymen") == [] and is_indexed_soundly(archive)


def test_a_source_that_is_forgotten_takes_all_its_texts_along(archive: Archive, run: int) -> None:
    captured(archive, run, *VERSIONS)
    archive.runs.finish(run, reason="finished", counts={}, now=at())
    archive.withholding.forget(1, "asked by its author", now=NOW)
    archive.withholding.overwrite()
    assert held(archive) == [] and found(archive, "harbour") == []
    assert b"ferrymen" not in archive.path.read_bytes()


def test_a_public_copy_has_each_text_whole(archive: Archive, run: int, tmp_path: Path) -> None:
    captured(archive, run, *VERSIONS)
    archive.runs.finish(run, reason="finished", counts={}, now=at())
    copied = tmp_path / "copy.db"
    write_public_copy(archive.path, copied, tmp_path / "scratch.db", lambda _: None)
    with Archive.open(copied) as public:
        assert [whole for *_, whole in held(public)] == [True, True, True]
        assert shown(public) == [FIRST, SECOND, THIRD]
        assert found(public, "heron") == [3] and is_indexed_soundly(public)

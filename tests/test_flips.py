"""A flipped bit is found, whatever it is in, and named by its row where it is in one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from crawler.archive import Archive
from crawler.conclusion import Conclusion
from crawler.dates import format_instant
from crawler.items import Article
from tests.archive_kit import NOW, begin, fill, hop, new_archive, source, visit
from tests.flipping import CLASSES, Flips, flip_bits

WORDS = Path(__file__).with_name("test_flips.py").read_text(encoding="utf-8").split()


def dense_archive(folder: Path, sources: int) -> Path:
    """A sealed archive of some sources, each with two versions of its article."""
    random = Random(11)
    folder.mkdir(exist_ok=True)
    with new_archive(folder) as archive:
        fill(archive)
        for day in (0, 3):
            run = begin(archive)
            for number in range(sources):
                _keep(archive, run, number, day, random)
            archive.runs.finish(run, reason="finished", counts={}, now=format_instant(NOW))
        for number in archive.reading.source_ids():
            Conclusion(archive).conclude_again(number, now=NOW)
    with closing(sqlite3.connect(archive.path, isolation_level=None)) as sql:
        # so that some pages are free
        sql.execute("CREATE TABLE notes (text)")
        sql.executemany("INSERT INTO notes VALUES (?)", [("a note " * 500,)] * 10)
        sql.execute("DROP TABLE notes")
    return archive.path


def _keep(archive: Archive, run: int, number: int, day: int, random: Random) -> None:
    url = f"https://host{number % 7}.example/2026/{number}/article.html"
    sentences = [" ".join(random.choices(WORDS, k=12)) for _ in range(random.randrange(20, 200))]
    body = "<html><h1>An article</h1>" + "".join(f"<p>{s}.</p>" for s in sentences)
    then = format_instant(NOW + timedelta(days=day))
    kept = visit(archive, run, source(archive, url), hop(url, body.encode(), fetched_at=then))
    text = ". ".join(sentences)
    read = Article("test 1", "text", "text/html", title=f"Article {number}", text=text)
    archive.articles.save(str(kept.final_payload), read, now=then)


def assert_named(flips: Flips) -> None:
    rows = flips.of("rows of tables")
    told = "\n".join(flips.missed[:40])
    assert flips.of("rows of tables", "row") >= 0.999 * rows, told
    used = [kind for kind in CLASSES if kind != "unused"]
    missed = sum(flips.of(kind, "missed") for kind in used)
    assert missed <= 0.001 * sum(flips.of(kind) for kind in used), told


def test_a_flipped_bit_is_named_by_its_row(tmp_path: Path) -> None:
    flips = flip_bits(dense_archive(tmp_path, 12), tmp_path, 120)
    assert flips.of("rows of tables") > 30
    assert_named(flips)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_thousands_of_flipped_bits_are_named_by_their_rows(tmp_path: Path) -> None:
    flips = flip_bits(dense_archive(tmp_path, 40), tmp_path, 3_000, seed=2)
    assert_named(flips)

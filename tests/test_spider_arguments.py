"""Arguments of spiders under plain `scrapy crawl`: a wrong one costs a sentence, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import Ended
from tests.crawling import scrapy


def spider(archive: Path, *words: str) -> Ended:
    return scrapy("crawl", *words, "-s", f"SOURCEKEEP_ARCHIVE={archive}")


def test_a_depth_that_is_no_number_ends_the_crawl_with_one_sentence(tmp_path: Path) -> None:
    done = spider(tmp_path / "a.db", "entries", "-a", "depth=x")
    assert done.code == 1
    assert "ERROR: depth 'x': write a whole number, 0 or more" in done.err
    assert "Traceback" not in done.err + done.out
    assert not (tmp_path / "a.db").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["since=2026-99-01"], "'2026-99-01' is no date"),
        (["since=2026-02-01", "until=2026-01-01"], "the end comes first"),
        (["input=nowhere.md"], "nowhere.md: no such file or folder"),
        (["input="], "is empty; name a file"),
        (["input=http://"], "not a URL that can be fetched"),
        (["input=.", "base_url=x"], "x: not a base URL"),
    ],
)
def test_so_does_every_other_value_that_cannot_be(
    tmp_path: Path, words: list[str], told: str
) -> None:
    arguments = [word for value in words for word in ("-a", value)]
    done = spider(tmp_path / "a.db", "entries", *arguments)
    assert done.code == 1 and told in done.err
    assert "Traceback" not in done.err + done.out


@pytest.mark.slow
def test_an_archive_that_cannot_be_used_is_told_likewise(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("no archive")
    done = spider(tmp_path / "a.db", "sources")
    assert done.code == 1 and "not a SQLite file" in done.err
    assert "Traceback" not in done.err + done.out

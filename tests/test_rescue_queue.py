"""What waits for web archives: what we lack first, and apart from what could only be compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.demo.behaviours import page
from crawler.demo.loopback import LoopbackWeb
from tests.crawling import crawl, rows, sourcekeep
from tests.rescue_kit import Story, entry_page, now_at, write_entries

NOW, LATER = now_at("2026-03-01"), now_at("2026-03-02")
SITE = "127.0.0.7"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A crawl of three pages that were cited nine years ago: one as cited, one other, one gone."""
    folder = tmp_path_factory.mktemp("queue")
    stories = {"same": Story(1), "other": Story(2), "gone": Story(3)}
    with LoopbackWeb({SITE: page("Not here", status=404)}, port=0, at=NOW) as web:
        web.route(SITE, "/same", page(stories["same"].page()))
        web.route(SITE, "/other", page(Story(47).page(seed=3, title="The weather of the week")))
        entries = {name: entry_page(story.title, story.summary(),
                                    f"http://{SITE}:{web.port}/{name}")
                   for name, story in stories.items()}  # fmt: skip
        # of an entry with several sources nobody can tell which of them its words are from
        entries["other"] += f"1. [Another](http://{SITE}:{web.port}/same)\n"
        crawl(folder / "a.db", NOW, write_entries(folder / "news", entries))
        yield folder / "a.db"


def name_of(path: Path, source: int) -> str:
    [row] = rows(path, "SELECT url FROM sources WHERE id = ?", source)
    return str(row["url"]).rpartition("/")[2]


def reasons(path: Path) -> dict[str, str]:
    return {name_of(path, row["source"]): row["reason"]
            for row in rows(path, "SELECT source, reason FROM rescues")}  # fmt: skip


def test_what_is_held_as_cited_is_only_compared(archive: Path) -> None:
    found = {"same": "cited-before", "other": "not-proved", "gone": "never-held"}
    assert reasons(archive) == found


def test_what_we_lack_is_asked_for_before_what_could_be_compared(archive: Path) -> None:
    with Archive.open_for_reading(archive) as opened:
        due = [name_of(archive, source) for source in opened.rescuing.due(LATER, 9)]
        first = opened.rescuing.due(LATER, 1)
    assert len(due) == 3 and due[-1] == "same" and name_of(archive, first[0]) != "same"


def test_status_counts_them_apart(archive: Path) -> None:
    told = sourcekeep("status", "--archive", archive, "--json").json["coverage"]
    assert (told["rescues_waiting"], told["comparisons_waiting"]) == (2, 1)
    said = sourcekeep("status", "--archive", archive).out
    assert "2 sources to ask for, and for older copies of 1 that are held (sourcekeep" in said


def test_a_wish_takes_the_reason_that_it_has_by_now(archive: Path) -> None:
    with Archive.open(archive) as opened:
        opened.connection.sql.execute(
            "UPDATE rescues SET reason = 'not-proved' WHERE reason = 'cited-before'"
        )
        opened.rescuing.queue(LATER)
    assert reasons(archive)["same"] == "cited-before"

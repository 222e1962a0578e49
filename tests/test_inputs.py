"""Where entries come from, and the problems with their pages."""

from __future__ import annotations

import pytest

from crawler.archive import Archive, Input
from crawler.errors import InputNotFound
from tests.archive_kit import at, entry, one, record

A = "https://a.example/story"


def test_inputs_are_given_back_as_they_were_added(archive: Archive) -> None:
    inputs = archive.inputs
    first = inputs.add("folder", "/news", base_url="https://n.example/", now=at())
    second = inputs.add("url", "https://n.example/", options={"depth": "2"}, now=at())
    assert inputs.enabled() == [
        Input(first, "folder", "/news", "https://n.example/", {}, False),
        Input(second, "url", "https://n.example/", None, {"depth": "2"}, False),
    ]
    assert [each.id for each in inputs.enabled([second])] == [second]
    archive.connection.sql.execute("UPDATE inputs SET enabled = 0")
    assert inputs.enabled() == []
    assert inputs.add("folder", "/news", now=at(days=1)) == first
    assert [each.id for each in inputs.enabled()] == [first]


def test_a_new_base_url_makes_an_input_be_read_anew(archive: Archive) -> None:
    inputs = archive.inputs
    number = inputs.add("folder", "/news", now=at())

    def add(base: str | None) -> Input:
        inputs.was_read(number, at())
        inputs.add("folder", "/news", base_url=base, now=at(days=1))
        return inputs.enabled([number])[0]

    assert add(None).read_before
    assert not add("https://n.example/").read_before
    assert add("https://n.example/").read_before
    assert add(None) == Input(number, "folder", "/news", "https://n.example/", {}, True)
    assert not add("https://other.example/").read_before


def test_new_options_replace_old_ones_and_none_keep_them(archive: Archive) -> None:
    def add(options: dict[str, str] | None) -> dict[str, str]:
        archive.inputs.add("url", A, options=options, now=at())
        return archive.inputs.enabled()[0].options

    assert add({"depth": "2"}) == {"depth": "2"}
    assert add(None) == add({}) == {"depth": "2"}
    assert add({"since": "2020-01-01"}) == {"since": "2020-01-01"}


def test_an_input_whose_name_is_no_text_is_refused(archive: Archive) -> None:
    with pytest.raises(InputNotFound, match="holds bytes that are no text"):
        archive.inputs.add("folder", "/news/\udcff", now=at())
    assert archive.inputs.enabled() == []


def test_a_problem_is_kept_until_its_page_can_be_read(archive: Archive) -> None:
    inputs, page = archive.inputs, "news/2017/03/4/mexico.md"
    inputs.problem(page, "no headline", input_id=None, now=at())
    inputs.problem(page, "no date", input_id=None, now=at(days=1))
    assert [tuple(row) for row in archive.reading.problems()] == [(page, "no date")]
    assert one(archive, "SELECT first_seen_at FROM reading_problems") == at()
    record(archive, entry())
    assert archive.reading.problems() == []
    inputs.problem("other.md", "no date", input_id=None, now=at(days=1))
    inputs.solved("other.md")
    assert archive.reading.problems() == []


def test_a_problem_of_a_folder_is_over_when_a_whole_reading_did_not_meet_it(
    archive: Archive,
) -> None:
    """Its file was mended into a day's index, or is gone."""
    inputs = archive.inputs
    folder = inputs.add("folder", "/news", now=at())
    site = inputs.add("url", A, now=at())
    for number in (folder, site):
        inputs.problem(f"{number}.md", "no date", input_id=number, now=at())
        inputs.was_read(number, at())
    assert len(archive.reading.problems()) == 2
    for number in (folder, site):
        inputs.was_read(number, at(days=1))
    # a site is "read" page by page, so its problems end one by one
    assert [row["locator"] for row in archive.reading.problems()] == [f"{site}.md"]

"""Where the entries spider goes from a page."""

from __future__ import annotations

import pytest

from crawler.items import DayIndex, Entry, Relation
from crawler.spiders.following import Scope, Step, next_steps

SITE = "https://news.example/news/2026/01/5/index.md"
INDEX = DayIndex(
    SITE, "2026-01-05", ("a.md", "/news/2026/01/5/b.md"), "../4/index.md", "../6/index.md"
)
ENTRY = Entry(
    "https://news.example/news/2026/01/5/a.md",
    "news-markdown",
    day_url="/news/2026/01/5/index.md",
    relations=(
        Relation(1, "older", "/news/2025/12/1/older.md", None),
        Relation(2, "elsewhere", "https://other.example/x", None),
        Relation(3, "broken", "http://", None),
    ),
)


def paths(page: DayIndex | Entry, depth: int, scope: Scope) -> list[tuple[str, int]]:
    return [
        (step.url.removeprefix("https://news.example/news/"), step.depth)
        for step in next_steps(page, page.locator, depth, scope)
    ]


def test_a_day_index_leads_to_its_entries_at_its_own_depth() -> None:
    assert paths(INDEX, 0, Scope(SITE)) == [("2026/01/5/a.md", 0), ("2026/01/5/b.md", 0)]


def test_neighbouring_days_cost_a_step_unless_a_range_bounds_them() -> None:
    one_step = paths(INDEX, 0, Scope(SITE, depth=1))
    assert ("2026/01/4/index.md", 1) in one_step and ("2026/01/6/index.md", 1) in one_step
    ranged = paths(INDEX, 0, Scope(SITE, since="2026-01-05"))
    assert ("2026/01/6/index.md", 0) in ranged
    assert not any("01/4" in path for path, _ in ranged)


@pytest.mark.parametrize(
    ("depth", "expected"), [(0, []), (1, ["2026/01/5/index.md", "2025/12/1/older.md"])]
)
def test_an_entry_leads_to_its_day_and_related_entries_within_the_depth(
    depth: int, expected: list[str]
) -> None:
    assert [path for path, _ in paths(ENTRY, 0, Scope(SITE, depth=depth))] == expected


def test_other_sites_and_broken_links_are_not_followed() -> None:
    urls = [step.url for step in next_steps(ENTRY, ENTRY.locator, 0, Scope(SITE, depth=3))]
    assert all(url.startswith("https://news.example/") for url in urls)


def test_days_outside_of_the_range_are_not_followed() -> None:
    scope = Scope(SITE, depth=2, since="2026-01-01", until="2026-01-05")
    assert [path for path, _ in paths(ENTRY, 0, scope)] == ["2026/01/5/index.md"]


def test_the_end_of_the_depth_is_the_end() -> None:
    assert paths(ENTRY, 2, Scope(SITE, depth=2)) == []


def test_a_scope_comes_from_the_options_of_an_input() -> None:
    options = {"depth": "2", "since": "2026-01-01"}
    assert Scope.of(SITE, options) == Scope(SITE, 2, "2026-01-01", None)
    assert Scope.of(SITE, {}) == Scope(SITE)
    assert Step("x", 0).depth == 0

"""An article comes home from another address of its own, where its cited one brings nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.behaviours import Request, Response, page
from crawler.demo.loopback import LoopbackWeb
from crawler.mementos.elsewhere import FURTHER_MAX, could_be_the_page, further
from tests.crawling import rows, sourcekeep
from tests.rescue_kit import SOFT_404, Kept, Story, Wayback, dead_archive, now_at

NOW = now_at("2026-03-01")
GONE, WAYBACK = "127.0.0.7", "127.0.0.8"
AT = "20170304120000"
CITED = "https://www.example.com/2017/03/story-1"


@pytest.mark.parametrize(
    "named",
    [
        "https://example.com/news/story-1", "https://www.example.com/story-1.html",
        "https://m.example.com/2017/03/story-1", "https://amp.example.com/a/story-1",
        "https://example.com/?p=1234", "http://www.example.com/2017/03/04/story-1-and-more",
    ],
)  # fmt: skip
def test_a_canonical_url_of_the_same_site_is_worth_a_look(named: str) -> None:
    assert could_be_the_page(named, CITED)
    assert further(CITED, named=[named])[0].url == named


@pytest.mark.parametrize(
    ("named", "url"),
    [
        ("https://www.example.com/", CITED), ("https://www.example.com", CITED),
        ("https://www.example.com/2017/", CITED), ("https://www.example.com/2017/03", CITED),
        ("https://www.example.com/index.html", CITED), ("https://www.example.com/404", CITED),
        ("https://www.example.com/login?next=1", CITED), ("https://www.example.com/?utm=x", CITED),
        ("https://other.example.org/2017/03/story-1", CITED), ("https://example.com/", CITED),
        ("https://news.example.com/2017/03/story-1", CITED), ("nonsense", CITED), ("", CITED),
        ("javascript:void(0)", CITED), ("http://[", CITED),
        ("https://www.example.com/story", "https://www.example.com/story?id=7"),
        ("https://www.example.com/page.php", "https://www.example.com/page.php?article=9"),
        ("https://example.com/", "https://example.org/a/story-1"),
    ],
)  # fmt: skip
def test_a_canonical_url_that_is_no_article_is_not_asked_for(named: str, url: str) -> None:
    assert not could_be_the_page(named, url)
    assert named not in [each.url for each in further(url, named=[named])]


def test_the_plain_page_above_an_amp_page_is_no_folder() -> None:
    amp = "https://www.example.com/2017/03/story-1/amp"
    assert could_be_the_page(CITED, amp)


def test_what_was_looked_under_already_is_not_looked_under_again() -> None:
    known = ["http://example.com/2017/03/story-1/amp/"]
    found = further(CITED, known=known, named=[CITED + "/", CITED + "?utm_source=x"])
    assert [each.url for each in found] == ["https://m.example.com/2017/03/story-1"]
    many = [f"https://www.example.com/story-{n}" for n in range(9)]
    assert len(further(CITED, named=many)) <= FURTHER_MAX


# In a Wayback of our own


@dataclass
class World:
    """Dead pages of one host, each with what an archive holds of it and beside it."""

    web: LoopbackWeb
    wayback: Wayback
    path: Path
    report: dict[str, Any] = field(default_factory=dict)

    def url(self, path: str) -> str:
        return f"http://{GONE}:{self.web.port}{path}"

    def best(self, path: str) -> dict[str, Any] | None:
        found = rows(self.path, "SELECT * FROM rescued WHERE url = ?", self.url(path))
        return found[0] if found and found[0]["state"] == "home" else None

    def asked(self, part: str) -> list[Request]:
        return [r for r in self.web.requests if r.host == WAYBACK and part in r.target]


STORIES = {
    path: Story(number)
    for number, path in enumerate(
        ["/2017/stub-1", "/2017/print-2?print=1", "/2017/amp-3/amp", "/2017/guess-4.html",
         "/2017/other-5", "/2017/home-6", "/2017/far-7", "/2017/both-8/amp", "/2017/none-9",
         "/2017/many-10"],
        start=1,
    )
}  # fmt: skip


def with_canonical(body: bytes, target: str) -> bytes:
    return body.replace(b"</head>", f'<link rel=canonical href="{target}"></head>'.encode())


def plant(world: World) -> None:
    held: dict[str, list[Kept]] = {}

    def keep(path: str, body: bytes, at: str = AT, **more: Any) -> None:
        held.setdefault(world.url(path), []).append(Kept(at, body, **more))

    def of(path: str) -> bytes:
        return STORIES[path].page()

    stub = b"<html><head><title>Moved</title></head><body><p>This page has moved.</p></body></html>"
    keep("/2017/stub-1", with_canonical(stub, "/articles/stub-1-whole"))
    keep("/articles/stub-1-whole", of("/2017/stub-1"))
    keep("/2017/print-2", of("/2017/print-2?print=1"))
    keep("/2017/amp-3/amp", SOFT_404)
    keep("/2017/amp-3", of("/2017/amp-3/amp"))
    keep("/2017/guess-4.amp.html", of("/2017/guess-4.html"))
    # a canonical URL that leads to another article on the topic, and one that leads to the home
    keep("/2017/other-5", with_canonical(stub, "/articles/another"))
    keep("/articles/another", STORIES["/2017/other-5"].page(seed=7))
    keep("/2017/home-6", with_canonical(stub, "/"))
    keep("/", of("/2017/home-6"))
    # the page redirects to an address of which there is no capture near in time
    keep("/2017/far-7", b"", status=200, headers=(("Location", "x"),))
    keep("/2017/new/far-7", of("/2017/far-7"), at="20170901120000")
    for at in ("20170303120000", "20170305120000"):
        keep("/2017/both-8", of("/2017/both-8/amp"), at=at)
    for day in range(1, 13):
        bad = with_canonical(stub + b"<!-- %d -->" % day, "/articles/many")
        keep("/2017/many-10", bad, at=f"201703{day:02}120000")
    keep("/articles/many", of("/2017/many-10"))
    world.wayback.captures = held
    world.wayback.fail = _redirecting(world)


def _redirecting(world: World) -> Callable[[Request], Response | None]:
    def answer(request: Request) -> Response | None:
        if not request.target.endswith("id_/" + world.url("/2017/far-7")):
            return None
        place = f"{request.base_url}/web/20170901120000id_/{world.url('/2017/new/far-7')}"
        return Response(302, (("Location", place),
                              ("Memento-Datetime", "Sat, 04 Mar 2017 12:00:00 GMT")))  # fmt: skip

    return answer


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder, wayback = tmp_path_factory.mktemp("elsewhere"), Wayback()
    sites = {GONE: page("There is nothing here.", status=404), WAYBACK: wayback}
    with LoopbackWeb(sites, port=0, at=NOW) as web:
        world = World(web, wayback, folder / "a.db")
        plant(world)
        urls = {world.url(path): story for path, story in STORIES.items()}
        dead_archive(world.path, urls, NOW - timedelta(days=1))
        done = sourcekeep(
            "rescue", "--archive", world.path, "--now", NOW.isoformat(), "--allow", "127.0.0.0/8",
            "-s", "SOURCEKEEP_RESCUE_ARCHIVES="
            f"wb=wayback+http://{WAYBACK}:{web.port};index=6000;replay=6000",
            "-s", "SOURCEKEEP_WORKERS=1", "--json",
        )  # fmt: skip
        assert done.code == 0, done.err
        world.report = done.json
        yield world


@pytest.mark.parametrize(
    ("path", "confidence", "found_by", "under"),
    [
        ("/2017/stub-1", "D", "named-canonical", "/articles/stub-1-whole"),
        ("/2017/print-2?print=1", "D", "plain", "/2017/print-2"),
        ("/2017/amp-3/amp", "D", "plain", "/2017/amp-3"),
        ("/2017/guess-4.html", "D", "amp", "/2017/guess-4.amp.html"),
        ("/2017/far-7", "E", "named-canonical", "/2017/new/far-7"),
        ("/2017/both-8/amp", "B", "plain", "/2017/both-8"),
    ],
)
def test_the_article_comes_home_from_another_address_one_class_lower(
    world: World, path: str, confidence: str, found_by: str, under: str
) -> None:
    best = world.best(path)
    assert best is not None
    evidence = json.loads(best["evidence"])
    assert (best["class"], best["proof"]) == (confidence, "excerpt")
    assert (evidence["found_by"], evidence["found_under"]) == (found_by, world.url(under))


def test_show_tells_under_which_address_it_was_found(world: World) -> None:
    shown = sourcekeep("show", "--archive", world.path, world.url("/2017/stub-1")).out
    assert f"(as {world.url('/articles/stub-1-whole')}, by named-canonical)" in shown


def test_another_article_and_the_home_page_do_not_come_home(world: World) -> None:
    assert world.best("/2017/other-5") is None and world.best("/2017/home-6") is None
    assert world.asked("id_/" + world.url("/articles/another"))
    assert not world.asked("id_/" + world.url("/") + " ")
    home = [r for r in world.asked("/cdx") if r.target.endswith("%2F&output=json")]
    assert not home


def test_fetches_are_kept_back_for_an_address_that_bad_mementos_name(world: World) -> None:
    assert world.best("/2017/many-10") is not None
    [said] = [s for s in world.report["sources"] if s["url"] == world.url("/2017/many-10")]
    assert (said["confidence"], said["fetched"]) == ("D", 7)


def test_what_is_nowhere_costs_few_questions(world: World) -> None:
    [row] = rows(world.path, "SELECT count(*) AS n FROM lookups l JOIN sources s ON s.id = l.source"
                             " WHERE s.url = ?", world.url("/2017/none-9"))  # fmt: skip
    assert 1 < row["n"] <= 1 + FURTHER_MAX
    said = {each["url"]: each["ending"] for each in world.report["sources"]}
    assert said[world.url("/2017/none-9")] == "none-found"

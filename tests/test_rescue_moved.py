"""Pages that are gone, found at other addresses of their hosts: proposed, never taken."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.archive import Archive
from crawler.demo.behaviours import Response, page
from crawler.demo.loopback import LoopbackWeb
from crawler.mementos.relocating import Candidate, named_like, read_host_list, sitemaps_named
from tests.crawling import crawl, rows, sourcekeep, value
from tests.rescue_kit import Story, entry_page, now_at, write_entries

NOW = now_at("2026-03-01T12:00:00Z")
SITE = "127.0.0.7"
URL = "http://a.example/2017/old.html"


# Lists of hosts


def test_sitemaps_indexes_and_feeds_are_read_packed_or_not() -> None:
    sitemap = (
        b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>/a</loc></url>'
        b"<url><loc> http://a.example/b </loc></url><url><loc>mailto:x</loc></url></urlset>"
    )
    pages = [("http://a.example/a", "sitemap"), ("http://a.example/b", "sitemap")]
    for body in (sitemap, gzip.compress(sitemap)):
        found = read_host_list(body, "http://a.example/sitemap.xml")
        assert [(each.url, each.found_by) for each in found.pages] == pages
    index = b"<sitemapindex><sitemap><loc>/s1.xml.gz</loc></sitemap></sitemapindex>"
    assert read_host_list(index, URL).lists == ("http://a.example/s1.xml.gz",)
    rss = (
        b"<rss><channel><title>T</title><item><title>One two</title><link>/one</link></item>"
        b"</channel></rss>"
    )
    atom = (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Two</title>'
        b'<link href="/two"/></entry></feed>'
    )
    assert read_host_list(rss, URL).pages == (Candidate("http://a.example/one", "feed", "One two"),)
    assert read_host_list(atom, URL).pages == (Candidate("http://a.example/two", "feed", "Two"),)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><p>Not here", b"\x1f\x8bbroken", b"<!DOCTYPE a [<!ENTITY b 'c'>]><urlset>&b;"
     b"</urlset>", b"\xff\xfe\x00"],
)  # fmt: skip
def test_what_is_no_list_lists_nothing(body: bytes) -> None:
    found = read_host_list(body, URL)
    assert not found.pages and not found.lists


def test_only_pages_of_the_host_that_are_named_alike_come_into_question() -> None:
    title = "Harwick harbour reopened after council ballot"
    listed = [
        Candidate("http://a.example/news/harwick-harbour-reopened-after-council-ballot", "sitemap"),
        Candidate("http://a.example/harbour-news", "sitemap"),
        Candidate(URL, "sitemap", title),
        Candidate("http://b.example/x", "feed", title),
    ]
    assert [each.url for each in named_like(title, listed, URL)] == [
        "http://a.example/news/harwick-harbour-reopened-after-council-ballot"
    ]
    assert named_like("News", listed, URL) == ()


def test_sitemaps_that_robots_txt_names_count_on_the_same_site_only() -> None:
    text = b"User-agent: *\nSitemap: http://a.example/m.xml\nsitemap: http://b.example/m.xml\n"
    assert sitemaps_named(text, "http://a.example/") == ("http://a.example/m.xml",)


# A host that put its pages in another order


@dataclass
class Host:
    web: LoopbackWeb
    archive: Path
    story: Story

    @property
    def base(self) -> str:
        return f"http://{SITE}:{self.web.port}"

    def look(self, *words: object) -> Any:
        done = sourcekeep(
            "rescue", "--moved", "--archive", self.archive, "--now", "2026-05-01", "--allow",
            "127.0.0.0/8", "--delay", "0", "-s", "SOURCEKEEP_WORKERS=1", "--json", *words,
        )  # fmt: skip
        assert done.code == 0, done.err
        return done.json


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """One crawl found the page, one two months later did not."""
    story = Story(2)
    with LoopbackWeb({SITE: page("Not found", status=404)}, port=0, at=NOW) as web:
        web.route(SITE, "/old", page(story.page()))
        entry = entry_page(story.title, story.summary(), f"http://{SITE}:{web.port}/old",
                           day="2026-03-01")  # fmt: skip
        news = write_entries(tmp_path / "news", {"s": entry})
        crawl(tmp_path / "a.db", NOW, news)
        web.route(SITE, "/old", page("Not found", status=404))
        crawl(tmp_path / "a.db", NOW + timedelta(days=60), "-s", "SOURCEKEEP_RESCUE=0")
        web.requests.clear()
        yield Host(web, tmp_path / "a.db", story)


def test_a_page_with_its_title_and_its_text_is_proposed_and_not_taken(host: Host) -> None:
    slug = "/archive/" + host.story.title.lower().replace(" ", "-")
    decoy = slug + "-in-pictures"
    listed = "".join(f"<url><loc>{host.base}{path}</loc></url>" for path in (decoy, slug, "/x"))
    sitemap = Response(200, (("Content-Type", "application/xml"),),
                       f"<urlset>{listed}</urlset>".encode())  # fmt: skip
    host.web.route(SITE, "/sitemap.xml", lambda _: sitemap)
    host.web.route(SITE, slug, page(host.story.page(sidebar="new dress")))
    host.web.route(SITE, decoy, page(host.story.page(seed=9)))
    [proposal] = host.look()["proposals"]
    assert (proposal["url"], proposal["found_by"], proposal["decision"]) == (
        host.base + slug, "sitemap", "proposed",
    )  # fmt: skip
    assert proposal["similarity"] > 0.9
    assert value(host.archive, "SELECT url FROM sources") == host.base + "/old"
    assert value(host.archive, "SELECT count(*) AS n FROM versions") == 1
    asked = [request.path for request in host.web.requests]
    assert "/x" not in asked and len(asked) <= 10
    # a second look asks for nothing that has a proposal
    host.web.requests.clear()
    host.look()
    assert not len(host.web.requests)
    done = sourcekeep("rescue", "--accept", proposal["id"], "--archive", host.archive, "--json")
    assert done.json["decision"] == "accepted"
    spelled = value(host.archive, "SELECT kind FROM source_spellings WHERE url = ?",
                    host.base + slug)  # fmt: skip
    assert spelled == "redirect"
    assert value(host.archive, "SELECT url FROM sources") == host.base + "/old"


@pytest.mark.slow
def test_another_article_under_a_like_title_is_not_proposed(host: Host) -> None:
    slug = "/archive/" + host.story.title.lower().replace(" ", "-")
    feed = f"<rss><channel><item><title>{host.story.title}</title><link>{slug}</link></item>"
    body = f"{feed}</channel></rss>".encode()
    host.web.route(SITE, "/feed", lambda _: Response(200, (), body))
    host.web.route(SITE, slug, page(host.story.page(seed=9)))
    assert host.look()["proposals"] == []
    assert any(request.path == slug for request in host.web.requests)
    fetched = rows(host.archive, "SELECT url FROM fetches WHERE purpose = 'rescue'")
    assert {row["url"] for row in fetched} >= {host.base + "/feed", host.base + slug}


@pytest.mark.slow
def test_a_proposal_that_is_not_there_cannot_be_decided(host: Host) -> None:
    done = sourcekeep("rescue", "--accept", "7", "--archive", host.archive)
    assert done.code == 2 and "no proposal 7" in done.err
    with Archive.open(host.archive) as archive:
        assert archive.relocations.proposals() == []

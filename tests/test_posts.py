"""Posts, feeds and sitemaps: what cites in its running text, and what lists such pages."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.demo import START, Behaviour, DemoWeb, page
from crawler.entries.reading import read_page
from crawler.errors import NothingFound
from crawler.items import DayIndex, Entry
from tests.crawling import crawl, rows, sourcekeep

HUGO = """\
---
title: "The harbour: who pays?"
date: 2026-03-01T23:30:00-05:00
permalink: /posts/harbour/
source: https://field.example/
references:
  - title: A report
    url: https://report.example/x
---

I read [this *paper*](https://a.example/paper "Title"), <https://b.example/auto> and
https://c.example/bare. Not [my own](/posts/other/), `http://code.example/`, [mail](mailto:x@y.z),
![a picture](https://img.example/x.png), nor the top[](#top).

```sh
curl https://fenced.example/
```

A [link][r] and <a href="https://html.example/raw">raw</a>.

## References

1. [Again](https://a.example/paper)
2. [Other](https://d.example/other_(x))

[r]: https://ref.example/r
"""
BLOG = """\
<!doctype html><html><head><title>Who pays? - A Blog</title>
<meta property="article:published_time" content="2026-03-05T10:00:00Z">
<link rel="canonical" href="https://blog.example/who-pays">
<link rel="alternate" type="application/rss+xml" href="/feed.xml"></head><body>
<nav><a href="https://nav.example/">Elsewhere</a></nav>
<article><h1>Who pays?</h1><p>The <a href="https://paper.example/x">report</a> says so, not
<a href="https://www.blog.example/other">we</a>.</p>
<p><a href="https://twitter.com/intent/tweet?url=x">Tweet</a>
<a rel="license" href="https://creativecommons.org/licenses/by/4.0/">CC BY</a></p></article>
<section id="comments"><article><p><a href="https://spam.example/">Buy</a></p></article></section>
<footer><a href="https://engine.example/">Engine</a></footer></body></html>
"""

ROBUST = """\
<article><h1>Robust</h1><p>They <a href="https://a.example/x" data-versiondate="2017-03-04"
data-versionurl="https://web.archive.org/web/20170305101112/https://a.example/x">said so</a>, and
<a href="https://archive.example/Xy1" data-originalurl="https://b.example/y"
data-versiondate="2018-01-02T03:04:05Z">so did they</a>, on
<a href="https://c.example/z" data-versiondate="2019-05-06">the day</a>.</p></article>
"""


def read(text: str, locator: str, base_url: str | None = None) -> Entry:
    found = read_page(text.encode(), locator, base_url=base_url)
    assert isinstance(found, Entry)
    return found


def cited(entry: Entry) -> list[str]:
    return [citation.url_as_cited for citation in entry.citations]


# ------------------------------------------------------------------ Markdown


def test_a_post_cites_every_link_of_its_text_and_fields_once_and_nothing_else() -> None:
    assert cited(read(HUGO, "posts/2026-02-28-harbour.md")) == [
        "https://field.example/", "https://report.example/x", "https://a.example/paper",
        "https://b.example/auto", "https://c.example/bare", "https://ref.example/r",
        "https://html.example/raw", "https://d.example/other_(x)",
    ]  # fmt: skip


def test_a_posts_date_is_the_day_of_its_author_whatever_the_time_zone() -> None:
    entry = read(HUGO, "posts/2026-02-28-harbour.md")
    assert (entry.date, entry.headline) == ("2026-03-01", "The harbour: who pays?")
    assert {citation.cited_on for citation in entry.citations} == {"2026-03-01"}


def test_a_citation_keeps_the_words_of_its_link_and_its_paragraph() -> None:
    paper = read(HUGO, "x.md").citations[2]
    assert paper.label == "this paper"
    assert paper.context is not None
    assert paper.context.startswith("I read this paper, https://b.example/auto and")


@pytest.mark.parametrize(
    ("text", "date", "headline"),
    [
        ('+++\ntitle = "T"\ndate = 2026-03-02T10:00:00Z\n+++\n', "2026-03-02", "T"),
        # a number that Python does not read is no front matter, and no fault of the run
        (f"+++\nn = {'1' * 5000}\n+++\n# B\n", "2026-02-01", "B"),
        ("---\ntitle: no\n---\n", "2026-02-01", "no"),
        ("# A heading\n", "2026-02-01", "A heading"),
        ("", "2026-02-01", "2026-02-01-slug"),
        ("---\n[never: closed\n---\n", "2026-02-01", "2026-02-01-slug"),
    ],
)
def test_what_the_fields_do_not_tell_is_told_by_the_heading_and_the_files_name(
    text: str, date: str, headline: str
) -> None:
    entry = read(f"{text}\nSee [x](https://a.example/).\n", "posts/2026-02-01-slug.md")
    assert (entry.date, entry.headline, cited(entry)) == (date, headline, ["https://a.example/"])


def test_a_post_that_cites_nothing_is_an_entry_and_no_problem() -> None:
    entry = read("---\ntitle: Holiday\ndate: 2026-03-01\n---\nNothing.\n", "x.md")
    assert (entry.headline, entry.citations, entry.warnings) == ("Holiday", (), ())


def test_links_to_the_posts_own_site_are_no_sources() -> None:
    text = "# H\n\n[own](https://blog.example/a) and [other](https://other.example/)\n"
    assert cited(read(text, "x.md", "https://blog.example/")) == ["https://other.example/"]


def test_of_a_page_with_a_section_of_sources_only_that_is_cited() -> None:
    """As ever: the text of the news archive links much that is no source."""
    text = "# H\n\nSee [x](https://text.example/).\n\n### Sources:\n\n1. [y](https://y.example/)\n"
    assert cited(read(text, "x.md")) == ["https://y.example/"]


def test_a_bare_list_of_links_or_a_note_is_read_as_a_post() -> None:
    assert cited(read("- [A](https://a.example/)\n- b: https://b.example/x.\n", "links.md")) == [
        "https://a.example/", "https://b.example/x",
    ]  # fmt: skip
    assert cited(read("A thought on https://c.example/ today.\n", "note.txt")) == [
        "https://c.example/"
    ]


# ------------------------------------------------------------------ HTML


@pytest.mark.parametrize("locator", ["who-pays.html", "https://blog.example/who-pays/index.html"])
def test_of_a_page_of_a_blog_the_text_cites_and_not_what_stands_around_it(locator: str) -> None:
    entry = read(BLOG, locator)
    assert (entry.headline, entry.date) == ("Who pays?", "2026-03-05")
    assert cited(entry)[0] == "https://paper.example/x"
    assert set(cited(entry)) <= {"https://paper.example/x", "https://www.blog.example/other"}


def test_of_a_page_that_marks_no_text_only_what_is_said_cites() -> None:
    page = (
        '<html><body><h1>Notes</h1><div><a href="https://menu.example/">One</a> | '
        '<a href="https://two.example/">Two</a></div>'
        '<p>What <a href="https://said.example/">the paper</a> says of harbours.</p></body></html>'
    )
    assert cited(read(page, "notes.html")) == ["https://said.example/"]


def test_a_link_that_hands_on_the_pages_own_address_is_a_button_and_no_source() -> None:
    share = '<a href="https://any.example/add?u=https%3A%2F%2Fblog.example%2Fwho-pays">Share</a>'
    entry = read(BLOG.replace("</article>", f"{share}</article>", 1), "who-pays.html")
    assert cited(entry) == ["https://paper.example/x"]


def test_a_page_of_several_posts_leads_to_the_feed_that_it_names() -> None:
    several = BLOG.replace("</article>", '</article><article><a href="https://b.example/">b</a>', 1)
    assert read_page(several.encode(), "https://blog.example/") == DayIndex(
        "https://blog.example/", None, ("/feed.xml",)
    )
    with pytest.raises(NothingFound, match="several posts stand in it; name their pages"):
        read_page(several.replace("rss+xml", "x").encode(), "https://blog.example/")


# ------------------------------------------------------------------ feeds and sitemaps

LISTS = {
    "RSS 2.0": '<rss version="2.0" xmlns:a="http://www.w3.org/2005/Atom"><channel>'
    '<link>/</link><a:link rel="self" href="/feed"/><item><a:link rel="self" href="/no"/>'
    "<link> /1 </link></item><item><guid>https://blog.example/2</guid></item>"
    '<item><guid isPermaLink="false">3</guid></item></channel></rss>',
    "RSS 1.0": '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><channel/>'
    "<item><link>/1</link></item><item><link>https://blog.example/2</link></item></r:RDF>",
    "Atom": '<feed xmlns="http://www.w3.org/2005/Atom"><link href="/"/><entry>'
    '<link rel="enclosure" href="/1.mp3"/><link href="/1"/></entry>'
    '<entry><link rel="alternate" href="https://blog.example/2"/></entry></feed>',
    "JSON Feed": '{"version": "https://jsonfeed.org/version/1.1", "title": "T", "items":'
    ' [{"id": "1", "url": "/1"}, {"url": "https://blog.example/2"}, {"id": "3"}]}',
    "sitemap": '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>/1</loc>'
    "<lastmod>2026-01-01</lastmod></url><url><loc>https://blog.example/2</loc></url></urlset>",
    "index of sitemaps": "<sitemapindex><sitemap><loc>/1</loc></sitemap>"
    "<sitemap><loc>https://blog.example/2</loc></sitemap></sitemapindex>",
}


@pytest.mark.parametrize("name", LISTS)
def test_a_feed_or_sitemap_leads_to_the_pages_that_it_lists(name: str) -> None:
    head = "" if name == "JSON Feed" else '<?xml version="1.0"?>'
    found = read_page((head + LISTS[name]).encode(), "https://blog.example/feed")
    assert isinstance(found, DayIndex)
    assert found.entry_urls == ("/1", "https://blog.example/2")


def test_a_feed_that_lists_nothing_says_so() -> None:
    with pytest.raises(NothingFound, match="a feed or sitemap, but it lists no page"):
        read_page(b"<rss><channel><title>T</title></channel></rss>", "https://blog.example/feed")


# ------------------------------------------------------------------ in the archive


def test_a_post_that_changes_its_headline_or_loses_its_links_stays_one_entry(
    tmp_path: Path,
) -> None:
    folder, archive = tmp_path / "posts", tmp_path / "a.db"
    post, bundle = folder / "2026-03-01-x.md", folder / "bundle" / "index.md"
    bundle.parent.mkdir(parents=True)
    bundle.write_text("---\ntitle: B\n---\n[b](https://b.example/) [next](other.md)\n")
    (folder / "index.md").write_text("---\ntitle: All posts\n---\n")
    for text in (
        "# One\n\n[a](https://a.example/)\n",
        "# Two\n\n[a](https://a.example/)\n",
        "# Two\n",
    ):
        post.write_text(text)
        assert sourcekeep("add", folder, "--archive", archive).code == 0
    assert rows(archive, "SELECT title FROM entries ORDER BY title") == [
        {"title": "B"}, {"title": "Two"},
    ]  # fmt: skip
    with Archive.open_for_reading(archive) as opened:
        assert opened.reading.problems() == []
    cited_now = "SELECT url, removed_at IS NULL AS now FROM citations ORDER BY url"
    assert rows(archive, cited_now) == [
        {"url": "https://a.example/", "now": 0}, {"url": "https://b.example/", "now": 1},
    ]  # fmt: skip


def test_a_blog_is_followed_by_the_feed_that_its_first_page_names(tmp_path: Path) -> None:
    """From the blog's address to copies of what its posts cite; a new post is found by itself."""
    archive = tmp_path / "a.db"
    with DemoWeb() as web:
        web.add("wire", "/paper", page("<h1>Paper</h1>" + "<p>What it says at length.</p>" * 9))
        web.add("courier", "/report", page("<h1>Report</h1>" + "<p>What it found.</p>" * 9))
        web.add("lantern", "/blog/1", page(_post("One", web.url("wire", "/paper"))))
        web.add("lantern", "/blog/2", page(_post("Two", web.url("courier", "/report"))))
        home = '<link rel="alternate" type="application/rss+xml" href="/blog/feed">'
        home += "<body><article>One</article><article>Two</article>"
        web.add("lantern", "/blog/", page(home))
        web.add("lantern", "/blog/feed", _feed("/blog/1"))
        first = crawl(archive, START, web.url("lantern", "/blog/")).json
        assert (first["intake"]["problems"], first["visits"]) == (0, 1)
        web.add("lantern", "/blog/feed", _feed("/blog/2", "/blog/1"))
        crawl(archive, START + timedelta(hours=2))
    kept = (
        "SELECT e.title AS entry, substr(s.url, -6) AS source, count(k.id) AS captures"
        " FROM entries e JOIN citations c ON c.entry = e.id JOIN sources s ON s.id = c.source"
        " JOIN captures k ON k.source = s.id AND k.record_type = 'response' GROUP BY 1, 2"
    )
    assert rows(archive, kept) == [
        {"entry": "One", "source": "/paper", "captures": 1},
        {"entry": "Two", "source": "report", "captures": 1},
    ]


def _post(title: str, source: str) -> str:
    return f'<article><h1>{title}</h1><p>See <a href="{source}">it</a>.</p></article>'


def _feed(*paths: str) -> Behaviour:
    items = "".join(f"<item><link>{path}</link></item>" for path in paths)
    rss = f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>'
    return page(rss, content_type="application/rss+xml")


# ------------------------------------------------------------------ Robust Links


def test_a_robust_link_cites_its_original_and_names_the_copy() -> None:
    entry = read(ROBUST, "https://blog.example/robust")
    assert [(each.role, each.url, each.archived_at, each.cited_on) for each in entry.citations] == [
        ("source", "https://a.example/x", None, None),
        ("archive-of", "https://a.example/x", "2017-03-05T10:11:12Z", None),
        ("source", "https://b.example/y", None, None),
        ("archive-of", "https://b.example/y", "2018-01-02T00:00:00Z", None),
        ("source", "https://c.example/z", None, "2019-05-06"),
    ]


def test_the_words_of_a_link_are_no_publisher() -> None:
    (cited,) = read(BLOG, "blog.html").citations
    assert (cited.label, cited.publisher) == ("report", None)

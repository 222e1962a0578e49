"""What stands in the head of a page, and what a page without a body tag begins its text with."""

from __future__ import annotations

import pytest
from lxml import etree

from crawler.entries.html_blocks import parse_html
from crawler.entries.reading import read_page
from crawler.items import Entry

TEXT = (
    "<h1>The harbour</h1><p>The council lends to fishermen again, says"
    " <a href='https://other.example/fund'>the fund</a> in its report of the year.</p>"
)
HEADS = {
    "link": "<link rel=canonical href=https://own.example/a>",
    "meta and link": "<meta charset=utf-8><link rel=stylesheet href=a.css>",
    "script": "<link rel=icon href=i.png><script>var a = '<article>';</script>",
    "a head tag": "<head><link rel=icon href=i.png></head>",
    "noscript": "<noscript><style>p {}</style></noscript><link rel=icon href=i.png>",
}


@pytest.mark.parametrize("box", ["article", "main", "section", "div"])
@pytest.mark.parametrize("head", HEADS)
def test_a_post_is_read_whether_or_not_the_page_has_a_body_tag(head: str, box: str) -> None:
    for body in ("", "<body>"):
        html = f"<!doctype html><title>A blog</title>{HEADS[head]}{body}<{box}>{TEXT}</{box}>"
        entry = read_page(html.encode(), "https://own.example/a")
        assert isinstance(entry, Entry)
        assert entry.headline == "The harbour"
        assert [each.url for each in entry.citations] == ["https://other.example/fund"]


def test_what_stands_behind_keeps_its_place() -> None:
    root = parse_html(
        "<title>T</title><link href=a><header>One</header> two <article>three</article>"
        "<p>four</p> five"
    )
    assert [child.tag for child in root.find("head")] == ["title", "link"]
    assert " ".join(root.find("body").itertext()).split() == ["One", "two", "three", "four", "five"]


def test_a_page_with_a_body_tag_is_left_as_it_is() -> None:
    html = "<html><head><title>T</title></head><body>a<p>b</p></body></html>"
    assert etree.tostring(parse_html(html)).decode() == html

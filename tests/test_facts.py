"""Facts of a page: what is read off it besides its article, whatever the page is made of."""

from __future__ import annotations

import time

import pytest

from crawler.extraction.article import read_facts
from crawler.items import PageFacts

URL = "https://news.example/2024/bridges"


def facts(body: str = "", head: str = "", lead: str = "") -> PageFacts:
    markup = f"<!DOCTYPE html><html><head>{lead}{head}</head><body>{body}</body></html>"
    found = read_facts(markup.encode(), url=URL, content_type="text/html; charset=utf-8")
    assert found is not None
    return found


def test_title_and_headings_are_those_that_a_reader_sees() -> None:
    found = facts(
        "<svg><title>Menu</title></svg><h1> The <em>long</em>\n bridges </h1><h1></h1><h2>No</h2>",
        "<title> The bridges\n of Town </title>",
    )
    assert (found.title, found.headings) == ("The bridges of Town", ("The long bridges",))
    assert facts("<svg><title>Menu</title></svg>").title is None


def test_where_there_is_no_h1_the_h2_are_the_headings() -> None:
    assert facts("<h2>One</h2><h2>Two</h2>").headings == ("One", "Two")


def test_addresses_are_absolute() -> None:
    found = facts(
        head="<base href='/en/'><link rel='next canonical' href='a?b'>"
        "<meta property='og:url' content='//other.example/x'>"
    )
    assert found.canonical == "https://news.example/en/a?b"
    assert found.og_url == "https://other.example/x"
    assert facts(head="<link rel=canonical href='http://[x'>").canonical is None


def test_robots_and_refresh_are_read_from_metas() -> None:
    found = facts(
        head="<META NAME='ROBOTS' CONTENT='NoIndex, noarchive,'>"
        "<meta HTTP-EQUIV=Refresh content=\"9; url='/x'\">"
    )
    assert found.robots == ("noindex", "noarchive")
    assert found.refresh == "9; url='/x'"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", 0),
        ("<p>one</p><p>two <b>three</b></p>", 3),
        ("<script>var a b c</script><style>p q</style><noscript>x y</noscript>one", 1),
        ("<template>x y</template><p> \n </p><p>&nbsp;</p>one", 1),
        ("<p>中文网页有八个字</p>", 8),
        ("<p>“un” – deux</p>", 3),
        ("<div>" * 2000 + "<p>one two</p>" + "</div>" * 2000, 2),
        ("<div>" * 3000 + "<p>one two</p>" + "</div>" * 3000, 2),
    ],
)
def test_visible_words_are_counted(body: str, words: int) -> None:
    assert facts(body).words == words


def test_the_opening_is_cut_between_words() -> None:
    opening = facts("<p>wordily \n</p>" * 499).opening
    assert opening.startswith("wordily wordily")
    assert opening.endswith(" wordily")
    assert len(opening) <= 2000


def test_a_page_of_many_words_keeps_no_opening() -> None:
    assert facts("<p>word \n</p>" * 500).opening == ""
    assert facts("<p>word \n</p>" * 500).words == 500


def test_elements_are_counted() -> None:
    found = facts(
        "<a href=/x>x</a><a name=y>y</a><script>1</script><script src=z></script>"
        "<script type=application/ld+json>{}</script><script type=module>2</script>"
        "<input type=Password><input type=text>"
    )
    assert (found.links, found.scripts, found.password_fields) == (1, 3, 1)


LD = "<script type='application/ld+json'>{}</script>"


@pytest.mark.parametrize(
    ("head", "free"),
    [
        ("", None),
        (LD.format('{"isAccessibleForFree": false}'), False),
        (LD.format('{"isAccessibleForFree": "False", "hasPart": {"x": 1}}'), False),
        (LD.format('{"isAccessibleForFree" :"http://schema.org/True"}'), True),
        (LD.format('{"isAccessibleForFree": true, "a": {"isAccessibleForFree":false}}'), True),
        (LD.format('[{"broken": "json", {"isAccessibleForFree":false'), False),
        (LD.format('{"isAccessibleForFree": "perhaps"}'), None),
        ("<script>{'isAccessibleForFree': false}</script>", None),
        ("<meta itemprop=isAccessibleForFree content=False>", False),
    ],
)
def test_free_access_is_what_the_page_says_first(head: str, free: bool | None) -> None:
    assert facts(head=head).free is free


def test_tier_and_time_of_modification_are_read() -> None:
    found = facts(
        head="<meta property='article:content_tier' content=' locked '>"
        "<meta property='article:modified_time' content='2024-03-01T10:00:00+01:00'>"
    )
    assert (found.tier, found.modified_at) == ("locked", "2024-03-01T09:00:00Z")
    told = facts(head=LD.format('{"dateModified":"2024-03-01T10:00:00Z"}')).modified_at
    assert told == "2024-03-01T10:00:00Z"
    assert facts(head=LD.format('{"dateModified":"last Tuesday"}')).modified_at is None


@pytest.mark.parametrize(
    ("markup", "marker"),
    [
        ("<script>window._cf_chl_opt={}</script>", "challenge:cloudflare"),
        ("<script src='/cdn-cgi/challenge-platform/h/b/scripts/jsd/x.js'>", "script:cloudflare"),
        ("<script src='/_Incapsula_Resource?a=b'></script>", "challenge:imperva"),
        ("<iframe src='https://geo.captcha-delivery.com/c'></iframe>", "challenge:datadome"),
        ("<script src='https://js.hcaptcha.com/1/api.js'></script>", "captcha:hcaptcha"),
        ("<a href='https://www.afternic.com/forsale/x.example'>buy</a>", "parking:afternic"),
        ("<form action='https://consent.google.com/save'></form>", "consent:gateway"),
        ("<form action='/en/log-in?next=/a'></form>", "login:form"),
        ("<script>if (!x) window.location.href = '/y'</script>", "redirect:script"),
        ("<script>location.replace(target)</script>", "redirect:script"),
        ("<noscript><p>Bitte JavaScript aktivieren</p></noscript>", "shell:noscript"),
        ("<div id=root><style>p{}</style> <script>1</script></div>", "shell:empty-root"),
        ("<app-root></app-root>", "shell:empty-root"),
    ],
)
def test_markers_of_a_short_page(markup: str, marker: str) -> None:
    assert facts(markup).markers == (marker,)


@pytest.mark.parametrize(
    "markup",
    [
        "<script>if (location == x || location.href == y) z(location.hostname)</script>",
        "<form action='/blogging/in'></form><form action='/design'></form>",
        "<div id=root><p>Text</p></div>",
        "<noscript><img src=pixel.gif></noscript>",
    ],
)
def test_what_only_looks_like_a_marker_is_none(markup: str) -> None:
    assert facts(markup).markers == ()


def test_a_frameset_is_marked() -> None:
    body = b"<html><frameset cols='*'><frame src='/x'></frameset></html>"
    found = read_facts(body, url=URL, content_type="text/html")
    assert found is not None
    assert found.markers == ("shell:frameset",)


def test_a_long_page_is_not_looked_through_for_markers() -> None:
    script = "<script>window._cf_chl_opt={}</script>"
    assert facts(script + "<p>word </p>" * 399).markers
    assert not facts(script + "<p>word </p>" * 400).markers


@pytest.mark.parametrize("body", [b"", b"plain words", b"%PDF-1.4", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_page_has_no_facts(body: bytes) -> None:
    assert read_facts(body, url=URL, content_type=None) is None


HOSTILE = {
    "200,000 anchors": "<a href=x>y</a>" * 200_000,
    "50,000 scripts": "<script>location = location</script>" * 50_000,
    "one script of 8 MB": "<script>" + "location " * 900_000 + "</script>",
    "broken JSON-LD": LD.format('{"isAccessibleForFree"' + " " * 4_000_000),
    "deep": "<div id=root>" * 100_000,
    "50,000 empty roots": "<div id=root></div>" * 50_000,
    "50,000 nested roots": "<div id=root><b>" * 1000 + "</b></div>" * 1000,
    "a title of 8 MB": "<title>" + "x " * 4_000_000 + "</title>",
    "100,000 metas": "<meta name=a content=b>" * 100_000,
    "addresses of 1 MB": f"<form action='/{'log' * 300_000}'>"
    f"<link rel=canonical href=/{'x' * 10**6}>",
    "one word of 8 MB": "x" * 8_000_000,
    "noscript of 4 MB": "<noscript>" + "<b>java</b>" * 400_000 + "</noscript>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_is_read_in_time(name: str) -> None:
    begun = time.process_time()
    found = facts(HOSTILE[name], lead=HOSTILE[name] if "title" in name else "")
    assert time.process_time() - begun < 4  # parsing included
    assert len(repr(found)) < 20_000

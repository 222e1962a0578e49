"""Other addresses of an article: those that a URL shows of itself first, then a few guesses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import UrlError
from crawler.urls import parse_url, urlkey
from crawler.urls.alternates import ALTERNATES_MAX, alternates, plain_host


def shown(url: str) -> list[str]:
    """What a URL shows of itself."""
    return [
        each.url for each in alternates(url) if each.form in ("wrapped", "plain", "doi", "resolver")
    ]


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://a.example.com/2017/story/amp", "https://a.example.com/2017/story"),
        ("https://a.example.com/2017/story/amp/", "https://a.example.com/2017/story/"),
        ("https://www.example.com/amp/news/story-1", "https://www.example.com/news/story-1"),
        ("https://example.com/news/story.amp.html", "https://example.com/news/story.html"),
        ("https://example.com/news/story.amp", "https://example.com/news/story"),
        ("https://example.com/story-1?amp=1", "https://example.com/story-1"),
        ("https://example.com/story-1?amp", "https://example.com/story-1"),
        ("https://example.com/s?id=7&outputType=amp", "https://example.com/s?id=7"),
        ("https://amp.example.com/news/story", "https://www.example.com/news/story"),
        ("http://m.example.com/news/story", "http://www.example.com/news/story"),
        ("http://mobile.example.com:8080/news/story", "http://www.example.com:8080/news/story"),
        ("https://en.m.wikipedia.org/wiki/Truro", "https://en.wikipedia.org/wiki/Truro"),
        ("http://m.example.co.uk/news/story", "http://example.co.uk/news/story"),
        ("https://example.com/news/story/print", "https://example.com/news/story"),
        ("https://example.com/print/news/story", "https://example.com/news/story"),
        ("https://example.com/story-1?print=1", "https://example.com/story-1"),
        ("https://example.com/s?id=7&output=print", "https://example.com/s?id=7"),
        ("https://example.com/story.print.html", "https://example.com/story.html"),
        ("http://www.nytimes.com/2012/a.html?pagewanted=all", "http://www.nytimes.com/2012/a.html"),
        ("http://www.nytimes.com/2012/a.html?pagewanted=print",
         "http://www.nytimes.com/2012/a.html"),
        ("https://m.example.com/news/story/amp?print=1", "https://www.example.com/news/story"),
    ],
)  # fmt: skip
def test_a_page_in_another_dress_has_a_plain_one(url: str, plain: str) -> None:
    first = alternates(url)[0]
    assert (first.url, first.form) == (plain, "plain")


@pytest.mark.parametrize(
    ("url", "inner", "plain"),
    [
        ("https://www.google.com/amp/s/www.example.com/news/story-1/amp/",
         "https://www.example.com/news/story-1/amp/", "https://www.example.com/news/story-1/"),
        ("https://www.google.co.uk/amp/example.com/news/story-1", "http://example.com/news/story-1",
         None),
        ("https://www-example-com.cdn.ampproject.org/c/s/www.example.com/amp/news/story-1",
         "https://www.example.com/amp/news/story-1", "https://www.example.com/news/story-1"),
        ("https://cdn.ampproject.org/v/s/example.com/story-1?amp=1&id=3",
         "https://example.com/story-1?amp=1&id=3", "https://example.com/story-1?id=3"),
        ("https://cdn.ampproject.org/c/example.com/story-1", "http://example.com/story-1", None),
    ],
)  # fmt: skip
def test_what_google_shows_of_a_page_is_unwrapped(url: str, inner: str, plain: str | None) -> None:
    assert shown(url) == [inner, *([plain] if plain else [])]
    assert alternates(url)[0].form == "wrapped"


def test_only_google_wraps_like_google() -> None:
    found = alternates("https://google.example.com/amp/s/example.org")
    assert "wrapped" not in {each.form for each in found}


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://dx.doi.org/10.1000/xyz123", ["https://doi.org/10.1000/xyz123"]),
        ("https://doi.org/10.1000/xyz123", ["https://dx.doi.org/10.1000/xyz123"]),
        ("https://www.tandfonline.com/doi/abs/10.1080/00207590701?journal=1",
         ["https://doi.org/10.1080/00207590701", "https://dx.doi.org/10.1080/00207590701"]),
        ("https://link.springer.com/content/pdf/10.1007/s11926-017-0626-z.pdf",
         ["https://doi.org/10.1007/s11926-017-0626-z",
          "https://dx.doi.org/10.1007/s11926-017-0626-z"]),
        ("https://www.frontiersin.org/articles/10.3389/fpsyg.2017.00123/full",
         ["https://doi.org/10.3389/fpsyg.2017.00123", "https://dx.doi.org/10.3389/fpsyg.2017.00123"]),
    ],
)  # fmt: skip
def test_a_doi_stands_under_its_resolvers(url: str, found: list[str]) -> None:
    assert [each.url for each in alternates(url)] == found


FALSE_FRIENDS = (
    "https://www.example.com/", "https://example.com/", "https://m.com/news/story-1",
    "https://amp.com/story-1", "https://www.amp.com/about-us", "https://mobile.de/story-1",
    "https://example.com/amp", "https://example.com/print", "https://example.com/amp/",
    "https://example.com/amplifier/story-1", "https://example.com/news/champ",
    "https://example.com/news/print-media-2017", "https://example.com/blueprint.html",
    "https://example.com/guitar.amplifier", "https://example.com/story-1?amplitude=1",
    "https://example.com/story-1?print_id=4", "https://example.com/story-1?amp=maybe",
    "https://example.com/search?page=2", "https://example.com/list?view=table",
    "https://mm.example.com/news/story-1", "https://imprint.example.com/a-b",
    "https://example.com/a/10.1/xyz", "https://example.com/v10.1000/2",
    "https://www.google.com/amplify/x", "https://www.google.com/search?q=amp/s/example.com/x",
    "https://cdn.ampproject.org/v0.js",
    "https://cdn.ampproject.org/i/s/example.com/picture.jpg", "http://127.0.0.1/a/b-1",
    "https://m.example/x-1", "https://doi.org/10.1000", "https://example.com/page/amp.jpg",
)  # fmt: skip


@pytest.mark.parametrize("url", FALSE_FRIENDS)
def test_what_only_looks_like_a_dress_is_left_alone(url: str) -> None:
    assert [found for found in shown(url) if "doi.org" not in found or "doi" not in url] == []


@pytest.mark.parametrize(
    ("url", "guesses"),
    [
        ("https://www.example.com/2017/story-1", ["https://www.example.com/2017/story-1/amp",
                                                  "https://m.example.com/2017/story-1"]),
        ("https://example.com/2017/story-1.html", ["https://example.com/2017/story-1.amp.html",
                                                   "https://m.example.com/2017/story-1.html"]),
        ("https://news.example.com/2017/story-1/", ["https://news.example.com/2017/story-1/amp/"]),
        ("https://www.nytimes.com/2012/03/04/a.html",
         ["https://www.nytimes.com/2012/03/04/a.html?pagewanted=all",
          "https://www.nytimes.com/2012/03/04/a.amp.html",
          "https://m.nytimes.com/2012/03/04/a.html"]),
        ("https://example.com/news/", []), ("https://example.com/report.pdf", []),
        ("https://example.com/", []), ("http://127.0.0.1/2017/story-1",
                                       ["http://127.0.0.1/2017/story-1/amp"]),
    ],
)  # fmt: skip
def test_few_things_are_guessed_of_what_could_be_an_article(url: str, guesses: list[str]) -> None:
    assert [each.url for each in alternates(url)] == guesses


def test_a_host_without_its_dress_is_the_site() -> None:
    hosts = ("www.example.com", "m.example.com", "amp.www.example.com", "en.m.wikipedia.org",
             "m.com", "news.example.com", "EXAMPLE.com")  # fmt: skip
    assert [plain_host(host) for host in hosts] == [
        "example.com", "example.com", "example.com", "en.wikipedia.org", "m.com",
        "news.example.com", "example.com",
    ]  # fmt: skip


PARTS = st.lists(st.sampled_from(
    ["amp", "print", "m.", "s", "c", "10.1000", "x-1", "a.amp.html", "?amp=1", "&", "=", "%2F",
     "//", "..", "?", "ä"]), max_size=8)  # fmt: skip


@given(st.sampled_from(["m.example.com", "example.com", "www.google.com", "cdn.ampproject.org",
                        "doi.org", "[::1]", "127.0.0.1:80"]), PARTS)  # fmt: skip
def test_whatever_a_url_holds_its_alternates_are_other_urls_and_few(
    host: str, parts: list[str]
) -> None:
    try:
        url = parse_url(f"http://{host}/" + "/".join(parts))
    except UrlError:
        return
    found = [each.url for each in alternates(url)]
    keys = [urlkey(each) for each in found]
    assert len(set(keys)) == len(keys) <= ALTERNATES_MAX and urlkey(url) not in keys
    assert all(parse_url(each) == each for each in found)

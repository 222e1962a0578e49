"""Places: which URLs a rule of a person holds, in whatever spelling, and what is no place."""

from __future__ import annotations

import pytest

from crawler.errors import UsageError
from crawler.urls.places import Place, Places, parse_place


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("example.org", "example.org"),
        (" https://Example.ORG/ ", "example.org"),
        ("example.org.", "example.org"),
        ("http://example.org:80/a/", "example.org/a"),
        ("https://example.org:8443/A%62c", "example.org:8443/Abc"),
        ("https://example.org/a/../b//c#top", "example.org/b//c"),
        ("example.org/read?id=5&utm_source=x", "example.org/read?id=5"),
        ("https://example.org/?id=5", "example.org/?id=5"),
        ("bücher.example/über", "xn--bcher-kva.example/%C3%BCber"),
        ("localhost:8000", "localhost:8000"),
        ("127.0.0.3:8000/x", "127.0.0.3:8000/x"),
        ("http://[::1]:8000/", "[::1]:8000"),
        ("http://intranet/wiki", "intranet/wiki"),
    ],
)
def test_a_place_has_one_name_by_which_it_is_found_again(text: str, canonical: str) -> None:
    place = parse_place(text)
    assert str(place) == canonical
    assert parse_place(f"http://{canonical}") == place


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no-host"),
        ("*.example.org", "no wildcards"),
        ("example.org/*.pdf", "no wildcards"),
        ("me@example.org", "credentials"),
        ("ftp://example.org/", "unsupported-scheme"),
        ("file:///etc", "unsupported-scheme"),
        ("news", "write http://news/"),
        ("12", "could be anything"),
        ("https://", "no-host"),
        ("example.org:99999", "bad-port"),
        ("exa mple.org", "bad-url"),
    ],
)
def test_what_is_no_place_is_refused_in_one_sentence(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=r"\A[^\n]*\Z") as refused:
        parse_place(text)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("rule", "held", "free"),
    [
        (
            "example.org",
            ["http://example.org", "https://EXAMPLE.org:8443/x", "https://a.b.example.org/",
             "https://example.org./x",
             "https://web.archive.org/web/2020/https://www.example.org/x"],
            ["https://notexample.org/", "https://example.org.evil.example/", "https://example.com",
             "https://other.example/?u=https://example.org/", "mailto:a@example.org", "nowhere"],
        ),
        (
            "www.example.org",
            ["https://www.example.org/"],
            ["https://example.org/", "https://m.example.org/"],
        ),
        (
            "example.org/private/",
            ["https://example.org/private", "http://example.org/private/", "https://example.org/private/a",
             "https://example.org/private?a=1", "https://m.example.org/%70rivate/a"],
            ["https://example.org/", "https://example.org/privateer", "https://example.org/Private/",
             "https://example.org/a/private/"],
        ),
        (
            "example.org:8443",
            ["https://example.org:8443/a"],
            ["https://example.org/a", "http://example.org:8080/"],
        ),
        (
            "example.org/read?id=5",
            ["https://example.org/read?id=5", "https://example.org/read?id=5&page=2",
             "https://example.org/read/?utm_source=a&id=5"],
            ["https://example.org/read?id=55", "https://example.org/read", "https://example.org/read?a=1&id=5"],
        ),
        ("http://org/", ["https://org/x"], ["https://example.org/"]),
        ("127.0.0.3", ["http://127.0.0.3:8000/", "http://127.3/"], ["http://127.0.0.30/"]),
        ("bücher.example", ["https://xn--bcher-kva.example/a"], ["https://bucher.example/"]),
    ],
)  # fmt: skip
def test_a_place_holds_what_lies_there_and_nothing_beside(
    rule: str, held: list[str], free: list[str]
) -> None:
    place = parse_place(rule)
    places = Places([place])
    assert [places.holding(url) for url in held] == [place] * len(held)
    assert [places.holding(url) for url in free] == [None] * len(free)


def test_of_several_places_the_first_is_named() -> None:
    wide, narrow = Place("example.org"), Place("example.org", path="/a")
    assert Places([narrow, wide]).holding("https://www.example.org/a/b") == narrow
    assert Places([wide, narrow]).holding("https://www.example.org/a/b") == wide
    assert not Places([]) and Places([]).holding("https://example.org/") is None

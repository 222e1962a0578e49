"""URLs: what is fetched, what names the same source, what may be shown, what archives wrap."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from pathlib import Path

import ada_url
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from crawler.errors import UrlError
from crawler.urls import (
    Unwrapped,
    fragment_of,
    host_key,
    host_of,
    parse_url,
    redact_header,
    redact_text,
    redact_url,
    same_site,
    unwrap_archive_url,
    urlkey,
)
from crawler.urls.archive_links import ARCHIVES
from crawler.urls.identity import TRACKING_PARAMETERS, without_tracking

LONG_CITED = "http://news.example/" + "a" * 559  # 579 characters, the longest seen in entries

# ------------------------------------------------------------------ parse_url

PARSED = {
    "http://example.com": "http://example.com/",
    "HTTP://EXAMPLE.com:80/A": "http://example.com/A",
    "https://example.com:443/": "https://example.com/",
    "http://example.com:443/": "http://example.com:443/",
    # blanks and invisible marks around it, as copied
    "https://example.com/a ": "https://example.com/a",
    "\u3000https://example.com/a\u200b\r\n": "https://example.com/a",
    "\ufeffhttps://example.com/\u202c": "https://example.com/",
    # the fragment stays on the citation
    "https://example.com/a#:~:text=b": "https://example.com/a",
    "https://example.com/#!/route": "https://example.com/",
    "https://example.com/#" + "x" * 9_000: "https://example.com/",
    "https://example.com/a #b": "https://example.com/a",
    # kept to the letter
    "https://example.com//storypage.php?autono=1": "https://example.com//storypage.php?autono=1",
    "https://example.com/a%2fb%2Fc/d": "https://example.com/a%2fb%2Fc/d",
    "https://example.com/%7ea?x=%7e&y=+%20": "https://example.com/%7ea?x=%7e&y=+%20",
    "https://example.com/?utm_source=x&b=2&a=1": "https://example.com/?utm_source=x&b=2&a=1",
    "https://example.com/?": "https://example.com/?",
    "https://example.com/%zz?%": "https://example.com/%zz?%",
    "https://example.com/a(b)": "https://example.com/a(b)",
    "http://web.archive.org/web/2017/http://example.com//a": (
        "http://web.archive.org/web/2017/http://example.com//a"
    ),
    LONG_CITED: LONG_CITED,
    # escaped as browsers do
    "https://example.com/a b?c d": "https://example.com/a%20b?c%20d",
    "https://example.com/新闻?題=1": ("https://example.com/%E6%96%B0%E9%97%BB?%E9%A1%8C=1"),
    "https://example.com/%E6%96%B0": "https://example.com/%E6%96%B0",
    "https://example.com/\ud800": "https://example.com/%EF%BF%BD",
    "https://example.com/\ud83d\ude00": "https://example.com/%F0%9F%98%80",
    "http:\\\\example.com\\a": "http://example.com/a",
    "http:/example.com/a": "http://example.com/a",
    "http:///example.com/a": "http://example.com/a",
    "https://example.com/a/../b/./%2e%2e/c": "https://example.com/c",
    r"https://example.com/a\@b": "https://example.com/a/@b",
    "https://example.com/@user": "https://example.com/@user",
    "https://@example.com/": "https://example.com/",  # nothing before the @: nothing to leak
    # hosts
    "http://seglerblog.stößenseer.de/a": "http://seglerblog.xn--stenseer-rya3u.de/a",
    "http://💩.la/": "http://xn--ls8h.la/",
    "http://пример.испытание/": "http://xn--e1afmkfd.xn--80akhbyknj4f/",
    "http://ＥＸＡＭＰＬＥ.com/": "http://example.com/",
    "http://ex%61mple.com/": "http://example.com/",
    "http://example.com./": "http://example.com./",
    "http://under_score.example/": "http://under_score.example/",
    "http://localhost:8080/": "http://localhost:8080/",
    # every spelling of an address, so that a guard sees the one address
    "http://2130706433/": "http://127.0.0.1/",
    "http://0x7f.1/": "http://127.0.0.1/",
    "http://0177.0.0.1/": "http://127.0.0.1/",
    "http://127.1/": "http://127.0.0.1/",
    "http://0/": "http://0.0.0.0/",
    "http://１２７.0.0.1/": "http://127.0.0.1/",
    "http://127。0。0。1/": "http://127.0.0.1/",
    "http://127.0.0.1./": "http://127.0.0.1/",
    "http://[0:0::1]:80/": "http://[::1]/",
    "http://[::ffff:127.0.0.1]/": "http://[::ffff:7f00:1]/",
}

REFUSED = {
    "": "empty",
    " \t\n\u3000\u200b": "empty",
    "/image/a.jpg": "unresolvable",
    "a/b.html": "unresolvable",
    "//example.com/a": "unresolvable",
    "www.example.com/a": "unresolvable",
    "#note": "unresolvable",
    "?q": "unresolvable",
    "\ud800": "unresolvable",
    "file:///etc/passwd": "unsupported-scheme",
    "ftp://example.com/": "unsupported-scheme",
    "s3://bucket/key": "unsupported-scheme",
    "gopher://example.com/": "unsupported-scheme",
    "javascript:alert(1)": "unsupported-scheme",
    "mailto:a@example.com": "unsupported-scheme",
    "doi:10.1000/182": "unsupported-scheme",
    "ws://example.com/": "unsupported-scheme",
    "view-source:http://example.com/": "unsupported-scheme",
    "C:\\news\\a.html": "unsupported-scheme",
    "data:text/html," + "x" * 100_000: "unsupported-scheme",
    "http://": "no-host",
    "http:": "no-host",
    "https:///": "no-host",
    "http://:80/": "no-host",
    "http://user@/": "no-host",
    "http://?a": "no-host",
    "http://./": "no-host",
    "http://example.com:65536/": "bad-port",
    "http://example.com:http/": "bad-port",
    "http://example.com:80:80/": "bad-port",
    "http://example.com:0/": "bad-port",
    "http://[::1]:99999/": "bad-port",
    "http://exa mple.com/": "bad-url",
    "http://[::1/": "bad-url",
    "http://[zz]/": "bad-url",
    "http://1.2.3.4.5/": "bad-url",
    "http://256.256.256.256/": "bad-url",
    "http://a<b>/": "bad-url",
    "http://a..b/": "bad-url",
    "http://.example.com/": "bad-url",
    f"http://{'a' * 64}.com/": "bad-url",
    f"http://{'a.' * 130}com/": "bad-url",
    f"http://{'a.' * 125}abcd/": "bad-url",  # 254 characters
    "http://exa mple.com:80/": "bad-url",  # not the port is wrong
    "http:--news.example.com-world-2013": "bad-url",  # a slug made of a URL
    "http://example.com/" + "a" * 8_174: "too-long",
    "http://example.com/" + "新" * 1_000: "too-long",  # 3,000 bytes, but 9,000 on the wire
    "https://example.com/" + "a" * 100_000: "too-long",
    "http://example.com/" + "./" * 4_100: "too-long",  # it would be short once resolved
    "http://user:pw@example.com/": "credentials",
    "http://user@example.com/": "credentials",
    "http://:pw@example.com/": "credentials",
    "http://a@b@example.com/": "credentials",
    "http://exam\tple.com/": "control-characters",
    "http://example.com/a\r\nHost: other.example": "control-characters",
    "http://example.com/\x00": "control-characters",
    "http://example.com\x00.other.example/": "control-characters",
    "http://example.com/\x7fa": "control-characters",
    r"http://internal.example\@public.example/": "control-characters",
    r"http:\\internal.example\@public.example/": "control-characters",
    r"//internal.example\@public.example/": "control-characters",
}

AGAINST_BASE = [
    (
        "/image/a.jpg",
        "https://news.example/2017/03/4/slug.html",
        "https://news.example/image/a.jpg",
    ),
    (
        "../5/b.html",
        "https://news.example/2017/03/4/slug.html",
        "https://news.example/2017/03/5/b.html",
    ),
    ("//other.example/a", "https://news.example/x", "https://other.example/a"),
    ("?page=2", "https://news.example/a?page=1#top", "https://news.example/a?page=2"),
    ("#note", "https://news.example/a?b#c", "https://news.example/a?b"),
    ("http://other.example/a", "https://news.example/", "http://other.example/a"),
    ("/新", "https://news.example", "https://news.example/%E6%96%B0"),
    # a base that is none must not cost an absolute URL
    ("http://other.example/a", "", "http://other.example/a"),
    ("http://other.example/a", "news/a.md", "http://other.example/a"),
    ("http://other.example/a", "\ud800", "http://other.example/a"),
]

REFUSED_AGAINST_BASE = [
    ("", "https://news.example/", "empty"),
    ("/a", "", "unresolvable"),
    ("/a", "not a base", "unresolvable"),
    ("/a", "mailto:a@example.com", "unresolvable"),
    ("/a", "file:///home/", "unsupported-scheme"),
    ("javascript:void(0)", "https://news.example/", "unsupported-scheme"),
    ("/a", "https://user:pw@news.example/", "credentials"),
    ("/" + "a" * 8_180, "https://news.example/", "too-long"),
]


@pytest.mark.parametrize(("text", "expected"), PARSED.items())
def test_a_url_is_fetched_as_a_browser_would(text: str, expected: str) -> None:
    assert parse_url(text) == expected
    assert parse_url(expected) == expected


@pytest.mark.parametrize(("text", "reason"), REFUSED.items(), ids=range(len(REFUSED)))
def test_what_can_never_be_fetched_has_a_reason(text: str, reason: str) -> None:
    with pytest.raises(UrlError) as caught:
        parse_url(text)
    assert (caught.value.reason, caught.value.url) == (reason, text)


@pytest.mark.parametrize(("text", "base", "expected"), AGAINST_BASE)
def test_a_relative_url_is_resolved(text: str, base: str, expected: str) -> None:
    assert parse_url(text, base) == expected


@pytest.mark.parametrize(("text", "base", "reason"), REFUSED_AGAINST_BASE)
def test_what_a_base_cannot_mend(text: str, base: str, reason: str) -> None:
    with pytest.raises(UrlError) as caught:
        parse_url(text, base)
    assert caught.value.reason == reason


def test_8192_bytes_are_the_most() -> None:
    longest = "http://example.com/" + "a" * (8_192 - 19)
    assert parse_url(longest) == longest
    with pytest.raises(UrlError, match="too-long"):
        parse_url(longest + "a")
    growing = "http://example.com/" + "a" * (8_192 - 19 - 3)
    assert parse_url(growing + "{") == growing + "%7B"
    with pytest.raises(UrlError, match="too-long"):
        parse_url(growing + "a{")


@pytest.mark.parametrize(
    "host",
    ["a" * 63 + ".com", "a" * 62 + ".com", ".".join(["a" * 49] * 5) + ".abc", "a." * 40 + "b"],
)
def test_a_host_as_long_as_dns_allows_is_fetched(host: str) -> None:
    assert parse_url(f"http://{host}/") == f"http://{host}/"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com/a?utm_source=x&b=2&gclid=1", "https://example.com/a?b=2"),
        ("https://example.com/a?utm_source=x#b", "https://example.com/a"),
        ("https://example.com/a?b=1&B=2", "https://example.com/a?b=1&B=2"),
        ("https://example.com/a?", "https://example.com/a?"),
        ("https://example.com/a", "https://example.com/a"),
    ],
)
def test_without_tracking_the_rest_stays_as_it_is(url: str, expected: str) -> None:
    assert without_tracking(url) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.com/a", None),
        ("https://example.com/a#", None),
        ("https://example.com/a#b", "b"),
        ("https://example.com/a#b#c ", "b#c"),
        ("https://example.com/#:~:text=a%20b,c", ":~:text=a%20b,c"),
        ("#!/route", "!/route"),
        ("", None),
    ],
)
def test_the_fragment_is_as_cited(text: str, expected: str | None) -> None:
    assert fragment_of(text) == expected


# ------------------------------------------------------------------ urlkey

KEYS = {
    "http://example.com": "com,example)/",
    "https://www.example.com/A/b?q=1": "com,example,www)/A/b?q=1",
    "http://example.com:8080/a": "com,example:8080)/a",
    "http://192.0.2.7/a": "192.0.2.7)/a",
    "http://192.0.2.7:81/a": "192.0.2.7:81)/a",
    "http://[2001:DB8::1]/a": "[2001:db8::1])/a",
    "http://[2001:db8::1]:8080/a": "[2001:db8::1]:8080)/a",
    "http://localhost/": "localhost)/",
    "http://bücher.example/": "example,xn--bcher-kva)/",
    "http://a,b.example/": "example,a%2Cb)/",
    "http://example.com/新?a=é": "com,example)/%E6%96%B0?a=%C3%A9",
    "http://a)b.example/": "example,a%29b)/",  # a bracket ends the host
    "http://a.example/b,c)": "example,a)/b,c)",
    "https://example.com/?utm_source=x": "com,example)/",
    "https://example.com/?a=1&utm_source=x&b=2": "com,example)/?a=1&b=2",
}

SAME_SOURCE = [
    ("http://example.com/a", "https://example.com/a"),
    ("http://example.com:80/", "https://example.com:443"),
    ("http://EXAMPLE.com./a", "http://example.com/a"),
    ("https://example.com/a#b", "https://example.com/a"),
    ("https://example.com/#!/a", "https://example.com/"),
    ("https://example.com/%7Ea%2Db", "https://example.com/~a-b"),
    ("https://example.com/%e6%96%b0", "https://example.com/新"),
    ("https://example.com/a%2fb", "https://example.com/a%2Fb"),
    ("https://example.com/?a=%7e", "https://example.com/?a=~"),
    ("https://example.com/?utm%5Fsource=a&b", "https://example.com/?b"),
    ("https://example.com/?UTM_Source=a", "https://example.com/"),
    ("https://example.com/a?fbclid", "https://example.com/a"),
    ("https://example.com/a ", "https://example.com/a"),
    ("http://bücher.example/", "http://xn--bcher-kva.example/"),
    *((f"https://example.com/a?b=1&{name}=x", "https://example.com/a?b=1")
      for name in sorted(TRACKING_PARAMETERS)),
]  # fmt: skip

OTHER_SOURCE = [
    ("https://example.com/", "https://www.example.com/"),
    ("https://example.com/a", "https://example.com/A"),
    ("https://example.com/a", "https://example.com/a/"),
    ("https://example.com/a/b", "https://example.com//a/b"),
    ("https://example.com/a/b", "https://example.com/a%2Fb"),
    ("https://example.com/%2541", "https://example.com/%41"),
    ("https://example.com/?a=+", "https://example.com/?a=%20"),
    ("https://example.com/?a=%26b", "https://example.com/?a=&b"),
    ("https://example.com/?a&b", "https://example.com/?b&a"),
    ("https://example.com/?", "https://example.com/"),
    ("https://example.com/?a=1", "https://example.com/?a=1&"),
    ("https://example.com/?ref=x", "https://example.com/"),
    ("https://example.com/?sid=1", "https://example.com/"),
    ("https://example.com/a;jsessionid=1", "https://example.com/a"),
    ("https://example.com/?utmost=1", "https://example.com/"),
    ("https://example.com/?a=utm_source=x", "https://example.com/?a="),
    ("https://example.com/", "https://example.com:444/"),
    ("http://example.com/", "http://example.com:443/"),
    ("https://m.example.com/", "https://example.com/"),
    ("http://b,a.example/", "http://a.b.example/"),
    ("http://192.0.2.7/", "http://7.2.0.192/"),
]


@pytest.mark.parametrize(("url", "key"), KEYS.items())
def test_the_key_has_surt_form(url: str, key: str) -> None:
    assert urlkey(url) == key


@pytest.mark.parametrize(("one", "other"), SAME_SOURCE)
def test_these_name_one_source(one: str, other: str) -> None:
    assert urlkey(one) == urlkey(other)


@pytest.mark.parametrize(("one", "other"), OTHER_SOURCE)
def test_these_are_never_merged(one: str, other: str) -> None:
    assert urlkey(one) != urlkey(other)


@pytest.mark.parametrize(
    ("url", "host", "key"),
    [
        ("https://WWW.Example.com:443/a", "www.example.com", "www.example.com"),
        ("http://example.com.:8080/", "example.com", "example.com:8080"),
        ("http://bücher.example/", "xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("http://127.1:81/", "127.0.0.1", "127.0.0.1:81"),
        ("http://[::1]/", "[::1]", "[::1]"),
        ("http://[::1]:8080/", "[::1]", "[::1]:8080"),
    ],
)
def test_hosts(url: str, host: str, key: str) -> None:
    assert (host_of(url), host_key(url)) == (host, key)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://example.com/a", "https://www.example.com/b", True),
        ("http://www.example.com/", "http://www.example.com.:8080/", True),
        ("http://example.com/", "http://news.example.com/", False),
        ("http://example.com/", "http://example.org/", False),
        ("http://wwwexample.com/", "http://example.com/", False),
    ],
)
def test_same_site(one: str, other: str, same: bool) -> None:
    assert same_site(one, other) is same_site(other, one) is same


# ------------------------------------------------------------------ redact_url


def test_secrets_in_the_middle_of_a_text_are_not_shown() -> None:
    told = (
        'Gave up <GET https://a.example/x?token=abc&page=2> (HTTP://me:pw@b.example/): "failed",'
        " see https://c.example/plain?page=2."
    )
    assert redact_text(told) == (
        "Gave up <GET https://a.example/x?token=REDACTED&page=2> (HTTP://REDACTED@b.example/):"
        ' "failed", see https://c.example/plain?page=2.'
    )


REDACTED = {
    "https://user:pw@example.com/a": "https://REDACTED@example.com/a",
    "https://example.com/?go=http://me:pw@b.example/": "https://example.com/?go=http://REDACTED@b.example/",
    "https://user:p@w@example.com/": "https://REDACTED@example.com/",
    "http:user:my pw@example.com/": "http:REDACTED@example.com/",
    "//user@example.com/": "//REDACTED@example.com/",
    "https://example.com/?token=abc&page=2": "https://example.com/?token=REDACTED&page=2",
    "https://example.com/?page=2&API_KEY=abc#top": (
        "https://example.com/?page=2&API_KEY=REDACTED#top"
    ),
    "https://example.com/?%74oken=abc": "https://example.com/?%74oken=REDACTED",
    "https://example.com/?a=1;token=b;c=2": "https://example.com/?a=1;token=REDACTED",
    "https://example.com/?token=a;b&c": "https://example.com/?token=REDACTED&c",
    "https://example.com/?user[password]=x": "https://example.com/?user[password]=REDACTED",
    "https://example.com/cb#access_token=x&state=1": (
        "https://example.com/cb#access_token=REDACTED&state=1"
    ),
    "https://example.com/a;jsessionid=0A1B.live?b=1": (
        "https://example.com/a;jsessionid=REDACTED?b=1"
    ),
    "https://b.s3.example/?X-Amz-Security-Token=x&X-Amz-Signature=y&X-Amz-Date=z": (
        "https://b.s3.example/?X-Amz-Security-Token=REDACTED&X-Amz-Signature=REDACTED&X-Amz-Date=z"
    ),
    # inside another URL
    "https://web.archive.org/web/2017/http://u:p@example.com/?sig=x": (
        "https://web.archive.org/web/2017/http://REDACTED@example.com/?sig=REDACTED"
    ),
    "https://web.archive.org/web/2017/http:/u:p@example.com/": (
        "https://web.archive.org/web/2017/http:/REDACTED@example.com/"
    ),
    "https://example.com/?u=http://other.example/?jwt=x": (
        "https://example.com/?u=http://other.example/?jwt=REDACTED"
    ),
    "https://example.com/?u=http%3A%2F%2Fother.example%2F%3Ftoken%3Dx&b=1": (
        "https://example.com/?u=REDACTED&b=1"
    ),
    "see /a?secret=x": "see /a?secret=REDACTED",  # not even a URL
}

SHOWN = [
    "https://example.com/a?b=c&page=2#d",
    "https://example.com/?token=&key",
    "https://example.com/?keyword=a&author=b&monkey=c&design=d&passage=e&keys=f",
    "https://medium.com/@user/story",
    "https://web.archive.org/web/2017/https://medium.com/@user",
    "https://example.com/token/abc",
    "https://example.com/?a=1;b=2&c=%20d%26",
    "mailto:a@example.com",
    "",
]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Set-Cookie", "sid=1; Path=/; Secure", "sid=REDACTED"),
        ("set-cookie", "no-name", "REDACTED"),
        ("Cookie", "sid=1", "REDACTED"),
        ("Authorization", "Bearer x", "REDACTED"),
        ("Proxy-Authorization", "Basic bWU6cGFzcw==", "REDACTED"),
        ("Date", "Sun, 01 Mar 2026 12:00:00 GMT", "Sun, 01 Mar 2026 12:00:00 GMT"),
        ("ETag", '"a=1; b"', '"a=1; b"'),
    ],
)
def test_credentials_in_headers_are_not_kept(name: str, value: str, shown: str) -> None:
    assert redact_header(name, value) == shown


@pytest.mark.parametrize(("url", "shown"), REDACTED.items())
def test_secrets_are_not_shown(url: str, shown: str) -> None:
    assert redact_url(url) == shown
    assert redact_url(shown) == shown


@pytest.mark.parametrize("url", SHOWN)
def test_what_is_no_secret_is_shown_as_it_is(url: str) -> None:
    assert redact_url(url) == url


@pytest.mark.parametrize(
    "name",
    ["token", "key", "api_key", "api-key", "apikey", "password", "passwd", "secret", "sig", "jwt",
     "signature", "auth", "access_token", "session", "sid", "PHPSESSID", "client_secret", "pwd",
     "id_token", "X-Goog-Signature", "sessionid"],
)  # fmt: skip
def test_names_that_look_secret(name: str) -> None:
    assert redact_url(f"https://a.example/?x=1&{name}=abc") == (
        f"https://a.example/?x=1&{name}=REDACTED"
    )


# ------------------------------------------------------------------ unwrap_archive_url

WAYBACK, TODAY = "web.archive.org", "archive.today"
A = "http://a.example/b?c=1"
AT = "2017-03-04T12:34:56Z"

UNWRAPPED: list[tuple[str, str | None, str | None, str]] = [
    # Wayback Machine
    (f"https://web.archive.org/web/20170304123456/{A}", A, AT, WAYBACK),
    (f"http://web.archive.org/web/20170304123456/{A}#d", A, AT, WAYBACK),
    (f"https://web.archive.org:443/web/20170304123456/{A} ", A, AT, WAYBACK),
    (f"//web.archive.org/web/20170304123456/{A}", A, AT, WAYBACK),
    (f"\u200b//web.archive.org/web/20170304123456/{A}\u3000", A, AT, WAYBACK),
    *(
        (f"https://web.archive.org/web/20170304123456{flag}/{A}", A, AT, WAYBACK)
        for flag in ("id_", "if_", "im_", "js_", "cs_", "mp_", "fw_", "oe_", "im_id_")
    ),
    (f"https://web.archive.org/web/201703041234567/{A}", A, None, WAYBACK),  # fifteen digits
    (f"https://web.archive.org/web/2017030412345/{A}", A, "2017-03-04T12:34:00Z", WAYBACK),
    (f"https://web.archive.org/web/2017/{A}", A, "2017-01-01T00:00:00Z", WAYBACK),
    (f"https://web.archive.org/web/20171399/{A}", A, None, WAYBACK),
    (f"https://web.archive.org/web/1/{A}", A, None, WAYBACK),
    (f"https://web.archive.org/web/9999/{A}", A, None, WAYBACK),
    (f"https://web.archive.org/web/*/{A}", A, None, WAYBACK),
    (f"https://web.archive.org/web/%2A/{A}", A, None, WAYBACK),
    (f"https://web.archive.org/web/2017*/{A}", A, None, WAYBACK),
    ("https://web.archive.org/web/*/http://a.example/*", "http://a.example/", None, WAYBACK),
    (f"https://web.archive.org/web/{A}", A, None, WAYBACK),
    ("https://web.archive.org/web/a.example/b", "http://a.example/b", None, WAYBACK),
    (f"https://web.archive.org/save/{A}", A, None, WAYBACK),
    ("https://web.archive.org/save/a.example", "http://a.example/", None, WAYBACK),
    (f"https://web.archive.org/save/_embed/{A}", A, None, WAYBACK),
    (f"https://web.archive.org/{A}", A, None, WAYBACK),
    (f"https://web.archive.org//web//20170304123456//{A}", A, AT, WAYBACK),
    (f"http://www.web.archive.org/20170304123456/{A}", A, AT, WAYBACK),
    (f"http://wayback.archive.org/web/20170304123456/{A}", A, AT, WAYBACK),
    (f"https://archive.org/web/20170304123456/{A}", A, AT, WAYBACK),
    (f"http://replay.waybackmachine.org/20170304123456/{A}", A, AT, WAYBACK),
    (f"http://liveweb.archive.org/{A}", A, None, WAYBACK),
    (f"https://web.archive.org/web/timemap/link/{A}", A, None, WAYBACK),
    # how the original is written
    ("https://web.archive.org/web/20170304123456/http:/a.example/b?c=1", A, AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/a.example/b?c=1", A, AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/http://a.example:80/b?c=1", A, AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/http%3A%2F%2Fa.example%2Fb%3Fc%3D1",
     A, AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/http%253A%252F%252Fa.example%252Fb%253Fc%253D1",
     A, AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/http%3A//a.example/b%3Fc%3D1", A, AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/a.example%2Fb%3Fc%3D1", A, AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/HTTP://A.example/b?c=1", A, AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/http://bücher.example/ü",
     "http://xn--bcher-kva.example/%C3%BC", AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/bücher.example/",
     "http://xn--bcher-kva.example/", AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/192.0.2.7/a", "http://192.0.2.7/a", AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/http://a.example//b/%2f%E9?x=%2541",
     "http://a.example//b/%2f%E9?x=%2541", AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/https://b.example/?u=http://c.example/",
     "https://b.example/?u=http://c.example/", AT, WAYBACK),
    # an original that can never be fetched
    ("https://web.archive.org/web/20170304123456/ftp://a.example/b", None, AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/http://user:pw@a.example/", None, AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/http%3A%2F%2Fa.example%2F%0Ab", None, AT, WAYBACK),
    # archive.today
    *(
        (f"https://archive.{suffix}/20170304123456/{A}", A, AT, TODAY)
        for suffix in ("today", "is", "ph", "li", "vn", "fo", "md")
    ),
    (f"http://www.archive.is/20170304123456/{A}", A, AT, TODAY),
    (f"https://archive.is/2017.03.04-123456/{A}", A, AT, TODAY),
    (f"https://archive.is/2017.03.04/{A}", A, "2017-03-04T00:00:00Z", TODAY),
    (f"https://archive.is/newest/{A}", A, None, TODAY),
    ("https://archive.is/newest/a.example/b", "http://a.example/b", None, TODAY),
    (f"https://archive.is/oldest/{A}", A, None, TODAY),
    (f"https://archive.is/timegate/{A}", A, None, TODAY),
    (f"https://archive.is/o/AbC12/{A}", A, None, TODAY),
    (f"https://archive.is/{A}", A, None, TODAY),
    ("https://archive.is/?run=1&url=http%3A%2F%2Fa.example%2Fb%3Fc%3D1", A, None, TODAY),
    ("https://archive.is/AbC12", None, None, TODAY),
    ("https://archive.ph/wip/AbC12", None, None, TODAY),
    ("https://archive.is/AbC12/image", None, None, TODAY),
    ("https://archive.is/AbC12#selection-1.0-1.9", None, None, TODAY),
    # others that use codes
    ("https://perma.cc/F9NT-22AK", None, None, "perma.cc"),
    ("https://perma.cc/F9NT-22AK?type=image", None, None, "perma.cc"),
    ("http://perma.cc/0d2Bjd3v7gp", None, None, "perma.cc"),
    (f"https://perma-archives.org/warc/F9NT-22AK/{A}", A, None, "perma.cc"),
    (f"https://perma-archives.org/warc/20170304123456/{A}", A, AT, "perma.cc"),
    ("https://ghostarchive.org/archive/AbC12", None, None, "ghostarchive.org"),
    ("https://ghostarchive.org/varchive/youtube/20210811/x-y_z", None, None, "ghostarchive.org"),
    # WebCite: the code is the instant (the pair is known from Wikipedia's archive bot)
    ("http://www.webcitation.org/66lmEkpE8", None, "2012-04-08T11:22:04Z", "webcitation.org"),
    ("http://www.webcitation.org/66lmEkpE8?url=http://a.example/b?c%3D1",
     A, "2012-04-08T11:22:04Z", "webcitation.org"),
    ("http://www.webcitation.org/query?id=1333884124000000",
     None, "2012-04-08T11:22:04Z", "webcitation.org"),
    ("http://www.webcitation.org/query?url=http%3A%2F%2Fa.example%2Fb%3Fc%3D1&date=2009-05-05",
     A, "2009-05-05T00:00:00Z", "webcitation.org"),
    ("http://www.webcitation.org/query?url=http://a.example/b?c=1&date=2009-05-05",
     A, "2009-05-05T00:00:00Z", "webcitation.org"),
    ("http://www.webcitation.org/query.php?date=yesterday&url=http://a.example/b?c=1",
     A, None, "webcitation.org"),
    ("http://www.webcitation.org/zzzzzzzzz", None, None, "webcitation.org"),
    ("http://www.freezepage.com/1338238555ICJBKARMZN",
     None, "2012-05-28T20:55:55Z", "freezepage.com"),
    ("http://www.freezepage.com/1338238555ICJBKARMZN?url=http://a.example/b?c=1",
     A, "2012-05-28T20:55:55Z", "freezepage.com"),
    # Wayback-like archives
    *(
        (f"{wrapper}/20170304123456/{A}", A, AT, name)
        for wrapper, name in {
            "https://arquivo.pt/wayback": "arquivo.pt",
            "https://arquivo.pt/wayback/wayback": "arquivo.pt",
            "https://arquivo.pt/noFrame/replay": "arquivo.pt",
            "https://www.webarchive.org.uk/wayback/archive": "webarchive.org.uk",
            "https://www.webarchive.org.uk/wayback/en/archive": "webarchive.org.uk",
            "http://webarchive.nationalarchives.gov.uk": "webarchive.nationalarchives.gov.uk",
            "https://webarchive.nationalarchives.gov.uk/ukgwa": (
                "webarchive.nationalarchives.gov.uk"
            ),
            "http://webarchive.parliament.uk": "webarchive.parliament.uk",
            "http://webarchive.proni.gov.uk": "webarchive.proni.gov.uk",
            "https://wayback.archive-it.org/1234": "wayback.archive-it.org",
            "https://wayback.archive-it.org/all": "wayback.archive-it.org",
            "https://wayback.archive-it.org": "wayback.archive-it.org",
            "http://webarchive.loc.gov/all": "webarchive.loc.gov",
            "http://webarchive.loc.gov/lcwa0010": "webarchive.loc.gov",
            "https://www.webharvest.gov/peth04": "webharvest.gov",
            "http://wayback.vefsafn.is/wayback": "vefsafn.is",
            "https://vefsafn.is/is": "vefsafn.is",
            "https://swap.stanford.edu": "swap.stanford.edu",
            "https://sul-swap-prod.stanford.edu": "swap.stanford.edu",
            "https://wayback.webarchiv.cz/wayback": "webarchiv.cz",
            "http://veebiarhiiv.digar.ee/a": "veebiarhiiv.digar.ee",
            "http://www.padi.cat:8080/wayback": "padi.cat",
            "http://nukrobi2.nuk.uni-lj.si:8080/wayback": "nukrobi2.nuk.uni-lj.si",
            "http://web.archive.bibalex.org:80/web": "web.archive.bibalex.org",
            "http://www.collectionscanada.gc.ca/webarchives": "collectionscanada.gc.ca",
            "http://webarchive.bac-lac.gc.ca:8080/wayback": "webarchive.bac-lac.gc.ca",
            "https://digital.library.yorku.ca/wayback": "digital.library.yorku.ca",
            "http://eresources.nlb.gov.sg/webarchives/wayback": "eresources.nlb.gov.sg",
            "http://webarchive.nla.gov.au/gov": "webarchive.nla.gov.au",
            "http://content.webarchive.nla.gov.au/gov/wayback": "webarchive.nla.gov.au",
            "http://archive.wikiwix.com/cache": "archive.wikiwix.com",
            "https://conifer.rhizome.org/user/collection": "conifer.rhizome.org",
            "http://timetravel.mementoweb.org/memento": "timetravel.mementoweb.org",
            "http://timetravel.mementoweb.org/api/json": "timetravel.mementoweb.org",
        }.items()
    ),
    ("http://webarchive.nationalarchives.gov.uk/+/http://a.example/b?c=1",
     A, None, "webarchive.nationalarchives.gov.uk"),
    ("http://webarchive.nationalarchives.gov.uk/*/http://a.example/b?c=1",
     A, None, "webarchive.nationalarchives.gov.uk"),
    ("http://timetravel.mementoweb.org/memento/2010/http://a.example/b?c=1",
     A, "2010-01-01T00:00:00Z", "timetravel.mementoweb.org"),
    ("http://pandora.nla.gov.au/pan/14231/20120727-0512/a.example/b?c=1",
     A, "2012-07-27T00:00:00Z", "webarchive.nla.gov.au"),
    ("http://pandora.nla.gov.au/nph-arch/2000/S2000-Dec-5/http://a.example/b?c=1",
     A, None, "webarchive.nla.gov.au"),
    ("http://archive.wikiwix.com/cache/?url=http://a.example/b?c=1&apiresponse=1",
     A, None, "archive.wikiwix.com"),
    ("https://megalodon.jp/2017-0304-2134-56/a.example/b?c=1", A, AT, "megalodon.jp"),
    ("https://megalodon.jp/2017-1399-2134-56/http://a.example:80/b?c=1", A, None, "megalodon.jp"),
    ("https://warp.da.ndl.go.jp/info:ndljp/pid/11509206/a.example/b?c=1",
     A, None, "warp.ndl.go.jp"),
    ("https://webcache.googleusercontent.com/search?q=cache:AbCdEfGh-_12:a.example/b%3Fc%3D1+x&hl=en",
     A, None, "webcache.googleusercontent.com"),
    ("https://webcache.googleusercontent.com/search?hl=en&q=cache:http://a.example/b%3Fc%3D1",
     A, None, "webcache.googleusercontent.com"),
]  # fmt: skip

WRAPPED_TWICE: list[tuple[str, str | None, str | None, str]] = [
    # the innermost instant: that copy's content is what the reader sees
    (f"https://web.archive.org/web/2020/https://archive.is/20170304123456/{A}", A, AT, TODAY),
    (f"https://archive.is/20200101000000/https://web.archive.org/web/20170304123456id_/{A}",
     A, AT, WAYBACK),
    ("https://web.archive.org/web/2020/web.archive.org/web/2018/http:/web.archive.org/web/"
     "20170304123456/http%3A%2F%2Fa.example%2Fb%3Fc%3D1", A, AT, WAYBACK),
    # where it tells none, the next one outward
    (f"https://web.archive.org/web/20170304123456/https://web.archive.org/save/{A}",
     A, AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/https://archive.is/AbC12", None, AT, TODAY),
    ("https://web.archive.org/web/20170304123456/https://perma.cc/F9NT-22AK",
     None, AT, "perma.cc"),
    # a copy of an archive's own page is a copy of that page
    ("https://web.archive.org/web/20170304123456/https://archive.org/details/x",
     "https://archive.org/details/x", AT, WAYBACK),
    ("https://web.archive.org/web/20170304123456/http://web.archive.org/",
     "http://web.archive.org/", AT, WAYBACK),
]  # fmt: skip

DASHED: list[tuple[str, str | None, str | None, str]] = [
    ("https:--web.archive.org-web-20170304123456-http:--a.example-b-c-d.html",
     None, AT, WAYBACK),
    ("https:--web.archive.org-web-20170304123456id_-http:--a.example-b", None, AT, WAYBACK),
    ("https:--web.archive.org-web-20170304123456-http:--a.example",
     "http://a.example/", AT, WAYBACK),
    ("https:--web.archive.org-web-20170304123456-https:--a.example-",
     "https://a.example/", AT, WAYBACK),
    ("http:--www.archive.is-20170304123456-http:--a.example-b", None, AT, TODAY),
    ("https:--web.archive.org-web-http:--a.example-b", None, None, WAYBACK),
    ("https:--web.archive.org-web-20170304123456-a.example-b", None, AT, WAYBACK),
    ("https:--wayback.archive-it.org-1234-20170304123456-http:--a.example-b",
     None, AT, "wayback.archive-it.org"),
    ("https:--archive.is-AbC12", None, None, TODAY),
    ("https:--perma.cc-F9NT-22AK", None, None, "perma.cc"),
    ("https:--web.archive.org-web-2020-https:--archive.is-20170304123456-http:--a.example",
     "http://a.example/", AT, TODAY),
    ("https:--web.archive.org-web-20170304123456-https:--archive.is-AbC12", None, AT, TODAY),
]  # fmt: skip

NO_ARCHIVE_LINK = [
    "",
    "not a URL",
    "/web/20170304123456/http://a.example/",
    "ftp://web.archive.org/web/2017/http://a.example/",
    "https://user@web.archive.org/web/2017/http://a.example/",
    "https://example.com/web/20170304123456/http://a.example/",
    "https://web.archive.org.example/web/20170304123456/http://a.example/",
    "https://notarchive.is/AbC12",
    # pages of the archives themselves
    "https://web.archive.org/",
    "https://web.archive.org/web/",
    "https://web.archive.org/web/20170304123456/",
    "https://web.archive.org/web/petabox.php",
    "https://web.archive.org/save",
    "https://web.archive.org/robots.txt",
    "https://archive.org/",
    "https://archive.org/details/x",
    "https://archive.org/details/20170304/http://a.example/",
    "https://archive.org/web/",
    "https://archive.is/",
    "https://archive.is/faq",
    "https://archive.today/search/?q=x",
    "https://archive.ph/favicon.ico",
    "https://perma.cc/",
    "https://perma.cc/about",
    "https://perma.cc/sign-up",
    "https://ghostarchive.org/",
    "https://www.webcitation.org/",
    "https://www.webcitation.org/archive",
    "https://www.freezepage.com/",
    "https://megalodon.jp/",
    "https://arquivo.pt/page/search?q=http://a.example/",
    "https://www.webarchive.org.uk/en/ukwa/search?text=http://a.example/",
    "https://digital.library.yorku.ca/islandora/object/20170304/http://a.example/",
    "https://webcache.googleusercontent.com/search?q=news",
    "https://timetravel.mementoweb.org/about/",
    # slugs
    "https:--news.example.com-world-2017-03-04",
    "https:--web.archive.org-",
    "https:--web.archive.org",
    "https:--archive.org-details-x",
    "https:--",
    "https:--perma.cc-\x00",
    "https:--archive.is-" * 1_000,
]


@pytest.mark.parametrize(
    ("url", "original", "archived_at", "archive"), UNWRAPPED + WRAPPED_TWICE, ids=str
)
def test_an_archive_link_names_what_it_wraps(
    url: str, original: str | None, archived_at: str | None, archive: str
) -> None:
    assert unwrap_archive_url(url) == Unwrapped(original, archived_at, archive)


@pytest.mark.parametrize(("url", "original", "archived_at", "archive"), DASHED)
def test_a_slug_keeps_what_can_be_known(
    url: str, original: str | None, archived_at: str | None, archive: str
) -> None:
    assert unwrap_archive_url(url) == Unwrapped(original, archived_at, archive)


@pytest.mark.parametrize("url", NO_ARCHIVE_LINK, ids=range(len(NO_ARCHIVE_LINK)))
def test_what_is_no_archive_link(url: str) -> None:
    assert unwrap_archive_url(url) is None


def test_every_archive_is_known_by_one_of_its_own_hosts() -> None:
    assert {known.name for known in ARCHIVES.values()} <= ARCHIVES.keys()


# ------------------------------------------------------------------ for any text

# no deadline: a busy machine must not fail a test of what is returned
unhurried = settings(deadline=None)

_any_text = st.text(st.characters(exclude_categories=()), max_size=60)  # surrogates too
PIECES = (
    "http: https: ftp: // / \\ : @ ? # & = ; . .. - -- % %2f %41 %zz %3A%2F%2F * + [ ] [::1] ~ "
    "example.com www. a.b 127.1 0x7f user:pw@ :80 :8080 :0 新 ü 💩 \ud800 \t \n \x00 utm_source=x"
    " token=x ;jsessionid=1 web.archive.org/web/ 20170304123456 2017 id_ /save/ archive.is/"
    " https://web.archive.org/web/2017/ https:--web.archive.org-web-2017- perma.cc/F9NT-22AK"
    " www.webcitation.org/query?url= &date=2017-03-04 megalodon.jp/2017-0304-1234-56/"
)
_pieces = st.sampled_from(PIECES.split(" "))
_url_like = st.lists(_pieces, max_size=12).map("".join)
_texts = st.one_of(
    _any_text,
    _url_like,
    _url_like.map("http://example.com/".__add__),
    _url_like.map("https://web.archive.org/web/".__add__),
)


def _parsed_or_none(text: str, base: str | None = None) -> str | None:
    try:
        return parse_url(text, base)
    except UrlError as error:
        assert error.url == text
        return None


@unhurried
@given(_texts, st.none() | _texts)
def test_any_text_is_a_url_or_refused_with_a_reason(text: str, base: str | None) -> None:
    url = _parsed_or_none(text, base)
    assume(url is not None)
    assert url is not None
    assert parse_url(url) == url
    assert url.isascii()
    assert "#" not in url
    assert url.startswith(("http://", "https://"))
    # the parser that browsers use sees the host that our guard saw
    assert host_of(url) == ada_url.URL(url).hostname.removesuffix(".")
    assert host_key(url) in (host_of(url), f"{host_of(url)}:{ada_url.URL(url).port}")
    assert same_site(url, url)


@unhurried
@given(_texts)
def test_the_key_of_any_url_is_stable(text: str) -> None:
    url = _parsed_or_none(text)
    assume(url is not None)
    assert url is not None
    key = urlkey(url)
    assert key == urlkey(text) == urlkey(parse_url(url))
    assert key == urlkey(url + "#fragment")
    separator = "&" if "?" in url else "?"
    if len(url) < 8_000:
        assert urlkey(f"{url}{separator}utm_source=x&gclid=y") == key


@unhurried
@given(_texts)
@example("https:--web.archive.org-web-2017-" * 200)
@example("https://web.archive.org/web/2017/" * 240)
@example("https://web.archive.org/web/2017/http" + "%25" * 2_000 + "3A//a.example")
def test_unwrapping_any_text_ends(text: str) -> None:
    found = unwrap_archive_url(text)
    if found and found.original:
        assert parse_url(found.original) == found.original
        assert unwrap_archive_url(found.original) is None
    if found:
        assert found.archive in ARCHIVES


@unhurried
@given(_texts)
def test_wrapping_is_undone(text: str) -> None:
    url = _parsed_or_none(text)
    assume(url is not None and len(url) < 8_000 and unwrap_archive_url(url) is None)
    wrapped = f"https://web.archive.org/web/20170304123456/{url}"
    assert unwrap_archive_url(wrapped) == Unwrapped(url, AT, WAYBACK)


@unhurried
@given(_texts)
def test_redaction_takes_any_text(text: str) -> None:
    shown = redact_url(text)
    assert redact_url(shown) == shown


@unhurried
@given(
    st.text("abcdefghijklmnop/?:;=%25", min_size=1, max_size=12),
    st.sampled_from(["token", "X-Amz-Signature", "user[password]", "sid"]),
    st.sampled_from(["?", "?a=1&", "?a;", "#", "?u=http://b.example/?c=1&"]),
)
def test_a_secret_is_never_shown(value: str, name: str, before: str) -> None:
    shown = redact_url(f"https://a.example/{before}{name}=QQ{value}QQ&z=1")
    assert shown == f"https://a.example/{before}{name}=REDACTED&z=1" or "QQ" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "http://" + "\\" * 8_000,
        "http://" + "a." * 4_000,
        "https://web.archive.org/web/" + "a." * 4_000,
        "https://web.archive.org/web/2017/" * 240,
        "https:--archive.is-" * 400,
        "https://a.example/?" + "a=;" * 30_000,
        "https://a.example/?" + "a=%25" * 20_000,
        "https://a.example/?" + "token" * 20_000,
        "https://a.example/?" + "-" * 100_000 + "=1",
        "https://a.example/" + ";a" * 50_000,
        ":/" * 50_000,
        "a" * 100_000,
        "http:" * 20_000,
        "https://www.webcitation.org/?" + "url=&" * 1_600,
    ],
    ids=range(14),
)
def test_no_text_takes_long(text: str) -> None:
    begun = time.perf_counter()
    _parsed_or_none(text)
    unwrap_archive_url(text)
    redact_url(text)
    assert time.perf_counter() - begun < 1  # milliseconds; a second only on a busy machine


# ------------------------------------------------------------------ the corpus of real pages


@pytest.fixture(scope="module")
def article_urls(corpus: Path) -> list[str]:
    lines = (corpus / "articles.jsonl").read_text(encoding="utf-8").splitlines()
    return [url for line in lines if (url := json.loads(line)["url"])]


@pytest.fixture(scope="module")
def cited_urls(corpus: Path) -> list[str]:
    text = (corpus / "entries" / "zh-cited-urls.json").read_text(encoding="utf-8")
    urls: list[str] = json.loads(text)
    return urls


def test_every_real_url_parses(article_urls: list[str], cited_urls: list[str]) -> None:
    assert (len(article_urls), len(cited_urls)) == (1_298, 2_216)
    for text in article_urls + cited_urls:
        url = parse_url(text)
        assert parse_url(url) == url
        # serialising changes only the edges, dots and empty paths, the fragment, non-ASCII text
        plain = text.strip().partition("#")[0]
        path, mark, query = plain.partition("?")
        if plain.isascii() and path.count("/") > 2 and "/." not in path and " " not in plain:
            assert url.lower() == (path + mark + query.replace("'", "%27")).lower()


def test_real_keys_collide_for_known_reasons_only(
    article_urls: list[str], cited_urls: list[str]
) -> None:
    spellings: dict[str, set[str]] = defaultdict(set)
    for text in article_urls + cited_urls:
        spellings[urlkey(text)].add(text)
    merged = [sorted(texts) for texts in spellings.values() if len(texts) > 1]
    # one article is cited with and without the trailing blank
    assert [[text.strip() for text in texts] for texts in merged] == [[merged[0][0]] * 2]


def test_real_archive_links_unwrap(article_urls: list[str], cited_urls: list[str]) -> None:
    wrapped = {url: unwrap_archive_url(url) for url in article_urls + cited_urls}
    found = {url: unwrapped for url, unwrapped in wrapped.items() if unwrapped}
    assert {url for url in wrapped if "web.archive.org" in url} == found.keys()
    for url, unwrapped in found.items():
        assert unwrapped.original is not None
        assert unwrapped.archived_at is not None
        assert unwrapped.archived_at[:4] in url
        assert unwrapped.original in url

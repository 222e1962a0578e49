"""Redirects: which pages lead elsewhere, and what is asked of the page that they lead to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse, Response
from scrapy.utils.test import get_crawler

from crawler.fetching.redirects import MetaRefreshMiddleware, RedirectMiddleware, prompt_refresh
from crawler.fetching.run.visits import Visit
from crawler.items import Hop

URL = "http://a.example/page"
REFRESH = '<meta http-equiv="refresh" content="{}">'


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0; url=/elsewhere", "http://a.example/elsewhere"),
        ("5;URL='http://b.example/'", "http://b.example/"),
        ("0;url=?from=stub", "http://a.example/page?from=stub"),
        ("6; url=/elsewhere", None),
        ("90; url=/elsewhere", None),
        ("0; url=/page", None),
        ("0; url=#top", None),
        ("30", None),
        ("0; url=javascript:alert(1)", None),
        ("0; url=file:///etc/passwd", None),
        ("0; url=ftp://b.example/", None),
        ("0; url=http://me:secret@b.example/", None),
        ("0; url=http://b.example:99999/", None),
        ("0; url=http://b.example:port/", None),
        ("0; url=http://[b/", None),
        ("0; url=http://\u2100.example/", None),
    ],
)
def test_a_prompt_refresh_to_another_page_is_followed(content: str, target: str | None) -> None:
    page = f"<html><head>{REFRESH.format(content)}</head></html>"
    assert prompt_refresh(page.encode(), URL) == target


@pytest.mark.parametrize(
    "page",
    [
        "<!-- {} -->",
        "<noscript>{}</noscript>",
        "<script>var a = '{}';</script>",
        "<title>{}</title>",
        "<style>{}</style>",
        "<textarea>{}</textarea>",
        "<template>{}</template>",
        "<iframe>{}</iframe>",
        "<p>refresh</p>",
    ],
)
def test_a_refresh_that_no_reader_meets_is_not_followed(page: str) -> None:
    refresh = REFRESH.format("0; url=/elsewhere")
    assert prompt_refresh(f"<html>{page}</html>".replace("{}", refresh).encode(), URL) is None


def test_a_base_in_the_page_counts() -> None:
    page = '<base href="http://c.example/x/">' + REFRESH.format("1;url=y")
    assert prompt_refresh(page.encode(), URL) == "http://c.example/x/y"


@pytest.mark.parametrize("base", ["http://[x/", "http://c.example:99999/", "//:x"])
def test_a_base_that_is_no_url_counts_for_nothing(base: str) -> None:
    page = f'<base href="{base}">' + REFRESH.format("1;url=y")
    assert prompt_refresh(page.encode(), URL) == "http://a.example/y"
    assert prompt_refresh(page.replace("1;", "90;").encode(), URL) is None


HOP = Hop(
    "u", URL, "source", 0, "2026-03-01T00:00:00Z", "live-unverified", "http-200", status=200,
    mime_sniffed="text/html",
)  # fmt: skip
ASKED = {"If-None-Match": '"1"', "If-Modified-Since": "now", "Referer": URL, "Accept": "*/*"}
STUB = REFRESH.format("0; url=/elsewhere").encode()


def asked(hop: Hop = HOP, **meta: object) -> Request:
    return Request(URL, headers=ASKED, meta={"visit": Visit("source", URL, hops=[hop]), **meta})


def refreshed(request: Request, status: int = 200) -> Request | Response:
    middleware = MetaRefreshMiddleware.from_crawler(get_crawler())
    return middleware.process_response(request, HtmlResponse(URL, status=status, body=STUB))


def test_of_the_page_that_is_led_to_nothing_is_known_and_nothing_told() -> None:
    """A validator of the page that redirects would have another page pass for unchanged."""
    there = Response(URL, status=301, headers={"Location": "/elsewhere"})
    by_status = RedirectMiddleware.from_crawler(get_crawler()).process_response(asked(), there)
    for following in (by_status, refreshed(asked())):
        assert isinstance(following, Request)
        assert following.url == "http://a.example/elsewhere"
        assert set(following.headers) == {b"Accept"}


def test_a_page_that_leads_elsewhere_is_a_redirect_by_meta_refresh() -> None:
    request = asked()
    assert isinstance(refreshed(request), Request)
    visit: Visit = request.meta["visit"]
    assert [(hop.outcome, hop.reason) for hop in visit.hops] == [("redirect", "meta-refresh")]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (asked(), 404),
        (asked(replace(HOP, mime_sniffed="application/pdf")), 200),
        (asked(dont_redirect=True), 200),
        (Request(URL), 200),
    ],
    ids=["an error", "no page", "an archived page", "no visit"],
)
def test_a_refresh_in_what_is_no_page_of_a_visit_is_not_followed(
    request_: Request, status: int
) -> None:
    assert isinstance(refreshed(request_, status), Response)

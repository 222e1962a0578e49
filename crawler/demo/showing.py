"""Articles as behaviours: how a publisher shows a text, and how it stops doing so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time

from crawler.demo.behaviours import Behaviour, Request, made, page
from crawler.demo.pages import render_article, render_not_found, render_notice
from crawler.demo.pictures import draw_sea
from crawler.demo.publishers import PUBLISHERS
from crawler.demo.texts import Text, load_text

READER_SECRET = "8b1d4c0e77"  # of a reader's cookie: nowhere in an archive may it stand


def treated(
    host: str, text: Text | str, treat: Callable[[str], Behaviour], charset: str = "utf-8"
) -> Behaviour:
    """Draw the page of an article for each request and have its HTML treated."""
    told = load_text(text) if isinstance(text, str) else text

    def make(request: Request) -> Behaviour:
        return treat(render_article(PUBLISHERS[host], told, _url(request), charset=charset))

    return made(make)


def shows(host: str, text: Text | str) -> Behaviour:
    """Show an article with ETag and Last-Modified."""
    told = load_text(text) if isinstance(text, str) else text
    return treated(host, told, lambda html: page(html, modified=morning_of(told)))


def shows_with_advertisements(host: str, text: Text) -> Behaviour:
    """Show an article without validators, amid advertisements and counters that never repeat.

    Its reader gets a cookie, of which an archive may keep the name and nothing else.
    """
    offers = ("Umbrellas, seven for six", "Learn the accordion by post", "Soup. Still soup.")

    def make(request: Request) -> Behaviour:
        offer = offers[request.visit % len(offers)]
        html = render_article(
            PUBLISHERS[host],
            text,
            _url(request),
            advertisement=f'<p class="advertisement">Advertisement: {offer}</p>',
            after=f'<p class="notice">Read {4211 + request.visit} times. Page made on '
            f"{request.at:%d %B at %H:%M} by press {request.visit % 3 + 1}.</p>",
        )
        cookie = ("Set-Cookie", f"reader={READER_SECRET}-{request.visit}; Path=/; HttpOnly")
        return page(html, etag=False, headers=[cookie])

    return made(make)


def shows_teaser(host: str, text: Text, revised: str) -> Behaviour:
    """Show the first paragraph of an article and the way to the till."""
    teaser = text.shorten(1, revised)
    offer = (
        '<p class="notice">You have read one paragraph. '
        '<a href="/subscribe">Subscribe</a> or <a href="/login">log in</a> to read the rest.</p>'
    )

    def make(request: Request) -> Behaviour:
        return page(
            render_article(PUBLISHERS[host], teaser, _url(request), after=offer, locked=True)
        )

    return made(make)


def shows_picture(name: str) -> Behaviour:
    """Show a picture of the sea."""
    return made(lambda request: page(draw_sea(name), content_type="image/png"))


def notice(
    host: str, title: str, *content: str, metadata: str = "", scripts: str = ""
) -> Behaviour:
    """Show a short page that is no article; paragraphs are HTML."""
    html = render_notice(PUBLISHERS[host], title, *content, metadata=metadata, scripts=scripts)
    return page(html)


def not_found(host: str, status: int = 404) -> Behaviour:
    """Say that there is nothing."""
    return page(render_not_found(PUBLISHERS[host]), status=status)


def _url(request: Request) -> str:
    return request.base_url + request.target.partition("?")[0]


def morning_of(text: Text) -> datetime:
    """Return the hour at which an article went out."""
    when = datetime.fromisoformat(text.revised or text.published)
    return datetime.combine(when, time(6), UTC)


def dated_path(text: str, extension: str = "") -> str:
    """Return the path under which most publishers keep an article: its date and its name."""
    return f"/{load_text(text).published.replace('-', '/')}/{text}{extension}"

"""Feeds say when a page was published: of a page that does not, that is its date."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.dates import parse_feed_day
from crawler.demo import START, DemoWeb, page
from crawler.entries.reading import dated_by_feed, read_page
from crawler.items import DayIndex, Entry
from crawler.spiders.following import Scope, next_steps
from tests.archive_kit import cite, entry, new_archive, one, record
from tests.crawling import crawl, rows, value

SITE = "https://blog.example"
RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>B</title>{}</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>B</title>{}</feed>"""
ITEM = "<item><link>{}</link><pubDate>{}</pubDate></item>"
POST = (
    "<html><head><title>{0}</title></head><body><article><h1>{0}</h1><p>It lends again, says"
    " <a href='{1}'>the fund</a> in its report.</p></article></body></html>"
)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Sun, 01 Mar 2026 23:30:00 +0100", "2026-03-01"),
        ("Sun, 01 Mar 2026 00:30:00 EST", "2026-03-01"),
        ("1 Mar 26 10:00 GMT", "2026-03-01"),
        ("2026-03-01T23:30:00-08:00", "2026-03-01"),
        (" 2026-03-01 ", "2026-03-01"),
        ("Sun, 31 Feb 2026 10:00:00 GMT", None),
        ("yesterday", None),
        ("", None),
        ("9" * 400, None),
        ("Mon, 01 Jan 99999999999 10:00:00 GMT", None),
    ],
)
def test_the_day_is_that_of_its_author(text: str, day: str | None) -> None:
    assert parse_feed_day(text) == day


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        (RSS.format(ITEM.format(f"{SITE}/a", "Sun, 01 Mar 2026 10:00:00 GMT")), ("2026-03-01",)),
        (RSS.format(ITEM.format(f"{SITE}/a", "soon") + ITEM.format(f"{SITE}/b", "2026-03-02")),
         (None, "2026-03-02")),
        (ATOM.format(f'<entry><link href="{SITE}/a"/><updated>2026-03-05T10:00:00Z</updated>'
                     "<published>2026-03-01T10:00:00Z</published></entry>"), ("2026-03-01",)),
        (ATOM.format(f'<entry><link href="{SITE}/a"/><updated>2026-03-05T10:00:00Z</updated>'
                     "</entry>"), ("2026-03-05",)),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": [{"url": "' + SITE + '/a",'
         ' "date_published": "2026-03-01T10:00:00+09:00"}]}', ("2026-03-01",)),
        ('<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
         ' xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><item>'
         f"<link>{SITE}/a</link><dc:date>2026-03-01</dc:date></item></rdf:RDF>", ("2026-03-01",)),
        (f"<urlset><url><loc>{SITE}/a</loc><lastmod>2026-03-01</lastmod></url></urlset>", ()),
        (RSS.format(f"<item><link>{SITE}/a</link></item>"), ()),
    ],
)  # fmt: skip
def test_each_kind_of_feed_names_days_and_a_sitemap_none(
    text: str, dates: tuple[str | None, ...]
) -> None:
    found = read_page(text.encode(), f"{SITE}/feed.xml")
    assert isinstance(found, DayIndex) and found.entry_dates == dates


def test_a_page_that_tells_its_date_keeps_it() -> None:
    told = POST.format("Harbour", "https://fund.example/r").replace(
        "<head>", '<head><meta property="article:published_time" content="2026-02-01">'
    )
    for html, date in ((told, "2026-02-01"), (POST.format("H", "https://fund.example/r"), None)):
        entry = read_page(html.encode(), f"{SITE}/a")
        assert isinstance(entry, Entry) and entry.date == date
        dated = dated_by_feed(entry, "2026-03-01")
        assert dated.date == (date or "2026-03-01")
        assert {each.cited_on for each in dated.citations} == {date or "2026-03-01"}
        codes = [warning.code for warning in dated.warnings]
        assert ("date-from-feed" in codes, "no-date" in codes) == (date is None, False)
    assert dated_by_feed(entry, None) is entry


def test_a_range_of_days_goes_by_the_feed_too() -> None:
    items = ITEM.format(f"{SITE}/old", "2026-01-01") + ITEM.format(f"{SITE}/new", "2026-03-01")
    feed = read_page(RSS.format(items + f"<item><link>{SITE}/bare</link></item>").encode(), SITE)
    steps = list(next_steps(feed, f"{SITE}/feed", 0, Scope(SITE, since="2026-02-01")))
    assert [(step.url, step.listed_on) for step in steps] == [
        (f"{SITE}/new", "2026-03-01"), (f"{SITE}/bare", None)
    ]  # fmt: skip


def test_a_date_that_was_read_once_stays_when_the_page_has_left_the_feed(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        for date in ("2026-03-01", None):
            told = entry(cite("https://fund.example/r", cited_on=date), date=date, url="/post")
            record(archive, told)
        assert one(archive, "SELECT date FROM entries") == "2026-03-01"
        assert one(archive, "SELECT cited_on FROM citations") == "2026-03-01"


def test_a_crawl_dates_the_entries_of_a_feed(tmp_path: Path) -> None:
    with DemoWeb() as web:
        post, cited = web.url("wire", "/post"), web.url("radio", "/report")
        item = ITEM.format(post, "Sun, 01 Mar 2026 23:30:00 +0100")
        web.add("wire", "/feed.xml", page(RSS.format(item), content_type="application/rss+xml"))
        web.add("wire", "/post", page(POST.format("The harbour", cited)))
        archive = tmp_path / "a.db"
        crawl(archive, START, web.url("wire", "/feed.xml"))
        assert value(archive, "SELECT date FROM entries") == "2026-03-01"
        assert rows(archive, "SELECT cited_on, cited_on_basis FROM citations") == [
            {"cited_on": "2026-03-01", "cited_on_basis": "entry"}
        ]
        warnings = value(archive, "SELECT warnings FROM entry_versions")
        assert "date-from-feed" in warnings and "no-date" not in warnings

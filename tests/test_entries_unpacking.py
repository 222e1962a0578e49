"""Pages in gzip files, on disk and from the web; and such as are bombs or damaged."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest

from crawler.demo import START, DemoWeb, page
from crawler.entries.reading import read_page
from crawler.entries.unpacking import UNPACKED_MAX_BYTES
from crawler.errors import EntryError
from crawler.items import DayIndex, Entry
from tests.crawling import crawl, sourcekeep, value

SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>{}</loc><lastmod>2026-02-01</lastmod></url></urlset>"""
POST = (
    "<html><head><title>Harbour</title></head><body><article><h1>The harbour</h1><p>It lends, says"
    " <a href='{}'>the fund</a> in its report.</p></article></body></html>"
)


@pytest.mark.parametrize("locator", ["/srv/sitemap.xml.gz", "https://a.example/s.xml.gz?x=1", "s"])
@pytest.mark.parametrize("mime", [None, "application/gzip", "application/x-gzip", "text/xml"])
def test_a_sitemap_in_a_gzip_file_lists_what_it_lists(locator: str, mime: str | None) -> None:
    content = gzip.compress(SITEMAP.format("https://a.example/1").encode())
    found = read_page(content, locator, mime=mime)
    assert isinstance(found, DayIndex) and found.entry_urls == ("https://a.example/1",)
    assert found.locator == locator


def test_a_page_in_a_gzip_file_is_read_by_the_name_that_it_has_there() -> None:
    content = gzip.compress(
        b"# The harbour\n\nIt lends, says [the fund](https://fund.example/r).\n"
    )
    found = read_page(content, "/blog/2026-03-01-harbour.md.gz")
    assert isinstance(found, Entry) and found.reader == "post-markdown"
    assert [each.url for each in found.citations] == ["https://fund.example/r"]


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress(bytes(UNPACKED_MAX_BYTES + 2**20))
    began = time.monotonic()
    with pytest.raises(EntryError, match="unpacks to more than 32 MiB"):
        read_page(bomb, "https://a.example/sitemap.xml.gz")
    assert time.monotonic() - began < 5
    twice = gzip.compress(bomb)
    with pytest.raises(EntryError):
        read_page(twice, "https://a.example/sitemap.xml.gz.gz")


@pytest.mark.parametrize("cut", [1, 9, 40])
def test_a_damaged_file_is_told(cut: int) -> None:
    whole = gzip.compress(SITEMAP.format("https://a.example/1").encode())
    for content in (whole[:-cut], whole[:12] + b"\xff" * 8 + whole[20:]):
        with pytest.raises(EntryError, match="its gzip file is damaged"):
            read_page(content, "https://a.example/sitemap.xml.gz")


def test_a_crawl_reads_the_pages_that_a_packed_sitemap_lists(tmp_path: Path) -> None:
    with DemoWeb() as web:
        cited = web.url("radio", "/report")
        packed = gzip.compress(SITEMAP.format(web.url("wire", "/post")).encode())
        web.add("wire", "/sitemap.xml.gz", page(packed, content_type="application/gzip"))
        web.add("wire", "/post", page(POST.format(cited)))
        archive = tmp_path / "a.db"
        crawl(archive, START, web.url("wire", "/sitemap.xml.gz"))
        assert value(archive, "SELECT title FROM entries") == "The harbour"
        assert value(archive, "SELECT url FROM sources") == cited
        assert value(archive, "SELECT count(*) FROM reading_problems") == 0


def test_a_packed_sitemap_on_disk_is_told_apart_from_an_entry(tmp_path: Path) -> None:
    path = tmp_path / "sitemap.xml.gz"
    path.write_bytes(gzip.compress(SITEMAP.format("https://a.example/1").encode()))
    done = sourcekeep("add", path, "--archive", tmp_path / "a.db")
    assert done.code == 0 and "lists other pages, but is no entry itself" in done.out

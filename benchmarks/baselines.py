"""What Sourcekeep is measured against, each as a program of its own.

    python benchmarks/baselines.py scrapy LIST [--lean] [--conditional]
    python benchmarks/baselines.py extraction PAGES WARM-UP {bare,ladder}
    python benchmarks/baselines.py capture ARGUMENTS OF SOURCEKEEP

``scrapy`` fetches the URLs of a list and looks at each body, nothing more. ``extraction`` reads
pages (one "path, tab, URL" a line) with trafilatura alone (``bare``) or with our extraction
(``ladder``), and prints the CPU seconds of the pages after the first few, as JSON. ``capture`` is
``sourcekeep`` itself with nothing extracted: what the crawl costs without its workers.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

LATEST = "2026-11-22"  # no page was published later

# Scrapy as Sourcekeep sets it, without all that is Sourcekeep's own: the engine, nothing else.
LEAN = {
    "CONCURRENT_ITEMS": 1,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "COMPRESSION_ENABLED": False,
    "METAREFRESH_ENABLED": False,
    "COOKIES_ENABLED": False,
    "RETRY_ENABLED": False,
    "REFERER_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "DEFAULT_REQUEST_HEADERS": {"Accept-Encoding": "gzip"},
}


def crawl_barely(urls: list[str], *, lean: bool, conditional: bool) -> None:
    import scrapy
    from scrapy.crawler import CrawlerProcess

    class Bare(scrapy.Spider):
        """A spider that does nothing."""

        name = "bare"

        async def start(self) -> AsyncIterator[scrapy.Request]:
            headers = {"If-None-Match": "*"} if conditional else {}
            for url in urls:
                yield scrapy.Request(url, headers=headers, dont_filter=True)

        def parse(self, response: scrapy.http.Response) -> None:
            assert response.status in (200, 304)

    # what both must have: no line a page, and a 304 handed to the spider
    settings = {"LOG_LEVEL": "ERROR", "HTTPERROR_ALLOW_ALL": True, **(LEAN if lean else {})}
    process = CrawlerProcess(settings)
    process.crawl(Bare)
    process.start()


def bare_extraction() -> Callable[[bytes, str], object]:
    """Return trafilatura alone, with the options that ``crawler.extraction`` uses."""
    import trafilatura

    dates = {"original_date": True, "extensive_search": True, "max_date": LATEST}

    def extract(body: bytes, url: str) -> object:
        return trafilatura.bare_extraction(
            body, url=url, fast=True, with_metadata=True, include_comments=False,
            date_extraction_params=dates,
        )  # fmt: skip

    return extract


def our_extraction() -> Callable[[bytes, str], object]:
    """Return the extraction of the crawler, without its processes."""
    from crawler.extraction.article import extract_article

    def extract(body: bytes, url: str) -> object:
        return extract_article(body, url=url, content_type="text/html", fetched_on=LATEST)

    return extract


def time_extraction(
    pages: list[tuple[Path, str]], warm_up: int, extract: Callable[[bytes, str], object]
) -> float:
    """Return the CPU seconds that the pages after the first ``warm_up`` took."""
    spent = 0.0
    for number, (path, url) in enumerate(pages):
        body = gzip.decompress(path.read_bytes())
        began = time.process_time()
        extract(body, url)
        spent += (time.process_time() - began) * (number >= warm_up)
    return spent


def capture_only(words: list[str]) -> int:
    from crawler.cli import main as sourcekeep
    from crawler.fetching.extracting import ExtractionQueue

    ExtractionQueue.feed = ExtractionQueue.add = lambda *_: None  # type: ignore[method-assign]
    return sourcekeep(words)


def main() -> None:
    if sys.argv[1:2] == ["capture"]:
        sys.exit(capture_only(sys.argv[2:]))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    kinds.add_parser("capture", help="sourcekeep, without extraction")
    scrapy = kinds.add_parser("scrapy", help="fetch a list with a spider that does nothing")
    scrapy.add_argument("list", type=Path)
    scrapy.add_argument("--lean", action="store_true", help="with the engine settings of ours")
    scrapy.add_argument("--conditional", action="store_true", help="ask for what is not modified")
    extraction = kinds.add_parser("extraction", help="extract saved pages")
    extraction.add_argument("list", type=Path)
    extraction.add_argument("warm_up", type=int)
    extraction.add_argument("how", choices=["bare", "ladder"])
    chosen = parser.parse_args()
    lines = chosen.list.read_text().split("\n")
    if chosen.kind == "scrapy":
        urls = [line for line in lines if line]
        crawl_barely(urls, lean=chosen.lean, conditional=chosen.conditional)
        return
    pages = [(Path(path), url) for path, _, url in (line.partition("\t") for line in lines) if url]
    extract = our_extraction() if chosen.how == "ladder" else bare_extraction()
    print(json.dumps({"cpu_s": time_extraction(pages, chosen.warm_up, extract)}))


if __name__ == "__main__":
    main()

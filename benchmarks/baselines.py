"""What Sourcekeep is measured against, each as a program of its own; and itself, with marks.

    python benchmarks/baselines.py scrapy LIST [--lean] [--conditional]
    python benchmarks/baselines.py extraction PAGES WARM-UP {bare,full,ladder}
    python benchmarks/baselines.py pool PAGES WARM-UP WORKERS
    python benchmarks/baselines.py {crawl,limited,capture} ARGUMENTS OF SOURCEKEEP CRAWL

``scrapy`` fetches the URLs of a list and looks at each body, nothing more. ``extraction`` reads
pages (one "path, tab, URL" a line) with trafilatura alone (``bare``; ``full`` is its default, with
fallbacks) or with our extraction (``ladder``); ``pool`` does it in the crawler's own workers, and
tells the seconds a page, too (``pages_s``). ``limited`` is ``sourcekeep crawl``; ``crawl`` is the
same without limits by the clock for a page, which goes on while programs run by turns; ``capture``
has nothing extracted: what the crawl costs without its workers.

Each ends its output with a line of JSON that tells the CPU of its pages without the first few, with
which come imports and caches: ``own_ms`` a page in the process itself, ``workers_ms`` below it. Of
a crawl it tells also how long the visits lasted by the clock, from the first lease to the last
answer (``visits_s``), how long the articles of ordinary pages took to come, all together
(``others_s``), which CPU was spent by then by all processes (``others_cpu_s``, of ``limited`` only,
because the asking would be a part of what ``crawl`` measures), and how long the slowest page of all
held its worker (``longest_s``).
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crawler.archive import ExtractionJob, Kept
    from crawler.fetching.run.extracting import ExtractionQueue
    from crawler.fetching.run.leasing import Leases
    from crawler.fetching.run.session import Session
    from crawler.fetching.run.visits import Visit
    from crawler.items import Extraction

LATEST = "2026-11-22"  # no page was published later
HOSTILE = "/hostile-"  # in the URLs of pages that are made to hurt
FIRST_VISITS = 20  # not counted: all is imported by then
FIRST_ARTICLES = 100  # caches of words and expressions have filled by then
# A date in no language: dateparser loads all of its languages for the first of them, which takes
# 1.4 s of CPU in each process, whenever it comes. All that extract meet it before they are counted.
ODD_DATE = b"""<!DOCTYPE html><html><head><title>An odd date</title></head><body><article>
<h1>An odd date</h1><p class="date">12 xyzzyabc 2020</p><p>It is in no language at all.</p>
</article></body></html>"""
WORKER = (sys.executable, "-W", "ignore", __file__, "worker")


class Marks:
    """CPU at which the pages began that are counted, and what each of them took by the end."""

    def __init__(self, *, others: bool = False) -> None:
        self._others = others  # ask the workers for their CPU at each article: 0.3 ms of ours
        self._visits = self._articles = 0
        self._own_s = self._workers_s = 0.0
        self._began_at = self._visited_at = self._extracted_at = time.monotonic()
        self._longest_s = self._others_cpu_s = 0.0

    def begin(self) -> None:
        """Note that the work begins: what came before is the start of a program."""
        self._began_at = time.monotonic()

    def visit(self) -> None:
        """Count a page that was fetched."""
        self._visits += 1
        self._visited_at = time.monotonic()
        if self._visits == FIRST_VISITS:
            self._own_s = time.process_time()

    def held(self, seconds: float) -> None:
        """Note how long a page held its worker."""
        self._longest_s = max(self._longest_s, seconds)

    def article(self, url: str) -> None:
        """Count a page that was extracted."""
        self._articles += 1
        if HOSTILE not in url:
            self._extracted_at = time.monotonic()
            if self._others:
                self._others_cpu_s = time.process_time() + _ended_s() + _children_s()
        if self._articles == FIRST_ARTICLES:
            self._workers_s = _children_s()

    def tell(self) -> None:
        """Print what a page took."""
        own_s = time.process_time() - self._own_s
        workers_s = _ended_s() - self._workers_s
        extracted = self._articles - FIRST_ARTICLES  # Scrapy starts a process, too: once, for uname
        told = {
            "own_ms": own_s / max(self._visits - FIRST_VISITS, 1) * 1000,
            "workers_ms": workers_s / extracted * 1000 if extracted > 0 else 0.0,
            "visits_s": self._visited_at - self._began_at,
            "others_s": self._extracted_at - self._began_at,
            "others_cpu_s": self._others_cpu_s,
            "longest_s": self._longest_s,
        }
        print(json.dumps(told))


def _ended_s() -> float:
    """Return the CPU of the processes below this one that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def _children_s(of: int | str = "self") -> float:
    """Return the CPU of the processes below this one that still run, all generations.

    With each comes the CPU of those below it that have ended: a fork server reaps its workers.
    """
    total = 0.0
    for task in Path(f"/proc/{of}/task").glob("*/children"):
        with suppress(OSError):  # it ends meanwhile
            for pid in map(int, task.read_text().split()):
                stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += sum(map(int, stat[11:15])) / os.sysconf("SC_CLK_TCK")
                total += _children_s(pid)
    return total


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

    marks = Marks()

    class Bare(scrapy.Spider):
        """A spider that does nothing."""

        name = "bare"

        async def start(self) -> AsyncIterator[scrapy.Request]:
            headers = {"If-None-Match": "*"} if conditional else {}
            for url in urls:
                yield scrapy.Request(url, headers=headers, dont_filter=True)

        def parse(self, response: scrapy.http.Response) -> None:
            assert response.status in (200, 304)
            marks.visit()

    # what both must have: no line a page, and a 304 handed to the spider
    settings = {"LOG_LEVEL": "ERROR", "HTTPERROR_ALLOW_ALL": True, **(LEAN if lean else {})}
    process = CrawlerProcess(settings)
    process.crawl(Bare)
    process.start()
    marks.tell()


def bare_extraction(*, fast: bool = True, latest: str = LATEST) -> Callable[[bytes, str], object]:
    """Return trafilatura alone, with the options that ``crawler.extraction`` uses."""
    import trafilatura

    dates = {"original_date": True, "extensive_search": True, "max_date": latest}

    def extract(body: bytes, url: str) -> object:
        return trafilatura.bare_extraction(
            body, url=url, fast=fast, with_metadata=True, include_comments=False,
            date_extraction_params=dates,
        )  # fmt: skip

    return extract


def our_extraction() -> Callable[[bytes, str], object]:
    """Return the extraction of the crawler, without its processes."""
    from crawler.extraction.article import read_payload

    def extract(body: bytes, url: str) -> object:
        return read_payload(body, url=url, content_type="text/html", fetched_on=LATEST).article

    return extract


def time_extraction(
    pages: list[tuple[Path, str]], warm_up: int, extract: Callable[[bytes, str], object]
) -> None:
    """Extract, and print what each page after the first ``warm_up`` took."""
    extract(ODD_DATE, "http://odd.example/")
    spent = 0.0
    for number, (path, url) in enumerate(pages):
        body = gzip.decompress(path.read_bytes())
        began = time.process_time()
        extract(body, url)
        spent += (time.process_time() - began) * (number >= warm_up)
    print(json.dumps({"own_ms": spent / (len(pages) - warm_up) * 1000, "workers_ms": 0.0}))


async def through_pool(pages: list[tuple[Path, str]], warm_up: int, workers: int) -> None:
    """Extract in worker processes, and print pages a second and CPU of those after the first."""
    from crawler.extraction.pool import ExtractionPool

    pool = ExtractionPool(workers, command=WORKER)

    async def extract(path: Path, url: str) -> None:
        body = gzip.decompress(path.read_bytes())
        await pool.extract(body, url=url, content_type="text/html", fetched_on=LATEST)

    await asyncio.gather(*(extract(*page) for page in pages[:warm_up]))
    began, own_s, workers_s = time.monotonic(), time.process_time(), _children_s()
    await asyncio.gather(*(extract(*page) for page in pages[warm_up:]))
    count, took_s = len(pages) - warm_up, time.monotonic() - began
    told = {
        "own_ms": (time.process_time() - own_s) / count * 1000,
        "workers_ms": (_children_s() - workers_s) / count * 1000,
        "pages_s": took_s / count,
    }
    print(json.dumps(told))
    await pool.close()


def work() -> None:
    """Be a worker of the crawler that has met an odd date."""
    from crawler.extraction import worker

    ready = worker.warm_up

    def warm_up() -> None:
        our_extraction()(ODD_DATE, "http://odd.example/")
        ready()

    worker.warm_up = warm_up
    worker.main()


def crawl(words: list[str], *, extracting: bool = True, limited: bool = True) -> int:
    from crawler.cli import main as sourcekeep
    from crawler.extraction.pool import ExtractionPool
    from crawler.fetching.run.extracting import ExtractionQueue
    from crawler.fetching.run.leasing import Leases
    from crawler.fetching.run.session import Session

    marks = Marks(others=limited)
    keep_visit, extract = Session.keep_visit, ExtractionQueue._extract
    read, lease = ExtractionPool.extract, Leases.begin

    def begin_and_mark(self: Leases) -> Iterator[Visit]:
        Leases.begin = lease  # type: ignore[method-assign]
        marks.begin()
        return lease(self)

    def keep_and_mark(self: Session, visit: Visit) -> Kept | None:
        kept = keep_visit(self, visit)
        marks.visit()
        return kept

    async def extract_and_mark(self: ExtractionQueue, job: ExtractionJob, **how: bool) -> None:
        await extract(self, job, **how)
        marks.article(job.url)

    async def read_and_mark(self: ExtractionPool, body: bytes, **about: Any) -> Extraction:  # noqa: ANN401
        began = time.monotonic()
        try:
            return await read(self, body, **about)
        finally:  # put off, too
            marks.held(time.monotonic() - began)

    ExtractionPool.extract = read_and_mark  # type: ignore[method-assign]
    Leases.begin = begin_and_mark  # type: ignore[method-assign]
    Session.keep_visit = keep_and_mark  # type: ignore[method-assign]
    ExtractionQueue._extract = extract_and_mark  # type: ignore[method-assign]
    if not limited:  # workers that are replaced, as hostile pages have it, are those of the crawler
        defaults = dict(ExtractionPool.__init__.__kwdefaults__ or {})
        defaults |= {"wall_seconds": 3600.0, "command": WORKER}
        ExtractionPool.__init__.__kwdefaults__ = defaults
    if not extracting:
        ExtractionQueue.feed = ExtractionQueue.add = lambda *_: None  # type: ignore[method-assign]
    code = sourcekeep(["crawl", *words])
    marks.tell()
    return code


def main() -> None:
    kind = sys.argv[1] if sys.argv[1:] else ""
    if kind == "worker":
        work()
        return
    if kind in ("crawl", "limited", "capture"):
        limited, extracting = kind == "limited", kind != "capture"
        sys.exit(crawl(sys.argv[2:], extracting=extracting, limited=limited))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    kinds.add_parser("crawl", help="sourcekeep crawl, without limits by the clock")
    kinds.add_parser("limited", help="sourcekeep crawl")
    kinds.add_parser("capture", help="sourcekeep crawl, without extraction")
    scrapy = kinds.add_parser("scrapy", help="fetch a list with a spider that does nothing")
    scrapy.add_argument("list", type=Path)
    scrapy.add_argument("--lean", action="store_true", help="with the engine settings of ours")
    scrapy.add_argument("--conditional", action="store_true", help="ask for what is not modified")
    extraction = kinds.add_parser("extraction", help="extract saved pages")
    extraction.add_argument("list", type=Path)
    extraction.add_argument("warm_up", type=int)
    extraction.add_argument("how", choices=["bare", "full", "ladder"])
    pool = kinds.add_parser("pool", help="extract saved pages in the crawler's workers")
    pool.add_argument("list", type=Path)
    pool.add_argument("warm_up", type=int)
    pool.add_argument("workers", type=int)
    chosen = parser.parse_args()
    lines = chosen.list.read_text().split("\n")
    if chosen.kind == "scrapy":
        urls = [line for line in lines if line]
        crawl_barely(urls, lean=chosen.lean, conditional=chosen.conditional)
        return
    pages = [(Path(path), url) for path, _, url in (line.partition("\t") for line in lines) if url]
    if chosen.kind == "pool":
        asyncio.run(through_pool(pages, chosen.warm_up, chosen.workers))
        return
    ours = chosen.how == "ladder"
    extract = our_extraction() if ours else bare_extraction(fast=chosen.how == "bare")
    time_extraction(pages, chosen.warm_up, extract)


if __name__ == "__main__":
    main()

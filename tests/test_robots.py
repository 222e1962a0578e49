"""Robots: what the middleware makes of every kind of robots.txt, counted and timed at the servers.

All servers stand on loopback, each of them an origin of its own. Each crawl runs in a process of
its own, since a reactor starts only once.
"""

from __future__ import annotations

import base64
import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protego import Protego

from crawler.dates import parse_instant
from crawler.digests import digest_of
from crawler.robotstxt import (
    READ_LIMIT_BYTES,
    RobotsRecord,
    is_fresh,
    looks_like_markup,
    origin_of,
    readable_part,
    record_of_answer,
    record_of_failure,
    rules_for,
    standing_of,
)
from tests.test_egress import in_a_process, once

OURS = "crawler.fetching.robots.RobotsMiddleware"
SCRAPYS = "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware"
GUARDED = "crawler.fetching.wire.egress.GuardedDownloadHandler"
SETTINGS: dict[str, Any] = {
    "DOWNLOAD_HANDLERS": {
        "http": GUARDED, "https": GUARDED, **dict.fromkeys(("file", "data", "ftp", "s3")),
    },
    "DOWNLOADER_MIDDLEWARES": {SCRAPYS: None, OURS: 100, "__main__.Witness": 950},
    "SOURCEKEEP_ALLOW": "127.0.0.0/8",
    "HTTPPROXY_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "ROBOTSTXT_OBEY": True,
    "ROBOTSTXT_USER_AGENT": "sourcekeep",
    "USER_AGENT": "sourcekeep/test",
    "HTTPERROR_ALLOW_ALL": True,
    "DOWNLOAD_FAIL_ON_DATALOSS": False,
    "DOWNLOAD_TIMEOUT": 5,
    "LOG_LEVEL": "INFO",
    "CONCURRENT_REQUESTS": 64,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
    "DOWNLOAD_DELAY": 0,
}  # fmt: skip
NOW = "2026-03-01T12:00:00Z"


# A crawl in a process of its own


def crawl(urls: list[str], **job: Any) -> dict[str, Any]:
    """Crawl the URLs in a fresh process: what came of each, and every request that was made."""
    job = {"urls": urls, "now": NOW, **job, "settings": SETTINGS | job.get("settings", {})}
    return in_a_process(run_crawl, job)


def run_crawl(job: dict[str, Any]) -> dict[str, Any]:
    """The inside of such a process."""
    import base64
    from pathlib import Path

    import scrapy
    from scrapy.crawler import AsyncCrawlerProcess

    from crawler.dates import parse_instant
    from crawler.errors import EvidenceLost
    from crawler.fetching import robots
    from crawler.robotstxt import RobotsRecord, origin_of

    robots.REMEMBERED_ORIGINS = job.get("remembered", robots.REMEMBERED_ORIGINS)
    results: dict[str, dict[str, Any]] = {}
    made: list[dict[str, Any]] = []

    class FileStore:
        """Records in a JSON file, as the archive keeps them in a table."""

        def __init__(self, path: str) -> None:
            self.path = Path(path)
            self.rows = json.loads(self.path.read_text()) if self.path.exists() else {}

        def load(self, origin: str) -> RobotsRecord | None:
            row = self.rows.get(origin)
            return RobotsRecord(**{**row, "body": base64.b64decode(row["body"])}) if row else None

        def save(self, found: RobotsRecord) -> None:
            if job.get("lost"):
                raise EvidenceLost("the disk is full")
            row = {name: getattr(found, name) for name in found.__slots__}
            self.rows[found.origin] = row | {"body": base64.b64encode(found.body).decode()}
            self.path.write_text(json.dumps(self.rows))

    class Session:
        def __init__(self) -> None:
            self.robots = FileStore(job["store"])
            self.clock = self

        def now(self) -> Any:
            return parse_instant(job["now"])

    class Witness:
        def process_request(self, request: scrapy.Request) -> None:
            kept = ("purpose", "redirect_times", "robots", "crawl_delay", "download_timeout")
            made.append({"url": request.url, **{name: request.meta.get(name) for name in kept}})

    class Asking(scrapy.Spider):
        name = "asking"
        if job.get("store"):
            session = Session()

        async def start(self) -> Any:
            for url in job["urls"]:
                yield scrapy.Request(
                    url, errback=self.failed, cb_kwargs={"asked": url}, dont_filter=True
                )

        def parse(self, response: Any, asked: str) -> None:
            results[asked] = {"status": response.status, "robots": response.meta.get("robots")}

        def failed(self, failure: Any) -> None:
            results[failure.request.cb_kwargs["asked"]] = {
                "error": type(failure.value).__name__,
                "code": getattr(failure.value, "error", None),
                "robots": failure.request.meta.get("robots"),
            }

    sys.modules["__main__"].Witness = Witness  # type: ignore[attr-defined]
    process = AsyncCrawlerProcess(job["settings"])
    crawler = process.create_crawler(Asking)
    process.crawl(crawler)
    process.start()
    middleware = crawler.get_downloader_middleware(robots.RobotsMiddleware)
    return {
        "results": results,
        "made": made,
        "stats": {k: v for k, v in crawler.stats.get_stats().items() if isinstance(v, int)},
        "remembered": len(middleware._rules) if middleware else None,
        "pending": len(middleware._pending) if middleware else None,
        "delays": [middleware.crawl_delay(origin_of(url)) for url in job["urls"]]
        if middleware
        else None,
    }


# Origins


class Origin(ThreadingHTTPServer):
    """A server that answers /robots.txt as told, and every other path with a page."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int) -> None:
        self.asked: list[tuple[float, str]] = []  # monotonic time, path
        self.pages: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        super().__init__((host, port), Answering)
        Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self.server_address[:2])

    def times(self, path: str) -> list[float]:
        return [at for at, asked in self.asked if asked.startswith(path)]

    def count(self, path: str) -> int:
        return len(self.times(path))


class Answering(BaseHTTPRequestHandler):
    server: Origin

    def do_GET(self) -> None:
        self.server.asked.append((time.monotonic(), self.path))
        self.server.pages.get(self.path, answer(200, b"page"))(self)

    def log_message(self, *args: Any) -> None:
        pass


Answer = Callable[[BaseHTTPRequestHandler], None]


def answer(status: int, body: bytes = b"", length: int | None = None, **headers: str) -> Answer:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if status != 204:
            handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)

    return send


def rules(text: str | bytes) -> Answer:
    return answer(200, text.encode() if isinstance(text, str) else text)


def late(send: Answer) -> Answer:
    """An answer that comes when all requests of a crowd wait for it."""

    def wait_and_send(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(1)
        send(handler)

    return wait_and_send


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def say_nothing(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


@contextlib.contextmanager
def origins(number: int) -> Iterator[list[Origin]]:
    """Servers on 127.0.1.1, 127.0.1.2 and so on, all on one port that a web server may have."""
    for port in range(8000, 9000):
        servers: list[Origin] = []
        try:
            for last in range(1, number + 1):
                servers.append(Origin(f"127.0.1.{last}", port))
            break
        except OSError:
            for server in servers:
                server.server_close()
    try:
        yield servers
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


# Pure parts


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://example.com/a?b", "http://example.com"),
        ("http://example.com:80/", "http://example.com"),
        ("https://example.com:443/", "https://example.com"),
        ("http://example.com:443/", "http://example.com:443"),
        ("https://EXAMPLE.com:8443/x", "https://example.com:8443"),
        ("https://me:pass@example.com/", "https://example.com"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("http://[2001:DB8::1]/", "http://[2001:db8::1]"),
    ],
)
def test_rules_belong_to_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def record(status: int | None, body: bytes = b"", error: str | None = None) -> RobotsRecord:
    if status is None or error:
        return record_of_failure("http://a.test", error or "failed", status=status, fetched_at=NOW)
    return record_of_answer("http://a.test", status, body, fetched_at=NOW)


@pytest.mark.parametrize(
    ("found", "kind", "code"),
    [
        (record(200, b"User-agent: *"), "rules", ""),
        (record(299, b"User-agent: *"), "rules", ""),
        (record(200), "none", "empty"),
        (record(204), "none", "empty"),
        (record(200, b"<!doctype html>Disallow: /"), "none", "html"),
        (record(300), "none", "300"),
        (record(304), "none", "304"),
        (record(302, error="redirects"), "none", "redirects"),
        (record(302, error="nxdomain"), "unreachable", "nxdomain"),
        (record(302, error="bad-url"), "unreachable", "bad-url"),
        *((record(status), "none", str(status)) for status in (400, 401, 403, 404, 410, 451, 499)),
        *(
            (record(status), "unreachable", str(status))
            for status in (429, 500, 503, 599, 999, 100)
        ),
        (record(200, error="truncated"), "unreachable", "truncated"),
        (record(None, error="timeout"), "unreachable", "timeout"),
        (record(None), "unreachable", "failed"),
    ],
)
def test_the_status_says_whether_there_are_rules(found: RobotsRecord, kind: str, code: str) -> None:
    standing = standing_of(found)
    assert (standing.kind, standing.code) == (kind, code)


def test_a_record_without_rules_keeps_no_body() -> None:
    assert record(404, b"not here").body == b""
    assert record(404, b"not here").digest is None
    assert record(200, b"Allow: /").digest == digest_of(b"Allow: /")


@pytest.mark.parametrize(
    ("found", "age", "fresh"),
    [
        (record(200, b"Allow: /"), timedelta(0), True),
        (record(200, b"Allow: /"), timedelta(hours=23, minutes=59), True),
        (record(200, b"Allow: /"), timedelta(hours=24), False),
        (record(404), timedelta(hours=23), True),
        (record(None, error="timeout"), timedelta(minutes=59), True),
        (record(None, error="timeout"), timedelta(hours=1), False),
        (record(503), timedelta(hours=1), False),
        (record(200, b"Allow: /"), timedelta(seconds=-1), False),
    ],
)
def test_a_record_holds_a_day_and_a_failure_an_hour(
    found: RobotsRecord, age: timedelta, fresh: bool
) -> None:
    assert is_fresh(found, parse_instant(NOW) + age) == fresh


@given(st.lists(st.binary(max_size=80).map(lambda line: line.replace(b"\n", b"")), max_size=40))
def test_what_is_read_ends_at_a_line_and_is_long_enough(lines: list[bytes]) -> None:
    body = b"#" * (READ_LIMIT_BYTES - 1_000) + b"\n" + b"\n".join(lines)
    part = readable_part(body)
    assert body.startswith(part)
    assert len(part) <= READ_LIMIT_BYTES
    assert part == body or part.endswith((b"\n", b"\r"))
    longest = max((len(line) for line in lines), default=0)
    assert part == body or len(part) >= READ_LIMIT_BYTES - longest - 1


def test_a_file_of_just_as_much_as_is_read_counts_whole() -> None:
    body = b"Disallow: /".rjust(READ_LIMIT_BYTES, b"#")
    assert readable_part(body) == body


def test_a_line_longer_than_all_that_is_read_leaves_nothing() -> None:
    assert readable_part(b"Disallow: /" + b"a" * READ_LIMIT_BYTES) == b""


@pytest.mark.parametrize(
    ("body", "markup"),
    [
        (b"<!DOCTYPE html>", True),
        (b"\xef\xbb\xbf\r\n  <html>", True),
        (b"<?xml version='1.0'?>", True),
        (b"User-agent: *\nDisallow: /<", False),
        (b"# <html>", False),
        (b"", False),
    ],
)
def test_markup_is_told_by_its_first_character(body: bytes, markup: bool) -> None:
    assert looks_like_markup(body) == markup


NAMES = [
    "*",
    "sourcekeep",
    "Sourcekeep*",
    "source",
    "keep",
    "otherbot",
    "**",
    "",
    "a b",
    "foo: bar",
]
FIELDS = ["User-agent:", "user-agent", "useragent :", "user agent:", "user  agent", "user  agent:"]
agent_lines = st.builds("{} {}".format, st.sampled_from(FIELDS), st.sampled_from(NAMES))
other_lines = st.sampled_from(
    ["", "# note", "Sitemap: x", "junk", "Crawl-delay: 7", "Disallow:", "Host: x"]
    + [f"{rule}: /{path}" for rule in ("Allow", "Disallow") for path in ("a", "b", "ab", "*b$", "")]
)


@given(st.lists(st.one_of(agent_lines, other_lines), max_size=12))
def test_leaving_out_other_names_changes_nothing_for_us(lines: list[str]) -> None:
    body = "\n".join(lines).encode()
    whole, ours = (Protego.parse(each.decode()) for each in (body, rules_for(body, "sourcekeep")))
    for path in ("", "a", "ab", "b", "c"):
        url = f"http://a.test/{path}"
        assert whole.can_fetch(url, "sourcekeep") == ours.can_fetch(url, "sourcekeep")
    assert whole.crawl_delay("sourcekeep") == ours.crawl_delay("sourcekeep")


@pytest.mark.parametrize(
    ("lines", "allowed"),
    [
        (["User-agent: sourcekeep/1.0", "Disallow: /"], False),
        (["User-agent: Sourcekeep Archiver", "Disallow: /"], False),
        (["User-agent: sourcekeeper", "Disallow: /"], True),
        (["User-agent: * # all of you", "Disallow: /"], False),
        (["User-agent: * and others", "Disallow: /"], False),
        # Records of other kinds stand between, and mean nothing to the group.
        (["User-agent: sourcekeep", "Clean-param: a", "User-agent: other", "Disallow: /"], False),
        (["User-agent: sourcekeep", "Noindex: /x", "Disallow: /"], False),
        (["User-agent: *", "Disallow: /", "Foo: bar", "User-agent: sourcekeep", "Allow: /"], True),
        (["User-agent: *", "disallow /", "http://a.test/"], False),
    ],
)
def test_a_group_is_ours_by_its_product_token_and_ends_where_the_next_begins(
    lines: list[str], allowed: bool
) -> None:
    rules = Protego.parse(rules_for("\n".join(lines).encode(), "sourcekeep").decode())
    assert rules.can_fetch("http://a.test/page", "sourcekeep") is allowed


@pytest.mark.parametrize(
    "body",
    [
        "".join(f"User-agent: x{n}\n" for n in range(17_000)) + "Disallow: /a\n" * 18_000,
        "".join(f"User-agent: x{n}\nSitemap: y\n" for n in range(9_000)) + "Allow: /\n" * 18_000,
        "".join(f"User-agent: s{'*' * n}\n" for n in range(500)) + "Disallow: /a\n" * 18_000,
        "User-agent: *\n" + "Disallow: /*a*a*a*a*a*a*a*a*b$\n" * 17_000,
        "User-agent: *\nDisallow: /" + "%" * 500_000,
        "User-agent: *\nDisallow: /" + "*a" * 250_000,
        "User-agent: " + "user agent " * 40_000,
        "user " * 100_000,
        ":" * 500_000,
        "User-agent: *\nCrawl-delay: " + "9" * 400_000,
    ],
    ids=range(10),
)
def test_no_robots_txt_stalls_the_crawl(body: str) -> None:
    began = time.process_time()
    kept = readable_part(body.encode())
    parsed = Protego.parse(rules_for(kept, "sourcekeep").decode())
    parsed.can_fetch("http://a.test/" + "a" * 8_000, "sourcekeep")
    parsed.crawl_delay("sourcekeep")
    assert time.process_time() - began < 3  # 0.3 s at most on one core of 2026


# The leak


@pytest.fixture(scope="module", params=["ours", "scrapys"])
def crowd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """40 requests waiting for the robots.txt of a host, at concurrency 1 and at 8."""
    return once(tmp_path_factory, f"crowd-{request.param}", lambda: await_in_a_crowd(request.param))


def await_in_a_crowd(middleware: str) -> dict[str, Any]:
    with origins(2) as sites:
        for site in sites:
            site.pages["/robots.txt"] = late(rules("User-agent: *\nDisallow: /private/"))
        urls = [f"{site.url}/private/{n}" for n in range(40) for site in sites]
        slots = {
            f"127.0.1.{last}": {"concurrency": concurrency}
            for last, concurrency in ((1, 1), (2, 8))
        }
        settings: dict[str, Any] = {"DOWNLOAD_SLOTS": slots, "CONCURRENT_REQUESTS": 100}
        if middleware == "scrapys":
            settings["DOWNLOADER_MIDDLEWARES"] = {}
        found = crawl(urls, settings=settings)
        fetched = [[site.count("/private/"), site.count("/robots.txt")] for site in sites]
    return {"middleware": middleware, "found": found, "fetched": fetched}


@pytest.mark.parametrize("site", [0, 1], ids=["concurrency 1", "concurrency 8"])
def test_waiting_requests_are_all_judged(crowd: Any, site: int) -> None:
    leaked, asked = crowd["fetched"][site]
    assert asked == 1
    if crowd["middleware"] == "ours":
        assert leaked == 0
    else:
        # Fails once Scrapy judges all waiting requests (after 2.19.0): then see what of our
        # middleware is still needed.
        assert leaked > 0


def test_each_waiting_request_ends_by_itself(crowd: Any) -> None:
    assert len(crowd["found"]["results"]) == 80
    if crowd["middleware"] == "ours":
        errors = {result["error"] for result in crowd["found"]["results"].values()}
        assert errors == {"RobotsExcluded"}
        assert crowd["found"]["stats"]["robotstxt/forbidden"] == 80
        assert crowd["found"]["pending"] == 0


# The status table, one origin each

DENY = "User-agent: *\nDisallow: /"
TABLE: list[tuple[str, Answer, str]] = [
    ("allow", rules("User-agent: *\nAllow: /"), "allow sha256:"),
    ("deny", rules(DENY), "disallow sha256:"),
    ("bom", rules(b"\xef\xbb\xbf" + DENY.encode()), "disallow sha256:"),
    ("cr", rules(DENY.replace("\n", "\r")), "disallow sha256:"),
    ("not utf-8", rules(b"# \xe9\xff\n" + DENY.encode()), "disallow sha256:"),
    ("ours", rules("User-agent: Sourcekeep\nDisallow:\n\n" + DENY), "allow sha256:"),
    ("other", rules("User-agent: otherbot\nDisallow: /"), "allow sha256:"),
    ("empty", rules(""), "allow no-robots(empty)"),
    ("204", answer(204), "allow no-robots(empty)"),
    ("html", rules("<html>\nUser-agent: *\nDisallow: /\n"), "allow no-robots(html)"),
    ("302 bare", answer(302), "allow no-robots(302)"),
    ("302 ftp", answer(302, Location="ftp://127.0.0.1/"), "disallow unreachable(bad-url)"),
    ("302 junk", answer(302, Location="http://[x"), "disallow unreachable(bad-url)"),
    ("301 elsewhere", answer(301, Location="{deny}/robots.txt"), "disallow sha256:"),
    ("redirect x5", answer(302, Location="/to/1"), "disallow sha256:"),
    ("redirect x6", answer(307, Location="/to/0"), "allow no-robots(redirects)"),
    ("loop", answer(308, Location="/robots.txt"), "allow no-robots(redirects)"),
    ("302 to 500", answer(302, Location="/broken"), "disallow unreachable(500)"),
    ("302 to 404", answer(302, Location="/missing"), "allow no-robots(404)"),
    ("302 nowhere", answer(302, Location="{nobody}/"), "disallow unreachable(refused)"),
    ("401", answer(401, DENY.encode()), "allow no-robots(401)"),
    ("403", answer(403, DENY.encode()), "allow no-robots(403)"),
    ("404", answer(404, DENY.encode()), "allow no-robots(404)"),
    ("410", answer(410), "allow no-robots(410)"),
    ("429", answer(429), "disallow unreachable(429)"),
    ("500", answer(500, b"User-agent: *\nAllow: /"), "disallow unreachable(500)"),
    ("503", answer(503), "disallow unreachable(503)"),
    ("cut", answer(200, b"User-agent: *\n", length=99), "disallow unreachable(truncated)"),
    ("hang up", hang_up, "disallow unreachable(failed)"),
    ("silent", say_nothing, "disallow unreachable(timeout)"),
]  # fmt: skip


def nobody(site: Origin) -> str:
    """An origin at which nobody listens."""
    return f"http://127.0.2.1:{site.server_address[1]}"


def filled(send: Answer, deny: Origin) -> Answer:
    """An answer whose Location names other servers of the test."""

    def with_names(handler: BaseHTTPRequestHandler) -> None:
        plain = handler.send_header
        names = {"{deny}": deny.url, "{nobody}": nobody(deny)}

        def send_header(name: str, value: str) -> None:
            for placeholder, text in names.items():
                value = value.replace(placeholder, text)
            plain(name, value)

        handler.send_header = send_header  # type: ignore[method-assign]
        send(handler)

    return with_names


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One crawl of a page at every origin of the table, and of 20 where nobody answers."""
    return once(tmp_path_factory, "robots-table", crawl_table)


def crawl_table() -> dict[str, Any]:
    with origins(len(TABLE)) as sites:
        deny = sites[1]
        for site, (_, send, _) in zip(sites, TABLE, strict=True):
            site.pages["/robots.txt"] = filled(send, deny)
            site.pages |= {f"/to/{n}": answer(302, Location=f"/to/{n + 1}") for n in range(5)}
            site.pages |= {"/to/5": rules(DENY), "/missing": answer(404), "/broken": answer(500)}
        urls = [f"{site.url}/page" for site in sites]
        lost = [f"{nobody(deny)}/{n}" for n in range(20)]
        found = crawl([*urls, *lost], settings={"DOWNLOAD_TIMEOUT": 1})
        rows = {
            name: {
                "url": site.url,
                "result": found["results"][f"{site.url}/page"],
                "pages": site.count("/page"),
                "robots": site.count("/robots.txt"),
            }
            for site, (name, _, _) in zip(sites, TABLE, strict=True)
        }
        return {"rows": rows, "found": found, "lost": [found["results"][url] for url in lost]}


@pytest.mark.parametrize(("name", "decision"), [(row[0], row[2]) for row in TABLE])
def test_a_page_is_fetched_as_its_robots_txt_allows(table: Any, name: str, decision: str) -> None:
    row = table["rows"][name]
    result = row["result"]
    assert result["robots"].startswith(decision)
    assert result["robots"].endswith(" rule") == decision.startswith("disallow sha256:")
    allowed = decision.startswith("allow")
    assert result.get("status") == (200 if allowed else None)
    assert row["pages"] == int(allowed)
    # A page whose own host did not answer at all says by which failure.
    silent = name in ("hang up", "silent")
    assert result.get("code") == (decision.partition("(")[2][:-1] if silent else None)


def test_the_decision_names_the_bytes_that_it_rests_on(table: Any) -> None:
    assert table["rows"]["deny"]["result"]["robots"] == f"disallow {digest_of(DENY.encode())} rule"


def test_a_host_that_is_not_there_wakes_all_who_wait(table: Any) -> None:
    assert {(r["error"], r["code"], r["robots"]) for r in table["lost"]} == {
        ("RobotsExcluded", "refused", "disallow unreachable(refused)")
    }
    assert table["found"]["pending"] == 0


def test_an_unreachable_host_costs_one_line_and_one_more_try(table: Any) -> None:
    log = table["found"]["log"]
    assert "Traceback" not in log
    assert " ERROR: " not in log
    unreachable = [row for row in TABLE if "unreachable" in row[2]]
    assert log.count("robots.txt cannot be read") == len(unreachable) + 1
    assert (table["rows"]["503"]["robots"], table["rows"]["404"]["robots"]) == (2, 1)


def test_every_request_for_robots_txt_is_seen_below_and_named(table: Any) -> None:
    made = [each for each in table["found"]["made"] if each["purpose"] == "robots"]
    assert sum(each["url"].endswith("/robots.txt") for each in made) >= len(TABLE)
    hops = [each for each in made if each["url"].startswith(table["rows"]["redirect x5"]["url"])]
    assert [each["redirect_times"] for each in hops] == [None, 1, 2, 3, 4, 5]
    assert all(each["robots"] is None for each in made)
    assert all(each["download_timeout"] == 1 for each in made)


def test_500_kib_are_read_and_no_more() -> None:
    filler = "# filler\n" * (100_000 // 9)
    head = "User-agent: *\nDisallow: /early\n"
    while len(head) + len(filler) < READ_LIMIT_BYTES - 1_000:
        head += filler
    head += "# " + "x" * (READ_LIMIT_BYTES - len(head) - 1_000) + "\nDisallow: /late\n"
    body = head + filler + "Disallow: /beyond\n"
    assert len(body) > 590_000
    with origins(1) as (site,):
        site.pages["/robots.txt"] = rules(body)
        urls = [f"{site.url}/{name}" for name in ("early", "late", "beyond")]
        results = crawl(urls)["results"]
    decisions = [results[url]["robots"].split()[0] for url in urls]
    assert decisions == ["disallow", "disallow", "allow"]


# Redirects of pages, origins, delays


def test_a_redirect_is_judged_by_the_rules_of_its_target() -> None:
    with origins(2) as (here, there):
        there.pages["/robots.txt"] = rules("User-agent: *\nDisallow: /private\nCrawl-delay: 0.1")
        here.pages["/robots.txt"] = rules("User-agent: *\nDisallow: /back\nCrawl-delay: 0.1")
        here.pages["/a"] = answer(302, Location=f"{there.url}/private")
        here.pages["/b"] = answer(302, Location=f"{there.url}/public")
        here.pages["/c"] = answer(302, Location="/back")
        urls = [f"{here.url}/{name}" for name in "abc"]
        results = crawl(urls)["results"]
        assert there.count("/private") == 0
        assert here.count("/back") == 0
        assert there.count("/public") == 1
    assert [results[url].get("error") for url in urls] == ["RobotsExcluded", None, "RobotsExcluded"]
    digests = [results[url]["robots"].split()[1] for url in urls]
    assert digests[0] == digests[1] != digests[2]


def test_two_ports_of_a_host_have_rules_of_their_own() -> None:
    with origins(1) as (one,), origins(1) as (other,):
        one.pages["/robots.txt"] = rules(DENY)
        urls = [f"{one.url}/page", f"{other.url}/page"]
        other.pages["/robots.txt"] = rules("User-agent: *\nAllow: /")
        results = crawl(urls)["results"]
    assert [results[url].get("status") for url in urls] == [None, 200]


def gaps(times: list[float]) -> list[float]:
    return [after - before for before, after in pairwise(times)]


def test_crawl_delay_is_kept_up_to_the_cap() -> None:
    with origins(4) as (slow, slower, quick, nan):
        slow.pages["/robots.txt"] = rules("User-agent: *\nCrawl-delay: 0.5")
        slower.pages["/robots.txt"] = rules("User-agent: *\nCrawl-delay: 100")
        quick.pages["/robots.txt"] = rules("User-agent: *\nCrawl-delay: 0")
        nan.pages["/robots.txt"] = rules("User-agent: *\nCrawl-delay: nan")
        sites = (slow, slower, quick, nan)
        urls = [f"{site.url}/{n}" for n in range(3) for site in sites]
        settings = {
            "SOURCEKEEP_CRAWL_DELAY_CAP": 0.8,
            "AUTOTHROTTLE_ENABLED": True,
            "AUTOTHROTTLE_START_DELAY": 0.01,
            "DOWNLOAD_DELAY_JITTER": 0.5,
        }
        found = crawl(urls, settings=settings)
        times = [site.times("/") for site in sites]  # the robots.txt itself counts as well
    assert [len(each) for each in times] == [4, 4, 4, 4]
    assert min(gaps(times[0])) >= 0.45
    assert min(gaps(times[1])) >= 0.75
    assert max(gaps(times[1])) < 3
    assert max(gaps(times[2])) < 0.45
    assert found["delays"][:4] == [0.5, 0.8, None, None]
    assert {each["crawl_delay"] for each in found["made"]} == {None, 0.5, 0.8}


# The store


def test_later_runs_use_what_an_earlier_one_found_for_as_long_as_it_holds(tmp_path: Path) -> None:
    store = tmp_path / "robots.json"
    with origins(3) as (site, gone, broken):
        site.pages["/robots.txt"] = rules("User-agent: *\nDisallow: /private")
        gone.pages["/robots.txt"] = answer(410)
        broken.pages["/robots.txt"] = answer(500)
        urls = [f"{site.url}/private", f"{site.url}/public", f"{gone.url}/", f"{broken.url}/"]

        def visit(now: str) -> tuple[list[str], list[int]]:
            results = crawl(urls, store=str(store), now=now)["results"]
            decisions = [results[url]["robots"].split()[0] for url in urls]
            return decisions, [each.count("/robots.txt") for each in (site, gone, broken)]

        first = visit("2026-03-01T12:00:00Z")
        assert first == (["disallow", "allow", "allow", "disallow"], [1, 1, 2])
        assert visit("2026-03-01T12:59:00Z") == first
        broken.pages["/robots.txt"] = answer(404)
        site.pages["/robots.txt"] = rules("User-agent: *\nDisallow: /public")
        almost_a_day = visit("2026-03-02T11:59:00Z")
        assert almost_a_day == (["disallow", "allow", "allow", "allow"], [1, 1, 3])
        a_day = visit("2026-03-02T12:00:00Z")
        assert a_day == (["allow", "disallow", "allow", "allow"], [2, 2, 3])
        kept = json.loads(store.read_text())[site.url]
    assert (kept["status"], kept["error"]) == (200, None)
    assert kept["digest"] == digest_of(base64.b64decode(kept["body"]))
    assert kept["fetched_at"] == "2026-03-02T12:00:00Z"


def test_evidence_that_is_lost_reaches_all_who_wait(tmp_path: Path) -> None:
    with origins(1) as (site,):
        site.pages["/robots.txt"] = rules("User-agent: *\nAllow: /")
        urls = [f"{site.url}/{n}" for n in range(10)]
        results = crawl(urls, store=str(tmp_path / "robots.json"), lost=True)["results"]
        assert [result["error"] for result in results.values()] == ["EvidenceLost"] * 10
        assert [path for _, path in site.asked if path != "/robots.txt"] == []


def test_idle_origins_are_forgotten() -> None:
    with origins(4) as sites:
        urls = [f"{site.url}/page" for site in (*sites, sites[3], sites[0])]
        settings = {"CONCURRENT_REQUESTS": 1}
        found = crawl(urls, settings=settings, remembered=2)
        assert found["remembered"] == 2
        assert [site.count("/robots.txt") for site in sites] == [2, 1, 1, 1]

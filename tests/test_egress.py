"""The egress guard, at real sockets: who was connected to is counted where the servers stand.

Outside a namespace of our own nothing but loopback is dialled. What dials other addresses, public
or private, runs in a network namespace that the test makes for itself, in which every address is
the machine's own and no packet can leave.

Each crawl runs in a process of its own, since a reactor starts only once. The file is also the
program that runs inside the namespace.
"""

from __future__ import annotations

import contextlib
import fcntl
import inspect
import ipaddress
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from scrapy import Request
from scrapy.settings import Settings
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock

from crawler.addresses import parse_networks, refusal
from crawler.errors import UsageError
from crawler.fetching.wire.egress import (
    AddressRefused,
    EgressPolicy,
    GuardedDownloadHandler,
    GuardedPool,
    GuardedReactor,
    peer_refusal,
)
from crawler.fetching.wire.guard import check_settings
from crawler.fetching.wire.proxy import parse_proxy, warn_about_environment_proxies
from tests import commands
from tests.crawling import begin, rows
from tests.test_addresses import all_spellings

GUARDED = "crawler.fetching.wire.egress.GuardedDownloadHandler"
PLAIN = "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler"
OTHERS = dict.fromkeys(("file", "data", "ftp", "s3"))
SETTINGS: dict[str, Any] = {
    "DOWNLOAD_HANDLERS": {"http": GUARDED, "https": GUARDED, **OTHERS},
    "EXTENSIONS": {"crawler.fetching.wire.guard.EgressGuard": 0},
    "DOWNLOADER_MIDDLEWARES": {
        "crawler.fetching.wire.proxy.UserProxyMiddleware": 750,
        "__main__.Witness": 950,
        "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
        "crawler.fetching.robots.RobotsMiddleware": 100,
    },
    "HTTPPROXY_ENABLED": False,
    "TWISTED_DNS_RESOLVER": "scrapy.resolver.CachingHostnameResolver",
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "ROBOTSTXT_OBEY": False,
    "ROBOTSTXT_USER_AGENT": "sourcekeep",
    "USER_AGENT": "sourcekeep/test",
    "HTTPERROR_ALLOW_ALL": True,
    "LOG_LEVEL": "INFO",
    "DOWNLOAD_TIMEOUT": 5,
    "RETRY_TIMES": 2,
    "CONCURRENT_REQUESTS": 64,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 64,
}


# A crawl in a process of its own


def crawl(
    urls: list[str], settings: dict[str, Any] | None = None, environ: dict[str, str] | None = None
) -> dict[str, Any]:
    """Crawl the URLs in a fresh process; what came of each, and what a middleware at 950 saw."""
    job = {"urls": urls, "settings": SETTINGS | (settings or {})}
    clean = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return in_a_process(run_crawl, job, clean | (environ or {}))


def in_a_process(
    program: Callable[[dict[str, Any]], dict[str, Any]],
    job: dict[str, Any],
    environ: dict[str, str] | None = None,
) -> dict[str, Any]:
    """What a function returns for a job, with the log, run alone: without this file's imports."""
    source = "\n".join(
        [
            "from __future__ import annotations",
            "import json, sys",
            inspect.getsource(program),
            f"json.dump({program.__name__}(json.loads({json.dumps(job)!r})), sys.stdout)",
        ]
    )
    done = commands.run_source(
        source, environment=os.environ if environ is None else environ, timeout=60
    )
    assert done.out, done.err
    return json.loads(done.out) | {"log": done.err}


def run_crawl(job: dict[str, Any]) -> dict[str, Any]:
    """The inside of such a process."""
    import scrapy
    from scrapy.crawler import AsyncCrawlerProcess

    from crawler.fetching.wire.egress import GuardedDownloadHandler

    seen: list[list[str]] = []
    headers: list[str] = []
    results: dict[str, dict[str, Any]] = {}

    class Witness:
        def process_response(self, request: scrapy.Request, response: Any) -> Any:
            if "Proxy-Authorization" in request.headers:
                headers.append(request.url)
            return response

        def process_exception(self, request: scrapy.Request, exception: Exception) -> None:
            seen.append([request.url, type(exception).__name__])

    class Leaky(GuardedDownloadHandler):
        """A guard that lost its pool, as by a change of Scrapy that nobody noticed."""

        def _guarded_pool(self) -> Any:
            return self._pool

    class Asking(scrapy.Spider):
        name = "asking"

        async def start(self) -> Any:
            for url in job["urls"]:
                try:
                    yield scrapy.Request(
                        url, self.parse, errback=self.failed, cb_kwargs={"asked": url},
                        dont_filter=True,
                    )  # fmt: skip
                except ValueError as exc:
                    results[url] = {"error": "ValueError", "text": str(exc)}

        def parse(self, response: Any, asked: str) -> None:
            results[asked] = {
                "status": response.status,
                "url": response.url,
                "text": response.text,
                "peer": str(response.ip_address),
                "meta": {k: response.meta.get(k) for k in ("robots", "crawl_delay")},
            }

        def failed(self, failure: Any) -> None:
            asked = failure.request.cb_kwargs["asked"]
            exc = failure.value
            results[asked] = {
                "error": type(exc).__name__,
                "text": str(exc),
                "reason": getattr(exc, "reason", None),
                "address": getattr(exc, "address", None),
                "meta": {k: failure.request.meta.get(k) for k in ("robots", "crawl_delay")},
            }

    main = sys.modules["__main__"]
    main.Witness, main.Leaky = Witness, Leaky  # type: ignore[attr-defined]
    process = AsyncCrawlerProcess(job["settings"])
    crawler = process.create_crawler(Asking)
    process.crawl(crawler)
    process.start()
    stats = crawler.stats.get_stats() if not process.bootstrap_failed else {}
    return {
        "results": results,
        "seen": seen,
        "seen_headers": headers,
        "finish": stats.get("finish_reason"),
        "stats": {k: v for k, v in stats.items() if isinstance(v, int)},
        "bootstrap_failed": process.bootstrap_failed,
    }


def once(folder: pytest.TempPathFactory, name: str, make: Callable[[], Any]) -> Any:
    """What ``make`` returns, made by one of the workers of pytest-xdist and read by all others.

    Its ``--dist loadgroup`` would do, but xdist 3.8.0 loses the groups under pytest 9.2.
    """
    base = folder.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = shared / f"{name}.json"
        if not kept.exists():
            kept.write_text(json.dumps(make()))
        return json.loads(kept.read_text())


# Servers that count


class Web(ThreadingHTTPServer):
    """A server on one port; ``contacts`` holds the local address of every connection made to it."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, host: str, port: int, *, keep_alive: bool = False) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.contacts: list[str] = []
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.robots: Callable[[str], str | None] = lambda local: None
        handler = type("Handler", (Page,), {"protocol_version": f"HTTP/1.{int(keep_alive)}"})
        super().__init__((host, port), handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        super().server_bind()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        self.contacts.append(request.getsockname()[0])
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that hangs up, or speaks TLS to it, is counted already

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Page(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.headers.append(dict(self.headers))
        parts = urlsplit(self.path)
        target = parse_qs(parts.query).get("to", [""])[0]
        if parts.path == "/robots.txt":
            to = self.server.robots(self.connection.getsockname()[0])
            self._answer(302 if to else 404, {"Location": to} if to else {}, b"")
        elif parts.path == "/redirect":
            self._answer(302, {"Location": target}, b"")
        elif parts.path == "/refresh":
            body = f'<meta http-equiv="refresh" content="0;url={target}">'
            self._answer(200, {"Content-Type": "text/html"}, body.encode())
        else:
            self._answer(200, {"Content-Type": "text/plain"}, b"secret")

    def do_CONNECT(self) -> None:
        self.server.asked.append(f"CONNECT {self.path}")
        self.server.headers.append(dict(self.headers))
        self._answer(502, {}, b"")

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value.encode().decode("latin-1"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@contextlib.contextmanager
def web(*hosts: str, keep_alive: bool = False) -> Iterator[list[Web]]:
    """Servers on one free port that a web server may have, each on one loopback address."""
    for port in range(8000, 9000):
        servers: list[Web] = []
        try:
            for host in hosts:
                servers.append(Web(host, port, keep_alive=keep_alive))
        except OSError:
            for server in servers:
                server.shutdown()
                server.server_close()
            continue
        break
    try:
        yield servers
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


@cache
def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


# Decisions and parts, without a socket


@pytest.mark.parametrize(
    ("text", "url", "authorization"),
    [
        ("", None, None),
        ("  ", None, None),
        ("http://proxy.test:3128", "http://proxy.test:3128", None),
        ("http://proxy.test:3128/", "http://proxy.test:3128", None),
        ("proxy.test:3128", "http://proxy.test:3128", None),
        ("http://proxy.test", "http://proxy.test:80", None),
        ("http://[::1]:3128", "http://[::1]:3128", None),
        ("http://me:a%3Ab@proxy.test:3128", "http://proxy.test:3128", b"Basic bWU6YTpi"),
    ],
)
def test_a_proxy_is_parted_from_its_password(
    text: str, url: str | None, authorization: bytes | None
) -> None:
    assert parse_proxy(text) == (url, authorization)


@pytest.mark.parametrize(
    "text", ["https://me:secret@p:1", "socks5://me:secret@p:1", "http://me:secret@", "http://p:x"]
)
def test_a_proxy_that_cannot_be_used_is_said_without_its_password(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_proxy(text)
    assert "no proxy" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_environment_proxies_are_named_but_not_shown() -> None:
    warning = warn_about_environment_proxies(
        {"http_proxy": "http://me:secret@p:1", "HTTPS_PROXY": "x", "ALL_PROXY": "", "NO_PROXY": "*"}
    )
    assert warning is not None
    assert "HTTPS_PROXY, http_proxy set" in warning
    assert "secret" not in warning
    assert warn_about_environment_proxies({"NO_PROXY": "*", "PATH": "/bin"}) is None


def policy(*allowed: str) -> EgressPolicy:
    return EgressPolicy(allowed=parse_networks(allowed))


def test_a_peer_is_judged_after_the_fact() -> None:
    private, public = ipaddress.ip_address("10.0.0.5"), ipaddress.ip_address("8.8.8.8")
    assert peer_refusal(private, policy()) == "private"
    assert peer_refusal(public, policy()) is None
    assert peer_refusal(private, policy("10.0.0.0/8")) is None
    assert peer_refusal(None, policy()) is None
    assert peer_refusal(private, EgressPolicy(proxy="http://10.0.0.5:3128")) is None


def test_ports_are_part_of_the_policy() -> None:
    assert policy().dial_refusal("93.184.216.34", 6379) == "port"
    assert policy("127.0.0.0/8").dial_refusal("127.0.0.1", 6379) is None
    assert EgressPolicy(ports=(range(22, 23),)).dial_refusal("93.184.216.34", 22) is None


ROOT = Path(__file__).parent.parent
GUARDLESS = """
import sys
from crawler.fetching.wire import egress
from crawler.fetching.wire import guard

async def pass_it(crawler):
    pass

guard.self_test = pass_it
egress.GuardedReactor.connectTCP = lambda self, *a, **k: self._reactor.connectTCP(*a, **k)
from crawler.cli import main
sys.exit(main())
"""


def test_an_answer_from_where_none_may_come_from_is_discarded_with_an_alarm(tmp_path: Path) -> None:
    """Were the guard broken and its test as well, what came would still not be kept."""
    with web("127.0.0.1") as (server,):
        listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
        listed.write_text(f"http://127.0.0.1:{server.port}/page?token=s3cret\n")
        done = begin(
            "crawl", listed, "--archive", archive, "--delay", "0", "-s", "RETRY_TIMES=0",
            "-s", "ROBOTSTXT_OBEY=False", source=GUARDLESS,
        ).ended(60)  # fmt: skip
        assert done.code == 0, done.err
        assert server.asked, "the guard was on"
    assert "discarded an answer of" in done.err and "CRITICAL" in done.err
    assert "s3cret" not in done.err and "token=REDACTED" in done.err
    fetches = rows(archive, "SELECT outcome, reason, status FROM fetches WHERE purpose = 'source'")
    assert fetches == [{"outcome": "refused-by-us", "reason": "blocked-address", "status": None}]
    assert rows(archive, "SELECT count(*) AS n FROM captures WHERE source NOT NULL") == [{"n": 0}]


def test_a_password_does_not_show_in_the_policy() -> None:
    assert "secret" not in repr(EgressPolicy(proxy_authorization=b"secret"))


def test_a_refusal_is_nothing_that_scrapy_retries() -> None:
    refused = AddressRefused("10.0.0.5", "private", port=80)
    retried = Settings().getlist("RETRY_EXCEPTIONS")
    from scrapy.utils.misc import load_object

    assert not isinstance(refused, tuple(load_object(each) for each in retried))
    assert not isinstance(refused, OSError)
    assert str(refused) == "10.0.0.5 port 80 is not dialled: private"


class Names:
    """A resolver that answers each question with the next of its answers."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    def resolveHostName(self, receiver: Any, name: str, portNumber: int = 0, *_: Any) -> Any:
        receiver.resolutionBegan(self)
        for address in self.answers.pop(0):
            kind = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(kind("TCP", address, portNumber))
        receiver.resolutionComplete()
        return self


def dialled(names: Names, *, times: int = 1, allowed: tuple[str, ...] = ()) -> list[Any]:
    """What a guarded pool has a reactor dial for a name, and how each attempt failed."""
    reactor = MemoryReactorClock()
    reactor.installNameResolver(names)
    pool = GuardedPool(reactor, policy(*allowed))
    found: list[Any] = []
    for _ in range(times):
        endpoint = HostnameEndpoint(reactor, "name.test", 80)
        attempt = pool.getConnection(("http", "name.test", 80), endpoint)
        attempt.addErrback(lambda failure: found.append(failure.value))
        reactor.advance(1)  # addresses are tried 0.3 s apart
    return [client[0] for client in reactor.tcpClients] + found


def test_the_address_that_is_judged_is_the_one_that_is_dialled() -> None:
    assert dialled(Names(["93.184.216.34"])) == ["93.184.216.34"]
    [refused] = dialled(Names(["10.0.0.5"]))
    assert isinstance(refused, AddressRefused)
    assert (refused.address, refused.reason, refused.port) == ("10.0.0.5", "private", 80)


def test_a_name_that_changes_its_mind_gains_nothing() -> None:
    found = dialled(Names(["93.184.216.34"], ["127.0.0.1"], ["::1"]), times=3)
    assert found[0] == "93.184.216.34"
    assert [each.reason for each in found[1:]] == ["loopback", "loopback"]


def test_of_a_mixed_set_the_good_addresses_are_dialled() -> None:
    assert dialled(Names(["10.0.0.5", "93.184.216.34", "fd00::5"])) == ["93.184.216.34"]


def test_a_refused_address_does_not_keep_the_next_one_waiting() -> None:
    reactor = MemoryReactorClock()
    reactor.installNameResolver(Names(["10.0.0.5", "fd00::5", "93.184.216.34", "93.184.216.35"]))
    endpoint = HostnameEndpoint(reactor, "name.test", 80)
    GuardedPool(reactor, policy()).getConnection("key", endpoint).addErrback(lambda failure: None)
    reactor.pump([0, 0, 0])
    assert [client[0] for client in reactor.tcpClients] == ["93.184.216.34"]
    reactor.advance(0.3)
    assert len(reactor.tcpClients) == 2


def test_a_name_in_place_of_an_address_is_refused() -> None:
    guarded = GuardedReactor(MemoryReactorClock(), policy("0.0.0.0/0"))
    with pytest.raises(AddressRefused, match="unparsable"):
        guarded.connectTCP("localhost", 80, Factory())


def test_another_way_out_does_not_exist() -> None:
    guarded = GuardedReactor(MemoryReactorClock(), policy())
    for way in ("connectSSL", "connectUNIX", "adoptStreamConnection", "listenTCP"):
        assert not hasattr(guarded, way)


def test_an_endpoint_of_an_unknown_kind_is_refused() -> None:
    reactor = MemoryReactorClock()
    found: list[Any] = []
    pool = GuardedPool(reactor, policy())
    pool.getConnection("key", UNIXClientEndpoint(reactor, "/run/docker.sock")).addErrback(
        lambda failure: found.append(failure.value)
    )
    assert found[0].reason == "unknown-endpoint"
    assert not reactor.unixClients


def test_an_endpoint_that_keeps_its_reactor_elsewhere_is_refused() -> None:
    reactor = MemoryReactorClock()
    endpoint = HostnameEndpoint(reactor, "name.test", 80)
    del endpoint._reactor  # as a later Twisted might name it
    found: list[Any] = []
    GuardedPool(reactor, policy()).getConnection("key", endpoint).addErrback(
        lambda failure: found.append(failure.value)
    )
    assert found[0].reason == "unknown-endpoint"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"DOWNLOAD_HANDLERS": {"http": PLAIN, "https": GUARDED, **OTHERS}}, "http: past the"),
        ({"DOWNLOAD_HANDLERS": {"http": GUARDED, **OTHERS}}, "https: past the egress guard"),
        ({"DOWNLOAD_HANDLERS": {"http": GUARDED, "https": GUARDED}}, "past the egress guard"),
        (
            {
                "DOWNLOAD_HANDLERS": {
                    "http": "scrapy.core.downloader.handlers._httpx.HttpxDownloadHandler",
                    "https": GUARDED,
                    **OTHERS,
                }
            },
            "DOWNLOAD_HANDLERS",
        ),
        (
            {"DOWNLOAD_HANDLERS": {"http": "crawler.nowhere.Handler", "https": GUARDED, **OTHERS}},
            "cannot be loaded",
        ),
        (
            {
                "DOWNLOAD_HANDLERS": {
                    "http": "crawler.addresses.refusal",
                    "https": GUARDED,
                    **OTHERS,
                }
            },
            "http: past the egress guard",
        ),
        ({"HTTPPROXY_ENABLED": True}, "HTTPPROXY_ENABLED"),
        ({"SOURCEKEEP_CA_FILE": "/nowhere/ca.pem"}, "no PEM file of certificates"),
        ({"SOURCEKEEP_ALLOW": "10.0.0.1/8"}, "did you mean 10.0.0.0/8"),
        ({"SOURCEKEEP_ALLOW_PORTS": "ssh"}, "is no port"),
        ({"SOURCEKEEP_PROXY": "socks5://p:1"}, "is no proxy"),
        ({"SOURCEKEEP_MIN_RATE": -1}, "a rate of 0 or more"),
        ({"SOURCEKEEP_BODY_CAP_BYTES": 2 * 10**9}, "bytes up to 268435456"),
        ({"SOURCEKEEP_BODY_CAP_BYTES": "0"}, "write a number of bytes"),
        ({"SOURCEKEEP_BODY_CAP_BYTES": "32 MiB"}, "write a number of bytes"),
    ],
)
def test_settings_that_go_past_the_guard_are_refused(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        check_settings(Settings(SETTINGS | changes))


def test_the_settings_of_these_tests_are_fit_to_start() -> None:
    check_settings(Settings(SETTINGS))
    check_settings(Settings(SETTINGS | {"SOURCEKEEP_ALLOW": ["127.0.0.0/8", "::1"]}))


# Loopback, at the socket

FRONT = "127.0.0.9"  # allowed, so that it can send us to addresses that are not
SPELLED = [  # numeric for the C library, so that no lookup leaves the machine
    "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "017700000001",
    "127.000.0.1", "localhost", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::1]",
    "[0:0:0:0:0:0:0:1]",
]  # fmt: skip
ROUTES = ["link", "https-link", "redirect", "refresh", "robots"]


def targets(port: int) -> list[str]:
    hosts = [host for host in SPELLED if has_ipv6() or host not in ("[::1]", "[0:0:0:0:0:0:0:1]")]
    return [f"http://{host}:{port}/x" for host in hosts]


def through(route: str, target: str, front: str) -> str:
    if route == "link":
        return target
    if route == "https-link":
        return target.replace("http:", "https:")
    return f"{front}/{route}?to={quote(target, safe='')}"


@pytest.fixture(scope="module")
def on_loopback() -> Iterator[tuple[list[Web], Web]]:
    """Servers that must not be reached, and the one in front that sends there."""
    hosts = ["127.0.0.1", "::1"] if has_ipv6() else ["127.0.0.1"]
    with web(FRONT, *hosts) as (front, *inner):
        yield inner, front


def test_loopback_is_dialled_by_no_route_and_no_spelling(on_loopback: Any) -> None:
    inner, front = on_loopback
    base = f"http://{FRONT}:{front.port}"
    urls = [
        through(route, target, base)
        for route in ("link", "https-link", "redirect", "refresh")
        for target in targets(front.port)
    ]
    before = [len(server.contacts) for server in inner]
    found = crawl(urls, {"SOURCEKEEP_ALLOW": FRONT})
    assert [len(server.contacts) for server in inner] == before
    assert len(found["results"]) == len(urls)
    for url, result in found["results"].items():
        assert (result.get("error"), result.get("reason")) == ("AddressRefused", "loopback"), url
    # one attempt each: refused requests are not retried, and 950 saw every refusal
    assert len(found["seen"]) == len(urls)
    assert {kind for _, kind in found["seen"]} == {"AddressRefused"}
    assert "Traceback" not in found["log"]


def test_allowed_loopback_is_dialled_by_every_route(on_loopback: Any) -> None:
    inner, front = on_loopback
    base = f"http://{FRONT}:{front.port}"
    urls = [
        through(route, target, base)
        for route in ("link", "redirect", "refresh")
        for target in targets(front.port)
    ]
    before = sum(len(server.contacts) for server in inner)
    found = crawl(urls, {"SOURCEKEEP_ALLOW": "127.0.0.0/8, ::1"})
    assert {result.get("text") for result in found["results"].values()} == {"secret"}
    assert sum(len(server.contacts) for server in inner) == before + len(urls)


def test_a_robots_txt_that_redirects_inside_is_not_followed(on_loopback: Any) -> None:
    inner, front = on_loopback
    before = [len(server.contacts) for server in inner]
    front.robots = lambda local: f"http://127.1:{front.port}/robots.txt"
    url = f"http://{FRONT}:{front.port}/page"
    found = crawl([url], {"SOURCEKEEP_ALLOW": FRONT, "ROBOTSTXT_OBEY": True})
    front.robots = lambda local: None
    assert found["results"][url]["error"] == "RobotsExcluded"
    assert found["results"][url]["meta"]["robots"] == "disallow unreachable(blocked-address)"
    assert [len(server.contacts) for server in inner] == before
    assert "/page" not in front.asked


def test_a_host_that_is_refused_is_refused_before_its_robots_txt(on_loopback: Any) -> None:
    inner, front = on_loopback
    before = [len(server.contacts) for server in inner]
    urls = [f"http://127.0.0.1:{front.port}/{n}" for n in range(5)]
    found = crawl(urls, {"ROBOTSTXT_OBEY": True})
    assert {(r["error"], r["reason"]) for r in found["results"].values()} == {
        ("AddressRefused", "loopback")
    }
    assert [len(server.contacts) for server in inner] == before


def test_the_self_test_stops_a_run_whose_guard_is_off(on_loopback: Any) -> None:
    inner, front = on_loopback
    before = [len(server.contacts) for server in inner]
    leaky = {"http": GUARDED, "https": "__main__.Leaky", **OTHERS}
    found = crawl([f"http://127.0.0.1:{front.port}/"], {"DOWNLOAD_HANDLERS": leaky})
    assert found["finish"] == "egress-guard-off"
    assert found["results"] == {}
    assert "the egress guard is off: https://127.0.0.1:" in found["log"]
    assert [len(server.contacts) for server in inner] == before


def test_the_self_test_dials_nothing_where_loopback_is_allowed(on_loopback: Any) -> None:
    _, front = on_loopback
    found = crawl([f"http://{FRONT}:{front.port}/"], {"SOURCEKEEP_ALLOW": "127.0.0.0/8"})
    assert found["finish"] == "finished"
    assert found["stats"]["downloader/request_count"] == 1
    assert LETS_IN not in found["log"]


LETS_IN = "lets the crawl into private networks and the machine"


def test_a_run_that_may_go_anywhere_says_so(on_loopback: Any) -> None:
    _, front = on_loopback
    found = crawl([f"http://{FRONT}:{front.port}/"], {"SOURCEKEEP_ALLOW": "0.0.0.0/0,::/0"})
    assert found["finish"] == "finished"
    assert LETS_IN in found["log"]


def test_a_foreign_handler_stops_the_run_before_it_starts() -> None:
    handlers = {"http": PLAIN, "https": GUARDED, **OTHERS}
    found = crawl(["http://127.0.0.1:8000/"], {"DOWNLOAD_HANDLERS": handlers})
    assert found["bootstrap_failed"]
    assert found["results"] == {}


def test_a_pooled_connection_is_used_again() -> None:
    with web("127.0.0.1", keep_alive=True) as (server,):
        urls = [f"http://127.0.0.1:{server.port}/{n}" for n in range(6)]
        # a connection returns to the pool a moment after its response was handed over
        pace = {"CONCURRENT_REQUESTS_PER_DOMAIN": 1, "DOWNLOAD_DELAY": 0.05}
        found = crawl(urls, {"SOURCEKEEP_ALLOW": "127.0.0.0/8", **pace})
        assert {result["status"] for result in found["results"].values()} == {200}
        assert len(server.asked) == 6
        assert len(server.contacts) == 1


def test_allowed_https_is_fetched() -> None:
    trustme = pytest.importorskip("trustme")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with web("127.0.0.1") as (server,):
        server.socket = context.wrap_socket(server.socket, server_side=True)
        url = f"https://127.0.0.1:{server.port}/"
        found = crawl([url], {"SOURCEKEEP_ALLOW": "127.0.0.1"})["results"][url]
        assert (found["text"], found["peer"]) == ("secret", "127.0.0.1")


def test_environment_proxies_are_ignored_with_one_warning() -> None:
    with web("127.0.0.1") as (server,), web("127.0.0.1") as (proxy,):
        named = dict.fromkeys(
            ("http_proxy", "HTTPS_PROXY", "all_proxy"), f"http://me:secret@127.0.0.1:{proxy.port}"
        )
        url = f"http://127.0.0.1:{server.port}/"
        found = crawl([url], {"SOURCEKEEP_ALLOW": "127.0.0.0/8"}, named)
        assert found["results"][url]["text"] == "secret"
        assert proxy.contacts == []
        assert found["log"].count("set in the environment: ignored") == 1
        assert "me:secret" not in found["log"]


def test_the_proxy_of_the_user_gets_every_request() -> None:
    with web("127.0.0.1") as (proxy,), web("127.0.0.2") as (direct,):
        host = f"127.0.0.2:{direct.port}"
        urls = [f"http://{host}/page", f"https://{host}/page"]
        settings = {
            "SOURCEKEEP_PROXY": f"http://me:pass@127.0.0.1:{proxy.port}",
            "ROBOTSTXT_OBEY": True,
            "RETRY_TIMES": 0,
        }
        found = crawl(urls, settings)
        assert direct.contacts == []
        assert set(proxy.asked) == {f"{urls[0][:-5]}/robots.txt", urls[0], f"CONNECT {host}"}
        assert all(sent["Proxy-Authorization"] == "Basic bWU6cGFzcw==" for sent in proxy.headers)
        assert found["results"][urls[0]]["text"] == "secret"
        assert found["seen_headers"] == []  # nobody above the handler ever sees the password
        assert "me:pass" not in found["log"]


def test_a_request_that_misses_the_proxy_of_the_user_is_refused() -> None:
    with web("127.0.0.1") as (proxy,):
        found = crawl(
            [f"http://127.0.0.1:{proxy.port}/"],
            {
                "SOURCEKEEP_PROXY": f"http://127.0.0.1:{proxy.port}",
                "DOWNLOADER_MIDDLEWARES": {"__main__.Witness": 950},
            },
        )
        [result] = found["results"].values()
        assert (result["error"], result["reason"]) == ("AddressRefused", "proxy")
        assert proxy.contacts == []


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(None, "http://127.0.0.1:1"), ("http://p:1", None), ("http://p:1", "http://p:2")],
)
def test_only_the_proxy_of_the_user_is_used(ours: str | None, theirs: str | None) -> None:
    handler = GuardedDownloadHandler.__new__(
        GuardedDownloadHandler
    )  # it needs no reactor to refuse
    handler._policy = EgressPolicy(proxy=ours)
    download = handler.download_request(Request("http://a.example/", meta={"proxy": theirs}))
    with pytest.raises(AddressRefused, match="proxy"):
        download.send(None)


# Inside a network namespace: public, private and metadata addresses

PUBLIC = "93.184.216.34"
PUBLIC_V6 = "2606:2800:220:1:248:1893:25c8:1946"
PORTS = (22, 25, 80, 6379, 8080, 11211)
ZONE: dict[str, list[list[str]]] = {  # name -> answers, one after the other
    "public.test": [[PUBLIC]],
    "private.test": [["10.0.0.5"]],
    "metadata.google.internal": [["169.254.169.254"]],
    "cgnat.test": [["100.64.0.1"]],
    "mixed.test": [["10.0.0.5", PUBLIC]],
    "mixed-loopback.test": [[PUBLIC, "127.0.0.1"]],
    "v6only.test": [[PUBLIC_V6]],
    "v6private.test": [["fd00::5"]],
    "v6mapped.test": [["::ffff:10.0.0.5"]],
    "rebind.test": [[PUBLIC], ["127.0.0.1"]],
}
HOSTS_FILE = (
    "127.0.0.1 localhost\n::1 localhost\n192.168.1.1 hosted.test\n93.184.216.35 open.test\n"
)


class TinyDNS(threading.Thread):
    """Answers A and AAAA from ZONE with TTL 0, and that there is no such name for all others."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.asked: dict[tuple[str, int], int] = {}

    def run(self) -> None:
        while True:
            query, client = self.socket.recvfrom(2048)
            self.socket.sendto(self.answer(query), client)

    def answer(self, query: bytes) -> bytes:
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode("latin-1"))
            at += 1 + query[at]
        name = ".".join(labels).lower()
        kind = struct.unpack("!H", query[at + 1 : at + 3])[0]
        question = query[12 : at + 5]
        answers = ZONE.get(name)
        if answers is None:
            return query[:2] + struct.pack("!HHHHH", 0x8183, 1, 0, 0, 0) + question
        turn = self.asked[name, kind] = self.asked.get((name, kind), -1) + 1
        rows = b""
        count = 0
        for text in answers[turn % len(answers)]:
            address = ipaddress.ip_address(text)
            if kind == (1 if address.version == 4 else 28):
                packed = address.packed
                rows += struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(packed)) + packed
                count += 1
        return query[:2] + struct.pack("!HHHHH", 0x8180, 1, count, 0, 0) + question + rows


def inside_namespace(folder: Path, names: list[str]) -> dict[str, Any]:
    """Scenarios, run where all addresses are our own; what was asked and who was reached."""
    for command in (
        "ip link set lo up",
        "ip route add local 0.0.0.0/0 dev lo",
        "ip -6 route add local ::/0 dev lo",
    ):
        subprocess.run(command.split(), check=True)
    for path, text in (
        ("/etc/hosts", HOSTS_FILE),
        ("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"),
    ):
        ours = folder / Path(path).name
        ours.write_text(text)
        subprocess.run(["mount", "--bind", str(ours), path], check=True)
    TinyDNS().start()
    servers = [Web(host, port) for port in PORTS for host in ("0.0.0.0", "::")]
    report = {}
    for name in names:
        scenario = SCENARIOS[name]
        for server in servers:
            server.contacts.clear()
            server.robots = scenario.get("robots", lambda local: None)
        settings = QUICK | scenario.get("settings", {})
        found = crawl(scenario["urls"], settings, scenario.get("environ"))
        reached = [[at, server.port] for server in servers for at in server.contacts]
        report[name] = {"found": found, "reached": reached}
    return report


def spelled(route: str) -> list[str]:
    return [through(route, f"http://{host}/x", f"http://{PUBLIC}") for host in all_spellings()]


def robots_host(number: int) -> str:
    return f"11.0.{number >> 8}.{number & 255}"


def robots_to_spelling(local: str) -> str | None:
    """Each of a row of public hosts sends for its robots.txt to another spelling."""
    a, b, c, d = (int(part) for part in local.removeprefix("::ffff:").split("."))
    return f"http://{all_spellings()[c << 8 | d]}/robots.txt" if (a, b) == (11, 0) else None


# No name is remembered, so that each request asks anew; and all at once.
QUICK = {"DNSCACHE_ENABLED": False, "RETRY_TIMES": 0, "CONCURRENT_REQUESTS": 400}
UNGUARDED = {
    "DOWNLOAD_HANDLERS": {"http": PLAIN, "https": PLAIN, **OTHERS},
    "EXTENSIONS": {},
    "DOWNLOADER_MIDDLEWARES": {"__main__.Witness": 950},
    "DOWNLOAD_TIMEOUT": 2,
}
NAMES = [*ZONE, "hosted.test", "open.test", "[::1]."]
REBINDING = [f"http://rebind.test/{n}" for n in range(20)]
SCENARIOS: dict[str, dict[str, Any]] = {
    "guarded": {
        "urls": [
            *(url for route in ("link", "redirect", "refresh") for url in spelled(route)),
            *(f"http://{name}/" for name in NAMES),
            *(f"http://public.test:{port}/" for port in PORTS),
            *REBINDING,
        ],
        "environ": {"http_proxy": "http://10.9.9.9:8080", "HTTPS_PROXY": "http://10.9.9.9:8080"},
    },
    "robots": {
        "urls": [f"http://{robots_host(n)}/page" for n in range(len(all_spellings()))],
        "robots": robots_to_spelling,
        "settings": {"ROBOTSTXT_OBEY": True},
    },
    "without guard": {"urls": [*spelled("link"), *REBINDING], "settings": UNGUARDED},
    "allowed": {
        "urls": [
            *(f"http://{host}:{port}/" for host in ("public.test", "10.0.0.5") for port in PORTS),
            "http://192.168.1.1/",
        ],
        "settings": {"SOURCEKEEP_ALLOW": "10.0.0.0/8", "SOURCEKEEP_ALLOW_PORTS": "22, 6000-7000"},
    },
}


def way_into_a_namespace(tmp: Path) -> list[str]:
    """The command that runs its arguments in new network and mount namespaces; else a skip."""
    missing = [tool for tool in ("unshare", "ip", "mount") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)} here")
    probe = f"ip link set lo up && mount --bind {tmp} {tmp}"
    for way in (["unshare", "-n", "-m"], ["unshare", "-r", "-n", "-m"]):
        if subprocess.run([*way, "sh", "-c", probe], capture_output=True).returncode == 0:
            return way
    pytest.skip("namespaces may not be made here")


@pytest.fixture(scope="module")
def namespace(tmp_path_factory: pytest.TempPathFactory) -> Any:
    scratch = tmp_path_factory.mktemp("namespace")
    way = way_into_a_namespace(scratch)

    def make() -> dict[str, Any]:
        groups = [["guarded"], [name for name in SCENARIOS if name != "guarded"]]
        with ThreadPoolExecutor() as pool:  # a namespace each, side by side
            reports = pool.map(lambda names: run_in_namespace(way, scratch, names), groups)
        return {name: each for report in reports for name, each in report.items()}

    return once(tmp_path_factory, "egress-namespace", make)


def run_in_namespace(way: list[str], scratch: Path, names: list[str]) -> dict[str, Any]:
    folder = scratch / names[0]
    folder.mkdir()
    done = subprocess.run(
        [*way, sys.executable, __file__, str(folder), *names],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def not_global(report: dict[str, Any]) -> list[Any]:
    """The connections that should not have been, as the servers saw them."""
    return [contact for contact in report["reached"] if refusal(contact[0]) is not None]


@pytest.mark.parametrize("route", ["link", "redirect", "refresh"])
def test_300_spellings_by_every_route_are_refused(namespace: Any, route: str) -> None:
    results = namespace["guarded"]["found"]["results"]
    for url in spelled(route):
        # ValueError: no URL at all; CannotResolveHostError: no address for the C library either
        refused = ("AddressRefused", "CannotResolveHostError", "ValueError")
        assert results[url].get("error") in refused, url
    reasons = [results[url].get("error") for url in spelled(route)]
    assert reasons.count("AddressRefused") >= 250


def test_300_spellings_by_robots_txt_are_refused(namespace: Any) -> None:
    results = namespace["robots"]["found"]["results"]
    assert len(results) == len(all_spellings())
    decisions = [result["meta"]["robots"] for result in results.values()]
    assert decisions.count("disallow unreachable(blocked-address)") >= 250
    assert {decision.partition("(")[0] for decision in decisions} == {"disallow unreachable"}


@pytest.mark.parametrize("scenario", ["guarded", "robots"])
def test_no_server_at_an_address_that_is_not_global_was_reached(
    namespace: Any, scenario: str
) -> None:
    assert not_global(namespace[scenario]) == []
    assert len(namespace[scenario]["reached"]) > 300  # the public ones in front were


def test_without_the_guard_most_spellings_reach_somebody(namespace: Any) -> None:
    assert len(not_global(namespace["without guard"])) >= 250


def test_names_are_judged_by_what_they_resolve_to(namespace: Any) -> None:
    results = namespace["guarded"]["found"]["results"]
    shown = {name: results[f"http://{name}/"] for name in NAMES}
    peers = {name: shown[name].get("peer") or shown[name].get("reason") for name in NAMES}
    assert peers["public.test"] == PUBLIC
    assert peers["open.test"] == "93.184.216.35"
    assert peers["v6only.test"] == PUBLIC_V6
    assert peers["mixed.test"] == peers["mixed-loopback.test"] == PUBLIC
    assert peers["private.test"] == peers["v6private.test"] == peers["hosted.test"] == "private"
    assert peers["v6mapped.test"] == "private"
    assert peers["metadata.google.internal"] == "metadata"
    assert peers["cgnat.test"] == "shared"


def test_rebinding_never_reaches_loopback(namespace: Any) -> None:
    results = namespace["guarded"]["found"]["results"]
    shown = [results[url].get("peer") or results[url].get("reason") for url in REBINDING]
    assert set(shown) == {PUBLIC, "loopback"}
    without = namespace["without guard"]["found"]["results"]
    assert "127.0.0.1" in {without[url].get("peer") for url in REBINDING}


def test_ports_of_other_protocols_are_not_dialled(namespace: Any) -> None:
    reached = {port for _, port in namespace["guarded"]["reached"]}
    assert sorted(reached) == [80, 8080]


def test_allowed_networks_and_ports_are_dialled_and_no_others(namespace: Any) -> None:
    reached = namespace["allowed"]["reached"]
    assert sorted(port for at, port in reached if at == "10.0.0.5") == sorted(PORTS)
    assert sorted(port for at, port in reached if at == PUBLIC) == [22, 80, 6379, 8080]
    assert {at for at, _ in reached} == {"10.0.0.5", PUBLIC}


def test_an_environment_proxy_is_no_way_around_the_guard(namespace: Any) -> None:
    assert "10.9.9.9" not in {at for at, _ in namespace["guarded"]["reached"]}
    assert namespace["guarded"]["found"]["log"].count("set in the environment: ignored") == 1


if __name__ == "__main__":
    json.dump(inside_namespace(Path(sys.argv[1]), sys.argv[2:]), sys.stdout)

"""TLS: every certificate is verified; what is wrong with one is noted, and the page still kept."""

from __future__ import annotations

import json
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

import pytest
import trustme
from scrapy.utils.test import get_crawler
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.tls import TLSMemoryBIOFactory

from crawler.demo import START
from crawler.errors import UsageError
from crawler.fetching.wire.tls import NotingPolicy, check_trust
from tests.crawling import crawl, rows, sourcekeep

pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
PAGE = b"<html><head><title>Harbour</title></head><body><p>" + b"The ferry. " * 50 + b"</p></body>"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Site(ThreadingHTTPServer):
    """A small HTTPS host on an address of its own."""

    daemon_threads = True
    asked: list[str]


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert isinstance(self.server, Site)
        self.server.asked.append(self.path)
        found = self.path != "/robots.txt"
        body = PAGE + self.path.encode() if found else b""
        if self.path == "/to-the-end":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body)
            self.close_connection = True
            return
        self.send_response(302 if self.path.startswith("/go?") else 200 if found else 404)
        if self.path.startswith("/go?"):
            self.send_header("Location", self.path.removeprefix("/go?"))
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@dataclass
class Web:
    """HTTPS hosts on loopback, each with a certificate of its own."""

    folder: Path
    sites: dict[str, Site] = field(default_factory=dict)

    def add(
        self, name: str, address: str, certificate: trustme.LeafCert | None, **limits: Any
    ) -> None:
        site = Site((address, 0), Answering)
        site.asked = []
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            for limit, value in limits.items():
                setattr(context, limit, value)
            site.socket = context.wrap_socket(site.socket, server_side=True)
        threading.Thread(target=site.serve_forever, args=(0.05,), daemon=True).start()
        self.sites[name] = site

    def url(self, name: str, path: str = "/page", scheme: str = "https") -> str:
        address, port = self.sites[name].server_address[:2]
        return f"{scheme}://{address!s}:{port}{path}"

    def close(self) -> None:
        for site in self.sites.values():
            site.shutdown()
            site.server_close()


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    web = Web(tmp_path_factory.mktemp("tls"))
    ours, foreign = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(str(web.folder / "ca.pem"))
    expired = ours.issue_cert(
        "127.0.0.3", not_before=LONG_AGO, not_after=LONG_AGO + timedelta(days=90)
    )
    early = ours.issue_cert(
        "127.0.0.4", not_before=datetime.now(UTC) + timedelta(days=9),
        not_after=datetime.now(UTC) + timedelta(days=99),
    )  # fmt: skip
    web.add("good", "127.0.0.2", ours.issue_cert("127.0.0.2"))
    web.add("expired", "127.0.0.3", expired)
    web.add("early", "127.0.0.4", early)
    web.add("name", "127.0.0.5", ours.issue_cert("elsewhere.example"))
    web.add("untrusted", "127.0.0.6", foreign.issue_cert("127.0.0.6"))
    web.add("all", "127.0.0.7", foreign.issue_cert(
        "elsewhere.example", not_before=LONG_AGO, not_after=LONG_AGO + timedelta(days=90)
    ))  # fmt: skip
    web.add("plain", "127.0.0.8", None)
    old = {"minimum_version": ssl.TLSVersion.TLSv1, "maximum_version": ssl.TLSVersion.TLSv1_1}
    web.add("old", "127.0.0.9", ours.issue_cert("127.0.0.9"), **old)
    yield web
    web.close()


@dataclass(frozen=True)
class Crawled:
    archive: Path
    web: Web
    err: str

    def hops(self, url: str) -> list[dict[str, Any]]:
        """The hops of the last visit to a source, with the flags of their captures."""
        return rows(
            self.archive,
            "SELECT f.*, c.flags, s.good_capture FROM fetches f JOIN sources s ON s.id = f.source"
            " LEFT JOIN captures c ON c.fetch = f.id WHERE s.url = ? ORDER BY f.id",
            url,
        )


@pytest.fixture(scope="module")
def crawled(web: Web) -> Crawled:
    urls = [web.url(name) for name in web.sites if name != "plain"]
    urls += [web.url("good", f"/more/{n}") for n in range(3)]
    urls += [
        web.url("plain", scheme="http"),
        web.url("plain", "/tls"),
        web.url("good", "/to-the-end"),
        web.url("good", f"/go?{web.url('expired', '/target')}"),
        web.url("expired", f"/go?{web.url('good', '/target')}"),
        web.url("expired", f"/go?{web.url('plain', '/target', 'http')}"),
    ]
    listed = web.folder / "list.txt"
    listed.write_text("\n".join(urls) + "\n")
    outcome = crawl(
        web.folder / "a.db", START, listed, "-s", f"SOURCEKEEP_CA_FILE={web.folder / 'ca.pem'}",
        "-s", "RETRY_TIMES=0",
    )  # fmt: skip
    return Crawled(web.folder / "a.db", web, outcome.err)


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("good", []),
        ("expired", ["tls-expired"]),
        ("early", ["tls-expired"]),
        ("name", ["tls-name"]),
        ("untrusted", ["tls-untrusted"]),
        ("all", ["tls-expired", "tls-name", "tls-untrusted"]),
    ],
)
def test_a_certificate_is_verified_and_what_is_wrong_is_told(
    crawled: Crawled, name: str, flags: list[str]
) -> None:
    (hop,) = crawled.hops(crawled.web.url(name))
    assert hop["outcome"] == "live-unverified" and hop["good_capture"]
    assert hop["tls_verified"] == (not flags)
    assert json.loads(hop["flags"] or "[]") == flags
    assert hop["certificate_digest"].startswith("sha256:")


def test_each_certificate_has_its_digest(crawled: Crawled) -> None:
    named = [name for name in crawled.web.sites if name not in ("plain", "old")]
    digests = {crawled.hops(crawled.web.url(name))[0]["certificate_digest"] for name in named}
    assert len(digests) == len(named)


def test_every_answer_of_a_pooled_connection_is_marked(crawled: Crawled) -> None:
    for number in range(3):
        (hop,) = crawled.hops(crawled.web.url("good", f"/more/{number}"))
        assert (hop["tls_verified"], hop["flags"]) == (1, None)


def test_each_hop_of_a_redirect_has_its_own_verdict(crawled: Crawled) -> None:
    url = crawled.web.url
    targets = {
        ("good", url("expired", "/target")): [1, 0],
        ("expired", url("good", "/target")): [0, 1],
        ("expired", url("plain", "/target", "http")): [0, None],
    }
    for (name, target), verified in targets.items():
        hops = crawled.hops(url(name, f"/go?{target}"))
        assert [hop["tls_verified"] for hop in hops] == verified
        assert [bool(hop["certificate_digest"]) for hop in hops] == [
            v is not None for v in verified
        ]


def test_robots_txt_is_marked_too(crawled: Crawled) -> None:
    found = rows(crawled.archive, "SELECT url, tls_verified FROM fetches WHERE purpose = 'robots'")
    marked = {row["url"]: row["tls_verified"] for row in found}
    assert marked[crawled.web.url("good", "/robots.txt")] == 1
    assert marked[crawled.web.url("expired", "/robots.txt")] == 0


@pytest.mark.parametrize(("name", "path"), [("plain", "/tls"), ("old", "/page")])
def test_a_host_that_speaks_no_tls_of_ours_is_dead(crawled: Crawled, name: str, path: str) -> None:
    (hop,) = crawled.hops(crawled.web.url(name, path))
    assert (hop["outcome"], hop["reason"]) == ("dead-host", "tls"), hop["error"]
    assert hop["flags"] is None and hop["good_capture"] is None


def test_a_body_without_length_is_only_flagged(crawled: Crawled) -> None:
    (hop,) = crawled.hops(crawled.web.url("good", "/to-the-end"))
    assert hop["outcome"] == "live-unverified"
    assert json.loads(hop["flags"]) == ["length-unverified"]


def test_nothing_is_logged_about_certificates(crawled: Crawled) -> None:
    assert "Traceback" not in crawled.err and "certificate" not in crawled.err.lower()


def test_the_system_s_certificates_are_the_default(web: Web, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(web.url("good") + "\n")
    archive = tmp_path / "a.db"
    crawl(archive, START, listed)
    (hop,) = Crawled(archive, web, "").hops(web.url("good"))
    assert (hop["tls_verified"], hop["flags"]) == (0, '["tls-untrusted"]')


def test_verification_can_be_made_fatal(web: Web, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(web.url("good") + "\n" + web.url("expired") + "\n")
    archive = tmp_path / "a.db"
    before = len(web.sites["expired"].asked)
    crawl(
        archive, START, listed, "-s", f"SOURCEKEEP_CA_FILE={web.folder / 'ca.pem'}",
        "-s", "DOWNLOAD_VERIFY_CERTIFICATES=True", "-s", "RETRY_TIMES=0",
    )  # fmt: skip
    crawled = Crawled(archive, web, "")
    assert crawled.hops(web.url("good"))[0]["tls_verified"] == 1
    assert crawled.hops(web.url("expired"))[-1]["reason"] == "tls"
    assert len(web.sites["expired"].asked) == before


def test_the_dot_at_the_end_of_a_name_is_no_part_of_it() -> None:
    """``https://news.example./``: no server name ends so (RFC 6066 §3), and no certificate's."""
    creator = NotingPolicy.for_crawler(get_crawler()).creatorForNetloc(b"news.example.", 443)
    tls = TLSMemoryBIOFactory(creator, True, Factory.forProtocol(Protocol)).buildProtocol(None)
    assert creator.clientConnectionForTLS(tls).get_servername() == b"news.example"


# Through a proxy


class Proxy(ThreadingTCPServer):
    """Opens tunnels, and remembers to where. It refuses those to ``closed``."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, closed: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Tunnelling)
        self.closed = closed
        self.opened: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Tunnelling(StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Proxy)
        first = self.rfile.readline().decode()
        while self.rfile.readline().strip():
            pass  # the headers
        method, target, _ = first.split(" ")
        if method != "CONNECT" or target == self.server.closed:
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        self.server.opened.append(target)
        host, _, port = target.rpartition(":")
        with (
            suppress(ConnectionError),  # either end may break off
            socket.create_connection((host, int(port))) as there,
        ):
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._pipe(there)

    def _pipe(self, there: socket.socket) -> None:
        other = {there: self.connection, self.connection: there}
        while True:
            for sock in select.select(list(other), [], [])[0]:
                data = sock.recv(65536)
                if not data:
                    return
                other[sock].sendall(data)


@pytest.fixture
def proxy(web: Web) -> Iterator[Proxy]:
    closed = web.url("plain").removeprefix("https://").removesuffix("/page")
    with Proxy(closed) as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True).start()
        yield proxy
        proxy.shutdown()


def test_certificates_are_judged_through_a_proxy_too(
    web: Web, proxy: Proxy, tmp_path: Path
) -> None:
    faults = {
        "good": None,
        "expired": ["tls-expired"],
        "early": ["tls-expired"],
        "name": ["tls-name"],
        "untrusted": ["tls-untrusted"],
        "all": ["tls-expired", "tls-name", "tls-untrusted"],
    }
    urls = [web.url(name) for name in faults]
    urls += [web.url("good", "/again"), web.url("old"), web.url("plain")]
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    listed.write_text("\n".join(urls) + "\n")
    done = crawl(
        archive, START, listed, "-s", f"SOURCEKEEP_CA_FILE={web.folder / 'ca.pem'}",
        "--proxy", proxy.url, "-s", "RETRY_TIMES=0",
    )  # fmt: skip
    crawled = Crawled(archive, web, done.err)
    digests = set()
    for name, flags in faults.items():
        (hop,) = crawled.hops(web.url(name))
        assert hop["outcome"] == "live-unverified" and hop["good_capture"], name
        assert hop["tls_verified"] == (flags is None), name
        assert json.loads(hop["flags"] or "null") == flags, name
        digests.add(hop["certificate_digest"])
    assert len(digests) == len(faults) and None not in digests
    (again,) = crawled.hops(web.url("good", "/again"))
    assert again["tls_verified"] == 1, "the same tunnel, or one more"
    (old,) = crawled.hops(web.url("old"))
    # The end of its handshake shows as an alert or as a lost connection: whichever is read first.
    assert (old["outcome"], old["reason"]) in (("dead-host", "tls"), ("robots-excluded", "robots"))
    (refused,) = crawled.hops(web.url("plain"))
    assert refused["robots"] == "disallow unreachable(failed)"
    (asked,) = rows(archive, "SELECT error FROM fetches WHERE url = ?",
                    web.url("plain", "/robots.txt"))  # fmt: skip
    assert "TunnelError" in asked["error"] and "403" in asked["error"]
    assert web.url("good").split("/")[2] in proxy.opened
    assert "Traceback" not in done.err and "certificate" not in done.err.lower(), done.err


def test_a_wrong_certificate_can_be_made_fatal_through_a_proxy(
    web: Web, proxy: Proxy, tmp_path: Path
) -> None:
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    listed.write_text(web.url("good") + "\n" + web.url("name") + "\n")
    before = len(web.sites["name"].asked)
    crawl(
        archive, START, listed, "-s", f"SOURCEKEEP_CA_FILE={web.folder / 'ca.pem'}",
        "-s", "DOWNLOAD_VERIFY_CERTIFICATES=True", "-s", "RETRY_TIMES=0", "--proxy", proxy.url,
    )  # fmt: skip
    crawled = Crawled(archive, web, "")
    assert crawled.hops(web.url("good"))[0]["tls_verified"] == 1
    assert crawled.hops(web.url("name"))[-1]["reason"] == "tls"
    assert len(web.sites["name"].asked) == before


def test_a_file_that_holds_no_certificates_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "ca.pem"
    for content in (None, "no certificates"):
        if content is not None:
            wrong.write_text(content)
        with pytest.raises(UsageError, match="SOURCEKEEP_CA_FILE"):
            check_trust({"SOURCEKEEP_CA_FILE": str(wrong)})  # type: ignore[arg-type]
        refused = sourcekeep("crawl", "--archive", tmp_path / "a.db", "-s",
                             f"SOURCEKEEP_CA_FILE={wrong}")  # fmt: skip
        assert refused.code != 0 and len(refused.err.splitlines()) == 1, refused.err

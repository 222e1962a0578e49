"""Headers, redirects and pacing, as one real crawl leaves them in archive.db."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crawler.demo import START, Behaviour, DemoWeb, Request, page, raw, redirect
from crawler.demo.behaviours import Answer, Script, coded
from tests.crawling import Outcome, begin, crawl, crawl_words, rows, value

STUB = b"<html><meta http-equiv=refresh content='0; url=%s'></html>"
BAD_REFRESH = "<head><meta http-equiv=refresh content='0; url=http://[x/'>"
BAD_BASE = "<head><base href='http://c.example:99999/'><script>refresh()</script>"
PAGE = "<html><head><title>Harbour</title></head><body><p>" + "The ferry. " * 50 + "</p></body>"
HEADERS = [
    ("X-Twice", "first"),
    ("X-Between", "one"),
    ("X-Twice", "second"),
    ("X-Latin", "caf\xe9"),
    ("Set-Cookie", "sid=secret; Path=/; HttpOnly"),
    ("Set-Cookie", "just-a-secret"),
    ("Referrer-Policy", "crawler.does_not_exist.Policy"),
    ("X-Nothing", ""),
    ("tdm-reservation", "1"),
    ("X-Robots-Tag", "noarchive"),
]


def sent(location: bytes, status: int = 302) -> Behaviour:
    """A redirect to exactly these bytes."""
    return raw(
        b"HTTP/1.1 %d Moved\r\nContent-Length: 0\r\nLocation: %b\r\n\r\n" % (status, location)
    )


def chain(length: int) -> Behaviour:
    """A redirect to the next number, until the last."""

    def answer(request: Request) -> Answer:
        number = int(request.target.partition("?")[2] or 0)
        to = f"/chain?{number + 1}"
        return (redirect(to) if number < length else page(PAGE))(request)

    return answer


def silent_after(requests: int) -> Behaviour:
    """Answer so many requests on each connection, then none, with the connection kept open."""

    def answer(request: Request) -> Answer:
        if request.visit == requests + 1:
            return Script((60.0,))
        return page(PAGE)(request)

    return answer


@dataclass(frozen=True)
class Crawled:
    archive: Path
    outcome: Outcome
    web: DemoWeb

    def hops(self, host: str, path: str) -> list[dict[str, Any]]:
        """The fetches of a source, in order."""
        return rows(
            self.archive,
            "SELECT f.*, c.id AS capture, s.good_capture FROM fetches f"
            " JOIN sources s ON s.id = f.source LEFT JOIN captures c ON c.fetch = f.id"
            " WHERE s.url = ? ORDER BY f.id",
            self.web.url(host, path),
        )


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    folder = tmp_path_factory.mktemp("capture")
    with DemoWeb() as web:
        there = web.url("wire", "/there")
        web.add("wire", "/there", page(PAGE))
        places: dict[tuple[str, str], Behaviour] = {
            ("courier", "/headers"): page(PAGE, headers=HEADERS),
            ("courier", "/after"): page(PAGE),
            ("courier", "/policy"): page(PAGE, status=302, headers=[
                ("Location", there), ("Referrer-Policy", "antigravity.Policy"),
                ("Set-Cookie", "sid=secret"),
            ]),
            ("wire", "/loop"): redirect("/loop"),
            ("wire", "/empty-location"): sent(b""),
            ("wire", "/chain"): chain(25),
            ("wire", "/spaced"): sent(b"/a b\xe9\x00%0d%0aX-Injected: 1?q=\xff"),
            ("ministry", "/folded"): sent(b"/there\r\n\tX-Injected: 1"),
            ("ministry", "/userinfo"): sent(b"http://user:pw@127.0.0.3/there"),
            ("ministry", "/bad-port"): sent(b"http://127.0.0.3:99999/there"),
            ("ministry", "/bad-host"): sent(b"http://[::1/there"),
            ("gazette", "/javascript"): sent(b"javascript:alert(1)"),
            ("gazette", "/data"): sent(b"data:text/html,hello"),
            ("gazette", "/file"): sent(b"file:///etc/passwd"),
            ("gazette", "/ftp"): sent(b"ftp://127.0.0.3/there"),
            ("radio", "/silent"): silent_after(0),
            ("radio", "/stub"): coded(STUB % there.encode(), "gzip"),
            ("radio", "/bad-refresh"): page(PAGE.replace("<head>", BAD_REFRESH)),
            ("radio", "/bad-base"): page(PAGE.replace("<head>", BAD_BASE)),
        }  # fmt: skip
        for (host, path), behaviour in places.items():
            web.add(host, path, behaviour)
        web.add("radio", "/first", page(PAGE))
        urls = [web.url("radio", "/first"), *(web.url(*place) for place in places)]
        listed = folder / "list.txt"
        listed.write_text("\n".join(urls) + "\n")
        outcome = crawl(folder / "a.db", START, listed)
        yield Crawled(folder / "a.db", outcome, web)


def test_headers_are_pairs_with_their_repeats(crawled: Crawled) -> None:
    (hop,) = crawled.hops("courier", "/headers")
    pairs = [tuple(pair) for pair in json.loads(hop["response_headers"])]
    assert [value for name, value in pairs if name == "X-Twice"] == ["first", "second"]
    assert ("X-Latin", "caf\xe9") in pairs and ("X-Nothing", "") in pairs
    assert ("Content-Length", str(len(PAGE))) in pairs
    sent = dict(json.loads(hop["request_headers"]))
    assert sent["User-Agent"].startswith("sourcekeep/") and "zstd" in sent["Accept-Encoding"]


def test_reservations_of_rights_are_kept_with_the_answer(crawled: Crawled) -> None:
    (hop,) = crawled.hops("courier", "/headers")
    pairs = {tuple(pair) for pair in json.loads(hop["response_headers"])}
    assert {("Tdm-Reservation", "1"), ("X-Robots-Tag", "noarchive")} <= pairs


def test_a_cookie_s_value_is_nowhere_and_none_is_sent(crawled: Crawled) -> None:
    (hop,) = crawled.hops("courier", "/headers")
    cookies = [v for n, v in json.loads(hop["response_headers"]) if n == "Set-Cookie"]
    assert cookies == ["sid=REDACTED", "REDACTED"]
    assert b"secret" not in crawled.archive.read_bytes()
    assert not [request for request in crawled.web.requests if request.header("Cookie")]


def test_a_referrer_policy_is_ignored(crawled: Crawled) -> None:
    assert [hop["status"] for hop in crawled.hops("courier", "/policy")] == [302, 200]
    assert not [request for request in crawled.web.requests if request.header("Referer")]
    assert "Policy" not in crawled.outcome.err


def test_each_hop_of_a_redirect_is_a_row_and_ends_at_the_limit(crawled: Crawled) -> None:
    for path in ("/loop", "/empty-location", "/chain"):
        hops = crawled.hops("wire", path)
        assert [hop["hop"] for hop in hops] == list(range(11)), path
        assert {hop["outcome"] for hop in hops[:-1]} == {"redirect"}
        assert (hops[-1]["outcome"], hops[-1]["reason"]) == ("server-error", "redirect-loop")
        assert hops[-1]["good_capture"] is None
    assert len({hop["url"] for hop in crawled.hops("wire", "/chain")}) == 11


def test_a_meta_refresh_is_followed_in_a_page_that_was_coded(crawled: Crawled) -> None:
    hops = crawled.hops("radio", "/stub")
    assert [hop["reason"] for hop in hops] == ["meta-refresh", "http-200"]
    assert hops[1]["url"] == crawled.web.url("wire", "/there")


@pytest.mark.parametrize("path", ["/bad-refresh", "/bad-base"])
def test_a_page_that_names_what_is_no_url_is_kept_as_it_is(crawled: Crawled, path: str) -> None:
    (hop,) = crawled.hops("radio", path)
    assert (hop["outcome"], hop["error"]) == ("live-unverified", None)
    assert hop["good_capture"] == hop["capture"]


def test_raw_bytes_of_a_location_are_percent_encoded(crawled: Crawled) -> None:
    first, second = crawled.hops("wire", "/spaced")
    assert second["url"].isascii() and " " not in second["url"]
    assert (
        second["url"].endswith("/a%20b%C3%A9%00%0d%0aX-Injected:%201?q=%FF")
        or "%0" in second["url"]
    )
    assert first["outcome"] == "redirect" and second["outcome"] == "gone"
    asked = [request for request in crawled.web.requests if "Injected" in request.target]
    assert asked and not [request for request in asked if request.header("X-Injected")]


def test_a_folded_location_injects_nothing(crawled: Crawled) -> None:
    assert len(crawled.hops("ministry", "/folded")) == 2
    assert not [request for request in crawled.web.requests if request.header("X-Injected")]


@pytest.mark.parametrize(
    ("host", "path", "reason"),
    [
        ("gazette", "/javascript", "unsupported-scheme"),
        ("gazette", "/data", "unsupported-scheme"),
        ("gazette", "/file", "unsupported-scheme"),
        ("gazette", "/ftp", "unsupported-scheme"),
        ("ministry", "/userinfo", "bad-url"),
        ("ministry", "/bad-port", "bad-url"),
        ("ministry", "/bad-host", "bad-url"),
    ],
)
def test_a_location_that_is_no_public_address_is_refused(
    crawled: Crawled, host: str, path: str, reason: str
) -> None:
    hops = crawled.hops(host, path)
    assert (hops[-1]["outcome"], hops[-1]["reason"]) == ("refused-by-us", reason), hops[-1]["error"]
    assert len(hops) == 1 and hops[0]["status"] == 302 and hops[0]["good_capture"] is None


def test_a_connection_that_falls_silent_is_replaced(crawled: Crawled) -> None:
    hops = crawled.hops("radio", "/silent")
    assert [hop["reason"] for hop in hops] == ["timeout", "http-200"]
    assert sum(hop["elapsed_ms"] for hop in hops) < 6_000


def test_nothing_in_it_leaves_a_traceback(crawled: Crawled) -> None:
    assert "Traceback" not in crawled.outcome.err, crawled.outcome.err


NAMELESS = """
import socket, sys

resolve = socket.getaddrinfo

def resolve_addresses(host, *more, **named):
    if isinstance(host, str) and host.endswith(".example"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return resolve(host, *more, **named)

socket.getaddrinfo = resolve_addresses
from crawler.cli import main
sys.exit(main())
"""


def speak_plainly(listening: socket.socket) -> None:
    """Answer whatever comes, a hello of TLS for one, as an old web server would."""
    with suppress(OSError):  # closed in the end
        while True:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_the_ways_in_which_a_page_is_not_there_are_told_apart(tmp_path: Path) -> None:
    """410, no such name, refused, no TLS, silence, the law: no two of them are the same."""
    archive, listed = tmp_path / "a.db", tmp_path / "list.txt"
    with (
        DemoWeb() as web,
        socket.socket() as closed,
        socket.create_server(("127.0.0.8", 0)) as plain,
    ):
        closed.bind(("127.0.0.9", 0))  # and nobody listens
        threading.Thread(target=speak_plainly, args=(plain,), daemon=True).start()
        web.add("courier", "/gone", page("Gone.", status=410))
        web.add("wire", "/silent", lambda request: Script((60.0,)))
        web.add("gazette", "/withheld", page("Withheld by order of a court.", status=451))
        expected = {
            web.url("courier", "/gone"): ("gone", "http-410"),
            "http://no-such-name.example/page": ("dead-host", "nxdomain"),
            f"http://127.0.0.9:{closed.getsockname()[1]}/page": ("dead-host", "refused"),
            f"https://127.0.0.8:{plain.getsockname()[1]}/page": ("dead-host", "tls"),
            web.url("wire", "/silent"): ("server-error", "timeout"),
            web.url("gazette", "/withheld"): ("legal", "http-451"),
        }
        listed.write_text("\n".join(expected) + "\n")
        done = begin(*crawl_words(archive, START, listed), source=NAMELESS).ended(90)
        assert done.code == 0 and "Traceback" not in done.err, done.err
        assert web.requests.count("/withheld") == 1, "a refusal is not argued with"
    for url, pair in expected.items():
        found = rows(archive, "SELECT f.outcome, f.reason FROM fetches f JOIN sources s"
                     " ON s.id = f.source WHERE s.url = ? ORDER BY f.id DESC", url)  # fmt: skip
        assert (found[0]["outcome"], found[0]["reason"]) == pair, url
    assert value(archive, "SELECT count(*) FROM sources WHERE good_capture IS NOT NULL") == 0


def test_a_redirect_to_another_host_waits_for_that_host(tmp_path: Path) -> None:
    with DemoWeb() as web:
        urls = []
        for number, host in enumerate(("courier", "ministry", "gazette", "radio")):
            web.add(host, "/go", redirect(web.url("wire", f"/target/{number}")))
            web.add("wire", f"/target/{number}", page(PAGE + str(number)))
            web.add("wire", f"/own/{number}", page(PAGE + host))
            urls += [web.url(host, "/go"), web.url("wire", f"/own/{number}")]
        listed = tmp_path / "list.txt"
        listed.write_text("\n".join(urls) + "\n")
        crawl(tmp_path / "a.db", START, listed, "--delay", "0.4")
        wire = web.url("wire", "").split("//")[1].split(":")[0]
        asked = [request.t for request in web.requests if request.host == wire]
    assert len(asked) == 9  # its robots.txt, four pages of its own, four from elsewhere
    # All nine in one row, which a busy machine only lengthens; apart they would take half of that.
    assert asked[-1] - asked[0] >= 0.4 * 8 - 0.5


def test_a_request_that_fails_on_a_connection_kept_open_is_not_repeated_unseen(
    tmp_path: Path,
) -> None:
    """Twisted would, at once: a request without a row, and without its delay."""
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    with DemoWeb() as web:
        web.add("wire", "/a", page(PAGE))
        web.add("wire", "/b", raw(b"", ending="reset"))
        listed.write_text(f"{web.url('wire', '/a')}\n{web.url('wire', '/b')}\n")
        crawl(archive, START, listed)
        asked = web.requests.count("/b")
    kept = value(archive, "SELECT count(*) FROM fetches WHERE url LIKE '%/b'")
    assert (asked, kept) == (2, 2)  # once, and RETRY_TIMES=1


@pytest.mark.parametrize(("version", "connection"), [("1.0", ""), ("1.1", "Connection: Close\r\n")])
def test_a_connection_that_the_host_will_close_takes_no_further_request(
    tmp_path: Path, version: str, connection: str
) -> None:
    """HTTP/1.0 closes unless it says otherwise; its next request would meet a reset."""
    listed, archive = tmp_path / "list.txt", tmp_path / "a.db"
    head = f"HTTP/{version} 200 OK\r\n{connection}Content-Length: {len(PAGE)}\r\n\r\n"
    with DemoWeb() as web:
        for number in range(12):
            web.add("wire", f"/{number}", raw((head + PAGE).encode(), ending="close"))
        listed.write_text("".join(f"{web.url('wire', f'/{number}')}\n" for number in range(12)))
        crawl(archive, START, listed)
    assert value(archive, "SELECT count(*) FROM fetches WHERE reason = 'reset'") == 0

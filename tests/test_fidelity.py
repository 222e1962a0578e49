"""Damaged, endless, slow and odd transfers: each is kept as far as it came, and marked.

One real crawl visits all of them; each test looks at the rows that it left in archive.db.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, cycle
from pathlib import Path
from typing import Any

import brotli
import pytest

from crawler.archive import Archive
from crawler.codings import zstd
from crawler.demo import (
    START,
    Behaviour,
    DemoWeb,
    Request,
    Script,
    chunked,
    cut_off,
    drip,
    endless,
    page,
    raw,
    reset,
    sequence,
    silence,
    unmeasured,
)
from tests.crawling import Outcome, crawl, crawl_words, environment, rows

PAGE = (
    b"<!DOCTYPE html><html><head><title>The ferry</title></head><body>"
    + b"".join(b"<p>Paragraph %d, with a number of its own: %x</p>" % (n, n**7) for n in range(300))
    + b"</body></html>"
)
GZIP, DEFLATE, BROTLI, ZSTD = (
    gzip.compress(PAGE, mtime=0), zlib.compress(PAGE), brotli.compress(PAGE), zstd.compress(PAGE),
)  # fmt: skip
WRONG_CRC = GZIP[:-8] + bytes([GZIP[-8] ^ 1]) + GZIP[-7:]


def coded(body: bytes, coding: str) -> Behaviour:
    return page(body, headers=[("Content-Encoding", coding)])


def http(*lines: str, body: bytes = PAGE) -> bytes:
    head = ("HTTP/1.1 200 OK", "Content-Type: text/html; charset=utf-8", *lines, "", "")
    return "\r\n".join(head).encode("latin-1") + body


def length(size: int) -> str:
    return f"Content-Length: {size}"


@dataclass(frozen=True)
class Case:
    """A transfer and the row that it must leave."""

    behaviour: Behaviour
    outcome: str
    reason: str
    flags: tuple[str, ...] = ()
    truncated: str | None = None
    body: bytes | None = PAGE  # of the capture at the end; None: no capture
    tries: int = 1


TRUNCATED = ("server-error", "truncated")
GOOD = ("live-unverified", "http-200")
PROTOCOL = ("server-error", "protocol-error")

CASES = {
    # content codings
    "sound": Case(coded(GZIP, "gzip"), *GOOD),
    "cut-gzip": Case(coded(GZIP[:-40], "gzip"), *TRUNCATED, ("decode-truncated",), body=GZIP[:-40]),
    "cut-br": Case(coded(BROTLI[:-9], "br"), *TRUNCATED, ("decode-truncated",), body=BROTLI[:-9]),
    "cut-zstd": Case(coded(ZSTD[:-9], "zstd"), *TRUNCATED, ("decode-truncated",), body=ZSTD[:-9]),
    "nothing-coded": Case(coded(gzip.compress(b""), "gzip"), "server-error", "empty", body=b""),
    "crc": Case(coded(WRONG_CRC, "gzip"), *TRUNCATED, ("decode-error:crc",), body=WRONG_CRC),
    **{
        f"plain-{name}": Case(coded(PAGE, name), *GOOD, ("mislabelled-coding",))
        for name in ("gzip", "br", "zstd", "deflate")
    },
    "double": Case(coded(gzip.compress(GZIP), "gzip"), *GOOD, ("double-coding",)),
    "unknown": Case(coded(PAGE, "aws-chunked"), *GOOD, ("unknown-coding:aws-chunked",)),
    "layers": Case(coded(GZIP, "gzip, " * 99 + "gzip"), *TRUNCATED, ("too-many-codings",),
                   body=GZIP),
    # lengths
    "too-long": Case(cut_off(PAGE, 500), *TRUNCATED, truncated="disconnect", body=PAGE[:500],
                     tries=2),
    "too-short": Case(raw(http(length(500)), ending="keep"), *TRUNCATED, ("excess-bytes",),
                      "unspecified", PAGE[:500]),
    "two-lengths": Case(raw(http(length(500), length(600))), *PROTOCOL, body=None, tries=2),
    "negative": Case(raw(http(length(-1))), *PROTOCOL, body=None, tries=2),
    "no-number": Case(raw(http("Content-Length: many")), *PROTOCOL, body=None, tries=2),
    "chunks-cut": Case(chunked([PAGE], finished=False), *TRUNCATED, truncated="disconnect",
                       tries=2),
    "bad-chunk": Case(raw(http("Transfer-Encoding: chunked", body=b"5\r\nHello\r\nzz\r\nmore")),
                      *TRUNCATED, truncated="disconnect", body=b"Hello", tries=2),
    "odd-transfer-coding": Case(raw(http("Transfer-Encoding: cow")), *PROTOCOL, body=None, tries=2),
    "to-the-end": Case(unmeasured(PAGE), *GOOD, ("length-unverified",)),
    # breaks
    "reset-first": Case(reset(), "server-error", "reset", body=None, tries=2),
    "reset-in-head": Case(reset(b"HTTP/1.1 200 OK\r\nContent-Ty"), "server-error", "reset",
                          body=None, tries=2),
    "reset-in-body": Case(reset(http(length(len(PAGE)), body=PAGE[:500])), *TRUNCATED,
                          truncated="disconnect", body=PAGE[:500], tries=2),
    "reset-unmeasured": Case(reset(http(body=PAGE[:500])), *TRUNCATED, ("length-unverified",),
                             "disconnect", PAGE[:500], tries=2),
    "cut-then-whole": Case(sequence([cut_off(PAGE, 500), page(PAGE)]), *GOOD, tries=2),
    "closed-at-once": Case(raw(b""), "server-error", "reset", body=None, tries=2),
    # heads
    "http-0.9": Case(raw(PAGE), *PROTOCOL, body=None, tries=2),
    "no-http": Case(raw(b"SSH-2.0-OpenSSH_9.9\r\n"), *PROTOCOL, body=None, tries=2),
    "status-999": Case(page(PAGE, status=999), "blocked", "http-999"),
    "no-colon": Case(raw(http("this is no header", length(len(PAGE)))), *GOOD),
    "early-hints": Case(raw(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
                            + http(length(len(PAGE)))), *GOOD),
    "204": Case(raw(http(length(len(PAGE))).replace(b"200 OK", b"204 No Content"), ending="keep"),
                *TRUNCATED, ("excess-bytes",), "unspecified", b""),
    "empty": Case(page(b""), "server-error", "empty", body=b""),
    "many-headers": Case(raw(http(*(f"X-{n}: some value" for n in range(100_000)),
                                  length(len(PAGE)))), *PROTOCOL, body=None, tries=2),
    "long-header": Case(raw(http("X-Long: " + "a" * 10_000_000, length(len(PAGE)))), *PROTOCOL,
                        body=None, tries=2),
    "endless-hints": Case(raw(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 60_000), *PROTOCOL, body=None,
                          tries=2),
}  # fmt: skip
HOSTS = ("courier", "wire", "ministry", "gazette", "radio", "review")


@dataclass(frozen=True)
class Crawled:
    archive: Path
    outcome: Outcome
    web: DemoWeb

    def fetches(self, url: str) -> list[dict[str, Any]]:
        """The fetches of a source, in order, each with its capture if there is one."""
        return rows(
            self.archive,
            "SELECT f.*, c.id AS capture, c.payload, c.truncated, c.flags, s.good_capture,"
            " s.last_outcome FROM fetches f JOIN sources s ON s.id = f.source"
            " LEFT JOIN captures c ON c.fetch = f.id WHERE s.url = ? ORDER BY f.id",
            url,
        )

    def body(self, digest: str) -> bytes:
        with Archive.open_for_reading(self.archive) as archive:
            return archive.payloads.get(digest)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    folder = tmp_path_factory.mktemp("fidelity")
    with DemoWeb() as web:
        urls = []
        for number, (name, case) in enumerate(CASES.items()):
            host = HOSTS[number % len(HOSTS)]
            web.add(host, f"/odd/{name}", case.behaviour)
            urls.append(web.url(host, f"/odd/{name}"))
        listed = folder / "list.txt"
        listed.write_text("\n".join(urls) + "\n")
        outcome = crawl(folder / "a.db", START, listed)
        yield Crawled(folder / "a.db", outcome, web)


@pytest.mark.parametrize("name", CASES)
def test_an_odd_transfer_is_kept_and_named(crawled: Crawled, name: str) -> None:
    case = CASES[name]
    host = HOSTS[list(CASES).index(name) % len(HOSTS)]
    fetches = crawled.fetches(crawled.web.url(host, f"/odd/{name}"))
    last = fetches[-1]
    assert (last["outcome"], last["reason"]) == (case.outcome, case.reason), last["error"]
    assert len(fetches) == case.tries
    if case.body is None:
        assert last["capture"] is None and last["error"]
    else:
        assert last["error"] is None
        assert crawled.body(last["payload"]) == case.body
        assert tuple(json.loads(last["flags"] or "[]")) == case.flags
        assert last["truncated"] == case.truncated
    assert (last["good_capture"] == last["capture"] and last["good_capture"] is not None) == (
        case.outcome == "live-unverified"
    )


def test_odd_transfers_leave_no_traceback(crawled: Crawled) -> None:
    assert "Traceback" not in crawled.outcome.err, crawled.outcome.err


# --- too much, too slow ---------------------------------------------------------------------------

DEADLINE_S = 3
CAP = 32 * 2**20
EVERY_HOST = (*HOSTS, "bay-daily")
BLOCK = b"\0" * 2**20
GZIP_BOMB = gzip.compress(BLOCK * 16, mtime=0) * 64  # 1 GiB
ZSTD_BOMB = zstd.compress(BLOCK * 16) * 64  # 1 GiB


def brotli_bomb(size_mib: int) -> bytes:
    packer = brotli.Compressor(quality=1)
    return b"".join(packer.process(BLOCK) for _ in range(size_mib)) + packer.finish()


def slow_head(request: Request) -> Script:
    """Headers without end, one line by and by."""
    return Script(chain((b"HTTP/1.1 200 OK\r\n",), cycle((0.3, b"X-Slow: 1\r\n"))))


@dataclass(frozen=True)
class Burdened(Crawled):
    peak_mib: float
    seconds: float


def watch(words: list[str]) -> tuple[str, float]:
    """Run a crawl; return what it wrote to stderr and the largest memory of its main process."""
    running = subprocess.Popen(
        [sys.executable, "-m", "crawler", *words], stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    peak, until = 0, time.monotonic() + 100
    while running.poll() is None and time.monotonic() < until:
        try:
            status = Path(f"/proc/{running.pid}/status").read_text()
        except OSError:
            break
        found = re.search(r"VmHWM:\s+(\d+)", status)
        peak = int(found[1]) if found else peak
        time.sleep(0.02)
    running.kill()
    _, err = running.communicate()
    assert running.returncode == 0, err
    return err, peak / 1024


@pytest.fixture(scope="module")
def burdened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Burdened]:
    folder = tmp_path_factory.mktemp("burden")
    with DemoWeb() as web:
        places: dict[tuple[str, str], Behaviour] = {
            (host, "/endless"): endless(b"<p>The ferry again.</p>" * 3000) for host in EVERY_HOST
        }
        places |= {(host, "/gzip-bomb"): coded(GZIP_BOMB, "gzip") for host in EVERY_HOST}
        places |= {
            ("courier", "/br-bomb"): coded(brotli_bomb(256), "br"),
            ("wire", "/zstd-bomb"): coded(ZSTD_BOMB, "zstd"),
            ("gazette", "/drip"): drip(PAGE, 0.5),
            ("radio", "/drip-unmeasured"): raw_drip,
            ("review", "/slow-head"): slow_head,
            ("ministry", "/silence"): silence(),
        }  # fmt: skip
        for (host, path), behaviour in places.items():
            web.add(host, path, behaviour)
        urls = [web.url(*place) for place in places]
        for number in range(20):
            web.add("lantern", f"/quick/{number}", page(PAGE + b"%d" % number))
            urls.append(web.url("lantern", f"/quick/{number}"))
        listed = folder / "list.txt"
        listed.write_text("\n".join(urls) + "\n")
        began = time.monotonic()
        words = crawl_words(folder / "a.db", START, listed, "-s", f"DOWNLOAD_TIMEOUT={DEADLINE_S}")
        err, peak_mib = watch(words)
        outcome = Outcome(0, "", err)
        yield Burdened(folder / "a.db", outcome, web, peak_mib, time.monotonic() - began)


def raw_drip(request: Request) -> Script:
    """A body of unknown length, by and by."""
    return Script(chain((http(body=b""),), cycle((0.5, b"<p>.</p>"))))


def test_memory_stays_bounded_under_bombs_and_endless_bodies(burdened: Burdened) -> None:
    assert 30 < burdened.peak_mib < 300
    assert "Traceback" not in burdened.outcome.err, burdened.outcome.err


@pytest.mark.parametrize(
    ("host", "path", "wire"),
    [("courier", "/gzip-bomb", GZIP_BOMB), ("wire", "/zstd-bomb", ZSTD_BOMB)],
)
def test_a_bomb_is_kept_as_received(burdened: Burdened, host: str, path: str, wire: bytes) -> None:
    (fetch,) = burdened.fetches(burdened.web.url(host, path))
    assert (fetch["outcome"], fetch["reason"]) == TRUNCATED
    assert json.loads(fetch["flags"]) == ["decoded-too-large"]
    assert burdened.body(fetch["payload"]) == wire and fetch["good_capture"] is None


def test_every_bomb_is_named(burdened: Burdened) -> None:
    bombs = [(host, "/gzip-bomb") for host in EVERY_HOST] + [("courier", "/br-bomb")]
    for place in bombs:
        (fetch,) = burdened.fetches(burdened.web.url(*place))
        assert json.loads(fetch["flags"]) == ["decoded-too-large"]


def test_an_endless_body_is_kept_up_to_the_cap(burdened: Burdened) -> None:
    """Or up to the deadline, where several at once or a busy machine keep it from the cap."""
    for host in EVERY_HOST:
        (fetch,) = burdened.fetches(burdened.web.url(host, "/endless"))
        assert (fetch["outcome"], fetch["reason"]) == TRUNCATED
        assert fetch["good_capture"] is None and fetch["truncated"] in ("length", "time")
        assert 0 < fetch["wire_size_bytes"] < CAP + 2**20
        assert (fetch["truncated"] == "length") == (fetch["wire_size_bytes"] > CAP)


@pytest.mark.parametrize(
    ("host", "path", "flags"),
    [("gazette", "/drip", []), ("radio", "/drip-unmeasured", [])],
)
def test_a_drip_ends_at_the_deadline_with_what_came(
    burdened: Burdened, host: str, path: str, flags: list[str]
) -> None:
    (fetch,) = burdened.fetches(burdened.web.url(host, path))
    assert (fetch["outcome"], fetch["reason"], fetch["truncated"]) == (*TRUNCATED, "time")
    assert json.loads(fetch["flags"] or "[]") == flags and fetch["good_capture"] is None
    body = burdened.body(fetch["payload"])
    assert 1 <= len(body) <= 100 and (PAGE.startswith(body) or body.startswith(b"<p>.</p>"))
    assert DEADLINE_S * 1000 - 100 <= fetch["elapsed_ms"] < DEADLINE_S * 1000 + 6_000


@pytest.mark.parametrize("place", [("review", "/slow-head"), ("ministry", "/silence")])
def test_a_head_that_does_not_come_ends_at_the_deadline(
    burdened: Burdened, place: tuple[str, str]
) -> None:
    fetches = burdened.fetches(burdened.web.url(*place))
    assert [(f["outcome"], f["reason"]) for f in fetches] == [("server-error", "timeout")] * 2
    assert all(f["elapsed_ms"] < DEADLINE_S * 1000 + 6_000 for f in fetches)


def test_other_hosts_go_on_meanwhile(burdened: Burdened) -> None:
    urls = [burdened.web.url("lantern", f"/quick/{number}") for number in range(20)]
    found = [burdened.fetches(url)[-1] for url in urls]
    assert {fetch["outcome"] for fetch in found} == {"live-unverified"}
    asked = [r.t for r in burdened.web.requests if r.path.startswith("/quick/")]
    assert max(asked) - min(asked) < burdened.seconds - DEADLINE_S

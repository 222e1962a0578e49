"""Transfers that try our patience: bodies that trickle, late bytes, requests that hang."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from scrapy.settings import Settings
from twisted.internet.testing import StringTransport
from twisted.web._newclient import Request as TxRequest
from twisted.web.http_headers import Headers

from crawler.archive import Archive
from crawler.demo import START, Answer, DemoWeb, Request, Script, delay, drip, endless, page
from crawler.errors import UsageError
from crawler.fetching.wire.bodies import Gate, RateFloor, RateWatch
from crawler.fetching.wire.protocol import Facts, Protocol
from tests.crawling import begin, crawl, crawl_words, rows, sourcekeep

ROOT = Path(__file__).parent.parent
PAGE = b"<title>The ferry</title>" + b"".join(b"<p>Paragraph %d of it.</p>" % n for n in range(200))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
WINDOW_S = 2.0


def write_list(folder: Path, *urls: str) -> Path:
    listed = folder / "list.txt"
    listed.write_text("\n".join(urls) + "\n")
    return listed


def fetches(archive: Path, url: str) -> list[dict[str, Any]]:
    return rows(
        archive,
        "SELECT f.*, c.payload, c.truncated, c.flags, s.good_capture FROM fetches f"
        " JOIN sources s ON s.id = f.source LEFT JOIN captures c ON c.fetch = f.id"
        " WHERE s.url = ? ORDER BY f.id",
        url,
    )


def body(archive: Path, digest: str) -> bytes:
    with Archive.open_for_reading(archive) as opened:
        return opened.payloads.get(digest)


# Bodies that come too slowly


def hesitant(request: Request) -> Answer:
    """A page that stops for a moment in its middle, as one that waits for its database."""
    half = len(PAGE) // 2
    return Script((HEAD % len(PAGE) + PAGE[:half], WINDOW_S / 2, PAGE[half:]), "keep", 200)


def test_a_body_that_trickles_is_cut_off_long_before_the_deadline(
    web: DemoWeb, tmp_path: Path
) -> None:
    web.add("gazette", "/trickle", drip(PAGE, 0.5))
    web.add("radio", "/modem", drip(PAGE, 0.001, bytes_per_step=500))  # 1,000 bytes a second
    web.add("ministry", "/hesitant", hesitant)
    web.add("review", "/late", delay(1.5 * WINDOW_S, page(PAGE)))  # its head is awaited longer
    places = [("gazette", "/trickle"), ("radio", "/modem"), ("ministry", "/hesitant"),
              ("review", "/late")]  # fmt: skip
    for number in range(8):
        web.add("wire", f"/quick/{number}", page(PAGE + b"%d" % number))
        places.append(("wire", f"/quick/{number}"))
    urls = [web.url(*place) for place in places]
    archive = tmp_path / "a.db"
    crawl(
        archive, START, write_list(tmp_path, *urls), "-s", "DOWNLOAD_TIMEOUT=60",
        "-s", f"SOURCEKEEP_MIN_RATE_WINDOW_S={WINDOW_S}",
    )  # fmt: skip
    (cut,) = fetches(archive, urls[0])
    assert (cut["outcome"], cut["reason"], cut["truncated"]) == (
        "server-error", "truncated", "time",
    )  # fmt: skip
    assert json.loads(cut["flags"]) == ["too-slow"] and cut["good_capture"] is None
    kept = body(archive, cut["payload"])
    assert 1 <= len(kept) < 40 and PAGE.startswith(kept)
    assert WINDOW_S * 1000 - 100 <= cut["elapsed_ms"] < 20_000
    for url in urls[1:]:
        (whole,) = fetches(archive, url)
        assert whole["outcome"] == "live-unverified" and whole["flags"] is None, url
    asked = [request.t for request in web.requests if request.path.startswith("/quick/")]
    assert max(asked) - min(asked) < WINDOW_S, "another host had to wait"


def settings(rate: object, window_s: object = 20) -> Settings:
    return Settings({"SOURCEKEEP_MIN_RATE": rate, "SOURCEKEEP_MIN_RATE_WINDOW_S": window_s})


@pytest.mark.parametrize(
    ("rate", "received", "kept"),
    [(100, 1_999, False), (100, 2_000, True), (0.5, 9, False), (0.5, 10, True), (0, 0, True)],
)
def test_a_rate_is_judged_over_a_window(rate: float, received: int, kept: bool) -> None:
    assert RateFloor.from_settings(settings(rate)).is_kept(received) is kept


@pytest.mark.parametrize(("rate", "window_s"), [(-1, 20), (100, 0), ("fast", 20), ("nan", 20)])
def test_a_rate_that_is_none_is_refused(rate: object, window_s: object, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="SOURCEKEEP_MIN_RATE"):
        RateFloor.from_settings(settings(rate, window_s))
    if rate == "fast":
        refused = sourcekeep("crawl", "--archive", tmp_path / "a.db", "-s",
                             "SOURCEKEEP_MIN_RATE=fast")  # fmt: skip
        assert refused.code == 2 and len(refused.err.splitlines()) == 1, refused.err


def watched(floor: RateFloor, *steps: int | None) -> float | None:
    """Let bytes (None: an excuse) come window by window; when they were too few, in windows."""

    async def watch() -> float | None:
        loop, given_up = asyncio.get_running_loop(), list[float]()
        began = loop.time()
        rate = RateWatch(floor, loop, lambda: given_up.append(loop.time() - began))
        for step in steps:
            if step is None:
                rate.excuse()
            else:
                rate.received(step)
            await asyncio.sleep(floor.window_s)
        rate.end()
        await asyncio.sleep(2 * floor.window_s)
        return given_up[0] / floor.window_s if given_up else None

    return asyncio.run(watch())


def test_only_a_window_in_which_too_little_came_ends_a_body() -> None:
    floor = RateFloor(bytes_per_s=100, window_s=0.2)
    assert watched(floor, 50, 50) is None
    assert watched(floor, 50, None) is None, "we kept it waiting ourselves"
    assert 0.9 < (watched(floor, 10, 50) or 0) < 1.9
    assert 1.9 < (watched(floor, 50, 10, 50) or 0) < 2.9
    assert watched(RateFloor(0, 0.01), 0, 0) is None


class Waiting:
    """A body that notes whether it must wait."""

    def __init__(self) -> None:
        self.waits = False

    def pause(self) -> None:
        self.waits = True

    def resume(self) -> None:
        self.waits = False


def test_of_many_bodies_only_the_largest_grows_beyond_the_limit() -> None:
    gate, large, small = Gate(), Waiting(), Waiting()
    gate.grow(large, 30 * 2**20)
    gate.grow(small, 9 * 2**20)
    assert not large.waits and not small.waits
    gate.grow(large, 2 * 2**20)
    gate.grow(small, 1)
    assert small.waits and not large.waits
    gate.leave(large)
    assert not small.waits


# Bytes beyond the end


def with_late_bytes(request: Request) -> Answer:
    """A page whose length is told too short; the rest comes when the answer is taken already."""
    return Script(chain((HEAD % 500 + PAGE[:500],), (0.4, PAGE[500:])), "keep", 200)


@pytest.mark.parametrize(("delay_s", "attempts"), [("0.1", 2), ("1", 1)])
def test_bytes_that_come_late_are_never_taken_for_the_next_answer(
    web: DemoWeb, tmp_path: Path, delay_s: str, attempts: int
) -> None:
    """They break the connection. A request that is under way on it fails and is made again."""
    web.add("wire", "/late", with_late_bytes)
    web.add("wire", "/next", page(PAGE + b"<p>The next one.</p>"))
    urls = [web.url("wire", "/late"), web.url("wire", "/next")]
    archive = tmp_path / "a.db"
    crawl(archive, START, write_list(tmp_path, *urls), "--delay", delay_s)
    (late,) = fetches(archive, urls[0])
    assert body(archive, late["payload"]) == PAGE[:500] and late["flags"] is None
    following = fetches(archive, urls[1])
    assert [row["reason"] for row in following] == ["protocol-error", "http-200"][-attempts:]
    assert body(archive, following[-1]["payload"]) == PAGE + b"<p>The next one.</p>"
    assert web.connections == 2


class SocketTransport(StringTransport):
    """A transport of no connection, beside a real socket."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self.socket = sock

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Nothing to set."""


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def answered_protocol(
    sock: socket.socket, theirs: socket.socket, unread: bytes
) -> tuple[Protocol, Facts, list[Protocol]]:
    """A protocol that has taken an answer, while something lies unread behind it."""
    pool: list[Protocol] = []
    protocol = Protocol(pool.append)  # type: ignore[no-untyped-call]
    protocol.makeConnection(SocketTransport(sock))  # type: ignore[no-untyped-call]
    request = TxRequest(b"GET", b"/", Headers({b"Host": [b"a.example"]}), None, persistent=True)
    protocol.request(request)
    facts = protocol._facts
    theirs.sendall(unread)
    protocol.dataReceived(HEAD % 4 + b"page")  # type: ignore[no-untyped-call]
    return protocol, facts, pool


def test_excess_that_has_arrived_when_the_body_ends_is_seen(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    for unread, excess in ((b"<p>More</p>", True), (b"\r\n", False), (b"", False)):
        ours, theirs = ends
        protocol, facts, pool = answered_protocol(ours, theirs, unread)
        assert facts.excess is excess
        assert (pool == [protocol]) is not excess, "it is not used again"
        if unread:
            ours.recv(64)


def test_a_connection_on_which_something_came_unasked_is_not_used_again(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    protocol, _, pool = answered_protocol(ours, theirs, b"")
    assert pool == [protocol] and protocol.state == "QUIESCENT"
    theirs.sendall(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    assert protocol.state != "QUIESCENT"


def test_a_connection_that_the_host_has_closed_is_not_used_again(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    protocol, _, _ = answered_protocol(ours, theirs, b"")
    theirs.close()
    assert protocol.state != "QUIESCENT"


# Requests that hang

STALLING = """
import sys
from twisted.internet.defer import Deferred
from crawler.fetching.wire import handler

handler.STALL_MARGIN_S = 1.0
download = handler._Agent.download_request

def stall(self, request):
    return Deferred() if "/stalls" in request.url else download(self, request)

handler._Agent.download_request = stall
from crawler.cli import main
sys.exit(main())
"""


def test_a_request_that_neither_ends_nor_fails_is_given_up(web: DemoWeb, tmp_path: Path) -> None:
    """Whatever in the libraries below may never call back: the run goes on, and ends."""
    web.add("wire", "/there", page(PAGE))
    urls = [web.url("wire", "/stalls"), web.url("wire", "/there"), web.url("gazette", "/stalls")]
    archive = tmp_path / "a.db"
    words = crawl_words(archive, START, write_list(tmp_path, *urls), "-s", "DOWNLOAD_TIMEOUT=1")
    began = time.monotonic()
    done = begin(*words, source=STALLING).ended(60)
    assert done.code == 0 and "Traceback" not in done.err, done.err
    assert time.monotonic() - began < 40
    for url in (urls[0], urls[2]):
        attempts = fetches(archive, url)
        assert [(row["outcome"], row["reason"]) for row in attempts] == [
            ("server-error", "stalled")
        ] * 2
        assert all(1_900 < row["elapsed_ms"] < 8_000 for row in attempts)
        assert "neither ended nor failed" in attempts[0]["error"]
    (there,) = fetches(archive, urls[1])
    assert there["outcome"] == "live-unverified"


# The cap of one body


def test_a_body_is_read_up_to_its_cap_and_no_further(web: DemoWeb, tmp_path: Path) -> None:
    """With all the time in the world: nothing but the cap ends the endless one."""
    cap = 200_000
    web.add("courier", "/endless", endless(b"<p>The ferry again.</p>" * 300))
    web.add("wire", "/fits", page("<p>" + "a" * (cap - 3)))
    web.add("ministry", "/exceeds", page("<p>" + "a" * (cap - 2)))
    places = [("courier", "/endless"), ("wire", "/fits"), ("ministry", "/exceeds")]
    endless_url, fits_url, exceeds_url = (web.url(*place) for place in places)
    listed, archive = write_list(tmp_path, endless_url, fits_url, exceeds_url), tmp_path / "a.db"
    allowed = ("-s", f"SOURCEKEEP_BODY_CAP_BYTES={cap}", "-s", "DOWNLOAD_TIMEOUT=60")
    crawl(archive, START, listed, *allowed)
    (whole,), (cut,) = fetches(archive, fits_url), fetches(archive, exceeds_url)
    assert (whole["truncated"], whole["wire_size_bytes"]) == (None, cap)
    assert (cut["truncated"], cut["wire_size_bytes"]) == ("length", cap + 1)
    (endless_one,) = fetches(archive, endless_url)
    assert endless_one["truncated"] == "length" and endless_one["good_capture"] is None
    assert cap < endless_one["wire_size_bytes"] < cap + 2**20

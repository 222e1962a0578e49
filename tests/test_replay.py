"""What pywb and ReplayWeb.page show of an export: every capture, with the bytes of the archive."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

import pytest

from crawler.archive import Archive
from crawler.dates import parse_instant
from crawler.exports.cdxj import stamp
from tests.archive_kit import begin, fill, hop, new_archive, source, visit
from tests.oracles import program
from tests.test_exports_warc import CASES, export

STARTS_WITHIN_S = 40.0


@dataclass(frozen=True)
class Kept:
    """A capture in the archive."""

    url: str
    captured_at: str
    payload: str
    status: int


def captures(archive: Path) -> list[Kept]:
    with Archive.open_for_reading(archive) as opened:
        return [
            Kept(**dict(row))
            for row in opened.connection.sql.execute(
                "SELECT c.url, c.captured_at, c.payload, f.status FROM captures c"
                " JOIN fetches f ON f.id = c.fetch ORDER BY c.id"
            )
        ]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class _Stays(urllib.request.HTTPRedirectHandler):
    """A redirect of the archived page is the answer, and is not followed."""

    def redirect_request(self, *_: object) -> None:
        return None


def asked(address: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer; a coded body as it is, as a browser would have it."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stays)
    request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
    try:
        with opener.open(request, timeout=20) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except HTTPError as answer:
        return answer.code, dict(answer.headers), answer.read()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with new_archive(tmp_path_factory.mktemp("filled")) as archive:
        fill(archive)
        run = begin(archive)
        for case in CASES:
            answer = hop(
                case.url, case.body, status=case.status, response_headers=case.headers,
                flags=case.flags, truncated=case.truncated, wire_digest=None,
            )  # fmt: skip
            visit(archive, run, source(archive, case.url), answer)
    return archive.path


@pytest.fixture(scope="module")
def pywb(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """pywb over the export and its index, as they are; gives the address of the collection."""
    wayback = program("pywb", "wayback")
    place = tmp_path_factory.mktemp("pywb")
    files = export(filled, place / "out", max_size_bytes=10_000)
    assert len(files) > 1
    collection = place / "collections" / "c"
    shutil.copytree(place / "out", collection / "archive", ignore=shutil.ignore_patterns("*.cdxj"))
    (collection / "indexes").mkdir()
    shutil.copy(place / "out" / "index.cdxj", collection / "indexes")
    port = free_port()
    with (place / "log").open("wb") as log:
        server = subprocess.Popen(
            [wayback, "-b", "127.0.0.1", "-p", str(port)], cwd=place, stdout=log, stderr=log
        )
        try:
            _wait_for(port, server)
            yield f"http://127.0.0.1:{port}/c"
        finally:
            server.terminate()
            server.wait()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("pywb does not answer")


def test_a_timemap_lists_every_capture(pywb: str, filled: Path) -> None:
    kept = captures(filled)
    for url in {capture.url for capture in kept}:
        _, _, body = asked(f"{pywb}/timemap/link/{url}")
        found = re.findall(r'/c/(\d{14})mp_/(\S+)>; rel="memento"', body.decode())
        assert sorted(found) == sorted((stamp(c.captured_at), c.url) for c in kept if c.url == url)


def test_raw_replay_gives_the_payload_of_every_capture(pywb: str, filled: Path) -> None:
    kept = captures(filled)
    assert len(kept) == 6 + len(CASES)
    for capture in kept:
        status, headers, body = asked(f"{pywb}/{stamp(capture.captured_at)}id_/{capture.url}")
        assert f"sha256:{hashlib.sha256(body).hexdigest()}" == capture.payload, capture
        # a 304 is shown as what it confirmed
        assert status == (200 if capture.status == 304 else capture.status)
        shown = {name.lower(): value for name, value in headers.items()}["memento-datetime"]
        assert parse_instant(capture.captured_at).strftime("%a, %d %b %Y %H:%M:%S GMT") == shown


@pytest.mark.slow
def test_pywb_makes_the_same_index(filled: Path, tmp_path: Path) -> None:
    files = export(filled, tmp_path / "out", max_size_bytes=10_000)
    done = subprocess.run(
        [program("pywb", "cdx-indexer"), "-j", "-s", *files], check=True, capture_output=True
    )
    theirs = [line.split(" ", 2) for line in done.stdout.decode().splitlines()]
    ours = [
        line.split(" ", 2) for line in (tmp_path / "out" / "index.cdxj").read_text().splitlines()
    ]
    assert [(key, at, facts(told)) for key, at, told in ours] == [
        (key, at, facts(told)) for key, at, told in theirs if not key.startswith("urn:text:")
    ]


def facts(told: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(told)
    return {key: found[key] for key in ("url", "digest", "length", "offset", "filename")}

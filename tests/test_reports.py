"""Whole runs and what they tell: on stdout, in files, in a feed that lasts, by notice and code."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from crawler.demo import START, DemoWeb, day, page, versions
from tests.crawling import Outcome, crawl_words, rows, sourcekeep
from tests.crawling import crawl as crawl_for_json

ATOM = "{http://www.w3.org/2005/Atom}"
TEXT = (
    "The harbour office of Tern Point will close its night desk in May. It is spending ${sum}"
    " million on a new signal tower, according to the woman who leads it. Captains were told by"
    " letter in the first week of the year. The old tower, which has stood since 1891, remains open"
    " to visitors, and the keeper of the tide book will move into its lower floor in autumn. "
)
SUMMARY = TEXT.format(sum=50)
HOSTILE = "Tower \x1b[2J<script>alert(1)</script>\u202e &amp; desk"


def article(amount: int) -> Callable[..., object]:
    body = "".join(f"<p>{part}.</p>" for part in TEXT.format(sum=amount).split(". "))
    return page(f"<title>{HOSTILE}</title><article><h1>Night desk</h1>{body}</article>")


@pytest.fixture
def web() -> Iterator[DemoWeb]:
    with DemoWeb() as web:
        web.add("courier", "/desk", versions({day(1): article(50), day(3): article(5)}))
        yield web


@pytest.fixture
def entry(web: DemoWeb, tmp_path: Path) -> Path:
    path = tmp_path / "news" / "desk.md"
    path.parent.mkdir()
    path.write_text(
        "### [2026-02-20](/news/2026/02/20/index.md)\n\n##### Harbours\n# Night desk to close\n\n"
        f"{SUMMARY}\n\n### Sources:\n\n1. [Courier]({web.url('courier', '/desk')})\n"
        f"2. [Gone]({web.url('courier', '/no-such-page')})\n",
        encoding="utf-8",
    )
    return path


def crawl(archive: Path, now: datetime, *words: object, **variables: str) -> Outcome:
    return sourcekeep(*crawl_words(archive, now, *words), **variables)


def test_three_runs_tell_what_happened_and_then_nothing(
    web: DemoWeb, entry: Path, tmp_path: Path
) -> None:
    archive, folder = tmp_path / "a.db", tmp_path / "reports"
    first = crawl(archive, START, entry, "--report", folder, "--strict")
    assert first.code == 3, first.err
    assert first.out.splitlines() == [
        "sourcekeep: 2 visits (1 new, 1 failed); 1 needs attention: 1 uncaptured",
        "entries: 1 page read; 1 new entry, 2 new sources",
        "",
        "2026-02-20  Night desk to close",
        f"  {web.url('courier', '/no-such-page')}",
        "    uncaptured gone (http-404)",
        f"  {web.url('courier', '/desk')}",
        "    new        first copy",
    ]

    web.move_to(START + timedelta(days=4))
    second = crawl(archive, START + timedelta(days=4), "--report", folder, "--strict")
    assert second.code == 3
    lines = second.out.splitlines()
    assert lines[0].endswith("1 needs attention: 1 changed; also 1 altered")
    assert "    changed    material" in lines
    assert any("$50" in line and "$5 " in f"{line} " and "→" in line for line in lines)
    assert (folder / "report.txt").read_text(encoding="utf-8") == second.out

    third = crawl(archive, START + timedelta(days=4, minutes=5), "--report", folder, "--strict")
    assert (third.code, third.out) == (0, "sourcekeep: 0 visits; nothing new\n")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["items"] == [] and report["visits"] == 0

    began = f"{START + timedelta(days=4, minutes=5):%Y-%m-%dT%H:%M:%S}Z"
    assert f"\ncrawled    {began}, finished\n" in sourcekeep("status", "--archive", archive).out

    feed = ET.parse(folder / "feed.atom").getroot()
    kinds = [kind.attrib["term"] for kind in feed.iter(f"{ATOM}category")]
    assert kinds == ["changed", "altered", "uncaptured", "new"]
    (folder / "feed.atom").unlink()
    elsewhere = tmp_path / "elsewhere"
    crawl(archive, START + timedelta(days=4, minutes=6), "-s", f"SOURCEKEEP_REPORT_DIR={elsewhere}")
    again = ET.parse(elsewhere / "feed.atom").getroot()
    assert _ids(again) == _ids(feed), "the feed is made from the archive, not from the old file"


def _ids(feed: ET.Element) -> list[str | None]:
    return [entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry")]


def test_a_hostile_title_is_inert_in_all_that_is_written(
    web: DemoWeb, entry: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "reports"
    crawl(tmp_path / "a.db", START, entry, "--report", folder)
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "\x1b" not in text and "\u202e" not in text, path.name
    feed = (folder / "feed.atom").read_text(encoding="utf-8")
    assert "<script" not in feed
    titles = [title.text or "" for title in ET.fromstring(feed).iter(f"{ATOM}title")]
    assert any(title.startswith("new: ") for title in titles)


def test_json_holds_the_counts_of_the_run_and_the_report(entry: Path, tmp_path: Path) -> None:
    result = crawl_for_json(tmp_path / "a.db", START, entry).json
    assert result["outcomes"] == {"gone": 1, "live-unverified": 1}
    assert result["report"]["visits"] == result["visits"] == 2
    assert result["report"]["counts"]["uncaptured"] == 1
    quiet = crawl(tmp_path / "b.db", START, entry, "--quiet")
    assert (quiet.code, quiet.out) == (0, "")


def test_a_folder_that_cannot_be_written_is_said_before_the_run(
    entry: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "a.db"
    refused = crawl(archive, START, entry, "--report", entry)
    assert refused.code == 1 and not archive.exists()
    assert "the report cannot be written there" in refused.err


# ------------------------------------------------------------------ notices


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, str]]]]:
    received: list[dict[str, str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing on stderr."""

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"json://user:s3cret@127.0.0.1:{server.server_address[1]}/hook", received
    server.shutdown()
    server.server_close()
    thread.join()


def test_notice_is_given_when_something_needs_attention_and_only_then(
    hook: tuple[str, list[dict[str, str]]], entry: Path, tmp_path: Path
) -> None:
    pytest.importorskip("apprise")
    url, received = hook
    archive = tmp_path / "a.db"
    told = crawl(archive, START, entry, SOURCEKEEP_NOTIFY=url)
    assert told.code == 0, told.err
    (notice,) = received
    assert notice["title"] == told.out.splitlines()[0]
    assert "uncaptured gone (http-404)" in notice["message"]
    crawl(archive, START + timedelta(minutes=5), SOURCEKEEP_NOTIFY=url)
    assert len(received) == 1
    kept = json.dumps(rows(archive, "SELECT * FROM runs"))
    assert "s3cret" not in kept + archive.read_bytes().decode("latin-1") + told.out + told.err


def test_a_notice_that_fails_is_said_and_fails_nothing(entry: Path, tmp_path: Path) -> None:
    pytest.importorskip("apprise")
    told = crawl(
        tmp_path / "a.db", START, entry, SOURCEKEEP_NOTIFY="json://user:s3cret@127.0.0.1:1/"
    )
    assert told.code == 0
    assert "sourcekeep: notice 1 of 1 (json): was not delivered" in told.err
    assert "s3cret" not in told.err


def test_who_is_notified_is_no_setting(entry: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.db"
    refused = crawl(archive, START, entry, "-s", "SOURCEKEEP_NOTIFY=json://user:s3cret@h/")
    assert refused.code == 2 and "environment only" in refused.err
    assert not archive.exists()

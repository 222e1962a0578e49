"""What lies in ranges of WARC files comes home like what raw replay gives: Common Crawl's way."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.behaviours import Answer, Request, Response, page
from crawler.demo.loopback import LoopbackWeb
from crawler.errors import UsageError
from crawler.mementos.choosing import Cited, Looked, candidates, next_to_fetch
from crawler.mementos.crawls import crawls_of, nearest_crawls
from crawler.mementos.listing import Place, parse_cdx, with_what_revisits_repeat
from crawler.mementos.ranges import range_of, read_range
from crawler.mementos.registry import KNOWN, archives_of
from crawler.mementos.replies import Answer as ReplyAnswer
from crawler.mementos.replies import read_index
from tests.crawling import crawl as crawl_now
from tests.crawling import rows, sourcekeep
from tests.inspecting import ask
from tests.rescue_kit import (
    Files,
    Kept,
    Pywb,
    Story,
    dead_archive,
    entry_page,
    now_at,
    part_of,
    pywb,
    write_entries,
    write_warc,
)

NOW = now_at("2026-03-01")
GONE, FILES = "127.0.0.7", "127.0.0.9"
COLLINFO = "https://index.example/collinfo.json"
CITED = Cited.on("2017-03-04")


# --- lists ---------------------------------------------------------------------------------------

LINE = {
    "urlkey": "org,example)/a", "timestamp": "20170304123456", "url": "https://example.org/a",
    "mime": "text/html", "mime-detected": "text/html", "status": "200",
    "digest": "B2LTWWPUOYAH7UIPQ7ZUPQ4VMBSVC36A", "length": "5365", "offset": "81614902",
    "filename": "crawl-data/CC-MAIN-2017-13/segments/1/warc/a-00494.warc.gz",
}  # fmt: skip


def test_an_index_of_warc_files_tells_where_each_record_lies() -> None:
    [listed] = parse_cdx(json.dumps(LINE)).mementos
    assert listed.place == Place(LINE["filename"], 81614902, 5365)
    assert range_of(listed.place)["Range"] == "bytes=81614902-81620266"
    assert (listed.digest, listed.is_cut) == ("sha1:" + LINE["digest"], False)
    [cut] = parse_cdx(json.dumps(LINE | {"truncated": "length"})).mementos
    assert cut.is_cut


@pytest.mark.parametrize(
    "more",
    [
        {"filename": "/etc/passwd"}, {"filename": "../../secret.warc.gz"},
        {"filename": "http://127.0.0.1/a.warc.gz"}, {"offset": "-1"}, {"length": "0"},
        {"length": "99999999999"}, {"offset": "9" * 30}, {"length": "x"},
    ],
)  # fmt: skip
def test_a_place_that_no_file_of_the_archive_can_have_is_none(more: dict[str, str]) -> None:
    [listed] = parse_cdx(json.dumps(LINE | more)).mementos
    assert listed.place is None


def test_a_revisit_is_fetched_where_the_bytes_that_it_repeats_lie() -> None:
    again = LINE | {"timestamp": "20170401000000", "mime": "warc/revisit", "status": "-",
                    "offset": "7"}  # fmt: skip
    lost = again | {"digest": "A" * 32}
    text = "\n".join(map(json.dumps, (LINE, again, lost)))
    first, second = with_what_revisits_repeat(parse_cdx(text).mementos)
    assert second.held_at == first and second.place == Place(LINE["filename"], 7, 5365)


def test_a_part_is_fetched_only_where_nothing_whole_is_good() -> None:
    cut = LINE | {"truncated": "length", "timestamp": "20170303000000"}
    whole = LINE | {"timestamp": "20170501000000", "digest": "A" * 32}
    listed = parse_cdx("\n".join(map(json.dumps, (cut, whole)))).mementos
    ordered = candidates(listed, CITED)
    first = next_to_fetch(ordered, [], CITED)
    assert first is not None and not first.is_cut
    assert next_to_fetch(ordered, [Looked(first, good=True)], CITED) is None
    second = next_to_fetch(ordered, [Looked(first, good=False)], CITED)
    assert second is not None and second.is_cut


def crawl(name: str, **more: str) -> dict[str, str]:
    return {"id": name, "cdx-api": f"https://index.example/{name}-index", **more}


def test_the_crawls_nearest_to_a_citation_are_asked_before_and_after_it_in_turn() -> None:
    told = crawl("CC-MAIN-2017-09", **{"from": "2017-02-19T00:00:00", "to": "2017-03-01T00:00:00"})
    text = json.dumps([
        crawl("CC-MAIN-2024-10"), crawl("CC-MAIN-2017-17"), crawl("CC-MAIN-2017-13"), told,
        crawl("CC-MAIN-2016-50"), crawl("CC-MAIN-2012"), crawl("CC-MAIN-2008-2009"),
    ])  # fmt: skip
    crawls = crawls_of(text, COLLINFO)
    assert crawls is not None and len(crawls) == 7
    assert [c.id for c in nearest_crawls(crawls, CITED, at_most=5)] == [
        "CC-MAIN-2017-09", "CC-MAIN-2017-13", "CC-MAIN-2016-50", "CC-MAIN-2017-17",
        "CC-MAIN-2012",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "<html>", "{}", '["a"]', "[" * 10_000])
def test_what_is_no_list_of_crawls_is_none(text: str) -> None:
    assert crawls_of(text, COLLINFO) is None


def test_a_crawl_without_dates_or_with_an_index_elsewhere_is_passed_over() -> None:
    text = json.dumps([
        crawl("CC-MAIN-2017-99"), crawl("unnamed"), {"id": 3}, {},
        crawl("CC-MAIN-2017-13") | {"cdx-api": "https://elsewhere.example/x"},
        crawl("CC-MAIN-2017-17") | {"cdx-api": "ftp://index.example/x"},
    ])  # fmt: skip
    assert crawls_of(text, COLLINFO) == ()


# --- answers -------------------------------------------------------------------------------------

PLACE = Place("a.warc.gz", 100, 50)
RANGE = (("Content-Range", "bytes 100-149/9000"),)


@pytest.mark.parametrize(
    ("status", "headers", "size", "kind", "reason"),
    [
        (206, RANGE, 50, "memento", ""),
        (206, RANGE, 49, "rejected", "wrong-range"),
        (206, (), 50, "rejected", "wrong-range"),
        (206, (("Content-Range", "bytes 0-49/9000"),), 50, "rejected", "wrong-range"),
        (200, (), 0, "archive-down", "range-ignored"),
        (416, (("Content-Range", "bytes */90"),), 0, "rejected", "range-not-there"),
        (404, (), 9, "rejected", "no-memento"),
        (403, (), 9, "archive-down", "http-403"),
        (503, (), 9, "rate-limited", "http-503"),
        (429, (), 9, "rate-limited", "http-429"),
        (502, (), 9, "archive-down", "http-502"),
        (None, (), 0, "archive-down", "refused"),
    ],
)
def test_an_answer_to_a_range_is_told_apart(
    status: int | None, headers: Any, size: int, kind: str, reason: str
) -> None:
    failure = None if status else "refused"
    answer = ReplyAnswer("http://a.example/a.warc.gz", status, headers, failure)
    said = read_range(PLACE, answer, size_bytes=size, broke_off=False, slows_by_503=True)
    assert (said.kind, said.reason) == (kind, reason)


def test_an_answer_that_broke_off_is_asked_for_again() -> None:
    answer = ReplyAnswer("http://a.example/a.warc.gz", 206, RANGE)
    said = read_range(PLACE, answer, size_bytes=20, broke_off=True, slows_by_503=True)
    assert (said.kind, said.reason) == ("archive-down", "broke-off")


def test_an_index_that_asks_to_slow_down_by_503_is_no_broken_one() -> None:
    answer = ReplyAnswer("https://index.example/x", 503)
    assert read_index(answer, "", slows_by_503=True).result == "rate-limited"
    assert read_index(answer, "").result == "archive-down"


def test_common_crawl_is_known_and_asked_gently() -> None:
    [archive] = archives_of(["commoncrawl.org"])
    assert archive is KNOWN["commoncrawl.org"] and archive.slows_by_503
    assert archive.index_per_minute <= 6 and archive.crawls and archive.warcs
    assert not archive.may_hear_of("http://10.0.0.1/x")


@pytest.mark.parametrize(
    "line",
    [
        "x=warc+http://127.0.0.1/cdx", "x=crawls+http://127.0.0.1/collinfo.json",
        "x=warc+http://127.0.0.1/cdx;files=nonsense",
        "x=pywb+http://127.0.0.1/c;files=http://127.0.0.1/",
    ],
)  # fmt: skip
def test_an_archive_of_files_needs_their_address_and_no_other_takes_one(line: str) -> None:
    with pytest.raises(UsageError):
        archives_of([line])


# --- a real pywb for the index, and a server of ranges for the files -----------------------------


@dataclass
class World:
    """Two crawls in WARC files, their index in pywb, and the files on a server of ranges."""

    web: LoopbackWeb
    pywb: Pywb
    files: Files
    folder: Path

    def url(self, name: str) -> str:
        return f"http://{GONE}:{self.web.port}/{name}"

    @property
    def line(self) -> str:
        return f"cc=crawls+{self.pywb.base[:-2]}/static/collinfo.json;{self.where}"

    @property
    def where(self) -> str:
        return f"files=http://{FILES}:{self.web.port}/crawl-data/;index=1200;replay=2400"

    def rescue(self, path: Path, line: str = "", hours: int = 0, *words: object) -> Any:
        done = sourcekeep(
            "rescue", "--archive", path, "--now", (NOW + timedelta(hours=hours)).isoformat(),
            "--allow", "127.0.0.0/8", "-s", "SOURCEKEEP_WORKERS=1", "-s", "DOWNLOAD_TIMEOUT=5",
            "-s", "SOURCEKEEP_WAIT_MAX_S=0",
            "-s", f"SOURCEKEEP_RESCUE_ARCHIVES={line or self.line}", "--json", *words,
        )  # fmt: skip
        assert done.code == 0, done.err
        return done.json

    def archive(self, name: str, *stories: str) -> Path:
        """An archive in which these sources were found gone the day before."""
        urls = {self.url(each): STORIES[each] for each in stories or STORIES}
        return dead_archive(self.folder / name, urls, NOW - timedelta(days=1))


NAMES = ("both", "one", "revisited", "cut", "cut-then-whole", "moved-record", "later-date",
         "wrong-digest", "packed", "none")  # fmt: skip
STORIES = {name: Story(number) for number, name in enumerate(NAMES, start=1)}
HTML = ("Content-Type", "text/html; charset=utf-8")
BEFORE, AFTER = "20170225080000", "20170327080000"


def planted(url: Any) -> dict[str, list[tuple[str, Kept]]]:
    """The records of each file: one for each crawl, and what an index lies of."""

    def body(name: str) -> bytes:
        return STORIES[name].page()

    cut = (("WARC-Truncated", "length"),)
    packed = gzip.compress(body("packed"))
    return {
        "before.warc.gz": [
            (url("both"), Kept(BEFORE, body("both"))),
            (url("revisited"), Kept(BEFORE, body("revisited"))),
            (url("cut"), Kept(BEFORE, body("cut")[:1500], about=cut)),
            (url("cut-then-whole"), Kept(BEFORE, body("cut-then-whole")[:1500], about=cut)),
            (url("wrong-digest"), Kept(BEFORE, body("wrong-digest"), digest="A" * 32)),
            (url("packed"), Kept(BEFORE, packed, headers=(HTML, ("Content-Encoding", "gzip")))),
        ],
        "after.warc.gz": [
            (url("both"), Kept(AFTER, body("both"))),
            (url("one"), Kept(AFTER, body("one"))),
            (url("revisited"), Kept(AFTER, body("revisited"), is_revisit=True)),
            (url("cut-then-whole"), Kept(AFTER, body("cut-then-whole"))),
            (url("moved-record"), Kept(AFTER, body("moved-record"))),
            (url("later-date"), Kept(AFTER, body("later-date"))),
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("files")
    files = Files(folder)
    gone = page("There is nothing here.", status=404)
    with LoopbackWeb({GONE: gone, FILES: files}, port=0, at=NOW) as web:

        def url(name: str) -> str:
            return f"http://{GONE}:{web.port}/{name}"

        records = planted(url)
        for name, captures in records.items():
            write_warc(folder / name, captures)
        lies = {(at, kept.at): kept.digest for captures in records.values()
                for at, kept in captures if kept.digest}  # fmt: skip
        warcs = [folder / name for name in records]
        crawls = {"before": warcs[:1], "after": warcs[1:], "old": [], "new": []}
        with pywb(folder / "pywb", warcs, lies, crawls=crawls) as server:
            yield _with_a_list_of_crawls(World(web, server, files, folder))


def _with_a_list_of_crawls(world: World) -> World:
    base, spans = world.pywb.base[:-2], {
        "before": ("2017-02-19", "2017-03-01"), "after": ("2017-03-22", "2017-03-31"),
        "old": ("2012-01-01", "2012-02-01"), "new": ("2024-01-01", "2024-02-01"),
    }  # fmt: skip
    text = json.dumps([
        {"id": name, "cdx-api": f"{base}/{name}/cdx", "from": begins, "to": ends}
        for name, (begins, ends) in spans.items()
    ])  # fmt: skip
    static = world.folder / "pywb/static"
    static.mkdir(exist_ok=True)
    (static / "collinfo.json").write_text(text)
    _lie(world.folder / "pywb/collections/after/indexes/index.cdxj", world)
    return world


def _lie(index: Path, world: World) -> None:
    """Have an index name the record of another page, and another moment, for two of them."""
    lines = index.read_text().splitlines()
    about = {line.split(" ", 2)[0].rpartition("/")[2]: line for line in lines}
    other = json.loads(about["one"].split(" ", 2)[2])
    changed = []
    for line in lines:
        key, stamp, rest = line.split(" ", 2)
        told = json.loads(rest)
        if key.endswith("/moved-record"):
            told |= {name: other[name] for name in ("offset", "length")}
        if key.endswith("/later-date"):
            stamp = "20170326080000"
        changed.append(f"{key} {stamp} {json.dumps(told)}\n")
    index.write_text("".join(changed))


@pytest.fixture(scope="module")
def home(world: World) -> Path:
    """An archive for whose sources the crawls were asked."""
    path = world.archive("home.db")
    world.rescue(path)
    return path


def test_what_lies_in_warc_files_comes_home_with_its_class(home: Path) -> None:
    found = {
        row["url"].rpartition("/")[2]: (row["class"], row["proof"], row["archive"])
        for row in rows(home, "SELECT * FROM rescued WHERE state = 'home'")
    }
    assert found == {
        "both": ("A", "excerpt", "cc"), "one": ("D", "excerpt", "cc"),
        "revisited": ("A", "excerpt", "cc"), "cut-then-whole": ("D", "excerpt", "cc"),
        "packed": ("D", "excerpt", "cc"),
    }  # fmt: skip


def test_what_is_not_the_record_that_the_index_names_is_rejected(home: Path) -> None:
    said = {
        row["url"].rpartition("/")[2]: json.loads(row["reasons"])[0]
        for row in rows(home, "SELECT s.url, m.reasons FROM mementos m"
                              " JOIN sources s ON s.id = m.source WHERE m.state = 'rejected'")
    }  # fmt: skip
    assert said == {
        "cut": "truncated", "cut-then-whole": "truncated", "moved-record": "other-url",
        "later-date": "far-date", "wrong-digest": "digest-differs",
    }  # fmt: skip


def test_a_truncated_record_is_kept_and_marked(home: Path) -> None:
    [cut] = rows(home, "SELECT * FROM snapshots WHERE source_url LIKE '%/cut' AND origin = 'cc'")
    assert (cut["truncated"], cut["size_bytes"], cut["outcome"]) == ("length", 1500, "server-error")


def test_the_payload_is_the_page_and_the_fetch_tells_of_the_range(home: Path) -> None:
    [row] = rows(
        home, "SELECT f.*, c.payload, n.text, n.mime FROM fetches f"
        " JOIN captures c ON c.fetch = f.id JOIN snapshots n ON n.id = c.id"
        " WHERE n.source_url LIKE '%/packed' AND n.origin = 'cc'",
    )  # fmt: skip
    asked, told = (
        dict(json.loads(row["request_headers"])),
        dict(json.loads(row["response_headers"])),
    )
    assert row["url"].endswith("/crawl-data/before.warc.gz") and row["status"] == 206
    assert asked["Range"].startswith("bytes=") and told["X-Archive-File-Content-Range"].startswith(
        "bytes "
    )
    assert told["X-Archive-Orig-Content-Encoding"] == "gzip"
    assert told["Content-Type"] == "text/html; charset=utf-8"
    assert row["mime"] == "text/html" and STORIES["packed"].sentences()[0] in row["text"]
    [memento] = rows(home, "SELECT m.uri_m FROM mementos m JOIN sources s ON s.id = m.source"
                           " WHERE s.url LIKE '%/packed'")  # fmt: skip
    assert memento["uri_m"] == f"{row['url']}#bytes={asked['Range'].removeprefix('bytes=')}"


def test_it_stands_apart_from_own_captures_as_any_other(home: Path) -> None:
    assert rows(home, "SELECT DISTINCT origin FROM captures WHERE source IS NOT NULL AND id IN"
                      " (SELECT capture FROM mementos)") == [{"origin": "cc"}]  # fmt: skip
    shown = sourcekeep("show", "--archive", home, "1").out
    assert "class" in shown and " cc" in shown and "crawl-data/" in shown


def test_inspect_and_exports_tell_whose_copy_it_is(home: Path, tmp_path: Path) -> None:
    [row] = rows(home, "SELECT source, capture FROM rescued WHERE url LIKE '%/both'")
    source, snapshot = ask(
        home, f"/-/source/home/{row['source']}", f"/-/snapshot/home/{row['capture']}"
    )
    assert "class A" in source.text and "crawl-data/before.warc.gz#bytes=" in source.text
    assert "brought home from" in snapshot.text
    sourcekeep("export", "--archive", home, "csv", tmp_path / "kept.csv")
    lines = (tmp_path / "kept.csv").read_text().splitlines()
    assert any(",cc," in line and "/both" in line for line in lines)
    assert any(",own," in line and "/both" in line for line in lines)


@pytest.mark.slow
def test_the_list_of_crawls_is_asked_for_once_a_week(world: World, home: Path) -> None:
    asked = rows(home, "SELECT fetched_at FROM fetches WHERE url LIKE '%/collinfo.json'")
    assert len(asked) == 1
    world.rescue(home, "", 24, world.url("none"))
    assert len(rows(home, "SELECT 1 FROM fetches WHERE url LIKE '%/collinfo.json'")) == 1
    world.rescue(home, "", 24 * 8, world.url("none"))
    assert len(rows(home, "SELECT 1 FROM fetches WHERE url LIKE '%/collinfo.json'")) == 2


def test_far_crawls_are_not_asked_where_near_ones_have_the_page(home: Path) -> None:
    both = rows(home, "SELECT f.url FROM fetches f JOIN lookups l ON l.fetch = f.id"
                      " JOIN sources s ON s.id = l.source WHERE s.url LIKE '%/both'")  # fmt: skip
    assert [row["url"].split("/")[3] for row in both] == ["before", "after"]
    none = rows(home, "SELECT count(*) AS n FROM lookups l JOIN sources s ON s.id = l.source"
                      " WHERE s.url LIKE '%/none'")  # fmt: skip
    assert none[0]["n"] >= 4


def test_one_index_of_warc_files_needs_no_list_of_crawls(world: World) -> None:
    path = world.archive("one.db", "both")
    line = f"mine=warc+{world.pywb.base}/cdx;trust=own;{world.where}"
    [done] = world.rescue(path, line)["sources"]
    assert (done["confidence"], done["archive"]) == ("A", "mine")


def test_an_archive_that_replays_is_asked_to_though_its_index_names_files(world: World) -> None:
    path = world.archive("replayed.db", "both")
    [done] = world.rescue(path, f"{world.pywb.line()};index=1200;replay=2400")["sources"]
    assert done["confidence"] == "A"
    asked = rows(path, "SELECT url FROM fetches WHERE purpose = 'rescue' AND source IS NOT NULL")
    assert asked and all("id_/" in row["url"] for row in asked)


@pytest.mark.slow
def test_our_own_bytes_are_proved_by_the_index_without_asking_for_a_range(world: World) -> None:
    story, path = STORIES["both"], world.folder / "held.db"
    served = Response(200, (HTML,), story.page())
    world.web.route(GONE, "/both", lambda request: served)
    text = entry_page(story.title, story.summary(), world.url("both"))
    crawl_now(path, NOW, write_entries(world.folder / "news", {"both": text}))
    world.web.requests.clear()
    world.rescue(path, "", 1, world.url("both"))
    assert not [r for r in world.web.requests if r.host == FILES]
    [row] = rows(path, "SELECT r.state, m.same_bytes_as, m.memento_datetime FROM rescues r"
                       " JOIN mementos m ON m.id = r.memento")  # fmt: skip
    assert row["state"] == "not-needed" and row["same_bytes_as"]
    assert row["memento_datetime"] == "2017-02-25T08:00:00Z"


def test_a_server_that_sends_the_whole_file_is_cut_off_at_once(world: World) -> None:
    whole = Response(200, (("Content-Type", "application/gzip"),), b"\x1f\x8b" + b"x" * 20_000_000)
    said = _failing(world, "whole.db", lambda request: whole)
    assert said["ending"] == "archive-down" and "range-ignored" in said["why"]
    [fetch] = rows(world.folder / "whole.db",
                   "SELECT * FROM fetches WHERE status = 200 AND url LIKE '%warc.gz'")  # fmt: skip
    assert fetch["wire_size_bytes"] < 200_000
    assert not rows(world.folder / "whole.db",
                    "SELECT 1 FROM captures WHERE fetch = ?", fetch["id"])  # fmt: skip


def test_a_wrong_range_brings_nothing_and_a_request_to_slow_down_is_kept_to(world: World) -> None:
    data = (world.folder / "after.warc.gz").read_bytes()
    said = _failing(world, "wrong.db", lambda request: part_of(data, 0, 99))
    assert said["ending"] == "none-good"
    slow = Response(503, (("Content-Type", "application/xml"),), b"<Code>SlowDown</Code>")
    said = _failing(world, "slow.db", lambda request: slow)
    assert said["ending"] == "rate-limited" and "http-503" in said["why"]


def _failing(world: World, name: str, fail: Any) -> dict[str, Any]:
    def only_files(request: Request) -> Answer | None:
        return fail(request) if request.path.endswith(".warc.gz") else None

    world.files.fail = only_files
    try:
        [said] = world.rescue(world.archive(name, "one"))["sources"]
        return dict(said)
    finally:
        world.files.fail = None

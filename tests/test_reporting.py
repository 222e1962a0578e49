"""The report of a run: for a person, for a program, for a feed reader; hostile titles included."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import threading
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.archive.queries.report import (
    ATTENTION,
    KINDS,
    RESULTS,
    Cited,
    Item,
    Kind,
    Passage,
    Report,
)
from crawler.errors import ReportNotWritten
from crawler.reporting import (
    atom_of,
    document_of,
    prepare_folder,
    summary_line,
    text_of,
    write_files,
)
from crawler.reporting.atom import item_id
from crawler.reporting.notices import give_notice, notice_urls
from crawler.reporting.plain import plain, shorten
from crawler.reporting.sentences import lines_of, sentence_of
from crawler.reporting.text import SHOWN

ARCHIVE = "01946b2e-5b5a-7a55-8c2e-0d6f1f6c8a01"
RUN = "01946b2e-6c1d-7b31-9d4e-1e7f2f7d9b02"
AT = "2026-03-01T08:00:00Z"
ATOM = "{http://www.w3.org/2005/Atom}"
DESK = Cited(1, "Night desk to close", "2026-02-27", "/news/night-desk.html")
TOWER = Cited(2, "A new tower", "2026-02-20", None)
HOSTILE = '\x1b[2J<b>bold</b>&amp;\u202e]]> "q"\r\n\x00\x9b31m\ufffe\ud800<script>alert(1)</script>'


def item(kind: Kind = "changed", number: int = 1, **facts: object) -> Item:
    made = Item(
        kind, AT, "material", f"Source {number}", RUN, f"example,t{number})/",
        url=f"https://t{number}.example/", source=number, entries=(DESK,),
    )  # fmt: skip
    return replace(made, **facts)  # type: ignore[arg-type]


def report(*items: Item, counts: dict[Kind, int] | None = None, **visited: int) -> Report:
    ordered = sorted(items, key=lambda one: list(KINDS).index(one.kind))
    return Report(
        ARCHIVE, RUN, AT, "2026-03-01T08:05:00Z", "finished", visited,  # type: ignore[arg-type]
        counts if counts is not None else dict(Counter(one.kind for one in items)), tuple(ordered),
    )  # fmt: skip


# ------------------------------------------------------------------ the text


def test_nothing_to_tell_is_one_line() -> None:
    text = text_of(report(unchanged=41))
    assert text == "sourcekeep: 41 visits (41 unchanged); nothing new\n"
    assert text_of(report()) == "sourcekeep: 0 visits; nothing new\n"


def test_the_first_line_says_it_all() -> None:
    said = report(
        item("vanished", 1), item("changed", 2), item("new", 3), item("moved", 4),
        new=1, changed=1, unchanged=1_200, failed=1,
    )  # fmt: skip
    assert summary_line(said) == (
        "sourcekeep: 1,203 visits (1 new, 1 changed, 1,200 unchanged, 1 failed);"
        " 2 need attention: 1 changed, 1 vanished; also 1 moved"
    )
    assert text_of(said).splitlines()[0] == summary_line(said)
    one = report(item("lost"), changed=1)
    assert summary_line(one).endswith("; 1 needs attention: 1 lost")
    assert summary_line(report(item("new"), new=1)).endswith("; nothing needs attention")
    assert summary_line(report(item("moved"))).endswith("; nothing needs attention; 1 moved")


def test_the_text_is_grouped_by_entry_and_source_with_the_words() -> None:
    changed = item("changed", 1, reasons=(), words=(("$50", "$5"), (None, "not"), ("May", None)))
    altered = item(
        "altered", 1, code="supported-altered",
        passages=(Passage("It spends $50 million.", "It spends $5 million.", (("$50", "$5"),)),),
    )  # fmt: skip
    vanished = item(
        "vanished", 2, code="vanished", entries=(TOWER, DESK), reasons=("gone-404",), looks=4,
        held_at="2026-02-21T00:00:00Z", alive_at="2026-02-24T00:00:00Z",
        missing_at="2026-02-25T00:00:00Z",
    )  # fmt: skip
    text = text_of(report(changed, altered, vanished, changed=1, failed=1))
    assert text.splitlines()[1:] == [
        "",
        "2026-02-27  Night desk to close",
        "  https://t1.example/",
        "    changed    material",
        "               $50 → $5",
        "               + not",
        "               - May",
        "    altered    1 cited passage",
        "               “It spends $50 million.”: $50 → $5",
        "",
        "2026-02-20  A new tower",
        "  https://t2.example/  (and 1 other entry)",
        "    vanished   gone-404; 4 looks; last proven alive 2026-02-24;"
        " first seen missing 2026-02-25; a copy of 2026-02-21 is held",
    ]


def test_a_cut_is_told_by_its_length() -> None:
    cut = item("changed", code="cut", length=(1_430, 120), words=(("23.25", None),))
    assert sentence_of(cut) == "cut, 1,430 → 120 words" and lines_of(cut) == []
    assert sentence_of(item("drifted", code="drifted", reasons=("far-off",))) == (
        "far-off; no copy is held"
    )


def test_what_no_entry_cites_comes_last() -> None:
    outage = Item("outage", AT, "outage", "t9.example", RUN, "t9.example", looks=6, of=7)
    page = Item("unreadable", AT, "no headline, date or sources in it", "a.html", RUN, "a.html")
    text = text_of(report(outage, page, item("new")))
    assert text.splitlines()[-5:] == [
        "not in an entry",
        "  a.html",
        "    unreadable no headline, date or sources in it",
        "  t9.example",
        "    outage     6 of 7 sources visited failed",
    ]


def test_a_run_that_ended_early_says_so() -> None:
    cut = replace(report(unchanged=1), finish_reason="max-time")
    assert "the run ended early (max-time); run it again to go on" in text_of(cut)


def test_of_very_many_items_the_first_are_shown_and_the_others_counted() -> None:
    many = [item("uncaptured", n, code="gone", entries=()) for n in range(500)]
    said = report(*many, counts={"uncaptured": 12_345}, failed=12_345)
    lines = text_of(said).splitlines()
    assert len(lines) < 60
    assert lines[-1] == f"and {12_345 - SHOWN:,} more uncaptured"


def test_words_and_passages_are_limited_too() -> None:
    words = tuple((f"old{n}", "new " * 100) for n in range(12))
    lines = lines_of(item(words=words))
    assert len(lines) == 6 and lines[-1] == "and 7 more"
    assert all(len(line) < 80 for line in lines)
    lost = item("lost", passages=(Passage("word " * 500, None),))
    (line,) = lines_of(lost)
    assert line.startswith("no longer there: “word") and len(line) < 150


def test_of_a_long_passage_the_part_that_changed_is_shown() -> None:
    exact = "word " * 100 + "it spends $50 million " + "word " * 100
    (line,) = lines_of(item("altered", passages=(Passage(exact, "…", (("$50", "$5"),)),)))
    assert line.startswith("“…word word") and "spends $50 million" in line
    assert line.endswith("word…”: $50 → $5") and len(line) < 150


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_sentence(kind: Kind) -> None:
    assert sentence_of(item(kind, target="https://elsewhere.example/"))


KIND = st.sampled_from(list(KINDS))
ITEMS = st.lists(
    st.builds(
        item,
        KIND,
        st.integers(1, 30),
        entries=st.lists(st.sampled_from([DESK, TOWER]), max_size=2, unique=True).map(tuple),
        subject=st.text(max_size=20),
    ),
    max_size=80,
)
EXTRA = st.dictionaries(KIND, st.integers(0, 99), max_size=4)
VISITED = st.dictionaries(st.sampled_from(list(RESULTS)), st.integers(0, 9_999))


@settings(deadline=None)
@given(ITEMS, EXTRA, VISITED)
def test_counts_add_up_in_text_and_json(
    items: list[Item], extra: dict[Kind, int], visited: dict[str, int]
) -> None:
    listed = Counter(one.kind for one in items)
    said = report(*items, counts=dict(listed + Counter(extra)), **visited)
    text, document = text_of(said), document_of(said)

    shown = Counter(re.findall(rf"^    ({'|'.join(KINDS)}) ", text, re.MULTILINE))
    left = re.search(r"^and (\d.*)$", text, re.MULTILINE)
    more = re.findall(r"([\d,]+) more (\w+)", left[1] if left else "")
    shown.update({kind: int(number.replace(",", "")) for number, kind in more})
    assert +shown == Counter(said.counts) == +shown

    for kind in KINDS:
        in_items = sum(one["kind"] == kind for one in document["items"])
        assert document["counts"][kind] == in_items + document["omitted"].get(kind, 0)
    assert document["visits"] == sum(document["visited"].values()) == sum(visited.values())
    assert document["needs_attention"] == sum(
        count for kind, count in document["counts"].items() if kind in ATTENTION
    )
    results = re.search(r"visits? \((.*?)\);", text)
    numbers = re.findall(r"(\d[\d,]*) \w+", results[1] if results else "")
    assert sum(int(number.replace(",", "")) for number in numbers) == said.visits


@settings(deadline=None)
@given(ITEMS)
def test_the_order_of_rows_does_not_change_what_is_grouped(items: list[Item]) -> None:
    said = report(*items)
    assert text_of(said) == text_of(replace(said))
    headings = re.findall(r"^(?:\d{4}|not in).*$", text_of(said), re.MULTILINE)
    assert len(headings) == len(set(headings)), "each entry once"


# ------------------------------------------------------------------ JSON and Atom


def test_the_document_says_what_the_text_says_and_the_facts() -> None:
    said = report(item("changed", words=(("$50", "$5"),)), changed=1)
    document = json.loads(json.dumps(document_of(said)))
    assert document["format"] == 1 and document["run"] == RUN
    assert document["summary"] == summary_line(said)
    (told,) = document["items"]
    assert told["kind"] == "changed" and told["attention"] is True
    assert told["sentence"] == "material" and told["lines"] == ["$50 → $5"]
    assert told["words"] == [["$50", "$5"]] and told["entries"][0]["title"] == DESK.title
    assert told["id"] == item_id(said.items[0])
    assert "target" not in told, "what is not known is left out"


def feed_of(*items: Item) -> ET.Element:
    return ET.fromstring(atom_of(ARCHIVE, items, began_at="2026-01-01T00:00:00Z"))


def test_the_feed_has_what_rfc_4287_asks_for() -> None:
    feed = feed_of(item("changed", 1), item("lost", 2, at="2026-03-02T00:00:00Z"))
    assert feed.tag == f"{ATOM}feed"
    for one in (feed, *feed.findall(f"{ATOM}entry")):
        for required in ("id", "title", "updated"):
            assert len(one.findall(f"{ATOM}{required}")) == 1
        assert UUID(one.findtext(f"{ATOM}id", "").removeprefix("urn:uuid:"))
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "Sourcekeep"
    assert feed.findtext(f"{ATOM}updated") == "2026-03-02T00:00:00Z"
    entry = feed.find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}title") == "changed: Source 1"
    assert entry.find(f"{ATOM}category").attrib == {"term": "changed"}  # type: ignore[union-attr]
    link = entry.find(f"{ATOM}link")
    assert link is not None and link.attrib["href"] == "https://t1.example/"
    assert entry.findtext(f"{ATOM}content", "").endswith("cited by 2026-02-27 Night desk to close")


def test_a_feed_without_items_has_a_date() -> None:
    assert feed_of().findtext(f"{ATOM}updated") == "2026-01-01T00:00:00Z"


def test_the_id_of_an_item_stays_the_same_and_is_no_other_ones() -> None:
    assert item_id(item("changed", 1)) == item_id(item("changed", 1, subject="another title"))
    others = [item("lost", 1), item("changed", 2), item("changed", 1, at="2026-03-01T08:00:01Z"),
              item("changed", 1, run=ARCHIVE)]  # fmt: skip
    assert len({item_id(one) for one in [item("changed", 1), *others]}) == 5


def test_hostile_titles_are_inert_everywhere() -> None:
    bad = item(
        "moved", 1, subject=HOSTILE, url=f"javascript:{HOSTILE}", target=HOSTILE, code=HOSTILE,
        reasons=(HOSTILE,), words=((HOSTILE, HOSTILE),), passages=(Passage(HOSTILE, HOSTILE),),
        entries=(Cited(1, HOSTILE, HOSTILE, HOSTILE),), key=HOSTILE,
    )  # fmt: skip
    said = report(*(replace(bad, kind=kind) for kind in KINDS))
    text = text_of(said)
    feed = atom_of(ARCHIVE, said.items, began_at=AT)
    document = json.dumps(document_of(said), ensure_ascii=False)
    for out in (text, feed.decode(), document):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff\ufffe]", out)
    assert b"<script" not in feed and b"<b>" not in feed
    tree = ET.fromstring(feed)
    tags = {
        "feed", "id", "title", "subtitle", "updated", "author", "name", "generator", "entry",
        "category", "content",
    }  # fmt: skip
    known = {ATOM + tag for tag in tags}  # no link: the address is none of the web
    assert {one.tag for one in tree.iter()} <= known
    assert {one.get("type") for one in tree.iter(f"{ATOM}content")} == {"text"}
    assert json.loads(document)["items"][0]["subject"].startswith("\ufffd[2J<b>bold</b>")
    assert len(text.splitlines()) < 100


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_any_text_becomes_one_line_that_xml_can_hold(text: str) -> None:
    line = plain(text)
    assert "\n" not in line and "\x1b" not in line
    assert ET.fromstring(ET.tostring(_holding(line), "utf-8")).text in (line, line or None)
    assert len(shorten(text, 20)) <= 20


def _holding(text: str) -> ET.Element:
    element = ET.Element("t")
    element.text = text
    return element


# ------------------------------------------------------------------ files


def test_the_files_are_written_and_replaced_as_wholes(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "reports"
    prepare_folder(folder)
    said = report(item("changed"), changed=1)
    for _ in range(2):
        paths = write_files(folder, said, said.items, began_at=AT)
        assert sorted(path.name for path in paths) == ["feed.atom", "report.json", "report.txt"]
        assert sorted(folder.iterdir()) == sorted(paths), "nothing half-written is left"
    assert (folder / "report.txt").read_text(encoding="utf-8") == text_of(said)
    assert json.loads((folder / "report.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(document_of(said))
    )
    assert (folder / "feed.atom").read_bytes().startswith(b"<?xml version='1.0'")


def test_the_files_are_readable_by_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        paths = write_files(tmp_path, report(), [], began_at=AT)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o640}


def test_a_folder_that_cannot_be_written_is_said_beforehand(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportNotWritten, match=r"file: the report cannot be written there: "):
        prepare_folder(tmp_path / "file")
    with pytest.raises(ReportNotWritten, match="cannot be written"):
        write_files(tmp_path / "missing", report(), [], began_at=AT)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    write_files(tmp_path, report(unchanged=1), [], began_at=AT)
    (tmp_path / "report.json").unlink()
    (tmp_path / "report.json").mkdir()
    with pytest.raises(ReportNotWritten):
        write_files(tmp_path, report(unchanged=2), [], began_at=AT)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "feed.atom", "report.json", "report.txt",
    ]  # fmt: skip


# ------------------------------------------------------------------ notices


class _Receiver(BaseHTTPRequestHandler):
    status = 200
    received: list[dict[str, str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append(json.loads(body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


@pytest.fixture
def receiver() -> object:
    handler = type("Receiver", (_Receiver,), {"received": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield handler, server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_notice_reaches_a_webhook(receiver: tuple[type[_Receiver], int]) -> None:
    pytest.importorskip("apprise")
    handler, port = receiver
    assert give_notice([f"json://127.0.0.1:{port}/hook"], title="1 lost", body="<b>$5</b>") == []
    (sent,) = handler.received
    assert (sent["title"], sent["message"]) == ("1 lost", "<b>$5</b>")


def test_what_is_not_delivered_is_said_without_its_secrets(
    receiver: tuple[type[_Receiver], int], caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("apprise")
    handler, port = receiver
    handler.status = 500
    urls = [
        f"json://someone:s3cret@127.0.0.1:{port}/",
        "nonsense://s3cret",
        "s3cret",
        "json://someone:s3cret@127.0.0.1:1/",
    ]
    complaints = give_notice(urls, title="t", body="b")
    assert complaints == [
        "notice 1 of 4 (json): was not delivered",
        "notice 2 of 4 (nonsense): Apprise does not know such a URL",
        "notice 3 of 4 (?): Apprise does not know such a URL",
        "notice 4 of 4 (json): was not delivered",
    ]
    assert "s3cret" not in caplog.text


def test_without_apprise_that_is_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    (complaint,) = give_notice(["json://127.0.0.1:1"], title="t", body="b")
    assert "pip install 'sourcekeep[notify]'" in complaint


def test_the_urls_of_notices_come_from_the_environment() -> None:
    assert notice_urls({}) == ()
    assert notice_urls({"SOURCEKEEP_NOTIFY": " json://a/?x=1,2\nmailto://b "}) == (
        "json://a/?x=1,2",
        "mailto://b",
    )

"""Whatever the bytes: an entry, a day, or one of our own errors; and never a long wait."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.entries.drafts import WARNINGS
from crawler.entries.identity import entry_addresses, entry_key
from crawler.entries.reading import read_page
from crawler.entries.twins import merge_twins
from crawler.errors import EntryError
from crawler.items import DayIndex, Entry, Role

DATA = Path(__file__).parent / "data" / "entries"
PAGES = {path.name: path.read_bytes() for path in sorted(DATA.iterdir())}
LOCATORS = [*PAGES, "index.md", "x", "", "http://[/x.md", "https://h.example/a?b#c.json"]
MIMES = [
    None,
    "text/html",
    "text/html; charset=gbk",
    "application/json",
    "text/plain; charset=utf-16",
]
BASES = [None, "https://archive.example/", "http://[", "nonsense"]
PIECES = [
    b"](", b"[", b")", b"(", b"<", b">", b"\xff", b"\x00", b"\r", b"&#55296;", b"&#0;", b"\\ud800",
    b"### Sources:\n", b"# ", b"\n\n", b"<li>", b"</ol>", b'<a href="', b'"', b"{", b"}", b"[IMG](",
    b"http://[::", b"https://web.archive.org/web/", b"2018-99-99", b"<?xml", b"<!DOCTYPE html>",
    b"\xef\xbb\xbf", b"\xff\xfe", b"charset=punycode", b"-{zh-tw:", b"<![CDATA[",
]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A page of ours with pieces cut out, doubled, swapped in or broken off."""
    content = PAGES[draw(st.sampled_from(list(PAGES)))]
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(content)))
        change = draw(st.sampled_from(["cut off", "insert", "remove", "graft"]))
        if change == "cut off":
            content = content[:at]
        elif change == "insert":
            content = content[:at] + draw(st.sampled_from(PIECES)) + content[at:]
        elif change == "remove":
            content = content[:at] + content[at + draw(st.integers(1, 40)) :]
        else:
            other = PAGES[draw(st.sampled_from(list(PAGES)))]
            start = draw(st.integers(0, len(other)))
            content = content[:at] + other[start : start + 200] + content[at:]
    return content


def check(content: bytes, locator: str, base_url: str | None, mime: str | None) -> None:
    try:
        found = read_page(content, locator, base_url=base_url, mime=mime)
    except EntryError as error:
        assert str(error).startswith(f"{locator}: ")
        return
    repr(found).encode("utf-8")
    if isinstance(found, DayIndex):
        assert found.entry_urls or found.previous_url or found.next_url
        return
    assert [c.position for c in found.citations] == list(range(1, len(found.citations) + 1))
    for citation in found.citations:
        assert citation.role in get_args(Role)
        assert citation.url is None or citation.url.startswith(("http://", "https://"))
        assert "\x00" not in citation.url_as_cited
    assert {warning.code for warning in found.warnings} <= set(WARNINGS)
    assert entry_key(found) or not locator
    entry_addresses(found)
    assert merge_twins([found, found]).citations == found.citations


@settings(max_examples=400, deadline=None, database=None, derandomize=True)
@given(damaged(), st.sampled_from(LOCATORS), st.sampled_from(BASES), st.sampled_from(MIMES))
def test_a_damaged_page_raises_nothing_else(
    content: bytes, locator: str, base_url: str | None, mime: str | None
) -> None:
    check(content, locator, base_url, mime)


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(st.binary(max_size=400), st.sampled_from(LOCATORS), st.sampled_from(MIMES))
def test_any_bytes_raise_nothing_else(content: bytes, locator: str, mime: str | None) -> None:
    check(content, locator, None, mime)


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(st.text(max_size=300), st.text(max_size=300))
def test_any_label_and_address_give_one_citation_or_a_warning(label: str, address: str) -> None:
    page = f"### 2012-03-15\n\n# H\n\n### Sources:\n\n1. [{label}]({address})\n"
    check(page.encode("utf-8", "replace"), "x.md", None, None)


@pytest.mark.parametrize("name", list(PAGES))
def test_a_page_may_break_off_anywhere(name: str) -> None:
    content = PAGES[name]
    for end in range(0, len(content), 7):
        check(content[:end], name, None, None)


def test_a_database_that_holds_addresses_is_no_list_of_them(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "links.db")) as sql:
        sql.execute("CREATE TABLE links (url)")
        sql.executemany("INSERT INTO links VALUES (?)", [["\nhttps://a.example/\n"]] * 50)
        sql.commit()
    with pytest.raises(EntryError, match="it is no text"):
        read_page((tmp_path / "links.db").read_bytes(), "links.db")


def test_a_page_that_breaks_off_keeps_the_sources_before_the_break() -> None:
    content = PAGES["generation-c.md"]
    entry = read_page(content[: content.index(b"### Changes")], "x.md")
    assert isinstance(entry, Entry)
    assert len(entry.citations) == 2


HEAD = "### 2012-03-15\n\n# H\n\n### Sources:\n\n1. [l](u) "
REPEATED = [
    "[", "](", "[a](", "[a](http://x/(", "]", "[[", "{{", "}}", "|", "''", "* ", "- \n", "1. [a\n",
    "&amp;", "# ", "\n#", "\n \n", "x\n", "\n# x", "_Context: ", "http://", "http://x))))",
    "<a href=", "[a]: x\n",
    "(via ", "\t", "<", "<p>", "<div>", "<ul><li>", "<h3>Sources</h3>", "<b>", "<a href=x>", "<br>",
    '{"a":', "[{", '"', "{},", "https:--", "2018-02-06 13:49:30 ", "(x", "\x00", "url=",
]  # fmt: skip


@pytest.mark.parametrize("unit", REPEATED)
@pytest.mark.parametrize("locator", ["x.md", "x.html", "x.json", "x.xml", "index.md"])
def test_endless_repetition_costs_no_more_than_its_length(unit: str, locator: str) -> None:
    for head in ("", HEAD, HEAD.replace("Sources", "Related")):
        text = head + unit * (50_000 // len(unit))
        began = time.process_time()
        check(text.encode(), locator, None, None)
        assert time.process_time() - began < 2, "20 ms are usual; squares take minutes"

"""What others published to test parsers by. None of it is part of this project.

SOURCEKEEP_TEST_CASES names a folder that holds what there is of
- ``urltestdata.json``: the WHATWG's cases for URLs (web-platform-tests; Debian's librust-url-dev);
- ``encoding/*.dat``: html5lib's cases for the encoding of a page (the sdist of html5lib);
- ``blns.json``: the Big List of Naughty Strings (npm: blns);
- ``robots/*.py``: Google's assertions on robots.txt as Python (the sdist of gpyrobotstxt).
"""

from __future__ import annotations

import importlib.util
import json
import os
import sqlite3
import sys
import types
import unittest
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from protego import Protego

from crawler.archive import Archive
from crawler.demo import START
from crawler.errors import UrlError
from crawler.extraction.charsets import _codec_of_mark, codec_of, declared_codec
from crawler.robotstxt import rules_for
from crawler.urls import host_of, parse_url, urlkey
from tests.crawling import crawl_words, rows, sourcekeep

pytestmark = pytest.mark.slow


def published(name: str) -> list[Path]:
    folder = os.environ.get("SOURCEKEEP_TEST_CASES")
    if not folder:
        pytest.skip("SOURCEKEEP_TEST_CASES names no folder")
    found = sorted(Path(folder).glob(name))
    if not found:
        pytest.skip(f"no {name} in {folder}")
    return found


# URLs

# Refusals of ours of what browsers take: not sent, with a reason (docs/commands.md).
OURS = {"credentials", "control-characters", "bad-url", "bad-port", "too-long", "empty"}


def test_every_url_has_the_host_that_browsers_see() -> None:
    """A URL that we would fetch has the WHATWG's host, or is refused: never another host."""
    (path,) = published("urltestdata.json")
    agreed, refused, wrong = 0, Counter[str](), []
    for case in json.loads(path.read_text(encoding="utf-8", errors="surrogatepass")):
        if isinstance(case, str):
            continue  # a comment
        base = case["base"] if (case["base"] or "").startswith("http") else None
        expected = None if case.get("failure") else case
        try:
            href = parse_url(case["input"], base)
        except UrlError as exc:
            if expected and expected["protocol"] in ("http:", "https:"):
                refused[exc.reason] += 1
            continue
        if base is None and case["base"] and not _is_absolute(case["input"]):
            continue  # relative to what is no web page
        if case["input"].lower().endswith("xn--pokxncvks"):
            assert expected is None  # ada-url 4.0 takes it for a name, which no DNS knows
        elif expected is None:
            wrong.append((case["input"], href, "failure"))
        elif host_of(href) != expected["hostname"].removesuffix("."):
            wrong.append((case["input"], href, expected["hostname"]))
        elif href != expected["href"].partition("#")[0].removesuffix("%20"):
            # Blanks before a fragment are cut off: slips of the pen, where a browser asks for them.
            wrong.append((case["input"], href, expected["href"]))
        else:
            agreed += 1
        urlkey(href)
    print(f"\nurltestdata: {agreed} agreed, {len(wrong)} differ, refused {dict(refused)}")
    assert not wrong, wrong
    assert agreed > 100 and set(refused) <= OURS | {"unresolvable", "no-host"}


def _is_absolute(text: str) -> bool:
    return text.strip().lower().startswith(("http:", "https:"))


# Encodings


def cases_of(path: Path) -> list[tuple[bytes, str]]:
    """The cases of a .dat file: ``#data``, the bytes, ``#encoding``, its name."""
    found = []
    for block in path.read_bytes().split(b"#data\n")[1:]:
        data, _, label = block.partition(b"\n#encoding\n")
        found.append((data, label.split(b"\n")[0].decode().strip()))
    return found


# Those whose encoding is known only to who runs their scripts.
SCRIPTED = (b"<!-- multi-script test -->", b"document.write(")


def test_a_page_declares_the_encoding_that_browsers_read() -> None:
    """What the page itself says; of bytes that are UTF-8 whatever it says, we believe the bytes."""
    agreed, wrong = 0, []
    for path in published("encoding/*.dat"):
        for data, label in cases_of(path):
            if any(script in data for script in SCRIPTED):
                continue
            # Where a page is silent, browsers of the West take windows-1252.
            found = _codec_of_mark(data) or declared_codec(data, None) or "cp1252"
            if found == codec_of(label):
                agreed += 1
            else:
                wrong.append((path.name, data[:300], label, found))
    print(f"\nhtml5lib encodings: {agreed} agreed, {len(wrong)} differ")
    for case in wrong:
        print(case)
    assert agreed >= 80 and not wrong


# robots.txt


class Asked:
    """Stands where the assertions expect Google's matcher, and asks ours."""

    def one_agent_allowed_by_robots(self, robotstxt: str | bytes, agent: str, url: str) -> bool:
        body = robotstxt if isinstance(robotstxt, bytes) else robotstxt.encode()
        return Protego.parse(rules_for(body, agent).decode()).can_fetch(url, agent)


class Counting(unittest.TestResult):
    """Counts assertions, and goes on after one that differs."""

    def __init__(self) -> None:
        super().__init__()
        self.agreed, self.differ = 0, list[str]()


def counted(case: unittest.TestCase, told: Counting) -> None:
    """Let a test case count its assertions in place of ending at the first that differs."""

    def compare(wanted: bool, found: object) -> None:
        if bool(found) is wanted:
            told.agreed += 1
        else:
            frame = sys._getframe(2)
            told.differ.append(f"{case.id().rpartition('.')[2]}:{frame.f_lineno}")

    case.assertTrue = lambda found, *_: compare(True, found)  # type: ignore[method-assign]
    case.assertFalse = lambda found, *_: compare(False, found)  # type: ignore[method-assign]


# Where Protego 0.7 and Google's parser differ, by the test and why; listed, not excused.
KNOWN = {
    "test_GoogleOnly_AcceptUserAgentUpToFirstSpace": "an agent with a blank in its name",
    "test_GoogleOnly_LineTooLong": "lines are not cut after 16,664 bytes, a limit of Google's own",
    "test_ID_Encoding": "URLs with bare Unicode, which we never ask; %62 is b (RFC 9309 §2.2.2)",
}


def test_robots_txt_is_read_as_google_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = types.ModuleType("gpyrobotstxt.robots_cc")
    stand_in.RobotsMatcher = Asked  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gpyrobotstxt", types.ModuleType("gpyrobotstxt"))
    monkeypatch.setitem(sys.modules, "gpyrobotstxt.robots_cc", stand_in)
    told = Counting()
    for path in published("robots/*.py"):
        spec = importlib.util.spec_from_file_location(f"published_{path.stem}", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for suite in unittest.defaultTestLoader.loadTestsFromModule(module):
            for case in suite:  # type: ignore[union-attr]
                if "VerifyValidUserAgents" in case.id():
                    continue  # of a function that we have not
                counted(case, told)
                case.run(told)
    print(f"\nrobots.txt: {told.agreed} agreed, {len(told.differ)} differ: {told.differ}")
    assert not told.errors, told.errors
    assert told.agreed > 100
    assert {name.partition(":")[0] for name in told.differ} <= set(KNOWN), told.differ


# Naughty strings


def test_naughty_strings_are_kept_as_they_are(tmp_path: Path) -> None:
    """As labels of citations, through the reader and the archive, one way and back."""
    (path,) = published("blns.json")
    naughty = [text for text in json.loads(path.read_text(encoding="utf-8")) if text.strip()]
    archive, listed = tmp_path / "a.db", tmp_path / "list.txt"
    lines = [
        f"http://127.0.0.9/{number} {' '.join(text.split())}" for number, text in enumerate(naughty)
    ]
    listed.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogatepass")
    done = sourcekeep(*crawl_words(archive, START, listed, "--max-fetches", "0"))
    assert done.code == 0, done.err
    kept = rows(archive, "SELECT count(DISTINCT source) AS n FROM citations")
    assert kept == [{"n": len(naughty)}]
    with Archive.open(tmp_path / "b.db", create=True) as opened:
        sql = opened.connection.sql
        sql.execute("CREATE TEMP TABLE kept (number INTEGER, text TEXT)")
        for number, text in enumerate(naughty):
            sql.execute("INSERT INTO kept VALUES (?, ?)", (number, text))
        for number, text in sql.execute("SELECT number, text FROM kept").fetchall():
            assert text == naughty[number].replace("\0", "\ufffd"), number
    with closing(sqlite3.connect(archive)) as sql:
        assert sql.execute("PRAGMA integrity_check").fetchone() == ("ok",)

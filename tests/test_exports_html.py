"""The HTML folder: whole, and inert in a real browser that opens it from disk."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import pytest
from pypdf import PdfReader

from crawler.exports import webfolder
from crawler.exports.enclosing import enclose
from crawler.exports.layout import POLICY
from tests.archive_kit import (
    GOOD,
    NOW,
    URL,
    article,
    at,
    begin,
    cite,
    entry,
    fill,
    hop,
    new_archive,
    record,
    source,
    visit,
)
from tests.test_exports_formats import Seen, assert_inert, export, fill_with_evil, texts

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The HTML folder of an archive that holds a little of everything."""
    folder = tmp_path_factory.mktemp("shown")
    with new_archive(folder) as archive:
        fill(archive)
    return export(archive.path, "html", folder / "out", "--now", "2026-05-01")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of one in which everything that others chose wants to be markup."""
    folder = tmp_path_factory.mktemp("hostile")
    with new_archive(folder) as archive:
        fill_with_evil(archive)
    return export(archive.path, "html", folder / "out")


def pages(folder: Path) -> list[tuple[Path, str]]:
    return [(path, text) for path, text in texts(folder) if path.suffix == ".html"]


def only(folder: Path, pattern: str, words: str) -> tuple[Path, str]:
    [found] = [each for each in pages(folder) if each[0].match(pattern) and words in each[1]]
    return found


# What is in it


@pytest.mark.parametrize("which", ["shown", "hostile"])
def test_every_link_of_the_folder_leads_to_a_file_of_it(
    which: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(which)
    reached = {folder / "index.html"}
    for path, text in pages(folder):
        for _, attributes in Seen(text).tags:
            href = attributes.get("href")
            if href and not href.startswith(("http://", "https://")):
                there = (path.parent / unquote(href)).resolve()
                assert there.is_file() and there.is_relative_to(folder.resolve()), (path, href)
                reached.add(there)
    assert {path for path, _ in pages(folder)} == reached


def test_a_reader_finds_the_way_from_an_entry_to_the_text(shown: Path) -> None:
    _, index = only(shown, "index.html", "Mexico opens centers")
    assert "4 entries, 6 captures, 2026-05-01" in index
    _, page = only(shown, "entries/*.html", "Fifty consulates.")
    assert "copy of 2026-03-01" in page and 'class="lost">vanished since 2026-03-01' in page
    _, listed = only(shown, "sources/*.html", "AP via The Toledo Blade")
    assert listed.count("<tr><td>") == 3
    first = re.search(r'href="\.\./(snapshots/[^"]+)"', listed)
    assert first is not None
    text = (shown / first[1]).read_text()
    assert "<p>The consulates offer legal help.</p>" in text and URL + "?final" in text


@pytest.mark.parametrize("which", ["shown", "hostile"])
def test_every_page_forbids_itself_everything_first(
    which: str, request: pytest.FixtureRequest
) -> None:
    for path, text in pages(request.getfixturevalue(which)):
        tags = Seen(text).tags
        policy = {"http-equiv": "Content-Security-Policy", "content": POLICY}
        assert [tag for tag, _ in tags[:3]] == ["html", "head", "meta"], path
        assert tags[3] == ("meta", policy), path
        assert_inert(text, frames=path.parent.name == "pages")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text), path
        frames = [attributes for tag, attributes in tags if tag == "iframe"]
        assert all(each["sandbox"] == "" and "src" not in each for each in frames)
        assert len(frames) == (path.parent.name == "pages")


def test_each_block_of_every_page_runs_as_its_own_words_do(shown: Path) -> None:
    """Arabic and Hebrew from the right, in one page with English; seen in Chromium."""
    for _, text in pages(shown):
        style = text.partition("<style>")[2].partition("</style>")[0]
        assert re.search(r"^h1,h2,p,li,td,dd\{[^}]*unicode-bidi:plaintext", style, re.MULTILINE)
        assert "a,small{unicode-bidi:isolate}" in style


def test_names_are_digests_whatever_is_in_the_titles(hostile: Path) -> None:
    for path, _ in pages(hostile):
        name = str(path.relative_to(hostile))
        assert re.fullmatch(
            r"index\.html|(entries|sources)/[0-9a-f]{16}\.html|snapshots/[0-9a-f-]{36}\.html"
            r"|pages/[0-9a-f]{64}\.html", name,
        ), name  # fmt: skip


def test_the_page_of_an_archive_stands_in_its_frame_character_by_character() -> None:
    page = "<p title='\"'>&amp; &lt; caf\u00e9 </p></script>\"><script>"
    made = enclose(page.encode("latin-1"), "sha256:ab", "text/html", "text/html; charset=latin-1")
    [frame] = [a for tag, a in Seen(made.content.decode()).tags if tag == "iframe"]
    assert frame["srcdoc"] == page


@pytest.mark.parametrize(
    ("mime", "name"),
    [
        ("image/svg+xml", "pages/ab.html"), ("text/plain", "pages/ab.html"),
        ("application/json", "pages/ab.html"), ("image/png", "files/ab.png"),
        ("application/pdf", "files/ab.pdf"), ("application/x-msdownload", "files/ab.bin"),
        ("image/x-html", "files/ab.bin"), (None, "files/ab.bin"), ("text/html", "pages/ab.html"),
        ("text/html; charset=utf-7", "pages/ab.html"), ("application/xhtml+xml", "pages/ab.html"),
    ],
)  # fmt: skip
def test_only_what_a_browser_does_not_run_is_a_file_as_it_came(mime: str | None, name: str) -> None:
    body = b"<svg onload=alert(1)><script>alert(2)</script>"
    made = enclose(body, "sha256:ab", mime, None)
    assert made.name == name
    if name.endswith(".html"):
        assert_inert(made.content.decode(), frames=True)
    else:
        assert made.content == body


def test_what_is_withheld_has_neither_text_nor_page(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        number = source(archive)
        kept = visit(archive, begin(archive), number, hop())
        archive.articles.save(str(kept.final_payload), article("Secret words"), now=at())
        archive.withholding.withhold(number, "a wish", now=NOW)
    folder = export(archive.path, "html", tmp_path / "out")
    assert not (folder / "pages").exists()
    assert not [path for path, text in pages(folder) if "Secret words" in text]
    _, page = only(folder, "snapshots/*.html", "not part of this export: withheld")
    assert "sha256:" in page


def test_an_address_that_was_usurped_is_no_link(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        visit(archive, begin(archive), source(archive), hop())
        archive.connection.sql.execute("UPDATE sources SET verdict = 'usurped'")
    for _, text in pages(export(archive.path, "html", tmp_path / "out")):
        assert f'href="{URL}"' not in text


def test_secrets_of_two_keys_do_not_make_them_one(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        run = begin(archive)
        for token in ("one", "two"):
            url = f"https://a.example/?token={token}"
            visit(archive, run, source(archive, url), hop(url, GOOD + token.encode()))
    folder = export(archive.path, "html", tmp_path / "out", "--public")
    assert len(list((folder / "sources").iterdir())) == 2
    assert len(list((folder / "entries").iterdir())) == 2
    assert not [path for path, text in pages(folder) if "token=one" in text]


def test_a_long_index_is_turned_page_by_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webfolder, "LISTED", 3)
    with new_archive(tmp_path) as archive:
        archive.connection.begin_group()
        for n in range(4):
            record(archive, entry(cite(URL), headline=f"Entry {n}", locator=str(n), url=None))
        archive.connection.end_group()
        visit(archive, begin(archive), 1, hop())
    folder = export(archive.path, "html", tmp_path / "out")
    assert "index-2.html" in (folder / "index.html").read_text()
    last = (folder / "index-2.html").read_text()
    assert "Entry 3" in last and "index.html" in last and "index-3" not in last


# In a real browser


@dataclass
class Canary:
    """A server that nobody may ask for anything."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    connections: int = 0


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    found = Canary()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript")
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        do_POST = do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    class Listening(ThreadingHTTPServer):
        def verify_request(self, *_: object) -> bool:
            found.connections += 1
            return True

    with Listening(("127.0.0.1", 0), Answer) as server:
        found.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()


def evil_page(canary: Canary) -> bytes:
    """A page that tries whatever a page can to run, load, or lead away."""
    to = f"http://127.0.0.1:{canary.port}"
    return f"""<!doctype html><html><head><title>x</title><base href="{to}/base/">
<meta http-equiv="Content-Security-Policy" content="default-src * 'unsafe-inline'">
<meta http-equiv=refresh content="0;url={to}/refresh">
<link rel=preconnect href={to}><LINK rel="stylesheet" href={to}/css>
<link rel=prefetch href={to}/pre>
<link rel=icon href={to}/icon><link rel=manifest href={to}/manifest>
<style>@import url({to}/import);body{{background:url({to}/background)}}
@font-face{{font-family:f;src:url({to}/font)}}h1{{font-family:f}}</style>
<script>new Image().src="{to}/inline"; top.location="{to}/top"; document.write("RAN")</script>
<script src={to}/script></script><script type=module src={to}/module></script></head>
<body onload="new Image().src='{to}/onload'" background="{to}/old"><h1>Archived words</h1>
<img src={to}/img onerror="new Image().src='{to}/onerror'"><img srcset="{to}/srcset 1x">
<svg onload="fetch('{to}/svg')"><image href={to}/svgimage /><use href="{to}/use#x"/></svg>
<iframe src={to}/frame></iframe><iframe src="javascript:parent.location='{to}/js'"></iframe>
<iframe srcdoc="<script>fetch('{to}/nested')</script><img src={to}/nestedimg>"></iframe>
<object data={to}/object></object><embed src={to}/embed>
<video src={to}/video autoplay poster={to}/p></video><audio src={to}/audio autoplay></audio>
<form action={to}/form><input autofocus onfocus="this.form.submit()"><input type=image
src={to}/input></form>
<a href={to}/ping ping={to}/pinged id=a>x</a><script>document.getElementById("a").click()</script>
<details open ontoggle="fetch('{to}/toggle')"><summary>s</summary></details>
<marquee onstart="fetch('{to}/marquee')">m</marquee><dialog open>d</dialog>
<template><script>fetch("{to}/template")</script></template>
<noscript><meta http-equiv=refresh content="0;url={to}/noscript">
<img src={to}/noscriptimg></noscript>
"></iframe><script>fetch("{to}/quote")</script><img src={to}/quoteimg>
&quot;&gt;&lt;/iframe&gt;&lt;script&gt;fetch("{to}/entity")&lt;/script&gt;
</body></html>""".encode()


def browse(place: Path, folder: Path) -> str:
    """Open a file in Chromium and return the text that it shows, frames included."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    printed = folder / "printed.pdf"
    with TemporaryDirectory(dir=folder) as profile:  # a second start would wait for a first one's
        subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
             f"--user-data-dir={profile}", "--timeout=3000", f"--print-to-pdf={printed}",
             place.resolve().as_uri()],
            capture_output=True, timeout=60, check=True,
        )  # fmt: skip
    return "\n".join(page.extract_text() for page in PdfReader(printed).pages)


def test_chromium_shows_an_archived_page_that_can_do_nothing(
    canary: Canary, tmp_path: Path
) -> None:
    page = evil_page(canary)
    with new_archive(tmp_path) as archive:
        kept = visit(archive, begin(archive), source(archive), hop(body=page))
        evil = page.decode()
        archive.articles.save(str(kept.final_payload), article(evil, title=evil), now=at())
    folder = export(archive.path, "html", tmp_path / "out")
    [place] = (folder / "pages").iterdir()
    text = browse(place, tmp_path)
    assert "Archived words" in text and "RAN" not in text
    assert canary.asked == []
    [snapshot] = (folder / "snapshots").iterdir()
    assert "Archived words" in browse(snapshot, tmp_path)
    assert (canary.asked, canary.connections) == ([], 0)


@pytest.mark.slow
def test_a_frame_can_be_led_nowhere_even_if_it_could_run_scripts(
    canary: Canary, tmp_path: Path
) -> None:
    """As by a reader's click on a link in it: the policy of the page around it forbids that."""
    page = f"<h1>Archived words</h1><script>location='http://127.0.0.1:{canary.port}/'</script>"
    made = enclose(page.encode(), "sha256:ab", "text/html", None).content.decode()
    allowed = made.replace('sandbox=""', 'sandbox="allow-scripts"').replace(
        "default-src 'none';", "default-src 'none'; script-src 'unsafe-inline';"
    )
    for policy, asked in ((allowed, False), (allowed.replace("default-src 'none';", ""), True)):
        (tmp_path / "page.html").write_text(policy)
        browse(tmp_path / "page.html", tmp_path)
        assert bool(canary.asked) is asked
    canary.asked.clear()


@pytest.mark.slow
def test_the_same_page_does_act_where_nothing_stops_it(canary: Canary, tmp_path: Path) -> None:
    """Or the test before would show nothing."""
    (tmp_path / "raw.html").write_bytes(evil_page(canary).replace(b"top.location", b"var t"))
    before = len(canary.asked)
    browse(tmp_path / "raw.html", tmp_path)
    asked = set(canary.asked[before:])
    canary.asked[before:] = []
    assert {"/inline", "/img", "/css"} <= asked and len(asked) > 12, asked

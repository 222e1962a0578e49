"""The page of a snapshot in Datasette: what it tells, and that nothing archived can act there."""

from __future__ import annotations

import codecs
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.exports.inert import Kind, kind_of
from crawler.inspect.harmless import CONTENT_SECURITY_POLICY, harmless
from crawler.inspect.shown.elsewhere import followable
from tests.archive_kit import (
    URL,
    article,
    at,
    begin,
    cite,
    entry,
    hop,
    new_archive,
    one,
    rows,
    source,
    visit,
)
from tests.inspecting import ask

EVIL = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"'><b a='"
PAGE = b"""<!doctype html><html><head><title>Old</title>
<LINK rel=preconnect href=//evil.example><link/rel=dns-prefetch href=//evil.example>
<meta http-equiv=refresh content="0;url=http://evil.example"><script>alert(3)</script></head>
<body onload=alert(4)><p>Caf\xc3\xa9</p><img src=http://evil.example/x.png></body></html>"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive in which everything that others chose wants to be markup."""
    with new_archive(tmp_path_factory.mktemp("hostile")) as made:
        written = entry(cite(URL, EVIL), headline=EVIL, topic=EVIL)
        made.ledger.record(written, [], input_id=None, now=at())
        run = begin(made)
        headers = (("Content-Type", "text/html"), ("X-Evil", EVIL), (EVIL, "x"))
        first = hop(URL, b"", status=302, outcome="redirect", reason="http-302")
        last = hop(f"javascript:alert(5)//{EVIL}", PAGE, hop=1, response_headers=headers,
                   ip_address=EVIL, mime_declared=f"text/html; charset={EVIL}")  # fmt: skip
        kept = visit(made, run, source(made, URL), first, last)
        made.articles.save(
            str(kept.final_payload), article(EVIL, title=EVIL, author=EVIL), now=at()
        )
        return made.path


def captures(path: Path, condition: str = "1") -> list[int]:
    with Archive.open_for_reading(path) as archive:
        return [row["id"] for row in rows(archive, f"SELECT id FROM captures WHERE {condition}")]


def place(path: Path, capture: int) -> str:
    return f"/-/snapshot/{path.stem}/{capture}"


class Elements(HTMLParser):
    """The start tags of a page, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


# What the page tells


def test_a_snapshot_tells_its_text_its_digests_its_headers_and_who_cites_it(filled: Path) -> None:
    first = captures(filled, "url LIKE '%?final'")[0]
    (page,) = ask(filled, place(filled, first))
    with Archive.open_for_reading(filled) as archive:
        digest = one(archive, "SELECT payload FROM captures WHERE id = ?", first)
    for told in (
        "The consulates offer legal help.", digest, "Etag", "AP via The Toledo Blade<",
        "Mexico opens centers", at(), "http-302",
    ):  # fmt: skip
        assert told in page.text, told
    (frame,) = [attributes for tag, attributes in Elements(page.text).found if tag == "iframe"]
    assert frame["sandbox"] == ""
    assert frame["src"] == f"{place(filled, first)}/raw"


def test_every_capture_has_a_page_and_a_payload(filled: Path) -> None:
    """Hops of redirects, robots.txt and answers without a body among them."""
    known = captures(filled)
    answers = ask(filled, *(place(filled, each) for each in known),
                  *(f"{place(filled, each)}/raw" for each in known))  # fmt: skip
    assert {answer.status_code for answer in answers} == {200}


def test_an_answer_without_a_body_says_so(filled: Path) -> None:
    (hop_of_a_redirect,) = captures(filled, f"url = '{URL}' AND record_type = 'response'")
    (page,) = ask(filled, place(filled, hop_of_a_redirect))
    assert "The answer had no body." in page.text
    assert "<iframe" not in page.text


def test_snapshots_of_a_source_lead_to_each_other(filled: Path) -> None:
    first, second, *_ = captures(filled, "url LIKE '%?final'")
    page, next_page = ask(filled, place(filled, first), place(filled, second))
    assert f'href="{place(filled, second)}" rel="next"' in page.text
    assert f'href="/-/compare/{filled.stem}?a={first}&amp;b={second}"' in next_page.text
    assert f'href="{place(filled, first)}" rel="prev"' in next_page.text


@pytest.mark.parametrize(
    "listing",
    ["snapshots", "changed", "captures", "changed_lately", "said?source=toledoblade&date="],
)
def test_listings_lead_to_snapshots(filled: Path, listing: str) -> None:
    (page,) = ask(filled, f"/{filled.stem}/{listing}")
    found = re.findall(rf'href="({place(filled, 0)[:-1]}\d+)"', page.text)
    assert found
    assert {answer.status_code for answer in ask(filled, *found)} == {200}


def test_what_is_not_there_is_not_found(filled: Path) -> None:
    asked = [place(filled, 999), f"{place(filled, 999)}/raw", "/-/snapshot/other/1",
             "/-/snapshot/_internal/1", "/-/snapshot/_memory/1",
             f"{place(filled, 9)}{'9' * 30}"]  # fmt: skip
    assert {answer.status_code for answer in ask(filled, *asked)} == {404}


@pytest.mark.filterwarnings("ignore:Exception ignored in")  # sqlite3 tells the cause so
def test_a_payload_that_is_damaged_or_withheld_is_not_shown(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        run, known = begin(archive), source(archive, URL)
        damaged = visit(archive, run, known, hop(body=b"one " * 99))
        withheld = visit(archive, run, known, hop(body=b"two " * 99))
        sql, path = archive.connection.sql, archive.path
        sql.execute(
            "UPDATE payloads SET stored_as = 'raw', base_digest = NULL, bytes = x'00'"
            " WHERE digest = ?", (damaged.final_payload,)
        )  # fmt: skip
        sql.execute("DROP TRIGGER payloads_remain")
        sql.execute("DELETE FROM payloads WHERE digest = ?", (withheld.final_payload,))
    pages = [place(path, int(kept.final_capture or 0)) for kept in (damaged, withheld)]
    answers = ask(path, *(f"{page}/raw" for page in pages), pages[1])
    assert [answer.status_code for answer in answers] == [500, 404, 200]
    assert "one one" not in answers[0].text
    assert "does not hold the payload" in answers[2].text


# What it cannot do


def test_markup_in_anything_archived_stays_text(hostile: Path) -> None:
    pages = ask(hostile, *(place(hostile, each) for each in captures(hostile)))
    listings = ask(hostile, f"/{hostile.stem}", *(f"/{hostile.stem}/{name}" for name in (
        "snapshots", "sources", "entries", "citations", "captures", "fetches", "articles",
        "never_captured", "lost", "attention", "said?source=toledoblade&date=")))  # fmt: skip
    for page in (*pages, *listings):
        assert page.status_code == 200
        for tag, attributes in Elements(page.text).found:
            assert "onerror" not in attributes
            assert tag != "b"
            for name in ("href", "src"):
                assert not str(attributes.get(name) or "").startswith("javascript:")
        for script in re.findall(r"<script[^>]*>(.*?)</script>", page.text, re.DOTALL):
            assert "alert(" not in script
    assert any("alert(5)" in page.text for page in pages), "the hostile URL is shown as text"


def test_the_page_itself_may_run_no_script_and_frame_only_this_server(hostile: Path) -> None:
    (page,) = ask(hostile, place(hostile, captures(hostile)[0]))
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-src 'self'" in policy


def test_an_archived_page_is_answered_in_a_sandbox_that_loads_nothing(hostile: Path) -> None:
    (answer,) = ask(hostile, f"{place(hostile, captures(hostile)[-1])}/raw")
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    directives = [each.split() for each in CONTENT_SECURITY_POLICY.split(";")]
    assert ["sandbox"] in directives, "without any permission"
    assert ["default-src", "'none'"] in directives
    allowed = {value for name, *values in directives for value in values if name != "sandbox"}
    assert allowed == {"'none'", "data:", "'unsafe-inline'", "'self'"}
    assert [name for name, *values in directives if "'self'" in values] == ["frame-ancestors"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-dns-prefetch-control"] == "off"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "set-cookie" not in answer.headers
    assert "Café" in answer.text
    assert "<link" not in answer.text.lower()


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE),
     ("utf-8", codecs.BOM_UTF8), ("utf-8", b""), ("utf-7", b""), ("iso2022_jp", b""),
     ("utf-16-le", b""), ("utf-32-le", codecs.BOM_UTF32_LE)],
)  # fmt: skip
@pytest.mark.parametrize("declares", [True, False])
def test_no_encoding_hides_a_link(encoding: str, mark: bytes, declares: bool) -> None:
    """Either the tag is found and disarmed, or what is sent holds no tag in UTF-8."""
    body = mark + "<p>x</p><link rel=preconnect href=//evil.example>".encode(encoding)
    made = harmless(body, "text/html", f"text/html; charset={encoding}" if declares else None,
                    name="x")  # fmt: skip
    assert made.content_type == "text/html; charset=utf-8"
    assert not made.body.startswith((b"\xfe\xff", b"\xff\xfe"))
    assert "link" not in [tag for tag, _ in Elements(made.body.decode()).found]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<a href=//evil.example>", '<a href="#" target="_self" ping="" href=//evil.example>'),
        ("<a title='>' href=x>", '<a href="#" target="_self" ping="" title=\'>\' href=x>'),
        ("<AREA/href=x>", '<AREA href="#" target="_self" ping=""/href=x>'),
        ('<a name="top">', '<a name="top">'),
        ("<a name=x href=y>", '<a href="#" target="_self" ping="" name=x href=y>'),
        ("<a><abbr title=a><article id=b>", "<a><abbr title=a><article id=b>"),
    ],
)
def test_links_lead_nowhere_before_a_policy_is_asked(written: str, shown: str) -> None:
    assert harmless(written.encode(), "text/html", None, name="x").body.decode() == shown


@pytest.mark.parametrize(
    ("mime", "kind", "content_type"),
    [
        ("text/html", Kind.HTML, "text/html; charset=utf-8"),
        ("application/xhtml+xml", Kind.HTML, "text/html; charset=utf-8"),
        ("Image/PNG", Kind.IMAGE, "image/png"),
        ("image/svg+xml", Kind.TEXT, "text/plain; charset=utf-8"),
        ("application/rss+xml", Kind.TEXT, "text/plain; charset=utf-8"),
        ("text/css", Kind.TEXT, "text/plain; charset=utf-8"),
        ("application/pdf", Kind.FILE, "application/octet-stream"),
        ("application/x-shockwave-flash", Kind.FILE, "application/octet-stream"),
        (None, Kind.FILE, "application/octet-stream"),
    ],
)
def test_what_a_browser_might_run_is_text_or_a_file_to_keep(
    mime: str | None, kind: Kind, content_type: str
) -> None:
    made = harmless(b"<svg onload=alert(1)>", mime, None, name="snapshot-7")
    assert (kind_of(mime), made.content_type) == (kind, content_type)
    assert made.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert ("Content-Disposition" in made.headers) == (kind is Kind.FILE)


@pytest.mark.parametrize(
    ("url", "may"),
    [("https://a.example/", True), ("HTTP://a.example", True), ("javascript:alert(1)", False),
     (" javascript:alert(1)", False), ("data:text/html,x", False), ("//a.example", False),
     ("http://[broken", False), (None, False)],
)  # fmt: skip
def test_only_web_addresses_become_links(url: str | None, may: bool) -> None:
    assert followable(url) is may

"""One payload to one article, in this process: what is found, mended, refused and cleaned."""

from __future__ import annotations

import gzip
import json
import sqlite3
import time
import zlib
from dataclasses import replace

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.extraction import article as articles
from crawler.extraction.article import read_payload
from crawler.extraction.extractors import extractor_for
from crawler.extraction.frames import extraction_from_json, extraction_to_json
from crawler.items import Article, Extraction, PageFacts

SENTENCE = "The council of the small town met on a cold evening and spoke of bridge number {}."
PARAGRAPHS = [SENTENCE.format(n) for n in range(12)]
PROSE = "".join(f"<p>{line}</p>" for line in PARAGRAPHS)


def html(body: str = PROSE, head: str = "", lang: str = ' lang="en-GB"') -> bytes:
    return (
        f"<!DOCTYPE html><html{lang}><head><title>The bridges - Town Crier</title>{head}</head>"
        f"<body><nav><a href=/home>Home</a></nav><article><h1>The bridges</h1>{body}</article>"
        "<footer><a href=/imprint>Imprint</a></footer></body></html>"
    ).encode()


def read(body: bytes, **known: str | None) -> Article:
    facts = {
        "url": "https://news.example/2024/bridges",
        "content_type": "text/html",
        "fetched_on": "2026-03-01",
        **known,
    }
    return read_payload(body, **facts).article  # type: ignore[arg-type]


def test_a_page_gives_text_and_metadata() -> None:
    head = """
      <meta property="og:site_name" content="Town Crier"><meta name="author" content="Ada Winter">
      <meta property="article:published_time" content="2024-02-29T08:00:00+01:00">"""
    found = read(html(head=head))
    assert found == Article(
        extractor=extractor_for("text/html"),
        status="text",
        mime="text/html",
        title="The bridges",
        author="Ada Winter",
        site="Town Crier",
        published_on="2024-02-29",
        language="en-GB",
        text=found.text,
        charset="utf-8",
        tried=("fast",),
    )
    assert [line for line in (found.text or "").split("\n") if line in PARAGRAPHS] == PARAGRAPHS
    assert "Imprint" not in (found.text or "")


def test_the_extractor_is_named_with_its_versions() -> None:
    assert extractor_for("text/html").split()[::5] == ["trafilatura", "lxml"]


@pytest.mark.parametrize(
    ("lang", "head", "language"),
    [
        (' lang="de"', "", "de"),
        (' xml:lang="pt-BR"', "", "pt-BR"),
        ("", '<meta property="og:locale" content="fr_CA">', "fr-CA"),
        (' lang="es"', '<meta property="og:locale" content="fr_CA">', "es"),
        (' lang=""', "", None),
        (' lang="{{ lang }}"', "", None),
    ],
)
def test_the_language_is_the_one_that_the_page_declares(
    lang: str, head: str, language: str | None
) -> None:
    assert read(html(head=head, lang=lang)).language == language


def test_only_links_inside_the_article_count() -> None:
    body = (
        "<p>The mayor, who <a href='/people/mayor'>was elected</a> in spring, spoke first.</p>"
        "<p>Then <b><a href='https://other.example/a?b=1#c'>a report</a></b> was read aloud to all."
        "</p><ul><li>A drawing of <a href='../map'>all bridges</a> in the old town</li></ul>"
        "<p>Write <a href='mailto:a@b.example'>to us</a>, <a href='#top'>go up</a>, "
        "<a href='javascript:x()'>click</a>, <a href='http://[bad'>or not</a>, all day long.</p>"
        "<p>Mail <a href='/cdn-cgi/l/email-protection#1b77'>the clerk</a> of the council.</p>"
        "<p>Again <a href='/people/mayor'>was elected</a>, as we said already at length.</p>"
    )
    assert read(html(PROSE + body)).links == (
        "https://news.example/people/mayor",
        "https://other.example/a?b=1#c",
        "https://news.example/map",
    )
    based = read(html(PROSE + body, head="<base href='https://cdn.example/x/'>"))
    assert based.links[2] == "https://cdn.example/map"


LEAD = "In short: twelve bridges, one evening, and no decision at all in sight for the town."


@pytest.mark.parametrize(
    ("before", "description", "found"),
    [
        (f"<div class=dek>{LEAD}</div>", LEAD, True),
        (f"<div class=dek>{LEAD} More.</div>", LEAD[:60] + "…", True),
        (f"<div class=dek><b>{LEAD}</b></div>", LEAD, True),
        (f"<div class=dek>{LEAD}</div>", "Something else that is not visible on this page.", False),
        (f"<aside><div>{LEAD}</div></aside>", LEAD, False),
        ("", LEAD, False),
    ],
)
def test_a_lead_that_stands_apart_is_part_of_the_text(
    before: str, description: str, found: bool
) -> None:
    page = (
        f"<html><head><title>T</title><meta name=description content='{description}'></head><body>"
        f"<header><h1>The bridges</h1>{before}</header><div class=article-body>{PROSE}</div>"
        f"<div class=related><div>{LEAD}</div></div></body></html>"
    )
    text = read(page.encode()).text or ""
    assert text.startswith(LEAD) is found
    assert text.count(LEAD) == found
    assert PARAGRAPHS[-1] in text


def test_identical_paragraphs_are_kept_as_often_as_they_stand() -> None:
    refrain = "And the river runs on, and the river runs on, and the river runs on to the sea."
    ten = read(html(f"<p>{refrain}</p>" * 10)).text or ""
    assert ten.count(refrain) == 10
    song = "".join(f"<p>{line}</p><p>{refrain}</p><p>{refrain}</p>" for line in PARAGRAPHS)
    text = read(html(song)).text or ""
    kept = [line for line in text.split("\n") if line == refrain or line in PARAGRAPHS]
    assert kept == [line for verse in PARAGRAPHS for line in (verse, refrain, refrain)]


def test_an_article_that_stands_twice_for_two_screens_is_not_made_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = html(f"<div class=desktop>{PROSE}</div><div class=mobile>{PROSE}</div>")
    mended = read(page).text
    monkeypatch.setattr(articles.page, "with_repeats", lambda tree, text: text)
    assert read(page).text == mended


@pytest.mark.parametrize(
    ("fetched_on", "found"),
    [("2026-03-01", "2024-02-29"), ("2024-02-28", "2024-02-29"), ("2024-02-27", None)],
)
def test_nothing_was_published_after_it_was_fetched(fetched_on: str, found: str | None) -> None:
    head = '<meta property="article:published_time" content="2024-02-29T00:10:00+09:00">'
    assert read(html(head=head), fetched_on=fetched_on).published_on == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("<footer>© 2019 Town Crier</footer>", None),
        ("<p>Founded in 2019 by the river.</p>", None),
        ("<p>Published 2019-01-01</p>", "2019-01-01"),
        ("<p>Stand: 01.01.2019</p>", "2019-01-01"),
    ],
)
def test_a_year_is_no_date(said: str, found: str | None) -> None:
    assert read(html(PROSE + said), url="https://news.example/b").published_on == found


@pytest.mark.parametrize("depth", [254, 300, 2000])
def test_a_deep_page_is_read_whole(depth: int) -> None:
    found = read(html("<div>" * depth + PROSE + "</div>" * depth))
    assert found.tried == ("fast",)
    assert PARAGRAPHS[-1] in (found.text or "")


@pytest.mark.parametrize("depth", [2100, 200_000])
def test_of_a_page_too_deep_for_a_tree_the_words_are_kept(depth: int) -> None:
    found = read(
        html("<script>var no = 1 < 2;</script><!-- nor <p>this -->" + "<div>" * depth + PROSE)
    )
    assert found.tried == ("stripped",)
    assert [line for line in (found.text or "").split("\n") if line in PARAGRAPHS] == PARAGRAPHS
    assert "no = 1" not in (found.text or "")
    assert "this" not in (found.text or "")


QUOTES = '\\"' * 12_500


@pytest.mark.parametrize(
    "script",
    [
        '{"articleBody": "' + QUOTES,  # 5.4 s in trafilatura
        '{"articleBody": "' + QUOTES * 50,  # hours
        '{"a": "b", "c": "' + QUOTES + "\\\n" + QUOTES,
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"articleBody": "' + "words and words " * 60_000 + '", oops',
    ],
)
def test_broken_json_ld_costs_no_time_and_no_text(script: str) -> None:
    head = f'<meta name="author" content="Ada Winter"><script type="application/ld+json">{script}'
    begun = time.process_time()
    found = read(html(head=head + "</script>"))
    assert time.process_time() - begun < 4
    assert (found.author, found.tried) == ("Ada Winter", ("fast",))
    assert PARAGRAPHS[-1] in (found.text or "")


def test_sound_json_ld_is_still_read() -> None:
    data = {"@type": "NewsArticle", "headline": 'Of "bridges"', "datePublished": "2023-05-06"}
    script = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    found = read(html(head=script))
    assert found.published_on == "2023-05-06"


@pytest.mark.parametrize(
    "page",
    [
        b'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b'<html xmlns="http://www.w3.org/1999/xhtml"><body><p>&x; begin</p>%s</body></html>',
        b'<!DOCTYPE html SYSTEM "http://127.0.0.1:9/x.dtd"><html><body><p>&x; begin</p>%s</body>',
        b'<!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;">]>'
        b"<html><body><p>&c; begin</p>%s</body></html>",
        b'<html xmlns:xi="http://www.w3.org/2001/XInclude"><body><p>begin</p><xi:include href='
        b'"file:///etc/passwd" parse="text"/>%s</body></html>',
    ],
)
def test_entities_and_inclusions_bring_nothing_in(page: bytes) -> None:
    found = read(page % PROSE.encode())
    text = found.text or ""
    assert "begin" in text
    assert "root:" not in text
    assert "haha" not in text


def test_the_text_can_be_stored_printed_and_sent() -> None:
    body = (
        "<p>one\x00 two\x01 three\x1b[31m four&#xD800; five&#0; six\x85 \ufffe seven\x7f.</p>"
        + PROSE
    )
    found = read(html(body, head="<meta property='og:title' content='A\x00 \x1b]0;b'>"))
    text = found.text or ""
    assert "one two three[31m four" in text
    assert not [c for c in text if (c < " " and c not in "\n\t") or "\x7f" <= c < "\xa0"]
    assert not [c for c in text if "\ud800" <= c <= "\udfff" or c in "\ufffe\uffff"]
    assert found.title is not None
    assert "\x1b" not in found.title
    kept = sqlite3.connect(":memory:").execute("SELECT ?, length(?)", (text, text)).fetchone()
    assert kept == (text, len(text))
    whole = Extraction(found, PageFacts(title="The bridges", markers=("captcha:hcaptcha",)))
    assert extraction_from_json(json.loads(json.dumps(extraction_to_json(whole)))) == whole


@pytest.mark.parametrize(
    ("body", "content_type", "status", "mime"),
    [
        (b"", "text/html", "empty", "application/x-empty"),
        (b"<html></html>", "text/html", "empty", "text/html"),
        (b"<!-- nothing -->", "text/html", "empty", "text/html"),
        (b"   \n", "text/plain", "empty", "text/plain"),
        (b"\x89PNG\r\n\x1a\n\0\0", "text/html", "unsupported", "image/png"),
        (b'<rss version="2.0"><channel/></rss>', "text/html", "unsupported", "application/rss+xml"),
        (b'{"a": 1}', "application/json", "unsupported", "application/json"),
        (b"\0\1\2\3" * 99, "text/html", "unsupported", "application/octet-stream"),
        (b"%PDF-1.7 and no more", "text/html", "failed", "application/pdf"),
    ],
)
def test_no_text_is_no_error(body: bytes, content_type: str, status: str, mime: str) -> None:
    found = read(body, content_type=content_type)
    assert (found.status, found.mime, found.text) == (status, mime, None)
    assert found.extractor == extractor_for(mime)


def test_plain_text_is_kept_as_it_is() -> None:
    found = read("Erste Zeile\r\n\r\n  Größe: 3 < 4\n".encode("cp1252"), content_type="text/plain")
    assert found.text == "Erste Zeile\n\n  Größe: 3 < 4"
    assert (found.extractor, found.charset) == (extractor_for("text/plain"), "windows-1252")


def test_html_that_calls_itself_an_image_is_read() -> None:
    assert PARAGRAPHS[0] in (read(html(), content_type="image/jpeg").text or "")


@pytest.mark.parametrize(
    ("wire", "mime"),
    [
        (gzip.compress(html(), mtime=0)[:-20], "application/gzip"),
        (zlib.compress(html())[:-20], "application/octet-stream"),
        (brotli.compress(html() * 3)[:-9], "application/octet-stream"),
    ],
)
def test_of_a_cut_transfer_the_readable_part_is_read(wire: bytes, mime: str) -> None:
    found = read(wire)
    assert found.tried == ("decoded", "fast")
    assert PARAGRAPHS[3] in (found.text or "")
    assert (found.mime, found.extractor) == ("text/html", extractor_for(mime))
    assert read(wire, content_type="application/octet-stream").status == "unsupported"


def pdf(*pages: str, info: str = "") -> bytes:
    """A small PDF with a line of text on each page."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /Lang (en-IE) >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for n, line in enumerate(pages):
        drawing = f"BT /F1 12 Tf 72 700 Td ({line}) Tj ET"
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * n} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream",
        ]
    objects.append(f"<< {info} >>")
    out, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = "".join(f"{at:010} 00000 n \n" for at in offsets)
    size = len(objects) + 1
    return out + (
        f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R "
        f"/Info {size - 1} 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    ).encode("latin-1")


def test_a_pdf_gives_text_and_metadata() -> None:
    info = "/Title (The bridges) /Author (Ada Winter) /CreationDate (D:20240229235900+01'00')"
    found = read(pdf("First page.", "Second page.", info=info), content_type="text/html")
    assert found == Article(
        extractor=extractor_for("application/pdf"),
        status="text",
        mime="application/pdf",
        title="The bridges",
        author="Ada Winter",
        published_on="2024-02-29",
        language="en-IE",
        text="First page.\n\nSecond page.",
    )


@pytest.mark.parametrize("info", ["", "/Title 3 /Author [1] /CreationDate (soon)", "/Title 99 0 R"])
def test_a_pdf_with_odd_metadata_gives_its_text(info: str) -> None:
    assert read(pdf("First page.", info=info)).text == "First page."


def test_of_a_long_pdf_the_first_pages_are_read() -> None:
    found = read(pdf(*(f"Page {n}." for n in range(300))))
    assert (found.text or "").split("\n\n")[-1] == "Page 199."


def test_a_pdf_made_after_it_was_fetched_has_no_date() -> None:
    late = pdf("Page.", info="/CreationDate (D:20300101000000Z)")
    assert read(late).published_on is None


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_pdf_raises_nothing(data: st.DataObject) -> None:
    body = bytearray(pdf("First page.", "Second page.", info="/Title (x)"))
    for _ in range(data.draw(st.integers(1, 8))):
        body[data.draw(st.integers(5, len(body) - 1))] = data.draw(st.integers(0, 255))
    assert read(bytes(body[: data.draw(st.integers(200, len(body)))])).mime == "application/pdf"


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(
    ["<p>", "</p>", "<div>", "<table>", "<td>", "<a href='/x'>", "<script>", "<!--", "-->", "<svg>",
     "<![CDATA[", "<head>", "<body>", "<html/>", "<", ">", "&#xD800;", "\x00", "\ud7ff", SENTENCE,
     "<meta name=description content='The council of the small town met'>", "<base href='//['>",
     "<html lang=x", "<frameset>", "<p>" + SENTENCE, "<li>", "<br/>", "<blockquote>", "<template>"]
), max_size=40))  # fmt: skip
def test_no_markup_raises(parts: list[str]) -> None:
    found = read("".join(parts).encode("utf-8", "surrogatepass"))
    assert found.status in ("text", "empty", "unsupported")


def test_the_text_is_told_before_the_metadata_is_sought() -> None:
    told: list[Extraction] = []
    found = read_payload(
        html(), url="http://x/", content_type=None, fetched_on="2026-03-01", on_text=told.append
    )
    article = found.article
    early = [one.article for one in told]
    assert [(a.text, a.links, a.language) for a in early] == [(article.text, (), "en-GB")]
    assert replace(early[0], title=article.title, site=article.site) == article
    assert told[0].facts == found.facts is not None


def test_the_lowest_rung_needs_no_metadata() -> None:
    found = read_payload(
        html(), url="http://x/", content_type=None, fetched_on="2026-03-01", rung="baseline"
    ).article
    assert found.tried == ("baseline", "without-metadata")
    assert (found.title, found.author) == ("The bridges - Town Crier", None)
    assert (found.text or "").split("\n") == ["The bridges", *PARAGRAPHS]


@pytest.mark.parametrize(
    ("faults", "tried"),
    [
        (["fast_text"], ("fast", "full")),
        (["fast_text", "full_text"], ("fast", "full", "baseline")),
        (["read_metadata"], ("fast", "without-metadata")),
        (["baseline_text"], ("fast",)),
    ],
)
def test_a_fault_in_trafilatura_costs_one_rung(
    faults: list[str], tried: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RecursionError("injected")

    for fault in faults:
        monkeypatch.setattr(articles, fault, broken)
    found = read(html())
    assert found.tried == tried
    assert PARAGRAPHS[-1] in (found.text or "")

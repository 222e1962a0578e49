"""Media types, charsets and the names of extractors, told from bytes alone."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.charsets import decode
from crawler.extraction.extractors import extractor_for
from crawler.extraction.mediatypes import sniff

HTML = "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "declared", "media_type"),
    [
        (b"", HTML, "application/x-empty"),
        (b"<!DOCTYPE html><p>x", None, "text/html"),
        (b"\xef\xbb\xbf \n<!-- licence -->\n<HTML>", None, "text/html"),
        (b"<p>x", "image/png", "text/html"),
        (b"<html><body>", "text/plain", "text/html"),
        (b"Warning: x in y.php<br />\n<!DOCTYPE html><html>", None, "text/html"),
        (b"Hello <b>world</b>", HTML, "text/html"),
        (b"<!DOCTYPE html><p>a\x00b", HTML, "text/html"),
        ("\ufeff<html>".encode("utf-16-le"), None, "text/html"),
        ("<html><p>\u00e4".encode("utf-16-be"), None, "text/html"),
        (b'<?xml version="1.0"?><!DOCTYPE html><html>', "application/xhtml+xml", None),
        (b"Hello world", HTML, "text/plain"),
        (b"Hello world", None, "text/plain"),
        (b"BMW builds cars", None, "text/plain"),
        (b"# Title\n<p>", "text/markdown; charset=utf-8", "text/markdown"),
        (b"a,b\n1,2", "text/csv", "text/csv"),
        (b'{"a": 1}', None, "application/json"),
        (b"[1, 2]", HTML, "application/json"),
        (b"[link] and text", None, "text/plain"),
        (b'{"@context": 1}', "application/ld+json", "application/ld+json"),
        (b'<rss version="2.0"><channel>', HTML, "application/rss+xml"),
        (b'<?xml version="1.0"?>\n<!-- x --><feed xmlns="a">', None, "application/atom+xml"),
        (b'<rdf:RDF xmlns="http://purl.org/rss/1.0/">', None, "application/rss+xml"),
        (b'<svg xmlns="http://www.w3.org/2000/svg">', None, "image/svg+xml"),
        (b'<?xml version="1.0"?><urlset>', "text/xml", "application/xml"),
        (b"%PDF-1.7", HTML, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\0", HTML, "image/png"),
        (b"\xff\xd8\xff\xe0", None, "image/jpeg"),
        (b"GIF89a\1\0", None, "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", None, "image/webp"),
        (b"\0\0\0\x1cftypavif", None, "image/avif"),
        (b"\0\0\0\x1cftypisom", None, "video/mp4"),
        (b"\0\0\0\x1cftypM4A ", None, "audio/mp4"),
        (b"ID3\4\0", None, "audio/mpeg"),
        (b"\xff\xfb\x90\0", None, "audio/mpeg"),
        (b"OggS\0", None, "application/ogg"),
        (b"PK\3\4" + b"\0" * 26, None, "application/zip"),
        (b"PK\3\4" + b"\0" * 26 + b"mimetypeapplication/epub+zipPK\3\4", None, None),
        (
            b"PK\3\4" + b"\0" * 26 + b"[Content_Types].xml....word/document.xml",
            None,
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (b"\x1f\x8b\x08\0", HTML, "application/gzip"),
        (b"\x28\xb5\x2f\xfd\0", HTML, "application/zstd"),
        (b"\0\1\2\3\xff", "video/x-unheard-of", "video/x-unheard-of"),
        (b"\0\1\2\3\xff", HTML, "application/octet-stream"),
        (b"\0\1\2\3\xff", "no type at all", "application/octet-stream"),
    ],
)
def test_the_bytes_decide_the_type(
    body: bytes, declared: str | None, media_type: str | None
) -> None:
    found = sniff(body, declared)
    assert found == (media_type or declared or "application/epub+zip")


@given(st.binary(max_size=400), st.none() | st.text(max_size=40))
def test_any_bytes_have_a_type(body: bytes, declared: str | None) -> None:
    assert "/" in sniff(body, declared)


def test_sniffing_costs_next_to_nothing() -> None:
    page = b"<!DOCTYPE html><html><body>" + b"<p>text \xc3\xa4 of a page</p>" * 12_000
    hostile = [b"<" * 10**6, b"<!--" * 10**5, b" " * 10**6, b"<?x " * 10**5, b"<!DOCTYPE[" * 10**5]
    begun = time.process_time()
    for _ in range(100):
        sniff(page, HTML)
    assert (time.process_time() - begun) / 100 < 0.0001
    for body in hostile:
        begun = time.process_time()
        sniff(body, HTML)
        assert time.process_time() - begun < 0.05


# our own sentences, one a language
SENTENCES = Path(__file__).parent / "data" / "payloads" / "sentences.json"
TEXTS: dict[str, str] = json.loads(SENTENCES.read_text(encoding="utf-8"))
LEGACY = [
    ("ja", "cp932", "shift_jis"),
    ("ja", "euc_jp", "euc-jp"),
    ("zh", "gb18030", "gb18030"),
    ("tw", "big5", "big5"),
    ("ko", "cp949", "euc-kr"),
    ("ru", "cp1251", "windows-1251"),
    ("ru", "koi8_r", "koi8-r"),
    ("uk", "cp1251", "windows-1251"),
    ("pl", "cp1250", "windows-1250"),
    ("pl", "iso8859_2", "iso-8859-2"),
    ("cs", "cp1250", "windows-1250"),
    ("de", "cp1252", "windows-1252"),
    ("fr", "cp1252", "windows-1252"),
    ("es", "cp1252", "windows-1252"),
    ("tr", "cp1254", "windows-1254"),
    ("el", "cp1253", "windows-1253"),
    ("he", "cp1255", "windows-1255"),
    ("ar", "cp1256", "windows-1256"),
    ("th", "cp874", "windows-874"),
]


def paragraphs(language: str) -> str:
    return f"<!DOCTYPE html><html lang={language}><body>" + f"<p>{TEXTS[language]}</p>\n" * 3


@pytest.mark.parametrize(("language", "codec", "name"), LEGACY)
@pytest.mark.parametrize("header", ["text/html; charset=utf-8", "text/html", None])
def test_a_legacy_charset_is_read_although_it_is_not_declared(
    language: str, codec: str, name: str, header: str | None
) -> None:
    assert decode(paragraphs(language).encode(codec), header) == (paragraphs(language), name)


@pytest.mark.parametrize(("language", "codec", "name"), LEGACY)
def test_a_declared_charset_is_believed_where_it_fits(language: str, codec: str, name: str) -> None:
    marked = f"<meta charset={name}>" + paragraphs(language)
    assert decode(marked.encode(codec), None) == (marked, name)
    header = f'text/html; Charset="{name.upper()}"'
    assert decode(paragraphs(language).encode(codec), header) == (paragraphs(language), name)


@pytest.mark.parametrize("language", ["ja", "ru", "de", "zh", "ar"])
@pytest.mark.parametrize("label", ["iso-8859-1", "windows-1251", "shift_jis", "nonsense"])
def test_utf8_under_another_label_is_utf8(language: str, label: str) -> None:
    body = (f"<meta charset={label}>" + paragraphs(language)).encode()
    assert decode(body, f"text/html; charset={label}")[1] == "utf-8"


def test_apaches_default_label_does_not_make_mojibake() -> None:
    body = paragraphs("ru").encode("cp1251")
    assert decode(body, "text/html; charset=ISO-8859-1") == (paragraphs("ru"), "windows-1251")


def test_damaged_utf8_stays_utf8() -> None:
    body = paragraphs("de").encode() * 5 + b"<p>cut \xc3"
    text, name = decode(body, None)
    assert name == "utf-8"
    assert text.endswith("cut \ufffd")


@pytest.mark.parametrize(
    ("codec", "mark", "name"),
    [
        ("utf-8", b"\xef\xbb\xbf", "utf-8"),
        ("utf-16-le", b"\xff\xfe", "utf-16le"),
        ("utf-16-be", b"\xfe\xff", "utf-16be"),
        ("utf-16-le", b"", "utf-16le"),
        ("utf-16-be", b"", "utf-16be"),
    ],
)
def test_a_byte_order_mark_beats_every_declaration(codec: str, mark: bytes, name: str) -> None:
    text = "<meta charset=windows-1251>" + paragraphs("ja")
    assert decode(mark + text.encode(codec), "text/html; charset=big5") == (text, name)


@pytest.mark.parametrize(
    ("markup", "name"),
    [
        ("<meta charset=ISO-8859-9>", "windows-1254"),
        ("<META CHARSET='ISO-8859-9'>", "windows-1254"),
        ("<meta\ncharset = \nISO-8859-9\n>", "windows-1254"),
        ('<meta http-equiv=Content-Type content="text/html; charset=ISO-8859-9">', "windows-1254"),
        ("<meta content=text/html; charset=ISO-8859-9>", "windows-1254"),
        ("<meta http-equiv=Content-Type content=\"x; charset='ISO-8859-9'\">", "windows-1254"),
        ("<meta content=\"x; charset='ISO-8859-9'\">", "windows-1252"),
        ('<meta " charset=ISO-8859-9>', "windows-1254"),
        ('<meta test="" charset=ISO-8859-9>', "windows-1254"),
        ("<meta charset=ISO-8859-9><meta charset=koi8-r>", "windows-1254"),
        ("<meta charset=x-user-undefined><meta charset=koi8-r>", "koi8-r"),
        ("<!-- <meta charset=koi8-r> --><meta charset=ISO-8859-9>", "windows-1254"),
        ('<p title="<meta charset=koi8-r>"><meta charset=ISO-8859-9>', "windows-1254"),
        ('<?xml version="1.0" encoding="ISO-8859-9"?><html>', "windows-1254"),
        ("<metacharset=ISO-8859-9>", "windows-1252"),
        ('<meta charset="ISO-8859-9>', "windows-1252"),
        ('<meta charset=ISO-8859-9">', "windows-1252"),
        ("<meta test='\" charset=ISO-8859-9>", "windows-1252"),
        ("<meta charset=punycode>", "windows-1252"),
        ("<meta charset=hex>", "windows-1252"),
        ("<meta charset=utf-16le>", "windows-1252"),
    ],
)
def test_a_declaration_is_read_as_browsers_read_it(markup: str, name: str) -> None:
    body = markup.encode() + b"<p>Caf\xe9, na\xefve, Caf\xe9, d\xe9j\xe0 vu, Caf\xe9"
    assert decode(body, None)[1] == name


@given(st.binary(max_size=600), st.none() | st.text(max_size=30))
def test_any_bytes_can_be_decoded(body: bytes, header: str | None) -> None:
    text, _ = decode(b"<meta charset=" + body, header)
    text.encode()  # no surrogates


@pytest.mark.parametrize(
    ("media_type", "beginning"),
    [
        ("text/html", "trafilatura "),
        ("application/xhtml+xml", "trafilatura "),
        ("application/gzip", "trafilatura "),
        ("application/pdf", "pypdf "),
        ("text/plain", "plain "),
        ("text/markdown", "plain "),
        ("text/css", "none "),
        ("image/png", "none "),
        ("application/json", "none "),
        ("application/x-empty", "none "),
    ],
)
def test_each_type_has_an_extractor_with_a_name(media_type: str, beginning: str) -> None:
    assert extractor_for(media_type).startswith(beginning)


def test_the_main_process_loads_no_extractor() -> None:
    code = (
        "import sys, crawler.extraction.pool, crawler.extraction.extractors as e;"
        "e.extractor_for('text/html'); e.extractor_for('application/pdf');"
        "print({'trafilatura', 'lxml', 'pypdf'} & sys.modules.keys())"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "set()\n"

"""Media type of a payload, told from its bytes.

A table after WHATWG MIME Sniffing §6-7 (tables of 2024), widened by feeds, JSON and office files.
Not puremagic: 1.30 named none of 18 of 100 real article pages, no RSS and no plain text, and took
200 µs a page; this takes under 10 µs and allocates next to nothing.
"""

from __future__ import annotations

import re

UNKNOWN = "application/octet-stream"
EMPTY = "application/x-empty"

_HEADER = 1445  # bytes that decide between text and binary; the standard's resource header
_LEAD = (
    16_384  # bytes in which the first tag must come: licence banners and PHP warnings precede it
)

_PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x00\x00\x01\x00", "image/vnd.microsoft.icon"),
    (b"BM", "image/bmp"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"ID3", "audio/mpeg"),
    (b"OggS\x00", "application/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"FLV\x01", "video/x-flv"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"{\\rtf", "application/rtf"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"\x00asm", "application/wasm"),
    (b"\x00\x01\x00\x00", "font/ttf"),
)
_BRANDS = {  # of ISO media files: bytes 8 to 12
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
}
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_OFFICE = (  # part of a ZIP's first entries -> type
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_ZIP_MIMETYPE = re.compile(rb"mimetype(application/[a-z0-9.+-]+?)(?=PK|$)")  # EPUB, OpenDocument
_MPEG_AUDIO = re.compile(rb"\xff[\xfb\xfa\xf3\xf2][\x10-\xef]")
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")

_SKIP = rb"(?:\xef\xbb\xbf)?(?:\s++|<!--.*?-->)*+"
_HTML_START = re.compile(
    _SKIP + rb"(?:<\?xml[^>]*+>\s*+)?(?:<!--.*?-->\s*+)*+<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_HTML_TAG = re.compile(
    _SKIP + rb"<(?:head|body|script|iframe|h[1-6]|div|font|table|a|style|title|b|br|p|meta|link|"
    rb"section|article|main|header|nav|ul|ol|span|img|form|center|base)[\s/>]",
    re.IGNORECASE | re.DOTALL,
)
_HTML_LATE = re.compile(rb"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_ANY_TAG = re.compile(rb"<!--|</?[a-z][^<>]*>", re.IGNORECASE)
_XML_ROOT = re.compile(
    _SKIP + rb"(?P<prolog><\?xml[^>]*+>)?"
    rb"(?:\s++|<!--.*?-->|<\?[^>]*+>|<!DOCTYPE[^\[>]*+(?:\[.*?\])?\s*+>)*+"
    rb"<(?P<root>[A-Za-z_][\w:.-]*+)",
    re.DOTALL,
)
_ROOTS = {
    b"rss": "application/rss+xml",
    b"feed": "application/atom+xml",
    b"rdf:RDF": "application/rdf+xml",
    b"svg": "image/svg+xml",
    b"urlset": "application/xml",
    b"sitemapindex": "application/xml",
    b"html": "application/xhtml+xml",
}
_JSON = re.compile(rb'(?:\xef\xbb\xbf)?\s*+(?:\{\s*+["}]|\[\s*+(?:[\[{"\]\d-]|true|false|null))')
_TYPE = re.compile(r"\s*([a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+)\s*(?:[;,]|$)")
_TEXTUAL = re.compile(r"text/|application/(?:.*[+/])?(?:json|xml|javascript|ecmascript|yaml)$")


def sniff(body: bytes, declared: str | None) -> str:
    """Return the media type of a payload, without parameters.

    The bytes decide; ``declared`` (a Content-Type, None: no header) only where they leave it open:
    which kind of text, and what a binary file of no known beginning is.
    """
    if not body:
        return EMPTY
    stated = declared_type(declared)
    binary = _binary_type(body)
    if binary is not None:
        return binary
    text = _utf16_as_ascii(body)
    if text is not None:
        return _text_type(text, stated)
    if _HTML_START.match(body, 0, _LEAD):
        return "application/xhtml+xml" if stated == "application/xhtml+xml" else "text/html"
    if _BINARY.search(body, 0, _HEADER):
        return stated if stated and not is_textual(stated) and stated != EMPTY else UNKNOWN
    return _text_type(body, stated)


def is_textual(mime: str) -> bool:
    """Return whether a payload of this type is text, programs and data among it."""
    return bool(_TEXTUAL.match(mime))


def declared_type(content_type: str | None) -> str | None:
    """Return the lower-case media type of a Content-Type header; None when it names none."""
    match = _TYPE.match((content_type or "").lower())
    return match[1] if match else None


def _binary_type(body: bytes) -> str | None:
    """Return the type that a file's first bytes name; None when they name none."""
    for prefix, media_type in _PREFIXES:
        if body.startswith(prefix):
            return media_type if prefix != b"BM" or _BINARY.search(body, 0, 32) else None
    if body[4:8] == b"ftyp":
        return _BRANDS.get(body[8:12], "video/mp4")
    if body.startswith(b"RIFF"):
        return _RIFF.get(body[8:12], UNKNOWN)
    if body.startswith(b"PK\x03\x04"):
        return _zip_type(body)
    if _MPEG_AUDIO.match(body):
        return "audio/mpeg"
    return "application/x-tar" if body[257:262] == b"ustar" else None


def _zip_type(body: bytes) -> str:
    """Return what kind of ZIP file this is, by the names of its first entries."""
    named = _ZIP_MIMETYPE.search(body, 26, 200)
    if named:
        return named[1].decode("ascii")
    if b"[Content_Types].xml" in body[:8192] or b"_rels/.rels" in body[:8192]:
        for part, media_type in _OFFICE:
            if part in body:
                return media_type
    return "application/zip"


def _utf16_as_ascii(body: bytes) -> bytes | None:
    """Return the ASCII of a UTF-16 text's beginning; None when it is no such text."""
    marked = body[:2] in (b"\xff\xfe", b"\xfe\xff")
    if not marked and body[:4:2] != b"\x00\x00" and body[1:5:2] != b"\x00\x00":
        return None
    text = body[: 2 * _LEAD].replace(b"\x00", b"").lstrip(b"\xff\xfe")
    return text if text.strip() and (marked or not _BINARY.search(text, 0, _HEADER)) else None


def _text_type(body: bytes, stated: str | None) -> str:
    """Return which kind of text this is."""
    if _HTML_START.match(body, 0, _LEAD):
        return "application/xhtml+xml" if stated == "application/xhtml+xml" else "text/html"
    root = _XML_ROOT.match(body, 0, _LEAD)
    if root and (root["root"] in _ROOTS or root["prolog"]):
        return _xml_type(root["root"], body, stated)
    if stated is not None and _keeps(stated, body):
        return stated
    if _HTML_TAG.match(body, 0, _LEAD) or _HTML_LATE.search(body, 0, _LEAD):
        return "text/html"
    return "application/json" if _JSON.match(body) else "text/plain"


def _xml_type(root: bytes, body: bytes, stated: str | None) -> str:
    """Return the type of an XML document by its outermost element."""
    if root == b"rdf:RDF" and b"purl.org/rss/1.0" in body[:_LEAD]:
        return "application/rss+xml"
    known = _ROOTS.get(root)
    if known is None and stated is not None and stated.endswith("xml"):
        return stated
    return known or "application/xml"


def _keeps(stated: str, body: bytes) -> bool:
    """Return whether a declared kind of text fits bytes that are text of no plain kind."""
    if stated in ("text/html", "application/xhtml+xml"):
        return bool(_ANY_TAG.search(body, 0, _LEAD))
    if stated.endswith("json"):
        return bool(_JSON.match(body))
    return bool(_TEXTUAL.match(stated)) and not stated.endswith("xml")

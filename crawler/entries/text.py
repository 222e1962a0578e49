"""Bytes of a page to text, and text to what a reader of the archive wants to see."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from html import unescape

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHARSET = re.compile(r"""(?:charset|encoding)\s{0,5}=\s{0,5}["']?([A-Za-z0-9_.:-]{2,40})""", re.I)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANK_LINE = re.compile(r"\n[ \t\u3000]*\n")
_AS_BROWSERS_READ = {  # https://encoding.spec.whatwg.org/#names-and-labels
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
_NO_CHARSETS = {  # text codecs of Python that are no charset of the web
    "punycode", "idna", "unicode-escape", "raw-unicode-escape", "utf-7", "undefined", "mbcs", "oem",
}  # fmt: skip
DECLARED_WITHIN_BYTES = 2048  # HTML asks for 1024; pages with long comments need a little more


def decode(content: bytes, mime: str | None = None) -> tuple[str, bool]:
    """Return the text of a page and whether every byte of it could be decoded.

    A byte order mark wins, then UTF-8 wherever it fits (servers and pages often claim something
    else), then the charset of the mime type, then the one that the page itself names. Line ends
    become ``\\n``; NUL becomes U+FFFD, because SQLite's text functions stop at it.
    """
    for encoding in _candidates(content, mime):
        try:
            return _tidy(content.decode(encoding)), True
        except (ValueError, LookupError):
            continue  # the next candidate may fit; the last resort is below
    return _tidy(content.decode("utf-8", "replace")), False


def _candidates(content: bytes, mime: str | None) -> Iterator[str]:
    yield from (name for bom, name in _BOMS if content.startswith(bom))
    declared = _CHARSET.search(mime or "")
    if declared and declared[1].casefold().startswith("utf-16"):
        yield declared[1]  # without a mark its bytes may pass for UTF-8 full of NULs
    yield "utf-8"
    head = content[:DECLARED_WITHIN_BYTES].decode("latin-1")
    for match in (declared, _CHARSET.search(head)):
        if match:
            yield from _web_encoding(match[1].casefold())


def _web_encoding(name: str) -> Iterator[str]:
    """Give the codec for a charset label, read as browsers do."""
    try:
        known = codecs.lookup(_AS_BROWSERS_READ.get(name, name)).name
    except LookupError:
        return
    if known.replace("_", "-") not in _NO_CHARSETS:
        yield known


def _tidy(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def storable(text: str) -> str:
    """Return the text without what SQLite or UTF-8 refuse: NUL and lone surrogates."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    return _LONE_SURROGATE.sub("\ufffd", text)


def fold(text: str) -> str:
    """Return the text in one line, every run of blanks as one space."""
    return " ".join(text.split())


def clean(text: str) -> str:
    """Return the text in one line with its entities decoded."""
    return fold(unescape(text) if "&" in text else text)


def paragraphs(text: str) -> str | None:
    """Return the paragraphs parted by one blank line, entities decoded; None when there are none.

    Quotes and dashes stay as they are: only comparison may normalise them.
    """
    if "&" in text:
        text = unescape(text)
    return "\n\n".join(filter(None, map(fold, _BLANK_LINE.split(text)))) or None

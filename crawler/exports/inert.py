"""Text and pages of others, made so that they can do nothing where they are shown.

Titles, URLs, labels, headers and texts come from the web. In a terminal they must not move the
cursor, in HTML and Markdown not become markup, in YAML not end their value, and to a site generator
not look like its template language.
"""

from __future__ import annotations

import html
import json
import re
from enum import StrEnum
from urllib.parse import quote, urlsplit

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Of Markdown (CommonMark and GitHub's tables and strike-through) wherever they stand. Braces
# besides: Liquid, Nunjucks and Hugo would run what stands in pairs of them.
_MARKS = re.compile(r"[\\`*_\[\]~|{}$^]")
# What begins a block at the start of a line: heading, quote, list, rule, code by indentation.
_LINE_START = re.compile(r"(?m)^[ \t]*(?:(?P<number>\d{1,9})(?P<dot>[.)])|(?P<mark>[#>+=:-]))")
# In a double-quoted scalar of YAML 1.2 these must be escapes (§5.1, §5.4); 1.1 breaks lines there.
_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_C1 = re.compile(r"[\x7f-\x9f]")

_HTML = {"text/html", "application/xhtml+xml"}
# Formats that browsers decode and nothing more. SVG is a document, and is shown as its source.
_IMAGES = {
    "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp",
    "image/avif": "avif", "image/bmp": "bmp", "image/x-icon": "ico",
    "image/vnd.microsoft.icon": "ico",
}  # fmt: skip
_TEXTS = {"application/json", "application/xml", "image/svg+xml", "application/javascript"}

_IN_PLACE = {
    "<link": "<meta", "<frame": "<meta", "<iframe": "<noframes", "</iframe": "</noframes",
}  # fmt: skip
_CALLERS = re.compile(r"(?:<link|</?iframe|<frame)(?=[\s/>])", re.IGNORECASE)


class Kind(StrEnum):
    """How a payload can be shown."""

    HTML = "html"
    TEXT = "text"
    IMAGE = "image"
    FILE = "file"


def kind_of(mime: str | None) -> Kind:
    """Return how a payload of a media type is shown; what is not known is a file to keep."""
    plain = plain_type(mime)
    if plain in _HTML:
        return Kind.HTML
    if plain in _IMAGES:
        return Kind.IMAGE
    if plain in _TEXTS or plain.startswith("text/") or plain.endswith(("+xml", "+json")):
        return Kind.TEXT
    return Kind.FILE


def plain_type(mime: str | None) -> str:
    """Return a media type without its parameters, in small letters; empty for none."""
    return (mime or "").partition(";")[0].strip().lower()


def suffix_of(mime: str | None) -> str:
    """Return the suffix of a file that is kept as it is: that of an image, ``pdf``, ``bin``."""
    plain = plain_type(mime)
    return "pdf" if plain == "application/pdf" else _IMAGES.get(plain, "bin")


def without_callers(markup: str) -> str:
    """Return a page without the elements that make a browser call hosts whatever a policy says.

    For ``<link rel=preconnect>`` and the source of a frame it opens a connection, for
    ``dns-prefetch`` it looks a name up, before any policy is asked (Chromium 156). Each becomes an
    element that is parsed alike and loads nothing: LINK and FRAME a META, IFRAME, whose content is
    text, a NOFRAMES.
    """
    return _CALLERS.sub(lambda match: _IN_PLACE[match[0].lower()], markup)


def plain(text: object) -> str:
    """Return text without the characters that a terminal obeys; line ends and tabs stay."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", str(text))


def lines_of(text: str) -> list[str]:
    """Return the lines of a text that are not blank, plain, without the blanks around them."""
    lines = (line.strip() for line in plain(text.replace("\r\n", "\n")).split("\n"))
    return [line for line in lines if line]


def one_line(text: object) -> str:
    """Return plain text in one line, blanks folded."""
    return " ".join(plain(text).split())


def html_text(text: object) -> str:
    """Return text for HTML, inside an element or a quoted attribute."""
    return html.escape(plain(text))


def markdown_text(text: object) -> str:
    """Return text for Markdown: rendered, it reads as it is; nothing in it is markup."""
    shown = html.escape(plain(text), quote=False).replace("&gt;", ">")
    shown = _MARKS.sub(_entity, shown)
    return _LINE_START.sub(_unstarted, shown)


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


def _unstarted(match: re.Match[str]) -> str:
    if match["number"]:
        return f"{match['number']}&#{ord(match['dot'])};"
    return f"&#{ord(match['mark'])};"


def web_address(url: str | None) -> str | None:
    """Return a URL that may be a link, nothing in it ending an attribute or a line; else None.

    Only http and https are linked: a cited ``javascript:`` must not be.
    """
    if url is None:
        return None
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    # What RFC 3986 permits stays, escapes too; the rest (blanks, quotes, angles) is escaped.
    return quote(url.strip(), safe="%/:?#[]@!$&'()*+,;=-._~", errors="replace")


def json_text(value: object, *, indent: int | None = None) -> str:
    """Return JSON that a terminal can show: its escapes cover the characters of C1, too."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(value, ensure_ascii=False, separators=separators, indent=indent)
    return _C1.sub(_escape, text)


def yaml_lines(value: dict[str, object], depth: int = 0) -> list[str]:
    """Return a mapping as lines of YAML: blocks of mappings and lists, scalars in JSON's form.

    JSON's scalars are YAML's (1.2 §1.3), so nothing can end a value or change its type.
    """
    lines = []
    for key, item in value.items():
        head = "  " * depth + f"{_scalar(key)}:"
        lines += _block(head, item, depth)
    return lines


def _block(head: str, item: object, depth: int) -> list[str]:
    if isinstance(item, dict) and item:
        return [head, *yaml_lines(item, depth + 1)]
    if isinstance(item, list) and item:
        return [head, *(line for each in item for line in _item(each, depth + 1))]
    return [f"{head} {_scalar(item)}"]


def _item(item: object, depth: int) -> list[str]:
    margin = "  " * depth
    if not (isinstance(item, dict) and item):
        return [f"{margin}- {_scalar(item)}"]
    first, *rest = yaml_lines(item, depth + 1)
    return [f"{margin}- {first.lstrip()}", *rest]


def _scalar(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _NOT_IN_YAML.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"

"""Which reader a page needs: told by its content where that is plain, else by mime or suffix."""

from __future__ import annotations

import re
from typing import Literal

from crawler.entries.references.signs import (
    looks_like_bibtex,
    looks_like_bookmarks,
    looks_like_ris,
)
from crawler.entries.url_list import looks_like_url_list

Kind = Literal[
    "markdown", "html", "json", "xml", "url-list", "wikitext",
    "bibtex", "ris", "bookmarks", "table",
]  # fmt: skip

_HEAD = 4000  # characters looked at
_SUFFIXES: dict[str, Kind] = {
    "md": "markdown",
    "markdown": "markdown",
    "html": "html",
    "htm": "html",
    "xhtml": "html",
    "json": "json",
    "xml": "xml",
    "wiki": "wikitext",
    "mediawiki": "wikitext",
    "wikitext": "wikitext",
    "bib": "bibtex",
    "bibtex": "bibtex",
    "biblatex": "bibtex",
    "ris": "ris",
    "csv": "table",
    "tsv": "table",
}
_MIMES: dict[str, Kind] = {
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/json": "json",
    "text/json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
    "text/uri-list": "url-list",
    "text/x-wiki": "wikitext",  # of MediaWiki's ?action=raw
    "application/x-bibtex": "bibtex",
    "text/x-bibtex": "bibtex",
    "application/x-research-info-systems": "ris",
    "text/csv": "table",
    "text/tab-separated-values": "table",
}
_HTML_START = re.compile(r"(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_HTML_TAG = re.compile(
    r"</?(?:h[1-6]|p|div|ul|ol|li|a|span|article|section|main|table|br|img|strong|em)\b", re.I
)
_ANY_TAG = re.compile(r"<[/!?]?[A-Za-z]")
# What no other markup has: notes, MediaWiki's own templates and headings, categories
_WIKI_SIGNS = re.compile(
    r"<ref(?:\s[^<>]{0,200})?>|<references\s{0,3}/>|\{\{\s{0,3}(?:cite|citation|current events"
    r"|reflist|infobox|internetquelle|cita|lien web|dead link|webarchive)\b"
    r"|\[\[[^\[\]\n]{1,200}\]\]"
    r"|^={2,4}[^=\n]{1,200}={2,4}[ \t]*$|^#redirect\s{0,3}\[\[",
    re.IGNORECASE | re.MULTILINE,
)
_JSON_START = re.compile(r'\{\s*(?:"|\}|$)|\[\s*(?:[{"\[\]]|$)')


def kind_of(text: str, locator: str, mime: str | None) -> Kind:
    """Return the kind of a page from its text, its mime type and its locator's suffix."""
    head = text[:_HEAD].lstrip("\ufeff \t\n")
    named = _named(locator, mime)
    if looks_like_bookmarks(head):
        return "bookmarks"
    if _HTML_START.match(head):
        return "html"
    if head.startswith("<?xml"):
        return "html" if "<html" in head.casefold() else "xml"
    if named in ("wikitext", "bibtex", "ris", "table"):  # may begin with a [[File:…]], a [
        return named
    if named != "markdown" and _JSON_START.match(head):
        return "json"
    if named == "html":  # servers send Markdown as HTML, and files are misnamed
        return "html" if _ANY_TAG.search(text) else "markdown"
    return named or _guessed(text, head)


def looks_like_wikitext(head: str) -> bool:
    """Whether a text has two kinds of signs that only wikis use; a wikilink alone has Obsidian."""
    return len({match[0][:2].casefold() for match in _WIKI_SIGNS.finditer(head)}) > 1


def _named(locator: str, mime: str | None) -> Kind | None:
    essence = (mime or "").partition(";")[0].strip().casefold()
    kind = _MIMES.get(essence)
    if kind is None and essence.endswith("+json"):
        return "json"
    if kind is None and essence.endswith("+xml"):
        return "xml"
    path, _, query = locator.partition("#")[0].partition("?")
    if kind is None and "action=raw" in query.split("&"):  # of a MediaWiki that sends text/plain
        return "wikitext"
    return kind or _SUFFIXES.get(path.rpartition(".")[2].casefold())


def _guessed(text: str, head: str) -> Kind:
    if looks_like_url_list(text):
        return "url-list"
    if looks_like_ris(head):
        return "ris"
    if looks_like_bibtex(head):
        return "bibtex"
    if looks_like_wikitext(head):
        return "wikitext"
    if _ANY_TAG.match(head):
        return "html" if _HTML_TAG.search(head) else "xml"
    return "markdown"

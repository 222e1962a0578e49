"""Reader of BibTeX and BibLaTeX."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from bibtexparser.library import Library
from bibtexparser.model import Entry as Item
from bibtexparser.model import ParsingFailedBlock
from bibtexparser.splitter import Splitter
from pylatexenc.latex2text import LatexNodes2Text

from crawler.entries.references.listing import LABEL_LENGTH, Listing, doi_address, first_day
from crawler.errors import EntryError
from crawler.items import Entry, ReadingWarning

READER = "bibtex"
MOST_ITEMS = 200_000  # 32 MiB have room for more only where they are no items: 0.1 ms for each

_URL = re.compile(r"\\(?:url|path|nolinkurl|href)\s*\{([^{}]+)\}|((?:https?://|www\.)[^\s{}<>]+)")
_ITEM = re.compile(r"@[A-Za-z]{1,40}\s{0,9}[{(]")
# Of an item that is not closed, or lacks a comma, the fields that stand whole in a line
_FIELD = re.compile(
    r'\b([A-Za-z]{2,20})\s{0,9}=\s{0,9}(?:\{([^{}\n]{1,2000})\}|"([^"\n]{1,2000})")'
)
# Accents and escaped signs, nearly all the LaTeX of titles: each is read once, not 1 ms a title
_ATOM = re.compile(
    r"""\{\\[^{}\s]{1,3}(?:\s?\{[A-Za-z]\}|\s[A-Za-z])?\}"""
    r"""|\\["'`^~=.](?:\{\\?[A-Za-z]\}|[A-Za-z])|\\[&#_$]"""
)
_BARE_PERCENT = re.compile(r"(?<!\\)%")
_ESCAPED = re.compile(r"\\([_%&#~$])")
_TILDE = re.compile(r"\{\\textasciitilde\}|\\textasciitilde(?:\{\}|\s)|\$\\sim\$")
_MARKUP = re.compile(r"[\\$~]|--")
_BRACES = 50  # in a title; more are no title, and the reader of LaTeX goes deeper with each
_PUBLISHERS = (
    "journaltitle", "journal", "newspaper", "booktitle", "organization", "publisher", "institution",
)  # fmt: skip
_ARCHIVES = {"arxiv": "https://arxiv.org/abs/", "jstor": "https://www.jstor.org/stable/"}
_LATEX = LatexNodes2Text(math_mode="verbatim")


def read_bibtex(text: str, locator: str) -> Entry:
    """Return the entry of a bibliography: one citation for each item that names an address.

    That is its ``url``, else one in ``howpublished`` or ``note``, else its DOI or arXiv number. The
    day is ``urldate``, or the one in the note ("accessed 4 March 2017"). Raises NothingFound when
    no item names an address, EntryError for more items than a bibliography has.
    """
    if sum(1 for _ in _ITEM.finditer(text)) > MOST_ITEMS:
        raise EntryError(locator, f"it holds more than {MOST_ITEMS} items, as no bibliography does")
    listing = Listing(locator, READER)
    library = _parsed(text)
    strings = {string.key.casefold(): _unwrapped(string.value) for string in library.strings}
    broken: list[int] = []
    for block in library.blocks:
        if isinstance(block, ParsingFailedBlock):
            if not isinstance(block.ignore_error_block, Item):
                broken.append((block.start_line or 0) + 1)
                _take_pieces(block.raw or "", listing)
                continue
            block = block.ignore_error_block  # a key or field that is there twice
        if isinstance(block, Item):
            _take(block, strings, listing)
    if broken:
        lines = ", ".join(map(str, broken[:5])) + (" …" if len(broken) > 5 else "")
        many = "1 item is" if len(broken) == 1 else f"{len(broken)} items are"
        detail = f"{many} malformed, in line {lines}; what stands whole in a line was read."
        listing.warnings.append(ReadingWarning("damaged-page", detail))
    return listing.to_entry()


def _parsed(text: str) -> Library:
    # the library says of each broken item what is wrong with it; we tell it once, as a warning
    logging.getLogger("bibtexparser.splitter").setLevel(logging.CRITICAL)
    return Splitter(text).split()


def _take(item: Item, strings: Mapping[str, str], listing: Listing) -> None:
    fields: dict[str, str] = {}
    for each in item.fields:
        fields.setdefault(each.key.casefold(), _value(str(each.value), strings))
    _add(item.key, fields, listing)


def _take_pieces(raw: str, listing: Listing) -> None:
    """Take what a malformed item tells, if that is an address; without one it is a ruin."""
    fields: dict[str, str] = {}
    for match in _FIELD.finditer(raw):
        fields.setdefault(match[1].casefold(), match[2] or match[3])
    if "url" in fields or "doi" in fields:
        _add(fields.get("title", ""), fields, listing)


def _add(name: str, fields: Mapping[str, str], listing: Listing) -> None:
    notes = [fields.get(name, "") for name in ("howpublished", "note", "annote", "addendum")]
    listing.add(
        name,
        _addresses(fields, notes),
        title=_plain(fields.get("title", "")),
        publisher=_plain(next((fields[name] for name in _PUBLISHERS if fields.get(name)), "")),
        day=first_day(fields.get("urldate", ""), fields.get("lastchecked", ""),
                      fields.get("accessed", ""), *(note for note in notes if "cess" in note)),
    )  # fmt: skip


def _addresses(fields: Mapping[str, str], notes: list[str]) -> Iterator[str]:
    for text in (fields.get("url", ""), *notes):
        for match in _URL.finditer(_TILDE.sub("~", text)):
            yield _ESCAPED.sub(r"\1", match[1] or match[2].rstrip(".,;"))
    yield doi_address(_ESCAPED.sub(r"\1", fields.get("doi", "")))
    prefix = fields.get("archiveprefix") or fields.get("eprinttype") or ""
    if fields.get("eprint"):
        yield _ARCHIVES.get(prefix.casefold(), "") + fields["eprint"]


def _value(raw: str, strings: Mapping[str, str]) -> str:
    """Return the text of a field: without its braces or quotes, its pieces and names put in."""
    raw = raw.strip()
    if raw[:1] in '{"' and " # " not in raw:
        return _unwrapped(raw)
    pieces = (piece.strip() for piece in raw.split("#"))
    return "".join(strings.get(piece.casefold(), _unwrapped(piece)) for piece in pieces)


def _unwrapped(raw: str) -> str:
    raw = raw.strip()
    wrapped = len(raw) > 1 and (raw[0], raw[-1]) in (("{", "}"), ('"', '"'))
    return raw[1:-1].strip() if wrapped else raw


def _plain(text: str) -> str:
    """Return a title as one reads it, accents and dashes included."""
    text = text[: 4 * LABEL_LENGTH]
    if "\\" in text:
        text = _ATOM.sub(lambda match: _atom(match[0]), text)
    if not _MARKUP.search(text):
        return text.replace("{", "").replace("}", "")
    if text.count("{") > _BRACES:
        return re.sub(r"\\[A-Za-z]+|[{}\\]", "", text)
    # a bare sign of these would begin a comment, or part the cells of a table
    text = _BARE_PERCENT.sub(r"\\%", text).replace("&", r"\&")
    return str(_LATEX.latex_to_text(text))


@lru_cache(4096)
def _atom(latex: str) -> str:
    return str(_LATEX.latex_to_text(latex))

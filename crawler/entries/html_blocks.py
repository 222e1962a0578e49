"""An HTML page as a flat list of blocks: headings, list items, paragraphs, with their links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import dropwhile, islice
from typing import Any

from lxml import etree
from lxml.html import HTMLParser, document_fromstring

from crawler.entries.text import fold

Element = Any  # lxml has no types of its own

_SKIPPED = {
    "script", "style", "noscript", "template", "svg", "math", "object", "iframe", "head",
}  # fmt: skip
# What may stand in a head (HTML Standard, "metadata content"), and old kinds of it.
_OF_HEAD = {
    "title", "meta", "link", "base", "script", "style", "noscript", "template", "basefont",
    "bgsound", "object",
}  # fmt: skip
_INLINE = _SKIPPED | {
    "a", "abbr", "b", "bdi", "bdo", "big", "br", "cite", "code", "data", "del", "dfn", "em",
    "font", "i", "img", "ins", "kbd", "label", "mark", "q", "rp", "rt", "ruby", "s", "samp",
    "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
}  # fmt: skip
ITEMS = {"li", "dd", "dt", "tr"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_LISTS = {"ul", "ol", "dl", "table"}
_LANDMARKS = {"nav", "footer", "aside", "form"}
_BORDERS = _LISTS | {"body", "section", "article", "main"}
_DEEPEST = 64  # ancestors looked at: pages nest less, and a hostile one must not cost squares


# What a link says of its original and of a copy: robustlinks.mementoweb.org/spec
_ROBUST = ("data-originalurl", "data-versionurl", "data-versiondate")


@dataclass(slots=True)
class HtmlLink:
    """A link or image in a block."""

    href: str
    label: str = ""
    tail: str = ""  # what follows it in the block, up to the next link
    rel: str = ""  # rel and class, lower case
    has_image: bool = False  # an image itself, or one is all or part of its content
    is_anchor: bool = True
    robust: tuple[str, str, str] = ("", "", "")  # data-originalurl, -versionurl, -versiondate


@dataclass(slots=True)
class Block:
    """A stretch of text that a browser shows by itself."""

    element: Element  # the heading, list item or other box that holds it
    pieces: list[str] = field(default_factory=list)
    links: list[HtmlLink] = field(default_factory=list)

    @property
    def tag(self) -> str:
        """The name of the element, lower case."""
        return str(self.element.tag)

    @property
    def text(self) -> str:
        """The whole text of the block, links included, in one line."""
        return fold("".join(self.pieces))

    @property
    def level(self) -> int | None:
        """1 to 6 for a heading; None for other blocks."""
        return int(self.tag[1]) if self.tag in HEADINGS else None


def parse_html(text: str) -> Element | None:
    """Return the root of an HTML page; None when there is nothing in it."""
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = document_fromstring(text.encode("utf-8"), parser=parser, ensure_head_body=True)
    except (etree.LxmlError, ValueError, AssertionError):
        return None  # lxml's ways of saying that a document is empty
    _empty_head(root)
    return root


def _empty_head(root: Element) -> None:
    """Move what is no part of a head into the body, as browsers do (HTML, "in head" insertion).

    libxml2 2.14 knows the elements of HTML 4: where a page has no body tag, it leaves an ARTICLE or
    MAIN behind a LINK in the head, with all that is in it.
    """
    head, body = root.find("head"), root.find("body")
    if head is None or body is None:
        return
    beyond = list(dropwhile(lambda element: element.tag in _OF_HEAD, head))
    for place, element in enumerate(beyond):
        body.insert(place, element)
    if beyond and body.text:
        beyond[-1].tail = f"{beyond[-1].tail or ''}{body.text}"
        body.text = None


def read_blocks(root: Element) -> list[Block]:
    """Return the blocks of a page that hold text or links, in document order."""
    collector = _Collector()
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "end":
            collector.end(element)
        elif element.tag in _SKIPPED:
            walker.skip_subtree()
        else:
            collector.start(element)
    return [block for block in collector.blocks if block.links or block.text]


class _Collector:
    """Sorts the text and links of a page into blocks, as the walk comes by."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.current: Block | None = None
        self.anchor: HtmlLink | None = None

    def start(self, element: Element) -> None:
        if element.tag not in _INLINE:
            self.current = None
        elif element.tag == "a" and element.get("href") is not None:
            self._open_anchor(element)
        elif element.tag == "img" and element.get("src"):
            self._add_image(element)
        elif element.tag in ("br", "wbr"):
            self._add_text("\n", element)
        self._add_text(element.text, element)

    def end(self, element: Element) -> None:
        if element.tag not in _INLINE:
            self.current = None
        if element.tag == "a":
            self.anchor = None
        self._add_text(element.tail, element.getparent())

    def _open_anchor(self, element: Element) -> None:
        rel = f"{element.get('rel') or ''} {element.get('class') or ''}"
        original, version, date = (element.get(name) or "" for name in _ROBUST)
        self.anchor = HtmlLink(
            element.get("href"), rel=rel.casefold(), robust=(original, version, date)
        )
        self._block(element).links.append(self.anchor)

    def _add_image(self, element: Element) -> None:
        alt = fold(element.get("alt") or "")
        if self.anchor is not None:
            self.anchor.has_image = True
            self.anchor.label = self.anchor.label or alt
            return
        image = HtmlLink(element.get("src"), alt, has_image=True, is_anchor=False)
        self._block(element).links.append(image)

    def _add_text(self, text: str | None, element: Element) -> None:
        if not text or element is None or (self.current is None and text.isspace()):
            return
        block = self._block(element)
        block.pieces.append(text)
        if self.anchor is not None:
            self.anchor.label += text
        elif block.links:
            block.links[-1].tail += text

    def _block(self, element: Element) -> Block:
        """Return the open block, or a new one; the paragraphs of one list item share theirs."""
        if self.current is None:
            owner = _owner_of(element)
            last = self.blocks[-1] if self.blocks else None
            if last is not None and last.element is owner and owner.tag in ITEMS:
                last.pieces.append(" ")
                self.current = last
            else:
                self.current = Block(owner)
                self.blocks.append(self.current)
        return self.current


def around(element: Element) -> Iterator[Element]:
    """Give an element and its ancestors, from the inside out."""
    yield element
    yield from islice(element.iterancestors(), _DEEPEST)


def _owner_of(element: Element) -> Element:
    """Return the nearest heading or list item around an element, else its nearest box."""
    box = None
    for candidate in around(element):
        if candidate.tag in HEADINGS or candidate.tag in ITEMS:
            return candidate
        if box is None and candidate.tag not in _INLINE:
            box = candidate
        if candidate.tag in _BORDERS:
            break
    return element if box is None else box


def landmark_of(element: Element) -> Element | None:
    """Return the navigation, footer or aside that an element lies in; None for the page itself."""
    return next((place for place in around(element) if place.tag in _LANDMARKS), None)


def list_of(element: Element) -> Element | None:
    """Return the list or table that an element is an item of; None when it is in none."""
    return next((place for place in around(element) if place.tag in _LISTS), None)


def names_of(element: Element) -> set[str]:
    """Return the words of an element's class, id, itemprop and role, lower case."""
    attributes = (element.get(name) or "" for name in ("class", "id", "itemprop", "role"))
    return set(" ".join(attributes).casefold().split())

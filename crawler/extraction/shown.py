"""What a page shows: its text nodes, boilerplate included (worker side).

They are looked for once: the facts of the page count their words, and how much of it an article is
decides whether that article is enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree, html

from crawler.extraction.markup import stripped

_MAX_DEPTH = 2040
# "//" would take twice the time; names of four letters and less, nearly all, are not compared
_NODES = etree.XPath(
    "descendant::body/descendant::text()[normalize-space()][string-length(name(..)) < 5 or"
    " not(parent::script | parent::style | parent::noscript | parent::template)]",
    smart_strings=False,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """The text that a page shows.

    ``most_chars`` is its length at most, what it has for browsers without scripts included, white
    space folded; None when that is not known.
    """

    nodes: list[str]  # in order; one alone when the tree is cut
    words: list[str]
    is_cut: bool  # libxml2 gave up in the middle: the tree lacks the rest
    most_chars: int | None

    @property
    def length(self) -> int:
        """How many characters of text the page shows."""
        return sum(len(text.strip()) for text in self.nodes)


def shown_in(tree: html.HtmlElement, markup: str) -> Shown:
    """Return what a page shows; ``markup`` is asked where its tree is cut."""
    if is_cut(tree):
        text = stripped(markup)
        return Shown([text], text.split(), is_cut=True, most_chars=None)
    nodes: list[str] = _NODES(tree)
    words = " ".join(nodes).split()
    return Shown(nodes, words, is_cut=False, most_chars=_most_chars(tree, words))


def is_cut(tree: html.HtmlElement) -> bool:
    """Return whether libxml2 gave up in the middle: it does at a depth of 2,048 elements."""
    depth, element = 0, tree
    while len(element):  # it stops on the spot, so the deepest element is the last one
        element = element[-1]
        depth += 1
    return depth > _MAX_DEPTH


def _most_chars(tree: html.HtmlElement, words: list[str]) -> int | None:
    if tree.find(".//body") is None:
        return None
    hidden = sum(len(text) + 1 for element in tree.iter("noscript") for text in _own(element))
    return sum(map(len, words)) + len(words) + hidden


def _own(element: html.HtmlElement) -> Iterator[str]:
    """Give the text nodes right in an element."""
    yield element.text or ""
    for child in element:
        yield child.tail or ""

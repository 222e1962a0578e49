"""What trafilatura does in more steps than it must: replacements while it works for us.

Worker side. Each gives what the original gives, and stands in its place only within
``quicker()``: whoever else uses the library in this process has it as it came. They were written
for one release, and with any other nothing is replaced (tests/test_quicker.py fails then).

* XPath expressions are evaluated by ``selections``: extraction takes 0.78 of what it took.
* ``_prepare_tree`` keeps no copy for extractors that the fast mode does not ask.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from lxml import etree, html
from trafilatura import core, xpaths
from trafilatura.htmlprocessing import convert_tags, tree_cleaning
from trafilatura.settings import Extractor

from crawler.extraction.expressions import Unreadable
from crawler.extraction.selections import Selection

WRITTEN_FOR = "2.3.1"
# Lists of expressions; of those of bodies only the first element that one finds is looked at.
_LISTS = (
    "OVERALL_DISCARD_XPATH", "TEASER_DISCARD_XPATH", "DISCARD_IMAGE_ELEMENTS",
    "RAW_TREE_PRUNE_XPATH", "REMOVE_COMMENTS_XPATH", "REMOVE_COMMENTS_AND_LISTS_XPATH",
    "AUTHOR_XPATHS", "AUTHOR_DISCARD_XPATHS", "TITLE_XPATHS",
)  # fmt: skip
_BODIES = "BODY_XPATH"
# "from trafilatura import baseline" gives the function of that name
_BASELINE = sys.modules["trafilatura.baseline"]
_CLEANED = "BASIC_CLEAN_XPATH"


@dataclass(frozen=True, slots=True)
class _Place:
    """A name in a module, or a place in a list, and what is put there."""

    owner: Any
    key: str | int
    ours: Any

    def put(self, what: object) -> object:
        """Put something there and return what was there before."""
        if isinstance(self.key, int):
            before: object = self.owner[self.key]
            self.owner[self.key] = what
        else:
            before = getattr(self.owner, self.key)
            setattr(self.owner, self.key, what)
        return before


@contextmanager
def quicker() -> Iterator[None]:
    """Replace what is slow in trafilatura as long as this is open. Not for several threads."""
    before = [place.put(place.ours) for place in _PLACES]
    try:
        yield
    finally:
        for place, what in zip(_PLACES, before, strict=True):
            place.put(what)


def _selections() -> Iterator[_Place]:
    """Give the places of expressions that can be evaluated here."""
    for name in (*_LISTS, _BODIES):
        expressions = getattr(xpaths, name)
        for at, expression in enumerate(expressions):
            if selection := _selection_of(expression):
                ours = selection.first if name == _BODIES else selection
                yield _Place(expressions, at, ours)
    if selection := _selection_of(getattr(_BASELINE, _CLEANED)):
        yield _Place(_BASELINE, _CLEANED, selection)


def _selection_of(expression: etree.XPath) -> Selection | None:
    try:
        return Selection(expression.path)
    except Unreadable:
        return None


def _prepare_tree(
    tree: html.HtmlElement, options: Extractor, url: str | None
) -> tuple[html.HtmlElement, html.HtmlElement]:
    """Return a tree cleaned and converted, twice: the second is not looked at in fast mode."""
    if not options.fast or options.comments:
        return _ORIGINAL_PREPARE_TREE(tree, options, url)
    cleaned = tree_cleaning(copy(tree), options)
    converted = convert_tags(cleaned, options, url)
    return converted, converted


_ORIGINAL_PREPARE_TREE = core._prepare_tree
_PLACES = (
    (*_selections(), _Place(core, "_prepare_tree", _prepare_tree))
    if version("trafilatura") == WRITTEN_FOR
    else ()
)

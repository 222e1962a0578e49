"""What trafilatura does in more steps than it must: replacements while it works for us.

Worker side. Each gives what the original gives, and stands in its place only within
``quicker()``: whoever else uses the library in this process has it as it came. They were written
for one release, and with any other nothing is replaced (tests/test_quicker.py fails then).

* XPath expressions are evaluated by ``selections``: alone they save a fifth of an extraction.
* htmldate clears out the page that it is given instead of a copy: nobody needs it afterwards.
* ``JSON_MINIFY`` goes from quote to quote instead of from letter to letter.

``author_of`` is to be called instead of the library's own: it copies no page in order to leave out
parts of it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from htmldate import core as htmldate
from lxml import etree, html
from trafilatura import metadata, xpaths
from trafilatura.json_metadata import normalize_authors
from trafilatura.utils import trim

from crawler.extraction.expressions import Unreadable
from crawler.extraction.selections import Selection

WRITTEN_FOR = "2.3.1"
IS_WRITTEN_FOR = version("trafilatura") == WRITTEN_FOR
DATES_WRITTEN_FOR = "1.11.0"  # of htmldate
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
_NAMESPACES = {"re": "http://exslt.org/regular-expressions"}
_LONG = 120  # characters that are too many for authors
_MANY = 20  # elements after which a copy that is pruned once is the cheaper way


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


def any_of(expressions: Sequence[etree.XPath]) -> Selection | etree.XPath:
    """Return what gives the elements that any of some expressions selects, in one walk."""
    joined = etree.XPath(" | ".join(each.path for each in expressions), namespaces=_NAMESPACES)
    return _selection_of(joined) or joined


def _selections_of(expressions: list[etree.XPath]) -> list[Selection]:
    """Return all of the expressions as selections; none when any of them cannot be read."""
    found = [selection for e in expressions if (selection := _selection_of(e))]
    return found if len(found) == len(expressions) and IS_WRITTEN_FOR else []


def _selection_of(expression: etree.XPath) -> Selection | None:
    try:
        return Selection(expression.path)
    except Unreadable:
        return None


def author_of(tree: html.HtmlElement) -> str | None:
    """Return the author whom trafilatura's ``extract_author`` finds in the elements of a page.

    That one prunes a copy of the page first. Here the page is looked at as it is, and what stands
    in a part that would be pruned is passed over. The library is asked where an element holds such
    a part, or where there are many.
    """
    if not _AUTHORS or not _NO_AUTHORS:
        return metadata.extract_author(tree)
    for selection in _AUTHORS:
        for count, element in enumerate(selection.each(tree)):
            if count == _MANY:
                return metadata.extract_author(tree)
            if _is_pruned(element, tree):
                continue
            if any(pruned.any_below(element) for pruned in _NO_AUTHORS):
                return metadata.extract_author(tree)
            content = trim(" ".join(element.itertext()))
            if 2 < len(content) < _LONG:
                return normalize_authors(None, content)
    return None


def _is_pruned(element: html.HtmlElement, tree: html.HtmlElement) -> bool:
    """Return whether an element or one around it would be pruned; the root never is."""
    return any(
        up is not tree and any(pruned.holds_of(up) for pruned in _NO_AUTHORS)
        for up in (element, *element.iterancestors())
    )


_PLACES_OF_DATES = (
    (_Place(htmldate, "deepcopy", lambda tree: tree),)
    if version("htmldate") == DATES_WRITTEN_FOR
    else ()
)
_PLACES = _PLACES_OF_DATES + (
    (
        *_selections(),
        _Place(metadata, "JSON_MINIFY", re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")|\s+')),
    )
    if IS_WRITTEN_FOR
    else ()
)
_AUTHORS = _selections_of(xpaths.AUTHOR_XPATHS)
_NO_AUTHORS = _selections_of(xpaths.AUTHOR_DISCARD_XPATHS)

"""The text of an article as trafilatura finds it, in fewer steps than it takes.

Worker side. In its fast mode the library keeps a copy of the page for each of its stages, and
measures the whole page for every short text. Here its own functions are called one by one, in the
order of ``core.trafilatura_sequence`` (2.3.1): the one page in seven that gets to the later stages
is copied once more for them, and the others are known not to by what they show at most.
tests/test_maintext.py compares the two; with another release the library is asked as a whole.

Whatever the library raises on hostile pages is raised. The trees that are given stay as they are.
"""

from __future__ import annotations

from copy import copy

from lxml import etree, html
from trafilatura import bare_extraction, baseline, core, html2txt
from trafilatura.htmlprocessing import convert_tags, tree_cleaning
from trafilatura.main_extractor import extract_content
from trafilatura.settings import Document, Extractor
from trafilatura.xml import delete_element, xmltotxt
from trafilatura.xpaths import RAW_TREE_PRUNE_XPATH, REMOVE_COMMENTS_AND_LISTS_XPATH

from crawler.extraction.quicker import IS_WRITTEN_FOR, any_of

# Made once: to read the library's settings takes as long as to look a page through. Comments are
# not the article; deduplication is off, it makes a text depend on the pages before it.
_FAST = Extractor(output_format="python", fast=True, comments=False)
_RECALL = Extractor(output_format="python", fast=True, comments=False, recall=True)
_FULL = Extractor(output_format="python", comments=False)

# Looked for in one walk, where the library makes three: what it removes first has no part in what
# makes it remove the rest.
_APPENDED = any_of(RAW_TREE_PRUNE_XPATH)
_UNWANTED = any_of([*RAW_TREE_PRUNE_XPATH, *REMOVE_COMMENTS_AND_LISTS_XPATH])

_Found = tuple[etree._Element, str]  # a body and its text


def full_text(tree: html.HtmlElement) -> str:
    """Return the text that trafilatura finds with all its fallbacks; "" when it finds none."""
    return _whole(tree, _FULL)


def baseline_text(tree: html.HtmlElement) -> str:
    """Return the text of trafilatura's simplest reading."""
    _, text, _ = baseline(tree)
    return str(text)


def fast_text(tree: html.HtmlElement, most_chars: int | None) -> str:
    """Return the text that trafilatura's fast mode finds; "" when it finds none.

    ``most_chars``: how long the text is at most that the page shows (``shown``); None: not known.
    """
    if not IS_WRITTEN_FOR:
        return _whole(tree, _FAST)
    found = _found(_pruned(tree), _FAST)
    if not _is_enough(found[1], most_chars):
        found = _extended(_pruned(tree), found)
    body, text = found
    return xmltotxt(body, False) if len(text) >= _FAST.min_output_size else ""


def _whole(tree: html.HtmlElement, options: Extractor) -> str:
    found = bare_extraction(tree, options=options)
    return (found.text or "") if isinstance(found, Document) else ""


def _pruned(tree: html.HtmlElement) -> html.HtmlElement:
    """Return a copy of a page without follow-up articles and, unless it is a forum, comments."""
    work = copy(tree)
    unwanted = _APPENDED if core._forum_thread_page(tree) else _UNWANTED
    for element in unwanted(work):
        delete_element(element)
    return work


def _found(pruned: html.HtmlElement, options: Extractor) -> _Found:
    """Return what the main extractor finds; the tree is used up."""
    return extract_content(convert_tags(tree_cleaning(pruned, options), options), options)


def _is_enough(text: str, most_chars: int | None) -> bool:
    """Return whether it is certain that the library would leave it at this text."""
    if len(text) < _FAST.min_extracted_size:
        return False
    if len(text) >= core.ESCALATION_MAX_LENGTH:
        return True
    return most_chars is not None and len(text) >= core.ESCALATION_PAGE_SHARE * most_chars


def _extended(pruned: html.HtmlElement, found: _Found) -> _Found:
    """Return a text that is found too short, or a longer one; the tree is used up."""
    body, text = found
    if len(text) < _FAST.min_extracted_size:
        simple, simple_text, length = baseline(pruned)
        if length > len(text):
            body, text = simple, simple_text
    small = core.ESCALATION_PAGE_SHARE * len(html2txt(pruned))
    if not (0 < len(text) < core.ESCALATION_MAX_LENGTH and len(text) < small):
        return body, text
    try:
        wider, wider_text = _found(pruned, _RECALL)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  as the library does: the shorter text stands
        return body, text
    longer = core.ESCALATION_ACCEPT_RATIO * len(text)
    if len(wider_text) >= _RECALL.min_extracted_size and len(wider_text) > longer:
        return wider, wider_text
    return body, text

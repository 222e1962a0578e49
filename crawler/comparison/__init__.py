"""Comparing the articles of one source: when are two texts the same, and what differs?"""

from crawler.comparison.change import CHANGES, TOLD, Change, ChangeClass, Edit, EditKind, Measures
from crawler.comparison.comparing import compare
from crawler.comparison.measures import containment, measure
from crawler.comparison.showing import as_ansi, as_html, as_text, phrases
from crawler.comparison.texts import count_words, lines_of, normalise_text, text_digest
from crawler.comparison.wording import Wording, wording_of

__all__ = [
    "CHANGES",
    "TOLD",
    "Change",
    "ChangeClass",
    "Edit",
    "EditKind",
    "Measures",
    "Wording",
    "as_ansi",
    "as_html",
    "as_text",
    "compare",
    "containment",
    "count_words",
    "lines_of",
    "measure",
    "normalise_text",
    "phrases",
    "text_digest",
    "wording_of",
]

"""What a page says of its article: title, author, site and day, as trafilatura reads them.

Worker side. ``trafilatura.extract_metadata`` looks for categories, tags and a licence as well: a
tenth of all extraction went into what nobody here keeps. So its parts are called one by one, in its
order. tests/test_quality.py compares the two on real pages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from html import unescape

from htmldate import find_date
from lxml import html
from trafilatura.metadata import (
    examine_meta,
    extract_meta_json,
    extract_sitename,
    extract_title,
    extract_url,
)
from trafilatura.settings import Document
from trafilatura.utils import line_processing

from crawler.extraction.page import clean_line
from crawler.extraction.quicker import author_of

_MAX_CHARS = 10_000  # of a field
_HOST = re.compile(r"https?://(?:www\.)?([^/]+)")
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
_PROGRAM = re.compile(r"ld\+json|settings\+json")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page says of its article, each None where it says nothing."""

    title: str | None
    author: str | None
    site: str | None
    published_on: str | None  # calendar date


def read_metadata(tree: html.HtmlElement, markup: str, *, url: str, fetched_on: str) -> Metadata:
    """Return the metadata of a page; the tree is used up.

    What hostile markup makes of the libraries is raised.
    """
    _defuse(tree)
    about = examine_meta(tree)
    if about.author and " " not in about.author:  # a login or an agency, not a person
        about.author = None
    about = _with_json(tree, about)
    author = about.author or author_of(tree)
    address = about.url or extract_url(tree, url)
    title = about.title or extract_title(tree)
    name = about.sitename or extract_sitename(tree)
    day = find_date(  # the last: it clears the page out
        tree,
        original_date=True,
        extensive_search=True,  # right on 899 of 989 labelled pages; 868 without
        max_date=last_possible_day(fetched_on),
        url=address,
    )
    return Metadata(
        title=_field(title),
        author=_field(author),
        site=_field(_site(name, address)),
        published_on=_stated(day, url, markup),
    )


def _with_json(tree: html.HtmlElement, about: Document) -> Document:
    """Return the metadata with what JSON-LD adds to it, as far as it can be read."""
    try:
        return extract_meta_json(tree, about)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  JSON of any shape; what was read before it stands
        return about


def _site(name: str | None, address: str | None) -> str | None:
    """Return a site's name; without one, its host."""
    if name:
        name = name.lstrip("@")  # of Twitter
        is_name = "." in name or not name or name[0].isupper()
        return name if is_name else name.title()
    host = _HOST.match(address or "")
    return host[1] if host else None


def _field(text: str | None) -> str | None:
    return clean_line(line_processing(unescape(text[:_MAX_CHARS]))) if text else None


def last_possible_day(fetched_on: str) -> str:
    """Return the last day on which anybody could publish what was fetched on a UTC day."""
    return (date.fromisoformat(fetched_on) + timedelta(days=1)).isoformat()  # tomorrow in Seoul


def _stated(day: str | None, url: str, markup: str) -> str | None:
    """Return a date that a page states; None for the first of a month that stands for all of it.

    htmldate 1.11 makes one of any year or month that it finds, copyright notes included. Of 59 such
    dates in 1,364 saved pages all that are known to be right are stated in one of these forms.
    """
    if day is None or not day.endswith("-01"):
        return day
    year, month = day[:4], int(day[5:7])
    # no digit before; said afterwards, because what begins with letters is looked for in a third
    # of the time
    first = r"(?:01(?<!\d01)|1(?<!\d1))"
    its_month = rf"(?:0{month}(?<!\d0{month})|{month}(?<!\d{month}))"
    forms = (
        rf"{year}\D{{0,2}}0?{month}\D{{1,2}}0?1(?!\d)|{year}{month:02}01",  # 2020-03-01
        rf"{first}\D0?{month}\D{year}|{its_month}\D0?1\D{year}",
        rf"{first}(?:st|er|º|\.)?\s+(?:de\s+)?\S{{3,12}}\s+(?:de\s+)?{year}",  # 1st March 2020
        rf"{first}(?:st)?,?\s+{year}",  # March 1, 2020
    )
    stated = re.compile("|".join(forms))
    return day if stated.search(url) or stated.search(markup) else None


def _defuse(tree: html.HtmlElement) -> None:
    """Empty the JSON scripts on which trafilatura's JSON_MINIFY would take minutes.

    That expression (2.3.1, metadata.py:47) tries every quote after a string without an end up to
    the end of the script: 26 kB with 12,500 quotes took 5.4 s, 1 MB would take two hours. Such
    JSON cannot be parsed anyway. Delete this when it is linear upstream.
    """
    for script in tree.iter("script"):
        if _PROGRAM.search(script.get("type") or "") and script.text:
            rest = script.text[_end_of_strings(script.text) :]
            if rest.count('"') * len(rest) > 20_000_000:  # 0.3 s
                script.text = None


def _end_of_strings(text: str) -> int:
    """Return where the first string begins that has no end; the length of the text when all have.

    One expression could say it, but Python 3.11.2 lets a possessive group match too little.
    """
    at = text.find('"')
    while at >= 0:
        string = _STRING.match(text, at)
        if string is None:
            return at
        at = text.find('"', string.end())
    return len(text)

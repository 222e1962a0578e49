"""Reader of a plain list: one URL a line, a label after a tab or blank, ``#`` for comments."""

from __future__ import annotations

import re

from crawler.entries.citations import CitedLink, build_citations, shorten
from crawler.entries.drafts import is_web_address
from crawler.entries.references.listing import file_name
from crawler.errors import NothingFound
from crawler.items import Entry, ReadingWarning

READER = "url-list"

_LINE = re.compile(r"[ \t]*<?(https?://[^\s<>]+)>?[ \t]*(.*)", re.IGNORECASE)
# A URL may hold a blank where a "+" or "%20" should be: what follows it is then no label but the
# rest of a query, one word with a parameter and a further one or an escape in it.
_BROKEN_QUERY = re.compile(
    r"[ \t]*(https?://[^\s<>]+ [^\s<>=]+=(?=[^\s<>]*[&%])[^\s<>]+)[ \t]*()", re.IGNORECASE
)
_URL_START = re.compile(r"[ \t]*<?https?://\S", re.IGNORECASE)


def looks_like_url_list(text: str) -> bool:
    """Whether at least half of the lines that are no comments begin with a URL."""
    lines = [line for line in text.split("\n") if _says_something(line)]
    return bool(lines) and 2 * sum(1 for line in lines if _URL_START.match(line)) >= len(lines)


def read_url_list(text: str, locator: str) -> Entry:
    """Return the list as one entry without date, titled by its file's name.

    Raises NothingFound when no line holds a URL.
    """
    links: list[CitedLink] = []
    warnings: list[ReadingWarning] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not _says_something(line):
            continue
        match = _BROKEN_QUERY.fullmatch(line) or _LINE.fullmatch(line)
        if match:
            links.append(CitedLink(match[2].strip(), match[1]))
        else:
            detail = f"Line {number} begins with no URL: {shorten(line.strip())!r}."
            warnings.append(ReadingWarning("not-a-url", detail))
    if not links:
        raise NothingFound(locator, "no line in it begins with an http or https URL")
    citations, unresolved = build_citations(links, None, None)
    return Entry(
        locator=locator,
        reader=READER,
        headline=file_name(locator),
        url=locator if is_web_address(locator) else None,
        citations=citations,
        warnings=tuple(warnings + unresolved),
    )


def _says_something(line: str) -> bool:
    stripped = line.strip()
    return bool(stripped) and not stripped.startswith("#")

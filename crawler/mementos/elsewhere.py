"""Under which other addresses to look for an article, once those that are known brought nothing.

A memento may be no copy of the page and yet name it: a stub that redirects, a printed or mobile
form, by its canonical URL. Many sites name their home page or a section in all of them, and some a
placeholder of the software that they run on; so a name must look like that of the article.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from crawler.errors import UrlError
from crawler.mementos.choosing import folded
from crawler.urls import parse_url
from crawler.urls.alternates import SAME_DOCUMENT, Form, alternates, plain_host
from crawler.urls.identity import split_href, without_tracking

FURTHER_MAX: Final = 4  # questions to an index for one source and archive
NAMED_MAX: Final = 2  # of them, for addresses that mementos name

FoundBy = Literal["named-canonical"] | Form
# What no article is called; where a site sends what it does not find, or whom it does not let in.
_NO_ARTICLE: Final = frozenset(
    {"404", "error", "errors", "notfound", "not-found", "login", "signin", "sign-in", "consent",
     "captcha", "search", "index.html", "index.htm", "index.php", "home", "default.aspx"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Further:
    """An address to look under, and how it was come by."""

    url: str
    found_by: FoundBy

    @property
    def is_another_page(self) -> bool:
        """Whether what is found there is not the cited document itself, but one that stands for it.

        Google's viewer shows the document itself, and resolvers of a DOI lead to the same.
        """
        return self.found_by not in SAME_DOCUMENT


def further(
    url: str, *, known: Iterable[str] = (), named: Iterable[str] = ()
) -> tuple[Further, ...]:
    """Return where else to look for a source: what mementos name, then its alternates.

    ``known`` are the addresses under which was looked already; raises nothing for a broken one.
    """
    seen = {key for each in (url, *known) if (key := _key(each)) is not None}
    found: list[Further] = []
    for each in _every(url, tuple(named)):
        key = _key(each.url)
        if key is not None and key not in seen:
            seen.add(key)
            found.append(each)
    return tuple(found[:FURTHER_MAX])


def _key(url: str) -> str | None:
    try:
        return folded(without_tracking(url))
    except UrlError:
        return None


def _every(url: str, named: tuple[str, ...]) -> Iterator[Further]:
    canonical = [each for each in named if could_be_the_page(each, url)]
    yield from (Further(each, "named-canonical") for each in canonical[:NAMED_MAX])
    try:
        yield from (Further(each.url, each.form) for each in alternates(url))
    except UrlError:
        return


def could_be_the_page(named: str, url: str) -> bool:
    """Tell whether an address that a memento names could be that of the cited article.

    On the same site (in whatever dress), no home page, no folder above the article, and not the
    article's path without the query that tells it from its neighbours.
    """
    try:
        authority, path, query = split_href(parse_url(named))
        own_authority, own_path, own_query = split_href(without_tracking(url))
        plain = {split_href(each.url)[1] for each in alternates(url) if each.form == "plain"}
    except UrlError:
        return False
    names = [name.lower() for name in path.split("/") if name]
    if plain_host(authority) != plain_host(own_authority):
        return False
    if any(name in _NO_ARTICLE for name in names):
        return False
    if not names:
        return query is not None and any(character.isdigit() for character in query)
    folder = path.rstrip("/")
    if own_path != path and own_path.startswith(folder + "/") and folder not in {
        each.rstrip("/") for each in plain
    }:  # fmt: skip
        return own_path.rstrip("/") == folder
    return not (own_path.rstrip("/") == folder and own_query is not None and query is None)

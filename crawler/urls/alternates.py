"""Other addresses under which a site shows the same article: AMP, mobile, print, whole, DOI.

Nothing here is asked for by itself: an archive may hold a page under one of them, and what it holds
must prove to be the article. The forms are those of the AMP cache (amp.dev, "AMP Cache URL
format"), of Google's viewer, of doi.org, and what sites are seen to use; a form that is no more
than a guess for the site at hand stands behind those that the URL itself shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from crawler.errors import UrlError
from crawler.urls.identity import parse_url, split_href, urlkey

Form = Literal["wrapped", "resolver", "doi", "plain", "amp", "mobile", "whole"]
# What is the very same document under another name; the others are dresses of it.
SAME_DOCUMENT: Final[frozenset[Form]] = frozenset({"wrapped", "resolver"})
ALTERNATES_MAX: Final = 4

_GOOGLE = re.compile(r"(?:www\.)?google\.(?:[a-z]{2,3}|com?\.[a-z]{2})", re.IGNORECASE)
_AMP_CACHE = re.compile(r"(?:[a-z0-9-]+\.)?cdn\.ampproject\.org", re.IGNORECASE)
_IN_CACHE = re.compile(r"/[cv]/(s/)?([^/?]+\.[^/?]+)(/.*)?", re.IGNORECASE)
_IN_VIEWER = re.compile(r"/amp/(s/)?([^/?]+\.[^/?]+)(/.*)?", re.IGNORECASE)
_DOI_IN_PATH = re.compile(r"/(10\.\d{4,9}/[^?#]+)", re.IGNORECASE)
_DOI_HOSTS: Final = ("doi.org", "dx.doi.org", "www.doi.org")
# Behind a DOI in the paths of publishers; a DOI may hold a slash itself.
_AFTER_DOI = re.compile(
    r"(?:/(?:abstract|full|fulltext|pdf|epdf|epub|html|meta|summary|references|tables|figures)"
    r"|\.(?:pdf|full|abstract|long|short))+/?$",
    re.IGNORECASE,
)
_LABELS_OF_DRESS: Final = frozenset({"amp", "m", "mobile", "touch", "wap", "print"})
_SEGMENTS_OF_DRESS: Final = frozenset({"amp", "print", "printable"})
_YES: Final = frozenset({"", "1", "true", "yes", "y", "on"})
# Parameters that ask for another dress of a page, with the values that do so; None: whatever it is.
_PARAMETERS: Final[dict[str, frozenset[str]]] = {
    "amp": _YES | {"amp"},
    "outputtype": frozenset({"amp"}),
    "output": frozenset({"amp", "print"}),
    "view": frozenset({"amp", "print", "mobile"}),
    "print": _YES,
    "printable": _YES,
    "printerfriendly": _YES,
    "mode": frozenset({"print"}),
    "pagewanted": frozenset({"all", "print"}),
    "single": frozenset({"1", "true"}),
    "singlepage": frozenset({"1", "true"}),
    "page": frozenset({"all"}),
}
# Sites that part long articles into pages, and the parameter that undoes it.
_WHOLE: Final = {"nytimes.com": "pagewanted=all"}
_PAGE_NAME = re.compile(r"\.(?:html?|php|aspx?|jsp)$", re.IGNORECASE)
_NO_PAGE = re.compile(
    r"\.(?:pdf|jpe?g|png|gif|svg|mp[34]|zip|gz|xml|json|docx?|xlsx?|txt|csv)$", re.I
)


@dataclass(frozen=True, slots=True)
class Alternate:
    """Another address of an article."""

    url: str
    form: Form


def alternates(url: str, *, at_most: int = ALTERNATES_MAX) -> tuple[Alternate, ...]:
    """Return the other addresses that an article may have, the likeliest first.

    What a URL shows of itself comes before what is guessed: an AMP page has a plain one, a plain
    one may have an AMP page. Nothing for a home page. Raises UrlError as `parse_url` does.
    """
    href = parse_url(url)
    seen = {urlkey(href)}
    found: list[Alternate] = []
    for each in _every(href):
        key = _key(each.url)
        if key is not None and key not in seen:
            seen.add(key)
            found.append(each)
    return tuple(found[:at_most])


def plain_host(host: str) -> str:
    """Return a host without the labels that stand for a dress: ``en.m.a.org`` is ``en.a.org``.

    A name that would have but one label left stays: ``m.com`` is a site.
    """
    labels = host.lower().split(".")
    kept = [label for label in labels[:-2] if label not in _LABELS_OF_DRESS | {"www"}]
    return ".".join([*kept, *labels[-2:]])


def _key(url: str) -> str | None:
    try:
        return urlkey(url)
    except UrlError:
        return None


def _every(href: str) -> Iterator[Alternate]:
    inner = _unwrapped(href)
    if inner is not None:
        yield Alternate(inner, "wrapped")
        href = inner
    doi = list(_by_doi(href))
    yield from doi
    plain = _plain(href)
    if plain is not None:
        yield Alternate(plain, "plain")
    if not doi:
        yield from _guessed(plain or href)


# ------------------------------------------------------------------ what a URL shows of itself


def _unwrapped(href: str) -> str | None:
    """Return the page that Google's AMP cache or viewer shows; None: it is neither."""
    authority, path, query = split_href(href)
    if _AMP_CACHE.fullmatch(authority):
        match = _IN_CACHE.fullmatch(path)
    elif _GOOGLE.fullmatch(authority):
        match = _IN_VIEWER.fullmatch(path)
    else:
        return None
    if match is None:
        return None
    scheme = "https" if match[1] else "http"
    return _joined(scheme, match[2], match[3] or "/", query)


def _by_doi(href: str) -> Iterator[Alternate]:
    authority, path, _ = split_href(href)
    match = _DOI_IN_PATH.search(path)
    if match is None:
        return
    name = _AFTER_DOI.sub("", match[1]).rstrip("/")
    if "/" not in name:  # the prefix alone names a publisher
        return
    hosts = [host for host in _DOI_HOSTS[:2] if host != authority]
    form: Form = "resolver" if authority in _DOI_HOSTS else "doi"
    yield from (Alternate(f"https://{host}/{name}", form) for host in hosts)


def _plain(href: str) -> str | None:
    """Return a page without its dress: AMP, mobile, print, all pages in one; None: it has none."""
    authority, path, query = split_href(href)
    host, colon, port = authority.partition(":")
    bare = _without_label(host)
    cut = _plain_path(path)
    kept = _plain_query(query)
    if (bare, cut, kept) == (host, path, query) or (cut == "/" and not kept):
        return None
    return _joined(href.partition(":")[0], bare + colon + port, cut, kept)


def _without_label(host: str) -> str:
    """Return a host without the label of a dress; with ``www.`` where that label stood first."""
    labels = host.split(".")
    if len(labels) < 3 or all(part.isdigit() for part in labels):
        return host
    if labels[0] in _LABELS_OF_DRESS:
        rest = labels[1:]
        return ".".join(rest if len(rest) > 2 else ["www", *rest])
    if len(labels) > 3 and labels[1] in _LABELS_OF_DRESS:  # en.m.wikipedia.org
        return ".".join([labels[0], *labels[2:]])
    return host


def _plain_path(path: str) -> str:
    segments = path.split("/")  # the first is empty
    has_slash = len(segments) > 2 and segments[-1] == ""
    names = segments[1:-1] if has_slash else segments[1:]
    if len(names) > 1 and names[-1].lower() in _SEGMENTS_OF_DRESS:
        names = names[:-1]
    elif len(names) > 2 and names[0].lower() in _SEGMENTS_OF_DRESS:
        names = names[1:]
    elif names:
        names = [*names[:-1], re.sub(r"\.(?:amp|print)(?=\.html?$|$)", "", names[-1], flags=re.I)]
    return "/" + "/".join(names) + ("/" if has_slash else "")


def _plain_query(query: str | None) -> str | None:
    if query is None:
        return None
    kept = [part for part in query.split("&") if not _is_dress(part)]
    return "&".join(kept) if kept else None


def _is_dress(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    values = _PARAMETERS.get(name.lower())
    return values is not None and value.lower() in values


# ------------------------------------------------------------------ what a site may have


def _guessed(href: str) -> Iterator[Alternate]:
    """Yield what a plain page may be called in another dress; of articles only."""
    authority, path, query = split_href(href)
    if not _is_article(path, query):
        return
    guesses: tuple[tuple[Form, Callable[[], str | None]], ...] = (
        ("whole", lambda: _whole(href, authority, path, query)),
        ("amp", lambda: _amp(href, authority, path, query)),
        ("mobile", lambda: _mobile(href, authority, path, query)),
    )
    for form, guess in guesses:
        address = guess()
        if address is not None:
            yield Alternate(address, form)


def _is_article(path: str, query: str | None) -> bool:
    """Tell whether a path could be an article's: no home page, no folder of one word, no file."""
    names = [name for name in path.split("/") if name]
    if not names or _NO_PAGE.search(path):
        return False
    last = names[-1]
    return len(names) > 2 or query is not None or "-" in last or any(c.isdigit() for c in last)


def _whole(href: str, authority: str, path: str, query: str | None) -> str | None:
    parameter = _WHOLE.get(plain_host(authority))
    if parameter is None:
        return None
    return _joined(href.partition(":")[0], authority, path, f"{query}&{parameter}" if query else
                   parameter)  # fmt: skip


def _amp(href: str, authority: str, path: str, query: str | None) -> str | None:
    if query is not None:
        return None
    scheme = href.partition(":")[0]
    if _PAGE_NAME.search(path):
        return _joined(scheme, authority, _PAGE_NAME.sub(r".amp\g<0>", path), None)
    slash = "/" if path.endswith("/") else ""
    return _joined(scheme, authority, f"{path.rstrip('/')}/amp{slash}", None)


def _mobile(href: str, authority: str, path: str, query: str | None) -> str | None:
    host = authority.removeprefix("www.")
    if ":" in host or host.count(".") != 1 or host.replace(".", "").isdigit():
        return None  # news.example.com has no m.news.example.com that anybody has seen
    return _joined(href.partition(":")[0], f"m.{host}", path, query)


def _joined(scheme: str, authority: str, path: str, query: str | None) -> str | None:
    text = f"{scheme}://{authority}{path}" + (f"?{query}" if query is not None else "")
    try:
        return parse_url(text)
    except UrlError:
        return None

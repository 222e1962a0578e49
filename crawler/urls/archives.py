"""Looks through the links of web archives: which resource, captured when, by whom."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crawler.errors import UrlError
from crawler.urls.archive_links import ARCHIVES, instant_of_stamp, original_of
from crawler.urls.identity import MAX_URL_BYTES, host_of, parse_url, strip_edges


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """What an archive link says about the capture behind it."""

    original: str | None  # URL to fetch; None: only a short code, or nothing that can be fetched
    archived_at: str | None  # instant of the capture; None when the link does not tell
    archive: str  # host by which the archive is known: "web.archive.org", "archive.today"


def unwrap_archive_url(url: str) -> Unwrapped | None:
    """Return what lies behind a web archive's link; None when it is no such link, or no URL.

    A capture of a capture is unwrapped down to the last link. Instant and archive are those of
    that innermost link, because what the reader sees is its content; where it has no instant, the
    next one outward is taken, which is the latest that the content can be. A partial stamp means
    its beginning: 2017 is 2017-01-01. An archive's own pages (front page, `/details/`) wrap
    nothing. A slug whose slashes became dashes (`https:--web.archive.org-web-2017…-http:--host`)
    keeps its instant, and has an original only when it holds no dash to guess about.
    """
    text = strip_edges(url)
    if _DASHED.match(text):
        return _unwrap_dashed(text) if len(text) <= MAX_URL_BYTES else None
    try:
        href = parse_url("https:" + text if text.startswith("//") else text)
    except UrlError:
        return None
    found: Unwrapped | None = None
    while layer := _read_link(href):
        found = _inside(found, layer)
        # Each layer takes away at least a host; the comparison makes sure that this ends.
        if layer.original is None or len(layer.original) >= len(href):
            break
        href = layer.original
    return found


def _inside(outer: Unwrapped | None, inner: Unwrapped) -> Unwrapped:
    """Return what the inner link says, with the outer's instant where it has none."""
    if outer is None or inner.archived_at:
        return inner
    return Unwrapped(inner.original, outer.archived_at, inner.archive)


def _read_link(href: str) -> Unwrapped | None:
    """Return the outermost layer of a URL that `parse_url` returned."""
    known = ARCHIVES.get(host_of(href).removeprefix("www."))
    link = known.read(href.split("/", 3)[3]) if known else None
    if known is None or link is None:
        return None
    original = original_of(link.target) if link.target else None
    return Unwrapped(original, link.archived_at, known.name)


# Real headlines hold such slugs: [http:--host-a (url=https:--web.archive.org-web-2014…-http:--…)]
_DASHED = re.compile(r"https?:--(?:www\.)?", re.IGNORECASE)
_DASHED_INNER = re.compile(r"-(?=https?:--)", re.IGNORECASE)
_DASHED_STAMP = re.compile(r"-(\d{4,14})(?:[a-z]{2,3}_)?(?=-|$)")
_DASHED_HOST = re.compile(r"(https?):--([^-]+)(-?)", re.IGNORECASE)


def _unwrap_dashed(text: str) -> Unwrapped | None:
    layers = _DASHED_INNER.split(text)
    found: Unwrapped | None = None
    for depth, slug in enumerate(layers):
        layer = _read_dashed_link(slug, is_last=depth == len(layers) - 1)
        if layer is None:
            # No archive, so this and all that follows is the original. "http:--example.org-" can
            # only be a host and a slash; a dash further on may have been either.
            host = _DASHED_HOST.fullmatch("-".join(layers[depth:]))
            if found and host:
                original = original_of(f"{host[1]}://{host[2]}{host[3] and '/'}")
                found = Unwrapped(original, found.archived_at, found.archive)
            return found
        found = _inside(found, layer)
    return found


def _read_dashed_link(slug: str, *, is_last: bool) -> Unwrapped | None:
    head = _DASHED.match(slug)
    rest = slug[head.end() :] if head else slug
    lowered = rest.lower()
    host = next((host for host in ARCHIVES if lowered.startswith(host + "-")), None)
    if host is None:
        return None
    tail = rest[len(host) :]
    # The longest: numbers of a collection or of the original's path may stand beside it.
    stamp = max(_DASHED_STAMP.findall(tail), key=len, default="")
    if stamp or not is_last:
        return Unwrapped(None, instant_of_stamp(stamp), ARCHIVES[host].name)
    # Neither stamp nor URL: a short code, or a page of the archive. Only the first dash is a slash.
    try:
        return _read_link(parse_url(f"https://{host}/{tail[1:]}"))
    except UrlError:
        return None

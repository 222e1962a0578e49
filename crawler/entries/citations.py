"""From a link in an entry's sources to a Citation: its role, the URL behind it, its label read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from typing import NamedTuple

from crawler.entries.headings import is_cover
from crawler.entries.labels import clean_label, read_label
from crawler.errors import UrlError
from crawler.items import Citation, ReadingWarning, Role
from crawler.urls import parse_url, same_site, unwrap_archive_url

_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*:")
_ENTITY = re.compile(r"&(?:amp|quot|apos|lt|gt|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_ANY_BASE = "https://localhost/"  # gives "//host/…" its scheme
_PLACEHOLDER = re.compile(r"\$\{|\{\{|<%")  # a template of the cited site that was never filled


class CitedLink(NamedTuple):
    """A link as it stood among an entry's sources."""

    label: str
    target: str
    is_cover: bool = False  # known from its form; a label can say it too
    beside: str | None = None  # the source on whose line an image stood
    context: str | None = None  # the paragraph of running text that it stood in
    cited_on: str | None = None  # the day that stands beside it; None: the entry's date counts
    basis: str = "explicit"  # of that day
    original: str | None = None  # what it is a copy of, where the page says so itself
    copied_on: str | None = None  # the day of that copy, as the page has it
    agency: str | None = None  # where the page names it apart from the label; then the label is a
    publisher: str | None = None  # title and names neither; "" for one that is not told


class _Resolved(NamedTuple):
    """What a link leads to."""

    url: str | None
    role: Role
    archived_at: str | None = None
    warning: ReadingWarning | None = None


def build_citations(
    links: Sequence[CitedLink], base: str | None, cited_on: str | None
) -> tuple[tuple[Citation, ...], list[ReadingWarning]]:
    """Return one citation a link, positions counted from 1, and what could not be resolved."""
    citations: list[Citation] = []
    warnings: list[ReadingWarning] = []
    for position, link in enumerate(links, start=1):
        resolved = _resolve(link, base)
        citations.append(_citation(link, resolved, position, cited_on))
        if resolved.warning:
            warnings.append(resolved.warning)
    return tuple(citations), warnings


def _citation(
    link: CitedLink, resolved: _Resolved, position: int, cited_on: str | None
) -> Citation:
    label, agency, publisher = read_label(link.label)
    if resolved.role == "cover":
        label, agency, publisher = clean_label(link.label), None, None
    if link.agency is not None or link.publisher is not None:
        agency, publisher = link.agency or None, link.publisher or None
    return Citation(
        position=position,
        url_as_cited=link.target,
        url=resolved.url,
        role=resolved.role,
        label_raw=link.label,
        label=label,
        agency=agency,
        publisher=publisher,
        context=link.context,
        archived_at=resolved.archived_at,
        cited_on=link.cited_on or cited_on,
        cited_on_basis=link.basis if link.cited_on else "entry" if cited_on else None,
    )


def _resolve(link: CitedLink, base: str | None) -> _Resolved:
    if link.is_cover or is_cover(link.label):
        return _resolve_cover(link, base)
    if link.original is not None:
        return _resolve_copy(link, link.original)
    target = _decoded(link.target.strip())
    if _SCHEME.match(target) or target.startswith("//"):
        return _resolve_absolute(target, base)
    if target[:4].casefold() == "www.":
        return _resolve_absolute(f"http://{target}", base)
    url = _parsed(target, base) if base else None
    return _Resolved(url, "internal", warning=None if url else _unresolvable(target, "no base URL"))


def _decoded(target: str) -> str:
    """Return the address with ``&amp;`` and its like decoded; ``?a=1&copy=2`` holds no entity."""
    if "&" in target and ";" in target:
        return _ENTITY.sub(lambda match: unescape(match[0]), target)
    return target


def _resolve_absolute(target: str, base: str | None) -> _Resolved:
    try:
        # "//host/…" leans on the page's scheme; where the page is a file, https is the better guess
        url = parse_url(target, (base or _ANY_BASE) if target.startswith("/") else None)
    except UrlError as exc:
        dashed = _resolve_wrapped(target) if ":--" in target else None
        return dashed or _Resolved(None, "source", warning=_unresolvable(target, exc.reason))
    archived = _resolve_wrapped(url)
    if archived:
        return archived
    return _Resolved(url, "internal" if base and _same_site(url, base) else "source")


def _resolve_wrapped(url: str) -> _Resolved | None:
    """Return what an archive's link leads to; None when it is no such link."""
    unwrapped = unwrap_archive_url(url)
    if unwrapped is None:
        return None
    warning = None if unwrapped.original else _no_original(url, unwrapped.archive)
    return _Resolved(unwrapped.original, "archive-of", unwrapped.archived_at, warning)


def _resolve_copy(link: CitedLink, original: str) -> _Resolved:
    """Return what a copy leads to, of which the page names the original beside it.

    What the link itself tells is nearer to it; a short code tells nothing, nor does an archive that
    nobody here knows.
    """
    target, said = _parsed(link.target.strip(), None), _parsed(original.strip(), None)
    inner = unwrap_archive_url(said) if said else None
    copy = unwrap_archive_url(target) if target else None
    url = (copy.original if copy else None) or (inner.original if inner else said)
    told = f"{link.copied_on}T00:00:00Z" if link.copied_on else None
    archived_at = (copy.archived_at if copy else None) or told
    if target is None:
        return _Resolved(url, "archive-of", archived_at, _unresolvable(link.target, "no URL"))
    warning = None if url else _no_original(link.target, copy.archive if copy else "archive's")
    return _Resolved(url, "archive-of", archived_at, warning)


def _resolve_cover(link: CitedLink, base: str | None) -> _Resolved:
    """Covers are decoration: what cannot be resolved is left out without a warning.

    An image on a source's line was found in that source's page (``[IMG](/media/photo.jpg)``), so
    it is resolved against it, unless it lies in the entry site's own image folder.
    """
    target = _decoded(link.target.strip())
    if _PLACEHOLDER.search(target):
        return _Resolved(None, "cover")
    if link.beside and not target.startswith("/image/"):
        base = link.beside
    url = _parsed(target, base or (_ANY_BASE if target.startswith("//") else None))
    archived = _resolve_wrapped(url) if url else None
    if archived:
        return archived._replace(role="cover", warning=None)
    return _Resolved(url, "cover")


def _parsed(target: str, base: str | None) -> str | None:
    try:
        return parse_url(target, base)
    except UrlError:
        return None


def _same_site(url: str, base: str) -> bool:
    try:
        return same_site(url, base)
    except UrlError:
        return False


def _unresolvable(target: str, reason: str) -> ReadingWarning:
    return ReadingWarning(
        "unresolvable-url", f"The cited address {shorten(target)!r} leads nowhere: {reason}."
    )


def _no_original(target: str, archive: str) -> ReadingWarning:
    return ReadingWarning(
        "unknown-original",
        f"The {archive} link {shorten(target)!r} does not tell which page it is a copy of.",
    )


def shorten(text: str, limit: int = 120) -> str:
    """Return the text, cut with an ellipsis where it is longer than ``limit`` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"

"""Places of the web: hosts with what lies below them, or parts of hosts; and which hold a URL.

A place is what a person names who wants nothing fetched from there. It is compared as sources are:
scheme, case of the host, escapes and tracking parameters do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawler.errors import UrlError, UsageError
from crawler.urls.archives import unwrap_archive_url
from crawler.urls.identity import host_of, parse_url, urlkey

_SCHEMES = ("http://", "https://")
_PORTS = (80, 443)  # a source is the same by either scheme


@dataclass(frozen=True, slots=True)
class Place:
    """A host, its subdomains included, on any port unless one is named; or what lies there below
    a path, up to a query where the place names one.
    """

    host: str  # punycode, lower case
    port: int | None = None  # None: any
    path: str = ""  # without a slash at its end; empty: all of the host
    query: str | None = None  # the whole query, or its first parameters; None: any

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        query = "" if self.query is None else f"?{self.query}"
        path = self.path or ("/" if query else "")
        return f"{self.host}{port}{path}{query}"


@dataclass(frozen=True, slots=True)
class _Address:
    """A URL as places are compared with it."""

    host: str
    port: int
    path: str
    query: str | None

    @classmethod
    def of(cls, url: str) -> _Address:
        """Return the parts of a URL. Raises UrlError."""
        href = parse_url(url)
        path, mark, query = urlkey(href).partition(")")[2].partition("?")
        port = urlsplit(href).port or (443 if href.startswith("https:") else 80)
        return cls(host_of(href), port, path, query if mark else None)

    def lies_in(self, place: Place) -> bool:
        """Tell whether it lies in a place whose host is its own or one above it."""
        if place.port not in (None, self.port):
            return False
        if place.query is not None:
            return (
                self.path.rstrip("/") == place.path
                and self.query is not None
                and f"{self.query}&".startswith(f"{place.query}&")
            )
        return f"{self.path}/".startswith(f"{place.path}/")


def parse_place(text: str) -> Place:
    """Return the place that a person names: ``example.org``, ``https://example.org/archive/``.

    The ports 80 and 443 count as none. Raises UsageError with a sentence that says what to write
    instead.
    """
    stripped = text.strip()
    if "*" in stripped:
        raise UsageError(
            f"{text!r}: a place has no wildcards; a host stands for its subdomains, a path for"
            " what lies below it"
        )
    has_scheme = stripped.lower().startswith(_SCHEMES)
    try:
        href = parse_url(stripped if has_scheme or "://" in stripped else f"http://{stripped}")
    except UrlError as exc:
        raise UsageError(
            f"{text!r} is no place on the web ({exc.reason}): write a host, example.org, or the"
            " beginning of an address, https://example.org/archive/"
        ) from exc
    host, named = host_of(href), _Address.of(href)
    is_bare = not has_scheme and "." not in stripped.partition("/")[0] and host != "localhost"
    if is_bare and not host.startswith("["):
        raise UsageError(
            f"{text!r} could be anything: for a host of that name write http://{host}/"
        )
    port = None if named.port in _PORTS else named.port
    return Place(host, port, named.path.rstrip("/"), named.query)


class Places:
    """Some places, to be asked which of them a URL lies in; the first of them is answered."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._of_host: dict[str, list[tuple[int, Place]]] = {}
        for number, place in enumerate(places):
            self._of_host.setdefault(place.host, []).append((number, place))

    def __bool__(self) -> bool:
        return bool(self._of_host)

    def holding(self, url: str) -> Place | None:
        """Return the place that a URL lies in, or that lies behind a web archive's link.

        None: none does, or it is no URL.
        """
        if not self._of_host:
            return None
        found = self._holding(url)
        if found is None and (link := unwrap_archive_url(url)) is not None and link.original:
            found = self._holding(link.original)
        return found

    def _holding(self, url: str) -> Place | None:
        try:
            address = _Address.of(url)
        except UrlError:
            return None
        fitting = [
            (number, place)
            for host in _hosts_above(address.host)
            for number, place in self._of_host.get(host, ())
            if address.lies_in(place)
        ]
        return min(fitting, key=lambda each: each[0])[1] if fitting else None


def _hosts_above(host: str) -> Iterable[str]:
    """Return a host and those whose subdomain it is. One of a single label has none below it."""
    labels = host.split(".")
    yield host
    yield from (".".join(labels[first:]) for first in range(1, len(labels) - 1))

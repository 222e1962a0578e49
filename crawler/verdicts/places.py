"""Addresses as the rules look at them: host, path, and whether one lies above another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_INDEX = re.compile(r"^(?:index|default|home|start|main)(?:\.[a-z]{2,5})?$", re.IGNORECASE)
_LANGUAGE = re.compile(r"^[a-z]{2}(?:[-_][a-z]{2,4})?$", re.IGNORECASE)
_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}$", re.IGNORECASE)

_WORDS = re.compile(r"[^\w]+|_")


@dataclass(frozen=True, slots=True)
class Place:
    """An address in parts."""

    host: str  # lower case, without "www."
    steps: tuple[str, ...]  # parts of the path, decoded
    query: str

    @property
    def depth(self) -> int:
        """How far below the root: a name of a language or an index page does not count."""
        steps = self.steps
        if steps and _INDEX.match(steps[-1]):
            steps = steps[:-1]
        if steps and _LANGUAGE.match(steps[0]):
            steps = steps[1:]
        return len(steps)

    @property
    def is_root(self) -> bool:
        """Whether it is the home page of its host."""
        return self.depth == 0 and not self.query

    @property
    def slug(self) -> str:
        """The last part of the path without its suffix: what most often names the article."""
        return _SUFFIX.sub("", self.steps[-1]).lower() if self.steps else ""


def place_of(url: str) -> Place:
    """Return an address in parts; of what cannot be split, an empty one."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return Place("", (), "")
    steps = tuple(unquote(step) for step in parts.path.split("/") if step)
    return Place(host, steps, parts.query)


def same_place(one: Place, other: Place) -> bool:
    """Return whether two addresses differ in scheme, ``www.`` or a slash at the end at most."""
    return one == other


def lies_above(upper: Place, lower: Place) -> bool:
    """Return whether an address is shallower than another: its root, its section, or higher up.

    A path that keeps the name of the article (``/2017/03/x.html`` to ``/x``) is not above.
    """
    if upper.is_root:
        return not lower.is_root
    if _keeps_name(upper.slug, lower.slug):
        return False
    return upper.depth < lower.depth


def _keeps_name(slug: str, name: str) -> bool:
    """Return whether half of the words of a slug stand in another one."""
    words = {word for word in _WORDS.split(name) if len(word) > 2}
    return 2 * len(words.intersection(_WORDS.split(slug))) >= len(words) > 0


def site_of(host: str) -> str:
    """Return the name under which hosts belong together, roughly: the last two labels.

    Of names such as ``example.co.uk`` three. No list of public suffixes: this only weighs signs.
    """
    labels = host.split(".")
    if labels[-1].isdigit():  # an address
        return host
    wide = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if wide else labels[-2:])


_SECOND_LEVEL = frozenset(
    {"co", "com", "org", "net", "gov", "edu", "ac", "or", "ne", "go", "gob", "gouv", "in", "info"}
)

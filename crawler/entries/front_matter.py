"""The block of fields that site generators (Jekyll, Hugo, Eleventy, Obsidian) put before a text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from crawler.entries.text import storable

Value = object  # dict[str, Value] | list[Value] | str; of TOML numbers and dates, too

# What opens a block closes it: https://jekyllrb.com/docs/front-matter/ and
# https://gohugo.io/content-management/front-matter/
_BLOCK = re.compile(r"\ufeff?(---|\+\+\+)[ \t]*\n(.*?)(?:^|\n)\1[ \t]*(?:\n|\Z)", re.DOTALL)
_LONGEST = 100_000  # characters; it holds a few fields, and a YAML parser takes its time


class Page(NamedTuple):
    """A text and the fields that stand before it."""

    fields: dict[str, Value]  # names in lower case; empty: there are none that can be read
    body: str


def part(text: str) -> Page:
    """Return the front matter of a text and the rest; the text itself where there is none.

    YAML is read as text throughout: a date stays as it was written, ``no`` stays a word.
    """
    match = _BLOCK.match(text)
    if match is None or len(match[2]) > _LONGEST:
        return Page({}, text)
    fields = _yaml(match[2]) if match[1] == "---" else _toml(match[2])
    if not isinstance(fields, dict):
        return Page({}, text)
    return Page(
        {str(name).casefold(): value for name, value in fields.items()}, text[match.end() :]
    )


def _yaml(text: str) -> Value:
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return (
            None  # two thematic breaks, or something that is no YAML: then it is part of the text
        )


def _toml(text: str) -> Value:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):  # it may also be a number too long for Python
        return None


def text_of(fields: dict[str, Value], *names: str) -> str:
    """Return the first of the named fields that holds one value; empty when none does."""
    for name in names:
        value = fields.get(name)
        if value is not None and not isinstance(value, (dict, list)) and str(value).strip():
            return storable(str(value)).strip()
    return ""


def links_of(fields: dict[str, Value], *names: str) -> Iterator[tuple[str, str]]:
    """Give (label, address) of each address in the named fields.

    A field holds an address, a list of them, or of maps with ``url`` and ``title``.
    """
    for name in names:
        value = fields.get(name)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                known = {str(key).casefold(): part for key, part in one.items()}
                yield (
                    text_of(known, "title", "name", "label"),
                    text_of(known, "url", "link", "href"),
                )
            elif isinstance(one, str):
                yield "", storable(one).strip()

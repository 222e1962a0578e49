"""Values that a file tells, each looked at before it is believed.

All raise TypeError or ValueError where a value is none of the kind.
"""

from __future__ import annotations

import re

from crawler.dates import format_instant, parse_instant

_CODE = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_NAME = re.compile(r"\w[\w.:@+ -]{0,99}")


def text(value: object) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def text_or_none(value: object) -> str | None:
    """Return a text; None: it is not known."""
    return None if value is None else text(value)


def number(value: object) -> int | None:
    """Return a number that is not negative; None: it is not known."""
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise TypeError(value)
    return value


def matching(pattern: re.Pattern[str], value: object) -> str:
    """Return a text of a certain form."""
    if not pattern.fullmatch(text(value)):
        raise ValueError(value)
    return text(value)


def coded(value: object) -> str:
    """Return one of our codes."""
    return matching(_CODE, value)


def named(value: object) -> str:
    """Return the id of a web archive: whoever asks one of their own names it."""
    return matching(_NAME, value)


def one_of(words: frozenset[str], value: object) -> str:
    """Return one of certain words."""
    if text(value) not in words:
        raise ValueError(value)
    return text(value)


def instant(value: object) -> str:
    """Return an instant as we write them. Raises BadDate, too."""
    return format_instant(parse_instant(text(value)))


def instant_or_none(value: object) -> str | None:
    """Return an instant as we write them; None: it is not known. Raises BadDate, too."""
    return None if value is None else instant(value)

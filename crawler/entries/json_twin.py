"""Reader of an entry's JSON twin."""

from __future__ import annotations

import json
import re

from crawler.entries.records import Value
from crawler.errors import EntryError

READER = "news-json"

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}


def parse(text: str, locator: str) -> tuple[Value, bool]:
    """Return the tree of a JSON text and whether it was whole.

    One that breaks off is read up to its last whole value. Raises EntryError for any other text.
    """
    try:
        return json.loads(text), True
    except RecursionError:
        raise EntryError(locator, "its JSON is nested too deeply") from None
    except ValueError as exc:
        reason = str(exc)
    try:
        return json.loads(_closed(text)), False
    except (ValueError, RecursionError):
        raise EntryError(locator, f"it is no valid JSON: {reason}") from None


def _closed(text: str) -> str:
    """Return the text cut behind its last whole value, with every bracket closed again."""
    open_brackets: list[str] = []
    cut, closing = 0, ""
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in _CLOSING:
            open_brackets.append(token)
        elif token in ("]", "}"):
            if not open_brackets:
                break
            open_brackets.pop()
            cut, closing = match.end(), _closers(open_brackets)
        elif token == ",":
            cut, closing = match.start(), _closers(open_brackets)
    return text[:cut] + closing


def _closers(open_brackets: list[str]) -> str:
    return "".join(_CLOSING[bracket] for bracket in reversed(open_brackets))

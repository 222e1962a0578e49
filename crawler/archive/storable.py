"""Values as SQLite can keep them: the one border where odd text and numbers are made harmless.

A lone surrogate (from ``\\ud800`` in JSON, or a file name that is no UTF-8) cannot be encoded and
would stop the write; a NUL would cut the text for ``length()``, ``.dump`` and every C client; an
integer of more than 64 bits has no type. Bytes are never touched: what was received lies in blobs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_MAX = 2**63 - 1

Parameters = Iterable[object] | Mapping[str, object]  # of a statement, by position or by name


def storable_text(text: str) -> str:
    """Return a text as the archive keeps it: NUL and lone surrogates become U+FFFD.

    Two surrogates that belong together become their character.
    """
    if "\0" in text:
        text = text.replace("\0", REPLACEMENT)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def storable(parameters: Parameters) -> Parameters:
    """Return the parameters of a statement with every text and integer made storable."""
    if not parameters:
        return parameters
    if type(parameters) is not tuple and isinstance(parameters, Mapping):
        return {name: _value(value) for name, value in parameters.items()}
    # Most are NULL, plain text or small: two hundred values for each page that is visited.
    return [
        value
        if value is None
        or (value.isascii() and "\0" not in value if type(value) is str else type(value) is bytes)
        or (type(value) is int and -_MAX <= value <= _MAX)
        else _value(value)
        for value in parameters
    ]


def _value(value: object) -> object:
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, int) and not -_MAX <= value <= _MAX:
        return _MAX if value > 0 else -_MAX
    return value


def compact_json(value: Sequence[object] | Mapping[str, object]) -> str | None:
    """Return a value as JSON without blanks; None where it is empty."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else None

"""Words of others, made safe to print: a title must not move a cursor, turn a line round or end it.

Markup is not touched here: text has none, and XML and JSON have their own escapes.
"""

from __future__ import annotations

import re

# C0 and C1 controls, what overrides the direction of a line (UAX #9), lone surrogates, and the
# noncharacters that XML 1.0 §2.2 does not allow. Blanks of every kind are folded beforehand.
_INERT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
ELLIPSIS = "…"


def plain(text: str) -> str:
    """Return a text as one line without controls; each of them becomes U+FFFD."""
    return _INERT.sub("\ufffd", " ".join(text.split()))


def shorten(text: str, width: int) -> str:
    """Return a plain text of at most ``width`` characters, cut between words where possible."""
    line = plain(text)
    if len(line) <= width:
        return line
    cut = line[: width - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > width // 2 else cut) + ELLIPSIS


def count_of(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 source`` or ``3 sources``; thousands are parted."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"

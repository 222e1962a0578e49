"""Text out of markup without a tree: for what cannot become one, and where no parser is at hand.

Light on purpose: nothing but the standard library, so that any process may use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

_NOT_TEXT = re.compile(
    r"[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]"
)
_TAG = re.compile(r"<[^<>]*+>")
_BREAK = re.compile(
    r"</?(?:p|div|br|hr|li|ul|ol|dl|d[dt]|t[drh]|table|h[1-6]|section|article|main|header|footer|nav|"
    r"aside|blockquote|pre|figure|figcaption|form|option|title|body|html)\b[^<>]*+>",
    re.IGNORECASE,
)
_GATES = re.compile(
    r"<!--|-->|<(script|style|template|svg|head)\b|</(?:script|style|template|svg|head)\b[^<>]*+>?",
    re.IGNORECASE,
)


def clean_text(text: str | None) -> str:
    """Return text that SQLite, JSON and terminals can hold: no NUL, no C0 but newline and tab.

    Lone surrogates, C1 controls and noncharacters go too; ``\\r\\n`` and ``\\r`` become ``\\n``.
    """
    unix = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    return _NOT_TEXT.sub("", unix)


def stripped(markup: str) -> str:
    """Return the text of markup with its tags cut out, for what cannot become a tree.

    Linear whatever the markup is.
    """
    bare = _TAG.sub("", _BREAK.sub("\n", "".join(_shown_parts(markup))))
    lines = (" ".join(line.split()) for line in clean_text(unescape(bare)).split("\n"))
    return "\n".join(line for line in lines if line)


def _shown_parts(markup: str) -> Iterator[str]:
    """Give the parts of markup outside comments, scripts and what else a browser does not show."""
    at, until = 0, ""
    for gate in _GATES.finditer(markup):
        token = gate[0].lower()
        if until:
            if token.startswith(until):
                at, until = gate.end(), ""
        elif not token.startswith(("-->", "</")):
            yield markup[at : gate.start()]
            until = "-->" if token == "<!--" else "</" + gate[1].lower()
    if not until:
        yield markup[at:]

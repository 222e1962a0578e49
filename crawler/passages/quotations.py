"""What an entry quotes: words between quotation marks, and the text fragment of a URL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

# Curly and angular marks name their side; straight ones are paired as they come. The longest
# quotation is that of a paragraph: a mark without a partner must not quote the rest of a page.
_LONGEST = 800  # characters
_MARKS = [
    ("“", "”"), ("„", "“"), ("„", "”"), ("「", "」"), ("『", "』"), ("‘", "’"),
    ('"', '"'), ("＂", "＂"), ("''", "''"),
]  # fmt: skip


def _between(opening: str, closing: str) -> re.Pattern[str]:
    inside = f"[^{opening[0]}{closing[0]}]"
    apostrophe = r"(?!\w)" if closing[-1] in "’'" else ""
    return re.compile(f"{opening}({inside}{{1,{_LONGEST}}}){closing}{apostrophe}")


_QUOTED = [_between(*marks) for marks in _MARKS]
_POINTING_OUT, _POINTING_IN = _between("«", "»"), _between("»", "«")
_DIRECTIVE = ":~:"


def quotations_in(text: str) -> Iterator[str]:
    """Yield what stands between quotation marks of any kind."""
    # «French» or »German«: what stands first tells which, and what lies between two is no quotation
    angular = _POINTING_OUT if text.partition("»")[0].count("«") else _POINTING_IN
    for quoted in (*_QUOTED, angular):
        yield from (found.strip() for found in quoted.findall(text))


def text_fragments(fragment: str) -> Iterator[tuple[str, str | None]]:
    """Yield (start, end) of each text directive of a URL's fragment; end is None for a single text.

    URL Fragment Text Directives (WICG), ``#:~:text=[prefix-,]start[,end][,-suffix]``: the context
    terms are left out, because an anchor has the context of its own match.
    """
    for directive in fragment.partition(_DIRECTIVE)[2].split("&"):
        name, _, value = directive.partition("=")
        if name != "text":
            continue
        terms = value.split(",")
        if terms and terms[0].endswith("-"):
            terms = terms[1:]
        if terms and terms[-1].startswith("-"):
            terms = terms[:-1]
        texts = [unquote(term).strip() for term in terms]
        if 1 <= len(texts) <= 2 and all(texts):
            yield texts[0], texts[1] if len(texts) == 2 else None

"""By what bibliographies and bookmarks are known where no suffix tells it."""

from __future__ import annotations

import re

_BOOKMARKS = "<!doctype netscape-bookmark-file"
_RIS = re.compile(r"\s*TY {1,2}- ?[A-Z]")
_BIBTEX = re.compile(r"^[ \t]*@[A-Za-z]{3,30}\s*[{(]\s*[^\s,{}]{1,200}\s*,", re.MULTILINE)


def looks_like_bookmarks(head: str) -> bool:
    """Whether a text begins as every browser's export of bookmarks does."""
    return head[: len(_BOOKMARKS)].casefold() == _BOOKMARKS


def looks_like_ris(head: str) -> bool:
    """Whether a text begins with an item of RIS."""
    return bool(_RIS.match(head))


def looks_like_bibtex(head: str) -> bool:
    """Whether an item of BibTeX begins in a text, and no link of Markdown stands before it."""
    match = _BIBTEX.search(head)
    return match is not None and "](" not in head[: match.start()]

"""What tables, views and columns mean: taken from docs/schema.md, so that it is said once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent
# In a wheel the page lies beside this file (pyproject.toml puts it there), in a checkout in docs/.
_PAGES = (_HERE / "schema.md", _HERE.parent.parent / "docs" / "schema.md")

_SECTION = re.compile(r"^### (?:view|table) `(\w+)`$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a table or view holds, in plain text, and what each of its columns means."""

    description: str
    columns: dict[str, str]


@cache
def read_meanings() -> dict[str, Meaning]:
    """Return the meaning of each table and view, by name. Raises OSError when the page is gone."""
    page = next((page for page in _PAGES if page.exists()), _PAGES[0])
    return dict(meanings_in(page.read_text(encoding="utf-8")))


def meanings_in(text: str) -> Iterator[tuple[str, Meaning]]:
    """Yield the name and meaning of each section of the page that describes a table or view."""
    parts = _SECTION.split(text)
    for name, section in zip(parts[1::2], parts[2::2], strict=True):
        body = re.split(r"^#{1,3} ", section, maxsplit=1, flags=re.MULTILINE)[0].strip()
        rows = [line.strip("|").split("|") for line in body.splitlines() if line.startswith("| `")]
        columns = {_plain(row[0]): _plain(row[-1]) for row in rows}
        yield name, Meaning(_plain(body.partition("\n\n")[0]), columns)


def _plain(markdown: str) -> str:
    return " ".join(_LINK.sub(r"\1", markdown).replace("`", "").split())

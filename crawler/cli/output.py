"""Printing: tables, JSON and progress. Results go to stdout, everything else to stderr."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tqdm import tqdm

from crawler.archive import Row

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def safe(text: object) -> str:
    """Return text for a terminal: a title must not be able to move the cursor."""
    return _CONTROLS.sub("�", str(text))


def print_json(value: object) -> None:
    """Print a value as indented JSON; rows become objects."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, Row):
        return dict(value)
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    return str(value)


def print_table(rows: Sequence[Mapping[str, object] | Row], columns: Sequence[str]) -> None:
    """Print rows as aligned columns, full length: what is cut cannot be copied."""
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    heads = [column.replace("_", " ") for column in columns]
    widths = [max(map(_width, column)) for column in zip(heads, *cells, strict=True)]
    for line in [heads, *cells]:
        print(
            "  ".join(_pad(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )


def _cell(value: object) -> str:
    return "-" if value is None else " ".join(safe(value).split())


def _width(text: str) -> int:
    """Terminal columns of a text: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def shorten(text: str | None, width: int) -> str:
    """Return a text cut to ``width`` characters, with an ellipsis where it was cut."""
    plain = _cell(text)
    return plain if len(plain) <= width else plain[: width - 1] + "…"


def size(count: int) -> str:
    """Return a number of bytes as a person reads it."""
    amount = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def withheld_line(decisions: Sequence[Row]) -> str:
    """Return the last decision on a source in one line: what, when and why."""
    last = decisions[-1]
    return f"{last['decision']} on {last['decided_at'][:10]}: {last['reason']}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return ``1 entry`` or ``3 entries``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def progress(
    title: str, *, total: int | None = None, quiet: bool = False, items: Iterable[Any] | None = None
) -> tqdm[Any]:
    """Return a progress bar on stderr, silent when quiet or when stderr is no terminal."""
    return tqdm(
        items,
        desc=title,
        total=total,
        disable=True if quiet else None,
        file=sys.stderr,
        leave=False,
        delay=0.5,
        ascii=None,
    )

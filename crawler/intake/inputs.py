"""What a person names as an input: how it is understood, checked, remembered and found again."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from crawler.archive import Archive
from crawler.dates import parse_day
from crawler.errors import InputNotFound, UrlError, UsageError
from crawler.urls import parse_url


def classify_input(text: str) -> tuple[str, str]:
    """Return (kind, locator) of what a person named: a URL, an existing file or folder.

    Raises InputNotFound with a sentence that says what to do.
    """
    if not text:  # the current folder would be "."
        raise InputNotFound(text, "is empty; name a file, a folder or a URL")
    if "://" in text:
        try:
            return "url", parse_url(text)
        except UrlError as exc:
            raise InputNotFound(text, f"not a URL that can be fetched ({exc.reason})") from exc
    path = _place(text)
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = 0
    except OSError as exc:
        raise InputNotFound(text, f"cannot be read: {exc.strerror}") from exc
    if S_ISDIR(mode):
        return "folder", str(path)
    if S_ISREG(mode):
        return "file", str(path)
    raise InputNotFound(text, "no such file or folder; a web page needs its http:// or https://")


def _place(text: str) -> Path:
    """Return the path that a person named, links followed as far as they lead."""
    path = Path(text)
    with suppress(RuntimeError):  # "~name/", and nobody is called so
        path = path.expanduser()
    return Path(os.path.realpath(path))


def scope_options(depth: str | None, since: str | None, until: str | None) -> dict[str, str]:
    """Return the options of an input as they are kept. Raises UsageError, BadDate."""
    if depth is not None and not depth.isdecimal():
        raise UsageError(f"depth {depth!r}: write a whole number, 0 or more")
    first, last = parse_day(since) if since else None, parse_day(until) if until else None
    if first and last and first > last:
        raise UsageError(f"no day lies between {first} and {last}: the end comes first")
    options = {"depth": depth, "since": first, "until": last}
    return {name: value for name, value in options.items() if value is not None}


def checked_base(base_url: str | None) -> str | None:
    """Return a base URL as it is kept; None for none. Raises InputNotFound."""
    try:
        return parse_url(base_url) if base_url else None
    except UrlError as exc:
        raise InputNotFound(base_url or "", f"not a base URL ({exc.reason})") from exc


def add_input(
    archive: Archive,
    text: str,
    *,
    base_url: str | None,
    options: dict[str, str],
    now: str,
) -> int:
    """Remember what a person named as an input, and return its id. Raises InputNotFound."""
    kind, locator = classify_input(text)
    base = checked_base(base_url)
    barred = archive.barring.holding(locator) if kind == "url" else None
    if barred is not None:
        raise UsageError(
            f"{text}: {barred} is barred; take that back with: sourcekeep add --off {barred}"
        )
    return archive.inputs.add(kind, locator, base_url=base, options=options, now=now)


def find_input(archive: Archive, text: str) -> int:
    """Return the id of the input that a person means: by id, or as it was added.

    The file or folder need not be there any more. Raises InputNotFound.
    """
    known = {str(row["locator"]): int(row["id"]) for row in archive.reading.inputs()}
    by_id = {str(number): number for number in known.values()}
    if text in by_id:
        return by_id[text]
    try:
        locator = parse_url(text) if "://" in text else str(_place(text))
    except UrlError:
        locator = text
    if locator not in known:
        raise InputNotFound(text, "is no input; list them with: sourcekeep add --list")
    return known[locator]

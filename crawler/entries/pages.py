"""Entry pages in a folder: which files there are, and which of them are formats of one entry."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from crawler.errors import InputNotFound

# Formats of one entry, the one that names the group first; lists are never twins.
_TWINS = (
    ".md", ".markdown", ".html", ".htm", ".json", ".xml", ".wiki", ".mediawiki", ".wikitext",
)  # fmt: skip
_LISTS = (".txt", ".bib", ".ris")
SUFFIXES = (*_TWINS, *_LISTS)


@dataclass(frozen=True, slots=True)
class PageGroup:
    """The files that hold one entry."""

    locator: str  # the path of its first file
    files: tuple[Path, ...]  # one of each format, Markdown first


def find_pages(
    path: Path, unread: Callable[[Path, OSError], object] = lambda place, why: None
) -> Iterator[PageGroup]:
    """Give the entry pages at a path, folder by folder, sorted by name.

    A file is given as it is, whatever its name. In a folder, hidden files and folders and README
    files are left out, and an index is a page like another: of a day, or of a post. Symbolic links
    are followed, each folder is read once; ``unread`` is told of those that may not be looked into,
    and why. Raises InputNotFound when there is nothing at the path.
    """
    if path.is_file():
        return iter((PageGroup(str(path), (path,)),))
    if not path.is_dir():
        raise InputNotFound(str(path), "there is no such file or folder")
    return _walk(path, set(), unread)


def _walk(
    folder: Path, seen: set[tuple[int, int]], unread: Callable[[Path, OSError], object]
) -> Iterator[PageGroup]:
    pending = [folder]
    while pending:
        current = pending.pop()
        if not _is_new(current, seen):
            continue
        files, folders = _listing(current, unread)
        yield from _groups(files)
        pending += reversed(folders)


def _is_new(folder: Path, seen: set[tuple[int, int]]) -> bool:
    """Whether a folder was not read before, by whatever links it is reached."""
    try:
        status = folder.stat()
    except OSError:
        return False
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def _listing(
    folder: Path, unread: Callable[[Path, OSError], object]
) -> tuple[list[Path], list[Path]]:
    """Return the pages and the folders in a folder; links that lead nowhere are left out."""
    try:
        places = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except OSError as exc:
        unread(folder, exc)
        return [], []
    pages: list[Path] = []
    folders: list[Path] = []
    for place in places:
        try:
            mode = place.stat().st_mode
        except OSError as exc:
            if exc.errno not in (errno.ENOENT, errno.ELOOP):
                unread(place, exc)
            continue
        if S_ISDIR(mode):
            folders.append(place)
        elif S_ISREG(mode) and _is_page(place):
            pages.append(place)
    return pages, folders


def _is_page(path: Path) -> bool:
    return path.suffix.casefold() in SUFFIXES and path.stem.casefold() != "readme"


def _groups(files: list[Path]) -> Iterator[PageGroup]:
    groups: dict[tuple[str, str], list[Path]] = {}
    for path in files:
        suffix = path.suffix.casefold()
        groups.setdefault((path.stem, suffix if suffix in _LISTS else ""), []).append(path)
    for twins in groups.values():
        twins.sort(key=lambda path: SUFFIXES.index(path.suffix.casefold()))
        yield PageGroup(str(twins[0]), tuple(twins))

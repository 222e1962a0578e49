"""Where an export goes: a file or a folder that appears when it is whole, or not at all.

Both are made beside their place, under a hidden name that ends in ``.part``, and are then moved
there. What is in the way is replaced only by ``force``, and a folder only when nothing lies in it
but an export of ours. A link in the last part of the name is refused, never followed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from crawler.errors import ExportNotWritten, UsageError

STDOUT = "-"
MARKER = "sourcekeep-export.json"  # in each folder: which format it is, and how many files it holds

# What a file may be called: no upper case (file systems that fold it), no blanks, no dot in front,
# and with it neither ``..`` nor an absolute path. Windows' CON and NUL are no uids or digests.
_NAME = re.compile(r"(?:[a-z0-9_][a-z0-9_.-]{0,127}/){0,3}[a-z0-9_][a-z0-9_.-]{0,127}")


class Folder:
    """A folder that is being filled. Names are relative, and told by the format."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = 0

    def add(self, name: str, content: bytes) -> None:
        """Write a file as a whole."""
        with self.open(name) as file:
            file.write(content)

    def holds(self, name: str) -> bool:
        """Whether a file of this name was written."""
        return (self.root / PurePosixPath(name)).exists()

    def open(self, name: str) -> BinaryIO:
        """Open a new file for writing. Raises ValueError for a name that no format may use."""
        if not _NAME.fullmatch(name) or ".." in name:
            raise ValueError(f"no name for a file of an export: {name!r}")
        path = self.root / PurePosixPath(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("xb")  # a name that comes twice is a fault of the format
        self.files += 1
        return file


def check_file(path: Path, *, force: bool) -> None:
    """Refuse, before anything is read, a place at which no file can be put. Raises UsageError."""
    mode = _mode_at(path)
    if mode is None:
        return
    if stat.S_ISDIR(mode):
        raise UsageError(f"{path}: is a folder; name a file")
    if not stat.S_ISREG(mode):
        raise UsageError(f"{path}: is no ordinary file; write to stdout with '-', or name another")
    if not force:
        raise UsageError(f"{path}: is there already; replace it with --force")


def check_folder(path: Path, *, force: bool) -> None:
    """Refuse, before anything is read, a place at which no folder can be put. Raises UsageError."""
    mode = _mode_at(path)
    if mode is None:
        return
    if not stat.S_ISDIR(mode):
        raise UsageError(f"{path}: is a file; this format needs a folder")
    if not any(path.iterdir()):
        return
    if not _is_export(path):
        raise UsageError(f"{path}: holds other things; name a new folder")
    if not force:
        raise UsageError(f"{path}: holds an export already; replace it with --force")


def _mode_at(path: Path) -> int | None:
    """Return what stands at a path; None for nothing. Raises UsageError for a link, or no place."""
    try:
        if not path.parent.is_dir():
            raise UsageError(f"{path}: the folder {path.parent} does not exist")
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the name
        raise UsageError(f"{path}: no place for an export: {exc}") from exc
    if stat.S_ISLNK(mode):
        raise UsageError(f"{path}: is a link, which is not followed; name what it leads to")
    return mode


def _is_export(path: Path) -> bool:
    """Whether a folder holds an export of ours and nothing besides."""
    try:
        expected = json.loads((path / MARKER).read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(expected == sum(len(files) for _, _, files in os.walk(path)) - 1)


@contextmanager
def whole_file(
    path: Path, put: Callable[[Path, Path], object] = Path.replace
) -> Iterator[BinaryIO]:
    """Give a file to write beside its place; when the block ends well it is whole and put there.

    Whoever the umask lets may read it. ``put`` moves it from the first place to the second; unless
    it does otherwise, what stands there is replaced. Raises OSError, and what ``put`` raises.
    """
    with tempfile.NamedTemporaryFile(
        dir=path.parent, prefix=f".{path.name[:100]}-", suffix=".part", delete=False
    ) as new:
        part = Path(new.name)
        try:
            yield new.file  # type: ignore[misc]
            new.flush()
            os.fchmod(new.fileno(), 0o666 & ~_umask())
            os.fsync(new.fileno())
            put(part, path)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def new_file(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """Give a file to write; it stands under its name once the block ends, and only if it ends well.

    Raises UsageError when something is in the way, ExportNotWritten when the disk refuses.
    """
    check_file(path, force=force)
    try:
        with whole_file(path, partial(_put, force=force)) as file:
            yield file
    except OSError as exc:
        raise _not_written(path, exc) from exc


def _put(part: Path, path: Path, *, force: bool) -> None:
    """Give a file its name. What has come there meanwhile stays, unless by force."""
    if force:
        part.replace(path)
        return
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise UsageError(f"{path}: is there already; replace it with --force") from None
    except OSError:  # a file system without hard links
        check_file(path, force=False)
        part.replace(path)


@contextmanager
def new_folder(path: Path, *, format_name: str, force: bool) -> Iterator[Folder]:
    """Give a folder to fill; it stands under its name once the block ends, if it ends well.

    Raises UsageError when something is in the way, ExportNotWritten when the disk refuses.
    """
    check_folder(path, force=force)
    try:
        part = Path(
            tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:100]}-", suffix=".part")
        )
        try:
            folder = Folder(part)
            yield folder
            marker = {"format": format_name, "files": folder.files}
            folder.add(MARKER, json.dumps(marker).encode() + b"\n")
            part.chmod(0o777 & ~_umask())
            os.sync()  # once for all of the files: one by one would take minutes for 100,000
            _put_folder(part, path, force=force)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as exc:
        raise _not_written(path, exc) from exc


def _put_folder(part: Path, path: Path, *, force: bool) -> None:
    check_folder(path, force=force)
    old = None
    if path.exists() and any(path.iterdir()):
        old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:100]}-", suffix=".old"))
        path.replace(old)
    try:
        part.replace(path)  # an empty folder is replaced, one that was filled meanwhile is not
    except OSError:
        if old is not None:
            old.replace(path)
        raise
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _not_written(path: Path, exc: OSError) -> ExportNotWritten | OSError:
    if isinstance(exc, BrokenPipeError):
        return exc
    with suppress(AttributeError):
        return ExportNotWritten(path, exc.strerror or str(exc))
    return exc

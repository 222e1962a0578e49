"""Holding an archive for a run: the lock that keeps a second one out, and room for its end."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from crawler.archive.companions import like
from crawler.errors import ArchiveBusy, ArchiveError

# Room for the last words of a run on a full disk: its row takes some ten pages in the log.
RESERVE_BYTES = 256 * 2**10


class Reserve:
    """A file beside the archive whose only use is to be deleted when the disk is full."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        self._path = archive.with_name(archive.name + "-reserve")

    def take(self) -> None:
        """Take the room. Raises ArchiveError: a disk that has none is no place for a run."""
        try:
            with open(self._path, "wb", opener=like(self._archive)) as file:
                os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
        except OSError as exc:
            self.free()
            raise ArchiveError(f"{self._path}: no room for a run: {exc.strerror}") from exc

    def free(self) -> None:
        """Give the room back."""
        with suppress(OSError):  # gone already, or worse: then there is no room to give
            self._path.unlink()


@contextmanager
def reserve(path: Path) -> Iterator[Reserve]:
    """Hold room for the end of a run. A killed run leaves the file to the next, which takes it."""
    held = Reserve(path.resolve())
    held.take()
    try:
        yield held
    finally:
        held.free()


@contextmanager
def run_lock(path: Path) -> Iterator[None]:
    """Hold the archive for one run; raises ArchiveBusy when another process does.

    The lock is on a file beside the archive, not on the archive: closing any descriptor of a file
    drops the process's POSIX locks on it, SQLite's among them. It goes with the process, so a
    killed run leaves nothing to clean up. By whatever link the archive is named, it is one lock.
    """
    real = path.resolve()
    lock_path = real.with_name(real.name + "-lock")
    try:
        handle = open(lock_path, "a+", opener=like(real))  # noqa: SIM115
    except OSError as exc:
        raise ArchiveError(f"{lock_path}: cannot be written: {exc.strerror}") from exc
    with handle:
        _take(handle, path)
        yield


def _take(handle: IO[str], path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        handle.seek(0)
        holder = handle.read().strip() or "another process"
        raise ArchiveBusy(
            f"{path}: {holder} is at work on it; wait until it ends, or use another --archive"
        ) from exc
    except OSError as exc:  # a file system without locks
        raise ArchiveError(f"{path}: cannot be locked: {exc.strerror}") from exc
    handle.truncate(0)
    handle.write(f"process {os.getpid()}")
    handle.flush()

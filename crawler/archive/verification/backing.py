"""Backups: a whole, checked copy of an archive under a name of its own, while a crawl may write."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from crawler.archive.opening import connect_for_reading
from crawler.archive.seals.manifests import Manifest, beside
from crawler.archive.verification.findings import Verification
from crawler.archive.verification.inquiry import OnStep
from crawler.archive.verification.verifying import verify
from crawler.errors import ArchiveError, UsageError

PAGES_A_STEP = 2_000  # 8 MB: progress, and a chance for a crawl to write


def back_up(
    source: Path,
    destination: Path,
    *,
    on_copied: Callable[[int, int], object],
    on_verified: OnStep,
) -> Verification:
    """Copy an archive and return what verifying the copy found; a damaged one is not kept.

    Copied is one state of the archive: all that was committed when copying began. ``on_copied`` is
    told how many pages of how many are done. An older backup of the same archive is replaced, at
    the end and at once; the manifests come along. Raises UsageError when the destination holds
    anything else, ArchiveError when something cannot be read or written.
    """
    if destination.is_dir():
        destination = destination / source.name
    _refuse(source, destination)
    partial = destination.with_name(f".{destination.name}.partial-{os.getpid()}")
    try:
        _copy(source, partial, on_copied)
        found = verify(partial, on_step=on_verified)
        if found.sound:
            _put_in_place(partial, destination)
        return found
    except (sqlite3.Error, OSError) as exc:
        raise ArchiveError(f"{destination}: the backup cannot be made: {exc}") from exc
    finally:
        journal = partial.with_name(f"{partial.name}-journal")
        for path in (partial, beside(partial), journal, *_companions(partial)):
            with suppress(OSError):
                path.unlink()


def _refuse(source: Path, destination: Path) -> None:
    """Overwrite nothing but an older backup of the same archive."""
    if not destination.parent.is_dir():
        raise UsageError(f"{destination}: the folder {destination.parent} does not exist")
    own, own_number = _name_of(source)
    if not destination.exists():
        return
    if destination.samefile(source):
        raise UsageError(f"{destination} is the archive itself; name another file")
    try:
        other, number = _name_of(destination)
    except ArchiveError as exc:
        raise UsageError(f"{destination} is there, and no backup: {exc}") from exc
    if other != own:
        raise UsageError(f"{destination} holds another archive; name another file")
    if number > own_number:
        raise UsageError(
            f"{destination} is newer than {source} (manifest {number}, not {own_number}):"
            " is it the archive that was set back?"
        )


def _name_of(path: Path) -> tuple[str, int]:
    """Return the uid of an archive, and how many manifests it has."""
    with closing(connect_for_reading(path)) as connection:
        row = connection.sql.execute(
            "SELECT uid, (SELECT coalesce(max(number), 0) FROM manifests"
            " WHERE archive_uid = uid) AS number FROM archive"
        ).fetchone()
        return str(row["uid"]), int(row["number"])


def _copy(source: Path, partial: Path, on_copied: Callable[[int, int], object]) -> None:
    """Copy one state of an archive with its manifests, by SQLite's backup API.

    The read transaction keeps the state still; without it each commit of a crawl would make the
    copying begin anew.
    """
    with (
        closing(connect_for_reading(source)) as reading,
        closing(sqlite3.connect(partial, isolation_level=None)) as made,
    ):
        reading.sql.execute("BEGIN")
        rows = reading.sql.execute(
            "SELECT digest FROM manifests JOIN archive ON uid = archive_uid"
        ).fetchall()
        held = {str(row["digest"]) for row in rows}
        reading.sql.backup(
            made,
            pages=PAGES_A_STEP,
            progress=lambda _, left, total: on_copied(total - left, total),
        )
        made.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    _copy_manifests(source, partial, held)
    with partial.open("rb") as file:
        os.fsync(file.fileno())


def _copy_manifests(source: Path, partial: Path, held: set[str]) -> None:
    """Take over the manifests beside, up to the one that the copy ends with."""
    try:
        lines = beside(source).read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return
    with beside(partial).open("wb") as file:
        file.writelines(line for line in lines if _is_held(line, held))
        os.fsync(file.fileno())


def _is_held(line: bytes, held: set[str]) -> bool:
    manifest = Manifest.of_line(line)
    return manifest is not None and manifest.digest in held


def _put_in_place(partial: Path, destination: Path) -> None:
    for old in _companions(destination):  # of an older backup that somebody opened
        old.unlink(missing_ok=True)
    if beside(partial).exists():
        beside(partial).replace(beside(destination))
    partial.replace(destination)
    folder = os.open(destination.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _companions(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in ("-wal", "-shm")]

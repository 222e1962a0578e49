"""Backups: a whole, checked copy of an archive under a name of its own, while a crawl may write."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from crawler.archive.connection import Connection
from crawler.archive.opening import connect_as_it_is
from crawler.archive.schema import SCHEMA_VERSION
from crawler.archive.seals.manifests import Manifest, beside
from crawler.archive.verification.findings import Finding, Verification
from crawler.archive.verification.inquiry import OnStep
from crawler.archive.verification.older import differing_rows, verify_older
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
    the end and at once; the manifests come along. An archive of an older schema is copied as it is,
    and checked as far as ``verify_older`` goes. Raises UsageError when the destination holds
    anything else, ArchiveError when something cannot be read or written.
    """
    if destination.is_dir():
        destination = destination / source.name
    _refuse(source, destination)
    partial = destination.with_name(f".{destination.name}.partial-{os.getpid()}")
    try:
        version, differing = _copy(source, partial, on_copied)
        if version < SCHEMA_VERSION:
            found = verify_older(partial, version, on_verified)
            found.findings += differing
        else:
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
    own, *own_state = _name_of(source)
    if not destination.exists():
        return
    if destination.samefile(source):
        raise UsageError(f"{destination} is the archive itself; name another file")
    try:
        other, *state = _name_of(destination)
    except ArchiveError as exc:
        raise UsageError(f"{destination} is there, and no backup: {exc}") from exc
    if other != own:
        raise UsageError(f"{destination} holds another archive; name another file")
    for what, theirs, ours in zip(("schema", "manifest"), state, own_state, strict=True):
        if theirs > ours:
            raise UsageError(
                f"{destination} is newer than {source} ({what} {theirs}, not {ours}):"
                " is it the archive that was set back?"
            )


def _name_of(path: Path) -> tuple[str, int, int]:
    """Return the uid of an archive, the version of its schema, and how many manifests it has."""
    connection, version = connect_as_it_is(path)
    with closing(connection):
        uid = str(connection.sql.execute("SELECT uid FROM archive").fetchone()[0])
        return uid, version, max(_manifests(connection).values(), default=0)


def _manifests(connection: Connection) -> dict[str, int]:
    """Return the numbers of the archive's own manifests by digest; early versions had none."""
    named = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'manifests'"
    if connection.sql.execute(named).fetchone() is None:
        return {}
    rows = connection.sql.execute(
        "SELECT digest, number FROM manifests JOIN archive ON uid = archive_uid"
    )
    return {str(row["digest"]): int(row["number"]) for row in rows}


def _copy(
    source: Path, partial: Path, on_copied: Callable[[int, int], object]
) -> tuple[int, list[Finding]]:
    """Copy one state of an archive with its manifests, by SQLite's backup API.

    Returns the version of its schema, and for an older one the tables that were not copied whole:
    ours is compared by its seals. The read transaction keeps the state still; without it each
    commit of a crawl would make the copying begin anew.
    """
    with (
        closing(connect_as_it_is(source)[0]) as reading,
        closing(sqlite3.connect(partial, isolation_level=None)) as made,
    ):
        reading.sql.execute("BEGIN")
        version = int(reading.sql.execute("PRAGMA user_version").fetchone()[0])
        held = set(_manifests(reading))
        reading.sql.backup(
            made,
            pages=PAGES_A_STEP,
            progress=lambda _, left, total: on_copied(total - left, total),
        )
        made.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        differing = differing_rows(reading.sql, made) if version < SCHEMA_VERSION else []
    _copy_manifests(source, partial, held)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    return version, differing


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

"""What lies at the path of an archive, before it is opened: refused, or its schema's version."""

from __future__ import annotations

import os
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

from crawler.archive.connection import ArchiveSql
from crawler.archive.schema import APPLICATION_ID, SCHEMA_VERSION
from crawler.errors import ArchiveError, ForeignDatabase, NewerSchema

BUSY_TIMEOUT_S = 30.0  # a reader or `add` beside a crawl waits this long for its turn
_MAGIC = b"SQLite format 3\0"


def version_of(path: Path) -> int | None:
    """Return the schema version of an archive; None where none is, or only its beginnings.

    Looks through a read-only connection: a file that is not ours stays as it is, byte for byte,
    even when it has a WAL that the last writer to close it would have merged.
    """
    try:
        _refuse_folder(path)
        if not path.exists():
            return None
        if not path.is_file():
            raise ArchiveError(f"{path}: is no ordinary file")
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except OSError as exc:
        raise ArchiveError(f"{path}: cannot be read: {exc.strerror}") from exc
    if not head:
        return None
    if head != _MAGIC:
        raise ForeignDatabase(f"{path}: not a SQLite file; name another with --archive")
    try:
        with closing(open_read_only(path)) as sql:
            return _checked_version(sql, path)
    except sqlite3.OperationalError as exc:
        if not os.access(path.parent, os.W_OK):
            raise ArchiveError(
                f"{path}: cannot be read where nothing may be written (SQLite needs a file beside"
                " it); copy it to another folder"
            ) from exc
        raise unopened(path, exc) from exc
    except sqlite3.DatabaseError as exc:
        raise ForeignDatabase(f"{path}: not usable as an archive: {exc}") from exc


def _checked_version(sql: sqlite3.Connection, path: Path) -> int | None:
    """Refuse what is not ours, or from the future; None for an archive that was never finished."""
    application_id = sql.execute("PRAGMA application_id").fetchone()[0]
    version = int(sql.execute("PRAGMA user_version").fetchone()[0])
    if application_id != APPLICATION_ID:
        empty = not sql.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if empty and not application_id and not version:
            return None  # a creation that was killed, or a database in which nothing is yet
        raise ForeignDatabase(
            f"{path}: a SQLite file of something else; name another with --archive"
        )
    if version > SCHEMA_VERSION:
        raise NewerSchema(
            f"{path}: written by a newer Sourcekeep (schema {version}, this one knows up to"
            f" {SCHEMA_VERSION}); upgrade with: pip install --upgrade sourcekeep"
        )
    sql.execute("SELECT uid FROM archive").fetchone()  # finds out whether the schema can be read
    return version


def open_read_only(path: Path) -> ArchiveSql:
    """Return a connection that cannot write, to whatever is there. Raises sqlite3.Error."""
    sql = sqlite3.connect(
        read_only_uri(path),
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        factory=ArchiveSql,
    )
    sql.row_factory = sqlite3.Row
    return sql


def read_only_uri(path: Path) -> str:
    """Return the address by which SQLite opens an archive for reading, wherever it lies."""
    held = "&immutable=1" if _cannot_change(path) else ""
    return f"{path.resolve().as_uri()}?mode=ro{held}"


def _cannot_change(path: Path) -> bool:
    """Tell whether a file lies whole where nobody can write: SQLite then needs none beside it."""
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY) and not has_log(path)
    except OSError:  # nothing is there
        return False


def has_log(path: Path) -> bool:
    """Tell whether commits lie beside an archive that are not merged into it yet."""
    try:
        real = path.resolve()
        return bool(real.with_name(real.name + "-wal").stat().st_size)
    except (OSError, RuntimeError, ValueError):  # none is there, or no such path can be
        return False


def refuse_linked(path: Path) -> None:
    """Refuse one file under two names: each name has a log and a lock of its own.

    Who opens the other name sees neither, and damages it (sqlite.org/howtocorrupt.html, 2.5).
    """
    try:
        real = path.resolve()
        names = real.stat().st_nlink if real.is_file() else 1
    except (OSError, RuntimeError, ValueError):  # who opens it says what is wrong
        return
    if names > 1:
        own, name = shlex.quote(f"{real}.own"), shlex.quote(str(real))
        elsewhere = "" if has_log(real) else (
            " if the log of another of them is not empty (NAME-wal), the last commits lie there: do"
            " this with that name, and not with this one;"
        )  # fmt: skip
        raise ArchiveError(
            f"{path}: one file under {names} names (hard links), which SQLite cannot guard against"
            f" each other;{elsewhere} while nothing has it open, give it a file of its own:"
            f" cp -p {name} {own} && mv {own} {name}"
        )


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise ArchiveError(f"{path}: is a folder; name a file")


def refuse_unwritable(path: Path) -> None:
    """Refuse a place at which nothing can be written, before a crawl fetches anything.

    SQLite would find out late, at the first commit.
    """
    if not path.name:  # nothing could be added to it: ``.`` and ``/``
        _refuse_folder(path)
    folder = path.parent
    if not folder.is_dir():
        raise ArchiveError(f"{path}: the folder {folder} does not exist")
    exists = os.access(path, os.F_OK)
    if not os.access(folder, os.W_OK) or (exists and not os.access(path, os.W_OK)):
        raise ArchiveError(f"{path}: not writable; check the permissions of file and folder")
    for ending in ("-wal", "-shm"):  # another user's process may have left them, root's for one
        companion = path.with_name(path.name + ending)
        if os.access(companion, os.F_OK) and not os.access(companion, os.W_OK):
            raise ArchiveError(f"{companion}: not writable; check whose it is")


def unopened(path: Path, exc: sqlite3.Error) -> ArchiveError:
    """Return why SQLite could not open an archive; its own word for this one says nothing."""
    if getattr(exc, "sqlite_errorcode", None) in (
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_SHMMAP,
    ):
        return ArchiveError(
            f"{path}: cannot be opened, because there is no room for the 32 KiB that SQLite needs"
            f" beside it ({path.name}-shm): is the disk full?"
        )
    return ArchiveError(f"{path}: cannot be opened: {exc}")


def older(path: Path, version: int) -> ArchiveError:
    """Return how to go on with an archive that an older release has written."""
    return ArchiveError(
        f"{path}: written by an older Sourcekeep (schema {version}, this one reads"
        f" {SCHEMA_VERSION}); keep a copy of it with: sourcekeep backup DEST, then bring it up to"
        " date with: sourcekeep extract"
    )


def nothing_there(path: Path) -> ArchiveError:
    """Return how to begin where no archive is."""
    return ArchiveError(f"{path}: no archive here; make one with: sourcekeep add INPUT")

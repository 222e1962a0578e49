"""Opening archive.db: who may open it, how it is set, and who may run on it."""

from __future__ import annotations

import fcntl
import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

from crawler.archive.connection import ArchiveSql, Connection
from crawler.archive.schema import APPLICATION_ID, SCHEMA_VERSION, migrate
from crawler.archive.sealable import watch
from crawler.errors import ArchiveBusy, ArchiveError, ForeignDatabase, NewerSchema

BUSY_TIMEOUT_S = 30.0  # a reader or `add` beside a crawl waits this long for its turn
# What a reader's open transaction made the write-ahead log grow to is given back down to here.
WAL_KEPT_BYTES = 64 * 2**20
# Room for the last words of a run on a full disk: its row takes some ten pages in the log.
RESERVE_BYTES = 256 * 2**10
PAGE_SIZE_BYTES = 4096  # measured: 2.8 % overhead on 31 KB blobs; 8K 5 %, 16K 11 %
_MAGIC = b"SQLite format 3\0"


def connect(path: Path, *, create: bool, scratch_in_memory: bool = False) -> Connection:
    """Open an archive, laid out and up to date.

    ``scratch_in_memory``: the pages by which SQLite could undo a step go through no file. For each
    page that is visited it wrote 80 times to one, a sixth of the CPU of keeping it. What is sorted,
    and the copy that VACUUM makes, would lie in memory as well.
    Raises ArchiveError when there is none and ``create`` is false or the place is not writable,
    ForeignDatabase when the file holds something else, NewerSchema when we are too old for it.
    """
    _refuse_unwritable(path)
    if _version_of(path) is None and not create:
        raise _nothing_there(path)
    _refuse_linked(path)
    try:
        sql = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, factory=ArchiveSql
        )
    except sqlite3.Error as exc:
        raise _unopened(path, exc) from exc
    try:
        _configure(sql)
        migrate(sql)
        if scratch_in_memory:
            sql.execute("PRAGMA temp_store = MEMORY")  # takes away what is temporary so far
        watch(sql)
    except sqlite3.Error as exc:
        sql.close()
        raise _unopened(path, exc) from exc
    except BaseException:
        sql.close()
        raise
    return Connection(path, sql)


def connect_for_reading(path: Path) -> Connection:
    """Open an existing archive read-only, also while a crawl writes. Raises as ``connect``."""
    connection, version = connect_as_it_is(path)
    if version < SCHEMA_VERSION:
        connection.close()
        raise _older(path, version)
    return connection


def connect_as_it_is(path: Path) -> tuple[Connection, int]:
    """Open an archive read-only, of whatever version up to ours, and return its version with it.

    Only for who asks nothing of it that an older schema may lack. Raises as ``connect``; of several
    hard links only the ones beside which a log lies are refused.
    """
    version = _version_of(path)
    if version is None:
        raise _nothing_there(path)
    if _has_log(path):
        _refuse_linked(path)
    try:
        return Connection(path, open_read_only(path)), version
    except sqlite3.Error as exc:
        raise _unopened(path, exc) from exc


def connect_for_verifying(path: Path) -> tuple[ArchiveSql, list[str]]:
    """Open an archive read-only as far as it can be opened, text that is no UTF-8 included.

    Also returns what its head says wrongly, where the latest manifest knows better. Raises
    ArchiveError when there is none, or one of another release.
    """
    if not path.is_file():
        connect_for_reading(path)  # says what is there
    sql = open_read_only(path)
    try:
        sql.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        sql.execute("PRAGMA cell_size_check = ON")  # else a damaged page is read past its cells
        sql.execute("PRAGMA writable_schema = ON")  # else one damaged definition hides all tables
        return sql, _misnamed(sql)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as exc:
        if "malformed database schema" in repr(exc):  # it is one; the first look says what
            return sql, []
        sql.close()
        raise _unverifiable(path, exc) from exc
    except LookupError as exc:
        sql.close()
        raise _unverifiable(path, exc) from None


def _unverifiable(path: Path, exc: Exception) -> ArchiveError:
    """Return what a file is that is no archive of this release. Raises it, too."""
    version = _version_of(path)
    if version is None:
        return _nothing_there(path)
    if version < SCHEMA_VERSION:
        return _older(path, version)
    return ForeignDatabase(f"{path}: not usable as an archive: {exc}")


def _misnamed(sql: sqlite3.Connection) -> list[str]:
    """What the head says of itself and is not so. Raises LookupError: it may be right."""
    application_id = sql.execute("PRAGMA application_id").fetchone()[0]
    version = int(sql.execute("PRAGMA user_version").fetchone()[0])
    if (application_id, version) == (APPLICATION_ID, SCHEMA_VERSION):
        return []
    sealed = sql.execute(
        "SELECT body ->> 'schema' FROM manifests ORDER BY id DESC LIMIT 1"
    ).fetchone()
    if sealed is None or sealed[0] != SCHEMA_VERSION:
        raise LookupError
    return [f"the application id is {application_id}, the version of the schema {version}"]


def _version_of(path: Path) -> int | None:
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
        raise _unopened(path, exc) from exc
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
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY) and not _has_log(path)
    except OSError:  # nothing is there
        return False


def _has_log(path: Path) -> bool:
    """Tell whether commits lie beside an archive that are not merged into it yet."""
    try:
        real = path.resolve()
        return bool(real.with_name(real.name + "-wal").stat().st_size)
    except (OSError, RuntimeError, ValueError):  # none is there, or no such path can be
        return False


def _refuse_linked(path: Path) -> None:
    """Refuse one file under two names: each name has a log and a lock of its own.

    Who opens the other name sees neither, and damages it (sqlite.org/howtocorrupt.html, 2.5).
    """
    try:
        real = path.resolve()
        names = real.stat().st_nlink if real.is_file() else 1
    except (OSError, RuntimeError, ValueError):  # who opens it says what is wrong
        return
    if names > 1:
        own = shlex.quote(f"{real}.own")
        raise ArchiveError(
            f"{path}: one file under {names} names (hard links), which SQLite cannot guard against"
            " each other; while nothing has it open, give it a file of its own:"
            f" cp -p {shlex.quote(str(real))} {own} && mv {own} {shlex.quote(str(real))}"
        )


def _unopened(path: Path, exc: sqlite3.Error) -> ArchiveError:
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


def _older(path: Path, version: int) -> ArchiveError:
    return ArchiveError(
        f"{path}: written by an older Sourcekeep (schema {version}, this one reads"
        f" {SCHEMA_VERSION}); keep a copy of it with: sourcekeep backup DEST, then bring it up to"
        " date with: sourcekeep extract"
    )


def _nothing_there(path: Path) -> ArchiveError:
    return ArchiveError(f"{path}: no archive here; make one with: sourcekeep add INPUT")


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise ArchiveError(f"{path}: is a folder; name a file")


def _refuse_unwritable(path: Path) -> None:
    """SQLite would find out late, at the first commit; a crawl must know before it fetches."""
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


def _configure(sql: sqlite3.Connection) -> None:
    """Set what sqlite3 and sqlite-utils leave at unsafe defaults."""
    sql.row_factory = sqlite3.Row
    sql.execute(f"PRAGMA page_size = {PAGE_SIZE_BYTES}")
    sql.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a new file: `pack` gives back by steps
    sql.execute("PRAGMA journal_mode = WAL")
    sql.execute("PRAGMA synchronous = FULL")  # a commit that returned survives a power cut
    sql.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
    sql.execute("PRAGMA foreign_keys = ON")


class Reserve:
    """A file beside the archive whose only use is to be deleted when the disk is full."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def take(self) -> None:
        """Take the room. Raises ArchiveError: a disk that has none is no place for a run."""
        try:
            with self._path.open("wb") as file:
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
    real = path.resolve()
    held = Reserve(real.with_name(real.name + "-reserve"))
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
        handle = lock_path.open("a+")
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

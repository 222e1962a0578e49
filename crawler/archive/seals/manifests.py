"""Manifests: one for each sealing, chained, in the archive and in a file beside it.

The file beside is what shows that an archive was set back: a copy without its ``-wal`` has fewer
manifests than were written beside the original.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from crawler.archive.companions import like
from crawler.archive.connection import Connection
from crawler.archive.merkle import leaf_hash, tree_hash
from crawler.digests import digest_of
from crawler.errors import ArchiveError

FORMAT = "sourcekeep-manifest-1"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What all seals of an archive came to at one moment."""

    digest: str  # of its body
    body: str  # JSON, as it is digested
    archive: str  # uid
    number: int  # from 1
    root: str  # 64 hex digits
    previous: str | None  # digest of the manifest before it
    sealed_at: str
    row: int | None = None  # in ``manifests``; None: read from the file beside
    tables: tuple[str, ...] = ()  # names of the tables that changed; none: not told

    @classmethod
    def of(cls, body: str, row: int | None = None, tables: Iterable[str] = ()) -> Manifest:
        """Return the manifest that a text is. Raises ValueError when it is none."""
        told = json.loads(str(body))
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise ValueError("not a manifest")
        try:
            return cls(
                digest_of(body.encode()), body, str(told["archive"]), int(told["number"]),
                str(told["root"]), told["previous"], str(told["sealed_at"]), row,
                tuple(map(str, tables)),
            )  # fmt: skip
        except (KeyError, TypeError) as exc:
            raise ValueError(f"a manifest without {exc}") from exc

    @classmethod
    def of_line(cls, line: bytes) -> Manifest | None:
        """Return the manifest in a line of the file beside; None: there is none in it."""
        try:
            told = json.loads(line)
            # Lines of early archives have the roots as well, by name.
            return cls.of(told["body"], tables=told.get("tables") or ())
        except (ValueError, KeyError, TypeError):
            return None


def table_leaf(name: str, root: bytes) -> bytes:
    """Return the leaf of a table in the tree of the archive: its name, a zero byte, its root."""
    return leaf_hash(name.encode() + b"\0" + root)


def archive_root(roots: Mapping[str, bytes]) -> bytes:
    """Return the root over the tables of an archive, in the order of their names."""
    return tree_hash([table_leaf(name, roots[name]) for name in sorted(roots)] or [leaf_hash(b"")])


def beside(path: Path) -> Path:
    """Return where the manifests of an archive are written besides."""
    real = path.resolve()
    return real.with_name(real.name + "-manifests.jsonl")


class Manifests:
    """The manifests of one archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tables: dict[str, list[str]] = {}  # digest -> tables changed, of those made just now

    @property
    def _sql(self) -> sqlite3.Connection:
        return self._connection.sql

    def archive_uid(self) -> str:
        """Return which archive this is."""
        return str(self._sql.execute("SELECT uid FROM archive").fetchone()["uid"])

    def head(self) -> Manifest | None:
        """Return the latest manifest of this archive; None: it was never sealed."""
        row = self._sql.execute(
            "SELECT id, body FROM manifests WHERE archive_uid = ? ORDER BY number DESC LIMIT 1",
            (self.archive_uid(),),
        ).fetchone()
        return Manifest.of(row["body"], row["id"]) if row else None

    def add(
        self, root: bytes, tables: Iterable[str], *, run: int | None, last: bool, now: str
    ) -> Manifest:
        """Chain a manifest to those before it, in the caller's transaction.

        ``tables`` are those that changed; ``last`` tells that with it all that ``run`` wrote is
        sealed.
        """
        sql, before = self._sql, self.head()
        row = sql.execute("SELECT uid FROM runs WHERE id = ?", (run,)).fetchone()
        body = json.dumps(
            {
                "archive": self.archive_uid(),
                "format": FORMAT,
                "number": before.number + 1 if before else 1,
                "previous": before.digest if before else None,
                "root": root.hex(),
                "run": row["uid"] if row else None,
                "schema": sql.execute("PRAGMA user_version").fetchone()[0],
                "sealed_at": now,
            },
            sort_keys=True,
            separators=(",", ":"),
        )
        made = Manifest.of(body)
        sql.execute(
            "INSERT INTO manifests (archive_uid, number, digest, previous_digest, run, sealed_at,"
            " body) VALUES (?,?,?,?,?,?,?)",
            (made.archive, made.number, made.digest, made.previous, run, now, body),
        )
        if run is not None and last:
            sql.execute(
                "UPDATE runs SET manifest_digest = ?, previous_manifest_digest = ?"
                " WHERE id = ? AND manifest_digest IS NULL",
                (made.digest, made.previous, run),
            )
        self._tables[made.digest] = sorted(tables)
        return made

    # Beside the archive

    def write_beside(self) -> None:
        """Append the manifests that the file beside lacks. Raises ArchiveError when it refuses.

        A line that was cut off by a crash is taken out first.
        """
        path = beside(self._connection.path)
        try:
            with open(path, "a+b", opener=like(self._connection.path)) as file:
                file.truncate(_whole_length(file.seek(0, os.SEEK_END), path))
                known = {manifest.digest for manifest in read_beside(path)}
                lines = [self._line(m) for m in self._own() if m.digest not in known]
                file.write("".join(lines).encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as exc:
            raise ArchiveError(f"{path}: cannot be written: {exc.strerror}") from exc
        self._tables.clear()

    def _own(self) -> Iterator[Manifest]:
        for row in self._sql.execute(
            "SELECT id, body FROM manifests WHERE archive_uid = ? ORDER BY number",
            (self.archive_uid(),),
        ):
            yield Manifest.of(row["body"], row["id"])

    def _line(self, manifest: Manifest) -> str:
        told: dict[str, object] = {"digest": manifest.digest, "body": manifest.body}
        if manifest.digest in self._tables:
            told["tables"] = self._tables[manifest.digest]
        return json.dumps(told, separators=(",", ":")) + "\n"


def read_beside(path: Path) -> Iterator[Manifest]:
    """Yield the manifests of a file, leaving out what is none. Raises OSError."""
    with path.open("rb") as file:
        for line in file:
            if (manifest := Manifest.of_line(line)) is not None:
                yield manifest


def _whole_length(length: int, path: Path) -> int:
    """Return the length of a file up to the end of its last whole line."""
    with path.open("rb") as file:
        while length:
            step = min(length, 4096)
            file.seek(length - step)
            end = file.read(step).rfind(b"\n")
            if end >= 0:
                return length - step + end + 1
            length -= step
    return 0

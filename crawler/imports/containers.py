"""The files that an import names: WARC and ARC as they are, WACZ (WACZ 1.1.1) by its parts.

A ZIP from elsewhere is not trusted: its whole directory is looked at before any of it is read, and
nothing of it is ever written under a name that it chose.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from crawler.errors import SourcekeepError
from crawler.exports.signing import Signature, check_signature
from crawler.imports.ours import LINE
from crawler.imports.records import ARC_MARKS, WARC_MARKS, Unread
from crawler.imports.streams import CHUNK_BYTES, Plain

ENTRIES_MAX = 100_000
# Deflate gives 1,032 at most, text 3 to 10; beyond this a file is made to fill memory or disk.
RATIO_MAX = 200
SMALL_BYTES = 2**20  # what unpacks to less is no bomb whatever its ratio
DESCRIPTION_MAX_BYTES = 16 * 2**20  # of datapackage.json
DESCRIPTION = "datapackage.json"
SIGNED = "datapackage-digest.json"
SIGNED_MAX_BYTES = 2**20  # with chains of certificates it is some 20 KB
_WARC_NAME = re.compile(r".*\.w?arc(\.gz)?", re.IGNORECASE)
_ZIP_NAME = re.compile(r".*\.(wacz|zip)", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")
_LOCAL_HEADER_BYTES = 30


class ContainerRefused(SourcekeepError):
    """A file from which nothing is imported; nothing was read of it."""

    def __init__(self, file: str, why: str) -> None:
        super().__init__(f"{file}: {why}")
        self.file = file
        self.why = why


@dataclass(frozen=True, slots=True)
class Part:
    """A WARC or ARC file, or one within a container; or JSON Lines of ours."""

    name: str  # by which a person knows it
    file: BinaryIO
    lines: bool = False  # it is none of both, but JSON Lines of ours


@dataclass(frozen=True, slots=True)
class Signed:
    """A container that is signed."""

    name: str
    signature: Signature

    def __str__(self) -> str:
        return f"{self.name}: {self.signature}"


@contextmanager
def opened(path: Path) -> Iterator[Iterator[Part | Unread | Signed]]:
    """Open a file as its parts. Raises ContainerRefused, where nothing of it is imported."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
            if head == b"PK\x03\x04" or head == b"PK\x05\x06":
                yield _parts_of_wacz(path.name, file)
            elif head[:3] == b"\x1f\x8b\x08" or _begins(file, WARC_MARKS + ARC_MARKS):
                yield iter((Part(path.name, file),))
            elif _begins(file, (LINE,)):
                yield iter((Part(path.name, file, lines=True),))
            else:
                raise ContainerRefused(
                    path.name,
                    "neither WARC, ARC, WACZ nor JSON Lines of ours; a page that somebody saved"
                    " comes in by sourcekeep attach",
                )
    except OSError as exc:
        raise ContainerRefused(str(path), f"cannot be read: {exc.strerror or exc}") from exc


def is_container(path: Path) -> bool:
    """Tell whether a file is a WARC, ARC or WACZ by its first bytes."""
    with path.open("rb") as file:
        head = file.read(4)
        packed = head[:3] == b"\x1f\x8b\x08"
        return packed or head == b"PK\x03\x04" or _begins(file, WARC_MARKS + ARC_MARKS)


def _begins(file: BinaryIO, marks: tuple[bytes, ...]) -> bool:
    file.seek(0)
    return file.read(16).startswith(marks)


def _parts_of_wacz(name: str, file: BinaryIO) -> Iterator[Part | Unread | Signed]:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as exc:
        raise ContainerRefused(name, f"a damaged ZIP file ({exc})") from exc
    entries = archive.infolist()
    refusal = _refusal_of(entries)
    if refusal is not None:
        raise ContainerRefused(name, refusal)
    if not any(_WARC_NAME.fullmatch(entry.filename) for entry in entries):
        raise ContainerRefused(name, "a ZIP file without any WARC in it")
    return _read_parts(name, file, archive, entries)


def _read_parts(
    name: str, file: BinaryIO, archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]
) -> Iterator[Part | Unread | Signed]:
    digests, complaint = _described(archive, entries)
    if complaint is not None:
        yield Unread(name, None, complaint)
    yield from _signed(name, archive, entries)
    for entry in entries:
        label = f"{name}/{entry.filename}"
        if _ZIP_NAME.fullmatch(entry.filename):
            yield Unread(label, None, "a container within a container is not opened")
        if not _WARC_NAME.fullmatch(entry.filename):
            continue
        try:
            with _content(file, archive, entry) as content:
                told = digests.get(entry.filename)
                if told is not None and not _has_digest(content, told):
                    yield Unread(label, None, f"it does not match its digest in {DESCRIPTION}")
                yield Part(label, content)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as exc:
            yield Unread(label, None, f"it cannot be unpacked ({exc})")


# Refusing


def _refusal_of(entries: list[zipfile.ZipInfo]) -> str | None:
    """Return why a ZIP file is refused as a whole; None: nothing speaks against it."""
    if len(entries) > ENTRIES_MAX:
        return f"a ZIP file of {len(entries)} entries; more than {ENTRIES_MAX} are not looked at"
    names = set[str]()
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        why = _name_refusal(entry.orig_filename) or _content_refusal(entry)
        if why is None and entry.filename in names:
            why = "stands in it twice"
        if why is None and entry.header_offset < end:
            why = "overlaps another one"
        if why is not None:
            return f"refused, because the entry {entry.orig_filename[:200]!r} {why}"
        names.add(entry.filename)
        end = entry.header_offset + _LOCAL_HEADER_BYTES + entry.compress_size
    return None


def _name_refusal(name: str) -> str | None:
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        return "has an absolute path"
    if ".." in re.split(r"[/\\]", name):
        return "leads out of the file"
    if "\\" in name or any(ord(character) < 32 or ord(character) == 127 for character in name):
        return "has characters in its name that no WACZ has"
    return None


def _content_refusal(entry: zipfile.ZipInfo) -> str | None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if entry.flag_bits & 1:
        return "is encrypted"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed in a way that WACZ does not know"
    if entry.compress_type == zipfile.ZIP_STORED and entry.file_size != entry.compress_size:
        return "tells two sizes"
    if entry.file_size > max(SMALL_BYTES, RATIO_MAX * entry.compress_size):
        return f"claims to unpack to {entry.file_size} bytes from {entry.compress_size}"
    return None


# Reading


@contextmanager
def _content(
    file: BinaryIO, archive: zipfile.ZipFile, entry: zipfile.ZipInfo
) -> Iterator[BinaryIO]:
    """Open the content of an entry so that it can be sought in.

    What is stored is read where it lies; what is deflated goes through a file without a name.
    """
    with archive.open(entry) as packed:  # compares the two headers of the entry
        if entry.compress_type == zipfile.ZIP_STORED:
            yield cast("BinaryIO", Window(file, _start_of(file, entry), entry.file_size))
            return
        with tempfile.TemporaryFile() as unpacked:
            shutil.copyfileobj(packed, unpacked, CHUNK_BYTES)
            yield unpacked


def _start_of(file: BinaryIO, entry: zipfile.ZipInfo) -> int:
    """Return where the bytes of an entry begin: behind its name and its extra fields."""
    file.seek(entry.header_offset + 26)
    name, extra = file.read(2), file.read(2)
    sizes = int.from_bytes(name, "little") + int.from_bytes(extra, "little")
    return entry.header_offset + _LOCAL_HEADER_BYTES + sizes


class Window(Plain):
    """A stretch of a file, as a file."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        super().__init__(file, start)
        self._start, self._size = start, size

    def seekable(self) -> bool:
        """Return that it can be sought in."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an offset; return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._next - self._start, io.SEEK_END: self._size}
        self._next = self._start + max(base[whence] + offset, 0)
        return self._next - self._start

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes, fewer at the end of the stretch."""
        left = max(self._start + self._size - self._next, 0)
        self._file.seek(self._next)
        data = self._file.read(left if size < 0 else min(size, left))
        self._next += len(data)
        return data


def _described(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]
) -> tuple[dict[str, str], str | None]:
    """Return the digests that datapackage.json tells, by path; and what is wrong with it."""
    entry = next((entry for entry in entries if entry.filename == DESCRIPTION), None)
    if entry is None:
        return {}, f"there is no {DESCRIPTION} in it; what its WARC files hold is read all the same"
    try:
        with archive.open(entry) as file:
            told = json.loads(file.read(DESCRIPTION_MAX_BYTES))
        resources = told["resources"]
        return {str(each["path"]): str(each["hash"]) for each in resources if "hash" in each}, None
    except (ValueError, KeyError, TypeError, RecursionError, zipfile.BadZipFile, zlib.error) as exc:
        return {}, f"its {DESCRIPTION} cannot be read ({exc})"


def _signed(
    name: str, archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]
) -> Iterator[Unread | Signed]:
    """Yield what the file that may be signed says, and what is wrong with it; nothing of others."""
    if not {DESCRIPTION, SIGNED} <= {entry.filename for entry in entries}:
        return
    try:
        with archive.open(SIGNED) as file, archive.open(DESCRIPTION) as described:
            told = file.read(SIGNED_MAX_BYTES)
            signature = check_signature(told, described.read(DESCRIPTION_MAX_BYTES))
    except (ValueError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as exc:
        yield Unread(f"{name}/{SIGNED}", None, str(exc))
    else:
        if signature is not None:
            yield Signed(name, signature)


def _has_digest(file: BinaryIO, told: str) -> bool:
    """Tell whether a file has a digest ``sha256:…``; others are taken for right."""
    name, _, value = told.partition(":")
    if name not in ("sha256", "md5"):
        return True
    digest = hashlib.new(name, usedforsecurity=False)
    file.seek(0)
    while data := file.read(CHUNK_BYTES):
        digest.update(data)
    return digest.hexdigest() == value.lower()

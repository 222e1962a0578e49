"""An archive as WARC files with an index of them; docs/exports.md says what is in which record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawler import __version__
from crawler.archive import AttemptRecord, CaptureRecord, Selected
from crawler.dates import format_instant
from crawler.exports import records
from crawler.exports.cdxj import Place, SortedLines, stamp
from crawler.exports.destination import Folder
from crawler.exports.digested import Digested, Sink
from crawler.exports.members import Members
from crawler.exports.order import Order
from crawler.exports.records import Record

INDEX, SUMS = "index.cdxj", "sha256sums"  # the second for ``sha256sum --check``
HANDLING = (
    "Payloads are decoded: Content-Encoding and Transfer-Encoding are renamed to X-Archive-Orig-*,"
    " and Content-Length is that of the payload. Bodies that could not be decoded are as received."
    " Names of headers are in title case, values of one name stand together; reason phrases and"
    " HTTP/1.1 in status lines are not what was sent. Credentials are REDACTED."
)


OpenFile = Callable[[str], Sink]


@dataclass(frozen=True, slots=True)
class Told:
    """What the files say of the export that they are from."""

    now: str  # instant at which it began
    archive_uid: str
    is_public: bool = False  # without what must not be passed on


class _Head(StatusAndHeaders):  # type: ignore[misc]
    """The first part of a block as it is: warcio would put values beyond ASCII in other words."""

    def __init__(self, head: bytes) -> None:
        super().__init__("as it is", [])
        self.headers_buff = head

    def compute_headers_buffer(self, header_filter: object = None) -> None:
        """Leave it as it is."""


class _Writer(WARCWriter):  # type: ignore[misc]
    """Writes records whose digests are there already."""

    def ensure_digest(self, record: object, block: bool = True, payload: bool = True) -> None:
        """Leave them as they are."""


class WarcFiles:
    """WARC files, one after the other, each up to a size and each beginning with its warcinfo."""

    def __init__(self, open_file: OpenFile, told: Told, max_size_bytes: int) -> None:
        self._open_file = open_file
        self._told = told
        self._max_size_bytes = max_size_bytes
        self._file: Sink | None = None
        self._members = Members(BytesIO())
        self._info_id = ("WARC-Warcinfo-ID", "")
        self._count = 0

    def add_together(self, found: list[Record]) -> list[tuple[str, int, int]]:
        """Write records into one file; return its name, and offset and length of each."""
        if self._file is None or self._members.offset >= self._max_size_bytes:
            self._begin_file()
        return [self._add(record) for record in found]

    def close(self) -> None:
        """End the last file. Where nothing was written, there is one that says so."""
        if not self._count:
            self._begin_file()
        self._end_file()

    def _begin_file(self) -> None:
        self._end_file()
        name = self._name(self._count)
        self._file = self._open_file(name)
        self._members = Members(self._file)
        self._count += 1
        info = records.warcinfo(name, self._told.archive_uid, now=self._told.now, told=self._info())
        self._info_id = ("WARC-Warcinfo-ID", info.fields[0][1])
        self._add(info)

    def _end_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _name(self, serial: int) -> str:
        own = self._told.archive_uid[-12:]
        return f"sourcekeep-{own}-{stamp(self._told.now)}-{serial:05}.warc.gz"

    def _info(self) -> dict[str, str]:
        return {
            "software": f"sourcekeep {__version__}",
            "format": "WARC File Format 1.1",
            "conformsTo": "http://iipc.github.io/warc-specifications/",
            "isPartOf": f"urn:uuid:{self._told.archive_uid}",
            "description": HANDLING,
            **({"rights": "without payloads that are withheld"} if self._told.is_public else {}),
        }

    def _add(self, record: Record) -> tuple[str, int, int]:
        info = () if record.kind == "warcinfo" else (self._info_id,)
        fields = (
            ("WARC-Type", record.kind), *record.fields, *info,
            ("WARC-Block-Digest", record.block_digest()), ("Content-Type", record.content_type),
            ("Content-Length", str(record.length)),
        )  # fmt: skip
        made = ArcWarcRecord(
            "warc", record.kind, StatusAndHeaders("", list(fields), protocol="WARC/1.1"),
            BytesIO(record.payload), _Head(record.head), record.content_type, record.length,
            payload_length=len(record.payload),
        )  # fmt: skip
        began = self._members.offset
        _Writer(self._members, gzip=False, warc_version="1.1").write_record(made)
        return self._name(self._count - 1), began, self._members.offset - began


def write(selected: Selected, folder: Folder, order: Order) -> None:
    """Write a folder of WARC files, the index of them, and the digests of all."""
    written: dict[str, Digested] = {}

    def open_file(name: str) -> Digested:
        written[name] = Digested(folder.open(name))
        return written[name]

    with TemporaryDirectory(prefix="sourcekeep-") as waiting:
        lines = SortedLines(Path(waiting))
        files = WarcFiles(open_file, told_of(selected, order), order.max_size_bytes)
        for place, _ in write_captures(selected, files, order):
            lines.add(place.line())
        files.close()
        open_file(INDEX).write_all(lines)
    sums = "".join(f"{file.sha256}  {name}\n" for name, file in written.items())
    folder.add(SUMS, sums.encode())


def told_of(selected: Selected, order: Order) -> Told:
    """Return what the files of an export say of it."""
    return Told(format_instant(order.now), selected.archive_uid, selected.selection.public)


def write_captures(
    selected: Selected, files: WarcFiles, order: Order
) -> Iterator[tuple[Place, CaptureRecord]]:
    """Write every selected capture; yield where the answer of each lies that has one.

    Attempts without an answer stand among them, and in no index: there is nothing to replay.
    """
    for capture in selected.with_attempts():
        if isinstance(capture, AttemptRecord):
            files.add_together([records.attempt(capture, selected.archive_uid)])
            order.step()
            continue
        found = _records_of(selected, capture)
        places = files.add_together(found)
        if found[0].kind != "metadata":
            yield _place(capture, found[0], *places[0]), capture
        order.step()


def _records_of(selected: Selected, capture: CaptureRecord) -> list[Record]:
    """The records of one capture, that of its answer first."""
    answer, withheld = _answer_of(selected, capture)
    told = records.metadata(capture, selected.archive_uid, withheld)
    if answer is None:
        return [told]
    text = records.conversion(capture) if answer.kind == "response" else None
    return [each for each in (answer, records.request(capture), told, text) if each is not None]


def _answer_of(selected: Selected, capture: CaptureRecord) -> tuple[Record | None, str | None]:
    """The response or revisit of a capture; or None, and why its payload stays here."""
    original = capture.refers_to
    if original is not None and selected.leaves(capture) and selected.includes(original.uid):
        return records.revisit(capture, original), None
    payload, withheld = selected.payload(capture)
    if payload is None:
        return None, withheld
    if capture.fetch.status == HTTPStatus.NOT_MODIFIED:
        capture = records.freshened(capture, selected.referred(capture))
    return records.response(capture, payload), None


def _place(capture: CaptureRecord, answer: Record, name: str, offset: int, length: int) -> Place:
    is_revisit = answer.kind == "revisit"
    return Place(
        url=capture.url, captured_at=capture.captured_at,
        mime="warc/revisit" if is_revisit else capture.mime_sniffed or "unk",
        status=None if is_revisit else capture.fetch.status, digest=capture.payload,
        filename=name, offset=offset, length=length,
    )  # fmt: skip

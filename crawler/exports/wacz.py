"""An archive as one WACZ 1.1.1 file: WARC, index, pages with their texts, and digests of all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from crawler import __version__
from crawler.archive import CaptureRecord, Selected
from crawler.dates import format_instant
from crawler.digests import digest_of
from crawler.exports.cdxj import SortedLines, key_of
from crawler.exports.digested import Digested
from crawler.exports.members import member_of
from crawler.exports.order import MAX_SIZE_BYTES, Order
from crawler.exports.signing import Signer
from crawler.exports.warc import WarcFiles, told_of, write_captures
from crawler.verdicts import LIVE

VERSION = "1.1.1"
LINES_A_BLOCK = 1_024  # of the compressed index, as the tools of WACZ have it
_INDEX, _INDEX_OF_INDEX = "index.cdx.gz", "index.idx"


class _Package:
    """The ZIP, one file after the other, and the list of them."""

    def __init__(self, out: BinaryIO, now: datetime, signer: Signer | None) -> None:
        self._zip = ZipFile(out, "w")
        self._now = now
        self._signer = signer
        self._entries: dict[str, Digested] = {}

    def open(self, path: str, *, compressed: bool = False, size_bytes: int = 0) -> Digested:
        """Open a new file for writing. What readers jump about in must not be compressed.

        A file of more than 2 GiB must tell its size: for one that may grow so large, zipfile writes
        a longer header, which ReplayWeb.page 2.4 takes for the beginning of the file.
        """
        info = ZipInfo(path, self._now.timetuple()[:6])
        info.compress_type = ZIP_DEFLATED if compressed else ZIP_STORED
        info.external_attr = 0o644 << 16
        info.file_size = size_bytes
        self._entries[path] = Digested(self._zip.open(info, "w"))
        return self._entries[path]

    def close(self) -> None:
        """Write the list of all files, and its digest, signed when there is somebody to sign."""
        listed = {
            "profile": "data-package",
            "resources": [
                {"name": path.rpartition("/")[2], "path": path,
                 "hash": f"sha256:{entry.sha256}", "bytes": entry.size_bytes}
                for path, entry in self._entries.items()
            ],
            "created": format_instant(self._now),
            "wacz_version": VERSION,
            "software": f"sourcekeep {__version__}",
        }  # fmt: skip
        package = self.open("datapackage.json", compressed=True)
        package.write_all([_json(listed)])
        digest: dict[str, object] = {
            "path": "datapackage.json", "hash": f"sha256:{package.sha256}"
        }  # fmt: skip
        if self._signer is not None:
            created = format_instant(self._now)
            digest["signedData"] = self._signer.sign(f"sha256:{package.sha256}", created)
        self.open("datapackage-digest.json", compressed=True).write_all([_json(digest)])
        self._zip.close()

    def abandon(self) -> None:
        """Leave it as it is: zipfile would end it as it goes, where the file is closed by then."""
        self._zip.fp = None


def write(selected: Selected, out: BinaryIO, order: Order) -> None:
    """Write the file."""
    package = _Package(out, order.now, order.signer)
    try:
        _fill(package, selected, order)
    except BaseException:
        package.abandon()
        raise


def _fill(package: _Package, selected: Selected, order: Order) -> None:
    with TemporaryDirectory(prefix="sourcekeep-") as waiting:
        lines, pages = SortedLines(Path(waiting)), Path(waiting) / "pages"
        files = WarcFiles(
            lambda name: package.open(f"archive/{name}"),
            told_of(selected, order),
            min(order.max_size_bytes, MAX_SIZE_BYTES),
        )
        with pages.open("wb") as listed:
            for place, capture in write_captures(selected, files, order):
                lines.add(place.line())
                if _is_page(capture):
                    listed.write(_page(capture, with_text=place.status is not None))
        files.close()
        head = {"format": "json-pages-1.0", "id": "pages", "title": "Pages", "hasText": True}
        with pages.open("rb") as listed:
            size_bytes = pages.stat().st_size
            there = package.open("pages/pages.jsonl", compressed=True, size_bytes=size_bytes)
            there.write_all(chain([_json(head)], listed))
        _write_index(package, lines)
    package.close()


def _write_index(package: _Package, lines: Iterable[bytes]) -> None:
    """Write the lines in compressed blocks (ZipNum), and where each block begins."""
    places = [f"!meta 0 {json.dumps({'format': 'cdxj-gzip-1.0', 'filename': _INDEX})}"]
    index = package.open(f"indexes/{_INDEX}")
    for block in _blocks(iter(lines)):
        data = member_of(b"".join(block))
        place = {"offset": index.size_bytes, "length": len(data), "digest": digest_of(data)}
        places.append(f"{key_of(block[0])} {json.dumps(place | {'filename': _INDEX})}")
        index.write(data)
    index.close()
    there = package.open(f"indexes/{_INDEX_OF_INDEX}", compressed=True)
    there.write_all(f"{place}\n".encode() for place in places)


def _blocks(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    while block := list(islice(lines, LINES_A_BLOCK)):
        yield block


def _is_page(capture: CaptureRecord) -> bool:
    """Whether it is something to read, and not a redirect, an error or robots.txt."""
    return capture.is_snapshot and capture.outcome in LIVE


def _page(capture: CaptureRecord, *, with_text: bool) -> bytes:
    """The line of a page; its text stands with the response, not with each revisit of it."""
    article, source = capture.article, capture.source
    page = {
        "id": capture.uid,
        "url": capture.url,
        "ts": capture.captured_at,
        "title": (article and article.title) or (source and source.title) or capture.url,
    }
    if with_text and article and article.text:
        page["text"] = article.text
    return _json(page)


def _json(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"

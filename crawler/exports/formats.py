"""The formats of exports: each a name, a sentence and a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from crawler.archive import Selected
from crawler.exports import jsonl, wacz, warc
from crawler.exports.destination import Folder
from crawler.exports.order import Order


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format that is one file, and may go to stdout."""

    sentence: str
    write: Callable[[Selected, BinaryIO, Order], None]
    is_text: bool = True  # fit for a terminal


@dataclass(frozen=True, slots=True)
class FolderFormat:
    """A format that is a folder of files."""

    sentence: str
    write: Callable[[Selected, Folder, Order], None]


FORMATS: dict[str, FileFormat | FolderFormat] = {
    "jsonl": FileFormat("one JSON object a capture, with payload and text", jsonl.write),
    "warc": FolderFormat("WARC 1.1 files and a CDXJ index of them", warc.write),
    "wacz": FileFormat("one WACZ 1.1.1 file, for ReplayWeb.page", wacz.write, is_text=False),
}

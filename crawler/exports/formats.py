"""The formats of exports: each a name, a sentence and a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from crawler.archive import Selected
from crawler.exports import (
    jsonl,
    markdown,
    robustlinks,
    sitedata,
    tables,
    timemaps,
    wacz,
    warc,
    webfolder,
)
from crawler.exports.destination import Folder
from crawler.exports.order import Order


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format that is one file, and may go to stdout."""

    sentence: str
    write: Callable[[Selected, BinaryIO, Order], None]
    is_text: bool = True  # fit for a terminal
    counts_entries: bool = False  # its steps are entries, not captures
    has_attempts: bool = False  # that got no answer, beside the captures


@dataclass(frozen=True, slots=True)
class FolderFormat:
    """A format that is a folder of files."""

    sentence: str
    write: Callable[[Selected, Folder, Order], None]
    counts_entries: bool = False
    has_attempts: bool = False


FORMATS: dict[str, FileFormat | FolderFormat] = {
    "jsonl": FileFormat(
        "one JSON object a capture, with payload and text", jsonl.write, has_attempts=True
    ),
    "warc": FolderFormat("WARC 1.1 files and a CDXJ index of them", warc.write, has_attempts=True),
    "wacz": FileFormat(
        "one WACZ 1.1.1 file, for ReplayWeb.page", wacz.write, is_text=False, has_attempts=True
    ),
    "csv": FileFormat("a line for each capture, or a table or view (--table)", tables.write),
    "markdown": FolderFormat("a file for each snapshot, and for each entry", markdown.write),
    "html": FolderFormat(
        "pages that a browser opens without a server, inert, index first", webfolder.write
    ),
    "timemap": FolderFormat(
        "each source's snapshots (RFC 7089), link-format and JSON", timemaps.write
    ),
    "robustlinks": FolderFormat(
        "each citation's live link, archived copy, dates and state: HTML, Markdown, JSON, text",
        robustlinks.write,
        counts_entries=True,
    ),
    "hugo": FileFormat(
        "a data file for Hugo: the links of each entry; JSON or YAML",
        sitedata.write_hugo,
        counts_entries=True,
    ),
    "eleventy": FileFormat("the same for Eleventy", sitedata.write_eleventy, counts_entries=True),
}

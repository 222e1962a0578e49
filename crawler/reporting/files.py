"""The report as files in a folder: ``report.txt``, ``report.json`` and ``feed.atom``.

Each is written beside its place and then moved there, so that who reads it, a feed reader or a web
server, sees the old one or the new one and never a half.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from crawler.archive.queries.report import Item, Report
from crawler.errors import ReportNotWritten
from crawler.exports.destination import whole_file
from crawler.reporting.atom import atom_of
from crawler.reporting.document import document_of
from crawler.reporting.text import text_of

TEXT, DOCUMENT, FEED = "report.txt", "report.json", "feed.atom"
FEED_ITEMS = 100  # that the feed keeps, across runs


def prepare_folder(folder: Path) -> None:
    """Make the folder of the reports where it is missing. Raises ReportNotWritten."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as exc:
        raise ReportNotWritten(folder, exc.strerror or str(exc)) from exc


def write_files(
    folder: Path, report: Report, latest: Sequence[Item], *, began_at: str
) -> list[Path]:
    """Write the three files and return where they are.

    ``latest`` are the newest items of all runs, for the feed; ``began_at`` is when the archive did.
    Raises ReportNotWritten.
    """
    document = json.dumps(document_of(report), ensure_ascii=False, indent=2)
    contents = {
        TEXT: text_of(report).encode(errors="replace"),
        DOCUMENT: document.encode(errors="replace") + b"\n",
        FEED: atom_of(report.archive, latest, began_at=began_at) + b"\n",
    }
    try:
        for name, content in contents.items():
            with whole_file(folder / name) as file:
                file.write(content)
    except OSError as exc:
        raise ReportNotWritten(folder, exc.strerror or str(exc)) from exc
    return [folder / name for name in contents]

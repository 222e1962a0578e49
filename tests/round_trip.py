"""Out in each form that comes back in, for the tests that compare both ends."""

from __future__ import annotations

from pathlib import Path

from crawler.cli import main
from tests.test_imports import shown

FORMATS = {"warc": "out", "wacz": "out.wacz", "jsonl": "out.jsonl"}


def export_all(archive: Path, folder: Path, *more: str) -> None:
    """Export an archive into a folder, in each format."""
    for format_name, dest in FORMATS.items():
        words = ["export", format_name, str(folder / dest), "--archive", str(archive), "--quiet"]
        assert main([*words, *more]) == 0


def files_of(folder: Path, format_name: str) -> list[Path]:
    """Return the files of an export, as they are given to an import."""
    dest = folder / FORMATS[format_name]
    return sorted(dest.glob("*.warc.gz")) if dest.is_dir() else [dest]


def said(archive: Path, queries: dict[str, str]) -> dict[str, list[tuple[object, ...]]]:
    """Return what an archive answers to each query, in an order of its own."""
    return {name: sorted(shown(archive, query), key=repr) for name, query in queries.items()}

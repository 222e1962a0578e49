"""What is asked of an export besides its selection, and what files are called in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from crawler.archive import CaptureRecord
from crawler.errors import UsageError
from crawler.exports.signing import Signer

MAX_SIZE_BYTES = 10**9  # of a WARC file: the gigabyte that WARC 1.1 advises (annex C.2)
_PLACES = {"uid", "digest", "id"}


def _silent() -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants to have, as each format reads it."""

    now: datetime  # when the export is made
    max_size_bytes: int = MAX_SIZE_BYTES  # of a WARC file, at which the next one begins
    base_url: str | None = None  # of the copies; None: relative names, as in the HTML folder
    quoted: bool = False  # of CSV: cells that a spreadsheet would run are quoted
    as_yaml: bool = False  # of data for sites: YAML instead of JSON
    signer: Signer | None = None  # of WACZ
    table: str | None = None  # of CSV: the table or view; None: a line for each capture
    step: Callable[[], object] = _silent  # called for each capture, or entry, when it is done

    def copy_url(self, record: CaptureRecord) -> str:
        """Return where the archived copy is: in a published HTML folder, or by a pattern."""
        base = self.base_url or ""
        if "{" in base:
            digest = record.payload.partition(":")[2]
            return base.format(uid=record.uid, digest=digest, id=record.id)
        return f"{base}{snapshot_name(record)}"


def checked_base_url(text: str | None) -> str | None:
    """Return an address that file names can be put behind, or a pattern. Raises UsageError."""
    if text is None:
        return None
    if not text.startswith(("https://", "http://", "/")) or re.search(r"[\s<>\"]", text):
        raise UsageError(f"--base-url {text}: write https://…, http://… or a path from the root")
    if "{" in text or "}" in text:
        if not set(re.findall(r"\{(\w*)\}", text)) <= _PLACES or re.search(
            r"[{}]", re.sub(r"\{\w+\}", "", text)
        ):
            raise UsageError(f"--base-url {text}: the places are {{uid}}, {{digest}} and {{id}}")
        return text
    return text if text.endswith("/") else f"{text}/"


def snapshot_name(record: CaptureRecord) -> str:
    """Return the name of a snapshot's page in the HTML folder."""
    return f"snapshots/{record.uid}.html"


def name_of(key: str) -> str:
    """Return the name of a file for an entry's key or a source's urlkey: 16 hex of its SHA-256.

    It is the same at every export. The key itself could be anything.
    """
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]

"""Text and metadata of a PDF (worker side; the only pypdf import)."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from pypdf import DocumentInformation, PdfReader
from pypdf.errors import PyPdfError

from crawler.errors import ExtractionFailed
from crawler.extraction.markup import clean_text
from crawler.extraction.page import clean_line

MAX_PAGES = 200
MAX_CHARS = 2_000_000
MAX_SECONDS = 6.0  # of CPU: a part of a long document is better than to be killed before its end

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of each oddity in each file


@dataclass(frozen=True, slots=True)
class Document:
    """What a PDF says, each None or empty where it says nothing."""

    text: str
    title: str | None
    author: str | None
    created_on: str | None  # calendar date in the zone that the file states
    language: str | None


def read_document(body: bytes) -> Document:
    """Return the text of the first pages, and the metadata. Raises ExtractionFailed."""
    try:
        reader = PdfReader(BytesIO(body), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise ExtractionFailed("error", "the PDF is locked by a password")
        text = _text_of(reader)
        about = reader.metadata
        language = reader.root_object.get("/Lang")
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError) as exc:
        # a damaged file raises whatever its damage leads to, in a parser that is all Python
        raise ExtractionFailed("error", f"{type(exc).__name__}: {exc}") from exc
    return Document(
        text=text,
        title=clean_line(_text_field(about, "title")),
        author=clean_line(_text_field(about, "author")),
        created_on=_created_on(about),
        language=clean_line(str(language)) if language else None,
    )


def _text_of(reader: PdfReader) -> str:
    """Return the pages' text, parted by blank lines. A page that cannot be read is left out."""
    pages: list[str] = []
    size = 0
    end = time.process_time() + MAX_SECONDS
    for number in range(min(len(reader.pages), MAX_PAGES)):
        try:
            text = clean_text(reader.pages[number].extract_text()).strip()
        except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError):
            continue
        pages.append(text)
        size += len(text)
        if size > MAX_CHARS or time.process_time() > end:
            break
    return "\n\n".join(page for page in pages if page)[:MAX_CHARS]


def _text_field(about: DocumentInformation | None, name: str) -> str | None:
    """Return a field of the document information; None when absent or unreadable."""
    try:
        value = getattr(about, name, None)
    except (PyPdfError, ValueError, TypeError):
        return None
    return value if isinstance(value, str) else None


def _created_on(about: DocumentInformation | None) -> str | None:
    """Return the day on which the file says that it was made; None when it does not say."""
    try:
        made = about.creation_date if about is not None else None
    except (PyPdfError, ValueError, TypeError):
        return None
    return made.date().isoformat() if isinstance(made, datetime) else None

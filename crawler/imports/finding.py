"""Which pages a file holds: what may become a source, where none is known."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.extraction.extractors import PAGES
from crawler.imports.containers import Part
from crawler.imports.exchanges import exchange_of
from crawler.imports.grouping import Alone, Answer, grouped
from crawler.imports.lines import Lines
from crawler.imports.ours import Aside, Attempted, Elsewhere, NotUsable, Told, told_in
from crawler.imports.reading import Reader

DOCUMENTS = PAGES | {"application/pdf"}  # what a source may be that nothing cites


def pages_in(part: Part, reader: Reader) -> Iterator[str]:
    """Yield the URLs of the pages in a part of a file, and of what exports of ours tell."""
    if part.lines:
        for line in reader.lines(Lines(part.file, part.name, cap=reader.cap)):
            if isinstance(line.told, (Told, Attempted)):
                yield line.told.source_url
        return
    for told in grouped(reader.records(part)):
        if isinstance(told, Alone):
            if isinstance(told.told, Attempted):
                yield told.told.source_url
            continue
        said = told_in(told.metadata.block) if told.metadata else None
        if isinstance(said, Aside):
            continue
        url = said.source_url if said else _page_in(told, cap=reader.cap)
        if url is not None:
            yield url


def _page_in(told: Answer, *, cap: int) -> str | None:
    """Return the URL of a record that holds a page; None: it holds none, or not as a whole."""
    record = told.record
    if record.type == "revisit":
        return None
    try:
        found = exchange_of(record, cap=cap, request=told.request, metadata=None, repeated=b"")
    except (Elsewhere, NotUsable):
        return None
    hop = found.hop
    declared = (hop.mime_declared or "html").lower()
    is_page = hop.mime_sniffed in DOCUMENTS and ("html" in declared or "pdf" in declared)
    return hop.url if is_page and hop.outcome == "live-unverified" else None

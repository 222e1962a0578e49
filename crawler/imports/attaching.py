"""The captures of one page out of a WARC, ARC or WACZ file that a person hands over."""

from __future__ import annotations

from pathlib import Path

from crawler.errors import UrlError, UsageError
from crawler.imports.containers import Part, opened
from crawler.imports.exchanges import exchange_of, url_of
from crawler.imports.grouping import Answer, grouped
from crawler.imports.ours import Elsewhere, NotUsable
from crawler.imports.records import Record, read_records
from crawler.items import Hop
from crawler.urls import parse_url, redact_url, urlkey

SHOWN = 5  # addresses that are named where none is the wanted one
HOPS_MAX = 1_000  # captures of one page that are attached at a time


def hops_of_container(path: Path, url: str, *, cap: int) -> list[Hop]:
    """Return the answers that a file holds of a URL, whole bodies with them, by any spelling.

    Revisits are left out: what they repeat is one of the others. Raises UsageError when there is
    none, and ContainerRefused.
    """
    wanted = urlkey(_parsed(url))
    hops: list[Hop] = []
    others: dict[str, None] = {}
    with opened(path) as parts:
        for part in parts:
            if not isinstance(part, Part):
                continue
            read = read_records(part.file, part.name, cap=cap)
            for answer in grouped(each for each in read if isinstance(each, Record)):
                if answer.record.type != "revisit":
                    _take(answer, wanted, cap, hops, others)
    if not hops:
        named = ", ".join(redact_url(other) for other in others) or "none that can be read"
        raise UsageError(
            f"{path.name}: holds no answer of {redact_url(url)}; name the page that is meant with"
            f" --url. It holds: {named}"
        )
    if len(hops) > HOPS_MAX:
        raise UsageError(f"{path.name}: more than {HOPS_MAX} answers; use sourcekeep import")
    return hops


def _parsed(url: str) -> str:
    try:
        return parse_url(url)
    except UrlError as exc:
        raise UsageError(f"--url {url}: {exc.reason}") from exc


def _take(answer: Answer, wanted: str, cap: int, hops: list[Hop], others: dict[str, None]) -> None:
    record = answer.record
    try:
        if urlkey(url_of(record)) != wanted:
            if len(others) < SHOWN:
                others[url_of(record)] = None
            return
        found = exchange_of(record, cap=cap, request=answer.request, metadata=None, repeated=b"")
    except (Elsewhere, NotUsable):
        return
    if len(hops) <= HOPS_MAX:
        hops.append(found.hop)

"""The captures of one page out of a WARC, ARC or WACZ file that a person hands over."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from crawler.errors import UrlError, UsageError
from crawler.imports.chains import target_of
from crawler.imports.containers import Part, opened
from crawler.imports.exchanges import exchange_of, url_of
from crawler.imports.grouping import Answer, grouped
from crawler.imports.ours import Elsewhere, NotUsable
from crawler.imports.records import Record, read_records
from crawler.items import Hop
from crawler.urls import parse_url, redact_url, urlkey

SHOWN = 5  # addresses that are named where none is the wanted one
HOPS_MAX = 1_000  # captures of one page that are attached at a time
STEPS_MAX = 6  # times that a file is read, once for each redirect on the way to the page


@dataclass(slots=True)
class _Found:
    """What a file holds of some addresses."""

    wanted: set[str]  # their urlkeys
    hops: list[Hop] = field(default_factory=list)
    redirects: list[Hop] = field(default_factory=list)  # apart from those
    others: dict[str, None] = field(default_factory=dict)  # some addresses that were not wanted


def hops_of_container(path: Path, url: str, *, cap: int) -> list[Hop]:
    """Return the answers that a file holds of a URL, whole bodies with them, by any spelling.

    Where the URL only redirects, they are those of the page to which it leads. Revisits are left
    out: what they repeat is one of the others. Raises UsageError when there is none, and
    ContainerRefused.
    """
    found = _Found({urlkey(_parsed(url))})
    for _ in range(STEPS_MAX):
        found = _looked_through(path, found.wanted, cap)
        leads = {target for hop in found.redirects if (target := target_of(hop)) is not None}
        if found.hops or leads <= found.wanted:
            break
        found.wanted |= leads
    hops = found.hops or found.redirects
    if not hops:
        named = ", ".join(redact_url(other) for other in found.others) or "none that can be read"
        raise UsageError(
            f"{path.name}: holds no answer of {redact_url(url)}; name the page that is meant with"
            f" --url. It holds: {named}"
        )
    if len(hops) > HOPS_MAX:
        raise UsageError(f"{path.name}: more than {HOPS_MAX} answers; use sourcekeep import")
    return hops


def _looked_through(path: Path, wanted: set[str], cap: int) -> _Found:
    found = _Found(wanted)
    with opened(path) as parts:
        for part in parts:
            if not isinstance(part, Part):
                continue
            read = read_records(part.file, part.name, cap=cap)
            for answer in grouped(each for each in read if isinstance(each, Record)):
                if isinstance(answer, Answer) and answer.record.type != "revisit":
                    _take(answer, found, cap)
    return found


def _parsed(url: str) -> str:
    try:
        return parse_url(url)
    except UrlError as exc:
        raise UsageError(f"--url {url}: {exc.reason}") from exc


def _take(answer: Answer, found: _Found, cap: int) -> None:
    record = answer.record
    try:
        url = url_of(record)
        if urlkey(url) not in found.wanted:
            if len(found.others) < SHOWN:
                found.others[url] = None
            return
        hop = exchange_of(record, cap=cap, request=answer.request, metadata=None, repeated=b"").hop
    except (Elsewhere, NotUsable):
        return
    kept = found.redirects if hop.outcome == "redirect" else found.hops
    if len(kept) <= HOPS_MAX:
        kept.append(hop)

"""One entry from several formats of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from crawler.entries.identity import normal_headline
from crawler.items import Citation, Entry, ReadingWarning

T = TypeVar("T")

PREFERENCE = (  # structured first
    "news-json", "news-xml", "news-markdown", "news-html", "wiki-day",
    "wiki-article", "wiki-html", "post-markdown", "post-html", "url-list",
    "bibtex", "ris", "reference-json", "bookmarks", "table",
)  # fmt: skip
_FILLED_BY_ANOTHER = {  # warnings that a twin may make pointless
    "no-headline": lambda entry: entry.headline is not None,
    "no-date": lambda entry: entry.date is not None,
    "no-sources": lambda entry: bool(entry.citations),
    "no-sources-section": lambda entry: bool(entry.citations),
}


def merge_twins(entries: Sequence[Entry]) -> Entry:
    """Return the one entry that several formats of it give together.

    Each field comes from the first twin that has it, structured formats first. Citations are
    united by address and role, and counted again. Where the twins disagree, a warning says so.
    Raises ValueError for no entries at all.
    """
    if not entries:
        raise ValueError("there must be at least one entry to merge")
    if len(entries) == 1:
        return entries[0]
    # By place where the format is the same: which was read last must not change what is said.
    twins = sorted(entries, key=lambda entry: (PREFERENCE.index(entry.reader), entry.locator))
    date = _first(twins, lambda entry: entry.date)
    url = _first(twins, lambda entry: entry.url)
    merged = replace(
        twins[0],
        date=date,
        topic=_first(twins, lambda entry: entry.topic),
        headline=_first(twins, lambda entry: entry.headline),
        summary=_first(twins, lambda entry: entry.summary),
        image=_first(twins, lambda entry: entry.image),
        context=_first(twins, lambda entry: entry.context),
        url=url,
        day_url=_first(twins, lambda entry: entry.day_url),
        aliases=_aliases(twins, url),
        citations=_citations(twins, date),
        revisions=_first(twins, lambda entry: entry.revisions or None) or (),
        relations=_first(twins, lambda entry: entry.relations or None) or (),
    )
    return replace(merged, warnings=_warnings(twins, merged))


def _first(twins: Iterable[Entry], field: Callable[[Entry], T | None]) -> T | None:
    return next((value for twin in twins if (value := field(twin)) is not None), None)


def _aliases(twins: Sequence[Entry], own: str | None) -> tuple[str, ...]:
    places = [place for twin in twins for place in (twin.url, *twin.aliases)]
    return tuple(dict.fromkeys(place for place in places if place and place != own))


def _key(citation: Citation) -> tuple[str, bool]:
    return citation.url_as_cited.strip(), citation.role == "cover"


def _citations(twins: Sequence[Entry], date: str | None) -> tuple[Citation, ...]:
    """Return the first twin's citations, labelled from the others, and what only those cite."""
    united = list(twins[0].citations)
    for twin in twins[1:]:
        places: dict[tuple[str, bool], list[int]] = {}
        for place, citation in enumerate(united):
            places.setdefault(_key(citation), []).append(place)
        for citation in twin.citations:
            known = places.get(_key(citation))
            if not known:
                united.append(citation)
            elif not united[place := known.pop(0)].label:
                united[place] = _relabelled(united[place], citation)
    return tuple(
        _dated(replace(citation, position=position), date)
        for position, citation in enumerate(united, start=1)
    )


def _dated(citation: Citation, date: str | None) -> Citation:
    """Return the citation with the entry's date, unless a day of its own stands beside it."""
    if citation.cited_on and citation.cited_on_basis != "entry":
        return citation
    return replace(citation, cited_on=date, cited_on_basis="entry" if date else None)


def _relabelled(citation: Citation, other: Citation) -> Citation:
    return replace(
        citation,
        label_raw=other.label_raw,
        label=other.label,
        agency=other.agency,
        publisher=other.publisher,
        url=citation.url or other.url,
    )


def _warnings(twins: Sequence[Entry], merged: Entry) -> tuple[ReadingWarning, ...]:
    noted = [warning for twin in twins for warning in twin.warnings]
    kept = [w for w in noted if not _FILLED_BY_ANOTHER.get(w.code, lambda _: False)(merged)]
    return tuple(dict.fromkeys(kept + _disagreements(twins)))


def _disagreements(twins: Sequence[Entry]) -> list[ReadingWarning]:
    checks: dict[str, Callable[[Entry], object]] = {
        "date": lambda entry: entry.date,
        "headline": normal_headline,
        "sources": lambda entry: frozenset(key for key in map(_key, entry.citations) if not key[1]),
    }
    found = []
    for name, value in checks.items():
        said = {twin.reader: value(twin) for twin in twins if value(twin)}
        if len(set(said.values())) > 1:
            detail = f"The formats name different {name}: {' against '.join(said)}."
            found.append(ReadingWarning("twins-disagree", detail))
    return found

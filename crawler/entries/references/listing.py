"""The entry that a list of references is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import quote

from crawler.dates import written_day
from crawler.entries.citations import CitedLink, build_citations, shorten
from crawler.entries.drafts import is_web_address
from crawler.entries.text import fold
from crawler.errors import NothingFound
from crawler.items import Entry, ReadingWarning

LABEL_LENGTH = 300  # characters of a title
_NAMED = 5  # items without an address that a warning names
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S", re.IGNORECASE)


@dataclass(slots=True)
class Listing:
    """What was found in a list so far, in its order."""

    locator: str
    reader: str
    links: list[CitedLink] = field(default_factory=list)
    nameless: list[str] = field(default_factory=list)  # items that name no address
    warnings: list[ReadingWarning] = field(default_factory=list)

    def add(
        self,
        name: str,
        addresses: Iterable[str],
        *,
        title: str = "",
        publisher: str = "",
        day: str | None = None,
    ) -> None:
        """Add an item by the first of its addresses that is one; what it is without any is noted.

        ``name`` is what the item is called where it has no title. ``day`` is the calendar date on
        which it was looked up; None: it is not told.
        """
        found = (each.strip() for each in addresses)
        target = next((each for each in found if _ADDRESS.match(each)), None)
        label = shorten(fold(title), LABEL_LENGTH)
        if target is None:
            self.nameless.append(label or fold(name))
            return
        carrier = shorten(fold(publisher), LABEL_LENGTH)
        self.links.append(CitedLink(label, target, cited_on=day, publisher=carrier))

    def to_entry(self) -> Entry:
        """Return the entry. Raises NothingFound when no item names an address."""
        if not self.links:
            raise NothingFound(self.locator, "no item of it names an http or https address")
        if self.nameless:
            self.warnings.append(_without_address(self.nameless))
        citations, unresolved = build_citations(self.links, None, None)
        return Entry(
            locator=self.locator,
            reader=self.reader,
            headline=file_name(self.locator),
            url=self.locator if is_web_address(self.locator) else None,
            citations=citations,
            warnings=tuple(self.warnings + unresolved),
        )


def _without_address(names: list[str]) -> ReadingWarning:
    named = ", ".join(repr(shorten(name, 60)) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ReadingWarning("line-without-link", f"Items without an address: {named}{more}.")


def file_name(locator: str) -> str | None:
    """Return the last part of a path or URL, by which a list is called; None: there is none."""
    path = locator.partition("?")[0] if is_web_address(locator) else locator.replace("\\", "/")
    return PurePosixPath(path).name or locator or None


def doi_address(text: str) -> str:
    """Return the address of a DOI, however it is written; empty: it is none."""
    match = _DOI.match(text.strip())
    return f"https://doi.org/{quote(match[1], safe='/:;()<>._-~%')}" if match else ""


def first_day(*texts: str) -> str | None:
    """Return the first day that one of the texts names; None: none does, or only a month."""
    return next((day for text in texts if (day := written_day(text[:200]))), None)

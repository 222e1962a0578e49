"""What a run has to tell: the values between the rows of the archive and the words of the report.

The reading part is ``crawler/archive/queries/reporting.py``, the words are ``crawler/reporting/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "lost", "changed", "vanished", "usurped", "blocked", "uncaptured", "unreadable", "altered",
    "drifted", "outage", "failed", "moved", "rescued", "returned", "new",
]  # fmt: skip

KINDS: dict[Kind, str] = {
    "lost": "a cited passage no longer stands in its source",
    "changed": "the article changed in a way that a person is told of",
    "vanished": "concluded in this run: the source is missing",
    "usurped": "concluded in this run: something else stands at its address",
    "blocked": "concluded in this run: the host refuses us, or keeps the page behind a wall",
    "uncaptured": "visited without success, in this way for the first time; no copy is held",
    "unreadable": "a page of entries that could not be read, for the first time",
    "altered": "a cited passage stands in other words than before",
    "drifted": "concluded in this run: it answers with another text than the one cited",
    "outage": "a host failed as a whole; its sources are not told one by one",
    "failed": "visited without success for the first time after a good answer; a copy is held",
    "moved": "the article answers at another address for the first time",
    "rescued": "brought home from a web archive, with its class of confidence",
    "returned": "concluded in this run: live again after it was missing, replaced or refused",
    "new": "the first copy of a source",
}
# What a person should look at: with it the run ends with 3 under --strict, and notice is given.
ATTENTION: frozenset[Kind] = frozenset(
    {"lost", "changed", "vanished", "usurped", "blocked", "uncaptured", "unreadable"}
)

Result = Literal["new", "changed", "revised", "unchanged", "refused", "failed", "offline", "open"]

RESULTS: dict[Result, str] = {
    "new": "the first good answer of its source",
    "changed": "a change that is told",
    "revised": "a change that is kept and not told",
    "unchanged": "a good answer with the text that is held, at whatever address",
    "refused": "robots.txt, a refusal, a wall or a legal reason",
    "failed": "any other answer that is no good one, or none",
    "offline": "a failure of our own",
    "open": "broken off because its host asked for rest, or not judged yet",
}

Words = tuple[str | None, str | None]  # before, after; None: added, removed


@dataclass(frozen=True, slots=True)
class Cited:
    """An entry that cites a source."""

    id: int
    title: str
    date: str | None
    url: str | None  # its own address; None: not known


@dataclass(frozen=True, slots=True)
class Passage:
    """A cited passage, and what became of it."""

    exact: str
    wording: str | None  # how it reads now; None: it does not stand
    words: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a run has to tell of one source, page or host."""

    kind: Kind
    at: str  # instant at which it was seen
    code: str  # class of the change, state of the verdict, outcome of the visit, or the problem
    subject: str  # title of the source; locator of a page of entries; name of a host
    run: str  # uid of the run that saw it
    key: str = ""  # what it is of, unique within kind, run and instant: a urlkey, a locator, a host
    url: str | None = None  # of the source, secrets hidden; None: the item is of no source
    source: int | None = None  # row of the source
    entries: tuple[Cited, ...] = ()  # those that cite the source now, the newest first
    reasons: tuple[str, ...] = ()  # codes, the decisive one first
    words: tuple[Words, ...] = ()  # material words of a change, in the order of the text
    length: tuple[int, int] | None = None  # words of the article before and after a change
    passages: tuple[Passage, ...] = ()
    target: str | None = None  # where it moved to
    looks: int = 0  # that a verdict rests on; sources that failed, in an outage
    of: int = 0  # sources that were visited, in an outage
    held_at: str | None = None  # instant of the good copy; None: none is held
    alive_at: str | None = None  # last proven alive
    missing_at: str | None = None  # first seen missing


@dataclass(frozen=True, slots=True)
class Report:
    """What one run has to tell."""

    archive: str  # uid
    run: str  # uid
    started_at: str
    finished_at: str | None  # None: still running, or killed
    finish_reason: str | None
    visited: Mapping[Result, int]  # each visit to a source once
    counts: Mapping[Kind, int]  # of all items, those that were left out too
    items: tuple[Item, ...] = field(default=())  # in the order of KINDS; at most a limit of each
    # visits of runs before, which those could not judge or were killed before they could tell
    made_up: Mapping[Result, int] = field(default_factory=dict)

    @property
    def visits(self) -> int:
        """The number of visits to sources."""
        return sum(self.visited.values())

    @property
    def needs_attention(self) -> int:
        """The number of items that a person should look at."""
        return sum(count for kind, count in self.counts.items() if kind in ATTENTION)

"""The verdict on a source: its concluded state, and what that rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal[
    "unknown", "live", "returning", "suspected", "unstable", "vanished", "usurped", "drifted",
    "blocked", "walled", "legal", "excluded", "refused",
]  # fmt: skip

STATES: dict[State, str] = {
    "unknown": "not seen alive yet, and not missing for long enough to say more",
    "live": "it answers with the article",
    "returning": "it was missing or replaced and answered well once; a second time will prove it",
    "suspected": "it seems to be missing; further looks, spaced, will tell",
    "unstable": "its host fails, perhaps for a while only",
    "vanished": "missing on repeated looks, spaced as its kind of failure asks",
    "usurped": "something else stands at its address, on repeated looks",
    "drifted": "it answers with another text than the one that was cited",
    "blocked": "the host refuses us; that says nothing about the page",
    "walled": "behind a login, a payment or a consent form",
    "legal": "withheld for legal reasons (451)",
    "excluded": "robots.txt asks us to stay away",
    "refused": "we do not dial such an address",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One judged visit in the history of a source."""

    fetch: int  # row of the visit's last fetch
    at: datetime
    outcome: str
    reasons: tuple[str, ...] = ()
    # J3 to the good copy as it was before this visit; None: not compared
    similarity: float | None = None
    # J3 to the copy that stands for the citation; None: not compared, or it is the good copy
    similarity_to_cited: float | None = None
    incident: int | None = None  # the failure of its whole host that it was part of


@dataclass(frozen=True, slots=True)
class Override:
    """What a person has said of a source; it stands until a person withdraws it."""

    state: State
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """The concluded state of a source."""

    state: State
    since: datetime | None  # when the state began, by the fetch that began it; None: unknown
    confidence: float  # 0 to 1: what share of the evidence that its rule asks for is there
    reasons: tuple[str, ...]  # codes, the decisive one first
    deciding: tuple[int, ...]  # rows of the fetches that it rests on, oldest first
    fetches: int  # how many judged visits there were in all
    last_proven_alive_at: datetime | None = None
    first_seen_missing_at: datetime | None = None  # never a guess at when it was deleted
    by_hand: bool = False
    note: str | None = None
    # What is being weighed by the latest answer, for the schedule and for `why`:
    rule: str | None = None  # name of a rule of the hysteresis; None: nothing to confirm
    counted: int = 0  # answers that count for it so far
    counts_from: datetime | None = None  # from then on a further answer counts

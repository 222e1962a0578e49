"""A memento as the export of another archive tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Evidence = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A memento as a file tells of it. What is None is not told."""

    archive: str  # id
    uri_m: str
    original: str | None
    memento_datetime: str | None
    known_from: str
    status: int | None
    digest: str | None  # the archive's own
    outcome: str | None
    reasons: tuple[str, ...]
    proof: str | None
    confidence: str | None  # class; None: it was rejected
    evidence: Evidence | None
    found_at: str
    retrieved_at: str | None
    is_best: bool

    @property
    def state(self) -> str:
        """What the file says became of it."""
        return "home" if self.confidence else "rejected"

    @property
    def latest(self) -> str:
        """The latest instant of which it tells."""
        told = (self.memento_datetime, self.found_at, self.retrieved_at)
        return max(each for each in told if each)

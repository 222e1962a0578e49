"""What the answer key of the demo says of one cited page.

``known`` says it in words; ``outcomes`` and ``changes`` say it by day, and a day that is not listed
is like the one before; ``verdict`` is what the looks of the demo conclude.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crawler.demo.behaviours import Behaviour


@dataclass(frozen=True, slots=True)
class Source:
    """One cited page."""

    name: str  # that of its article in articles/, where there is one
    host: str  # key of its publisher
    path: str
    known: str
    behaviour: Behaviour | None  # None: nothing listens there
    outcomes: Mapping[int, str] = field(default_factory=lambda: {1: "live"})
    changes: Mapping[int, str] = field(default_factory=dict)  # class of each new version
    verdict: str = "live"

    def outcome_on(self, number: int) -> str:
        """Return what a fetch on a day of the demo shows."""
        return self.outcomes[max(first for first in self.outcomes if first <= number)]

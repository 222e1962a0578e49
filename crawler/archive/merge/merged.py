"""What came over from another archive, counted."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Merged:
    """What came over from one archive."""

    runs: int = 0
    fetches: int = 0
    captures: int = 0
    payloads: int = 0
    recoded: int = 0  # of these, stored in another way than there
    entries: int = 0
    sources: int = 0
    articles: int = 0
    rows: int = 0  # others, new or changed
    damaged: list[str] = field(default_factory=list)  # payloads that cannot be read there

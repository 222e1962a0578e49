"""Misses that are known: each with the reason why it is one, and why it stays."""

from __future__ import annotations

from crawler.demo.catalogue.scoring import Kind, Miss

# By script and by what is missed.
KNOWN: dict[tuple[str, Kind], str] = {
    ("moved-for-now", "outcome"): (
        "the copy from the new address is held from the first such look on, so that the third has"
        " nothing left to find moved"
    ),
}


def reason_for(miss: Miss) -> str | None:
    """Return why a miss is known and stays; None for one that nobody has looked into."""
    return KNOWN.get((miss.script, miss.kind))

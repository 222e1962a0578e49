"""What states, outcomes and standings have in common for the eye: a family, with a sign and words.

A colour alone says nothing to who cannot see it, so each has a sign, and its name stands beside it.
"""

from __future__ import annotations

from typing import Literal

from crawler.passages.standing import STATES as STANDINGS
from crawler.verdicts import LIVE, REFUSALS, STATES

Family = Literal["good", "changed", "gone", "refused", "open"]

GONE = ("vanished", "usurped", "drifted")
REFUSED = ("blocked", "walled", "legal", "excluded", "refused")

SIGNS: dict[Family, str] = {
    "good": "✓", "changed": "≠", "gone": "✕", "refused": "⊘", "open": "○",
}  # fmt: skip
_STANDINGS: dict[str, Family] = {
    "supported-verbatim": "good", "supported-altered": "changed", "support-lost": "gone",
}  # fmt: skip
_MEANINGS: dict[str, str] = {
    str(word): text for word, text in (*STATES.items(), *STANDINGS.items())
}
_NOT_FAILED = ("local-fault", "redirect", "robots")


def family_of(word: str | None) -> Family:
    """Return the family of a verdict, a standing, or ``lost`` and ``changed``; else ``open``."""
    if word == "live":
        return "good"
    if word in GONE or word == "lost":
        return "gone"
    if word in REFUSED:
        return "refused"
    return "changed" if word == "changed" else _STANDINGS.get(word or "", "open")


def family_of_outcome(outcome: str | None) -> Family:
    """Return the family of what a visit showed."""
    if outcome in LIVE:
        return "good"
    if outcome in REFUSALS:
        return "refused"
    return "open" if outcome is None or outcome in _NOT_FAILED else "gone"


def meaning_of(word: str | None) -> str:
    """Return what a verdict or standing means, in a clause; empty where nothing is to be said."""
    return _MEANINGS.get(word or "", "")

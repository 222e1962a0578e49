"""What an export of ours says of a capture that a web archive gave (docs/exports.md).

It was found out elsewhere: by asking an archive that is not asked again, against entries that may
not be here. So all of it stays the word of a file, and is labelled so (docs/imports.md).
"""

from __future__ import annotations

import re

from crawler.imports.values import (
    coded,
    instant,
    instant_or_none,
    matching,
    named,
    number,
    one_of,
    text,
)
from crawler.mementos.claims import Claimed, Evidence
from crawler.mementos.examining import PROOFS
from crawler.mementos.grading import CLASSES
from crawler.urls import parse_url
from crawler.verdicts.outcomes import OUTCOMES

_KNOWN_FROM = frozenset({"citation", "index", "push"})
_SHA1 = re.compile(r"sha1:[A-Z2-7]{32}")
_NAME = re.compile(r"[a-z_]{1,40}")
_WORDS_MAX, _NOTES_MAX = 4_000, 40  # of one value of the evidence, and of its values


def claimed_in(told: object) -> Claimed | None:
    """Return the memento that an export tells; None: it says that there was none.

    Raises TypeError, ValueError, KeyError, BadDate or UrlError where a value is of the wrong kind.
    """
    if told is None:
        return None
    if not isinstance(told, dict):
        raise TypeError(told)
    is_home = one_of(frozenset({"home", "rejected"}), told["state"]) == "home"
    at = instant_or_none(told["memento_datetime"])
    if is_home and at is None:
        raise ValueError("a memento without its date")
    outcome = told["outcome"]
    return Claimed(
        archive=named(told["archive"]),
        uri_m=_address(told["uri_m"]),
        original=None if told["original"] is None else _address(told["original"]),
        memento_datetime=at,
        known_from=one_of(_KNOWN_FROM, told["known_from"]),
        status=number(told["status"]),
        digest=None if told["digest"] is None else matching(_SHA1, told["digest"]),
        outcome=None if outcome is None else one_of(frozenset(OUTCOMES), outcome),
        reasons=tuple(coded(reason) for reason in told["reasons"] or ()),
        proof=one_of(frozenset(PROOFS), told["proof"]) if is_home else None,
        confidence=one_of(frozenset(CLASSES), told["class"]) if is_home else None,
        evidence=_evidence(told["evidence"]) if is_home else None,
        found_at=instant(told["found_at"]),
        retrieved_at=instant_or_none(told["retrieved_at"]),
        is_best=told["best"] is True,
    )


def _address(value: object) -> str:
    """Return an address as it stands there: of a range in a file its fragment is a part."""
    parse_url(text(value))
    return text(value)


def _evidence(told: object) -> Evidence | None:
    if told is None:
        return None
    if not isinstance(told, dict) or len(told) > _NOTES_MAX:
        raise TypeError(told)
    if not isinstance(told.get("days_away"), int | float | None):
        raise TypeError(told)
    return {matching(_NAME, name): _note(value) for name, value in told.items()}


def _note(value: object) -> str | int | float | bool | None:
    if value is not None and not isinstance(value, str | int | float):
        raise TypeError(value)
    if isinstance(value, str) and len(value) > _WORDS_MAX:
        raise ValueError("too many words")
    return value

"""Pages without a text of their own: stubs that send elsewhere, and shells that scripts fill.

Neither says whether the article exists, so they are told from pages of "not found" before those
are looked for: a shell is the same page at every address.
"""

from __future__ import annotations

import re

from crawler.verdicts.case import Case, Evidence, Finding
from crawler.verdicts.vocabulary.absence import phrase_of_absence

STUB_WORDS = 60  # of a page that says only where to go
SHELL_WORDS = 50  # DOMAIN §6: a 200 with less is no version
FEW_SCRIPTS = 3  # of a stub; what builds a page has more, or brings them by address
MANY_SCRIPTS = 3

_REFRESH = re.compile(r"^\s*(\d{0,9})[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?['\"]?\s*(\S[^'\"]*)?", re.I)
_ASKS = re.compile(r"\bjava ?script\b|\bjs\b", re.IGNORECASE)


def redirect_stub(case: Case) -> Finding | None:
    """Return ``redirect-stub`` for a page whose only content is another address."""
    facts = case.facts
    if facts is None or not case.answered or case.page_words >= STUB_WORDS:
        return None
    target = _target(facts.refresh)
    if target:
        stub: dict[str, Evidence] = {"target": target[:500], "words": case.page_words}
        return Finding("redirect-stub", ("meta-refresh-stub",), stub)
    if case.marker("redirect") and facts.scripts <= FEW_SCRIPTS:
        return Finding("redirect-stub", ("script-stub",), {"words": case.page_words})
    return None


def _target(refresh: str | None) -> str | None:
    """Return where a meta refresh leads; None where there is none, or it reloads its own page."""
    match = _REFRESH.match(refresh) if refresh else None
    return (match[2] or "").strip() or None if match else None


def needs_script(case: Case) -> Finding | None:
    """Return ``needs-script`` for a page with hardly a word and scripts that would make them."""
    facts = case.facts
    if facts is None or not case.answered or case.alike:
        return None
    if case.page_words >= SHELL_WORDS or case.article_words >= SHELL_WORDS:
        return None
    if any(phrase_of_absence(line) for line in case.lines):
        return None
    marker = case.marker("shell")
    asks = _ASKS.search(facts.opening) is not None
    if not (asks or (marker and facts.scripts) or facts.scripts >= MANY_SCRIPTS):
        return None
    evidence: dict[str, Evidence] = {"words": case.page_words, "scripts": facts.scripts}
    if marker:
        evidence["marker"] = marker
    return Finding(
        "needs-script", ("asks-for-script" if asks or marker else "empty-shell",), evidence
    )

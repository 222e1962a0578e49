"""Addresses that changed hands: parked names, default pages of servers, and usurpers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from crawler.verdicts.case import Case, Evidence, Finding
from crawler.verdicts.places import site_of
from crawler.verdicts.probes import is_same_as_probe
from crawler.verdicts.vocabulary.parking import ADVERTISED, DEFAULT_PAGES, FOR_SALE, SPAM
from crawler.verdicts.vocabulary.phrases import fold, segments

PARKED_WORDS = 300  # of a page that sells a name, its related searches included
DEFAULT_WORDS = 400  # Apache's own has 380
MAX_REST = 24
UNLIKE = 0.05  # DOMAIN §6 row 10
TRADE_PHRASES = 3  # different ones, of which one in the title: an article on the subject has one
_SELLERS = re.compile(
    r"(?:^|\.)(?:sedo|sedoparking|hugedomains|afternic|dan|bodis|parkingcrew|buydomains|above"
    r"|domainmarket|undeveloped|brandbucket|atom|squadhelp|namejet|godaddy|uniregistry|epik|sav"
    r"|domainnamesales|parklogic|voodoo|fabulous|smartname|skenzo|parking|parked)"
    r"\.(?:com|net|org|de|co)$"
)


def parked(case: Case) -> Finding | None:
    """Return ``parked`` for a name that is for sale, or shows only advertisements or a default.

    Two of: the script or the address of a parking service, an offer in words, the same page for a
    random path. One suffices where it leaves no doubt: an offer that is all that the page says.
    """
    if not case.answered or case.facts is None or case.alike or case.similarity >= 0.1:
        return None
    if case.page_words >= PARKED_WORDS + 100:
        return None
    by_default = _default_page(case)
    if by_default is not None:
        return by_default
    evidence: dict[str, Evidence] = {"words": case.page_words}
    signs = []
    if marker := case.marker("parking"):
        signs.append("parking-script")
        evidence["marker"] = marker
    if _SELLERS.search(case.landed.host) and case.landed.host != case.asked.host:
        signs.append("parking-host")
        evidence["final_url"] = case.last.url[:500]
    offers = FOR_SALE.found_in(case.opening) if case.page_words < PARKED_WORDS else ()
    strong = [phrase for phrase in offers if phrase not in ADVERTISED]
    if offers:
        signs.append("for-sale" if strong else "advertisements")
        evidence["phrase"] = (strong or offers)[0]
    if signs and is_same_as_probe(case) == "same-text":
        signs.append("any-path")
    sure = "parking-host" in signs or ("parking-script" in signs and case.page_words < 50)
    if len(signs) >= 2 or sure or _only_an_offer(case, strong):
        return Finding("parked", tuple(signs), evidence)
    return None


def _only_an_offer(case: Case, strong: list[str]) -> bool:
    """Return whether a page of few words offers its name in the title or a heading."""
    if not strong or case.page_words >= PARKED_WORDS // 2:
        return False
    said = {phrase for line in case.lines for phrase in FOR_SALE.found_in(fold(line))}
    return bool(said.difference(ADVERTISED)) or case.page_words < 50


def _default_page(case: Case) -> Finding | None:
    if case.page_words >= DEFAULT_WORDS:
        return None
    for line in case.lines:
        for segment in segments(line):
            phrase = DEFAULT_PAGES.first_in(segment)
            if phrase and len(DEFAULT_PAGES.without(segment)) <= MAX_REST:
                return Finding("parked", ("default-page",), {"phrase": phrase})
    return None


@dataclass(frozen=True, slots=True)
class Strangers:
    """The signs that somebody else is at an address now."""

    codes: tuple[str, ...] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    sure: bool = False


def strangers_at(case: Case) -> Strangers:
    """Return the signs of a usurper; none unless the page is unlike our copy and off its topic.

    Sure are: a trade that takes over names and says so throughout; other sources of the host that
    were replaced too, with a probe that was answered normally or with one more sign; any two signs.
    """
    if not case.answered or case.alike or case.measures is None or case.similarity >= UNLIKE:
        return Strangers()
    if not _is_off_topic(case) or is_same_as_probe(case):
        return Strangers()
    signs = []
    evidence: dict[str, Evidence] = {"similarity": round(case.similarity, 3)}
    trade = _trade(case)
    if trade:
        signs.append("trade")
        evidence["phrase"] = trade[0]
    if case.seen.host.sources_replaced:
        signs.append("others-replaced")
        evidence["sources_replaced"] = case.seen.host.sources_replaced
    if site_of(case.landed.host) != site_of(case.asked.host):
        signs.append("other-site")
        evidence["final_url"] = case.last.url[:500]
    probe = case.seen.host.probe
    normal = probe is not None and probe.status is not None  # and, as seen above, another page
    sure = len(signs) > 1 or len(trade) >= TRADE_PHRASES or ("others-replaced" in signs and normal)
    return Strangers(tuple(signs), evidence, sure)


def usurped(strangers: Strangers) -> Finding | None:
    """Return ``usurped`` where the signs of a stranger are sure."""
    if not strangers.sure:
        return None
    return Finding("usurped", (*strangers.codes, "off-topic"), strangers.evidence)


def _is_off_topic(case: Case) -> bool:
    """Return whether neither title nor text takes up the words of our copy's title."""
    good = case.seen.good
    if good is None or not good.title:
        return case.similarity < UNLIKE / 2
    words = [word for word in fold(good.title).split() if len(word) > 4]
    said = case.opening + fold(case.text[:4000])
    return sum(f" {word} " in said for word in words) < max(2, len(words) / 3)


def _trade(case: Case) -> tuple[str, ...]:
    """Return the phrases of trades that our copy does not speak of; () where no title has one."""
    good = case.seen.good
    held = fold(f"{good.title} {(good.text or '')[:20_000]}") if good else " "
    if not any(SPAM.first_in(fold(line)) for line in case.lines):
        return ()
    found = SPAM.found_in(case.opening + fold(case.text[:2000]))
    return tuple(phrase for phrase in found if fold(phrase).strip() not in held)

"""Pages of "not found" that come with status 200: told by two signs or more, never by one.

The signs are those of DOMAIN §6 row 11. None is looked for in the body of an article, and none
counts where the page still has what our copy has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from crawler.verdicts.case import PAGES, Case, Evidence, Finding
from crawler.verdicts.places import Place, lies_above
from crawler.verdicts.probes import is_same_as_probe
from crawler.verdicts.vocabulary.absence import phrase_of_absence
from crawler.verdicts.vocabulary.phrases import fold

SHRUNK = 0.15  # share of our copy's words; AlNoamany 2015: off topic below
SHARED_BY = 3  # sources, of whatever hosts, that end at one address, this one included
NEEDED = 2
UNLIKE = 0.05  # J3 of another article on the same topic: 0.007; of a teaser: 0.14 (DOMAIN §4.1)
# That nothing of our copy is left is a second sign beside any but these: a page in front of a
# document, or a short note in place of an article, need not be one of "not found".
WEAK = frozenset({"page-for-file", "shrunk"})

# A whole part of the path or query; slugs of articles contain such words. The first two say it
# inside of one, too.
_ERROR_STEP = re.compile(
    r"(?:.*[-_.])?(?:404|not[-_]?found)(?:[-_.].*)?"
    r"|(?:page[-_]?)?(?:error|errors|missing|gone|expired|removed|unavailable|nodisponible)"
    r"(?:[-_]?(?:page|pages|404|410))?(?:\.[a-z]{3,5})?"
    r"|410|err404|fehler(?:seite)?|erreur|nicht[-_]gefunden|(?:pagina[-_])?no[-_]encontrad[ao]"
    r"|pagina[-_]non[-_]trovata|page[-_]introuvable",
    re.IGNORECASE,
)
_FILE = re.compile(r"\.(?:pdf|jpe?g|png|gif|webp|mp[34]|docx?|xlsx?|zip|csv|txt)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Signs:
    """The signs of a page of "not found" that a visit shows."""

    codes: tuple[str, ...] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.codes)


def signs_of(case: Case) -> Signs:
    """Return the signs, the strongest first; none where our copy is still there."""
    if not case.answered or case.alike:
        return Signs()
    evidence: dict[str, Evidence] = {}
    codes = [
        code
        for code, found in (
            ("error-words", _says_so(case, evidence)),
            ("same-as-probe", _as_probe(case, evidence)),
            ("error-title", _titled_as_error(case, evidence)),
            ("home-title", _titled_as_home(case, evidence)),
            ("error-url", _at_error_url(case, evidence)),
            ("shared-url", _at_shared_url(case, evidence)),
            ("redirected-up", _led_up(case, evidence)),
            ("page-for-file", _page_for_file(case)),
            ("shrunk", _shrunk(case, evidence)),
        )
        if found
    ]
    if _nothing_is_left(case) and not WEAK.issuperset(codes):
        codes.append("unlike")
    return Signs(tuple(codes), evidence)


def _nothing_is_left(case: Case) -> bool:
    """Return whether hardly a run of words of our copy is on the page."""
    return case.measures is not None and case.similarity < UNLIKE


def soft_404(case: Case, signs: Signs) -> Finding | None:
    """Return ``soft-404`` for two signs or more."""
    if len(signs) < NEEDED:
        return None
    return Finding("soft-404", signs.codes, {**signs.evidence, "words": case.page_words})


def _says_so(case: Case, evidence: dict[str, Evidence]) -> bool:
    phrase = next((p for line in case.lines if (p := phrase_of_absence(line))), None)
    if phrase:
        evidence["phrase"] = phrase
    return phrase is not None


def _as_probe(case: Case, evidence: dict[str, Evidence]) -> bool:
    same = is_same_as_probe(case)
    if same:
        evidence["probe"] = same
    return same is not None


def _titled_as_error(case: Case, evidence: dict[str, Evidence]) -> bool:
    return _titled(case, case.seen.host.error_titles, evidence)


def _titled_as_home(case: Case, evidence: dict[str, Evidence]) -> bool:
    home = case.seen.host.home_title
    if not home or case.asked.is_root:
        return False
    return _titled(case, frozenset({home}), evidence)


def _titled(case: Case, titles: frozenset[str], evidence: dict[str, Evidence]) -> bool:
    """Return whether the title is one of these; not where our copy has that title as well."""
    title = case.facts.title if case.facts else None
    if not title or not titles:
        return False
    if case.titled_as_held:
        return False
    if fold(title) not in {fold(other) for other in titles}:
        return False
    evidence["title"] = title
    return True


def _at_error_url(case: Case, evidence: dict[str, Evidence]) -> bool:
    if not case.redirected or not _names_error(case.landed) or _names_error(case.asked):
        return False
    evidence["final_url"] = case.last.url[:500]
    return True


def _names_error(place: Place) -> bool:
    said = (*place.steps, *re.split(r"[=&]", place.query[:200]))
    return any(_ERROR_STEP.fullmatch(part[:100]) for part in said if part)


def _at_shared_url(case: Case, evidence: dict[str, Evidence]) -> bool:
    others = case.seen.host.sources_at_final_url
    if not case.redirected or others + 1 < SHARED_BY:
        return False
    evidence["sources_at_final_url"] = others
    return True


def _led_up(case: Case, evidence: dict[str, Evidence]) -> bool:
    if not case.redirected or not lies_above(case.landed, case.asked):
        return False
    evidence["final_url"] = case.last.url[:500]
    return True


def _page_for_file(case: Case) -> bool:
    """Return whether a page came where a document or picture is held, or is named."""
    if not case.is_page:
        return False
    good = case.seen.good
    if good is not None:
        return good.mime not in PAGES and not good.mime.startswith("text/")
    return bool(case.asked.steps) and _FILE.search(case.asked.steps[-1]) is not None


def _shrunk(case: Case, evidence: dict[str, Evidence]) -> bool:
    """Return whether next to nothing is left of as much text as an article has."""
    found = case.measures
    before = found.words_before if found else 0
    if before < 100 or found is None or found.words_after >= SHRUNK * before:
        return False
    evidence["words_before"] = before
    return True

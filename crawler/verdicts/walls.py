"""Pages that stand between a reader and the article: the law, a login, a payment, consent."""

from __future__ import annotations

import re

from crawler.verdicts.case import Case, Evidence, Finding
from crawler.verdicts.places import Place
from crawler.verdicts.vocabulary.consent import CONSENT
from crawler.verdicts.vocabulary.legal import WITHHELD
from crawler.verdicts.vocabulary.login import LOGIN, LOGIN_ASKED, SUBSCRIBE
from crawler.verdicts.vocabulary.phrases import fold, segments

NOTICE_WORDS = 250  # of a page that says only that it is withheld
LOGIN_WORDS = 400  # of a login page, links and imprint included
LITTLE_WORDS = 50
OVERLAID_WORDS = 100  # of an article under a form of consent and one of login at once
TEASER_WORDS = 200  # DOMAIN §6 row 4
CONSENT_WORDS = 400  # DOMAIN §6 row 5
UNLIKE = 0.1  # J3 below which a text is another one
MAX_REST = 20  # characters besides its phrase in the title of a login page

_LOGIN_HOST = re.compile(r"^(?:login|signin|auth|accounts?|sso|id)\.", re.IGNORECASE)
# A whole part of the path; slugs of articles contain such words.
_LOGIN_STEP = re.compile(
    r"(?:(?:user|member|account|customer|subscriber|wp)[-_]?)?"
    r"(?:log-?in|log_in|sign-?in|sign_in|sso|oauth2?|openid|saml2?|authwall|authenticate|authorize"
    r"|anmelden|connexion|inloggen|logowanie)(?:\.[a-z]{3,5})?",
    re.IGNORECASE,
)
_CONSENT_HOST = re.compile(
    r"^(?:consent|cookiewall|cookie-?consent|guce|myprivacy|privacy-?gate|privacywall)\.|\.consent\.",
    re.IGNORECASE,
)
_CONSENT_STEP = re.compile(
    r"(?:cookie-?wall|cookie-?consent|consent(?:-?wall|-?gate)?|collectconsent|privacy-?(?:wall|gate)"
    r"|gdpr-?(?:consent|wall|gate)|cmp-?(?:consent|wall)|(?:cookie-?)?toestemming|zustimmung)"
    r"(?:\.[a-z]{3,5})?",
    re.IGNORECASE,
)


def legal(case: Case) -> Finding | None:
    """Return ``legal`` for 451, and for a short page that says that it is withheld from us."""
    if case.status == 451:
        return Finding("legal", ("http-451",), {"status": 451})
    if case.facts is None or case.alike or not (case.answered or case.status in (403, 404)):
        return None
    if case.page_words >= NOTICE_WORDS:
        return None
    phrase = WITHHELD.first_in(case.opening)
    if phrase is None:
        return None
    return Finding("legal", ("legal-notice",), {"phrase": phrase, "words": case.page_words})


def login(case: Case) -> Finding | None:
    """Return ``paywall`` where a login stands: by status, by redirect, or by its form."""
    if case.status in (401, 402, 407):
        return Finding("paywall", (f"http-{case.status}",), {"status": case.status})
    if not case.answered or case.alike:
        return None
    if case.redirected and _is_login(case.landed) and not _is_login(case.asked):
        return Finding("paywall", ("login-redirect",), {"final_url": case.last.url[:500]})
    if case.facts is None or case.page_words >= LOGIN_WORDS:
        return None
    fields = case.facts.password_fields
    form = fields > 0 or case.marker("login") is not None
    phrase = _asked_for_login(case, form=form)
    if phrase is None:
        return None
    return Finding("paywall", ("login-form",), {"phrase": phrase, "words": case.page_words})


def _is_login(place: Place) -> bool:
    by_step = any(_LOGIN_STEP.fullmatch(step) for step in place.steps)
    return by_step or _LOGIN_HOST.search(place.host) is not None


def _asked_for_login(case: Case, *, form: bool) -> str | None:
    """Return the words by which a page asks for a login; a form beside an article asks nothing."""
    for line in case.lines:
        for segment in segments(line):
            phrase = LOGIN.first_in(segment)
            if phrase and len(LOGIN.without(segment)) <= MAX_REST and form:
                return phrase
    asked = LOGIN_ASKED.found_in(case.opening)
    if len(asked) > 1 or (asked and form and case.article_words < LITTLE_WORDS):
        return asked[0]  # one stock sentence alone stands above comments as well
    over = form and case.article_words < OVERLAID_WORDS and len(CONSENT.found_in(case.opening)) > 1
    wanted = LOGIN.found_in(case.opening) if over else ()
    return wanted[0] if len(wanted) > 1 else None


def teaser(case: Case) -> Finding | None:
    """Return ``paywall`` for the beginning of an article whose rest is sold."""
    if not case.answered or not case.is_page or case.same_text:
        return None
    told = _told_locked(case)
    cut = _is_cut(case)
    if told and (cut or (case.article_words < TEASER_WORDS and not case.alike)):
        return Finding("paywall", ("teaser", told), {"words": case.article_words})
    if not cut or not case.text:
        return None
    phrase = SUBSCRIBE.first_in(fold(case.text[-600:]))
    if phrase is None and case.article_words < TEASER_WORDS:
        phrase = SUBSCRIBE.first_in(case.opening)
    if phrase is None:
        return None
    return Finding("paywall", ("teaser",), {"phrase": phrase, "words": case.article_words})


def _told_locked(case: Case) -> str | None:
    """Return how the page itself says that it is not free; None: it does not."""
    if case.facts is None:
        return None
    if case.facts.free is False:
        return "not-free"
    return "tier" if (case.facts.tier or "").lower() in ("locked", "metered") else None


def _is_cut(case: Case) -> bool:
    """Return whether more than 30 % of our copy is gone, and what is left stood in it."""
    found = case.measures
    if found is None:
        return False
    return found.new_in_old >= 0.9 and found.words_after < 0.7 * found.words_before


def consent(case: Case) -> Finding | None:
    """Return ``consent-wall`` for a gateway of consent, or its form in place of the article."""
    if not case.answered or case.alike:
        return None
    if case.redirected and _is_gateway(case.landed) and not _is_gateway(case.asked):
        return Finding("consent-wall", ("consent-gateway",), {"final_url": case.last.url[:500]})
    if case.facts is None or case.page_words >= CONSENT_WORDS or case.similarity >= UNLIKE:
        return None
    phrase = _asked_for_consent(case)
    if phrase is None:
        return None
    evidence: dict[str, Evidence] = {
        "phrase": phrase,
        "words": case.page_words,
        "similarity": case.similarity,
    }
    return Finding("consent-wall", ("consent-form",), evidence)


def _is_gateway(place: Place) -> bool:
    by_step = bool(place.steps) and _CONSENT_STEP.fullmatch(place.steps[0]) is not None
    return by_step or _CONSENT_HOST.search(place.host) is not None


def _asked_for_consent(case: Case) -> str | None:
    """Return the words by which the page itself, not a banner on it, asks for consent.

    Where there is a copy to compare, two stock phrases anywhere suffice, because the article is
    not there. Without one they must be what the extractor took for the article, or its heading.
    """
    if case.has_good_text:
        found = CONSENT.found_in(case.opening)
        return found[0] if len(found) > 1 else None
    headed = next((p for line in case.lines if (p := CONSENT.first_in(fold(line)))), None)
    found = CONSENT.found_in(fold(case.text[:2000]))
    if headed and found:
        return headed
    return found[0] if len(found) > 2 else None

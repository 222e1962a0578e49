"""Is it the article? Against the copy that is held, or else against what the entries say of it."""

from __future__ import annotations

from crawler.comparison.texts import count_words
from crawler.verdicts.absences import UNLIKE, Signs
from crawler.verdicts.case import PAGES, Case, Evidence, Finding
from crawler.verdicts.languages import differ, language_of, script_of
from crawler.verdicts.outcomes import REDIRECTS
from crawler.verdicts.parking import Strangers
from crawler.verdicts.places import place_of, same_place
from crawler.verdicts.vocabulary.challenges import CHALLENGES
from crawler.verdicts.vocabulary.login import LOGIN_ASKED, SUBSCRIBE
from crawler.verdicts.vocabulary.phrases import fold, unaccented

NOTHING_WORDS = 5
LITTLE_WORDS = 50  # DOMAIN §6: a 200 with less is doubtful, never a version
SIGNED_WORDS = 250  # a first copy that is named like an error must say more than such pages do
VERIFIED, REFUTED = 0.3, 0.1  # shares of an excerpt that stand in the text: DOMAIN §5, §6
DECISIVE_WORDS = 40
RARE_TOKENS = 2
FEW_WORDS = 20  # of a text that may stand for an article under its title
RUN = 4  # characters of a headline in Chinese, Japanese, Thai
RARE_LETTERS = 5  # of a word of a headline that is worth looking for
TEMPORARY_TIMES = 3  # a redirect that calls itself temporary and is seen so often is none
PERMANENT = frozenset({301, 308})


def recognise(case: Case, signs: Signs, strangers: Strangers) -> Finding:
    """Return the outcome of an answer in which nothing stands in place of the article for sure."""
    if case.seen.article is None or case.seen.article.status == "failed":
        return _unread(case)
    if case.seen.good is None:
        return _first(case, signs)
    if not case.text:
        return _without_text(case)
    if not case.has_good_text:
        return _first(case, signs)
    if case.alike:
        return moved(case) or Finding("live", (_how_alike(case),), _compared(case))
    return _unlike(case, signs, strangers)


def _unread(case: Case) -> Finding:
    failure = (case.seen.article.failure if case.seen.article else None) or "error"
    return Finding("doubtful", ("unread",), {"failure": failure})


def _how_alike(case: Case) -> str:
    return "same-text" if case.same_text else "similar"


def _compared(case: Case) -> dict[str, Evidence]:
    return {"similarity": round(case.similarity, 3), "words": case.page_words}


def _without_text(case: Case) -> Finding:
    """Judge an answer without text where a copy is held: a picture again, or an empty page."""
    good = case.seen.good
    mime = case.seen.article.mime if case.seen.article else ""
    if good is not None and not good.text and mime == good.mime and mime not in PAGES:
        return Finding("live", ("same-type",), {"mime": mime})
    if case.is_page:
        return Finding("doubtful", ("no-text",), {"words": case.page_words}, suspicious=True)
    return Finding("doubtful", ("other-type",), {"mime": mime})


def moved(case: Case) -> Finding | None:
    """Return ``moved`` where a lasting redirect leads to the article at another deep address."""
    if not case.redirected or case.landed.is_root or _is_where_ours_was(case):
        return None
    statuses = [hop.status for hop in case.seen.hops[:-1] if hop.status in REDIRECTS]
    lasting = bool(statuses) and all(status in PERMANENT for status in statuses)
    if not lasting and case.seen.redirects_before + 1 < TEMPORARY_TIMES:
        return None
    reason = "permanent-redirect" if lasting else "repeated-redirect"
    return Finding("moved", (reason,), {**_compared(case), "final_url": case.last.url[:500]})


def _is_where_ours_was(case: Case) -> bool:
    """Return whether the visit ended where our copy was captured."""
    return case.seen.good_url is not None and same_place(place_of(case.seen.good_url), case.landed)


def _unlike(case: Case, signs: Signs, strangers: Strangers) -> Finding:
    """Judge another text than the one held: changed beyond recognition, or something else."""
    compared = _compared(case)
    codes = (*signs.codes, *strangers.codes)
    if codes:
        evidence = {**signs.evidence, **strangers.evidence, **compared}
        return Finding("doubtful", ("one-sign", *codes), evidence, suspicious=True)
    if case.article_words < LITTLE_WORDS and not _says_why(case):
        return Finding("doubtful", ("little-text",), compared, suspicious=True)
    found = case.measures
    if found is not None and found.new_in_old >= 0.9:
        return Finding("live", ("cut-short",), compared)
    if case.redirected and not _is_where_ours_was(case):
        evidence = {**compared, "final_url": case.last.url[:500]}
        return Finding("doubtful", ("led-elsewhere",), evidence, suspicious=True)
    nothing_left = case.similarity < UNLIKE
    refuted = _refuted(case, signs)
    return refuted or Finding("live", ("much-changed",), compared, suspicious=nothing_left)


def _says_why(case: Case) -> bool:
    """Return whether little text may be all that an article has become.

    It stands under our copy's title, is no beginning of it, and no wall speaks on the page.
    """
    found = case.measures
    if not case.titled_as_held or case.page_words < LITTLE_WORDS or case.article_words < FEW_WORDS:
        return False
    if found is None or found.new_in_old >= 0.5:
        return False
    return not any(words.first_in(case.opening) for words in (SUBSCRIBE, LOGIN_ASKED, CHALLENGES))


def _first(case: Case, signs: Signs) -> Finding:
    """Judge a first copy: too little, named like an error, proved by an entry, or unproved."""
    mime = case.seen.article.mime if case.seen.article else ""
    if not case.is_page and not case.text:
        return Finding("live-unverified", ("unconfirmed",), {"mime": mime})
    proof = _proof(case, signs)
    unproved = proof.reasons[0] == "unconfirmed"
    if unproved and _says_little(case, signs) and (case.is_page or mime.startswith("text/")):
        evidence = {**signs.evidence, "words": case.article_words}
        return Finding("doubtful", ("little-text", *signs.codes), evidence, suspicious=True)
    if proof.outcome == "doubtful":
        return proof
    if not unproved:
        return _moved_first(case) or proof
    if _is_named_elsewise(case, signs):
        evidence = {**signs.evidence, "words": case.page_words}
        return Finding("doubtful", ("one-sign", *signs.codes), evidence, suspicious=True)
    suspicious = bool(signs.codes) or case.redirected or case.article_words < LITTLE_WORDS
    return Finding(proof.outcome, (*proof.reasons, *signs.codes), proof.evidence, suspicious)


def _is_named_elsewise(case: Case, signs: Signs) -> bool:
    """Return whether the one sign of a soft 404 is too strong for an unproved first copy.

    A redirect to a section is not: addresses are put in order like that. Words of absence are, but
    for pages that say much besides.
    """
    if "error-words" in signs.codes:
        return case.page_words < SIGNED_WORDS
    if "redirected-up" in signs.codes:
        return case.landed.is_root
    return bool(signs.codes) and "page-for-file" not in signs.codes


def _says_little(case: Case, signs: Signs) -> bool:
    """Return whether a first copy is too little to be kept as one.

    Real notices are short: an article of ten words on a page that shows fifty is let pass, unless
    it says nothing at all or shows a sign of a soft 404.
    """
    if case.page_words < LITTLE_WORDS or case.article_words < NOTHING_WORDS:
        return True
    return case.article_words < LITTLE_WORDS and bool(signs.codes)


def _moved_first(case: Case) -> Finding | None:
    """Return ``moved`` for a proved first copy whose title is the one that was cited."""
    title = fold(" ".join(case.lines[:1]))
    cited = [fold(line) for line in case.seen.expected.headlines]
    if not title.strip() or not any(line.strip() and line in title for line in cited):
        return None
    return moved(case)


def _proof(case: Case, signs: Signs) -> Finding:
    """Tell what the entries that cite a source prove of its text."""
    refuted = _refuted(case, signs)
    if refuted is not None:
        return refuted
    share = max(case.excerpt_shares, default=0.0)
    evidence: dict[str, Evidence] = {"words": case.article_words}
    if share >= VERIFIED:
        return Finding("live-unverified", ("excerpt-found",), {**evidence, "excerpt": share})
    tokens = _tokens_found(case)
    if tokens:
        found = {**evidence, "tokens": " ".join(tokens[:8])}
        return Finding("live-unverified", ("headline-found",), found)
    return Finding("live-unverified", ("unconfirmed",), evidence)


def _refuted(case: Case, signs: Signs) -> Finding | None:
    """Return ``doubtful`` where a decisive excerpt is not in the text, whatever its title says.

    Decisive is an excerpt of 40 words or more, in the script and the language of the text, of an
    entry that has no other source to be an excerpt of.
    """
    if not case.seen.expected.alone or not case.text:
        return None
    if all(share >= REFUTED for share in case.excerpt_shares):
        return None  # before their language is asked, which takes longer
    excerpts = zip(case.seen.expected.excerpts, case.excerpt_shares, strict=True)
    shares = [share for excerpt, share in excerpts if _decides(excerpt, case)]
    if not shares or max(shares) >= REFUTED:
        return None
    evidence = {**signs.evidence, "excerpt": max(shares), "words": case.article_words}
    reasons = ("excerpt-missing", *signs.codes)
    return Finding("doubtful", reasons, evidence, suspicious=case.seen.good is None)


def _decides(excerpt: str, case: Case) -> bool:
    if count_words(excerpt) < DECISIVE_WORDS:
        return False
    sample = case.text[:4000]
    return script_of(excerpt) == script_of(sample) and not differ(
        language_of(excerpt), language_of(sample)
    )


def _tokens_found(case: Case) -> list[str]:
    """Return the rare words of a cited headline that stand in the text; [] for fewer than two."""
    wanted = [rare_tokens(headline) for headline in case.seen.expected.headlines]
    if max(map(len, wanted), default=0) < RARE_TOKENS:
        return []  # before the text is looked at
    said = " ".join((*case.lines, case.text[:20_000]))
    letters = unaccented(said)
    if all(sum(token.strip() in letters for token in tokens) < RARE_TOKENS for tokens in wanted):
        return []  # not even inside of words: to part these takes twice as long as all before
    said = fold(said)
    best: list[str] = []
    for tokens in wanted:
        best = max(best, sorted(token for token in tokens if token in said), key=len)
    return [token.strip() for token in best] if len(best) >= RARE_TOKENS else []


def rare_tokens(headline: str) -> set[str]:
    """Return what is worth looking for: long words; where words are not parted, characters."""
    folded = fold(headline)
    if script_of(headline) in ("chinese", "japanese", "thai"):
        run = "".join(folded.split())
        return {run[at : at + RUN] for at in range(0, len(run) - RUN + 1, RUN)}
    return {f" {word} " for word in folded.split() if len(word) >= RARE_LETTERS}

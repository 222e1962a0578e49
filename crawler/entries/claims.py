"""The claims that a fact check reviews, and where they were made: ClaimReview in JSON-LD.

The vocabulary is that of schema.org: ``claimReviewed`` is the wording, ``itemReviewed`` the claim,
whose ``appearance`` and ``firstAppearance`` are the pages that made it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from crawler.dates import parse_feed_day
from crawler.entries.citations import CitedLink, shorten
from crawler.entries.drafts import Draft, is_on_site, is_web_address
from crawler.entries.html_blocks import Element
from crawler.entries.records import Value
from crawler.entries.text import fold

_MAX_SCRIPT = 2**20  # characters; a fact check has some thousand
_CONTEXT = 400  # characters of a claim's wording
_LABEL = 300
# A string, or a comma before a closing bracket, which templates of sites leave there
_SURPLUS = re.compile(r'("(?:[^"\\]|\\.)*"?)|,(?=\s*[}\]])', re.DOTALL)
_PLACES = ("firstAppearance", "appearance", "url")  # the earliest first


class Claims(NamedTuple):
    """What a page tells of the claims that it reviews."""

    links: list[CitedLink]  # where they were made; each address once
    day: str | None  # calendar date of the first review; None: not told
    is_whole: bool  # False: some of it is no JSON


def claims_of(root: Element, base: str | None) -> Claims:
    """Return where the claims were made that a page of HTML reviews; links empty: it reviews none.

    The context of each citation is the claim's wording in quotation marks. Addresses of the page's
    own site are left out.
    """
    reviews, is_whole = _reviews(root)
    links: dict[str, CitedLink] = {}
    for review in reviews:
        for link in _appearances(review):
            if is_web_address(link.target) and not is_on_site(link.target, base):
                links.setdefault(link.target, link)
    days = (parse_feed_day(_text(review.get("datePublished"))) for review in reviews)
    return Claims(list(links.values()), next(filter(None, days), None), is_whole)


def take_claims(root: Element, draft: Draft) -> None:
    """Put what a fact check reviews before the other sources of a draft."""
    claims = claims_of(root, draft.base or draft.own_url)
    draft.links = [*claims.links, *draft.links]
    draft.date = draft.date or claims.day
    if not claims.is_whole:
        draft.warn("damaged-page", "What the page says of the claims it reviews is no valid JSON.")


def _reviews(root: Element) -> tuple[list[Mapping[str, Value]], bool]:
    found: list[Mapping[str, Value]] = []
    is_whole = True
    for script in root.iter("script"):
        text = script.text or ""
        if "ld+json" not in (script.get("type") or "").casefold() or "ClaimReview" not in text:
            continue
        tree, is_valid = _loaded(text[:_MAX_SCRIPT])
        found += _of_type(tree, "ClaimReview")
        is_whole = is_whole and is_valid
    return found, is_whole


def _loaded(text: str) -> tuple[Value, bool]:
    """Return the tree of a script and whether it is valid JSON; None: it cannot be read at all.

    Comments around it, a semicolon behind it and surplus commas are passed over.
    """
    try:
        return json.loads(text, strict=False), True
    except RecursionError:
        return None, False
    except ValueError:
        tidy = _SURPLUS.sub(lambda match: match[1] or "", text)
    begin = re.search(r"[{\[]", tidy)
    try:
        decoder = json.JSONDecoder(strict=False)
        return (decoder.raw_decode(tidy, begin.start())[0] if begin else None), False
    except (ValueError, RecursionError):
        return None, False


def _of_type(tree: Value, name: str) -> Iterator[Mapping[str, Value]]:
    """Give the objects of a type wherever they stand in a tree, in its order."""
    pending = [tree]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += reversed(value)
        elif isinstance(value, dict):
            pending += reversed(list(value.values()))
            kinds = value.get("@type")
            if any(_text(kind).rpartition("/")[2] == name for kind in _listed(kinds)):
                yield value


def _appearances(review: Mapping[str, Value]) -> Iterator[CitedLink]:
    wording = shorten(fold(_text(review.get("claimReviewed"))).strip('"“”„ '), _CONTEXT)
    inner = wording.replace("“", "‘").replace("”", "’")
    for claim in _listed(review.get("itemReviewed")):
        if isinstance(claim, dict):
            yield from _places(claim, f"“{inner}”" if inner else None)


def _places(claim: Mapping[str, Value], context: str | None) -> Iterator[CitedLink]:
    for name in _PLACES:
        for place in _listed(claim.get(name)):
            work = place if isinstance(place, dict) else {"url": place}
            label = _text(work.get("headline")) or _text(work.get("name"))
            target = _text(work.get("url")) or _text(work.get("@id"))
            yield CitedLink(shorten(fold(label), _LABEL), target, context=context, publisher="")


def _listed(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [value]


def _text(value: Value) -> str:
    return value.strip() if isinstance(value, str) else ""

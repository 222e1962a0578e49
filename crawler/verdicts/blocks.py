"""Refusals of a program: answers of protection services, challenges, block pages.

Headers after EDGI's web-monitoring (``estimate_snapshot_quality``), which weighs them; here each
alone suffices, because ``blocked`` accuses nobody: such an answer says nothing about the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from crawler.verdicts.case import Case, Evidence, Finding
from crawler.verdicts.vocabulary.challenges import CHALLENGES
from crawler.verdicts.vocabulary.phrases import segments

SHORT_BYTES = 3_000  # of a block page at the edge; Akamai's have 300 to 500, ELB's 118 to 520
FEW_WORDS = 150  # of a challenge that says much; an article has more
HARDLY_ANY = 60  # of one that says only that one must wait
MAX_REST = 20  # characters besides its phrase in the title of a block page

# Where protection services send a reader whom they doubt: in the host or path of the last hop.
_SINKS = re.compile(
    r"^https?://(?:[^/]*\.)?(?:validate\.perfdrive\.com|geo\.captcha-delivery\.com"
    r"|unblock\.[^/]+|captcha\.[^/]+)(?:[/:?]|$)"
    r"|^https?://[^/]*google\.[a-z.]+/sorry/"
    r"|/(?:\.well-known/sgcaptcha|distil_r_(?:blocked|captcha)|showcaptcha|cdn-cgi/(?:l/chk|challenge)"
    r"|_incapsula_resource|tspd|blocked\.html?|captcha(?:[/?]|$)|errors?/validatecaptcha)",
    re.IGNORECASE,
)

_DURATION = re.compile(r"dur=(\d+(?:\.\d+)?)")


def told_by_headers(case: Case) -> Finding | None:
    """Return ``blocked`` for an answer whose headers name the service that refuses."""
    if case.status is None:
        return None
    name, value = _telling_header(case, case.status)
    if name is None:
        return None
    return Finding(
        "blocked", (name, f"http-{case.status}"), {"header": value[:200], "status": case.status}
    )


def _telling_header(case: Case, status: int) -> tuple[str | None, str]:
    """Return the reason code of a header that tells of a refusal, and the header's value."""
    headers = case.headers
    short = case.size_bytes <= SHORT_BYTES
    server = headers.get("server", "")
    if "challenge" in headers.get("cf-mitigated", "").lower():
        return "cf-mitigated", headers["cf-mitigated"]
    if headers.get("x-amzn-waf-action", "").lower() in ("challenge", "captcha"):
        return "aws-waf", headers["x-amzn-waf-action"]
    if "rwc_block" in headers.get("rimon", "").lower():
        return "rimon", headers["rimon"]
    if status in (403, 429) and short and server.lower().startswith("awselb/"):
        return "aws-elb", server
    if status >= 400 and short and server == "AkamaiGHost" and _is_uncached(headers):
        return "akamai", server
    if status >= 400 and status != 404 and _is_error_of_cloudfront(headers):
        return "cloudfront", headers["x-cache"]
    if 400 <= status < 500 and _is_of_the_edge_only(headers.get("server-timing", "")):
        return "edge-only", headers["server-timing"]
    return None, ""


def _is_uncached(headers: Mapping[str, str]) -> bool:
    control = headers.get("cache-control", "").lower()
    return "no-cache" in control or "no-store" in control or "max-age=0" in control


def _is_error_of_cloudfront(headers: Mapping[str, str]) -> bool:
    return "error from cloudfront" in headers.get("x-cache", "").lower()


def _is_of_the_edge_only(timing: str) -> bool:
    """Return whether a CDN says that it answered an error without asking the origin.

    What it had in its cache it did ask the origin for, earlier.
    """
    metrics = dict(_metrics(timing[:1000].lower()))
    if "edge" not in metrics or "cdn-cache" not in metrics or "hit" in metrics["cdn-cache"]:
        return False
    asked = _DURATION.search(metrics.get("origin", ""))
    return asked is None or float(asked[1]) == 0


def _metrics(timing: str) -> Iterator[tuple[str, str]]:
    """Give the metrics of a Server-Timing header, each with its parameters."""
    for part in timing.split(","):
        name, _, parameters = part.partition(";")
        yield name.strip(), parameters


def challenge(case: Case) -> Finding | None:
    """Return ``blocked`` for a page that asks for proof of a person, or says that it refuses us.

    With 403 and 503 the script of a service suffices; with 200 the page must say hardly anything
    else, because 11 good pages of the corpus carry such a script.
    """
    if case.alike or (case.status is None and not case.answered):
        return None
    sink = _SINKS.search(case.last.url)
    if sink and not _SINKS.search(case.seen.hops[0].url):
        return Finding("blocked", ("block-sink",), {"final_url": case.last.url[:500]})
    if case.facts is None:
        return None
    refused = case.status in (403, 429, 503)
    if not refused and not case.answered:
        return None
    marker = case.marker("challenge") or (case.marker("script") if refused else None)
    if marker and (refused or case.page_words < FEW_WORDS):
        return _challenged(case, marker=marker)
    phrase = _phrase(case, FEW_WORDS * 2 if refused else FEW_WORDS)
    return _challenged(case, phrase=phrase) if phrase else None


def _challenged(case: Case, **evidence: str) -> Finding:
    known: dict[str, Evidence] = {**evidence, "words": case.page_words}
    reasons = (
        ("challenge", f"http-{case.status}") if case.status not in (200, None) else ("challenge",)
    )
    return Finding("blocked", reasons, known)


def _phrase(case: Case, few_words: int) -> str | None:
    """Return the words by which a page of few words challenges its reader."""
    if case.page_words >= few_words:
        return None
    for line in case.lines:
        for segment in segments(line):
            phrase = CHALLENGES.first_in(segment)
            if phrase and len(CHALLENGES.without(segment)) <= MAX_REST:
                return phrase
    if case.page_words < HARDLY_ANY and len(found := CHALLENGES.found_in(case.opening)) > 1:
        return found[0]
    return None

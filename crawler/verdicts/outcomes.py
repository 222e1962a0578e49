"""What one fetch showed: the whole vocabulary, and what the transport alone tells of it.

The transport is status, headers, completeness, failure. What the page *says* is judged afterwards.
"""

from __future__ import annotations

OUTCOMES = {
    "local-fault": "we were offline ourselves: no control URL answered, or our proxy was away",
    "robots-excluded": "robots.txt of the host disallows us, or could not be read",
    "refused-by-us": "we did not dial: no address, port or scheme of a public source, or barred",
    "blocked": "the host refuses us: 403, 429, 202 and other answers that it keeps for programs",
    "legal": "unavailable for legal reasons (451)",
    "paywall": "the host asks for credentials or payment: 401, 402, 407, a login, a teaser",
    "consent-wall": "a form that asks for consent stands in place of the page",
    "gone": "the host says that there is nothing: 404, 410",
    "dead-host": "no host answers: unknown name, refused, no route, TLS failure",
    "server-error": "the host fails: 5xx, time-out, broken, endless or empty answer",
    "parked": "the name is for sale, or shows nothing but advertisements or a default page",
    "usurped": "something else stands at the address now",
    "soft-404": "answered with 200, but by two signs or more it is a page of 'not found'",
    "redirect-stub": "a page that only sends its reader elsewhere, in a way that is not followed",
    "needs-script": "an empty shell: its text is made by scripts, which are not run",
    "doubtful": "answered, but with too little text, or with another text than the one cited",
    "moved": "the article, at another address to which a redirect leads",
    "redirect": "one hop on the way to another URL",
    "robots": "the robots.txt of a host",
    "live": "answered with the article of which we hold a copy, changed or not",
    "live-unverified": "answered with a text; it is the first copy, so nothing proves it by a past",
}

# The answers that bring, or confirm, a good copy.
LIVE = frozenset({"live", "live-unverified", "moved"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# The families of failure that wait differently before the next try (schedule).
REFUSALS = frozenset(
    {"robots-excluded", "refused-by-us", "blocked", "legal", "paywall", "consent-wall"}
)

_BY_STATUS = {
    202: ("blocked", "http-202"),  # what walls against programs say instead of the page
    206: ("server-error", "http-206"),  # a part, though the whole was asked for
    304: ("live", "not-modified"),
    401: ("paywall", "http-401"),
    402: ("paywall", "http-402"),
    403: ("blocked", "http-403"),
    404: ("gone", "http-404"),
    407: ("paywall", "http-407"),
    408: ("server-error", "http-408"),
    410: ("gone", "http-410"),
    425: ("server-error", "http-425"),
    429: ("blocked", "http-429"),
    451: ("legal", "http-451"),
    999: ("blocked", "http-999"),  # LinkedIn's own
}

# What a download failure is called, by the code that fetching/failures.py gives it.
_BY_FAILURE = {
    "robots": "robots-excluded",
    "blocked-address": "refused-by-us",
    "unsupported-scheme": "refused-by-us",
    "bad-url": "refused-by-us",
    "barred": "refused-by-us",
    "nxdomain": "dead-host",
    "refused": "dead-host",
    "no-route": "dead-host",
    "tls": "dead-host",
    "timeout": "server-error",
    "reset": "server-error",
    "protocol-error": "server-error",
    "too-large": "server-error",
    "stalled": "server-error",
    "redirect-loop": "server-error",
    "failed": "server-error",
}


def outcome_of_response(
    status: int,
    *,
    size_bytes: int,
    truncated: bool = False,
    has_location: bool = False,
    conditional: bool = True,
) -> tuple[str, str]:
    """Return (outcome, reason code) of an answer.

    ``size_bytes`` is that of the body once its codings are undone. A truncated or undecodable body
    is a failure of the server even with status 200: half an article must never stand for the whole.
    A 304 to a request that was not ``conditional`` confirms nothing.
    """
    if status == 304 and not conditional:
        return "server-error", "unasked-304"
    if status in REDIRECTS and has_location:
        return "redirect", f"http-{status}"
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:
        return "server-error", f"http-{status}"
    if status >= 400:
        return "blocked", f"http-{status}"
    if not 200 <= status < 300:
        return "server-error", f"http-{status}"
    if truncated:
        return "server-error", "truncated"
    if size_bytes == 0:
        return "server-error", "empty"
    return "live-unverified", f"http-{status}"


def outcome_of_failure(code: str) -> str:
    """Return the outcome of an attempt that gave no answer, by its failure code."""
    return _BY_FAILURE.get(code, "server-error")

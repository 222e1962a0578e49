"""Sibling probes: what does a host say of a page that cannot exist?

A host that answers it like the page in question has none of both. Asked only when something is
suspicious, at most once a week and folder, obeying robots.txt; who asks sees to that.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from crawler.comparison.measures import measure
from crawler.verdicts.case import Case
from crawler.verdicts.places import place_of, same_place

LETTERS = 25  # Bar-Yossef 2004: longer than any name that a host would guess at
SAME = 0.95  # similarity of two renderings of one error page


def probe_url(url: str, *, salt: str = "") -> str:
    """Return the address of a page that cannot exist: the URL's folder and 25 letters.

    The letters come from a digest of folder and ``salt``, so that the same question is the same
    request; another salt asks anew.
    """
    parts = urlsplit(url)
    folder = parts.path.rstrip("/").rpartition("/")[0]
    seed = hashlib.sha256(f"{salt}\n{parts.netloc}{folder}".encode(errors="replace")).digest()
    letters = base64.b32encode(seed).decode().lower().translate(_LETTERS_FOR_DIGITS)[:LETTERS]
    return urlunsplit((parts.scheme, parts.netloc, f"{folder}/{letters}", "", ""))


_LETTERS_FOR_DIGITS = str.maketrans("234567=", "ghijklm")


def is_same_as_probe(case: Case) -> Literal["same-url", "same-text"] | None:
    """Return how the page is the one that the host gives for a random name; None: it is another.

    The folder's own address after a redirect counts only where the visit was redirected too.
    """
    probe = case.seen.host.probe
    if probe is None or probe.status is None:
        return None
    if probe.text and case.text and _alike(probe.text, case.text):
        return "same-text"
    led_there = same_place(place_of(probe.final_url), case.landed)
    if led_there and case.redirected and not same_place(place_of(probe.url), case.landed):
        return "same-url"
    return None


def _alike(one: str, other: str) -> bool:
    if not 0.8 < len(one) / len(other) < 1.25:  # cannot be, and measuring takes 1 ms
        return False
    return one == other or measure(one, other).similarity >= SAME

"""Visits for the tests of judging: pages of our own, read by the real extractor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from crawler.extraction.article import read_payload
from crawler.items import Article, Extraction, Hop
from crawler.verdicts.judging import judge
from crawler.verdicts.observation import Expectation, Judgement, Observation, Surroundings
from crawler.verdicts.outcomes import outcome_of_response

URL = "https://news.example/2024/03/bridges-of-the-town"
TITLE = "The bridges of the town"
SENTENCES = (
    "The council of the small town met on a cold evening to speak of its seven bridges.",
    "Two of them date from the reign of a king whom nobody remembers, said the engineer.",
    "Repairs will cost four million crowns, of which the county is to pay the smaller half.",
    "A fisherman who lives below the third arch asked who would warn him of falling stones.",
    "The mayor promised a bell, which caused laughter, and a lamp, which did not.",
    "Work begins in spring, when the river is high and the masons come back from the south.",
)
# Some 400 words, no two paragraphs alike.
PARAGRAPHS = tuple(
    f"{SENTENCES[n % 6]} {SENTENCES[(n * 5 + 2) % 6].replace('the', f'the {word}')}"
    for n, word in enumerate(
        ("old", "new", "next", "last", "grey", "long", "late", "small", "dry", "wet", "low", "high")
    )
)
ARTICLE = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
NAV = "<nav><a href=/>Home</a> <a href=/town>Town</a> <a href=/county>County</a></nav>"
FOOT = "<footer><a href=/imprint>Imprint</a> Town Crier</footer>"


def page(
    body: str = ARTICLE, *, title: str = TITLE, heading: str | None = None, head: str = "",
    lang: str = "en",
) -> bytes:  # fmt: skip
    """A page of the Town Crier; its heading is its title unless another one is given."""
    h1 = f"<h1>{title if heading is None else heading}</h1>"
    return (
        f"<!DOCTYPE html><html lang={lang}><head><meta charset=utf-8><title>{title}</title>{head}"
        f"</head><body>{NAV}<article>{h1}{body}</article>{FOOT}</body></html>"
    ).encode()


@cache
def read(body: bytes, content_type: str = "text/html") -> Extraction:
    return read_payload(body, url=URL, content_type=content_type, fetched_on="2026-03-01")


def good(body: bytes | None = None) -> Article:
    return read(page() if body is None else body).article


def seen(
    body: bytes | None = None, *, status: int = 200, headers: Mapping[str, str] | None = None,
    via: tuple[tuple[str, int], ...] = (), url: str = URL, held: Article | None = None,
    content_type: str = "text/html", **known: object,
) -> Observation:  # fmt: skip
    """A visit. ``via`` are the redirects before it; the first of them was asked for."""
    body = page() if body is None else body
    found = read(body, content_type)
    outcome, reason = outcome_of_response(status, size_bytes=len(body))
    last = Hop(
        "u", url, "source", len(via), "2026-03-01T00:00:00Z", outcome, reason, status=status,
        response_headers=tuple((headers or {}).items()), wire_size_bytes=len(body),
    )  # fmt: skip
    before = tuple(
        replace(last, url=start, hop=n, status=code, outcome="redirect", reason=f"http-{code}")
        for n, (start, code) in enumerate(via)
    )
    return Observation(
        (*before, last), found.article, found.facts, size_bytes=len(body), good=held,
        good_url=URL if held else None, **known,  # type: ignore[arg-type]
    )  # fmt: skip


def judged(body: bytes | None = None, **known: object) -> Judgement:
    return judge(seen(body, **known))  # type: ignore[arg-type]


def outcome(body: bytes | None = None, **known: object) -> tuple[str, str]:
    """Outcome and decisive reason."""
    found = judged(body, **known)
    return found.outcome, found.reasons[0]


__all__ = ["Expectation", "Surroundings", "good", "judged", "outcome", "page", "read", "seen"]

"""What is known of one visit when it is judged, and what it is judged to have shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crawler.comparison.change import Measures
from crawler.items import Article, Hop, PageFacts


@dataclass(frozen=True, slots=True)
class Probe:
    """What a host said of a sibling page that cannot exist (same folder, random name)."""

    url: str
    final_url: str
    status: int | None  # None: no answer
    title: str | None = None
    text: str | None = None  # readable text of its answer; None: none was read


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of the host beyond this visit."""

    sources_at_final_url: int = 0  # other sources, of whatever hosts, that ended there
    sources_replaced: int = 0  # other sources of the host that were lately parked or usurped
    home_title: str | None = None  # title of the host's home page; None: never seen
    error_titles: frozenset[str] = frozenset()  # titles of its answers with status 404 and 410
    probe: Probe | None = None  # the newest one beside this page; None: none, or too old


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the entries lead one to expect of a source, where there is no good copy to compare."""

    excerpts: tuple[str, ...] = ()  # summaries and quoted passages of the entries that cite it
    headlines: tuple[str, ...] = ()  # headlines of these entries, labels of the citations
    alone: bool = False  # it is the only source of an entry with a summary


@dataclass(frozen=True, slots=True)
class Observation:
    """All that one visit showed, and what it is measured against."""

    hops: tuple[Hop, ...]  # in order, bodies left out; the last one is judged
    article: Article | None = None  # of the last hop's payload; None: not read
    facts: PageFacts | None = None  # likewise; None: no HTML
    size_bytes: int | None = None  # of the decoded payload
    same_payload: bool = False  # the payload is that of the good copy, or a 304 confirmed it
    good: Article | None = None  # of the latest good copy; None: there is none
    good_url: str | None = None  # the URL at which the good copy was captured
    redirects_before: int = 0  # earlier visits in a row that ended at this final URL
    expected: Expectation = field(default_factory=Expectation)
    host: Surroundings = field(default_factory=Surroundings)

    @property
    def last(self) -> Hop:
        """The hop in which the visit ended."""
        return self.hops[-1]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome of a visit, with its evidence."""

    outcome: str  # one of OUTCOMES
    reasons: tuple[str, ...]  # codes, the decisive one first
    evidence: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    measures: Measures | None = None  # against the good copy; None: not compared
    wants_probe: bool = False  # a sibling probe could settle a suspicion

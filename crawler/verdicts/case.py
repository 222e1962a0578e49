"""A visit as it is judged: what the rules ask of an observation, each answer worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from crawler.comparison.change import Measures
from crawler.comparison.measures import containment, measure
from crawler.comparison.texts import estimate_words
from crawler.items import Hop
from crawler.verdicts.observation import Observation
from crawler.verdicts.places import Place, place_of, same_place
from crawler.verdicts.vocabulary.phrases import fold

Evidence = str | int | float | bool

# Our copy is still there: half of all runs of three words, or nearly all of ours among more text.
# Half is where DOMAIN's "drifted" begins; the second holds for pages that grew.
ALIKE = 0.5
KEPT = 0.8
PAGES = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule makes of a visit."""

    outcome: str
    reasons: tuple[str, ...]  # the decisive one first
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    suspicious: bool = False  # a sibling probe could settle it


class Case:
    """An observation, and what follows from it."""

    def __init__(self, seen: Observation) -> None:
        self.seen = seen
        self.last: Hop = seen.last
        self.status = seen.last.status
        self.facts = seen.facts

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The answer's headers by lower-case name; several of one name joined by commas."""
        found: dict[str, str] = {}
        for name, value in self.last.response_headers:
            key = name.lower()
            found[key] = f"{found[key]}, {value}" if key in found else value
        return found

    @property
    def answered(self) -> bool:
        """Whether the host gave the whole of a page: status 2xx, and the body unharmed."""
        return self.last.outcome in ("live", "live-unverified")

    @property
    def size_bytes(self) -> int:
        """The size of the body."""
        size = self.seen.size_bytes
        return size if size is not None else (self.last.wire_size_bytes or 0)

    # -- what the page says

    @cached_property
    def text(self) -> str:
        """The text of the article; empty when there is none."""
        return (self.seen.article.text if self.seen.article else None) or ""

    @cached_property
    def article_words(self) -> int:
        """The words of the article, about."""
        return estimate_words(self.text)

    @cached_property
    def page_words(self) -> int:
        """The visible words of the whole page; of what is no HTML those of the article."""
        return self.facts.words if self.facts else self.article_words

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Title and main headings, each once."""
        if self.facts is None:
            title = self.seen.article.title if self.seen.article else None
            return (title,) if title else ()
        said = (self.facts.title, *self.facts.headings)
        return tuple(dict.fromkeys(line for line in said if line))

    @cached_property
    def opening(self) -> str:
        """The first visible words, title and headings before them, folded.

        Of a page of many words, and of what is no HTML, the first words of the article.
        """
        shown = (self.facts.opening if self.facts else "") or self.text[:2000]
        return fold(" ".join((*self.lines, shown)))

    @property
    def is_page(self) -> bool:
        """Whether the answer is HTML."""
        return self.facts is not None or (
            self.seen.article is not None and self.seen.article.mime in PAGES
        )

    def marker(self, family: str) -> str | None:
        """Return the first marker of a family on the page; None: it has none."""
        markers = self.facts.markers if self.facts else ()
        return next((marker for marker in markers if marker.startswith(family + ":")), None)

    # -- where it stands

    @cached_property
    def asked(self) -> Place:
        """The address that the visit asked for."""
        return place_of(self.seen.hops[0].url)

    @cached_property
    def landed(self) -> Place:
        """The address at which the visit ended."""
        return place_of(self.last.url)

    @cached_property
    def redirected(self) -> bool:
        """Whether it ended elsewhere; scheme, ``www.`` and a slash at the end do not count."""
        first = self.seen.hops[0].url
        return first != self.last.url and not same_place(self.asked, self.landed)

    # -- against the copy that is held

    @cached_property
    def measures(self) -> Measures | None:
        """How alike the page is to the good copy; None: one of both has no text."""
        good = self.seen.good.text if self.seen.good else None
        if not good or not self.text:
            return None
        return measure(good, self.text)

    @property
    def compared(self) -> Measures | None:
        """The measures, if any rule asked for them; nothing is measured for their own sake."""
        found: Measures | None = self.__dict__.get("measures")
        return found

    @property
    def same_text(self) -> bool:
        """Whether the text is the very text of the good copy."""
        return bool(self.text) and self.seen.good is not None and self.seen.good.text == self.text

    @cached_property
    def alike(self) -> bool:
        """Whether the page still has what the good copy has."""
        if self.same_text:
            return True
        found = self.measures
        return found is not None and (found.similarity >= ALIKE or found.old_in_new >= KEPT)

    @cached_property
    def excerpt_shares(self) -> tuple[float, ...]:
        """How much of each excerpt of the citing entries stands in the text, in their order."""
        return tuple(containment(e, self.text) for e in self.seen.expected.excerpts)

    @cached_property
    def similarity(self) -> float:
        """J3 to the good copy; 0 where nothing can be compared."""
        if self.same_text:
            return 1.0
        return self.measures.similarity if self.measures else 0.0

    @cached_property
    def titled_as_held(self) -> bool:
        """Whether the page has the title of our copy."""
        held = self.seen.good.title if self.seen.good else None
        if not held:
            return False
        own = self.seen.article.title if self.seen.article else None
        said = {fold(line) for line in (*self.lines, own or "")}
        return fold(held) in said

    @property
    def has_good_text(self) -> bool:
        """Whether there is a good copy with a text."""
        return self.seen.good is not None and bool(self.seen.good.text)

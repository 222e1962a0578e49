"""What is known of one source while it is being rescued, and what is told of it at the end."""

from __future__ import annotations

from dataclasses import dataclass, field

from crawler.archive.elsewhere.rescuing import Ending
from crawler.archive.elsewhere.wanting import Wanted
from crawler.items import Article
from crawler.mementos.choosing import Cited, Looked, candidates
from crawler.mementos.elsewhere import Further, further
from crawler.mementos.grading import Graded
from crawler.mementos.listing import Listed
from crawler.mementos.replies import Result
from crawler.rescue.asking import NotAsked
from crawler.rescue.fetching import Fetched
from crawler.rescue.searching import Located


@dataclass(frozen=True, slots=True)
class Homecoming:
    """How the attempt for one source ended."""

    source: int
    url: str
    ending: Ending
    confidence: str | None = None  # class of the best memento; None: none came home
    archive: str | None = None
    memento_datetime: str | None = None
    proof: str | None = None
    fetched: int = 0  # mementos
    why: str | None = None  # what an archive rests for, where it was not asked


@dataclass(slots=True)
class Attempt:
    """What is known of a source while it is being rescued."""

    wanted: Wanted
    cited: Cited
    own: Article | None
    located: dict[Listed, Located] = field(default_factory=dict)
    looked: list[Looked] = field(default_factory=list)
    fetched: dict[str, Fetched] = field(default_factory=dict)  # good ones, by URI-M
    rows: dict[str, int] = field(default_factory=dict)  # of `mementos`, by URI-M
    results: dict[str, Result] = field(default_factory=dict)  # of the indexes, by archive
    refusals: list[NotAsked] = field(default_factory=list)
    named: list[str] = field(default_factory=list)  # addresses that mementos name as the page's
    fetches: int = 0
    ours: int | None = None  # row of a memento that has our copy's bytes, from before the citation

    def fetched_as(self, graded: Graded) -> Fetched:
        """Return what was fetched of which a grade is."""
        return self.fetched[str(graded.witness.memento.uri_m)]

    @property
    def ordered(self) -> tuple[Listed, ...]:
        """All mementos that may be the page, nearest to the citation first."""
        return candidates(self.located, self.cited)

    @property
    def further(self) -> tuple[Further, ...]:
        """Where else it may be found."""
        wanted = self.wanted
        known = (*wanted.aliases, *([wanted.canonical] if wanted.canonical else []))
        return further(wanted.url, known=known, named=self.named)

    @property
    def is_named_elsewhere(self) -> bool:
        """Whether a memento names another address, under which it is worth looking."""
        return any(each.found_by == "named-canonical" for each in self.further)


def told(state: Attempt, best: Graded | None, ending: Ending) -> Homecoming:
    """Return how an attempt ended, with the best memento that it brought home."""
    why = str(state.refusals[-1]) if state.refusals and best is None else None
    if best is None:
        return Homecoming(
            state.wanted.source, state.wanted.url, ending, fetched=state.fetches, why=why
        )
    memento = best.witness.memento
    return Homecoming(
        state.wanted.source, state.wanted.url, ending,
        confidence=best.confidence, archive=state.fetched_as(best).located.archive.id,
        memento_datetime=memento.memento_datetime, proof=best.witness.proof,
        fetched=state.fetches,
    )  # fmt: skip

"""A script: one host, what its pages do over time, and what is right to conclude of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from crawler.comparison.change import ChangeClass
from crawler.demo.behaviours import Behaviour
from crawler.demo.catalogue.steps import Step
from crawler.verdicts.state import State

# By step; what holds from it on. None as a change: nothing that a person is told of.
Outcomes = Mapping[Step, str]
Changes = Mapping[Step, ChangeClass]
States = Mapping[Step, State]

GOOD: Outcomes = {Step.FIRST: "live-unverified", Step.SECOND: "live"}
ALIVE: States = {Step.FIRST: "live"}


@dataclass(frozen=True, slots=True)
class Golden:
    """The right answers for one source.

    Outcomes and states hold from the step on at which they are named; a change is found by the
    first look from its step on, and by no other.
    """

    outcomes: Outcomes = field(default_factory=lambda: GOOD)
    changes: Changes = field(default_factory=dict)
    states: States = field(default_factory=lambda: ALIVE)


@dataclass(frozen=True, slots=True)
class Cited:
    """A page that an entry cites."""

    path: str
    golden: Golden
    headline: str  # of the entry
    summary: str  # of the entry: the beginning of the article that was cited; may be empty
    scheme: str = "http"


@dataclass(frozen=True, slots=True)
class Script:
    """A host of the catalogue."""

    name: str
    family: str  # what it is there to show; the matrix counts by family
    known: str  # what a reader should come to know of it, in words
    routes: Mapping[str, Behaviour]
    cited: tuple[Cited, ...]
    missing: Behaviour | None = None  # what it says of paths it does not have; None: a plain 404
    deaf: tuple[tuple[Step, Step | None], ...] = ()  # from, until: nothing listens there
    elsewhere: Mapping[str, Behaviour] = field(default_factory=dict)  # paths on a second host

    def with_routes(self, routes: Mapping[str, Behaviour]) -> Script:
        """Return the script with further paths."""
        return replace(self, routes={**self.routes, **routes})

    def with_missing(self, missing: Behaviour) -> Script:
        """Return the script with another answer to paths that the host does not have."""
        return replace(self, missing=missing)

    def with_elsewhere(self, routes: Mapping[str, Behaviour]) -> Script:
        """Return the script with further paths on the second host."""
        return replace(self, elsewhere={**self.elsewhere, **routes})

    def silent(self, begin: Step, end: Step | None = None) -> Script:
        """Return the script of a host at which nothing listens from one step until another."""
        return replace(self, deaf=(*self.deaf, (begin, end)))

    def listens_at(self, step: Step) -> bool:
        """Whether connections are accepted at a step."""
        return not any(
            begin.value <= step.value and (end is None or step.value < end.value)
            for begin, end in self.deaf
        )

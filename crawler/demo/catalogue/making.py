"""What the scripts are made of: one-page hosts, and the courses that verdicts take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from zlib import crc32

from crawler.demo.behaviours import Behaviour, Request, made, redirect
from crawler.demo.catalogue.press import Printed, front, not_found, sheet_of, shows
from crawler.demo.catalogue.script import ALIVE, GOOD, Changes, Cited, Golden, Script, States
from crawler.demo.catalogue.steps import Step, over
from crawler.demo.catalogue.stories import Story, list_kinds, tell
from crawler.demo.entries import slugify

EXCERPT_WORDS = 75

# Hosts besides those of the scripts, by what they are: to these, redirects lead.
NEIGHBOURS = {
    "archive": "127.42.250.1",  # the newspaper whose entries cite all others
    "control": "127.42.250.2",  # answers whenever we are online
    "elsewhere": "127.42.250.3",  # where articles move to
    "consent": "127.42.250.4",
    "parking": "127.42.250.5",
    "casino": "127.42.250.6",
}

# The courses of verdicts, by the steps at which each rule of the hysteresis is fulfilled.
GONE: States = {Step.FIRST: "live", Step.TURN: "suspected", Step.THIRD: "vanished"}
GONE_410: States = {Step.FIRST: "live", Step.TURN: "suspected", Step.DAY: "vanished"}
DEAD: States = {Step.FIRST: "live", Step.TURN: "suspected", Step.WEEK: "vanished"}
FAILING: States = {Step.FIRST: "live", Step.TURN: "unstable", Step.MONTH: "vanished"}
REPLACED: States = {Step.FIRST: "live", Step.TURN: "suspected", Step.WEEK: "usurped"}
BLOCKED: States = {Step.FIRST: "live", Step.THIRD: "blocked"}
WALLED: States = {Step.FIRST: "live", Step.THIRD: "walled"}
LEGAL: States = {Step.FIRST: "live", Step.THIRD: "legal"}
EXCLUDED: States = {Step.FIRST: "live", Step.THIRD: "excluded"}
REFUSED: States = {Step.FIRST: "live", Step.THIRD: "refused"}


def story_of(name: str, kind: str | None = None) -> Story:
    """Return the story of a script: of its own kind, with its own facts."""
    kinds = list_kinds()
    return tell(kind or kinds[crc32(name.encode()) % len(kinds)], name)


def path_of(printed: Printed, name: str) -> str:
    """Return where an article stands: its title where that is ASCII, else a number.

    Never the name of the script: what it is about must not be readable in the URL.
    """
    text = sheet_of(printed).text
    slug = slugify(text.title)
    return f"/news/2026/02/19/{slug if slug.isascii() else crc32(name.encode())}"


def cited(printed: Printed, path: str, golden: Golden) -> Cited:
    """Return a page as an entry cites it: by its headline, with its beginning as the summary."""
    text = sheet_of(printed).text
    return Cited(path, golden, text.title, text.opening(EXCERPT_WORDS))


@dataclass(frozen=True, slots=True)
class Case:
    """A host with one article, of which only what it does is still to be said."""

    name: str
    family: str
    known: str
    printed: Printed | None = None  # what was cited; None: the story of the name
    path: str | None = None  # None: where its title leads
    scheme: str = "http"
    excerpted: bool = True  # whether the entry has its beginning as a summary

    @property
    def article(self) -> Printed:
        """What was cited."""
        return self.printed or story_of(self.name)

    def always(self, behaviour: Behaviour, golden: Golden) -> Script:
        """Return the script in which this is what comes in the article's place at all steps."""
        where = self.path or path_of(self.article, self.name)
        line = replace(cited(self.article, where, golden), scheme=self.scheme)
        return Script(
            self.name,
            self.family,
            self.known,
            {"/": front(self.name), where: behaviour},
            (line if self.excerpted else replace(line, summary=""),),
            not_found(self.name, language=sheet_of(self.article).text.language),
        )

    def staged(self, later: Mapping[Step, Behaviour], golden: Golden) -> Script:
        """Return the script in which the article is shown at first, then something by the steps."""
        return self.always(over(shows(self.name, self.article), later), golden)

    def turned(self, later: Behaviour, golden: Golden) -> Script:
        """Return the script in which the article is shown until the turn, and then this."""
        return self.staged({Step.TURN: later}, golden)

    def turned_wholly(self, later: Behaviour, golden: Golden) -> Script:
        """Return the script in which the whole host turns: its front page, unknown paths, too."""
        routes = {"/": over(front(self.name), {Step.TURN: later})}
        missing = over(not_found(self.name), {Step.TURN: later})
        return self.turned(later, golden).with_routes(routes).with_missing(missing)


def turning(outcome: str, states: States = ALIVE, changes: Changes | None = None) -> Golden:
    """Return the answers for a page that is good at first and from the turn on is not."""
    return Golden({**GOOD, Step.TURN: outcome}, changes or {}, states)


def never_good(outcome: str, states: States) -> Golden:
    """Return the answers for a page that was never good."""
    return Golden({Step.FIRST: outcome}, {}, states)


def to_neighbour(neighbour: str, path: str, status: int = 302) -> Behaviour:
    """Send the reader to a path on another host."""

    def make(request: Request) -> Behaviour:
        return redirect(f"http://{NEIGHBOURS[neighbour]}:{request.port}{path}", status)

    return made(make)

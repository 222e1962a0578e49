"""What the scripts are made of: one-page hosts, and the courses that verdicts take."""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

from crawler.demo.behaviours import Behaviour, Request, made, redirect
from crawler.demo.catalogue.press import Printed, front, not_found, sheet_of
from crawler.demo.catalogue.script import ALIVE, GOOD, Changes, Cited, Golden, Script, States
from crawler.demo.catalogue.steps import Step
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


def cited(
    printed: Printed, path: str, golden: Golden, *, excerpted: bool = True, scheme: str = "http"
) -> Cited:
    """Return a page as an entry cites it: by its headline, with its beginning as the summary."""
    text = sheet_of(printed).text
    summary = text.opening(EXCERPT_WORDS) if excerpted else ""
    return Cited(path, golden, text.title, summary, scheme)


def single(
    name: str,
    family: str,
    known: str,
    printed: Printed,
    behaviour: Behaviour,
    golden: Golden,
    *,
    routes: Mapping[str, Behaviour] | None = None,
    elsewhere: Mapping[str, Behaviour] | None = None,
    missing: Behaviour | None = None,
    deaf: tuple[tuple[Step, Step | None], ...] = (),
    excerpted: bool = True,
    path: str | None = None,
    scheme: str = "http",
) -> Script:
    """Return a host with one article. ``printed`` is what was cited, ``behaviour`` what comes."""
    where = path or path_of(printed, name)
    return Script(
        name,
        family,
        known,
        {"/": front(name), **(routes or {}), where: behaviour},
        (cited(printed, where, golden, excerpted=excerpted, scheme=scheme),),
        missing or not_found(name, language=sheet_of(printed).text.language),
        deaf,
        elsewhere or {},
    )


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

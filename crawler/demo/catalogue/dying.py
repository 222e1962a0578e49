"""Scripts of pages that fail honestly: by status, by silence, by a broken answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from crawler.demo import behaviours as does
from crawler.demo.behaviours import Behaviour, page, redirect
from crawler.demo.catalogue.making import (
    DEAD,
    FAILING,
    GONE,
    GONE_410,
    REFUSED,
    Case,
    cited,
    never_good,
    turning,
)
from crawler.demo.catalogue.press import front, headlines, not_found, shows, treated
from crawler.demo.catalogue.script import ALIVE, GOOD, Golden, Script, States
from crawler.demo.catalogue.steps import Step, over
from crawler.demo.catalogue.stories import Story, list_kinds, tell


def _gone() -> list[Script]:
    gone = turning("gone", GONE)
    never: States = {Step.FIRST: "unknown", Step.THIRD: "vanished"}
    popular = f"<h2>Popular today</h2>{headlines('gone-404-popular')}"
    return [
        Case("gone-404", "gone", "404 for ever").turned(not_found("gone-404"), gone),
        Case("gone-404-popular", "gone", "404 with a long page of what is popular").turned(
            not_found("gone-404-popular", more=popular), gone
        ),
        Case("gone-404-empty", "gone", "404 without a body").turned(page("", status=404), gone),
        Case("gone-404-led", "gone", "302 to a page that answers 404")
        .turned(redirect("/sorry", 302), gone)
        .with_routes({"/sorry": not_found("gone-404-led")}),
        Case("gone-410", "gone", "410 for ever: two answers a day apart suffice").turned(
            not_found("gone-410", 410), turning("gone", GONE_410)
        ),
        Case("gone-before", "gone", "404 already when it is first looked at").always(
            not_found("gone-before"), never_good("gone", never)
        ),
    ]


def _dead() -> list[Script]:
    never: States = {Step.FIRST: "unknown", Step.WEEK: "vanished"}
    revived: States = {**DEAD, Step.LATE: "returning", Step.LAST: "live"}
    return [
        Case("dead-refused", "dead", "nothing listens any more")
        .turned(not_found("dead-refused"), turning("dead-host", DEAD))
        .silent(Step.TURN),
        Case("dead-before", "dead", "nothing ever listened")
        .always(not_found("dead-before"), never_good("dead-host", never))
        .silent(Step.FIRST),
        Case(
            "dead-tls", "dead", "cited by https, where no TLS is spoken", scheme="https"
        ).always(not_found("dead-tls"), never_good("dead-host", never)),
        Case("dead-revived", "dead", "dark until it is called vanished, then back")
        .staged({}, Golden({**GOOD, Step.TURN: "dead-host", Step.LATE: "live"}, {}, revived))
        .silent(Step.TURN, Step.LATE),
    ]  # fmt: skip


def _failing() -> list[Script]:
    failing = turning("server-error", FAILING)
    never: States = {Step.FIRST: "unknown", Step.MONTH: "vanished"}
    return [
        *(Case(name, "error", known).turned(later, failing) for name, known, later in _broken()),
        Case("error-loop", "error", "a circle of redirects")
        .turned(redirect("/round"), failing)
        .with_routes({"/round": redirect("/and-round"), "/and-round": redirect("/round")}),
        *_truncated(failing),
        Case("error-before", "error", "500 already when it is first looked at").always(
            page("Internal error", status=500), never_good("server-error", never)
        ),
        Case("refused-scheme", "refused", "301 to an address that is no web page").turned(
            redirect("ftp://ftp.invalid/notices/4711", 301), turning("refused-by-us", REFUSED)
        ),
    ]


def _broken() -> Iterator[tuple[str, str, Behaviour]]:
    yield "error-500", "500 for ever", page("Internal error", status=500)
    yield "error-502", "502 for ever", page("<h1>Bad gateway</h1>", status=502)
    yield "error-503", "503 with Retry-After for ever", page("Maintenance", status=503)
    yield "error-522", "522: the origin is down", page("<h1>Error 522</h1>", status=522)
    yield "error-empty", "200 without a body for ever", page("")
    yield "error-part", "206, though the whole was asked for", page("<p>A part</p>", status=206)
    yield "error-reset", "the connection is reset", does.reset()
    yield "error-silent", "accepts and never answers", does.silence()
    yield "error-garbage", "speaks no HTTP", does.raw(b"\x15\x03\x01 what?\r\n\r\n")


def _truncated(golden: Golden) -> Iterator[Script]:
    cut: dict[str, tuple[str, Callable[[str], Behaviour]]] = {
        "error-cut": ("breaks off before its announced length", lambda h: does.cut_off(h, 1500)),
        "error-gzip": ("its gzip is cut off", lambda h: does.damaged(h, "gzip")),
        "error-chunks": ("its chunks end without an end", _unfinished),
    }
    for name, (known, treat) in cut.items():
        case = Case(name, "error", f"truncated from the turn on: {known}")
        yield case.turned(treated(name, case.article, treat), golden)


def _unfinished(html: str) -> Behaviour:
    return does.chunked([html[:1200].encode()], finished=False)


# --- hosts that fail as a whole ---------------------------------------------------------------


def _many(name: str, known: str, later: Mapping[Step, Behaviour], golden: Golden) -> Script:
    """A host with six sources that all do the same."""
    stories = [tell(kind, name) for kind in list_kinds()[:6]]
    paths = {f"/news/2026/02/19/{n}-{story.kind}": story for n, story in enumerate(stories)}
    routes: dict[str, Behaviour] = {"/": front(name)}
    for path, story in paths.items():
        routes[path] = over(shows(name, story), later)
    lines = tuple(cited(story, path, golden) for path, story in paths.items())
    return Script(name, "incident", known, routes, lines, not_found(name))


def _incidents() -> list[Script]:
    down = page("The server is on fire.", status=503)
    back: Mapping[Step, Behaviour] = {Step.TURN: down, Step.THIRD: _good_again("outage-5xx")}
    recovering = Golden(
        {**GOOD, Step.TURN: "server-error", Step.THIRD: "live"},
        {},
        {**ALIVE, Step.TURN: "unstable", Step.THIRD: "live"},
    )
    dark = Golden(
        {**GOOD, Step.TURN: "dead-host", Step.WEEK: "live"},
        {},
        {**ALIVE, Step.TURN: "suspected", Step.WEEK: "live"},
    )
    return [
        _many("outage-5xx", "503 on all six sources for four days", back, recovering),
        _many(
            "outage-dark", "all six sources dark for twelve days, as many looks as may be",
            {}, dark,
        ).silent(Step.TURN, Step.WEEK),
    ]  # fmt: skip


def _good_again(name: str) -> Behaviour:
    """Show each of the six articles at its own path again."""
    stories: dict[str, Story] = {
        f"/news/2026/02/19/{n}-{kind}": tell(kind, name) for n, kind in enumerate(list_kinds()[:6])
    }
    return does.made(lambda request: shows(name, stories[request.path]))


def list_dying() -> list[Script]:
    """Return the scripts of pages that fail honestly."""
    return [*_gone(), *_dead(), *_failing(), *_incidents()]

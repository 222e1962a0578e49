"""Scripts of pages that fail honestly: by status, by silence, by a broken answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crawler.demo import behaviours as does
from crawler.demo.behaviours import Behaviour, page, redirect
from crawler.demo.catalogue.making import (
    DEAD,
    FAILING,
    GONE,
    GONE_410,
    REFUSED,
    cited,
    never_good,
    single,
    story_of,
    turning,
)
from crawler.demo.catalogue.press import front, headlines, not_found, shows, treated
from crawler.demo.catalogue.script import ALIVE, GOOD, Golden, Script, States
from crawler.demo.catalogue.steps import Step, over
from crawler.demo.catalogue.stories import Story, list_kinds, tell


def _turned(
    name: str, family: str, known: str, later: Behaviour, golden: Golden, **more: object
) -> Script:
    """A page that is good until the turn."""
    story = story_of(name)
    behaviour = over(shows(name, story), {Step.TURN: later})
    return single(name, family, known, story, behaviour, golden, **more)  # type: ignore[arg-type]


def _gone() -> list[Script]:
    never: States = {Step.FIRST: "unknown", Step.THIRD: "vanished"}
    popular = f"<h2>Popular today</h2>{headlines('gone-404-popular')}"
    return [
        _turned("gone-404", "gone", "404 for ever", not_found("gone-404"), turning("gone", GONE)),
        _turned(
            "gone-404-popular",
            "gone",
            "404 with a long page of what is popular",
            not_found("gone-404-popular", more=popular),
            turning("gone", GONE),
        ),
        _turned(
            "gone-404-empty", "gone", "404 without a body", page("", status=404),
            turning("gone", GONE),
        ),
        _turned(
            "gone-404-led",
            "gone",
            "302 to a page that answers 404",
            redirect("/sorry", 302),
            turning("gone", GONE),
            routes={"/sorry": not_found("gone-404-led")},
        ),
        _turned(
            "gone-410", "gone", "410 for ever: two answers a day apart suffice",
            not_found("gone-410", 410), turning("gone", GONE_410),
        ),
        single(
            "gone-before",
            "gone",
            "404 already when it is first looked at",
            story_of("gone-before"),
            not_found("gone-before"),
            never_good("gone", never),
        ),
    ]  # fmt: skip


def _dead() -> list[Script]:
    never: States = {Step.FIRST: "unknown", Step.WEEK: "vanished"}
    dead = turning("dead-host", DEAD)
    revived: States = {**DEAD, Step.LATE: "returning", Step.LAST: "live"}
    return [
        _turned(
            "dead-refused", "dead", "nothing listens any more", not_found("dead-refused"), dead,
            deaf=((Step.TURN, None),),
        ),
        single(
            "dead-before", "dead", "nothing ever listened", story_of("dead-before"),
            not_found("dead-before"), never_good("dead-host", never), deaf=((Step.FIRST, None),),
        ),
        single(
            "dead-tls", "dead", "cited by https, where no TLS is spoken", story_of("dead-tls"),
            not_found("dead-tls"), never_good("dead-host", never), scheme="https",
        ),
        single(
            "dead-revived", "dead", "dark until it is called vanished, then back",
            story_of("dead-revived"), shows("dead-revived", story_of("dead-revived")),
            Golden({**GOOD, Step.TURN: "dead-host", Step.LATE: "live"}, {}, revived),
            deaf=((Step.TURN, Step.LATE),),
        ),
    ]  # fmt: skip


def _failing() -> list[Script]:
    broken = {
        "error-500": ("500 for ever", page("Internal error", status=500)),
        "error-502": ("502 for ever", page("<h1>Bad gateway</h1>", status=502)),
        "error-503": ("503 with Retry-After for ever", page("Maintenance", status=503)),
        "error-522": ("522: the origin is down", page("<h1>Error 522</h1>", status=522)),
        "error-empty": ("200 without a body for ever", page("")),
        "error-part": ("206, though the whole was asked for", page("<p>A part</p>", status=206)),
        "error-reset": ("the connection is reset", does.reset()),
        "error-silent": ("accepts and never answers", does.silence()),
        "error-garbage": ("speaks no HTTP", does.raw(b"\x15\x03\x01 what?\r\n\r\n")),
        "error-loop": ("a circle of redirects", redirect("/round")),
    }
    scripts = [
        _turned(
            name, "error", known, later, turning("server-error", FAILING),
            routes={"/round": redirect("/and-round"), "/and-round": redirect("/round")},
        )
        for name, (known, later) in broken.items()
    ]  # fmt: skip
    cut: dict[str, tuple[str, Callable[[str], Behaviour]]] = {
        "error-cut": ("breaks off before its announced length", lambda h: does.cut_off(h, 1500)),
        "error-gzip": ("its gzip is cut off", lambda h: does.damaged(h, "gzip")),
        "error-chunks": ("its chunks end without an end", _unfinished),
    }
    for name, (known, treat) in cut.items():
        story = story_of(name)
        scripts.append(
            single(
                name, "error", f"truncated from the turn on: {known}", story,
                over(shows(name, story), {Step.TURN: treated(name, story, treat)}),
                turning("server-error", FAILING),
            )
        )  # fmt: skip
    never: States = {Step.FIRST: "unknown", Step.MONTH: "vanished"}
    scripts.append(
        single(
            "error-before", "error", "500 already when it is first looked at",
            story_of("error-before"), page("Internal error", status=500),
            never_good("server-error", never),
        )
    )  # fmt: skip
    scripts.append(
        _turned(
            "refused-scheme", "refused", "301 to an address that is no web page",
            redirect("ftp://ftp.invalid/notices/4711", 301), turning("refused-by-us", REFUSED),
        )
    )  # fmt: skip
    return scripts


def _unfinished(html: str) -> Behaviour:
    return does.chunked([html[:1200].encode()], finished=False)


# --- hosts that fail as a whole ---------------------------------------------------------------


def _many(
    name: str, known: str, later: Mapping[Step, Behaviour], golden: Golden, **more: object
) -> Script:
    """A host with six sources that all do the same."""
    stories = [tell(kind, name) for kind in list_kinds()[:6]]
    paths = {f"/news/2026/02/19/{n}-{story.kind}": story for n, story in enumerate(stories)}
    routes: dict[str, Behaviour] = {"/": front(name)}
    for path, story in paths.items():
        routes[path] = over(shows(name, story), later)
    lines = tuple(cited(story, path, golden) for path, story in paths.items())
    return Script(name, "incident", known, routes, lines, not_found(name), **more)  # type: ignore[arg-type]


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
            {}, dark, deaf=((Step.TURN, Step.WEEK),),
        ),
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

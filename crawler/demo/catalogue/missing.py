"""Scripts of pages that answer 200 and are not there: "not found", for sale, taken, hollow."""

from __future__ import annotations

from crawler.demo.behaviours import Behaviour, made, page, redirect
from crawler.demo.catalogue.making import (
    GONE,
    REPLACED,
    Case,
    cited,
    never_good,
    story_of,
    to_neighbour,
    turning,
)
from crawler.demo.catalogue.press import (
    Printed,
    front,
    headlines,
    not_found,
    notice,
    paper_of,
    shows,
)
from crawler.demo.catalogue.script import ALIVE, GOOD, Golden, Script, States
from crawler.demo.catalogue.steps import Step, over
from crawler.demo.catalogue.stories import in_language, list_kinds, tell
from crawler.demo.catalogue.wordings import LANGUAGES

SOFT = turning("soft-404", GONE)
_NEVER: States = {Step.FIRST: "unknown", Step.THIRD: "vanished"}


def _soft(name: str, known: str, later: Behaviour, printed: Printed | None = None) -> Script:
    """A page that is good until the turn, and then says in some way that it is not there."""
    return Case(name, "soft-404", known, printed).turned(later, SOFT)


def _soft_anywhere(
    name: str, known: str, later: Behaviour, printed: Printed | None = None
) -> Script:  # fmt: skip
    """The same, at a host that answers so on every path that it does not have."""
    return _soft(name, known, later, printed).with_missing(later)


def _printed_in(language: str, name: str) -> Printed:
    return story_of(name) if language == "en" else in_language(language)


def _in_languages() -> list[Script]:
    """The same host says "not found" with status 200, on every path that it does not have."""
    return [
        _soft_anywhere(
            name := f"soft-{language}", f"200 'not found', language {language}",
            not_found(name, 200, language), _printed_in(language, name),
        )
        for language in LANGUAGES
    ]  # fmt: skip


def _in_other_ways() -> list[Script]:
    sorry = notice("Sorry", "<h1>Sorry</h1><p>This is not available any more.</p>")
    section = notice("Harbours", "<h1>Harbours</h1>", headlines("soft-section", 5))
    popular = f"<h2>Most read</h2>{headlines('soft-popular')}"
    room = f"<h1>Reading room</h1>{headlines('soft-without-words', 4)}"
    portal = to_neighbour("elsewhere", "/portal", 302)
    return [
        _soft("soft-root", "302 to the front page", redirect("/", 302)),
        _soft("soft-root-301", "301 to the front page", redirect("/", 301)),
        _soft("soft-root-de", "302 to the front page, German", redirect("/"), in_language("de")),
        _soft("soft-root-zh", "302 to the front page, Chinese", redirect("/"), in_language("zh")),
        _soft_anywhere(
            "soft-section", "302 to its section, as every unknown path", redirect("/harbours/", 302)
        ).with_routes({"/harbours/": section}),
        _soft(
            "soft-error-path", "302 to /error/404 with status 200", redirect("/error/404", 302)
        ).with_routes({"/error/404": sorry}),
        _soft_anywhere(
            "soft-popular", "200 'not found' with a long page of what is popular",
            not_found("soft-popular", 200, more=popular),
        ),
        _soft_anywhere(
            "soft-home-title", "200 with a page that is titled like the front page",
            notice(paper_of("soft-home-title"), "<p>Welcome. Please choose a section.</p>"),
        ),
        _soft_anywhere(
            "soft-without-words", "200 with a page that every unknown path shows",
            notice("Reading room", room),
        ),
        _soft_anywhere(
            "soft-elsewhere", "every path, known or not, leads to one page of another host", portal
        ).with_routes({"/": portal}),
        _shared_error_page(),
        _never_there("soft-before", "en"),
        _never_there("soft-before-fr", "fr"),
    ]  # fmt: skip


def _never_there(name: str, language: str) -> Script:
    """Not found, with status 200, when it is first looked at; so is everything else there."""
    said = not_found(name, 200, language)
    known = f"200 'not found' from the first look on ({language})"
    case = Case(name, "soft-404", known, _printed_in(language, name))
    return case.always(said, never_good("soft-404", _NEVER)).with_missing(said)


def _shared_error_page() -> Script:
    name = "soft-shared"
    stories = [tell(kind, name) for kind in list_kinds()[:4]]
    paths = {f"/news/2026/02/19/{n}-{story.kind}": story for n, story in enumerate(stories)}
    gone = redirect("/service/info", 302)
    info = notice("Service", "<h1>Service</h1><p>Please use the search or the menu above.</p>")
    routes: dict[str, Behaviour] = {"/": front(name), "/service/info": info}
    routes |= {path: over(shows(name, s), {Step.TURN: gone}) for path, s in paths.items()}
    return Script(
        name,
        "soft-404",
        "302 of four sources to one page with status 200",
        routes,
        tuple(cited(story, path, SOFT) for path, story in paths.items()),
        not_found(name),
    )


# --- for sale, and taken --------------------------------------------------------------------------


def _parked() -> list[Script]:
    english = notice(
        "saltmarsh-post is for sale",
        "<h1>This domain is for sale</h1><p>The owner of this domain has offered it. Buy this "
        "domain today, or make an offer.</p><h2>Related searches</h2><ul><li>Cheap ferries</li>"
        "<li>Boat insurance</li><li>Holiday homes</li></ul>",
    )
    german = notice(
        "Diese Domain steht zum Verkauf",
        "<h1>Diese Domain können Sie kaufen</h1><p>Die Domain wird von ihrem Inhaber zum Verkauf "
        "angeboten.</p><h2>Weitere Links</h2><ul><li>Ferienwohnung</li><li>Kredit</li></ul>",
        language="de",
    )
    links = notice(
        "Related links",
        "<h2>Related searches</h2><ul><li>Car hire</li><li>Hotels near me</li><li>Solar panels"
        "</li></ul><p>The sponsored listings displayed above are served automatically by a third "
        "party. This domain is parked free of charge.</p>",
    )
    same = "every path of the host shows the same page of offers"
    cases = (
        (Case("parked", "parked", same), english),
        (Case("parked-de", "parked", same, in_language("de")), german),
        (Case("parked-links", "parked", same), links),
        (
            Case("parked-lander", "parked", "every path leads to a marketplace of names"),
            to_neighbour("parking", "/lander?d=lantic-journal", 302),
        ),
    )
    return [case.turned_wholly(offer, turning("parked", REPLACED)) for case, offer in cases]


CASINO = (
    "Welcome to the friendliest tables on the web. Spin the reels of our newest slot games, claim "
    "a bonus on your first deposit and withdraw whatever you win within the hour. Our live "
    "dealers are at your service around the clock, from baccarat to roulette. "
    "Every week the best players share a jackpot, and members of the gold club get twenty free "
    "spins each Monday. Read our guide to responsible play, pick a payment that suits you, and "
    "let the evening begin. New players can try each game for free before they stake a coin, and "
    "our tips explain the rules of blackjack, of poker and of the wheel in plain words."
)


ADVICE = (
    "Begin by switching off the big lamp and lighting two small ones. A room that is half dark "
    "looks tidy whatever lies about in it. Put on water for tea before you take off your shoes, "
    "so that the one is ready when the other is done. Choose a record that you know by heart and "
    "a book that you do not. If there is soup, warm it slowly. If there is none, toast will do, "
    "with whatever stands at the back of the shelf. Leave the telephone in the hall under a hat. "
    "Guests may come, but not more than can sit on the sofa, and they should bring their own "
    "blankets. The evening is over when somebody begins a sentence and does not end it."
)


def stranger_page(title: str, text: str) -> Behaviour:
    """Show what moves into abandoned newspapers."""
    return notice(title, f"<main><article><h1>{title}</h1><p>{text}</p></article></main>")


def casino_page(title: str) -> Behaviour:
    """Show a casino, as it most often is."""
    return stranger_page(title, CASINO)


def _usurped() -> list[Script]:
    lead = to_neighbour("casino", "/welcome-bonus", 301)
    return [
        _taken_over(
            Case("usurped", "usurped", "a casino under the old paths of four sources"),
            "Golden Anchor Casino: slot guide {}", CASINO, turning("usurped", REPLACED),
        ),
        _taken_over(
            Case("usurped-quietly", "drifted", "advice under the old paths of four sources: "
                 "nothing but its text shows that it is somebody else's"),
            "{} ways to a good evening at home", ADVICE,
            turning("live", {**ALIVE, Step.DAY: "drifted"}, {Step.TURN: "drifted"}),
        ),
        Case("usurped-led", "usurped", "the old path leads to a casino on another host")
        .turned(lead, turning("usurped", REPLACED))
        .with_routes({"/": over(front("usurped-led"), {Step.TURN: lead})}),
    ]  # fmt: skip


def _taken_over(case: Case, title: str, text: str, golden: Golden) -> Script:
    """A host on which somebody else answers on the old paths; unknown paths are 404."""
    name = case.name
    stories = [tell(kind, name) for kind in list_kinds()[:4]]
    paths = {f"/news/2026/02/19/{n}-{story.kind}": story for n, story in enumerate(stories, 3)}
    routes: dict[str, Behaviour] = {
        "/": over(front(name), {Step.TURN: stranger_page(title.format(100), text)})
    }
    for number, (path, story) in enumerate(paths.items(), 3):
        other = stranger_page(title.format(number), text)
        routes[path] = over(shows(name, story), {Step.TURN: other})
    lines = tuple(cited(story, path, golden) for path, story in paths.items())
    return Script(name, case.family, case.known, routes, lines, not_found(name))


# --- hollow ---------------------------------------------------------------------------------------


def _hollow() -> list[Script]:
    """Answers from which nothing follows: no text, a way elsewhere, another text than cited."""
    shell = page(
        '<!doctype html><html><head><title>The Reader</title><script src="/app.4f1.js" defer>'
        '</script></head><body><div id="root"></div><noscript>You need to enable JavaScript to '
        "run this app.</noscript></body></html>"
    )
    leads = page(
        "<html><head><title>Redirecting</title><script>window.location.replace('/app/reader"
        "?id=4711');</script></head><body>Redirecting…</body></html>"
    )
    waits = page(
        '<html><head><title>One moment</title><meta http-equiv="refresh" content="30; '
        'url=/app/reader"></head><body><p>You will be taken to the new reader in half a minute.'
        "</p></body></html>"
    )
    brief = notice("Notes", "<h1>Notes</h1><p>The harbour office is closed on Monday.</p>")
    unknown: States = {Step.FIRST: "unknown"}
    dredging = story_of("other-article-on-topic", "dredging")
    return [
        Case("shell", "hollow", "an empty shell that scripts would fill").turned(
            shell, turning("needs-script")
        ),
        Case("stub-script", "hollow", "a script leads elsewhere").turned(
            leads, turning("redirect-stub")
        ),
        Case("stub-refresh", "hollow", "a meta refresh of 30 seconds").turned(
            waits, turning("redirect-stub")
        ),
        Case("brief", "hollow", "eleven words are left, of no certain meaning").turned(
            brief, turning("doubtful")
        ),
        Case("shell-before", "hollow", "an empty shell from the first look on").always(
            shell, never_good("needs-script", unknown)
        ),
        Case(
            "other-article", "hollow", "another article than the one cited, on another topic",
            story_of("other-article", "dues"), path="/news/2026/02/19/4711",
        ).always(
            shows("other-article", story_of("other-article", "festival")),
            never_good("doubtful", unknown),
        ),
        Case(
            "other-article-on-topic", "hollow", "another article on the topic of the one cited",
            story_of("other-article-on-topic", "dues"), path="/news/2026/02/19/4712",
        ).always(
            shows("other-article-on-topic", dredging), never_good("doubtful", unknown)
        ),
        _worse_and_worse(),
    ]  # fmt: skip


def _worse_and_worse() -> Script:
    """Good, 404, "not found" with 200, a wall, good again with a correction: two versions."""
    name = "good-404-soft-wall-good"
    story = story_of(name, "dues")
    wall = made(lambda request: redirect(f"/consent?return={request.path}", 302))
    golden = Golden(
        {
            **GOOD,
            Step.TURN: "gone",
            Step.HOUR: "soft-404",
            Step.DAY: "consent-wall",
            Step.THIRD: "live",
        },
        {Step.THIRD: "material"},
        {**ALIVE, Step.TURN: "suspected", Step.THIRD: "live"},
    )
    said = not_found(name, 200)
    later = {
        Step.TURN: not_found(name),
        Step.HOUR: said,
        Step.DAY: wall,
        Step.THIRD: shows(name, story.but(percent="9")),
    }
    consent = notice(
        "Before you continue",
        "<h1>Before you continue</h1><p>We and our partners store cookies to measure audiences "
        "and to show personalised advertisements.</p><button>Accept all</button> "
        "<button>Reject all</button> <a href='/privacy'>Manage your consent</a>",
    )
    known = "good, 404, soft-404, consent wall, good with another number"
    script = Case(name, "transitions", known, story).staged(later, golden)
    return script.with_routes({"/consent": consent}).with_missing(said)


def list_missing() -> list[Script]:
    """Return the scripts of pages that answer 200 and are not there."""
    return [*_in_languages(), *_in_other_ways(), *_parked(), *_usurped(), *_hollow()]

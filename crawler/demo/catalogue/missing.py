"""Scripts of pages that answer 200 and are not there: "not found", for sale, taken, hollow."""

from __future__ import annotations

from crawler.demo.behaviours import Behaviour, made, page, redirect
from crawler.demo.catalogue.making import (
    GONE,
    REPLACED,
    cited,
    never_good,
    single,
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


def _soft(
    name: str,
    known: str,
    later: Behaviour,
    printed: Printed | None = None,
    **more: object,
) -> Script:
    """A page that is good until the turn, and then says in some way that it is not there."""
    told = printed or story_of(name)
    behaviour = over(shows(name, told), {Step.TURN: later})
    return single(name, "soft-404", known, told, behaviour, SOFT, **more)  # type: ignore[arg-type]


def _in_languages() -> list[Script]:
    """The same host says "not found" with status 200, on every path that it does not have."""
    scripts = []
    for language in LANGUAGES:
        name = f"soft-{language}"
        printed = story_of(name) if language == "en" else in_language(language)
        said = not_found(name, 200, language)
        known = f"200 'not found', language {language}"
        scripts.append(_soft(name, known, said, printed, missing=said))
    return scripts


def _in_other_ways() -> list[Script]:
    popular = f"<h2>Most read</h2>{headlines('soft-popular')}"
    sorry = notice("Sorry", "<h1>Sorry</h1><p>This is not available any more.</p>")
    section = notice("Harbours", "<h1>Harbours</h1>", headlines("soft-section", 5))
    return [
        _soft("soft-root", "302 to the front page", redirect("/", 302)),
        _soft("soft-root-301", "301 to the front page", redirect("/", 301)),
        _soft("soft-root-de", "302 to the front page, German", redirect("/"), in_language("de")),
        _soft("soft-root-zh", "302 to the front page, Chinese", redirect("/"), in_language("zh")),
        _soft(
            "soft-section", "302 to its section, as every unknown path",
            redirect("/harbours/", 302), routes={"/harbours/": section},
            missing=redirect("/harbours/", 302),
        ),
        _soft(
            "soft-error-path", "302 to /error/404 with status 200",
            redirect("/error/404", 302), routes={"/error/404": sorry},
        ),
        _soft(
            "soft-popular", "200 'not found' with a long page of what is popular",
            not_found("soft-popular", 200, more=popular),
            missing=not_found("soft-popular", 200, more=popular),
        ),
        _soft(
            "soft-home-title", "200 with a page that is titled like the front page",
            notice(paper_of("soft-home-title"), "<p>Welcome. Please choose a section.</p>"),
            missing=notice(paper_of("soft-home-title"), "<p>Welcome. Please choose a section.</p>"),
        ),
        _soft(
            "soft-without-words", "200 with a page that every unknown path shows",
            notice("Reading room", f"<h1>Reading room</h1>{headlines('soft-without-words', 4)}"),
            missing=notice(
                "Reading room", f"<h1>Reading room</h1>{headlines('soft-without-words', 4)}"
            ),
        ),
        _soft(
            "soft-elsewhere", "every path, known or not, leads to one page of another host",
            to_neighbour("elsewhere", "/portal", 302),
            routes={"/": to_neighbour("elsewhere", "/portal", 302)},
            missing=to_neighbour("elsewhere", "/portal", 302),
        ),
        _shared_error_page(),
        _never_there("soft-before", "en"),
        _never_there("soft-before-fr", "fr"),
    ]  # fmt: skip


def _never_there(name: str, language: str) -> Script:
    """Not found, with status 200, when it is first looked at; so is everything else there."""
    printed = story_of(name) if language == "en" else in_language(language)
    said = not_found(name, 200, language)
    return single(
        name, "soft-404", f"200 'not found' from the first look on ({language})", printed, said,
        never_good("soft-404", _NEVER), missing=said,
    )  # fmt: skip


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
    everywhere = {"parked": english, "parked-de": german, "parked-links": links}
    scripts = [
        single(
            name,
            "parked",
            "every path of the host shows the same page of offers",
            printed := (in_language("de") if name.endswith("-de") else story_of(name)),
            over(shows(name, printed), {Step.TURN: offer}),
            turning("parked", REPLACED),
            routes={"/": over(front(name), {Step.TURN: offer})},
            missing=over(not_found(name), {Step.TURN: offer}),
        )
        for name, offer in everywhere.items()
    ]
    lander = to_neighbour("parking", "/lander?d=lantic-journal", 302)
    story = story_of("parked-lander")
    scripts.append(
        single(
            "parked-lander", "parked", "every path leads to a marketplace of names", story,
            over(shows("parked-lander", story), {Step.TURN: lander}),
            turning("parked", REPLACED),
            routes={"/": over(front("parked-lander"), {Step.TURN: lander})},
            missing=over(not_found("parked-lander"), {Step.TURN: lander}),
        )
    )  # fmt: skip
    return scripts


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
    story = story_of("usurped-led")
    lead = to_neighbour("casino", "/welcome-bonus", 301)
    return [
        _taken_over(
            "usurped", "usurped", "a casino under the old paths of four sources",
            "Golden Anchor Casino: slot guide {}", CASINO, turning("usurped", REPLACED),
        ),
        _taken_over(
            "usurped-quietly", "drifted", "advice under the old paths of four sources: nothing "
            "but its text shows that it is somebody else's",
            "{} ways to a good evening at home", ADVICE,
            turning("live", {**ALIVE, Step.DAY: "drifted"}, {Step.TURN: "drifted"}),
        ),
        single(
            "usurped-led", "usurped", "the old path leads to a casino on another host", story,
            over(shows("usurped-led", story), {Step.TURN: lead}), turning("usurped", REPLACED),
            routes={"/": over(front("usurped-led"), {Step.TURN: lead})},
        ),
    ]  # fmt: skip


def _taken_over(
    name: str, family: str, known: str, title: str, text: str, golden: Golden
) -> Script:
    """A host on which somebody else answers on the old paths; unknown paths are 404."""
    stories = [tell(kind, name) for kind in list_kinds()[:4]]
    paths = {f"/news/2026/02/19/{n}-{story.kind}": story for n, story in enumerate(stories, 3)}
    routes: dict[str, Behaviour] = {
        "/": over(front(name), {Step.TURN: stranger_page(title.format(100), text)})
    }
    for number, (path, story) in enumerate(paths.items(), 3):
        other = stranger_page(title.format(number), text)
        routes[path] = over(shows(name, story), {Step.TURN: other})
    lines = tuple(cited(story, path, golden) for path, story in paths.items())
    return Script(name, family, known, routes, lines, not_found(name))


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
    changed = {
        "shell": ("needs-script", "an empty shell that scripts would fill", shell),
        "stub-script": ("redirect-stub", "a script leads elsewhere", leads),
        "stub-refresh": ("redirect-stub", "a meta refresh of 30 seconds", waits),
        "brief": ("doubtful", "eleven words are left, of no certain meaning", brief),
    }
    scripts = []
    for name, (outcome, known, later) in changed.items():
        story = story_of(name)
        behaviour = over(shows(name, story), {Step.TURN: later})
        scripts.append(single(name, "hollow", known, story, behaviour, turning(outcome)))
    unknown: States = {Step.FIRST: "unknown"}
    scripts += [
        single(
            "shell-before", "hollow", "an empty shell from the first look on",
            story_of("shell-before"), shell, never_good("needs-script", unknown),
        ),
        single(
            "other-article", "hollow", "another article than the one cited, on another topic",
            story_of("other-article", "dues"),
            shows("other-article", story_of("other-article", "festival")),
            never_good("doubtful", unknown), path="/news/2026/02/19/4711",
        ),
        single(
            "other-article-on-topic", "hollow", "another article on the topic of the one cited",
            story_of("other-article-on-topic", "dues"),
            shows("other-article-on-topic", story_of("other-article-on-topic", "dredging")),
            never_good("doubtful", unknown), path="/news/2026/02/19/4712",
        ),
        _worse_and_worse(),
    ]  # fmt: skip
    return scripts


def _worse_and_worse() -> Script:
    """Good, 404, "not found" with 200, a wall, good again with a correction: two versions."""
    name = "good-404-soft-wall-good"
    story = story_of(name, "dues")
    wall = made(lambda request: redirect(f"/consent?return={request.path}", 302))
    states: States = {**ALIVE, Step.TURN: "suspected", Step.THIRD: "live"}
    golden = Golden(
        {
            **GOOD,
            Step.TURN: "gone",
            Step.HOUR: "soft-404",
            Step.DAY: "consent-wall",
            Step.THIRD: "live",
        },
        {Step.THIRD: "material"},
        states,
    )
    said = not_found(name, 200)
    behaviour = over(
        shows(name, story),
        {
            Step.TURN: not_found(name),
            Step.HOUR: said,
            Step.DAY: wall,
            Step.THIRD: shows(name, story.but(percent="9")),
        },
    )
    consent = notice(
        "Before you continue",
        "<h1>Before you continue</h1><p>We and our partners store cookies to measure audiences "
        "and to show personalised advertisements.</p><button>Accept all</button> "
        "<button>Reject all</button> <a href='/privacy'>Manage your consent</a>",
    )
    return single(
        name, "transitions", "good, 404, soft-404, consent wall, good with another number",
        story, behaviour, golden, routes={"/consent": consent}, missing=said,
    )  # fmt: skip


def list_missing() -> list[Script]:
    """Return the scripts of pages that answer 200 and are not there."""
    return [*_in_languages(), *_in_other_ways(), *_parked(), *_usurped(), *_hollow()]

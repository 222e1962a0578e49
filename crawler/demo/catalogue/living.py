"""Scripts of pages that live: steady ones, moved ones, and articles about what walls say."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.demo import behaviours as does
from crawler.demo.behaviours import Behaviour, page, redirect
from crawler.demo.catalogue.making import Case, path_of, story_of, to_neighbour, turning
from crawler.demo.catalogue.press import Printed, Sheet, metadata, not_found, shows, treated
from crawler.demo.catalogue.script import ALIVE, GOOD, Golden, Script
from crawler.demo.catalogue.steps import Step, over
from crawler.demo.catalogue.stories import in_language
from crawler.demo.pictures import draw_sea, print_pdf
from crawler.verdicts.state import State

LIVE = Golden(GOOD, {}, ALIVE)


def _steady(name: str, known: str, behaviour: Behaviour, printed: Printed | None = None) -> Script:
    return Case(name, "live", known, printed).always(behaviour, LIVE)


def _printed_in(language: str, encoding: str, content_type: str, declared: str) -> Script:
    """An article in an encoding that the headers or the page itself tell wrongly."""
    name = f"encoded-{encoding}"
    sheet = Sheet(in_language(language), charset=declared)
    return _steady(
        name,
        f"stable; {encoding}, sent as {content_type!r}, declared as {declared!r}",
        treated(
            name,
            sheet,
            lambda html: page(html.encode(encoding, "replace"), content_type=content_type),
        ),
        sheet,
    )


def _steady_pages() -> list[Script]:
    story = story_of("steady")
    chunks = story_of("in-chunks")
    slow = story_of("slow")
    packed = story_of("compressed")
    bare = story_of("unmeasured").text
    printed = story_of("print-edition").text
    return [
        _steady("steady", "stable; ETag, answers 304", shows("steady", story), story),
        _steady(
            "compressed",
            "stable; gzip whatever is accepted",
            treated("compressed", packed, lambda html: does.coded(html, "gzip")),
            packed,
        ),
        _steady(
            "in-chunks",
            "stable; chunked transfer",
            treated(
                "in-chunks",
                chunks,
                lambda html: does.chunked([html[:900].encode(), html[900:].encode()]),
            ),
            chunks,
        ),
        _steady(
            "slow",
            "stable; comes in drops, in half a second",
            treated("slow", slow, lambda html: does.drip(html, 0.0001, bytes_per_step=500)),
            slow,
        ),
        _steady(
            "plain-text",
            "stable; plain text",
            page("\n\n".join((bare.title, *bare.paragraphs)), content_type=does.TEXT),
            bare,
        ),
        _steady(
            "print-edition",
            "stable; a PDF with text",
            page(print_pdf(printed.title, printed.paragraphs), content_type="application/pdf"),
            printed,
        ),
        Case(
            "photograph",
            "live",
            "stable; an image without text",
            path="/pictures/harbour.png",
            excerpted=False,
        ).always(page(draw_sea("photograph"), content_type="image/png"), LIVE),
        _printed_in("ru", "cp1251", does.HTML, "utf-8"),
        _printed_in("ja", "shift_jis", "text/html", "shift_jis"),
        _printed_in("zh", "gb18030", "text/html", "gb18030"),
        _printed_in("ar", "cp1256", does.HTML, "windows-1256"),
        _printed_in("pl", "iso8859_2", "text/html; charset=iso-8859-2", "utf-8"),
    ]


# --- moved ----------------------------------------------------------------------------------------

_NEW = "/archive/2026/7421-the-same-article"
# Once the copy from the new address is held, a visit that ends there confirms it.
_MOVING = Golden({**GOOD, Step.TURN: "moved", Step.HOUR: "live"}, {}, ALIVE)


def _moved(name: str, known: str, redirection: Behaviour, golden: Golden) -> Script:
    article = shows(name, story_of(name))
    here = over(not_found(name), {Step.TURN: article})
    script = Case(name, "moved", known).turned(redirection, golden)
    return script.with_routes({_NEW: here}).with_elsewhere({f"/from/{name}": article})


def _moved_pages() -> list[Script]:
    stub = (
        '<html><head><title>Moved</title><meta http-equiv="refresh" content="0; url='
        f'{_NEW}"></head><body></body></html>'
    )
    return [
        _moved("moved-301", "301 to another deep path", redirect(_NEW, 301), _MOVING),
        _moved("moved-308", "308 to another deep path", redirect(_NEW, 308), _MOVING),
        _moved(
            "moved-to-host",
            "301 to another host",
            to_neighbour("elsewhere", "/from/moved-to-host", 301),
            _MOVING,
        ),
        _moved(
            "moved-for-now",
            "302 to another deep path: moved only when it is seen the third time",
            redirect(_NEW, 302),
            Golden({**GOOD, Step.LATE: "moved"}, {}, ALIVE),
        ),
        _moved(
            "moved-by-refresh",
            "a meta refresh of 0 seconds leads to the article",
            page(stub),
            turning("live"),
        ),
        _always_redirected(),
    ]


def _always_redirected() -> Script:
    """Redirected from the first day on: there is no address that it moved from."""
    name = "always-redirected"
    known = "cited by a short address with two temporary redirects; it was never otherwise"
    story = story_of(name)
    where = path_of(story, name)
    script = Case(name, "live", known, path="/go/4711").always(redirect("/go/further", 302), LIVE)
    return script.with_routes({"/go/further": redirect(where, 302), where: shows(name, story)})


# --- articles that only look suspicious --------------------------------------------------------


def _lookalikes() -> list[Script]:
    """Good pages with the very words and scripts by which walls and error pages are known."""
    lost = story_of("titled-not-found", "museum").but(
        title="Page not found: a museum in $place looks for a leaf of its oldest book"
    )
    removed = story_of("speaks-of-removal", "dues").but(
        quote="The page has been removed and cannot be found, it says, and so do I"
    )
    robots = story_of("speaks-of-robots", "school").but(
        quote="Please verify that you are human, the computer asked me, and enable cookies"
    )
    sold = story_of("speaks-of-sale", "festival").but(
        reply="This domain is for sale, it said where my grandfather's cinema used to be"
    )
    challenge = (
        '<script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js" async></script>'
        '<script>window.__CF$cv$params={r:"8f1",t:"MTc3"};</script>'
    )
    banner = (
        '<div class="cookie-banner" role="dialog"><p>We value your privacy. We and our 142 '
        "partners store and access cookies on your device. You can accept or reject them.</p>"
        "<button>Accept all</button> <button>Reject all</button></div>"
    )
    form = (
        '<form class="login" action="/login" method="post"><input name="user">'
        '<input name="password" type="password"><button>Log in</button></form>'
    )
    cases = [
        ("titled-not-found", "an article with 'page not found' in its title", Sheet(lost.text)),
        ("speaks-of-removal", "an article that quotes an error page", Sheet(removed.text)),
        ("speaks-of-robots", "an article that quotes a challenge", Sheet(robots.text)),
        ("speaks-of-sale", "an article that quotes a parked page", Sheet(sold.text)),
        ("guarded", "an article with a challenge script of its host's", Sheet(
            story_of("guarded").text, head=challenge)),
        ("banner", "an article behind a cookie banner that covers nothing", Sheet(
            story_of("banner").text, below=banner)),
        ("login-in-header", "an article with a login form above it", Sheet(
            story_of("login-in-header").text, above=form)),
        ("metered", "a metered article that is shown in full", Sheet(
            story_of("metered").text,
            head='<meta property="article:content_tier" content="metered">')),
        ("free-of-charge", "an article that says it is free", Sheet(
            story_of("free-of-charge").text, head=metadata(isAccessibleForFree=True))),
        ("noindex", "an article that asks not to be indexed", Sheet(
            story_of("noindex").text, head='<meta name="robots" content="noindex, noarchive">')),
    ]  # fmt: skip
    return [
        Case(name, "lookalike", f"stable; {known}", sheet).always(shows(name, sheet), LIVE)
        for name, known, sheet in cases
    ]


def _returned() -> list[Script]:
    """Failures that pass before anything may be concluded, and a return from the dead."""
    turn, hour, day, week = Step.TURN, Step.HOUR, Step.DAY, Step.WEEK
    third, month, late = Step.THIRD, Step.MONTH, Step.LATE
    return [
        _back("gone-for-an-hour", "404 once, back an hour later: never vanished",
              {turn: not_found("gone-for-an-hour"), hour: None},
              _golden({turn: "gone", hour: "live"}, {turn: "suspected", hour: "live"})),
        _back("gone-for-two-months",
              "404 until it is called vanished, then back: two good answers prove it",
              {turn: not_found("gone-for-two-months"), late: None},
              _golden({turn: "gone", late: "live"},
                      {turn: "suspected", third: "vanished", late: "returning",
                       Step.LAST: "live"})),
        _back("now-and-then", "404 and back in turns: never vanished",
              {turn: not_found("now-and-then"), day: None, month: not_found("now-and-then"),
               late: None},
              _golden({turn: "gone", day: "live", month: "gone", late: "live"},
                      {turn: "suspected", day: "live", month: "suspected", late: "live"})),
        _back("dark-for-days", "nothing listens for three days: never vanished", {},
              _golden({turn: "dead-host", third: "live"}, {turn: "suspected", third: "live"}),
              ).silent(turn, third),
        _back("closed-for-repairs", "503 with a notice for a week: never vanished",
              {turn: page("We will be back soon.", status=503), week: None},
              _golden({turn: "server-error", week: "live"}, {turn: "unstable", week: "live"})),
    ]  # fmt: skip


def _back(
    name: str, known: str, later: Mapping[Step, Behaviour | None], golden: Golden
) -> Script:  # fmt: skip
    """A page that is good at first, and again at the steps that have None."""
    there = shows(name, story_of(name))
    return Case(name, "returning", known).staged(
        {step: behaviour or there for step, behaviour in later.items()}, golden
    )


def _golden(outcomes: Mapping[Step, str], states: Mapping[Step, State]) -> Golden:
    """Return the answers for a page that is good at first, and of which nothing is told."""
    return Golden({**GOOD, **outcomes}, {}, {**ALIVE, **states})


def list_living() -> list[Script]:
    """Return the scripts of pages that live."""
    return [*_steady_pages(), *_moved_pages(), *_lookalikes(), *_returned()]

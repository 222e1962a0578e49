"""Scripts of pages that differ at each visit and say the same: nothing may be told of them.

Everything here is what real pages change without their articles changing: advertisements,
counters, clocks, rails of headlines, tokens, markup, typography.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from html import escape

from crawler.demo.behaviours import Behaviour, Request, page
from crawler.demo.catalogue.making import Case, story_of
from crawler.demo.catalogue.press import Sheet, changing, shows, treated
from crawler.demo.catalogue.script import ALIVE, GOOD, Golden, Script
from crawler.demo.catalogue.steps import Step, over
from crawler.demo.catalogue.stories import PLACES, list_kinds, tell
from crawler.demo.pictures import draw_sea, print_pdf
from crawler.demo.texts import Text

QUIET = Golden(GOOD, {}, ALIVE)
Draw = Callable[[Text, Request, random.Random], Sheet]


def _advertisements(text: Text, request: Request, chance: random.Random) -> Sheet:
    offer = chance.choice(("Umbrellas, seven for six", "Learn the accordion", "Soup. Still soup."))
    box = f'<div class="advertisement">Advertisement: {offer}, only ${chance.randint(5, 99)}</div>'
    return Sheet(text, above=box, beside=box)


def _counters(text: Text, request: Request, chance: random.Random) -> Sheet:
    reads = (
        f'<p class="stats">Read {chance.randint(1000, 9000)} times, {request.visit} comments</p>'
    )
    return Sheet(text, below=reads)


def _share(text: Text, request: Request, chance: random.Random) -> Sheet:
    count = chance.randint(2, 900)
    buttons = f'<div class="share"><a href="#f">Share {count}</a> <a href="#m">Mail</a></div>'
    return Sheet(text, layout="blog", inside=buttons)


def _relative_times(text: Text, request: Request, chance: random.Random) -> Sheet:
    ago = f'<p class="updated">Updated {chance.randint(2, 55)} minutes ago</p>'
    return Sheet(text, above=ago, below=f"<p class='read'>{chance.randint(3, 9)} min read</p>")


def _rail(text: Text, request: Request, chance: random.Random) -> Sheet:
    kinds = chance.sample(list_kinds(), 5)
    titles = (tell(kind, str(chance.randint(1, 99))).text.title for kind in kinds)
    items = "".join(f'<li><a href="/news/{n}">{escape(t)}</a></li>' for n, t in enumerate(titles))
    return Sheet(text, beside=f"<h2>Most read</h2><ul>{items}</ul>")


def _related(text: Text, request: Request, chance: random.Random) -> Sheet:
    kinds = chance.sample(list_kinds(), 3)
    cards = "".join(
        f'<div class="card"><a href="/news/{kind}">{escape(tell(kind, "related").text.title)}</a>'
        "</div>"
        for kind in kinds
    )
    return Sheet(text, below=f'<section class="related"><h2>Related</h2>{cards}</section>')


def _comments(text: Text, request: Request, chance: random.Random) -> Sheet:
    said = (
        "I was there and it was worse.", "Who pays for this?", "Not a word about the bus!",
        "Good for them.", "In 1987 we had the same with 40 boats.",
    )  # fmt: skip
    posts = "".join(
        f'<div class="comment"><b>{chance.choice(PLACES)} reader</b><p>{line}</p></div>'
        for line in chance.sample(said, 3)
    )
    return Sheet(text, below=f'<div id="comments"><h3>Comments</h3>{posts}</div>')


def _clock(text: Text, request: Request, chance: random.Random) -> Sheet:
    return Sheet(text, above=f'<div class="today">{request.at:%A, %d %B %Y, %H:%M}</div>')


def _weather(text: Text, request: Request, chance: random.Random) -> Sheet:
    degrees = chance.randint(-4, 14)
    return Sheet(text, beside=f"<div>Weather: {degrees} °C, wind {chance.randint(1, 9)}</div>")


def _ticker(text: Text, request: Request, chance: random.Random) -> Sheet:
    value = f"{chance.uniform(9, 14):.2f}"
    return Sheet(text, above=f'<div class="ticker">Herring {value} ▲ Timber 3.1 ▼</div>')


def _viewers(text: Text, request: Request, chance: random.Random) -> Sheet:
    return Sheet(text, below=f"<div role='status'>{chance.randint(3, 90)} people reading now</div>")


def _newsletter(text: Text, request: Request, chance: random.Random) -> Sheet:
    call = chance.choice(
        ("The week in your inbox", "Our letter, each Friday", "Join 40,000 readers")
    )
    form = f'<form><h3>{call}</h3><input type="email"><button>Sign up</button></form>'
    return Sheet(text, inside=form)


def _tokens(text: Text, request: Request, chance: random.Random) -> Sheet:
    token = f"{chance.getrandbits(64):016x}"
    head = (
        f'<meta name="csrf-token" content="{token}"><script nonce="{token}">window.t="{token}"'
        f"</script><!-- built {request.at.isoformat()} -->"
    )
    return Sheet(text, head=head)


def _sessions(text: Text, request: Request, chance: random.Random) -> Sheet:
    links = f'<a href="/go?sid={chance.getrandbits(40):x}">Print</a>'
    return Sheet(text, below=f'<div class="tools">{links}</div>')


def _cookies(text: Text, request: Request, chance: random.Random) -> Sheet:
    if request.visit % 2:
        return Sheet(text)
    words = "We use cookies to improve this site. By using it you agree to this."
    return Sheet(text, below=f'<div class="cookie-notice"><p>{words}</p><button>OK</button></div>')


def _layouts(text: Text, request: Request, chance: random.Random) -> Sheet:
    return Sheet(text, layout="blog" if request.visit % 2 else "press")


_DRAWN: dict[str, tuple[str, Draw]] = {
    "advertisements": ("advertisements above and beside", _advertisements),
    "counters": ("counters of readers and comments", _counters),
    "share-buttons": ("share buttons with counts at the end of the article", _share),
    "relative-times": ("'updated 5 minutes ago', minutes to read", _relative_times),
    "most-read": ("a rail of headlines that rotate", _rail),
    "related": ("related articles below that rotate", _related),
    "comments": ("comments of readers that come and go", _comments),
    "clock": ("the date and the hour above the article", _clock),
    "weather": ("the weather in the sidebar", _weather),
    "ticker": ("prices above the article", _ticker),
    "viewers": ("how many are reading now", _viewers),
    "newsletter": ("a newsletter form within the article", _newsletter),
    "tokens": ("tokens and times of building in the head", _tokens),
    "sessions": ("links that carry a session", _sessions),
    "cookie-notice": ("a cookie notice below at every other visit", _cookies),
    "two-layouts": ("one article in two markups, in turn", _layouts),
}


# --- the same article in other letters -----------------------------------------------------------


def _straight(html: str) -> str:
    return html.replace("“", '"').replace("”", '"').replace("’", "'").replace("—", "-")


def _entities(html: str) -> str:
    head, mark, body = html.partition("<body")
    return head + mark + "".join(c if c.isascii() else f"&#{ord(c)};" for c in body)


def _hyphenated(html: str) -> str:
    return html.replace("harbour", "har\u00adbour").replace("because", "be\u00adcause")


def _spaced(html: str) -> str:
    return html.replace(". ", ".&nbsp; ").replace("</p>", "\n\n  </p>").replace("<p>", "<p>\n   ")


def _attributes(html: str) -> str:
    return html.replace("<p>", '<p data-k="7" class="p x1f9" style="margin:0">').replace(
        "<article>", '<article itemscope class="a7c" id="main-4711">'
    )


def _wrapped(html: str) -> str:
    return html.replace("<p>", '<div class="w"><p><span>').replace("</p>", "</span></p></div>")


def _minified(html: str) -> str:
    return html.replace("\n", "")


def _upper_tags(html: str) -> str:
    return (
        html.replace("<p>", "<P>")
        .replace("</p>", "</P>")
        .replace("<h1>", "<H1>")
        .replace("</h1>", "</H1>")
    )


_LETTERS: dict[str, tuple[str, Callable[[str], str]]] = {
    "straight-quotes": ("typographic quotes and dashes become plain ones", _straight),
    "entities": ("letters become entities", _entities),
    "soft-hyphens": ("soft hyphens within words", _hyphenated),
    "blanks": ("other blanks, other line breaks", _spaced),
    "attributes": ("attributes and classes come and go", _attributes),
    "wrappers": ("each paragraph is wrapped anew", _wrapped),
    "minified": ("no line breaks in the markup", _minified),
    "upper-case-tags": ("tags in capitals", _upper_tags),
}


def _in_other_letters() -> list[Script]:
    return [_altered(name, known, alter) for name, (known, alter) in _LETTERS.items()]


def _altered(name: str, known: str, alter: Callable[[str], str]) -> Script:
    case = Case(name, "noise", known)
    return case.turned(treated(name, case.article, lambda html: page(alter(html))), QUIET)


def _drawn() -> list[Script]:
    return [_drawn_anew(name, known, draw) for name, (known, draw) in _DRAWN.items()]


def _drawn_anew(name: str, known: str, draw: Draw) -> Script:
    text = story_of(name).text
    behaviour = changing(name, lambda request, chance: draw(text, request, chance))
    return Case(name, "noise", known, text).always(behaviour, QUIET)


def _others() -> list[Script]:
    mailed = story_of("hidden-mail").text
    pdf = story_of("printed-again").text
    return [
        Case(
            "hidden-mail", "noise", "an e-mail address that is hidden anew for each visit", mailed
        ).always(
            changing("hidden-mail", lambda request, chance: _with_hidden_mail(mailed, chance)),
            QUIET,
        ),
        Case("redesigned", "noise", "the whole site in another markup from the turn on").turned(
            shows("redesigned", Sheet(story_of("redesigned").text, "blog")), QUIET
        ),
        Case("printed-again", "noise", "the same PDF with other bytes", pdf).always(
            over(_pdf(pdf, b""), {Step.TURN: _pdf(pdf, b"% printed again\n")}), QUIET
        ),
        Case(
            "other-photograph", "noise", "another image at the same address: no text to compare",
            path="/pictures/of-the-day.png", excerpted=False,
        ).always(
            over(
                page(draw_sea("morning"), content_type="image/png"),
                {Step.TURN: page(draw_sea("evening"), content_type="image/png")},
            ),
            QUIET,
        ),
    ]  # fmt: skip


def _with_hidden_mail(text: Text, chance: random.Random) -> Sheet:
    code = f"{chance.getrandbits(120):030x}"
    hidden = (
        '<p>Write to the editors: <a href="/cdn-cgi/l/email-protection" class="__cf_email__" '
        f'data-cfemail="{code}">[email&#160;protected]</a></p>'
    )
    return Sheet(replace(text), inside=hidden)


def _pdf(text: Text, ending: bytes) -> Behaviour:
    return page(print_pdf(text.title, text.paragraphs) + ending, content_type="application/pdf")


def list_noise() -> list[Script]:
    """Return the scripts of pages that only seem to change."""
    return [*_drawn(), *_in_other_letters(), *_others()]

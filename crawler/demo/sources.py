"""The cited pages: what each does, day by day, and what a reader should come to know of it.

This is the answer key of the demo. ``known`` says it in words; ``outcomes`` and ``changes`` say it
by day, and a day that is not listed is like the one before; ``verdict`` is what the looks of the
demo conclude.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crawler.demo import behaviours as does
from crawler.demo.behaviours import Behaviour, day, page, redirect, sequence, versions
from crawler.demo.pictures import print_pdf
from crawler.demo.showing import (
    dated_path,
    morning_of,
    not_found,
    notice,
    shows,
    shows_picture,
    shows_teaser,
    shows_with_advertisements,
    treated,
)
from crawler.demo.texts import load_text


@dataclass(frozen=True, slots=True)
class Source:
    """One cited page."""

    name: str  # that of its article in articles/, where there is one
    host: str  # key of its publisher
    path: str
    known: str
    behaviour: Behaviour | None  # None: nothing listens there
    outcomes: Mapping[int, str] = field(default_factory=lambda: {1: "live"})
    changes: Mapping[int, str] = field(default_factory=dict)  # class of each new version
    verdict: str = "live"

    def outcome_on(self, number: int) -> str:
        """Return what a fetch on a day of the demo shows."""
        return self.outcomes[max(first for first in self.outcomes if first <= number)]


# --- the versions that come later -------------------------------------------------------------

_FUND = load_text("harbour-fund")
_LEAD = load_text("lead-weights")
_SURGE = load_text("storm-surge")
_TIDES = load_text("tide-tables")
_CHARTER = load_text("cable-charter")

FUND_CORRECTED = _FUND.rewrite({"$50 million": "$5 million"}, "2026-02-23")
LEAD_REWORDED = _LEAD.rewrite(  # no fact is touched, and no word of certainty
    {
        "will have a year to change over": "will be given a year to adapt",
        "may hand in their remaining stock at the harbour office and will be paid the price": (
            "may return what they still have in stock to the harbour office and will get the price"
        ),
        "steel was lighter, so a weight had to be larger for the same depth, and that the larger "
        "ones caught in the kelp": (
            "steel weighs less, so that sinkers have to be bigger to reach the same depth, and "
            "that the bigger ones get stuck in the kelp"
        ),
        "It asked for a trial in one bay before the rule was made for all of them.": (
            "It proposed to try the rule in one bay before it was extended to all of them."
        ),
        "brought up": "recovered",
    },
    "2026-02-23",
)
SURGE_CUT = _SURGE.shorten(3, "2026-02-25")
TIDES_CORRECTED = _TIDES.rewrite({"12 centimetres": "21 centimetres"}, "2026-02-23")

# --- the catalogue ----------------------------------------------------------------------------

_COURIER = (
    Source(
        "ferry-terminal",
        "courier",
        dated_path("ferry-terminal"),
        "stable; ETag and Last-Modified, answers 304; cited by two entries",
        shows("courier", "ferry-terminal"),
    ),
    Source(
        "spring-walk",
        "courier",
        dated_path("spring-walk"),
        "stable; cited by a link into a web archive, to be unwrapped",
        shows("courier", "spring-walk"),
    ),
    Source(
        "lighthouse-clock",
        "courier",
        dated_path("lighthouse-clock"),
        "stable, although its bytes differ at each visit; cited in two spellings",
        shows_with_advertisements("courier", load_text("lighthouse-clock")),
    ),
    Source(
        "harbour-fund",
        "courier",
        dated_path("harbour-fund"),
        "material change on day 3: $50 million becomes $5 million; cited by two entries",
        versions({day(1): shows("courier", _FUND), day(3): shows("courier", FUND_CORRECTED)}),
        changes={3: "material"},
    ),
    Source(
        "cable-reader",
        "courier",
        "/letters/2026/02/20/cable-reader",
        "never captured: robots.txt disallows it",
        shows("courier", "cable-reader"),
        {1: "robots-excluded"},
        verdict="excluded",
    ),
    Source(
        "anchor-chart",
        "courier",
        "/2026/02/20/anchor-chart",
        "never captured: the connection is reset",
        does.reset(),
        {1: "server-error"},
        verdict="unknown",
    ),
)

_WIRE = (
    Source(
        "lead-weights",
        "wire",
        dated_path("lead-weights"),
        "re-worded on day 3, with the same facts",
        versions({day(1): shows("wire", _LEAD), day(3): shows("wire", LEAD_REWORDED)}),
        changes={3: "substantial"},
    ),
    Source(
        "fund-reaction",
        "wire",
        dated_path("fund-reaction"),
        "stable; answers 429 with Retry-After once, then 200",
        sequence(
            [
                page("Slow down.", status=429, headers=[("Retry-After", "1")]),
                shows("wire", "fund-reaction"),
            ]
        ),
    ),
    Source(
        "pony-route",
        "wire",
        "/go/48113",
        "stable, behind two temporary redirects",
        redirect("/desk/nature/48113", 302),
    ),
    Source(
        "storm-surge",
        "wire",
        dated_path("storm-surge"),
        "cut on day 5: three of seven paragraphs are left",
        versions({day(1): shows("wire", _SURGE), day(5): shows("wire", SURGE_CUT)}),
        changes={5: "cut"},
    ),
    Source(
        "cable-fault",
        "wire",
        dated_path("cable-fault"),
        "stable; answers 503 once, then 200",
        sequence(
            [page("Our servers are at sea.", status=503), shows("wire", "cable-fault")],
        ),
    ),
)

_MINISTRY = (
    Source(
        "ferry-timetable",
        "ministry",
        "/notices/2026-01.txt",
        "stable; plain text",
        page(
            load_text("ferry-timetable").body,
            content_type=does.TEXT,
            modified=morning_of(load_text("ferry-timetable")),
        ),
    ),
    Source(
        "fund-statement",
        "ministry",
        "/statements/2026-01-19-harbour-fund.pdf",
        "stable; a PDF with text",
        page(
            print_pdf(load_text("fund-statement").title, load_text("fund-statement").paragraphs),
            content_type="application/pdf",
            modified=morning_of(load_text("fund-statement")),
        ),
    ),
    Source(
        "tide-tables",
        "ministry",
        "/tides/corrections",
        "material change on day 3 (12 becomes 21 centimetres), hidden by a false 304",
        does.stuck(
            '"corrections"',
            versions(
                {day(1): shows("ministry", _TIDES), day(3): shows("ministry", TIDES_CORRECTED)}
            ),
        ),
        changes={3: "material"},
    ),
    Source(
        "sea-defence",
        "ministry",
        "/coasts/low-walls-wide-meadows",
        "stable; compressed with gzip",
        treated("ministry", "sea-defence", lambda html: does.coded(html, "gzip")),
    ),
    Source(
        "tern-head-picture",
        "ministry",
        "/lights/tern-head.png",
        "stable; an image, no text",
        shows_picture("tern-head"),
    ),
    Source(
        "lamp-oil",
        "ministry",
        "/lights/tern-head-inventory",
        "never complete: the connection ends before the promised length",
        treated("ministry", "lamp-oil", lambda html: does.cut_off(html, 2600)),
        {1: "server-error"},
        verdict="unknown",
    ),
    Source(
        "cable-notice",
        "ministry",
        "/notices/cable",
        "no text: a shell that only a browser fills",
        notice(
            "ministry",
            "Notices",
            "<noscript>Please enable JavaScript to read this notice.</noscript>",
            scripts='<div id="app"></div>\n<script src="/assets/app.js"></script>',
        ),
        {1: "needs-script"},
        verdict="unknown",
    ),
)

_GAZETTE = (
    Source(
        "quillan-spring",
        "gazette",
        "/archive/2026/quillan-spring.html",
        "moved on day 4 (301), same text",
        versions(
            {
                day(1): shows("gazette", "quillan-spring"),
                day(4): redirect("/town/2026/01/a-second-spring", 301),
            }
        ),
        {1: "live", 4: "moved"},
    ),
    Source(
        "pony-count",
        "gazette",
        "/archive/2026/pony-count.html",
        "gone on day 4 (410), and vanished at the second look; our copy stays",
        versions({day(1): shows("gazette", "pony-count"), day(4): not_found("gazette", 410)}),
        {1: "live", 4: "gone"},
        verdict="vanished",
    ),
    Source(
        "market-notes",
        "gazette",
        "/archive/2026/market-notes.html",
        "gone on day 2 (404), and vanished at the fourth look; our copy stays",
        versions({day(1): shows("gazette", "market-notes"), day(2): not_found("gazette")}),
        {1: "live", 2: "gone"},
        verdict="vanished",
    ),
    Source(
        "four-languages",
        "gazette",
        "/archive/2026/four-languages.html",
        "stable; labelled UTF-8, is windows-1252",
        treated("gazette", "four-languages", lambda html: page(html.encode("cp1252"))),
    ),
)

_RADIO = (
    Source(
        "lead-weights-talk",
        "radio",
        "/today",
        "stable, behind a meta refresh of 0 seconds",
        notice(
            "radio",
            "One moment",
            '<a href="/morning-tide/year-of-the-swan">The programme is here.</a>',
            metadata='<meta http-equiv="refresh" content="0; url=/morning-tide/year-of-the-swan">',
        ),
    ),
    Source(
        "pony-voices",
        "radio",
        "/morning-tide/thirty-one-in-a-line",
        "stable; sent slowly, in about a second",
        treated("radio", "pony-voices", lambda html: does.drip(html, 0.0003, bytes_per_step=400)),
    ),
    Source(
        "hymn-sheet",
        "radio",
        "/morning-tide/hymn-sheet",
        'soft-404 from day 3 (200 "page not found"); our copy stays',
        versions({day(1): shows("radio", "hymn-sheet"), day(3): not_found("radio", 200)}),
        {1: "live", 3: "soft-404"},
        verdict="vanished",
    ),
    Source(
        "cable-coffee",
        "radio",
        "/morning-tide/everybody-went-out",
        "consent wall from day 3; our copy stays",
        versions(
            {
                day(1): shows("radio", "cable-coffee"),
                day(3): redirect("/consent?return=/morning-tide/everybody-went-out"),
            }
        ),
        {1: "live", 3: "consent-wall"},
        verdict="walled",
    ),
)

_REVIEW = (
    Source(
        "lighthouse-essay",
        "review",
        "/essays/2026/nothing-needs-winding",
        "login wall from day 3; our copy stays",
        versions(
            {
                day(1): shows("review", "lighthouse-essay"),
                day(3): redirect("/login?next=/essays/2026/nothing-needs-winding"),
            }
        ),
        {1: "live", 3: "paywall"},
        verdict="walled",
    ),
    Source(
        "cable-charter",
        "review",
        "/essays/2026/who-owns-the-sea-floor",
        "paywall from day 3: one paragraph of five is left; our copy stays",
        versions(
            {
                day(1): shows("review", _CHARTER),
                day(3): shows_teaser("review", _CHARTER, "2026-02-23"),
            }
        ),
        {1: "live", 3: "paywall"},
        verdict="walled",
    ),
    Source(
        "letter-russian",
        "review",
        "/letters/2026/low-harbour-ru",
        "stable; labelled UTF-8, is windows-1251",
        treated("review", "letter-russian", lambda html: page(html.encode("cp1251", "replace"))),
    ),
    Source(
        "letter-japanese",
        "review",
        "/letters/2026/low-harbour-ja",
        "stable; labelled UTF-8, is Shift_JIS",
        treated(
            "review", "letter-japanese", lambda html: page(html.encode("shift_jis", "replace"))
        ),
    ),
    Source(
        "anchor-essay",
        "review",
        "/essays/2026/the-anchor",
        "never captured: a circle of redirects",
        redirect("/essays/2026/the-anchor-again"),
        {1: "server-error"},
        verdict="unknown",
    ),
)

_BAY_DAILY = (
    Source(
        "night-ferry-zh",
        "bay-daily",
        "/2026/02/02/夜航渡轮.html",
        "stable; Chinese, the path too",
        shows("bay-daily", "night-ferry-zh"),
    ),
    Source(
        "lighthouse-zh",
        "bay-daily",
        "/2026/02/09/lighthouse.html",
        "stable; GB18030, told in the page only",
        treated(
            "bay-daily",
            "lighthouse-zh",
            lambda html: page(html.encode("gb18030"), content_type="text/html"),
            charset="gb18030",
        ),
    ),
    Source(
        "amber-lamps-zh",
        "bay-daily",
        "/2026/02/09/forty-lamps.html",
        "404 on days 2 and 3, back on day 4: never vanished",
        versions(
            {
                day(1): shows("bay-daily", "amber-lamps-zh"),
                day(2): not_found("bay-daily"),
                day(4): shows("bay-daily", "amber-lamps-zh"),
            }
        ),
        {1: "live", 2: "gone", 4: "live"},
    ),
    Source(
        "oyster-zh",
        "bay-daily",
        "/2026/02/09/oysters.html",
        "never complete: its gzip is cut off",
        treated("bay-daily", "oyster-zh", lambda html: does.damaged(html, "gzip")),
        {1: "server-error"},
        verdict="unknown",
    ),
)

_ELSEWHERE = (
    Source(
        "spring-report",
        "institute",
        "/reports/2025/quillan-groundwater",
        "never captured: robots.txt answers 500, so everything is disallowed for now",
        shows("institute", "spring-report"),
        {1: "robots-excluded"},
        verdict="excluded",
    ),
    Source(
        "anchor-observer",
        "observer",
        "/2026/02/20/anchor.html",
        "never captured: the connection is refused",
        None,
        {1: "dead-host"},
        verdict="unknown",
    ),
)

SOURCES = {
    source.name: source
    for group in (_COURIER, _WIRE, _MINISTRY, _GAZETTE, _RADIO, _REVIEW, _BAY_DAILY, _ELSEWHERE)
    for source in group
}

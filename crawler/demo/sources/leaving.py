"""Sources that were there on the first day and are not later: moved, gone, walled, or away a while.

Of each the archive holds a good copy, and no look that fails may take its place.
"""

from __future__ import annotations

from crawler.demo.behaviours import day, redirect, versions
from crawler.demo.showing import not_found, shows, shows_teaser
from crawler.demo.sources.source import Source
from crawler.demo.texts import load_text

_CHARTER = load_text("cable-charter")

LEAVING = (
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
)
